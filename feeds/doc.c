/*
 * doc.c - the pipeline of one document, and its guards.
 */
#include "doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "join.h"
#include "jscan.h"
#include "log.h"
#include "split.h"

#define CURSOR_TEXT_MAX 32u

struct doc {
	const struct doc_conf *conf;
	const struct doc_sink *sink;
	struct doc_input in;
	struct split_sink split_sink; /* must live as long as split */
	struct split *split;
	struct diff *diff;
	struct join *join; /* owned; NULL: nothing to join */
	unsigned part;
	struct buf key;
	struct buf said; /* the notice at hand, for the state */
	struct buf place; /* the cursor of the record at hand */
	unsigned line;
	uint64_t call_us; /* the map's CPU time before the call at hand */
	enum err broken; /* the sink's or the state's error */
	uint32_t rejected_records;
	char first[DIAG_WHY_SIZE]; /* the first reject, for people */
	struct doc_result r;
};

static void refuse(struct doc *d, const char *guard, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The first refusal stands. */
static void
refuse(struct doc *d, const char *guard, const char *fmt, ...)
{
	va_list ap;

	if (d->r.verdict == DOC_REFUSED)
		return;
	d->r.verdict = DOC_REFUSED;
	(void)snprintf(d->r.guard, sizeof(d->r.guard), "%s", guard);
	va_start(ap, fmt);
	(void)vsnprintf(d->r.detail, sizeof(d->r.detail), fmt, ap);
	va_end(ap);
}

/* ---- one record ---- */

static bool
cancels(const struct doc *d)
{
	return d->conf->feed->on_absent == ABSENT_CANCEL;
}

static enum err
on_notice(void *self, const struct notice *n)
{
	struct doc *d = self;

	if (cancels(d) && n->action != ACTION_CANCEL) {
		buf_clear(&d->said);
		buf_byte(&d->said, (uint8_t)('0' + (int)n->subject));
		buf_put(&d->said, n->kind);
		buf_byte(&d->said, '\t');
		buf_put(&d->said, n->record);
		diff_said(d->diff, buf_str(&d->said));
	}
	return d->sink->notice(d->sink->self, n);
}

static void
tell_reject(struct doc *d, unsigned line, struct str record, const char *why)
{
	if (d->r.rejects++ == 0)
		(void)snprintf(d->first, sizeof(d->first), "line %u: %s", line,
			       why);
	d->sink->reject(d->sink->self, line, record, why);
}

static void
on_object_reject(void *self, const char *why)
{
	struct doc *d = self;

	tell_reject(d, d->line, buf_str(&d->key), why);
}

static void
on_reject(void *self, unsigned line, const char *why)
{
	struct doc *d = self;

	d->r.records++;
	d->rejected_records++;
	diff_hold(d->diff);
	tell_reject(d, line, STR_NONE, why);
}

/* The key's parts joined by '/'; the reason when there is no usable key. */
static const char *
key_of(struct doc *d, struct str json)
{
	const struct feed *f = d->conf->feed;

	buf_clear(&d->key);
	for (size_t i = 0; i < f->record_key_count; i++) {
		enum err err;

		if (i > 0)
			buf_byte(&d->key, '/');
		err = jscan_text(json, f->record_key[i], &d->key);
		if (d->key.err == ERR_LIMIT)
			return "record_key: longer than the limit";
		if (err == ERR_ABSENT)
			return "record_key: absent";
		if (err != ERR_OK)
			return "not JSON";
	}
	if (!str_utf8(buf_str(&d->key)))
		return "record_key: not UTF-8";
	return NULL;
}

static enum action
action_of(const struct doc *d, enum diff_outcome outcome)
{
	return d->conf->feed->mode == MODE_SNAPSHOT &&
		       outcome == DIFF_CHANGED ?
		   ACTION_AMEND :
		   ACTION_NEW;
}

/* The record's notices; a record nothing came of is not remembered. */
static enum err
map_it(struct doc *d, struct str json, enum diff_outcome outcome)
{
	const struct map_sink sink = { .self = d,
				       .notice = on_notice,
				       .reject = on_object_reject };
	const struct map_input in = { .json = json,
				      .key = buf_str(&d->key),
				      .file = d->in.file,
				      .fetched_at = d->in.fetched_at,
				      .action = action_of(d, outcome) };
	uint32_t rejects = d->r.map.rejects;
	enum err err = map_record(d->conf->map, &in, &sink, &d->r.map);

	if (d->r.map.rejects > rejects) {
		d->rejected_records++;
		diff_forget(d->diff);
	}
	return err;
}

static bool
within(uint64_t us, int64_t ms, int64_t most)
{
	return us <= (uint64_t)(ms > 0 ? ms : most) * 1000;
}

/* A map that is slow, not one record that is endless. */
static enum err
budget(struct doc *d)
{
	uint64_t us = d->r.map.cpu_us;

	if (within(us - d->call_us, d->conf->call_ms, DOC_CALL_MS_MAX) &&
	    within(us, d->conf->cpu_ms, DOC_CPU_MS_MAX))
		return ERR_OK;
	refuse(d, "budget", "the map took %llu ms of CPU time, %llu at once",
	       (unsigned long long)us / 1000,
	       (unsigned long long)(us - d->call_us) / 1000);
	return ERR_LIMIT;
}

/*
 * How far a stream was read.  Only forward: one record with a low number
 * would have everything sent again, or refused as too old.
 */
static void
move_cursor(struct doc *d, struct str json)
{
	uint64_t at = 0;

	buf_clear(&d->place);
	if (jscan_text(json, d->conf->feed->cursor.field, &d->place) !=
		ERR_OK ||
	    d->place.err != ERR_OK ||
	    str_to_u64(buf_str(&d->place), INT64_MAX, &at) != ERR_OK)
		return;
	if (at > d->r.cursor)
		d->r.cursor = at;
}

/* One whole record, its key in d->key. */
static enum err
take_record(struct doc *d, struct str json)
{
	const struct feed *f = d->conf->feed;
	enum diff_outcome outcome = DIFF_NEW;
	enum err err;

	d->r.records++;
	err = diff_record(d->diff, buf_str(&d->key), json, &outcome);
	if (err != ERR_OK) {
		refuse(d, "limit", "more than %u records", DIFF_RECORDS_MAX);
		return err;
	}
	if (f->mode == MODE_STREAM)
		move_cursor(d, json);
	if (outcome == DIFF_SAME)
		return ERR_OK;
	/* What stood there before we looked is not news. */
	if (d->in.first && f->baseline == BASELINE_SILENT)
		return ERR_OK;
	err = map_it(d, json, outcome);
	if (err == ERR_OK)
		err = budget(d);
	if (err != ERR_OK)
		d->broken = err;
	return err;
}

static enum err
on_record(void *self, unsigned line, struct str json)
{
	struct doc *d = self;
	const char *why;
	enum err err;

	d->line = line;
	if ((int64_t)json.n > d->conf->feed->text_max) {
		on_reject(d, line, "record larger than text_max");
		return ERR_OK;
	}
	why = key_of(d, json);
	if (why != NULL) {
		on_reject(d, line, why);
		return ERR_OK;
	}
	if (d->join == NULL)
		return take_record(d, json);
	err = join_add(d->join, d->part, line, buf_str(&d->key), json);
	if (err != ERR_OK)
		refuse(d, "limit", "more than %u rows or %u bytes to join",
		       JOIN_ROWS_MAX, JOIN_BYTES_MAX);
	return err;
}

static enum err
on_joined(void *self, unsigned line, struct str key, struct str json)
{
	struct doc *d = self;

	d->line = line;
	buf_clear(&d->key);
	buf_put(&d->key, key);
	if ((int64_t)json.n > d->conf->feed->text_max) {
		on_reject(d, line, "record larger than text_max");
		return ERR_OK;
	}
	return take_record(d, json);
}

static void
on_join_reject(void *self, unsigned line, struct str key, const char *why)
{
	struct doc *d = self;

	d->r.records++;
	d->rejected_records++;
	tell_reject(d, line, key, why);
}

/* ---- the document ---- */

enum err
doc_new(const struct doc_conf *conf, const struct doc_input *in,
	const struct doc_sink *sink, struct doc **out)
{
	struct doc *d = calloc(1, sizeof(*d));
	struct diag why = { 0 };
	enum err err;

	if (d == NULL)
		return ERR_LIMIT;
	d->conf = conf;
	d->sink = sink;
	d->in = *in;
	d->r.verdict = DOC_ACCEPTED;
	d->split_sink = (struct split_sink){ .self = d,
					     .record = on_record,
					     .reject = on_reject };
	buf_init(&d->key, DIFF_KEY_MAX);
	buf_init(&d->said, DIFF_TEXT_MAX);
	buf_init(&d->place, CURSOR_TEXT_MAX);
	err = diff_new(in->old_fd, conf->seed, &d->diff);
	if (err == ERR_OK && cancels(d))
		diff_track(d->diff);
	if (err == ERR_OK)
		err = split_new(conf->feed, 0, &d->split_sink, &d->split,
				&why);
	if (err == ERR_OK && conf->feed->join_count > 0)
		err = join_new(conf->feed, &d->join);
	if (err != ERR_OK) {
		doc_free(d);
		return err;
	}
	if (conf->map == NULL)
		refuse(d, "map", "the map or vocab of this feed did not load");
	*out = d;
	return ERR_OK;
}

void
doc_free(struct doc *d)
{
	if (d == NULL)
		return;
	split_free(d->split);
	diff_free(d->diff);
	join_free(d->join);
	buf_free(&d->key);
	buf_free(&d->said);
	buf_free(&d->place);
	free(d);
}

static void
split_failed(struct doc *d, const struct diag *why)
{
	if (d->broken != ERR_OK)
		refuse(d, "limit", "%s", err_text(d->broken));
	else if (why->line > 0)
		refuse(d, split_guard(d->split), "line %u: %s", why->line,
		       why->why);
	else
		refuse(d, split_guard(d->split), "%s", why->why);
}

void
doc_push(struct doc *d, struct str bytes)
{
	struct diag why = { 0 };

	if (d->r.verdict == DOC_REFUSED)
		return;
	d->call_us = d->r.map.cpu_us;
	if (split_push(d->split, bytes, &why) != ERR_OK)
		split_failed(d, &why);
}

void
doc_part(struct doc *d, struct str file)
{
	const struct feed *f = d->conf->feed;
	struct diag why = { 0 };

	if (d->r.verdict == DOC_REFUSED)
		return;
	d->call_us = d->r.map.cpu_us;
	if (split_end(d->split, &why) != ERR_OK) {
		split_failed(d, &why);
		return;
	}
	split_free(d->split);
	d->split = NULL;
	d->part++;
	d->in.file = file;
	if (d->join != NULL && d->part > f->join_count)
		refuse(d, "limit", "more files than urls");
	else if (split_new(f, d->part, &d->split_sink, &d->split, &why) !=
		 ERR_OK)
		refuse(d, "limit", "%s", why.why);
}

/* Which files there must be is known only at the end. */
static void
join_finish(struct doc *d)
{
	const struct join_sink sink = { .self = d,
					.record = on_joined,
					.reject = on_join_reject };

	if (d->part != d->conf->feed->join_count)
		refuse(d, "format", "%u files, %zu wanted", d->part + 1,
		       d->conf->feed->join_count + 1);
	else if (join_end(d->join, &sink) != ERR_OK)
		refuse(d, "limit", "%s", err_text(d->broken));
}

/* part is more than pct percent of whole. */
static bool
beyond(int64_t part, int64_t whole, int pct)
{
	return pct >= 0 && part * 100 > whole * pct;
}

static void
guards(struct doc *d)
{
	const struct feed_guards *g = &d->conf->feed->guards;
	int64_t now = d->r.records;
	int64_t before = diff_previous(d->diff);

	if (now < g->min_records)
		refuse(d, "min_records", "%lld records, at least %lld wanted",
		       (long long)now, (long long)g->min_records);
	if (before > 0 && beyond(before - now, before, g->max_shrink_pct))
		refuse(d, "max_shrink_pct", "%lld records, %lld before",
		       (long long)now, (long long)before);
	if (before > 0 && beyond(now - before, before, g->max_growth_pct))
		refuse(d, "max_growth_pct", "%lld records, %lld before",
		       (long long)now, (long long)before);
	if (now > 0 && beyond(d->rejected_records, now, g->max_reject_pct))
		refuse(d, "max_reject_pct", "%u of %lld records rejected; %s",
		       d->rejected_records, (long long)now, d->first);
}

/* A notice that the source no longer gives is taken back. */
static enum err
on_gone(void *self, struct str text)
{
	struct doc *d = self;
	const struct feed *f = d->conf->feed;
	struct notice n = { .source = f->name,
			    .action = ACTION_CANCEL,
			    .natural_person = -1,
			    .occurred_on = DATE_NONE,
			    .effective_on = DATE_NONE,
			    .deadline_on = DATE_NONE,
			    .published_at = TIME_NONE,
			    .recorded_at = d->in.fetched_at,
			    .certainty = f->certainty,
			    .redistribution = f->redistribution };
	struct diag why = { 0 };
	int subject = text.n == 0 ? -1 : *text.p - '0';

	text = str_sub(text, 1, text.n);
	n.kind = str_cut(&text, '\t');
	n.record = text;
	if (subject < SUBJECT_BUYER || subject > SUBJECT_MARKET ||
	    notice_check(&n, &why) != ERR_OK)
		return ERR_OK; /* a state of another making */
	n.subject = (enum subject)subject;
	d->r.map.notices++;
	return d->sink->notice(d->sink->self, &n);
}

void
doc_end(struct doc *d, int new_fd, struct doc_result *out)
{
	const struct feed *f = d->conf->feed;
	struct diag why = { 0 };

	d->call_us = d->r.map.cpu_us;
	if (d->r.verdict != DOC_REFUSED &&
	    split_end(d->split, &why) != ERR_OK)
		split_failed(d, &why);
	if (d->r.verdict != DOC_REFUSED && d->join != NULL)
		join_finish(d);
	if (d->r.verdict != DOC_REFUSED)
		guards(d);
	if (d->r.verdict != DOC_REFUSED)
		diff_end(d->diff,
			 f->mode == MODE_APPEND ? DIFF_MERGE : DIFF_REPLACE,
			 &d->r.diff);
	if (d->r.verdict != DOC_REFUSED && cancels(d) &&
	    diff_gone(d->diff, d, on_gone) != ERR_OK)
		refuse(d, "limit", "%s", err_text(ERR_LIMIT));
	if (d->r.verdict != DOC_REFUSED && new_fd >= 0 &&
	    diff_write(d->diff, new_fd, d->r.records) != ERR_OK)
		refuse(d, "state", "the diff state could not be written");
	if (d->r.verdict == DOC_ACCEPTED)
		(void)snprintf(d->r.detail, sizeof(d->r.detail), "%s",
			       d->first);
	*out = d->r;
}
