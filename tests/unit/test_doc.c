/*
 * test_doc.c - guards, actions and the state between two documents.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feed_rig.h"

static void
load(struct feed_rig *r, const char *mode, const char *more)
{
	char yaml[1024];

	feed_rig_init(r);
	(void)snprintf(yaml, sizeof(yaml),
		       "name: t\nurls: [\"https://t.example/\"]\n"
		       "container: ndjson\nrecord_key: [k]\nmode: %s\n"
		       "interval: 60s\ncertainty: reported\n"
		       "redistribution: full\nmap: t.jq\n%s",
		       mode, more);
	feed_rig_add(r, "feeds.d/t.yaml", str_of(yaml));
	feed_rig_add(r, "feeds.d/t.jq",
		     S("if .bad then error(\"bad\") elif .slow then "
		       "{native: \"s\", case_no: ([range(30000)] | length"
		       " | tostring)} else {native: .v} end"));
	cr_assert_eq(feed_rig_load(r), ERR_OK, "%.*s",
		     STR_ARG(buf_str(&r->errors)));
}

/* One document; its state becomes the old one of the next. */
static void
document(struct feed_rig *r, const char *doc)
{
	r->new_fd = memfd_create("new", MFD_CLOEXEC);
	feed_rig_parse(r, "t", str_of(doc), 0);
	if (r->result.verdict == DOC_ACCEPTED) {
		if (r->old_fd >= 0)
			(void)close(r->old_fd);
		r->old_fd = r->new_fd;
	} else {
		(void)close(r->new_fd);
	}
}

static void
expect(struct feed_rig *r, const char *guard)
{
	if (guard == NULL)
		cr_assert_eq(r->result.verdict, DOC_ACCEPTED, "%s: %s",
			     r->result.guard, r->result.detail);
	else
		cr_assert_str_eq(r->result.guard, guard);
}

/*
 * A map that takes some 20 ms a record, under a budget made for it: the
 * document's, that of one push, and records that come one by one.
 */
Test(doc, a_slow_map_has_a_budget)
{
	struct str five = S("{\"k\":1,\"slow\":1}\n{\"k\":2,\"slow\":1}\n"
			    "{\"k\":3,\"slow\":1}\n{\"k\":4,\"slow\":1}\n"
			    "{\"k\":5,\"slow\":1}\n");
	struct feed_rig r;
	uint64_t us;

	load(&r, "append", "");
	cr_assert_eq(r.tables.doc[0].call_ms, 0, "as the header says");
	cr_assert_eq(r.tables.doc[0].cpu_ms, 0);
	feed_rig_parse(&r, "t", five, 0);
	expect(&r, NULL);
	us = r.result.map.cpu_us;
	cr_assert(us > 10000 && us < 5u * MAP_BUDGET_MS * 1000, "%llu us",
		  (unsigned long long)us);
	r.tables.doc[0].call_ms = (int64_t)us / 2000;
	feed_rig_parse(&r, "t", five, 0);
	expect(&r, "budget");
	cr_assert_lt(r.result.records, 5);
	feed_rig_parse(&r, "t", five, 17);
	expect(&r, NULL);
	r.tables.doc[0].call_ms = 0;
	r.tables.doc[0].cpu_ms = (int64_t)us / 2000;
	feed_rig_parse(&r, "t", five, 17);
	expect(&r, "budget");
	feed_rig_free(&r);
}

Test(doc, a_snapshot_amends)
{
	struct feed_rig r;

	load(&r, "snapshot", "");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 2);
	cr_assert_eq(r.result.diff.changed, 2);
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 0);
	cr_assert_eq(r.result.diff.changed, 0);
	document(&r, "{\"k\":3,\"v\":\"a\"}\n{\"k\":2,\"v\":\"b\"}\n");
	cr_assert_eq(r.result.map.notices, 2);
	cr_assert_eq(r.result.diff.vanished, 1);
	cr_assert(str_contains(buf_str(&r.notices),
			       S("\"record\":\"2\",\"action\":\"AMEND\"")));
	cr_assert(str_contains(buf_str(&r.notices),
			       S("\"record\":\"3\",\"action\":\"NEW\"")));
	feed_rig_free(&r);
}

Test(doc, an_append_feed_does_not)
{
	struct feed_rig r;

	load(&r, "append", "");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n");
	document(&r, "{\"k\":2,\"v\":\"a\"}\n");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"b\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	cr_assert(str_contains(buf_str(&r.notices),
			       S("\"record\":\"2\",\"action\":\"NEW\"")));
	feed_rig_free(&r);
}

Test(doc, the_baseline)
{
	struct feed_rig r;

	load(&r, "snapshot", "baseline: silent\n");
	r.first = 1;
	document(&r, "{\"k\":1,\"v\":\"a\"}\n");
	expect(&r, NULL);
	cr_assert_eq(r.result.map.notices, 0);
	cr_assert_eq(r.result.records, 1);
	r.first = 0;
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	feed_rig_free(&r);
	load(&r, "snapshot", "baseline: bad_states\n");
	r.first = 1;
	document(&r, "{\"k\":1,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	feed_rig_free(&r);
}

static bool
said(const struct feed_rig *r, const char *record, const char *action)
{
	char want[128];

	(void)snprintf(want, sizeof(want),
		       "\"record\":\"%s\",\"action\":\"%s\"", record,
		       action);
	return str_contains(buf_str(&r->notices), str_of(want));
}

/* What a list no longer has is taken back, once, under its own record. */
Test(doc, on_absent_cancel)
{
	struct feed_rig r;

	load(&r, "snapshot", "on_absent: cancel\n");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"a\"}\n"
		     "{\"k\":3,\"v\":\"a\"}\n");
	expect(&r, NULL);
	cr_assert_eq(r.result.map.notices, 3);
	/* 1 is gone, 2 changed, 3 stands. */
	document(&r, "{\"k\":2,\"v\":\"b\"}\n{\"k\":3,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 2);
	cr_assert(said(&r, "1", "CANCEL"), "%.*s",
		  STR_ARG(buf_str(&r.notices)));
	cr_assert(said(&r, "2", "AMEND"));
	/* A rejected record is not gone; one without a key could be any. */
	document(&r, "{\"k\":2,\"v\":\"c\",\"bad\":true}\n"
		     "{\"k\":3,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 0);
	document(&r, "{\"k\":3,\"v\":\"a\"}\n{\"x\":2}\n");
	cr_assert_eq(r.result.map.notices, 0);
	/* Now it is. */
	document(&r, "{\"k\":3,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	cr_assert(said(&r, "2", "CANCEL"));
	/* And once. */
	document(&r, "{\"k\":3,\"v\":\"a\"}\n{\"k\":4,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	cr_assert(said(&r, "4", "NEW"));
	/* A refused document takes nothing back. */
	document(&r, "<html>");
	expect(&r, "root");
	document(&r, "{\"k\":4,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	cr_assert(said(&r, "3", "CANCEL"));
	feed_rig_free(&r);
}

/* count records with keys from first. */
static void
records(struct buf *b, int first, int count, int bad)
{
	buf_clear(b);
	for (int i = 0; i < count; i++)
		buf_printf(b, "{\"k\":%d,\"v\":\"a\"%s}\n", first + i,
			   i < bad ? ",\"bad\":true" : "");
	buf_byte(b, 0);
}

Test(doc, guards_at_the_limit_and_one_beyond)
{
	struct feed_rig r;
	struct buf b;

	buf_init(&b, 1u << 20);
	load(&r, "snapshot",
	     "guards:\n  min_records: 10\n  max_shrink_pct: 10\n"
	     "  max_growth_pct: 20\n  max_reject_pct: 5\n");
	records(&b, 0, 9, 0);
	document(&r, b.p);
	expect(&r, "min_records");
	records(&b, 0, 100, 5);
	document(&r, b.p);
	expect(&r, NULL);
	cr_assert_eq(r.result.rejects, 5);
	records(&b, 0, 100, 6);
	document(&r, b.p);
	expect(&r, "max_reject_pct");
	records(&b, 0, 89, 0);
	document(&r, b.p);
	expect(&r, "max_shrink_pct");
	records(&b, 0, 121, 0);
	document(&r, b.p);
	expect(&r, "max_growth_pct");
	records(&b, 0, 120, 0);
	document(&r, b.p);
	expect(&r, NULL);
	records(&b, 0, 108, 0);
	document(&r, b.p);
	expect(&r, NULL);
	/* From here on it is 108 that counts, not 100. */
	records(&b, 0, 97, 0);
	document(&r, b.p);
	expect(&r, "max_shrink_pct");
	feed_rig_free(&r);
	buf_free(&b);
}

/* A refused document leaves the state of the last good one. */
Test(doc, a_refused_document_changes_nothing)
{
	struct feed_rig r;

	load(&r, "snapshot", "guards:\n  min_records: 2\n");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":2,\"v\":\"a\"}\n");
	document(&r, "{\"k\":1,\"v\":\"b\"}\n");
	expect(&r, "min_records");
	document(&r, "{\"k\":1,\"v\":\"b\"}\n{\"k\":2,\"v\":\"a\"}\n");
	expect(&r, NULL);
	cr_assert_eq(r.result.map.notices, 1);
	feed_rig_free(&r);
}

/* A record nothing came of is tried again, so a mended map finds it. */
Test(doc, a_rejected_record_is_tried_again)
{
	struct feed_rig r;

	load(&r, "snapshot", "");
	document(&r, "{\"k\":1,\"bad\":true}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.rejects, 1);
	document(&r, "{\"k\":1,\"bad\":true}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.rejects, 1);
	cr_assert_eq(r.result.map.notices, 0);
	feed_rig_free(&r);
}

Test(doc, duplicate_keys_are_counted)
{
	struct feed_rig r;

	load(&r, "append", "");
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":1,\"v\":\"b\"}\n");
	cr_assert_eq(r.result.diff.duplicates, 1);
	cr_assert_eq(r.result.map.notices, 2);
	document(&r, "{\"k\":1,\"v\":\"a\"}\n{\"k\":1,\"v\":\"b\"}\n");
	cr_assert_eq(r.result.map.notices, 0);
	feed_rig_free(&r);
}

/* Never truncated: two long keys that begin alike are two records. */
Test(doc, keys_at_the_limit_and_one_more)
{
	struct feed_rig r;
	struct buf b;

	load(&r, "append", "");
	for (unsigned more = 0; more <= 1; more++) {
		buf_init(&b, 1u << 20);
		for (int i = 0; i < 2; i++) {
			buf_put(&b, S("{\"v\":\"a\",\"k\":\""));
			for (unsigned n = 0; n < DIFF_KEY_MAX + more - 1; n++)
				buf_byte(&b, 'x');
			buf_printf(&b, "%d\"}\n", i);
		}
		buf_byte(&b, 0);
		document(&r, b.p);
		expect(&r, NULL);
		cr_assert_eq(r.result.rejects, more * 2, "%.*s",
			     STR_ARG(buf_str(&r.rejects)));
		cr_assert_eq(r.result.map.notices, 2 - more * 2);
		buf_free(&b);
	}
	feed_rig_free(&r);
}

Test(doc, text_max_is_of_one_record)
{
	struct feed_rig r;

	load(&r, "append", "text_max: 19\n");
	document(&r, "{\"k\":1,\"v\":\"aaaaaa\"}\n{\"k\":2,\"v\":\"a\"}\n");
	cr_assert_eq(r.result.map.notices, 1);
	cr_assert_eq(r.result.rejects, 1);
	feed_rig_free(&r);
}

Test(doc, keys_of_several_parts)
{
	struct feed_rig r;

	load(&r, "append", "");
	feed_rig_free(&r);
	feed_rig_init(&r);
	feed_rig_add(&r, "feeds.d/t.yaml",
		     S("name: t\nurls: [\"https://t.example/\"]\n"
		       "container: xml\nrecord: //r\n"
		       "record_key: [\"@id\", a.b]\nmode: append\n"
		       "interval: 60s\ncertainty: reported\n"
		       "redistribution: full\nmap: t.jq\n"));
	feed_rig_add(&r, "feeds.d/t.jq", S("{native: .a.b}"));
	cr_assert_eq(feed_rig_load(&r), ERR_OK, "%.*s",
		     STR_ARG(buf_str(&r.errors)));
	document(&r, "<d><r id='7'><a><b>x</b></a></r><r id='8'/></d>");
	cr_assert(str_contains(buf_str(&r.notices), S("\"record\":\"7/x\"")));
	cr_assert(str_contains(buf_str(&r.rejects), S("record_key: absent")));
	feed_rig_free(&r);
}
