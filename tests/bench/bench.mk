# Tools that measure the matcher; included by the Makefile.
BENCH := matchtool foldtool fit namegen bookgen bookbare

$(BENCH:%=$(B)/%): $(B)/%: $(B)/tests/bench/%.o $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $(filter %.o,$^) $(B)/all.a $(LIBS) -o $@

$(B)/namegen: $(B)/tests/bench/namewords.o

# The whole book in one run (book.py); ROWS obligors, three times the shipments.
ROWS ?= 1000000
bench-book:
	@$(MAKE) -s MODE=release all build/$(CCNAME)-release/bookgen \
	    build/$(CCNAME)-release/bookbare
	@BENCH=build/$(CCNAME)-release BUILD=build/$(CCNAME)-release \
	    /usr/bin/python3 tests/bench/book.py $(ROWS) $$(($(ROWS) * 3)) 1

bench: $(BENCH:%=$(B)/%)

# The tables are compiled in by .incbin, which leaves no dependency behind.
$(B)/alerts/match/mtab.o: $(wildcard etc/match/*.tsv)
$(B)/alerts/match/mid.o: etc/idschemes.tsv

.PHONY: bench bench-book

-include $(BENCH:%=$(B)/tests/bench/%.d) $(B)/tests/bench/namewords.d
