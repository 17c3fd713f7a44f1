/*
 * define_check.c - what the keys of a definition must be together.
 */
#include "decode.h"
#include "define_priv.h"
#include "split.h"

#define STREAM_INTERVAL_MS 10000
#define STREAM_IDLE_MS 120000

/* A watched directory has files of its own, not one list and no network. */
static void
check_drop(struct def *d)
{
	static const char *const other[] = {
		"urls",	      "join",	 "conditional",	  "timeout",
		"min_gap",    "ca_file", "allow_private", "user_agent",
		"wire_max",
	};
	struct feed *f = d->f;

	define_require(d, "directory");
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		if (yamlr_find(d->root, str_of(other[i])) != NULL)
			define_complain(d, define_line(d, other[i]), str_of(other[i]),
				 "is not for mode drop");
	while (f->directory.n > 1 && str_ends(f->directory, S("/")))
		f->directory.n--;
	if (f->directory.n > 0 && (!str_starts(f->directory, S("/")) ||
				   f->directory.n < 2 ||
				   f->directory.n > FEED_DIRECTORY_MAX))
		define_complain(d, define_line(d, "directory"), S("directory"),
			 "is not an absolute path of 2 to %u bytes",
			 FEED_DIRECTORY_MAX);
	if (f->baseline == BASELINE_SILENT || f->guards.max_shrink_pct >= 0 ||
	    f->guards.max_growth_pct >= 0)
		define_complain(d, define_line(d, "mode"), S("mode"),
			 "drop has no baseline: silent, max_shrink_pct, "
			 "max_growth_pct: each file is its own document");
}

void
define_check_where(struct def *d)
{
	struct feed *f = d->f;

	if (f->mode == MODE_DROP)
		check_drop(d);
	else if (f->directory.n > 0)
		define_complain(d, define_line(d, "directory"), S("directory"),
				"needs mode drop");

	for (size_t i = 0; i < f->url_count; i++)
		if (!str_starts(f->urls[i], S("https://")) &&
		    !(f->allow_private &&
		      str_starts(f->urls[i], S("http://"))))
			define_complain(d, define_line(d, "urls"), S("urls"),
				 "is not https:// (http:// needs "
				 "allow_private: yes)");
	for (size_t i = 0; i < f->url_count; i++)
		if (f->urls[i].n > FEED_URL_MAX)
			define_complain(d, define_line(d, "urls"), S("urls"),
					"is longer than 1900 bytes");
	if (f->user_agent.n > FEED_AGENT_MAX)
		define_complain(d, define_line(d, "user_agent"),
				S("user_agent"), "is longer than 255 bytes");
	if (f->join_count > 0 && f->url_count != f->join_count + 1)
		define_complain(d, define_line(d, "join"), S("join"),
			 "needs one url for the records and one for each name");
	if (f->mode == MODE_STREAM && f->interval_ms == 0)
		f->interval_ms = STREAM_INTERVAL_MS;
	if (f->interval_ms < FEEDS_INTERVAL_MS_MIN ||
	    f->interval_ms > FEEDS_INTERVAL_MS_MAX)
		define_complain(d, define_line(d, "interval"), S("interval"),
			 "is not between 1s and 366d");
}

static void
check_csv(struct def *d)
{
	struct feed *f = d->f;
	struct feed_csv *c = &f->csv;
	bool csv = f->container == CONTAINER_CSV ||
		   f->container == CONTAINER_TSV;

	if (!csv && (yamlr_find(d->root, S("csv")) != NULL ||
		     f->join_count > 0 || f->guards.header.n > 0))
		define_complain(d, define_line(d, "container"), S("container"),
			 "csv, join and guards.header are for csv and tsv");
	if (c->delimiter == 0)
		c->delimiter = f->container == CONTAINER_TSV ? '\t' : ',';
	if (csv && c->delimiter == c->quote)
		define_complain(d, define_line(d, "csv"), S("csv"),
			 "delimiter and quote are the same");
	if (csv && (c->header == 0) != (c->columns.count > 0))
		define_complain(d, define_line(d, "csv"), S("csv"),
			 "header: none needs columns, a header row has them");
	if (f->join_count > 0 && c->header > 0)
		define_complain(d, define_line(d, "join"), S("join"),
			 "needs csv with header: none");
}

/* What is said of whole documents cannot be said of a stream. */
static void
check_stream(struct def *d)
{
	static const char *const others[] = { "urls", "join", "on_absent" };
	static const char *const only[] = { "stream", "cursor", "idle",
					    "quiet_after" };
	struct feed *f = d->f;
	const struct feed_guards *g = &f->guards;

	for (size_t i = 0; i < sizeof(only) / sizeof(*only); i++)
		if (f->mode != MODE_STREAM &&
		    yamlr_find(d->root, str_of(only[i])) != NULL)
			define_complain(d, define_line(d, only[i]), str_of(only[i]),
				 "needs mode stream");
	if (f->mode != MODE_STREAM)
		return;
	define_require(d, "stream");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (yamlr_find(d->root, str_of(others[i])) != NULL)
			define_complain(d, define_line(d, others[i]), str_of(others[i]),
				 "is not for mode stream");
	if (f->container != CONTAINER_NDJSON ||
	    f->baseline != BASELINE_BAD_STATES)
		define_complain(d, define_line(d, "mode"), S("mode"),
			 "stream needs container ndjson and baseline "
			 "bad_states");
	if (g->min_records > 0 || g->max_shrink_pct >= 0 ||
	    g->max_growth_pct >= 0 || g->max_reject_pct >= 0)
		define_complain(d, define_line(d, "guards"), S("guards"),
			 "of a stream there is only stale_after");
	if (f->cursor.field.n == 0 || f->cursor.parameter.n == 0 ||
	    !str_is_id(f->cursor.parameter))
		define_complain(d, define_line(d, "cursor"), S("cursor"),
			 "needs field and parameter, a plain word");
	if (f->idle_ms == 0)
		f->idle_ms = STREAM_IDLE_MS;
	f->cond_etag = 0;
	f->cond_last_modified = 0;
	f->cond_body_hash = 0;
}

void
define_check_what(struct def *d)
{
	struct feed *f = d->f;
	struct diag why = { 0 };

	check_csv(d);
	check_stream(d);
	if (f->record.n == 0 && f->container == CONTAINER_RSS)
		f->record = S("//item");
	if (f->record.n == 0 && f->container == CONTAINER_ATOM)
		f->record = S("//entry");
	if (split_path_check(f->container, f->record, &why) != ERR_OK)
		define_complain(d, define_line(d, "record"), S("record"), "%s", why.why);
	if (f->mode == MODE_CURSOR || f->mode == MODE_WINDOW)
		define_complain(d, define_line(d, "mode"), S("mode"),
			 "is not available in this version");
	if (f->on_absent == ABSENT_CANCEL && f->mode != MODE_SNAPSHOT)
		define_complain(d, define_line(d, "on_absent"), S("on_absent"),
			 "cancel needs mode snapshot");
	if (!decode_known(f->encoding))
		define_complain(d, define_line(d, "encoding"), S("encoding"),
			 "is not known");
	if (f->text_max < 1 || f->text_max > SPLIT_RECORD_MAX)
		define_complain(d, define_line(d, "text_max"), S("text_max"),
			 "is not between 1 and 1MiB");
}
