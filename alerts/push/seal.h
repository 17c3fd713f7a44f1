/*
 * seal.h - signatures, sealed bodies, key ids.  Floor 2 (alerts).
 *
 * Suite 1: X25519, Ed25519, BLAKE2b.  An entry of a stream is signed once,
 * before anybody sees it, and sealed anew for each reader.  The signature
 * covers the stream's name, the header but for flags and seal_keyid, and the
 * body; the seal hides signature and body.  The only file of push that knows
 * libsodium is seal.c; nonces and keys are its own randomness.
 */
#ifndef SEAL_H
#define SEAL_H

#include "keys.h"
#include "wire.h"

#define SEAL_SIGNATURE_SIZE 64u
#define SEAL_NONCE_SIZE 24u
#define SEAL_MAC_SIZE 16u
#define SEAL_OVERHEAD (SEAL_NONCE_SIZE + SEAL_MAC_SIZE + SEAL_SIGNATURE_SIZE)
#define SEALED_MAX (SEAL_OVERHEAD + WIRE_BODY_MAX)

/* The precomputed key between one sealing secret and one sealing public. */
struct seal_shared {
	uint8_t key[KEYS_SIZE];
};

/* Fresh pairs for a subscriber, or with signing for the publisher. */
void seal_keys_generate(struct keys *out, size_t sign_count);
/* ERR_INPUT when a public key does not belong to its secret one. */
NODISCARD enum err seal_keys_check(const struct keys *k, struct diag *d);
void seal_random(void *p, size_t n);

/* First 2 and first 4 bytes of BLAKE2b-256 of the public key. */
uint16_t seal_sign_keyid(const uint8_t pub[KEYS_SIZE]);
uint32_t seal_seal_keyid(const uint8_t pub[KEYS_SIZE]);

/* ERR_INPUT for a public key that is no good point. */
NODISCARD enum err seal_share(const uint8_t pub[KEYS_SIZE],
			      const uint8_t sec[KEYS_SIZE],
			      struct seal_shared *out);

/* h->body_len must be body.n; flags and seal_keyid do not matter. */
void seal_sign(struct str stream, const struct wire_header *h, struct str body,
	       const struct keys_pair *sign,
	       uint8_t signature[SEAL_SIGNATURE_SIZE]);
NODISCARD enum err seal_verify(struct str stream, const struct wire_header *h,
			       struct str body, const uint8_t sign[KEYS_SIZE],
			       const uint8_t signature[SEAL_SIGNATURE_SIZE]);

/* Appends nonce || crypto_box(signature || body). */
void seal_close(struct buf *b, const struct seal_shared *shared,
		struct str signature, struct str body);

/* What a subscriber needs to open an ALERT. */
struct seal_reader {
	struct seal_shared shared;
	uint32_t seal_keyid;
	struct keys_server server;
};
NODISCARD enum err seal_reader_init(struct seal_reader *r,
				    const struct keys *own,
				    const struct keys_server *server);
/*
 * Reads, opens and verifies both frames.  ERR_INPUT for frames that are no
 * ALERT, ERR_REFUSED when seal or signature is wrong; *h and *body are
 * untouched then.  *body borrows from clear.
 */
NODISCARD enum err seal_open(const struct seal_reader *r, struct str stream,
			     const struct str frame[2], struct wire_header *h,
			     struct buf *clear, struct str *body,
			     struct diag *d);

#endif
