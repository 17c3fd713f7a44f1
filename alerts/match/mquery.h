/*
 * mquery.h - a query against a segment and its delta: who is meant, how
 * surely, and why.  What match.h and the query command call.
 *
 * An ask lends its strings for the call.  The scratch belongs to one thread
 * and is reused; after mquery_scratch_new a query allocates nothing.  The
 * result's strings live in the scratch until the next query.
 */
#ifndef MQUERY_H
#define MQUERY_H

#include "mseg.h"

#define MQUERY_NAMES_MAX 16u
#define MQUERY_IDS_MAX 16u
#define MQUERY_CANDIDATES_MAX 10u
#define MQUERY_WHY_MAX 40u /* every word of a name, then the warnings */
#define MQUERY_TEXT_MAX 65536u

struct mdelta;

struct mask_id {
	struct str scheme;
	struct str value; /* canonical */
};

struct mask {
	struct str name[MQUERY_NAMES_MAX];
	unsigned names;
	struct mask_id id[MQUERY_IDS_MAX];
	unsigned ids;
	struct str country;
	struct str address;
	/* Obligors that a reviewer said are not meant: passed over by name. */
	const struct str *skip;
	size_t skips;
};

enum mverdict { MQ_ACCEPT, MQ_REVIEW, MQ_REJECT };

struct manswer {
	struct str obligor_id;
	int score; /* 0..1000 */
	enum mverdict verdict;
	bool by_id;
	struct str why[MQUERY_WHY_MAX];
	unsigned whys;
};

struct mresult {
	struct manswer answer[MQUERY_CANDIDATES_MAX];
	unsigned n;
};

struct mlimits {
	int accept; /* score from which a candidate is accepted */
	int review;
	/* Accept by name asks for the country to agree (contract 4). */
	bool country_needed;
	bool all; /* those rejected are answers too */
};

#define MQUERY_LIMITS ((struct mlimits){ 900, 600, false, false })

struct mqscratch; /* opaque; owned by one thread */

NODISCARD struct mqscratch *mquery_scratch_new(void);
void mquery_scratch_free(struct mqscratch *x);

/* delta may be NULL. */
void mquery_run(const struct mseg *s, const struct mdelta *delta,
		struct mqscratch *x, const struct mask *ask,
		const struct mlimits *limits, struct mresult *out);

/* Calls fn with the features of every pair considered (for fitting). */
void mquery_watch(struct mqscratch *x,
		  void (*fn)(void *ctx, struct str obligor_id, uint64_t core,
			     const float *f),
		  void *ctx);
const char *mquery_verdict_text(enum mverdict v);

#endif
