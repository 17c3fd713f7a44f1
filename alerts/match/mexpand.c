/*
 * mexpand.c - tokens of the book that may stand for those of a query.
 */
#include "mexpand.h"

#include <string.h>

#include "mphon.h"

#define EXPAND_PER_TOKEN 28u /* across scripts */
#define EXPAND_LATIN 10u
#define VARIANTS_READ 48u
#define FOUND_MAX 128u
#define FUZZY_SIM_MIN 0.6f
#define SOUNDS_READ 256u /* entries of a sound, across scripts */
#define FUZZY_MIN 0.3f /* weight below which a known word is not misspelt */

void
mexpand_put(const struct mseg *s, struct mscratch *x, uint32_t token,
	    uint32_t mask, float sim, float part)
{
	uint16_t *mark = &x->mark[token & (MCAND_MARKS - 1)];

	if (token == UINT32_MAX)
		return;
	for (unsigned i = *mark; i != 0; i = x->expand[i - 1].next) {
		struct mexpand *e = &x->expand[i - 1];

		if (e->token != token || e->mask != mask)
			continue;
		if (e->sim < sim)
			e->sim = sim;
		return;
	}
	if (x->expand_n == MCAND_EXPAND_MAX)
		return;
	x->expand[x->expand_n++] =
	    (struct mexpand){ .token = token,
			      .mask = mask,
			      .sim = sim,
			      .part = part,
			      .df = mseg_post_prefetch(s, token,
						       x->q->country),
			      .next = *mark };
	*mark = (uint16_t)x->expand_n;
}

/* The token a text would be in the index, as a word or as a concept. */
static uint32_t
token_of_text(const struct mseg *s, struct str t)
{
	uint64_t h = mtab_hash_bytes(t.p, t.n);
	const struct mword *w = mtab_phrase(mtab_mix(2, h));

	if (w != NULL && w->whole && w->concept != 0)
		return mseg_token(s, mtab_mix(3, w->concept));
	return mseg_token(s, h);
}

/* How alike a token of the book is; soft is the query's, by sound or not. */
static float
fuzzy_sim(struct str a, struct str soft, struct str b, bool sound,
	  bool foreign)
{
	UNSET char sb[MPHON_MAX];
	size_t short_n = a.n < b.n ? a.n : b.n;
	unsigned limit = short_n <= 3 ? 0 : short_n <= 7 ? 1 : 2;
	float sim = 0;
	struct str y;

	if (!foreign || !sound) {
		unsigned d = mcand_edits(a, b, limit);

		if (d <= limit)
			sim = 1 - 1.1f * (float)d / (float)short_n;
	}
	if (!sound || short_n < 3)
		return sim;
	y = (struct str){ sb, mphon_soft(b, sb, sizeof(sb)) };
	if (str_eq(soft, y))
		return 0.93f;
	if (foreign) {
		float p = mphon_sim(soft, y, false, 0.7f);

		if (p * 0.95f > sim)
			sim = p * 0.95f;
	}
	return sim;
}

/* Tokens of the book that may be meant by one of the query. */
struct fuzzy {
	struct str text, soft; /* of the query's token */
	uint32_t token;	       /* its id */
	bool foreign;
	unsigned keep;
	unsigned n;
	uint32_t best[EXPAND_PER_TOKEN];
	float sim[EXPAND_PER_TOKEN];
	unsigned found_n;
	uint32_t found[FOUND_MAX];
	bool sound[FOUND_MAX]; /* found by its sound */
};

static void
fuzzy_put(struct fuzzy *z, uint32_t id, float v)
{
	unsigned at = z->n;

	while (at > 0 && z->sim[at - 1] < v)
		at--;
	if (at == z->keep)
		return;
	if (z->n == z->keep)
		z->n--;
	memmove(z->best + at + 1, z->best + at, (z->n - at) * 4);
	memmove(z->sim + at + 1, z->sim + at, (z->n - at) * 4);
	z->best[at] = id;
	z->sim[at] = v;
	z->n++;
}

/* Compares what was found, once all of it has been asked for. */
static void
fuzzy_compare(const struct mseg *s, struct fuzzy *z)
{
	for (unsigned k = 0; k < z->found_n; k++)
		mseg_token_prefetch(s, z->found[k]);
	for (unsigned k = 0; k < z->found_n; k++)
		mseg_text_prefetch(s, z->found[k]);
	for (unsigned k = 0; k < z->found_n; k++) {
		uint32_t id = z->found[k];
		bool seen = id == z->token;
		float v;

		for (unsigned m = 0; m < z->n; m++)
			seen = seen || z->best[m] == id;
		if (seen)
			continue;
		v = fuzzy_sim(z->text, z->soft, mseg_text(s, id), z->sound[k],
			      z->foreign);
		if (v >= FUZZY_SIM_MIN)
			fuzzy_put(z, id, v);
	}
	z->found_n = 0;
}

static void
fuzzy_find(const struct mseg *s, struct fuzzy *z, uint64_t key, bool sound)
{
	const uint32_t *list = NULL;
	size_t most = sound && z->foreign ? SOUNDS_READ : VARIANTS_READ;
	size_t count = mseg_variants(s, key, &list);

	for (size_t j = 0; j < count && j < most; j++) {
		if (list[j] >> 28 != (key & 15))
			continue;
		z->found[z->found_n] = list[j] & MSEG_ID_MASK;
		z->sound[z->found_n++] = sound;
		if (z->found_n == FOUND_MAX)
			fuzzy_compare(s, z);
	}
}

/* Misspelt and sound-alike tokens of the book for query token i. */
static void
expand_fuzzy(const struct mseg *s, struct mscratch *x,
	     const struct mquery_name *q, unsigned i)
{
	UNSET uint64_t key[MKEY_VARIANTS_MAX];
	UNSET char text[MPHON_MAX];
	UNSET struct fuzzy z;
	size_t sounds, keys;

	z.text = mfold_text(q->m, &q->m->tok[i]);
	z.soft = (struct str){ text, mphon_soft(z.text, text, sizeof(text)) };
	z.token = q->token[i];
	z.foreign = q->foreign;
	z.keep = q->foreign ? EXPAND_PER_TOKEN : EXPAND_LATIN;
	z.n = 0;
	z.found_n = 0;
	keys = mkey_variants(z.text, key, &sounds);
	for (size_t k = 0; k < keys; k++)
		mseg_variants_prefetch(s, key[k]);
	for (size_t k = 0; k < keys; k++)
		mseg_variants_prefetch2(s, key[k]);
	for (size_t k = 0; k < keys; k++)
		/* Consonants alone are evidence only across scripts. */
		if (k != 1 || sounds != 2 || q->foreign)
			fuzzy_find(s, &z, key[k], k < sounds);
	fuzzy_compare(s, &z);
	for (unsigned k = 0; k < z.n; k++)
		mexpand_put(s, x, z.best[k], 1u << i, z.sim[k] * 0.95f, 1);
}

/* Two book tokens written as one, and one written as two. */
static void
expand_glued(const struct mseg *s, struct mscratch *x,
	     const struct mquery_name *q, unsigned i)
{
	struct str t = mfold_text(q->m, &q->m->tok[i]);
	UNSET char text[2 * MFOLD_TOKEN_LEN_MAX];

	if (q->token[i] == UINT32_MAX && t.n >= 6)
		for (size_t k = 3; k + 2 <= t.n; k++) {
			mseg_slot_prefetch(s, mtab_hash_bytes(t.p, k));
			mseg_slot_prefetch(s, mtab_hash_bytes(t.p + k, t.n - k));
		}
	if (q->token[i] == UINT32_MAX && t.n >= 6)
		for (size_t k = 3; k + 2 <= t.n; k++) {
			uint32_t a = token_of_text(s, str_sub(t, 0, k));
			uint32_t b = token_of_text(s, str_sub(t, k, t.n));

			if (a != UINT32_MAX && mphrase_is_legal(
						   str_sub(t, k, t.n)))
				mexpand_put(s, x, a, 1u << i, 0.95f, 1);
			if (a == UINT32_MAX || b == UINT32_MAX)
				continue;
			mexpand_put(s, x, a, 1u << i, 0.95f,
				   (float)k / (float)t.n);
			mexpand_put(s, x, b, 1u << i, 0.95f,
				   (float)(t.n - k) / (float)t.n);
		}
	if (i + 1 < q->m->n) {
		struct str u = mfold_text(q->m, &q->m->tok[i + 1]);

		memcpy(text, t.p, t.n);
		memcpy(text + t.n, u.p, u.n);
		mexpand_put(s, x,
			   token_of_text(s, (struct str){ text, t.n + u.n }),
			   3u << i, 0.95f, 1);
	}
}

/*
 * A word cut out of a run beside its general word: kasikorn and bank may be
 * Kasikornbank where they are not cut.
 */
static void
expand_compound(const struct mseg *s, struct mscratch *x,
		const struct mquery_name *q, unsigned i)
{
	const struct mname *m = q->m;
	struct str t = mfold_text(m, &m->tok[i]);
	UNSET char text[2 * MFOLD_TOKEN_LEN_MAX];

	for (unsigned k = i == 0 ? 1 : i - 1; k <= i + 1 && k < m->n;
	     k += 2) {
		struct str u;

		if (!m->tok[k].glued || m->tok[k].kind != MK_CONCEPT)
			continue;
		u = mtab_concept(m->tok[k].concept)->name;
		if (u.n > MFOLD_TOKEN_LEN_MAX)
			continue;
		memcpy(text, t.p, t.n);
		memcpy(text + t.n, u.p, u.n);
		mexpand_put(s, x,
			   token_of_text(s, (struct str){ text, t.n + u.n }),
			   1u << i | 1u << k, 0.9f, 1);
	}
}

/* Adjectives of places and people: izhevskiy is of Izhevsk. */
static void
expand_stem(const struct mseg *s, struct mscratch *x,
	    const struct mquery_name *q, unsigned i)
{
	static const struct {
		char end[8];
		char put[8];
	} stem[] = {
		{ "skiy", "sk" }, { "skiy", "" },  { "skaya", "sk" },
		{ "skoe", "sk" }, { "ovskiy", "" }, { "inskiy", "a" },
		{ "evskiy", "" }, { "nyy", "" },    { "naya", "" },
		{ "noe", "" },	  { "skogo", "sk" }, { "skiy", "skoye" },
		{ "skii", "sk" }, { "a", "" },	    { "y", "" },
	};
	struct str t = mfold_text(q->m, &q->m->tok[i]);
	UNSET char text[MFOLD_TOKEN_LEN_MAX + 8];

	for (size_t k = 0; k < sizeof(stem) / sizeof(stem[0]); k++) {
		struct str end = str_of(stem[k].end);
		struct str put = str_of(stem[k].put);
		size_t n = t.n - end.n;

		if (t.n < end.n + 4 || !str_ends(t, end))
			continue;
		memcpy(text, t.p, n);
		memcpy(text + n, put.p, put.n);
		mexpand_put(s, x,
			   token_of_text(s, (struct str){ text, n + put.n }),
			   1u << i, 0.9f, 1);
	}
}

void
mexpand_alike(const struct mseg *s, struct mscratch *x,
	      const struct mquery_name *q)
{
	for (unsigned i = 0; i < q->m->n; i++) {
		const struct mtok *t = &q->m->tok[i];

		if (t->kind == MK_NUMBER || t->kind == MK_CONCEPT)
			continue;
		if (q->token[i] == UINT32_MAX || q->idf[i] > FUZZY_MIN)
			expand_fuzzy(s, x, q, i);
		expand_glued(s, x, q, i);
		if (t->glued && t->kind == MK_WORD)
			expand_compound(s, x, q, i);
		if (t->script == MS_CYRL)
			expand_stem(s, x, q, i);
	}
}
