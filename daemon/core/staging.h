/*
 * staging.h - the notices of one document until it is accepted.  Floor 4.
 *
 * They wait in an unnamed file, so a large document costs no memory; a
 * refused one leaves no trace.
 */
#ifndef STAGING_H
#define STAGING_H

#include "buf.h"

#define STAGING_WRITE_SIZE 65536u

struct staging {
	int fd; /* owned; -1 before the first notice */
	uint64_t written;
	uint64_t read;
	uint64_t count; /* notices put and not yet taken */
	struct buf out; /* not yet written */
	struct buf in;	/* the notice last taken */
};

void staging_init(struct staging *s);
void staging_free(struct staging *s);
NODISCARD enum err staging_put(struct staging *s, struct str notice);
/* The next notice, until the next call; ERR_ABSENT behind the last. */
NODISCARD enum err staging_take(struct staging *s, struct str *notice);
/* Where the next staging_take reads; staging_seek returns there. */
struct staging_mark {
	uint64_t read;
	uint64_t count;
};
struct staging_mark staging_mark(const struct staging *s);
void staging_seek(struct staging *s, struct staging_mark mark);

#endif
