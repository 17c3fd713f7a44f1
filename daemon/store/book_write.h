/*
 * book_write.h - checked rows into the book's tables.  Floor 3, private to
 * the store.  A transaction must be open.
 */
#ifndef BOOK_WRITE_H
#define BOOK_WRITE_H

#include "book_check.h"
#include "book_keys.h"
#include "book_rids.h"
#include "store_priv.h"

#define BOOK_KINDS_MAX 16u
/* Fewer rows than this into an empty kind do not pay for new indices. */
#define BOOK_BULK_MIN 10000u

enum book_change {
	CHANGE_NONE,
	CHANGE_ADDED,
	CHANGE_CHANGED,
	CHANGE_REPEATED, /* the key came twice in this import: not written */
};

struct book_writer_kind {
	sqlite3_stmt *read;
	sqlite3_stmt *insert;
	sqlite3_stmt *update;
	sqlite3_stmt *find;
	struct book_rids seen; /* rows this import carried */
	bool was_empty;	       /* when its first row came */
	size_t asks;	       /* how often it will be referred to, about */
	struct book_keys keys; /* its ids, when that is often */
	bool has_keys;
};

struct book_writer {
	struct store *s;
	int64_t version; /* of the book, once this is committed */
	struct book_writer_kind of[BOOK_KINDS_MAX];
	struct buf indices; /* CREATE INDEX, to be made again; NUL between */
	/* Called before a row that is there changes, its error is put's. */
	enum err (*changing)(void *self, const struct book_row *row);
	void *self;
};

NODISCARD enum err book_writer_init(struct book_writer *w, struct store *s);
void book_writer_fini(struct book_writer *w);
/*
 * Rows of k are to come, about `rows` of them.  Many rows into an empty kind
 * go in without its indices; book_writer_indices makes them.
 */
NODISCARD enum err book_writer_expect(struct book_writer *w,
				      const struct book_kind *k, size_t rows);
/* Makes the indices that expect left out; tell_index is called before each. */
typedef void book_tell_index(void *ctx, size_t done, size_t all);
NODISCARD enum err book_writer_indices(struct book_writer *w,
				       book_tell_index *tell, void *ctx);
/* ERR_ABSENT when the kind has no row of that id (its first column). */
NODISCARD enum err book_writer_find(struct book_writer *w,
				    const struct book_kind *k, struct str id);
NODISCARD enum err book_writer_put(struct book_writer *w,
				   const struct book_row *row,
				   enum book_change *change);
/* The rows of the kind that this import did not carry, and how many rows it
 * has. */
NODISCARD enum err book_writer_unseen(struct book_writer *w,
				      const struct book_kind *k,
				      struct book_rids *unseen, int64_t *all);
NODISCARD enum err book_writer_remove(struct book_writer *w,
				      const struct book_kind *k,
				      const struct book_rids *rids);

/* tell is called with a text per finding. */
typedef void book_tell(void *ctx, struct str kind, struct str column,
		       struct str value);
/* References to rows of k that are no longer there. */
NODISCARD enum err book_writer_dangling(struct book_writer *w,
					const struct book_kind *k,
					book_tell *tell, void *ctx);

/*
 * Policies of one exporter that cover a common day, one of them carried by
 * this import; at most max are told, as "A and B" in value.
 */
NODISCARD enum err book_writer_overlaps(struct book_writer *w, size_t max,
					book_tell *tell, void *ctx);

#endif
