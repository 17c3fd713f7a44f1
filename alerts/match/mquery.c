/*
 * mquery.c - one query: candidates of every name and view, scored together.
 */
#include "mquery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mdelta.h"
#include "mparts.h"
#include "mquery_priv.h"
#include "mweight.h"

#define FIND_MAX 10u
#define FIND_FOREIGN_MAX 16u /* across scripts likeness is vaguer */
#define NAMESAKE 0.005f /* of a hit: as good as the best */
#define STRONG 0.75f /* likeness at home from which the rest need be close */
#define FAR_SHARE 0.72f
#define FAR_WEAK 0.6f /* the same while nothing strong was found */
#define TIE 0.02f
#define MQ_SCAN_LOG 8.97f /* log2 of MQ_SCAN_ROWS */

struct mqscratch *
mquery_scratch_new(void)
{
	return calloc(1, sizeof(struct mqscratch));
}

void
mquery_scratch_free(struct mqscratch *x)
{
	free(x);
}

void
mquery_watch(struct mqscratch *x,
	     void (*fn)(void *ctx, struct str obligor_id, uint64_t core,
			const float *f),
	     void *ctx)
{
	x->watch = fn;
	x->watch_ctx = ctx;
}

const char *
mquery_verdict_text(enum mverdict v)
{
	return v == MQ_ACCEPT ? "accept" : v == MQ_REVIEW ? "review" : "reject";
}

/* Copies s into the pair's own text. */
static struct str
keep(struct mpair *p, struct str s)
{
	size_t left = sizeof(p->text) - p->text_n;

	if (s.n > left)
		s.n = left;
	if (s.n > 0)
		memcpy(p->text + p->text_n, s.p, s.n);
	s.p = p->text + p->text_n;
	p->text_n += s.n;
	return s;
}

/* Reads the texts of a pair, once; false when they cannot be read. */
static bool
read_pair(const struct mseg *s, struct mqscratch *x, struct mpair *p)
{
	struct mdelta_row r;
	struct mcold cold;

	if (p->read)
		return true;
	if (p->row >= DELTA_ROW) {
		if (!mdelta_row(x->delta, p->row - DELTA_ROW, &r))
			return false;
		cold = (struct mcold){ r.obligor_id, r.name, r.ids,
				       r.address };
	} else if (mseg_cold(s, p->row, x->cold, sizeof(x->cold), &cold) !=
		   ERR_OK) {
		return false;
	}
	p->text_n = 0;
	p->obligor_id = keep(p, cold.obligor_id);
	p->raw = keep(p, cold.name);
	p->ids = keep(p, cold.ids);
	p->address = keep(p, cold.address);
	p->read = true;
	return true;
}

/* The name with all it was folded from, of a pair that was read. */
static void
fold_pair(struct mpair *p)
{
	mfold_name(p->raw, mrow_view(p->flags), &p->name);
}

static void
begin_pair(struct mpair *p, uint32_t row, uint16_t country, uint8_t flags)
{
	p->row = row;
	p->country = country;
	p->flags = flags;
	p->read = false;
	p->obligor_id = STR_NONE;
	p->raw = STR_NONE;
	p->ids = STR_NONE;
	p->address = STR_NONE;
}

/* The same from the delta; the segment still says how rare the words are. */
static bool
load_delta(const struct mseg *s, struct mqscratch *x, uint32_t row,
	   struct mpair *p)
{
	struct mdelta_row r;

	if (x->delta == NULL || !mdelta_row(x->delta, row, &r))
		return false;
	begin_pair(p, DELTA_ROW + row, r.country, r.flags);
	p->obligor = DELTA_ROW + r.first;
	if (!read_pair(s, x, p))
		return false;
	fold_pair(p);
	for (unsigned i = 0; i < p->name.n; i++)
		p->w[i] = mweight(s, mseg_token(s, p->name.tok[i].h),
				  (enum mkind)p->name.tok[i].kind);
	return true;
}

/* May the row be of somebody who is to be passed over? */
static bool
may_pass(const struct mseg *s, const struct mqscratch *x, uint32_t row)
{
	uint32_t mark = mseg_mark(s, row);

	if (x->delta != NULL && mdelta_may_hide(x->delta, mark))
		return true;
	for (size_t i = 0; i < x->ask->skips; i++)
		if (mseg_mark_of(x->ask->skip[i]) == mark)
			return true;
	return false;
}

/*
 * The row as a pair, its name as the tokens tell it; its texts are read when
 * it may be of somebody who is passed over, or the tokens do not tell.
 */
static bool
load_row(const struct mseg *s, struct mqscratch *x, uint32_t row,
	 const struct mrow *r, struct mpair *p)
{
	bool told, maybe;

	if (row >= s->head.rows)
		return false;
	maybe = x->pass && may_pass(s, x, row);
	begin_pair(p, row, r->country, r->flags);
	p->obligor = r->flags & MR_LATER ? mseg_first(s, row) : row;
	told = mseg_name(s, r, &p->name);
	if ((!told || maybe) && !read_pair(s, x, p))
		return false;
	if (x->delta != NULL && maybe &&
	    mdelta_hides(x->delta, p->obligor_id))
		return false;
	if (!told)
		fold_pair(p);
	for (unsigned i = 0; i < p->name.n; i++) {
		uint32_t id = r->n == p->name.n ?
				  r->tok[i] :
				  mseg_token(s, p->name.tok[i].h);

		p->w[i] = mweight(s, id, (enum mkind)p->name.tok[i].kind);
	}
	return true;
}

static bool
load_pair(const struct mseg *s, struct mqscratch *x, uint32_t row,
	  struct mpair *p)
{
	if (row >= DELTA_ROW)
		return load_delta(s, x, row - DELTA_ROW, p);
	mseg_row(s, row, &x->row[0]);
	return load_row(s, x, row, &x->row[0], p);
}

/*
 * The spare pair, worth base, takes the place of its obligor's other spelling
 * or of the worst; it stays the spare one when they are better.
 */
static void
place(struct mqscratch *x, float base)
{
	struct mpair *p = x->spare;
	unsigned at = 0;

	for (unsigned i = 0; i < x->pairs; i++) {
		if (x->order[i]->obligor == p->obligor) {
			at = i;
			break;
		}
		if (x->order[i]->align.f[MF_BASE] <
		    x->order[at]->align.f[MF_BASE])
			at = i;
	}
	if (x->pairs < MQ_PAIRS_MAX &&
	    (x->pairs == 0 ||
	     x->order[at]->obligor != p->obligor)) {
		x->spare = x->order[x->pairs];
		x->order[x->pairs++] = p;
	} else if (x->order[at]->align.f[MF_BASE] < base) {
		x->spare = x->order[at];
		x->order[at] = p;
	}
}

static bool
skipped(const struct mask *ask, struct str obligor_id)
{
	for (size_t i = 0; i < ask->skips; i++)
		if (str_eq(ask->skip[i], obligor_id))
			return true;
	return false;
}

static void
clear_namesakes(struct mpair *p)
{
	p->namesakes = 0;
	p->at_home = 0;
	p->nowhere = 0;
	p->ties_home = 0;
}

/* Aligns the spare pair; how alike its name is, 0 when it is abroad. */
static float
consider(struct mqscratch *x, unsigned name, float found)
{
	struct mpair *p = x->spare;
	struct mqname *n = &x->name[name];
	bool abroad;
	float base;

	if (skipped(x->ask, p->obligor_id))
		return 0;
	malign_names(&n->q, &n->side, &p->name, p->w, &p->align);
	p->align.f[MF_FOUND] = found;
	p->qname = name;
	p->by_id = false;
	clear_namesakes(p);
	base = p->align.f[MF_BASE];
	if (base <= 0.05f)
		return 0;
	abroad = n->q.country != 0 && p->country != 0 &&
		 p->country != n->q.country;
	place(x, base);
	return abroad ? 0 : base;
}

/* Reads the rows of the hits and asks for their words, all before any. */
static void
read_hits(const struct mseg *s, struct mqscratch *x, const struct mhit *hit,
	  unsigned hits)
{
	for (unsigned i = 0; i < hits; i++) {
		mseg_row(s, hit[i].row, &x->row[i]);
		if (x->pass)
			mseg_mark_prefetch(s, hit[i].row);
		for (unsigned k = 0; k < x->row[i].n; k++)
			mseg_token_prefetch(s, x->row[i].tok[k]);
	}
	for (unsigned i = 0; i < hits; i++)
		for (unsigned k = 0; k < x->row[i].n; k++)
			mseg_text_prefetch(s, x->row[i].tok[k]);
}

/* The hits of a name, until the rest are too far behind. */
static void
consider_hits(const struct mseg *s, struct mqscratch *x, unsigned name,
	      const struct mhit *hit, unsigned hits)
{
	const struct mqname *n = &x->name[name];
	unsigned most = n->q.foreign ? FIND_FOREIGN_MAX : FIND_MAX;
	float best = 0;

	while (hits > 4 && hit[hits - 1].score < hit[0].score * FAR_WEAK)
		hits--;
	read_hits(s, x, hit, hits);
	for (unsigned i = 0; i < hits; i++) {
		/* While nothing strong was found, more of the right country. */
		bool more = best < STRONG && n->q.country != 0 &&
			    x->row[i].country == n->q.country;
		float far = more ? FAR_WEAK : FAR_SHARE;
		float like;

		/* Far behind the best, only for its rivals' sake. */
		if (i >= 4 && hit[i].score < hit[0].score * far)
			break;
		/* Beyond the usual number namesakes only. */
		if (i >= most && !more &&
		    hit[i].score < hit[0].score - NAMESAKE)
			break;
		if (!load_row(s, x, hit[i].row, &x->row[i], x->spare))
			continue;
		like = consider(x, name, hit[i].score);
		best = like > best ? like : best;
	}
}

/* A row that an id of the ask points at, with or without a name. */
void
mquery_add_by_id(const struct mseg *s, struct mqscratch *x,
		 const struct mask *ask, uint32_t row)
{
	struct mpair *p = x->spare;
	uint16_t country = mseg_country(ask->country);

	if (!load_pair(s, x, row, p) || !read_pair(s, x, p))
		return;
	memset(&p->align, 0, sizeof(p->align));
	p->qname = 0;
	p->by_id = false;
	clear_namesakes(p);
	for (unsigned i = 0; i < x->pairs; i++)
		if (x->order[i]->obligor == p->obligor)
			return;
	if (x->names > 0)
		malign_names(&x->name[0].q, &x->name[0].side, &p->name, p->w,
			     &p->align);
	mevidence(s, x, country, p);
	if (!p->by_id)
		return;
	place(x, 2);
}

static void
run_name(const struct mseg *s, struct mqscratch *x, struct str name,
	 uint16_t country, bool part)
{
	for (unsigned v = 0; v < MV_COUNT; v++) {
		struct mqname *n = &x->name[x->names];
		UNSET struct mhit hit[MQ_HITS_MAX];
		unsigned hits;

		if (x->names == MQ_NAMES_MAX)
			return;
		if (v > 0 && !mfold_has_view(&x->name[x->names - 1].name,
					     (enum mview)v, country))
			continue;
		mfold_name(name, (enum mview)v, &n->name);
		n->part = part;
		mcand_name(s, &n->name, country, &n->q);
		malign_side(&n->side, &n->name, n->q.idf, &n->likes);
		hits = s->head.rows <= MQ_SCAN_ROWS ?
			   0 :
			   mcand_find(s, &x->cand, &n->q, hit,
				      MQ_HITS_MAX);
		consider_hits(s, x, x->names, hit, hits);
		for (uint32_t r = 0;
		     s->head.rows <= MQ_SCAN_ROWS && r < s->head.rows; r++)
			if (load_pair(s, x, r, x->spare))
				(void)consider(x, x->names, 0);
		if (x->delta != NULL) {
			uint32_t row[FIND_MAX];

			hits = (unsigned)mdelta_find(x->delta, &n->name, row,
						     FIND_MAX);
			for (unsigned i = 0; i < hits; i++)
				if (load_pair(s, x, DELTA_ROW + row[i],
					      x->spare))
					(void)consider(x, x->names, 0.5f);
		}
		x->names++;
	}
}

/* Whole names first: the places left are for the names inside them. */
static void
run_names(const struct mseg *s, struct mqscratch *x, const struct mask *ask,
	  uint16_t country)
{
	unsigned names = ask->names < MQUERY_NAMES_MAX ? ask->names :
							 MQUERY_NAMES_MAX;

	for (unsigned i = 0; i < names; i++)
		run_name(s, x, ask->name[i], country, false);
	for (unsigned i = 0; i < names; i++) {
		struct str part[MPARTS_MAX];
		unsigned n = mparts(ask->name[i], part);

		for (unsigned k = 0; k < n; k++)
			run_name(s, x, part[k], country, true);
	}
}

static uint64_t
core_of(const struct mname *m)
{
	uint64_t h = m->n;

	for (unsigned i = 0; i < m->n; i++)
		h = mtab_mix(h, m->tok[i].th);
	return h;
}

/* Written alike but for the legal form, and the forms agree. */
bool
mquery_namesakes(const struct mpair *a, const struct mpair *b)
{
	return a->core == b->core && a->qname == b->qname &&
	       a->align.legal != LR_CONFLICT && b->align.legal != LR_CONFLICT;
}

static void
add_namesake(struct mpair *p, const struct mpair *other)
{
	p->namesakes++;
	p->at_home += p->country != 0 && other->country == p->country;
	p->nowhere += p->country == 0 || other->country == 0;
}

/* Gap to the best other, and how many others are as good. */
static void
add_context(struct mqscratch *x, float book)
{
	for (unsigned i = 0; i < x->pairs; i++)
		x->order[i]->core = core_of(&x->order[i]->name);
	for (unsigned i = 0; i < x->pairs; i++) {
		float *f = x->order[i]->align.f;
		float best = 0;
		unsigned ties = 0;

		clear_namesakes(x->order[i]);
		for (unsigned k = 0; k < x->pairs; k++) {
			float v = x->order[k]->align.f[MF_BASE];

			if (k == i)
				continue;
			if (mquery_namesakes(x->order[i], x->order[k])) {
				add_namesake(x->order[i], x->order[k]);
				continue;
			}
			best = v > best ? v : best;
			if (v < f[MF_BASE] - TIE)
				continue;
			ties++;
			x->order[i]->ties_home +=
			    x->order[k]->country == x->order[i]->country ||
			    x->order[k]->country == 0;
		}
		f[MF_SAMES] = (float)x->order[i]->namesakes;
		if (book < MQ_SCAN_LOG)
			continue;
		f[MF_GAP] = f[MF_BASE] - best;
		f[MF_TIES] = (float)ties;
		f[MF_BOOK] = book;
	}
}

/* Share of the longer name that begins and ends alike, whatever the case. */
static float
written_alike(struct str a, struct str b)
{
	size_t small = a.n < b.n ? a.n : b.n;
	size_t big = a.n > b.n ? a.n : b.n;
	size_t head = 0, tail = 0;

	while (head < small && (a.p[head] | 32) == (b.p[head] | 32))
		head++;
	while (tail < small - head &&
	       (a.p[a.n - 1 - tail] | 32) == (b.p[b.n - 1 - tail] | 32))
		tail++;
	return big == 0 ? 0 : (float)(head + tail) / (float)big;
}

/*
 * Equal scores: the same legal form, then the name more alike as written,
 * then a number of the id that favours nobody.
 */
static bool
ranks_before(const struct mpair *a, const struct mpair *b)
{
	static const uint8_t legal[] = {
		[LR_NONE] = 2, [LR_ONE] = 1,	  [LR_SAME] = 2,
		[LR_FITS] = 1, [LR_CONFLICT] = 0,
	};
	uint64_t x, y;

	if (a->score != b->score)
		return a->score > b->score;
	if (legal[a->align.legal] != legal[b->align.legal])
		return legal[a->align.legal] > legal[b->align.legal];
	if (a->close > b->close || a->close < b->close)
		return a->close > b->close;
	x = mtab_hash_bytes(a->obligor_id.p, a->obligor_id.n);
	y = mtab_hash_bytes(b->obligor_id.p, b->obligor_id.n);
	return x != y ? x < y : str_cmp(a->obligor_id, b->obligor_id) < 0;
}

static void
sort_pairs(struct mqscratch *x)
{
	for (unsigned i = 1; i < x->pairs; i++) {
		struct mpair *p = x->order[i];
		unsigned k = i;

		while (k > 0 && ranks_before(p, x->order[k - 1])) {
			x->order[k] = x->order[k - 1];
			k--;
		}
		x->order[k] = p;
	}
}

/*
 * Leaves the pairs that are told: worth a review, or all of them when asked
 * for.  Only those are read.
 */
static void
keep_told(const struct mseg *s, struct mqscratch *x,
	  const struct mlimits *limits)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->pairs; i++) {
		struct mpair *p = x->order[i];

		if ((!limits->all && !p->by_id && p->score < limits->review &&
		     p->score < limits->accept) ||
		    !read_pair(s, x, p))
			continue;
		p->close = x->names == 0 ?
			       0 :
			       written_alike(x->name[p->qname].name.raw,
					     p->raw);
		x->order[n++] = p;
	}
	x->pairs = n;
}

/* An offline book may have an obligor in two rows. */
static bool
is_told(const struct mresult *r, struct str obligor_id)
{
	for (unsigned i = 0; i < r->n; i++)
		if (str_eq(r->answer[i].obligor_id, obligor_id))
			return true;
	return false;
}

static void
answer(const struct mseg *s, struct mqscratch *x, const struct mask *ask,
       const struct mlimits *limits, struct mresult *out)
{
	out->n = 0;
	for (unsigned i = 0; i < x->pairs && out->n < MQUERY_CANDIDATES_MAX;
	     i++) {
		struct mpair *p = x->order[i];
		struct manswer *a = &out->answer[out->n];

		if (is_told(out, p->obligor_id))
			continue;
		out->n++;
		fold_pair(p);
		p->thin = false;
		p->left = MLEFT_NOTHING;
		if (!p->by_id && x->names > 0 && p->score >= limits->review) {
			p->thin = mevidence_is_thin(s, x, p);
			p->left = mleft_of(&x->name[p->qname].name, p);
		}
		a->obligor_id = p->obligor_id;
		a->score = p->score;
		a->by_id = p->by_id;
		a->verdict = mevidence_verdict(x, ask, limits, p);
		a->whys = 0;
		mwhy_put(s, x, ask, p, a);
	}
}

void
mquery_run(const struct mseg *s, const struct mdelta *delta,
	   struct mqscratch *x, const struct mask *ask,
	   const struct mlimits *limits, struct mresult *out)
{
	uint16_t country = mseg_country(ask->country);

	x->delta = delta;
	x->ask = ask;
	x->pass = ask->skips > 0 || (delta != NULL && mdelta_removed(delta));
	/* Places still free point at pairs still free. */
	for (unsigned i = 0; i < MQ_PAIRS_MAX; i++)
		x->order[i] = &x->pair[i];
	x->spare = &x->pair[MQ_PAIRS_MAX];
	x->pairs = 0;
	x->names = 0;
	x->why_n = 0;
	run_names(s, x, ask, country);
	add_context(x, log2f((float)s->head.rows + 1));
	for (unsigned i = 0; i < x->pairs; i++) {
		struct mpair *p = x->order[i];

		/* What cannot be read has no ids and no address. */
		if (x->watch != NULL || ask->ids > 0 || ask->address.n > 0)
			(void)read_pair(s, x, p);
		if (s->head.rows <= MQ_SCAN_ROWS)
			malign_small(&x->name[p->qname].name, &p->name,
				     &p->align);
		if (x->watch != NULL)
			malign_glue(&x->name[p->qname].side, &p->name,
				    &p->align);
		if (x->watch != NULL)
			x->watch(x->watch_ctx, p->obligor_id, p->core,
				 p->align.f);
		mevidence(s, x, country, p);
	}
	mevidence_ids(s, x, ask);
	mevidence_scores(s, x);
	keep_told(s, x, limits);
	sort_pairs(x);
	answer(s, x, ask, limits, out);
}
