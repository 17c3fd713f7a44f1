/*
 * fuzz_split_xml.c - no bytes crash the XML splitter, and the slicing never
 * changes what comes out.  The first byte picks the slice.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... fuzz_split_xml.c
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "split.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct seen {
	uint64_t sum;
	unsigned records;
};

static enum err
on_record(void *self, unsigned line, struct str json)
{
	struct seen *s = self;
	struct json *doc = NULL;
	struct diag d = { 0 };

	(void)line;
	/* Whatever came in, what goes on is JSON, and an object. */
	must(json.n > 1 && json.p[0] == '{' && json.n <= SPLIT_RECORD_MAX);
	must(json_read(json, &doc, &d) == ERR_OK ||
	     str_contains(str_of(d.why), S("nested")));
	json_free(doc);
	for (size_t i = 0; i < json.n; i++)
		s->sum = s->sum * 31 + (uint8_t)json.p[i];
	s->records++;
	return ERR_OK;
}

static void
on_reject(void *self, unsigned line, const char *why)
{
	struct seen *s = self;

	(void)line;
	must(why[0] != 0);
	s->sum = s->sum * 31 + 7;
}

static enum err
run(struct str doc, size_t slice, struct seen *s)
{
	const struct feed f = { .container = CONTAINER_XML,
				.record = S("//r") };
	const struct split_sink sink = { s, on_record, on_reject };
	struct split *split = NULL;
	struct diag d = { 0 };
	enum err err = ERR_OK;

	must(split_new(&f, 0, &sink, &split, &d) == ERR_OK);
	for (size_t i = 0; i < doc.n && err == ERR_OK; i += slice)
		err = split_push(split, str_sub(doc, i, slice), &d);
	if (err == ERR_OK)
		err = split_end(split, &d);
	must(err == ERR_OK || d.why[0] != 0);
	split_free(split);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen one = { 0 };
	struct seen two = { 0 };
	struct str doc;
	enum err a;
	enum err b;

	if (n < 1)
		return 0;
	doc = (struct str){ (const char *)p + 1, n - 1 };
	a = run(doc, doc.n + 1, &one);
	b = run(doc, (size_t)p[0] % 61 + 1, &two);
	/* A refused document's records are thrown away anyway. */
	must((a == ERR_OK) == (b == ERR_OK));
	if (a == ERR_OK)
		must(one.sum == two.sum && one.records == two.records);
	return 0;
}
