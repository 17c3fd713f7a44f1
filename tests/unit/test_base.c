/*
 * The base floor: every contract of str, buf, arena, clock, money, json.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "arena.h"
#include "json.h"

Test(base_str, numbers_are_whole_or_refused)
{
	uint64_t v = 7;

	cr_assert_eq(str_to_u64(S("0"), 9, &v), ERR_OK);
	cr_assert_eq(v, 0);
	cr_assert_eq(str_to_u64(S("18446744073709551615"), UINT64_MAX, &v),
		     ERR_OK);
	cr_assert_eq(v, UINT64_MAX);
	v = 7;
	cr_assert_eq(str_to_u64(S("18446744073709551616"), UINT64_MAX, &v),
		     ERR_LIMIT);
	cr_assert_eq(str_to_u64(S("10"), 9, &v), ERR_LIMIT);
	cr_assert_eq(str_to_u64(S("9"), 9, &v), ERR_OK);
	v = 7;
	cr_assert_eq(str_to_u64(S(""), 9, &v), ERR_INPUT);
	cr_assert_eq(str_to_u64(S("1junk"), 99, &v), ERR_INPUT);
	cr_assert_eq(str_to_u64(S("+1"), 9, &v), ERR_INPUT);
	cr_assert_eq(str_to_u64(S(" 1"), 9, &v), ERR_INPUT);
	cr_assert_eq(v, 7, "untouched on failure");
}

Test(base_str, signed_numbers)
{
	int64_t v = 0;

	cr_assert_eq(str_to_i64(S("-5"), 5, &v), ERR_OK);
	cr_assert_eq(v, -5);
	cr_assert_eq(str_to_i64(S("-6"), 5, &v), ERR_LIMIT);
	cr_assert_eq(str_to_i64(S("--1"), 5, &v), ERR_INPUT);
}

Test(base_str, cutting_and_trimming)
{
	struct str rest = S("a,b,,c");

	cr_assert(str_eq(str_cut(&rest, ','), S("a")));
	cr_assert(str_eq(str_cut(&rest, ','), S("b")));
	cr_assert(str_eq(str_cut(&rest, ','), S("")));
	cr_assert(str_eq(str_cut(&rest, ','), S("c")));
	cr_assert_eq(rest.n, 0);
	cr_assert(str_eq(str_trim(S(" \t x y\r\n")), S("x y")));
	cr_assert(str_eq(str_sub(S("abc"), 1, 99), S("bc")));
	cr_assert(str_eq(str_sub(S("abc"), 9, 1), S("")));
	cr_assert(str_ends(S("a.yaml"), S(".yaml")));
	cr_assert(!str_ends(S("yaml"), S(".yaml")));
}

Test(base_str, utf8_is_strict)
{
	static const char *const bad[] = {
		"\x80",	       "\xC0\xAF",	   "\xE0\x80\x80",
		"\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF",
		"a\xC3",       "\xE2\x82",
	};

	cr_assert(str_utf8(S("A\xC3\xA9\xE4\xBF\x9D\xF0\x9F\x9A\xA2")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert(!str_utf8(str_of(bad[i])), "case %zu", i);
	cr_assert(!str_utf8((struct str){ "a\0b", 3 }), "NUL");
	cr_assert_eq(str_chars(str_of("\xE4\xB9\xB0\xE6\x96\xB9" "ab")), 4);
}

Test(base_str, ids)
{
	char id[66];

	memset(id, 'a', sizeof(id));
	cr_assert(str_is_id((struct str){ id, 64 }));
	cr_assert(!str_is_id((struct str){ id, 65 }));
	cr_assert(!str_is_id(S("")));
	cr_assert(!str_is_id(S("a b")));
	cr_assert(str_is_id(S("EX-SZ_0001")));
}

Test(base_buf, the_cap_holds_and_sticks)
{
	struct buf b;

	buf_init(&b, 4);
	buf_put(&b, S("abcd"));
	cr_assert_eq(b.err, ERR_OK);
	buf_byte(&b, 'e');
	cr_assert_eq(b.err, ERR_LIMIT);
	cr_assert(str_eq(buf_str(&b), S("abcd")));
	buf_clear(&b);
	buf_printf(&b, "%d", 12345);
	cr_assert_eq(b.err, ERR_LIMIT);
	cr_assert_eq(b.n, 0);
	buf_free(&b);
}

Test(base_buf, what_is_written_is_read)
{
	struct buf b;
	struct rd r;

	buf_init(&b, 100);
	buf_byte(&b, 1);
	buf_be16(&b, 0x0203);
	buf_be32(&b, 0x04050607);
	buf_be64(&b, 0x08090a0b0c0d0e0fu);
	buf_blob(&b, S("xyz"));
	r = rd_of(buf_str(&b));
	cr_assert_eq(rd_u8(&r), 1);
	cr_assert_eq(rd_be16(&r), 0x0203);
	cr_assert_eq(rd_be32(&r), 0x04050607);
	cr_assert_eq(rd_be64(&r), 0x08090a0b0c0d0e0fu);
	cr_assert(str_eq(rd_blob(&r), S("xyz")));
	cr_assert_eq(rd_end(&r), ERR_OK);
	for (size_t n = 0; n < b.n; n++) {
		r = rd_of(str_sub(buf_str(&b), 0, n));
		(void)rd_bytes(&r, 15);
		(void)rd_blob(&r);
		cr_assert_eq(rd_end(&r), ERR_INPUT, "cut at %zu", n);
	}
	buf_free(&b);
}

Test(base_arena, full_is_null_and_rewind_gives_back)
{
	struct arena a;
	size_t mark;

	cr_assert_eq(arena_init(&a, 256), ERR_OK);
	mark = arena_mark(&a);
	cr_assert_not_null(arena_array(&a, char, 64));
	cr_assert_null(arena_get(&a, 1000, 1));
	cr_assert_null(arena_get(&a, SIZE_MAX / 2, 4), "overflow");
	arena_rewind(&a, mark);
	cr_assert_not_null(arena_get(&a, 200, 1));
	cr_assert_geq(a.high, 200);
	arena_fini(&a);
}

Test(base_arena, rewind_past_the_end_is_a_bug, .signal = SIGABRT)
{
	struct arena a;

	cr_assert_eq(arena_init(&a, 256), ERR_OK);
	arena_rewind(&a, 1);
}

static int64_t
time_at(const char *z)
{
	int64_t ms = -1;

	cr_assert_eq(time_get(str_of(z), &ms), ERR_OK, "%s", z);
	return ms;
}

Test(base_clock, times_are_rfc3339_with_a_zone)
{
	static const char *const bad[] = {
		"2022-12-27T01:12:00",	   "2022-12-27 01:12:00Z",
		"2022-02-29T00:00:00Z",	   "2022-13-01T00:00:00Z",
		"2022-12-27T24:00:00Z",	   "2022-12-27T01:12:00+15:00",
		"2022-12-27T01:12:00.Z",   "2022-12-27T01:12:00Zx",
		"1899-12-31T00:00:00Z",	   "2022-12-27T01:12:00+0800",
	};
	int64_t ms = 0;
	struct buf b;

	cr_assert_eq(time_at("1970-01-01T00:00:00Z"), 0);
	cr_assert_eq(time_at("2022-12-27T09:12:03.2145+08:00"),
		     time_at("2022-12-27T01:12:03.214Z"));
	cr_assert_eq(time_at("2016-12-31T23:59:60Z"),
		     time_at("2016-12-31T23:59:59Z"), "leap second");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(time_get(str_of(bad[i]), &ms), ERR_INPUT, "%s",
			     bad[i]);
	buf_init(&b, 64);
	time_put(&b, time_at("1969-12-31T23:59:59.001Z"));
	cr_assert(str_eq(buf_str(&b), S("1969-12-31T23:59:59.001Z")));
	buf_free(&b);
}

Test(base_clock, dates_round_trip_over_four_centuries)
{
	int32_t from = date_of(1900, 1, 1);
	int32_t to = date_of(2300, 1, 1);
	struct buf b;

	buf_init(&b, 32);
	for (int32_t d = from; d < to; d += 13) {
		int32_t back = 0;

		buf_clear(&b);
		date_put(&b, d);
		cr_assert_eq(date_get(buf_str(&b), &back), ERR_OK);
		cr_assert_eq(back, d);
	}
	buf_free(&b);
	cr_assert_eq(date_of(1970, 1, 1), 0);
	cr_assert_eq(date_of(2000, 3, 1) - date_of(2000, 2, 28), 2);
	cr_assert_eq(date_of(1900, 3, 1) - date_of(1900, 2, 28), 1);
}

Test(base_clock, the_day_is_shanghais)
{
	cr_assert_eq(date_shanghai(time_at("2022-12-26T15:59:59Z")),
		     date_of(2022, 12, 26));
	cr_assert_eq(date_shanghai(time_at("2022-12-26T16:00:00Z")),
		     date_of(2022, 12, 27));
	cr_assert_eq(date_add_year(date_of(2020, 2, 29)),
		     date_of(2021, 2, 28));
	cr_assert_eq(date_add_year(date_of(2023, 3, 1)), date_of(2024, 3, 1));
}

static int64_t
money(const char *s, const char *ccy)
{
	struct diag d = { 0 };
	int64_t v = -1;

	cr_assert_eq(money_get(str_of(s), str_of(ccy), &v, &d), ERR_OK,
		     "%s: %s", s, d.why);
	return v;
}

Test(base_money, decimal_strings)
{
	static const char *const bad[] = { "",	  ".5",	 "5.",	  "01",
					   "-1",  "+1",	 "1,000", "1e3",
					   "1.005", " 1", "1 " };
	struct diag d = { 0 };
	int64_t v = 0;

	cr_assert_eq(money("0", "USD"), 0);
	cr_assert_eq(money("200000.00", "USD"), 20000000);
	cr_assert_eq(money("1.5", "USD"), 150);
	cr_assert_eq(money("1500", "JPY"), 1500);
	cr_assert_eq(money("1.234", "KWD"), 1234);
	cr_assert_eq(money("999999999999999", "USD"), 99999999999999900);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_neq(money_get(str_of(bad[i]), S("USD"), &v, &d),
			      ERR_OK, "%s", bad[i]);
	cr_assert_eq(money_get(S("1000000000000000"), S("USD"), &v, &d),
		     ERR_LIMIT, "sixteen digits");
	cr_assert_neq(money_get(S("1.5"), S("JPY"), &v, &d), ERR_OK);
	cr_assert_neq(money_get(S("1"), S("XXX"), &v, &d), ERR_OK);
}

Test(base_money, printed_with_exactly_the_decimals)
{
	struct buf b;

	buf_init(&b, 64);
	money_put(&b, 5, S("USD"));
	cr_assert(str_eq(buf_str(&b), S("0.05")));
	buf_clear(&b);
	money_put(&b, 1500, S("JPY"));
	cr_assert(str_eq(buf_str(&b), S("1500")));
	buf_clear(&b);
	money_show(&b, 123456789012, S("USD"));
	cr_assert(str_eq(buf_str(&b), S("1,234,567,890.12")));
	buf_free(&b);
}

Test(base_money, the_product_does_not_overflow)
{
	cr_assert_eq(money_bp(9200000000000000000, 8000),
		     7360000000000000000, "V13");
	cr_assert_eq(money_bp(18749999, 8000), 14999999, "floor: V6");
	cr_assert_eq(money_bp(1, 9999), 0);
}

Test(base_money, conversion_is_half_even_and_exact)
{
	struct rate r = { 0 };
	int64_t v = 0;

	/* V2: HKD 1,800,000 at 7.80 */
	cr_assert_eq(rate_get(S("7.80"), &r), ERR_OK);
	cr_assert_eq(money_convert(180000000, S("HKD"), S("USD"), r,
				   RATE_DIVIDE, &v),
		     ERR_OK);
	cr_assert_eq(v, 23076923);
	cr_assert_eq(rate_get(S("0.5"), &r), ERR_OK);
	cr_assert_eq(money_convert(1, S("USD"), S("EUR"), r, RATE_MULTIPLY,
				   &v),
		     ERR_OK);
	cr_assert_eq(v, 0, "0.5 goes to even 0");
	cr_assert_eq(money_convert(3, S("USD"), S("EUR"), r, RATE_MULTIPLY,
				   &v),
		     ERR_OK);
	cr_assert_eq(v, 2, "1.5 goes to even 2");
	cr_assert_eq(rate_get(S("150"), &r), ERR_OK);
	cr_assert_eq(money_convert(100, S("USD"), S("JPY"), r, RATE_MULTIPLY,
				   &v),
		     ERR_OK);
	cr_assert_eq(v, 150, "no decimals in yen");
	cr_assert_eq(rate_get(S("999999999"), &r), ERR_OK);
	cr_assert_eq(money_convert(INT64_MAX, S("USD"), S("EUR"), r,
				   RATE_MULTIPLY, &v),
		     ERR_LIMIT);
	cr_assert_neq(rate_get(S("0"), &r), ERR_OK);
	cr_assert_neq(rate_get(S("1."), &r), ERR_OK);
}

Test(base_json, strict)
{
	static const char *const bad[] = { "{\"a\":1,\"a\":2}", "{} x", "[1,]",
					   "{\"a\":\"\xFF\"}", "" };
	struct diag d = { 0 };
	struct json *doc = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(json_read(str_of(bad[i]), &doc, &d), ERR_INPUT,
			     "%s", bad[i]);
}

Test(base_json, depth_at_max_and_one_more)
{
	char deep[2 * JSON_DEPTH_MAX + 4];
	struct diag d = { 0 };
	struct json *doc = NULL;

	for (unsigned n = JSON_DEPTH_MAX; n <= JSON_DEPTH_MAX + 1; n++) {
		memset(deep, '[', n);
		memset(deep + n, ']', n);
		cr_assert_eq(json_read((struct str){ deep, 2 * n }, &doc, &d),
			     n == JSON_DEPTH_MAX ? ERR_OK : ERR_LIMIT);
		if (n == JSON_DEPTH_MAX)
			json_free(doc);
	}
}

Test(base_json, what_is_written_is_escaped_and_read_back)
{
	struct buf b;
	struct jsonw w;
	struct diag d = { 0 };
	struct json *doc = NULL;

	buf_init(&b, 1000);
	w = jsonw_of(&b);
	jsonw_obj(&w, NULL);
	jsonw_str(&w, "a", S("q\"\\\n\x01\xE4\xBF\x9D"));
	jsonw_null(&w, "n");
	jsonw_money(&w, "m", 20000000, S("USD"));
	jsonw_date(&w, "d", DATE_NONE);
	jsonw_arr(&w, "l");
	jsonw_int(&w, NULL, -3);
	jsonw_bool(&w, NULL, true);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	cr_assert(str_eq(buf_str(&b),
			 S("{\"a\":\"q\\\"\\\\\\n\\u0001\xE4\xBF\x9D\","
			   "\"n\":null,\"m\":\"200000.00\",\"d\":null,"
			   "\"l\":[-3,true]}")));
	cr_assert_eq(json_read(buf_str(&b), &doc, &d), ERR_OK);
	cr_assert(str_eq(json_get_str(doc, "a"), S("q\"\\\n\x01\xE4\xBF\x9D")));
	cr_assert(json_absent(json_get(doc, "n")));
	cr_assert(json_absent(json_get(doc, "nothing")));
	json_free(doc);
	buf_free(&b);
}

Test(base_err, the_first_reason_stands)
{
	struct diag d = { 0 };

	cr_assert_eq(diag_set(&d, ERR_INPUT, 3, "first"), ERR_INPUT);
	cr_assert_eq(diag_set(&d, ERR_LIMIT, 4, "second"), ERR_LIMIT);
	cr_assert_eq(d.line, 3);
	cr_assert_str_eq(d.why, "first");
	for (int i = 0; i < ERR_COUNT; i++)
		cr_assert_str_neq(err_text((enum err)i), "unknown error");
}

Test(base_err, a_broken_promise_aborts, .signal = SIGABRT)
{
	must(1 == 2);
}
