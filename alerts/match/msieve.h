/*
 * msieve.h - could one of a few obligors be meant by that name?  Floor 2.
 *
 * The other direction of matching: after the book changed, facts that nobody
 * has are tried on it again.  Most have nothing in common with what changed;
 * the sieve tells which, so that only the others are asked of the whole index.
 */
#ifndef MSIEVE_H
#define MSIEVE_H

#include "store.h"

struct msieve;

/* Of the obligors added or changed since that book version.  ERR_LIMIT: too
 * many for a sieve; whoever has none (NULL) lets everything through. */
NODISCARD enum err msieve_new(struct store *s, int64_t since,
			      struct msieve **out);
void msieve_free(struct msieve *v);
bool msieve_may(const struct msieve *v, struct str name);
bool msieve_has(const struct msieve *v, struct str obligor_id);

#endif
