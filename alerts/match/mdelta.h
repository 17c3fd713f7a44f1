/*
 * mdelta.h - what changed in the book since the segment was built.  Private
 * to match.
 *
 * A small in-memory index beside the immutable segment: obligors added or
 * changed since, and tombstones for those changed or removed.  A query sees
 * a change as soon as the call that made it has returned.  When it is full
 * (MDELTA_NAMES_MAX) or old, a new segment is built and the delta dropped.
 *
 * One writer; readers and the writer are serialised by the caller (core is
 * one thread).  All memory is the delta's own, freed by mdelta_free.
 */
#ifndef MDELTA_H
#define MDELTA_H

#include "mbuild.h"
#include "mseg.h"

#define MDELTA_NAMES_MAX 20000u
#define MDELTA_REMOVED_MAX 200000u
#define MDELTA_HITS_MAX 512u /* rows of one query before ranking */

struct mdelta;

NODISCARD struct mdelta *mdelta_new(void); /* NULL: no memory */
void mdelta_free(struct mdelta *d);
/* Adds the obligor, or replaces what segment and delta know of it. */
NODISCARD enum err mdelta_put(struct mdelta *d,
			      const struct mbuild_obligor *o, struct diag *why);
NODISCARD enum err mdelta_remove(struct mdelta *d, struct str obligor_id);
size_t mdelta_names(const struct mdelta *d);
/* Must rows of the segment be passed over? */
bool mdelta_removed(const struct mdelta *d);
/* Must the segment's rows of this obligor be passed over? */
bool mdelta_hides(const struct mdelta *d, struct str obligor_id);
/* Of an obligor of that mark (mseg_mark_of)?  When it may, ask with its id. */
bool mdelta_may_hide(const struct mdelta *d, uint32_t mark);

struct mdelta_row {
	struct str obligor_id;
	struct str name;
	struct str ids;
	struct str address;
	uint32_t first; /* row of its obligor */
	uint16_t country;
	uint8_t flags;
};

/*
 * Rows of the delta that a folded name or an id key may mean, at most max;
 * every row that shares a token, a sound or a key with it.
 */
size_t mdelta_find(const struct mdelta *d, const struct mname *m,
		   uint32_t *out, size_t max);
size_t mdelta_find_key(const struct mdelta *d, uint64_t key, uint32_t *out,
		       size_t max);
/* Borrowed until the next change. */
bool mdelta_row(const struct mdelta *d, uint32_t row, struct mdelta_row *out);

#endif
