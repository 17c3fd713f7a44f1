/*
 * stream.c - finds the ends of lines, and what is wrong with a stream.
 */
#include "stream.h"

#include <string.h>

#include "split.h"

_Static_assert(STREAM_LINE_MAX > SPLIT_RECORD_MAX,
	       "a line that is cut off must be too long for a record");

void
stream_init(struct stream *s, struct instant now)
{
	*s = (struct stream){ 0 };
	buf_init(&s->bytes,
		 STREAM_AHEAD_MAX + STREAM_LINE_MAX + (1u << 20));
	stream_restart(s, now);
}

void
stream_free(struct stream *s)
{
	buf_free(&s->bytes);
}

void
stream_restart(struct stream *s, struct instant now)
{
	buf_clear(&s->bytes);
	s->whole = 0;
	s->lines = 0;
	s->skip = false;
	s->begun = false;
	s->skipped = 0;
	s->blank = 0;
	s->blank_ms = now.mono_ms;
	s->heard_ms = now.mono_ms;
}

bool
stream_full(const struct stream *s)
{
	return s->whole > STREAM_AHEAD_MAX;
}

/* Heartbeats cost next to nothing; a flood of them is no heartbeat. */
static enum err
heartbeat(struct stream *s, size_t n, struct instant now, struct diag *d)
{
	if (now.mono_ms - s->blank_ms > STREAM_BLANK_MS) {
		s->blank = 0;
		s->blank_ms = now.mono_ms;
	}
	s->blank += n;
	if (s->blank <= STREAM_BLANK_MAX)
		return ERR_OK;
	return diag_set(d, ERR_LIMIT, 0, "heartbeats without end");
}

/* What stands behind the whole lines is a whole line now. */
static enum err
line_end(struct stream *s, struct instant now, struct diag *d)
{
	struct str line = str_sub(buf_str(&s->bytes), s->whole, s->bytes.n);

	if (str_trim(line).n == 0) {
		s->bytes.n = s->whole;
		return heartbeat(s, line.n + 1, now, d);
	}
	buf_byte(&s->bytes, '\n');
	s->whole = s->bytes.n;
	s->lines++;
	return ERR_OK;
}

/* Bytes without a newline. */
static enum err
in_line(struct stream *s, struct str part, struct instant now, struct diag *d)
{
	if (!s->begun) {
		struct str seen = str_trim(part);

		/* A page of HTML instead of a stream. */
		if (seen.n > 0 && *seen.p != '{')
			return diag_set(d, ERR_INPUT, 0,
					"does not begin with an object");
		s->begun = seen.n > 0;
	}
	if (s->skip) {
		s->skipped += part.n;
		return s->skipped <= STREAM_SKIP_MAX ?
			   ERR_OK :
			   diag_set(d, ERR_LIMIT, 0, "a line that never ends");
	}
	buf_put(&s->bytes, part);
	if (s->bytes.n - s->whole <= STREAM_LINE_MAX)
		return ERR_OK;
	s->skip = true;
	s->skipped = s->bytes.n - s->whole;
	return line_end(s, now, d);
}

enum err
stream_push(struct stream *s, struct str bytes, struct instant now,
	    struct diag *d)
{
	enum err err = ERR_OK;

	if (bytes.n > 0)
		s->heard_ms = now.mono_ms;
	while (bytes.n > 0 && err == ERR_OK) {
		size_t at = str_find(bytes, '\n');
		bool end = at < bytes.n;

		err = in_line(s, str_sub(bytes, 0, at), now, d);
		bytes = str_sub(bytes, at + 1, bytes.n);
		if (!end || err != ERR_OK)
			break;
		if (s->skip)
			s->skip = false;
		else
			err = line_end(s, now, d);
	}
	if (err == ERR_OK && s->bytes.err != ERR_OK)
		return diag_set(d, ERR_LIMIT, 0, "more than was asked for");
	return err;
}

struct str
stream_slice(const struct stream *s, unsigned max, unsigned *lines)
{
	struct str whole = str_sub(buf_str(&s->bytes), 0, s->whole);
	size_t n = 0;

	for (*lines = 0; n < whole.n && *lines < max; (*lines)++) {
		struct str rest = str_sub(whole, n, whole.n);
		size_t line = str_find(rest, '\n') + 1;

		if (n > 0 && n + line > STREAM_SLICE_BYTES)
			break;
		n += line;
	}
	return str_sub(whole, 0, n);
}

void
stream_taken(struct stream *s, struct str slice, unsigned lines)
{
	must(slice.n <= s->whole && lines <= s->lines);
	s->whole -= slice.n;
	s->lines -= lines;
	buf_drop(&s->bytes, slice.n);
}
