/*
 * test_push_rules.c - what a subscriber may and may not: routing ids, filters,
 * silence, STATE, strangers, limits.  As test_push.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "push_world.h"
#include "store_priv.h"

#define EX WORLD_STREAM

static struct world w;
static struct sub s;

static void
setup(void)
{
	world_with_sub(&w, &s);
}

static void
teardown(void)
{
	world_fini(&w);
}

TestSuite(push_rules, .init = setup, .fini = teardown);

static uint64_t
alert(int severity)
{
	return world_alert(&w, EX, severity, ALERT_OPEN, "{\"x\":1}");
}

Test(push_rules, takeover)
{
	struct sub t = s;

	sub_connect(&t, 'b');
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_hello(&t, 0, 5, "d", "");
	WANT(&t, WIRE_WELCOME);
	WANT_NOTHING(&s); /* another consumer */
	sub_hello(&t, 0, 5, "c", "");
	WANT(&t, WIRE_WELCOME);
	WANT_ERROR(&s, WIRE_E_TAKEN);
	(void)alert(4);
	WANT_ALERT(&t, 1);
	WANT_NOTHING(&s);
	sub_ack(&s, 0, 1);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
}

/* After trouble core is asked again, the newest first: the older session,
 * answered last, must not take the newer one's place. */
Test(push_rules, takeover_answered_in_any_order)
{
	struct sub t = s;

	(void)alert(4);
	world_run(&w);
	sub_connect(&t, 'b');
	w.deaf = 1;
	sub_hello(&s, 0, 5, "c", "");
	sub_hello(&t, 0, 5, "c", "");
	WANT_NOTHING(&t);
	w.fail_commit = 1;
	w.deaf = 0;
	WANT(&t, WIRE_WELCOME);
	WANT_ALERT(&t, 1);
	(void)alert(4);
	WANT_ALERT(&t, 2);
	WANT_NOTHING(&t);
}

Test(push_rules, routing_ids)
{
	struct str short_id = S("fifteen-bytes-!");
	char zero[WIRE_ROUTING_MIN] = { 0 };

	s.c = bus_mem_client(w.mem, s.keys.curve.pub, short_id);
	sub_hello(&s, 0, 5, "c", "");
	WANT_ERROR(&s, WIRE_E_ROUTING);
	s.c = bus_mem_client(w.mem, s.keys.curve.pub,
			     (struct str){ zero, sizeof(zero) });
	sub_hello(&s, 0, 5, "c", "");
	WANT_ERROR(&s, WIRE_E_ROUTING);
	(void)alert(4);
	WANT_NOTHING(&s);
}

Test(push_rules, hello_first)
{
	struct wire_frame f = { .letter = WIRE_PING, .u.ping = { 7 } };

	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
	sub_raw(&s, S("?"));
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_say(&s, &f);
	cr_assert_eq(WANT(&s, WIRE_PONG).frame.u.ping.nonce, 7);
	f = (struct wire_frame){ .letter = WIRE_BYE };
	sub_say(&s, &f);
	(void)alert(4);
	WANT_NOTHING(&s);
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
}

Test(push_rules, malformed_and_version)
{
	struct str two[2] = { S("P1234567"), S("8") };

	sub_raw(&s, S("H\x01"));
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	sub_raw(&s, S("H\x02"));
	WANT_ERROR(&s, WIRE_E_VERSION);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_raw(&s, S("P1234567"));
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	sub_raw(&s, S("P123456789"));
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	sub_raw(&s, S("?"));
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	sub_raw(&s, STR_NONE);
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	cr_assert_eq(bus_mem_send(s.c, two, 2), ERR_OK);
	WANT_ERROR(&s, WIRE_E_MALFORMED);
	(void)alert(4);
	WANT_ALERT(&s, 1); /* the session goes on */
}

Test(push_rules, filter_consumer_stream)
{
	struct wire_frame f = {
		.letter = WIRE_HELLO,
		.u.hello = { .version = 1, .credit = 1, .stream = S("EX-2") },
	};
	char name[16];

	sub_hello(&s, 0, 5, "c", "colour=red");
	WANT_ERROR(&s, WIRE_E_FILTER);
	sub_hello(&s, 0, 5, "c", "exporter=EX-2");
	WANT_ERROR(&s, WIRE_E_FILTER);
	sub_hello(&s, 0, 5, "c/d", "");
	WANT_ERROR(&s, WIRE_E_CONSUMER);
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_ENTITLED);
	f.u.hello.stream = S(EX);
	sub_say(&s, &f);
	WANT(&s, WIRE_WELCOME);
	for (int i = 1; i < SERVE_CONSUMERS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		sub_hello(&s, 0, 5, name, "");
		WANT(&s, WIRE_WELCOME);
	}
	cr_assert_eq(SERVE_CONSUMERS_MAX, 16);
	sub_hello(&s, 0, 5, "c17", "");
	WANT_ERROR(&s, WIRE_E_CONSUMER);
	sub_hello(&s, 0, 5, "c3", "");
	WANT(&s, WIRE_WELCOME);
}

Test(push_rules, filtered_numbers_are_skipped)
{
	struct heard h;

	(void)alert(1);
	(void)alert(2);
	(void)alert(4);
	(void)alert(1);
	sub_hello(&s, 0, 5, "c", "severity=HIGH");
	WANT(&s, WIRE_WELCOME);
	h = WANT(&s, WIRE_SKIP);
	cr_assert_eq(h.frame.u.skip.first_seq, 1);
	cr_assert_eq(h.frame.u.skip.last_seq, 2);
	WANT_ALERT(&s, 3);
	h = WANT(&s, WIRE_SKIP);
	cr_assert_eq(h.frame.u.skip.first_seq, 4);
	cr_assert_eq(h.frame.u.skip.last_seq, 4);
	sub_ack(&s, 4, 1); /* a SKIP counts as sent */
	WANT_NOTHING(&s);
}

Test(push_rules, filters_read_the_body)
{
	static const char *const body =
	    "{\"data\":{\"kind\":\"BUYER_INSOLVENCY\",\"kind_class\":"
	    "\"buyer\",\"exporter_id\":\"EX-SZ-001\",\"obligor\":{"
	    "\"country\":\"AE\"}}}";

	(void)world_alert(&w, EX, 4, ALERT_OPEN, body);
	sub_hello(&s, 0, 5, "c", "country=SA");
	WANT(&s, WIRE_WELCOME);
	WANT(&s, WIRE_SKIP);
	sub_hello(&s, 0, 5, "c", "class=bank");
	WANT(&s, WIRE_WELCOME);
	WANT(&s, WIRE_SKIP);
	sub_hello(&s, 0, 5, "c",
		  "class=buyer;country=SA,AE;kind=BUYER_INSOLVENCY");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
}

Test(push_rules, beats_and_silence)
{
	struct wire_frame ping = { .letter = WIRE_PING };
	struct heard h;
	int beats = 0;

	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	(void)alert(4);
	WANT_ALERT(&s, 1);
	for (int i = 0; i < 5; i++) {
		world_pass(&w, 1000);
		h = want(&s, WIRE_BEAT, __LINE__);
		cr_assert_eq(h.frame.u.beat.head_seq, 1);
		cr_assert_eq(h.frame.u.beat.time_us,
			     (uint64_t)w.now.wall_ms * 1000);
		sub_say(&s, &ping);
		WANT(&s, WIRE_PONG);
	}
	world_pass(&w, 10000); /* not a word from us: two beats, then none */
	while (sub_hear(&s, &h))
		beats += h.frame.letter == WIRE_BEAT;
	cr_assert_eq(beats, 2);
	sub_say(&s, &ping);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
}

static void
say_state(struct sub *t, uint64_t seq, uint8_t state, const char *code)
{
	const struct wire_frame f = {
		.letter = WIRE_STATE,
		.u.state = { .epoch = 1,
			     .seq = seq,
			     .state = state,
			     .at_us = 5,
			     .actor = S("desk"),
			     .code = str_of(code) },
	};

	sub_say(t, &f);
}

Test(push_rules, state_is_durable_before_stateok_and_idempotent)
{
	struct heard h;

	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	say_state(&s, 1, 3, "");
	h = WANT(&s, WIRE_STATEOK);
	cr_assert_eq(h.frame.u.stateok.epoch, 1);
	cr_assert_eq(h.frame.u.stateok.seq, 1);
	cr_assert_eq(h.frame.u.stateok.state, 3);
	cr_assert_eq(w.states, 1);
	say_state(&s, 1, 3, "");
	WANT(&s, WIRE_STATEOK);
	cr_assert_eq(w.states, 1, "the first stands");
	say_state(&s, 1, 6, "A_ORDER_REPORT");
	WANT(&s, WIRE_STATEOK);
	cr_assert_eq(w.states, 2);
	cr_assert(str_eq(w.last_state.code, S("A_ORDER_REPORT")));
	cr_assert_eq(w.last_state.stored_at, w.now.wall_ms);
	say_state(&s, 2, 3, "");
	WANT_ERROR(&s, WIRE_E_BEYOND);
	world_pass(&w, 1500);
	w.fail_commit = 1;
	say_state(&s, 1, 5, "");
	WANT_ERROR(&s, WIRE_E_STORE);
	WANT_NOTHING(&s); /* not stored, not confirmed */
	say_state(&s, 1, 5, "");
	WANT(&s, WIRE_STATEOK);
}

Test(push_rules, unanswered_states_have_a_limit)
{
	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	w.deaf = 1;
	for (unsigned i = 0; i < PUBLISH_STATES_MAX; i++)
		say_state(&s, 1, 3, "");
	WANT_NOTHING(&s);
	say_state(&s, 1, 3, "");
	WANT_ERROR(&s, WIRE_E_REQUESTS);
	w.deaf = 0;
	for (unsigned i = 0; i < PUBLISH_STATES_MAX; i++)
		WANT(&s, WIRE_STATEOK);
	say_state(&s, 1, 3, "");
	WANT(&s, WIRE_STATEOK);
}

Test(push_rules, state_for_what_another_consumer_of_the_key_got)
{
	struct wire_frame bye = { .letter = WIRE_BYE };
	struct sub t;

	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	sub_say(&s, &bye);
	sub_hello(&s, 0, 0, "d", "");
	WANT(&s, WIRE_WELCOME);
	say_state(&s, 1, 3, "");
	WANT(&s, WIRE_STATEOK);
	world_restart_publish(&w);
	WANT_ERROR(&s, WIRE_E_DOWN);
	sub_hello(&s, 0, 0, "d", "");
	WANT(&s, WIRE_WELCOME);
	say_state(&s, 1, 4, "");
	WANT(&s, WIRE_STATEOK);
	/* A key that was sent nothing proves nothing. */
	sub_init(&t, &w, EX);
	sub_connect(&t, 't');
	sub_hello(&t, 0, 0, "", "");
	WANT(&t, WIRE_WELCOME);
	say_state(&t, 1, 3, "");
	WANT_ERROR(&t, WIRE_E_BEYOND);
}

Test(push_rules, streams_are_apart)
{
	struct sub t;

	sub_init(&t, &w, "EX-2");
	sub_connect(&t, 't');
	sub_hello(&s, 0, 5, "c", "");
	sub_hello(&t, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	cr_assert_str_eq(WANT(&t, WIRE_WELCOME).text, "EX-2");
	(void)alert(4);
	WANT_ALERT(&s, 1);
	WANT_NOTHING(&t);
}

Test(push_rules, revoked_and_expired_keys)
{
	struct sub t = { .w = &w };

	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	world_revoke(&w, &s.keys);
	WANT_ERROR(&s, WIRE_E_REVOKED);
	(void)alert(4);
	WANT_NOTHING(&s);
	sub_hello(&s, 0, 5, "c", "");
	WANT_ERROR(&s, WIRE_E_REVOKED);
	sub_connect(&s, 'z'); /* a new connection does not get in at all */
	sub_hello(&s, 0, 5, "c", "");
	WANT_NOTHING(&s);
	cr_assert(bus_mem_refused(s.c));

	world_subscribe(&w, EX, &t.keys, w.now.wall_ms + 1500);
	cr_assert_eq(seal_reader_init(&t.reader, &t.keys, &w.announced),
		     ERR_OK);
	sub_connect(&t, 't');
	sub_hello(&t, 0, 5, "c", "");
	WANT(&t, WIRE_WELCOME);
	WANT_ALERT(&t, 1);
	world_pass(&w, 1600);
	WANT_ERROR(&t, WIRE_E_REVOKED);
}

/* A key of some more hours, with a session. */
static void
key_of_hours(struct sub *t, int hours, char name)
{
	char consumer[2] = { name, 0 };

	world_subscribe(&w, EX, &t->keys, w.now.wall_ms + hours * INT64_C(3600000));
	cr_assert_eq(seal_reader_init(&t->reader, &t->keys, &w.announced),
		     ERR_OK);
	sub_connect(t, name);
	sub_hello(t, 0, 5, consumer, "");
	WANT(t, WIRE_WELCOME);
}

/* With the heartbeats between them, which end nothing. */
static void
pass_with(struct sub *t, int64_t ms)
{
	struct wire_frame ping = { .letter = WIRE_PING };

	for (; ms > 0; ms -= 500) {
		sub_say(t, &ping);
		WANT(t, WIRE_PONG);
		world_pass(&w, 500);
	}
}

Test(push_rules, a_clock_set_forward_and_mended_ends_no_key)
{
	struct sub t = { .w = &w };

	key_of_hours(&t, 9, 't');
	w.now.wall_ms += 400 * (int64_t)DAY_MS;
	pass_with(&t, 5000);
	w.now.wall_ms -= 400 * (int64_t)DAY_MS;
	pass_with(&t, 5000);
}

Test(push_rules, a_clock_set_forward_is_believed_in_the_end)
{
	struct sub t = { .w = &w };
	struct sub again = { .w = &w };

	key_of_hours(&t, 9, 't');
	w.now.wall_ms += 400 * (int64_t)DAY_MS;
	world_pass(&w, 100);
	/* As if the machine had slept: no turn in between. */
	w.now.mono_ms += CLOCK_DOUBT_MS;
	w.now.wall_ms += CLOCK_DOUBT_MS;
	world_pass(&w, 100);
	sub_hello(&t, 0, 5, "t", "");
	WANT_ERROR(&t, WIRE_E_REVOKED);
	/* And mended for good: whoever it locked out comes in again. */
	w.now.wall_ms -= 400 * (int64_t)DAY_MS;
	world_pass(&w, 100);
	w.now.mono_ms += CLOCK_DOUBT_MS;
	w.now.wall_ms += CLOCK_DOUBT_MS;
	world_pass(&w, 100);
	again.keys = t.keys;
	again.reader = t.reader;
	sub_connect(&again, 'u');
	sub_hello(&again, 0, 5, "t", "");
	WANT(&again, WIRE_WELCOME);
}

Test(push_rules, a_clock_set_back_prolongs_no_key)
{
	struct sub t = { .w = &w };
	struct sub late = { .w = &w };

	key_of_hours(&t, 1, 't');
	w.now.mono_ms += 3600000;
	w.now.wall_ms += 3600000;
	world_pass(&w, 100);
	w.now.wall_ms -= 400 * (int64_t)DAY_MS;
	world_pass(&w, 5000);
	late.keys = t.keys;
	late.reader = t.reader;
	sub_connect(&late, 'u');
	sub_hello(&late, 0, 5, "t", "");
	WANT_NOTHING(&late);
	cr_assert(bus_mem_refused(late.c));
}

Test(push_rules, an_unknown_key_gets_nothing)
{
	struct sub t = { .w = &w };

	seal_keys_generate(&t.keys, 0);
	sub_connect(&t, 'u');
	(void)alert(4);
	sub_hello(&t, 0, 5, "c", "");
	world_run(&w);
	WANT_NOTHING(&t);
	cr_assert(bus_mem_refused(t.c));
}

Test(push_rules, another_user_on_a_routing_id_ends_the_session)
{
	struct sub t;

	sub_init(&t, &w, EX);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_connect(&t, 'a'); /* the same routing id */
	sub_ack(&t, 0, 5);
	WANT_ERROR(&t, WIRE_E_HELLO_FIRST);
	(void)alert(4);
	WANT_NOTHING(&t);
	WANT_NOTHING(&s);
}

Test(push_rules, frames_before_welcome_wait)
{
	struct wire_frame ping = { .letter = WIRE_PING, .u.ping = { 9 } };

	(void)alert(4);
	w.deaf = 1;
	sub_hello(&s, 0, 0, "c", "");
	sub_ack(&s, 0, 1);
	sub_say(&s, &ping);
	WANT_NOTHING(&s);
	w.deaf = 0;
	WANT(&s, WIRE_WELCOME);
	WANT(&s, WIRE_PONG);
	WANT_ALERT(&s, 1);
	/* A PING takes 13 bytes there, an ACK 25. */
	cr_assert_eq(PUBLISH_EARLY_MAX, 292 * 13 + 12 * 25);
	w.deaf = 1;
	sub_hello(&s, 0, 0, "c", "");
	for (unsigned i = 0; i < 292; i++)
		sub_say(&s, &ping);
	for (unsigned i = 0; i < 12; i++)
		sub_ack(&s, 0, 0);
	WANT_NOTHING(&s);
	sub_say(&s, &ping);
	WANT_ERROR(&s, WIRE_E_REQUESTS);
	w.deaf = 0;
	WANT(&s, WIRE_WELCOME);
	for (unsigned i = 0; i < 292; i++)
		WANT(&s, WIRE_PONG);
}

Test(push_rules, a_peer_that_does_not_read_stops_nobody)
{
	struct sub t = s;
	struct heard h;
	unsigned got = 0;

	world_fini(&w);
	world_init(&w, "push:\n  heartbeat: 1s\n  credit_max: 5000\n", 1);
	sub_init(&s, &w, EX);
	t = s;
	sub_connect(&s, 'a');
	sub_connect(&t, 'b');
	sub_hello(&s, 0, 5000, "slow", "");
	sub_hello(&t, 0, 5000, "fast", "");
	WANT(&t, WIRE_WELCOME);
	for (unsigned i = 1; i <= BUS_MEM_HWM + 50; i++) {
		(void)alert(4);
		while (i % 16 == 0 && sub_hear(&t, &h))
			got += h.frame.letter == 0;
	}
	while (sub_hear(&t, &h))
		got += h.frame.letter == 0;
	cr_assert_eq(got, BUS_MEM_HWM + 50);
	WANT(&s, WIRE_WELCOME);
	for (uint64_t q = 1; q <= BUS_MEM_HWM + 50; q++) {
		if (q % 100 == 0)
			world_pass(&w, 100);
		WANT_ALERT(&s, q);
	}
}

Test(push_rules, idle_when_all_is_signed_and_told)
{
	world_run(&w);
	cr_assert(serve_idle(w.serve));
	w.deaf = 1;
	(void)alert(4);
	cr_assert_eq(serve_notify(w.serve, w.now, w.core), ERR_OK);
	cr_assert(!serve_idle(w.serve));
	w.deaf = 0;
	world_run(&w);
	cr_assert(serve_idle(w.serve));
}

Test(push_rules, welcome_says_where_the_session_begins)
{
	struct heard h;

	(void)alert(4);
	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	cr_assert_eq(WANT(&s, WIRE_WELCOME).frame.u.welcome.after_seq, 0);
	WANT_ALERT(&s, 1);
	WANT_ALERT(&s, 2);
	sub_ack(&s, 1, 0);
	world_pass(&w, PUBLISH_CURSOR_MS);
	sub_hello(&s, WIRE_CURSOR, 0, "c", "");
	h = WANT(&s, WIRE_WELCOME);
	cr_assert_eq(h.frame.u.welcome.after_seq, 1);
	sub_hello(&s, 9, 5, "c", "");
	h = WANT(&s, WIRE_WELCOME);
	cr_assert_eq(h.frame.u.welcome.after_seq, WIRE_CURSOR);
	WANT(&s, WIRE_GONE);
}

/* What was signed before the log was restored is sent as it was signed. */
Test(push_rules, entries_of_an_older_epoch_keep_it)
{
	struct heard h;
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 2, 1, WIRE_NACK_AGAIN, 0 } };

	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	cr_assert_eq(WANT_ALERT(&s, 1).header.epoch, 1);
	cr_assert_eq(store_begin(w.store), ERR_OK);
	cr_assert_eq(store_meta_put(w.store, "epoch", 2), ERR_OK);
	cr_assert_eq(store_commit(w.store), ERR_OK);
	world_restart_core(&w);
	(void)alert(3);
	sub_ack(&s, 1, 0);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
	sub_hello(&s, 0, 5, "c", "");
	h = WANT(&s, WIRE_WELCOME);
	cr_assert_eq(h.frame.u.welcome.epoch, 2);
	h = WANT_ALERT(&s, 1);
	cr_assert_eq(h.header.epoch, 1, "as it was signed");
	h = WANT_ALERT(&s, 2);
	cr_assert_eq(h.header.epoch, 2);
	/* The subscriber's frames carry the session's epoch, whatever the
	 * entry's. */
	sub_say(&s, &f);
	WANT_ALERT(&s, 1);
	f = (struct wire_frame){ .letter = WIRE_STATE,
				 .u.state = { 2, 1, 3, 7, STR_NONE, STR_NONE } };
	sub_say(&s, &f);
	WANT(&s, WIRE_STATEOK);
}

static void
want_text(uint16_t code, const char *text)
{
	struct heard h = WANT(&s, WIRE_ERROR);

	cr_assert_eq(h.frame.u.error.code, code);
	cr_assert_str_eq(h.text, text);
}

Test(push_rules, errors_name_the_frame_they_answer)
{
	struct wire_frame f = { .letter = WIRE_STATE,
				.u.state = { 0, 9, 6, 7, STR_NONE, S("A") } };
	struct buf b;

	(void)alert(4);
	sub_hello(&s, 0, 5, "bad consumer", "");
	want_text(WIRE_E_CONSUMER, "H: bad consumer");
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	sub_say(&s, &f);
	want_text(WIRE_E_BEYOND, "R 9 6: beyond what was sent");
	f.u.state.seq = 1;
	f.u.state.epoch = 7;
	sub_say(&s, &f);
	want_text(WIRE_E_EPOCH, "R 1 6: wrong epoch");
	buf_init(&b, 256);
	f.u.state = (struct wire_state_frame){ 0, 1, 7, 7, STR_NONE,
					       S("tomorrow") };
	wire_put(&b, &f);
	sub_raw(&s, buf_str(&b));
	want_text(WIRE_E_MALFORMED, "R 1 7: malformed frame");
	buf_free(&b);
	sub_ack(&s, 5, 0);
	want_text(WIRE_E_BEYOND, "K 5: beyond what was sent");
	f = (struct wire_frame){ .letter = WIRE_NACK, .u.nack = { 0, 8, 1, 0 } };
	sub_say(&s, &f);
	want_text(WIRE_E_BEYOND, "N 8: beyond what was sent");
	f = (struct wire_frame){ .letter = WIRE_SNAP, .u.snap = { 3 } };
	sub_say(&s, &f);
	want_text(WIRE_E_EPOCH, "S: wrong epoch");
	sub_raw(&s, S("Q"));
	want_text(WIRE_E_MALFORMED, "malformed frame");
}
