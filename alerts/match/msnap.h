/*
 * msnap.h - what the builder is told of the book.  Floor 2.
 *
 * A snapshot is a file of obligors, one behind the other: blobs obligor_id,
 * name, aliases, country, ids, address.  core writes it while it serves (rows
 * of one moment or later ones: whatever changed since the stamp is in the
 * delta and hides what the segment says); the index role reads it and writes
 * a segment.  Neither opens a file: descriptors are handed to them, and stay
 * the caller's.
 */
#ifndef MSNAP_H
#define MSNAP_H

#include "buf.h"
#include "store.h"

#define MSNAP_RECORD_MAX (1u << 20) /* bytes of one obligor */

struct msnap_stats {
	uint64_t obligors;
	uint64_t names;
	uint64_t bytes; /* of the segment */
};

void msnap_put(struct buf *b, const struct watch_row *row);
/*
 * From the snapshot at offset 0 of `in` to a segment in the empty file
 * `out`, synced.  ERR_INPUT when the snapshot is not one, ERR_IO, ERR_LIMIT;
 * the reason is in d.
 */
NODISCARD enum err msnap_build(int in, int out, uint64_t epoch,
			       uint64_t version, struct msnap_stats *st,
			       struct diag *d);

#endif
