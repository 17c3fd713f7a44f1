/*
 * book_csv.h - a strict reader of RFC 4180.  Floor 3, private to the store.
 *
 * Lines end in LF or CRLF; the last may lack it.  A quote stands only around
 * a whole field, doubled within one.  Nothing is trimmed, nothing guessed.
 */
#ifndef BOOK_CSV_H
#define BOOK_CSV_H

#include "arena.h"

#define BOOK_CSV_FIELDS_MAX 64u

struct book_csv {
	struct str rest;
	unsigned line; /* of the next byte, from 1 */
};

struct book_csv_row {
	unsigned line; /* where the row begins */
	struct str field[BOOK_CSV_FIELDS_MAX];
	size_t count;
};

/* Skips one empty line; false when there is none. */
bool book_csv_skip_empty(struct book_csv *c);
/*
 * The next row; its strs live in the bytes or in a.  ERR_ABSENT at the end.  ERR_INPUT with d: nothing after it can be trusted.
 * ERR_LIMIT: the row is too large, and was skipped.
 */
NODISCARD enum err book_csv_next(struct book_csv *c, struct arena *a,
				 struct book_csv_row *out, struct diag *d);

#endif
