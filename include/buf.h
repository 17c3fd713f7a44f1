/*
 * buf.h - a growing byte buffer with a cap from birth.  Floor 0.
 *
 * The first failure (cap reached, no memory) sticks in err and later appends
 * do nothing: append freely, check b.err once before use.
 */
#ifndef BUF_H
#define BUF_H

#include "str.h"

struct buf {
	char *p; /* owned */
	size_t n;
	size_t size;
	size_t max;
	enum err err;
};

void buf_init(struct buf *b, size_t max);
/* Frees; the buf may be initialised again. */
void buf_free(struct buf *b);
/* As buf_free, but the bytes are overwritten first: for secrets. */
void buf_wipe(struct buf *b);
/* Empties without freeing and forgets the error. */
void buf_clear(struct buf *b);
void buf_put(struct buf *b, struct str s);
void buf_byte(struct buf *b, uint8_t byte);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_hex(struct buf *b, const uint8_t *p, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Removes the first n bytes (n <= b->n). */
void buf_drop(struct buf *b, size_t n);
/* What is in it; dies at the next change. */
struct str buf_str(const struct buf *b);
/* The whole file, or ERR_IO / ERR_LIMIT when larger than the cap. */
NODISCARD enum err buf_read_fd(struct buf *b, int fd);
NODISCARD enum err buf_read_file(struct buf *b, const char *path);

/* All of s, however many writes it takes; ERR_IO and errno. */
NODISCARD enum err buf_write_fd(struct str s, int fd);

/*
 * A reader of big-endian integers and slices; the first short read sticks
 * and later reads give zero.  Check once with rd_end.
 */
struct rd {
	struct str rest;
	enum err err;
};

struct rd rd_of(struct str s);
uint8_t rd_u8(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
struct str rd_bytes(struct rd *r, size_t n);
/* A slice behind its u32 length. */
struct str rd_blob(struct rd *r);
/* ERR_INPUT unless everything was there and nothing is left. */
NODISCARD enum err rd_end(const struct rd *r);

/* A slice behind its u32 length: what rd_blob reads. */
void buf_blob(struct buf *b, struct str s);

#endif
