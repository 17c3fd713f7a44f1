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

#define FIND_MAX 10u
#define FIND_FOREIGN_MAX 16u /* across scripts likeness is vaguer */
#define FIND_NAMESAKES_MAX 20u
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

static void
set_pair(struct mpair *p, const struct mcold *cold, uint16_t country,
	 uint8_t flags)
{
	p->country = country;
	p->flags = flags;
	p->text_n = 0;
	p->obligor_id = keep(p, cold->obligor_id);
	p->raw = keep(p, cold->name);
	p->ids = keep(p, cold->ids);
	p->address = keep(p, cold->address);
	mfold_name(p->raw, mrow_view(flags), &p->name);
}

/* The same from the delta; the segment still says how rare the words are. */
static bool
load_delta(const struct mseg *s, const struct mqscratch *x, uint32_t row,
	   struct mpair *p)
{
	struct mdelta_row r;
	struct mcold cold;

	if (x->delta == NULL || !mdelta_row(x->delta, row, &r))
		return false;
	cold = (struct mcold){ r.obligor_id, r.name, r.ids, r.address };
	p->row = DELTA_ROW + row;
	set_pair(p, &cold, r.country, r.flags);
	for (unsigned i = 0; i < p->name.n; i++)
		p->w[i] = mcand_weight(
		    s, mseg_idf(s, mseg_token(s, p->name.tok[i].h)),
		    (enum mkind)p->name.tok[i].kind);
	return true;
}

/* Reads row into p: cold strings kept, name folded in the row's view. */
static bool
load_pair(const struct mseg *s, struct mqscratch *x, uint32_t row,
	  struct mpair *p)
{
	struct mcold cold;
	struct mrow r;

	if (row >= DELTA_ROW)
		return load_delta(s, x, row - DELTA_ROW, p);
	mseg_row(s, row, &r);
	if (mseg_cold(s, row, x->cold, sizeof(x->cold), &cold) != ERR_OK)
		return false;
	if (x->delta != NULL && mdelta_hides(x->delta, cold.obligor_id))
		return false;
	p->row = row;
	set_pair(p, &cold, r.country, r.flags);
	for (unsigned i = 0; i < p->name.n; i++) {
		uint32_t id = r.n == p->name.n ?
				  r.tok[i] :
				  mseg_token(s, p->name.tok[i].h);

		p->w[i] = mcand_weight(s, mseg_idf(s, id),
				       (enum mkind)p->name.tok[i].kind);
	}
	return true;
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
		if (str_eq(x->order[i]->obligor_id, p->obligor_id)) {
			at = i;
			break;
		}
		if (x->order[i]->align.f[MF_BASE] <
		    x->order[at]->align.f[MF_BASE])
			at = i;
	}
	if (x->pairs < MQ_PAIRS_MAX &&
	    (x->pairs == 0 ||
	     !str_eq(x->order[at]->obligor_id, p->obligor_id))) {
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

/* Aligns the row; how alike its name is, 0 when it is of another country. */
static float
consider(const struct mseg *s, struct mqscratch *x, unsigned name,
	 struct mhit hit)
{
	struct mpair *p = x->spare;
	struct mqname *n = &x->name[name];
	bool abroad;
	float base;

	if (!load_pair(s, x, hit.row, p) ||
	    skipped(x->ask, p->obligor_id))
		return 0;
	malign_names(&n->q, &n->side, &p->name, p->w, &p->align);
	p->align.f[MF_FOUND] = hit.score;
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

/* The hits of a name, until the rest are too far behind. */
static void
consider_hits(const struct mseg *s, struct mqscratch *x, unsigned name,
	      const struct mhit *hit, unsigned hits)
{
	const struct mqname *n = &x->name[name];
	unsigned most = n->q.foreign ? FIND_FOREIGN_MAX : FIND_MAX;
	float best = 0;

	for (unsigned i = 0; i < hits; i++)
		mseg_cold_prefetch(s, hit[i].row);
	for (unsigned i = 0; i < hits; i++) {
		/* While nothing strong was found, more of the right country. */
		bool more = best < STRONG && n->q.country != 0 &&
			    mseg_row_country(s, hit[i].row) == n->q.country;
		float far = more ? FAR_WEAK : FAR_SHARE;
		float like;

		/* Far behind the best, only for its rivals' sake. */
		if (i >= 4 && hit[i].score < hit[0].score * far)
			break;
		/* Beyond the usual number namesakes only. */
		if (i >= most && !more &&
		    hit[i].score < hit[0].score - NAMESAKE)
			break;
		like = consider(s, x, name, hit[i]);
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

	if (!load_pair(s, x, row, p))
		return;
	memset(&p->align, 0, sizeof(p->align));
	p->qname = 0;
	p->by_id = false;
	clear_namesakes(p);
	for (unsigned i = 0; i < x->pairs; i++)
		if (str_eq(x->order[i]->obligor_id, p->obligor_id))
			return;
	if (x->names > 0)
		malign_names(&x->name[0].q, &x->name[0].side, &p->name, p->w,
			     &p->align);
	mevidence(s, ask, country, p);
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
		UNSET struct mhit hit[FIND_NAMESAKES_MAX];
		unsigned hits;

		if (x->names == MQ_NAMES_MAX)
			return;
		if (v > 0 && !mfold_has_view(&x->name[x->names - 1].name,
					     (enum mview)v, country))
			continue;
		mfold_name(name, (enum mview)v, &n->name);
		n->part = part;
		mcand_name(s, &n->name, country, &n->q);
		malign_side(&n->side, &n->name, n->q.idf);
		hits = s->head.rows <= MQ_SCAN_ROWS ?
			   0 :
			   mcand_find(s, &x->cand, &n->q, hit,
				      FIND_NAMESAKES_MAX);
		consider_hits(s, x, x->names, hit, hits);
		for (uint32_t r = 0;
		     s->head.rows <= MQ_SCAN_ROWS && r < s->head.rows; r++)
			(void)consider(s, x, x->names, (struct mhit){ r, 0 });
		if (x->delta != NULL) {
			uint32_t row[FIND_MAX];

			hits = (unsigned)mdelta_find(x->delta, &n->name, row,
						     FIND_MAX);
			for (unsigned i = 0; i < hits; i++)
				(void)consider(s, x, x->names,
					       (struct mhit){ DELTA_ROW + row[i],
							      0.5f });
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

void
mquery_run(const struct mseg *s, const struct mdelta *delta,
	   struct mqscratch *x, const struct mask *ask,
	   const struct mlimits *limits, struct mresult *out)
{
	uint16_t country = mseg_country(ask->country);

	x->delta = delta;
	x->ask = ask;
	/* Places still free point at pairs still free. */
	for (unsigned i = 0; i < MQ_PAIRS_MAX; i++)
		x->order[i] = &x->pair[i];
	x->spare = &x->pair[MQ_PAIRS_MAX];
	x->pairs = 0;
	x->names = 0;
	x->why_n = 0;
	out->n = 0;
	run_names(s, x, ask, country);
	add_context(x, log2f((float)s->head.rows + 1));
	for (unsigned i = 0; i < x->pairs; i++) {
		struct mpair *p = x->order[i];

		if (x->watch != NULL)
			x->watch(x->watch_ctx, p->obligor_id, p->core,
				 p->align.f);
		mevidence(s, ask, country, p);
		p->close = x->names == 0 ?
			       0 :
			       written_alike(x->name[p->qname].name.raw,
					     p->raw);
	}
	mevidence_ids(s, x, ask);
	mevidence_scores(s, x);
	sort_pairs(x);
	for (unsigned i = 0; i < x->pairs && i < MQUERY_CANDIDATES_MAX; i++) {
		struct mpair *p = x->order[i];
		struct manswer *a = &out->answer[out->n++];

		p->thin = !p->by_id && p->score >= limits->review &&
			  mevidence_is_thin(s, x, p);
		a->obligor_id = p->obligor_id;
		a->score = p->score;
		a->by_id = p->by_id;
		a->verdict = mevidence_verdict(x, ask, limits, p);
		a->whys = 0;
		mwhy_put(s, x, ask, p, a);
	}
}
