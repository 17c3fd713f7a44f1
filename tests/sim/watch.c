/*
 * watch.c - what was committed, read with our own eyes, against the model.
 *
 * Inputs are told to the model in the order core takes them in one turn:
 * states, a new day, documents.  Then every new entry must be one that is
 * owed, in its place, and none may be missing.
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "core.h"

bool
watch_open(struct sim *s)
{
	char path[SCRATCH_PATH_SIZE + 32];

	(void)snprintf(path, sizeof(path), "%s/store.db", s->rig.dir);
	if (s->db != NULL)
		return true;
	/* The real disk, not the failing one. */
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, "unix") !=
	    SQLITE_OK) {
		watch_close(s);
		return false;
	}
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
				NULL);
	s->data_version = -1;
	return true;
}

void
watch_close(struct sim *s)
{
	(void)sqlite3_close(s->db);
	s->db = NULL;
}

static sqlite3_stmt *
ask(struct sim *s, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		sim_fail(s, "%s: %s", sql, sqlite3_errmsg(s->db));
	return st;
}

static bool
next(struct sim *s, sqlite3_stmt *st)
{
	int rc = st == NULL ? SQLITE_DONE : sqlite3_step(st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sim_fail(s, "reading the store: %s", sqlite3_errmsg(s->db));
	return rc == SQLITE_ROW;
}

static struct str
text(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return (struct str){ p, (size_t)sqlite3_column_bytes(st, i) };
}

static int64_t
one(struct sim *s, const char *sql)
{
	sqlite3_stmt *st = ask(s, sql);
	int64_t v = next(s, st) ? sqlite3_column_int64(st, 0) : -1;

	(void)sqlite3_finalize(st);
	return v;
}

static int
exporter_of(struct str stream)
{
	for (int e = 0; e < M_EXPORTERS; e++) {
		char id[16];

		m_exporter_id(e, id);
		if (str_eq(stream, str_of(id)))
			return e;
	}
	return -1;
}

/* ---- inputs ---- */

static bool
was_said(const struct sim *s, int exporter, uint64_t seq, int state)
{
	for (size_t i = 0; i < s->clients; i++) {
		const struct client *c = &s->client[i];

		for (size_t k = 0; k < c->states && c->exporter == exporter;
		     k++)
			if (c->state[k].seq == seq &&
			    c->state[k].state == state)
				return true;
	}
	return false;
}

static void
see_states(struct sim *s)
{
	sqlite3_stmt *st =
	    ask(s, "SELECT rid, stream, seq, state, stored_at FROM evidence"
		   " WHERE rid > ? ORDER BY rid");

	(void)sqlite3_bind_int64(st, 1, s->evidence_rid);
	while (next(s, st) && sim_ok(s)) {
		int e = exporter_of(text(st, 1));
		uint64_t seq = (uint64_t)sqlite3_column_int64(st, 2);
		int state = sqlite3_column_int(st, 3);

		s->evidence_rid = sqlite3_column_int64(st, 0);
		sim_trace(s, "state %d of %d.%llu", state, e,
			  (unsigned long long)seq);
		if (e < 0 || !was_said(s, e, seq, state) || seq < 1 ||
		    seq > s->model.owes[e])
			sim_fail(s, "evidence nobody gave: %d.%llu state %d",
				 e, (unsigned long long)seq, state);
		else
			model_state(&s->model, e, seq, state,
				    sqlite3_column_int64(st, 4));
	}
	(void)sqlite3_finalize(st);
}

static void
see_day(struct sim *s)
{
	const struct core *c = s->rig.one.role[PEER_CORE].state;

	if (c == NULL || c->tick_next_ms == s->tick_next)
		return;
	s->tick_next = c->tick_next_ms;
	s->day = date_shanghai(sim_wall(s));
	sim_trace(s, "day");
	model_day(&s->model, sim_wall(s));
}

void
watch_day(struct sim *s)
{
	if (sim_ok(s) && s->day < date_shanghai(sim_wall(s)))
		sim_fail(s, "a day came and was not looked at");
}

static struct m_record *
accepted_line(struct feed_world *f, const char *key)
{
	for (size_t i = 0; i < f->accepted_lines; i++)
		if (strcmp(f->accepted[i].key, key) == 0)
			return &f->accepted[i];
	return NULL;
}

static bool
has_line(const struct version *v, const char *key)
{
	for (size_t i = 0; i < v->lines; i++)
		if (strcmp(v->line[i].key, key) == 0)
			return true;
	return false;
}

static void
take_document(struct sim *s, int feed, const struct version *v)
{
	struct feed_world *f = &s->feed[feed];
	int64_t now = sim_wall(s);

	for (size_t i = 0; i < v->lines; i++) {
		struct m_record *old = accepted_line(f, v->line[i].key);

		if (old != NULL &&
		    memcmp(old, &v->line[i], sizeof(*old)) == 0)
			continue;
		if (old == NULL)
			old = &f->accepted[f->accepted_lines++];
		*old = v->line[i];
		model_record(&s->model, feed, old, now);
	}
	for (size_t i = 0; feed == 2 && i < f->accepted_lines;) {
		struct m_record *r = &f->accepted[i];

		if (has_line(v, r->key)) {
			i++;
			continue;
		}
		model_vanished(&s->model, feed, r->key, now);
		f->taken_down = false;
		*r = f->accepted[--f->accepted_lines];
	}
}

static void
see_documents(struct sim *s)
{
	sqlite3_stmt *st = ask(s, "SELECT feed, diff_gen, records FROM feed");

	while (next(s, st) && sim_ok(s)) {
		struct feed_world *f = NULL;
		int64_t gen = sqlite3_column_int64(st, 1);
		const struct version *v;
		int feed;

		for (feed = 0; feed < M_FEEDS && f == NULL; feed++)
			if (str_eq(text(st, 0), str_of(s->feed[feed].name)))
				f = &s->feed[feed];
		feed--;
		if (f == NULL || gen == f->gen)
			continue;
		v = f->delivered < 0 ? NULL : &f->version[f->delivered];
		if (gen != f->gen + 1 || v == NULL || v->garbage ||
		    v->lines != (size_t)sqlite3_column_int64(st, 2)) {
			sim_fail(s,
				 "%s: generation %lld accepted after %lld, "
				 "%lld records",
				 f->name, (long long)gen, (long long)f->gen,
				 (long long)sqlite3_column_int64(st, 2));
			break;
		}
		f->gen = gen;
		s->documents++;
		sim_trace(s, "accepted %s version %d", f->name, f->delivered);
		take_document(s, feed, v);
	}
	(void)sqlite3_finalize(st);
}

static void
see_book(struct sim *s)
{
	int64_t version = one(
	    s, "SELECT value FROM meta WHERE name = 'book_version'");

	if (version == s->book_version || !sim_ok(s))
		return;
	if (version != s->book_version + 1) {
		sim_fail(s, "book version %lld after %lld",
			 (long long)version, (long long)s->book_version);
		return;
	}
	s->book_version = version;
	s->imports++;
	sim_trace(s, "book %lld", (long long)version);
	model_book(&s->model, &s->book_told, s->book_changed, sim_wall(s));
}

/* ---- outputs ---- */

static int64_t
money(const struct json *v, const char *key)
{
	struct str text_ = json_get_str(v, key);
	struct str rest = text_;
	uint64_t whole = 0;
	uint64_t cents = 0;

	if (str_to_u64(str_cut(&rest, '.'), INT64_MAX, &whole) != ERR_OK ||
	    str_to_u64(rest, 99, &cents) != ERR_OK)
		return -1;
	return (int64_t)(whole * 100 + cents);
}

/* What the words of the body say; NULL when all is well. */
static const char *
body_wrong(const struct json *doc, int exporter, const struct m_owed *o)
{
	const struct json *d = json_obj(doc, "data");
	const struct json *x = json_obj(d, "exposure");
	const struct json *y = json_obj(x, "if_shipped");
	char e[16];
	char b[16];

	m_exporter_id(exporter, e);
	m_obligor_id(o->obligor, b);
	if (!str_eq(json_get_str(d, "exporter_id"), str_of(e)) ||
	    !str_eq(json_get_str(doc, "subject"), str_of(e)))
		return "exporter";
	if (!str_eq(json_get_str(json_obj(d, "obligor"), "id"), str_of(b)))
		return "obligor";
	if (!str_eq(json_get_str(d, "alert_id"), str_of(o->alert_id)))
		return "alert_id";
	if (json_get_int(d, "revision", -1) != o->revision)
		return "revision";
	if (!str_eq(json_get_str(d, "severity"),
		    str_of(severity_text(o->severity))))
		return "severity";
	if (!str_eq(json_get_str(d, "state"),
		    str_of(alert_state_text(o->state))))
		return "state";
	if (!str_eq(json_get_str(d, "kind"), str_of(o->alert_kind)))
		return "kind";
	if (!str_eq(json_get_str(json_obj(d, "fact"), "status"),
		    str_of(fact_status_text(o->status))))
		return "fact.status";
	if (!str_eq(json_get_str(json_obj(d, "fact"), "kind"),
		    str_of(m_kinds[o->kind].name)))
		return "fact.kind";
	if (money(x, "open") != o->open ||
	    money(x, "unshipped") != o->unshipped)
		return "exposure";
	if (money(x, "insured") != o->insured ||
	    money(x, "uninsured") != o->uninsured)
		return "insured";
	if (money(y, "insured") != o->if_insured ||
	    money(y, "uninsured") != o->if_uninsured)
		return "if_shipped";
	return NULL;
}

/* Alerts of one turn may come in any order, the revisions of each not. */
static const struct m_owed *
owed_next(struct model *m, int e, uint64_t seq, const char *alert_id)
{
	struct m_owed *o = &m->owed[e][seq - 1];
	size_t n = m->owes[e] - (seq - 1);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].alert_id, alert_id) == 0) {
			struct m_owed found = o[i];

			memmove(&o[1], &o[0], i * sizeof(*o));
			o[0] = found;
			break;
		}
	return o;
}

static void
see_entry(struct sim *s, sqlite3_stmt *st)
{
	int e = exporter_of(text(st, 1));
	uint64_t seq = (uint64_t)sqlite3_column_int64(st, 3);
	struct str body = text(st, 9);
	const struct m_owed *o;
	struct entry_kept *k;
	struct json *doc = NULL;
	const char *wrong;

	if (e < 0 || seq != s->keeps[e] + 1 ||
	    sqlite3_column_int64(st, 2) != 1) {
		sim_fail(s, "entry %llu of %.*s behind %zu",
			 (unsigned long long)seq, STR_ARG(text(st, 1)),
			 e < 0 ? 0 : s->keeps[e]);
		return;
	}
	if (seq > s->model.owes[e]) {
		sim_fail(s, "not owed: %d.%llu %.*s", e,
			 (unsigned long long)seq, STR_ARG(body));
		return;
	}
	k = &s->kept[e][seq];
	(void)!str_copy(k->alert_id, sizeof(k->alert_id), text(st, 7));
	o = owed_next(&s->model, e, seq, k->alert_id);
	k->hash = sim_hash(body) | 1;
	k->severity = sqlite3_column_int(st, 5);
	s->keeps[e] = seq;
	wrong = json_read(body, &doc, NULL) != ERR_OK ?
			"json" :
			body_wrong(doc, e, o);
	json_free(doc);
	if (wrong == NULL && sqlite3_column_int(st, 4) != o->type)
		wrong = "type";
	if (wrong == NULL && k->severity != (int)o->severity)
		wrong = "severity";
	if (wrong == NULL &&
	    sqlite3_column_int64(st, 6) != o->at * 1000)
		wrong = "time";
	sim_trace(s, "entry %d.%llu %s/%d type %d severity %d %016llx", e,
		  (unsigned long long)seq, k->alert_id,
		  sqlite3_column_int(st, 8), o->type, k->severity,
		  (unsigned long long)k->hash);
	if (wrong != NULL)
		sim_fail(s,
			 "%d.%llu: %s; owed revision %d state %s severity %d "
			 "status %s kind %s open %lld unshipped %lld insured "
			 "%lld if_insured %lld at %lld; got type %d: %.*s",
			 e, (unsigned long long)seq, wrong, o->revision,
			 alert_state_text(o->state), (int)o->severity,
			 fact_status_text(o->status), m_kinds[o->kind].name,
			 (long long)o->open, (long long)o->unshipped,
			 (long long)o->insured, (long long)o->if_insured,
			 (long long)o->at, sqlite3_column_int(st, 4),
			 STR_ARG(body));
}

static void
see_entries(struct sim *s)
{
	sqlite3_stmt *st = ask(
	    s, "SELECT rid, stream, epoch, seq, type, severity, time_us,"
	       " alert_id, revision, body FROM entry WHERE rid > ?"
	       " ORDER BY rid");

	(void)sqlite3_bind_int64(st, 1, s->entry_rid);
	while (next(s, st) && sim_ok(s)) {
		s->entry_rid = sqlite3_column_int64(st, 0);
		see_entry(s, st);
	}
	(void)sqlite3_finalize(st);
	for (int e = 0; e < M_EXPORTERS && sim_ok(s); e++)
		if (s->keeps[e] != s->model.owes[e]) {
			const struct m_owed *o =
			    &s->model.owed[e][s->keeps[e]];

			sim_fail(s,
				 "owed, not there: %d.%zu %s revision %d "
				 "state %s status %s",
				 e, s->keeps[e] + 1, o->alert_id, o->revision,
				 alert_state_text(o->state),
				 fact_status_text(o->status));
		}
}

/* What was told once is there for ever. */
static void
see_kept(struct sim *s)
{
	sqlite3_stmt *st = ask(s, "SELECT stream, seq, body FROM entry");
	size_t count[M_EXPORTERS] = { 0 };

	while (next(s, st) && sim_ok(s)) {
		int e = exporter_of(text(st, 0));
		uint64_t seq = (uint64_t)sqlite3_column_int64(st, 1);

		if (e < 0 || seq > s->keeps[e])
			continue; /* see_entries looks at it */
		count[e]++;
		if (s->kept[e][seq].hash != (sim_hash(text(st, 2)) | 1))
			sim_fail(s, "%d.%llu is another than it was", e,
				 (unsigned long long)seq);
	}
	(void)sqlite3_finalize(st);
	for (int e = 0; e < M_EXPORTERS && sim_ok(s); e++)
		if (count[e] != s->keeps[e])
			sim_fail(s, "stream %d lost entries: %zu of %zu", e,
				 count[e], s->keeps[e]);
}

void
watch_turn(struct sim *s, bool after_cut)
{
	int64_t version;

	if (s->db == NULL || !sim_ok(s))
		return;
	if (after_cut)
		see_kept(s);
	version = one(s, "PRAGMA data_version");
	if (version == s->data_version && !after_cut)
		return;
	s->data_version = version;
	see_states(s);
	see_book(s);
	if (!after_cut)
		see_day(s);
	see_documents(s);
	/* The day may have been decided just before the lights went out. */
	if (after_cut && sim_ok(s) &&
	    one(s, "SELECT count(*) FROM entry") >
		(int64_t)(s->model.owes[0] + s->model.owes[1] +
			  s->model.owes[2]))
		model_day(&s->model, sim_wall(s));
	see_entries(s);
}

/* What the daemon itself says it did, for whoever looks into a failure. */
void
watch_journal(struct sim *s)
{
	sqlite3_stmt *st = NULL;

	if (s->db == NULL ||
	    sqlite3_prepare_v2(s->db,
			       "SELECT at, what, detail FROM (SELECT * FROM"
			       " journal ORDER BY rid DESC LIMIT 30)"
			       " ORDER BY rid",
			       -1, &st, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(st) == SQLITE_ROW)
		(void)printf("  %lld %s %s\n",
			     (long long)sqlite3_column_int64(st, 0),
			     (const char *)sqlite3_column_text(st, 1),
			     (const char *)sqlite3_column_text(st, 2));
	(void)sqlite3_finalize(st);
}

bool
watch_has_evidence(struct sim *s, const struct client *c, uint64_t seq,
		   int state)
{
	sqlite3_stmt *st = ask(s, "SELECT 1 FROM evidence WHERE key = ? AND"
				  " stream = ? AND seq = ? AND state = ?");
	struct buf key;
	char e[16];
	bool has;

	buf_init(&key, 2 * KEYS_SIZE);
	buf_hex(&key, c->keys.curve.pub, KEYS_SIZE);
	m_exporter_id(c->exporter, e);
	(void)sqlite3_bind_text(st, 1, key.p, (int)key.n, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(st, 2, e, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(st, 3, (sqlite3_int64)seq);
	(void)sqlite3_bind_int(st, 4, state);
	has = next(s, st);
	(void)sqlite3_finalize(st);
	buf_free(&key);
	return has;
}

void
watch_end(struct sim *s)
{
	sqlite3_stmt *st;

	see_kept(s);
	st = sim_ok(s) ? ask(s, "PRAGMA integrity_check") : NULL;
	if (next(s, st) && !str_eq(text(st, 0), S("ok")))
		sim_fail(s, "integrity_check: %.*s", STR_ARG(text(st, 0)));
	(void)sqlite3_finalize(st);
	for (int e = 0; e < M_EXPORTERS && sim_ok(s); e++)
		sim_trace(s, "stream %d: %zu", e, s->keeps[e]);
}
