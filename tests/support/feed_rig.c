/*
 * feed_rig.c - a document through feeds/ in one call.
 */
#include "feed_rig.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW_MS 1704067200000 /* 2024-01-01T00:00:00Z */

void
feed_rig_init(struct feed_rig *r)
{
	*r = (struct feed_rig){ .now_ms = NOW_MS, .old_fd = -1, .new_fd = -1 };
	bundle_init(&r->bundle);
	buf_init(&r->errors, 1u << 20);
	buf_init(&r->notices, 256u << 20);
	buf_init(&r->rejects, 64u << 20);
}

void
feed_rig_free(struct feed_rig *r)
{
	tables_fini(&r->tables);
	bundle_free(&r->bundle);
	buf_free(&r->errors);
	buf_free(&r->notices);
	buf_free(&r->rejects);
}

void
feed_rig_add(struct feed_rig *r, const char *name, struct str text)
{
	bundle_add(&r->bundle, str_of(name), text);
}

bool
feed_rig_file(struct buf *b, const char *path)
{
	buf_init(b, 256u << 20);
	return buf_read_file(b, path) == ERR_OK;
}

void
feed_rig_etc(struct feed_rig *r, const char *const *names)
{
	for (; *names != NULL; names++) {
		char path[256];
		struct buf b;

		(void)snprintf(path, sizeof(path), "etc/%s", *names);
		must(feed_rig_file(&b, path));
		feed_rig_add(r, *names, buf_str(&b));
		buf_free(&b);
	}
}

enum err
feed_rig_load(struct feed_rig *r)
{
	/* As the start of a process does. */
	(void)setenv("HOME", "", 1);
	(void)setenv("TZ", "UTC0", 1);
	return tables_init(&r->tables, &r->bundle, TABLES_MAPS_ALL,
			   &r->errors);
}

static enum err
on_notice(void *self, const struct notice *n)
{
	struct feed_rig *r = self;

	notice_put(&r->notices, n);
	buf_byte(&r->notices, '\n');
	return r->notices.err;
}

static void
on_reject(void *self, unsigned line, struct str record, const char *why)
{
	struct feed_rig *r = self;

	buf_printf(&r->rejects, "%u: record %.*s: %s\n", line, STR_ARG(record),
		   why);
}

void
feed_rig_parse(struct feed_rig *r, const char *feed, struct str bytes,
	       size_t slice)
{
	feed_rig_parts(r, feed, &bytes, 1, slice);
}

void
feed_rig_parts(struct feed_rig *r, const char *feed, const struct str *file,
	       size_t count, size_t slice)
{
	const struct doc_sink sink = { .self = r,
				       .notice = on_notice,
				       .reject = on_reject };
	const struct doc_input in = { .file = S("test"),
				      .fetched_at = r->now_ms,
				      .old_fd = r->old_fd,
				      .first = r->first };
	int i = tables_find(&r->tables, str_of(feed));
	struct doc *doc = NULL;

	must(i >= 0);
	buf_clear(&r->notices);
	buf_clear(&r->rejects);
	must(doc_new(&r->tables.doc[i], &in, &sink, &doc) == ERR_OK);
	for (size_t k = 0; k < count; k++) {
		size_t step = slice == 0 ? file[k].n + 1 : slice;

		if (k > 0)
			doc_part(doc, S("test"));
		for (size_t at = 0; at < file[k].n; at += step)
			doc_push(doc, str_sub(file[k], at, step));
	}
	doc_end(doc, r->new_fd, &r->result);
	doc_free(doc);
}
