/*
 * token.c - the one file of the composer that knows libsodium.
 */
#include "compose.h"

#include <sodium.h>

void
compose_token(const uint8_t key[COMPOSE_KEY_SIZE], struct str s,
	      char out[2 * HASH_ID_SIZE + 1])
{
	uint8_t mac[HASH_ID_SIZE];

	must(crypto_generichash(mac, sizeof(mac), (const uint8_t *)s.p, s.n,
				key, COMPOSE_KEY_SIZE) == 0);
	sodium_bin2hex(out, 2 * HASH_ID_SIZE + 1, mac, sizeof(mac));
}
