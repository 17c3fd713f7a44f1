/*
 * wire.c - the codec of every frame; docs/WIRE.md in C.
 */
#include "wire.h"

static enum err
malformed(struct diag *d, const char *why)
{
	return diag_set(d, ERR_INPUT, 0, "%s", why);
}

/* A slice behind its u8 length. */
static struct str
rd_short(struct rd *r)
{
	uint8_t n = rd_u8(r);

	return rd_bytes(r, n);
}

static void
put_short(struct buf *b, struct str s)
{
	must(s.n <= UINT8_MAX);
	buf_byte(b, (uint8_t)s.n);
	buf_put(b, s);
}

/* ---- client ---- */

static enum err
get_hello(struct rd *r, struct wire_hello *h, struct diag *d)
{
	h->version = rd_u8(r);
	if (r->err == ERR_OK && h->version != WIRE_VERSION)
		return diag_set(d, ERR_REFUSED, 0, "another version");
	h->flags = rd_u8(r);
	h->credit = rd_be32(r);
	h->epoch = rd_be64(r);
	h->after_seq = rd_be64(r);
	h->stream = rd_short(r);
	h->consumer = rd_short(r);
	h->filter = rd_bytes(r, rd_be16(r));
	if (r->err != ERR_OK)
		return malformed(d, "HELLO is cut off");
	if (h->stream.n > 0 && !wire_stream_ok(h->stream))
		return malformed(d, "stream is not a stream's name");
	return ERR_OK;
}

static enum err
get_ack(struct rd *r, struct wire_ack *a)
{
	a->epoch = rd_be64(r);
	a->cum_seq = rd_be64(r);
	a->add_credit = rd_be32(r);
	return ERR_OK;
}

static enum err
get_nack(struct rd *r, struct wire_nack_frame *n, struct diag *d)
{
	n->epoch = rd_be64(r);
	n->seq = rd_be64(r);
	n->code = rd_be16(r);
	n->retry_ms = rd_be32(r);
	if (n->code < WIRE_NACK_AGAIN || n->code > WIRE_NACK_SEAL)
		return malformed(d, "unknown NACK code");
	return ERR_OK;
}

/* A word of ours in capitals, as A_ORDER_REPORT. */
static bool
is_action(struct str s)
{
	if (s.n == 0 || s.n > WIRE_CODE_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return true;
}

/* YYYY-MM-DD; whether there is such a day is for decide to say. */
static bool
is_date(struct str s)
{
	if (s.n != 10)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 4 || i == 7;

		if (dash ? s.p[i] != '-' : s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

static bool
state_code_ok(uint8_t state, struct str code)
{
	switch (state) {
	case WIRE_ACTED:
		return is_action(code);
	case WIRE_SNOOZED:
		return is_date(code);
	case WIRE_FAILED:
		return code.n <= WIRE_CODE_MAX && str_utf8(code);
	default:
		return code.n == 0;
	}
}

static enum err
get_state(struct rd *r, struct wire_state_frame *s, struct diag *d)
{
	s->epoch = rd_be64(r);
	s->seq = rd_be64(r);
	s->state = rd_u8(r);
	s->at_us = rd_be64(r);
	s->actor = rd_short(r);
	s->code = rd_short(r);
	if (r->err != ERR_OK)
		return malformed(d, "STATE is cut off");
	if (s->state < WIRE_GW_RECEIVED || s->state > WIRE_FAILED)
		return malformed(d, "unknown state");
	if (s->seq == 0)
		return malformed(d, "seq is from 1");
	if (s->actor.n > WIRE_ACTOR_MAX || !str_utf8(s->actor))
		return malformed(d, "actor is too long or not UTF-8");
	if (!state_code_ok(s->state, s->code))
		return malformed(d, "code does not fit the state");
	return ERR_OK;
}

enum err
wire_get_client(struct str frame, struct wire_frame *out, struct diag *d)
{
	struct rd r = rd_of(frame);
	struct wire_frame f = { .letter = (enum wire_letter)rd_u8(&r) };
	enum err err = ERR_OK;

	switch ((int)f.letter) {
	case WIRE_HELLO:
		err = get_hello(&r, &f.u.hello, d);
		break;
	case WIRE_ACK:
		err = get_ack(&r, &f.u.ack);
		break;
	case WIRE_NACK:
		err = get_nack(&r, &f.u.nack, d);
		break;
	case WIRE_SNAP:
		f.u.snap.epoch = rd_be64(&r);
		break;
	case WIRE_STATE:
		err = get_state(&r, &f.u.state, d);
		break;
	case WIRE_PING:
		f.u.ping.nonce = rd_be64(&r);
		break;
	case WIRE_BYE:
		break;
	default:
		return malformed(d, "unknown frame");
	}
	if (err != ERR_OK)
		return err;
	if (rd_end(&r) != ERR_OK)
		return malformed(d, "wrong length");
	*out = f;
	return ERR_OK;
}

/* ---- server ---- */

static void
get_welcome(struct rd *r, struct wire_welcome *w)
{
	w->version = rd_u8(r);
	w->epoch = rd_be64(r);
	w->oldest_seq = rd_be64(r);
	w->head_seq = rd_be64(r);
	w->hb_ms = rd_be32(r);
	w->max_credit = rd_be32(r);
	w->sign_keyid = rd_be16(r);
	w->stream = rd_short(r);
	w->after_seq = rd_be64(r);
}

/* The frames of two or three integers. */
static bool
get_server_short(struct rd *r, struct wire_frame *f)
{
	switch ((int)f->letter) {
	case WIRE_BEAT:
		f->u.beat.epoch = rd_be64(r);
		f->u.beat.head_seq = rd_be64(r);
		f->u.beat.time_us = rd_be64(r);
		return true;
	case WIRE_STATEOK:
		f->u.stateok.epoch = rd_be64(r);
		f->u.stateok.seq = rd_be64(r);
		f->u.stateok.state = rd_u8(r);
		return true;
	case WIRE_SKIP:
		f->u.skip.epoch = rd_be64(r);
		f->u.skip.first_seq = rd_be64(r);
		f->u.skip.last_seq = rd_be64(r);
		return true;
	case WIRE_GONE:
		f->u.gone.oldest_seq = rd_be64(r);
		return true;
	case WIRE_SNAPEND:
		f->u.snapend.epoch = rd_be64(r);
		f->u.snapend.as_of_seq = rd_be64(r);
		return true;
	default:
		return false;
	}
}

enum err
wire_get_server(struct str frame, struct wire_frame *out, struct diag *d)
{
	struct rd r = rd_of(frame);
	struct wire_frame f = { .letter = (enum wire_letter)rd_u8(&r) };

	switch ((int)f.letter) {
	case WIRE_WELCOME:
		get_welcome(&r, &f.u.welcome);
		break;
	case WIRE_PING: /* PONG has the same letter */
		f.letter = WIRE_PONG;
		f.u.ping.nonce = rd_be64(&r);
		break;
	case WIRE_ERROR:
		f.u.error.code = rd_be16(&r);
		f.u.error.text = str_sub(r.rest, 0, WIRE_TEXT_MAX);
		break;
	case WIRE_PONG:
		return malformed(d, "unknown frame");
	default:
		if (!get_server_short(&r, &f))
			return malformed(d, "unknown frame");
		break;
	}
	if (r.err != ERR_OK)
		return malformed(d, "frame is cut off");
	*out = f;
	return ERR_OK;
}

/* ---- put ---- */

static void
put_hello(struct buf *b, const struct wire_hello *h)
{
	must(h->filter.n <= UINT16_MAX);
	buf_byte(b, h->version);
	buf_byte(b, h->flags);
	buf_be32(b, h->credit);
	buf_be64(b, h->epoch);
	buf_be64(b, h->after_seq);
	put_short(b, h->stream);
	put_short(b, h->consumer);
	buf_be16(b, (uint16_t)h->filter.n);
	buf_put(b, h->filter);
}

static void
put_state(struct buf *b, const struct wire_state_frame *s)
{
	buf_be64(b, s->epoch);
	buf_be64(b, s->seq);
	buf_byte(b, s->state);
	buf_be64(b, s->at_us);
	put_short(b, s->actor);
	put_short(b, s->code);
}

static void
put_welcome(struct buf *b, const struct wire_welcome *w)
{
	buf_byte(b, w->version);
	buf_be64(b, w->epoch);
	buf_be64(b, w->oldest_seq);
	buf_be64(b, w->head_seq);
	buf_be32(b, w->hb_ms);
	buf_be32(b, w->max_credit);
	buf_be16(b, w->sign_keyid);
	put_short(b, w->stream);
	buf_be64(b, w->after_seq);
}

static void
put_client(struct buf *b, const struct wire_frame *f)
{
	switch ((int)f->letter) {
	case WIRE_HELLO:
		put_hello(b, &f->u.hello);
		break;
	case WIRE_ACK:
		buf_be64(b, f->u.ack.epoch);
		buf_be64(b, f->u.ack.cum_seq);
		buf_be32(b, f->u.ack.add_credit);
		break;
	case WIRE_NACK:
		buf_be64(b, f->u.nack.epoch);
		buf_be64(b, f->u.nack.seq);
		buf_be16(b, f->u.nack.code);
		buf_be32(b, f->u.nack.retry_ms);
		break;
	case WIRE_SNAP:
		buf_be64(b, f->u.snap.epoch);
		break;
	case WIRE_STATE:
		put_state(b, &f->u.state);
		break;
	case WIRE_PING:
	case WIRE_PONG:
		buf_be64(b, f->u.ping.nonce);
		break;
	case WIRE_BYE:
		break;
	default:
		must_fail("a known frame", __FILE__, __LINE__, __func__);
	}
}

void
wire_put(struct buf *b, const struct wire_frame *f)
{
	buf_byte(b, f->letter == WIRE_PONG ? 'P' : (uint8_t)f->letter);
	switch ((int)f->letter) {
	case WIRE_WELCOME:
		put_welcome(b, &f->u.welcome);
		break;
	case WIRE_BEAT:
		buf_be64(b, f->u.beat.epoch);
		buf_be64(b, f->u.beat.head_seq);
		buf_be64(b, f->u.beat.time_us);
		break;
	case WIRE_STATEOK:
		buf_be64(b, f->u.stateok.epoch);
		buf_be64(b, f->u.stateok.seq);
		buf_byte(b, f->u.stateok.state);
		break;
	case WIRE_SKIP:
		buf_be64(b, f->u.skip.epoch);
		buf_be64(b, f->u.skip.first_seq);
		buf_be64(b, f->u.skip.last_seq);
		break;
	case WIRE_GONE:
		buf_be64(b, f->u.gone.oldest_seq);
		break;
	case WIRE_SNAPEND:
		buf_be64(b, f->u.snapend.epoch);
		buf_be64(b, f->u.snapend.as_of_seq);
		break;
	case WIRE_ERROR:
		buf_be16(b, f->u.error.code);
		buf_put(b, f->u.error.text);
		break;
	default:
		put_client(b, f);
		break;
	}
}

/* ---- the header ---- */

void
wire_put_header(struct buf *b, const struct wire_header *h)
{
	must(h->type >= WIRE_FIRST && h->type <= WIRE_DRILL);
	must(h->severity >= 1 && h->severity <= 4);
	must(h->body_len >= 1 && h->body_len <= WIRE_BODY_MAX);
	buf_be16(b, WIRE_MAGIC);
	buf_byte(b, h->type);
	buf_byte(b, h->flags);
	buf_byte(b, h->enc);
	buf_byte(b, h->severity);
	buf_be16(b, h->sign_keyid);
	buf_be64(b, h->epoch);
	buf_be64(b, h->seq);
	buf_be64(b, h->time_us);
	buf_be32(b, h->body_len);
	buf_be32(b, h->seal_keyid);
}

static enum err
header_check(const struct wire_header *h, struct diag *d)
{
	if (h->type < WIRE_FIRST || h->type > WIRE_DRILL)
		return malformed(d, "unknown type");
	if ((h->flags & ~(WIRE_REDELIVERED | WIRE_SNAPSHOT)) != 0)
		return malformed(d, "unknown flag");
	if (h->enc != 0)
		return malformed(d, "unknown encoding");
	if (h->severity < 1 || h->severity > 4)
		return malformed(d, "unknown severity");
	if (h->epoch == 0 || h->seq == 0)
		return malformed(d, "epoch and seq are from 1");
	if (h->body_len < 1)
		return malformed(d, "empty body");
	if (h->body_len > WIRE_BODY_MAX)
		return diag_set(d, ERR_LIMIT, 0, "body is too long");
	return ERR_OK;
}

enum err
wire_get_header(struct str frame, struct wire_header *out, struct diag *d)
{
	struct rd r = rd_of(frame);
	struct wire_header h;
	uint16_t magic = rd_be16(&r);
	enum err err;

	h.type = rd_u8(&r);
	h.flags = rd_u8(&r);
	h.enc = rd_u8(&r);
	h.severity = rd_u8(&r);
	h.sign_keyid = rd_be16(&r);
	h.epoch = rd_be64(&r);
	h.seq = rd_be64(&r);
	h.time_us = rd_be64(&r);
	h.body_len = rd_be32(&r);
	h.seal_keyid = rd_be32(&r);
	if (rd_end(&r) != ERR_OK)
		return malformed(d, "a header has 40 bytes");
	if (magic != WIRE_MAGIC)
		return malformed(d, "not a header");
	err = header_check(&h, d);
	if (err != ERR_OK)
		return err;
	*out = h;
	return ERR_OK;
}
