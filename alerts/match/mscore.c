/*
 * mscore.c - walks the forest.
 */
#include "mscore.h"

static inline unsigned
step(const struct mtree *m, const float *f, unsigned at)
{
	return 2 * at + 1 + (f[m->feature[at]] > m->at[at]);
}

_Static_assert(MSCORE_DEPTH == 5, "leaf_of takes five steps");

static inline float
leaf_of(const struct mtree *m, const float *f)
{
	unsigned at = step(m, f, 0);

	at = step(m, f, at);
	at = step(m, f, at);
	at = step(m, f, at);
	at = step(m, f, at);
	return m->leaf[at - MSCORE_NODES];
}

/* Tree by tree: a walk waits for memory at every step, those of others not. */
void
mscore_logits(const struct mforest *forest, const float *const *f, unsigned n,
	      float *sum)
{
	for (unsigned k = 0; k < n; k++)
		sum[k] = forest->bias;
	for (unsigned t = 0; t < forest->trees; t++)
		for (unsigned k = 0; k < n; k++)
			sum[k] += leaf_of(&forest->tree[t], f[k]);
}
