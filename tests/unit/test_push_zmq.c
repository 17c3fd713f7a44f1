/*
 * test_push_zmq.c - the same sessions over real sockets on the loopback:
 * libzmq's ROUTER with CURVE on one side, libcreditalarm on the other.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bus_zmq.h"
#include "calarm_priv.h"
#include "creditalarm.h"
#include "dealer.h"
#include "push_world.h"
#include "zctx.h"
#include "scratch.h"

#define TRIES 200
#define TRY_MS 20

static struct world w;
static char dir[SCRATCH_PATH_SIZE];
static char line[KEYS_LINE_MAX];
static uint32_t window; /* credit of client(); 0: the library's */

static void
setup(void)
{
	char yaml[160];
	struct buf b;

	/* Tests run side by side, each in a process of its own. */
	(void)snprintf(yaml, sizeof(yaml),
		       "push:\n  heartbeat: 1s\n  credit_max: 100\n"
		       "  endpoint: \"tcp://127.0.0.1:%d\"\n",
		       20000 + getpid() % 20000);
	world_init(&w, yaml, 0);
	scratch_dir(dir, "push");
	buf_init(&b, KEYS_LINE_MAX);
	keys_casrv_put(&b, &w.server);
	cr_assert_eq(str_copy(line, sizeof(line), buf_str(&b)), ERR_OK);
	buf_free(&b);
}

static void
teardown(void)
{
	char path[80];

	world_fini(&w);
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

TestSuite(push_zmq, .init = setup, .fini = teardown);

/* A handle with these keys. */
static struct calarm *
client(const struct keys *k, uint64_t after, const char *server_line)
{
	char path[80];
	char why[CALARM_WHY_SIZE];
	struct calarm *h = NULL;
	struct buf b;
	struct calarm_conf conf = { .server = publish_endpoint(&w.role),
				    .server_key = server_line,
				    .key_file = path,
				    .consumer = "t",
				    .credit = window,
				    .after_seq = after };

	(void)snprintf(path, sizeof(path), "%s/key", dir);
	(void)unlink(path);
	buf_init(&b, KEYS_FILE_MAX);
	keys_put(&b, k);
	cr_assert_eq(keys_file_write(path, buf_str(&b), NULL), ERR_OK);
	buf_wipe(&b);
	cr_assert_eq(calarm_open(&conf, &h, why), CALARM_OK, "%s", why);
	return h;
}

/* Turns world and client until the client has something, or TRIES are up. */
static enum calarm_result
next(struct calarm *h, struct calarm_alert *a)
{
	enum calarm_result r = CALARM_TIMEOUT;

	for (int i = 0; i < TRIES && r == CALARM_TIMEOUT; i++) {
		world_run(&w);
		r = calarm_next(h, TRY_MS, a);
	}
	return r;
}

static void
idle(struct calarm *h, int tries)
{
	struct calarm_alert a;

	for (int i = 0; i < tries; i++) {
		world_run(&w);
		cr_assert_eq(calarm_next(h, TRY_MS, &a), CALARM_TIMEOUT);
	}
}

static void
expect_at(struct calarm *h, uint64_t seq, struct calarm_alert *a, int at)
{
	enum calarm_result r = next(h, a);

	cr_assert_eq(r, CALARM_ALERT, "line %d: %d %s", at, (int)r,
		     calarm_why(h));
	cr_assert_eq(a->seq, seq, "line %d: %llu", at,
		     (unsigned long long)a->seq);
}
#define EXPECT(h, seq, a) expect_at((h), (seq), (a), __LINE__)

static void
alert(void)
{
	(void)world_alert(&w, WORLD_STREAM, 4, ALERT_OPEN, "{\"x\":1}");
}

Test(push_zmq, alerts_arrive_verified_and_the_cursor_holds)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	h = client(&k, CALARM_CURSOR, line);
	EXPECT(h, 1, &a);
	cr_assert_str_eq(a.stream, WORLD_STREAM);
	cr_assert_eq(a.epoch, 1);
	cr_assert_eq(a.type, 1);
	cr_assert_eq(a.severity, 4);
	cr_assert_eq(a.redelivered, 0);
	cr_assert_eq(a.event_len, 7);
	cr_assert_eq(memcmp(a.event, "{\"x\":1}", 7), 0);
	alert();
	EXPECT(h, 2, &a);
	cr_assert_eq(calarm_ack(h, 2), CALARM_OK);
	cr_assert_eq(calarm_ack(h, 3), CALARM_USAGE);
	idle(h, 5);
	calarm_close(&h);
	cr_assert_null(h);
	for (int i = 0; i < 5; i++)
		world_run(&w);
	alert();
	h = client(&k, CALARM_CURSOR, line);
	EXPECT(h, 3, &a);
	idle(h, 10);
	calarm_close(&h);
}

Test(push_zmq, an_unknown_key_gets_nothing)
{
	struct calarm *h;
	struct keys k;

	seal_keys_generate(&k, 0);
	alert();
	h = client(&k, 0, line);
	idle(h, 60);
	cr_assert(!calarm_connected(h));
	calarm_close(&h);
}

Test(push_zmq, a_revoked_key_is_told_and_stays_out)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	h = client(&k, 0, line);
	alert();
	EXPECT(h, 1, &a);
	world_revoke(&w, &k);
	cr_assert_eq(next(h, &a), CALARM_REFUSED);
	cr_assert_eq(calarm_code(h), 4010);
	calarm_close(&h);
	h = client(&k, 0, line);
	idle(h, 60);
	cr_assert(!calarm_connected(h));
	calarm_close(&h);
}

Test(push_zmq, what_does_not_verify_is_not_given)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k, other;
	struct buf b;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	other = w.server;
	{
		struct keys fresh;

		seal_keys_generate(&fresh, 1);
		other.sign[0] = fresh.sign[0];
	}
	buf_init(&b, KEYS_LINE_MAX);
	keys_casrv_put(&b, &other);
	buf_byte(&b, 0);
	alert();
	h = client(&k, 0, b.p);
	cr_assert_eq(next(h, &a), CALARM_UNVERIFIED);
	cr_assert_eq(a.seq, 1);
	cr_assert_null(a.event);
	idle(h, 10);
	calarm_close(&h);
	buf_free(&b);
}

Test(push_zmq, states_are_confirmed)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	h = client(&k, 0, line);
	EXPECT(h, 1, &a);
	cr_assert_eq(calarm_state(h, 1, CALARM_DELIVERED, 7, "me", NULL),
		     CALARM_OK);
	cr_assert_eq(calarm_state(h, 1, CALARM_ACTED, 8, "me",
				  "A_ORDER_REPORT"),
		     CALARM_OK);
	cr_assert_eq(calarm_states_open(h), 2);
	idle(h, 20);
	cr_assert_eq(calarm_states_open(h), 0);
	cr_assert_eq(w.states, 2);
	calarm_close(&h);
}

Test(push_zmq, gone_becomes_a_snapshot)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	(void)world_alert(&w, WORLD_STREAM, 3, ALERT_RESOLVED, "{}");
	alert();
	h = client(&k, 100, line);
	EXPECT(h, 1, &a);
	cr_assert(a.snapshot);
	cr_assert_eq(calarm_ack(h, 1), CALARM_OK);
	EXPECT(h, 3, &a);
	cr_assert(a.snapshot);
	cr_assert_eq(calarm_ack(h, 3), CALARM_OK);
	idle(h, 5);
	alert();
	EXPECT(h, 4, &a);
	cr_assert(!a.snapshot);
	cr_assert_eq(calarm_ack(h, 4), CALARM_OK);
	idle(h, 5);
	calarm_close(&h);
}

/* A number that was to come again comes, though the publisher forgot it. */
Test(push_zmq, a_nack_outlives_the_session)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	alert();
	alert();
	h = client(&k, 0, line);
	EXPECT(h, 1, &a);
	EXPECT(h, 2, &a);
	EXPECT(h, 3, &a);
	cr_assert_eq(calarm_nack(h, 2, 60000), CALARM_OK);
	idle(h, 3);
	world_restart_publish(&w);
	EXPECT(h, 2, &a);
	idle(h, 5);
	alert();
	EXPECT(h, 4, &a);
	calarm_close(&h);
}

/* Refused inside a snapshot it comes again there; the snapshot goes on. */
Test(push_zmq, a_nack_inside_a_snapshot)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	alert();
	window = 1;
	h = client(&k, 100, line);
	EXPECT(h, 1, &a);
	cr_assert(a.snapshot);
	cr_assert_eq(calarm_nack(h, 1, 0), CALARM_OK);
	EXPECT(h, 1, &a);
	cr_assert(a.redelivered);
	cr_assert(!a.snapshot);
	EXPECT(h, 2, &a);
	cr_assert(a.snapshot);
	cr_assert_eq(calarm_ack(h, 2), CALARM_OK);
	idle(h, 5);
	alert();
	EXPECT(h, 3, &a);
	cr_assert(!a.snapshot);
	calarm_close(&h);
}

Test(push_zmq, the_newer_session_wins)
{
	struct calarm_alert a;
	struct calarm *h, *g;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	h = client(&k, 0, line);
	EXPECT(h, 1, &a);
	g = client(&k, 0, line);
	EXPECT(g, 1, &a);
	cr_assert(a.redelivered);
	cr_assert_eq(next(h, &a), CALARM_REFUSED);
	cr_assert_eq(calarm_code(h), 4009);
	calarm_close(&h);
	calarm_close(&g);
}

Test(push_zmq, publish_is_killed_and_the_client_comes_back)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	h = client(&k, 0, line);
	alert();
	EXPECT(h, 1, &a);
	world_restart_publish(&w);
	alert();
	EXPECT(h, 2, &a);
	idle(h, 5);
	calarm_close(&h);
}

Test(push_zmq, nacked_alerts_come_again)
{
	struct calarm_alert a;
	struct calarm *h;
	struct keys k;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	alert();
	alert();
	h = client(&k, 0, line);
	EXPECT(h, 1, &a);
	EXPECT(h, 2, &a);
	cr_assert_eq(calarm_nack(h, 1, 50), CALARM_OK);
	idle(h, 3);
	world_pass(&w, 100);
	EXPECT(h, 1, &a);
	cr_assert(a.redelivered);
	cr_assert_eq(calarm_ack(h, 2), CALARM_OK);
	idle(h, 3);
	calarm_close(&h);
}

/* A second key that connects with the routing id of a session in use gets
 * no word of the session. */
Test(push_zmq, frames_of_dealers_are_bounded)
{
	static char big[BUS_ZMQ_IN_MAX - BUS_ZMQ_CURVE + 1];
	struct dealer *d = NULL;
	struct keys k;
	struct str frame[DEALER_FRAMES_MAX];
	size_t n = 0;
	enum err err = ERR_AGAIN;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	cr_assert_eq(dealer_open(publish_endpoint(&w.role),
				 w.announced.curve, &k.curve, &d),
		     ERR_OK);
	for (int i = 0; i < TRIES && err != ERR_OK; i++) {
		world_run(&w);
		dealer_wait(d, TRY_MS);
		err = dealer_send(d, (struct str){ big, 2048 });
	}
	cr_assert_eq(err, ERR_OK);
	err = ERR_AGAIN;
	for (int i = 0; i < TRIES && err != ERR_OK; i++) {
		world_run(&w);
		dealer_wait(d, TRY_MS);
		err = dealer_recv(d, frame, &n);
	}
	cr_assert_eq(err, ERR_OK); /* 4002 */
	cr_assert_eq(frame[0].p[0], 'E');
	cr_assert_eq(dealer_send(d, (struct str){ big, BUS_ZMQ_IN_MAX -
							  BUS_ZMQ_CURVE }),
		     ERR_OK);
	err = ERR_AGAIN;
	for (int i = 0; i < TRIES && err != ERR_OK; i++) {
		world_run(&w);
		dealer_wait(d, TRY_MS);
		err = dealer_recv(d, frame, &n);
	}
	cr_assert_eq(err, ERR_OK); /* 4002 again */
	cr_assert_eq(dealer_send(d, (struct str){ big, sizeof(big) }),
		     ERR_OK);
	for (int i = 0; i < 20; i++) {
		world_run(&w);
		dealer_wait(d, TRY_MS);
		cr_assert_eq(dealer_recv(d, frame, &n), ERR_AGAIN,
			     "the connection was cut, unread");
	}
	dealer_close(d);
}

/* A publisher that sends a message of so many frames to who wrote to it. */
static void
answer_frames(void *router, size_t frames)
{
	zmq_pollitem_t in = { router, 0, ZMQ_POLLIN, 0 };
	char id[64];
	int n = -1;

	for (int i = 0; i < TRIES && n < 0; i++) {
		world_run(&w); /* asked whether the key may */
		(void)zmq_poll(&in, 1, TRY_MS);
		n = zmq_recv(router, id, sizeof(id), ZMQ_DONTWAIT);
	}
	cr_assert(n > 0);
	cr_assert_eq(zmq_recv(router, id + n, sizeof(id) - (size_t)n, 0), 1);
	cr_assert_eq(zmq_send(router, id, (size_t)n, ZMQ_SNDMORE), n);
	for (size_t i = 0; i < frames; i++)
		cr_assert_eq(zmq_send(router, &"abcd"[i], 1,
				      i + 1 < frames ? ZMQ_SNDMORE : 0), 1);
}

/* Two frames of a message are read; of a third it is only known that it is. */
Test(push_zmq, frames_of_a_message_to_a_dealer)
{
	struct dealer *d = NULL;
	struct keys server;
	struct keys k;
	struct str frame[DEALER_FRAMES_MAX];
	char at[64];
	size_t size = sizeof(at);
	void *router = zmq_socket(zctx_get(), ZMQ_ROUTER);
	int yes = 1;

	seal_keys_generate(&server, 0);
	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	cr_assert_eq(zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes,
				    sizeof(yes)), 0);
	cr_assert_eq(zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY,
				    server.curve.sec, KEYS_SIZE), 0);
	cr_assert_eq(zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, "push", 4), 0);
	cr_assert_eq(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
	cr_assert_eq(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, at, &size), 0);
	cr_assert_eq(dealer_open(at, server.curve.pub, &k.curve, &d), ERR_OK);
	for (size_t more = 0; more < 2; more++) {
		enum err err = ERR_AGAIN;
		size_t n = 0;

		for (int i = 0; i < TRIES && err != ERR_OK; i++) {
			world_run(&w);
			dealer_wait(d, TRY_MS);
			err = dealer_send(d, S("x"));
		}
		cr_assert_eq(err, ERR_OK);
		answer_frames(router, DEALER_FRAMES_MAX + more);
		err = ERR_AGAIN;
		for (int i = 0; i < TRIES && err != ERR_OK; i++) {
			dealer_wait(d, TRY_MS);
			err = dealer_recv(d, frame, &n);
		}
		cr_assert_eq(err, ERR_OK);
		cr_assert_eq(n, DEALER_FRAMES_MAX + more);
		cr_assert(str_eq(frame[0], S("a")) && str_eq(frame[1], S("b")));
	}
	dealer_close(d);
	cr_assert_eq(zmq_close(router), 0);
	zctx_put();
}

/* What the library keeps for a publisher that does not answer. */
Test(push_zmq, states_and_refused_numbers_that_wait)
{
	struct keys k;
	struct calarm *h;
	struct calarm_alert a;

	world_subscribe(&w, WORLD_STREAM, &k, TIME_NONE);
	window = CALARM_NACKS_MAX + 2;
	h = client(&k, 0, line);
	for (size_t i = 0; i <= CALARM_NACKS_MAX; i++)
		alert();
	for (uint64_t i = 1; i <= CALARM_NACKS_MAX + 1; i++)
		EXPECT(h, i, &a);
	w.deaf = 1;
	for (size_t i = 0; i < CALARM_STATES_MAX; i++)
		cr_assert_eq(calarm_state(h, 1 + i, CALARM_READ, 0, "", ""),
			     CALARM_OK, "%zu", i);
	cr_assert_eq(calarm_state(h, CALARM_STATES_MAX + 1, CALARM_READ, 0,
				  "", ""), CALARM_FULL);
	for (size_t i = 0; i < CALARM_NACKS_MAX; i++)
		cr_assert_eq(calarm_nack(h, 1 + i, 60000), CALARM_OK);
	cr_assert_eq(calarm_nack(h, CALARM_NACKS_MAX + 1, 60000), CALARM_FULL);
	w.deaf = 0;
	calarm_close(&h);
	window = 0;
}
