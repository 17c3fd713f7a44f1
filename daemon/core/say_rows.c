/*
 * say_rows.c - the operators' commands about the book, alerts, subscribers.
 */
#include <malloc.h>
#include <string.h>

#include "book_import.h"
#include "hash.h"
#include "keys.h"
#include "mwatch.h"
#include "say.h"

#define ROWS_ARENA_SIZE (64u << 20)

/* ---- book ---- */

static int
import_words(const struct say_request *q, struct book_options *o)
{
	for (size_t i = 2; i < q->words; i++) {
		if (str_eq(q->word[i], S("--check")))
			o->mode = BOOK_CHECK;
		else if (str_eq(q->word[i], S("--force")))
			o->force = 1;
		else if (str_eq(q->word[i], S("--replace")) &&
			 i + 1 < q->words)
			o->replace = q->word[++i];
		else if (str_starts(q->word[i], S("--")))
			return 2;
	}
	return q->files == 0 ? 2 : 0;
}

static enum err
told_other(void *self, struct str exporter_id, struct str uscc, bool *out)
{
	struct core *c = self;

	return decide_told_other(c->decide, exporter_id, uscc, out);
}

enum err
core_import(struct core *c, const struct book_file *file, size_t files,
	    const struct book_options *o, struct instant now,
	    struct book_report *report)
{
	struct book_options asking = *o;
	int64_t since = 0;
	enum err err;

	asking.told_other = told_other;
	asking.told_self = c;
	store_shrink(c->store);
	err = store_begin(c->store);
	if (err != ERR_OK)
		return err;
	mwatch_rest(c->index.watch);
	err = store_book_version(c->store, &since);
	if (err == ERR_OK)
		err = book_import(c->store, file, files, &asking, now,
				  report);
	if (err == ERR_OK && o->mode == BOOK_WRITE)
		err = decide_book(c->decide, since, now);
	if (err == ERR_OK && o->mode == BOOK_WRITE)
		err = store_commit(c->store);
	else
		store_rollback(c->store);
	if (err != ERR_OK || o->mode != BOOK_WRITE)
		store_shrink(c->store);
	/* The log of a large book is as large as the book: not later, when
	 * super expects an answer. */
	if (err == ERR_OK && store_checkpoint(c->store) != ERR_OK)
		core_degrade(c, now, ERR_STORE, "checkpoint");
	/* What the keys of a large book took: the index comes next. */
	(void)malloc_trim(0);
	return err;
}

static int
book_import_say(struct core *c, const struct say_request *q,
		struct instant now, struct buf *out, struct buf *err)
{
	struct book_file file[SAY_FILES_MAX];
	int fd[SAY_FILES_MAX];
	struct book_options o = { .schemes = &c->schemes,
				  .fd = fd,
				  .progress = q->progress,
				  .self = q->self };
	struct book_report report;
	enum err e;

	if (import_words(q, &o) != 0) {
		buf_put(err, S("creditalarm: usage: book import FILE... "
			       "[--check] [--replace KIND] [--force]\n"));
		return 2;
	}
	book_report_init(&report);
	for (size_t i = 0; i < q->files; i++) {
		file[i] = (struct book_file){ q->file[i].name,
					      { NULL, q->file[i].size } };
		fd[i] = q->file[i].fd;
	}
	e = core_import(c, file, q->files, &o, now, &report);
	buf_put(err, buf_str(&report.faults));
	buf_put(err, buf_str(&report.warnings));
	if (e == ERR_OK)
		buf_printf(out, "%zu rows%s: %zu new, %zu changed, %zu "
				"removed, %zu another company\n",
			   report.rows,
			   o.mode == BOOK_CHECK ? " would be imported" :
						  " imported",
			   report.added, report.changed, report.removed,
			   report.others);
	else if (report.fault_count == 0)
		buf_printf(err, "creditalarm: %s\n", core_why(c, e));
	book_report_free(&report);
	if (e == ERR_OK && o.mode == BOOK_WRITE)
		core_told(c, now);
	return e == ERR_OK ? 0 : err_class(e) == ERR_REJECT ? 65 : 1;
}

struct export_to {
	const struct say_request *q;
	struct buf *out;
};

static enum err
export_row(void *self, struct str csv)
{
	struct export_to *to = self;

	buf_put(to->out, csv);
	return say_spill(to->q, to->out, SAY_SPILL_MIN);
}

int
say_book(struct core *c, const struct say_request *q, struct instant now,
	 struct buf *out, struct buf *err)
{
	struct jsonw w = jsonw_of(out);

	if (q->words > 1 && str_eq(q->word[1], S("import")))
		return book_import_say(c, q, now, out, err);
	if (q->words == 3 && str_eq(q->word[1], S("export"))) {
		struct export_to to = { q, out };
		const struct book_sink sink = { export_row, &to };
		enum err e = book_export(c->store, q->word[2], &sink);

		if (e == ERR_OK)
			return 0;
		buf_printf(err, "creditalarm: book export: %s\n", core_why(c, e));
		return 1;
	}
	if (q->words == 2 && str_eq(q->word[1], S("stats"))) {
		jsonw_obj(&w, NULL);
		if (store_book_counts(c->store, &w) != ERR_OK)
			return 1;
		jsonw_end_obj(&w);
		buf_byte(out, '\n');
		return 0;
	}
	buf_put(err, S("creditalarm: usage: book import FILE... | export KIND "
		       "| stats\n"));
	return 2;
}

/* ---- alerts ---- */

static void
alert_fields(struct jsonw *w, const struct alert *a)
{
	jsonw_str(w, "alert_id", a->alert_id);
	jsonw_int(w, "revision", a->revision);
	jsonw_str(w, "exporter_id", a->exporter_id);
	jsonw_str(w, "kind", a->kind);
	jsonw_str(w, "kind_class", a->kind_class);
	jsonw_str(w, "severity", str_of(severity_text(a->severity)));
	jsonw_str(w, "state", str_of(alert_state_text(a->state)));
	jsonw_str_or_null(w, "obligor_id", a->obligor_id);
	jsonw_str_or_null(w, "country", a->country);
	jsonw_str_or_null(w, "policy_id", a->policy_id);
	jsonw_str(w, "title_zh", a->title_zh);
	jsonw_str(w, "title_en", a->title_en);
	jsonw_time(w, "created_at", a->created_at);
	jsonw_time(w, "updated_at", a->updated_at);
	jsonw_time(w, "knew_at", a->knew_at);
	jsonw_time(w, "acked_at", a->acked_at);
}

static int
alert_list(struct core *c, const struct say_request *q, struct buf *out)
{
	struct alert *row = NULL;
	struct arena a;
	size_t n = 0;
	enum err e;

	if (arena_init(&a, ROWS_ARENA_SIZE) != ERR_OK)
		return 1;
	e = store_alerts(c->store, STR_NONE, &a, &row, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct jsonw w = jsonw_of(out);

		if (!q->json) {
			buf_printf(out, "%-8s %-9s r%d %.*s %.*s  %.*s\n",
				   severity_text(row[i].severity),
				   alert_state_text(row[i].state),
				   row[i].revision, STR_ARG(row[i].alert_id),
				   STR_ARG(row[i].exporter_id),
				   STR_ARG(row[i].title_zh));
			continue;
		}
		jsonw_obj(&w, NULL);
		alert_fields(&w, &row[i]);
		jsonw_end_obj(&w);
		buf_byte(out, '\n');
	}
	arena_fini(&a);
	return e == ERR_OK ? 0 : 1;
}

/* The body of the revision that stands at rev's place of its stream. */
static enum err
body_of(struct core *c, const struct revision *rev, struct arena *a,
	struct str *body)
{
	struct entry *entry = NULL;
	size_t n = 0;
	enum err e = store_entries(c->store, rev->stream, rev->seq, 1, a,
				   &entry, &n);

	if (e == ERR_OK && (n == 0 || entry[0].seq != rev->seq))
		e = ERR_ABSENT;
	if (e == ERR_OK)
		*body = entry[0].body;
	return e;
}

static void
history(struct jsonw *w, const struct revision *rev, size_t n)
{
	jsonw_arr(w, "history");
	for (size_t i = 0; i < n; i++) {
		jsonw_obj(w, NULL);
		jsonw_int(w, "revision", rev[i].revision);
		jsonw_time(w, "at", rev[i].at);
		jsonw_str(w, "state", str_of(alert_state_text(rev[i].state)));
		jsonw_str(w, "severity",
			  str_of(severity_text(rev[i].severity)));
		jsonw_str(w, "why", rev[i].why);
		jsonw_int(w, "seq", (int64_t)rev[i].seq);
		jsonw_str(w, "stream", rev[i].stream);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static int
alert_show(struct core *c, struct str id, struct buf *out, struct buf *err)
{
	struct jsonw w = jsonw_of(out);
	struct revision *rev = NULL;
	struct alert alert = { 0 };
	struct str body = STR_NONE;
	struct arena a;
	size_t n = 0;
	enum err e;

	if (arena_init(&a, ROWS_ARENA_SIZE) != ERR_OK)
		return 1;
	e = store_alert_by_id(c->store, id, &a, &alert);
	if (e == ERR_OK)
		e = store_revisions(c->store, id, &a, &rev, &n);
	if (e == ERR_OK && n > 0)
		e = body_of(c, &rev[n - 1], &a, &body);
	if (e != ERR_OK) {
		buf_printf(err, "creditalarm: alert: %s\n", core_why(c, e));
	} else {
		jsonw_obj(&w, NULL);
		alert_fields(&w, &alert);
		if (body.n > 0)
			jsonw_raw(&w, "body", body);
		history(&w, rev, n);
		jsonw_end_obj(&w);
		buf_byte(out, '\n');
	}
	arena_fini(&a);
	return e == ERR_OK ? 0 : 1;
}

int
say_alert(struct core *c, const struct say_request *q, struct instant now,
	  struct buf *out, struct buf *err)
{
	(void)now;
	if (q->words == 2 && str_eq(q->word[1], S("list")))
		return alert_list(c, q, out);
	if (q->words == 3 && str_eq(q->word[1], S("show")))
		return alert_show(c, q->word[2], out, err);
	buf_put(err, S("creditalarm: usage: alert list | show ID\n"));
	return 2;
}

/* ---- subscribers ---- */

static void
hex_of(const uint8_t key[KEYS_SIZE], char out[2 * KEYS_SIZE + 1])
{
	struct buf b;

	buf_init(&b, 2 * KEYS_SIZE);
	buf_hex(&b, key, KEYS_SIZE);
	must(str_copy(out, 2 * KEYS_SIZE + 1, buf_str(&b)) == ERR_OK);
	buf_free(&b);
}

struct wanted {
	struct str exporter;
	struct str key;
	int64_t expires_at;
};

static int
add_words(const struct say_request *q, struct wanted *want)
{
	int32_t day = 0;

	want->expires_at = TIME_NONE;
	for (size_t i = 2; i + 1 < q->words; i += 2) {
		struct str value = q->word[i + 1];

		if (str_eq(q->word[i], S("--exporter")))
			want->exporter = value;
		else if (str_eq(q->word[i], S("--key")))
			want->key = value;
		else if (str_eq(q->word[i], S("--expires")) &&
			 date_get(value, &day) == ERR_OK)
			/* To the end of that Shanghai day. */
			want->expires_at = ((int64_t)day + 1) * DAY_MS -
					   SHANGHAI_OFFSET_MS;
		else
			return 2;
	}
	return q->words % 2 == 0 && want->exporter.n > 0 && want->key.n > 0 ?
		   0 :
		   2;
}

static enum err
subscriber_put(struct core *c, const struct subscriber *sub)
{
	enum err e = store_begin(c->store);

	if (e == ERR_OK)
		e = store_subscriber_put(c->store, sub);
	if (e == ERR_OK)
		e = store_commit(c->store);
	else
		store_rollback(c->store);
	return e;
}

static int
subscriber_add(struct core *c, const struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err)
{
	struct wanted want = { 0 };
	struct exporter exporter = { 0 };
	uint8_t curve[KEYS_SIZE];
	uint8_t seal[KEYS_SIZE];
	char hex[2][2 * KEYS_SIZE + 1];
	char id[2 * HASH_ID_SIZE + 1];
	struct diag d = { 0 };
	struct subscriber sub;
	struct arena a;
	enum err e;

	if (add_words(q, &want) != 0) {
		buf_put(err, S("creditalarm: usage: subscriber add --exporter "
			       "ID --key CAPUB [--expires DATE]\n"));
		return 2;
	}
	if (keys_capub_get(want.key, curve, seal, &d) != ERR_OK) {
		buf_printf(err, "creditalarm: --key: %s\n", d.why);
		return 65;
	}
	if (arena_init(&a, 65536) != ERR_OK)
		return 1;
	e = store_exporter(c->store, want.exporter, &a, &exporter);
	arena_fini(&a);
	hex_of(curve, hex[0]);
	hex_of(seal, hex[1]);
	hash_id(str_of(hex[0]), id);
	sub = (struct subscriber){ .subscriber_id = str_of(id),
				   .owner = OWNER_EXPORTER,
				   .stream = want.exporter,
				   .curve_key = str_of(hex[0]),
				   .seal_key = str_of(hex[1]),
				   .expires_at = want.expires_at,
				   .revoked_at = TIME_NONE };
	if (e == ERR_OK)
		e = subscriber_put(c, &sub);
	if (e == ERR_OK)
		e = serve_subscribers(c->serve, now,
				      c->role->link[PEER_PUBLISH]);
	if (e != ERR_OK) {
		buf_printf(err, "creditalarm: exporter '%.*s': %s\n",
			   STR_ARG(want.exporter), core_why(c, e));
		return e == ERR_ABSENT ? 65 : 1;
	}
	buf_printf(out, "%s\n", id);
	return 0;
}

static int
subscriber_rows(struct core *c, const struct say_request *q,
		struct instant now, struct buf *out, struct buf *err)
{
	bool list = str_eq(q->word[1], S("list"));
	struct subscriber *row = NULL;
	struct arena a;
	size_t n = 0;
	enum err e;

	if (arena_init(&a, ROWS_ARENA_SIZE) != ERR_OK)
		return 1;
	e = store_subscribers(c->store, &a, &row, &n);
	if (e == ERR_OK && !list)
		e = ERR_ABSENT; /* until it is found */
	for (size_t i = 0; i < n; i++) {
		if (list) {
			buf_printf(out, "%.*s %.*s%s\n",
				   STR_ARG(row[i].subscriber_id),
				   STR_ARG(row[i].stream),
				   row[i].revoked_at == TIME_NONE ? "" :
								    " revoked");
			continue;
		}
		if (!str_eq(row[i].subscriber_id, q->word[2]))
			continue;
		row[i].revoked_at = now.wall_ms;
		e = subscriber_put(c, &row[i]);
		if (e == ERR_OK)
			e = serve_subscribers(c->serve, now,
					      c->role->link[PEER_PUBLISH]);
	}
	if (e != ERR_OK)
		buf_printf(err, "creditalarm: subscriber: %s\n",
			   e == ERR_ABSENT ? "no such subscriber" :
					     core_why(c, e));
	arena_fini(&a);
	return e == ERR_OK ? 0 : 1;
}

int
say_subscriber(struct core *c, const struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err)
{
	if (q->words > 2 && str_eq(q->word[1], S("add")))
		return subscriber_add(c, q, now, out, err);
	if ((q->words == 2 && str_eq(q->word[1], S("list"))) ||
	    (q->words == 3 && str_eq(q->word[1], S("revoke"))))
		return subscriber_rows(c, q, now, out, err);
	buf_put(err, S("creditalarm: usage: subscriber add ... | list | "
		       "revoke ID\n"));
	return 2;
}
