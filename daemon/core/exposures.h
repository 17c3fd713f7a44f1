/*
 * exposures.h - the rows of `exposure` (contract section 8).  Floor 4.
 *
 * Reads the store, nothing else.  All of a large book takes a minute, so it
 * goes in turns, between which core decides and tells.
 */
#ifndef EXPOSURES_H
#define EXPOSURES_H

#include "store.h"

#define EXPOSURES_TOTALS_MAX 64u /* currencies of the totals */
#define EXPOSURES_ARENA_SIZE (256u << 20)
#define EXPOSURES_KEEP_SIZE 65536u
#define EXPOSURES_TURN 256u /* pairs of exporter and obligor in one turn */

struct exposures_ask {
	struct str exporter_id; /* empty: all, as the two below */
	struct str obligor_id;
	struct str country;
	int32_t as_of; /* Shanghai day */
	int json;      /* one object a line; else a table */
	/* NULL, or called after every exporter: may empty out. */
	NODISCARD enum err (*spill)(void *self, struct buf *out);
	void *self;
};

/*
 * Rows by exporter, obligor, policy; with an obligor or a country the totals
 * per currency last.  Appends to out, whose error is returned too.  A row or
 * a total whose figures leave 64 bits is told without them, its quality is
 * "too_large"; a total that such a row is missing from is "incomplete".
 */
NODISCARD enum err exposures_put(struct store *s,
				 const struct exposures_ask *ask,
				 struct buf *out);
/*
 * The same in turns, s and out and the ask's strs borrowed until the end.
 * ERR_AGAIN: there is more.  ERR_REFUSED: the book changed in between, and no
 * answer can be of both.
 */
struct exposures;
NODISCARD enum err exposures_begin(struct store *s,
				   const struct exposures_ask *ask,
				   struct buf *out, struct exposures **to);
NODISCARD enum err exposures_step(struct exposures *x);
void exposures_end(struct exposures *x);

#endif
