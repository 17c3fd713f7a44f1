#!/bin/sh
# run.sh [TARGET] [SECONDS] - libFuzzer over one target, or all in turn.
#
# Each starts from its committed corpus and dictionary; what it adds stays in
# build/fuzz/TARGET, a finding is build/fuzz/TARGET.crash-... and ends with
# status 1.  Prints a line per target: executions, seconds, edges, findings.
set -u
cd "$(dirname "$0")/../.." || exit 1
only=${1:-}
seconds=${2:-120}
fuzz=build/clang-fuzz/fuzz
mkdir -p build/fuzz
# A small quarantine keeps the machine's memory for the others; the shadow of
# our large arenas is cleared in place, not mapped anew (twice as fast).
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=16
ASAN_OPTIONS=$ASAN_OPTIONS:clear_shadow_mmap_threshold=1073741824
# shellcheck disable=SC2046
set -- $(sed -n 's/^	X(\([a-z_]*\)).*/\1/p' tests/fuzz/fuzz.h)
bad=0
for t in "$@"; do
	[ -z "$only" ] || [ "$only" = "$t" ] || continue
	mkdir -p "build/fuzz/$t"
	dict=$t
	case $t in
	split_json | split_ndjson | jscan | stream) dict=json ;;
	core) dict=notice ;;
	esac
	dict=tests/fuzz/dict/$dict.dict
	[ -f "$dict" ] && dict=-dict=$dict || dict=
	len=4096
	case $t in map | doc | split_* | match_fold) len=16384 ;; esac
	# shellcheck disable=SC2086
	"$fuzz" "$t" -max_total_time="$seconds" -max_len=$len -timeout=10 \
	    -rss_limit_mb=1024 -print_final_stats=1 -use_value_profile=1 \
	    $dict -artifact_prefix="build/fuzz/$t.crash-" \
	    "build/fuzz/$t" "tests/fuzz/corpus/$t" \
	    >"build/fuzz/$t.log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
	    "build/fuzz/$t.log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "build/fuzz/$t.log" |
	    tail -1)
	took=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' \
	    "build/fuzz/$t.log")
	printf '%-12s %10s runs %5s s %6s edges %s\n' "$t" "${runs:-?}" \
	    "${took:-?}" "${edges:-?}" \
	    "$([ $status = 0 ] && echo clean || echo "FINDING: build/fuzz/$t.log")"
	[ $status = 0 ] || bad=1
done
exit $bad
