# Tools that measure the matcher; included by the Makefile.
BENCH := matchtool foldtool fit namegen bookgen bookbare

$(BENCH:%=$(B)/%): $(B)/%: $(B)/tests/bench/%.o $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $< $(B)/all.a $(LIBS) -o $@

bench: $(patsubst tests/bench/%.c,$(B)/%,$(wildcard tests/bench/*.c))

# The tables are compiled in by .incbin, which leaves no dependency behind.
$(B)/alerts/match/mtab.o: $(wildcard etc/match/*.tsv)
$(B)/alerts/match/mid.o: etc/idschemes.tsv

.PHONY: bench

-include $(BENCH:%=$(B)/tests/bench/%.d)
