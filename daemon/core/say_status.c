/*
 * say_status.c - the operators' command `status`: is all well, and if not,
 * what is the matter (contract section 8).
 */
#include <string.h>
#include <sys/statvfs.h>

#include "say.h"

#define DUTY_SOON_DAYS 2

struct feed_tally {
	int total, ok, stale, refused, failing, never, quarantined, disabled;
	int64_t oldest_s;
};

static struct feed_tally
tally(struct core *c, struct instant now)
{
	struct feed_tally t = { 0 };

	for (size_t i = 0; i < c->feeds.count; i++) {
		struct feed_state s = { .last_good_ms = TIME_NONE,
					.refused_at = TIME_NONE };
		const char *word;
		int64_t age;
		struct arena a;

		if (arena_init(&a, 65536) != ERR_OK)
			break;
		(void)!feedstate_get(c, c->feeds.feed[i].name, &a, &s);
		word = watch_word(c, i, &s, now);
		age = watch_age(c, i, &s, now);
		arena_fini(&a);
		t.total++;
		t.ok += strcmp(word, "ok") == 0;
		t.stale += strcmp(word, "stale") == 0;
		t.refused += strcmp(word, "refused") == 0;
		t.failing += strcmp(word, "failing") == 0;
		t.never += strcmp(word, "never") == 0;
		t.quarantined += strcmp(word, "quarantined") == 0;
		t.disabled += strcmp(word, "disabled") == 0;
		if (age != TIME_NONE && age / 1000 > t.oldest_s)
			t.oldest_s = age / 1000;
	}
	return t;
}

/* Everything that is told, read at once. */
struct state {
	struct feed_tally feeds;
	struct alert_counts alerts;
	struct store_usage usage;
	uint64_t epoch;
	int64_t review;
	int64_t nacks;
	int64_t journal;
	uint32_t sessions;
};

static enum err
look(struct core *c, struct instant now, struct state *s)
{
	int32_t today = date_shanghai(now.wall_ms);
	enum err err;

	*s = (struct state){ .feeds = tally(c, now) };
	s->sessions = serve_sessions(c->serve, c->role->link[PEER_PUBLISH]);
	/* Every day counts as a working day, as in the deadlines. */
	err = store_alert_counts(c->store, today, today + DUTY_SOON_DAYS,
				 &s->alerts);
	if (err == ERR_OK)
		err = store_review_count(c->store, &s->review);
	if (err == ERR_OK)
		err = store_usage(c->store, &s->usage);
	if (err == ERR_OK)
		err = store_epoch(c->store, &s->epoch);
	if (err == ERR_OK)
		err = store_nacks(c->store, now.wall_ms, &s->nacks);
	if (err == ERR_OK)
		err = store_journal_lines(c->store, &s->journal);
	return err;
}

/* Each reason in turn to put; false: there is none, all is well. */
static bool
reasons(const struct core *c, const struct state *s,
	void (*put)(void *to, const char *why), void *to)
{
	const char *disk = c->degraded ? c->trouble : NULL;
	const struct {
		bool is;
		const char *why;
	} all[] = {
		{ c->degraded, "store" },
		{ disk != NULL, disk },
		{ s->feeds.stale > 0, "feeds stale" },
		{ s->feeds.refused > 0, "documents refused" },
		{ s->feeds.quarantined > 0, "documents quarantined" },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i].is)
			continue;
		put(to, all[i].why);
		any = true;
	}
	return any;
}

static void
reason_json(void *to, const char *why)
{
	jsonw_str(to, NULL, str_of(why));
}

static void
reason_text(void *to, const char *why)
{
	buf_printf(to, " (%s)", why);
}

static void
reason_none(void *to, const char *why)
{
	(void)to;
	(void)why;
}

/* ---- as JSON ---- */

static void
put_feeds(const struct feed_tally *t, struct jsonw *w)
{
	jsonw_obj(w, "feeds");
	jsonw_int(w, "total", t->total);
	jsonw_int(w, "ok", t->ok);
	jsonw_int(w, "stale", t->stale);
	jsonw_int(w, "refused", t->refused);
	jsonw_int(w, "failing", t->failing);
	jsonw_int(w, "never", t->never);
	jsonw_int(w, "quarantined", t->quarantined);
	jsonw_int(w, "disabled", t->disabled);
	jsonw_int(w, "oldest_age_s", t->oldest_s);
	jsonw_end_obj(w);
}

static void
put_alerts(const struct state *s, struct jsonw *w)
{
	const struct alert_counts *n = &s->alerts;

	jsonw_obj(w, "alerts");
	jsonw_obj(w, "open");
	for (int k = SEVERITY_CRITICAL; k >= SEVERITY_INFO; k--)
		jsonw_int(w, severity_text((enum severity)k), n->open[k]);
	jsonw_end_obj(w);
	jsonw_int(w, "unacked", n->unacked);
	/* Nobody is told a second time of what nobody acknowledged. */
	jsonw_int(w, "escalated", 0);
	jsonw_int(w, "review", s->review);
	jsonw_end_obj(w);
}

static void
put_push(const struct state *s, struct jsonw *w)
{
	jsonw_obj(w, "push");
	jsonw_int(w, "epoch", (int64_t)s->epoch);
	jsonw_int(w, "streams", s->usage.streams);
	jsonw_int(w, "consumers", s->usage.consumers);
	jsonw_int(w, "sessions", s->sessions);
	jsonw_int(w, "max_lag", s->usage.max_lag);
	jsonw_int(w, "nacks_24h", s->nacks);
	jsonw_end_obj(w);
	/* There is no such endpoint in this version. */
	jsonw_obj(w, "live");
	jsonw_end_obj(w);
}

static void
put_books(const struct state *s, struct jsonw *w)
{
	jsonw_obj(w, "duties");
	jsonw_int(w, "running", s->alerts.duties);
	jsonw_int(w, "due_2wd", s->alerts.duties_soon);
	jsonw_int(w, "missed", s->alerts.duties_missed);
	jsonw_end_obj(w);
	jsonw_obj(w, "audit");
	jsonw_int(w, "entries", s->journal);
	/* The journal is no chain yet that could be verified. */
	jsonw_null(w, "verified_at");
	jsonw_null(w, "ok");
	jsonw_end_obj(w);
}

static void
put_store(const struct core *c, const struct state *s, struct jsonw *w)
{
	struct statvfs room;

	jsonw_obj(w, "store");
	jsonw_int(w, "bytes", s->usage.bytes);
	/* In memory there is no disk. */
	if (c->diffs.dir >= 0 && fstatvfs(c->diffs.dir, &room) == 0)
		jsonw_int(w, "free_bytes",
			  (int64_t)(room.f_bavail * room.f_frsize));
	else
		jsonw_null(w, "free_bytes");
	jsonw_end_obj(w);
}

/* Empty with all roles in one process. */
static void
put_roles(const struct core *c, struct jsonw *w)
{
	static const char *const name[PEER_COUNT] = {
		[PEER_SUPER] = "super", [PEER_FETCH] = "fetch",
		[PEER_PARSE] = "parse", [PEER_CORE] = "core",
		[PEER_PUBLISH] = "publish", [PEER_WEB] = "web",
		[PEER_INDEX] = "index",
	};

	jsonw_arr(w, "roles");
	for (int p = 0; p < PEER_COUNT; p++) {
		if (c->roles[p].pid == 0 && c->roles[p].restarts == 0)
			continue;
		jsonw_obj(w, NULL);
		jsonw_str(w, "name", str_of(name[p]));
		if (c->roles[p].pid == 0)
			jsonw_null(w, "pid");
		else
			jsonw_int(w, "pid", c->roles[p].pid);
		jsonw_int(w, "restarts", c->roles[p].restarts);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
put_index(const struct core *c, struct instant now, struct jsonw *w)
{
	const struct index_tale t = index_tell(c, now);

	jsonw_obj(w, "index");
	jsonw_int(w, "names", (int64_t)t.names.segment_names);
	jsonw_int(w, "delta", (int64_t)t.names.delta_names);
	jsonw_bool(w, "whole", t.whole);
	if (t.age_ms < 0)
		jsonw_null(w, "age_s");
	else
		jsonw_int(w, "age_s", t.age_ms / 1000);
	if (c->index.build_ms < 0)
		jsonw_null(w, "build_ms");
	else
		jsonw_int(w, "build_ms", c->index.build_ms);
	jsonw_str(w, "last_build", str_of(t.last));
	jsonw_end_obj(w);
}

static enum err
status_json(struct core *c, struct instant now, const struct state *s,
	    struct buf *out)
{
	struct jsonw w = jsonw_of(out);
	bool ill = reasons(c, s, reason_none, NULL);
	enum err err;

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "version", S(CORE_VERSION));
	jsonw_str(&w, "instance", c->conf.instance);
	jsonw_time(&w, "time", now.wall_ms);
	jsonw_int(&w, "up_s", (now.mono_ms - c->started_mono_ms) / 1000);
	jsonw_str(&w, "state", ill ? S("degraded") : S("ok"));
	jsonw_arr(&w, "reasons");
	(void)reasons(c, s, reason_json, &w);
	jsonw_end_arr(&w);
	put_feeds(&s->feeds, &w);
	jsonw_obj(&w, "book");
	err = store_book_counts(c->store, &w);
	jsonw_end_obj(&w);
	put_index(c, now, &w);
	put_alerts(s, &w);
	put_push(s, &w);
	put_books(s, &w);
	put_store(c, s, &w);
	put_roles(c, &w);
	jsonw_end_obj(&w);
	buf_byte(out, '\n');
	return err;
}

/* ---- for people ---- */

static void
status_text(struct core *c, struct instant now, const struct state *s,
	    struct buf *out)
{
	const struct feed_tally *t = &s->feeds;
	const struct alert_counts *n = &s->alerts;
	const struct index_tale index = index_tell(c, now);
	bool ill = reasons(c, s, reason_none, NULL);

	buf_printf(out, "credit alarm %s, up %lld s: %s", CORE_VERSION,
		   (long long)(now.mono_ms - c->started_mono_ms) / 1000,
		   ill ? "degraded" : "ok");
	(void)reasons(c, s, reason_text, out);
	buf_printf(out,
		   "\nfeeds: %d, ok %d, stale %d, refused %d, failing %d, "
		   "never read %d, quarantined %d, disabled %d\n",
		   t->total, t->ok, t->stale, t->refused, t->failing, t->never,
		   t->quarantined, t->disabled);
	buf_printf(out,
		   "alerts: critical %lld, high %lld, medium %lld, info %lld; "
		   "not acknowledged %lld; to review %lld\n",
		   (long long)n->open[SEVERITY_CRITICAL],
		   (long long)n->open[SEVERITY_HIGH],
		   (long long)n->open[SEVERITY_MEDIUM],
		   (long long)n->open[SEVERITY_INFO], (long long)n->unacked,
		   (long long)s->review);
	buf_printf(out,
		   "duties: running %lld, due in two days %lld, missed %lld\n",
		   (long long)n->duties, (long long)n->duties_soon,
		   (long long)n->duties_missed);
	buf_printf(out,
		   "push: sessions %u, streams %lld, largest lag %lld, refused "
		   "in 24 hours %lld\n",
		   s->sessions, (long long)s->usage.streams,
		   (long long)s->usage.max_lag, (long long)s->nacks);
	buf_printf(out, "index: names %llu, since then %llu%s, last build %s\n",
		   (unsigned long long)index.names.segment_names,
		   (unsigned long long)index.names.delta_names,
		   index.whole ? "" : ", not whole", index.last);
}

int
say_status(struct core *c, const struct say_request *q, struct instant now,
	   struct buf *out, struct buf *err)
{
	struct state s;
	enum err e;

	if (q->words != 1) {
		buf_put(err, S("creditalarm: usage: status\n"));
		return 2;
	}
	e = look(c, now, &s);
	if (e == ERR_OK && q->json)
		e = status_json(c, now, &s, out);
	else if (e == ERR_OK)
		status_text(c, now, &s, out);
	if (e != ERR_OK)
		buf_printf(err, "creditalarm: status: %s\n", core_why(c, e));
	return e == ERR_OK ? 0 : 1;
}
