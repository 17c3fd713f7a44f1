/*
 * rates.c - exchange rates that a feed publishes.
 */
#include "rates.h"

#include "money.h"

static int32_t
day_of(const struct notice *n)
{
	return n->effective_on != DATE_NONE ? n->effective_on : n->occurred_on;
}

static bool
is_gone(const struct notice *n)
{
	return n->action == ACTION_CANCEL || n->action == ACTION_PURGE;
}

static bool
is_usable(const struct notice_rate *r)
{
	return ccy_decimals(r->base) >= 0 && ccy_decimals(r->quote) >= 0 &&
	       !str_eq(r->base, r->quote);
}

static bool
has_rate(const struct notice *n, int32_t day, const struct notice_rate *want)
{
	for (size_t i = 0; day == day_of(n) && i < n->rate_count; i++)
		if (str_eq(n->rates[i].base, want->base) &&
		    str_eq(n->rates[i].quote, want->quote))
			return true;
	return false;
}

/* What the record said before and does not say now. */
static enum err
take_back(struct store *s, const struct notice *n, const struct notice *old,
	  struct rates_taken *out)
{
	for (size_t i = 0; i < old->rate_count; i++) {
		const struct notice_rate *r = &old->rates[i];
		const struct fx_rate was = { r->base, r->quote, r->value,
					     day_of(old) };
		bool found = false;
		enum err err;

		if (!is_gone(n) && has_rate(n, was.as_of, r))
			continue;
		err = store_fx_remove(s, &was, &found);
		if (err != ERR_OK)
			return err;
		out->removed += found;
	}
	return ERR_OK;
}

enum err
rates_check(const struct notice *n, int32_t today)
{
	return is_gone(n) ||
			       (day_of(n) != DATE_NONE &&
				day_of(n) <= today + 1) ?
		       ERR_OK :
		       ERR_INPUT;
}

enum err
rates_apply(struct store *s, const struct notice *n, struct str before,
	    struct arena *a, struct rates_taken *out)
{
	bool gone = is_gone(n);
	struct notice old = { 0 };
	struct diag ignored = { 0 };
	enum err err = ERR_OK;

	*out = (struct rates_taken){ 0 };
	if (before.n > 0)
		err = notice_get(before, a, &old, &ignored);
	/* Kept under rules that were laxer: then nothing is known of it. */
	if (err_class(err) == ERR_REJECT)
		err = ERR_OK;
	/* The day first: the same pair may stand on another now. */
	if (err == ERR_OK && !is_gone(&old))
		err = take_back(s, n, &old, out);
	for (size_t i = 0; err == ERR_OK && !gone && i < n->rate_count; i++) {
		const struct notice_rate *r = &n->rates[i];
		const struct fx_rate row = { r->base, r->quote, r->value,
					     day_of(n) };

		if (!is_usable(r)) {
			out->left_out++;
			continue;
		}
		err = store_fx_put(s, &row);
		out->kept++;
	}
	return err;
}
