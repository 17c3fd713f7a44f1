/*
 * mweight.c - the weights of a book's words.
 */
#include "mweight.h"

#include <math.h>

#define TRUST_MIN 500.0	  /* rows up to which df says nothing */
#define TRUST_HALF 3000.0 /* rows at which df counts half */

/* What a token weighs before the book has said anything. */
static float
prior(enum mkind kind)
{
	switch (kind) {
	case MK_CONCEPT:
		return 0.22f;
	case MK_PLACE:
		return 0.26f;
	case MK_NUMBER:
		return 0.35f;
	case MK_WORD:
		break;
	}
	return 0.7f;
}

/* No general word says as much as a name, however rare it is here. */
static float
most(enum mkind kind)
{
	switch (kind) {
	case MK_CONCEPT:
		return 0.42f;
	case MK_PLACE:
		return 0.45f;
	case MK_NUMBER:
		return 0.5f;
	case MK_WORD:
		break;
	}
	return 1e9f;
}

/* rare: idf by the logarithm of the book; trust: in its frequencies, 0..1. */
static void
put(struct mseg *s, unsigned step, float rare, float trust)
{
	for (unsigned k = 0; k < MSEG_KINDS; k++) {
		float top = most((enum mkind)k);
		float w = rare > top ? top : rare;

		w = trust * w + (1 - trust) * prior((enum mkind)k);
		s->weight[k][step] = w < 0.06f ? 0.06f : w > 1 ? 1 : w;
	}
}

/* By the df of the token at the beginning of each eighth of an octave. */
void
mweight_fill(struct mseg *s)
{
	double n = (double)s->head.rows;
	double big = n < 1e5 ? 1e5 : n;
	float log_n = (float)log2(big);
	float trust = n <= TRUST_MIN ? 0 : (float)(n / (n + TRUST_HALF));

	for (unsigned i = 0; i < MWEIGHT_NONE; i++) {
		double id = exp2(i / 8.0) - 1;
		double df = 1, idf;

		if (id < (double)s->head.tokens)
			df = mseg_token_at(s, (uint32_t)id).df;
		idf = log2((big + 1) / (df * (big / (n < 1 ? 1 : n)) + 0.5));
		idf = idf < 0.5 ? 0.5 : idf > 31 ? 31 : idf;
		/* In eighths of a bit, as the forest was fitted. */
		put(s, i, (float)(uint8_t)(idf * 8) / 8 / log_n, trust);
	}
	put(s, MWEIGHT_NONE, 1, trust);
}
