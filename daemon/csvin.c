/*
 * csvin.c - the CSV reader.
 */
#include "csvin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (4u << 20)

struct csvin {
	int fd;
	char *p; /* owned; [at, n) is unread */
	size_t at, n, size;
	unsigned line;
	bool end;
};

struct csvin *
csvin_new(int fd)
{
	struct csvin *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->line = 1;
	c->size = CHUNK + CSVIN_ROW_MAX;
	c->p = malloc(c->size);
	if (c->p == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void
csvin_free(struct csvin *c)
{
	if (c == NULL)
		return;
	free(c->p);
	free(c);
}

/* Moves the unread bytes to the front and reads more. */
static enum err
fill(struct csvin *c)
{
	memmove(c->p, c->p + c->at, c->n - c->at);
	c->n -= c->at;
	c->at = 0;
	while (!c->end && c->n < c->size) {
		ssize_t n = read(c->fd, c->p + c->n, c->size - c->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		c->end = n == 0;
		c->n += (size_t)n;
		if (n > 0 && c->n >= c->size / 2)
			break;
	}
	return ERR_OK;
}

/* The first byte b from i on, or n. */
static size_t
find(const struct csvin *c, char b, size_t i, size_t n)
{
	const char *p = memchr(c->p + i, b, n - i);

	return p == NULL ? n : (size_t)(p - c->p);
}

/*
 * Where the row that starts at c->at ends; c->n when it is not all there.
 * *lines: how many it has.
 */
static size_t
row_end(const struct csvin *c, unsigned *lines)
{
	size_t i = c->at, stop = find(c, '\n', i, c->n);

	*lines = 1;
	while ((i = find(c, '"', i, stop)) < stop) {
		/* Behind the closing quote the row goes on. */
		i = find(c, '"', i + 1, c->n);
		if (i == c->n)
			return c->n;
		for (i++; stop < i; (*lines)++)
			stop = find(c, '\n', stop + 1, c->n);
	}
	return stop;
}

/* A quoted field at p, unescaped in place; returns where it ends. */
static char *
quoted(char *p, char *end, struct str *out)
{
	char *to = memchr(p + 1, '"', (size_t)(end - p) - 1);

	out->p = p + 1;
	p = to == NULL ? end : to;
	to = p;
	for (; p < end; p++) {
		if (*p == '"') {
			if (p + 1 >= end || p[1] != '"') {
				p++;
				break;
			}
			p++;
		}
		*to++ = *p;
	}
	out->n = (size_t)(to - out->p);
	while (p < end && *p != ',')
		p++;
	return p;
}

static bool
split(char *p, char *end, struct csvin_row *out)
{
	out->n = 0;
	for (;;) {
		struct str *f = &out->field[out->n];

		if (out->n == CSVIN_FIELDS_MAX)
			return false;
		out->n++;
		if (p < end && *p == '"') {
			p = quoted(p, end, f);
		} else {
			char *comma = p < end && *p == ',' ?
					  p :
					  memchr(p, ',', (size_t)(end - p));

			f->p = p;
			f->n = (size_t)((comma == NULL ? end : comma) - p);
			p += f->n;
		}
		if (p == end)
			return true;
		p++;
	}
}

enum err
csvin_next(struct csvin *c, struct csvin_row *out, struct diag *d)
{
	size_t end, stop;
	unsigned lines;

	for (;;) {
		if (c->n - c->at < CSVIN_ROW_MAX && !c->end &&
		    fill(c) != ERR_OK)
			return diag_set(d, ERR_IO, c->line, "cannot be read");
		if (c->line == 1 && c->n - c->at >= 3 &&
		    memcmp(c->p + c->at, "\xEF\xBB\xBF", 3) == 0)
			c->at += 3;
		if (c->at == c->n)
			return ERR_ABSENT;
		end = row_end(c, &lines);
		if (end - c->at > CSVIN_ROW_MAX || (end == c->n && !c->end))
			return diag_set(d, ERR_INPUT, c->line,
					"a row of more than %u bytes",
					CSVIN_ROW_MAX);
		stop = end;
		if (stop > c->at && c->p[stop - 1] == '\r')
			stop--;
		out->line = c->line;
		c->line += lines;
		if (stop > c->at)
			break;
		c->at = end < c->n ? end + 1 : end;
	}
	if (!split(c->p + c->at, c->p + stop, out))
		return diag_set(d, ERR_INPUT, out->line,
				"more than %u fields", CSVIN_FIELDS_MAX);
	c->at = end < c->n ? end + 1 : end;
	return ERR_OK;
}
