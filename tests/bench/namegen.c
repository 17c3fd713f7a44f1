/*
 * namegen.c - books of any size with the shape of real names.
 *
 *   namegen ROWS SEED BOOK.tsv > obligors.csv
 *
 * BOOK.tsv (row, cluster, name, folded) lends its names as templates: how
 * many words, which common words, which legal forms and scripts.  A common
 * word stays or is redrawn by frequency; a rare one is redrawn from the rare
 * words, by how often they came again, or made up by a model of letters,
 * so that new words keep appearing as the book grows.  How often two names
 * share a word does not depend on the size of the book: it is that of BOOK.
 * The real names themselves are planted evenly (ids C<cluster>R<row>), made-up
 * ones are C-9R<n>.  Countries follow the mix of Chinese exports, or the
 * script.  The same arguments give the same bytes.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define WORDS_MAX 2000000
#define NAMES_MAX 200000
#define RARE_DF 12
#define REUSE 35 /* of 100 rare words, how many are not new */
#define ALPHABET 27u /* a to z, and none */
#define MADE_MIN 4u /* letters of a made-up word */
#define MADE_MAX 14u
#define LEXICON 30000.0 /* made-up words that are used more than others */
#define TAIL 0.6 /* how fast the others grow rare: Zipf 1.6, Heaps 0.63 */

struct word {
	char *p;
	uint32_t df;
};

static char *name[NAMES_MAX];
static uint64_t cluster[NAMES_MAX];
static size_t names;
static struct word *slot; /* hash table */
static struct word *common_w, *rare_w;
static size_t commons, rares;
static uint64_t *common_sum, *rare_sum;
static uint64_t state;

static const struct {
	char code[3];
	unsigned share; /* per 10,000 */
} mix[] = {
	{ "US", 1470 }, { "HK", 810 }, { "VN", 470 }, { "JP", 440 },
	{ "KR", 420 },	{ "IN", 350 }, { "RU", 330 }, { "DE", 300 },
	{ "MY", 280 },	{ "NL", 260 }, { "MX", 250 }, { "TH", 240 },
	{ "GB", 225 },	{ "SG", 220 }, { "ID", 220 }, { "BR", 210 },
	{ "AU", 210 },	{ "TW", 210 }, { "AE", 190 }, { "PH", 150 },
	{ "SA", 140 },	{ "CA", 130 }, { "IT", 130 }, { "ES", 120 },
	{ "FR", 120 },	{ "TR", 110 }, { "PL", 110 }, { "KZ", 80 },
	{ "BE", 90 },	{ "ZA", 70 },  { "BD", 70 },  { "CL", 60 },
	{ "NG", 60 },	{ "EG", 50 },  { "PK", 55 },  { "IQ", 45 },
	{ "CZ", 50 },	{ "UZ", 40 },  { "PE", 40 },  { "CO", 40 },
	{ "IL", 40 },	{ "KH", 40 },  { "IR", 30 },  { "UA", 25 },
	{ "KE", 25 },	{ "AR", 35 },  { "GR", 40 },  { "SE", 30 },
	{ "DK", 25 },	{ "HU", 35 },  { "RO", 25 },  { "AT", 15 },
	{ "CH", 20 },	{ "FI", 10 },  { "NO", 15 },  { "PT", 15 },
	{ "DZ", 30 },	{ "MA", 20 },  { "LK", 15 },  { "MM", 30 },
};

static uint64_t
draw(void)
{
	uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static size_t
below(size_t n)
{
	return (size_t)((__uint128_t)draw() * n >> 64);
}

static const char *
country(uint64_t r)
{
	unsigned sum = 0, all = 0;

	for (size_t i = 0; i < sizeof(mix) / sizeof(mix[0]); i++)
		all += mix[i].share;
	r %= all;
	for (size_t i = 0; i < sizeof(mix) / sizeof(mix[0]); i++) {
		sum += mix[i].share;
		if (r < sum)
			return mix[i].code;
	}
	return "US";
}

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h ^ h >> 29;
}

static struct word *
word_of(const char *p, size_t n)
{
	size_t at = hash(p, n) % WORDS_MAX;

	while (slot[at].p != NULL &&
	       (strncmp(slot[at].p, p, n) != 0 || slot[at].p[n] != 0))
		at = (at + 1) % WORDS_MAX;
	if (slot[at].p == NULL)
		slot[at].p = strndup(p, n);
	return &slot[at];
}

/* Calls fn for every blank-separated word. */
static void
each_word(const char *s, void (*fn)(const char *p, size_t n))
{
	while (*s != 0) {
		size_t n = strcspn(s, " ");

		if (n > 0)
			fn(s, n);
		s += n + (s[n] == ' ');
	}
}

static void
count_word(const char *p, size_t n)
{
	word_of(p, n)->df++;
}

/* ---- letters of made-up words ---- */

/* How often a letter (0: the end) follows two others (0: the beginning). */
static uint32_t follow[ALPHABET][ALPHABET][ALPHABET];

static void
learn(const char *p, size_t n)
{
	unsigned a = 0, b = 0;

	for (size_t i = 0; i <= n; i++) {
		unsigned c = i == n ? 0 : (unsigned)(p[i] | 32) - 'a' + 1;

		follow[a][b][c]++;
		a = b;
		b = c;
	}
}

static void
learn_rare(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] | 32) < 'a' || (p[i] | 32) > 'z')
			return;
	if (n >= MADE_MIN && word_of(p, n)->df <= RARE_DF)
		learn(p, n);
}

static unsigned
next_letter(unsigned a, unsigned b, bool end)
{
	const uint32_t *f = follow[a][b];
	uint64_t sum = 0, v;
	unsigned c = end ? 0 : 1;

	for (unsigned i = c; i < ALPHABET; i++)
		sum += f[i];
	if (sum == 0)
		return end ? 0 : 1 + (unsigned)below(ALPHABET - 1);
	for (v = below(sum); v >= f[c]; c++)
		v -= f[c];
	return c;
}

/*
 * A word that sounds like the rare ones: of an endless list of words, each
 * seldomer than the one before.  Its letters follow from its place there.
 */
static size_t
make_up(char *dst)
{
	double u = (double)(draw() >> 11) / 9007199254740992.0;
	double place = LEXICON * (pow(1 - u, -1 / TAIL) - 1);
	uint64_t keep = state;
	unsigned a = 0, b = 0;
	size_t n = 0;

	state = place < 1e15 ? (uint64_t)place : 0;
	while (n < MADE_MAX) {
		unsigned c = next_letter(a, b, n >= MADE_MIN);

		if (c == 0)
			break;
		dst[n++] = (char)('a' + c - 1);
		a = b;
		b = c;
	}
	state = keep;
	return n;
}

static void
read_book(const char *path)
{
	static char line[65536];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		exit(74);
	while (names < NAMES_MAX && fgets(line, sizeof(line), f) != NULL) {
		struct str rest = str_trim(str_of(line));
		struct str text;

		(void)str_cut(&rest, '\t'); /* the row's number */
		if (str_to_u64(str_cut(&rest, '\t'), UINT32_MAX,
			       &cluster[names]) != ERR_OK)
			exit(65);
		text = str_cut(&rest, '\t');
		name[names] = strndup(text.p, text.n);
		each_word(name[names], count_word);
		names++;
	}
	fclose(f);
}

static void
sort_words(void)
{
	uint64_t sum = 0, often = 0;

	common_w = calloc(WORDS_MAX, sizeof(*common_w));
	rare_w = calloc(WORDS_MAX, sizeof(*rare_w));
	common_sum = calloc(WORDS_MAX, sizeof(*common_sum));
	rare_sum = calloc(WORDS_MAX, sizeof(*rare_sum));
	for (size_t i = 0; i < WORDS_MAX; i++) {
		if (slot[i].p == NULL)
			continue;
		if (slot[i].df > RARE_DF) {
			sum += slot[i].df;
			common_sum[commons] = sum;
			common_w[commons++] = slot[i];
		} else {
			/* Seen once, it hardly comes again. */
			often += slot[i].df - 1;
			rare_sum[rares] = often;
			rare_w[rares++] = slot[i];
		}
	}
}

/* A word of w by its weight; sum[i] is the weight of the words up to i. */
static const char *
draw_word(const struct word *w, const uint64_t *sum, size_t n)
{
	uint64_t v = below(sum[n - 1]);
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (sum[mid] <= v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return w[lo].p;
}

/* Length of the legal form or the like at s, which stays as it is. */
static size_t
kept(const char *s, size_t n)
{
	static const char *const form[] = {
		"\u682A\u5F0F\u4F1A\u793E", "\u6709\u9650\u4F1A\u793E",
		"\u5408\u540C\u4F1A\u793E", "\u6709\u9650\u516C\u53F8",
		"\u80A1\u4EFD",
		"\u30AB\u30D6\u30B7\u30AD\u30AC\u30A4\u30B7\u30E3",
		"\u30DB\u30FC\u30EB\u30C7\u30A3\u30F3\u30B0\u30B9",
		"\uC8FC\uC2DD\uD68C\uC0AC",
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		size_t m = strlen(form[i]);

		if (m <= n && memcmp(s, form[i], m) == 0)
			return m;
	}
	return 0;
}

static unsigned changed; /* words or letters of the name being made */

/* Replaces letters of a CJK word by letters of other ones, at least one. */
static size_t
mutate(char *dst, const char *p, size_t n)
{
	memcpy(dst, p, n);
	for (unsigned round = 0, done = 0; round < 40 && done == 0; round++)
		for (size_t i = 0; i + 3 <= n; i++) {
			const char *other = rare_w[below(rares)].p;
			size_t m = strlen(other);
			size_t k = m >= 3 ? below(m / 3) * 3 : 0;
			size_t skip = kept(dst + i, n - i);

			if (skip > 0) {
				i += skip - 1;
				continue;
			}
			if ((unsigned char)dst[i] < 0xE3 ||
			    (unsigned char)dst[i] > 0xED)
				continue;
			if (m >= k + 3 && below(2) == 0 &&
			    (unsigned char)other[k] == (unsigned char)dst[i] &&
			    memcmp(dst + i, other + k, 3) != 0) {
				memcpy(dst + i, other + k, 3);
				done++;
				changed++;
			}
			i += 2;
		}
	return n;
}

static size_t
put_word(char *dst, const char *p, size_t n)
{
	const struct word *w = word_of(p, n);
	const char *other;
	size_t kind = below(100);

	if (w->df > RARE_DF) {
		if (kind < 72 || (unsigned char)p[0] >= 128)
			other = w->p;
		else
			other = draw_word(common_w, common_sum, commons);
	} else if ((unsigned char)p[0] >= 0xE3) {
		return mutate(dst, p, n);
	} else if (kind < REUSE) {
		other = draw_word(rare_w, rare_sum, rares);
		if ((unsigned char)other[0] >= 0xE3)
			other = w->p;
	} else {
		size_t len = make_up(dst);

		if (p[0] >= 'A' && p[0] <= 'Z' && len > 0)
			dst[0] = (char)(dst[0] - 32);
		changed++;
		return len;
	}
	changed += other != w->p;
	n = strlen(other);
	memcpy(dst, other, n);
	return n;
}

static char made[8192];
static size_t made_n;

static void
add_word(const char *p, size_t n)
{
	if (made_n + n + 300 > sizeof(made))
		return;
	if (made_n > 0)
		made[made_n++] = ' ';
	made_n += put_word(made + made_n, p, n);
}

static const char *
country_of(const char *s, uint64_t r)
{
	for (; *s != 0; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == 0xE3 && (unsigned char)s[1] >= 0x81)
			return "JP";
		if (c >= 0xE4 && c <= 0xE9)
			return r % 3 == 0 ? "TW" : r % 3 == 1 ? "HK" : "JP";
		if (c >= 0xEA && c <= 0xED)
			return "KR";
		if (c == 0xD0 || c == 0xD1)
			return "RU";
	}
	return country(r);
}

static void
print_name(const char *id, long c, unsigned long n, const char *s, uint64_t r)
{
	printf("%s%ldR%lu,buyer,\"", id, c, n);
	for (; *s != 0; s++) {
		if (*s == '"')
			putchar('"');
		putchar(*s);
	}
	printf("\",,%s,,,,0\n", country_of(made, r));
}

int
main(int argc, char **argv)
{
	uint64_t rows = 0, step, planted = 0;
	static char out[1 << 20];

	if (argc != 4 ||
	    str_to_u64(str_of(argv[1]), 1000000000, &rows) != ERR_OK ||
	    str_to_u64(str_of(argv[2]), UINT64_MAX, &state) != ERR_OK)
		return 2;
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	slot = calloc(WORDS_MAX, sizeof(*slot));
	read_book(argv[3]);
	sort_words();
	for (size_t i = 0; i < names; i++)
		each_word(name[i], learn_rare);
	step = rows / names;
	puts("obligor_id,type,name,aliases,country,jurisdiction,ids,address,"
	     "natural_person");
	for (unsigned long i = 0; i < rows; i++) {
		if (step > 0 && i % step == 0 && planted < names) {
			/* The country of a cluster is drawn by its number. */
			uint64_t r = hash((char *)&cluster[planted],
					  sizeof(long));

			made[0] = 0;
			print_name("C", cluster[planted], planted,
				   name[planted], r >> 8);
			planted++;
			continue;
		}
		made_n = 0;
		changed = 0;
		each_word(name[below(names)], add_word);
		/* Two companies are seldom called quite the same. */
		if (changed == 0) {
			char word[MADE_MAX];
			size_t n = make_up(word);

			memmove(made + n + 1, made, made_n);
			memcpy(made, word, n);
			made[n] = ' ';
			made_n += n + 1;
		}
		made[made_n] = 0;
		print_name("C", -9L, i, made, draw());
	}
	return 0;
}
