# The credit alarm.  One file, non-recursive; build/<cc>-<mode>/ per compiler
# and mode, so that modes never mix.
#
#   make            release binaries at build/creditalarmd, build/creditalarm
#   make deps       install the Debian packages (root), or say which
#   make run        build, and ring the demo alarm; ONCE=1 ends by itself
#   make test       everything that proves it; ends with "N passed, N failed"
#   make sim        SEEDS simulated worlds from SEED on, of STEPS steps
#   make lint       clang-tidy, cppcheck, gcc -fanalyzer, shellcheck, mandoc
#   make check      the fast part of test: tidy, unit, golden, scenarios
#   make fuzz [TARGET=name] [TIME=seconds]   libFuzzer over tests/fuzz
#   make MODE=asan CC=clang all     any of dev release asan fuzz, gcc clang

MODE ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
CCNAME := $(notdir $(CC))
B := build/$(CCNAME)-$(MODE)

PACKAGES := gcc clang make pkg-config libcurl4-openssl-dev libxml2-dev libjq-dev \
	libxxhash-dev libzmq3-dev libsodium-dev libsqlite3-dev libicu-dev \
	libjansson-dev libyaml-dev libcsv-dev libseccomp-dev libsystemd-dev \
	libmicrohttpd-dev libcriterion-dev universal-ctags \
	python3 python3-zmq python3-nacl python3-jsonschema openssl

LINT_PACKAGES := clang-tidy cppcheck shellcheck mandoc

CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion \
	-Wsign-conversion -Wdouble-promotion -Wformat=2 -Wundef -Wvla \
	-Wcast-qual -Wstrict-prototypes -Wmissing-prototypes \
	-Wmissing-declarations -Wold-style-definition -Wpointer-arith \
	-Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough \
	-Wnull-dereference -Wunused-macros -Walloca -Wdate-time \
	-Wframe-larger-than=16384
WARN_gcc := -Wcast-align=strict -Wlogical-op -Wduplicated-cond \
	-Wduplicated-branches -Wtrampolines -Warith-conversion \
	-Wstack-usage=16384
WARN_clang := -Wcast-align -Wcomma -Wloop-analysis \
	-Wunreachable-code-aggressive -Wassign-enum -Wconditional-uninitialized
HARD := -fno-common -fno-strict-aliasing -fstack-protector-strong \
	-fstack-clash-protection -fvisibility=hidden -fPIE
HARD_gcc := -ftrivial-auto-var-init=zero
HARD_clang := -ftrivial-auto-var-init=pattern
ifeq ($(shell uname -m),x86_64)
HARD += -fcf-protection=full
endif
LD_HARD := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

MODE_release := -O2 -g -D_FORTIFY_SOURCE=3
MODE_dev := -O1 -g3
MODE_asan := -O1 -g3 -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_fuzz := $(MODE_asan) -fsanitize=fuzzer-no-link
ifeq ($(MODE_$(MODE)),)
$(error MODE is one of dev release asan fuzz)
endif

PKGS := libxml-2.0 libcurl libzmq libsodium sqlite3 icu-uc icu-i18n jansson \
	yaml-0.1 libxxhash libseccomp libsystemd \
	libmicrohttpd
INC := -Iinclude -Ifeeds -Idaemon -Idaemon/store -Idaemon/core \
	$(patsubst %/,-I%,$(sort $(dir $(wildcard alerts/*/*.c))))
SYS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
LIBS = $(shell pkg-config --libs $(PKGS)) -ljq -lcsv -lpthread -lm
CFLAGS_ALL = $(CSTD) $(MODE_$(MODE)) $(WARN) $(WARN_$(CCNAME)) $(HARD) \
	$(HARD_$(CCNAME)) $(INC) $(SYS) -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(MODE_$(MODE)) $(LD_HARD) $(LDFLAGS)

# Every .c but the programs' main files goes into one archive.
MAINS := daemon/creditalarmd.c daemon/creditalarm.c
SRCS := $(filter-out $(MAINS),$(wildcard daemon/*.c daemon/base/*.c \
	daemon/store/*.c daemon/core/*.c feeds/*.c alerts/*/*.c))
# Until every room of the line stands, what joins them waits.
ifeq ($(wildcard feeds/fetch.h),feeds/fetch.h)
else
SRCS := $(filter-out daemon/core/% daemon/super.c daemon/boot.c,$(SRCS))
MAINS :=
endif
OBJS := $(SRCS:%.c=$(B)/%.o)
PROGS := $(patsubst daemon/%.c,$(B)/%,$(wildcard $(MAINS)))

ifeq ($(V),)
Q := @
endif

all: $(PROGS)
ifeq ($(MODE),release)
all: build/man/creditalarm.yaml.5
	@for p in $(PROGS); do cp -u $$p build/; done
endif

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(B)/all.a: $(OBJS)
	@rm -f $@
	@echo '  AR $@'
	$(Q)ar rcs $@ $(OBJS)

$(PROGS): $(B)/%: $(B)/daemon/%.o $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $< $(B)/all.a $(LIBS) -o $@

# The manual page of the configuration is made of its table.
build/man/creditalarm.yaml.5: docs/man/conf.awk include/config.def \
    docs/man/creditalarm.yaml.5.in
	@mkdir -p $(@D)
	@echo '  AWK $@'
	$(Q)awk -f docs/man/conf.awk include/config.def \
	    docs/man/creditalarm.yaml.5.in >$@

# ---- tests -----------------------------------------------------------------

# Criterion's macros and fixtures do not live under all of our warnings.
TEST_WARN := -Wno-unused-macros -Wno-pedantic -Wno-missing-prototypes \
	-Wno-missing-declarations -Wno-conversion -Wno-sign-conversion \
	-Wno-cast-qual -Wno-null-dereference
TEST_WARN_gcc := -Wno-arith-conversion
TEST_SRCS := $(wildcard tests/unit/*.c tests/store/*.c tests/golden/*.c)
TEST_OBJS := $(TEST_SRCS:%.c=$(B)/%.o)
SUPPORT_SRCS := $(wildcard tests/support/*.c)
SUPPORT_OBJS := $(SUPPORT_SRCS:%.c=$(B)/%.o)

$(B)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(filter-out -Wswitch-enum -Wstack-usage=16384,$(CFLAGS_ALL)) \
	    -Itests/support $(TEST_WARN) $(TEST_WARN_$(CCNAME)) -c $< -o $@

$(B)/unit: $(TEST_OBJS) $(SUPPORT_OBJS) $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $(TEST_OBJS) $(SUPPORT_OBJS) $(B)/all.a $(LIBS) \
	    -lcriterion -o $@

SCN_SUPPORT := $(B)/tests/support/net_sim.o $(B)/tests/support/scratch.o \
	$(B)/tests/support/one_rig.o

$(B)/scn: $(B)/tests/scn/scn.o $(SCN_SUPPORT) $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $< $(SCN_SUPPORT) $(B)/all.a \
	    $(LIBS) -o $@

# The simulator: SEEDS worlds from SEED on, of STEPS steps each.
SIM_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/*.c))
$(B)/simulator: $(SIM_OBJS) $(SCN_SUPPORT) $(B)/tests/support/fault_vfs.o \
    $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $(filter %.o,$^) $(B)/all.a $(LIBS) -o $@

SEED ?= 1
STEPS ?= 200
SEEDS ?= 20
sim:
	@$(MAKE) -s MODE=release build/$(CCNAME)-release/simulator
	@build/$(CCNAME)-release/simulator $(SEED) $(STEPS) $(SEEDS) \
	    $(if $(V),verbose)

# A book a line in, its exposures a line out: for tests/model/compare.py.
$(B)/cover_batch: $(B)/tests/model/cover_batch.o \
    $(B)/tests/support/book_fixture.o $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $(filter %.o,$^) $(B)/all.a $(LIBS) -o $@

# What a locked-in role is refused; for tests/proc/test_sandbox.py.
$(B)/sandbox_try: $(B)/tests/proc/sandbox_try.o $(B)/all.a
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS_ALL) $< $(B)/all.a $(LIBS) -o $@

test:
	@tests/run.sh test

check:
	@tests/run.sh check

tidy:
	@tests/tidy.sh

# A tool that cannot be installed is skipped with a word.
lint: export LINT_INC = $(CSTD) $(INC) $(SYS)
lint: export LINT_GCC = $(CSTD) $(MODE_dev) $(WARN) $(WARN_gcc) $(HARD) \
	$(HARD_gcc) $(INC) $(SYS)
lint: build/man/creditalarm.yaml.5
	@tests/deps.sh $(LINT_PACKAGES) || :
	@tests/lint.sh $(SRCS) $(MAINS)

# ---- the rest --------------------------------------------------------------

deps:
	@tests/deps.sh $(PACKAGES)

run: deps
	$(MAKE) MODE=release all
	@tests/demo/run.sh $(ONCE)

PREFIX ?= /usr/local
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(PREFIX)/share/doc/creditalarm \
	    $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/man/man8 \
	    $(DESTDIR)/etc/creditalarm $(DESTDIR)/lib/systemd/system \
	    $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	install -m 0755 $(B)/creditalarmd $(DESTDIR)$(PREFIX)/sbin/
	install -m 0755 $(B)/creditalarm $(DESTDIR)$(PREFIX)/bin/
	install -m 0644 README.md docs/*.md \
	    $(DESTDIR)$(PREFIX)/share/doc/creditalarm/
	install -m 0644 docs/man/creditalarm.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 0644 build/man/creditalarm.yaml.5 \
	    $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 0644 docs/man/creditalarmd.8 \
	    $(DESTDIR)$(PREFIX)/share/man/man8/
	cp -R etc/. $(DESTDIR)/etc/creditalarm/
	sed 's|/usr/local|$(PREFIX)|' systemd/creditalarmd.service \
	    >$(DESTDIR)/lib/systemd/system/creditalarmd.service
	install -m 0644 systemd/creditalarm.sysusers \
	    $(DESTDIR)/usr/lib/sysusers.d/creditalarm.conf
	install -m 0644 systemd/creditalarm.tmpfiles \
	    $(DESTDIR)/usr/lib/tmpfiles.d/creditalarm.conf

clean:
	rm -rf build

.PHONY: all test check tidy lint sim deps run install clean
.SECONDARY:

-include tests/bench/bench.mk
-include tests/fuzz/fuzz.mk

-include $(OBJS:.o=.d) $(TEST_OBJS:.o=.d) $(SUPPORT_OBJS:.o=.d) \
	$(patsubst %,$(B)/daemon/%.d,creditalarmd creditalarm) $(B)/tests/scn/scn.d \
	$(SIM_OBJS:.o=.d) $(B)/tests/model/cover_batch.d $(B)/tests/proc/sandbox_try.d
