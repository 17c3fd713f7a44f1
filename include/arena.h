/*
 * arena.h - memory that dies in groups.  Floor 0.
 *
 * One arena per lifetime, of fixed size; full means NULL and the input at
 * hand is rejected (ERR_LIMIT).  Under ASan what is not handed out and what
 * was rewound is poisoned.
 */
#ifndef ARENA_H
#define ARENA_H

#include "str.h"

struct arena {
	char *p; /* owned */
	size_t n;
	size_t size;
	size_t high; /* high-water mark, bytes */
};

NODISCARD enum err arena_init(struct arena *a, size_t size);
void arena_fini(struct arena *a);
/* Zeroed, aligned to 16; NULL when full. */
void *arena_get(struct arena *a, size_t count, size_t size);
#define arena_new(a, type) ((type *)arena_get((a), 1, sizeof(type)))
#define arena_array(a, type, count)                                            \
	((type *)arena_get((a), (count), sizeof(type)))
/* A copy with a NUL behind it; p is NULL when full. */
struct str arena_str(struct arena *a, struct str s);
size_t arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, size_t mark);

#endif
