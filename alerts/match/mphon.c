/*
 * mphon.c - soft spelling, consonant skeleton, weighted edit distance.
 */
#include "mphon.h"

#include <string.h>

static bool
vowel(char c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

static char
at(struct str s, size_t i)
{
	return i < s.n ? s.p[i] : 0;
}

/* Spellings of several letters; used is how many of them are eaten. */
static const struct {
	char from[5];
	char to[4];
	uint8_t used;
} spelling[] = {
	{ "tion", "son", 4 }, { "sion", "son", 4 }, { "shch", "s", 4 },
	{ "sch", "s", 3 },    { "tch", "c", 3 },    { "chr", "kr", 3 },
	{ "chl", "kl", 3 },   { "ph", "f", 2 },	    { "ck", "k", 2 },
	{ "sh", "s", 2 },     { "zh", "j", 2 },	    { "kh", "h", 2 },
	{ "gh", "g", 2 },     { "dh", "d", 2 },	    { "th", "t", 2 },
	{ "bh", "b", 2 },     { "ch", "c", 2 },	    { "ts", "c", 2 },
	{ "tz", "c", 2 },     { "dz", "j", 2 },	    { "dj", "j", 2 },
	{ "dg", "j", 2 },     { "qu", "ku", 2 },    { "iy", "i", 2 },
	{ "ij", "i", 2 },     { "yy", "i", 2 },	    { "eo", "o", 2 },
	{ "eu", "u", 2 },     { "ae", "e", 2 },	    { "oe", "o", 2 },
	{ "ue", "u", 2 },     { "ou", "o", 2 },	    { "oo", "o", 2 },
	{ "ee", "i", 2 },     { "mp", "np", 2 },    { "mb", "nb", 2 },
	{ "wr", "r", 2 },     { "kn", "n", 2 },
};

static size_t
spelled(struct str s, size_t i, const char **to)
{
	for (size_t k = 0; k < sizeof(spelling) / sizeof(spelling[0]); k++) {
		size_t n = spelling[k].used;

		if (spelling[k].from[0] != s.p[i] || i + n > s.n ||
		    memcmp(spelling[k].from, s.p + i, n) != 0)
			continue;
		if (n == 2 && s.p[i] == 'k' && s.p[i + 1] == 'n' && i > 0)
			continue;
		*to = spelling[k].to;
		return n;
	}
	return 0;
}

/* One letter, by its neighbours; 0 when it is silent. */
static char
letter(struct str s, size_t i)
{
	char c = s.p[i], next = at(s, i + 1);

	switch (c) {
	case 'c':
		return next == 'e' || next == 'i' || next == 'y' ? 's' : 'k';
	case 'q':
		return 'k';
	case 'w':
		return 'v';
	case 'y':
		return 'i';
	case 'h':
		return i > 0 && vowel(s.p[i - 1]) && !vowel(next) ? 0 : 'h';
	case 'g':
		return i > 0 && s.p[i - 1] == 'n' && !vowel(next) ? 0 : 'g';
	default:
		return c;
	}
}

size_t
mphon_soft(struct str s, char *dst, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < s.n && k + 4 < size;) {
		const char *to;
		size_t used;

		/* tech is spoken with a k */
		if (i > 1 && s.p[i] == 'c' && at(s, i + 1) == 'h' &&
		    s.p[i - 1] == 'e' && s.p[i - 2] == 't') {
			dst[k++] = 'k';
			i += 2;
			continue;
		}
		used = spelled(s, i, &to);
		if (used > 0) {
			for (; *to != 0; to++)
				if (k == 0 || dst[k - 1] != *to)
					dst[k++] = *to;
			i += used;
			continue;
		}
		if (s.p[i] == 'x') {
			dst[k++] = 'k';
			dst[k++] = 's';
		} else {
			char c = letter(s, i);

			if (c != 0 && (k == 0 || dst[k - 1] != c ||
				       (c >= '0' && c <= '9')))
				dst[k++] = c;
		}
		i++;
	}
	return k;
}

size_t
mphon_skel(struct str soft, char *dst, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < soft.n && k < size; i++) {
		char c = soft.p[i], next = at(soft, i + 1);

		if (vowel(c)) {
			if (i == 0)
				dst[k++] = 'A';
			continue;
		}
		if (c == 'r' && !vowel(next) && i > 0)
			continue;
		if (c == 'h' && i > 0)
			continue;
		c = c == 'l' ? 'r' :
		    c == 'v' ? 'b' :
		    c == 'f' ? 'p' :
		    c == 'z' ? 'j' :
			       c;
		dst[k++] = c;
	}
	return k;
}

/* Costs in hundredths. */
static unsigned
weight(char c, bool abjad)
{
	if (vowel(c))
		return abjad ? 8 : c == 'u' || c == 'o' ? 18 : 26;
	return c == 'h' ? 40 : 100;
}

static unsigned
drop(struct str s, size_t i, bool abjad)
{
	char c = s.p[i];

	if (c == 'r' && !vowel(at(s, i + 1)))
		return 35;
	return weight(c, abjad);
}

static unsigned
swap(char a, char b, bool abjad)
{
	static const struct {
		char a, b;
		uint8_t cost;
	} near[] = {
		{ 'l', 'r', 8 },  { 'b', 'v', 12 }, { 'j', 'z', 15 },
		{ 's', 'z', 20 }, { 'f', 'p', 25 }, { 'f', 'h', 25 },
		{ 'c', 's', 30 }, { 'c', 'j', 30 }, { 'g', 'k', 28 },
		{ 'd', 't', 28 }, { 'b', 'p', 28 }, { 'g', 'j', 35 },
		{ 's', 't', 45 }, { 'c', 't', 35 }, { 'c', 'k', 40 },
		{ 'm', 'n', 30 }, { 'h', 'k', 40 }, { 'j', 's', 40 },
		{ 'd', 'j', 40 }, { 'g', 'h', 40 }, { 'f', 'v', 25 },
		{ 'i', 'j', 40 }, { 'u', 'v', 30 }, { 'o', 'v', 35 },
		{ 'd', 'z', 40 },
	};

	if (a == b)
		return 0;
	if (vowel(a) && vowel(b))
		return abjad ? 8 : 24;
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		if ((near[i].a == a && near[i].b == b) ||
		    (near[i].a == b && near[i].b == a))
			return near[i].cost;
	return 130;
}

float
mphon_sim(struct str a, struct str b, bool abjad)
{
	unsigned row[MPHON_MAX + 1];
	unsigned wa = 0, wb = 0;

	if (a.n > MPHON_MAX || b.n > MPHON_MAX || a.n == 0 || b.n == 0)
		return 0;
	row[0] = 0;
	for (size_t k = 0; k < b.n; k++) {
		row[k + 1] = row[k] + drop(b, k, abjad);
		wb += weight(b.p[k], abjad);
	}
	for (size_t i = 0; i < a.n; i++) {
		unsigned da = drop(a, i, abjad);
		unsigned diag = row[0];

		wa += weight(a.p[i], abjad);
		row[0] += da;
		for (size_t k = 0; k < b.n; k++) {
			unsigned up = row[k + 1];
			unsigned best = diag + swap(a.p[i], b.p[k], abjad);
			unsigned left = row[k] + drop(b, k, abjad);

			if (up + da < best)
				best = up + da;
			if (left < best)
				best = left;
			diag = up;
			row[k + 1] = best;
		}
	}
	wa = wa > wb ? wa : wb;
	return row[b.n] >= wa ? 0 : 1 - (float)row[b.n] / (float)wa;
}
