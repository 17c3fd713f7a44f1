/*
 * msnap.c - snapshot to segment.
 */
#include "msnap.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mbuild.h"

#define READ_SIZE 65536u
#define FIELDS 6u
/* What waits to be read, and one more piece. */
#define WINDOW_MAX (MSNAP_RECORD_MAX + READ_SIZE)

void
msnap_put(struct buf *b, const struct watch_row *row)
{
	buf_blob(b, row->obligor_id);
	buf_blob(b, row->name);
	buf_blob(b, row->aliases);
	buf_blob(b, row->country);
	buf_blob(b, row->ids);
	buf_blob(b, row->address);
}

struct reader {
	int fd;
	off_t at;
	struct buf window;
	size_t from; /* bytes of the window already taken */
	bool end;
};

/* Another piece of the file behind what is not taken yet. */
static enum err
fill(struct reader *r)
{
	char piece[READ_SIZE / 8];
	ssize_t n;

	buf_drop(&r->window, r->from);
	r->from = 0;
	for (unsigned i = 0; i < 8 && !r->end; i++) {
		do
			n = pread(r->fd, piece, sizeof(piece), r->at);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return ERR_IO;
		r->end = n == 0;
		r->at += n;
		buf_put(&r->window, (struct str){ piece, (size_t)n });
	}
	return r->window.err == ERR_OK ? ERR_OK : ERR_INPUT;
}

/* The next obligor, borrowed from the window; ERR_ABSENT behind the last. */
static enum err
next(struct reader *r, struct mbuild_obligor *out)
{
	for (;;) {
		struct str left = str_sub(buf_str(&r->window), r->from,
					  r->window.n);
		struct rd rd = rd_of(left);
		struct str *field[FIELDS] = { &out->obligor_id, &out->name,
					      &out->aliases,	&out->country,
					      &out->ids,	&out->address };
		enum err err;

		for (size_t i = 0; i < FIELDS; i++)
			*field[i] = rd_blob(&rd);
		if (rd.err == ERR_OK && left.n > 0) {
			r->from += left.n - rd.rest.n;
			return ERR_OK;
		}
		if (r->end)
			return left.n == 0 ? ERR_ABSENT : ERR_INPUT;
		err = fill(r);
		if (err != ERR_OK)
			return err;
	}
}

static enum err
copy(struct reader *r, struct mbuild *b, struct diag *d)
{
	struct mbuild_obligor o;
	enum err err;

	while ((err = next(r, &o)) == ERR_OK) {
		err = mbuild_add(b, &o, d);
		if (err != ERR_OK)
			return err;
	}
	return err == ERR_ABSENT ? ERR_OK :
				   diag_set(d, err, 0,
					    "the snapshot cannot be read");
}

enum err
msnap_build(int in, int out, uint64_t epoch, uint64_t version,
	    struct msnap_stats *st, struct diag *d)
{
	struct mseg_stamp stamp = { epoch, version };
	struct reader r = { .fd = in };
	struct mbuild_stats built;
	struct mbuild *b = NULL;
	enum err err = mbuild_new_fd(out, &stamp, &b, d);

	if (err != ERR_OK)
		return err;
	buf_init(&r.window, WINDOW_MAX);
	err = copy(&r, b, d);
	if (err == ERR_OK)
		err = mbuild_end(b, &built, d);
	if (err == ERR_OK)
		*st = (struct msnap_stats){ built.obligors, built.rows,
					    built.bytes };
	buf_free(&r.window);
	mbuild_free(b);
	return err;
}
