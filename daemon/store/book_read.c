/*
 * book_read.c - a file of the book through a window.
 */
#include "book_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err
book_read_init(struct book_read *r)
{
	*r = (struct book_read){ .window = malloc(BOOK_READ_WINDOW) };
	return r->window == NULL ? ERR_STORE : ERR_OK;
}

void
book_read_fini(struct book_read *r)
{
	free(r->window);
	*r = (struct book_read){ 0 };
}

/* At most n bytes from r->at on; *got 0 at the end. */
static enum err
read_some(struct book_read *r, char *p, size_t n, size_t *got)
{
	ssize_t k;

	if (n > r->bytes.n - (size_t)r->at)
		n = r->bytes.n - (size_t)r->at;
	if (r->fd < 0) {
		if (n > 0)
			memcpy(p, r->bytes.p + r->at, n);
		*got = n;
		return ERR_OK;
	}
	do
		k = pread(r->fd, p, n, r->at);
	while (k < 0 && errno == EINTR);
	*got = k < 0 ? 0 : (size_t)k;
	return k < 0 ? ERR_IO : ERR_OK;
}

enum err
book_read_on(struct book_read *r, struct str *rest)
{
	size_t n = rest->n;

	if (r->end || n >= BOOK_READ_AHEAD)
		return ERR_OK;
	if (n > 0)
		memmove(r->window, rest->p, n);
	while (!r->end && n < BOOK_READ_WINDOW) {
		size_t got = 0;
		enum err err = read_some(r, r->window + n,
					 BOOK_READ_WINDOW - n, &got);

		if (err != ERR_OK)
			return err;
		hash_more(&r->hash, (struct str){ r->window + n, got });
		r->at += (int64_t)got;
		n += got;
		r->end = got == 0;
	}
	*rest = (struct str){ r->window, n };
	return ERR_OK;
}

enum err
book_read_open(struct book_read *r, struct str bytes, int fd,
	       struct str *rest)
{
	enum err err;

	r->bytes = bytes;
	r->fd = fd;
	r->at = 0;
	r->end = false;
	hash_begin(&r->hash);
	*rest = (struct str){ r->window, 0 };
	err = book_read_on(r, rest);
	if (err == ERR_OK && str_starts(*rest, S("\xEF\xBB\xBF")))
		*rest = str_sub(*rest, 3, rest->n);
	return err;
}
