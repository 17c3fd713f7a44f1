/*
 * test_schedule.c - when each feed is due, by arguments alone.
 */
#include <criterion/criterion.h>

#include "schedule.h"

#define FEEDS 4

static struct arena arena;
static struct feed feed[FEEDS];
static struct feeds feeds = { feed, FEEDS };

static void
setup(void)
{
	static const char *const names[] = { "a", "b", "c", "off" };

	cr_assert_eq(arena_init(&arena, 65536), ERR_OK);
	for (int i = 0; i < FEEDS; i++)
		feed[i] = (struct feed){ .name = str_of(names[i]),
					 .enabled = i != 3,
					 .interval_ms = 60000,
					 .min_gap_ms = 1000 };
}

static void
teardown(void)
{
	arena_fini(&arena);
}

TestSuite(schedule, .init = setup, .fini = teardown);

static struct instant
at(int64_t ms)
{
	return (struct instant){ .mono_ms = 1000 + ms,
				 .wall_ms = 1700000000000 + ms };
}

static int
due(struct schedule *s, int64_t ms)
{
	int64_t wait = 1000000;

	return schedule_due(s, 16, at(ms), &wait);
}

/* Everybody at work once, as after a start. */
static struct schedule *
all_at_work(void)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));
	int seen[FEEDS] = { 0 };
	int i;

	for (int n = 0; n < 3; n++) {
		i = due(s, SCHEDULE_SPREAD_MS);
		cr_assert(i >= 0 && i < 3 && !seen[i]);
		seen[i] = 1;
		cr_assert(schedule_go(s, (size_t)i));
	}
	cr_assert_eq(due(s, SCHEDULE_SPREAD_MS), -1);
	return s;
}

Test(schedule, first_polls_are_spread_and_the_same_every_time)
{
	int64_t first[FEEDS];

	for (int round = 0; round < 2; round++) {
		struct schedule *s =
		    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));

		for (int64_t ms = 0; ms <= SCHEDULE_SPREAD_MS; ms++) {
			int i = due(s, ms);

			if (i < 0)
				continue;
			if (round == 0)
				first[i] = ms;
			cr_assert_eq(first[i], ms);
			cr_assert(schedule_go(s, (size_t)i));
		}
	}
	cr_assert(first[0] != first[1] || first[1] != first[2]);
}

Test(schedule, the_interval_begins_at_the_end)
{
	struct schedule *s = all_at_work();
	int64_t wait = 1000000;

	schedule_done(s, 1, at(10000));
	cr_assert_eq(due(s, 69999), -1);
	cr_assert_eq(schedule_due(s, 16, at(69000), &wait), -1);
	cr_assert_eq(wait, 1000);
	cr_assert_eq(due(s, 70000), 1);
	/* Asked for, not let go: asked for again later. */
	cr_assert_eq(due(s, 70000), -1);
	cr_assert_eq(due(s, 70000 + SCHEDULE_ASK_MS_MAX - 1), -1);
	cr_assert_eq(due(s, 70000 + SCHEDULE_ASK_MS_MAX), 1);
	cr_assert(schedule_go(s, 1));
	cr_assert(!schedule_go(s, 1));
	cr_assert_eq(due(s, 1000000), -1);
}

/* Ticks until feed is due again, from ms. */
static int64_t
until_due(struct schedule *s, int want, int64_t ms)
{
	for (int64_t i = 0; i < 10000000; i += 50)
		if (due(s, ms + i) == want) {
			cr_assert(schedule_go(s, (size_t)want));
			return i;
		}
	cr_assert_fail("never due");
	return 0;
}

Test(schedule, failures_back_off_to_a_cap_and_success_ends_it)
{
	struct schedule *s = all_at_work();
	int64_t ms = 10000;
	int64_t last = 0;

	for (int i = 0; i < 12; i++) {
		int64_t wait;

		schedule_failed(s, 0, 0, at(ms));
		wait = until_due(s, 0, ms);
		cr_assert_geq(wait, last);
		cr_assert_geq(wait, SCHEDULE_BACKOFF_MS_MIN);
		cr_assert_leq(wait, SCHEDULE_BACKOFF_MS_SHORT * 5 / 4 + 50);
		last = wait;
		ms += wait;
	}
	cr_assert_geq(last, SCHEDULE_BACKOFF_MS_SHORT);
	schedule_done(s, 0, at(ms));
	cr_assert_eq(until_due(s, 0, ms), 60000);
	schedule_failed(s, 0, 0, at(ms));
	cr_assert_leq(until_due(s, 0, ms), SCHEDULE_BACKOFF_MS_MIN * 5 / 4 + 50);
}

static struct schedule_past *
past(int64_t try_ms, int64_t good_ms)
{
	static struct schedule_past p;

	p = (struct schedule_past){ .last_try_ms = at(try_ms).wall_ms,
				    .last_good_ms = at(good_ms).wall_ms,
				    .retry_at = TIME_NONE };
	return &p;
}

/* A server that wants peace has it from the next daemon too. */
Test(schedule, a_restart_does_not_forget_what_the_server_wants)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));
	struct schedule_past *p = past(-20000, -90000);
	int64_t ms = 0;

	p->retry_at = at(SCHEDULE_RETRY_MS_MAX).wall_ms;
	p->failures = 3;
	schedule_state(s, 0, p, at(0));
	/* Further off than anybody may ask for: the clock went back. */
	p->retry_at = at(SCHEDULE_RETRY_MS_MAX + 1).wall_ms;
	schedule_state(s, 1, p, at(0));
	/* It is over. */
	p->retry_at = at(-1).wall_ms;
	schedule_state(s, 2, p, at(0));
	cr_assert_neq(due(s, SCHEDULE_SPREAD_MS), 0);
	cr_assert_neq(due(s, SCHEDULE_SPREAD_MS), 0);
	cr_assert(schedule_go(s, 1) && schedule_go(s, 2));
	cr_assert_eq(due(s, SCHEDULE_RETRY_MS_MAX - 1), -1);
	ms = SCHEDULE_RETRY_MS_MAX;
	cr_assert_eq(due(s, ms), 0);
	/* The back-off goes on where it stood: the fourth failure. */
	cr_assert(schedule_go(s, 0));
	schedule_failed(s, 0, 0, at(ms));
	cr_assert_geq(until_due(s, 0, ms), SCHEDULE_BACKOFF_MS_MIN * 8 - 50);
}

Test(schedule, a_restart_does_not_poll_what_was_just_polled)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));

	/* 20 s ago and good; 20 s ago and failed; in the future. */
	schedule_state(s, 0, past(-20000, -20000), at(0));
	schedule_state(s, 1, past(-20000, -90000), at(0));
	schedule_state(s, 2, past(90000, 90000), at(0));
	cr_assert_neq(due(s, SCHEDULE_SPREAD_MS), 0);
	cr_assert_neq(due(s, SCHEDULE_SPREAD_MS), 0);
	cr_assert_eq(due(s, SCHEDULE_SPREAD_MS), -1);
	cr_assert(schedule_go(s, 1) && schedule_go(s, 2));
	cr_assert_eq(due(s, 39999), -1);
	cr_assert_eq(due(s, 40000), 0);
}

Test(schedule, no_more_at_one_time_than_allowed)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));
	int64_t wait = 1000;
	int i = schedule_due(s, 1, at(5000), &wait);

	cr_assert_geq(i, 0);
	cr_assert_eq(schedule_due(s, 1, at(5000), &wait), -1);
	cr_assert(schedule_go(s, (size_t)i));
	cr_assert_eq(schedule_due(s, 1, at(5000), &wait), -1);
	schedule_done(s, (size_t)i, at(5000));
	cr_assert_geq(schedule_due(s, 1, at(5000), &wait), 0);
}

Test(schedule, the_operator_hurries_it)
{
	struct schedule *s = all_at_work();

	schedule_hurry(s, 0, at(5000)); /* at work: as soon as it can be */
	schedule_done(s, 0, at(5000));
	schedule_hurry(s, 0, at(6000));
	cr_assert_eq(due(s, 6000), 0);
	schedule_hurry(s, 3, at(6000));
	cr_assert_eq(due(s, 6000), -1, "disabled");
}

Test(schedule, once)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_ONCE, at(0));

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(due(s, 0), i);
		cr_assert(schedule_go(s, (size_t)i));
		cr_assert(!schedule_finished(s));
	}
	schedule_done(s, 0, at(10));
	schedule_failed(s, 1, 0, at(10));
	cr_assert(!schedule_finished(s));
	schedule_done(s, 2, at(10));
	cr_assert(schedule_finished(s));
	cr_assert_eq(due(s, 1000000000), -1);
}

Test(schedule, a_new_core_is_asked_at_once)
{
	struct schedule *s =
	    schedule_new(&arena, &feeds, SCHEDULE_FOREVER, at(0));
	int i = due(s, SCHEDULE_SPREAD_MS);

	while (due(s, SCHEDULE_SPREAD_MS) >= 0)
		;
	schedule_forget_asked(s);
	cr_assert_geq(i, 0);
	cr_assert_geq(due(s, SCHEDULE_SPREAD_MS), 0);
}

/* Minutes from when the feed was asked for, polled every minute. */
static unsigned
polled(struct schedule *s, int64_t from_ms, int64_t to_ms, int64_t *first,
       int64_t *last)
{
	unsigned n = 0;

	*first = *last = TIME_NONE;
	for (int64_t ms = from_ms; ms < to_ms; ms += 30000) {
		struct instant now = { ms, ms };
		int64_t wait = INT64_MAX;

		if (schedule_due(s, 16, now, &wait) < 0)
			continue;
		cr_assert(schedule_go(s, 0));
		schedule_done(s, 0, now);
		n++;
		*last = ms;
		if (*first == TIME_NONE)
			*first = ms;
	}
	return n;
}

/* The Gazette: 21:00 to 07:00 British time, on both sides of both changes. */
Test(schedule, hours_are_of_the_zone_on_both_sides_of_its_changes)
{
	static const struct {
		const char *noon; /* UTC, a day before */
		const char *first;
		const char *last; /* not later */
	} row[] = {
		/* winter: GMT */
		{ "2026-01-10T12:00:00Z", "2026-01-10T21:00:00Z",
		  "2026-01-11T07:00:00Z" },
		/* the night of 29 March 2026: an hour is missing */
		{ "2026-03-28T12:00:00Z", "2026-03-28T21:00:00Z",
		  "2026-03-29T06:00:00Z" },
		/* summer: an hour earlier in UTC */
		{ "2026-07-10T12:00:00Z", "2026-07-10T20:00:00Z",
		  "2026-07-11T06:00:00Z" },
		/* the night of 25 October 2026: an hour comes twice */
		{ "2026-10-24T12:00:00Z", "2026-10-24T20:00:00Z",
		  "2026-10-25T07:00:00Z" },
	};
	struct feed night = feed[0];
	struct feeds one = { &night, 1 };

	night.window = (struct feed_window){ S("Europe/London"), 21 * 60,
					     7 * 60 };
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		int64_t noon, want_first, want_last, first, last;
		struct schedule *s;

		cr_assert_eq(time_get(str_of(row[i].noon), &noon), ERR_OK);
		cr_assert_eq(time_get(str_of(row[i].first), &want_first),
			     ERR_OK);
		cr_assert_eq(time_get(str_of(row[i].last), &want_last),
			     ERR_OK);
		s = schedule_new(&arena, &one, SCHEDULE_FOREVER,
				 (struct instant){ noon, noon });
		cr_assert_gt(polled(s, noon, noon + DAY_MS, &first, &last),
			     500);
		cr_assert_geq(first, want_first);
		cr_assert_leq(first, want_first + 30000);
		cr_assert_lt(last, want_last);
		cr_assert_geq(last, want_last - 90000);
	}
}

/* Once means now, whatever the hour. */
Test(schedule, once_knows_no_hours)
{
	struct feed night = feed[0];
	struct feeds one = { &night, 1 };
	int64_t wait = INT64_MAX;
	struct schedule *s;

	night.window = (struct feed_window){ S("UTC"), 0, 1 };
	s = schedule_new(&arena, &one, SCHEDULE_ONCE, at(0));
	cr_assert_eq(schedule_due(s, 16, at(0), &wait), 0);
}
