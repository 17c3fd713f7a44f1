/*
 * say.c - the operators' commands: who says what, and the small ones.
 */
#include "say.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct command {
	const char *name;
	int (*run)(struct core *c, const struct say_request *q,
		   struct instant now, struct buf *out, struct buf *err);
};

static const struct command COMMANDS[] = {
	{ "status", say_status }, { "feed", say_feed },
	{ "book", say_book },	  { "alert", say_alert },
	{ "subscriber", say_subscriber },
	{ "exposure", say_exposure }, { "lookup", say_lookup },
	{ "review", say_review },
};

int
say(struct core *c, const struct say_request *q, struct instant now,
    struct buf *out, struct buf *err)
{
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++)
		if (q->words > 0 && str_eq(q->word[0],
					   str_of(COMMANDS[i].name)))
			return COMMANDS[i].run(c, q, now, out, err);
	buf_put(err, S("creditalarm: the daemon knows no such command\n"));
	return 2;
}

enum err
say_spill(const struct say_request *q, struct buf *out, size_t min)
{
	if (q->spills == 0 || out->n < min)
		return out->err;
	for (size_t at = 0; at < out->n;) {
		ssize_t n = write(q->out_fd, out->p + at, out->n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		at += (size_t)n;
	}
	buf_drop(out, out->n);
	return out->err;
}

/* ---- feeds ---- */

static void
feed_json(struct core *c, size_t i, const struct feed_state *s,
	  struct instant now, struct buf *out)
{
	const struct feed *f = &c->feeds.feed[i];
	struct jsonw w = jsonw_of(out);
	int64_t good = s->last_good_ms;

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "name", f->name);
	jsonw_str(&w, "title", f->title);
	jsonw_str(&w, "state", str_of(watch_word(c, i, s, now)));
	jsonw_bool(&w, "enabled", f->enabled);
	jsonw_bool(&w, "verified", f->verified);
	jsonw_str(&w, "mode", str_of(feed_mode_text(f->mode)));
	jsonw_int(&w, "interval_s", f->interval_ms / 1000);
	jsonw_time(&w, "last_try", s->last_try_ms);
	jsonw_time(&w, "last_good", good);
	if (good == TIME_NONE)
		jsonw_null(&w, "age_s");
	else
		jsonw_int(&w, "age_s", watch_age(c, i, s, now) / 1000);
	jsonw_int(&w, "stale_after_s", f->guards.stale_after_ms / 1000);
	jsonw_time(&w, "next_try", c->watch[i].next_ms);
	jsonw_int(&w, "http", s->http);
	jsonw_int(&w, "records", s->records);
	jsonw_int(&w, "notices", s->notices);
	jsonw_int(&w, "new", s->changed);
	jsonw_int(&w, "rejects", s->rejects);
	jsonw_int(&w, "unknown_kinds", s->unknown);
	if (s->refused_at == TIME_NONE) {
		jsonw_null(&w, "refused");
	} else {
		jsonw_obj(&w, "refused");
		jsonw_time(&w, "at", s->refused_at);
		jsonw_str(&w, "guard", s->guard);
		jsonw_str(&w, "detail", s->detail);
		jsonw_end_obj(&w);
	}
	if (s->failures > 0)
		jsonw_str(&w, "detail", s->detail);
	if (s->cursor.n > 0)
		jsonw_str(&w, "cursor", s->cursor);
	jsonw_str(&w, "certainty", str_of(certainty_text(f->certainty)));
	jsonw_str(&w, "redistribution",
		  str_of(redistribution_text(f->redistribution)));
	jsonw_str_or_null(&w, "licence", f->licence);
	jsonw_end_obj(&w);
	buf_byte(out, '\n');
}

static void
feed_text(struct core *c, size_t i, const struct feed_state *s,
	  struct instant now, struct buf *out)
{
	buf_printf(out, "%-20.*s %-9s records %-8lld ",
		   STR_ARG(c->feeds.feed[i].name),
		   watch_word(c, i, s, now), (long long)s->records);
	if (s->last_good_ms == TIME_NONE) {
		buf_put(out, S("never good"));
	} else {
		buf_put(out, S("good until "));
		time_put(out, s->last_good_ms);
	}
	if (s->refused_at != TIME_NONE)
		buf_printf(out, "; refused by %.*s: %.*s", STR_ARG(s->guard),
			   STR_ARG(s->detail));
	else if (s->failures > 0)
		buf_printf(out, "; %d failures: %.*s", s->failures,
			   STR_ARG(s->detail));
	buf_byte(out, '\n');
}

static int
feed_list(struct core *c, const struct say_request *q, struct instant now,
	  struct buf *out)
{
	for (size_t i = 0; i < c->feeds.count; i++) {
		struct str name = c->feeds.feed[i].name;
		struct feed_state s = { 0 };
		struct arena a;
		enum err err;

		if (q->words > 2 && !str_eq(name, q->word[2]))
			continue;
		if (arena_init(&a, 65536) != ERR_OK)
			return 1;
		err = docs_feed_state(c, name, &a, &s);
		if (err != ERR_OK) {
			arena_fini(&a);
			return 1;
		}
		if (q->json)
			feed_json(c, i, &s, now, out);
		else
			feed_text(c, i, &s, now, out);
		arena_fini(&a);
	}
	return 0;
}

int
say_feed(struct core *c, const struct say_request *q, struct instant now,
	 struct buf *out, struct buf *err)
{
	if (q->words == 2 && str_eq(q->word[1], S("list")))
		return feed_list(c, q, now, out);
	if (q->words == 3 && str_eq(q->word[1], S("show")))
		return feed_list(c, q, now, out);
	if (q->words == 3 && str_eq(q->word[1], S("poll"))) {
		struct buf b;
		const struct feed *f = feeds_find(&c->feeds, q->word[2]);
		bool sent;

		if (f != NULL && f->mode == MODE_DROP) {
			drops_hurry(c, (size_t)(f - c->feeds.feed), now);
			return 0;
		}
		if (f == NULL) {
			buf_printf(err, "creditalarm: no feed '%.*s'\n",
				   STR_ARG(q->word[2]));
			return 1;
		}
		watch_forgive(c, (size_t)(f - c->feeds.feed));
		buf_init(&b, 1024);
		buf_blob(&b, q->word[2]);
		sent = link_send(c->role->link[PEER_FETCH], MSG_POLL_NOW,
				 buf_str(&b), NULL, 0);
		buf_free(&b);
		return sent ? 0 : 1;
	}
	buf_put(err,
		S("creditalarm: usage: feed list | show NAME | poll NAME\n"));
	return 2;
}

/* ---- status ---- */

struct feed_tally {
	int total, ok, stale, refused, quarantined, disabled;
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
		(void)!store_feed(c->store, c->feeds.feed[i].name, &a, &s);
		word = watch_word(c, i, &s, now);
		age = watch_age(c, i, &s, now);
		arena_fini(&a);
		t.total++;
		t.ok += strcmp(word, "ok") == 0;
		t.stale += strcmp(word, "stale") == 0;
		t.refused += strcmp(word, "refused") == 0;
		t.quarantined += strcmp(word, "quarantined") == 0;
		t.disabled += strcmp(word, "disabled") == 0;
		if (age != TIME_NONE && age / 1000 > t.oldest_s)
			t.oldest_s = age / 1000;
	}
	return t;
}

/* Something the operator should look at. */
static bool
feeds_ail(const struct feed_tally *t)
{
	return t->stale > 0 || t->refused > 0 || t->quarantined > 0;
}

static void
status_reasons(struct core *c, const struct feed_tally *t, struct jsonw *w)
{
	jsonw_arr(w, "reasons");
	if (c->degraded)
		jsonw_str(w, NULL, S("store"));
	if (t->stale > 0)
		jsonw_str(w, NULL, S("feeds stale"));
	if (t->refused > 0)
		jsonw_str(w, NULL, S("documents refused"));
	if (t->quarantined > 0)
		jsonw_str(w, NULL, S("documents quarantined"));
	jsonw_end_arr(w);
}

static int
status_alerts(struct core *c, struct jsonw *w)
{
	int open[SEVERITY_CRITICAL + 1] = { 0 };
	int unacked = 0;
	struct alert *row = NULL;
	int64_t review = 0;
	size_t n = 0;
	struct arena a;

	if (arena_init(&a, 32u << 20) != ERR_OK)
		return 1;
	if (store_alerts(c->store, STR_NONE, &a, &row, &n) != ERR_OK ||
	    store_review_count(c->store, &review) != ERR_OK) {
		arena_fini(&a);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (row[i].state == ALERT_RESOLVED ||
		    row[i].state == ALERT_RETRACTED)
			continue;
		open[row[i].severity]++;
		unacked += row[i].state == ALERT_OPEN;
	}
	arena_fini(&a);
	jsonw_obj(w, "alerts");
	jsonw_obj(w, "open");
	for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
		jsonw_int(w, severity_text((enum severity)s), open[s]);
	jsonw_end_obj(w);
	jsonw_int(w, "unacked", unacked);
	jsonw_int(w, "review", review);
	jsonw_end_obj(w);
	return 0;
}

static int
status_usage(struct core *c, struct jsonw *w)
{
	struct store_usage u = { 0 };
	struct statvfs room;
	uint64_t epoch = 0;
	int bad = store_epoch(c->store, &epoch) != ERR_OK ||
		  store_usage(c->store, &u) != ERR_OK;

	jsonw_obj(w, "push");
	jsonw_int(w, "epoch", (int64_t)epoch);
	jsonw_int(w, "streams", u.streams);
	jsonw_int(w, "consumers", u.consumers);
	jsonw_int(w, "max_lag", u.max_lag);
	jsonw_end_obj(w);
	jsonw_obj(w, "store");
	jsonw_int(w, "bytes", u.bytes);
	/* In memory there is no disk. */
	if (c->diffs.dir >= 0 && fstatvfs(c->diffs.dir, &room) == 0)
		jsonw_int(w, "free_bytes",
			  (int64_t)(room.f_bavail * room.f_frsize));
	else
		jsonw_null(w, "free_bytes");
	jsonw_end_obj(w);
	return bad;
}

/* Empty with all roles in one process. */
static void
status_roles(struct core *c, struct jsonw *w)
{
	static const char *const name[PEER_COUNT] = {
		[PEER_SUPER] = "super", [PEER_FETCH] = "fetch",
		[PEER_PARSE] = "parse", [PEER_CORE] = "core",
		[PEER_PUBLISH] = "publish", [PEER_WEB] = "web",
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

static int
status_json(struct core *c, struct instant now, const struct feed_tally *t,
	    struct buf *out)
{
	struct jsonw w = jsonw_of(out);
	int bad;

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "version", S(CORE_VERSION));
	jsonw_str(&w, "instance", c->conf.instance);
	jsonw_time(&w, "time", now.wall_ms);
	jsonw_int(&w, "up_s", (now.mono_ms - c->started_mono_ms) / 1000);
	jsonw_str(&w, "state",
		  c->degraded || feeds_ail(t) ? S("degraded") : S("ok"));
	status_reasons(c, t, &w);
	jsonw_obj(&w, "feeds");
	jsonw_int(&w, "total", t->total);
	jsonw_int(&w, "ok", t->ok);
	jsonw_int(&w, "stale", t->stale);
	jsonw_int(&w, "refused", t->refused);
	jsonw_int(&w, "disabled", t->disabled);
	jsonw_int(&w, "oldest_age_s", t->oldest_s);
	jsonw_end_obj(&w);
	jsonw_obj(&w, "book");
	bad = store_book_counts(c->store, &w) != ERR_OK;
	jsonw_end_obj(&w);
	bad += status_alerts(c, &w);
	bad += status_usage(c, &w);
	status_roles(c, &w);
	jsonw_end_obj(&w);
	buf_byte(out, '\n');
	return bad != 0;
}

int
say_status(struct core *c, const struct say_request *q, struct instant now,
	   struct buf *out, struct buf *err)
{
	struct feed_tally t = tally(c, now);

	if (q->words != 1) {
		buf_put(err, S("creditalarm: usage: status\n"));
		return 2;
	}
	if (q->json)
		return status_json(c, now, &t, out);
	buf_printf(out, "credit alarm %s, up %lld s: %s\n", CORE_VERSION,
		   (long long)(now.mono_ms - c->started_mono_ms) / 1000,
		   c->degraded	 ? "degraded (store)" :
		   feeds_ail(&t) ? "degraded (feeds)" :
				   "ok");
	buf_printf(out,
		   "feeds: %d, ok %d, stale %d, refused %d, disabled %d\n",
		   t.total, t.ok, t.stale, t.refused, t.disabled);
	return 0;
}
