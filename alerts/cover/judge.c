/*
 * judge.c - one shipment: its day, its policy, and why it is not covered.
 */
#include "cover_priv.h"

bool
shipment_counts(const struct shipment *s, int32_t as_of)
{
	if (s->status == SHIPMENT_PAID || s->status == SHIPMENT_CANCELLED ||
	    s->payment_term == TERM_PREPAID)
		return false;
	return s->contract_date == DATE_NONE || s->contract_date <= as_of;
}

bool
shipment_left(const struct shipment *s, int32_t as_of)
{
	return s->ship_date != DATE_NONE && s->ship_date <= as_of;
}

/* The newest row with a begin not after the day decides, also when it has
 * ended by then: an older one does not come back. */
static bool
country_closed(const struct cover_in *in, int32_t day)
{
	const struct country_cover *best = NULL;

	for (size_t i = 0; i < in->country_count; i++) {
		const struct country_cover *c = &in->country[i];

		if (c->effective_from <= day &&
		    (best == NULL || c->effective_from > best->effective_from))
			best = c;
	}
	return best != NULL &&
	       (best->status == COUNTRY_OFF ||
		best->status == COUNTRY_EXCLUDED) &&
	       (best->effective_to == DATE_NONE || best->effective_to >= day);
}

/* Due later than the scheme's longest credit after the day it leaves. */
static bool
term_exceeded(const struct shipment *s, const struct scheme *sch, int32_t day)
{
	int32_t last;

	if (s->due_date == DATE_NONE)
		return false;
	last = sch->max_credit_days == 365 ? date_add_year(day) :
					     day + sch->max_credit_days;
	return s->due_date > last;
}

/* prepaid, then L/C, D/P, D/A, O/A */
static int
risk_of(enum payment_term t)
{
	return t == TERM_PREPAID ? -1 : (int)t;
}

static bool
limit_stands(const struct limit *l, const struct shipment *s, int32_t day)
{
	if (l->status != LIMIT_APPROVED && l->status != LIMIT_REDUCED)
		return false;
	if (l->amount_minor == 0)
		return false;
	if (l->effective_to != DATE_NONE && l->effective_to < day)
		return false;
	return l->payment_term == 0 ||
	       risk_of(s->payment_term) <=
		       risk_of((enum payment_term)(l->payment_term - 1));
}

/* No row: the scheme asks for none.  Only later rows: not covered yet. */
static void
judge_limit(const struct cover_in *in, const struct shipment *s,
	    struct verdict *v)
{
	const struct limit *best = NULL;
	bool any = false;

	for (size_t i = 0; i < in->limit_count; i++) {
		const struct limit *l = &in->limit[i];

		if (!str_eq(l->policy_id, v->policy->policy_id))
			continue;
		any = true;
		if (l->effective_from <= v->day &&
		    (best == NULL || l->effective_from > best->effective_from))
			best = l;
	}
	if (!any)
		return;
	if (best != NULL && limit_stands(best, s, v->day))
		v->limit = best;
	else
		v->reasons |= COVER_L;
}

static bool
has_knowledge(const struct cover_in *in, const struct verdict *v)
{
	if (!in->known)
		return false;
	if (!v->shipped)
		return true;
	/* The same day is covered: nobody can prove the hour of loading. */
	return in->knew_at != TIME_NONE && v->day > date_shanghai(in->knew_at);
}

static void
judge_policy(const struct cover_in *in, const struct shipment *s,
	     struct verdict *v)
{
	v->policy = policy_of_day(in, v->day, &v->two);
	if (v->policy == NULL) {
		v->reasons |= COVER_W;
		return;
	}
	v->scheme = policy_scheme(in, v->policy);
	if (term_exceeded(s, v->scheme, v->day))
		v->reasons |= COVER_T;
	if (v->policy->declaration && !s->declared)
		v->reasons |= COVER_D;
	judge_limit(in, s, v);
}

struct verdict
judge(const struct cover_in *in, const struct shipment *s, int64_t outstanding)
{
	struct verdict v = { .outstanding = outstanding };

	v.shipped = shipment_left(s, in->as_of);
	v.day = v.shipped	      ? s->ship_date :
		s->etd != DATE_NONE ? s->etd :
				      in->as_of;
	judge_policy(in, s, &v);
	if (country_closed(in, v.day))
		v.reasons |= COVER_C;
	if (!s->own_customs)
		v.reasons |= COVER_S;
	if (has_knowledge(in, &v))
		v.reasons |= COVER_K;
	if (s->affiliate)
		v.reasons |= COVER_A;
	if (s->disputed)
		v.reasons |= COVER_X;
	return v;
}
