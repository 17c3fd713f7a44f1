/*
 * calarm.c - libcreditalarm: the subscriber's end of the wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "calarm_priv.h"

#define EXPORT __attribute__((visibility("default")))
#define WINDOW_DEFAULT 100u
#define HB_DEFAULT_MS 5000
#define WAIT_MAX_MS 1000

/* ---- open and close ---- */

static struct str
text_of(const char *z)
{
	return str_of(z == NULL ? "" : z);
}

static enum calarm_result
read_words(struct calarm *h, const struct calarm_conf *c)
{
	struct wire_filter filter;
	struct diag d = { 0 };

	if (c->server == NULL || c->server_key == NULL || c->key_file == NULL)
		return CALARM_USAGE;
	if (str_copy(h->endpoint, sizeof(h->endpoint), str_of(c->server)) !=
		ERR_OK ||
	    str_copy(h->want_stream, sizeof(h->want_stream),
		     text_of(c->stream)) != ERR_OK ||
	    (h->want_stream[0] != '\0' &&
	     !wire_stream_ok(str_of(h->want_stream)))) {
		(void)snprintf(h->why, sizeof(h->why), "bad server or stream");
		return CALARM_USAGE;
	}
	if (!wire_consumer_ok(text_of(c->consumer)) ||
	    str_copy(h->consumer, sizeof(h->consumer), text_of(c->consumer)) !=
		ERR_OK) {
		(void)snprintf(h->why, sizeof(h->why), "bad consumer");
		return CALARM_USAGE;
	}
	if (wire_get_filter(text_of(c->filter), &filter, &d) != ERR_OK ||
	    str_copy(h->filter, sizeof(h->filter), text_of(c->filter)) !=
		ERR_OK) {
		(void)snprintf(h->why, sizeof(h->why), "filter: %s", d.why);
		return CALARM_USAGE;
	}
	h->after = c->after_seq;
	h->window = c->credit == 0 ? WINDOW_DEFAULT : c->credit;
	return CALARM_OK;
}

static enum calarm_result
read_keys(struct calarm *h, const struct calarm_conf *c)
{
	struct keys_server server;
	struct diag d = { 0 };
	struct buf text;
	enum err err;

	if (keys_casrv_get(str_of(c->server_key), &server, &d) != ERR_OK) {
		(void)snprintf(h->why, sizeof(h->why), "server key: %s", d.why);
		return CALARM_USAGE;
	}
	buf_init(&text, KEYS_FILE_MAX);
	err = keys_file_read(c->key_file, &text, &d);
	if (err == ERR_OK)
		err = keys_get(buf_str(&text), &h->keys, &d);
	buf_wipe(&text);
	if (err == ERR_OK)
		err = seal_reader_init(&h->reader, &h->keys, &server);
	if (err != ERR_OK) {
		(void)snprintf(h->why, sizeof(h->why), "key: %s", d.why);
		return CALARM_KEY;
	}
	return CALARM_OK;
}

static void
handle_free(struct calarm *h)
{
	dealer_close(h->dealer);
	if (h->epoll >= 0)
		(void)close(h->epoll);
	buf_wipe(&h->clear);
	explicit_bzero(h, sizeof(*h));
	free(h);
}

EXPORT enum calarm_result
calarm_open(const struct calarm_conf *conf, struct calarm **out,
	    char why[CALARM_WHY_SIZE])
{
	struct calarm *h = calloc(1, sizeof(*h));
	enum calarm_result r;

	if (h == NULL)
		return CALARM_FULL;
	buf_init(&h->clear, SEALED_MAX);
	h->clock = clock_os(&h->os, TIME_NONE);
	h->hb_ms = HB_DEFAULT_MS;
	h->hello_ms = INT64_MAX;
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = h->epoll < 0 ? CALARM_FULL : read_words(h, conf);
	if (r == CALARM_OK)
		r = read_keys(h, conf);
	if (why != NULL)
		memcpy(why, h->why, sizeof(h->why));
	if (r != CALARM_OK) {
		handle_free(h);
		return r;
	}
	*out = h;
	return CALARM_OK;
}

EXPORT void
calarm_close(struct calarm **h)
{
	const struct wire_frame bye = { .letter = WIRE_BYE };

	if (h == NULL || *h == NULL)
		return;
	if ((*h)->welcomed)
		(void)calarm_send(*h, &bye, 0);
	handle_free(*h);
	*h = NULL;
}

/* ---- what the server says ---- */

enum verdict {
	GO_ON,  /* nothing for the caller */
	GIVE,   /* *out is filled */
	BROKEN, /* *out says which did not verify */
};

static void
hear_welcome(struct calarm *h, const struct wire_welcome *w)
{
	if (str_copy(h->stream, sizeof(h->stream), w->stream) != ERR_OK)
		return;
	if (h->has_last && h->epoch != w->epoch) {
		h->has_last = 0; /* numbers of another log; GONE follows */
		h->nack_count = 0;
	}
	h->epoch = w->epoch;
	if (!h->has_last && w->after_seq != WIRE_CURSOR) {
		h->has_last = 1; /* the first that comes is the next one */
		h->last = w->after_seq;
	}
	h->hb_ms = w->hb_ms < 10 ? 10 : w->hb_ms;
	if (h->window > w->max_credit)
		h->window = w->max_credit;
	h->welcomed = 1;
	h->backoff_ms = 0;
	for (size_t i = 0; i < h->told_count; i++)
		h->told[i].sent_ms = INT64_MIN;
}

/* A number we asked to be sent again; it is not asked for any more. */
static bool
was_nacked(struct calarm *h, uint64_t seq)
{
	for (size_t i = 0; i < h->nack_count; i++)
		if (h->nack[i].seq == seq && h->nack[i].waits) {
			h->nack[i].waits = 0;
			return true;
		}
	return false;
}

/* The note of a number; NULL when every note waits for its repeat. */
static struct calarm_nacked *
nack_note(struct calarm *h, uint64_t seq)
{
	size_t at = h->nack_count;

	for (size_t i = 0; i < h->nack_count; i++) {
		if (h->nack[i].seq == seq)
			return &h->nack[i];
		if (!h->nack[i].waits)
			at = i;
	}
	if (at == CALARM_NACKS_MAX)
		return NULL;
	if (at == h->nack_count)
		h->nack_count++;
	h->nack[at] = (struct calarm_nacked){ .seq = seq };
	return &h->nack[at];
}

/* Of two for one number and state the first is answered first. */
static void
forget_state(struct calarm *h, uint64_t seq, uint64_t state)
{
	for (size_t i = 0; i < h->told_count; i++) {
		if (h->told[i].seq != seq || h->told[i].state != state)
			continue;
		h->told_count--;
		memmove(&h->told[i], &h->told[i + 1],
			(h->told_count - i) * sizeof(h->told[0]));
		return;
	}
}

/* The letter and the numbers of the frame an ERROR answers; 0 for none. */
static char
error_about(struct str text, uint64_t number[2])
{
	struct str rest = str_sub(text, 1, text.n);
	size_t n = 0;

	number[0] = number[1] = 0;
	while (n < 2 && str_starts(rest, S(" "))) {
		size_t end = 1;

		while (end < rest.n && rest.p[end] >= '0' &&
		       rest.p[end] <= '9')
			end++;
		if (str_to_u64(str_sub(rest, 1, end - 1), UINT64_MAX,
			       &number[n++]) != ERR_OK)
			return '\0';
		rest = str_sub(rest, end, rest.n);
	}
	return str_starts(rest, S(": ")) ? text.p[0] : '\0';
}

/* One frame of ours was not taken; true when that is all there is to it. */
static bool
hear_not_taken(struct calarm *h, const struct wire_error *e)
{
	uint64_t number[2];
	char letter = error_about(e->text, number);

	if (letter == 'R' &&
	    (e->code == WIRE_E_MALFORMED || e->code == WIRE_E_BEYOND)) {
		/* It never will be: asking again would not end. */
		forget_state(h, number[0], number[1]);
		return true;
	}
	if (letter == 'N' &&
	    (e->code == WIRE_E_REQUESTS || e->code == WIRE_E_BEYOND)) {
		(void)was_nacked(h, number[0]); /* it will not come again */
		return true;
	}
	return false;
}

static void
hear_error(struct calarm *h, const struct wire_error *e, int64_t now_ms)
{
	h->code = e->code;
	(void)snprintf(h->why, sizeof(h->why), "%u %.*s", e->code,
		       STR_ARG(e->text));
	if (hear_not_taken(h, e))
		return;
	switch ((int)e->code) {
	case WIRE_E_HELLO_FIRST:
		if (h->welcomed)
			calarm_hello(h);
		break;
	case WIRE_E_EPOCH:
	case WIRE_E_BEYOND:
		calarm_hello(h);
		break;
	case WIRE_E_ROUTING:
	case WIRE_E_INTERNAL:
	case WIRE_E_DOWN:
		calarm_redial(h, now_ms);
		break;
	case WIRE_E_REQUESTS:
	case WIRE_E_STORE:
		break;
	default:
		h->refused = 1;
		break;
	}
}

static void
hear_beat(struct calarm *h, const struct wire_beat *b)
{
	bool behind = h->has_last && !h->snapshot && b->head_seq > h->last &&
		      h->owed < h->window;

	h->ahead = behind ? h->ahead + 1 : 0;
	if (h->ahead >= 2)
		calarm_hello(h); /* the tail was lost */
}

static void
hear_snapend(struct calarm *h, const struct wire_snapend *z, int64_t now_ms)
{
	h->snapshot = 0;
	h->has_last = 1;
	h->last = z->as_of_seq;
	h->as_of = z->as_of_seq;
	if (h->snap_acked == h->snap_given)
		(void)calarm_ack(h, h->snap_given);
	(void)now_ms;
}

/* Numbers are missing: they are asked for, at once and then with pauses. */
static void
calarm_hole(struct calarm *h, int64_t now_ms)
{
	if (h->hole == h->last + 1) {
		calarm_redial(h, now_ms);
		return;
	}
	h->hole = h->last + 1;
	calarm_hello(h);
}

static void
hear_control(struct calarm *h, struct str frame, int64_t now_ms)
{
	struct wire_frame f;

	if (wire_get_server(frame, &f, NULL) != ERR_OK)
		return; /* of a later version */
	if (f.letter == WIRE_WELCOME || f.letter == WIRE_SKIP ||
	    f.letter == WIRE_SNAPEND)
		h->ahead = 0; /* a PONG says nothing about the stream */
	switch ((int)f.letter) {
	case WIRE_WELCOME:
		hear_welcome(h, &f.u.welcome);
		break;
	case WIRE_ERROR:
		hear_error(h, &f.u.error, now_ms);
		break;
	case WIRE_BEAT:
		hear_beat(h, &f.u.beat);
		break;
	case WIRE_STATEOK:
		forget_state(h, f.u.stateok.seq, f.u.stateok.state);
		break;
	case WIRE_GONE:
		h->wants_snap = 1;
		break;
	case WIRE_SNAPEND:
		hear_snapend(h, &f.u.snapend, now_ms);
		break;
	case WIRE_SKIP:
		if (h->has_last && f.u.skip.first_seq != h->last + 1) {
			calarm_hole(h, now_ms);
			break;
		}
		h->has_last = 1;
		h->last = f.u.skip.last_seq;
		break;
	default:
		break;
	}
}

/* Its place in the stream: false for a double, or when one is missing. */
static bool
in_order(struct calarm *h, const struct wire_header *a, int64_t now_ms)
{
	if (h->snapshot && was_nacked(h, a->seq))
		return true; /* again, inside the snapshot */
	if ((a->flags & WIRE_SNAPSHOT) != 0) {
		if (!h->snapshot)
			return false;
		h->snap_ms = now_ms;
		h->snap_given = a->seq;
		return true;
	}
	if (h->has_last && a->seq <= h->last)
		return was_nacked(h, a->seq);
	if (h->snapshot)
		return false; /* on its way when SNAP was said */
	if (h->has_last && a->seq != h->last + 1) {
		calarm_hole(h, now_ms);
		return false;
	}
	h->has_last = 1;
	h->last = a->seq;
	return true;
}

static enum verdict
hear_alert(struct calarm *h, const struct str frame[2],
	   struct calarm_alert *out, int64_t now_ms)
{
	struct wire_header a = { .seq = 0 };
	struct wire_frame nack = { .letter = WIRE_NACK };
	struct diag d = { 0 };
	struct str body = STR_NONE;

	h->ahead = 0;
	*out = (struct calarm_alert){ .stream = h->stream };
	if (wire_get_header(frame[0], &a, &d) != ERR_OK ||
	    seal_open(&h->reader, str_of(h->stream), frame, &a, &h->clear,
		      &body, &d) != ERR_OK ||
	    a.epoch > h->epoch) {
		(void)snprintf(h->why, sizeof(h->why), "%s", d.why);
		out->epoch = a.epoch;
		out->seq = a.seq;
		nack.u.nack = (struct wire_nack_frame){ h->epoch, a.seq,
							WIRE_NACK_SEAL, 0 };
		if (a.seq != 0)
			(void)calarm_send(h, &nack, now_ms);
		if (h->has_last && a.seq == h->last + 1)
			h->last = a.seq; /* the stream goes on behind it */
		return BROKEN;
	}
	h->owed++;
	if (!in_order(h, &a, now_ms))
		return GO_ON;
	*out = (struct calarm_alert){
		.stream = h->stream,
		.epoch = a.epoch,
		.seq = a.seq,
		.type = a.type,
		.severity = a.severity,
		.redelivered = (a.flags & WIRE_REDELIVERED) != 0,
		.snapshot = (a.flags & WIRE_SNAPSHOT) != 0,
		.time_us = a.time_us,
		.event = body.p,
		.event_len = body.n,
	};
	return GIVE;
}

/* Everything that has come, until something is for the caller. */
static enum verdict
hear(struct calarm *h, struct calarm_alert *out, int64_t now_ms)
{
	struct str frame[DEALER_FRAMES_MAX];
	size_t n;

	while (h->dealer != NULL && !h->refused &&
	       dealer_recv(h->dealer, frame, &n) == ERR_OK) {
		enum verdict v = GO_ON;

		h->heard_ms = now_ms;
		if (n == 1)
			hear_control(h, frame[0], now_ms);
		else if (n == 2 && h->welcomed)
			v = hear_alert(h, frame, out, now_ms);
		if (v != GO_ON)
			return v;
	}
	return GO_ON;
}

EXPORT enum calarm_result
calarm_next(struct calarm *h, int timeout_ms, struct calarm_alert *out)
{
	int64_t now_ms = calarm_now(h);
	int64_t until_ms = now_ms + (timeout_ms < 0 ? 0 : timeout_ms);

	for (;;) {
		int64_t wait_ms = calarm_tend(h, now_ms);
		enum verdict v = hear(h, out, now_ms);

		if (v != GO_ON)
			return v == GIVE ? CALARM_ALERT : CALARM_UNVERIFIED;
		if (h->refused)
			return CALARM_REFUSED;
		if (now_ms >= until_ms)
			return CALARM_TIMEOUT;
		if (h->hello_ms == INT64_MAX && h->dealer != NULL &&
		    wait_ms > 50)
			wait_ms = 0; /* HELLO is to be said again */
		if (wait_ms > until_ms - now_ms)
			wait_ms = until_ms - now_ms;
		if (wait_ms > WAIT_MAX_MS)
			wait_ms = WAIT_MAX_MS;
		if (h->dealer != NULL) {
			dealer_wait(h->dealer, wait_ms);
		} else {
			struct epoll_event none;

			(void)epoll_wait(h->epoll, &none, 1, (int)wait_ms);
		}
		now_ms = calarm_now(h);
	}
}

EXPORT int
calarm_fd(const struct calarm *h)
{
	return h->epoll;
}

/* ---- what the subscriber says ---- */

EXPORT enum calarm_result
calarm_ack(struct calarm *h, uint64_t seq)
{
	if (h->snapshot) {
		if (seq > h->snap_acked)
			h->snap_acked = seq;
		return CALARM_OK;
	}
	if (h->as_of != 0 && seq >= h->snap_given) {
		/* The snapshot is whole: the cursor moves to its end. */
		if (seq < h->as_of)
			seq = h->as_of;
		h->as_of = 0;
	}
	if (seq > h->last || !h->has_last)
		return CALARM_USAGE;
	if (seq > h->acked || h->owed > 0)
		(void)calarm_grant(h, seq, calarm_now(h));
	if (seq > h->acked)
		h->acked = seq;
	return CALARM_OK;
}

EXPORT enum calarm_result
calarm_nack(struct calarm *h, uint64_t seq, uint32_t retry_ms)
{
	const struct wire_frame f = {
		.letter = WIRE_NACK,
		.u.nack = { h->epoch, seq, WIRE_NACK_AGAIN, retry_ms },
	};

	struct calarm_nacked *n;

	if (!h->snapshot && (!h->has_last || seq > h->last))
		return CALARM_USAGE;
	n = nack_note(h, seq);
	if (n == NULL)
		return CALARM_FULL;
	n->waits = n->tries < CALARM_NACK_TRIES;
	if (!h->welcomed || !calarm_send(h, &f, calarm_now(h)))
		return CALARM_OK; /* the next session brings it again */
	n->tries++;
	if (h->owed > 0)
		h->owed--; /* a NACK gives its credit back by itself */
	return CALARM_OK;
}

/* What the server would refuse is not kept to be said for ever. */
static bool
state_fits(const struct calarm_told *t)
{
	struct wire_frame f = {
		.letter = WIRE_STATE,
		.u.state = { 0, t->seq, t->state, t->at_us, str_of(t->actor),
			     str_of(t->code) },
	};
	struct buf b;
	bool fits;

	buf_init(&b, WIRE_CLIENT_FRAME_MAX);
	wire_put(&b, &f);
	fits = b.err == ERR_OK &&
	       wire_get_client(buf_str(&b), &f, NULL) == ERR_OK;
	buf_free(&b);
	return fits;
}

EXPORT enum calarm_result
calarm_state(struct calarm *h, uint64_t seq, enum calarm_state_word state,
	     uint64_t at_us, const char *actor, const char *code)
{
	struct calarm_told t = { .seq = seq,
				 .at_us = at_us,
				 .state = (uint8_t)state,
				 .sent_ms = INT64_MIN };

	if (seq == 0 || (int)state < CALARM_GW_RECEIVED ||
	    (int)state > CALARM_FAILED ||
	    str_copy(t.actor, sizeof(t.actor), text_of(actor)) != ERR_OK ||
	    str_copy(t.code, sizeof(t.code), text_of(code)) != ERR_OK ||
	    !state_fits(&t))
		return CALARM_USAGE;
	if (h->told_count == CALARM_STATES_MAX)
		return CALARM_FULL;
	h->told[h->told_count++] = t;
	if (h->welcomed)
		(void)calarm_tend(h, calarm_now(h));
	return CALARM_OK;
}

EXPORT size_t
calarm_states_open(const struct calarm *h)
{
	return h->told_count;
}

EXPORT int
calarm_connected(const struct calarm *h)
{
	return h->welcomed;
}

EXPORT const char *
calarm_why(const struct calarm *h)
{
	return h->why;
}

EXPORT unsigned
calarm_code(const struct calarm *h)
{
	return h->code;
}
