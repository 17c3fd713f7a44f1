/*
 * calarm_link.c - keeps a session standing.
 */
#include <string.h>
#include <sys/epoll.h>

#include "calarm_priv.h"

#define BACKOFF_MS 1000
#define BACKOFF_MS_MAX 60000
#define WELCOME_MS 5000 /* no WELCOME by then: a new socket */
#define TRY_MS 50       /* the connection does not stand yet */
#define STATE_AGAIN_MS 5000
#define SILENCE 3

int64_t
calarm_now(const struct calarm *h)
{
	return clock_now(&h->clock).mono_ms;
}

bool
calarm_send(struct calarm *h, const struct wire_frame *f, int64_t now_ms)
{
	struct buf b;
	bool sent;

	if (h->dealer == NULL)
		return false;
	buf_init(&b, WIRE_CLIENT_FRAME_MAX);
	wire_put(&b, f);
	must(b.err == ERR_OK);
	sent = dealer_send(h->dealer, buf_str(&b)) == ERR_OK;
	buf_free(&b);
	if (sent)
		h->said_ms = now_ms;
	return sent;
}

bool
calarm_grant(struct calarm *h, uint64_t cum_seq, int64_t now_ms)
{
	const struct wire_frame f = {
		.letter = WIRE_ACK,
		.u.ack = { h->epoch, cum_seq, h->owed },
	};

	if (!h->welcomed || !calarm_send(h, &f, now_ms))
		return false;
	h->owed = 0;
	return true;
}

void
calarm_hello(struct calarm *h)
{
	h->welcomed = 0;
	h->hello_ms = INT64_MAX;
	h->snapshot = 0;
	h->wants_snap = 0;
	h->ahead = 0;
}

void
calarm_redial(struct calarm *h, int64_t now_ms)
{
	uint8_t r = 0;

	dealer_close(h->dealer);
	h->dealer = NULL;
	calarm_hello(h);
	/* A quarter by chance, so that many do not come back as one. */
	seal_random(&r, sizeof(r));
	h->dial_ms = now_ms + h->backoff_ms + h->backoff_ms * r / 1024;
	h->backoff_ms *= 2;
	if (h->backoff_ms > BACKOFF_MS_MAX)
		h->backoff_ms = BACKOFF_MS_MAX;
}

static void
dial(struct calarm *h, int64_t now_ms)
{
	struct epoll_event ev = { .events = EPOLLIN };

	if (h->backoff_ms == 0)
		h->backoff_ms = BACKOFF_MS;
	if (dealer_open(h->endpoint, h->reader.server.curve, &h->keys.curve,
			&h->dealer) != ERR_OK) {
		h->dealer = NULL;
		calarm_redial(h, now_ms);
		return;
	}
	h->heard_ms = now_ms;
	h->said_ms = now_ms;
	/* A closed descriptor has left the epoll set by itself. */
	ev.data.fd = dealer_fd(h->dealer);
	(void)epoll_ctl(h->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev);
}

/* What we have: a number that was to come again is not among it. */
static uint64_t
last_whole(const struct calarm *h)
{
	uint64_t last = h->last;

	for (size_t i = 0; i < h->nack_count; i++)
		if (h->nack[i].waits && h->nack[i].seq <= last)
			last = h->nack[i].seq - 1;
	return last;
}

static bool
say_hello(struct calarm *h, int64_t now_ms)
{
	const struct wire_frame f = {
		.letter = WIRE_HELLO,
		.u.hello = { .version = WIRE_VERSION,
			     .credit = h->window,
			     .epoch = h->has_last ? h->epoch : 0,
			     .after_seq = h->has_last ? last_whole(h)
						      : h->after,
			     .stream = str_of(h->want_stream),
			     .consumer = str_of(h->consumer),
			     .filter = str_of(h->filter) },
	};

	if (!calarm_send(h, &f, now_ms))
		return false;
	h->owed = 0;
	h->hello_ms = now_ms;
	return true;
}

/* STATEs that nobody confirmed go out, again. */
static void
say_states(struct calarm *h, int64_t now_ms)
{
	for (size_t i = 0; i < h->told_count; i++) {
		struct calarm_told *t = &h->told[i];
		const struct wire_frame f = {
			.letter = WIRE_STATE,
			.u.state = { h->epoch, t->seq, t->state, t->at_us,
				     str_of(t->actor), str_of(t->code) },
		};

		if (t->sent_ms != INT64_MIN &&
		    now_ms - t->sent_ms < STATE_AGAIN_MS)
			continue;
		if (!calarm_send(h, &f, now_ms))
			return;
		t->sent_ms = now_ms;
	}
}

static void
tend_session(struct calarm *h, int64_t now_ms)
{
	const struct wire_frame ping = { .letter = WIRE_PING,
					 .u.ping = { (uint64_t)now_ms } };
	const struct wire_frame snap = { .letter = WIRE_SNAP,
					 .u.snap = { h->epoch } };

	if (h->wants_snap && calarm_send(h, &snap, now_ms)) {
		h->wants_snap = 0;
		h->snapshot = 1;
		h->snap_ms = now_ms;
		h->snap_given = 0;
		h->snap_acked = 0;
	}
	if (h->owed > h->window / 2)
		(void)calarm_grant(h, 0, now_ms);
	say_states(h, now_ms);
	if (now_ms - h->said_ms >= h->hb_ms / 2)
		(void)calarm_send(h, &ping, now_ms);
}

int64_t
calarm_tend(struct calarm *h, int64_t now_ms)
{
	if (h->dealer == NULL) {
		if (now_ms < h->dial_ms)
			return h->dial_ms - now_ms;
		dial(h, now_ms);
		if (h->dealer == NULL)
			return h->dial_ms - now_ms;
	}
	if (h->hello_ms == INT64_MAX && !say_hello(h, now_ms))
		return TRY_MS;
	if (!h->welcomed) {
		if (now_ms - h->hello_ms < WELCOME_MS)
			return WELCOME_MS - (now_ms - h->hello_ms);
		calarm_redial(h, now_ms);
		return 0;
	}
	if (now_ms - h->heard_ms >= SILENCE * h->hb_ms) {
		calarm_redial(h, now_ms);
		return 0;
	}
	if (h->snapshot && h->owed < h->window &&
	    now_ms - h->snap_ms >= SILENCE * h->hb_ms) {
		calarm_redial(h, now_ms); /* its end was lost */
		return 0;
	}
	tend_session(h, now_ms);
	return h->hb_ms / 4 + 1;
}
