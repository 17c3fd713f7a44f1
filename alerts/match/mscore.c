/*
 * mscore.c - walks the forest.
 */
#include "mscore.h"

#include <math.h>

float
mscore_logit(const float f[MF_COUNT])
{
	float sum = mmodel_bias;

	for (unsigned t = 0; t < mmodel_trees; t++) {
		const struct mtree *m = &mmodel_tree[t];
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
