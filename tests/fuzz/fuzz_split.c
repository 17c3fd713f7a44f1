/*
 * fuzz_split.c - no bytes crash a splitter, and the slicing never changes
 * what comes out.  The same for the decoder in front of them.
 */
#include "decode.h"
#include "fuzz.h"
#include "jscan.h"
#include "json.h"
#include "split.h"

/* What came out, and by which rule it is checked. */
struct seen {
	const struct feed *feed;
	uint64_t sum;
	unsigned records;
};

static void
add(struct seen *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		s->sum = s->sum * 31 + (uint8_t)bytes.p[i];
	s->records++;
}

/* A record that is only compared is not parsed: brackets are counted. */
static bool
is_only_found(enum feed_container c)
{
	return c == CONTAINER_JSON || c == CONTAINER_NDJSON;
}

static enum err
on_record(void *self, unsigned line, struct str json)
{
	struct seen *s = self;
	struct json *doc = NULL;
	struct diag d = { 0 };
	enum err err;

	must(line > 0);
	must(json.n > 1 && json.p[0] == '{' && json.n <= SPLIT_RECORD_MAX);
	err = json_read(json, &doc, &d);
	/* What we wrote ourselves is JSON; that a row of a table is UTF-8 is
	 * for the strict reader behind it, as for what is only found. */
	must(err == ERR_OK || is_only_found(s->feed->container) ||
	     (s->feed->container == CONTAINER_CSV && !str_utf8(json)) ||
	     str_contains(str_of(d.why), S("nested")));
	must(err != ERR_OK || json_is_obj(doc));
	json_free(doc);
	add(s, json);
	return ERR_OK;
}

static void
on_reject(void *self, unsigned line, const char *why)
{
	must(line > 0 && why[0] != '\0');
	add(self, str_of(why));
}

static enum err
run(struct str doc, size_t slice, struct seen *s)
{
	const struct split_sink sink = { s, on_record, on_reject };
	struct split *split = NULL;
	struct diag d = { 0 };
	enum err err = split_new(s->feed, 0, &sink, &split, &d);

	for (size_t i = 0; i < doc.n && err == ERR_OK; i += slice)
		err = split_push(split, str_sub(doc, i, slice), &d);
	if (err == ERR_OK)
		err = split_end(split, &d);
	must(err == ERR_OK || d.why[0] != '\0');
	split_free(split);
	return err;
}

/* Whole and in slices: the same records, or refused both times. */
static void
both(const struct feed *f, struct str doc, uint8_t slice)
{
	struct seen one = { .feed = f };
	struct seen two = { .feed = f };
	enum err a = run(doc, doc.n + 1, &one);
	enum err b = run(doc, slice % 61u + 1, &two);

	must((a == ERR_OK) == (b == ERR_OK));
	/* A refused document's records are thrown away anyway. */
	must(a != ERR_OK ||
	     (one.sum == two.sum && one.records == two.records));
}

void
fuzz_split_xml(struct str in)
{
	static const struct feed feeds[] = {
		{ .container = CONTAINER_XML, .record = { "//r", 3 } },
		{ .container = CONTAINER_XML, .record = { "/d/r", 4 } },
		{ .container = CONTAINER_RSS, .record = { "//item", 6 } },
		{ .container = CONTAINER_ATOM, .record = { "//entry", 7 } },
		{ .container = CONTAINER_XML,
		  .record = { "//r", 3 },
		  .guards = { .root = { "d", 1 } } },
		{ .container = CONTAINER_XML,
		  .record = { "//r", 3 },
		  .encoding = { "iso-8859-1", 10 } },
	};
	uint8_t slice = fuzz_byte(&in);
	uint8_t which = fuzz_byte(&in);

	both(&feeds[which % (sizeof(feeds) / sizeof(feeds[0]))], in, slice);
}

void
fuzz_split_json(struct str in)
{
	static const char *const paths[] = { "", "/data", "/hits/*/items",
					     "/*", "/a/b/c" };
	uint8_t slice = fuzz_byte(&in);
	uint8_t which = fuzz_byte(&in);
	const struct feed f = { .container = CONTAINER_JSON,
				.record = str_of(paths[which % 5]) };

	both(&f, in, slice);
}

void
fuzz_split_ndjson(struct str in)
{
	const struct feed f = { .container = CONTAINER_NDJSON };
	uint8_t slice = fuzz_byte(&in);

	both(&f, in, slice);
}

/* The dialects define.c lets through. */
void
fuzz_split_csv(struct str in)
{
	static const char delimiters[] = { ',', ';', '\t', '|', '"', ' ', 'x' };
	static const char quotes[] = { '"', '\'', '\0', '|' };
	static struct str names[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
	static struct str nulls[] = { { "-0-", 3 }, { "n/a", 3 } };
	uint8_t slice = fuzz_byte(&in);
	uint8_t way = fuzz_byte(&in);
	struct feed f = { .container = CONTAINER_CSV };

	f.csv.delimiter = delimiters[way % 7];
	f.csv.quote = quotes[way / 7 % 4];
	f.csv.header = way / 28 % 4;
	if (f.csv.header == 0) {
		f.csv.columns.name = names;
		f.csv.columns.count = way / 112 % 2 == 0 ? 1 : 3;
	}
	f.csv.null = nulls;
	f.csv.null_count = slice % 3;
	if (f.csv.delimiter == f.csv.quote)
		return;
	if (f.csv.header == 1 && slice >= 128)
		f.guards.header = S("id, name");
	both(&f, in, slice);
}

static enum err
decode(struct str in, uint8_t way, size_t slice, struct buf *out)
{
	static const char *const encodings[] = {
		"",	      "utf-8",	      "iso-8859-1",   "iso-8859-2",
		"iso-8859-15", "windows-1250", "windows-1251", "windows-1252",
	};
	struct decode d;
	struct diag why = { 0 };
	enum err err = ERR_OK;

	buf_init(out, 4u << 20);
	decode_init(&d, str_of(encodings[way % 8]), way >= 128);
	for (size_t i = 0; i < in.n && err == ERR_OK; i += slice)
		err = decode_push(&d, str_sub(in, i, slice), out, &why);
	if (err == ERR_OK)
		err = decode_end(&d, out, &why);
	must(err == ERR_OK || why.why[0] != '\0');
	/* What does not claim to be UTF-8 already becomes it. */
	if (err == ERR_OK && way % 8 >= 2 && way < 128 &&
	    !str_starts(in, S("\xEF\xBB\xBF")))
		for (size_t i = 0; i < out->n; i++)
			must((uint8_t)out->p[i] < 0xF8);
	return err;
}

void
fuzz_decode(struct str in)
{
	uint8_t slice = fuzz_byte(&in);
	uint8_t way = fuzz_byte(&in);
	struct buf one;
	struct buf two;
	enum err a = decode(in, way, in.n + 1, &one);
	enum err b = decode(in, way, slice % 61u + 1, &two);

	must((a == ERR_OK) == (b == ERR_OK));
	must(a != ERR_OK || str_eq(buf_str(&one), buf_str(&two)));
	buf_free(&one);
	buf_free(&two);
}

/*
 * One value out of any text, without harm; and what jscan_strict lets
 * through, the strict reader takes as the same thing twice.
 */
void
fuzz_jscan(struct str in)
{
	struct str json = in;
	struct str path = str_cut(&json, '\n');
	struct buf b;
	struct buf c;
	struct diag d = { 0 };
	struct json *doc = NULL;

	buf_init(&b, 8u << 20);
	buf_init(&c, 8u << 20);
	(void)!jscan_text(json, path, &b);
	buf_clear(&b);
	if (jscan_strict(json, &b, &d) == ERR_OK &&
	    json_read(buf_str(&b), &doc, &d) == ERR_OK) {
		json_free(doc);
		/* No number is left, and nothing more to take out. */
		must(jscan_strict(buf_str(&b), &c, &d) == ERR_OK);
		must(str_eq(buf_str(&b), buf_str(&c)));
	}
	buf_clear(&b);
	buf_put(&b, S("{\"a\":"));
	json_quote(&b, in);
	buf_byte(&b, '}');
	if (str_utf8(in)) {
		must(json_read(buf_str(&b), &doc, &d) == ERR_OK);
		must(str_eq(json_get_str(doc, "a"), in));
		json_free(doc);
	}
	buf_free(&b);
	buf_free(&c);
}
