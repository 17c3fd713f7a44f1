/*
 * hash.h - BLAKE2b for ids that outsiders recompute.  Floor 0.
 */
#ifndef HASH_H
#define HASH_H

#include "str.h"

#define HASH_SIZE 32u
#define HASH_ID_SIZE 16u

/* BLAKE2b-256 of s. */
void hash_256(struct str s, uint8_t out[HASH_SIZE]);
/* BLAKE2b-128 of s, as 32 lower-case hex digits and a NUL. */
void hash_id(struct str s, char out[2 * HASH_ID_SIZE + 1]);
/* hash_id of bytes that come in parts. */
struct hash_run {
	_Alignas(64) uint8_t state[384];
};
void hash_begin(struct hash_run *h);
void hash_more(struct hash_run *h, struct str s);
void hash_end(struct hash_run *h, char out[2 * HASH_ID_SIZE + 1]);
/* The 16 bytes of a hash_id as a UUID of version 8, variant 10. */
void hash_uuid(const char id[2 * HASH_ID_SIZE + 1], char out[37]);

#endif
