/*
 * mscore.c - walks the forest.
 */
#include "mscore.h"

#include <math.h>

float
mscore_logit(const struct mforest *forest, const float f[MF_COUNT])
{
	float sum = forest->bias;

	for (unsigned t = 0; t < forest->trees; t++) {
		const struct mtree *m = &forest->tree[t];
		unsigned at = 0;

		for (unsigned d = 0; d < MSCORE_DEPTH; d++)
			at = 2 * at + 1 + (f[m->feature[at]] > m->at[at]);
		sum += m->leaf[at - MSCORE_NODES];
	}
	return sum;
}

float
mscore_share(float logit)
{
	return 1 / (1 + expf(-logit));
}
