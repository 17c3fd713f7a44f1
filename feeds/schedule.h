/*
 * schedule.h - decides when each feed is due.  Floor 2 (feeds).
 *
 * A schedule is told what happened and answers what to do next.  It never
 * sleeps, never reads a clock and never touches the network; now is always an
 * argument.  A feed's first poll is spread by a hash of its name; a failed
 * one is tried again after a back-off that doubles, a good one after the
 * feed's interval, counted from the end of the poll.
 *
 * Ownership: lives in the arena; the feeds must outlive it.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "clock.h"
#include "feed.h"

#define SCHEDULE_SPREAD_MS 3000		/* of the first polls */
#define SCHEDULE_BACKOFF_MS_MIN 5000
#define SCHEDULE_BACKOFF_MS_MAX 3600000 /* for feeds polled that seldom */
#define SCHEDULE_BACKOFF_MS_SHORT 300000 /* the cap for the others */
#define SCHEDULE_ASK_MS_MAX 5000 /* no answer: ask again */
#define SCHEDULE_RETRY_MS_MAX 3600000 /* however long a server asks to wait */

enum schedule_times { SCHEDULE_FOREVER, SCHEDULE_ONCE };

struct schedule;

/* NULL when the arena is full. */
struct schedule *schedule_new(struct arena *a, const struct feeds *feeds,
			      enum schedule_times times, struct instant now);
/*
 * What is remembered from before a restart.  A feed whose last try failed is
 * tried at once, as whoever starts the daemon again may have mended it, but
 * never before the server wants it to be; failing once more, it waits as long
 * as if there had been no restart.
 */
struct schedule_past {
	int64_t last_try_ms; /* wall times; TIME_NONE: never */
	int64_t last_good_ms;
	int64_t retry_at;
	unsigned failures;
};
void schedule_state(struct schedule *s, size_t feed,
		    const struct schedule_past *past, struct instant now);
/*
 * The next feed to ask for, or -1.  It is asked for until schedule_go, or
 * SCHEDULE_ASK_MS_MAX later due again.  No more than busy_max feeds are asked
 * for or polled at one time, streams that run not counted.  *wait_ms is lowered to the time until
 * something is due.
 */
int schedule_due(struct schedule *s, size_t busy_max, struct instant now,
		 int64_t *wait_ms);
/* It may be polled now; false when it is being polled already. */
bool schedule_go(struct schedule *s, size_t feed);
/* The poll is over. */
void schedule_done(struct schedule *s, size_t feed, struct instant now);
/* least_ms: not sooner, as the server wishes: SCHEDULE_RETRY_MS_MAX at most. */
void schedule_failed(struct schedule *s, size_t feed, int64_t least_ms,
		     struct instant now);
/* When it is tried next, as a wall time; TIME_NONE: at work, or never. */
int64_t schedule_next(const struct schedule *s, size_t feed,
		      struct instant now);
/* The operator does not want to wait. */
void schedule_hurry(struct schedule *s, size_t feed, struct instant now);
/* Whoever was asked is gone: ask the new one. */
void schedule_forget_asked(struct schedule *s);
/* SCHEDULE_ONCE: every enabled feed was polled. */
bool schedule_finished(const struct schedule *s);

#endif
