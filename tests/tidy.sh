#!/bin/sh
# tidy - the rules a compiler does not know.
#
# Floors (include 0, daemon/base 1, feeds and alerts 2, daemon/store 3, the
# rest of daemon 4), the feeds/alerts line, banned calls, headers that compile
# alone, function and file length, third-party headers in few files, TODO
# without a number.  Every rule has a planted violation under a scratch folder
# first: a rule that does not see its plant fails the run.
#
# shellcheck disable=SC2317 # the rules are called by their names
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cc=${CC:-gcc}
pkgs="libxml-2.0 libcurl libzmq libsodium sqlite3 icu-uc jansson yaml-0.1"
# shellcheck disable=SC2086
sys=$(pkg-config --cflags $pkgs 2>/dev/null)

sources() { # dir
	(cd "$1" && find include daemon feeds alerts -name '*.[ch]' -o \
	    -name '*.def' 2>/dev/null | sort)
}

floor_of() {
	case $1 in
	include/*) echo 0 ;;
	daemon/base/*) echo 1 ;;
	feeds/* | alerts/*) echo 2 ;;
	daemon/store/*) echo 3 ;;
	*) echo 4 ;;
	esac
}

# "FILE HEADER-PATH" for every include of a header of ours.
includes() { # dir
	(cd "$1" && sources . | while read -r f; do
		sed -n 's/^#include "\([^"]*\)".*/\1/p' "$f" | while read -r h; do
			p=$(find include daemon feeds alerts -name "$h" \
			    2>/dev/null | head -1)
			[ -n "$p" ] && echo "$f $p"
		done
	done)
}

rule_floor() {
	includes "$1" | while read -r f h; do
		a=$(floor_of "$f")
		b=$(floor_of "$h")
		[ "$b" -le "$a" ] || echo "$f: includes $h of a higher floor"
		# The store sees only include and base.
		case $f:$h in
		daemon/store/*:feeds/* | daemon/store/*:alerts/*)
			echo "$f: the store includes $h" ;;
		esac
	done
}

rule_line() {
	includes "$1" | while read -r f h; do
		case $f:$h in
		feeds/*:alerts/* | alerts/*:feeds/*)
			echo "$f: includes $h across the line" ;;
		esac
	done
}

rule_banned() {
	words='strcpy|strcat|sprintf|strtok|gets|atoi|atol|strtol|strtoul|strtoll|strtoull|strtod|sscanf|alloca|system|popen|gmtime|localtime|rand|sleep|usleep|time|clock_gettime'
	(cd "$1" && { sources . | grep -v '^daemon/base/clock_os\.c$'
	    find tests -name '*.c' 2>/dev/null; } | xargs -r grep -nE "(^|[^A-Za-z0-9_>.])($words) ?\(" 2>/dev/null |
	    grep -vE ':[0-9]+:[[:space:]]*(\*|/\*|//)' |
	    sed 's/$/  <- banned call/')
}

rule_header() {
	(cd "$1" && inc=$(find include daemon feeds alerts -type d \
	    2>/dev/null | sed 's/^/-I/') && sources . | grep '\.h$' |
	    while read -r h; do
		# shellcheck disable=SC2086
		$cc -std=c17 -D_GNU_SOURCE -fsyntax-only $inc $sys -x c "$h" \
		    >/dev/null 2>&1 || echo "$h: does not compile alone"
	    done)
}

rule_length() {
	(cd "$1" && sources . | grep '\.c$' | xargs -r ctags -x --c-kinds=f \
	    --fields=+ne -o - --_xformat='%F %n %{end} %N' 2>/dev/null |
	    awk '$3 - $2 + 1 > 70 {print $1": "$4" has "$3-$2+1" lines"}')
}

rule_file() {
	(cd "$1" && sources . | while read -r f; do
		n=$(wc -l <"$f")
		[ "$n" -le 800 ] || echo "$f: $n lines"
	done)
}

# Third-party headers: at most that many files include one.
rule_third() {
	for rule in curl/curl.h:1 libxml/:2 jq.h:1 jv.h:1 yaml.h:1 \
	    jansson.h:1 sqlite3.h:2 csv.h:1 \
	    seccomp.h:1 linux/landlock.h:1 systemd/:1 microhttpd.h:1; do
		h=${rule%:*}
		max=${rule#*:}
		n=$(cd "$1" && sources . | xargs -r grep -lE \
		    "^#include <$h" 2>/dev/null | wc -l)
		[ "$n" -le "$max" ] ||
		    echo "<$h> is included by $n files, at most $max"
	done
}

rule_todo() {
	(cd "$1" && sources . | xargs -r grep -nE 'TODO|FIXME' \
	    2>/dev/null | grep -vE 'TODO #[0-9]+')
}

rule_word() { # an ERR_ code or configuration row nobody uses
	(cd "$1" && [ -f include/err.h ] &&
	    sed -n 's/^[[:space:]]*X(\(ERR_[A-Z]*\),.*/\1/p' include/err.h |
	    while read -r w; do
		n=$(sources . | grep -v '^include/err.h$' |
		    xargs grep -lw "$w" 2>/dev/null | wc -l)
		[ "$n" -gt 0 ] || echo "include/err.h: nobody uses $w"
	    done
	[ -f include/config.def ] &&
	    sed -n 's/^CONF(\([a-z_]*\),.*/\1/p' include/config.def |
	    while read -r w; do
		n=$(sources . | grep -v '^include/config.def$' |
		    xargs grep -lE "[.>]$w\b" 2>/dev/null | wc -l)
		[ "$n" -gt 0 ] || echo "include/config.def: nobody uses $w"
	    done)
}

plant() { # rule: makes a tree that breaks it
	d=$(mktemp -d)
	mkdir -p "$d/include" "$d/daemon/base" "$d/daemon/store" "$d/feeds" \
	    "$d/alerts/push"
	case $1 in
	floor)
		echo 'int z;' >"$d/daemon/super.h"
		echo '#include "super.h"' >"$d/alerts/push/a.c" ;;
	line)
		echo 'int z;' >"$d/feeds/map.h"
		echo '#include "map.h"' >"$d/alerts/push/a.c" ;;
	banned) echo 'int f(char *s){return atoi(s);}' >"$d/feeds/a.c" ;;
	header) echo 'struct a { uint32_t n; };' >"$d/feeds/a.h" ;;
	length)
		{
			echo 'int f(int a)'
			echo '{'
			i=0
			while [ $i -lt 70 ]; do echo 'a++;'; i=$((i + 1)); done
			echo 'return a;'
			echo '}'
		} >"$d/feeds/a.c" ;;
	file)
		i=0
		while [ $i -lt 801 ]; do echo; i=$((i + 1)); done \
		    >"$d/feeds/a.c" ;;
	third)
		echo '#include <jansson.h>' >"$d/feeds/a.c"
		echo '#include <jansson.h>' >"$d/feeds/b.c" ;;
	todo) echo '/* TODO later */' >"$d/feeds/a.c" ;;
	word) echo '	X(ERR_NOBODY, ERR_NONE, "x")' >"$d/include/err.h" ;;
	esac
	echo "$d"
}

bad=0
rules='floor line banned header length file third todo word'
for r in $rules; do
	d=$(plant "$r")
	if [ -z "$(rule_"$r" "$d")" ]; then
		echo "tidy: rule $r does not see its planted violation"
		bad=$((bad + 1))
	fi
	rm -rf "$d"
done
for r in $rules; do
	found=$(rule_"$r" "$root")
	if [ -n "$found" ]; then
		echo "$found" | sed "s/^/tidy $r: /"
		bad=$((bad + $(echo "$found" | wc -l)))
	fi
done
if [ "$bad" = 0 ]; then
	echo "tidy: clean ($(echo "$rules" | wc -w) rules, each saw its plant)"
	exit 0
fi
echo "tidy: $bad violations"
exit 1
