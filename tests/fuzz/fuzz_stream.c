/*
 * fuzz_stream.c - a response that never ends, cut into slices of whole lines:
 * nothing is lost, made up or put elsewhere, however the bytes come.
 */
#include <string.h>

#include "fuzz.h"
#include "stream.h"

#define PUSH_MAX (1u << 18) /* more than the network hands over at once */
#define OUT_MAX (1u << 20)
/* Bytes of an input: for heartbeats, for most limits, a line without end. */
#define COST_LOW (STREAM_BLANK_MAX + (16u << 10))
#define COST_MORE (3u << 20)
#define COST_MAX (STREAM_SKIP_MAX + (4u << 20))

/* Lines as they must come, told in another way than stream.c does. */
struct told {
	uint64_t in;	 /* lines with something in them that ended */
	uint64_t out;	 /* of those taken */
	size_t open;	 /* bytes of the line that has not ended */
	bool says;	 /* it is not blank */
	struct buf *got; /* NULL: they are only counted */
};

static bool
blank(struct str s)
{
	return str_trim(s).n == 0;
}

static void
tell(struct told *t, struct str in)
{
	while (in.n > 0) {
		const char *end = memchr(in.p, '\n', in.n);
		struct str line = str_cut(&in, '\n');

		t->says = t->says || !blank(line);
		t->open += line.n;
		if (end == NULL)
			return;
		t->in += t->says;
		t->open = 0;
		t->says = false;
	}
}

static void
take(struct stream *s, unsigned max, struct told *t)
{
	unsigned lines = 0;
	unsigned n = 0;
	struct str slice = stream_slice(s, max, &lines);
	struct str rest = slice;

	must((slice.n == 0) == (lines == 0) && lines <= max);
	must(slice.n == 0 || str_ends(slice, S("\n")));
	must(slice.n <= STREAM_SLICE_BYTES || lines == 1);
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		must(!blank(line) && line.n <= STREAM_LINE_MAX + PUSH_MAX);
		n++;
	}
	must(n == lines);
	t->out += lines;
	if (t->got != NULL)
		buf_put(t->got, slice);
	stream_taken(s, slice, lines);
}

/* As fetch does: what is full is not asked for more. */
static enum err
push(struct stream *s, struct str bytes, struct instant now, struct told *t)
{
	struct diag d = { 0 };
	enum err err;

	while (stream_full(s))
		take(s, STREAM_SLICE_LINES, t);
	err = stream_push(s, bytes, now, &d);
	must(s->bytes.err == ERR_OK);
	must(err == ERR_OK ||
	     (err_class(err) == ERR_REJECT && d.why[0] != '\0'));
	tell(t, bytes);
	return err;
}

/* Less than any limit: what comes out is known to the byte. */
static void
few(struct str in, size_t part, unsigned max)
{
	struct instant now = { 0, 0 };
	struct stream s;
	struct buf want;
	struct buf got;
	struct told t = { .got = &got };
	enum err err = ERR_OK;

	in = str_sub(in, 0, STREAM_BLANK_MAX);
	buf_init(&want, OUT_MAX);
	buf_init(&got, OUT_MAX);
	stream_init(&s, now);
	for (size_t i = 0; i < in.n && err == ERR_OK; i += part) {
		err = push(&s, str_sub(in, i, part), now, &t);
		if (s.lines >= max)
			take(&s, max, &t);
	}
	take(&s, STREAM_BLANK_MAX, &t);
	must(s.lines == 0 && s.whole == 0);
	if (blank(in) || str_starts(str_trim(in), S("{"))) {
		must(err == ERR_OK);
		while (memchr(in.p, '\n', in.n) != NULL) {
			struct str line = str_cut(&in, '\n');

			if (!blank(line)) {
				buf_put(&want, line);
				buf_byte(&want, '\n');
			}
		}
	} else {
		must(err != ERR_OK);
	}
	must(str_eq(buf_str(&got), buf_str(&want)));
	stream_free(&s);
	buf_free(&want);
	buf_free(&got);
}

/* 1 KiB to PUSH_MAX of one sort: no line's end, blank lines, or others. */
static struct str
plenty(uint8_t sort, uint8_t n)
{
	static const char first[3] = { 'x', ' ', '{' };
	static const size_t line[3] = { PUSH_MAX + 1, 64, 512 };
	static char same[3][PUSH_MAX];

	if (same[sort][0] == '\0')
		for (size_t i = 0; i < PUSH_MAX; i++)
			same[sort][i] = i % line[sort] == line[sort] - 1 ?
						'\n' :
						first[sort];
	return (struct str){ same[sort], (n + 1u) * (PUSH_MAX / 256u) };
}

static struct str
next(struct str *in, uint8_t op, uint8_t n)
{
	struct str s;

	if (op < 3)
		return plenty(op, n);
	s = str_sub(*in, 0, n);
	*in = str_sub(*in, n, in->n);
	return s;
}

/* A program: what comes, what is taken, how time goes by; all limits. */
static void
much(struct str in, size_t cost_max)
{
	struct instant now = { 0, 0 };
	struct stream s;
	struct told t = { 0 };
	size_t cost = 0;

	stream_init(&s, now);
	while (in.n > 0 && cost < cost_max) {
		uint8_t op = fuzz_byte(&in);
		uint8_t n = fuzz_byte(&in);
		enum err err = ERR_OK;

		if (op % 8 == 6)
			now.mono_ms += n * 100;
		else if (op % 8 == 7)
			take(&s, n + 1u, &t);
		for (unsigned i = 0; i <= op / 8u && op % 8 < 6; i++) {
			struct str bytes = next(&in, op % 8, n);

			cost += bytes.n;
			err = push(&s, bytes, now, &t);
			if (err != ERR_OK || cost >= cost_max)
				break;
		}
		must(err != ERR_OK || t.open <= STREAM_SKIP_MAX);
		if (err != ERR_OK) {
			stream_restart(&s, now);
			t = (struct told){ 0 };
		}
	}
	if (push(&s, S("\n"), now, &t) == ERR_OK) {
		while (s.lines > 0)
			take(&s, STREAM_SLICE_LINES, &t);
		must(t.in == t.out);
	}
	stream_free(&s);
}

void
fuzz_stream(struct str in)
{
	uint8_t way = fuzz_byte(&in);

	if (way & 1)
		much(in, way == 255 ? COST_MAX :
			 way >= 252 ? COST_MORE :
				      COST_LOW);
	else
		few(in, way / 2 % 61u + 1, way / 32u + 1);
}
