/*
 * keys.h - keys as people hand them over: lines and files.  Floor 2 (alerts).
 *
 * A public key travels as one shell-safe line, base64url without padding:
 *
 *	capub1.<curve>.<sealing>			a subscriber
 *	casrv1.<curve>.<sealing>.<signing>[.<signing>]	the publisher
 *
 * A key file is a ZeroMQ certificate (ZPL) with Z85 values: section curve
 * (public-key, secret-key), section seal (seal-public-key, seal-secret-key)
 * and for the publisher sign, and sign2 while signing keys rotate
 * (sign-public-key, sign-secret-key: the Ed25519 seed).  sign is the key that
 * signs; sign2 is only announced.
 *
 * Ownership: everything is by value; wipe what held a secret.
 */
#ifndef KEYS_H
#define KEYS_H

#include "buf.h"

#define KEYS_SIZE 32u
#define KEYS_SIGN_MAX 2u
#define KEYS_FILE_MAX 16384u /* bytes of a key file */
#define KEYS_LINE_MAX 512u   /* bytes of a capub1 or casrv1 line */

struct keys_pair {
	uint8_t pub[KEYS_SIZE];
	uint8_t sec[KEYS_SIZE];
};

struct keys {
	struct keys_pair curve;
	struct keys_pair seal;
	struct keys_pair sign[KEYS_SIGN_MAX];
	size_t sign_count; /* 0 in a subscriber's */
};

/* What a casrv1 line says. */
struct keys_server {
	uint8_t curve[KEYS_SIZE];
	uint8_t seal[KEYS_SIZE];
	uint8_t sign[KEYS_SIGN_MAX][KEYS_SIZE];
	size_t sign_count;
};

/* ERR_INPUT with line and reason.  A public key that does not belong to its
 * secret one is refused. */
NODISCARD enum err keys_get(struct str zpl, struct keys *out, struct diag *d);
void keys_put(struct buf *b, const struct keys *k);
void keys_wipe(struct keys *k);

/* A file's text; ERR_CONFIG when others may read it, ERR_IO when it cannot be
 * read.  The buf is for buf_wipe. */
NODISCARD enum err keys_file_read(const char *path, struct buf *out,
				  struct diag *d);
/* A new file of mode 0600; ERR_IO when there is one of that name already. */
NODISCARD enum err keys_file_write(const char *path, struct str zpl,
				   struct diag *d);

void keys_capub_put(struct buf *b, const struct keys *k);
NODISCARD enum err keys_capub_get(struct str line, uint8_t curve[KEYS_SIZE],
				  uint8_t seal[KEYS_SIZE], struct diag *d);
void keys_casrv_put(struct buf *b, const struct keys *k);
NODISCARD enum err keys_casrv_get(struct str line, struct keys_server *out,
				  struct diag *d);

/* Z85 of 32 bytes is 40 characters. */
#define KEYS_Z85_SIZE 40u
void keys_z85_put(struct buf *b, const uint8_t key[KEYS_SIZE]);
NODISCARD enum err keys_z85_get(struct str s, uint8_t key[KEYS_SIZE]);

#endif
