/*
 * policy.c - which policy covers a day.
 */
#include "cover.h"

static bool
status_covers(enum policy_status s)
{
	return s == POLICY_EFFECTIVE || s == POLICY_RECEIVED ||
	       s == POLICY_EXPIRED;
}

bool
policy_window(const struct policy *p, const struct scheme *s, int32_t *from,
	      int32_t *to)
{
	int32_t begin = p->cover_from;

	if (!status_covers(p->status))
		return false;
	if (begin == DATE_NONE) {
		begin = s->year_from;
		/* Picked up late: the record of its issue decides, never the
		 * day of the pick-up itself. */
		if (s->pickup_deadline != DATE_NONE &&
		    p->picked_up_on != DATE_NONE &&
		    p->picked_up_on > s->pickup_deadline) {
			if (p->issued_on == DATE_NONE)
				return false;
			begin = p->issued_on;
		}
	}
	*from = begin;
	*to = p->cover_to != DATE_NONE ? p->cover_to : s->year_to;
	return true;
}

const struct scheme *
policy_scheme(const struct cover_in *in, const struct policy *p)
{
	for (size_t i = 0; i < in->scheme_count; i++)
		if (str_eq(in->scheme[i].scheme_id, p->scheme_id))
			return &in->scheme[i];
	return NULL;
}

const struct policy *
policy_of_day(const struct cover_in *in, int32_t day, int *two)
{
	const struct policy *best = NULL;
	int32_t best_from = DATE_NONE;

	for (size_t i = 0; i < in->policy_count; i++) {
		const struct policy *p = &in->policy[i];
		const struct scheme *s = policy_scheme(in, p);
		int32_t from;
		int32_t to;

		if (s == NULL || !policy_window(p, s, &from, &to))
			continue;
		if ((from != DATE_NONE && day < from) ||
		    (to != DATE_NONE && day > to))
			continue;
		if (best != NULL)
			*two = 1;
		if (best == NULL || from > best_from ||
		    (from == best_from &&
		     str_cmp(p->policy_id, best->policy_id) < 0)) {
			best = p;
			best_from = from;
		}
	}
	return best;
}
