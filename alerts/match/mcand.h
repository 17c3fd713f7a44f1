/*
 * mcand.h - which rows of a segment may be meant.  Private to match.
 *
 * Works in rounds, cheapest first, and stops when a round found something
 * good: keys of the whole name and exact tokens; then misspelt, glued, cut
 * and sound-alike tokens.  Posting lists are walked whole or not at all, the
 * shortest first, within a budget.  No allocation: everything lives in the
 * scratch of the calling thread.
 */
#ifndef MCAND_H
#define MCAND_H

#include "mkey.h"
#include "mseg.h"

#define MCAND_ROWS 8192u /* slots of the row table, a power of two */
#define MCAND_TAKEN_MAX (MCAND_ROWS / 2)
#define MCAND_BUDGET 3000u /* postings walked in a round */
#define MCAND_SEEN_MAX 512u /* rows whose country is looked at */
#define MCAND_FIRST_MAX 48u /* rows by what was walked */
#define MCAND_READ_MAX 32u /* of them, that are read */
#define MCAND_EXPAND_MAX 256u
#define MCAND_MARKS 4096u /* a power of two */

/* A token of the book that stands for one or more tokens of the query. */
struct mexpand {
	uint32_t token;
	uint32_t mask;	/* query tokens */
	float sim;
	float part;	/* of each query token in mask */
	uint32_t df;
	uint16_t next; /* place + 1 of one more of the same mark; 0 none */
	uint8_t walked;
	uint8_t home; /* the country's list was looked at */
	uint8_t home_known; /* and walked: other rows are not of it */
};

struct mhit {
	uint32_t row;
	float score;
	float promise; /* before the row was read */
};

/* A row that something led to. */
struct mcand_row {
	uint32_t row;
	float acc; /* what was walked to it */
	float key; /* what a key of the whole name promises */
	enum { AT_UNKNOWN, AT_HOME, AT_ABROAD } at;
};

struct mscratch {
	/* Row table: place + 1 in taken by a hash of the row, 0 free. */
	uint16_t slot[MCAND_ROWS];
	struct mcand_row taken[MCAND_TAKEN_MAX];
	float worth[MCAND_TAKEN_MAX];
	unsigned taken_n;
	uint16_t seen[MCAND_SEEN_MAX];
	float promised[MCAND_SEEN_MAX];
	struct mexpand expand[MCAND_EXPAND_MAX];
	unsigned expand_n;
	/* Place + 1 of the last of expand whose token falls here. */
	uint16_t mark[MCAND_MARKS];
	struct mseg_keyed keyed;
	struct mrow row;
	const struct mquery_name *q; /* the running one */
};

struct mquery_name {
	const struct mname *m;
	uint32_t token[MFOLD_TOKENS_MAX]; /* id or UINT32_MAX */
	float idf[MFOLD_TOKENS_MAX];
	float total;
	uint16_t country;
	bool foreign; /* not written in Latin letters */
};

void mcand_name(const struct mseg *s, const struct mname *m, uint16_t country,
		struct mquery_name *out);
/* Up to max best rows, best first. */
unsigned mcand_find(const struct mseg *s, struct mscratch *x,
		    const struct mquery_name *q, struct mhit *out,
		    unsigned max);
/* Damerau distance (adjacent swaps count one), or limit + 1. */
unsigned mcand_edits(struct str a, struct str b, unsigned limit);

#endif
