/*
 * test_cover_more.c - limits, receipts, country cover, annual caps, rates.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"

#define D(m, d) date_of(2022, m, d)

static struct arena arena;
static struct scheme scheme;
static struct policy policy;
static struct shipment ships[8];
static struct limit limits[3];
static struct receipt receipts[3];
static struct country_cover country[2];
static struct fx_rate fx[8];
static struct cover_in in;
static struct cover_row *rows;
static size_t row_count;

static struct shipment *
ship(struct str id, int64_t amount, int32_t day)
{
	struct shipment *s = &ships[in.shipment_count++];

	*s = (struct shipment){
		.shipment_id = id,
		.amount_minor = amount,
		.currency = S("USD"),
		.payment_term = TERM_OA,
		.contract_date = DATE_NONE,
		.etd = DATE_NONE,
		.ship_date = day,
		.due_date = DATE_NONE,
		.status = SHIPMENT_SHIPPED,
		.own_contract = 1,
		.own_customs = 1,
		.declared = 1,
		.docs_released_on = DATE_NONE,
	};
	return s;
}

static struct limit *
limit(int64_t amount, int32_t from)
{
	struct limit *l = &limits[in.limit_count++];

	*l = (struct limit){
		.policy_id = S("P"),
		.effective_from = from,
		.effective_to = DATE_NONE,
		.amount_minor = amount,
		.currency = S("USD"),
	};
	return l;
}

static struct receipt *
receipt(int64_t amount, int32_t day, struct str shipment_id)
{
	struct receipt *r = &receipts[in.receipt_count++];

	*r = (struct receipt){ S("R"), amount, S("USD"), day, shipment_id,
			       RECEIPT_UNSAID };
	return r;
}

static void
rate(struct str base, struct str quote, struct str text, int32_t day)
{
	fx[in.fx_count++] = (struct fx_rate){ base, quote, text, day };
}

static void
setup(void)
{
	cr_assert_eq(arena_init(&arena, 1 << 20), ERR_OK);
	scheme = (struct scheme){
		.scheme_id = S("SZ"),
		.insured_bp = 8000,
		.cap_minor = 15000000,
		.cap_currency = S("USD"),
		.cap_basis = CAP_INDEMNITY,
		.year_from = D(1, 1),
		.year_to = D(12, 31),
		.pickup_deadline = DATE_NONE,
		.max_credit_days = 365,
		.annual_cap_minor = -1,
	};
	policy = (struct policy){
		.policy_id = S("P"),
		.scheme_id = S("SZ"),
		.status = POLICY_EFFECTIVE,
		.picked_up_on = DATE_NONE,
		.issued_on = DATE_NONE,
		.cover_from = DATE_NONE,
		.cover_to = DATE_NONE,
		.dcl_minor = -1,
	};
	in = (struct cover_in){
		.policy = &policy,
		.policy_count = 1,
		.scheme = &scheme,
		.scheme_count = 1,
		.shipment = ships,
		.limit = limits,
		.receipt = receipts,
		.country = country,
		.fx = fx,
		.as_of = D(6, 30),
		.knew_at = TIME_NONE,
	};
}

static void
teardown(void)
{
	arena_fini(&arena);
}

static void
insured(int64_t now, int64_t open, unsigned reasons)
{
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_OK);
	cr_assert_eq(row_count, 1);
	cr_assert_eq(rows[0].insured, now, "insured %lld",
		     (long long)rows[0].insured);
	cr_assert_eq(rows[0].open, open, "open %lld",
		     (long long)rows[0].open);
	cr_assert_eq(rows[0].insured + rows[0].uninsured, open);
	cr_assert_eq(rows[0].reasons, reasons, "reasons %x",
		     rows[0].reasons);
}

TestSuite(cover_more, .init = setup, .fini = teardown);

Test(cover_more, a_limit_bounds_the_loss_before_the_share)
{
	ship(S("a"), 20000000, D(3, 1));
	limit(10000000, D(1, 1));
	insured(8000000, 20000000, 0);
	limits[0].amount_minor = 18000000;
	scheme.cap_basis = CAP_LOSS;
	insured(12000000, 20000000, 0);
}

Test(cover_more, each_way_a_limit_removes_cover)
{
	ship(S("a"), 100000, D(3, 1));
	limit(100000, D(3, 1));
	insured(80000, 100000, 0);
	limits[0].effective_from = D(3, 2); /* only later rows */
	insured(0, 100000, COVER_L);
	limits[0].effective_from = D(3, 1);
	for (int s = LIMIT_WITHDRAWN; s <= LIMIT_DECLINED; s++) {
		limits[0].status = (enum limit_status)s;
		insured(0, 100000, COVER_L);
	}
	limits[0].status = LIMIT_REDUCED;
	insured(80000, 100000, 0);
	limits[0].amount_minor = 0;
	insured(0, 100000, COVER_L);
	limits[0].amount_minor = 100000;
	limits[0].effective_from = D(2, 1);
	limits[0].effective_to = D(2, 28);
	insured(0, 100000, COVER_L);
	limits[0].effective_to = D(3, 1); /* the last day is in */
	insured(80000, 100000, 0);
	limits[0].payment_term = TERM_DP + 1; /* O/A is riskier */
	insured(0, 100000, COVER_L);
	limits[0].payment_term = TERM_OA + 1;
	insured(80000, 100000, 0);
	limits[0].policy_id = S("Q"); /* another policy's */
	limits[0].amount_minor = 0;
	insured(80000, 100000, 0);
}

Test(cover_more, terms_grow_riskier_from_lc_to_oa)
{
	static const enum payment_term order[] = { TERM_LC, TERM_DP, TERM_DA,
						   TERM_OA };

	ship(S("a"), 100000, D(3, 1));
	limit(100000, D(1, 1));
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++) {
			ships[0].payment_term = order[i];
			limits[0].payment_term = (int)order[k] + 1;
			insured(i <= k ? 80000 : 0, 100000,
				i <= k ? 0 : COVER_L);
		}
}

Test(cover_more, earlier_shipments_keep_their_limit)
{
	ship(S("a"), 10000000, D(2, 1));
	ship(S("b"), 10000000, D(3, 1));
	limit(10000000, D(1, 1));
	limit(5000000, D(3, 1))->status = LIMIT_REDUCED;
	insured(12000000, 20000000, 0);
}

Test(cover_more, receipts_pay_the_oldest_due_first)
{
	ship(S("b"), 100, D(2, 1))->due_date = D(5, 1);
	ship(S("a"), 100, D(2, 2))->due_date = D(5, 1);
	ship(S("c"), 100, D(2, 3))->due_date = D(4, 1);
	ship(S("d"), 100, D(2, 4));
	ships[0].own_customs = 0; /* b is not covered: who was paid shows */
	receipt(250, D(6, 1), STR_NONE);
	/* c, a, half of b; d has no due date and is last */
	insured(80, 150, COVER_S);
	receipts[0].amount_minor = 300;
	insured(80, 100, 0); /* b is settled, its reason goes */
	receipts[0].amount_minor = 1000; /* what is left over is dropped */
	insured(0, 0, 0);
	receipts[0].received_on = D(7, 1); /* after the day */
	insured(240, 400, COVER_S);
	receipts[0].received_on = D(6, 30);
	receipts[0].kind = RECEIPT_RECOVERY;
	insured(240, 400, COVER_S);
	receipts[0].kind = RECEIPT_PAYMENT;
	receipts[0].currency = S("EUR");
	insured(240, 400, COVER_S);
}

Test(cover_more, a_named_receipt_pays_its_shipment_alone)
{
	ship(S("b"), 7000000, D(3, 20))->due_date = D(5, 19);
	ship(S("a"), 100, D(3, 20))->due_date = D(4, 1);
	/* V9: 70,000 resold at 45,000 */
	receipt(4500000, D(6, 1), S("b"))->kind = RECEIPT_RESALE;
	insured(2000080, 2500100, 0);
	receipts[0].amount_minor = 9000000; /* not passed on to a */
	insured(80, 100, 0);
	receipts[0].shipment_id = S("x");
	insured(5600080, 7000100, 0);
}

Test(cover_more, a_named_receipt_goes_before_the_others)
{
	ship(S("a"), 100, D(3, 1))->due_date = D(4, 1);
	ship(S("b"), 100, D(3, 1))->due_date = D(5, 1);
	receipt(100, D(6, 1), STR_NONE);
	receipt(100, D(6, 2), S("a"));
	insured(0, 0, 0);
}

Test(cover_more, excluded_and_off_countries_remove_cover)
{
	static const unsigned why[] = { 0, 0, COVER_C, COVER_C };

	ship(S("a"), 100000, D(3, 1));
	in.country_count = 1;
	for (int s = COUNTRY_OPEN; s <= COUNTRY_EXCLUDED; s++) {
		country[0] = (struct country_cover){
			D(3, 1), DATE_NONE, (enum country_status)s
		};
		insured(why[s] == 0 ? 80000 : 0, 100000, why[s]);
	}
	country[0].effective_from = D(3, 2); /* run-off */
	insured(80000, 100000, 0);
	country[0].effective_from = D(2, 1);
	country[0].effective_to = D(2, 28);
	insured(80000, 100000, 0);
	country[0].effective_to = D(3, 1);
	insured(0, 100000, COVER_C);
	in.country_count = 2; /* the newest decides */
	country[1] = (struct country_cover){ D(2, 2), DATE_NONE,
					     COUNTRY_OPEN };
	insured(80000, 100000, 0);
}

Test(cover_more, the_annual_cap_is_given_out_in_order)
{
	ship(S("a"), 10000000, D(3, 1));
	scheme.annual_cap_minor = 10000000;
	policy.paid_to_date_minor = 1000000;
	in.rest = cover_rest_new(&in, &arena);
	insured(8000000, 10000000, 0);
	insured(1000000, 10000000, 0); /* the next obligor gets what is left */
	insured(0, 10000000, 0);
	in.rest = NULL; /* alone: the whole */
	insured(8000000, 10000000, 0);
	policy.paid_to_date_minor = 10000001;
	insured(0, 10000000, 0);
	cr_assert_eq(rows[0].if_insured, 0);
	cr_assert_eq(rows[0].if_uninsured, 10000000);
}

/* The worked table: to the cent, also where shorter ways go wrong. */
Test(cover_more, cross_rates_over_the_euro_are_exact)
{
	int32_t day = date_of(2026, 4, 13);
	int64_t usd = 0;

	rate(S("EUR"), S("USD"), S("1.1684"), day);
	rate(S("EUR"), S("CNY"), S("7.9827"), day);
	rate(S("EUR"), S("JPY"), S("186.75"), day);
	rate(S("EUR"), S("GBP"), S("0.87058"), day);
	in.as_of = day + 1;
	cr_assert_eq(cover_convert(&in, 100000000, S("CNY"), S("USD"), &usd),
		     ERR_OK);
	cr_assert_eq(usd, 14636652);
	cr_assert_eq(cover_convert(&in, 1000000, S("JPY"), S("USD"), &usd),
		     ERR_OK);
	cr_assert_eq(usd, 625649);
	cr_assert_eq(cover_convert(&in, 100000000, S("GBP"), S("USD"), &usd),
		     ERR_OK);
	cr_assert_eq(usd, 134209378);
	in.as_of = day - 1;
	cr_assert_eq(cover_convert(&in, 1, S("CNY"), S("USD"), &usd),
		     ERR_ABSENT);
	cr_assert_not(cover_fx_stale(&fx[0], day + 6));
	cr_assert(cover_fx_stale(&fx[0], day + 7));
}

Test(cover_more, both_legs_are_of_one_day)
{
	int64_t usd = 0;

	rate(S("EUR"), S("USD"), S("2"), D(6, 1));
	rate(S("EUR"), S("GBP"), S("1"), D(6, 1));
	rate(S("EUR"), S("USD"), S("3"), D(6, 2));
	cr_assert_eq(cover_convert(&in, 100, S("GBP"), S("USD"), &usd),
		     ERR_OK);
	cr_assert_eq(usd, 200);
	rate(S("GBP"), S("USD"), S("5"), D(6, 2)); /* a newer day */
	cr_assert_eq(cover_convert(&in, 100, S("GBP"), S("USD"), &usd),
		     ERR_OK);
	cr_assert_eq(usd, 500);
}

Test(cover_more, halves_go_to_even)
{
	static const int64_t want[] = { 0, 0, 1, 2, 2, 2, 3, 4 };
	int64_t out = -1;

	rate(S("EUR"), S("USD"), S("0.5"), D(6, 1));
	for (int64_t i = 0; i < 8; i++) {
		cr_assert_eq(cover_convert(&in, i, S("EUR"), S("USD"), &out),
			     ERR_OK);
		cr_assert_eq(out, want[i]);
	}
}

Test(cover_more, a_limit_without_a_rate_covers_nothing)
{
	ship(S("a"), 100000, D(3, 1));
	limit(100000, D(1, 1))->currency = S("EUR");
	insured(0, 100000, COVER_F);
	cr_assert_eq(rows[0].quality, QUALITY_ESTIMATED);
	rate(S("EUR"), S("USD"), S("0.5"), D(6, 1));
	insured(40000, 100000, 0);
	cr_assert_eq(rows[0].fx_count, 1);
}

Test(cover_more, a_status_does_not_make_a_shipment_shipped)
{
	ship(S("a"), 100, DATE_NONE)->status = SHIPMENT_CLAIMED;
	ship(S("b"), 100, D(7, 1))->etd = D(6, 29); /* leaves tomorrow */
	insured(0, 0, 0);
	cr_assert_eq(rows[0].unshipped, 200);
	cr_assert_eq(rows[0].next_etd, D(6, 29));
}

/* So many like the first one; the caller's. */
static void *
copies(const void *one, size_t size, size_t n)
{
	char *all = calloc(n, size);

	cr_assert_not_null(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * size, one, size);
	return all;
}

static enum err
rows_of(struct arena *big)
{
	arena_rewind(big, 0);
	return cover_rows(&in, big, &rows, &row_count);
}

Test(cover_more, quantities_at_their_limits)
{
	const struct cover_in one = in;
	struct arena big;
	void *many;

	cr_assert_eq(arena_init(&big, 256u << 20), ERR_OK);
	ship(S("a"), 100, D(3, 1));
#define AT_ITS_LIMIT(what, most, first)                                        \
	many = copies(first, sizeof(*in.what), (most) + 1u);                   \
	in.what = many;                                                        \
	in.what##_count = (most);                                              \
	cr_assert_eq(rows_of(&big), ERR_OK, #most);                            \
	in.what##_count = (most) + 1u;                                         \
	cr_assert_eq(rows_of(&big), ERR_LIMIT, #most);                         \
	free(many);                                                            \
	in.what = one.what;                                                    \
	in.what##_count = one.what##_count;

	AT_ITS_LIMIT(limit, COVER_LIMITS_MAX, limit(100, D(1, 1)))
	AT_ITS_LIMIT(receipt, COVER_RECEIPTS_MAX,
		     receipt(1, D(3, 2), S("a")))
	AT_ITS_LIMIT(fx, COVER_FX_MAX, (rate(S("EUR"), S("USD"), S("0.5"),
					     D(6, 1)), &fx[0]))
	AT_ITS_LIMIT(policy, COVER_POLICIES_MAX, &policy)
	AT_ITS_LIMIT(shipment, COVER_SHIPMENTS_MAX, &ships[0])
	arena_fini(&big);
}

static struct str
currency(char name[4], size_t i)
{
	name[0] = (char)('A' + i / 26);
	name[1] = (char)('A' + i % 26);
	name[2] = 'X';
	name[3] = '\0';
	return str_of(name);
}

/* Currencies of one exposure: of its shipments, of what came, of what came
 * without a shipment's name. */
Test(cover_more, currencies_at_the_limit_and_one_more)
{
	static char name[COVER_CCY_MAX + 1][4];
	struct shipment *s;
	struct receipt *r;
	struct cover_recovery *got = NULL;
	size_t n = 0;

	ship(S("a"), 100, D(3, 1));
	s = copies(&ships[0], sizeof(*s), COVER_CCY_MAX + 1);
	r = copies(receipt(1, D(3, 2), S("a")), sizeof(*r), COVER_CCY_MAX + 1);
	for (size_t i = 0; i <= COVER_CCY_MAX; i++) {
		s[i].currency = currency(name[i], i);
		r[i].currency = s[i].currency;
		r[i].kind = RECEIPT_RECOVERY;
	}
	for (size_t more = 0; more < 2; more++) {
		enum err want = more == 0 ? ERR_OK : ERR_LIMIT;

		in.receipt_count = 0;
		in.shipment = s;
		in.shipment_count = COVER_CCY_MAX + more;
		cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), want);
		in.shipment_count = 1;
		cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count),
			     ERR_OK);
		in.receipt = r;
		in.receipt_count = COVER_CCY_MAX + more;
		cr_assert_eq(cover_recoveries(&in, rows, row_count, &arena,
					      &got, &n), want);
		for (size_t i = 0; i <= COVER_CCY_MAX; i++) {
			r[i].kind = RECEIPT_PAYMENT;
			r[i].shipment_id = STR_NONE;
		}
		cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), want);
		for (size_t i = 0; i <= COVER_CCY_MAX; i++)
			r[i].kind = RECEIPT_RECOVERY;
	}
	free(s);
	free(r);
}

/* Three limits, one after the other, and shipments under each. */
Test(cover_more, limits_times_currencies_at_the_limit_and_one_more)
{
	static char name[COVER_CCY_MAX][4];
	const int32_t day[] = { D(3, 1), D(4, 1), D(5, 1) };
	struct shipment *s;

	for (size_t i = 0; i < 3; i++)
		(void)limit(100, day[i]);
	ship(S("a"), 100, D(3, 1));
	s = copies(&ships[0], sizeof(*s), COVER_GROUPS_MAX + 1);
	for (size_t i = 0; i <= COVER_GROUPS_MAX; i++) {
		s[i].currency = currency(name[i % COVER_CCY_MAX],
					 i % COVER_CCY_MAX);
		s[i].ship_date = day[i / COVER_CCY_MAX];
	}
	in.shipment = s;
	in.shipment_count = COVER_GROUPS_MAX;
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_OK);
	in.shipment_count = COVER_GROUPS_MAX + 1;
	cr_assert_eq(cover_rows(&in, &arena, &rows, &row_count), ERR_LIMIT);
	free(s);
}
