/*
 * medit.c - how many edits lie between two words.
 */
#include "mcand.h"

unsigned
mcand_edits(struct str a, struct str b, unsigned limit)
{
	UNSET uint8_t row[3][MFOLD_TOKEN_LEN_MAX + 2];
	uint8_t *old = row[0], *last = row[1], *now = row[2];

	if (a.n > MFOLD_TOKEN_LEN_MAX || b.n > MFOLD_TOKEN_LEN_MAX ||
	    a.n > b.n + limit || b.n > a.n + limit)
		return limit + 1;
	/* Where both begin or end alike nothing is to be done. */
	while (a.n > 0 && b.n > 0 && a.p[0] == b.p[0]) {
		a = str_sub(a, 1, a.n);
		b = str_sub(b, 1, b.n);
	}
	while (a.n > 0 && b.n > 0 && a.p[a.n - 1] == b.p[b.n - 1]) {
		a.n--;
		b.n--;
	}
	for (size_t k = 0; k <= b.n; k++)
		last[k] = (uint8_t)k;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned low = (unsigned)i;
		uint8_t *free_row = old;

		now[0] = (uint8_t)i;
		for (size_t k = 1; k <= b.n; k++) {
			unsigned v = (unsigned)last[k - 1] +
				     (a.p[i - 1] != b.p[k - 1] ? 1u : 0u);

			if (last[k] + 1u < v)
				v = last[k] + 1u;
			if (now[k - 1] + 1u < v)
				v = now[k - 1] + 1u;
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] &&
			    a.p[i - 2] == b.p[k - 1] && old[k - 2] + 1u < v)
				v = old[k - 2] + 1u;
			now[k] = (uint8_t)v;
			if (v < low)
				low = v;
		}
		if (low > limit)
			return limit + 1;
		old = last;
		last = now;
		now = free_row;
	}
	return last[b.n];
}
