/*
 * sum.c - the rows of several policies as the one exposure of an alert.
 */
#include "cover_priv.h"

/* The row whose policy the alert names. */
static const struct cover_row *
lead_row(const struct cover_row *rows, size_t count)
{
	const struct cover_row *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct cover_row *r = &rows[i];

		if (best == NULL)
			best = r;
		else if (r->next_etd != DATE_NONE &&
			 (best->next_etd == DATE_NONE ||
			  r->next_etd < best->next_etd))
			best = r;
		else if (r->next_etd == best->next_etd &&
			 r->open + r->unshipped >
				 best->open + best->unshipped)
			best = r;
	}
	return best;
}

/* Nothing at stake: the policy of today, so that the reader knows which. */
static void
empty_row(const struct cover_in *in, struct cover_row *out)
{
	const struct policy *p = policy_of_day(in, in->as_of,
					       &out->two_policies);

	out->policy = p;
	out->currency = S("USD");
	if (p == NULL) {
		out->reasons = COVER_W;
		return;
	}
	out->scheme = policy_scheme(in, p);
	out->currency = out->scheme->cap_currency;
	out->break_even = cover_break_even(out->scheme->cap_minor,
					   out->scheme->insured_bp,
					   out->scheme->cap_basis);
	(void)policy_window(p, out->scheme, &out->cover_from,
			    &out->cover_to);
}

static enum err
add_money(const struct cover_in *in, struct cover_row *out,
	  const struct cover_row *r)
{
	const struct {
		int64_t from;
		int64_t *to;
	} part[] = {
		{ r->overdue, &out->overdue },
		{ r->insured, &out->insured },
		{ r->uninsured, &out->uninsured },
		{ r->if_insured, &out->if_insured },
		{ r->if_uninsured, &out->if_uninsured },
	};

	struct way w;
	enum err err = way_find(in, r->currency, out->currency, &w);

	if (err == ERR_ABSENT) {
		out->reasons |= COVER_F;
		out->quality = QUALITY_ESTIMATED;
		return ERR_OK;
	}
	way_note(out, &w);
	for (size_t k = 0; k < r->fx_count; k++)
		way_note(out, &(struct way){ 1, 1, { &r->fx[k], NULL } });
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		int64_t here = 0;

		err = way_go(&w, part[i].from, &here);
		if (err != ERR_OK ||
		    __builtin_add_overflow(*part[i].to, here, part[i].to))
			return ERR_LIMIT;
	}
	return ERR_OK;
}

static enum err
add_row(const struct cover_in *in, struct cover_row *out,
	const struct cover_row *r)
{
	out->shipments += r->shipments;
	out->orders += r->orders;
	out->reasons |= r->reasons;
	out->imminent |= r->imminent;
	out->in_transit |= r->in_transit;
	out->two_policies |= r->two_policies;
	if (r->max_dpd > out->max_dpd)
		out->max_dpd = r->max_dpd;
	if (r->next_etd != DATE_NONE &&
	    (out->next_etd == DATE_NONE || r->next_etd < out->next_etd))
		out->next_etd = r->next_etd;
	if (r->scope == SCOPE_OUT || out->scope == SCOPE_IN)
		out->scope = r->scope;
	if (r->quality > out->quality)
		out->quality = r->quality;
	return add_money(in, out, r);
}

enum err
cover_sum(const struct cover_in *in, const struct cover_row *rows,
	  size_t count, struct cover_row *out)
{
	const struct cover_row *lead = lead_row(rows, count);
	struct cover_row sum = { .next_etd = DATE_NONE,
				 .cover_from = DATE_NONE,
				 .cover_to = DATE_NONE };

	if (lead == NULL) {
		empty_row(in, &sum);
		*out = sum;
		return ERR_OK;
	}
	sum = *lead;
	for (size_t i = 0; i < count; i++) {
		enum err err;

		if (&rows[i] == lead)
			continue;
		err = add_row(in, &sum, &rows[i]);
		if (err != ERR_OK)
			return err;
	}
	/* Kept true by construction, also across roundings. */
	if (__builtin_add_overflow(sum.insured, sum.uninsured, &sum.open) ||
	    __builtin_add_overflow(sum.if_insured, sum.if_uninsured,
				   &sum.unshipped))
		return ERR_LIMIT;
	sum.unshipped -= sum.open;
	*out = sum;
	return ERR_OK;
}
