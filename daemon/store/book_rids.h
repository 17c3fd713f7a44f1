/*
 * book_rids.h - a set of row numbers, a bit each.  Floor 3, private to the
 * store.
 *
 * Which rows of a kind an import carried is known here and nowhere in the
 * store, so that a row that stays as it is costs no write.
 */
#ifndef BOOK_RIDS_H
#define BOOK_RIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define BOOK_RID_MAX ((INT64_C(1) << 28) - 1) /* of a row of the book */

struct book_rids {
	uint8_t *bits; /* owned */
	size_t bytes;
	int64_t count;
};

void book_rids_free(struct book_rids *r);
bool book_rids_has(const struct book_rids *r, int64_t rid);
/* ERR_LIMIT for a rid below 0 or over BOOK_RID_MAX. */
NODISCARD enum err book_rids_add(struct book_rids *r, int64_t rid);
/* The smallest rid of at least `from`; -1: none. */
int64_t book_rids_next(const struct book_rids *r, int64_t from);

#endif
