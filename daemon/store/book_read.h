/*
 * book_read.h - a file of the book through a window.  Floor 3, private to the
 * store.
 *
 * A file of any size is read a part at a time, from memory or from a
 * descriptor.  What the caller has not taken stays in the window; a row
 * begins whole if it is no longer than BOOK_READ_AHEAD.
 */
#ifndef BOOK_READ_H
#define BOOK_READ_H

#include "book_import.h"
#include "hash.h"

#define BOOK_READ_AHEAD ((size_t)2 * BOOK_ROW_MAX)
#define BOOK_READ_WINDOW (2 * BOOK_READ_AHEAD)

struct book_read {
	struct str bytes; /* of the file; p not looked at with fd */
	int fd;		  /* -1: none */
	char *window; /* owned */
	int64_t at;   /* of the file: behind the window */
	bool end;     /* the window reaches to the file's end */
	struct hash_run hash; /* of what was read */
};

NODISCARD enum err book_read_init(struct book_read *r);
void book_read_fini(struct book_read *r);
/* From the beginning, behind a byte order mark; fd -1: bytes in memory. */
NODISCARD enum err book_read_open(struct book_read *r,
				  struct str bytes, int fd, struct str *rest);
/*
 * Makes of *rest, which must be the end of what came before, the same with
 * at least BOOK_READ_AHEAD bytes, or all there are.  Strs into the window
 * die.  ERR_IO.
 */
NODISCARD enum err book_read_on(struct book_read *r, struct str *rest);

#endif
