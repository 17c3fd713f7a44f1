/*
 * clock.c - dates and times as numbers and as text.  Reads no clock.
 */
#include "clock.h"

struct instant
clock_now(const struct clock *c)
{
	return c->now(c->self);
}

int64_t
clock_steady(struct clock_steady *c, struct instant now)
{
	int64_t skew = now.wall_ms - now.mono_ms;
	int64_t step = skew - c->skew_ms;

	if (!c->known || (step < CLOCK_STEP_MS && step > -CLOCK_STEP_MS)) {
		*c = (struct clock_steady){ .skew_ms = skew, .known = true };
		return now.wall_ms;
	}
	if (c->since_ms == 0)
		c->since_ms = now.mono_ms;
	if (now.mono_ms - c->since_ms >= CLOCK_DOUBT_MS) {
		c->skew_ms = skew;
		c->since_ms = 0;
	}
	return now.mono_ms + c->skew_ms;
}

static struct instant
sim_now(void *self)
{
	return ((struct clock_sim *)self)->at;
}

struct clock
clock_sim(struct clock_sim *c)
{
	return (struct clock){ sim_now, c };
}

/* Days from civil, proleptic Gregorian; era arithmetic, no tables. */
int32_t
date_of(int year, int month, int day)
{
	int y = year - (month <= 2);
	int era = (y >= 0 ? y : y - 399) / 400;
	int yoe = y - era * 400;
	int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

void
date_split(int32_t date, int *year, int *month, int *mday)
{
	int z = date + 719468;
	int era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp + (mp < 10 ? 3 : -9);
	*year = yoe + era * 400 + (*month <= 2);
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* n digits at *rest, moved behind them; -1 when they are not there. */
static int
digits(struct str *rest, size_t n)
{
	uint64_t v = 0;

	if (rest->n < n ||
	    str_to_u64(str_sub(*rest, 0, n), 999999999, &v) != ERR_OK)
		return -1;
	*rest = str_sub(*rest, n, rest->n);
	return (int)v;
}

static bool
skip(struct str *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = str_sub(*rest, 1, rest->n);
	return true;
}

static enum err
date_take(struct str *rest, int32_t *day)
{
	int y = digits(rest, 4);
	bool dash1 = skip(rest, '-');
	int m = digits(rest, 2);
	bool dash2 = skip(rest, '-');
	int d = digits(rest, 2);

	if (!dash1 || !dash2 || y < 1900 || m < 1 || m > 12 || d < 1 ||
	    d > month_days(y, m))
		return ERR_INPUT;
	*day = date_of(y, m, d);
	return ERR_OK;
}

enum err
date_get(struct str s, int32_t *day)
{
	int32_t v = 0;

	if (date_take(&s, &v) != ERR_OK || s.n != 0)
		return ERR_INPUT;
	*day = v;
	return ERR_OK;
}

/* Z or +hh:mm; minutes east of UTC. */
static enum err
zone_take(struct str *rest, int *minutes)
{
	bool minus = rest->n > 0 && rest->p[0] == '-';
	int h;
	int m;

	if (skip(rest, 'Z') || skip(rest, 'z')) {
		*minutes = 0;
		return ERR_OK;
	}
	if (!skip(rest, '+') && !skip(rest, '-'))
		return ERR_INPUT;
	h = digits(rest, 2);
	if (!skip(rest, ':'))
		return ERR_INPUT;
	m = digits(rest, 2);
	if (h < 0 || h > 14 || m < 0 || m > 59)
		return ERR_INPUT;
	*minutes = (h * 60 + m) * (minus ? -1 : 1);
	return ERR_OK;
}

/* The fraction behind a point, in milliseconds (cut, not rounded). */
static enum err
fraction_take(struct str *rest, int *ms)
{
	int scale = 100;
	size_t n = 0;

	*ms = 0;
	if (!skip(rest, '.'))
		return ERR_OK;
	while (rest->n > 0 && rest->p[0] >= '0' && rest->p[0] <= '9') {
		*ms += (rest->p[0] - '0') * scale;
		scale /= 10;
		n++;
		*rest = str_sub(*rest, 1, rest->n);
	}
	return n >= 1 && n <= 9 ? ERR_OK : ERR_INPUT;
}

enum err
time_get(struct str s, int64_t *ms)
{
	int32_t day = 0;
	int part[3] = { 0, 0, 0 };
	int frac = 0;
	int zone = 0;

	if (date_take(&s, &day) != ERR_OK || (!skip(&s, 'T') && !skip(&s, 't')))
		return ERR_INPUT;
	for (int i = 0; i < 3; i++) {
		part[i] = digits(&s, 2);
		if (part[i] < 0 || (i < 2 && !skip(&s, ':')))
			return ERR_INPUT;
	}
	/* A leap second is the last second of its minute. */
	if (part[0] > 23 || part[1] > 59 || part[2] > 60)
		return ERR_INPUT;
	if (fraction_take(&s, &frac) != ERR_OK ||
	    zone_take(&s, &zone) != ERR_OK || s.n != 0)
		return ERR_INPUT;
	if (part[2] == 60)
		part[2] = 59;
	*ms = (int64_t)day * DAY_MS +
	      (part[0] * 3600 + (part[1] - zone) * 60 + part[2]) * 1000LL + frac;
	return ERR_OK;
}

/* Floor division, so times before 1970 fall on the right day. */
static int64_t
day_floor(int64_t ms)
{
	int64_t q = ms / DAY_MS;

	return ms % DAY_MS < 0 ? q - 1 : q;
}

void
time_put(struct buf *b, int64_t ms)
{
	int64_t day = day_floor(ms);
	int64_t in = ms - day * DAY_MS;

	must(day > -100000 && day < 3000000);
	date_put(b, (int32_t)day);
	buf_printf(b, "T%02d:%02d:%02d.%03dZ", (int)(in / 3600000),
		   (int)(in / 60000 % 60), (int)(in / 1000 % 60),
		   (int)(in % 1000));
}

void
date_put(struct buf *b, int32_t day)
{
	int y = 0;
	int m = 0;
	int d = 0;

	date_split(day, &y, &m, &d);
	buf_printf(b, "%04d-%02d-%02d", y, m, d);
}

int32_t
date_shanghai(int64_t ms)
{
	return (int32_t)day_floor(ms + SHANGHAI_OFFSET_MS);
}

int32_t
date_add_year(int32_t day)
{
	int y = 0;
	int m = 0;
	int d = 0;

	date_split(day, &y, &m, &d);
	if (m == 2 && d == 29)
		d = 28;
	return date_of(y + 1, m, d);
}
