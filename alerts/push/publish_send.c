/*
 * publish_send.c - what subscribers are sent.
 */
#include "json.h"
#include "log.h"
#include "publish_priv.h"

#define CONTROL_MAX 512u /* bytes of any control frame of ours */
#define RETRY_MS 50      /* a peer's queue was full */
#define EMPTY_MS 1000    /* core had nothing of what it announced */

enum err
publish_frame(struct publish *p, const struct bus_peer *peer,
	      const struct wire_frame *f)
{
	struct buf b;
	struct str frame;
	enum err err;

	buf_init(&b, CONTROL_MAX);
	wire_put(&b, f);
	must(b.err == ERR_OK);
	frame = buf_str(&b);
	err = p->bus.send(p->bus.self, peer, &frame, 1);
	buf_free(&b);
	return err;
}

static void
error_put(struct publish *p, const struct bus_peer *peer, uint16_t code,
	  struct str text)
{
	struct wire_frame f = { .letter = WIRE_ERROR,
				.u.error = { code, text } };

	log_op(LOG_INFO, "push.error", "code=%u", code);
	(void)publish_frame(p, peer, &f); /* it may be gone already */
}

void
publish_error(struct publish *p, const struct bus_peer *peer, uint16_t code)
{
	error_put(p, peer, code, str_of(wire_code_text(code)));
}

void
publish_error_about(struct publish *p, const struct bus_peer *peer,
		    uint16_t code, struct about about)
{
	struct buf b;

	if (about.letter == WIRE_ERROR) {
		publish_error(p, peer, code);
		return;
	}
	buf_init(&b, WIRE_TEXT_MAX);
	buf_byte(&b, (uint8_t)about.letter);
	if (about.seq != 0)
		buf_printf(&b, " %llu", (unsigned long long)about.seq);
	if (about.state != 0)
		buf_printf(&b, " %u", about.state);
	buf_printf(&b, ": %s", wire_code_text(code));
	must(b.err == ERR_OK);
	error_put(p, peer, code, buf_str(&b));
	buf_free(&b);
}

void
publish_welcome(struct publish *p, struct session *s)
{
	struct wire_frame f = {
		.letter = WIRE_WELCOME,
		.u.welcome = { .version = WIRE_VERSION,
			       .epoch = s->epoch,
			       .oldest_seq = s->oldest,
			       .head_seq = s->head,
			       .hb_ms = (uint32_t)p->hb_ms,
			       .max_credit = (uint32_t)p->conf.push_credit_max,
			       .sign_keyid = p->sign_keyid,
			       .stream = str_of(s->stream),
			       .after_seq = s->state == SESSION_GONE
						? WIRE_CURSOR
						: s->base },
	};

	(void)publish_frame(p, &s->peer, &f);
	if (s->state != SESSION_GONE)
		return;
	f = (struct wire_frame){ .letter = WIRE_GONE, .u.gone = { s->oldest } };
	(void)publish_frame(p, &s->peer, &f);
}

void
publish_beat(struct publish *p, struct session *s, struct instant now)
{
	struct wire_frame f = {
		.letter = WIRE_BEAT,
		.u.beat = { s->epoch, s->head, (uint64_t)now.wall_ms * 1000 },
	};

	if (publish_frame(p, &s->peer, &f) == ERR_ABSENT)
		session_end(p, s);
}

void
publish_snap(struct publish *p, struct session *s, struct instant now)
{
	s->state = SESSION_SNAP;
	s->as_of = s->head;
	s->snap_next = 1;
	s->snap_waits = 0;
	s->reading = 0; /* an answer on its way is for another tag */
	s->tag++;
	publish_pump(p, s, now);
}

/* ---- asking ---- */

/* The refused entry that is due first, or NULL. */
static struct nack *
nack_due(struct publish *p, struct session *s, struct instant now)
{
	for (size_t i = 0; i < s->nack_count; i++) {
		if (s->nack[i].due_ms <= now.mono_ms)
			return &s->nack[i];
		publish_due(p, s->nack[i].due_ms);
	}
	return NULL;
}

void
publish_pump(struct publish *p, struct session *s, struct instant now)
{
	struct nack *n;

	if (s->reading || s->state == SESSION_OPENING)
		return;
	if (now.mono_ms < s->retry_ms) {
		publish_due(p, s->retry_ms);
		return;
	}
	n = s->credit > 0 ? nack_due(p, s, now) : NULL;
	s->read_nack = n == NULL ? 0 : n->seq;
	if (n != NULL)
		(void)publish_ask_read(p, s, n->seq, n->seq, 1);
	else if (s->state == SESSION_SNAP && !s->snap_waits)
		(void)publish_ask_read(p, s, s->snap_next, s->as_of,
				       s->credit == 0 ? 1 : s->credit);
	else if (s->state == SESSION_LIVE && s->credit > 0 &&
		 s->next <= s->head)
		(void)publish_ask_read(p, s, s->next, s->head, s->credit);
}

/* ---- sending ---- */

struct item {
	struct wire_header h;
	struct str signature;
	struct str body;
};

static enum err
item_get(struct rd *r, const struct session *s, struct item *e)
{
	e->h = (struct wire_header){ .epoch = rd_be64(r) };
	e->h.seq = rd_be64(r);
	e->h.type = rd_u8(r);
	e->h.severity = rd_u8(r);
	e->h.sign_keyid = rd_be16(r);
	e->h.time_us = rd_be64(r);
	e->signature = rd_bytes(r, SEAL_SIGNATURE_SIZE);
	e->body = rd_blob(r);
	e->h.body_len = (uint32_t)e->body.n;
	if (r->err != ERR_OK || e->body.n < 1 || e->body.n > WIRE_BODY_MAX ||
	    e->h.type < WIRE_FIRST || e->h.type > WIRE_DRILL ||
	    e->h.severity < 1 || e->h.severity > 4 || e->h.seq == 0 ||
	    e->h.epoch == 0 || e->h.epoch > s->epoch)
		return ERR_PEER;
	return ERR_OK;
}

/* The country an alert is about: its obligor's, or its own. */
static struct str
country_of(const struct json *data)
{
	struct str c = json_get_str(json_obj(data, "obligor"), "country");

	return c.n > 0 ? c : json_get_str(data, "country");
}

static bool
body_passes(const struct wire_filter *f, struct str body)
{
	struct json *doc = NULL;
	const struct json *data;
	bool pass;

	if (json_read(body, &doc, NULL) != ERR_OK)
		return true; /* rather one too many than one too few */
	data = json_obj(doc, "data");
	pass =
	    wire_filter_has(f, WIRE_FILTER_CLASS,
			    json_get_str(data, "kind_class")) &&
	    wire_filter_has(f, WIRE_FILTER_KIND, json_get_str(data, "kind")) &&
	    wire_filter_has(f, WIRE_FILTER_COUNTRY, country_of(data)) &&
	    wire_filter_has(f, WIRE_FILTER_EXPORTER,
			    json_get_str(data, "exporter_id"));
	json_free(doc);
	return pass;
}

static bool
passes(const struct wire_filter *f, const struct item *e)
{
	bool words = false;

	if (e->h.severity < f->severity_min)
		return false;
	for (size_t i = 0; i < WIRE_FILTER_KEYS; i++)
		words = words || f->values[i].n > 0;
	return !words || body_passes(f, e->body);
}

/* The key between us and the session's subscriber; NULL when it is no good. */
static struct pubkey *
sealing(struct publish *p, const struct session *s, struct instant now)
{
	struct pubkey *k = pubkey_of(p, s->user, now);

	if (k == NULL)
		return NULL;
	if (k->shared_state == 0)
		k->shared_state =
		    seal_share(k->seal, p->keys.seal.sec, &k->shared) == ERR_OK
			? 1
			: -1;
	return k->shared_state == 1 ? k : NULL;
}

/* ERR_AGAIN: later; ERR_ABSENT: the peer is gone. */
static enum err
send_alert(struct publish *p, struct session *s, struct item *e,
	   struct instant now)
{
	struct pubkey *k = sealing(p, s, now);
	struct str frame[2];
	struct buf head;
	struct buf sealed;
	enum err err;

	if (k == NULL)
		return ERR_ABSENT;
	if (e->h.seq <= s->old)
		e->h.flags |= WIRE_REDELIVERED;
	e->h.seal_keyid = k->seal_keyid;
	buf_init(&head, WIRE_HEADER_SIZE);
	buf_init(&sealed, SEALED_MAX);
	wire_put_header(&head, &e->h);
	seal_close(&sealed, &k->shared, e->signature, e->body);
	err = head.err != ERR_OK || sealed.err != ERR_OK ? ERR_AGAIN : ERR_OK;
	frame[0] = buf_str(&head);
	frame[1] = buf_str(&sealed);
	if (err == ERR_OK)
		err = p->bus.send(p->bus.self, &s->peer, frame, 2);
	if (err == ERR_OK) {
		s->credit--;
		if (k->sent < e->h.seq)
			k->sent = e->h.seq;
	}
	buf_free(&head);
	buf_free(&sealed);
	return err;
}

/* Numbers from s->next to upto are nobody's: say so and go on behind them. */
static enum err
send_skip(struct publish *p, struct session *s, uint64_t upto)
{
	struct wire_frame f = {
		.letter = WIRE_SKIP,
		.u.skip = { s->epoch, s->next, upto },
	};
	enum err err;

	if (upto < s->next)
		return ERR_OK;
	err = publish_frame(p, &s->peer, &f);
	if (err == ERR_OK)
		s->next = upto + 1;
	return err;
}

/* ERR_LIMIT: no credit left. */
static enum err
live_item(struct publish *p, struct session *s, struct item *e,
	  struct instant now)
{
	enum err err;

	if (e->h.seq < s->next || !passes(&s->filter, e))
		return ERR_OK; /* it goes into the next SKIP */
	err = send_skip(p, s, e->h.seq - 1);
	if (err != ERR_OK)
		return err;
	if (s->credit == 0)
		return ERR_LIMIT;
	err = send_alert(p, s, e, now);
	if (err == ERR_OK)
		s->next = e->h.seq + 1;
	return err;
}

static enum err
snap_item(struct publish *p, struct session *s, struct item *e,
	  struct instant now)
{
	enum err err = ERR_OK;

	if (passes(&s->filter, e)) {
		if (s->credit == 0) {
			s->snap_waits = 1;
			return ERR_LIMIT;
		}
		e->h.flags |= WIRE_SNAPSHOT;
		err = send_alert(p, s, e, now);
	}
	if (err == ERR_OK)
		s->snap_next = e->h.seq + 1;
	return err;
}

static enum err
nack_item(struct publish *p, struct session *s, struct item *e,
	  struct instant now)
{
	enum err err;

	e->h.flags |= WIRE_REDELIVERED;
	err = send_alert(p, s, e, now);
	for (size_t i = 0; err == ERR_OK && i < s->nack_count; i++)
		if (s->nack[i].seq == e->h.seq)
			s->nack[i].due_ms = INT64_MAX;
	return err;
}

/* The answer is used up: what its end means. */
static enum err
entries_end(struct publish *p, struct session *s, bool last, uint64_t upto)
{
	struct wire_frame f = {
		.letter = WIRE_SNAPEND,
		.u.snapend = { s->epoch, s->as_of },
	};
	enum err err;

	if (s->read_nack != 0) {
		/* Not there any more: nothing to send again. */
		for (size_t i = 0; i < s->nack_count; i++)
			if (s->nack[i].seq == s->read_nack)
				s->nack[i].due_ms = INT64_MAX;
		return ERR_OK;
	}
	if (s->state == SESSION_LIVE)
		return send_skip(p, s, upto);
	if (!last)
		return ERR_OK;
	err = publish_frame(p, &s->peer, &f);
	if (err != ERR_OK)
		return err;
	s->state = SESSION_LIVE;
	s->next = s->as_of + 1;
	return ERR_OK;
}

enum err
publish_entries(struct publish *p, struct session *s, struct rd *r,
		struct instant now)
{
	bool last = rd_u8(r) != 0;
	uint64_t upto = rd_be64(r);
	uint32_t n = rd_be32(r);
	uint64_t before = s->next;
	bool live = s->state == SESSION_LIVE && s->read_nack == 0;
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < n && err == ERR_OK; i++) {
		struct item e;

		if (item_get(r, s, &e) != ERR_OK)
			return ERR_PEER;
		if (s->read_nack != 0)
			err = nack_item(p, s, &e, now);
		else if (s->state == SESSION_SNAP)
			err = snap_item(p, s, &e, now);
		else
			err = live_item(p, s, &e, now);
	}
	if (err == ERR_OK)
		err = entries_end(p, s, last, upto);
	if (err == ERR_ABSENT) {
		session_end(p, s);
		return ERR_OK;
	}
	if (err == ERR_AGAIN)
		s->retry_ms = now.mono_ms + RETRY_MS;
	else if (live && n == 0 && s->next == before)
		s->retry_ms = now.mono_ms + EMPTY_MS;
	if (s->next != before && s->cursor_ms == INT64_MAX) {
		s->cursor_ms = now.mono_ms + PUBLISH_CURSOR_MS;
		publish_due(p, s->cursor_ms);
	}
	publish_pump(p, s, now);
	return ERR_OK;
}
