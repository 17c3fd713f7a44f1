/*
 * serve.c - takes publish's questions, tells it what is committed.
 */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "serve_priv.h"

#define ARENA_SIZE (8u << 20) /* SERVE_READ_MAX entries of the largest body */
#define ANSWER_MAX 1024u      /* bytes of any answer but ENTRIES and KEYS */
#define FRAME_ROOM MSG_MAX    /* link room before another answer is begun */

enum err
serve_new(struct store *store, const struct conf *conf, serve_state_fn on_state,
	  void *ctx, struct serve **out)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_LIMIT;
	s->store = store;
	s->conf = conf;
	s->on_state = on_state;
	s->ctx = ctx;
	s->look = 1;
	buf_init(&s->out, SERVE_OUT_MAX);
	buf_init(&s->reads, SERVE_READS_MAX);
	if (arena_init(&s->arena, ARENA_SIZE) != ERR_OK) {
		free(s);
		return ERR_LIMIT;
	}
	*out = s;
	return ERR_OK;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->stream_count; i++)
		free(s->stream[i]);
	free(s->stream);
	free(s->key);
	buf_free(&s->out);
	buf_free(&s->reads);
	arena_fini(&s->arena);
	free(s);
}

enum err
serve_say(struct serve *s, enum push_msg type, struct str body)
{
	buf_byte(&s->out, (uint8_t)type);
	buf_blob(&s->out, body);
	return s->out.err;
}

/* ---- questions, inside a transaction ---- */

/* Hex of a raw key: how the store names it. */
static struct str
key_hex(struct buf *b, struct str key)
{
	buf_hex(b, (const uint8_t *)key.p, key.n);
	return buf_str(b);
}

struct open {
	uint64_t sid;
	struct str key;
	struct str stream;
	struct str consumer;
	uint64_t epoch;
	uint64_t after;
};

static enum err
opened_say(struct serve *s, uint64_t sid, const struct opened *o)
{
	struct buf b;
	enum err err;

	buf_init(&b, ANSWER_MAX);
	buf_be64(&b, sid);
	buf_be16(&b, o->code);
	buf_blob(&b, o->stream);
	buf_be64(&b, o->epoch);
	buf_be64(&b, o->oldest);
	buf_be64(&b, o->head);
	buf_byte(&b, o->gone);
	buf_be64(&b, o->after);
	buf_be64(&b, o->old);
	buf_be64(&b, o->key_sent);
	err = b.err == ERR_OK ? serve_say(s, MSG_PUSH_OPENED, buf_str(&b))
			      : b.err;
	buf_free(&b);
	return err;
}

/* Where the subscriber goes on, or that it cannot. */
static void
open_at(const struct open *q, const struct consumer *c, struct opened *o)
{
	uint64_t epoch = q->epoch == 0 ? o->epoch : q->epoch;

	o->after = q->after;
	if (q->after == WIRE_CURSOR) {
		epoch = c->epoch;
		o->after = c->cursor;
	}
	o->gone =
	    epoch != o->epoch || o->after > o->head || o->after + 1 < o->oldest;
}

static enum err
open_consumer(struct serve *s, const struct open *q, struct str key,
	      const struct serve_stream *st, struct instant now,
	      struct opened *o)
{
	struct consumer c = { .key = key,
			      .stream = o->stream,
			      .name = q->consumer,
			      .epoch = o->epoch };
	int others = 0;
	enum err err = store_consumer_count(s->store, key, o->stream, &others);
	enum err found = ERR_ABSENT;

	if (err == ERR_OK)
		found = err = store_consumer(s->store, key, o->stream,
					     q->consumer, &s->arena, &c);
	if (err != ERR_OK && err != ERR_ABSENT)
		return err;
	if (found == ERR_ABSENT && others >= SERVE_CONSUMERS_MAX) {
		o->code = WIRE_E_CONSUMER;
		return ERR_OK;
	}
	open_at(q, &c, o);
	if (others > 0)
		o->key_sent = st->start;
	if (found == ERR_OK && c.epoch == o->epoch) {
		o->old = c.sent > st->start ? c.sent : st->start;
		o->key_sent = o->old;
	}
	c.seen_ms = now.wall_ms;
	/* Durable before WELCOME: whatever is sent after it may be repeated
	 * to a consumer that is known. */
	return store_consumer_put(s->store, &c);
}

static enum err
take_open(struct serve *s, struct rd *r, struct instant now)
{
	struct open q = { .sid = rd_be64(r) };
	struct opened o = { .code = 0 };
	const struct serve_key *k;
	struct serve_stream *st = NULL;
	struct buf hex;
	enum err err;

	q.key = rd_bytes(r, KEYS_SIZE);
	q.stream = rd_blob(r);
	q.consumer = rd_blob(r);
	q.epoch = rd_be64(r);
	q.after = rd_be64(r);
	if (rd_end(r) != ERR_OK || !wire_consumer_ok(q.consumer))
		return ERR_PEER;
	k = serve_key(s, q.key, now);
	if (k == NULL ||
	    (q.stream.n > 0 && !str_eq(q.stream, str_of(k->stream)))) {
		o.code = k == NULL ? WIRE_E_REVOKED : WIRE_E_ENTITLED;
		return opened_say(s, q.sid, &o);
	}
	o.stream = str_of(k->stream);
	err = serve_stream(s, o.stream, &st);
	if (err == ERR_OK)
		err = store_epoch(s->store, &o.epoch);
	if (err != ERR_OK)
		return err;
	o.oldest = st->oldest;
	o.head = st->head;
	buf_init(&hex, 2 * KEYS_SIZE);
	err = open_consumer(s, &q, key_hex(&hex, q.key), st, now, &o);
	if (err == ERR_OK)
		err = opened_say(s, q.sid, &o);
	buf_free(&hex);
	return err;
}

static enum err
take_signed(struct serve *s, struct rd *r)
{
	struct str stream = rd_blob(r);
	uint64_t seq = rd_be64(r);
	uint16_t keyid = rd_be16(r);
	struct str signature = rd_bytes(r, SEAL_SIGNATURE_SIZE);
	struct serve_stream *st;
	enum err err;

	if (rd_end(r) != ERR_OK || !wire_stream_ok(stream))
		return ERR_PEER;
	err = serve_stream(s, stream, &st);
	if (err != ERR_OK)
		return err;
	if (seq != st->pending + 1)
		return ERR_OK; /* asked for again after trouble */
	err = store_entry_sign(s->store, stream, seq, keyid, signature);
	if (err == ERR_ABSENT)
		return ERR_PEER;
	if (err != ERR_OK)
		return err;
	st->pending = seq;
	serve_touch(s, st);
	return ERR_OK;
}

static enum err
take_cursor(struct serve *s, struct rd *r, struct instant now)
{
	struct str key = rd_bytes(r, KEYS_SIZE);
	struct consumer c = { .stream = rd_blob(r) };
	struct consumer old;
	struct buf hex;
	enum err err;

	c.name = rd_blob(r);
	c.epoch = rd_be64(r);
	c.cursor = rd_be64(r);
	c.sent = rd_be64(r);
	c.seen_ms = now.wall_ms;
	if (rd_end(r) != ERR_OK || !wire_stream_ok(c.stream) ||
	    !wire_consumer_ok(c.name))
		return ERR_PEER;
	buf_init(&hex, 2 * KEYS_SIZE);
	c.key = key_hex(&hex, key);
	err =
	    store_consumer(s->store, c.key, c.stream, c.name, &s->arena, &old);
	if (err == ERR_OK && old.epoch == c.epoch) {
		c.cursor = old.cursor > c.cursor ? old.cursor : c.cursor;
		c.sent = old.sent > c.sent ? old.sent : c.sent;
	}
	if (err == ERR_OK || err == ERR_ABSENT)
		err = store_consumer_put(s->store, &c);
	buf_free(&hex);
	return err;
}

static enum err
stated_say(struct serve *s, uint64_t sid, const struct evidence *e,
	   uint16_t code)
{
	struct buf b;
	enum err err;

	buf_init(&b, ANSWER_MAX);
	buf_be64(&b, sid);
	buf_be64(&b, e->epoch);
	buf_be64(&b, e->seq);
	buf_byte(&b, (uint8_t)e->state);
	buf_be16(&b, code);
	err = serve_say(s, MSG_PUSH_STATED, buf_str(&b));
	buf_free(&b);
	return err;
}

/* Whether that evidence can be taken: 0, or the error to answer with. */
static enum err
state_check(struct serve *s, struct str key, const struct evidence *e,
	    struct instant now, uint16_t *code)
{
	const struct serve_key *k = serve_key(s, key, now);
	struct serve_stream *st = NULL;
	uint64_t epoch = 0;
	enum err err = store_epoch(s->store, &epoch);

	if (err == ERR_OK)
		err = serve_stream(s, e->stream, &st);
	if (err != ERR_OK)
		return err;
	if (k == NULL)
		*code = WIRE_E_REVOKED;
	else if (!str_eq(str_of(k->stream), e->stream))
		*code = WIRE_E_ENTITLED;
	else if (e->epoch != epoch)
		*code = WIRE_E_EPOCH;
	else if (e->seq > st->head)
		*code = WIRE_E_BEYOND;
	return ERR_OK;
}

static enum err
take_state(struct serve *s, struct rd *r, struct instant now)
{
	uint64_t sid = rd_be64(r);
	struct str key = rd_bytes(r, KEYS_SIZE);
	struct evidence e = { .stream = rd_blob(r) };
	uint16_t code = 0;
	struct buf hex;
	int first = 0;
	enum err err;

	e.epoch = rd_be64(r);
	e.seq = rd_be64(r);
	e.state = rd_u8(r);
	e.at_us = rd_be64(r);
	e.actor = rd_blob(r);
	e.code = rd_blob(r);
	e.stored_at = now.wall_ms;
	if (rd_end(r) != ERR_OK || !wire_stream_ok(e.stream) || e.seq == 0 ||
	    e.state < WIRE_GW_RECEIVED || e.state > WIRE_FAILED)
		return ERR_PEER;
	buf_init(&hex, 2 * KEYS_SIZE);
	e.key = key_hex(&hex, key);
	err = state_check(s, key, &e, now, &code);
	if (err == ERR_OK && code == 0)
		err = store_evidence_put(s->store, &e, &first);
	if (err == ERR_OK && code == 0 && s->on_state != NULL)
		err = s->on_state(s->ctx, &e, first, now);
	if (err == ERR_OK)
		err = stated_say(s, sid, &e, code);
	buf_free(&hex);
	return err;
}

static enum err
take_tally(struct serve *s, struct rd *r, struct instant now)
{
	uint32_t sessions = rd_be32(r);
	uint32_t nacks = rd_be32(r);

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	s->sessions = sessions;
	/* publish says a number once.  One whose transaction fails goes with
	 * the next tally, which MSG_PUSH_AGAIN asks for. */
	s->nacks += nacks;
	s->nacks_put = s->nacks;
	return s->nacks == 0 ? ERR_OK :
			       store_nacks_add(s->store, now.wall_ms,
					       s->nacks);
}

/* Kept for serve_committed: a read needs no transaction. */
static enum err
take_read(struct serve *s, struct str body)
{
	buf_blob(&s->reads, body);
	if (s->reads.err == ERR_OK)
		return ERR_OK;
	buf_clear(&s->reads);
	return ERR_PEER; /* more questions than sessions can have */
}

enum err
serve_take(struct serve *s, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);
	size_t mark = arena_mark(&s->arena);
	enum err err;

	switch ((int)m->type) {
	case MSG_PUSH_OPEN:
		err = take_open(s, &r, now);
		break;
	case MSG_PUSH_READ:
		err = take_read(s, m->body);
		break;
	case MSG_PUSH_SIGNED:
		err = take_signed(s, &r);
		break;
	case MSG_PUSH_CURSOR:
		err = take_cursor(s, &r, now);
		break;
	case MSG_PUSH_STATE:
		err = take_state(s, &r, now);
		break;
	case MSG_PUSH_TALLY:
		err = take_tally(s, &r, now);
		break;
	default:
		err = ERR_PEER;
		break;
	}
	arena_rewind(&s->arena, mark);
	return err;
}

/* ---- telling, outside of any transaction ---- */

/* Sends answers in order while there is room; true when none is left. */
static bool
flush(struct serve *s, struct link *publish)
{
	struct rd r = rd_of(buf_str(&s->out));
	size_t gone = 0;

	while (r.rest.n > 0 && link_room(publish) >= FRAME_ROOM) {
		uint8_t type = rd_u8(&r);
		struct str body = rd_blob(&r);

		must(r.err == ERR_OK);
		if (!link_send(publish, type, body, NULL, 0))
			break;
		gone = s->out.n - r.rest.n;
	}
	buf_drop(&s->out, gone);
	s->out_kept = s->out.n;
	return s->out.n == 0;
}

static void
again(struct serve *s, struct link *publish)
{
	static const char degraded = 1;

	if (s->again && link_room(publish) >= FRAME_ROOM &&
	    link_send(publish, MSG_PUSH_AGAIN, (struct str){ &degraded, 1 },
		      NULL, 0))
		s->again = 0;
}

static bool
sign_say(struct link *publish, const struct entry *e)
{
	struct buf b;
	bool sent;

	buf_init(&b, ALERT_BODY_MAX + ANSWER_MAX);
	buf_blob(&b, e->stream);
	buf_be64(&b, e->epoch);
	buf_be64(&b, e->seq);
	buf_byte(&b, e->type);
	buf_byte(&b, e->severity);
	buf_be64(&b, e->time_us);
	buf_blob(&b, e->body);
	sent = b.err == ERR_OK &&
	       link_send(publish, MSG_PUSH_SIGN, buf_str(&b), NULL, 0);
	buf_free(&b);
	return sent;
}

/* Asks for the signatures of entries nobody was asked for yet. */
static enum err
ask_signatures(struct serve *s, struct link *publish)
{
	struct entry *e = NULL;
	size_t n = 0;
	enum err err;

	if (!s->look)
		return ERR_OK;
	err =
	    store_entries_unsigned(s->store, SERVE_SIGN_MAX, &s->arena, &e, &n);
	if (err != ERR_OK)
		return err;
	s->unsigned_count = n;
	for (size_t i = 0; i < n; i++) {
		struct serve_stream *st;

		err = serve_stream(s, e[i].stream, &st);
		if (err != ERR_OK)
			return err;
		if (e[i].seq != st->asked + 1)
			continue;
		if (link_room(publish) < FRAME_ROOM ||
		    !sign_say(publish, &e[i]))
			return ERR_OK; /* look again when there is room */
		st->asked = e[i].seq;
	}
	s->look = 0;
	return ERR_OK;
}

static enum err
head_say(struct serve *s, const struct serve_stream *st)
{
	struct buf b;
	enum err err;

	buf_init(&b, ANSWER_MAX);
	buf_blob(&b, str_of(st->name));
	buf_be64(&b, s->epoch);
	buf_be64(&b, st->oldest);
	buf_be64(&b, st->head);
	err = serve_say(s, MSG_PUSH_HEAD, buf_str(&b));
	buf_free(&b);
	return err;
}

/*
 * The signatures of the transaction are durable: so are the heads.  Also
 * when nobody can be told now: the stream stays touched until it is.
 */
static void
heads_settle(struct serve *s)
{
	for (struct serve_stream *st = s->touched; st != NULL;
	     st = st->touched) {
		if (st->pending == st->head)
			continue;
		st->head = st->pending;
		if (st->oldest == 0)
			st->oldest = 1;
		if (st->asked < st->head)
			st->asked = st->head;
	}
}

static enum err
heads_say(struct serve *s)
{
	struct serve_stream *st;
	enum err err = ERR_OK;

	while (err == ERR_OK && (st = s->touched) != NULL) {
		s->touched = st->touched;
		st->is_touched = 0;
		err = head_say(s, st);
	}
	return err;
}

static enum err
reads(struct serve *s, struct link *publish)
{
	struct rd r = rd_of(buf_str(&s->reads));
	size_t gone = 0;
	enum err err = ERR_OK;

	while (r.rest.n > 0 && link_room(publish) >= 2 * FRAME_ROOM) {
		struct str body = rd_blob(&r);

		must(r.err == ERR_OK);
		err = serve_read(s, body, publish);
		if (err != ERR_OK)
			break;
		gone = s->reads.n - r.rest.n;
	}
	buf_drop(&s->reads, gone);
	return err;
}

/* What a new link, or a change of subscribers, makes due; until it is done. */
static enum err
greet(struct serve *s)
{
	enum err err = ERR_OK;

	if (s->keys_due)
		err = serve_keys_load(s);
	if (err != ERR_OK)
		return err;
	s->keys_due = 0;
	if (!s->hello_due)
		return ERR_OK;
	err = store_epoch(s->store, &s->epoch);
	if (err != ERR_OK)
		return err;
	s->hello_due = 0;
	/* An earlier core may have died before it told a head. */
	for (size_t i = 0; i < s->stream_count; i++)
		serve_touch(s, s->stream[i]);
	return ERR_OK;
}

enum err
serve_notify(struct serve *s, struct instant now, struct link *publish)
{
	enum err err;

	(void)now;
	s->look = 1;
	heads_settle(s);
	if (!link_up(publish))
		return ERR_OK;
	err = greet(s);
	if (err == ERR_OK)
		err = heads_say(s);
	again(s, publish);
	if (err == ERR_OK && flush(s, publish))
		err = reads(s, publish);
	if (err == ERR_OK)
		err = ask_signatures(s, publish);
	arena_rewind(&s->arena, 0);
	return err;
}

enum err
serve_committed(struct serve *s, struct instant now, struct link *publish)
{
	enum err err;

	s->nacks -= s->nacks_put;
	s->nacks_put = 0;
	err = serve_notify(s, now, publish);
	if (err_class(err) == ERR_FATAL)
		return err;
	if (err != ERR_OK)
		log_op(LOG_WARN, "serve.again", "err=\"%s\"", err_text(err));
	return ERR_OK; /* the next notify takes it up again */
}

/* What publish may have been sent, and lost the note of, is old. */
static void
forget(struct serve *s)
{
	for (size_t i = 0; i < s->stream_count; i++) {
		struct serve_stream *st = s->stream[i];

		st->pending = st->asked = st->start = st->head;
	}
	s->look = 1;
	buf_clear(&s->reads);
}

void
serve_rolled_back(struct serve *s)
{
	/* Answers of transactions that were committed stay. */
	if (s->out.err != ERR_OK)
		buf_clear(&s->out);
	else
		s->out.n = s->out_kept;
	s->out_kept = s->out.n;
	s->nacks_put = 0;
	forget(s);
	s->again = 1;
}

void
serve_degraded(struct serve *s, struct link *publish)
{
	s->again = 1;
	again(s, publish);
}

enum err
serve_hello(struct serve *s, struct instant now, struct link *publish)
{
	buf_clear(&s->out);
	s->out_kept = 0;
	forget(s);
	s->again = 0;
	s->sessions = 0;
	s->hello_due = 1;
	return serve_subscribers(s, now, publish);
}

enum err
serve_subscribers(struct serve *s, struct instant now, struct link *publish)
{
	s->keys_due = 1;
	return serve_notify(s, now, publish);
}

uint32_t
serve_sessions(const struct serve *s, const struct link *publish)
{
	return publish != NULL && link_up(publish) ? s->sessions : 0;
}

bool
serve_idle(const struct serve *s)
{
	return !s->look && s->unsigned_count == 0 && s->out.n == 0 &&
	       s->reads.n == 0 && s->touched == NULL && !s->again &&
	       !s->keys_due && !s->hello_due;
}
