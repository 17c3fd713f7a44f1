/*
 * cover.c - exposure and cover of one exporter on one obligor.
 */
#include "cover_priv.h"

/* Sums of one currency under one policy, before conversion. */
struct tally {
	struct str currency;
	int64_t open;
	int64_t overdue;
	int64_t unshipped;
};

/* What is covered under one limit (NULL: none asked for) in one currency. */
struct group {
	const struct limit *limit;
	struct str currency;
	int64_t open;
	int64_t unshipped;
};

/* A row while it is being built. */
struct builder {
	struct cover_row row;
	struct tally tally[COVER_CCY_MAX];
	size_t tally_count;
	struct group group[COVER_GROUPS_MAX];
	size_t group_count;
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

static struct group *
group_of(struct builder *b, const struct limit *limit, struct str currency)
{
	for (size_t i = 0; i < b->group_count; i++)
		if (b->group[i].limit == limit &&
		    str_eq(b->group[i].currency, currency))
			return &b->group[i];
	if (b->group_count == COVER_GROUPS_MAX)
		return NULL;
	b->group[b->group_count] =
	    (struct group){ .limit = limit, .currency = currency };
	return &b->group[b->group_count++];
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
	struct group *g;
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
	g = group_of(b, v->limit, s->currency);
	if (g == NULL)
		return ERR_LIMIT;
	r->reasons |= v->reasons;
	if ((v->reasons & COVER_S) != 0)
		r->scope = SCOPE_OUT;
	else if (!s->own_contract && r->scope == SCOPE_IN)
		r->scope = SCOPE_REVIEW;
	if (!v->shipped) {
		note_order(r, s, as_of);
		err = add(&t->unshipped, v->outstanding);
		return err != ERR_OK ? err : add(&g->unshipped, covered);
	}
	note_receivable(r, s, as_of);
	err = add(&t->open, v->outstanding);
	if (err == ERR_OK && overdue)
		err = add(&t->overdue, v->outstanding);
	return err != ERR_OK ? err : add(&g->open, covered);
}

static enum err
add_converted(const struct way *w, int64_t minor, int64_t *sum)
{
	int64_t here = 0;
	enum err err = way_go(w, minor, &here);

	return err == ERR_OK ? add(sum, here) : err;
}

/* The sums per currency in the currency of the row. */
static enum err
convert_sums(const struct cover_in *in, struct builder *b)
{
	struct cover_row *r = &b->row;

	for (size_t i = 0; i < b->tally_count; i++) {
		const struct tally *t = &b->tally[i];
		struct way w;
		enum err err;

		if (t->open == 0 && t->unshipped == 0)
			continue;
		err = way_find(in, t->currency, r->currency, &w);
		if (err == ERR_ABSENT) {
			r->reasons |= COVER_F;
			continue;
		}
		way_note(r, &w);
		err = add_converted(&w, t->open, &r->open);
		if (err == ERR_OK)
			err = add_converted(&w, t->overdue, &r->overdue);
		if (err == ERR_OK)
			err = add_converted(&w, t->unshipped, &r->unshipped);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* What the limit bounds; without a rate for it nothing is covered. */
static int64_t
bound_of(const struct cover_in *in, struct cover_row *r,
	 const struct limit *l)
{
	int64_t bound = 0;
	struct way w;

	if (l == NULL)
		return INT64_MAX;
	if (way_find(in, l->currency, r->currency, &w) == ERR_ABSENT) {
		r->reasons |= COVER_F;
		return 0;
	}
	way_note(r, &w);
	return way_go(&w, l->amount_minor, &bound) == ERR_OK ? bound :
								INT64_MAX;
}

struct loss {
	int64_t now;
	int64_t both;
};

/* Adds what is covered under the limit of the first-th group. */
static enum err
add_loss(const struct cover_in *in, struct builder *b, size_t first,
	 struct loss *loss)
{
	const struct limit *limit = b->group[first].limit;
	int64_t bound = bound_of(in, &b->row, limit);
	int64_t now = 0;
	int64_t both = 0;
	enum err err;

	for (size_t i = first; i < b->group_count; i++) {
		const struct group *g = &b->group[i];
		struct way w;

		if (g->limit != limit ||
		    way_find(in, g->currency, b->row.currency, &w) != ERR_OK)
			continue;
		err = add_converted(&w, g->open, &now);
		if (err == ERR_OK)
			err = add_converted(&w, g->unshipped, &both);
		if (err != ERR_OK)
			return err;
	}
	err = add(&both, now);
	if (err == ERR_OK)
		err = add(&loss->now, now < bound ? now : bound);
	return err != ERR_OK ? err :
			       add(&loss->both, both < bound ? both : bound);
}

/* Every limit once: earlier shipments keep theirs. */
static enum err
loss_of(const struct cover_in *in, struct builder *b, struct loss *loss)
{
	for (size_t i = 0; i < b->group_count; i++) {
		size_t k = 0;
		enum err err;

		while (b->group[k].limit != b->group[i].limit)
			k++;
		if (k < i)
			continue;
		err = add_loss(in, b, i, loss);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static int64_t
least(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

/* Converts the sums once and applies the cap once, the open part first. */
static enum err
finish(const struct cover_in *in, struct builder *b)
{
	struct cover_row *r = &b->row;
	const struct scheme *s = r->scheme;
	struct loss loss = { 0 };
	int64_t gross = 0;
	enum err err = convert_sums(in, b);

	if (err == ERR_OK)
		err = add(&gross, r->open);
	if (err == ERR_OK)
		err = add(&gross, r->unshipped);
	if (err == ERR_OK && s != NULL)
		err = loss_of(in, b, &loss);
	if (err != ERR_OK)
		return err;
	if (s != NULL) {
		/* Rounded apart, the parts may exceed the whole by a cent. */
		r->insured = cover_indemnity(least(loss.now, r->open),
					     s->insured_bp, s->cap_minor,
					     s->cap_basis);
		r->if_insured = cover_indemnity(least(loss.both, gross),
						s->insured_bp, s->cap_minor,
						s->cap_basis);
		r->break_even = cover_break_even(s->cap_minor, s->insured_bp,
						 s->cap_basis);
	}
	r->uninsured = r->open - r->insured;
	r->if_uninsured = gross - r->if_insured;
	r->quality = (r->reasons & COVER_F) != 0 ? QUALITY_ESTIMATED :
						   QUALITY_DECLARED;
	return ERR_OK;
}

struct cover_rest *
cover_rest_new(const struct cover_in *in, struct arena *a)
{
	struct cover_rest *rest = arena_array(a, struct cover_rest,
					      in->policy_count + 1);

	if (rest == NULL)
		return NULL;
	for (size_t i = 0; i < in->policy_count; i++) {
		const struct policy *p = &in->policy[i];
		const struct scheme *s = policy_scheme(in, p);
		int64_t left = INT64_MAX;

		if (s != NULL && s->annual_cap_minor >= 0)
			left = s->annual_cap_minor > p->paid_to_date_minor ?
				       s->annual_cap_minor -
					       p->paid_to_date_minor :
				       0;
		rest[i] = (struct cover_rest){ left, left };
	}
	return rest;
}

/* The annual cap, given out row by row. */
static void
give_out(const struct cover_in *in, struct cover_rest *rest,
	 struct cover_row *r)
{
	struct cover_rest *left;

	if (r->scheme == NULL || r->scheme->annual_cap_minor < 0)
		return;
	left = &rest[r->policy - in->policy];
	r->uninsured += r->insured;
	r->if_uninsured += r->if_insured;
	r->insured = least(r->insured, left->now);
	r->if_insured = least(r->if_insured, left->if_shipped);
	r->uninsured -= r->insured;
	r->if_uninsured -= r->if_insured;
	left->now -= r->insured;
	left->if_shipped -= r->if_insured;
}

static struct builder *
builder_of(struct arena *a, struct builder **b, size_t *count,
	   const struct verdict *v)
{
	struct cover_row *r;

	for (size_t i = 0; i < *count; i++)
		if (b[i]->row.policy == v->policy)
			return b[i];
	b[*count] = arena_new(a, struct builder);
	if (b[*count] == NULL)
		return NULL;
	r = &b[*count]->row;
	r->policy = v->policy;
	r->scheme = v->scheme;
	r->next_etd = DATE_NONE;
	r->cover_from = DATE_NONE;
	r->cover_to = DATE_NONE;
	/* Without a policy: the currency that money is in unless it says. */
	r->currency = v->scheme == NULL ? S("USD") : v->scheme->cap_currency;
	if (v->scheme != NULL)
		(void)policy_window(v->policy, v->scheme, &r->cover_from,
				    &r->cover_to);
	return b[(*count)++];
}

static bool
row_before(const struct cover_row *x, const struct cover_row *y)
{
	if (x->policy == NULL || y->policy == NULL)
		return x->policy == NULL && y->policy != NULL;
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

static enum err
build(const struct cover_in *in, struct arena *a, struct builder **b,
      size_t *count)
{
	int64_t *left = NULL;
	enum err err = outstanding(in, a, &left);

	for (size_t i = 0; err == ERR_OK && i < in->shipment_count; i++) {
		const struct shipment *s = &in->shipment[i];
		struct builder *to;
		struct verdict v;

		if (!shipment_counts(s, in->as_of))
			continue;
		v = judge(in, s, left[i]);
		to = builder_of(a, b, count, &v);
		err = to == NULL ? ERR_LIMIT :
				   add_shipment(to, s, &v, in->as_of);
	}
	return err;
}

enum err
cover_rows(const struct cover_in *in, struct arena *a, struct cover_row **out,
	   size_t *count)
{
	struct cover_rest *rest = in->rest;
	struct builder **b;
	struct cover_row *rows;
	size_t n = 0;
	enum err err;

	if (in->shipment_count > COVER_SHIPMENTS_MAX ||
	    in->policy_count > COVER_POLICIES_MAX ||
	    in->limit_count > COVER_LIMITS_MAX ||
	    in->receipt_count > COVER_RECEIPTS_MAX ||
	    in->fx_count > COVER_FX_MAX)
		return ERR_LIMIT;
	b = arena_array(a, struct builder *, in->policy_count + 1);
	if (rest == NULL)
		rest = cover_rest_new(in, a);
	if (b == NULL || rest == NULL)
		return ERR_LIMIT;
	err = build(in, a, b, &n);
	rows = arena_array(a, struct cover_row, n + 1);
	if (err == ERR_OK && rows == NULL)
		err = ERR_LIMIT;
	for (size_t i = 0; err == ERR_OK && i < n; i++) {
		err = finish(in, b[i]);
		rows[i] = b[i]->row;
	}
	if (err != ERR_OK)
		return err;
	sort_rows(rows, n);
	for (size_t i = 0; i < n; i++)
		give_out(in, rest, &rows[i]);
	*out = rows;
	*count = n;
	return ERR_OK;
}
