/*
 * buf.c - growing buffers with a cap, and the big-endian reader.
 */
#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUF_SIZE_MIN 256u

void
buf_init(struct buf *b, size_t max)
{
	must(max > 0);
	*b = (struct buf){ .max = max, .err = ERR_OK };
}

void
buf_free(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max == 0 ? 1 : b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->size);
	buf_free(b);
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->err = ERR_OK;
}

/* Room for n more bytes (and a NUL), or the sticky error. */
static bool
buf_room(struct buf *b, size_t n)
{
	size_t size;
	char *p;

	if (b->err != ERR_OK)
		return false;
	if (n > b->max - b->n) {
		b->err = ERR_LIMIT;
		return false;
	}
	if (b->n + n < b->size)
		return true;
	size = b->size < BUF_SIZE_MIN ? BUF_SIZE_MIN : b->size;
	while (size <= b->n + n)
		size *= 2;
	if (size > b->max + 1)
		size = b->max + 1;
	p = realloc(b->p, size);
	if (p == NULL) {
		b->err = ERR_LIMIT;
		return false;
	}
	b->p = p;
	b->size = size;
	return true;
}

void
buf_put(struct buf *b, struct str s)
{
	if (!buf_room(b, s.n) || s.n == 0)
		return;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

void
buf_byte(struct buf *b, uint8_t byte)
{
	buf_put(b, (struct str){ (const char *)&byte, 1 });
}

void
buf_be16(struct buf *b, uint16_t v)
{
	buf_byte(b, (uint8_t)(v >> 8));
	buf_byte(b, (uint8_t)v);
}

void
buf_be32(struct buf *b, uint32_t v)
{
	buf_be16(b, (uint16_t)(v >> 16));
	buf_be16(b, (uint16_t)v);
}

void
buf_be64(struct buf *b, uint64_t v)
{
	buf_be32(b, (uint32_t)(v >> 32));
	buf_be32(b, (uint32_t)v);
}

void
buf_hex(struct buf *b, const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		buf_byte(b, (uint8_t)digit[p[i] >> 4]);
		buf_byte(b, (uint8_t)digit[p[i] & 15]);
	}
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->size - b->n;
	va_list ap;
	int n;

	/* Into what room there is; once more when it was not enough. */
	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	must(n >= 0);
	if (!buf_room(b, (size_t)n))
		return;
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

void
buf_drop(struct buf *b, size_t n)
{
	must(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

enum err
buf_read_fd(struct buf *b, int fd)
{
	char chunk[8192];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return b->err;
		buf_put(b, (struct str){ chunk, (size_t)n });
		if (b->err != ERR_OK)
			return b->err;
	}
}

enum err
buf_write_fd(struct str s, int fd)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		s = str_sub(s, (size_t)n, s.n);
	}
	return ERR_OK;
}

enum err
buf_read_file(struct buf *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return ERR_IO;
	err = buf_read_fd(b, fd);
	(void)close(fd);
	return err;
}

void
buf_blob(struct buf *b, struct str s)
{
	must(s.n <= UINT32_MAX);
	buf_be32(b, (uint32_t)s.n);
	buf_put(b, s);
}

struct rd
rd_of(struct str s)
{
	return (struct rd){ s, ERR_OK };
}

struct str
rd_bytes(struct rd *r, size_t n)
{
	struct str s;

	if (r->err != ERR_OK || n > r->rest.n) {
		r->err = ERR_INPUT;
		return STR_NONE;
	}
	s = str_sub(r->rest, 0, n);
	r->rest = str_sub(r->rest, n, r->rest.n);
	return s;
}

/* Big-endian unsigned of n <= 8 bytes. */
static uint64_t
rd_be(struct rd *r, size_t n)
{
	struct str s = rd_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_be(r, 1);
}

uint16_t
rd_be16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

uint32_t
rd_be32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

uint64_t
rd_be64(struct rd *r)
{
	return rd_be(r, 8);
}

struct str
rd_blob(struct rd *r)
{
	uint32_t n = rd_be32(r);

	return rd_bytes(r, n);
}

enum err
rd_end(const struct rd *r)
{
	return r->err == ERR_OK && r->rest.n == 0 ? ERR_OK : ERR_INPUT;
}
