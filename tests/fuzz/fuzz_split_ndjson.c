/*
 * fuzz_split_ndjson.c - no bytes crash the NDJSON splitter, and the slicing never
 * changes what comes out.  The first byte picks the slice.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... fuzz_split_ndjson.c
 */
#include <stdlib.h>
#include <string.h>

#include "jscan.h"
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
	struct buf b;
	struct diag d = { 0 };

	(void)line;
	must(json.n > 1 && json.p[0] == '{');
	must(json.n <= SPLIT_RECORD_MAX);
	/* Brackets are counted, not matched: that is the strict reader's. */
	/* The key of any record is found or not, without harm. */
	buf_init(&b, 8 * SPLIT_RECORD_MAX);
	(void)!jscan_text(json, S("a.b"), &b);
	buf_clear(&b);
	(void)!jscan_strict(json, &b, &d);
	buf_free(&b);
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
	const struct feed f = { .container = CONTAINER_NDJSON };
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
