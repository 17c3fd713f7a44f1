/*
 * test_cover.c - the sums of the contract and of the source documents.
 */
#include <criterion/criterion.h>

#include "cover.h"

static struct arena arena;
static struct scheme schemes[3];
static struct policy policies[4];
static struct shipment ships[160];
static struct fx_rate fx[2];
static struct cover_in in;
static struct cover_row *rows;
static size_t row_count;
static struct cover_row sum;

static void
scheme(size_t i, struct str id, int64_t cap, int32_t from, int32_t to)
{
	schemes[i] = (struct scheme){
		.scheme_id = id,
		.insured_bp = 8000,
		.cap_minor = cap,
		.cap_currency = S("USD"),
		.cap_basis = CAP_INDEMNITY,
		.year_from = from,
		.year_to = to,
		.pickup_deadline = DATE_NONE,
		.max_credit_days = 365,
		.annual_cap_minor = -1,
		.free_reports = 3,
	};
}

static void
policy(size_t i, struct str id, struct str scheme_id)
{
	policies[i] = (struct policy){
		.policy_id = id,
		.scheme_id = scheme_id,
		.exporter_id = S("EXP-A"),
		.status = POLICY_EFFECTIVE,
		.picked_up_on = DATE_NONE,
		.issued_on = DATE_NONE,
		.cover_from = DATE_NONE,
		.cover_to = DATE_NONE,
	};
}

static struct shipment *
ship(struct str id, int64_t amount)
{
	struct shipment *s = &ships[in.shipment_count++];

	*s = (struct shipment){
		.shipment_id = id,
		.exporter_id = S("EXP-A"),
		.obligor_id = S("OB-AE-1"),
		.amount_minor = amount,
		.currency = S("USD"),
		.payment_term = TERM_OA,
		.contract_date = DATE_NONE,
		.etd = DATE_NONE,
		.ship_date = DATE_NONE,
		.due_date = DATE_NONE,
		.status = SHIPMENT_CONTRACTED,
		.own_contract = 1,
		.own_customs = 1,
		.declared = 1,
		.docs_released_on = DATE_NONE,
	};
	return s;
}

static struct shipment *
shipped(struct str id, int64_t amount, int32_t day)
{
	struct shipment *s = ship(id, amount);

	s->status = SHIPMENT_SHIPPED;
	s->ship_date = day;
	return s;
}

static void
setup(void)
{
	in = (struct cover_in){
		.policy = policies,
		.policy_count = 3,
		.scheme = schemes,
		.scheme_count = 3,
		.shipment = ships,
		.fx = fx,
		.as_of = date_of(2022, 12, 27),
		.knew_at = TIME_NONE,
	};
	cr_assert_eq(arena_init(&arena, 1 << 20), ERR_OK);
	scheme(0, S("SZ2021"), 15000000, date_of(2021, 1, 1),
	       date_of(2022, 6, 30));
	scheme(1, S("SZ2022"), 15000000, date_of(2022, 7, 1),
	       date_of(2023, 6, 30));
	scheme(2, S("SZ2023"), 15000000, date_of(2023, 7, 1),
	       date_of(2024, 6, 30));
	policy(0, S("P-2021"), S("SZ2021"));
	policy(1, S("P-2022"), S("SZ2022"));
	policy(2, S("P-2023"), S("SZ2023"));
}

static void
teardown(void)
{
	arena_fini(&arena);
}

static void
compute(void)
{
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_OK);
	cr_assert_eq(cover_sum(&in, rows, row_count, &sum), ERR_OK);
}

static void
expect(int64_t insured, int64_t uninsured, int64_t if_insured,
       int64_t if_uninsured)
{
	cr_assert_eq(sum.insured, insured, "insured %lld",
		     (long long)sum.insured);
	cr_assert_eq(sum.uninsured, uninsured, "uninsured %lld",
		     (long long)sum.uninsured);
	cr_assert_eq(sum.insured + sum.uninsured, sum.open);
	cr_assert_eq(sum.if_insured, if_insured, "if_insured %lld",
		     (long long)sum.if_insured);
	cr_assert_eq(sum.if_uninsured, if_uninsured, "if_uninsured %lld",
		     (long long)sum.if_uninsured);
	cr_assert_eq(sum.if_insured + sum.if_uninsured,
		     sum.open + sum.unshipped);
}

TestSuite(cover, .init = setup, .fini = teardown);

/* V1..V7: what was paid in the source documents, to the cent. */
Test(cover, vectors)
{
	static const struct {
		int64_t loss;
		int64_t cap;
		int64_t paid;
	} v[] = {
		{ 44000000, 15000000, 15000000 }, /* V1 */
		{ 23076923, 15000000, 15000000 }, /* V2 */
		{ 20000000, 15000000, 15000000 }, /* V3 */
		{ 18750000, 15000000, 15000000 }, /* V5 */
		{ 18749999, 15000000, 14999999 }, /* V6 */
		{ 6250000, 5000000, 5000000 },	  /* V7 */
		{ 9000000, 5000000, 5000000 },	  /* V8 */
		{ 2500000, 5000000, 2000000 },	  /* V9 */
		{ 0, 15000000, 0 },		  /* V12 */
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		cr_assert_eq(cover_indemnity(v[i].loss, 8000, v[i].cap,
					     CAP_INDEMNITY),
			     v[i].paid, "vector %zu", i);
	cr_assert_eq(cover_break_even(15000000, 8000, CAP_INDEMNITY),
		     18750000);
	cr_assert_eq(cover_break_even(5000000, 8000, CAP_INDEMNITY), 6250000);
	cr_assert_eq(cover_break_even(10000000, 7000, CAP_INDEMNITY),
		     14285715);
	cr_assert_eq(cover_break_even(10000000, 0, CAP_INDEMNITY), 0);
}

/* V1b, V2b: capping the loss gives 120,000, which nobody was ever paid. */
Test(cover, a_cap_on_the_loss_contradicts_the_claims_paid)
{
	cr_assert_eq(cover_indemnity(44000000, 8000, 15000000, CAP_LOSS),
		     12000000);
	cr_assert_eq(cover_indemnity(23076923, 8000, 15000000, CAP_LOSS),
		     12000000);
	cr_assert_neq(cover_indemnity(44000000, 8000, 15000000, CAP_INDEMNITY),
		      cover_indemnity(44000000, 8000, 15000000, CAP_LOSS));
}

/* V13 */
Test(cover, products_need_128_bits)
{
	int64_t loss = 9200000000000000000;

	cr_assert_eq(cover_indemnity(loss, 8000, INT64_MAX, CAP_INDEMNITY),
		     7360000000000000000);
	cr_assert_eq(cover_break_even(INT64_MAX, 8000, CAP_INDEMNITY),
		     INT64_MAX);
	for (int i = 0; i < 10; i++)
		shipped(S("S"), 999999999999999999,
			date_of(2022, 11, 1));
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_LIMIT);
	in.shipment_count = 9;
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_OK);
}

Test(cover, scenario_1_before_and_after_the_alert)
{
	struct shipment *s = ship(S("S1"), 20000000);

	s->etd = date_of(2022, 12, 30);
	s->status = SHIPMENT_READY;
	compute();
	expect(0, 0, 15000000, 5000000);
	cr_assert_eq(sum.reasons, 0);
	in.known = 1;
	compute();
	expect(0, 0, 0, 20000000);
	cr_assert_eq(sum.reasons, COVER_K);
	cr_assert_eq(sum.unshipped, 20000000);
	cr_assert_eq(sum.next_etd, date_of(2022, 12, 30));
	cr_assert(sum.imminent);
	cr_assert(str_eq(sum.scheme->scheme_id, S("SZ2022")));
	cr_assert_eq(sum.break_even, 18750000);
	cr_assert_eq(sum.quality, QUALITY_DECLARED);
}

Test(cover, variant_1b_the_open_part_stays_insured)
{
	shipped(S("S0"), 12000000, date_of(2022, 11, 15));
	ship(S("S1"), 20000000)->etd = date_of(2022, 12, 30);
	compute();
	expect(9600000, 2400000, 15000000, 17000000);
	in.known = 1;
	compute();
	expect(9600000, 2400000, 9600000, 22400000);
	cr_assert_eq(sum.reasons, COVER_K);
}

Test(cover, shipped_on_the_day_of_knowledge_is_covered_the_next_is_not)
{
	struct shipment *s = shipped(S("S1"), 20000000,
				     date_of(2022, 12, 27));

	in.known = 1;
	in.as_of = date_of(2023, 1, 5);
	cr_assert_eq(time_get(S("2022-12-27T15:59:59Z"), &in.knew_at), ERR_OK);
	compute();
	expect(15000000, 5000000, 15000000, 5000000);
	s->ship_date = date_of(2022, 12, 28);
	compute();
	expect(0, 20000000, 0, 20000000);
	cr_assert_eq(sum.reasons, COVER_K);
	/* 16:00 UTC is the next day in Shanghai */
	cr_assert_eq(time_get(S("2022-12-27T16:00:00Z"), &in.knew_at), ERR_OK);
	compute();
	expect(15000000, 5000000, 15000000, 5000000);
	in.knew_at = TIME_NONE;
	s->ship_date = date_of(2023, 1, 4);
	compute();
	expect(15000000, 5000000, 15000000, 5000000);
}

/* Scenario 3: 130 invoices in HKD are one sum, converted once. */
Test(cover, a_hundred_and_thirty_invoices_are_one_sum)
{
	static const char *const rate[] = { "7.80", "7.75", "7.85" };
	static const int64_t usd[] = { 23076923, 23225806, 22929936 };

	for (int i = 0; i < 130; i++) {
		struct shipment *s = shipped(S("S"), i < 129 ? 1384615 :
							       1384665,
					     date_of(2022, 8, 1) + i % 60);

		s->currency = S("HKD");
		s->own_contract = 0;
	}
	in.fx_count = 1;
	for (size_t i = 0; i < 3; i++) {
		fx[0] = (struct fx_rate){ S("USD"), S("HKD"),
					   str_of(rate[i]),
					   date_of(2022, 12, 1) };
		compute();
		cr_assert_eq(sum.open, usd[i], "%lld", (long long)sum.open);
		expect(15000000, usd[i] - 15000000, 15000000,
		       usd[i] - 15000000);
	}
	cr_assert_eq(sum.shipments, 130);
	cr_assert_eq(sum.scope, SCOPE_REVIEW);
	cr_assert_eq(sum.reasons, 0);
	cr_assert_eq(sum.fx_count, 1);
}

Test(cover, the_newest_rate_not_after_the_day_is_taken_either_way_round)
{
	shipped(S("S"), 780000, date_of(2022, 8, 1))->currency = S("HKD");
	in.fx_count = 2;
	fx[0] = (struct fx_rate){ S("USD"), S("HKD"), S("7.80"),
				   date_of(2022, 12, 1) };
	fx[1] = (struct fx_rate){ S("HKD"), S("USD"), S("0.5"),
				   date_of(2022, 12, 28) };
	compute();
	cr_assert_eq(sum.open, 100000);
	fx[1].as_of = date_of(2022, 12, 27);
	compute();
	cr_assert_eq(sum.open, 390000);
}

Test(cover, an_amount_without_a_rate_is_left_out_and_said_so)
{
	shipped(S("S"), 780000, date_of(2022, 8, 1))->currency = S("HKD");
	shipped(S("T"), 100000, date_of(2022, 8, 1));
	compute();
	cr_assert_eq(sum.open, 100000);
	cr_assert_eq(sum.reasons, COVER_F);
	cr_assert_eq(sum.quality, QUALITY_ESTIMATED);
}

Test(cover, no_policy_year_is_reason_w)
{
	struct shipment *s = shipped(S("S"), 10000000, date_of(2020, 12, 31));

	compute();
	cr_assert_null(sum.policy);
	expect(0, 10000000, 0, 10000000);
	cr_assert_eq(sum.reasons, COVER_W);
	s->ship_date = date_of(2021, 1, 1);
	compute();
	cr_assert_eq(sum.reasons, 0);
	s->ship_date = date_of(2022, 6, 30);
	compute();
	cr_assert(str_eq(sum.policy->policy_id, S("P-2021")));
	s->ship_date = date_of(2022, 7, 1);
	compute();
	cr_assert(str_eq(sum.policy->policy_id, S("P-2022")));
}

/* Scenario 5b */
Test(cover, a_late_pick_up_covers_from_the_day_of_issue)
{
	struct shipment *s = shipped(S("S"), 10000000, date_of(2023, 7, 20));

	in.as_of = date_of(2023, 9, 1);
	schemes[2].pickup_deadline = date_of(2023, 6, 30);
	policies[2].picked_up_on = date_of(2023, 8, 10);
	policies[2].issued_on = date_of(2023, 8, 15);
	compute();
	expect(0, 10000000, 0, 10000000);
	cr_assert_eq(sum.reasons, COVER_W);
	s->ship_date = date_of(2023, 8, 15);
	compute();
	expect(8000000, 2000000, 8000000, 2000000);
	policies[2].issued_on = DATE_NONE;
	compute();
	cr_assert_eq(sum.reasons, COVER_W);
	policies[2].cover_from = date_of(2023, 7, 1);
	compute();
	expect(8000000, 2000000, 8000000, 2000000);
	policies[2].cover_from = DATE_NONE;
	policies[2].picked_up_on = date_of(2023, 6, 30);
	s->ship_date = date_of(2023, 7, 20);
	compute();
	expect(8000000, 2000000, 8000000, 2000000);
}

Test(cover, only_some_statuses_cover)
{
	static const bool covers[] = { false, false, false, false,
				       true,  true,  true,  false };
	int32_t from;
	int32_t to;

	for (int s = POLICY_LISTED; s <= POLICY_CANCELLED; s++) {
		policies[1].status = (enum policy_status)s;
		cr_assert_eq(policy_window(&policies[1], &schemes[1], &from,
					   &to),
			     covers[s]);
	}
}

Test(cover, of_two_policies_the_later_begin_then_the_smaller_id)
{
	int two = 0;

	policy(3, S("P-2022b"), S("SZ2022"));
	in.policy_count = 4;
	cr_assert(str_eq(policy_of_day(&in, in.as_of, &two)->policy_id,
			 S("P-2022")));
	cr_assert_eq(two, 1);
	policies[3].cover_from = date_of(2022, 8, 1);
	cr_assert(str_eq(policy_of_day(&in, in.as_of, &two)->policy_id,
			 S("P-2022b")));
	two = 0;
	cr_assert(str_eq(policy_of_day(&in, date_of(2022, 7, 31),
				       &two)->policy_id,
			 S("P-2022")));
	cr_assert_eq(two, 0);
}

Test(cover, each_failing_test_has_its_reason)
{
	struct shipment *s = shipped(S("S"), 100000, date_of(2022, 8, 1));

	s->due_date = date_of(2023, 8, 1);
	compute();
	cr_assert_eq(sum.reasons, 0);
	s->due_date++;
	compute();
	cr_assert_eq(sum.reasons, COVER_T);
	s->due_date = DATE_NONE;
	s->own_customs = 0;
	compute();
	cr_assert_eq(sum.reasons, COVER_S);
	cr_assert_eq(sum.scope, SCOPE_OUT);
	s->own_customs = 1;
	s->affiliate = 1;
	compute();
	cr_assert_eq(sum.reasons, COVER_A);
	s->affiliate = 0;
	s->disputed = 1;
	compute();
	cr_assert_eq(sum.reasons, COVER_X);
	s->disputed = 0;
	s->declared = 0;
	compute();
	cr_assert_eq(sum.reasons, 0);
	policies[1].declaration = 1;
	compute();
	cr_assert_eq(sum.reasons, COVER_D);
	expect(0, 100000, 0, 100000);
}

Test(cover, max_credit_days_other_than_a_year_count_days)
{
	struct shipment *s = shipped(S("S"), 100000, date_of(2022, 8, 1));

	schemes[1].max_credit_days = 90;
	s->due_date = s->ship_date + 90;
	compute();
	cr_assert_eq(sum.reasons, 0);
	s->due_date++;
	compute();
	cr_assert_eq(sum.reasons, COVER_T);
}

Test(cover, what_does_not_count)
{
	shipped(S("a"), 100, date_of(2022, 8, 1))->status = SHIPMENT_PAID;
	shipped(S("b"), 100, date_of(2022, 8, 1))->status =
		SHIPMENT_CANCELLED;
	shipped(S("c"), 100, date_of(2022, 8, 1))->payment_term =
		TERM_PREPAID;
	ship(S("d"), 100)->contract_date = date_of(2022, 12, 28);
	compute();
	cr_assert_eq(row_count, 0);
	cr_assert_eq(sum.quality, QUALITY_NONE);
	cr_assert(str_eq(sum.policy->policy_id, S("P-2022")));
	/* overpaid is nothing, never negative */
	shipped(S("e"), 100, date_of(2022, 8, 1))->paid_minor = 150;
	/* leaves tomorrow: an order still */
	shipped(S("f"), 700, date_of(2022, 12, 28));
	shipped(S("g"), 500, date_of(2022, 8, 1))->status = SHIPMENT_CLAIMED;
	compute();
	cr_assert_eq(sum.open, 500);
	cr_assert_eq(sum.unshipped, 700);
}

Test(cover, overdue_counts_from_the_day_after_due)
{
	struct shipment *s = shipped(S("S"), 100000, date_of(2022, 8, 1));

	s->due_date = in.as_of;
	compute();
	cr_assert_eq(sum.overdue, 0);
	cr_assert_eq(sum.max_dpd, 0);
	s->due_date = in.as_of - 31;
	compute();
	cr_assert_eq(sum.overdue, 100000);
	cr_assert_eq(sum.max_dpd, 31);
}

Test(cover, documents_not_released_are_goods_in_transit)
{
	struct shipment *s = shipped(S("S"), 100000, date_of(2022, 12, 1));

	compute();
	cr_assert_not(sum.in_transit); /* O/A: the buyer has them */
	s->payment_term = TERM_DP;
	compute();
	cr_assert(sum.in_transit);
	s->docs_released_on = date_of(2022, 12, 20);
	compute();
	cr_assert_not(sum.in_transit);
}

Test(cover, imminent_is_seven_days)
{
	struct shipment *s = ship(S("S"), 100000);

	s->etd = in.as_of + 7;
	compute();
	cr_assert(sum.imminent);
	s->etd = in.as_of + 8;
	compute();
	cr_assert_not(sum.imminent);
	s->etd = DATE_NONE;
	compute();
	cr_assert_not(sum.imminent);
	s->status = SHIPMENT_READY;
	compute();
	cr_assert(sum.imminent);
}

Test(cover, two_policy_years_have_a_row_each_and_a_cap_each)
{
	shipped(S("a"), 20000000, date_of(2022, 6, 1));
	shipped(S("b"), 20000000, date_of(2022, 8, 1));
	ship(S("c"), 100)->etd = date_of(2023, 1, 10);
	compute();
	cr_assert_eq(row_count, 2);
	cr_assert(str_eq(rows[0].policy->policy_id, S("P-2021")));
	cr_assert(str_eq(sum.policy->policy_id, S("P-2022")));
	expect(30000000, 10000000, 30000000, 10000100);
	cr_assert_eq(sum.shipments, 3);
	cr_assert_eq(sum.orders, 1);
}

