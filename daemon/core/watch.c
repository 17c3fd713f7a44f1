/*
 * watch.c - how each feed does: stale or not, and which document kills parse.
 *
 * A document on which parse dies twice is quarantined by its hash.  The first
 * time everyone whose document was open is suspected; from then on fetch
 * weighs their documents first (GO_CAREFUL) and only one suspect is let go at
 * a time.  Who is the suspect when parse dies again did it.  Of a stream the
 * document is one line, and what is skipped is never sent again: that line
 * must have been alone twice.  Kept in memory: a new core begins afresh.
 *
 * A file of a watched directory is a suspect like any other, so that nobody
 * is convicted for it; its own deaths are counted by drops.c.
 */
#include "core.h"
#include "log.h"

/* Parse died and one of two must be found: never both at one time. */
bool
watch_busy(const struct core *c)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		if (c->doc[i].id != 0 && c->watch[c->doc[i].feed].careful > 0)
			return true;
	return false;
}

uint8_t
watch_flags(const struct core *c, size_t feed, const struct feed_state *f)
{
	const struct feed_watch *w = &c->watch[feed];
	bool stream = c->feeds.feed[feed].mode == MODE_STREAM;
	uint8_t flags = f->refused_at != TIME_NONE ? GO_REFUSED : 0;

	/* The rest of a stream goes on as fast as ever. */
	if (w->careful > 0 || (w->bad_hash[0] != '\0' && !stream))
		flags |= GO_CAREFUL;
	return flags;
}

void
watch_stands(struct core *c, size_t feed)
{
	struct feed_watch *w = &c->watch[feed];
	bool stream = c->feeds.feed[feed].mode == MODE_STREAM;

	w->quarantined = 0;
	if (w->careful > 0)
		w->careful = stream ? w->careful - 1 : 0;
	/* A stream may send the bad line again. */
	if (!stream)
		w->bad_hash[0] = '\0';
}

/* In parse's hands when it died. */
static bool
was_in_parse(const struct doc *d)
{
	return d->id != 0 && d->opened && !docs_over(d);
}

/* It did it.  A file is refused after CORE_DEATHS_MAX: see docs_lost. */
static void
convict(struct core *c, const struct doc *d)
{
	struct feed_watch *w = &c->watch[d->feed];
	struct str hash = str_of(d->body_hash);
	bool stream = c->feeds.feed[d->feed].mode == MODE_STREAM;

	if (d->own)
		return;
	if (stream && !str_eq(hash, str_of(w->suspect_hash))) {
		if (str_copy(w->suspect_hash, sizeof(w->suspect_hash),
			     hash) != ERR_OK)
			w->suspect_hash[0] = '\0';
		return;
	}
	w->quarantined =
	    str_copy(w->bad_hash, sizeof(w->bad_hash), hash) == ERR_OK;
	log_op(LOG_ERR, "feed.quarantined", "feed=%.*s hash=%s",
	       STR_ARG(c->feeds.feed[d->feed].name), w->bad_hash);
}

/*
 * Parse died.  Who was being watched and had given bytes did it, and the
 * others go free; else everyone there is watched from now on.
 */
void
watch_blame(struct core *c)
{
	bool found = false;

	for (size_t i = 0; i < CORE_DOCS_MAX && !found; i++) {
		struct doc *d = &c->doc[i];
		struct feed_watch *w = &c->watch[d->feed];

		if (!was_in_parse(d) || w->careful == 0 ||
		    !(d->own ? d->begun : d->weighed))
			continue;
		found = true;
		convict(c, d);
	}
	for (size_t i = 0; i < CORE_DOCS_MAX && !found; i++) {
		struct doc *d = &c->doc[i];

		if (was_in_parse(d))
			c->watch[d->feed].careful =
			    c->feeds.feed[d->feed].mode == MODE_STREAM ?
				CORE_CAREFUL_LINES :
				1;
	}
}

void
watch_forgive(struct core *c, size_t feed)
{
	c->watch[feed].bad_hash[0] = '\0';
	c->watch[feed].careful = 0;
	c->watch[feed].quarantined = 0;
}

int64_t
watch_age(const struct core *c, size_t i, const struct feed_state *f,
	  struct instant now)
{
	const struct feed_watch *w = &c->watch[i];

	if (f->last_good_ms == TIME_NONE)
		return TIME_NONE;
	if (f->last_good_ms == w->good_wall_ms)
		return now.mono_ms - w->good_ms;
	return now.wall_ms > f->last_good_ms ? now.wall_ms - f->last_good_ms :
					       0;
}

static bool
feed_stale(const struct core *c, size_t i, const struct feed_state *f,
	   struct instant now)
{
	const struct feed *feed = &c->feeds.feed[i];
	int64_t age = watch_age(c, i, f, now);

	if (age == TIME_NONE)
		age = now.mono_ms - c->watch[i].since_ms;
	return feed->enabled && feed->guards.stale_after_ms > 0 &&
	       age > feed->guards.stale_after_ms;
}

const char *
watch_word(const struct core *c, size_t i, const struct feed_state *f,
	       struct instant now)
{
	if (!c->feeds.feed[i].enabled)
		return "disabled";
	if (c->watch[i].quarantined)
		return "quarantined";
	if (feed_stale(c, i, f, now))
		return "stale";
	if (f->refused_at != TIME_NONE)
		return "refused";
	if (f->failures > 0)
		return "failing";
	return f->last_good_ms == TIME_NONE ? "never" : "ok";
}

void
watch_feeds(struct core *c, struct instant now)
{
	for (size_t i = 0; i < c->feeds.count; i++) {
		struct arena a;
		struct feed_state f = { 0 };
		int stale = 0;

		if (arena_init(&a, 65536) != ERR_OK)
			return;
		if (docs_feed_state(c, c->feeds.feed[i].name, &a, &f) == ERR_OK)
			stale = feed_stale(c, i, &f, now);
		arena_fini(&a);
		if (stale && !c->watch[i].stale)
			log_op(LOG_WARN, "feed.stale", "feed=%.*s",
			       STR_ARG(c->feeds.feed[i].name));
		if (!stale && c->watch[i].stale)
			log_op(LOG_NOTICE, "feed.back", "feed=%.*s",
			       STR_ARG(c->feeds.feed[i].name));
		c->watch[i].stale = stale;
	}
}
