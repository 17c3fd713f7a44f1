# make fuzz [TARGET=name] [TIME=seconds]: libFuzzer over every target, each
# from its committed corpus; finds are kept under build/fuzz/.  make replay
# is what `make test` does: the corpora alone, without the fuzzer.
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz*.c)
FUZZ_OBJS := $(FUZZ_SRCS:%.c=$(B)/%.o) \
	$(B)/tests/support/feed_rig.o $(B)/tests/support/book_fixture.o \
	$(B)/tests/support/scratch.o

$(B)/fuzz: $(B)/tests/fuzz/explore.o $(B)/tests/fuzz/mutate.o $(FUZZ_OBJS) \
    $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer $(filter %.o,$^) \
	    $(B)/all.a $(LIBS) -o $@

$(B)/replay: $(B)/tests/fuzz/replay.o $(FUZZ_OBJS) $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $(filter %.o,$^) $(B)/all.a $(LIBS) -o $@

fuzz:
	$(Q)$(MAKE) CC=clang MODE=fuzz build/clang-fuzz/fuzz
	@tests/fuzz/run.sh "$(TARGET)" "$(TIME)"

.PHONY: fuzz

-include $(FUZZ_OBJS:.o=.d) \
	$(patsubst %,$(B)/tests/fuzz/%.d,explore mutate replay)
