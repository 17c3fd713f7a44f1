/*
 * test_split.c - records out of XML and NDJSON, at any slicing; hostile
 * documents are refused cheaply and by name.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "split.h"
#include "xmlgate.h"

struct got {
	struct buf records;
	unsigned count;
	unsigned rejects;
	unsigned last_line;
	char why[128];
	const char *guard;
	struct diag diag;
	enum err err;
};

static enum err
on_record(void *self, unsigned line, struct str json)
{
	struct got *g = self;

	buf_printf(&g->records, "%u %.*s\n", line, STR_ARG(json));
	g->count++;
	g->last_line = line;
	return ERR_OK;
}

static void
on_reject(void *self, unsigned line, const char *why)
{
	struct got *g = self;

	g->rejects++;
	g->last_line = line;
	(void)snprintf(g->why, sizeof(g->why), "%s", why);
}

static void
run(const struct feed *f, struct str doc, size_t slice, struct got *g)
{
	struct split_sink sink = { g, on_record, on_reject };
	struct split *s = NULL;

	*g = (struct got){ 0 };
	buf_init(&g->records, 64u << 20);
	cr_assert_eq(split_new(f, 0, &sink, &s, &g->diag), ERR_OK);
	for (size_t i = 0; i < doc.n && g->err == ERR_OK; i += slice)
		g->err = split_push(s, str_sub(doc, i, slice), &g->diag);
	if (g->err == ERR_OK)
		g->err = split_end(s, &g->diag);
	g->guard = split_guard(s);
	split_free(s);
}

static struct feed
xml_feed(const char *path)
{
	return (struct feed){ .container = CONTAINER_XML,
			      .record = str_of(path) };
}

static void
expect_xml(const char *path, const char *doc, const char *want)
{
	struct feed f = xml_feed(path);
	struct got g;

	run(&f, str_of(doc), 1u << 20, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	buf_byte(&g.records, 0);
	cr_assert_str_eq(g.records.p, want);
	buf_free(&g.records);
}

Test(split, the_rule_from_xml_to_json)
{
	expect_xml("//r", "<d><r/></d>", "1 {}\n");
	expect_xml("//r", "<d><r>x</r></d>", "1 {\"#text\":\"x\"}\n");
	expect_xml("//r", "<d>\n<r a='1'><b>x</b><c/><e> </e></r></d>",
		   "2 {\"@a\":\"1\",\"b\":\"x\",\"c\":null,\"e\":null}\n");
	expect_xml("//r", "<d><r><b>1</b><c>2</c><b y='z'>3</b></r></d>",
		   "1 {\"b\":[\"1\",{\"@y\":\"z\",\"#text\":\"3\"}],"
		   "\"c\":\"2\"}\n");
	expect_xml("//r", "<d><r>a<b>x</b>c</r></d>",
		   "1 {\"#text\":\"ac\",\"b\":\"x\"}\n");
	expect_xml("//r", "<d><r><t>a&lt;&#65;\"\n\\<![CDATA[<x>&]]></t></r></d>",
		   "1 {\"t\":\"a<A\\\"\\n\\\\<x>&\"}\n");
	expect_xml("//r", "<d><r><r>in</r></r></d>", "1 {\"r\":\"in\"}\n");
}

Test(split, names_are_local_and_the_first_attribute_of_a_name_stands)
{
	expect_xml("//r",
		   "<n:d xmlns:n='u' xmlns='v'><n:r xml:lang='en' lang='de'>"
		   "<x>1</x><n:x>2</n:x></n:r></n:d>",
		   "1 {\"@lang\":\"en\",\"x\":[\"1\",\"2\"]}\n");
}

Test(split, paths)
{
	const char *doc = "<a><b><r>1</r></b><c><r>2</r><b><r>3</r></b></c>"
			  "<b><r>4</r><x><r>5</r></x></b></a>";

	expect_xml("/a/b/r", doc, "1 {\"#text\":\"1\"}\n1 {\"#text\":\"4\"}\n");
	expect_xml("a/c/b/r", doc, "1 {\"#text\":\"3\"}\n");
	expect_xml("/a/r", doc, "");
	expect_xml("/a", "<a><x>1</x></a>", "1 {\"x\":\"1\"}\n");
}

/* Goal: the same records whatever the slicing; one byte at a time too. */
Test(split, xml_at_every_slicing)
{
	struct str doc = S("\xEF\xBB\xBF<?xml version=\"1.0\" "
			   "encoding=\"UTF-8\"?>\n<!-- c > d -->"
			   "<d x='>'><?pi ?>\n<r i=\"\xC3\xA9'\"><t>\xE4\xB8\xAD"
			   "&amp;<![CDATA[]]]]></t></r>\n<r><t>2</t></r></d>\n");
	struct feed f = xml_feed("//r");
	struct got one;
	struct got g;

	run(&f, doc, doc.n, &one);
	cr_assert_eq(one.err, ERR_OK, "%s", one.diag.why);
	cr_assert_eq(one.count, 2);
	for (size_t n = 1; n <= doc.n; n++) {
		run(&f, doc, n, &g);
		cr_assert_eq(g.err, ERR_OK, "step %zu: %s", n, g.diag.why);
		cr_assert(str_eq(buf_str(&g.records), buf_str(&one.records)),
			  "step %zu", n);
		buf_free(&g.records);
	}
	buf_free(&one.records);
}

/* Every proper prefix is refused, never half a document taken for whole. */
Test(split, a_cut_document_is_refused)
{
	struct str doc = S("<d><r><t>1</t></r><r>2</r></d>");
	struct feed f = xml_feed("//r");
	struct got g;

	for (size_t n = 0; n < doc.n; n++) {
		run(&f, str_sub(doc, 0, n), 7, &g);
		cr_assert_neq(g.err, ERR_OK, "prefix %zu", n);
		cr_assert_str_eq(g.guard, "format");
		buf_free(&g.records);
	}
}

static void
expect_refused(const char *root, struct str doc, const char *guard,
	       const char *why)
{
	struct feed f = xml_feed("//r");
	struct got g;

	f.guards.root = str_of(root);
	for (size_t slice = 1; slice <= 4096; slice *= 64) {
		run(&f, doc, slice, &g);
		cr_assert_eq(err_class(g.err), ERR_REJECT);
		cr_assert_str_eq(g.guard, guard, "%s: %s", g.guard,
				 g.diag.why);
		cr_assert(str_contains(str_of(g.diag.why), str_of(why)),
			  "%s", g.diag.why);
		buf_free(&g.records);
	}
}

Test(split, hostile_xml_is_refused_by_name)
{
	expect_refused("", S("<!DOCTYPE d [<!ENTITY a \"b\">]><d>&a;</d>"),
		       "format", "DOCTYPE");
	expect_refused("",
		       S("<!DOCTYPE d SYSTEM \"file:///etc/passwd\"><d/>"),
		       "format", "DOCTYPE");
	expect_refused("", S("<d>&undefined;</d>"), "format",
		       "not well-formed");
	expect_refused("", S("<d><r>\xE9t\xE9</r></d>"), "format",
		       "not well-formed");
	expect_refused("", S("<d><r></d></r>"), "format", "not well-formed");
	expect_refused("", S("  \n{\"a\":1}"), "format", "markup");
	expect_refused("", S("\xFF\xFE<\0d\0"), "format", "UTF-8");
	expect_refused("", S("<\0d\0>\0<\0/\0d\0>\0"), "format", "UTF-8");
	expect_refused("LEIData", S("<html><body>503</body></html>"), "root",
		       "html");
	expect_refused("", S("<?xml version='1.0' encoding='ebcdic-x'?><d/>"),
		       "format", "ebcdic-x");
}

/* A tag at the limits passes, one attribute or byte more does not. */
Test(split, limits_of_tags)
{
	struct feed f = xml_feed("//r");
	struct got g;
	struct buf doc;

	for (unsigned n = SPLIT_ATTRIBUTES_MAX; n <= SPLIT_ATTRIBUTES_MAX + 1;
	     n++) {
		buf_init(&doc, 1u << 20);
		buf_put(&doc, S("<d><r"));
		for (unsigned i = 0; i < n; i++)
			buf_printf(&doc, " a%u=\"x\"", i);
		buf_put(&doc, S("/></d>"));
		run(&f, buf_str(&doc), 1000, &g);
		cr_assert_eq(g.err == ERR_OK, n == SPLIT_ATTRIBUTES_MAX);
		if (g.err != ERR_OK)
			cr_assert_str_eq(g.guard, "limit");
		buf_free(&g.records);
		buf_free(&doc);
	}
	for (unsigned n = SPLIT_TAG_MAX; n <= SPLIT_TAG_MAX + 1; n++) {
		buf_init(&doc, 1u << 20);
		buf_put(&doc, S("<d><r a=\""));
		/* Counted behind the first letter: ' a="' and '">'. */
		for (unsigned i = 0; i < n - 6; i++)
			buf_byte(&doc, 'x');
		buf_put(&doc, S("\"></r></d>"));
		run(&f, buf_str(&doc), 4096, &g);
		cr_assert_eq(g.err == ERR_OK, n == SPLIT_TAG_MAX, "%u %s", n,
			     g.diag.why);
		buf_free(&g.records);
		buf_free(&doc);
	}
}

Test(split, two_hundred_thousand_attributes_cost_nothing, .timeout = 2)
{
	struct feed f = xml_feed("//r");
	struct got g;
	struct buf doc;

	buf_init(&doc, 8u << 20);
	buf_put(&doc, S("<d><r"));
	for (unsigned i = 0; i < 200000; i++)
		buf_printf(&doc, " a%u=\"\"", i);
	buf_put(&doc, S("/></d>"));
	run(&f, buf_str(&doc), 65536, &g);
	cr_assert_eq(g.err, ERR_LIMIT);
	buf_free(&g.records);
	buf_free(&doc);
}

Test(split, depth_at_the_limit_and_one_more)
{
	struct feed f = xml_feed("//r");
	struct got g;

	for (unsigned n = SPLIT_DEPTH_MAX; n <= SPLIT_DEPTH_MAX + 1; n++) {
		struct buf doc;

		buf_init(&doc, 1u << 20);
		for (unsigned i = 0; i < n - 1; i++)
			buf_put(&doc, S("<r>"));
		buf_put(&doc, S("<r/>"));
		for (unsigned i = 0; i < n - 1; i++)
			buf_put(&doc, S("</r>"));
		run(&f, buf_str(&doc), 100, &g);
		cr_assert_eq(g.err == ERR_OK, n == SPLIT_DEPTH_MAX, "%s",
			     g.diag.why);
		buf_free(&g.records);
		buf_free(&doc);
	}
}

static void
many(struct buf *doc, unsigned n, const char *fmt)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(fmt, "name") == 0)
			buf_printf(doc, "<n%u/>", i);
		else
			buf_put(doc, str_of(fmt));
	}
}

/* One monster is rejected and its neighbours live. */
Test(split, a_record_beyond_a_limit_is_rejected_alone)
{
	static const struct {
		const char *what;
		unsigned n;
		bool fits;
	} row[] = {
		{ "name", SPLIT_NAMES_MAX, true },
		{ "name", SPLIT_NAMES_MAX + 1, false },
		{ "<x>0123456789</x>", 15000, true },
		{ "<x>0123456789</x>", 100000, false },
		{ "<x/>", 300000, false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  20000, false },
	};
	struct feed f = xml_feed("//r");

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct buf doc;
		struct got g;

		buf_init(&doc, 16u << 20);
		buf_put(&doc, S("<d><r>1</r>\n<r>"));
		many(&doc, row[i].n, row[i].what);
		buf_put(&doc, S("</r><r>3</r></d>"));
		run(&f, buf_str(&doc), 65536, &g);
		cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
		cr_assert_eq(g.count, row[i].fits ? 3 : 2, "row %zu", i);
		cr_assert_eq(g.rejects, row[i].fits ? 0 : 1, "row %zu", i);
		buf_free(&g.records);
		buf_free(&doc);
	}
}

Test(split, encodings)
{
	struct feed f = xml_feed("//r");
	struct str want = S("1 {\"#text\":\"caf\xC3\xA9 \xE2\x82\xAC\"}\n");
	struct got g;

	run(&f,
	    S("<?xml version='1.0' encoding='windows-1252'?>"
	      "<d><r>caf\xE9 \x80</r></d>"),
	    3, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	cr_assert(str_eq(buf_str(&g.records), want));
	buf_free(&g.records);
	/* The definition knows better than the declaration. */
	f.encoding = S("windows-1252");
	run(&f,
	    S("<?xml version='1.0' encoding='UTF-8'?><d><r>caf\xE9 \x80</r>"
	      "</d>"),
	    3, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	cr_assert(str_eq(buf_str(&g.records), want));
	buf_free(&g.records);
	f.encoding = STR_NONE;
	run(&f,
	    S("<?xml version=\"1.0\" encoding = \"ISO-8859-1\" ?><d><r>\xE9"
	      "</r></d>"),
	    1, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	cr_assert(str_eq(buf_str(&g.records),
			 S("1 {\"#text\":\"\xC3\xA9\"}\n")));
	buf_free(&g.records);
}

/* ---- NDJSON ---- */

static void
expect_ndjson(struct str doc, const char *want, unsigned rejects)
{
	struct feed f = { .container = CONTAINER_NDJSON };
	struct got g;

	for (size_t n = 1; n <= doc.n; n++) {
		run(&f, doc, n, &g);
		cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
		buf_byte(&g.records, 0);
		cr_assert_str_eq(g.records.p, want);
		cr_assert_eq(g.rejects, rejects, "%s", g.why);
		buf_free(&g.records);
	}
}

Test(split, ndjson_lines_heartbeats_and_glue)
{
	expect_ndjson(S("{\"a\":1}\n\n\r\n{\"b\":\"}{\"}\r\n"),
		      "1 {\"a\":1}\n4 {\"b\":\"}{\"}\n", 0);
	expect_ndjson(S("{\"a\":{\"b\":[1,2]}}{\"c\":\"\\\"{\"} {\"d\":2}"),
		      "1 {\"a\":{\"b\":[1,2]}}\n1 {\"c\":\"\\\"{\"}\n"
		      "1 {\"d\":2}\n",
		      0);
	expect_ndjson(S("\xEF\xBB\xBF{\"a\":1}\n"), "1 {\"a\":1}\n", 0);
	expect_ndjson(S("\n\n"), "", 0);
}

Test(split, ndjson_bad_lines_are_rejected_alone)
{
	expect_ndjson(S("{\"a\":1}\nnonsense {}\n{\"b\":2}\n"),
		      "1 {\"a\":1}\n3 {\"b\":2}\n", 1);
	expect_ndjson(S("{\"a\":1}\n{\"open\":\n{\"b\":2}\n"),
		      "1 {\"a\":1}\n3 {\"b\":2}\n", 1);
	expect_ndjson(S("{\"a\":1}\n[1]\n{\"b\":2}\n"),
		      "1 {\"a\":1}\n3 {\"b\":2}\n", 1);
}

Test(split, ndjson_that_is_something_else_is_refused)
{
	struct feed f = { .container = CONTAINER_NDJSON };
	struct got g;

	run(&f, S("<!doctype html><html></html>"), 5, &g);
	cr_assert_neq(g.err, ERR_OK);
	cr_assert_str_eq(g.guard, "root");
	buf_free(&g.records);
	run(&f, S("{\"a\":1}\n{\"b\":"), 5, &g);
	cr_assert_neq(g.err, ERR_OK);
	cr_assert_str_eq(g.guard, "format");
	buf_free(&g.records);
}

Test(split, ndjson_limits)
{
	struct feed f = { .container = CONTAINER_NDJSON };

	for (unsigned more = 0; more <= 1; more++) {
		struct buf doc;
		struct got g;

		buf_init(&doc, 4u << 20);
		buf_put(&doc, S("{\"a\":\""));
		while (doc.n < SPLIT_RECORD_MAX - 2 + more)
			buf_byte(&doc, 'x');
		buf_put(&doc, S("\"}\n{\"b\":1}\n"));
		run(&f, buf_str(&doc), 65536, &g);
		cr_assert_eq(g.err, ERR_OK);
		cr_assert_eq(g.count, 2 - more);
		cr_assert_eq(g.rejects, more);
		buf_free(&g.records);
		buf_free(&doc);
		buf_init(&doc, 4u << 20);
		for (unsigned i = 0; i < SPLIT_DEPTH_MAX + more; i++)
			buf_put(&doc, S("{\"a\":"));
		buf_put(&doc, S("1"));
		for (unsigned i = 0; i < SPLIT_DEPTH_MAX + more; i++)
			buf_put(&doc, S("}"));
		buf_put(&doc, S("\n{\"b\":1}\n"));
		run(&f, buf_str(&doc), 100, &g);
		cr_assert_eq(g.count, 2 - more);
		buf_free(&g.records);
		buf_free(&doc);
	}
}

Test(split, path_checks)
{
	static const char *const good[] = { "//a", "/a/b", "a", "a/b/c" };
	static const char *const bad[] = { "",	    "/",    "//a/b", "a//b",
					   "n:a/b", "a[1]", "/a/@b" };
	struct diag d;

	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(split_path_check(CONTAINER_XML, str_of(good[i]),
					      &d),
			     ERR_OK);
	for (size_t i = 0; i < 7; i++) {
		d = (struct diag){ 0 };
		cr_assert_eq(split_path_check(CONTAINER_XML, str_of(bad[i]),
					      &d),
			     ERR_CONFIG, "%s", bad[i]);
		cr_assert_neq(d.why[0], 0);
	}
	cr_assert_eq(split_path_check(CONTAINER_NDJSON, S("/a"), &d),
		     ERR_CONFIG);
}
