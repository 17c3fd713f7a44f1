/*
 * test_bus_zmq.c - the bus alone over real sockets on the loopback, and a
 * subscriber before a publisher that is played frame by frame.
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

/* ---- the bus alone ---- */

static struct bus_zmq_conf
bus_conf(const struct keys *k, const char *endpoint, const char *domain)
{
	return (struct bus_zmq_conf){ .endpoint = str_of(endpoint),
				      .domain = str_of(domain),
				      .curve_pub = k->curve.pub,
				      .curve_sec = k->curve.sec };
}

Test(bus_zmq, the_self_test_fails_closed)
{
	struct keys k;
	struct bus_zmq *z = NULL;
	struct diag d = { 0 };
	struct bus_zmq_conf c;

	seal_keys_generate(&k, 0);
	c = bus_conf(&k, "tcp://127.0.0.1:*", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, &d), ERR_OK, "%s", d.why);
	cr_assert_str_neq(bus_zmq_endpoint(z), "");
	bus_zmq_close(z);
	z = NULL;
	/* Without a domain libzmq lets everybody in: no bus. */
	c = bus_conf(&k, "tcp://127.0.0.1:*", "");
	cr_assert_eq(bus_zmq_open(&c, &z, &d), ERR_REFUSED, "%s", d.why);
	cr_assert_null(z);
}

Test(bus_zmq, endpoints_that_cannot_be_bound)
{
	struct keys k;
	struct bus_zmq *z = NULL;
	struct diag d = { 0 };
	struct bus_zmq_conf c;

	seal_keys_generate(&k, 0);
	c = bus_conf(&k, "tcp://192.0.2.1:9631", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, &d), ERR_CONFIG, "%s", d.why);
	c = bus_conf(&k, "nonsense", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, &d), ERR_CONFIG, "%s", d.why);
	cr_assert_null(z);
}

Test(bus_zmq, a_curve_key_of_another_server_is_not_talked_to)
{
	struct keys k, other, own;
	struct bus_zmq *z = NULL;
	struct bus bus;
	struct bus_message m;
	struct dealer *d = NULL;
	struct bus_zmq_conf c;

	seal_keys_generate(&k, 0);
	seal_keys_generate(&other, 0);
	seal_keys_generate(&own, 0);
	c = bus_conf(&k, "tcp://127.0.0.1:*", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, NULL), ERR_OK);
	bus = bus_zmq_port(z);
	cr_assert_eq(bus.allow(bus.self, own.curve.pub, 1), ERR_OK);
	cr_assert_geq(bus.fd(bus.self), 0);
	cr_assert_eq(dealer_open(bus_zmq_endpoint(z), other.curve.pub,
				 &own.curve, &d),
		     ERR_OK);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(bus.recv(bus.self, &m), ERR_AGAIN);
		cr_assert_eq(dealer_send(d, S("H")), ERR_AGAIN);
		dealer_wait(d, 10);
	}
	dealer_close(d);
	d = NULL;
	cr_assert_eq(dealer_open(bus_zmq_endpoint(z), k.curve.pub,
				 &own.curve, &d),
		     ERR_OK);
	for (int i = 0; i < TRIES; i++) {
		if (dealer_send(d, S("H")) != ERR_OK)
			dealer_wait(d, 1);
		if (bus.recv(bus.self, &m) == ERR_OK)
			break;
		dealer_wait(d, 10);
		cr_assert_lt(i, TRIES - 1);
	}
	cr_assert_eq(memcmp(m.user, own.curve.pub, BUS_KEY_SIZE), 0);
	cr_assert_eq(m.frame_count, 1);
	cr_assert(str_eq(m.frame[0], S("H")));
	m.peer.id[0] ^= 1;
	cr_assert_eq(bus.send(bus.self, &m.peer, m.frame, 1), ERR_ABSENT);
	dealer_close(d);
	bus_zmq_close(z);
}

/* Turns of the bus while the client keeps trying; true when a frame came. */
static bool
frame_comes(struct bus *bus, struct dealer *client, int tries)
{
	struct bus_message m;

	for (int i = 0; i < tries; i++) {
		if (bus->recv(bus->self, &m) == ERR_OK)
			return true;
		(void)!dealer_send(client, S("hello"));
		dealer_wait(client, TRY_MS);
	}
	return false;
}

/*
 * A client that connects before core gave the first allow-list is put off,
 * not refused: after a refusal libzmq's client never tries again.
 */
Test(bus_zmq, a_client_that_comes_before_the_list_gets_in_after_it)
{
	struct keys server;
	struct keys client;
	struct bus_zmq *z = NULL;
	struct dealer *d = NULL;
	struct diag why = { 0 };
	struct bus_zmq_conf c;
	struct bus bus;

	seal_keys_generate(&server, 0);
	seal_keys_generate(&client, 0);
	c = bus_conf(&server, "tcp://127.0.0.1:*", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, &why), ERR_OK, "%s", why.why);
	bus = bus_zmq_port(z);
	cr_assert_eq(dealer_open(bus_zmq_endpoint(z), server.curve.pub,
				 &client.curve, &d),
		     ERR_OK);
	cr_assert(!frame_comes(&bus, d, 40), "nobody is known yet");
	cr_assert_eq(bus.allow(bus.self, client.curve.pub, 1), ERR_OK);
	cr_assert(frame_comes(&bus, d, 400), "it tried again");
	dealer_close(d);
	bus_zmq_close(z);
}

/* ---- the client alone: this test is the publisher ---- */

struct door {
	struct bus_zmq *z;
	struct bus bus;
	struct bus_peer peer; /* of the frame heard last */
	struct calarm *h;
	struct keys own;
};

static void
door_open(struct door *o)
{
	char path[80];
	struct bus_zmq_conf c = bus_conf(&w.server, "tcp://127.0.0.1:*",
					 "push");
	struct calarm_conf conf = { .server_key = line, .key_file = path,
				    .after_seq = CALARM_CURSOR };
	struct buf b;

	seal_keys_generate(&w.server, 1);
	buf_init(&b, KEYS_LINE_MAX);
	keys_casrv_put(&b, &w.server);
	cr_assert_eq(str_copy(line, sizeof(line), buf_str(&b)), ERR_OK);
	buf_free(&b);
	scratch_dir(dir, "push");
	seal_keys_generate(&o->own, 0);
	cr_assert_eq(bus_zmq_open(&c, &o->z, NULL), ERR_OK);
	o->bus = bus_zmq_port(o->z);
	cr_assert_eq(o->bus.allow(o->bus.self, o->own.curve.pub, 1), ERR_OK);
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	buf_init(&b, KEYS_FILE_MAX);
	keys_put(&b, &o->own);
	cr_assert_eq(keys_file_write(path, buf_str(&b), NULL), ERR_OK);
	buf_wipe(&b);
	conf.server = bus_zmq_endpoint(o->z);
	cr_assert_eq(calarm_open(&conf, &o->h, NULL), CALARM_OK);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* The next frame with that letter; false when none came in about 300 ms,
 * before the client takes the silence for the publisher's end. */
static bool
door_hear(struct door *o, enum wire_letter letter, struct wire_frame *f)
{
	struct calarm_alert a;
	struct bus_message m;

	for (int i = 0; i < (letter == WIRE_HELLO ? 60 : TRIES); i++) {
		(void)!calarm_next(o->h, 5, &a);
		if (o->bus.recv(o->bus.self, &m) != ERR_OK)
			continue;
		cr_assert_eq(wire_get_client(m.frame[0], f, NULL), ERR_OK);
		o->peer = m.peer;
		if (f->letter == letter)
			return true;
	}
	return false;
}

static void
door_say(struct door *o, const struct wire_frame *f)
{
	struct str frame;
	struct buf b;

	buf_init(&b, 512);
	wire_put(&b, f);
	frame = buf_str(&b);
	cr_assert_eq(o->bus.send(o->bus.self, &o->peer, &frame, 1), ERR_OK);
	buf_free(&b);
}

static void
door_welcome(struct door *o)
{
	const struct wire_frame welcome = {
		.letter = WIRE_WELCOME,
		.u.welcome = { .version = 1, .epoch = 3, .oldest_seq = 1,
			       .head_seq = 7, .hb_ms = 200, .max_credit = 9,
			       .stream = S("EX"), .after_seq = 5 },
	};
	struct wire_frame f;

	for (int i = 0; !door_hear(o, WIRE_HELLO, &f); i++)
		cr_assert_lt(i, 10);
	cr_assert_eq(f.u.hello.after_seq, WIRE_CURSOR);
	door_say(o, &welcome);
}

static void
door_close(struct door *o)
{
	calarm_close(&o->h);
	bus_zmq_close(o->z);
}

/* 6 and 7 are lost: two BEATs show it, whatever PINGs are answered between,
 * and the client knows where it was although it asked for its cursor. */
Test(calarm, a_lost_tail_is_asked_for_again)
{
	const struct wire_frame beat = { .letter = WIRE_BEAT,
					 .u.beat = { 3, 7, 1 } };
	struct wire_frame pong = { .letter = WIRE_PONG };
	struct wire_frame f;
	struct door o = { 0 };

	door_open(&o);
	door_welcome(&o);
	door_say(&o, &beat);
	cr_assert(door_hear(&o, WIRE_PING, &f));
	pong.u.ping = f.u.ping;
	door_say(&o, &pong);
	cr_assert(door_hear(&o, WIRE_PING, &f));
	door_say(&o, &beat);
	cr_assert(door_hear(&o, WIRE_HELLO, &f));
	cr_assert_eq(f.u.hello.after_seq, 5);
	cr_assert_eq(f.u.hello.epoch, 3);
	door_close(&o);
}

/* A STATE that will never be taken is let go; another one stays. */
Test(calarm, a_state_that_is_refused_is_not_said_for_ever)
{
	struct wire_frame f = {
		.letter = WIRE_ERROR,
		.u.error = { WIRE_E_BEYOND, S("R 9 3: beyond what was sent") },
	};
	const struct wire_frame refusal = f;
	struct door o = { 0 };

	door_open(&o);
	door_welcome(&o);
	cr_assert_eq(calarm_state(o.h, 9, CALARM_SNOOZED, 1, NULL, "soon"),
		     CALARM_USAGE, "the server would refuse it");
	cr_assert_eq(calarm_state(o.h, 9, CALARM_DELIVERED, 1, NULL, NULL),
		     CALARM_OK);
	cr_assert_eq(calarm_state(o.h, 5, CALARM_DELIVERED, 1, NULL, NULL),
		     CALARM_OK);
	cr_assert(door_hear(&o, WIRE_STATE, &f));
	cr_assert_eq(f.u.state.seq, 9);
	door_say(&o, &refusal);
	cr_assert(door_hear(&o, WIRE_PING, &f), "the session stands");
	cr_assert(door_hear(&o, WIRE_PING, &f), "the session stands");
	cr_assert_eq(calarm_states_open(o.h), 1);
	cr_assert_eq(calarm_code(o.h), 4006);
	door_close(&o);
}

/* A client that knocks every 2 ms, as hundreds of patient ones would. */
static void *
hasty(const char *where, const struct keys *server, const struct keys *own)
{
	void *s = zmq_socket(zctx_get(), ZMQ_DEALER);
	int zero = 0, one = 1, ms = 2;

	cr_assert_not_null(s);
	zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(s, ZMQ_IMMEDIATE, &one, sizeof(one));
	zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &ms, sizeof(ms));
	zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server->curve.pub, KEYS_SIZE);
	zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, own->curve.pub, KEYS_SIZE);
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, own->curve.sec, KEYS_SIZE);
	cr_assert_eq(zmq_connect(s, where), 0);
	return s;
}

/*
 * Subscribers that wait for the publisher to come up: none of their
 * handshakes may fall into the self-test, which would refuse them for good.
 */
Test(bus_zmq, the_self_test_is_not_at_the_real_address)
{
	char where[64];
	struct keys server, own;
	struct bus_zmq *z = NULL;
	struct bus_zmq_conf c;
	struct bus bus;
	struct bus_message m;
	struct diag why = { 0 };
	void *client[8];
	unsigned in = 0;

	seal_keys_generate(&server, 0);
	seal_keys_generate(&own, 0);
	(void)snprintf(where, sizeof(where), "tcp://127.0.0.1:%d",
		       10000 + getpid() % 20000);
	for (size_t i = 0; i < 8; i++)
		client[i] = hasty(where, &server, &own);
	(void)zmq_poll(NULL, 0, 50);
	c = bus_conf(&server, where, "push");
	cr_assert_eq(bus_zmq_open(&c, &z, &why), ERR_OK, "%s", why.why);
	cr_assert_str_eq(bus_zmq_endpoint(z), where);
	bus = bus_zmq_port(z);
	cr_assert_eq(bus.allow(bus.self, own.curve.pub, 1), ERR_OK);
	for (int turn = 0; turn < 100 && in < 8; turn++) {
		for (size_t i = 0; i < 8; i++)
			if (client[i] != NULL &&
			    zmq_send(client[i], "x", 1, ZMQ_DONTWAIT) == 1) {
				zmq_close(client[i]);
				client[i] = NULL;
				in++;
			}
		while (bus.recv(bus.self, &m) == ERR_OK)
			;
		(void)zmq_poll(NULL, 0, 10);
	}
	cr_assert_eq(in, 8, "%u of 8 were let in within a second", in);
	bus_zmq_close(z);
	for (size_t i = 0; i < 8; i++)
		zctx_put();
}

/* Two frames of a peer's message are looked at; of more it is only known that
 * they came. */
Test(bus_zmq, frames_of_a_message_at_the_limit_and_one_more)
{
	struct keys k, own;
	struct bus_zmq *z = NULL;
	struct bus_zmq_conf c;
	struct bus_message m;
	struct bus bus;
	void *dealer;

	seal_keys_generate(&k, 0);
	seal_keys_generate(&own, 0);
	c = bus_conf(&k, "tcp://127.0.0.1:*", "push");
	cr_assert_eq(bus_zmq_open(&c, &z, NULL), ERR_OK);
	bus = bus_zmq_port(z);
	cr_assert_eq(bus.allow(bus.self, own.curve.pub, 1), ERR_OK);
	dealer = hasty(bus_zmq_endpoint(z), &k, &own);
	/* Not connected before the bus was asked whether the key may. */
	for (int i = 0; i < TRIES && zmq_send(dealer, "H", 1, ZMQ_DONTWAIT) < 0;
	     i++) {
		cr_assert_eq(bus.recv(bus.self, &m), ERR_AGAIN);
		(void)zmq_poll(NULL, 0, TRY_MS);
	}
	for (int i = 0; i < TRIES && bus.recv(bus.self, &m) != ERR_OK; i++)
		(void)zmq_poll(NULL, 0, TRY_MS);
	for (size_t n = BUS_FRAMES_MAX; n <= BUS_FRAMES_MAX + 1; n++) {
		enum err err = ERR_AGAIN;

		for (size_t i = 0; i < n; i++)
			cr_assert_eq(zmq_send(dealer, &"abcd"[i], 1,
					      ZMQ_DONTWAIT |
						  (i + 1 < n ? ZMQ_SNDMORE : 0)),
				     1);
		for (int i = 0; i < TRIES && err != ERR_OK; i++) {
			err = bus.recv(bus.self, &m);
			(void)zmq_poll(NULL, 0, err == ERR_OK ? 0 : TRY_MS);
		}
		cr_assert_eq(err, ERR_OK);
		cr_assert_eq(m.frame_count, n);
		cr_assert(str_eq(m.frame[1], S("b")));
	}
	cr_assert_eq(zmq_close(dealer), 0);
	zctx_put();
	bus_zmq_close(z);
}
