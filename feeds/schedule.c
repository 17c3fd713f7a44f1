/*
 * schedule.c - due times in an array; a thousand feeds are a short walk.
 */
#include "schedule.h"

#include "hash.h"
#include "prepare.h"

#define WINDOW_LOOK_MS 1800000

enum at {
	AT_REST,
	AT_ASKED,
	AT_WORK,
	AT_END, /* not ours, or polled once */
};

struct item {
	enum at at;
	int64_t due_ms; /* mono; of AT_ASKED: when to ask again */
	unsigned failures;
};

struct schedule {
	const struct feeds *feeds;
	enum schedule_times times;
	struct item *item;
};

/* The same for the same feed on every machine: nothing here is random. */
static int64_t
spread(const struct feed *f, int64_t within_ms)
{
	uint8_t h[HASH_SIZE];

	if (within_ms <= 0)
		return 0;
	hash_256(f->name, h);
	return (int64_t)((uint64_t)h[0] << 16 | (uint64_t)h[1] << 8 | h[2]) %
	       within_ms;
}

struct schedule *
schedule_new(struct arena *a, const struct feeds *feeds,
	     enum schedule_times times, struct instant now)
{
	struct schedule *s = arena_new(a, struct schedule);

	if (s != NULL)
		s->item = arena_array(a, struct item, feeds->count + 1);
	if (s == NULL || s->item == NULL)
		return NULL;
	s->feeds = feeds;
	s->times = times;
	for (size_t i = 0; i < feeds->count; i++) {
		const struct feed *f = &feeds->feed[i];
		int64_t within = f->interval_ms < SCHEDULE_SPREAD_MS ?
				     f->interval_ms :
				     SCHEDULE_SPREAD_MS;

		/* A watched directory is core's to look at. */
		s->item[i].at = f->enabled && f->mode != MODE_DROP ? AT_REST :
								     AT_END;
		s->item[i].due_ms =
		    now.mono_ms +
		    (times == SCHEDULE_ONCE ? 0 : spread(f, within));
	}
	return s;
}

static void
not_before(struct item *it, int64_t due_ms)
{
	if (due_ms > it->due_ms)
		it->due_ms = due_ms;
}

void
schedule_state(struct schedule *s, size_t feed,
	       const struct schedule_past *past, struct instant now)
{
	struct item *it = &s->item[feed];
	int64_t interval = s->feeds->feed[feed].interval_ms;
	int64_t good = past->last_good_ms;
	int64_t left;

	must(feed < s->feeds->count);
	if (s->times == SCHEDULE_ONCE || it->at != AT_REST ||
	    past->last_try_ms == TIME_NONE)
		return;
	it->failures = past->failures;
	left = past->retry_at == TIME_NONE ? 0 : past->retry_at - now.wall_ms;
	/* Further off than anybody may ask for: the wall clock went back. */
	if (left > 0 && left <= SCHEDULE_RETRY_MS_MAX)
		not_before(it, now.mono_ms + left);
	/* The last try failed, or the wall clock went back: do not wait. */
	if (good == TIME_NONE || past->last_try_ms > good ||
	    good > now.wall_ms || now.wall_ms - good >= interval)
		return;
	not_before(it, now.mono_ms + interval - (now.wall_ms - good));
}

/*
 * 0 within the hours of the feed, else how long to wait.  Not further than
 * WINDOW_LOOK_MS at a time: in between the clocks may be changed.
 */
static int64_t
closed_ms(const struct feed_window *w, int64_t wall_ms)
{
	int minute = 0;
	int64_t rest_ms = 0;
	int64_t wait;
	bool open;

	if (w->zone.n == 0 ||
	    prepare_clock(w->zone, wall_ms, &minute, &rest_ms) != ERR_OK)
		return 0;
	open = w->from_min < w->to_min ?
		   minute >= w->from_min && minute < w->to_min :
		   minute >= w->from_min || minute < w->to_min;
	if (open)
		return 0;
	wait = (int64_t)((w->from_min - minute + 1440) % 1440) * 60000 -
	       rest_ms;
	return wait < WINDOW_LOOK_MS ? wait : WINDOW_LOOK_MS;
}

/*
 * Asked for or being polled, and how many of them failed the last time; an
 * ask nobody answered is over.
 */
static size_t
busy(struct schedule *s, struct instant now, size_t *failing)
{
	size_t n = 0;

	*failing = 0;
	for (size_t i = 0; i < s->feeds->count; i++) {
		struct item *it = &s->item[i];

		if (it->at == AT_ASKED && it->due_ms <= now.mono_ms)
			it->at = AT_REST;
		if (it->at != AT_ASKED && it->at != AT_WORK)
			continue;
		/* A stream works for days and has a place of its own. */
		if (s->feeds->feed[i].mode == MODE_STREAM)
			continue;
		n++;
		*failing += it->failures > 0;
	}
	return n;
}

int
schedule_due(struct schedule *s, size_t busy_max, struct instant now,
	     int64_t *wait_ms)
{
	size_t failing;
	bool full = busy(s, now, &failing) >= busy_max;
	int next = -1;

	for (size_t i = 0; i < s->feeds->count; i++) {
		struct item *it = &s->item[i];
		int64_t left = it->due_ms - now.mono_ms;
		bool stream = s->feeds->feed[i].mode == MODE_STREAM;

		if (it->at != AT_REST && it->at != AT_ASKED)
			continue;
		if (left <= 0 && s->times == SCHEDULE_FOREVER) {
			left = closed_ms(&s->feeds->feed[i].window,
					 now.wall_ms);
			if (left > 0)
				it->due_ms = now.mono_ms + left;
		}
		if (left > 0 && left < *wait_ms)
			*wait_ms = left;
		/* Servers that hang never hold more than half of the places. */
		if (left > 0 || (full && !stream) ||
		    (it->failures > 0 && !stream &&
		     failing >= (busy_max + 1) / 2))
			continue;
		if (next < 0 || it->due_ms < s->item[next].due_ms)
			next = (int)i;
	}
	if (next >= 0) {
		s->item[next].at = AT_ASKED;
		s->item[next].due_ms = now.mono_ms + SCHEDULE_ASK_MS_MAX;
	}
	return next;
}

bool
schedule_go(struct schedule *s, size_t feed)
{
	must(feed < s->feeds->count);
	if (s->item[feed].at == AT_WORK || s->item[feed].at == AT_END)
		return false;
	s->item[feed].at = AT_WORK;
	return true;
}

static void
rest(struct schedule *s, size_t feed, int64_t due_ms)
{
	must(feed < s->feeds->count);
	must(s->item[feed].at == AT_WORK);
	s->item[feed].at = s->times == SCHEDULE_ONCE ? AT_END : AT_REST;
	s->item[feed].due_ms = due_ms;
}

void
schedule_done(struct schedule *s, size_t feed, struct instant now)
{
	rest(s, feed, now.mono_ms + s->feeds->feed[feed].interval_ms);
	s->item[feed].failures = 0;
}

void
schedule_failed(struct schedule *s, size_t feed, int64_t least_ms,
		struct instant now)
{
	const struct feed *f = &s->feeds->feed[feed];
	int64_t cap = f->interval_ms < SCHEDULE_BACKOFF_MS_SHORT ?
			  SCHEDULE_BACKOFF_MS_SHORT :
			  f->interval_ms;
	int64_t wait = SCHEDULE_BACKOFF_MS_MIN;

	if (cap > SCHEDULE_BACKOFF_MS_MAX)
		cap = SCHEDULE_BACKOFF_MS_MAX;
	for (unsigned i = 0; i < s->item[feed].failures && wait < cap; i++)
		wait *= 2;
	if (wait > cap)
		wait = cap;
	if (wait < f->min_gap_ms)
		wait = f->min_gap_ms;
	must(least_ms <= SCHEDULE_RETRY_MS_MAX);
	if (wait < least_ms)
		wait = least_ms;
	s->item[feed].failures++;
	rest(s, feed, now.mono_ms + wait + spread(f, wait / 4));
}

int64_t
schedule_next(const struct schedule *s, size_t feed, struct instant now)
{
	const struct item *it = &s->item[feed];

	must(feed < s->feeds->count);
	if (it->at != AT_REST && it->at != AT_ASKED)
		return TIME_NONE;
	return it->due_ms <= now.mono_ms ?
		   now.wall_ms :
		   now.wall_ms + (it->due_ms - now.mono_ms);
}

void
schedule_hurry(struct schedule *s, size_t feed, struct instant now)
{
	must(feed < s->feeds->count);
	if (s->item[feed].at == AT_REST)
		s->item[feed].due_ms = now.mono_ms;
}

void
schedule_forget_asked(struct schedule *s)
{
	for (size_t i = 0; i < s->feeds->count; i++)
		if (s->item[i].at == AT_ASKED) {
			s->item[i].at = AT_REST;
			s->item[i].due_ms = 0;
		}
}

bool
schedule_finished(const struct schedule *s)
{
	for (size_t i = 0; i < s->feeds->count; i++)
		if (s->item[i].at != AT_END)
			return false;
	return s->times == SCHEDULE_ONCE;
}
