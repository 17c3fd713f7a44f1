/*
 * test_push_nack.c - what a subscriber refuses: when it comes again, how often,
 * and how it is counted.  As test_push.c.
 */
#include <criterion/criterion.h>

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

TestSuite(push_nack, .init = setup, .fini = teardown);

static uint64_t
alert(int severity)
{
	return world_alert(&w, EX, severity, ALERT_OPEN, "{\"x\":1}");
}

Test(push_nack, nack_again_three_times_then_parked)
{
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 1, 1, WIRE_NACK_AGAIN, 500 } };

	(void)alert(4);
	sub_hello(&s, 0, 1, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	for (unsigned i = 0; i < PUBLISH_NACK_TRIES; i++) {
		sub_say(&s, &f);
		WANT_NOTHING(&s);
		world_pass(&w, 400);
		WANT_NOTHING(&s);
		world_pass(&w, 200);
		cr_assert_eq(WANT_ALERT(&s, 1).header.flags,
			     WIRE_REDELIVERED);
	}
	sub_say(&s, &f);
	world_pass(&w, 1000);
	WANT_NOTHING(&s);
	(void)alert(4);
	WANT_ALERT(&s, 2); /* with the credit the last NACK gave back */
	f.u.nack.seq = 3;
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_BEYOND);
	f.u.nack.seq = 2;
	f.u.nack.code = WIRE_NACK_SEAL;
	sub_say(&s, &f);
	world_pass(&w, 1000);
	WANT_NOTHING(&s);
}

static int64_t
refused(void)
{
	int64_t n = -1;

	cr_assert_eq(store_nacks(w.store, w.now.wall_ms, &n), ERR_OK);
	return n;
}

/* The store fails while a refusal is counted: counted once, when it can. */
Test(push_nack, a_refusal_is_counted_though_its_transaction_failed)
{
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 1, 1, WIRE_NACK_SEAL, 0 } };

	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	world_pass(&w, PUBLISH_TALLY_MS);
	w.fail_commit = 2;
	sub_say(&s, &f);
	world_pass(&w, PUBLISH_TALLY_MS);
	cr_assert_lt(w.fail_commit, 2);
	w.fail_commit = 0;
	f = (struct wire_frame){ .letter = WIRE_PING };
	sub_say(&s, &f);
	world_pass(&w, 2 * PUBLISH_TALLY_MS);
	cr_assert_eq(refused(), 1);
	sub_say(&s, &f);
	world_pass(&w, 2 * PUBLISH_TALLY_MS);
	cr_assert_eq(refused(), 1);
}


/* What `status` says: sessions that were welcomed, entries refused. */
Test(push_nack, core_knows_how_many_sessions_and_refusals)
{
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 1, 1, WIRE_NACK_SEAL, 0 } };
	struct sub t = s;

	sub_connect(&t, 'b');
	(void)alert(4);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	sub_hello(&t, 0, 5, "d", "");
	WANT(&t, WIRE_WELCOME);
	WANT_ALERT(&t, 1);
	world_pass(&w, PUBLISH_TALLY_MS);
	cr_assert_eq(serve_sessions(w.serve, w.core), 2);
	cr_assert_eq(serve_sessions(w.serve, NULL), 0, "nobody is there");
	cr_assert_eq(refused(), 0);
	sub_say(&s, &f);
	sub_say(&s, &f);
	sub_say(&t, &f);
	f.u.nack.seq = 9;
	sub_say(&t, &f);
	WANT_ERROR(&t, WIRE_E_BEYOND);
	world_pass(&w, PUBLISH_TALLY_MS);
	cr_assert_eq(refused(), 3, "what was never sent is not refused");
	f = (struct wire_frame){ .letter = WIRE_BYE };
	sub_say(&t, &f);
	f = (struct wire_frame){ .letter = WIRE_PING };
	sub_say(&s, &f);
	world_pass(&w, PUBLISH_TALLY_MS);
	cr_assert_eq(serve_sessions(w.serve, w.core), 1);
	sub_say(&s, &f);
	/* A new core asks; a new publish has none. */
	world_restart_core(&w);
	world_pass(&w, PUBLISH_TALLY_MS);
	cr_assert_eq(serve_sessions(w.serve, w.core), 1);
	cr_assert_eq(refused(), 3, "each once");
	world_restart_publish(&w);
	cr_assert_eq(serve_sessions(w.serve, w.core), 0);
}

/* A refusal too many is told, not forgotten: the number would be lost. */
Test(push_nack, refused_numbers_have_a_limit)
{
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 0, 1, WIRE_NACK_AGAIN, 60000 } };

	for (unsigned i = 0; i <= PUBLISH_NACKS_MAX; i++)
		(void)alert(4);
	sub_hello(&s, 0, 10, "c", "");
	WANT(&s, WIRE_WELCOME);
	for (unsigned i = 1; i <= PUBLISH_NACKS_MAX; i++) {
		WANT_ALERT(&s, i);
		f.u.nack.seq = i;
		sub_say(&s, &f);
	}
	WANT_ALERT(&s, PUBLISH_NACKS_MAX + 1);
	WANT_NOTHING(&s);
	f.u.nack.seq = PUBLISH_NACKS_MAX + 1;
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_REQUESTS);
	f.u.nack.code = WIRE_NACK_DEAD; /* parked, as it asks */
	sub_say(&s, &f);
	WANT_NOTHING(&s);
}

/* Alerts that come in the time, while the session is kept up. */
static unsigned
alerts_in(int64_t ms)
{
	const struct wire_frame ping = { .letter = WIRE_PING };
	unsigned n = 0;

	for (; ms > 0; ms -= 2000) {
		struct heard h;

		w.now.mono_ms += 2000;
		w.now.wall_ms += 2000;
		sub_say(&s, &ping);
		while (sub_hear(&s, &h))
			n += h.frame.letter == 0;
	}
	return n;
}

/* Who asks for more peace than an hour gets an hour. */
Test(push_nack, peace_at_the_limit_and_beyond)
{
	struct wire_frame f = { .letter = WIRE_NACK,
				.u.nack = { 1, 1, WIRE_NACK_AGAIN, 0 } };

	(void)alert(4);
	sub_hello(&s, 0, 1, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	for (uint32_t more = 0; more < 2; more++) {
		f.u.nack.retry_ms = PUBLISH_RETRY_MS_MAX + more * 1800000;
		sub_say(&s, &f);
		cr_assert_eq(alerts_in(PUBLISH_RETRY_MS_MAX - 10000), 0);
		cr_assert_eq(alerts_in(20000), 1);
	}
}
