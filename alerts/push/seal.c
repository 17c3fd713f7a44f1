/*
 * seal.c - libsodium behind our words.
 */
#include "seal.h"

#include <sodium.h>
#include <string.h>

#include "hash.h"

#define SIGNED_MAX 256u /* label, stream, header, digest */

_Static_assert(crypto_box_PUBLICKEYBYTES == KEYS_SIZE, "suite 1");
_Static_assert(crypto_box_SECRETKEYBYTES == KEYS_SIZE, "suite 1");
_Static_assert(crypto_sign_SEEDBYTES == KEYS_SIZE, "suite 1");
_Static_assert(crypto_sign_BYTES == SEAL_SIGNATURE_SIZE, "suite 1");
_Static_assert(crypto_box_NONCEBYTES == SEAL_NONCE_SIZE, "suite 1");
_Static_assert(crypto_box_MACBYTES == SEAL_MAC_SIZE, "suite 1");
_Static_assert(crypto_box_BEFORENMBYTES == KEYS_SIZE, "suite 1");

/* Idempotent; libsodium without randomness is not to be used at all. */
static void
ready(void)
{
	must(sodium_init() >= 0);
}

void
seal_random(void *p, size_t n)
{
	ready();
	randombytes_buf(p, n);
}

static void
sign_pair(const uint8_t seed[KEYS_SIZE], uint8_t pub[KEYS_SIZE],
	  uint8_t full[crypto_sign_SECRETKEYBYTES])
{
	must(crypto_sign_seed_keypair(pub, full, seed) == 0);
}

void
seal_keys_generate(struct keys *out, size_t sign_count)
{
	uint8_t full[crypto_sign_SECRETKEYBYTES];

	must(sign_count <= KEYS_SIGN_MAX);
	ready();
	*out = (struct keys){ .sign_count = sign_count };
	must(crypto_box_keypair(out->curve.pub, out->curve.sec) == 0);
	must(crypto_box_keypair(out->seal.pub, out->seal.sec) == 0);
	for (size_t i = 0; i < sign_count; i++) {
		randombytes_buf(out->sign[i].sec, KEYS_SIZE);
		sign_pair(out->sign[i].sec, out->sign[i].pub, full);
	}
	sodium_memzero(full, sizeof(full));
}

static bool
box_pair_ok(const struct keys_pair *pair)
{
	uint8_t pub[KEYS_SIZE];

	return crypto_scalarmult_base(pub, pair->sec) == 0 &&
	       memcmp(pub, pair->pub, sizeof(pub)) == 0;
}

enum err
seal_keys_check(const struct keys *k, struct diag *d)
{
	uint8_t full[crypto_sign_SECRETKEYBYTES];
	uint8_t pub[KEYS_SIZE];
	bool good;

	ready();
	good = box_pair_ok(&k->curve) && box_pair_ok(&k->seal);
	for (size_t i = 0; i < k->sign_count; i++) {
		sign_pair(k->sign[i].sec, pub, full);
		good = good && memcmp(pub, k->sign[i].pub, sizeof(pub)) == 0;
	}
	sodium_memzero(full, sizeof(full));
	if (!good)
		return diag_set(d, ERR_INPUT, 0,
				"a public key is not that of its secret key");
	return ERR_OK;
}

static uint32_t
keyid(const uint8_t pub[KEYS_SIZE])
{
	uint8_t h[HASH_SIZE];

	ready();
	hash_256((struct str){ (const char *)pub, KEYS_SIZE }, h);
	return (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 |
	       (uint32_t)h[2] << 8 | h[3];
}

uint16_t
seal_sign_keyid(const uint8_t pub[KEYS_SIZE])
{
	return (uint16_t)(keyid(pub) >> 16);
}

uint32_t
seal_seal_keyid(const uint8_t pub[KEYS_SIZE])
{
	return keyid(pub);
}

enum err
seal_share(const uint8_t pub[KEYS_SIZE], const uint8_t sec[KEYS_SIZE],
	   struct seal_shared *out)
{
	ready();
	if (crypto_box_beforenm(out->key, pub, sec) != 0)
		return ERR_INPUT;
	return ERR_OK;
}

/* The bytes under the signature; the same for every replay and reader. */
static void
signed_bytes(struct buf *b, struct str stream, const struct wire_header *h,
	     struct str body)
{
	struct wire_header bare = *h;
	uint8_t digest[HASH_SIZE];

	must(h->body_len == body.n);
	bare.flags = 0;
	bare.seal_keyid = 0;
	buf_put(b, S("credit-alarm/1"));
	buf_byte(b, 0);
	buf_put(b, stream);
	buf_byte(b, 0);
	wire_put_header(b, &bare);
	hash_256(body, digest);
	buf_put(b, (struct str){ (const char *)digest, sizeof(digest) });
	must(b->err == ERR_OK);
}

void
seal_sign(struct str stream, const struct wire_header *h, struct str body,
	  const struct keys_pair *sign, uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	uint8_t full[crypto_sign_SECRETKEYBYTES];
	uint8_t pub[KEYS_SIZE];
	struct buf b;

	ready();
	buf_init(&b, SIGNED_MAX);
	signed_bytes(&b, stream, h, body);
	sign_pair(sign->sec, pub, full);
	must(crypto_sign_detached(signature, NULL, (const uint8_t *)b.p, b.n,
				  full) == 0);
	sodium_memzero(full, sizeof(full));
	buf_free(&b);
}

enum err
seal_verify(struct str stream, const struct wire_header *h, struct str body,
	    const uint8_t sign[KEYS_SIZE],
	    const uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	struct buf b;
	int rc;

	ready();
	buf_init(&b, SIGNED_MAX);
	signed_bytes(&b, stream, h, body);
	rc = crypto_sign_verify_detached(signature, (const uint8_t *)b.p, b.n,
					 sign);
	buf_free(&b);
	return rc == 0 ? ERR_OK : ERR_REFUSED;
}

void
seal_close(struct buf *b, const struct seal_shared *shared,
	   struct str signature, struct str body)
{
	uint8_t nonce[SEAL_NONCE_SIZE];
	struct buf box;
	size_t n = signature.n + body.n;

	must(signature.n == SEAL_SIGNATURE_SIZE);
	must(body.n >= 1 && body.n <= WIRE_BODY_MAX);
	seal_random(nonce, sizeof(nonce));
	/* Room for the MAC before the clear bytes, then sealed in place. */
	buf_init(&box, SEALED_MAX);
	for (size_t i = 0; i < SEAL_MAC_SIZE; i++)
		buf_byte(&box, 0);
	buf_put(&box, signature);
	buf_put(&box, body);
	if (box.err != ERR_OK) {
		b->err = box.err;
		buf_free(&box);
		return;
	}
	must(crypto_box_easy_afternm((uint8_t *)box.p,
				     (uint8_t *)box.p + SEAL_MAC_SIZE, n, nonce,
				     shared->key) == 0);
	buf_put(b, (struct str){ (const char *)nonce, sizeof(nonce) });
	buf_put(b, buf_str(&box));
	buf_free(&box);
}

enum err
seal_reader_init(struct seal_reader *r, const struct keys *own,
		 const struct keys_server *server)
{
	r->server = *server;
	r->seal_keyid = seal_seal_keyid(own->seal.pub);
	return seal_share(server->seal, own->seal.sec, &r->shared);
}

/* Signature and body into clear. */
static enum err
unseal(const struct seal_reader *r, struct str sealed, struct buf *clear)
{
	struct str box = str_sub(sealed, SEAL_NONCE_SIZE, sealed.n);

	buf_clear(clear);
	buf_put(clear, box); /* opened in place: the MAC leaves */
	if (clear->err != ERR_OK)
		return clear->err;
	if (crypto_box_open_easy_afternm(
		(uint8_t *)clear->p, (const uint8_t *)box.p, box.n,
		(const uint8_t *)sealed.p, r->shared.key) != 0)
		return ERR_REFUSED;
	clear->n = box.n - SEAL_MAC_SIZE;
	return ERR_OK;
}

enum err
seal_open(const struct seal_reader *r, struct str stream,
	  const struct str frame[2], struct wire_header *h, struct buf *clear,
	  struct str *body, struct diag *d)
{
	struct wire_header got;
	struct str sig;
	struct str text;
	enum err err = wire_get_header(frame[0], &got, d);

	if (err != ERR_OK)
		return err;
	ready();
	if (frame[1].n != SEAL_OVERHEAD + got.body_len)
		return diag_set(d, ERR_INPUT, 0, "sealed length is wrong");
	if (got.seal_keyid != r->seal_keyid)
		return diag_set(d, ERR_REFUSED, 0, "sealed for another key");
	err = unseal(r, frame[1], clear);
	if (err != ERR_OK)
		return diag_set(d, err, 0, "seal is broken");
	sig = str_sub(buf_str(clear), 0, SEAL_SIGNATURE_SIZE);
	text = str_sub(buf_str(clear), SEAL_SIGNATURE_SIZE, clear->n);
	err = ERR_REFUSED;
	for (size_t i = 0; i < r->server.sign_count && err != ERR_OK; i++)
		if (seal_sign_keyid(r->server.sign[i]) == got.sign_keyid)
			err = seal_verify(stream, &got, text, r->server.sign[i],
					  (const uint8_t *)sig.p);
	if (err != ERR_OK)
		return diag_set(d, err, 0, "signature is wrong");
	*h = got;
	*body = text;
	return ERR_OK;
}
