/*
 * mcand.c - candidate rows.
 */
#include "mcand.h"

#include <string.h>

#include "mexpand.h"

#define GOOD_ENOUGH 0.92f
#define SMALL_BOOK 20000u /* rows; below there is time for every round */
#define PAIR_DF 4096u
#define SAME_FORM 0.01f /* namesakes of the same legal form first */
#define KEY_FEW 16u
#define KEY_ABROAD 0.25f /* off the promise of a key in another country */
#define ALL_MAX 1024u /* df up to which other countries are walked too */
#define HOME_SHARE 0.3f /* what the right country adds to a word */
#define HOME_SCORE 0.25f /* and to a row */
#define HOME_FIRST 0.6f /* and to a row not read yet, of the whole query */
#define BARS 64u
#define LOTS 64u /* rows drawn of too many equal ones */
#define ROWS_AHEAD 8u /* asked for while one is read */
#define WORTH 0.3f /* share of the best sum below which no row is read */

/* What a token weighs before the book has said anything. */
static float
prior_weight(enum mkind kind)
{
	switch (kind) {
	case MK_CONCEPT:
		return 0.22f;
	case MK_PLACE:
		return 0.26f;
	case MK_NUMBER:
		return 0.35f;
	case MK_WORD:
		break;
	}
	return 0.7f;
}

float
mcand_weight(const struct mseg *s, float idf, enum mkind kind)
{
	float w = idf / s->log_n;
	float trust = s->trust;

	if (kind == MK_CONCEPT && w > 0.42f)
		w = 0.42f;
	if (kind == MK_PLACE && w > 0.45f)
		w = 0.45f;
	if (kind == MK_NUMBER && w > 0.5f)
		w = 0.5f;
	w = trust * w + (1 - trust) * prior_weight(kind);
	return w < 0.06f ? 0.06f : w > 1 ? 1 : w;
}

void
mcand_name(const struct mseg *s, const struct mname *m, uint16_t country,
	   struct mquery_name *out)
{
	out->m = m;
	out->country = country;
	out->total = 0;
	out->foreign = (m->scripts & ~MFOLD_LATIN) != 0;
	for (unsigned i = 0; i < m->n; i++)
		mseg_slot_prefetch(s, m->tok[i].h);
	for (unsigned i = 0; i < m->n; i++) {
		const struct mtok *t = &m->tok[i];

		out->token[i] = mseg_token(s, t->h);
		mseg_token_prefetch(s, out->token[i]);
		out->idf[i] = mcand_weight(s, mseg_idf(s, out->token[i]),
					   (enum mkind)t->kind);
		out->total += out->idf[i];
	}
}

/* A number of the row that favours no place in the book. */
static inline uint32_t
lot(uint32_t row)
{
	row += UINT32_C(0x9E3779B9);
	row = (row ^ row >> 16) * UINT32_C(0x7FEB352D);
	row = (row ^ row >> 15) * UINT32_C(0x846CA68B);
	return row ^ row >> 16;
}

/* Below which lot n rows more are let in: all of them while there is room. */
static uint32_t
room_for(const struct mscratch *x, size_t n)
{
	size_t room = MCAND_TAKEN_MAX - x->taken_n;

	return n <= room ? UINT32_MAX : (uint32_t)(UINT32_MAX / n * room);
}

/* The place of a row, made when new and its lot is in; NULL without one. */
static inline struct mcand_row *
place_of(struct mscratch *x, uint32_t row, uint32_t in)
{
	size_t at = (size_t)(row * UINT32_C(2654435761)) >> 7 &
		    (MCAND_ROWS - 1);
	unsigned i;

	while ((i = x->slot[at]) != 0) {
		if (x->taken[i - 1].row == row)
			return &x->taken[i - 1];
		at = (at + 1) & (MCAND_ROWS - 1);
	}
	if (x->taken_n == MCAND_TAKEN_MAX ||
	    (in != UINT32_MAX && lot(row) >= in))
		return NULL;
	i = x->taken_n++;
	x->slot[at] = (uint16_t)(i + 1);
	x->taken[i] = (struct mcand_row){ .row = row };
	return &x->taken[i];
}

static void
add_key(const struct mseg *s, struct mscratch *x, uint64_t key, float promise)
{
	uint16_t country = x->q->country;
	size_t n = mseg_keys(s, key, country, x->keyed, MCAND_KEY_ROWS);
	uint32_t in = room_for(x, n);

	/* Many namesakes: the country is asked for before all are read. */
	if (country != 0)
		for (size_t i = 0; i < n; i++)
			mseg_row_prefetch(s, x->keyed[i]);
	for (size_t i = 0; i < n; i++) {
		struct mcand_row *c = place_of(x, x->keyed[i], in);
		float p = promise;

		if (country != 0 && n > KEY_FEW) {
			bool home = mseg_row_country(s, x->keyed[i]) == country;

			if (!home)
				p -= KEY_ABROAD;
			if (c != NULL)
				c->at = home ? AT_HOME : AT_ABROAD;
		}
		if (c != NULL && c->key < p)
			c->key = p;
	}
}

enum walk { WALK_DONE, WALK_NONE, WALK_OVER };

/* Adds w to every row of the list, unless that is beyond the budget. */
static enum walk
walk_list(const struct mseg *s, struct mscratch *x, struct str list, float w,
	  unsigned at, uint32_t *budget)
{
	const uint8_t *p = (const uint8_t *)list.p, *end;
	uint32_t n, in, row = 0;

	if (list.n == 0)
		return WALK_NONE;
	end = p + list.n;
	n = mseg_varint(&p, end);
	if (n > *budget)
		return WALK_OVER;
	*budget -= n;
	in = room_for(x, n);
	for (uint32_t i = 0; i < n; i++) {
		struct mcand_row *c;

		row += mseg_varint(&p, end);
		c = place_of(x, row, in);
		if (c == NULL)
			continue;
		if (c->acc == 0 && at == AT_UNKNOWN)
			mseg_row_prefetch(s, row);
		if (c->at == AT_UNKNOWN)
			c->at = at;
		c->acc += w;
	}
	return WALK_DONE;
}

static float
weight_of(const struct mseg *s, const struct mexpand *e)
{
	return mcand_weight(s, mseg_idf(s, e->token), MK_WORD) * e->sim *
	       e->part;
}

/*
 * The lists of the country: short, whole, before anything else, so that no
 * common word elsewhere eats the budget of the right country.
 */
static void
walk_home(const struct mseg *s, struct mscratch *x, uint16_t country)
{
	uint32_t budget = MCAND_BUDGET;

	for (unsigned i = 0; i < x->expand_n; i++)
		if (!x->expand[i].home && x->expand[i].df > MSEG_SPLIT_MIN)
			__builtin_prefetch(
			    mseg_post_in(s, x->expand[i].token, country).p);
	for (unsigned i = 0; i < x->expand_n; i++) {
		struct mexpand *e = &x->expand[i];
		float w;

		if (e->home || e->df <= MSEG_SPLIT_MIN)
			continue;
		w = weight_of(s, e);
		e->home = 1;
		if (walk_list(s, x, mseg_post_in(s, e->token, country),
			      e->df > ALL_MAX ? w * (1 + HOME_SHARE) :
						w * HOME_SHARE,
			      AT_HOME, &budget) != WALK_DONE)
			continue;
		e->home_known = 1;
		if (e->df > ALL_MAX)
			e->walked = 1;
	}
}

/* Walks the lists not walked yet, the shortest first. */
static void
walk_all(const struct mseg *s, struct mscratch *x, uint16_t country)
{
	uint32_t budget = MCAND_BUDGET;
	bool over = false;

	if (country != 0)
		walk_home(s, x, country);
	while (!over) {
		struct mexpand *best = NULL;

		for (unsigned i = 0; i < x->expand_n; i++) {
			struct mexpand *e = &x->expand[i];

			if (!e->walked && (best == NULL || e->df < best->df))
				best = e;
		}
		if (best == NULL)
			return;
		over = walk_list(s, x, mseg_post(s, best->token),
				 weight_of(s, best),
				 country == 0 || best->home_known ?
				     AT_ABROAD :
				     AT_UNKNOWN,
				 &budget) == WALK_OVER;
		best->walked = 1;
	}
	/* The others are no shorter. */
	for (unsigned i = 0; i < x->expand_n; i++)
		x->expand[i].walked = 1;
}

/* How well the row's tokens cover the query's and the other way. */
static float
cover(const struct mseg *s, const struct mscratch *x, const struct mrow *r)
{
	const struct mquery_name *q = x->q;
	float got[MFOLD_TOKENS_MAX] = { 0 };
	float qsum = 0, bsum = 0, btotal = 0;

	for (unsigned i = 0; i < r->n; i++) {
		float w = mcand_weight(s, mseg_idf(s, r->tok[i]), MK_WORD);
		float best = 0;
		const struct mexpand *e = NULL;

		btotal += w;
		/* The last one stands first: of equal ones the first counts. */
		for (unsigned k = x->mark[r->tok[i] & (MCAND_MARKS - 1)];
		     k != 0; k = x->expand[k - 1].next)
			if (x->expand[k - 1].token == r->tok[i] &&
			    x->expand[k - 1].sim >= best) {
				e = &x->expand[k - 1];
				best = e->sim;
			}
		if (e == NULL)
			continue;
		bsum += w * best;
		for (unsigned k = 0; k < q->m->n; k++)
			if (e->mask >> k & 1)
				got[k] += best * e->part;
	}
	for (unsigned k = 0; k < q->m->n; k++)
		qsum += q->idf[k] * (got[k] > 1 ? 1 : got[k]);
	if (q->total <= 0 || btotal <= 0)
		return 0;
	return 0.55f * qsum / q->total + 0.45f * bsum / btotal;
}

static unsigned
insert(struct mhit *out, unsigned n, unsigned max, struct mhit h)
{
	unsigned at = n;

	while (at > 0 && out[at - 1].score < h.score)
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	memmove(out + at + 1, out + at, (n - at) * sizeof(*out));
	out[at] = h;
	return n + 1;
}

/*
 * What a row promises before it is read: what was walked, what a key says,
 * and whether it is of the country.
 */
static float
promise(const struct mseg *s, const struct mscratch *x,
	const struct mcand_row *c)
{
	float v = x->worth[c - x->taken];

	if (x->q->country != 0 &&
	    (c->at == AT_HOME ||
	     (c->at == AT_UNKNOWN &&
	      mseg_row_country(s, c->row) == x->q->country)))
		v += HOME_FIRST * x->q->total;
	return v;
}

/*
 * The rows worth a look, at most MCAND_SEEN_MAX of those walked: the better
 * ones; where there are too many alike, some by lot, so that no row is left
 * out for its place in the book.
 */
static unsigned
look_at(struct mscratch *x)
{
	unsigned at[BARS] = { 0 }, n = 0, i = BARS, seen = 0;
	float high = 0, key = x->q->total + 0.5f, bar, edge;
	uint32_t in = 0;

	for (unsigned k = 0; k < x->taken_n; k++) {
		float v = x->taken[k].acc + x->taken[k].key * key;

		x->worth[k] = v;
		high = v > high ? v : high;
	}
	if (x->taken_n <= MCAND_SEEN_MAX || high <= 0)
		i = 0;
	for (unsigned k = 0; i > 0 && k < x->taken_n; k++)
		at[(unsigned)(x->worth[k] / high * (BARS - 1))]++;
	while (i > 0 && n + at[i - 1] <= MCAND_SEEN_MAX)
		n += at[--i];
	if (i > 0 && n == 0)
		in = UINT32_MAX / at[i - 1] * LOTS;
	bar = high * (float)i / (BARS - 1);
	edge = in == 0 ? bar : high * (float)(i - 1) / (BARS - 1);
	for (unsigned k = 0; k < x->taken_n && seen < MCAND_SEEN_MAX; k++)
		if (x->worth[k] >= bar ||
		    (x->worth[k] >= edge && lot(x->taken[k].row) < in))
			x->seen[seen++] = (uint16_t)k;
	return seen;
}

/* The best rows by what was walked. */
static unsigned
select_first(const struct mseg *s, struct mscratch *x, struct mhit *first)
{
	unsigned n = 0, seen = look_at(x), from = 0;
	float high = 0;

	/* Of equal rows the first stay, from a place on that is drawn. */
	if (seen > 0)
		from = lot(x->taken[x->seen[0]].row) % seen;
	for (unsigned i = 0; i < seen; i++) {
		unsigned k = i + from < seen ? i + from : i + from - seen;
		const struct mcand_row *c = &x->taken[x->seen[k]];
		struct mhit h = { c->row, promise(s, x, c) };

		high = h.score > high ? h.score : high;
		if (h.score < WORTH * high ||
		    (n == MCAND_DECODED_MAX && first[n - 1].score >= h.score))
			continue;
		n = insert(first, n, MCAND_DECODED_MAX, h);
	}
	return n;
}

/* The best rows by what was walked, then decoded and covered. */
static unsigned
select_best(const struct mseg *s, struct mscratch *x, struct mhit *out,
	    unsigned max)
{
	UNSET struct mhit first[MCAND_DECODED_MAX];
	const struct mquery_name *q = x->q;
	unsigned n = select_first(s, x, first), kept = 0;

	for (unsigned i = 0; i < n; i++)
		mseg_row_prefetch(s, first[i].row);
	for (unsigned i = 0; i < n && i < ROWS_AHEAD; i++)
		mseg_row_prefetch2(s, first[i].row);
	for (unsigned i = 0; i < n; i++) {
		struct mrow *r = &x->row;
		const struct mcand_row *c = place_of(x, first[i].row, 0);
		struct mhit h = { first[i].row, 0 };

		mseg_row(s, h.row, r);
		if (i + ROWS_AHEAD < n)
			mseg_row_prefetch2(s, first[i + ROWS_AHEAD].row);
		h.score = cover(s, x, r);
		if (c != NULL && c->key > h.score)
			h.score = c->key;
		if (r->classes == (uint16_t)q->m->classes)
			h.score += SAME_FORM;
		if (q->country != 0 && r->country != 0)
			h.score += r->country == q->country ? HOME_SCORE :
							     -HOME_SCORE;
		kept = insert(out, kept, max, h);
	}
	return kept;
}

/*
 * The tokens as they are, keys of the whole name, and of pairs when all
 * tokens are common.
 */
static void
add_exact(const struct mseg *s, struct mscratch *x, const struct mquery_name *q)
{
	struct mkeys keys;
	uint64_t words = 0;
	unsigned known = 0, common = 0;

	mkey_name(q->m, &keys);
	if (!q->foreign && (s->head.scripts & MKEY_LOOSE) != 0)
		words = mkey_words(q->m);
	if (words != 0)
		mseg_keys_prefetch(s, words);
	mseg_keys_prefetch(s, keys.key[MK_SET]);
	mseg_keys_prefetch(s, keys.key[MK_GLUE]);
	if (q->foreign)
		mseg_keys_prefetch(s, keys.key[MK_SOUND]);
	for (unsigned i = 0; i < q->m->n; i++)
		mexpand_put(s, x, q->token[i], 1u << i, 1, 1);
	mseg_keys_prefetch2(s, keys.key[MK_SET]);
	mseg_keys_prefetch2(s, keys.key[MK_GLUE]);
	if (q->foreign)
		mseg_keys_prefetch2(s, keys.key[MK_SOUND]);
	if (words != 0)
		mseg_keys_prefetch2(s, words);
	add_key(s, x, keys.key[MK_SET], 0.97f);
	add_key(s, x, keys.key[MK_GLUE], 0.95f);
	if (q->foreign)
		add_key(s, x, keys.key[MK_SOUND], 0.75f);
	if (words != 0)
		add_key(s, x, words, 0.75f);
	if (q->m->n == 1 && q->m->tok[0].n <= 7 && q->m->tok[0].n >= 3)
		add_key(s, x,
			mkey_acronym(mfold_text(q->m, &q->m->tok[0])), 0.40f);
	for (unsigned i = 0; i < q->m->n; i++) {
		if (q->token[i] == UINT32_MAX)
			continue;
		known++;
		common += mseg_token_at(s, q->token[i]).df >= PAIR_DF;
	}
	if (known < 2 || common < known)
		return;
	for (unsigned i = 0; i < q->m->n; i++)
		for (unsigned k = i + 1; k < q->m->n; k++)
			if (q->token[i] != UINT32_MAX &&
			    q->token[k] != UINT32_MAX)
				add_key(s, x,
					mkey_pair(q->m->tok[i].h,
						  q->m->tok[k].h),
					0.3f);
}

unsigned
mcand_find(const struct mseg *s, struct mscratch *x,
	   const struct mquery_name *q, struct mhit *out, unsigned max)
{
	unsigned n;

	x->q = q;
	x->taken_n = 0;
	x->expand_n = 0;
	memset(x->slot, 0, sizeof(x->slot));
	memset(x->mark, 0, sizeof(x->mark));
	if (q->m->n == 0)
		return 0;
	add_exact(s, x, q);
	walk_all(s, x, q->country);
	n = select_best(s, x, out, max);
	if (n > 0 && out[0].score >= GOOD_ENOUGH &&
	    s->head.rows >= SMALL_BOOK)
		return n;
	mexpand_alike(s, x, q);
	walk_all(s, x, q->country);
	return select_best(s, x, out, max);
}
