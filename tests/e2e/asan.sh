#!/bin/sh
# asan.sh TEST... - whole-daemon tests (bad_server, stream ...) with the daemon
# built with sanitizers.  A report is a failure: of the daemon and commands it
# is found here, of a role in the daemon's log (house.py), as roles are given
# no environment.  Such builds run without the sandbox and are slow.
set -u
cd "$(dirname "$0")/../.." || exit 1
make -s CC=clang MODE=asan all || exit 2
export BUILD="$PWD/build/clang-asan"
san=$PWD/build/e2e-san
rm -f "$san".*
export ASAN_OPTIONS="log_path=$san:detect_leaks=1"
export PATIENCE=5
export UBSAN_OPTIONS="log_path=$san:print_stacktrace=1"
bad=0
for t in "$@"; do
	echo "== $t"
	/usr/bin/python3 "tests/e2e/test_$t.py" || bad=1
done
for f in "$san".*; do
	[ -e "$f" ] || continue
	echo "FAIL sanitizer report $f"
	head -40 "$f"
	bad=1
done
exit $bad
