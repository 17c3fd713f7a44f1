/*
 * clock_os.c - the only file that reads the machine's clocks.
 */
#include "clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct instant
os_now(void *self)
{
	const struct clock_os *c = self;
	struct instant now;

	now.mono_ms = read_ms(CLOCK_BOOTTIME);
	now.wall_ms = read_ms(CLOCK_REALTIME) + c->wall_shift_ms;
	if (c->wall_fixed_ms != TIME_NONE)
		now.wall_ms = c->wall_fixed_ms;
	return now;
}

struct clock
clock_os(struct clock_os *c, int64_t as_of_ms)
{
	c->wall_fixed_ms = TIME_NONE;
	c->wall_shift_ms = as_of_ms == TIME_NONE ?
			       0 :
			       as_of_ms - read_ms(CLOCK_REALTIME);
	return (struct clock){ os_now, c };
}

struct clock
clock_os_fixed(struct clock_os *c, int64_t as_of_ms)
{
	must(as_of_ms != TIME_NONE);
	c->wall_shift_ms = 0;
	c->wall_fixed_ms = as_of_ms;
	return (struct clock){ os_now, c };
}

int64_t
clock_os_monotonic_us(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
