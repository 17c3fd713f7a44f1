#!/bin/sh
# run.sh test|check - everything that proves the house stands.
#
# Every part prints a line per test: "ok ...", "FAIL ..." or "skip ...", or
# Criterion's TAP.  The last line is the count.  The whole output is kept in
# build/test.log.
set -u
cd "$(dirname "$0")/.." || exit 1
what=${1:-test}
mkdir -p build
log=build/test.log
: >"$log"
san=$PWD/build/san
rm -f "$san".*
export ASAN_OPTIONS="log_path=$san:detect_leaks=1"
export UBSAN_OPTIONS="log_path=$san:print_stacktrace=1"
export BUILD="$PWD/build"

part() { # name command...
	echo "== $1" | tee -a "$log"
	shift
	"$@" >build/part.log 2>&1
	status=$?
	cat build/part.log >>"$log"
	grep -E '^(FAIL|not ok|skip) ' build/part.log
	if [ $status -ne 0 ] &&
	    ! grep -qE '^(FAIL|not ok) ' build/part.log; then
		tail -30 build/part.log
		echo "FAIL $*: exit status $status" | tee -a "$log"
	fi
}

one() { # name command...: a part that is one test
	name=$1
	shift
	if "$@" >build/part.log 2>&1; then
		echo "ok $name" | tee -a "$log"
	else
		cat build/part.log
		echo "FAIL $name" | tee -a "$log"
	fi
}

unit() { # cc mode
	one "build $1 $2" make -s CC="$1" MODE="$2" "build/$1-$2/unit" \
	    "build/$1-$2/scn"
	part "unit $1 $2" "build/$1-$2/unit" --tap=- --quiet
	part "scenarios $1 $2" "build/$1-$2/scn" tests/scn/*.scn
}

model() { # the cover calculation against an independent exact model
	one "build cover_batch" make -s MODE=release \
	    build/gcc-release/cover_batch
	part "model vectors" /usr/bin/python3 tests/model/vectors.py
	one "2000 random books agree with the model" \
	    /usr/bin/python3 tests/model/compare.py build/compare 2000 house \
	    build/gcc-release/cover_batch
}

simulator() { # 200 worlds, each step against the reference model
	one "build simulator" make -s MODE=release \
	    build/gcc-release/simulator
	part "200 simulated worlds" build/gcc-release/simulator 1 40 200
}

scripts() { # folder
	for t in tests/"$1"/test_*.py tests/"$1"/check_*.py; do
		[ -e "$t" ] || continue
		part "$t" timeout 300 /usr/bin/python3 "$t"
	done
}

one "tidy" tests/tidy.sh
part "limits" /usr/bin/python3 tests/limits.py
unit gcc dev
if [ "$what" = test ]; then
	one "build gcc release" make -s
	one "build clang release" make -s CC=clang MODE=release all
	model
	simulator
	scripts golden
	scripts proc
	scripts e2e
	# shellcheck disable=SC2016 # the inner shell's PWD, and the same
	one "install" sh -c 'rm -rf build/root &&
	    make -s install DESTDIR="$PWD/build/root" &&
	    build/root/usr/local/sbin/creditalarmd -h 2>/dev/null;
	    test -x build/root/usr/local/bin/creditalarm'
	unit clang asan
	one "build replay" make -s CC=clang MODE=asan build/clang-asan/replay
	part "fuzz corpora" build/clang-asan/replay
	for f in "$san".*; do
		[ -e "$f" ] || continue
		echo "FAIL sanitizer report $f" | tee -a "$log"
		head -40 "$f"
	done
else
	scripts golden
fi

passed=$(grep -cE '^ok ' "$log")
failed=$(grep -cE '^(FAIL|not ok) ' "$log")
skipped=$(grep -cE '^skip |^ok .*# SKIP' "$log")
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
