/*
 * test_rates.c - exchange rates from a feed into the table.
 */
#include <criterion/criterion.h>

#include "book_import.h"
#include "rates.h"

#define TODAY date_of(2022, 2, 4)

static struct arena arena;
static struct store *store;
static struct notice_rate rate[NOTICE_RATES_MAX];
static struct rates_taken got;

static void
setup(void)
{
	struct diag d = { 0 };

	cr_assert_eq(arena_init(&arena, 16 << 20), ERR_OK);
	cr_assert_eq(store_open(":memory:", &store, &d), ERR_OK);
	cr_assert_eq(store_begin(store), ERR_OK);
}

static void
teardown(void)
{
	cr_assert_eq(store_commit(store), ERR_OK);
	store_close(store);
	arena_fini(&arena);
}

TestSuite(rates, .init = setup, .fini = teardown);

static struct notice
notice(size_t count)
{
	return (struct notice){ .source = S("ecb"),
				.record = S("2022-02-03"),
				.action = ACTION_NEW,
				.subject = SUBJECT_RATE,
				.kind = S("INFO"),
				.rates = rate,
				.rate_count = count,
				.natural_person = -1,
				.occurred_on = DATE_NONE,
				.effective_on = date_of(2022, 2, 3),
				.deadline_on = DATE_NONE,
				.published_at = TIME_NONE,
				.recorded_at = 0,
				.certainty = CERTAINTY_OFFICIAL };
}

static struct str
json_of(const struct notice *n)
{
	struct buf b;
	struct str s;

	buf_init(&b, NOTICE_JSON_MAX);
	notice_put(&b, n);
	s = arena_str(&arena, buf_str(&b));
	buf_free(&b);
	return s;
}

/* "none", or the rate of the pair on that day and no other. */
static struct str
rate_on(const char *base, const char *quote, int32_t day)
{
	struct fx_rate *row = NULL;
	size_t n = 0;

	cr_assert_eq(store_fx(store, str_of(base), str_of(quote), day, &arena,
			      &row, &n),
		     ERR_OK);
	for (size_t i = 0; i < n; i++)
		if (str_eq(row[i].base, str_of(base)) &&
		    str_eq(row[i].quote, str_of(quote)) && row[i].as_of == day)
			return row[i].rate;
	return S("none");
}

static void
expect(const char *base, const char *quote, int32_t day, const char *value)
{
	struct str s = rate_on(base, quote, day);

	cr_assert(str_eq(s, str_of(value)), "%s%s: %.*s, not %s", base, quote,
		  STR_ARG(s), value);
}

static void
apply(const struct notice *n, struct str before)
{
	cr_assert_eq(rates_check(n, TODAY), ERR_OK);
	cr_assert_eq(rates_apply(store, n, before, &arena, &got), ERR_OK);
}

Test(rates, of_a_day_are_kept_as_written_and_replaced_by_the_next_writer)
{
	int32_t day = date_of(2022, 2, 3);
	struct notice n = notice(3);

	rate[0] = (struct notice_rate){ S("EUR"), S("USD"), S("1.1290") };
	rate[1] = (struct notice_rate){ S("EUR"), S("HKD"), S("8.8024") };
	rate[2] = (struct notice_rate){ S("EUR"), S("QQQ"), S("2") };
	apply(&n, STR_NONE);
	cr_assert_eq(got.kept, 2);
	cr_assert_eq(got.left_out, 1);
	cr_assert_eq(got.removed, 0);
	expect("EUR", "USD", day, "1.1290");
	expect("EUR", "HKD", day, "8.8024");
	rate[0].value = S("1.13");
	apply(&n, STR_NONE);
	expect("EUR", "USD", day, "1.13");
}

Test(rates, that_an_amended_record_no_longer_says_go)
{
	int32_t day = date_of(2022, 2, 3);
	struct notice n = notice(2);
	struct str before;

	rate[0] = (struct notice_rate){ S("EUR"), S("USD"), S("1.1290") };
	rate[1] = (struct notice_rate){ S("EUR"), S("HKD"), S("8.8024") };
	apply(&n, STR_NONE);
	before = json_of(&n);
	n = notice(1);
	n.action = ACTION_AMEND;
	rate[0].value = S("1.1291");
	apply(&n, before);
	cr_assert_eq(got.removed, 1);
	expect("EUR", "USD", day, "1.1291");
	expect("EUR", "HKD", day, "none");
	/* And when the day was wrong, they move. */
	before = json_of(&n);
	n.effective_on = date_of(2022, 2, 2);
	apply(&n, before);
	expect("EUR", "USD", day, "none");
	expect("EUR", "USD", date_of(2022, 2, 2), "1.1291");
}

Test(rates, that_are_cancelled_go_unless_somebody_else_wrote_them)
{
	int32_t day = date_of(2022, 2, 3);
	const struct fx_rate ours = { S("EUR"), S("HKD"), S("8.8"), day };
	struct notice n = notice(2);
	struct str before;

	rate[0] = (struct notice_rate){ S("EUR"), S("USD"), S("1.1290") };
	rate[1] = (struct notice_rate){ S("EUR"), S("HKD"), S("8.8024") };
	apply(&n, STR_NONE);
	before = json_of(&n);
	cr_assert_eq(store_fx_put(store, &ours), ERR_OK);
	n = notice(0);
	n.action = ACTION_CANCEL;
	n.effective_on = DATE_NONE;
	apply(&n, before);
	cr_assert_eq(got.removed, 1);
	expect("EUR", "USD", day, "none");
	expect("EUR", "HKD", day, "8.8");
	/* Nothing is left to take back. */
	apply(&n, json_of(&n));
	cr_assert_eq(got.removed, 0);
}

Test(rates, need_a_day_that_has_come)
{
	struct notice n = notice(0);

	n.effective_on = DATE_NONE;
	cr_assert_eq(rates_check(&n, TODAY), ERR_INPUT);
	n.occurred_on = TODAY;
	cr_assert_eq(rates_check(&n, TODAY), ERR_OK);
	n.effective_on = TODAY + 1; /* east of Shanghai it is tomorrow */
	cr_assert_eq(rates_check(&n, TODAY), ERR_OK);
	n.effective_on = TODAY + 2;
	cr_assert_eq(rates_check(&n, TODAY), ERR_INPUT);
}

Test(rates, are_checked_before_they_are_a_notice)
{
	struct notice n = notice(1);
	struct diag d = { 0 };
	static const char *const bad[] = { "", "0", "0.000", "-1", "1e3",
					   "1,5", ".5", "1.", "1234567890",
					   "1.0123456789" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rate[0] = (struct notice_rate){ S("EUR"), S("USD"),
						str_of(bad[i]) };
		cr_assert_eq(notice_check(&n, &d), ERR_INPUT, "%s", bad[i]);
	}
	rate[0] = (struct notice_rate){ S("EUR"), S("USD"),
					S("123456789.123456789") };
	cr_assert_eq(notice_check(&n, &d), ERR_OK, "%s", d.why);
	rate[0].quote = S("usd");
	cr_assert_eq(notice_check(&n, &d), ERR_INPUT);
	rate[0].quote = S("USDX");
	cr_assert_eq(notice_check(&n, &d), ERR_INPUT);
}

Test(rates, as_many_as_a_notice_may_have)
{
	struct notice n = notice(NOTICE_RATES_MAX);
	struct notice back;
	struct diag d = { 0 };

	for (size_t i = 0; i < NOTICE_RATES_MAX; i++)
		rate[i] = (struct notice_rate){ S("EUR"), S("USD"),
						S("1.1290") };
	cr_assert_eq(notice_get(json_of(&n), &arena, &back, &d), ERR_OK);
	apply(&back, STR_NONE);
	cr_assert_eq(got.kept, NOTICE_RATES_MAX);
	n.rate_count++;
	cr_assert_eq(notice_check(&n, &d), ERR_LIMIT);
}
