/*
 * staging.c - an append-only file of frames, read once.
 */
#include "staging.h"

#include <sys/mman.h>
#include <unistd.h>

#include "notice.h"

void
staging_init(struct staging *s)
{
	*s = (struct staging){ .fd = -1 };
	buf_init(&s->out, STAGING_WRITE_SIZE + NOTICE_JSON_MAX + 4);
	buf_init(&s->in, NOTICE_JSON_MAX);
}

void
staging_free(struct staging *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	buf_free(&s->out);
	buf_free(&s->in);
	s->fd = -1;
}

static enum err
write_out(struct staging *s)
{
	struct str rest = buf_str(&s->out);

	while (rest.n > 0) {
		ssize_t n = pwrite(s->fd, rest.p, rest.n, (off_t)s->written);

		if (n <= 0)
			return ERR_IO;
		s->written += (uint64_t)n;
		rest = str_sub(rest, (size_t)n, rest.n);
	}
	buf_clear(&s->out);
	return ERR_OK;
}

enum err
staging_put(struct staging *s, struct str notice)
{
	if (s->fd < 0)
		s->fd = memfd_create("staging", MFD_CLOEXEC);
	if (s->fd < 0)
		return ERR_IO;
	if (notice.n > NOTICE_JSON_MAX)
		return ERR_LIMIT;
	buf_blob(&s->out, notice);
	s->count++;
	if (s->out.err != ERR_OK)
		return s->out.err;
	return s->out.n >= STAGING_WRITE_SIZE ? write_out(s) : ERR_OK;
}

static enum err
read_at(struct staging *s, size_t n)
{
	char part[4096];
	size_t done = 0;

	buf_clear(&s->in);
	while (done < n) {
		size_t want = n - done < sizeof(part) ? n - done : sizeof(part);
		ssize_t got = pread(s->fd, part, want,
				    (off_t)(s->read + done));

		if (got <= 0)
			return ERR_IO;
		buf_put(&s->in, (struct str){ part, (size_t)got });
		done += (size_t)got;
	}
	s->read += n;
	return s->in.err;
}

enum err
staging_take(struct staging *s, struct str *notice)
{
	enum err err;
	struct rd r;
	uint32_t n;

	if (s->count == 0)
		return ERR_ABSENT;
	err = write_out(s);
	if (err == ERR_OK)
		err = read_at(s, 4);
	if (err != ERR_OK)
		return err;
	r = rd_of(buf_str(&s->in));
	n = rd_be32(&r);
	must(n <= NOTICE_JSON_MAX);
	err = read_at(s, n);
	if (err != ERR_OK)
		return err;
	s->count--;
	*notice = buf_str(&s->in);
	return ERR_OK;
}

struct staging_mark
staging_mark(const struct staging *s)
{
	return (struct staging_mark){ s->read, s->count };
}

void
staging_seek(struct staging *s, struct staging_mark mark)
{
	s->read = mark.read;
	s->count = mark.count;
}
