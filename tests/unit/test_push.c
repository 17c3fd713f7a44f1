/*
 * test_push.c - the push session: publish and core's side of it, with the
 * real store, links and seals; subscribers on the bus in memory.
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

TestSuite(push, .init = setup, .fini = teardown);

static uint64_t
alert(int severity)
{
	return world_alert(&w, EX, severity, ALERT_OPEN, "{\"x\":1}");
}

Test(push, hello_welcome_alert_ack)
{
	struct heard h;

	cr_assert_eq(alert(4), 1);
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	h = WANT(&s, WIRE_WELCOME);
	cr_assert_eq(h.frame.u.welcome.epoch, 1);
	cr_assert_eq(h.frame.u.welcome.oldest_seq, 1);
	cr_assert_eq(h.frame.u.welcome.head_seq, 1);
	cr_assert_eq(h.frame.u.welcome.hb_ms, 1000);
	cr_assert_eq(h.frame.u.welcome.max_credit, 10);
	cr_assert_eq(h.frame.u.welcome.sign_keyid,
		     seal_sign_keyid(w.server.sign[0].pub));
	cr_assert_str_eq(h.text, EX);
	h = WANT_ALERT(&s, 1);
	cr_assert_eq(h.header.type, WIRE_FIRST);
	cr_assert_eq(h.header.severity, 4);
	cr_assert_eq(h.header.flags, 0, "nobody was ever sent it");
	cr_assert_eq(h.header.time_us, 1672103523214000u);
	cr_assert_str_eq(h.text, "{\"x\":1}");
	cr_assert_eq(alert(3), 2);
	WANT_ALERT(&s, 2);
	sub_ack(&s, 2, 2);
	WANT_NOTHING(&s);
	world_pass(&w, PUBLISH_CURSOR_MS);
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_NOTHING(&s);
}

Test(push, replays_carry_the_same_header_and_signature)
{
	struct heard a, b;

	(void)alert(4);
	(void)alert(2);
	sub_hello(&s, 0, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	a = WANT_ALERT(&s, 2);
	sub_hello(&s, 1, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	b = WANT_ALERT(&s, 2);
	WANT_NOTHING(&s);
	cr_assert_eq(b.header.flags, WIRE_REDELIVERED);
	b.header.flags = a.header.flags;
	cr_assert_eq(memcmp(&a.header, &b.header, sizeof(a.header)), 0);
	cr_assert_eq(memcmp(a.signature, b.signature, sizeof(a.signature)), 0);
	cr_assert_str_eq(a.text, b.text);
	/* Another consumer was never sent anything. */
	sub_hello(&s, 1, 5, "d", "");
	WANT(&s, WIRE_WELCOME);
	cr_assert_eq(WANT_ALERT(&s, 2).header.flags, 0);
}

Test(push, publish_dies_and_what_it_may_have_sent_is_flagged)
{
	struct heard a, b;

	(void)alert(4);
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	a = WANT_ALERT(&s, 1);
	world_restart_publish(&w);
	WANT_ERROR(&s, WIRE_E_DOWN);
	sub_ack(&s, 1, 0);
	WANT_ERROR(&s, WIRE_E_HELLO_FIRST);
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	b = WANT_ALERT(&s, 1);
	cr_assert_eq(b.header.flags, WIRE_REDELIVERED);
	cr_assert_eq(memcmp(a.signature, b.signature, sizeof(a.signature)), 0);
	(void)alert(3);
	cr_assert_eq(WANT_ALERT(&s, 2).header.flags, 0);
}

Test(push, core_dies_between_commit_and_push_and_it_is_told_once)
{
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	w.deaf = 1;
	(void)alert(4); /* committed; core dies before it can tell */
	WANT_NOTHING(&s);
	w.deaf = 0;
	world_restart_core(&w);
	WANT_ALERT(&s, 1);
	WANT_NOTHING(&s);
}

/* One message of publish, committed; then core is gone. */
static void
commit_and_die(void)
{
	struct msg m;
	int64_t wait_ms = 0;

	cr_assert_eq(serve_notify(w.serve, w.now, w.core), ERR_OK);
	cr_assert_eq(publish_role.step(&w.role, w.now, &wait_ms), ERR_OK);
	cr_assert_eq(link_take(w.core, &m), ERR_OK);
	cr_assert_eq(m.type, MSG_PUSH_SIGNED);
	cr_assert_eq(store_begin(w.store), ERR_OK);
	cr_assert_eq(serve_take(w.serve, &m, w.now), ERR_OK);
	cr_assert_eq(store_commit(w.store), ERR_OK);
}

Test(push, core_dies_when_the_signature_is_stored_but_not_told)
{
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	world_run(&w);
	w.deaf = 1;
	(void)alert(4);
	commit_and_die();
	w.deaf = 0;
	world_restart_core(&w);
	WANT_ALERT(&s, 1);
	WANT_NOTHING(&s);
}

Test(push, a_stored_signature_survives_a_later_rollback)
{
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	world_run(&w);
	w.deaf = 1;
	(void)alert(4);
	commit_and_die();
	/* The link is down at that moment, and then the store fails. */
	cr_assert_eq(serve_committed(w.serve, w.now, NULL), ERR_OK);
	serve_rolled_back(w.serve);
	w.deaf = 0;
	WANT_ERROR(&s, WIRE_E_STORE);
	WANT_ALERT(&s, 1);
	(void)alert(4);
	WANT_ALERT(&s, 2);
}

Test(push, nothing_is_pushed_before_its_signature_is_stored)
{
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	world_pass(&w, 2000); /* no cursor is waiting to be stored */
	w.fail_commit = 1; /* of the signature */
	(void)alert(4);
	WANT_ERROR(&s, WIRE_E_STORE);
	WANT_ALERT(&s, 1);
	sub_ack(&s, 1, 1);
	world_pass(&w, 2000);
	w.fail_commit = 1;
	(void)alert(4);
	/* Said once per session. */
	WANT_ALERT(&s, 2);
	WANT_NOTHING(&s);
}

Test(push, credit_is_respected)
{
	for (int i = 0; i < 15; i++)
		(void)alert(4);
	sub_hello(&s, 0, 2, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	WANT_ALERT(&s, 2);
	WANT_NOTHING(&s);
	sub_ack(&s, 0, 1);
	WANT_ALERT(&s, 3);
	WANT_NOTHING(&s);
	sub_ack(&s, 3, 100); /* cut at 10 */
	for (uint64_t q = 4; q <= 13; q++)
		WANT_ALERT(&s, q);
	WANT_NOTHING(&s);
	sub_ack(&s, 13, 0);
	WANT_NOTHING(&s);
	sub_hello(&s, 0, 0, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_NOTHING(&s);
}

Test(push, ack_beyond_sent)
{
	(void)alert(4);
	(void)alert(4);
	sub_hello(&s, 0, 1, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	sub_ack(&s, 2, 5);
	WANT_ERROR(&s, WIRE_E_BEYOND);
	WANT_NOTHING(&s); /* its credit was ignored too */
	sub_ack(&s, 1, 1);
	WANT_ALERT(&s, 2);
	sub_ack(&s, UINT64_MAX, 1);
	WANT_ERROR(&s, WIRE_E_BEYOND);
}

Test(push, wrong_epoch)
{
	struct wire_frame f = { .letter = WIRE_ACK,
				.u.ack = { .epoch = 2 } };

	(void)alert(4);
	sub_hello(&s, 0, 0, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_EPOCH);
	f = (struct wire_frame){ .letter = WIRE_NACK,
				 .u.nack = { 2, 1, 1, 0 } };
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_EPOCH);
	f = (struct wire_frame){ .letter = WIRE_SNAP, .u.snap = { 2 } };
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_EPOCH);
	f = (struct wire_frame){ .letter = WIRE_STATE,
				 .u.state = { .epoch = 2,
					      .seq = 1,
					      .state = 3 } };
	sub_say(&s, &f);
	WANT_ERROR(&s, WIRE_E_EPOCH);
}

static void
hello_at(uint64_t epoch, uint64_t after)
{
	const struct wire_frame f = {
		.letter = WIRE_HELLO,
		.u.hello = { .version = 1,
			     .credit = 5,
			     .epoch = epoch,
			     .after_seq = after,
			     .consumer = S("c") },
	};

	sub_say(&s, &f);
}

Test(push, gone)
{
	struct wire_frame f = { .letter = WIRE_SNAP, .u.snap = { 0 } };

	(void)alert(4);
	hello_at(0, 2);
	WANT(&s, WIRE_WELCOME);
	cr_assert_eq(WANT(&s, WIRE_GONE).frame.u.gone.oldest_seq, 1);
	(void)alert(4);
	WANT_NOTHING(&s);
	sub_ack(&s, 1, 5);
	WANT_ERROR(&s, WIRE_E_BEYOND);
	hello_at(7, 0);
	WANT(&s, WIRE_WELCOME);
	WANT(&s, WIRE_GONE);
	sub_say(&s, &f);
	WANT_ALERT(&s, 1);
	WANT_ALERT(&s, 2);
	WANT(&s, WIRE_SNAPEND);
	hello_at(7, WIRE_CURSOR); /* the epoch is not looked at */
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 1);
	hello_at(1, 2);
	WANT_ALERT(&s, 2);
	WANT(&s, WIRE_WELCOME);
	WANT_NOTHING(&s);
}

Test(push, snapshot)
{
	struct wire_frame snap = { .letter = WIRE_SNAP, .u.snap = { 1 } };
	struct heard h;

	(void)alert(4);
	(void)world_alert(&w, EX, 4, ALERT_RESOLVED, "{}");
	(void)alert(3);
	(void)world_alert(&w, EX, 4, ALERT_RETRACTED, "{}");
	sub_hello(&s, 4, 1, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_say(&s, &snap);
	h = WANT_ALERT(&s, 1);
	cr_assert_eq(h.header.flags, WIRE_SNAPSHOT);
	WANT_NOTHING(&s); /* no credit */
	sub_ack(&s, 1, 1); /* below after_seq: moves nothing, adds credit */
	WANT_ALERT(&s, 3);
	WANT(&s, WIRE_SNAPEND);
}

Test(push, snapshot_ends_and_the_stream_goes_on)
{
	struct wire_frame snap = { .letter = WIRE_SNAP, .u.snap = { 1 } };
	struct heard h;

	(void)alert(4);
	(void)world_alert(&w, EX, 4, ALERT_RESOLVED, "{}");
	(void)alert(3);
	(void)world_alert(&w, EX, 4, ALERT_RETRACTED, "{}");
	sub_hello(&s, 0, 0, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_say(&s, &snap);
	WANT_NOTHING(&s);
	sub_ack(&s, 0, 1);
	WANT_ALERT(&s, 1);
	WANT_NOTHING(&s);
	sub_ack(&s, 1, 1);
	WANT_ERROR(&s, WIRE_E_BEYOND); /* inside, only cum_seq 0 */
	sub_ack(&s, 0, 1);
	h = WANT_ALERT(&s, 3);
	cr_assert_eq(h.header.flags, WIRE_SNAPSHOT);
	h = WANT(&s, WIRE_SNAPEND);
	cr_assert_eq(h.frame.u.snapend.as_of_seq, 4);
	(void)alert(4);
	sub_ack(&s, 4, 3);
	h = WANT_ALERT(&s, 5);
	cr_assert_eq(h.header.flags, 0);
	WANT_NOTHING(&s);
	world_pass(&w, PUBLISH_CURSOR_MS);
	sub_hello(&s, WIRE_CURSOR, 5, "c", "");
	WANT(&s, WIRE_WELCOME);
	WANT_ALERT(&s, 5);
}

Test(push, snapshot_of_nothing)
{
	struct wire_frame snap = { .letter = WIRE_SNAP, .u.snap = { 0 } };

	sub_hello(&s, 0, 0, "c", "");
	WANT(&s, WIRE_WELCOME);
	sub_say(&s, &snap);
	cr_assert_eq(WANT(&s, WIRE_SNAPEND).frame.u.snapend.as_of_seq, 0);
	sub_ack(&s, 0, 1);
	(void)alert(4);
	WANT_ALERT(&s, 1);
}
