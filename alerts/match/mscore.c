/*
 * mscore.c - walks the forest.
 */
#include "mscore.h"

static inline unsigned
step(const struct mtree *m, const float *f, unsigned at)
{
	return 2 * at + 1 + (f[m->feature[at]] > m->at[at]);
}

void
mscore_logits(const struct mforest *forest, const float *const *f, unsigned n,
	      float *sum)
{
	unsigned i = 0;

	for (unsigned k = 0; k < n; k++)
		sum[k] = forest->bias;
	for (unsigned t = 0; t < forest->trees; t++) {
		const struct mtree *m = &forest->tree[t];

		/* Four at a time: one walk is a chain of loads, four overlap. */
		for (i = 0; i + 4 <= n; i += 4) {
			unsigned a = 0, b = 0, c = 0, d = 0;

			for (unsigned k = 0; k < MSCORE_DEPTH; k++) {
				a = step(m, f[i], a);
				b = step(m, f[i + 1], b);
				c = step(m, f[i + 2], c);
				d = step(m, f[i + 3], d);
			}
			sum[i] += m->leaf[a - MSCORE_NODES];
			sum[i + 1] += m->leaf[b - MSCORE_NODES];
			sum[i + 2] += m->leaf[c - MSCORE_NODES];
			sum[i + 3] += m->leaf[d - MSCORE_NODES];
		}
		for (; i < n; i++) {
			unsigned a = 0;

			for (unsigned k = 0; k < MSCORE_DEPTH; k++)
				a = step(m, f[i], a);
			sum[i] += m->leaf[a - MSCORE_NODES];
		}
	}
}
