/*
 * test_prepare.c - dates with formats and zones, and the other steps.
 */
#include <criterion/criterion.h>

#include "prepare.h"

static void
expect(const char *step, const char *in, const char *want)
{
	struct buf b;
	struct diag d = { 0 };
	enum err err;

	cr_assert_eq(prepare_check(str_of(step), &d), ERR_OK, "%s: %s", step,
		     d.why);
	buf_init(&b, 65536);
	err = prepare_do(str_of(step), str_of(in), NULL, &b, &d);
	if (want == NULL) {
		cr_assert_neq(err, ERR_OK, "%s %s", step, in);
		cr_assert_neq(d.why[0], 0);
	} else {
		cr_assert_eq(err, ERR_OK, "%s %s: %s", step, in, d.why);
		buf_byte(&b, 0);
		cr_assert_str_eq(b.p, want, "%s %s gave %s", step, in, b.p);
	}
	buf_free(&b);
}

Test(prepare, rfc3339)
{
	expect("date(rfc3339)", "2022-12-27T01:12:03.214+08:00",
	       "\"2022-12-26T17:12:03.214Z\"");
	expect("date(rfc3339)", " 2022-12-27 ", "\"2022-12-27\"");
	expect("date(rfc3339)", "2022-12-27T01:12:03", NULL);
	expect("date(rfc3339)", "27.12.2022", NULL);
}

Test(prepare, rfc822)
{
	expect("date(rfc822)", "Tue, 27 Dec 2022 01:12:03 GMT",
	       "\"2022-12-27T01:12:03.000Z\"");
	expect("date(rfc822)", "27 Dec 22 01:12 EST",
	       "\"2022-12-27T06:12:00.000Z\"");
	expect("date(rfc822)", "Tue, 27 Dec 2022 01:12:03 -0530",
	       "\"2022-12-27T06:42:03.000Z\"");
	expect("date(rfc822)", "Tue, 31 Jun 2022 01:12:03 GMT", NULL);
	expect("date(rfc822)", "Tue, 27 Dec 2022 01:12:03", NULL);
	expect("date(rfc822)", "Tue, 27 Dec 2022 01:12:03 XYZ", NULL);
	expect("date(rfc822)", "", NULL);
}

/* British summer time is an hour off; the clocks change in the night. */
Test(prepare, patterns_and_zones)
{
	const char *london = "date(yyyy-MM-ddTHH:mm:ss, Europe/London)";

	expect(london, "2021-01-25T09:37:01", "\"2021-01-25T09:37:01.000Z\"");
	expect(london, "2021-07-25T09:37:01", "\"2021-07-25T08:37:01.000Z\"");
	expect(london, "2021-03-28T03:00:00", "\"2021-03-28T02:00:00.000Z\"");
	expect(london, "2021-07-25T09:37:01Z", NULL);
	expect("date(dd/MM/yyyy)", "3/11/2023", "\"2023-11-03\"");
	expect("date(dd-MMM-yy)", "03-Nov-23", "\"2023-11-03\"");
	expect("date(dd-MMM-yy)", "03-nov-71", "\"1971-11-03\"");
	expect("date(dd/MM/yyyy)", "30/02/2023", NULL);
	expect("date(dd/MM/yyyy)", "dd/mm/1968", NULL);
	expect("date(dd/MM/yyyy)", "03/11/1899", NULL);
	expect("date(yyyyMMddHHmmss, UTC)", "20211008152823",
	       "\"2021-10-08T15:28:23.000Z\"");
}

Test(prepare, other_steps)
{
	expect("json", "{\"a\":[1,2.50]}", "{\"a\":[\"1\",\"2.50\"]}");
	expect("json", "{\"a\":", NULL);
	expect("json", "{\"a\":1,\"a\":2}", NULL);
	expect("split(;)", "a; b ;;c", "[\"a\",\"b\",\"c\"]");
	expect("split(;)", "", "[]");
	expect("split( | )", "a | b", "[\"a\",\"b\"]");
	expect("html", "<p>A &amp; B<br/>GmbH</p>\n <script>x</script>",
	       "\"A & B GmbH x\"");
	expect("html", "a &lt; b &bogus;", "\"a < b &bogus;\"");
	expect("country", " gb ", "\"GB\"");
	expect("country", "ZZ", NULL);
	expect("country", "GBR", NULL);
	expect("amount", "1,234,567.80", "\"1234567.80\"");
	expect("amount", "-5", NULL);
	expect("amount", "5.", NULL);
	expect("amount", "USD 5", NULL);
	expect("id(lei)", " x ", "\"x\"");
}

Test(prepare, ids_by_their_scheme)
{
	struct arena a;
	struct idschemes t;
	struct diag d = { 0 };
	struct buf b;

	cr_assert_eq(arena_init(&a, 65536), ERR_OK);
	cr_assert_eq(idschemes_get(S("gb-coh\t1\t0pX8\tnone\n"), &a, &t, &d),
		     ERR_OK);
	buf_init(&b, 100);
	cr_assert_eq(prepare_do(S("id(gb-coh)"), S("12 34"), &t, &b, &d),
		     ERR_OK, "%s", d.why);
	cr_assert(str_eq(buf_str(&b), S("\"00001234\"")), "%.*s",
		  STR_ARG(buf_str(&b)));
	cr_assert_neq(prepare_do(S("id(gb-coh)"), S("123456789"), &t, &b, &d),
		      ERR_OK);
	buf_free(&b);
	arena_fini(&a);
}

Test(prepare, what_is_no_step)
{
	static const char *const bad[] = {
		"",	  "dates",     "date()",       "date(HH:mm)",
		"split",  "split()",   "date(dd/MM)",  "json(x)",
		"html()", "id()",      "date(rfc822, UTC)",
		"date(yyyy-MM-dd HH:mm, Europe/Nowhere)",
		"date(yyyy-MM-dd HH:mm)",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct diag d = { 0 };

		cr_assert_eq(prepare_check(str_of(bad[i]), &d), ERR_CONFIG,
			     "%s", bad[i]);
		cr_assert_neq(d.why[0], 0);
	}
}

Test(prepare, parts_at_the_limit_and_one_more)
{
	for (unsigned more = 0; more <= 1; more++) {
		struct buf in;
		struct buf out;
		struct diag d = { 0 };

		buf_init(&in, 1u << 20);
		buf_init(&out, 1u << 20);
		for (unsigned i = 0; i < PREPARE_SPLIT_MAX + more; i++)
			buf_put(&in, S("x;"));
		cr_assert_eq(prepare_do(S("split(;)"), buf_str(&in), NULL,
					&out, &d),
			     more == 0 ? ERR_OK : ERR_LIMIT);
		buf_free(&in);
		buf_free(&out);
	}
}
