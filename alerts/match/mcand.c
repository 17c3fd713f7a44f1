/*
 * mcand.c - candidate rows.
 */
#include "mcand.h"

#include <string.h>

#include "mexpand.h"
#include "mweight.h"

#define GOOD_ENOUGH 0.92f
#define SMALL_BOOK 20000u /* rows; below there is time for every round */
#define PAIR_DF 4096u
#define SAME_FORM 0.01f /* namesakes of the same legal form first */
#define KEY_FEW 16u
#define KEY_CERTAIN 0.5f /* promise of a key of the whole name */
#define LIST_LONG 96u /* rows from which it pays to see who is better */
#define KEY_ABROAD 0.25f /* off the promise of a key in another country */
#define ALL_MAX 1024u /* df up to which other countries are walked too */
#define HOME_SHARE 0.3f /* what the right country adds to a word */
#define HOME_SCORE 0.25f /* and to a row */
#define HOME_FIRST 0.6f /* and to a row not read yet, of the whole query */
#define BARS 64u
#define LOTS 64u /* rows drawn of too many equal ones */
#define WEIGHT_OF_BYTE 0.34f /* of a token in a row */
#define ROWS_AHEAD 8u /* asked for while one is read */
#define WORTH 0.3f /* share of the best sum below which no row is read */

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
		out->idf[i] = mweight(s, out->token[i],
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
	if (in == 0 || x->taken_n == MCAND_TAKEN_MAX ||
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
	struct mseg_keyed *k = &x->keyed;
	size_t n = mseg_keys(s, key, country, k);
	uint32_t in = room_for(x, n);
	bool look = country != 0 && n > KEY_FEW;

	/* Many namesakes: the country is asked for before all are read. */
	if (look && !k->told)
		for (size_t i = 0; i < n; i++)
			mseg_row_prefetch(s, k->row[i]);
	for (size_t i = 0; i < n; i++) {
		struct mcand_row *c = place_of(x, k->row[i], in);
		float p = promise;

		if (look) {
			bool home = k->told ?
					i < k->home :
					mseg_row_country(s, k->row[i]) ==
					    country;

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

/* How a list is walked. */
struct way {
	float w;	/* what its rows gain */
	unsigned at;	/* where they are */
	bool only_known; /* rows that no list led to before stay out */
};

/* Adds to every row of the list, unless that is beyond the budget. */
static enum walk
walk_list(const struct mseg *s, struct mscratch *x, struct str list,
	  struct way way, uint32_t *budget)
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
	in = way.only_known ? 0 : room_for(x, n);
	for (uint32_t i = 0; i < n; i++) {
		struct mcand_row *c;

		row += mseg_varint(&p, end);
		c = place_of(x, row, in);
		if (c == NULL)
			continue;
		if (c->acc == 0 && way.at == AT_UNKNOWN)
			mseg_row_prefetch(s, row);
		if (c->at == AT_UNKNOWN)
			c->at = way.at;
		c->acc += way.w;
	}
	return WALK_DONE;
}

static float
weight_of(const struct mseg *s, const struct mexpand *e)
{
	return mweight(s, e->token, MK_WORD) * e->sim * e->part;
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
		struct way way = { .at = AT_HOME };

		if (e->home || e->df <= MSEG_SPLIT_MIN)
			continue;
		way.w = weight_of(s, e) *
			(e->df > ALL_MAX ? 1 + HOME_SHARE : HOME_SHARE);
		e->home = 1;
		if (walk_list(s, x, mseg_post_in(s, e->token, country), way,
			      &budget) != WALK_DONE)
			continue;
		e->home_known = 1;
		if (e->df > ALL_MAX)
			e->walked = 1;
	}
}

/* The shortest list not walked yet; NULL when all are. */
static struct mexpand *
shortest(struct mscratch *x)
{
	struct mexpand *best = NULL;

	for (unsigned i = 0; i < x->expand_n; i++) {
		struct mexpand *e = &x->expand[i];

		if (!e->walked && (best == NULL || e->df < best->df))
			best = e;
	}
	return best;
}

/* The most that a row may gain by the lists not walked yet. */
static float
left_to_gain(const struct mseg *s, const struct mscratch *x)
{
	float sum = 0;

	for (unsigned k = 0; k < x->q->m->n; k++) {
		float most = 0;

		for (unsigned i = 0; i < x->expand_n; i++) {
			const struct mexpand *e = &x->expand[i];

			if (!e->walked && e->mask >> k & 1 &&
			    weight_of(s, e) > most)
				most = weight_of(s, e);
		}
		sum += most;
	}
	return sum;
}

/* Are there enough rows that are worth more already? */
static bool
has_better(const struct mscratch *x, float gain)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->taken_n; i++)
		n += x->taken[i].acc >= gain ||
		     x->taken[i].key >= KEY_CERTAIN;
	return n >= MCAND_FIRST_MAX;
}

/*
 * Walks the lists not walked yet, the shortest first.  Of the long ones no
 * rows come in that could not be among the best any more.
 */
static void
walk_all(const struct mseg *s, struct mscratch *x, uint16_t country)
{
	uint32_t budget = MCAND_BUDGET;
	struct mexpand *e;
	bool over = false;

	if (country != 0)
		walk_home(s, x, country);
	while (!over && (e = shortest(x)) != NULL) {
		struct way way = { .w = weight_of(s, e), .at = AT_UNKNOWN };

		if (country == 0 || e->home_known)
			way.at = AT_ABROAD;
		way.only_known = way.at == AT_ABROAD && e->df >= LIST_LONG &&
				 has_better(x, left_to_gain(s, x));
		over = walk_list(s, x, mseg_post(s, e->token), way, &budget) ==
		       WALK_OVER;
		e->walked = 1;
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
		float w = mweight(s, r->tok[i], MK_WORD);
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

/* Better ones first; of equal ones who promised more, then who came first. */
static unsigned
insert(struct mhit *out, unsigned n, unsigned max, struct mhit h)
{
	unsigned at = n < max ? n : max;

	if (n < max)
		n++;
	while (at > 0 && (out[at - 1].score < h.score ||
			  (out[at - 1].score <= h.score &&
			   out[at - 1].promise < h.promise))) {
		if (at < n)
			out[at] = out[at - 1];
		at--;
	}
	if (at < n)
		out[at] = h;
	return n;
}

/* What the country of a row adds. */
static float
home_score(const struct mquery_name *q, uint16_t country)
{
	if (q->country == 0 || country == 0)
		return 0;
	return country == q->country ? HOME_SCORE : -HOME_SCORE;
}

/*
 * What a row promises before it is read: what was walked, what a key says,
 * and whether it is of the country.
 */
static float
promise(const struct mseg *s, const struct mscratch *x,
	const struct mcand_row *c, float v)
{
	if (x->q->country != 0 &&
	    (c->at == AT_HOME ||
	     (c->at == AT_UNKNOWN &&
	      mseg_row_country(s, c->row) == x->q->country)))
		v += HOME_FIRST * x->q->total;
	return v;
}

/* In which of BARS steps up to high a value is. */
static inline unsigned
step_of(float v, float high)
{
	return (unsigned)(v / high * (BARS - 1));
}

/* The lowest step from which on no more than max of n values stand. */
static unsigned
bar_of(const float *v, unsigned n, float high, unsigned max, unsigned *above)
{
	unsigned at[BARS] = { 0 }, i = BARS;

	*above = 0;
	for (unsigned k = 0; k < n; k++)
		at[step_of(v[k], high)]++;
	while (i > 0 && *above + at[i - 1] <= max)
		*above += at[--i];
	return i;
}

/*
 * The rows worth a look, at most MCAND_SEEN_MAX of those walked: the better
 * ones; where there are too many alike, some by lot, so that no row is left
 * out for its place in the book.
 */
static unsigned
look_at(const struct mseg *s, struct mscratch *x)
{
	unsigned n = 0, bar = 0, edge, seen = 0;
	float high = 0, key = x->q->total + 0.5f;
	uint32_t in = UINT32_MAX;

	for (unsigned k = 0; k < x->taken_n; k++) {
		float v = x->taken[k].acc + x->taken[k].key * key;

		x->worth[k] = v;
		high = v > high ? v : high;
	}
	if (x->taken_n > MCAND_SEEN_MAX && high > 0)
		bar = bar_of(x->worth, x->taken_n, high, MCAND_SEEN_MAX, &n);
	edge = bar;
	if (bar > 0 && n == 0) {
		for (unsigned k = 0; k < x->taken_n; k++)
			n += step_of(x->worth[k], high) + 1 == bar;
		in = UINT32_MAX / n * LOTS;
		edge--;
	}
	for (unsigned k = 0; k < x->taken_n && seen < MCAND_SEEN_MAX; k++) {
		unsigned step = bar == 0 ? 0 : step_of(x->worth[k], high);

		if (step >= bar ||
		    (step >= edge && lot(x->taken[k].row) < in)) {
			x->seen[seen++] = (uint16_t)k;
			mseg_row_prefetch(s, x->taken[k].row);
		}
	}
	return seen;
}

/*
 * The rows to read, as places in taken: at most MCAND_FIRST_MAX that
 * promise most, in no order.
 */
static unsigned
select_first(const struct mseg *s, struct mscratch *x, struct mhit *first)
{
	unsigned n = 0, edge_n = 0, seen = look_at(s, x), from = 0, bar = 0;
	unsigned above = 0;
	UNSET struct mhit edge[MCAND_FIRST_MAX];
	float high = 0;

	for (unsigned i = 0; i < seen; i++) {
		unsigned k = x->seen[i];
		float v = promise(s, x, &x->taken[k], x->worth[k]);

		x->promised[i] = v;
		high = v > high ? v : high;
	}
	if (seen > MCAND_FIRST_MAX && high > 0)
		bar = bar_of(x->promised, seen, high, MCAND_FIRST_MAX,
			     &above);
	/* Of equal rows the first stay, from a place on that is drawn. */
	if (seen > 0)
		from = lot(x->taken[x->seen[0]].row) % seen;
	for (unsigned i = 0; i < seen; i++) {
		unsigned k = i + from < seen ? i + from : i + from - seen;
		float v = x->promised[k];
		struct mhit h = { x->seen[k], v, 0 };
		unsigned step;

		if (v < WORTH * high)
			continue;
		step = bar == 0 ? 0 : step_of(v, high);
		if (step >= bar)
			first[n++] = h;
		else if (step + 1 == bar)
			edge_n = insert(edge, edge_n,
					MCAND_FIRST_MAX - above, h);
		else
			continue;
	}
	memcpy(first + n, edge, edge_n * sizeof(*edge));
	return n + edge_n;
}

/*
 * How well a row will cover the query, before it is read: what was walked is
 * common to both, and how much more it has its length tells, for a rare word
 * has a high number, which takes more bytes.
 */
static float
guess(const struct mseg *s, const struct mscratch *x, const struct mcand_row *c)
{
	const struct mquery_name *q = x->q;
	uint16_t country = mseg_row_country(s, c->row);
	float all = WEIGHT_OF_BYTE * (float)mseg_row_words(s, c->row);
	float common = c->acc, v;

	if (q->country != 0 && country == q->country)
		common /= 1 + HOME_SHARE;
	v = 0.55f * (common < q->total ? common / q->total : 1) +
	    0.45f * (common < all ? common / all : 1);
	return (c->key > v ? c->key : v) + home_score(q, country);
}

/* Leaves those of first that will cover the query best. */
static unsigned
thin_out(const struct mseg *s, const struct mscratch *x, struct mhit *first,
	 unsigned n)
{
	UNSET struct mhit best[MCAND_READ_MAX];
	unsigned kept = 0;

	if (n <= MCAND_READ_MAX)
		return n;
	for (unsigned i = 0; i < n; i++) {
		struct mhit h = { first[i].row, 0, first[i].score };

		h.score = guess(s, x, &x->taken[h.row]);
		kept = insert(best, kept, MCAND_READ_MAX, h);
	}
	for (unsigned i = 0; i < kept; i++)
		first[i] = (struct mhit){ best[i].row, best[i].promise, 0 };
	return kept;
}

/* The best rows by what was walked, then read and covered. */
static unsigned
select_best(const struct mseg *s, struct mscratch *x, struct mhit *out,
	    unsigned max)
{
	UNSET struct mhit first[MCAND_FIRST_MAX];
	const struct mquery_name *q = x->q;
	unsigned n = thin_out(s, x, first, select_first(s, x, first));
	unsigned kept = 0;

	for (unsigned i = 0; i < n && i < ROWS_AHEAD; i++)
		mseg_row_prefetch2(s, x->taken[first[i].row].row);
	for (unsigned i = 0; i < n; i++) {
		const struct mcand_row *c = &x->taken[first[i].row];
		struct mhit h = { c->row, 0, first[i].score };
		struct mrow *r = &x->row;

		mseg_row(s, h.row, r);
		if (i + ROWS_AHEAD < n)
			mseg_row_prefetch2(
			    s, x->taken[first[i + ROWS_AHEAD].row].row);
		h.score = cover(s, x, r);
		if (c->key > h.score)
			h.score = c->key;
		if (r->classes == (uint16_t)q->m->classes)
			h.score += SAME_FORM;
		h.score += home_score(q, r->country);
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
	unsigned n, exact;

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
	exact = x->expand_n;
	mexpand_alike(s, x, q);
	/* Nothing new to walk: the rows are those that were read. */
	if (x->expand_n == exact)
		return n;
	walk_all(s, x, q->country);
	return select_best(s, x, out, max);
}
