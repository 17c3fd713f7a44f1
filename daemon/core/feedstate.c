/*
 * feedstate.c - what is remembered of a feed, and what a document adds to it.
 */
#include <inttypes.h>

#include "core.h"
#include "log.h"

#define HTTP_NO_RANGE 416

enum err
feedstate_get(struct core *c, struct str name, struct arena *a,
	      struct feed_state *out)
{
	enum err err = store_feed(c->store, name, a, out);

	if (err != ERR_ABSENT)
		return err;
	*out = (struct feed_state){ .feed = name,
				    .last_try_ms = TIME_NONE,
				    .last_good_ms = TIME_NONE,
				    .refused_at = TIME_NONE,
				    .retry_at = TIME_NONE };
	return ERR_OK;
}

static void
put_i64(struct buf *b, int64_t v)
{
	buf_be64(b, (uint64_t)v);
}

void
feedstate_tell(struct core *c)
{
	for (size_t i = 0; i < c->feeds.count; i++) {
		struct arena a;
		struct feed_state f = { 0 };
		struct buf b;

		if (arena_init(&a, 65536) != ERR_OK)
			return;
		buf_init(&b, MSG_MAX);
		if (feedstate_get(c, c->feeds.feed[i].name, &a, &f) == ERR_OK) {
			buf_blob(&b, f.feed);
			put_i64(&b, f.last_try_ms);
			put_i64(&b, f.last_good_ms);
			put_i64(&b, f.retry_at);
			/* Refused documents are no trouble of the server's. */
			buf_be32(&b, f.refused_at != TIME_NONE ?
					     0 :
					     (uint32_t)f.failures);
			(void)link_send(c->role->link[PEER_FETCH],
					MSG_FEED_STATE, buf_str(&b), NULL, 0);
		}
		buf_free(&b);
		arena_fini(&a);
	}
}

/* Forward only; a source that forgot the place is asked from now on. */
static void
cursor_of(const struct core *c, const struct doc *d, struct feed_state *f)
{
	const struct feed *feed = &c->feeds.feed[d->feed];
	uint64_t before = 0;
	uint64_t at = 0;

	if (feed->mode != MODE_STREAM)
		return;
	if (str_to_u64(f->cursor, INT64_MAX, &before) != ERR_OK)
		before = 0;
	if (d->poll_verdict == POLL_FAILED && d->http == HTTP_NO_RANGE &&
	    f->cursor.n > 0) {
		log_op(LOG_ERR, "feed.gap",
		       "feed=%.*s cursor=%" PRIu64 " why=\"the source no longer "
		       "has it; records may be missing\"",
		       STR_ARG(feed->name), before);
		f->cursor = STR_NONE;
	}
	if (docs_accepted(d) &&
	    str_to_u64(str_of(d->cursor), INT64_MAX, &at) == ERR_OK &&
	    at > before)
		f->cursor = str_of(d->cursor);
}

/*
 * A sign of health.  A look at a watched directory that found nothing is none
 * for who asked for a word when no file comes (stale_after).
 */
bool
feedstate_good(const struct core *c, const struct doc *d)
{
	if (d->own && d->poll_verdict == POLL_UNCHANGED)
		return !c->feeds.feed[d->feed].guards.stale_given;
	return d->poll_verdict == POLL_UNCHANGED || docs_accepted(d);
}

/* A look at a watched directory that found nothing new.  What was refused
 * stands until a file is accepted or nobody left it there. */
static void
look_of(const struct core *c, const struct doc *d, struct instant now,
	struct feed_state *f)
{
	f->failures = 0;
	if (feedstate_good(c, d))
		f->last_good_ms = now.wall_ms;
	if (d->clear)
		f->refused_at = TIME_NONE;
	if (f->refused_at == TIME_NONE) {
		f->guard = STR_NONE;
		f->detail = STR_NONE;
	}
}

/* Takes the state of a finished document into f. */
void
feedstate_after(const struct core *c, const struct doc *d, struct instant now,
		struct feed_state *f)
{
	bool good = feedstate_good(c, d);

	f->last_try_ms = now.wall_ms;
	f->retry_at = d->poll_verdict == POLL_FAILED && d->retry_ms > 0 ?
			      now.wall_ms + d->retry_ms :
			      TIME_NONE;
	if (d->own && d->poll_verdict == POLL_UNCHANGED) {
		look_of(c, d, now, f);
		return;
	}
	f->http = (int)d->http;
	f->detail = d->poll_verdict == POLL_QUARANTINED ?
			S("parse died on it twice") :
			str_of(d->detail);
	f->guard = str_of(d->guard);
	f->failures = good ? 0 : f->failures + 1;
	if (good) {
		f->last_good_ms = now.wall_ms;
		f->refused_at = TIME_NONE;
		f->detail = STR_NONE;
	}
	cursor_of(c, d, f);
	if (d->poll_verdict != POLL_NEW)
		return;
	if (!good) {
		f->refused_at = now.wall_ms;
		return;
	}
	f->etag = str_of(d->etag);
	f->last_modified = str_of(d->last_modified);
	f->body_hash = str_of(d->body_hash);
	f->records = d->records;
	f->notices = d->notices;
	f->changed = d->changed;
	f->rejects = d->rejects;
	f->unknown = d->unknown;
	f->diff_gen = d->diff_gen + 1;
}
