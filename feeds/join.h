/*
 * join.h - rows of further files put into the records they belong to.
 * Floor 2.
 *
 * A feed with "join" has one url for its records and one for each name under
 * which rows stand in them, as an array in the order of their file.  What
 * binds them is the record key.  Everything is held until the document is
 * whole; a row that fits no record is a reject.
 */
#ifndef JOIN_H
#define JOIN_H

#include "buf.h"
#include "feed.h"

#define JOIN_BYTES_MAX (64u << 20) /* keys and rows of one document */
#define JOIN_ROWS_MAX 1000000u

struct join;

struct join_sink {
	void *self;
	/* Anything but ERR_OK ends it with that error. */
	enum err (*record)(void *self, unsigned line, struct str key,
			   struct str json);
	void (*reject)(void *self, unsigned line, struct str key,
		       const char *why);
};

NODISCARD enum err join_new(const struct feed *f, struct join **out);
void join_free(struct join *j);
/* part 0 are the records; the others as in f->join.  ERR_LIMIT. */
NODISCARD enum err join_add(struct join *j, unsigned part, unsigned line,
			    struct str key, struct str json);
/* Every record once, in document order; then the rows that fit none. */
NODISCARD enum err join_end(struct join *j, const struct join_sink *sink);

#endif
