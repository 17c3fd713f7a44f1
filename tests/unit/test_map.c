/*
 * test_map.c - the fence around jq, and what becomes of its objects.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "feed_rig.h"

#define KINDS                                                                  \
	"LIQUIDATION\tbuyer\tliquidation\tinsolvency\tBUYER_INSOLVENCY\t"      \
	"insolvency\t\xE6\xB8\x85\xE7\xAE\x97\tliquidation\n"                  \
	"BANK_CLOSED\tbank\topened\tinsolvency\tBANK_INSOLVENCY\t"             \
	"insolvency\t\xE5\x81\x9C\xE4\xB8\x9A\tclosed\n"

#define YAML                                                                   \
	"name: t\nurls: [\"https://t.example/\"]\ncontainer: ndjson\n"         \
	"record_key: [k]\nmode: append\ninterval: 60s\n"                       \
	"certainty: reported\nredistribution: summary\nmap: t.jq\n"

static void
load(struct feed_rig *r, const char *jq, const char *vocab, const char *more,
     enum err want)
{
	struct buf yaml;

	feed_rig_init(r);
	buf_init(&yaml, 65536);
	buf_put(&yaml, S(YAML));
	if (vocab != NULL) {
		buf_put(&yaml, S("vocab: t.tsv\n"));
		feed_rig_add(r, "feeds.d/t.tsv", str_of(vocab));
	}
	buf_put(&yaml, str_of(more));
	feed_rig_add(r, "feeds.d/t.yaml", buf_str(&yaml));
	feed_rig_add(r, "feeds.d/t.jq", str_of(jq));
	feed_rig_add(r, "kinds.tsv", S(KINDS));
	feed_rig_add(r, "idschemes.tsv",
		     S("lei\t1\tX18 92\tmod97\ngb-coh\t1\t0pX8\tnone\n"));
	cr_assert_eq(feed_rig_load(r), want, "%.*s",
		     STR_ARG(buf_str(&r->errors)));
	buf_free(&yaml);
}

static void
expect(const char *jq, const char *record, const char *part, const char *why)
{
	struct feed_rig r;

	load(&r, jq, "L\tLIQUIDATION\nB\tBANK_CLOSED\t-\tbank\n", "",
	     ERR_OK);
	feed_rig_parse(&r, "t", str_of(record), 0);
	cr_assert_eq(r.result.verdict, DOC_ACCEPTED, "%s", r.result.detail);
	if (part != NULL)
		cr_assert(str_contains(buf_str(&r.notices), str_of(part)),
			  "%.*s / %.*s", STR_ARG(buf_str(&r.notices)),
			  STR_ARG(buf_str(&r.rejects)));
	else
		cr_assert_eq(r.notices.n, 0, "%.*s",
			     STR_ARG(buf_str(&r.notices)));
	cr_assert(str_contains(buf_str(&r.rejects), str_of(why)), "%.*s",
		  STR_ARG(buf_str(&r.rejects)));
	feed_rig_free(&r);
}

Test(map, defaults_of_a_notice)
{
	expect("{native: \"L\"}", "{\"k\":\"1\"}",
	       "{\"source\":\"t\",\"record\":\"1\",\"action\":\"NEW\","
	       "\"subject\":\"buyer\",\"kind\":\"LIQUIDATION\",\"stage\":null,"
	       "\"native\":\"L\"",
	       "");
	expect("{native: \"L\"}", "{\"k\":\"1\"}",
	       "\"recorded_at\":\"2024-01-01T00:00:00.000Z\"", "");
	expect("{native: \"L\"}", "{\"k\":\"1\"}",
	       "\"certainty\":\"reported\",\"url\":null,"
	       "\"redistribution\":\"summary\"}",
	       "");
	expect("{native: \"B\"}", "{\"k\":\"1\"}", "\"subject\":\"bank\"", "");
	expect("{kind: \"BANK_CLOSED\"}", "{\"k\":\"1\"}",
	       "\"subject\":\"bank\"", "");
	expect("{native: \"?\"}", "{\"k\":\"1\"}", "\"kind\":\"UNKNOWN\"", "");
}

Test(map, jq_may_say_it_all_but_the_source)
{
	expect("{native: \"L\", source: \"other\", record: \"r\", "
	       "action: \"CANCEL\", certainty: \"official\", "
	       "redistribution: \"internal\"}",
	       "{\"k\":\"1\"}", "\"source\":\"t\",\"record\":\"r\","
				"\"action\":\"CANCEL\"",
	       "");
}

/* A longer code is one the vocab does not know. */
Test(map, native_codes_at_the_limit_and_one_more)
{
	for (unsigned more = 0; more < 2; more++) {
		char vocab[MAP_NATIVE_MAX + 32];
		char jq[MAP_NATIVE_MAX + 32];
		struct feed_rig r;

		memset(vocab, 'L', sizeof(vocab));
		(void)snprintf(vocab + MAP_NATIVE_MAX + more, 16,
			       "\tLIQUIDATION\n");
		(void)snprintf(jq, sizeof(jq), "{native: \"%.*s\"}",
			       (int)(MAP_NATIVE_MAX + more), vocab);
		load(&r, jq, vocab, "", ERR_OK);
		feed_rig_parse(&r, "t", S("{\"k\":\"1\"}"), 0);
		cr_assert_eq(r.result.map.notices, 1);
		cr_assert_eq(r.result.map.unknown, more);
		feed_rig_free(&r);
	}
}

Test(map, variables)
{
	expect("{native: \"L\", native_text: "
	       "([$feed, $file, $fetched_at] | join(\" \"))}",
	       "{\"k\":\"1\"}",
	       "\"native_text\":\"t test 2024-01-01T00:00:00.000Z\"", "");
}

Test(map, numbers_are_strings)
{
	expect("{native: \"L\", case_no: .n}",
	       "{\"k\":1,\"n\":12345678901234567890.10}",
	       "\"case_no\":\"12345678901234567890.10\"", "");
	expect("{native: \"L\", case_no: (.n | type)}", "{\"k\":1,\"n\":1}",
	       "\"case_no\":\"string\"", "");
}

Test(map, several_notices_of_one_record)
{
	struct feed_rig r;

	load(&r, "{native: \"L\"}, {native: \"L\"}, {native: \"L\"}",
	     "L\tLIQUIDATION\n", "", ERR_OK);
	feed_rig_parse(&r, "t", S("{\"k\":\"a\"}"), 0);
	cr_assert(str_contains(buf_str(&r.notices), S("\"record\":\"a\",")));
	cr_assert(str_contains(buf_str(&r.notices), S("\"record\":\"a#2\"")));
	cr_assert(str_contains(buf_str(&r.notices), S("\"record\":\"a#3\"")));
	cr_assert_eq(r.result.map.notices, 3);
	feed_rig_free(&r);
}

Test(map, objects_that_fail_are_rejects)
{
	expect("{kind: \"NOPE\"}", "{\"k\":\"1\"}", NULL, "NOPE is no kind");
	expect("{native: \"L\", nmae: 1}", "{\"k\":\"1\"}", NULL,
	       "'nmae' is not a key");
	expect("{native: \"L\", country: \"ZZ\"}", "{\"k\":\"1\"}", NULL,
	       "country");
	expect("{native: \"L\", published_at: \"2021-01-25T09:37:01\"}",
	       "{\"k\":\"1\"}", NULL, "published_at");
	expect("{native: \"L\", case_no: (1 + 1)}", "{\"k\":\"1\"}", NULL,
	       "case_no");
	expect("1", "{\"k\":\"1\"}", NULL, "no object");
	expect("error(\"my reason\")", "{\"k\":\"1\"}", NULL, "my reason");
	expect(".a.b.c", "{\"k\":\"1\",\"a\":\"x\"}", NULL, "map:");
	expect("{native: \"L\"}, {kind: \"NOPE\"}", "{\"k\":\"1\"}",
	       "\"record\":\"1\"", "1: record 1: kind");
}

Test(map, records_that_are_no_json_are_rejects)
{
	expect("{native: \"L\"}", "{\"k\":\"1\",}", NULL, "not JSON");
	expect("{native: \"L\"}", "{\"k\":\"1\",\"k\":\"2\"}", NULL,
	       "duplicate");
	expect("{native: \"L\"}", "{\"k\":\"1\",\"x\":\"\xFF\"}", NULL,
	       "not JSON");
	expect("{native: \"L\"}", "{\"j\":\"1\"}", NULL, "absent");
}

Test(map, ids_are_canonical_and_wrong_ones_dropped)
{
	expect("{native: \"L\", ids: [{scheme: \"gb-coh\", value: \"12 34\"}, "
	       "{scheme: \"lei\", value: \"NOTALEI\"}]}",
	       "{\"k\":\"1\"}",
	       "\"ids\":[{\"scheme\":\"gb-coh\",\"value\":\"00001234\"}]", "");
}

/* A decomposed umlaut and a composed one are one text to everybody. */
Test(map, text_is_nfc)
{
	expect("{native: \"L\", names: [{text: .n, type: \"legal\"}]}",
	       "{\"k\":\"1\",\"n\":\"Mu\xCC\x88ller\"}", "M\xC3\xBCller", "");
}

/* Longer than a name may be, and not in NFC either. */
Test(map, a_long_notice)
{
	struct feed_rig r;
	struct buf b;

	load(&r, "{native: \"L\", native_text: .n}", "L\tLIQUIDATION\n", "",
	     ERR_OK);
	buf_init(&b, 65536);
	buf_put(&b, S("{\"k\":\"1\",\"n\":\""));
	for (int i = 0; i < 5000; i++)
		buf_put(&b, S("u\xCC\x88"));
	buf_put(&b, S("\"}"));
	feed_rig_parse(&r, "t", buf_str(&b), 0);
	cr_assert_eq(r.result.map.notices, 1, "%.*s",
		     STR_ARG(str_sub(buf_str(&r.rejects), 0, 200)));
	cr_assert(!str_contains(buf_str(&r.notices), S("\xCC\x88")));
	cr_assert_geq(r.notices.n, 10000);
	buf_free(&b);
	feed_rig_free(&r);
}

/* The program that never ends costs one record, and the next one lives. */
Test(map, an_endless_program_rejects_its_record_only, .timeout = 10)
{
	struct feed_rig r;

	load(&r, "if .k == \"2\" then last(range(1e18)) else . end "
		 "| {native: \"L\"}",
	     "L\tLIQUIDATION\n", "", ERR_OK);
	feed_rig_parse(&r, "t",
		       S("{\"k\":\"1\"}\n{\"k\":\"2\"}\n{\"k\":\"3\"}\n"), 0);
	cr_assert_eq(r.result.map.notices, 2);
	cr_assert(str_contains(buf_str(&r.rejects), S("2: record 2: map: "
						      "more than 250 ms")),
		  "%.*s", STR_ARG(buf_str(&r.rejects)));
	feed_rig_free(&r);
	load(&r, "def f: f; if .k == \"2\" then f else {native: \"L\"} end",
	     "L\tLIQUIDATION\n", "", ERR_OK);
	feed_rig_parse(&r, "t", S("{\"k\":\"2\"}\n{\"k\":\"3\"}\n"), 0);
	cr_assert_eq(r.result.map.notices, 1);
	feed_rig_free(&r);
}

Test(map, notices_at_the_limit_and_one_more)
{
	struct feed_rig r;

	load(&r, "range(.n | tonumber) | {native: \"L\"}", "L\tLIQUIDATION\n",
	     "", ERR_OK);
	feed_rig_parse(&r, "t", S("{\"k\":\"1\",\"n\":256}"), 0);
	cr_assert_eq(r.result.map.notices, MAP_NOTICES_MAX);
	feed_rig_parse(&r, "t", S("{\"k\":\"1\",\"n\":257}"), 0);
	cr_assert_eq(r.result.map.notices, 0);
	cr_assert_eq(r.result.rejects, 1);
	feed_rig_free(&r);
}

/* Memory in use that many records more leave behind. */
static size_t
left_by(const char *jq, struct str record, unsigned records)
{
	struct feed_rig r;
	struct buf doc;
	size_t before = 0;
	size_t after = 0;

	load(&r, jq, "L\tLIQUIDATION\n", "", ERR_OK);
	buf_init(&doc, 4u << 20);
	for (unsigned i = 0; i < records; i++)
		buf_put(&doc, record);
	for (unsigned i = 0; i < 4; i++) {
		before = after;
		feed_rig_parse(&r, "t", buf_str(&doc), 0);
		cr_assert_eq(r.result.records, records);
		after = mallinfo2().uordblks;
	}
	buf_free(&doc);
	feed_rig_free(&r);
	return after > before ? after - before : 0;
}

Test(map, a_walk_left_early_leaves_nothing_behind)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_put(&b, S("{\"k\":\"1\",\"o\":[{"));
	for (unsigned i = 0; i < 3; i++) {
		buf_printf(&b, "%s\"%u", i == 0 ? "" : ",", i);
		for (unsigned n = 0; n < 4096; n++)
			buf_byte(&b, 'k');
		buf_put(&b, S("\":\"1\""));
	}
	buf_put(&b, S("}]}\n"));
	cr_assert_lt(left_by(".o[0][] | .x", buf_str(&b), 64), 65536);
	cr_assert_lt(left_by("{native: first(.o[][])}", buf_str(&b), 64),
		     65536);
	cr_assert_lt(left_by("{native: .k}", buf_str(&b), 64), 65536);
	buf_free(&b);
}

Test(map, prepared_fields)
{
	struct feed_rig r;

	load(&r, "{native: \"L\", published_at: .d.t, case_no: .j[1].x, "
		 "effective_on: .list[1].on}",
	     "L\tLIQUIDATION\n",
	     "prepare:\n  d.t: date(rfc822)\n  j: json\n"
	     "  list.on: date(dd.MM.yyyy)\n",
	     ERR_OK);
	feed_rig_parse(
	    &r, "t",
	    S("{\"k\":1,\"d\":{\"t\":\"Tue, 27 Dec 2022 01:12:03 GMT\"},"
	      "\"j\":\"[1,{\\\"x\\\":2}]\","
	      "\"list\":[{\"on\":\"01.02.2022\"},{\"on\":\"03.04.2022\"}]}\n"
	      "{\"k\":2,\"d\":{\"t\":\"yesterday\"}}\n{\"k\":3}\n"),
	    0);
	cr_assert(str_contains(buf_str(&r.notices),
			       S("\"effective_on\":\"2022-04-03\"")),
		  "%.*s", STR_ARG(buf_str(&r.rejects)));
	cr_assert(str_contains(buf_str(&r.notices),
			       S("\"published_at\":\"2022-12-27T01:12:03")));
	cr_assert(str_contains(buf_str(&r.notices), S("\"case_no\":\"2\"")));
	cr_assert(str_contains(buf_str(&r.rejects),
			       S("2: record 2: 'yesterday' does not fit")),
		  "%.*s", STR_ARG(buf_str(&r.rejects)));
	cr_assert_eq(r.result.map.notices, 2);
	feed_rig_free(&r);
}

static void
banned(const char *program, const char *word)
{
	struct diag d = { 0 };
	enum err err = map_words_check(str_of(program), &d);

	if (word == NULL) {
		cr_assert_eq(err, ERR_OK, "%s: %s", program, d.why);
		return;
	}
	cr_assert_eq(err, ERR_REFUSED, "%s", program);
	cr_assert(str_starts(str_of(d.why), str_of(word)), "%s: %s", program,
		  d.why);
}

Test(map, banned_words)
{
	static const char *const words[] = {
		"now",	   "env",   "input",   "inputs", "localtime", "mktime",
		"strptime", "sub",  "gsub",    "splits", "include",   "import",
		"debug",   "halt",  "todate",  "strftime", "gmtime", "stderr",
		"input_filename", "halt_error", "index", "indices",
	};
	char program[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		(void)snprintf(program, sizeof(program), "1|%s", words[i]);
		banned(program, words[i]);
		(void)snprintf(program, sizeof(program), "{a:\"\\(\"x\"|%s)\"}",
			       words[i]);
		banned(program, words[i]);
	}
	banned("$ENV.PATH", "$ENV");
	banned("[.[]|sub(\"a\";\"b\")]", "sub");
	banned("\"\\(\"\\(now)\")\"", "now");
	banned("def f: now; f", "now");
	banned("#x\n\n1|now", "now");
}

Test(map, words_that_only_look_banned)
{
	banned(".now | .env.input | {now: .sub, input : 1} | ._now", NULL);
	banned("\"now\" # now\n| \"\\\" now \\(1)now\"", NULL);
	banned("$now | nowadays | renv | @sh", NULL);
	banned("\"\\(\")\")now\"", NULL);
}

Test(map, a_map_that_does_not_load_says_why)
{
	struct feed_rig r;

	load(&r, "{a: ", NULL, "", ERR_CONFIG);
	cr_assert(str_starts(buf_str(&r.errors), S("feeds.d/t.jq:")), "%.*s",
		  STR_ARG(buf_str(&r.errors)));
	/* Its documents are refused, never half understood. */
	feed_rig_parse(&r, "t", S("{\"k\":1}"), 0);
	cr_assert_eq(r.result.verdict, DOC_REFUSED);
	cr_assert_str_eq(r.result.guard, "map");
	feed_rig_free(&r);
	load(&r, "1 |\nnow", NULL, "", ERR_CONFIG);
	cr_assert(str_eq(buf_str(&r.errors),
			 S("feeds.d/t.jq:2: map: now is not allowed\n")),
		  "%.*s", STR_ARG(buf_str(&r.errors)));
	feed_rig_free(&r);
	load(&r, "{}", "L\tNO_SUCH_KIND\n", "", ERR_CONFIG);
	cr_assert(str_contains(buf_str(&r.errors), S("NO_SUCH_KIND")));
	feed_rig_free(&r);
	load(&r, "{}", "L\tLIQUIDATION\nL\tBANK_CLOSED\n", "", ERR_CONFIG);
	feed_rig_free(&r);
	load(&r, "{}", "L\n", "", ERR_CONFIG);
	feed_rig_free(&r);
}
