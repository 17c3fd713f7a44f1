/*
 * fuzz_feed.c - the shipped definitions and their jq programs under any
 * record and any document; the prepare steps; the diff state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feed_rig.h"
#include "fuzz.h"
#include "jscan.h"
#include "json.h"
#include "prepare.h"

#define FEEDS 9u

static const char *const feeds[FEEDS] = {
	"bureau",   "ecb-rates", "fdic",	     "gleif",	    "insurer",
	"ofac-sdn", "uk-ch-insolvency", "uk-gazette", "us-bankruptcy",
};

static struct feed_rig rig;

static void
rig_free(void)
{
	feed_rig_free(&rig);
}

static struct feed_rig *
shipped(void)
{
	static const char *const names[] = {
		"kinds.tsv",
		"idschemes.tsv",
		"vocab/bureau.tsv",
		"vocab/fdic.tsv",
		"vocab/gleif.tsv",
		"vocab/insurer.tsv",
		"vocab/ofac.tsv",
		"vocab/uk-ch.tsv",
		"vocab/uk-gazette.tsv",
		"vocab/us-bankruptcy.tsv",
		"feeds.d/insurer-csv.yaml",
		NULL,
	};
	static bool made;

	if (made)
		return &rig;
	feed_rig_init(&rig);
	feed_rig_etc(&rig, names);
	for (size_t i = 0; i < FEEDS; i++) {
		char yaml[64];
		char jq[64];
		const char *const two[] = { yaml, jq, NULL };

		(void)snprintf(yaml, sizeof(yaml), "feeds.d/%s.yaml",
			       feeds[i]);
		(void)snprintf(jq, sizeof(jq), "feeds.d/%s.jq", feeds[i]);
		feed_rig_etc(&rig, two);
	}
	if (feed_rig_load(&rig) != ERR_OK)
		(void)fprintf(stderr, "%.*s", STR_ARG(buf_str(&rig.errors)));
	must(rig.errors.n == 0);
	must(atexit(rig_free) == 0);
	made = true;
	return &rig;
}

/* Whatever a map gives is a notice that core will read. */
static enum err
on_notice(void *self, const struct notice *n)
{
	struct diag d = { 0 };
	struct notice again;
	struct arena a;
	struct buf b;

	(void)self;
	buf_init(&b, NOTICE_JSON_MAX);
	must(arena_init(&a, 1u << 20) == ERR_OK);
	must(notice_check(n, &d) == ERR_OK);
	notice_put(&b, n);
	must(b.err == ERR_OK);
	must(notice_get(buf_str(&b), &a, &again, &d) == ERR_OK);
	arena_fini(&a);
	buf_free(&b);
	return ERR_OK;
}

static void
on_reject(void *self, const char *why)
{
	(void)self;
	must(why[0] != '\0');
}

void
fuzz_map(struct str in)
{
	const struct map_sink sink = { NULL, on_notice, on_reject };
	struct feed_rig *r = shipped();
	size_t i = fuzz_byte(&in) % r->tables.feeds.count;
	const struct map_input m = { .json = in,
				     .key = S("key"),
				     .file = S("file"),
				     .fetched_at = r->now_ms };
	struct map_counts n = { 0 };

	must(map_record(r->tables.doc[i].map, &m, &sink, &n) == ERR_OK);
}

void
fuzz_doc(struct str in)
{
	struct feed_rig *r = shipped();
	uint8_t slice = fuzz_byte(&in);
	size_t i = fuzz_byte(&in) % r->tables.feeds.count;
	const struct feed *f = r->tables.doc[i].feed;
	struct str part[FEED_URLS_MAX];
	size_t parts = 1;
	char name[STR_ID_MAX + 1];

	/* A form feed between the files of a feed that joins. */
	part[0] = in;
	if (f->join_count > 0)
		for (parts = 0; parts < f->url_count && in.n > 0; parts++)
			part[parts] = str_cut(&in, '\f');
	must(str_copy(name, sizeof(name), f->name) == ERR_OK);
	feed_rig_parts(r, name, part, parts, slice % 61u);
	must(r->result.verdict != DOC_REFUSED || r->result.guard[0] != '\0');
	must(r->result.rejects <= r->result.records + r->result.map.rejects);
}

static const struct idschemes *
schemes(void)
{
	return &shipped()->tables.ids;
}

/* A step, a newline, a value. */
void
fuzz_prepare(struct str in)
{
	struct str step = str_cut(&in, '\n');
	struct diag d = { 0 };
	struct buf b;
	enum err err;

	if (prepare_check(step, &d) != ERR_OK) {
		must(d.why[0] != '\0');
		return;
	}
	if (in.n > PREPARE_TEXT_MAX)
		return;
	buf_init(&b, 8u << 20);
	buf_put(&b, S("{\"v\":"));
	err = prepare_do(step, in, schemes(), &b, &d);
	buf_byte(&b, '}');
	must(err == ERR_OK || d.why[0] != '\0');
	if (err == ERR_OK && str_utf8(in)) {
		struct json *doc = NULL;

		/* What nests too deep or says \u0000 is for the reader. */
		if (json_read(buf_str(&b), &doc, &d) == ERR_OK)
			json_free(doc);
		else
			must(str_eq(str_trim(step), S("json")));
	}
	buf_free(&b);
}

static enum err
on_gone(void *self, struct str text)
{
	unsigned *n = self;

	must(text.n <= DIFF_TEXT_MAX);
	(*n)++;
	return ERR_OK;
}

/* A state as it was left by somebody else, then a small document. */
static void
diff_over(int old, int fresh, uint8_t way)
{
	static const char *const keys[] = { "a", "b", "c", "b" };
	struct diff_counts n = { 0 };
	struct diff *d = NULL;
	unsigned gone = 0;

	must(diff_new(old, 7, &d) == ERR_OK);
	if (way & 1)
		diff_track(d);
	for (size_t i = 0; i < 4; i++) {
		enum diff_outcome o = DIFF_NEW;

		must(diff_record(d, str_of(keys[i]), S("content"), &o) ==
		     ERR_OK);
		if (way & 1 && o != DIFF_SAME)
			diff_said(d, S("xKIND\trecord"));
		if (way & 2 && i == 2)
			diff_forget(d);
	}
	diff_end(d, way & 4 ? DIFF_MERGE : DIFF_REPLACE, &n);
	(void)!diff_gone(d, &gone, on_gone);
	(void)!diff_write(d, fresh, 4);
	diff_free(d);
}

void
fuzz_diff(struct str in)
{
	uint8_t way = fuzz_byte(&in);
	int old = memfd_create("old", MFD_CLOEXEC);
	int fresh = memfd_create("new", MFD_CLOEXEC);

	must(old >= 0 && fresh >= 0);
	/* A good state with some of its bytes changed, or all of them ours. */
	if (way & 8)
		diff_over(-1, old, way);
	for (size_t at = 0; way & 8 && in.n >= 3;) {
		at = (size_t)fuzz_byte(&in) + 256u * (fuzz_byte(&in) & 3u);
		must(pwrite(old, in.p, 1, (off_t)at) == 1);
		(void)fuzz_byte(&in);
	}
	if (!(way & 8) && in.n > 0)
		must(pwrite(old, in.p, in.n, 0) == (ssize_t)in.n);
	diff_over(old, fresh, way);
	(void)close(old);
	(void)close(fresh);
}
