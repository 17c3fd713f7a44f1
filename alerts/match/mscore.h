/*
 * mscore.h - features into confidence.  Private to match.
 *
 * The name model is a small forest of regression trees fitted on labelled
 * pairs (tests/bench/fit.c writes mmodel.c); its sum is the log-odds of the
 * candidate against nobody of the book being meant, given the name alone.
 * Country, address and ids are added as log-likelihood ratios.
 */
#ifndef MSCORE_H
#define MSCORE_H

#include "malign.h"

#define MSCORE_DEPTH 5u
#define MSCORE_NODES ((1u << MSCORE_DEPTH) - 1)

struct mtree {
	uint8_t feature[MSCORE_NODES];
	float at[MSCORE_NODES]; /* left when value <= at */
	float leaf[1u << MSCORE_DEPTH];
};

struct mforest {
	const struct mtree *tree;
	unsigned trees;
	float bias;
};

/* Fitted on books of 400 to 100,000 names; and for the smallest ones, where
 * every name of the book is compared and no other competes. */
extern const struct mforest mmodel;
extern const struct mforest mmodel_small;

float mscore_logit(const struct mforest *m, const float f[MF_COUNT]);

/* Log-odds that the pairs made up to fit mmodel_small take from real ones. */
#define MSCORE_SMALL 0.4f
/* So much a name says at most there: one abroad is no question. */
#define MSCORE_SMALL_TOP 3.9f
#define MSCORE_BOOK 17.0f /* log2 of the names of the books mostly fitted on */
#define MSCORE_DOUBLING 0.1f /* log-odds that every doubling from there takes */

/*
 * What a sum of mmodel is worth.  Of queries in Latin letters more, of others
 * less is true than the forest says (stated and real shares, out of fold);
 * and in a larger book somebody else is likelier to be called so.
 */
static inline float
mscore_stated(float logit, const float f[MF_COUNT])
{
	float doublings = f[MF_BOOK] - MSCORE_BOOK;

	logit += f[MF_SCRIPT] > 0 ? -0.1f : 0.1f;
	return doublings > 0 ? logit - MSCORE_DOUBLING * doublings : logit;
}

#endif
