/*
 * say.c - the operators' commands: who says what, and the small ones.
 */
#include "say.h"

#include <errno.h>
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
		err = feedstate_get(c, name, &a, &s);
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

static int
feed_poll(struct core *c, size_t feed, struct instant now, struct buf *err)
{
	struct buf b;
	bool sent;
	enum err e;

	if (c->feeds.feed[feed].mode == MODE_DROP) {
		drops_hurry(c, feed, now);
		return 0;
	}
	e = watch_forgive(c, feed);
	if (e != ERR_OK) {
		buf_printf(err, "creditalarm: feed poll: %s\n",
			   core_why(c, e));
		return 1;
	}
	buf_init(&b, 1024);
	buf_blob(&b, c->feeds.feed[feed].name);
	sent = link_send(c->role->link[PEER_FETCH], MSG_POLL_NOW, buf_str(&b),
			 NULL, 0);
	buf_free(&b);
	if (!sent)
		buf_put(err, S("creditalarm: feed poll: fetch is not there; "
			       "say it again\n"));
	return sent ? 0 : 1;
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
		const struct feed *f = feeds_find(&c->feeds, q->word[2]);

		if (f != NULL)
			return feed_poll(c, (size_t)(f - c->feeds.feed), now,
					 err);
		buf_printf(err, "creditalarm: no feed '%.*s'\n",
			   STR_ARG(q->word[2]));
		return 1;
	}
	buf_put(err,
		S("creditalarm: usage: feed list | show NAME | poll NAME\n"));
	return 2;
}
