/*
 * docs.c - staged documents: asked for, filled, ended, decided or forgotten.
 *
 * fetch asks (POLL_ASK); core opens the document at parse (DOC_OPEN, with
 * the diff states) and lets fetch go (POLL_GO).  Then two ends are awaited in
 * any order: fetch's POLL and parse's DOC_END.  Only when both are good are
 * the notices decided, batch by batch, the feed's cursor with the last.
 * Of a watched directory (drops.c) core itself is the one that polled.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "fetch.h"
#include "log.h"
#include "metrics.h"
#include "schedule.h"

void
docs_init(struct core *c, struct instant now)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++) {
		c->doc[i] = (struct doc){ .fresh = -1 };
		staging_init(&c->doc[i].stage);
	}
	/* Above every number of an earlier core that parse may remember. */
	c->doc_next = (uint64_t)now.mono_ms * 1000 + 1;
}

static void
doc_drop(struct doc *d)
{
	staging_free(&d->stage);
	if (d->fresh >= 0)
		(void)close(d->fresh);
	*d = (struct doc){ .fresh = -1 };
	staging_init(&d->stage);
}

void
docs_fini(struct core *c)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		doc_drop(&c->doc[i]);
}

static struct doc *
doc_find(struct core *c, uint64_t id)
{
	for (size_t i = 0; id != 0 && i < CORE_DOCS_MAX; i++)
		if (c->doc[i].id == id)
			return &c->doc[i];
	return NULL;
}

bool
docs_idle(const struct core *c)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		if (c->doc[i].id != 0)
			return false;
	return true;
}

/* Its last poll is not over. */
static bool
feed_busy(const struct core *c, size_t feed)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		if (c->doc[i].id != 0 && c->doc[i].feed == feed)
			return true;
	return false;
}

static bool
feed_index(const struct core *c, struct str name, size_t *i)
{
	for (*i = 0; *i < c->feeds.count; (*i)++)
		if (str_eq(c->feeds.feed[*i].name, name))
			return true;
	return false;
}

/* parse is to expect a document; false when its link has no room. */
static bool
doc_announce(struct core *c, struct doc *d, const struct feed_state *f,
	     int old, struct instant now)
{
	int fd[2] = { old, -1 };
	struct buf head;

	fd[1] = fcntl(d->fresh, F_DUPFD_CLOEXEC, 3);
	buf_init(&head, MSG_MAX);
	buf_be64(&head, d->id);
	buf_blob(&head, f->feed);
	buf_be64(&head, (uint64_t)now.wall_ms);
	buf_byte(&head, f->diff_gen == 0);
	/* Without an old state its place is taken by an empty new one. */
	if (fd[0] < 0)
		fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	d->opened = link_send(c->role->link[PEER_PARSE], MSG_DOC_OPEN,
			      buf_str(&head), fd, 2);
	buf_free(&head);
	return d->opened;
}

static bool
poll_go(struct core *c, const struct doc *d, const struct feed_state *f)
{
	struct buf go;
	bool sent;

	buf_init(&go, MSG_MAX);
	buf_blob(&go, f->feed);
	buf_be64(&go, d->id);
	buf_blob(&go, f->etag);
	buf_blob(&go, f->last_modified);
	buf_blob(&go, f->body_hash);
	buf_blob(&go, f->cursor);
	buf_byte(&go, watch_flags(c, d->feed, f));
	buf_blob(&go, str_of(c->watch[d->feed].ward.bad_hash));
	sent = link_send(c->role->link[PEER_FETCH], MSG_POLL_GO, buf_str(&go),
			 NULL, 0);
	buf_free(&go);
	return sent;
}

static bool
file_go(struct core *c, const struct doc *d, struct str file, int body)
{
	struct buf b;
	bool sent;

	buf_init(&b, MSG_MAX);
	buf_be64(&b, d->id);
	buf_blob(&b, file);
	sent = link_send(c->role->link[PEER_PARSE], MSG_DOC_FILE, buf_str(&b),
			 &body, 1);
	buf_free(&b);
	return sent;
}

_Static_assert(FETCH_PARALLEL_MAX + FETCH_STREAMS_MAX <= CORE_KIND_DOCS_MAX,
	       "what fetch may have on its way finds room");

bool
docs_room(const struct core *c, bool own)
{
	size_t n = 0;

	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		n += c->doc[i].id != 0 && (c->doc[i].own != 0) == own;
	return n < CORE_KIND_DOCS_MAX;
}

/* A free place with a number, or NULL. */
static struct doc *
doc_new(struct core *c, size_t feed, bool own)
{
	if (!docs_room(c, own))
		return NULL;
	for (size_t k = 0; k < CORE_DOCS_MAX; k++) {
		struct doc *d = &c->doc[k];

		if (d->id != 0)
			continue;
		d->id = c->doc_next++;
		d->feed = feed;
		d->own = own;
		return d;
	}
	return NULL;
}

/* parse gets the document and its diff states. */
static bool
doc_open(struct core *c, struct doc *d, struct arena *a, struct feed_state *f,
	 struct instant now)
{
	struct str name = c->feeds.feed[d->feed].name;
	int old = -1;

	if (feedstate_get(c, name, a, f) != ERR_OK ||
	    diffs_pair(&c->diffs, d->feed, name, f->diff_gen, &old,
		       &d->fresh) != ERR_OK) {
		core_degrade(c, now, ERR_IO, "diff state");
		return false;
	}
	d->diff_gen = f->diff_gen;
	return doc_announce(c, d, f, old, now);
}

/* fetch wants to poll; silence means: not now, ask again later. */
static void
poll_ask(struct core *c, struct str name, struct instant now)
{
	struct arena a;
	struct feed_state f = { 0 };
	struct doc *d = NULL;
	size_t i = 0;

	if (c->degraded || !feed_index(c, name, &i) || feed_busy(c, i) ||
	    (c->watch[i].ward.careful > 0 && watch_busy(c)) ||
	    arena_init(&a, 65536) != ERR_OK)
		return;
	d = doc_new(c, i, false);
	if (d != NULL)
		d->begun_ms = d->since_ms = now.mono_ms;
	if (d != NULL &&
	    (!doc_open(c, d, &a, &f, now) || !poll_go(c, d, &f)))
		doc_drop(d);
	arena_fini(&a);
}

static void
keep_text(char *dst, size_t size, struct str s)
{
	/* Longer than we keep: as if the server had sent none. */
	if (str_copy(dst, size, s) != ERR_OK)
		dst[0] = '\0';
}

/* Core's own guard; what parse says of the document later does not count. */
static void
refuse(struct doc *d, const char *guard, const char *why)
{
	d->ended = 1;
	d->doc_verdict = DOC_REFUSED;
	keep_text(d->guard, sizeof(d->guard), str_of(guard));
	keep_text(d->detail, sizeof(d->detail), str_of(why));
}

uint64_t
docs_own(struct core *c, const struct docs_own *o, struct instant now)
{
	struct doc *d = doc_new(c, o->feed, true);
	struct feed_state f = { 0 };
	struct arena a;
	int body = o->body;
	bool good = d != NULL && arena_init(&a, 65536) == ERR_OK;

	if (good) {
		d->begun_ms = d->since_ms = now.mono_ms;
		d->deaths = o->deaths;
		d->clear = o->clear;
		d->polled = 1;
		d->poll_verdict = o->verdict;
		if (o->verdict == POLL_FAILED)
			keep_text(d->detail, sizeof(d->detail),
				  str_of(o->why));
		else if (o->verdict == POLL_NEW && body < 0)
			refuse(d, "file", o->why);
		else if (o->verdict == POLL_NEW) {
			good = doc_open(c, d, &a, &f, now);
			if (good) {
				good = file_go(c, d, o->file, body);
				body = -1; /* sent or closed */
			}
		}
		arena_fini(&a);
	}
	if (body >= 0)
		(void)close(body);
	if (!good && d != NULL)
		doc_drop(d);
	return good ? d->id : 0;
}

static enum err
poll_told(struct core *c, struct rd *r, struct instant now)
{
	struct str feed = rd_blob(r);
	struct doc *d = doc_find(c, rd_be64(r));
	uint8_t verdict = rd_u8(r);
	uint32_t http = rd_be32(r);
	uint64_t bytes = rd_be64(r);
	struct str text[4];
	uint64_t retry_ms;

	for (size_t i = 0; i < 4; i++)
		text[i] = rd_blob(r);
	retry_ms = rd_be64(r);
	if (rd_end(r) != ERR_OK || verdict > POLL_QUARANTINED ||
	    retry_ms > SCHEDULE_RETRY_MS_MAX)
		return ERR_PEER;
	/* Of a time before a restart, or of a document parse died on. */
	if (d == NULL || d->polled ||
	    !str_eq(c->feeds.feed[d->feed].name, feed))
		return ERR_OK;
	/* fetch saw parse die before we did: see docs_lost. */
	if (verdict == POLL_FAILED && !link_up(c->role->link[PEER_PARSE]))
		return ERR_OK;
	d->polled = 1;
	d->since_ms = now.mono_ms;
	d->poll_verdict = (enum poll_verdict)verdict;
	d->http = http;
	d->bytes = bytes;
	d->retry_ms = (int64_t)retry_ms;
	keep_text(d->etag, sizeof(d->etag), text[0]);
	keep_text(d->last_modified, sizeof(d->last_modified), text[1]);
	keep_text(d->body_hash, sizeof(d->body_hash), text[2]);
	if (d->detail[0] == '\0')
		keep_text(d->detail, sizeof(d->detail),
			  str_sub(text[3], 0, sizeof(d->detail) - 1));
	return ERR_OK;
}

/* What parse is about to get. */
static enum err
poll_hash(struct core *c, struct rd *r)
{
	struct str feed = rd_blob(r);
	struct doc *d = doc_find(c, rd_be64(r));
	struct str hash = rd_blob(r);

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (d == NULL || !str_eq(c->feeds.feed[d->feed].name, feed))
		return ERR_OK;
	d->weighed = 1;
	keep_text(d->body_hash, sizeof(d->body_hash), hash);
	return ERR_OK;
}

static enum err
feed_next(struct core *c, struct rd *r)
{
	struct str feed = rd_blob(r);
	int64_t next_ms = (int64_t)rd_be64(r);
	size_t i = 0;

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (feed_index(c, feed, &i))
		c->watch[i].next_ms = next_ms;
	return ERR_OK;
}

enum err
docs_from_fetch(struct core *c, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);
	struct str feed;

	switch (m->type) {
	case MSG_POLL_ASK:
		feed = rd_blob(&r);
		if (rd_end(&r) != ERR_OK)
			return ERR_PEER;
		poll_ask(c, feed, now);
		return ERR_OK;
	case MSG_POLL:
		return poll_told(c, &r, now);
	case MSG_POLL_HASH:
		return poll_hash(c, &r);
	case MSG_FEED_NEXT:
		return feed_next(c, &r);
	default:
		return ERR_PEER;
	}
}

static enum err
doc_end(struct core *c, struct rd *r)
{
	struct doc *d = doc_find(c, rd_be64(r));
	uint8_t verdict = rd_u8(r);
	uint32_t n[6];
	struct str guard;
	struct str detail;
	struct str cursor;

	for (size_t i = 0; i < 6; i++)
		n[i] = rd_be32(r);
	guard = rd_blob(r);
	detail = rd_blob(r);
	cursor = rd_blob(r);
	if (rd_end(r) != ERR_OK || verdict > DOC_FORGOTTEN)
		return ERR_PEER;
	if (d == NULL || d->ended)
		return ERR_OK;
	d->ended = 1;
	d->doc_verdict = (enum doc_verdict)verdict;
	d->records = n[0];
	d->changed = n[1];
	d->vanished = n[2];
	d->notices = n[3];
	d->rejects = n[4];
	d->unknown = n[5];
	keep_text(d->guard, sizeof(d->guard), guard);
	keep_text(d->cursor, sizeof(d->cursor), cursor);
	if (verdict == DOC_REFUSED || d->own)
		keep_text(d->detail, sizeof(d->detail),
			  str_sub(detail, 0, sizeof(d->detail) - 1));
	return ERR_OK;
}

enum err
docs_from_parse(struct core *c, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);
	struct doc *d;
	enum err err;

	switch (m->type) {
	case MSG_DOC_BEGIN:
		d = doc_find(c, rd_be64(&r));
		if (rd_end(&r) != ERR_OK)
			return ERR_PEER;
		if (d != NULL)
			d->begun = 1;
		return ERR_OK;
	case MSG_NOTICE:
		d = doc_find(c, rd_be64(&r));
		if (r.err != ERR_OK)
			return ERR_PEER;
		if (d == NULL || d->ended)
			return ERR_OK;
		if (d->stage.count >= (uint64_t)c->conf.doc_notices_max) {
			refuse(d, "notices_max",
			       "more notices than document.notices_max");
			return ERR_OK;
		}
		err = staging_put(&d->stage, r.rest);
		if (err != ERR_OK) {
			refuse(d, "staging", err_text(err));
			core_degrade(c, now, err, "staging");
		}
		return ERR_OK;
	case MSG_DOC_END:
		return doc_end(c, &r);
	default:
		return ERR_PEER;
	}
}

bool
docs_accepted(const struct doc *d)
{
	return d->polled && d->ended && d->poll_verdict == POLL_NEW &&
	       d->doc_verdict == DOC_ACCEPTED;
}

/* Decides up to CORE_BATCH_MAX notices; *n is how many were taken. */
static enum err
batch(struct core *c, struct doc *d, struct instant now, size_t *n)
{
	struct arena a;
	enum err err = arena_init(&a, 4u << 20);

	for (*n = 0; err == ERR_OK && *n < CORE_BATCH_MAX; (*n)++) {
		struct notice notice = { 0 };
		struct diag diag = { 0 };
		struct str json = STR_NONE;
		size_t mark = arena_mark(&a);

		err = staging_take(&d->stage, &json);
		if (err == ERR_ABSENT)
			break;
		if (err == ERR_OK)
			err = notice_get(json, &a, &notice, &diag);
		if (err == ERR_OK)
			err = decide_notice(c->decide, &notice, json, now);
		if (err != ERR_OK && err_class(err) == ERR_REJECT) {
			c->count.notices_rejected++;
			log_feed(LOG_WARN, "core.reject",
				 "feed=%.*s err=\"%s\" why=\"%s\"",
				 STR_ARG(c->feeds.feed[d->feed].name),
				 err_text(err), diag.why);
			err = ERR_OK;
		}
		c->count.notices++;
		arena_rewind(&a, mark);
	}
	arena_fini(&a);
	return err == ERR_ABSENT ? ERR_OK : err;
}

/* The last batch also moves the feed's cursor. */
static enum err
finish(struct core *c, struct doc *d, struct instant now)
{
	const struct feed *feed = &c->feeds.feed[d->feed];
	struct arena a;
	struct feed_state f = { 0 };
	struct ward ward;
	enum err err = arena_init(&a, 65536);

	if (err != ERR_OK)
		return err;
	err = feedstate_get(c, feed->name, &a, &f);
	if (err == ERR_OK && docs_accepted(d))
		err = diffs_stand(&c->diffs, d->feed, feed->name, d->diff_gen,
				  d->fresh);
	if (err == ERR_OK) {
		ward = watch_after(c, d);
		feedstate_after(c, d, now, &f);
		watch_keep(&ward, &f);
		err = store_feed_put(c->store, &f);
	}
	arena_fini(&a);
	return err;
}

static void
say_end(struct core *c, const struct doc *d)
{
	struct str name = c->feeds.feed[d->feed].name;

	c->count.polls++;
	if (d->poll_verdict == POLL_QUARANTINED) {
		c->count.polls_failed++;
		log_feed(LOG_WARN, "doc.quarantined",
			 "feed=%.*s hash=%s why=\"parse died on it twice; it is "
			 "not read until it changes, or feed poll\"",
			 STR_ARG(name), c->watch[d->feed].ward.bad_hash);
	} else if (d->poll_verdict == POLL_FAILED) {
		c->count.polls_failed++;
		log_feed(LOG_WARN, "poll.failed",
			 "feed=%.*s http=%u why=\"%s\"", STR_ARG(name), d->http,
			 d->detail);
	} else if (d->poll_verdict == POLL_UNCHANGED) {
		c->count.docs_unchanged++;
		log_op(LOG_INFO, "poll.unchanged", "feed=%.*s", STR_ARG(name));
	} else if (d->doc_verdict == DOC_REFUSED) {
		c->count.docs_refused++;
		log_feed(LOG_WARN, "doc.refused",
			 "feed=%.*s guard=%s why=\"%s\"", STR_ARG(name),
			 d->guard, d->detail);
	} else {
		c->count.docs_accepted++;
		log_op(LOG_NOTICE, "doc.accepted",
		       "feed=%.*s records=%u changed=%u vanished=%u "
		       "notices=%u rejects=%u unknown=%u",
		       STR_ARG(name), d->records, d->changed, d->vanished,
		       d->notices, d->rejects, d->unknown);
	}
}

bool
docs_over(const struct doc *d)
{
	if (d->id == 0 || !d->polled)
		return false;
	/* A transfer that brought nothing needs no word from parse. */
	return d->poll_verdict != POLL_NEW || d->ended;
}

bool
docs_owed(const struct core *c)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		if (docs_over(&c->doc[i]))
			return true;
	return false;
}

/* One transaction for one batch of one document. */
static enum err
release(struct core *c, struct doc *d, struct instant now, bool *last)
{
	struct staging_mark mark = staging_mark(&d->stage);
	size_t n = 0;
	enum err err = store_begin(c->store);

	if (err != ERR_OK)
		return err;
	*last = true;
	if (docs_accepted(d)) {
		err = batch(c, d, now, &n);
		*last = d->stage.count == 0;
	}
	if (err == ERR_OK && *last)
		err = finish(c, d, now);
	if (err == ERR_OK)
		err = store_commit(c->store);
	if (err != ERR_OK) {
		store_rollback(c->store);
		staging_seek(&d->stage, mark);
		return err;
	}
	c->count.commits++;
	return ERR_OK;
}

/* The store has the wall time, which may be set; here it is timed. */
static void
was_good(struct core *c, const struct doc *d, struct instant now)
{
	if (feedstate_good(c, d)) {
		c->watch[d->feed].good_ms = now.mono_ms;
		c->watch[d->feed].good_wall_ms = now.wall_ms;
	}
}

bool
docs_release(struct core *c, struct instant now)
{
	size_t first = c->doc_turn;

	for (size_t k = 0; k < CORE_DOCS_MAX; k++) {
		struct doc *d = &c->doc[(first + k) % CORE_DOCS_MAX];
		bool last = false;
		enum err err;

		if (!docs_over(d) || now.mono_ms < c->retry_ms)
			continue;
		err = release(c, d, now, &last);
		if (err != ERR_OK) {
			core_degrade(c, now, err, "decision");
			return false;
		}
		/* A large one, or new ones in its place, let others pass. */
		c->doc_turn = (first + k + 1) % CORE_DOCS_MAX;
		core_recover(c);
		if (last) {
			was_good(c, d, now);
			say_end(c, d);
			metrics_poll(c, d, now);
			c->watch[d->feed].ward = watch_after(c, d);
			if (docs_accepted(d))
				diffs_forget(&c->diffs,
					     c->feeds.feed[d->feed].name,
					     d->diff_gen);
			if (d->own)
				drops_ended(c, d, now);
			doc_drop(d);
		}
		core_told(c, now);
		return true;
	}
	return false;
}

/* It is not to wait for its interval. */
static void
poll_again(struct core *c, const struct doc *d)
{
	struct buf b;

	buf_init(&b, 256);
	buf_blob(&b, c->feeds.feed[d->feed].name);
	(void)link_send(c->role->link[PEER_FETCH], MSG_POLL_NOW, buf_str(&b),
			NULL, 0);
	buf_free(&b);
}

void
docs_lost(struct core *c, enum peer peer, struct instant now)
{
	(void)now;
	if (peer == PEER_PARSE)
		watch_blame(c);
	for (size_t i = 0; i < CORE_DOCS_MAX; i++) {
		struct doc *d = &c->doc[i];

		if (d->id == 0 || docs_over(d))
			continue;
		/* fetch asks again by itself; parse's loss is a failed poll. */
		if (peer == PEER_FETCH) {
			if (!d->own)
				doc_drop(d);
		} else if (peer == PEER_PARSE && d->begun &&
			   d->deaths + 1 >= CORE_DEATHS_MAX) {
			refuse(d, "parse", "parse died on it three times");
		} else if (peer == PEER_PARSE) {
			/* fetch thinks that all is well. */
			if (d->polled && !d->own)
				poll_again(c, d);
			d->polled = 1;
			d->ended = 1;
			d->poll_verdict = POLL_FAILED;
			d->doc_verdict = DOC_FORGOTTEN;
			keep_text(d->detail, sizeof(d->detail),
				  S("parse was lost"));
		}
	}
}

/* How long fetch may take: the body is weighed first, then comes again. */
static int64_t
fetch_limit(const struct feed *f)
{
	return CORE_FETCH_LATE_MS +
	       2 * (int64_t)f->url_count * f->timeout_ms;
}

/* fetch watches the silence of a stream; its document may wait for a line. */
static bool
fetch_is_late(const struct core *c, const struct doc *d, struct instant now)
{
	const struct feed *f = &c->feeds.feed[d->feed];

	return !d->polled && f->mode != MODE_STREAM &&
	       now.mono_ms - d->since_ms > fetch_limit(f);
}

void
docs_held(struct core *c, int64_t ms)
{
	for (size_t i = 0; ms > CORE_HELD_MS && i < CORE_DOCS_MAX; i++)
		c->doc[i].since_ms += ms;
}

void
docs_hasten(struct core *c, struct instant now)
{
	bool fetch_late = false;
	bool parse_late = false;

	for (size_t i = 0; i < CORE_DOCS_MAX; i++) {
		struct doc *d = &c->doc[i];
		bool late = false;

		if (d->id == 0 || docs_over(d) || d->late)
			continue;
		if (fetch_is_late(c, d, now)) {
			d->polled = 1;
			d->poll_verdict = POLL_FAILED;
			keep_text(d->detail, sizeof(d->detail),
				  S("fetch did not end it in time"));
			fetch_late = late = true;
		} else if (d->polled &&
			   now.mono_ms - d->since_ms > CORE_PARSE_LATE_MS) {
			/* It dies of it, and that is how it is counted. */
			d->late = 1;
			parse_late = late = true;
		}
		if (late)
			log_op(LOG_ERR, "doc.late", "feed=%.*s role=%s ms=%" PRId64,
			       STR_ARG(c->feeds.feed[d->feed].name),
			       d->late ? "parse" : "fetch",
			       now.mono_ms - d->begun_ms);
	}
	if (fetch_late)
		core_cut_off(c, PEER_FETCH);
	if (parse_late)
		core_cut_off(c, PEER_PARSE);
}
