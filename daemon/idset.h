/*
 * idset.h - which ids were there before.  Floor 4.
 *
 * A growing table of 64-bit hashes, so that a book of any size is read once:
 * two ids of one hash would be taken for one (one chance in thousands at
 * 80 million ids), which is for warnings only.  At most 16 bytes an id.
 * Without memory nothing is said to have been there, and idset_full says so.
 */
#ifndef IDSET_H
#define IDSET_H

#include "str.h"

struct idset {
	uint64_t *slot; /* owned; 0: free */
	uint64_t slots; /* a power of two, or 0 */
	uint64_t n;
	bool full;
};

/* Was it put before?  Puts it.  A set begins as { 0 }. */
bool idset_put(struct idset *s, struct str id);
bool idset_full(const struct idset *s);
void idset_free(struct idset *s);

#endif
