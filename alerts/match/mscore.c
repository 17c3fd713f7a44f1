/*
 * mscore.c - walks the forest.
 */
#include "mscore.h"

static inline unsigned
step(const struct mtree *m, const float *f, unsigned at)
{
	return 2 * at + 1 + (f[m->feature[at]] > m->at[at]);
}

float
mscore_logit(const struct mforest *forest, const float f[MF_COUNT])
{
	float sum = forest->bias;
	unsigned t = 0;

	/* Four at a time: one walk is a chain of loads, four overlap. */
	for (; t + 4 <= forest->trees; t += 4) {
		const struct mtree *m = &forest->tree[t];
		unsigned a = 0, b = 0, c = 0, d = 0;

		for (unsigned i = 0; i < MSCORE_DEPTH; i++) {
			a = step(&m[0], f, a);
			b = step(&m[1], f, b);
			c = step(&m[2], f, c);
			d = step(&m[3], f, d);
		}
		sum += m[0].leaf[a - MSCORE_NODES];
		sum += m[1].leaf[b - MSCORE_NODES];
		sum += m[2].leaf[c - MSCORE_NODES];
		sum += m[3].leaf[d - MSCORE_NODES];
	}
	for (; t < forest->trees; t++) {
		unsigned a = 0;

		for (unsigned i = 0; i < MSCORE_DEPTH; i++)
			a = step(&forest->tree[t], f, a);
		sum += forest->tree[t].leaf[a - MSCORE_NODES];
	}
	return sum;
}
