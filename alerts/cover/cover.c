/*
 * cover.c - exposure and cover of one exporter on one obligor.
 */
#include "cover.h"

__extension__ typedef __int128 wide;

/* Sums of one currency under one policy, before conversion. */
struct tally {
	struct str currency;
	int64_t open;
	int64_t overdue;
	int64_t unshipped;
	int64_t covered_open;
	int64_t covered_unshipped;
};

/* A row while it is being built. */
struct builder {
	struct cover_row row;
	struct tally tally[COVER_CCY_MAX];
	size_t tally_count;
};

/* One shipment, judged. */
struct verdict {
	int shipped;
	int32_t day; /* that chose the policy */
	int64_t outstanding;
	unsigned reasons;
	const struct policy *policy;
	const struct scheme *scheme;
	int two;
};

char
cover_reason_letter(unsigned i)
{
	static const char letters[COVER_REASONS + 1] = "WCTSLKDAXF";

	must(i < COVER_REASONS);
	return letters[i];
}

const char *
cover_quality_text(enum cover_quality q)
{
	switch (q) {
	case QUALITY_NONE:
		return "none";
	case QUALITY_DECLARED:
		return "declared";
	case QUALITY_ESTIMATED:
		return "estimated";
	}
	return "none";
}

const char *
cover_scope_text(enum cover_scope s)
{
	switch (s) {
	case SCOPE_IN:
		return "in";
	case SCOPE_OUT:
		return "out";
	case SCOPE_REVIEW:
		return "review";
	}
	return "review";
}

int64_t
cover_indemnity(int64_t loss, int bp, int64_t cap, enum cap_basis basis)
{
	int64_t share;

	if (basis == CAP_LOSS)
		return money_bp(loss < cap ? loss : cap, bp);
	share = money_bp(loss, bp);
	return share < cap ? share : cap;
}

int64_t
cover_break_even(int64_t cap, int bp, enum cap_basis basis)
{
	wide units;

	if (bp <= 0)
		return 0;
	if (basis == CAP_LOSS)
		return cap;
	units = ((wide)cap * 10000 + bp - 1) / bp;
	return units > INT64_MAX ? INT64_MAX : (int64_t)units;
}

static bool
is_counted(const struct shipment *s, int32_t as_of)
{
	if (s->status == SHIPMENT_PAID || s->status == SHIPMENT_CANCELLED ||
	    s->payment_term == TERM_PREPAID)
		return false;
	return s->contract_date == DATE_NONE || s->contract_date <= as_of;
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

static struct verdict
judge(const struct cover_in *in, const struct shipment *s)
{
	struct verdict v = { 0 };
	int dated = s->ship_date != DATE_NONE;

	v.shipped = dated ? s->ship_date <= in->as_of :
			    s->status == SHIPMENT_CLAIMED ||
				    s->status == SHIPMENT_RESOLD;
	if (v.shipped)
		v.day = dated ? s->ship_date : in->as_of;
	else if (s->etd != DATE_NONE)
		v.day = s->etd;
	else
		v.day = dated ? s->ship_date : in->as_of;
	if (s->amount_minor > s->paid_minor)
		v.outstanding = s->amount_minor - s->paid_minor;
	v.policy = policy_of_day(in, v.day, &v.two);
	if (v.policy == NULL)
		v.reasons |= COVER_W;
	else
		v.scheme = policy_scheme(in, v.policy);
	if (v.scheme != NULL && term_exceeded(s, v.scheme, v.day))
		v.reasons |= COVER_T;
	if (!s->own_customs)
		v.reasons |= COVER_S;
	if (has_knowledge(in, &v))
		v.reasons |= COVER_K;
	if (v.policy != NULL && v.policy->declaration && !s->declared)
		v.reasons |= COVER_D;
	if (s->affiliate)
		v.reasons |= COVER_A;
	if (s->disputed)
		v.reasons |= COVER_X;
	return v;
}

static enum err
add(int64_t *sum, int64_t minor)
{
	return __builtin_add_overflow(*sum, minor, sum) ? ERR_LIMIT : ERR_OK;
}

static struct tally *
tally_of(struct builder *b, struct str currency)
{
	for (size_t i = 0; i < b->tally_count; i++)
		if (str_eq(b->tally[i].currency, currency))
			return &b->tally[i];
	if (b->tally_count == COVER_CCY_MAX)
		return NULL;
	b->tally[b->tally_count].currency = currency;
	return &b->tally[b->tally_count++];
}

static void
note_order(struct cover_row *r, const struct shipment *s, int32_t as_of)
{
	r->orders++;
	if (s->etd == DATE_NONE) {
		/* Ready and without a date: it may be on the truck. */
		if (s->status == SHIPMENT_READY)
			r->imminent = 1;
		return;
	}
	if (r->next_etd == DATE_NONE || s->etd < r->next_etd)
		r->next_etd = s->etd;
	if (s->etd <= as_of + COVER_IMMINENT_DAYS)
		r->imminent = 1;
}

static void
note_receivable(struct cover_row *r, const struct shipment *s, int32_t as_of)
{
	int documents = s->payment_term == TERM_LC ||
			s->payment_term == TERM_DP ||
			s->payment_term == TERM_DA;

	if (s->due_date != DATE_NONE && s->due_date < as_of &&
	    as_of - s->due_date > r->max_dpd)
		r->max_dpd = as_of - s->due_date;
	if (documents && s->docs_released_on == DATE_NONE &&
	    s->ship_date != DATE_NONE &&
	    s->ship_date >= as_of - COVER_TRANSIT_DAYS)
		r->in_transit = 1;
}

static enum err
add_shipment(struct builder *b, const struct shipment *s,
	     const struct verdict *v, int32_t as_of)
{
	struct cover_row *r = &b->row;
	struct tally *t = tally_of(b, s->currency);
	int64_t covered = v->reasons == 0 ? v->outstanding : 0;
	int overdue = s->due_date != DATE_NONE && s->due_date < as_of;
	enum err err;

	if (t == NULL)
		return ERR_LIMIT;
	r->shipments++;
	if (v->two)
		r->two_policies = 1;
	if (v->outstanding == 0)
		return ERR_OK;
	r->reasons |= v->reasons;
	if ((v->reasons & COVER_S) != 0)
		r->scope = SCOPE_OUT;
	else if (!s->own_contract && r->scope == SCOPE_IN)
		r->scope = SCOPE_REVIEW;
	if (!v->shipped) {
		note_order(r, s, as_of);
		err = add(&t->unshipped, v->outstanding);
		return err != ERR_OK ? err : add(&t->covered_unshipped,
						 covered);
	}
	note_receivable(r, s, as_of);
	err = add(&t->open, v->outstanding);
	if (err == ERR_OK && overdue)
		err = add(&t->overdue, v->outstanding);
	return err != ERR_OK ? err : add(&t->covered_open, covered);
}

/* Where a row without a policy is counted: a currency of the exporter's. */
static struct str
fallback_currency(const struct cover_in *in)
{
	const struct policy *today;
	int two = 0;

	today = policy_of_day(in, in->as_of, &two);
	if (today != NULL)
		return policy_scheme(in, today)->cap_currency;
	if (in->scheme_count > 0)
		return in->scheme[0].cap_currency;
	return in->shipment_count > 0 ? in->shipment[0].currency : S("USD");
}

enum err
cover_convert(const struct cover_in *in, int64_t minor, struct str from,
	      struct str to, int64_t *out, const struct cover_fx **used)
{
	const struct cover_fx *best = NULL;
	struct rate rate;
	enum err err;

	if (minor == 0 || str_eq(from, to)) {
		*out = minor;
		return ERR_OK;
	}
	for (size_t i = 0; i < in->fx_count; i++) {
		const struct cover_fx *f = &in->fx[i];
		int fits = (str_eq(f->base, from) && str_eq(f->quote, to)) ||
			   (str_eq(f->base, to) && str_eq(f->quote, from));

		if (fits && f->as_of <= in->as_of &&
		    (best == NULL || f->as_of > best->as_of))
			best = f;
	}
	if (best == NULL)
		return ERR_ABSENT;
	err = rate_get(best->rate, &rate);
	if (err != ERR_OK)
		return ERR_ABSENT;
	*used = best;
	return money_convert(minor, from, to, rate,
			     str_eq(best->base, from) ? RATE_MULTIPLY :
							RATE_DIVIDE,
			     out);
}

static void
note_fx(struct cover_row *r, const struct cover_fx *used)
{
	for (size_t i = 0; i < r->fx_count; i++)
		if (str_eq(r->fx[i].base, used->base) &&
		    str_eq(r->fx[i].quote, used->quote) &&
		    r->fx[i].as_of == used->as_of)
			return;
	if (r->fx_count < COVER_FX_USED_MAX)
		r->fx[r->fx_count++] = *used;
}

static enum err
add_converted(const struct cover_in *in, struct cover_row *r,
	      const struct tally *t, int64_t minor, int64_t *sum)
{
	const struct cover_fx *used = NULL;
	int64_t here = 0;
	enum err err;

	if (minor == 0)
		return ERR_OK;
	err = cover_convert(in, minor, t->currency, r->currency, &here, &used);
	if (err == ERR_ABSENT) {
		r->reasons |= COVER_F;
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	if (used != NULL)
		note_fx(r, used);
	return add(sum, here);
}

/* Converts the sums once and applies the cap once, the open part first. */
static enum err
finish(const struct cover_in *in, struct builder *b)
{
	struct cover_row *r = &b->row;
	int64_t covered_open = 0;
	int64_t covered_unshipped = 0;
	int64_t both = 0;
	int64_t gross = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; i < b->tally_count && err == ERR_OK; i++) {
		const struct tally *t = &b->tally[i];
		const struct {
			int64_t minor;
			int64_t *sum;
		} part[] = {
			{ t->open, &r->open },
			{ t->overdue, &r->overdue },
			{ t->unshipped, &r->unshipped },
			{ t->covered_open, &covered_open },
			{ t->covered_unshipped, &covered_unshipped },
		};

		for (size_t k = 0; k < 5 && err == ERR_OK; k++)
			err = add_converted(in, r, t, part[k].minor,
					    part[k].sum);
	}
	if (err != ERR_OK || add(&both, covered_open) != ERR_OK ||
	    add(&both, covered_unshipped) != ERR_OK ||
	    add(&gross, r->open) != ERR_OK ||
	    add(&gross, r->unshipped) != ERR_OK)
		return ERR_LIMIT;
	if (r->scheme != NULL) {
		const struct scheme *s = r->scheme;

		r->insured = cover_indemnity(covered_open, s->insured_bp,
					     s->cap_minor, s->cap_basis);
		r->if_insured = cover_indemnity(both, s->insured_bp,
						s->cap_minor, s->cap_basis);
		r->break_even = cover_break_even(s->cap_minor, s->insured_bp,
						 s->cap_basis);
	}
	r->uninsured = r->open - r->insured;
	r->if_uninsured = gross - r->if_insured;
	r->quality = (r->reasons & COVER_F) != 0 ? QUALITY_ESTIMATED :
						   QUALITY_DECLARED;
	return ERR_OK;
}

static struct builder *
builder_of(const struct cover_in *in, struct builder *b, size_t *count,
	   const struct verdict *v)
{
	struct cover_row *r;

	for (size_t i = 0; i < *count; i++)
		if (b[i].row.policy == v->policy)
			return &b[i];
	b[*count] = (struct builder){ 0 };
	r = &b[*count].row;
	r->policy = v->policy;
	r->scheme = v->scheme;
	r->next_etd = DATE_NONE;
	r->cover_from = DATE_NONE;
	r->cover_to = DATE_NONE;
	r->currency = v->scheme == NULL ? fallback_currency(in) :
					  v->scheme->cap_currency;
	if (v->scheme != NULL)
		(void)policy_window(v->policy, v->scheme, &r->cover_from,
				    &r->cover_to);
	return &b[(*count)++];
}

static bool
row_before(const struct cover_row *x, const struct cover_row *y)
{
	if (x->policy == NULL || y->policy == NULL)
		return x->policy != NULL && y->policy == NULL;
	return str_cmp(x->policy->policy_id, y->policy->policy_id) < 0;
}

static void
sort_rows(struct cover_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct cover_row r = rows[i];
		size_t k = i;

		for (; k > 0 && row_before(&r, &rows[k - 1]); k--)
			rows[k] = rows[k - 1];
		rows[k] = r;
	}
}

enum err
cover_rows(const struct cover_in *in, struct arena *a, struct cover_row **out,
	   size_t *count)
{
	struct builder *b;
	struct cover_row *rows;
	size_t n = 0;

	if (in->shipment_count > COVER_SHIPMENTS_MAX ||
	    in->policy_count > COVER_POLICIES_MAX)
		return ERR_LIMIT;
	b = arena_array(a, struct builder, in->policy_count + 1);
	if (b == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < in->shipment_count; i++) {
		const struct shipment *s = &in->shipment[i];
		struct verdict v;
		enum err err;

		if (!is_counted(s, in->as_of))
			continue;
		v = judge(in, s);
		err = add_shipment(builder_of(in, b, &n, &v), s, &v,
				   in->as_of);
		if (err != ERR_OK)
			return err;
	}
	rows = arena_array(a, struct cover_row, n + 1);
	if (rows == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++) {
		enum err err = finish(in, &b[i]);

		if (err != ERR_OK)
			return err;
		rows[i] = b[i].row;
	}
	sort_rows(rows, n);
	*out = rows;
	*count = n;
	return ERR_OK;
}
