/*
 * test_jscan.c - keys out of JSON text, and numbers that stay what they are.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "jscan.h"
#include "json.h"

static void
expect(const char *json, const char *path, enum err err, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	cr_assert_eq(jscan_text(str_of(json), str_of(path), &b), err, "%s %s",
		     json, path);
	if (err == ERR_OK) {
		buf_byte(&b, 0);
		cr_assert_str_eq(b.p, want);
	}
	buf_free(&b);
}

Test(jscan, values_by_path)
{
	const char *doc = " { \"a\" : \"x\" , \"n\":-1.50e3,\"o\":{\"p\":"
			  "[{\"q\":\"}\"},2],\"e\":{\"@a\":\"1\","
			  "\"#text\":\"t\"}},\"z\":null,\"t\":true } ";

	expect(doc, "a", ERR_OK, "x");
	expect(doc, "n", ERR_OK, "-1.50e3");
	expect(doc, "o.p.q", ERR_OK, "}");
	expect(doc, "o.e", ERR_OK, "t");
	expect(doc, "t", ERR_OK, "true");
	expect(doc, "z", ERR_ABSENT, NULL);
	expect(doc, "nothing", ERR_ABSENT, NULL);
	expect(doc, "a.b", ERR_ABSENT, NULL);
	expect(doc, "o", ERR_ABSENT, NULL);
	expect("{\"a\":\"\"}", "a", ERR_ABSENT, NULL);
	expect("{\"a\":[]}", "a", ERR_ABSENT, NULL);
	expect("", "a", ERR_ABSENT, NULL);
}

Test(jscan, strings_are_unescaped)
{
	expect("{\"a\":\"\\\"\\\\\\/\\n\\u00e9\\uD83D\\uDE00\"}", "a", ERR_OK,
	       "\"\\/\n\xC3\xA9\xF0\x9F\x98\x80");
	expect("{\"a\":\"\\uD83D\"}", "a", ERR_INPUT, NULL);
	expect("{\"a\":\"\\uDE00\"}", "a", ERR_INPUT, NULL);
	expect("{\"a\":\"\\u0000\"}", "a", ERR_INPUT, NULL);
	expect("{\"a\":\"\\x\"}", "a", ERR_INPUT, NULL);
}

/* Any prefix, and any byte in place of another, ends with an answer. */
Test(jscan, never_reads_beyond)
{
	struct str doc =
	    S("{\"a\":{\"b\":[1,\"\\u00e9\\\"\",{\"c\":true}]},\"d\":null}");

	for (size_t n = 0; n <= doc.n; n++) {
		char *exact = malloc(n + 1);
		struct buf b;

		memcpy(exact, doc.p, n);
		for (size_t i = 0; i < n; i++) {
			char keep = exact[i];

			for (const char *c = "{}[]\",:\\"; *c != 0; c++) {
				struct diag d = { 0 };

				exact[i] = *c;
				buf_init(&b, 4096);
				(void)!jscan_text((struct str){ exact, n },
						  S("a.b"), &b);
				(void)!jscan_strict((struct str){ exact, n },
						    &b, &d);
				buf_free(&b);
			}
			exact[i] = keep;
		}
		free(exact);
	}
}

static void
strict(const char *json, enum err err, const char *want)
{
	struct buf b;
	struct diag d = { 0 };

	buf_init(&b, 1024);
	cr_assert_eq(jscan_strict(str_of(json), &b, &d), err, "%s", json);
	if (err == ERR_OK) {
		buf_byte(&b, 0);
		cr_assert_str_eq(b.p, want);
	}
	buf_free(&b);
}

Test(jscan, every_number_becomes_a_string)
{
	strict("{\"a\":12345678901234567890,\"b\":[ 1.10 , -0, 1e999]}", ERR_OK,
	       "{\"a\":\"12345678901234567890\",\"b\":[\"1.10\",\"-0\","
	       "\"1e999\"]}");
	strict("{\"a\":\"1\",\"b\":true,\"c\":null}", ERR_OK,
	       "{\"a\":\"1\",\"b\":true,\"c\":null}");
	strict("{\"a\":01}", ERR_INPUT, NULL);
	strict("{\"a\":1.}", ERR_INPUT, NULL);
	strict("{\"a\":.5}", ERR_INPUT, NULL);
	strict("{\"a\":+1}", ERR_INPUT, NULL);
	strict("{\"a\":1e}", ERR_INPUT, NULL);
	strict("{\"a\":NaN}", ERR_INPUT, NULL);
	strict("{\"a\":nan}", ERR_INPUT, NULL);
	strict("{\"a\":Infinity}", ERR_INPUT, NULL);
	strict("{\"a\":0x10}", ERR_INPUT, NULL);
	strict("{\"a\":\"open}", ERR_INPUT, NULL);
}

Test(jscan, quote_escapes_what_json_wants)
{
	struct buf b;

	buf_init(&b, 100);
	json_quote(&b, S("a\"b\\c\n\x01\xC3\xA9"));
	buf_byte(&b, 0);
	cr_assert_str_eq(b.p, "\"a\\\"b\\\\c\\n\\u0001\xC3\xA9\"");
	buf_free(&b);
}
