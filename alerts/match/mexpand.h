/*
 * mexpand.h - tokens of the book that may stand for those of a query: the
 * same, misspelt, glued, cut, declined, sounding alike.  Private to match.
 */
#ifndef MEXPAND_H
#define MEXPAND_H

#include "mcand.h"

/* One more, or what it is worth raised; sim and part as in struct mexpand. */
void mexpand_put(const struct mseg *s, struct mscratch *x, uint32_t token,
		 uint32_t mask, float sim, float part);
/* All that are not written the same. */
void mexpand_alike(const struct mseg *s, struct mscratch *x,
		   const struct mquery_name *q);

#endif
