/*
 * book_write.h - checked rows into the book's tables.  Floor 3, private to
 * the store.  A transaction must be open.
 */
#ifndef BOOK_WRITE_H
#define BOOK_WRITE_H

#include "book_check.h"
#include "store_priv.h"

#define BOOK_KINDS_MAX 16u

enum book_change {
	CHANGE_NONE,
	CHANGE_ADDED,
	CHANGE_CHANGED,
	CHANGE_REPEATED, /* the key came twice in this import: not written */
};

struct book_writer {
	struct store *s;
	int64_t version; /* of the book, once this is committed */
	sqlite3_stmt *seen[BOOK_KINDS_MAX];
	sqlite3_stmt *upsert[BOOK_KINDS_MAX];
	sqlite3_stmt *find[BOOK_KINDS_MAX];
};

NODISCARD enum err book_writer_init(struct book_writer *w, struct store *s);
void book_writer_fini(struct book_writer *w);
/* ERR_ABSENT when the kind has no row of that id (its first column). */
NODISCARD enum err book_writer_find(struct book_writer *w,
				    const struct book_kind *k, struct str id);
NODISCARD enum err book_writer_put(struct book_writer *w,
				   const struct book_row *row,
				   enum book_change *change);
/* How many rows the kind has, and how many this import did not carry. */
NODISCARD enum err book_writer_unseen(struct book_writer *w,
				      const struct book_kind *k,
				      int64_t *unseen, int64_t *all);
NODISCARD enum err book_writer_remove_unseen(struct book_writer *w,
					     const struct book_kind *k);

/* tell is called with a text per finding. */
typedef void book_tell(void *ctx, struct str kind, struct str column,
		       struct str value);
/* References to rows of k that are no longer there. */
NODISCARD enum err book_writer_dangling(struct book_writer *w,
					const struct book_kind *k,
					book_tell *tell, void *ctx);

#endif
