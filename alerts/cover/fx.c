/*
 * fx.c - money of one currency in another, exactly.
 *
 * Rates are decimal fractions and stay fractions: an inverse is the fraction
 * turned over, a cross rate the product of two of one day; one division and
 * one rounding, half-even, at the very end.
 */
#include "cover_priv.h"

struct fraction {
	int64_t n;
	int64_t d;
};

/* 1 from = f to on that day, by a row that says so or its inverse. */
static const struct fx_rate *
leg(const struct cover_in *in, int32_t day, struct str from, struct str to,
    struct fraction *f)
{
	const struct fx_rate *inverse = NULL;
	const struct fx_rate *found = NULL;
	struct rate r;

	for (size_t i = 0; i < in->fx_count && found == NULL; i++) {
		const struct fx_rate *x = &in->fx[i];

		if (x->as_of != day)
			continue;
		if (str_eq(x->base, from) && str_eq(x->quote, to))
			found = x;
		else if (str_eq(x->base, to) && str_eq(x->quote, from))
			inverse = x;
	}
	if (found == NULL)
		found = inverse;
	if (found == NULL || rate_get(found->rate, &r) != ERR_OK)
		return NULL;
	*f = (struct fraction){ r.mantissa, pow10_of(r.scale) };
	if (found == inverse)
		*f = (struct fraction){ f->d, f->n };
	return found;
}

/* EUR before USD before the others by name. */
static bool
pivot_before(struct str x, struct str y)
{
	if (str_eq(x, y) || str_eq(y, S("EUR")))
		return false;
	if (str_eq(x, S("EUR")))
		return true;
	if (str_eq(x, S("USD")) || str_eq(y, S("USD")))
		return str_eq(x, S("USD"));
	return str_cmp(x, y) < 0;
}

struct cross {
	struct str pivot;
	struct fraction f[2];
	const struct fx_rate *row[2];
};

static bool
cross_of(const struct cover_in *in, int32_t day, struct str from,
	 struct str to, struct cross *best)
{
	bool found = false;

	for (size_t i = 0; i < in->fx_count; i++) {
		const struct fx_rate *x = &in->fx[i];
		struct cross c;

		if (x->as_of != day)
			continue;
		if (str_eq(x->base, from))
			c.pivot = x->quote;
		else if (str_eq(x->quote, from))
			c.pivot = x->base;
		else
			continue;
		if (found && !pivot_before(c.pivot, best->pivot))
			continue;
		c.row[0] = leg(in, day, from, c.pivot, &c.f[0]);
		c.row[1] = leg(in, day, c.pivot, to, &c.f[1]);
		if (c.row[0] == NULL || c.row[1] == NULL)
			continue;
		*best = c;
		found = true;
	}
	return found;
}

static bool
way_of_day(const struct cover_in *in, int32_t day, struct str from,
	   struct str to, struct way *w)
{
	struct fraction f;
	const struct fx_rate *x = leg(in, day, from, to, &f);
	struct cross c;

	if (x != NULL) {
		*w = (struct way){ f.n, f.d, { x, NULL } };
		return true;
	}
	if (!cross_of(in, day, from, to, &c))
		return false;
	/* at most 10^18 each: the products fit */
	*w = (struct way){ (wide)c.f[0].n * c.f[1].n,
			   (wide)c.f[0].d * c.f[1].d,
			   { c.row[0], c.row[1] } };
	return true;
}

static wide
gcd(wide x, wide y)
{
	while (y != 0) {
		wide r = x % y;

		x = y;
		y = r;
	}
	return x;
}

/* From major units to minor ones, and in lowest terms. */
static enum err
way_minor(struct way *w, struct str from, struct str to)
{
	int df = ccy_decimals(from);
	int dt = ccy_decimals(to);
	wide common = gcd(w->num, w->den);

	must(df >= 0 && dt >= 0);
	w->num /= common;
	w->den /= common;
	if (__builtin_mul_overflow(w->num, (wide)pow10_of(dt), &w->num) ||
	    __builtin_mul_overflow(w->den, (wide)pow10_of(df), &w->den))
		return ERR_ABSENT;
	common = gcd(w->num, w->den);
	w->num /= common;
	w->den /= common;
	return ERR_OK;
}

enum err
way_find(const struct cover_in *in, struct str from, struct str to,
	 struct way *w)
{
	int32_t limit = in->as_of;

	if (str_eq(from, to)) {
		*w = (struct way){ 1, 1, { NULL, NULL } };
		return ERR_OK;
	}
	for (;;) {
		int32_t day = DATE_NONE;

		for (size_t i = 0; i < in->fx_count; i++)
			if (in->fx[i].as_of <= limit && in->fx[i].as_of > day)
				day = in->fx[i].as_of;
		if (day == DATE_NONE)
			return ERR_ABSENT;
		if (way_of_day(in, day, from, to, w))
			return way_minor(w, from, to);
		limit = day - 1;
	}
}

enum err
way_go(const struct way *w, int64_t minor, int64_t *out)
{
	wide num;
	wide q;
	wide r;

	must(minor >= 0 && w->den > 0); /* rate_get takes no zero */
	if (__builtin_mul_overflow(w->num, (wide)minor, &num))
		return ERR_LIMIT;
	q = num / w->den;
	r = num % w->den;
	if (r > w->den - r || (r == w->den - r && (q & 1) != 0))
		q++;
	if (q > INT64_MAX)
		return ERR_LIMIT;
	*out = (int64_t)q;
	return ERR_OK;
}

void
way_note(struct cover_row *r, const struct way *w)
{
	for (size_t k = 0; k < 2 && w->leg[k] != NULL; k++) {
		const struct fx_rate *used = w->leg[k];
		size_t i = 0;

		while (i < r->fx_count &&
		       !(str_eq(r->fx[i].base, used->base) &&
			 str_eq(r->fx[i].quote, used->quote) &&
			 r->fx[i].as_of == used->as_of))
			i++;
		if (i == r->fx_count && i < COVER_FX_USED_MAX)
			r->fx[r->fx_count++] = *used;
	}
}

enum err
cover_convert(const struct cover_in *in, int64_t minor, struct str from,
	      struct str to, int64_t *out)
{
	struct way w;
	enum err err = way_find(in, from, to, &w);

	return err == ERR_OK ? way_go(&w, minor, out) : err;
}

bool
cover_fx_stale(const struct fx_rate *f, int32_t as_of)
{
	return as_of - f->as_of > COVER_FX_FRESH_DAYS;
}
