/*
 * publish_hear.c - what subscribers say.
 */
#include <string.h>

#include "log.h"
#include "publish_priv.h"

#define STATE_ROOM 65536u /* link room without which no STATE is taken */

/* Epoch 0 is a client's that knows none. */
static bool
epoch_ok(const struct session *s, uint64_t epoch)
{
	return epoch == 0 || epoch == s->epoch;
}

static void
add_credit(struct publish *p, struct session *s, uint32_t n)
{
	uint32_t max = (uint32_t)p->conf.push_credit_max;

	s->credit = n > max - s->credit ? max : s->credit + n;
	s->snap_waits = 0;
}

static void
cursor_dirty(struct publish *p, struct session *s, struct instant now)
{
	if (s->cursor_ms == INT64_MAX)
		s->cursor_ms = now.mono_ms + PUBLISH_CURSOR_MS;
	publish_due(p, s->cursor_ms);
}

/* Everything this session was sent or told of. */
static uint64_t
sent_upto(const struct session *s)
{
	return s->next - 1 > s->base ? s->next - 1 : s->base;
}

static void
hear_ack(struct publish *p, struct session *s, const struct wire_ack *a,
	 struct instant now)
{
	const struct about about = { WIRE_ACK, a->cum_seq, 0 };

	if (!epoch_ok(s, a->epoch)) {
		publish_error_about(p, &s->peer, WIRE_E_EPOCH, about);
		return;
	}
	if (a->cum_seq > sent_upto(s)) {
		publish_error_about(p, &s->peer, WIRE_E_BEYOND, about);
		return;
	}
	if (a->cum_seq > s->acked) {
		s->acked = a->cum_seq;
		cursor_dirty(p, s, now);
	}
	add_credit(p, s, a->add_credit);
	publish_pump(p, s, now);
}

/* The note of a refused entry; the oldest answered one makes room. */
static struct nack *
nack_note(struct session *s, uint64_t seq)
{
	size_t free_at = s->nack_count;

	for (size_t i = 0; i < s->nack_count; i++) {
		if (s->nack[i].seq == seq)
			return &s->nack[i];
		if (s->nack[i].seq <= s->acked)
			free_at = i;
	}
	if (free_at == PUBLISH_NACKS_MAX)
		return NULL;
	if (free_at == s->nack_count)
		s->nack_count++;
	s->nack[free_at] = (struct nack){ seq, INT64_MAX, 0 };
	return &s->nack[free_at];
}

static void
park(const struct session *s, uint64_t seq, uint16_t code)
{
	log_op(LOG_ERR, code == WIRE_NACK_SEAL ? "push.seal" : "push.parked",
	       "sid=%llu seq=%llu consumer=%s", (unsigned long long)s->sid,
	       (unsigned long long)seq, s->consumer);
}

static void
hear_nack(struct publish *p, struct session *s, const struct wire_nack_frame *f,
	  struct instant now)
{
	uint64_t top = s->state == SESSION_SNAP && s->snap_next > s->next
			   ? s->snap_next - 1
			   : s->next - 1;
	uint32_t retry = f->retry_ms < PUBLISH_RETRY_MS_MAX
			     ? f->retry_ms
			     : PUBLISH_RETRY_MS_MAX;
	const struct about about = { WIRE_NACK, f->seq, 0 };
	struct nack *n = NULL;

	if (!epoch_ok(s, f->epoch)) {
		publish_error_about(p, &s->peer, WIRE_E_EPOCH, about);
		return;
	}
	if (f->seq == 0 || f->seq > top) {
		publish_error_about(p, &s->peer, WIRE_E_BEYOND, about);
		return;
	}
	if (f->code == WIRE_NACK_AGAIN) {
		n = nack_note(s, f->seq);
		if (n == NULL) { /* to park it would lose it unheard */
			publish_error_about(p, &s->peer, WIRE_E_REQUESTS,
					    about);
			return;
		}
	}
	add_credit(p, s, 1);
	if (p->nacks < UINT32_MAX)
		p->nacks++;
	if (n == NULL || n->tries >= PUBLISH_NACK_TRIES) {
		if (n != NULL)
			n->due_ms = INT64_MAX;
		park(s, f->seq, f->code);
	} else {
		n->tries++;
		n->due_ms = now.mono_ms + retry;
		publish_due(p, n->due_ms);
	}
	publish_pump(p, s, now);
}

static void
hear_state(struct publish *p, struct session *s,
	   const struct wire_state_frame *f, struct instant now)
{
	const struct pubkey *k = pubkey_of(p, s->user, now);
	struct link *core = publish_core(p);
	const struct about about = { WIRE_STATE, f->seq, f->state };
	uint64_t top = k == NULL ? 0 : k->sent;

	if (top < s->next - 1)
		top = s->next - 1;
	if (!epoch_ok(s, f->epoch))
		publish_error_about(p, &s->peer, WIRE_E_EPOCH, about);
	else if (f->seq > top)
		publish_error_about(p, &s->peer, WIRE_E_BEYOND, about);
	else if (s->states >= PUBLISH_STATES_MAX || core == NULL ||
		 link_room(core) < STATE_ROOM || !publish_ask_state(p, s, f))
		publish_error_about(p, &s->peer, WIRE_E_REQUESTS, about);
	else
		s->states++;
}

/* ---- HELLO ---- */

/* 0, or why there is no session. */
static uint16_t
hello_check(struct publish *p, const struct bus_message *m,
	    const struct wire_hello *h, struct instant now)
{
	const struct pubkey *k = pubkey_of(p, m->user, now);
	struct wire_filter filter;

	if (k == NULL)
		return WIRE_E_REVOKED;
	if (!wire_consumer_ok(h->consumer))
		return WIRE_E_CONSUMER;
	if (h->stream.n > 0 && !str_eq(h->stream, str_of(k->stream)))
		return WIRE_E_ENTITLED;
	if (wire_get_filter(h->filter, &filter, NULL) != ERR_OK)
		return WIRE_E_FILTER;
	if (filter.values[WIRE_FILTER_EXPORTER].n > 0 && k->stream[0] != '@' &&
	    k->stream[0] != '*')
		return WIRE_E_FILTER; /* only gateways hear of several */
	return 0;
}

/* What the consumer was sent so far is known before the new one is opened. */
static void
store_cursors(struct publish *p, const struct session *s)
{
	for (struct session *o = p->first; o != NULL; o = o->all_next)
		if (o != s && o->cursor_ms != INT64_MAX &&
		    memcmp(o->user, s->user, KEYS_SIZE) == 0)
			publish_store_cursor(p, o);
}

static void
hear_hello(struct publish *p, const struct bus_message *m,
	   const struct wire_hello *h, struct instant now)
{
	struct session *s = session_of(p, &m->peer);
	uint16_t code = hello_check(p, m, h, now);

	if (s != NULL)
		session_end(p, s);
	s = code == 0 ? session_new(p, m) : NULL;
	if (s == NULL) {
		publish_error_about(p, &m->peer,
				    code == 0 ? WIRE_E_REQUESTS : code,
				    (struct about){ .letter = WIRE_HELLO });
		return;
	}
	s->heard_ms = now.mono_ms;
	s->hello_epoch = h->epoch;
	s->hello_after = h->after_seq;
	must(str_copy(s->stream, sizeof(s->stream), h->stream) == ERR_OK);
	must(str_copy(s->consumer, sizeof(s->consumer), h->consumer) == ERR_OK);
	buf_put(&s->filter_text, h->filter);
	must(wire_get_filter(buf_str(&s->filter_text), &s->filter, NULL) ==
	     ERR_OK);
	add_credit(p, s, h->credit);
	publish_due(p, now.mono_ms + PUBLISH_SILENCE * p->hb_ms);
	store_cursors(p, s);
	publish_ask_open(p, s);
}

/* ---- frames ---- */

static void
hear_snap(struct publish *p, struct session *s, const struct wire_snap *f,
	  struct instant now)
{
	if (!epoch_ok(s, f->epoch))
		publish_error_about(p, &s->peer, WIRE_E_EPOCH,
				    (struct about){ .letter = WIRE_SNAP });
	else
		publish_snap(p, s, now);
}

/* A frame within a session. */
static void
hear_frame(struct publish *p, struct session *s, const struct wire_frame *f,
	   struct instant now)
{
	struct wire_frame pong = { .letter = WIRE_PONG };

	switch ((int)f->letter) {
	case WIRE_ACK:
		hear_ack(p, s, &f->u.ack, now);
		break;
	case WIRE_NACK:
		hear_nack(p, s, &f->u.nack, now);
		break;
	case WIRE_SNAP:
		hear_snap(p, s, &f->u.snap, now);
		break;
	case WIRE_STATE:
		hear_state(p, s, &f->u.state, now);
		break;
	case WIRE_PING:
		pong.u.ping = f->u.ping;
		if (publish_frame(p, &s->peer, &pong) == ERR_ABSENT)
			session_end(p, s);
		break;
	case WIRE_BYE:
		session_end(p, s);
		break;
	default:
		must_fail("a client's frame", __FILE__, __LINE__, __func__);
	}
}

/* What is neither HELLO nor nonsense, in a session that has not begun. */
static void
keep_early(struct publish *p, struct session *s, struct str frame)
{
	if (frame.n + 4 > PUBLISH_EARLY_MAX - s->early.n) {
		publish_error_about(
		    p, &s->peer, WIRE_E_REQUESTS,
		    (struct about){ .letter = (enum wire_letter)frame.p[0] });
		return;
	}
	buf_blob(&s->early, frame);
}

void
publish_hear_early(struct publish *p, uint64_t sid, struct instant now)
{
	struct session *s = session_by_sid(p, sid);
	struct buf early;
	struct rd r;

	if (s == NULL || s->early.n == 0)
		return;
	early = s->early; /* taken: s may end */
	buf_init(&s->early, PUBLISH_EARLY_MAX);
	r = rd_of(buf_str(&early));
	while (r.rest.n > 0 && (s = session_by_sid(p, sid)) != NULL) {
		struct wire_frame f;

		must(wire_get_client(rd_blob(&r), &f, NULL) == ERR_OK);
		hear_frame(p, s, &f, now);
	}
	buf_free(&early);
}

/* The session on that routing id, if it is this user's. */
static struct session *
session_for(struct publish *p, const struct bus_message *m)
{
	struct session *s = session_of(p, &m->peer);

	if (s == NULL || memcmp(s->user, m->user, KEYS_SIZE) == 0)
		return s;
	session_end(p, s); /* somebody else speaks with its routing id */
	return NULL;
}

/* What a frame that could not be taken was about, as far as it can be read:
 * a STATE whose code does not fit has its number all the same. */
static struct about
about_bad(const struct bus_message *m)
{
	struct about a = { .letter = WIRE_ERROR };
	struct rd r;
	char c;

	if (m->frame_count < 1 || m->frame[0].n < 1)
		return a;
	c = m->frame[0].p[0];
	if (c == '\0' || strchr("HKNSRPB", c) == NULL)
		return a;
	a.letter = (enum wire_letter)c;
	r = rd_of(str_sub(m->frame[0], 1, m->frame[0].n));
	if (a.letter == WIRE_STATE && r.rest.n >= 17) {
		(void)rd_be64(&r);
		a.seq = rd_be64(&r);
		a.state = rd_u8(&r);
	}
	return a;
}

void
publish_hear(struct publish *p, const struct bus_message *m, struct instant now)
{
	struct str id = { (const char *)m->peer.id, m->peer.id_len };
	struct session *s = session_for(p, m);
	struct wire_frame f;
	struct about about;
	bool hello;
	enum err err = ERR_INPUT;

	if (!wire_routing_ok(id)) {
		publish_error(p, &m->peer, WIRE_E_ROUTING);
		return;
	}
	hello = m->frame_count >= 1 && str_starts(m->frame[0], S("H"));
	if (s == NULL && !hello) {
		publish_error(p, &m->peer, WIRE_E_HELLO_FIRST);
		return;
	}
	if (m->frame_count == 1)
		err = wire_get_client(m->frame[0], &f, NULL);
	if (err != ERR_OK) {
		about = about_bad(m);
		publish_error_about(p, &m->peer,
				    err == ERR_REFUSED ? WIRE_E_VERSION
						       : WIRE_E_MALFORMED,
				    about);
		return;
	}
	if (s != NULL)
		s->heard_ms = now.mono_ms;
	if (f.letter == WIRE_HELLO) {
		hear_hello(p, m, &f.u.hello, now);
		return;
	}
	must(s != NULL); /* who has no session got past with a hello alone */
	if (s->state == SESSION_OPENING && f.letter != WIRE_BYE)
		keep_early(p, s, m->frame[0]);
	else
		hear_frame(p, s, &f, now);
}
