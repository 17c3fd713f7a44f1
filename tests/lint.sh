#!/bin/sh
# lint.sh SOURCE... - what other people's tools say of this house: nothing.
#
# A line per tool, "ok", "FAIL" below its findings, or "skip" when it is not
# installed; the last line is the count.  Nothing is kept between runs.  A
# finding is repaired or switched off with its reason: one place by a comment
# there, a check of clang-tidy in .clang-tidy, the rest below.
#
# `make lint` calls it, with the flags of the house in LINT_INC (what any
# reader of our C needs) and LINT_GCC (gcc's own as well).
set -u
cd "$(dirname "$0")/.." || exit 1

# gcc 12 is young in this: it forgets where a pointer was stored, and which
# elements of an array were set.
analyzer_off() { # source
	case $1 in
	alerts/match/mbuild.c | alerts/push/bus_mem.c)
		# "Leaks" what is now the vector's, or the queue's.
		echo -Wno-analyzer-malloc-leak ;;
	alerts/match/mdelta.c | daemon/store/store_query.c)
		# times[] is set up to k; the struct was assigned whole.
		echo -Wno-analyzer-use-of-uninitialized-value ;;
	esac
}

if [ "${1:-}" = --analyzer ]; then
	# shellcheck disable=SC2086,SC2046 # words of flags
	exec gcc $LINT_GCC -fanalyzer $(analyzer_off "$2") -S -o /dev/null "$2"
fi

# One file a call: clang-tidy 14 takes every va_list but those of its first
# file for uninitialized.
clang_tidy() { # source...
	# shellcheck disable=SC2086 # words of flags
	printf '%s\n' "$@" | xargs -P2 -I{} clang-tidy --quiet {} -- $LINT_INC \
	    2>&1 | grep -vE '^[0-9]+ warnings?( and [0-9]+ errors?)? generated'
}

# The product and those tests that do not speak Criterion's macros.  It
# cannot expand SQL_UPSERT (tables of columns within tables of columns) and
# would leave such a file unread; its text is a constant, as good as a call.
# Not comparePointers: the linker's two symbols bound one embedded file.
run_cppcheck() { # source...
	flags=$(printf '%s\n' "$LINT_INC" | tr ' ' '\n' | grep '^-I')
	# shellcheck disable=SC2046,SC2086 # words of flags, names of files
	cppcheck --enable=warning,performance,portability --inline-suppr \
	    --std=c11 -q -j2 -USQL_UPSERT --suppress=comparePointers \
	    $flags -Itests/support "$@" \
	    $(find tests -name '*.c' -exec grep -LE '^Test(Suite)?\(' {} +) 2>&1
}

analyzer() { # source...
	printf '%s\n' "$@" | xargs -P2 -n1 "$0" --analyzer 2>&1
}

run_shellcheck() {
	# shellcheck disable=SC2046 # names of files
	shellcheck $(find .ci tests -type f ! -path '*/corpus/*' -exec awk \
	    'FNR == 1 && /^#!.*sh$/ { print FILENAME }' {} +) 2>&1
}

man_pages() {
	/usr/bin/python3 tests/golden/check_man.py lint 2>&1 |
	    grep -v '^ok '
}

ok=0 failed=0 skipped=0
tool() { # program what command...
	name=$1 what=$2
	shift 2
	if ! command -v "$name" >/dev/null; then
		echo "skip $name: is not installed"
		skipped=$((skipped + 1))
		return
	fi
	found=$("$@")
	if [ -z "$found" ]; then
		echo "ok $name: $what"
		ok=$((ok + 1))
	else
		echo "$found"
		echo "FAIL $name: $what"
		failed=$((failed + 1))
	fi
}

tool shellcheck "scripts" run_shellcheck
tool mandoc "manual pages" man_pages
tool cppcheck "sources and tests" run_cppcheck "$@"
tool gcc "-fanalyzer, $# sources" analyzer "$@"
tool clang-tidy "$# sources" clang_tidy "$@"
echo "lint: $ok ok, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
