/*
 * test_define.c - every mistake of every definition, with its line.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "define.h"

#define HEAD                                                                   \
	"name: t\nurls: [\"https://t.example/\"]\ncontainer: xml\n"            \
	"record: //r\nrecord_key: [k]\nmode: snapshot\ninterval: 60s\n"        \
	"certainty: official\nredistribution: full\nmap: t.jq\n"

struct got {
	struct bundle b;
	struct arena a;
	struct feeds feeds;
	struct buf errors;
	enum err err;
};

static void
define(struct got *g, const char *name, const char *yaml)
{
	bundle_init(&g->b);
	buf_init(&g->errors, 65536);
	cr_assert_eq(arena_init(&g->a, 16u << 20), ERR_OK);
	bundle_add(&g->b, str_of(name), str_of(yaml));
	bundle_add(&g->b, S("feeds.d/t.jq"), S("."));
	bundle_add(&g->b, S("feeds.d/unverified/t.jq"), S("."));
	bundle_add(&g->b, S("vocab/t.tsv"), S(""));
	g->err = feeds_define(&g->b, &g->a, &g->feeds, &g->errors);
}

static void
done(struct got *g)
{
	bundle_free(&g->b);
	arena_fini(&g->a);
	buf_free(&g->errors);
}

Test(define, a_whole_definition)
{
	struct got g;
	const struct feed *f;

	define(&g, "feeds.d/t.yaml",
	       "name: t\ntitle: A title\nurls:\n  - https://t.example/a\n"
	       "container: xml\nrecord: /a/b\nrecord_key: [k, x.y]\n"
	       "encoding: windows-1252\nmode: snapshot\non_absent: keep\n"
	       "baseline: silent\ninterval: 26h\nmin_gap: 2s\ntimeout: 15m\n"
	       "user_agent: me/1\nca_file: /x/ca.pem\nallow_private: yes\n"
	       "conditional: [etag]\nwire_max: 10MiB\ndecoded_max: 1GiB\n"
	       "text_max: 64KiB\nguards:\n  root: a\n  min_records: 5\n"
	       "  max_shrink_pct: 10\n  max_growth_pct: 200\n"
	       "  max_reject_pct: 1\n  stale_after: 7d\ncertainty: inferred\n"
	       "name_accept: yes\nredistribution: internal\n"
	       "source_class: press\nlicence: L\nattribution: A\n"
	       "prepare:\n  pubDate: date(rfc822)\n  j: json\nmap: t.jq\n"
	       "vocab: ../vocab/t.tsv\nenabled: no\n");
	cr_assert_eq(g.err, ERR_OK, "%.*s", STR_ARG(buf_str(&g.errors)));
	cr_assert_eq(g.feeds.count, 1);
	f = feeds_find(&g.feeds, S("t"));
	cr_assert_not_null(f);
	cr_assert(str_eq(f->title, S("A title")));
	cr_assert_eq(f->url_count, 1);
	cr_assert(str_eq(f->urls[0], S("https://t.example/a")));
	cr_assert_eq(f->container, CONTAINER_XML);
	cr_assert_eq(f->record_key_count, 2);
	cr_assert(str_eq(f->record_key[1], S("x.y")));
	cr_assert_eq(f->mode, MODE_SNAPSHOT);
	cr_assert_eq(f->baseline, BASELINE_SILENT);
	cr_assert_eq(f->interval_ms, 26 * 3600000LL);
	cr_assert_eq(f->min_gap_ms, 2000);
	cr_assert_eq(f->timeout_ms, 900000);
	cr_assert(str_eq(f->ca_file, S("/x/ca.pem")));
	cr_assert_eq(f->allow_private, 1);
	cr_assert_eq(f->cond_etag, 1);
	cr_assert_eq(f->cond_last_modified, 0);
	cr_assert_eq(f->cond_body_hash, 0);
	cr_assert_eq(f->wire_max, 10 << 20);
	cr_assert_eq(f->text_max, 65536);
	cr_assert(str_eq(f->guards.root, S("a")));
	cr_assert_eq(f->guards.min_records, 5);
	cr_assert_eq(f->guards.max_shrink_pct, 10);
	cr_assert_eq(f->guards.max_growth_pct, 200);
	cr_assert_eq(f->guards.max_reject_pct, 1);
	cr_assert_eq(f->guards.stale_after_ms, 7 * 86400000LL);
	cr_assert_eq(f->certainty, CERTAINTY_INFERRED);
	cr_assert_eq(f->name_accept, 1);
	cr_assert_eq(f->redistribution, REDIST_INTERNAL);
	cr_assert(str_eq(f->source_class, S("press")));
	cr_assert_eq(f->prepare_count, 2);
	cr_assert(str_eq(f->prepare[0].field, S("pubDate")));
	cr_assert(str_eq(f->prepare[0].step, S("date(rfc822)")));
	cr_assert(str_eq(f->map, S("feeds.d/t.jq")));
	cr_assert(str_eq(f->vocab, S("vocab/t.tsv")));
	cr_assert_eq(f->enabled, 0);
	cr_assert_eq(f->verified, 1);
	cr_assert_null(feeds_find(&g.feeds, S("u")));
	done(&g);
}

Test(define, defaults)
{
	struct got g;
	const struct feed *f;

	define(&g, "feeds.d/t.yaml", HEAD);
	cr_assert_eq(g.err, ERR_OK, "%.*s", STR_ARG(buf_str(&g.errors)));
	f = &g.feeds.feed[0];
	cr_assert_eq(f->enabled, 1);
	cr_assert_eq(f->on_absent, ABSENT_KEEP);
	cr_assert_eq(f->guards.max_shrink_pct, -1);
	cr_assert_eq(f->guards.stale_after_ms, 180000);
	cr_assert_eq(f->cond_body_hash, 1);
	cr_assert(str_eq(f->title, S("t")));
	cr_assert_eq(f->allow_private, 0);
	cr_assert_eq(f->name_accept, 0);
	done(&g);
}

Test(define, unverified_ones_are_off)
{
	struct got g;

	define(&g, "feeds.d/unverified/t.yaml", HEAD);
	cr_assert_eq(g.err, ERR_OK, "%.*s", STR_ARG(buf_str(&g.errors)));
	cr_assert_eq(g.feeds.feed[0].enabled, 0);
	cr_assert_eq(g.feeds.feed[0].verified, 0);
	cr_assert(str_eq(g.feeds.feed[0].map, S("feeds.d/unverified/t.jq")));
	done(&g);
	define(&g, "feeds.d/deeper/er/t.yaml", HEAD);
	cr_assert_eq(g.feeds.count, 0);
	done(&g);
}

/* Each planted mistake is told on its own line and the feed is left out. */
Test(define, mistakes)
{
	static const struct {
		const char *more; /* line 11 on */
		const char *want;
	} row[] = {
		{ "intervall: 5s\n", "t.yaml:11: intervall: is not a key" },
		{ "min_gap: 5\n", "t.yaml:11: min_gap: is not a duration" },
		{ "wire_max: 5MB\n", "t.yaml:11: wire_max: is not a size" },
		{ "name_accept: true\n", "name_accept: is not yes or no" },
		{ "on_absent: maybe\n", "is not one of keep cancel" },
		{ "guards:\n  min_records: -1\n", "t.yaml:12: min_records:" },
		{ "guards:\n  x: 1\n", "t.yaml:12: x: is not a key" },
		{ "guards: 5\n", "guards: is not a map" },
		{ "guards:\n  header: x\n", "are for csv and tsv" },
		{ "csv: {header: 1}\n", "are for csv and tsv" },
		{ "csv: {header: 0}\n", "header: is not none or 1 to" },
		{ "csv: {delimiter: ab}\n", "is not one character" },
		{ "csv: {x: 1}\n", "x: is not a key" },
		{ "join: [a]\n", "is not a map of name: columns" },
		{ "join: {a: [b]}\n", "needs one url for the records" },
		{ "stream: https://t.example/s\n", "stream: needs mode stream" },
		{ "cursor: {field: a, parameter: b}\n",
		  "cursor: needs mode stream" },
		{ "idle: 5m\n", "idle: needs mode stream" },
		{ "credential: x\n", "credential: is not a map" },
		{ "credential: {file: a/b, as: user}\n", "needs file" },
		{ "credential: {file: k, as: header}\n", "needs header" },
		{ "credential: {file: k, as: user, header: X-K}\n",
		  "needs header: with as: header" },
		{ "credential: {file: k, as: token}\n", "needs as: user" },
		{ "credential: {file: k, as: user, key: x}\n",
		  "key: is not a key" },
		{ "headers: {Host: x}\n", "is not a header that may be set" },
		{ "headers: {Cookie: x}\n", "is not a header that may" },
		{ "headers: {\"A b\": x}\n", "is not a header that may" },
		{ "headers: {A: \"x\\r\\nB: y\"}\n",
		  "line break or control character" },
		{ "proxy: https://p:1\n", "is not http://HOST:PORT" },
		{ "proxy: http://u:p@h:1\n", "is not http://HOST:PORT" },
		{ "window: {zone: Europe/London, from: \"21:00\"}\n",
		  "needs from and to" },
		{ "window: {zone: Mars, from: \"21:00\", to: \"07:00\"}\n",
		  "needs a zone" },
		{ "window: {zone: UTC, from: \"24:00\", to: \"07:00\"}\n",
		  "needs from and to" },
		{ "directory: /in\n", "t.yaml:11: directory: needs mode" },
		{ "prepare:\n  f: bogus\n", "t.yaml:12: f: prepare: 'bogus'" },
		{ "prepare: [a]\n", "prepare: is not a map" },
		{ "conditional: [tag]\n", "is not etag, last_modified" },
		{ "vocab: no.tsv\n", "vocab: there is no file no.tsv" },
		{ "encoding: utf-7\n", "encoding: is not known" },
		{ "text_max: 2MiB\n", "text_max: is not between" },
		{ "text_max: 0\n", "text_max: is not between" },
		{ "title: [a]\n", "title: is a list or map" },
		{ "map: t.jq\n", "t.yaml:11:" },
		{ "&a x: *a\n", "t.yaml:11:" },
		{ "- x\n", "t.yaml:" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		char yaml[2048];
		struct got g;

		(void)snprintf(yaml, sizeof(yaml), "%s%s", HEAD, row[i].more);
		define(&g, "feeds.d/t.yaml", yaml);
		cr_assert_eq(g.err, ERR_CONFIG, "%s", row[i].more);
		cr_assert_eq(g.feeds.count, 0);
		cr_assert(str_contains(buf_str(&g.errors),
				       str_of(row[i].want)),
			  "%s: %.*s", row[i].more,
			  STR_ARG(buf_str(&g.errors)));
		done(&g);
	}
}

#define STREAM                                                                 \
	"name: t\nstream: https://t.example/s\ncontainer: ndjson\n"           \
	"record_key: [k]\nmode: stream\ncertainty: official\n"                \
	"redistribution: full\nmap: t.jq\n"
#define CURSOR "cursor:\n  field: e.at\n  parameter: from\n"

Test(define, a_stream)
{
	struct got g;
	const struct feed *f;

	define(&g, "feeds.d/t.yaml", STREAM CURSOR);
	cr_assert_eq(g.err, ERR_OK, "%.*s", STR_ARG(buf_str(&g.errors)));
	f = &g.feeds.feed[0];
	cr_assert_eq(f->mode, MODE_STREAM);
	cr_assert(str_eq(f->urls[0], S("https://t.example/s")));
	cr_assert(str_eq(f->cursor.field, S("e.at")));
	cr_assert(str_eq(f->cursor.parameter, S("from")));
	cr_assert_gt(f->idle_ms, 0);
	cr_assert_gt(f->guards.stale_after_ms, f->idle_ms);
	cr_assert_eq(f->cond_etag, 0);
	done(&g);
}

Test(define, wrong_streams)
{
	static const struct {
		const char *more;
		const char *want;
	} row[] = {
		{ "", "cursor: needs field and parameter" },
		{ "cursor: {field: a, parameter: \"b&c=\"}\n",
		  "cursor: needs field and parameter" },
		{ CURSOR "urls: [\"https://t.example/\"]\n",
		  "urls: is not for mode stream" },
		{ CURSOR "baseline: silent\n", "stream needs container" },
		{ CURSOR "guards: {max_reject_pct: 1}\n",
		  "of a stream there is only stale_after" },
		{ CURSOR "guards: {min_records: 1}\n",
		  "of a stream there is only stale_after" },
		{ CURSOR "idle: 5\n", "idle: is not a duration" },
		{ CURSOR "allow_private: no\nstream: http://t.example/\n",
		  "stream" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		char yaml[2048];
		struct got g;

		(void)snprintf(yaml, sizeof(yaml), "%s%s", STREAM,
			       row[i].more);
		define(&g, "feeds.d/t.yaml", yaml);
		cr_assert_eq(g.err, ERR_CONFIG, "%s", row[i].more);
		cr_assert(str_contains(buf_str(&g.errors),
				       str_of(row[i].want)),
			  "%s: %.*s", row[i].more,
			  STR_ARG(buf_str(&g.errors)));
		done(&g);
	}
}

#define DROP                                                                   \
	"name: t\ncontainer: ndjson\nrecord_key: [k]\ncertainty: reported\n"   \
	"redistribution: full\nmap: t.jq\nmode: drop\ninterval: 10s\n"

Test(define, a_watched_directory)
{
	static const struct {
		const char *more; /* line 9 on */
		const char *want;
	} row[] = {
		{ "", "directory: is required" },
		{ "directory: in\n", "t.yaml:9: directory: is not an absolute" },
		{ "directory: //\n", "directory: is not an absolute" },
		{ "directory: /in\nurls: [\"https://x\"]\n",
		  "t.yaml:10: urls: is not for mode drop" },
		{ "directory: /in\ntimeout: 5s\n", "timeout: is not for" },
		{ "directory: /in\nbaseline: silent\n", "drop has no baseline" },
		{ "directory: /in\nguards: {max_shrink_pct: 5}\n",
		  "drop has no baseline" },
	};
	char yaml[2048];
	struct got g;

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		(void)snprintf(yaml, sizeof(yaml), "%s%s", DROP, row[i].more);
		define(&g, "feeds.d/t.yaml", yaml);
		cr_assert(str_contains(buf_str(&g.errors),
				       str_of(row[i].want)),
			  "%s: %.*s", row[i].more, STR_ARG(buf_str(&g.errors)));
		done(&g);
	}
	define(&g, "feeds.d/t.yaml", DROP "directory: /in/t//\n");
	cr_assert_eq(g.err, ERR_OK, "%.*s", STR_ARG(buf_str(&g.errors)));
	cr_assert(str_eq(g.feeds.feed[0].directory, S("/in/t")));
	cr_assert_eq(g.feeds.feed[0].guards.stale_after_ms, 30000);
	cr_assert_eq(g.feeds.feed[0].guards.stale_given, 0);
	done(&g);
}

/* At the limit, one more, and two that share a directory. */
Test(define, watched_directories_of_many_feeds)
{
	for (unsigned more = 0; more < 3; more++) {
		struct got g = { .err = ERR_OK };
		char name[64];
		char yaml[2048];

		bundle_init(&g.b);
		buf_init(&g.errors, 65536);
		cr_assert_eq(arena_init(&g.a, 16u << 20), ERR_OK);
		bundle_add(&g.b, S("feeds.d/t.jq"), S("."));
		for (unsigned i = 0; i < FEED_DROPS_MAX + (more == 1); i++) {
			unsigned at = more == 2 && i == 7 ? 3 : i;

			(void)snprintf(name, sizeof(name), "feeds.d/t%u.yaml",
				       i);
			(void)snprintf(yaml, sizeof(yaml),
				       "name: t%u\ndirectory: /in/%u\n%s", i,
				       at, strchr(DROP, '\n') + 1);
			bundle_add(&g.b, str_of(name), str_of(yaml));
		}
		g.err = feeds_define(&g.b, &g.a, &g.feeds, &g.errors);
		cr_assert_eq(g.err, more == 0 ? ERR_OK : ERR_CONFIG, "%.*s",
			     STR_ARG(buf_str(&g.errors)));
		if (more == 1)
			cr_assert(str_contains(buf_str(&g.errors),
					       S("more than 64 watched")));
		if (more == 2)
			cr_assert(str_contains(buf_str(&g.errors),
					       S("is watched by t3")));
		done(&g);
	}
}

Test(define, all_mistakes_at_once)
{
	struct got g;
	unsigned lines = 0;

	define(&g, "feeds.d/t.yaml",
	       "name: other\nurls: [\"http://t.example/\"]\ncontainer: cvs\n"
	       "mode: window\ninterval: 5\nmap: none.jq\n");
	for (size_t i = 0; i < g.errors.n; i++)
		lines += g.errors.p[i] == '\n';
	/* interval twice: no unit, and out of range */
	cr_assert_geq(lines, 9, "%.*s", STR_ARG(buf_str(&g.errors)));
	for (const char *const *w =
		 (const char *const[]){ "name: is not the name of the file",
					"https://", "container: is not",
					"mode: is not", "interval:",
					"map: there is no file",
					"record_key: is required",
					"certainty: is required", NULL };
	     *w != NULL; w++)
		cr_assert(str_contains(buf_str(&g.errors), str_of(*w)), "%s",
			  *w);
	done(&g);
}

/* What ships is right: every definition of ours, with nothing to say. */
Test(define, a_second_feed_lives_when_the_first_is_wrong)
{
	struct got g;

	bundle_init(&g.b);
	buf_init(&g.errors, 65536);
	cr_assert_eq(arena_init(&g.a, 16u << 20), ERR_OK);
	bundle_add(&g.b, S("feeds.d/bad.yaml"), S("name: bad\n"));
	bundle_add(&g.b, S("feeds.d/t.yaml"), S(HEAD));
	bundle_add(&g.b, S("feeds.d/t.jq"), S("."));
	g.err = feeds_define(&g.b, &g.a, &g.feeds, &g.errors);
	cr_assert_eq(g.err, ERR_CONFIG);
	cr_assert_eq(g.feeds.count, 1);
	cr_assert_not_null(feeds_find(&g.feeds, S("t")));
	done(&g);
}

Test(define, as_many_keys_as_the_limit_and_one_more)
{
	for (unsigned more = 0; more <= 1; more++) {
		struct got g;
		struct buf yaml;

		buf_init(&yaml, 65536);
		buf_put(&yaml, S("name: t\nurls: [\"https://t.example/\"]\n"
				 "container: ndjson\nmode: append\n"
				 "interval: 60s\ncertainty: official\n"
				 "redistribution: full\nmap: t.jq\n"
				 "record_key: [k"));
		for (unsigned i = 1; i < FEED_KEYS_MAX + more; i++)
			buf_put(&yaml, S(", k"));
		buf_put(&yaml, S("]\n"));
		buf_byte(&yaml, 0);
		define(&g, "feeds.d/t.yaml", yaml.p);
		cr_assert_eq(g.err == ERR_OK, more == 0, "%.*s",
			     STR_ARG(buf_str(&g.errors)));
		done(&g);
		buf_free(&yaml);
	}
}

/* Once the good items before the bad one were counted and not kept. */
Test(define, a_list_with_a_bad_item_is_no_list)
{
	static const char *const bad[] = {
		"urls: [\"https://t.example/\", \"\"]\n",
		"urls: [\"https://t.example/\", [a]]\n",
	};

	for (size_t i = 0; i < 2; i++) {
		char yaml[512];
		struct got g;

		(void)snprintf(yaml, sizeof(yaml),
			       "name: t\n%scontainer: xml\nrecord: //r\n"
			       "record_key: [k]\nmode: snapshot\n"
			       "interval: 60s\ncertainty: official\n"
			       "redistribution: full\nmap: t.jq\n",
			       bad[i]);
		define(&g, "feeds.d/t.yaml", yaml);
		cr_assert_eq(g.err, ERR_CONFIG);
		cr_assert(str_contains(buf_str(&g.errors),
				       S("t.yaml:2: urls: has an empty")));
		done(&g);
	}
}
