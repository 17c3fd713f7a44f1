/*
 * serve_read.c - entries for one session.
 */
#include "serve_priv.h"

struct read {
	uint64_t sid;
	uint64_t tag;
	uint8_t snapshot;
	struct str stream;
	uint64_t from;
	uint64_t upto;
	uint32_t max;
};

static enum err
read_get(struct str body, struct read *q)
{
	struct rd r = rd_of(body);

	q->sid = rd_be64(&r);
	q->tag = rd_be64(&r);
	q->snapshot = rd_u8(&r);
	q->stream = rd_blob(&r);
	q->from = rd_be64(&r);
	q->upto = rd_be64(&r);
	q->max = rd_be32(&r);
	if (rd_end(&r) != ERR_OK || !wire_stream_ok(q->stream))
		return ERR_PEER;
	if (q->max == 0 || q->max > SERVE_READ_MAX)
		q->max = SERVE_READ_MAX;
	return ERR_OK;
}

static void
entry_say(struct buf *b, const struct entry *e)
{
	buf_be64(b, e->epoch);
	buf_be64(b, e->seq);
	buf_byte(b, e->type);
	buf_byte(b, e->severity);
	buf_be16(b, (uint16_t)e->key_id);
	buf_be64(b, e->time_us);
	buf_put(b, e->signature);
	buf_blob(b, e->body);
}

/* The entries asked for that may be shown and fit into one answer. */
static size_t
fitting(const struct entry *e, size_t n, uint64_t upto)
{
	size_t bytes = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bytes += e[i].body.n;
		if (e[i].seq > upto || e[i].key_id < 0 ||
		    (i > 0 && bytes > SERVE_READ_BYTES))
			break;
		must(e[i].signature.n == SEAL_SIGNATURE_SIZE);
	}
	return i;
}

static enum err
entries_say(const struct read *q, const struct entry *e, size_t n, bool last,
	    struct link *publish)
{
	uint64_t upto = last ? q->upto : e[n - 1].seq;
	struct buf b;
	enum err err;

	buf_init(&b, MSG_MAX);
	buf_be64(&b, q->sid);
	buf_be64(&b, q->tag);
	buf_byte(&b, last);
	buf_be64(&b, upto);
	buf_be32(&b, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		entry_say(&b, &e[i]);
	err = b.err;
	if (err == ERR_OK &&
	    !link_send(publish, MSG_PUSH_ENTRIES, buf_str(&b), NULL, 0))
		err = ERR_AGAIN;
	buf_free(&b);
	return err;
}

enum err
serve_read(struct serve *s, struct str body, struct link *publish)
{
	size_t mark = arena_mark(&s->arena);
	struct serve_stream *st = NULL;
	struct entry *e = NULL;
	struct read q;
	size_t n = 0;
	size_t fit;
	enum err err = read_get(body, &q);

	if (err == ERR_OK)
		err = serve_stream(s, q.stream, &st);
	if (err != ERR_OK)
		return err;
	if (q.upto > st->head)
		q.upto = st->head; /* what is not signed is not there */
	err = q.snapshot != 0 ? store_snapshot(s->store, q.stream, q.from,
					       q.upto, q.max, &s->arena, &e, &n)
			      : store_entries(s->store, q.stream, q.from, q.max,
					      &s->arena, &e, &n);
	if (err == ERR_OK) {
		/* fewer than asked for, or one beyond: that was all */
		bool all = n < q.max;

		fit = fitting(e, n, q.upto);
		all = fit == n ? all : e[fit].seq > q.upto;
		err = entries_say(&q, e, fit, all || fit == 0, publish);
	}
	arena_rewind(&s->arena, mark);
	return err;
}
