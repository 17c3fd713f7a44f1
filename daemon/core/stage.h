/*
 * stage.h - the notices of one document until it is accepted.  Floor 4.
 *
 * They wait in an unnamed file, so a large document costs no memory; a
 * refused one leaves no trace.
 */
#ifndef STAGE_H
#define STAGE_H

#include "buf.h"

#define STAGE_WRITE_SIZE 65536u

struct stage {
	int fd; /* owned; -1 before the first notice */
	uint64_t written;
	uint64_t read;
	uint64_t count; /* notices put and not yet taken */
	struct buf out; /* not yet written */
	struct buf in;	/* the notice last taken */
};

void stage_init(struct stage *s);
void stage_free(struct stage *s);
NODISCARD enum err stage_put(struct stage *s, struct str notice);
/* The next notice, until the next call; ERR_ABSENT behind the last. */
NODISCARD enum err stage_take(struct stage *s, struct str *notice);
/* Where the next stage_take reads; stage_seek returns there. */
struct stage_mark {
	uint64_t read;
	uint64_t count;
};
struct stage_mark stage_mark(const struct stage *s);
void stage_seek(struct stage *s, struct stage_mark mark);

#endif
