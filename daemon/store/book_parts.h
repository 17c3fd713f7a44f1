/*
 * book_parts.h - lists in one text: parts between |, with \| and \\ for
 * themselves.  Floor 3, private to the store.
 */
#ifndef BOOK_PARTS_H
#define BOOK_PARTS_H

#include "arena.h"
#include "buf.h"

#define BOOK_PARTS_MAX 64u

/*
 * Splits; an empty text has no parts.  ERR_INPUT for an empty part or another
 * escape, ERR_LIMIT over BOOK_PARTS_MAX or when a is full.
 */
NODISCARD enum err book_parts(struct str text, struct arena *a,
			      struct str **out, size_t *count);
/* Appends one part, escaped, with | before all but the first. */
void book_parts_put(struct buf *b, struct str part);

#endif
