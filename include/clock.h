/*
 * clock.h - time as a value.  Floor 0; a port: the OS, or the simulation.
 *
 * Time is sampled once per turn of a role's loop and handed down as struct
 * instant.  Wall times are milliseconds since 1970 UTC, dates are days since
 * 1970-01-01 in a named zone; the scheme's zone is Asia/Shanghai, which is
 * UTC+8 without daylight saving since 1991 (and for all our data).
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "buf.h"

#define TIME_NONE INT64_MIN
#define DATE_NONE INT32_MIN
#define SHANGHAI_OFFSET_MS (8 * 3600 * 1000)
#define HOUR_MS ((int64_t)3600000)
#define DAY_MS 86400000

struct instant {
	int64_t mono_ms; /* BOOTTIME: for timers */
	int64_t wall_ms; /* REALTIME: for dates and stamps */
};

/* Two real implementations: clock_os and clock_sim. */
struct clock {
	struct instant (*now)(void *self);
	void *self;
};

struct instant clock_now(const struct clock *c);

/* The operating system's; as_of_ms TIME_NONE, or where the wall starts. */
struct clock_os {
	int64_t wall_shift_ms;
	int64_t wall_fixed_ms; /* TIME_NONE, or the wall stands still here */
};
struct clock clock_os(struct clock_os *c, int64_t as_of_ms);
/* The wall clock stands still at as_of_ms; timers run on (--once). */
struct clock clock_os_fixed(struct clock_os *c, int64_t as_of_ms);

/* The simulation's: moves only when told. */
struct clock_sim {
	struct instant at;
};
struct clock clock_sim(struct clock_sim *c);

/*
 * A wall clock for what is valid until a day: one that was set stands where
 * its timers say for CLOCK_DOUBT_MS, and is believed after that.  A mistake
 * that is mended in time neither ends nor prolongs anything.
 */
#define CLOCK_STEP_MS 60000     /* less is the clock being kept */
#define CLOCK_DOUBT_MS 3600000
struct clock_steady {
	int64_t skew_ms; /* wall - mono that is believed */
	int64_t since_ms; /* mono: another one since then; 0: none */
	bool known;
};
int64_t clock_steady(struct clock_steady *c, struct instant now);

/* RFC 3339 with zone; up to nanoseconds read, milliseconds kept. */
NODISCARD enum err time_get(struct str s, int64_t *ms);
/* 2022-12-27T01:12:03.214Z */
void time_put(struct buf *b, int64_t ms);
/* YYYY-MM-DD, years 1900 to 9999. */
NODISCARD enum err date_get(struct str s, int32_t *day);
void date_put(struct buf *b, int32_t day);
int32_t date_of(int year, int month, int day);
void date_split(int32_t day, int *year, int *month, int *mday);
/* The Shanghai day of a wall time. */
int32_t date_shanghai(int64_t ms);
/* The same day of the next year; 29 February gives 28 February. */
int32_t date_add_year(int32_t day);

/* CLOCK_MONOTONIC in us, for the service manager alone. */
int64_t clock_os_monotonic_us(void);

#endif
