/*
 * mwatch.h - the watch index: the names of the whole book, in memory.
 * Floor 2.
 *
 * An immutable segment, mapped read-only, and a delta of what changed in the
 * book since the segment's stamp.  Opens no file and starts no build: core
 * hands in segments and asks mwatch_due when a new one is worth building.
 *
 * It is `whole` when segment and delta together know every obligor of the
 * book.  While it is not (no segment yet, or more changes than the delta
 * holds) match_notice also looks exact names up in the store, and accepts
 * nobody by name.
 *
 * One thread.  Everything it holds is its own.
 */
#ifndef MWATCH_H
#define MWATCH_H

#include "mquery.h"
#include "store.h"

/* Changes beside which a segment of few names is due: a quarter of it and
 * these. */
#define MWATCH_DUE_NAMES 100u

struct mwatch;

NODISCARD enum err mwatch_new(struct mwatch **out, struct diag *d);
void mwatch_free(struct mwatch *w);
/*
 * Maps the segment in fd (the caller's) in place of the one that stands, if
 * it is of this store's book; then the delta is read anew.  ERR_INPUT or
 * ERR_CORRUPT with the reason: it is refused, what stood before stands.
 */
NODISCARD enum err mwatch_map(struct mwatch *w, int fd, struct store *s,
			      struct diag *d);
/* What the book changed since the last time is visible to the next query. */
NODISCARD enum err mwatch_follow(struct mwatch *w, struct store *s);
/* Nothing is asked during an import: memory is for the book. */
void mwatch_rest(const struct mwatch *w);
bool mwatch_whole(const struct mwatch *w);
bool mwatch_due(const struct mwatch *w);

struct mwatch_counts {
	uint64_t segment_names;
	uint64_t delta_names;
	uint64_t epoch;	  /* of the segment; 0: there is none */
	uint64_t version; /* of the book it was built from */
};
struct mwatch_counts mwatch_counts(const struct mwatch *w);

/* The answers live until the next query. */
const struct mresult *mwatch_ask(struct mwatch *w, const struct mask *ask,
				 const struct mlimits *limits);

#endif
