/*
 * mweight.h - how much a word says about who is meant, 0..1: the rarer in
 * this book the more, by its kind.  Private to match.
 *
 * Tokens are numbered by falling frequency, so the rank tells how rare one
 * is: weights are worked out once for an opened segment, by rank in eighths
 * of an octave.
 */
#ifndef MWEIGHT_H
#define MWEIGHT_H

#include "mseg.h"

void mweight_fill(struct mseg *s);

/* Of a token; UINT32_MAX: of one that the book has not. */
static inline float
mweight(const struct mseg *s, uint32_t token, enum mkind kind)
{
	/* floor(8 log2(id + 1)) without a logarithm: exponent and table. */
	static const uint8_t eighth[16] = { 0, 0, 1, 2, 2, 3, 3, 4,
					    4, 5, 5, 6, 6, 6, 7, 7 };
	uint64_t v = (uint64_t)token + 1;
	unsigned e = 63u - (unsigned)__builtin_clzll(v);
	unsigned frac = (unsigned)((v << 4) >> e) & 15;

	return token == UINT32_MAX ? s->weight[kind][MWEIGHT_NONE] :
				     s->weight[kind][8 * e + eighth[frac]];
}

#endif
