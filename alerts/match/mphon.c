/*
 * mphon.c - soft spelling, consonant skeleton, weighted edit distance.
 */
#include "mphon.h"

#include "mtab.h"

#include <pthread.h>
#include <string.h>

#define BIT(c) (1u << ((c) - 'a'))

static bool
vowel(char c)
{
	unsigned a = (unsigned)(c - 'a');

	return a < 26 && ((BIT('a') | BIT('e') | BIT('i') | BIT('o') |
			   BIT('u')) >> a & 1) != 0;
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
	{ "ae", "e", 2 },
	{ "bh", "b", 2 },
	{ "chr", "kr", 3 },
	{ "chl", "kl", 3 },
	{ "ck", "k", 2 },
	{ "ch", "c", 2 },
	{ "dh", "d", 2 },
	{ "dz", "j", 2 },
	{ "dj", "j", 2 },
	{ "dg", "j", 2 },
	{ "eo", "o", 2 },
	{ "eu", "u", 2 },
	{ "ee", "i", 2 },
	{ "gh", "g", 2 },
	{ "iy", "i", 2 },
	{ "iy", "i", 2 },
	{ "kh", "h", 2 },
	{ "kn", "n", 2 },
	{ "mp", "np", 2 },
	{ "mb", "nb", 2 },
	{ "oe", "o", 2 },
	{ "ou", "o", 2 },
	{ "oo", "o", 2 },
	{ "ph", "f", 2 },
	{ "qu", "ku", 2 },
	{ "sion", "son", 4 },
	{ "shch", "s", 4 },
	{ "sch", "s", 3 },
	{ "sh", "s", 2 },
	{ "tion", "son", 4 },
	{ "tch", "c", 3 },
	{ "th", "t", 2 },
	{ "ts", "c", 2 },
	{ "tz", "c", 2 },
	{ "ue", "u", 2 },
	{ "wr", "r", 2 },
	{ "yy", "i", 2 },
	{ "zh", "j", 2 },
};

/* Where the spellings of a first letter are in that table. */
static const struct {
	uint8_t from, to;
} spelling_of[26] = {
	['a' - 'a'] = { 0, 1 },
	['b' - 'a'] = { 1, 2 },
	['c' - 'a'] = { 2, 6 },
	['d' - 'a'] = { 6, 10 },
	['e' - 'a'] = { 10, 13 },
	['g' - 'a'] = { 13, 14 },
	['i' - 'a'] = { 14, 16 },
	['k' - 'a'] = { 16, 18 },
	['m' - 'a'] = { 18, 20 },
	['o' - 'a'] = { 20, 23 },
	['p' - 'a'] = { 23, 24 },
	['q' - 'a'] = { 24, 25 },
	['s' - 'a'] = { 25, 29 },
	['t' - 'a'] = { 29, 34 },
	['u' - 'a'] = { 34, 35 },
	['w' - 'a'] = { 35, 36 },
	['y' - 'a'] = { 36, 37 },
	['z' - 'a'] = { 37, 38 },
};

/* Their second letters: most pairs are no spelling. */
static const uint32_t second[26] = {
	['a' - 'a'] = BIT('e'),
	['b' - 'a'] = BIT('h'),
	['c' - 'a'] = BIT('h') | BIT('k'),
	['d' - 'a'] = BIT('h') | BIT('z') | BIT('j') | BIT('g'),
	['e' - 'a'] = BIT('o') | BIT('u') | BIT('e'),
	['g' - 'a'] = BIT('h'),
	['i' - 'a'] = BIT('y'),
	['k' - 'a'] = BIT('h') | BIT('n'),
	['m' - 'a'] = BIT('p') | BIT('b'),
	['o' - 'a'] = BIT('e') | BIT('u') | BIT('o'),
	['p' - 'a'] = BIT('h'),
	['q' - 'a'] = BIT('u'),
	['s' - 'a'] = BIT('i') | BIT('h') | BIT('c'),
	['t' - 'a'] = BIT('i') | BIT('c') | BIT('h') | BIT('s') | BIT('z'),
	['u' - 'a'] = BIT('e'),
	['w' - 'a'] = BIT('r'),
	['y' - 'a'] = BIT('y'),
	['z' - 'a'] = BIT('h'),
};

/* Consonants by the one that stands for them; no vowel, and no h. */
static const char coarse[26] = {
	0,   'b', 'c', 'd', 0,	 'p', 'g', 0,	0,   'j', 'k', 'r', 'm',
	'n', 0,	  'p', 'q', 'r', 's', 't', 0,	'b', 'w', 'x', 'y', 'j',
};

static char
consonant(char c)
{
	unsigned a = (unsigned)(c - 'a');

	return a < 26 ? coarse[a] : c;
}

static size_t
spelled(struct str s, size_t i, const char **to)
{
	unsigned first = (unsigned)(s.p[i] - 'a');
	unsigned next = (unsigned)(at(s, i + 1) - 'a');

	if (first >= 26 || next >= 26 || !(second[first] >> next & 1))
		return 0;
	for (size_t k = spelling_of[first].from; k < spelling_of[first].to;
	     k++) {
		size_t n = spelling[k].used;

		if (i + n > s.n || spelling[k].from[1] != s.p[i + 1] ||
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

/*
 * What a letter before another, or at the end, becomes, where these two
 * decide; 0 where more must be looked at.
 */
static char plain[26][27];

static void
fill_plain(void)
{
	for (unsigned c = 0; c < 26; c++)
		for (unsigned next = 0; next <= 26; next++) {
			char two[2] = { (char)('a' + c), (char)('a' + next) };
			bool more = two[0] == 'h' || two[0] == 'g' ||
				    two[0] == 'x' ||
				    (next < 26 && second[c] >> next & 1);

			plain[c][next] =
			    more ? 0 :
				   letter((struct str){ two, next < 26 ? 2 : 1 },
					  0);
		}
}

/* Letters of a spelling, or of one that asks for its neighbours; *i moves. */
static size_t
put_sound(struct str s, size_t *i, char *dst, size_t k)
{
	const char *to;
	size_t used;
	char c;

	/* tech is spoken with a k */
	if (*i > 1 && s.p[*i] == 'c' && at(s, *i + 1) == 'h' &&
	    s.p[*i - 1] == 'e' && s.p[*i - 2] == 't') {
		dst[k++] = 'k';
		*i += 2;
		return k;
	}
	used = spelled(s, *i, &to);
	if (used > 0) {
		for (; *to != 0; to++)
			if (k == 0 || dst[k - 1] != *to)
				dst[k++] = *to;
		*i += used;
		return k;
	}
	if (s.p[*i] == 'x') {
		dst[k++] = 'k';
		dst[k++] = 's';
	} else {
		c = letter(s, *i);
		if (c != 0 &&
		    (k == 0 || dst[k - 1] != c || (c >= '0' && c <= '9')))
			dst[k++] = c;
	}
	++*i;
	return k;
}

size_t
mphon_soft(struct str s, char *dst, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < s.n && k + 4 < size;) {
		unsigned first = (unsigned)(s.p[i] - 'a');
		unsigned next = i + 1 < s.n ? (unsigned)(s.p[i + 1] - 'a') : 26;
		char c = first < 26 && next <= 26 ? plain[first][next] : 0;

		if (c == 0) {
			k = put_sound(s, &i, dst, k);
			continue;
		}
		dst[k] = c;
		k += k == 0 || dst[k - 1] != c;
		i++;
	}
	return k;
}

size_t
mphon_skel(struct str soft, char *dst, size_t size)
{
	size_t k = 0;

	if (soft.n > 0 && size > 0)
		dst[k++] = vowel(soft.p[0]) ? 'A' :
			   soft.p[0] == 'h' ? 'h' :
					      consonant(soft.p[0]);
	for (size_t i = 1; i < soft.n && k < size; i++) {
		char c = consonant(soft.p[i]);

		dst[k] = c;
		k += c != 0 && (soft.p[i] != 'r' || vowel(at(soft, i + 1)));
	}
	return k;
}

#define STRONG_DROP 100 /* what a consonant but h costs */

size_t
mphon_loose(struct str soft, char *dst, size_t size)
{
	static const char of[26] = {
		['l' - 'a'] = 'r', ['v' - 'a'] = 'b', ['f' - 'a'] = 'p',
		['z' - 'a'] = 's', ['j' - 'a'] = 's', ['c' - 'a'] = 't',
		['m' - 'a'] = 'n',
	};
	size_t k = 0;
	char last = 0; /* what stood before, of consonants */

	for (size_t i = 0; i < soft.n && k < size; i++) {
		char c = soft.p[i], next = at(soft, i + 1);

		if (vowel(c)) {
			if (i == 0)
				dst[k++] = 'A';
			last = 0;
			continue;
		}
		if (i > 0 && (c == 'h' || (!vowel(next) &&
					   (c == 'r' || c == 'v')) ||
			      (c == 'g' && last == 'n' && next == 'u')))
			continue;
		if (c >= 'a' && c <= 'z' && of[c - 'a'] != 0)
			c = of[c - 'a'];
		if (c != last || (c >= '0' && c <= '9'))
			dst[k++] = c;
		last = c;
	}
	return k;
}

/* Costs in hundredths. */
static unsigned
weight(char c, bool abjad)
{
	if (vowel(c))
		return abjad ? 8 : c == 'u' || c == 'o' ? 18 : 26;
	return c == 'h' ? 40 : STRONG_DROP;
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

/* swap() for every pair of letters, filled once. */
static struct {
	uint8_t swap[2][128][128];
	uint8_t weight[2][128];
	uint8_t strong[128]; /* 1 or 0, as in struct sound */
	uint8_t other[128];
	uint8_t none[128]; /* swaps of no letter: never worth it */
} cost;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill(void)
{
	memset(cost.none, UINT8_MAX, sizeof(cost.none));
	fill_plain();
	for (unsigned v = 0; v < 2; v++)
		for (unsigned a = 0; a < 128; a++) {
			cost.weight[v][a] = (uint8_t)weight((char)a, v);
			cost.other[a] = !vowel((char)a);
			cost.strong[a] = weight((char)a, v) == STRONG_DROP &&
					 a != 'v' && a != 'j' && a != 'r';
			for (unsigned b = 0; b < 128; b++)
				cost.swap[v][a][b] =
				    (uint8_t)swap((char)a, (char)b, v);
		}
}

void
mphon_get(void)
{
	must(pthread_once(&once, fill) == 0);
}

/* A word as it is compared: its letters, and what each costs to drop. */
struct sound {
	uint8_t letter[MPHON_MAX];
	uint8_t drop[MPHON_MAX];
	unsigned n;
	unsigned sum; /* of the weights */
	unsigned strong; /* consonants that only consonants stand for */
	unsigned others; /* letters that may: all but vowels */
};

static void
set_sound(struct sound *out, struct str s, bool abjad)
{
	const uint8_t *w = cost.weight[abjad];

	out->n = (unsigned)s.n;
	out->sum = 0;
	out->strong = 0;
	out->others = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i] & 127;

		out->letter[i] = c;
		out->drop[i] = w[c];
		out->sum += w[c];
		out->strong += cost.strong[c];
		out->others += cost.other[c];
		/* An r that no vowel follows is hardly heard. */
		if (c == 'r' && (i + 1 == s.n || !vowel(s.p[i + 1])))
			out->drop[i] = 35;
	}
}

static inline unsigned
lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Letters i and i + 1 of a, two rows of the table at once; the second may be
 * none.  Returns the lowest of the last one.
 */
static unsigned
two_rows(const struct sound *a, unsigned i, const struct sound *b, bool abjad,
	 uint16_t *row)
{
	bool both = i + 1 < a->n;
	const uint8_t *swap1 = cost.swap[abjad][a->letter[i]];
	const uint8_t *swap2 =
	    both ? cost.swap[abjad][a->letter[i + 1]] : cost.none;
	unsigned drop1 = a->drop[i], drop2 = both ? a->drop[i + 1] : 0;
	unsigned diag = row[0], left1 = diag + drop1, left2 = left1 + drop2;
	unsigned low = left2;

	row[0] = (uint16_t)left2;
	for (unsigned k = 0; k < b->n; k++) {
		unsigned c = b->letter[k], drop = b->drop[k];
		unsigned up = row[k + 1], one, two;

		one = lower(diag + swap1[c], up + drop1);
		one = lower(one, left1 + drop);
		two = lower(left1 + swap2[c], one + drop2);
		two = lower(two, left2 + drop);
		low = lower(low, two);
		diag = up;
		left1 = one;
		left2 = two;
		row[k + 1] = (uint16_t)two;
	}
	return low;
}

/* Strong consonants that find no partner are dropped, or worse. */
static unsigned
cost_at_least(const struct sound *x, const struct sound *y)
{
	unsigned more = 0;

	if (x->strong > y->others)
		more = x->strong - y->others;
	if (y->strong > x->others)
		more = y->strong - x->others;
	return more * STRONG_DROP;
}

float
mphon_sim(struct str a, struct str b, bool abjad, float least)
{
	UNSET uint16_t row[MPHON_MAX + 1];
	UNSET struct sound x, y;
	unsigned most, limit;

	if (a.n > MPHON_MAX || b.n > MPHON_MAX || a.n == 0 || b.n == 0)
		return 0;
	set_sound(&x, a, abjad);
	set_sound(&y, b, abjad);
	most = x.sum > y.sum ? x.sum : y.sum;
	limit = (unsigned)((float)most * (1 - least)) + 1;
	if ((x.sum > y.sum ? x.sum - y.sum : y.sum - x.sum) > 3 * limit ||
	    cost_at_least(&x, &y) > limit)
		return 0;
	row[0] = 0;
	for (unsigned k = 0; k < y.n; k++)
		row[k + 1] = (uint16_t)(row[k] + y.drop[k]);
	/* The lowest of a row only grows: every other one tells. */
	for (unsigned i = 0; i < x.n; i += 2)
		if (two_rows(&x, i, &y, abjad, row) > limit)
			return 0;
	return row[y.n] >= most ? 0 : 1 - (float)row[y.n] / (float)most;
}
