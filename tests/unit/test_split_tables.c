/*
 * test_split_tables.c - records out of CSV, TSV and JSON documents, at any
 * slicing, and rows joined by key.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "join.h"
#include "split.h"

struct got {
	struct buf records;
	struct buf rejects;
	const char *guard;
	struct diag diag;
	enum err err;
};

static enum err
on_record(void *self, unsigned line, struct str json)
{
	struct got *g = self;

	buf_printf(&g->records, "%u %.*s\n", line, STR_ARG(json));
	return ERR_OK;
}

static void
on_reject(void *self, unsigned line, const char *why)
{
	struct got *g = self;

	buf_printf(&g->rejects, "%u %s\n", line, why);
}

static void
run(const struct feed *f, struct str doc, size_t slice, struct got *g)
{
	struct split_sink sink = { g, on_record, on_reject };
	struct split *s = NULL;

	*g = (struct got){ 0 };
	buf_init(&g->records, 64u << 20);
	buf_init(&g->rejects, 1u << 20);
	cr_assert_eq(split_new(f, 0, &sink, &s, &g->diag), ERR_OK);
	for (size_t i = 0; i < doc.n && g->err == ERR_OK; i += slice)
		g->err = split_push(s, str_sub(doc, i, slice), &g->diag);
	if (g->err == ERR_OK)
		g->err = split_end(s, &g->diag);
	g->guard = split_guard(s);
	split_free(s);
}

static void
done(struct got *g)
{
	buf_free(&g->records);
	buf_free(&g->rejects);
}

/* Any slicing gives the same records and rejects. */
static void
expect(const struct feed *f, struct str doc, const char *records,
       const char *rejects)
{
	for (size_t slice = 1; slice <= doc.n + 1; slice++) {
		struct got g;

		run(f, doc, slice, &g);
		cr_assert_eq(g.err, ERR_OK, "%zu: %s", slice, g.diag.why);
		buf_byte(&g.records, 0);
		buf_byte(&g.rejects, 0);
		cr_assert_str_eq(g.records.p, records, "at %zu: %s", slice,
				 g.records.p);
		cr_assert_str_eq(g.rejects.p, rejects, "at %zu", slice);
		done(&g);
	}
}

static void
refused(const struct feed *f, struct str doc, const char *guard)
{
	for (size_t slice = 1; slice <= 64; slice += 21) {
		struct got g;

		run(f, doc, slice, &g);
		cr_assert_neq(g.err, ERR_OK, "%.*s",
			      STR_ARG(str_sub(doc, 0, 60)));
		cr_assert_str_eq(g.guard, guard, "%s: %s", g.guard,
				 g.diag.why);
		done(&g);
	}
}

/* ---- CSV ---- */

static struct feed
csv(unsigned header)
{
	return (struct feed){ .container = CONTAINER_CSV,
			      .csv = { .delimiter = ',',
				       .quote = '"',
				       .header = header } };
}

static struct str abc[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };

static struct feed
headless(size_t columns)
{
	struct feed f = csv(0);

	f.csv.columns.name = abc;
	f.csv.columns.count = columns;
	return f;
}

Test(split_csv, rows_are_objects)
{
	struct feed f = csv(1);

	expect(&f, S("a,b\n1,x\n\"2\",\"y,\"\"z\"\"\"\n"),
	       "2 {\"a\":\"1\",\"b\":\"x\"}\n"
	       "3 {\"a\":\"2\",\"b\":\"y,\\\"z\\\"\"}\n",
	       "");
	/* CRLF, a blank line, blanks around, no newline at the end. */
	expect(&f, S("a , b\r\n\r\n 1 ,  \r\n3,\"4\r\n5\"\r\n6,7"),
	       "3 {\"a\":\"1\",\"b\":null}\n"
	       "4 {\"a\":\"3\",\"b\":\"4\\u000d\\n5\"}\n"
	       "6 {\"a\":\"6\",\"b\":\"7\"}\n",
	       "");
	/* A BOM and a blank that does not break in the header. */
	expect(&f, S("\xEF\xBB\xBF"
		     "a\xC2\xA0,\xC2\xA0"
		     "b\n1,2\n"),
	       "2 {\"a\":\"1\",\"b\":\"2\"}\n", "");
	/* A comma at the end of every line is a column without a name. */
	expect(&f, S("a,b,\n1,2,\n"), "2 {\"a\":\"1\",\"b\":\"2\"}\n", "");
	expect(&f, S("a,b\n"), "", "");
}

Test(split_csv, dialects)
{
	static struct str dash[] = { { "-0-", 3 }, { "N/A", 3 } };
	struct feed f = csv(2);

	expect(&f, S("Last Updated,27/04/2020,,,\na,b\n1,2\n"),
	       "3 {\"a\":\"1\",\"b\":\"2\"}\n", "");
	f = headless(2);
	f.csv.null = dash;
	f.csv.null_count = 2;
	expect(&f, S("1,-0- \n2,\"N/A\"\n3,-0-x\n\x1A"),
	       "1 {\"a\":\"1\",\"b\":null}\n2 {\"a\":\"2\",\"b\":null}\n"
	       "3 {\"a\":\"3\",\"b\":\"-0-x\"}\n",
	       "");
	expect(&f, S("1,2\r\n\x1A\r\n"), "1 {\"a\":\"1\",\"b\":\"2\"}\n", "");
	f = csv(1);
	f.csv.delimiter = ';';
	f.csv.quote = '\'';
	expect(&f, S("a;b\n'1;2';\"\n"),
	       "2 {\"a\":\"1;2\",\"b\":\"\\\"\"}\n", "");
	f = csv(1);
	f.container = CONTAINER_TSV;
	f.csv.delimiter = '\t';
	f.csv.quote = 0;
	expect(&f, S("a\tb\n\"1\t\n"), "2 {\"a\":\"\\\"1\",\"b\":null}\n", "");
	f = csv(1);
	f.encoding = S("windows-1252");
	expect(&f, S("a\nFirst\x96Last\n"),
	       "2 {\"a\":\"First\xE2\x80\x93Last\"}\n", "");
}

Test(split_csv, rows_that_do_not_fit)
{
	struct feed f = csv(1);
	struct got g;
	struct buf b;

	expect(&f, S("a,b\n1\n1,2\n1,2,3\n"), "3 {\"a\":\"1\",\"b\":\"2\"}\n",
	       "2 1 columns, not 2\n4 3 columns, not 2\n");
	refused(&f, S(""), "header");
	refused(&f, S("a,a\n1,2\n"), "header");
	refused(&f, S("a,b\n1,\"2\n"), "format");
	refused(&f, (struct str){ "a,b\n1,\0\n", 8 }, "format");
	f.guards.header = S("a, c");
	refused(&f, S("a,b\n1,2\n"), "header");
	f = headless(1);
	refused(&f, S("1\n\x1A\n2\n"), "format");
	/* A record at the limit, beyond it, and a field without end. */
	buf_init(&b, 4u << 20);
	buf_put(&b, S("1\n"));
	while (b.n < SPLIT_RECORD_MAX - 6)
		buf_byte(&b, 'x');
	buf_put(&b, S("\n2\n"));
	run(&f, buf_str(&b), 60000, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	cr_assert_eq(g.rejects.n, 0);
	done(&g);
	b.n -= 3;
	buf_put(&b, S("x\n2\n"));
	run(&f, buf_str(&b), 60000, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	buf_byte(&g.rejects, 0);
	cr_assert_str_eq(g.rejects.p, "2 record larger than the limit\n");
	done(&g);
	buf_clear(&b);
	while (b.n < SPLIT_RECORD_MAX + (1u << 18))
		buf_byte(&b, 'x');
	run(&f, buf_str(&b), 60000, &g);
	cr_assert_neq(g.err, ERR_OK);
	cr_assert_str_eq(g.guard, "limit");
	done(&g);
	buf_free(&b);
}

/* Found by fuzzing: it was one only where a slice began. */
Test(split_csv, the_end_of_file_of_dos_behind_a_lone_cr)
{
	const struct feed f = { .container = CONTAINER_CSV,
				.csv = { .delimiter = ',',
					 .quote = '"',
					 .header = 1 } };

	expect(&f, S("a\r1\r2\r\x1A"), "1 {\"a\":\"1\"}\n1 {\"a\":\"2\"}\n",
	       "");
	expect(&f, S("a\r\"x\r\x1A\"\r \x1A"),
	       "1 {\"a\":\"x\\u000d\\u001a\"}\n1 {\"a\":\"\\u001a\"}\n", "");
}

Test(split_csv, columns_at_the_limit)
{
	struct feed f = csv(1);
	struct got g;
	struct buf b;

	buf_init(&b, 65536);
	for (unsigned i = 0; i < FEED_COLUMNS_MAX; i++)
		buf_printf(&b, "%sc%u", i > 0 ? "," : "", i);
	run(&f, buf_str(&b), 100, &g);
	cr_assert_eq(g.err, ERR_OK, "%s", g.diag.why);
	done(&g);
	buf_put(&b, S(",more"));
	run(&f, buf_str(&b), 100, &g);
	cr_assert_str_eq(g.guard, "limit");
	done(&g);
	buf_free(&b);
}

/* ---- JSON ---- */

static struct feed
json(const char *path)
{
	return (struct feed){ .container = CONTAINER_JSON,
			      .record = str_of(path) };
}

Test(split_json, records_at_a_place)
{
	struct feed f = json("");

	expect(&f, S("[{\"a\":1},\n {\"b\":\"}]\\\"\"}]\n"),
	       "1 {\"a\":1}\n2 {\"b\":\"}]\\\"\"}\n", "");
	expect(&f, S(" {\"a\":[{}]} "), "1 {\"a\":[{}]}\n", "");
	expect(&f, S("[]"), "", "");
	expect(&f, S("[1,\"x\",null,[{}],{\"a\":2}]"), "1 {\"a\":2}\n",
	       "1 not a JSON object\n1 not a JSON object\n"
	       "1 not a JSON object\n1 not a JSON object\n");
	f = json("/feed/entry");
	/* One entry is an object, more are an array. */
	expect(&f, S("{\"x\":{\"entry\":{}},\"feed\":{\"n\":1,\"entry\":"
		     "{\"id\":7}}}"),
	       "1 {\"id\":7}\n", "");
	expect(&f, S("{\"feed\":{\"a\":\"entry\",\"entry\":[{\"id\":7},"
		     "{\"id\":8}],\"z\":[{\"entry\":{}}]}}"),
	       "1 {\"id\":7}\n1 {\"id\":8}\n", "");
	f = json("/hits/*/items");
	expect(&f, S("{\"hits\":[{\"items\":[{\"a\":1}]},{\"items\":[{\"a\":2}"
		     "],\"b\":[{}]}]}"),
	       "1 {\"a\":1}\n1 {\"a\":2}\n", "");
}

Test(split_json, hostile)
{
	struct feed f = json("/a");
	struct buf b;

	refused(&f, S(""), "root");
	refused(&f, S("<html>"), "root");
	refused(&f, S("{\"b\":[{}]}"), "root");
	refused(&f, S("{\"a\":[{}]"), "format");
	refused(&f, S("{\"a\":[{\"x\":\"}]}"), "format");
	refused(&f, S("{\"a\":[{}]}{}"), "format");
	refused(&f, S("{\"a\":[{}}]"), "format");
	refused(&f, S("]"), "root");
	buf_init(&b, 65536);
	buf_put(&b, S("{\"b\":"));
	for (unsigned i = 0; i < SPLIT_DEPTH_MAX; i++)
		buf_byte(&b, '[');
	refused(&f, buf_str(&b), "limit");
	buf_clear(&b);
	buf_put(&b, S("{\"a\":[{\"x\":"));
	for (unsigned i = 0; i < SPLIT_DEPTH_MAX; i++)
		buf_byte(&b, '[');
	refused(&f, buf_str(&b), "limit");
	buf_free(&b);
}

Test(split_json, pointers)
{
	struct diag d = { 0 };

	cr_assert_eq(split_path_check(CONTAINER_JSON, STR_NONE, &d), ERR_OK);
	cr_assert_eq(split_path_check(CONTAINER_JSON, S("/a/*/b"), &d),
		     ERR_OK);
	cr_assert_neq(split_path_check(CONTAINER_JSON, S("a"), &d), ERR_OK);
	cr_assert_neq(split_path_check(CONTAINER_JSON, S("/a//b"), &d),
		      ERR_OK);
	cr_assert_neq(split_path_check(CONTAINER_JSON, S("/a~1b"), &d),
		      ERR_OK);
	cr_assert_neq(split_path_check(CONTAINER_CSV, S("/a"), &d), ERR_OK);
}

/* ---- join ---- */

static enum err
on_joined(void *self, unsigned line, struct str key, struct str text)
{
	struct got *g = self;

	buf_printf(&g->records, "%u %.*s %.*s\n", line, STR_ARG(key),
		   STR_ARG(text));
	return ERR_OK;
}

static void
on_join_reject(void *self, unsigned line, struct str key, const char *why)
{
	struct got *g = self;

	buf_printf(&g->rejects, "%u %.*s %s\n", line, STR_ARG(key), why);
}

Test(join, rows_stand_in_their_record_in_order)
{
	struct feed_join names[] = { { .name = S("alt") },
				     { .name = S("add") } };
	struct feed f = { .join = names, .join_count = 2 };
	struct got g = { 0 };
	const struct join_sink sink = { &g, on_joined, on_join_reject };
	struct join *j = NULL;

	buf_init(&g.records, 65536);
	buf_init(&g.rejects, 65536);
	cr_assert_eq(join_new(&f, &j), ERR_OK);
	cr_assert_eq(join_add(j, 0, 1, S("9"), S("{\"k\":9}")), ERR_OK);
	cr_assert_eq(join_add(j, 0, 2, S("10"), S("{\"k\":10}")), ERR_OK);
	cr_assert_eq(join_add(j, 2, 1, S("9"), S("{\"y\":1}")), ERR_OK);
	cr_assert_eq(join_add(j, 1, 3, S("9"), S("{\"x\":2}")), ERR_OK);
	cr_assert_eq(join_add(j, 1, 4, S("9"), S("{\"x\":1}")), ERR_OK);
	cr_assert_eq(join_add(j, 1, 5, S("1"), S("{\"x\":1}")), ERR_OK);
	cr_assert_eq(join_end(j, &sink), ERR_OK);
	buf_byte(&g.records, 0);
	buf_byte(&g.rejects, 0);
	cr_assert_str_eq(g.records.p,
			 "1 9 {\"k\":9,\"alt\":[{\"x\":2},{\"x\":1}],"
			 "\"add\":[{\"y\":1}]}\n2 10 {\"k\":10}\n");
	cr_assert_str_eq(g.rejects.p, "5 1 alt: no record has this key\n");
	join_free(j);
	done(&g);
}

Test(join, limits)
{
	struct feed_join name = { .name = S("alt") };
	struct feed f = { .join = &name, .join_count = 1 };
	struct join *j = NULL;
	struct buf row;
	enum err err = ERR_OK;

	buf_init(&row, 1u << 20);
	while (row.n < 65536)
		buf_byte(&row, 'x');
	cr_assert_eq(join_new(&f, &j), ERR_OK);
	for (unsigned i = 0; i < JOIN_BYTES_MAX / 65536; i++)
		cr_assert_eq(join_add(j, 1, 1, STR_NONE, buf_str(&row)),
			     ERR_OK);
	cr_assert_eq(JOIN_BYTES_MAX, (JOIN_BYTES_MAX / 65536) * row.n);
	cr_assert_eq(join_add(j, 1, 1, S("k"), S("")), ERR_LIMIT);
	join_free(j);
	cr_assert_eq(join_new(&f, &j), ERR_OK);
	for (unsigned i = 0; i <= JOIN_ROWS_MAX; i++) {
		err = join_add(j, 1, 1, S("k"), S("{}"));
		cr_assert_eq(err, i < JOIN_ROWS_MAX ? ERR_OK : ERR_LIMIT);
	}
	join_free(j);
	buf_free(&row);
}
