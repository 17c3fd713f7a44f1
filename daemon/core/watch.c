/*
 * watch.c - how each feed does: stale or not, and which document kills parse.
 *
 * A document on which parse dies twice is quarantined by its hash.  The first
 * time everyone whose document was open is suspected; from then on fetch
 * weighs their documents first (GO_CAREFUL) and only one suspect is let go at
 * a time.  Who is the suspect when parse dies again did it.  Of a stream the
 * document is one line, and what is skipped is never sent again: that line
 * must have been alone twice.
 *
 * All that is stored with the state of the feed whenever a document of it is
 * done with, and read at the start: no restart gives parse the document again.
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
		if (c->doc[i].id != 0 &&
		    c->watch[c->doc[i].feed].ward.careful > 0)
			return true;
	return false;
}

uint8_t
watch_flags(const struct core *c, size_t feed, const struct feed_state *f)
{
	const struct ward *w = &c->watch[feed].ward;
	bool stream = c->feeds.feed[feed].mode == MODE_STREAM;
	uint8_t flags = f->refused_at != TIME_NONE ? GO_REFUSED : 0;

	/* The rest of a stream goes on as fast as ever. */
	if (w->careful > 0 || (w->bad_hash[0] != '\0' && !stream))
		flags |= GO_CAREFUL;
	return flags;
}

struct ward
watch_after(const struct core *c, const struct doc *d)
{
	bool stream = c->feeds.feed[d->feed].mode == MODE_STREAM;
	struct ward w = c->watch[d->feed].ward;

	/* Refused or not, a file is out of the way; the next is another. */
	if (!docs_accepted(d) &&
	    !(d->own && d->poll_verdict == POLL_NEW &&
	      d->doc_verdict == DOC_REFUSED))
		return w;
	w.quarantined = 0;
	if (w.careful > 0)
		w.careful = stream ? w.careful - 1 : 0;
	/* A stream may send the bad line again. */
	if (!stream)
		w.bad_hash[0] = '\0';
	return w;
}

void
watch_keep(const struct ward *w, struct feed_state *f)
{
	f->careful = w->careful;
	f->quarantined = w->quarantined;
	f->suspect_hash = str_of(w->suspect_hash);
	f->bad_hash = str_of(w->bad_hash);
}

static struct ward
ward_of(const struct feed_state *f)
{
	struct ward w = { .careful = f->careful,
			  .quarantined = f->quarantined };

	/* Not ours, but then no document's either. */
	if (str_copy(w.suspect_hash, sizeof(w.suspect_hash),
		     f->suspect_hash) != ERR_OK)
		w.suspect_hash[0] = '\0';
	if (str_copy(w.bad_hash, sizeof(w.bad_hash), f->bad_hash) != ERR_OK)
		w.bad_hash[0] = '\0';
	return w;
}

enum err
watch_load(struct core *c, struct instant now)
{
	struct arena a;
	enum err err = arena_init(&a, 65536);

	for (size_t i = 0; err == ERR_OK && i < c->feeds.count; i++) {
		struct feed_state f = { 0 };

		err = feedstate_get(c, c->feeds.feed[i].name, &a, &f);
		if (err != ERR_OK)
			break;
		c->watch[i] = (struct feed_watch){ .since_ms = now.mono_ms,
						   .good_wall_ms = TIME_NONE,
						   .next_ms = TIME_NONE,
						   .ward = ward_of(&f) };
		if (c->watch[i].ward.quarantined)
			log_op(LOG_WARN, "feed.quarantined",
			       "feed=%.*s hash=%s why=\"since before the "
			       "start\"",
			       STR_ARG(c->feeds.feed[i].name),
			       c->watch[i].ward.bad_hash);
		arena_rewind(&a, 0);
	}
	arena_fini(&a);
	return err;
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
	struct ward *w = &c->watch[d->feed].ward;
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
		struct ward *w = &c->watch[d->feed].ward;

		if (!was_in_parse(d) || w->careful == 0 ||
		    !(d->own ? d->begun : d->weighed))
			continue;
		found = true;
		convict(c, d);
	}
	for (size_t i = 0; i < CORE_DOCS_MAX && !found; i++) {
		struct doc *d = &c->doc[i];

		if (was_in_parse(d))
			c->watch[d->feed].ward.careful =
			    c->feeds.feed[d->feed].mode == MODE_STREAM ?
				CORE_CAREFUL_LINES :
				1;
	}
}

enum err
watch_forgive(struct core *c, size_t feed)
{
	struct str name = c->feeds.feed[feed].name;
	const struct ward *w = &c->watch[feed].ward;
	const struct ward none = { 0 };
	struct feed_state f = { 0 };
	struct arena a;
	enum err err;

	if (w->careful == 0 && w->quarantined == 0 &&
	    w->suspect_hash[0] == '\0' && w->bad_hash[0] == '\0')
		return ERR_OK;
	err = arena_init(&a, 65536);
	if (err != ERR_OK)
		return err;
	err = store_begin(c->store);
	if (err == ERR_OK)
		err = feedstate_get(c, name, &a, &f);
	watch_keep(&none, &f);
	if (err == ERR_OK)
		err = store_feed_put(c->store, &f);
	if (err == ERR_OK)
		err = store_commit(c->store);
	else
		store_rollback(c->store);
	arena_fini(&a);
	if (err == ERR_OK)
		c->watch[feed].ward = none;
	return err;
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
	if (c->watch[i].ward.quarantined)
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
		if (feedstate_get(c, c->feeds.feed[i].name, &a, &f) == ERR_OK)
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
