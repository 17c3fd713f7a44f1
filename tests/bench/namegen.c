/*
 * namegen.c - books of any size with the shape of real names.
 *
 *   namegen ROWS SEED BOOK.tsv MIX.tsv > obligors.csv
 *
 * BOOK.tsv is of homes.py: row, cluster, name, folded, country, known.  Its
 * names are templates: how many words, which common words, which legal forms
 * and script.  A made-up row's country is drawn first, so that the whole book
 * has the mix of MIX.tsv; then a template that is known to be of that country,
 * or, the more often the fewer there are, one of which nothing is known.  A
 * legal form stays; a common word stays or is redrawn by frequency; a rare
 * one is redrawn from the rare words, by how often they came again, or made
 * up of parts of several, so that new words keep appearing as the book
 * grows.  Words are those of the template's group: its country
 * when that has enough names, else all the others together.  How often two
 * names of a group share a rare word is that of BOOK, whatever the size.
 * The real names themselves are planted evenly and in no order, in their
 * country (ids C<cluster>R<row>), made-up ones are C-9R<n>.  With ROWS 0 every
 * real name is a template once, in its country, and none is planted: what
 * likeness.py holds against BOOK.  The same arguments give the same bytes.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namewords.h"

#define NAMES_MAX 200000
#define COUNTRIES_MAX 256u
#define GROUPS_MAX 16u
#define GROUP_MIN 600u /* names from which a country is a group */
#define OWN_HALF 200u /* templates from which half of the rows are of them */
#define RARE_DF 12
#define KEEP 72u /* of 100 common words, how many stay */
#define MADE_MIN 4u /* letters of a made-up word */
#define MADE_MAX 14u
#define TAIL 0.6 /* how fast made-up words grow rare: Zipf 1.6, Heaps 0.63 */
#define SQUARES (TAIL * TAIL / (1 + 2 * TAIL)) /* of their shares, by 1/size */
#define NEW_PART 0.1 /* of the pairs with a rare word alike, new ones at least */
#define ALONE 12.0 /* a word that is all of a name is of so longer a list */
#define PLAIN 70u /* of 100 names of common words, how many get another */
#define RUN_MIN 12u /* bytes of a run of kanji or kana made up */
#define RUN_MAX 90u
#define JUMP 35u /* of 100 letters, after how many another word goes on */
#define TRIES 48u /* words looked at for one to go on with */

struct model {
	size_t names;
	struct str *run[2]; /* of kanji and of kana, without legal forms */
	size_t runs[2];
	struct str *plain; /* rare words of letters only */
	size_t plains;
	struct word *slot; /* hash table */
	struct word *common, *rare;
	size_t commons, rares;
	uint64_t *common_sum, *rare_sum;
	double reuse;	/* share of rare words that are not new */
	double lexicon; /* made-up words that are used more than others */
};

struct home {
	char code[3];
	unsigned share;
	size_t planted;
	uint32_t *template; /* known to be of it */
	size_t templates;
	unsigned group;
	uint64_t sum; /* rows to be made up, up to this one */
};

static struct {
	char *text;
	uint64_t row, cluster;
	unsigned home;
	bool known;
} name[NAMES_MAX];
static size_t names;
static struct home home[COUNTRIES_MAX];
static unsigned homes;
static uint32_t unknown[NAMES_MAX];
static size_t unknowns;
static struct model *group[GROUPS_MAX]; /* 0: what is of no other */
static unsigned groups;
static struct word *all; /* words of the whole book */
static bool
is_rare(struct str w)
{
	return word_of(all, w.p, w.n)->df <= RARE_DF;
}

/* ---- the book ---- */

static unsigned
home_of(struct str code)
{
	for (unsigned i = 0; i < homes; i++)
		if (str_eq(code, str_of(home[i].code)))
			return i;
	exit(65);
}

static void
read_mix(const char *path)
{
	static char line[256];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		exit(74);
	while (homes < COUNTRIES_MAX && fgets(line, sizeof(line), f) != NULL) {
		struct str rest = str_trim(str_of(line));
		struct str code = str_cut(&rest, ' ');
		uint64_t share;

		if (code.n != 2 || str_to_u64(rest, 10000, &share) != ERR_OK)
			continue;
		memcpy(home[homes].code, code.p, 2);
		home[homes++].share = (unsigned)share;
	}
	fclose(f);
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
		struct str text, w;
		const char *s;

		if (str_to_u64(str_cut(&rest, '\t'), UINT32_MAX,
			       &name[names].row) != ERR_OK ||
		    str_to_u64(str_cut(&rest, '\t'), UINT32_MAX,
			       &name[names].cluster) != ERR_OK)
			exit(65);
		text = str_cut(&rest, '\t');
		(void)str_cut(&rest, '\t'); /* folded */
		name[names].text = strndup(text.p, text.n);
		s = name[names].text;
		name[names].home = home_of(str_cut(&rest, '\t'));
		name[names].known = str_eq(rest, str_of("1"));
		while (next_word(&s, &w))
			word_of(all, w.p, w.n)->df++;
		names++;
	}
	fclose(f);
}

/* A template whose words nothing here could replace is none. */
static bool
usable(const char *s)
{
	for (; *s != 0; s++)
		if ((unsigned char)*s >= 0xCE && !is_cjk(s))
			return false;
	return true;
}

static void
sort_templates(void)
{
	for (unsigned h = 0; h < homes; h++)
		home[h].template = calloc(names, sizeof(uint32_t));
	for (size_t i = 0; i < names; i++) {
		struct home *h = &home[name[i].home];

		h->planted++;
		if (!usable(name[i].text))
			continue;
		if (name[i].known)
			h->template[h->templates++] = (uint32_t)i;
		else
			unknown[unknowns++] = (uint32_t)i;
	}
	groups = 1;
	for (unsigned h = 0; h < homes; h++)
		if (home[h].templates >= GROUP_MIN && groups < GROUPS_MAX)
			home[h].group = groups++;
}

static unsigned
group_of(size_t template)
{
	return name[template].known ? home[name[template].home].group : 0;
}

/* ---- words and letters of a group ---- */

/* Bytes of the run of kanji or kana at s that is no legal form. */
static size_t
run_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i + 3 <= n && is_cjk(s + i) && kept(s + i, n - i) == 0)
		i += 3;
	return i;
}

/* 0 for kanji, 1 for kana. */
static unsigned
run_kind(const char *s)
{
	return (unsigned char)s[0] == 0xE3;
}

static void
learn_runs(struct model *m, struct str w)
{
	for (size_t i = 0, n; i < w.n; i += n) {
		unsigned kind = run_kind(w.p + i);

		n = run_length(w.p + i, w.n - i);
		if (n >= 6 && n < RUN_MAX)
			m->run[kind][m->runs[kind]++] =
			    (struct str){ w.p + i, n };
		if (n == 0)
			n = kept(w.p + i, w.n - i);
		n += n == 0;
	}
}

/* A word of letters only, which made-up ones are put together from. */
static bool
is_plain(struct str w)
{
	for (size_t i = 0; i < w.n; i++)
		if (!is_letter(w.p[i]))
			return false;
	return w.n >= MADE_MIN && w.n <= MADE_MAX;
}

static void
learn(struct model *m, const char *s)
{
	struct str w;

	bool alone = telling(s) == 1;

	m->names++;
	while (next_word(&s, &w)) {
		word_of(m->slot, w.p, w.n)->df++;
		word_of(m->slot, w.p, w.n)->alone += alone && !is_form(w);
		if (has_cjk(w) && m->runs[0] + m->runs[1] < NAMES_MAX / 2)
			learn_runs(m, w);
	}
}

/* Drawn from the gamma distribution of a shape below one. */
static double
gamma_small(double shape)
{
	double b = 1 + shape * exp(-1);

	for (;;) {
		double p = b * uniform();
		double x = p <= 1 ? pow(p, 1 / shape) : -log((b - p) / shape);

		if (uniform() <= (p <= 1 ? exp(-x) : pow(x, shape - 1)))
			return x;
	}
}

/*
 * How often a rare word is one seen before, and which: by absolute
 * discounting, so that all that were seen once come again as seldom as the
 * words seen twice say, but some of them often and most hardly ever, as in
 * a Pitman-Yor process.  The rest is new, from a list so long that names
 * share a word as often as the real ones do.
 */
static void
fit(struct model *m)
{
	double once = 0, twice = 0, rare = 0, pairs = 0, seen = 0, less;
	uint64_t sum = 0;

	for (size_t i = 0; i < m->rares; i++) {
		double df = m->rare[i].df;

		once += df < 2;
		twice += df > 1 && df < 3;
		rare += df;
		pairs += df * (df - 1);
	}
	less = once / (once + 2 * twice);
	for (size_t i = 0; i < m->rares; i++) {
		double w = gamma_small(1 - less);

		for (uint32_t k = 1; k < m->rare[i].df; k++)
			w -= log(1 - uniform());
		seen += w * w;
		sum += (uint64_t)(w * 1e6);
		m->rare_sum[i] = sum;
	}
	m->reuse = 1 - less * (double)m->rares / rare;
	m->lexicon = SQUARES * (1 - m->reuse) * (1 - m->reuse) * rare * rare /
		     fmax(pairs - seen, NEW_PART * pairs);
}

static struct model *
model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	m->plain = calloc(WORDS_MAX, sizeof(*m->plain));
	for (unsigned kind = 0; kind < 2; kind++)
		m->run[kind] = calloc(NAMES_MAX, sizeof(struct str));
	m->slot = calloc(WORDS_MAX, sizeof(*m->slot));
	m->common = calloc(WORDS_MAX, sizeof(*m->common));
	m->rare = calloc(WORDS_MAX, sizeof(*m->rare));
	m->common_sum = calloc(WORDS_MAX, sizeof(*m->common_sum));
	m->rare_sum = calloc(WORDS_MAX, sizeof(*m->rare_sum));
	return m;
}

static void
sort_words(struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < WORDS_MAX; i++) {
		const struct word *w = &m->slot[i];

		if (w->p == NULL)
			continue;
		if (!is_rare(str_of(w->p))) {
			if (is_form(str_of(w->p)) ||
			    has_cjk(str_of(w->p)))
				continue;
			sum += w->df;
			m->common_sum[m->commons] = sum;
			m->common[m->commons++] = *w;
		} else if (!has_cjk(str_of(w->p))) {
			if (w->df > w->alone) {
				m->rare[m->rares] = *w;
				m->rare[m->rares++].df -= w->alone;
			}
			if (is_plain(str_of(w->p)))
				m->plain[m->plains++] = str_of(w->p);
		}
	}
	fit(m);
}

static void
make_models(void)
{
	for (unsigned g = 0; g < groups; g++)
		group[g] = model_new();
	for (size_t i = 0; i < names; i++)
		if (usable(name[i].text))
			learn(group[group_of(i)], name[i].text);
	for (unsigned g = 0; g < groups; g++)
		sort_words(group[g]);
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

/* ---- making ---- */

/* Another end than own after the two letters before p, or none. */
static struct str
other_end(const struct model *m, const char *p, struct str own)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct str w = m->plain[below(m->plains)];

		for (size_t k = 2; k < w.n; k++)
			if ((w.p[k - 2] | 32) == p[-2] &&
			    (w.p[k - 1] | 32) == p[-1] &&
			    !str_eq(str_sub(w, k, w.n), own))
				return str_sub(w, k, w.n);
	}
	return STR_NONE;
}

/*
 * A word that sounds like the rare ones of the group: the beginning of one,
 * until another that has the same two letters goes on from there.
 */
static size_t
splice(const struct model *m, char *dst)
{
	struct str w = m->plain[below(m->plains)];
	unsigned jumps = 0;
	size_t n = 0;

	while (w.n > 0 && n < MADE_MAX) {
		dst[n++] = (char)(w.p[0] | 32);
		w = str_sub(w, 1, w.n);
		if (n >= 2 && w.n > 0 && below(100) < JUMP) {
			struct str end = other_end(m, dst + n, w);

			jumps += end.n > 0;
			w = end.n > 0 ? end : w;
		}
	}
	return jumps > 0 ? n : 0;
}

/*
 * Of an endless list of words, each seldomer than the one before.  The
 * letters of a word follow from its place there.
 */
static size_t
make_up(unsigned g, double longer, char *dst)
{
	double place = group[g]->lexicon * longer *
		       (pow(1 - uniform(), -1 / TAIL) - 1);
	uint64_t keep = namewords_state;
	size_t n = 0;

	namewords_state =
	    (place < 1e15 ? (uint64_t)place : 0) + ((uint64_t)g << 50);
	for (unsigned i = 0; i < TRIES && n < MADE_MIN; i++)
		n = splice(group[g], dst);
	namewords_state = keep;
	return n;
}

static unsigned changed; /* words or runs of the name being made */
static unsigned rare_n; /* of them rare ones */

/* Another end than own after the letter at p (kana: two), or none. */
static struct str
go_on(const struct model *m, unsigned kind, const char *p, struct str own)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct str r = m->run[kind][below(m->runs[kind])];

		for (size_t k = 3 + 3 * kind; k + 3 <= r.n; k += 3)
			if (memcmp(r.p + k - 3 - 3 * kind, p - 3 * kind,
				   3 + 3 * kind) == 0 &&
			    !str_eq(str_sub(r, k, r.n), own))
				return str_sub(r, k, r.n);
	}
	return STR_NONE;
}

/*
 * A run of kanji or kana: of one name, until another that has the same
 * letter goes on from there.
 */
static size_t
make_run(const struct model *m, unsigned kind, char *dst)
{
	for (unsigned round = 0;; round++) {
		struct str r = m->run[kind][below(m->runs[kind])];
		size_t n = 0;
		unsigned jumps = 0;

		while (r.n >= 3 && n + 3 <= RUN_MAX) {
			struct str other = STR_NONE;

			memcpy(dst + n, r.p, 3);
			n += 3;
			if (r.n > 3 && n > 3 * kind && below(100) < JUMP)
				other = go_on(m, kind, r.p,
					      str_sub(r, 3, r.n));
			jumps += other.n > 0;
			r = other.n > 0 ? other : str_sub(r, 3, r.n);
		}
		if ((jumps > 0 && n >= RUN_MIN) || round == TRIES)
			return n;
	}
}

/* Letters inside a word with kanji or kana: others, if they are some. */
static size_t
put_letters(unsigned g, char *dst, struct str w)
{
	size_t n = 0;

	while (n < w.n && is_letter(w.p[n]))
		n++;
	if (n < 3) {
		n += n == 0;
		memcpy(dst, w.p, n);
		return n;
	}
	changed++;
	return make_up(g, 1, dst);
}

static size_t
put_runs(unsigned g, char *dst, struct str w)
{
	const struct model *m = group[g];
	size_t n = 0;

	for (size_t i = 0, k; i < w.n && n < RUN_MAX * 8; i += k) {
		unsigned kind = run_kind(w.p + i);

		k = run_length(w.p + i, w.n - i);
		if (k >= 6 && m->runs[kind] > 0) {
			n += make_run(m, kind, dst + n);
			changed++;
			rare_n++;
		} else if (k > 0 || kept(w.p + i, w.n - i) > 0) {
			k = k > 0 ? k : kept(w.p + i, w.n - i);
			memcpy(dst + n, w.p + i, k);
			n += k;
		} else {
			struct str rest = str_sub(w, i, w.n);

			n += put_letters(g, dst + n, rest);
			for (k = 0; k < rest.n && is_letter(rest.p[k]);)
				k++;
			k += k == 0;
		}
	}
	return n;
}

static size_t
put_rare(unsigned g, char *dst, struct str w, bool alone)
{
	const struct model *m = group[g];
	const char *other;
	size_t n;

	rare_n++;
	if (!alone && uniform() < m->reuse) {
		other = draw_word(m->rare, m->rare_sum, m->rares);
		changed += !str_eq(w, str_of(other));
		n = strlen(other);
		memcpy(dst, other, n);
		return n;
	}
	n = make_up(g, alone ? ALONE : 1, dst);
	if (w.p[0] >= 'A' && w.p[0] <= 'Z' && n > 0)
		dst[0] = (char)(dst[0] - 32);
	changed++;
	return n;
}

static size_t
put_word(unsigned g, char *dst, struct str w, bool alone)
{
	const struct model *m = group[g];
	struct str other = w;

	if (has_cjk(w))
		return put_runs(g, dst, w);
	if (is_rare(w))
		return put_rare(g, dst, w, alone);
	if (!is_form(w) && below(100) >= KEEP && m->commons > 0) {
		other = str_of(draw_word(m->common, m->common_sum, m->commons));
		changed += !str_eq(other, w);
	}
	memcpy(dst, other.p, other.n);
	return other.n;
}

static char made[8192];

static void
make_name(size_t template)
{
	unsigned g = group_of(template);
	const char *s = name[template].text;
	bool alone = telling(s) == 1;
	size_t n = 0;
	struct str w;

	changed = 0;
	rare_n = 0;
	while (next_word(&s, &w) && n + w.n + 1000 < sizeof(made)) {
		if (n > 0)
			made[n++] = ' ';
		n += put_word(g, made + n, w, alone);
	}
	/* Two companies are seldom called quite the same. */
	if (changed == 0 || (rare_n == 0 && below(100) < PLAIN)) {
		char word[MADE_MAX];
		size_t k = make_up(g, 1, word);

		memmove(made + k + 1, made, n);
		memcpy(made, word, k);
		made[k] = ' ';
		n += k + 1;
	}
	made[n] = 0;
}

static void
print_name(long c, unsigned long n, const char *s, unsigned h)
{
	printf("C%ldR%lu,buyer,\"", c, n);
	for (; *s != 0; s++) {
		if (*s == '"')
			putchar('"');
		putchar(*s);
	}
	printf("\",,%s,,,,0\n", home[h].code);
}

/* How many rows of each country are to be made up. */
static void
share_out(uint64_t rows, bool plant)
{
	uint64_t shares = 0, sum = 0;

	for (unsigned h = 0; h < homes; h++)
		shares += home[h].share;
	for (unsigned h = 0; h < homes; h++) {
		uint64_t want = rows * home[h].share / shares;
		uint64_t have = plant ? home[h].planted : 0;

		sum += want > have ? want - have : 0;
		home[h].sum = sum;
	}
}

/* The real names in an order that says nothing of where they came from. */
static uint32_t *
shuffled(void)
{
	uint32_t *order = calloc(names, sizeof(*order));

	for (size_t i = 0; i < names; i++) {
		size_t k = below(i + 1);

		order[i] = order[k];
		order[k] = (uint32_t)i;
	}
	return order;
}

static unsigned
draw_home(void)
{
	uint64_t v = below(home[homes - 1].sum);
	unsigned h = 0;

	while (home[h].sum <= v)
		h++;
	return h;
}

static void
made_up_row(unsigned long i)
{
	unsigned h = draw_home();
	const struct home *at = &home[h];
	size_t own = below(at->templates + OWN_HALF);

	make_name(own < at->templates ? at->template[own] :
					unknown[below(unknowns)]);
	print_name(-9, i, made, h);
}

int
main(int argc, char **argv)
{
	uint64_t rows = 0, step, planted = 0;
	uint32_t *order;
	static char out[1 << 20];

	if (argc != 5 ||
	    str_to_u64(str_of(argv[1]), 1000000000, &rows) != ERR_OK ||
	    str_to_u64(str_of(argv[2]), UINT64_MAX, &namewords_state) != ERR_OK)
		return 2;
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	all = calloc(WORDS_MAX, sizeof(*all));
	read_mix(argv[4]);
	read_book(argv[3]);
	sort_templates();
	make_models();
	puts("obligor_id,type,name,aliases,country,jurisdiction,ids,address,"
	     "natural_person");
	for (size_t i = 0; rows == 0 && i < names; i++) {
		make_name(i);
		print_name(-9, i, made, name[i].home);
	}
	step = rows / names;
	order = shuffled();
	share_out(rows, step > 0);
	for (unsigned long i = 0; i < rows; i++) {
		if (step > 0 && i % step == 0 && planted < names) {
			uint32_t k = order[planted++];

			print_name((long)name[k].cluster, name[k].row,
				   name[k].text, name[k].home);
			continue;
		}
		made_up_row(i);
	}
	return 0;
}
