/*
 * hash.c - BLAKE2b by libsodium.
 */
#include "hash.h"

#include <sodium.h>

#include "buf.h"

static void
blake2b(struct str s, uint8_t *out, size_t n)
{
	must(crypto_generichash(out, n, (const unsigned char *)s.p, s.n, NULL,
				0) == 0);
}

void
hash_256(struct str s, uint8_t out[HASH_SIZE])
{
	blake2b(s, out, HASH_SIZE);
}

static void
hex(const uint8_t *p, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[p[i] >> 4];
		out[2 * i + 1] = digit[p[i] & 15];
	}
	out[2 * n] = '\0';
}

void
hash_id(struct str s, char out[2 * HASH_ID_SIZE + 1])
{
	uint8_t id[HASH_ID_SIZE];

	blake2b(s, id, sizeof(id));
	hex(id, sizeof(id), out);
}

_Static_assert(sizeof(struct hash_run) == sizeof(crypto_generichash_state),
	       "room for libsodium's state");

static crypto_generichash_state *
state_of(struct hash_run *h)
{
	return (crypto_generichash_state *)(void *)h->state;
}

void
hash_begin(struct hash_run *h)
{
	must(crypto_generichash_init(state_of(h), NULL, 0, HASH_ID_SIZE) == 0);
}

void
hash_more(struct hash_run *h, struct str s)
{
	must(crypto_generichash_update(state_of(h),
				       (const unsigned char *)s.p, s.n) == 0);
}

void
hash_end(struct hash_run *h, char out[2 * HASH_ID_SIZE + 1])
{
	uint8_t id[HASH_ID_SIZE];

	must(crypto_generichash_final(state_of(h), id, sizeof(id)) == 0);
	hex(id, sizeof(id), out);
}

void
hash_uuid(const char id[2 * HASH_ID_SIZE + 1], char out[37])
{
	static const size_t group[] = { 4, 2, 2, 2, 6 };
	uint8_t b[HASH_ID_SIZE];
	size_t from = 0;

	must(str_to_bytes((struct str){ id, 2 * HASH_ID_SIZE }, b, sizeof(b)) ==
	     ERR_OK);
	b[6] = (uint8_t)((b[6] & 0x0F) | 0x80);
	b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
	for (size_t i = 0; i < 5; i++) {
		hex(b + from, group[i], out);
		from += group[i];
		out += 2 * group[i];
		if (i < 4)
			*out++ = '-';
	}
}
