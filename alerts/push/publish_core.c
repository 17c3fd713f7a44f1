/*
 * publish_core.c - what core says, and what is asked of it.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "publish_priv.h"

#define QUESTION_MAX 1024u

/* ---- questions ---- */

static bool
ask(struct publish *p, enum push_msg type, struct buf *b)
{
	struct link *core = publish_core(p);
	bool sent = b->err == ERR_OK && core != NULL &&
		    link_send(core, (uint8_t)type, buf_str(b), NULL, 0);

	buf_free(b);
	return sent;
}

static void
put_key(struct buf *b, const uint8_t *key)
{
	buf_put(b, (struct str){ (const char *)key, KEYS_SIZE });
}

void
publish_ask_open(struct publish *p, struct session *s)
{
	struct buf b;

	buf_init(&b, QUESTION_MAX);
	buf_be64(&b, s->sid);
	put_key(&b, s->user);
	buf_blob(&b, str_of(s->stream));
	buf_blob(&b, str_of(s->consumer));
	buf_be64(&b, s->hello_epoch);
	buf_be64(&b, s->hello_after);
	s->asked = ask(p, MSG_PUSH_OPEN, &b);
}

bool
publish_ask_read(struct publish *p, struct session *s, uint64_t from,
		 uint64_t upto, uint32_t max)
{
	struct buf b;

	s->tag++;
	buf_init(&b, QUESTION_MAX);
	buf_be64(&b, s->sid);
	buf_be64(&b, s->tag);
	buf_byte(&b, s->state == SESSION_SNAP && s->read_nack == 0);
	buf_blob(&b, str_of(s->stream));
	buf_be64(&b, from);
	buf_be64(&b, upto);
	buf_be32(&b, max < SERVE_READ_MAX ? max : SERVE_READ_MAX);
	s->reading = ask(p, MSG_PUSH_READ, &b);
	return s->reading != 0;
}

void
publish_store_cursor(struct publish *p, struct session *s)
{
	struct buf b;

	s->cursor_ms = INT64_MAX;
	if (s->state == SESSION_OPENING)
		return;
	buf_init(&b, QUESTION_MAX);
	put_key(&b, s->user);
	buf_blob(&b, str_of(s->stream));
	buf_blob(&b, str_of(s->consumer));
	buf_be64(&b, s->epoch);
	buf_be64(&b, s->acked);
	buf_be64(&b, s->next - 1);
	(void)ask(p, MSG_PUSH_CURSOR, &b);
}

bool
publish_ask_state(struct publish *p, const struct session *s,
		  const struct wire_state_frame *f)
{
	struct buf b;

	buf_init(&b, QUESTION_MAX);
	buf_be64(&b, s->sid);
	put_key(&b, s->user);
	buf_blob(&b, str_of(s->stream));
	buf_be64(&b, s->epoch);
	buf_be64(&b, f->seq);
	buf_byte(&b, f->state);
	buf_be64(&b, f->at_us);
	buf_blob(&b, f->actor);
	buf_blob(&b, f->code);
	return ask(p, MSG_PUSH_STATE, &b);
}

void
publish_tally(struct publish *p, struct instant now)
{
	struct buf b;

	if (p->begun == p->told && p->nacks == 0)
		return;
	if (now.mono_ms < p->tally_ms) {
		publish_due(p, p->tally_ms);
		return;
	}
	p->tally_ms = now.mono_ms + PUBLISH_TALLY_MS;
	buf_init(&b, QUESTION_MAX);
	buf_be32(&b, p->begun);
	buf_be32(&b, p->nacks);
	if (!ask(p, MSG_PUSH_TALLY, &b)) {
		publish_due(p, p->tally_ms);
		return;
	}
	p->told = p->begun;
	p->nacks = 0;
}

void
publish_ask_again(struct publish *p)
{
	p->told = UINT32_MAX;
	for (struct session *s = p->first; s != NULL; s = s->all_next) {
		s->reading = 0;
		s->tag++;
		if (s->state == SESSION_OPENING) {
			publish_ask_open(p, s);
			continue;
		}
		s->states = 0;
		if (s->acked > 0 || s->next - 1 > s->base)
			s->cursor_ms = 0; /* the note of it may be lost */
	}
	p->timer_ms = 0;
}

/* ---- answers ---- */

static enum err
told_sign(struct publish *p, struct rd *r)
{
	struct str stream = rd_blob(r);
	struct wire_header h = { .sign_keyid = p->sign_keyid };
	uint8_t sig[SEAL_SIGNATURE_SIZE];
	struct str body;
	struct buf b;

	h.epoch = rd_be64(r);
	h.seq = rd_be64(r);
	h.type = rd_u8(r);
	h.severity = rd_u8(r);
	h.time_us = rd_be64(r);
	body = rd_blob(r);
	h.body_len = (uint32_t)body.n;
	if (rd_end(r) != ERR_OK || body.n < 1 || body.n > WIRE_BODY_MAX ||
	    h.type < WIRE_FIRST || h.type > WIRE_DRILL || h.severity < 1 ||
	    h.severity > 4)
		return ERR_PEER;
	seal_sign(stream, &h, body, &p->keys.sign[0], sig);
	buf_init(&b, QUESTION_MAX);
	buf_blob(&b, stream);
	buf_be64(&b, h.seq);
	buf_be16(&b, p->sign_keyid);
	buf_put(&b, (struct str){ (const char *)sig, sizeof(sig) });
	(void)ask(p, MSG_PUSH_SIGNED, &b);
	return ERR_OK;
}

static bool
same_consumer(const struct session *a, const struct session *b)
{
	return memcmp(a->user, b->user, KEYS_SIZE) == 0 &&
	       strcmp(a->stream, b->stream) == 0 &&
	       strcmp(a->consumer, b->consumer) == 0;
}

/*
 * The older session of the same consumer loses, also when core answers it
 * last: after trouble they are asked for again in any order.  False when
 * that is s.
 */
static bool
take_over(struct publish *p, struct session *s)
{
	for (struct session *o = p->first, *next; o != NULL; o = next) {
		next = o->all_next;
		if (o == s || o->state == SESSION_OPENING ||
		    !same_consumer(o, s))
			continue;
		if (o->sid > s->sid) {
			publish_error(p, &s->peer, WIRE_E_TAKEN);
			session_end(p, s);
			return false;
		}
		if (s->old < o->next - 1)
			s->old = o->next - 1; /* sent since core was asked */
		publish_error(p, &o->peer, WIRE_E_TAKEN);
		session_end(p, o);
	}
	return true;
}

static void
session_start(struct publish *p, struct session *s, const struct opened *o,
	      struct instant now)
{
	struct pubkey *k = pubkey_of(p, s->user, now);

	s->epoch = o->epoch;
	s->oldest = o->oldest;
	s->head = o->head;
	s->base = o->gone != 0 ? 0 : o->after;
	s->next = s->base + 1;
	s->old = o->old;
	if (k != NULL && k->sent < o->key_sent)
		k->sent = o->key_sent;
	if (!take_over(p, s))
		return;
	s->state = o->gone != 0 ? SESSION_GONE : SESSION_LIVE;
	p->begun++;
	s->beat_ms = now.mono_ms + p->hb_ms;
	publish_due(p, s->beat_ms);
	publish_welcome(p, s);
}

static enum err
told_opened(struct publish *p, struct rd *r, struct instant now)
{
	uint64_t sid = rd_be64(r);
	struct opened o = { .code = rd_be16(r) };
	struct session *s = session_by_sid(p, sid);

	o.stream = rd_blob(r);
	o.epoch = rd_be64(r);
	o.oldest = rd_be64(r);
	o.head = rd_be64(r);
	o.gone = rd_u8(r);
	o.after = rd_be64(r);
	o.old = rd_be64(r);
	o.key_sent = rd_be64(r);
	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (s == NULL || s->state != SESSION_OPENING)
		return ERR_OK; /* it left meanwhile */
	if (o.code == 0 &&
	    str_copy(s->stream, sizeof(s->stream), o.stream) != ERR_OK)
		return ERR_PEER;
	if (o.code != 0) {
		publish_error_about(p, &s->peer, o.code,
				    (struct about){ .letter = WIRE_HELLO });
		session_end(p, s);
		return ERR_OK;
	}
	session_start(p, s, &o, now);
	publish_hear_early(p, sid, now);
	s = session_by_sid(p, sid);
	if (s != NULL)
		publish_pump(p, s, now);
	return ERR_OK;
}

static enum err
told_entries(struct publish *p, struct rd *r, struct instant now)
{
	struct session *s = session_by_sid(p, rd_be64(r));
	uint64_t tag = rd_be64(r);

	if (r->err != ERR_OK)
		return ERR_PEER;
	if (s == NULL || !s->reading || s->tag != tag)
		return ERR_OK;
	s->reading = 0;
	return publish_entries(p, s, r, now);
}

/* A session of another epoch than core's is of no use any more. */
static enum err
told_head(struct publish *p, struct rd *r, struct instant now)
{
	struct str stream = rd_blob(r);
	uint64_t epoch = rd_be64(r);
	uint64_t oldest = rd_be64(r);
	uint64_t head = rd_be64(r);

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	for (struct session *s = p->first, *next; s != NULL; s = next) {
		next = s->all_next;
		if (s->state == SESSION_OPENING ||
		    !str_eq(str_of(s->stream), stream))
			continue;
		if (s->epoch != epoch) {
			/* The log was restored: its next word gets 4002. */
			s->cursor_ms = INT64_MAX;
			session_end(p, s);
			continue;
		}
		s->oldest = oldest;
		if (s->head < head)
			s->head = head;
		publish_pump(p, s, now);
	}
	return ERR_OK;
}

static enum err
told_stated(struct publish *p, struct rd *r)
{
	struct session *s = session_by_sid(p, rd_be64(r));
	struct wire_frame f = { .letter = WIRE_STATEOK };
	uint16_t code;

	f.u.stateok.epoch = rd_be64(r);
	f.u.stateok.seq = rd_be64(r);
	f.u.stateok.state = rd_u8(r);
	code = rd_be16(r);
	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (s == NULL)
		return ERR_OK;
	if (s->states > 0)
		s->states--;
	if (code != 0)
		publish_error_about(p, &s->peer, code,
				    (struct about){ WIRE_STATE,
						    f.u.stateok.seq,
						    f.u.stateok.state });
	else if (publish_frame(p, &s->peer, &f) == ERR_ABSENT)
		session_end(p, s);
	return ERR_OK;
}

/* ---- keys ---- */

static enum err
key_get(struct rd *r, struct pubkey *k)
{
	struct str curve = rd_bytes(r, KEYS_SIZE);
	struct str seal = rd_bytes(r, KEYS_SIZE);
	struct str stream;

	*k = (struct pubkey){ .expires_ms = (int64_t)rd_be64(r) };
	stream = rd_blob(r);
	if (r->err != ERR_OK || !wire_stream_ok(stream) ||
	    str_copy(k->stream, sizeof(k->stream), stream) != ERR_OK)
		return ERR_PEER;
	memcpy(k->curve, curve.p, KEYS_SIZE);
	memcpy(k->seal, seal.p, KEYS_SIZE);
	k->seal_keyid = seal_seal_keyid(k->seal);
	return ERR_OK;
}

/* The staged list is whole: it is the list now. */
static void
keys_swap(struct publish *p, struct instant now)
{
	for (size_t i = 0; i < p->staged_count; i++) {
		struct pubkey *k = &p->staged[i];
		const struct pubkey *old = pubkey_of(p, k->curve, now);

		if (old != NULL && strcmp(old->stream, k->stream) == 0)
			k->sent = old->sent;
	}
	for (size_t i = 0; i < p->key_count; i++)
		explicit_bzero(&p->key[i].shared, sizeof(p->key[i].shared));
	free(p->key);
	p->key = p->staged;
	p->key_count = p->staged_count;
	p->staged = NULL;
	p->staged_count = 0;
	p->expiry_ms = INT64_MIN; /* the next tick makes the allow-list */
	log_op(LOG_INFO, "push.keys", "keys=%zu", p->key_count);
}

static enum err
told_keys(struct publish *p, struct rd *r, struct instant now)
{
	uint8_t first = rd_u8(r);
	uint8_t last = rd_u8(r);
	uint32_t n = rd_be32(r);
	struct pubkey *more;

	if (r->err != ERR_OK || n > SERVE_KEYS_CHUNK)
		return ERR_PEER;
	if (first != 0) {
		free(p->staged);
		p->staged = NULL;
		p->staged_count = 0;
	}
	if (p->staged_count + n > BUS_KEYS_MAX)
		return ERR_PEER;
	more = realloc(p->staged, (p->staged_count + n + 1) * sizeof(*more));
	if (more == NULL)
		return ERR_LIMIT;
	p->staged = more;
	for (uint32_t i = 0; i < n; i++) {
		struct pubkey *k = &p->staged[p->staged_count];

		if (key_get(r, k) != ERR_OK)
			return ERR_PEER;
		if (p->staged_count > 0 &&
		    memcmp(k[-1].curve, k->curve, KEYS_SIZE) >= 0)
			return ERR_PEER; /* core sends them ascending */
		p->staged_count++;
	}
	if (last != 0)
		keys_swap(p, now);
	return rd_end(r) == ERR_OK ? ERR_OK : ERR_PEER;
}

/* Core's store failed: what is unanswered is lost. */
static void
told_again(struct publish *p)
{
	for (struct session *s = p->first; s != NULL; s = s->all_next) {
		if (s->state == SESSION_OPENING || s->told_degraded)
			continue;
		s->told_degraded = 1;
		publish_error(p, &s->peer, WIRE_E_STORE);
	}
	publish_ask_again(p);
}

enum err
publish_told(struct publish *p, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);

	switch ((int)m->type) {
	case MSG_PUSH_KEYS:
		return told_keys(p, &r, now);
	case MSG_PUSH_SIGN:
		return told_sign(p, &r);
	case MSG_PUSH_OPENED:
		return told_opened(p, &r, now);
	case MSG_PUSH_ENTRIES:
		return told_entries(p, &r, now);
	case MSG_PUSH_HEAD:
		return told_head(p, &r, now);
	case MSG_PUSH_STATED:
		return told_stated(p, &r);
	case MSG_PUSH_AGAIN:
		told_again(p);
		return ERR_OK;
	default:
		return ERR_PEER;
	}
}
