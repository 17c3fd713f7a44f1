/*
 * book_keys.c - a set of ids: open addressing over blocks of texts.
 */
#include "book_keys.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 1024u

void
book_keys_free(struct book_keys *k)
{
	for (size_t i = 0; i < k->blocks; i++)
		free(k->block[i]);
	free(k->slot);
	*k = (struct book_keys){ 0 };
}

/* FNV-1a, its halves mixed; never 0, which marks a free slot. */
static uint32_t
hash_of(struct str id)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < id.n; i++)
		h = (h ^ (uint8_t)id.p[i]) * 1099511628211u;
	h ^= h >> 29;
	return (uint32_t)(h ^ h >> 32) | 1u;
}

/* A slot is hash << 32 | place; at the place a byte of length, then the id. */
static bool
is_at(const struct book_keys *k, uint64_t slot, struct str id)
{
	size_t at = (uint32_t)slot;
	const char *p = k->block[at / BOOK_KEYS_BLOCK_SIZE] +
			at % BOOK_KEYS_BLOCK_SIZE;

	return (size_t)p[0] == id.n && memcmp(p + 1, id.p, id.n) == 0;
}

/* The slot of the id, or the free one where it would be. */
static size_t
place_of(const struct book_keys *k, struct str id, uint32_t hash)
{
	size_t i = (hash >> 1) & (k->slots - 1);

	while (k->slot[i] != 0 &&
	       (k->slot[i] >> 32 != hash || !is_at(k, k->slot[i], id)))
		i = (i + 1) & (k->slots - 1);
	return i;
}

bool
book_keys_has(const struct book_keys *k, struct str id)
{
	return k->slots > 0 && id.n > 0 && id.n <= BOOK_KEY_MAX &&
	       k->slot[place_of(k, id, hash_of(id))] != 0;
}

static enum err
grow(struct book_keys *k)
{
	size_t slots = k->slots == 0 ? SLOTS_MIN : k->slots * 2;
	uint64_t *slot = calloc(slots, sizeof(*slot));

	if (slot == NULL)
		return ERR_STORE;
	for (size_t i = 0; i < k->slots; i++) {
		size_t at = k->slot[i] >> 33 & (slots - 1);

		if (k->slot[i] == 0)
			continue;
		while (slot[at] != 0)
			at = (at + 1) & (slots - 1);
		slot[at] = k->slot[i];
	}
	free(k->slot);
	k->slot = slot;
	k->slots = slots;
	return ERR_OK;
}

/* Copies the id; its place in *at. */
static enum err
keep(struct book_keys *k, struct str id, size_t *at)
{
	char *p;

	if (k->blocks == 0 || k->used + 1 + id.n > BOOK_KEYS_BLOCK_SIZE) {
		if (k->blocks == BOOK_KEYS_BLOCKS_MAX)
			return ERR_LIMIT;
		p = malloc(BOOK_KEYS_BLOCK_SIZE);
		if (p == NULL)
			return ERR_STORE;
		k->block[k->blocks++] = p;
		k->used = 0;
	}
	p = k->block[k->blocks - 1] + k->used;
	p[0] = (char)id.n;
	memcpy(p + 1, id.p, id.n);
	*at = (k->blocks - 1) * BOOK_KEYS_BLOCK_SIZE + k->used;
	k->used += 1 + id.n;
	return ERR_OK;
}

enum err
book_keys_add(struct book_keys *k, struct str id)
{
	uint32_t hash = hash_of(id);
	enum err err = ERR_OK;
	size_t at = 0;
	size_t i;

	if (id.n == 0 || id.n > BOOK_KEY_MAX || k->count == BOOK_KEYS_COUNT_MAX)
		return ERR_LIMIT;
	if (k->count >= k->slots / 4 * 3)
		err = grow(k);
	if (err != ERR_OK)
		return err;
	i = place_of(k, id, hash);
	if (k->slot[i] != 0)
		return ERR_OK;
	err = keep(k, id, &at);
	if (err != ERR_OK)
		return err;
	k->slot[i] = (uint64_t)hash << 32 | at;
	k->count++;
	return ERR_OK;
}
