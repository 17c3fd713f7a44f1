/*
 * book_keys.h - a set of ids, in memory.  Floor 3, private to the store.
 *
 * A large file refers to the same ids millions of times; asking here costs a
 * tenth of asking the database.  Exact: the ids themselves are kept.
 */
#ifndef BOOK_KEYS_H
#define BOOK_KEYS_H

#include "str.h"

#define BOOK_KEY_MAX 64u /* bytes of an id */
#define BOOK_KEYS_COUNT_MAX (1u << 23)
#define BOOK_KEYS_BLOCKS_MAX 256u
#define BOOK_KEYS_BLOCK_SIZE (1u << 20)

struct book_keys {
	uint64_t *slot; /* owned; hash and place of the id, 0: free */
	size_t slots;	/* a power of two */
	size_t count;
	char *block[BOOK_KEYS_BLOCKS_MAX]; /* owned */
	size_t blocks;
	size_t used; /* of the last block */
};

void book_keys_free(struct book_keys *k);
/* ERR_LIMIT: full; an id that is there already is fine. */
NODISCARD enum err book_keys_add(struct book_keys *k, struct str id);
bool book_keys_has(const struct book_keys *k, struct str id);

#endif
