/*
 * fetch.c - polls what is due and passes bodies on.
 */
#include "fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "define.h"
#include "log.h"
#include "net_curl.h"
#include "schedule.h"
#include "tables.h"

#define BLOCKED_WAIT_MS 20
#define HTTP_OK 200
#define HTTP_NOT_MODIFIED 304

struct poll {
	uint64_t doc; /* 0: free */
	size_t feed;
	size_t url; /* the one being fetched */
	int http;
	bool conditional; /* it may say 304 */
	int64_t bytes;
	XXH3_state_t *hash; /* owned */
	struct buf etag;
	struct buf last_modified;
	struct buf old_hash; /* of the last body that was used */
	struct buf old_etag;
	struct buf old_last_modified;
};

struct fetch {
	struct role *role;
	struct tables tables;
	struct arena arena;
	struct schedule *schedule;
	struct net net;
	bool net_owned;
	struct poll poll[FETCH_PARALLEL_MAX];
	bool done_told;
	bool parse_new; /* it knows none of our documents */
	struct buf frame;
};

/* The simulation's network; a restarted role finds it here again. */
static struct net port;

void
fetch_port(struct role *r, struct net net)
{
	(void)r;
	port = net;
}

static const struct feed *
feed_of(const struct fetch *f, size_t i)
{
	return &f->tables.feeds.feed[i];
}

static struct link *
link_to(const struct fetch *f, enum peer peer)
{
	struct link *l = f->role->link[peer];

	return l != NULL && link_up(l) ? l : NULL;
}

/* ---- one poll ---- */

static void
poll_free(struct poll *p)
{
	if (p->hash != NULL)
		(void)XXH3_freeState(p->hash);
	buf_free(&p->etag);
	buf_free(&p->last_modified);
	buf_free(&p->old_hash);
	buf_free(&p->old_etag);
	buf_free(&p->old_last_modified);
	*p = (struct poll){ 0 };
}

static void
tell_parse(struct fetch *f, uint64_t doc, bool whole)
{
	struct link *parse = link_to(f, PEER_PARSE);

	buf_clear(&f->frame);
	buf_be64(&f->frame, doc);
	buf_byte(&f->frame, whole);
	if (parse != NULL && !f->parse_new)
		(void)link_send(parse, MSG_DOC_EOF, buf_str(&f->frame), NULL,
				0);
}

/* The files of a document are told apart. */
static bool
tell_part(struct fetch *f, uint64_t doc)
{
	struct link *parse = link_to(f, PEER_PARSE);

	buf_clear(&f->frame);
	buf_be64(&f->frame, doc);
	return parse != NULL && link_send(parse, MSG_DOC_PART,
					  buf_str(&f->frame), NULL, 0);
}

struct verdict {
	enum poll_verdict verdict;
	int http;
	int64_t bytes;
	struct str etag;
	struct str last_modified;
	struct str body_hash;
	const char *detail;
};

static void
tell_core(struct fetch *f, size_t feed, uint64_t doc, const struct verdict *v)
{
	struct link *core = link_to(f, PEER_CORE);

	buf_clear(&f->frame);
	buf_blob(&f->frame, feed_of(f, feed)->name);
	buf_be64(&f->frame, doc);
	buf_byte(&f->frame, (uint8_t)v->verdict);
	buf_be32(&f->frame, (uint32_t)v->http);
	buf_be64(&f->frame, (uint64_t)v->bytes);
	buf_blob(&f->frame, v->etag);
	buf_blob(&f->frame, v->last_modified);
	buf_blob(&f->frame, v->body_hash);
	buf_blob(&f->frame, str_of(v->detail));
	if (core == NULL ||
	    !link_send(core, MSG_POLL, buf_str(&f->frame), NULL, 0))
		log_op(LOG_WARN, "fetch.poll_lost", "feed=%.*s",
		       STR_ARG(feed_of(f, feed)->name));
}

/* Ends a poll that gave no document. */
static void
poll_end(struct fetch *f, struct poll *p, const struct verdict *v,
	 struct instant now)
{
	f->net.cancel(f->net.self, p->doc);
	tell_parse(f, p->doc, false);
	tell_core(f, p->feed, p->doc, v);
	if (v->verdict == POLL_FAILED)
		schedule_failed(f->schedule, p->feed, now);
	else
		schedule_done(f->schedule, p->feed, now);
	poll_free(p);
}

static void
poll_fail(struct fetch *f, struct poll *p, const char *why,
	  struct instant now)
{
	const struct verdict v = { .verdict = POLL_FAILED,
				   .http = p->http,
				   .bytes = p->bytes,
				   .detail = why };

	log_op(LOG_INFO, "fetch.failed", "feed=%.*s http=%d why=\"%s\"",
	       STR_ARG(feed_of(f, p->feed)->name), p->http, why);
	poll_end(f, p, &v, now);
}

static void
poll_unchanged(struct fetch *f, struct poll *p, struct instant now)
{
	const struct verdict v = { .verdict = POLL_UNCHANGED,
				   .http = p->http,
				   .bytes = p->bytes,
				   .etag = buf_str(&p->old_etag),
				   .last_modified =
				       buf_str(&p->old_last_modified),
				   .body_hash = buf_str(&p->old_hash),
				   .detail = "" };

	poll_end(f, p, &v, now);
}

static enum err
poll_start(struct fetch *f, struct poll *p, struct instant now)
{
	const struct feed *feed = feed_of(f, p->feed);
	struct net_request r = {
		.id = p->doc,
		.url = feed->urls[p->url],
		.user_agent = feed->user_agent,
		.timeout_ms = feed->timeout_ms,
		.wire_max = feed->wire_max,
		.decoded_max = feed->decoded_max,
		.allow_private = feed->allow_private,
	};
	char name[BUNDLE_NAME_MAX + 1];

	/* Validators belong to one response: with more urls there are more. */
	if (feed->cond_etag && feed->url_count == 1)
		r.etag = buf_str(&p->old_etag);
	if (feed->cond_last_modified && feed->url_count == 1)
		r.last_modified = buf_str(&p->old_last_modified);
	p->conditional = r.etag.n > 0 || r.last_modified.n > 0;
	if (feed->ca_file.n > 0) {
		(void)snprintf(name, sizeof(name), "ca/%.*s",
			       STR_ARG(feed->ca_file));
		r.ca_pem = bundle_find(f->role->bundle, str_of(name));
	}
	return f->net.start(f->net.self, &r, now);
}

static void
keep(struct buf *b, struct str s)
{
	buf_init(b, FETCH_VALIDATOR_MAX);
	buf_put(b, s);
	/* Too long to be stored: as if there was none. */
	if (b->err != ERR_OK)
		buf_clear(b);
}

static struct poll *
poll_of(struct fetch *f, uint64_t doc)
{
	for (size_t i = 0; i < FETCH_PARALLEL_MAX; i++)
		if (f->poll[i].doc == doc)
			return &f->poll[i];
	return NULL;
}

/* core lets a feed go. */
static enum err
poll_go(struct fetch *f, struct rd *r, struct instant now)
{
	struct str name = rd_blob(r);
	uint64_t doc = rd_be64(r);
	struct str etag = rd_blob(r);
	struct str last_modified = rd_blob(r);
	struct str hash = rd_blob(r);
	int feed = tables_find(&f->tables, name);
	struct verdict busy = { .verdict = POLL_FAILED,
				.detail = "polled already" };
	struct poll *p = poll_of(f, 0);

	(void)rd_blob(r); /* a cursor: modes that have one come later */
	if (rd_end(r) != ERR_OK || doc == 0 || feed < 0)
		return ERR_PEER;
	if (p == NULL || poll_of(f, doc) != NULL ||
	    !schedule_go(f->schedule, (size_t)feed)) {
		tell_parse(f, doc, false);
		tell_core(f, (size_t)feed, doc, &busy);
		return ERR_OK;
	}
	*p = (struct poll){ .doc = doc, .feed = (size_t)feed };
	keep(&p->old_etag, etag);
	keep(&p->old_last_modified, last_modified);
	keep(&p->old_hash, hash);
	keep(&p->etag, STR_NONE);
	keep(&p->last_modified, STR_NONE);
	p->hash = XXH3_createState();
	if (p->hash == NULL || XXH3_128bits_reset(p->hash) != XXH_OK ||
	    poll_start(f, p, now) != ERR_OK)
		poll_fail(f, p, "cannot start", now);
	return ERR_OK;
}

/* ---- what the network says ---- */

static void
on_head(struct fetch *f, struct poll *p, const struct net_event *ev,
	struct instant now)
{
	char why[64];

	p->http = ev->status;
	if (ev->status == HTTP_NOT_MODIFIED && !p->conditional) {
		poll_fail(f, p, "HTTP status 304 to a request without a "
				"condition", now);
		return;
	}
	if (ev->status == HTTP_NOT_MODIFIED) {
		poll_unchanged(f, p, now);
		return;
	}
	if (ev->status != HTTP_OK) {
		(void)snprintf(why, sizeof(why), "HTTP status %d", ev->status);
		poll_fail(f, p, why, now);
		return;
	}
	buf_free(&p->etag);
	buf_free(&p->last_modified);
	keep(&p->etag, ev->etag);
	keep(&p->last_modified, ev->last_modified);
}

static void
on_bytes(struct fetch *f, struct poll *p, struct str bytes,
	 struct instant now)
{
	struct link *parse = link_to(f, PEER_PARSE);

	p->bytes += (int64_t)bytes.n;
	(void)XXH3_128bits_update(p->hash, bytes.p, bytes.n);
	while (bytes.n > 0) {
		struct str piece = str_sub(bytes, 0, MSG_CHUNK_MAX);

		bytes = str_sub(bytes, piece.n, bytes.n - piece.n);
		buf_clear(&f->frame);
		buf_be64(&f->frame, p->doc);
		buf_put(&f->frame, piece);
		if (parse == NULL || !link_send(parse, MSG_DOC_BYTES,
						buf_str(&f->frame), NULL, 0)) {
			poll_fail(f, p, "parse does not listen", now);
			return;
		}
	}
}

static void
on_done(struct fetch *f, struct poll *p, struct instant now)
{
	const struct feed *feed = feed_of(f, p->feed);
	struct verdict v = { .verdict = POLL_NEW, .http = p->http };
	XXH128_canonical_t c;
	struct buf hash;

	if (++p->url < feed->url_count) {
		if (!tell_part(f, p->doc) || poll_start(f, p, now) != ERR_OK)
			poll_fail(f, p, "cannot start", now);
		return;
	}
	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(p->hash));
	buf_init(&hash, 64);
	buf_hex(&hash, c.digest, sizeof(c.digest));
	if (feed->cond_body_hash &&
	    str_eq(buf_str(&hash), buf_str(&p->old_hash))) {
		/* The same body, perhaps under a new tag. */
		buf_free(&p->old_etag);
		buf_free(&p->old_last_modified);
		keep(&p->old_etag, buf_str(&p->etag));
		keep(&p->old_last_modified, buf_str(&p->last_modified));
		poll_unchanged(f, p, now);
		buf_free(&hash);
		return;
	}
	v.bytes = p->bytes;
	v.etag = buf_str(&p->etag);
	v.last_modified = buf_str(&p->last_modified);
	v.body_hash = buf_str(&hash);
	v.detail = "";
	tell_parse(f, p->doc, true);
	tell_core(f, p->feed, p->doc, &v);
	schedule_done(f->schedule, p->feed, now);
	poll_free(p);
	buf_free(&hash);
}

static void
on_event(struct fetch *f, const struct net_event *ev, struct instant now)
{
	struct poll *p = ev->id == 0 ? NULL : poll_of(f, ev->id);

	if (p == NULL)
		return;
	switch (ev->type) {
	case NET_HEAD:
		on_head(f, p, ev, now);
		return;
	case NET_BYTES:
		on_bytes(f, p, ev->bytes, now);
		return;
	case NET_DONE:
		on_done(f, p, now);
		return;
	case NET_FAILED:
		poll_fail(f, p, ev->detail, now);
		return;
	}
}

/* ---- what core says ---- */

static enum err
feed_state(struct fetch *f, struct rd *r, struct instant now)
{
	struct str name = rd_blob(r);
	int64_t last_try_ms = (int64_t)rd_be64(r);
	int64_t last_good_ms = (int64_t)rd_be64(r);
	int feed = tables_find(&f->tables, name);

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (feed >= 0)
		schedule_state(f->schedule, (size_t)feed, last_try_ms,
			       last_good_ms, now);
	return ERR_OK;
}

static enum err
poll_now(struct fetch *f, struct rd *r, struct instant now)
{
	struct str name = rd_blob(r);
	int feed = tables_find(&f->tables, name);

	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (feed >= 0)
		schedule_hurry(f->schedule, (size_t)feed, now);
	return ERR_OK;
}

static enum err
from_core(struct fetch *f, struct instant now)
{
	struct link *core = link_to(f, PEER_CORE);
	struct msg m;
	struct rd r;
	enum err err = core == NULL ? ERR_AGAIN : link_take(core, &m);

	if (err != ERR_OK)
		return err == ERR_PEER && !link_up(core) ? ERR_AGAIN : err;
	r = rd_of(m.body);
	switch (m.type) {
	case MSG_FEED_STATE:
		return feed_state(f, &r, now);
	case MSG_POLL_GO:
		return poll_go(f, &r, now);
	case MSG_POLL_NOW:
		return poll_now(f, &r, now);
	default:
		return ERR_PEER;
	}
}

/* ---- the role ---- */

static void
ask(struct fetch *f, struct instant now, int64_t *wait_ms)
{
	struct link *core = link_to(f, PEER_CORE);
	int feed;

	while (core != NULL && link_room(core) > 0) {
		feed = schedule_due(f->schedule, FETCH_PARALLEL_MAX, now,
				    wait_ms);
		if (feed < 0)
			return;
		buf_clear(&f->frame);
		buf_blob(&f->frame, feed_of(f, (size_t)feed)->name);
		(void)link_send(core, MSG_POLL_ASK, buf_str(&f->frame), NULL,
				0);
	}
}

static void
done_tell(struct fetch *f)
{
	struct link *super = link_to(f, PEER_SUPER);

	if (f->done_told || super == NULL || !f->role->once ||
	    !schedule_finished(f->schedule))
		return;
	f->done_told = link_send(super, MSG_DONE, STR_NONE, NULL, 0);
}

/* What the network has, as long as somebody listens. */
static enum err
listen_net(struct fetch *f, struct instant now, int64_t *wait_ms)
{
	int fds[ROLE_EXTRA_FDS_MAX];

	for (unsigned i = 0; i < ROLE_BATCH_MAX; i++) {
		struct link *parse = link_to(f, PEER_PARSE);
		struct net_event ev;
		enum err err;

		if (parse != NULL && link_room(parse) == 0) {
			*wait_ms = BLOCKED_WAIT_MS;
			return ERR_OK;
		}
		err = f->net.next(f->net.self, now, &ev);
		if (err == ERR_AGAIN) {
			(void)f->net.fds(f->net.self, fds, ROLE_EXTRA_FDS_MAX,
					 wait_ms);
			return ERR_OK;
		}
		if (err != ERR_OK)
			return err;
		on_event(f, &ev, now);
	}
	*wait_ms = 0;
	return ERR_OK;
}

static enum err
fetch_step(struct role *r, struct instant now, int64_t *wait_ms)
{
	struct fetch *f = r->state;
	enum err err = ERR_OK;

	for (unsigned i = 0; i < ROLE_BATCH_MAX && err == ERR_OK; i++)
		err = from_core(f, now);
	if (err != ERR_OK && err != ERR_AGAIN)
		return err;
	ask(f, now, wait_ms);
	err = listen_net(f, now, wait_ms);
	done_tell(f);
	return err;
}

static enum err
fetch_init(struct role *r, struct instant now)
{
	struct fetch *f = calloc(1, sizeof(*f));
	struct buf errors;
	enum err err = ERR_OK;

	if (f == NULL)
		return ERR_LIMIT;
	r->state = f;
	f->role = r;
	buf_init(&f->frame, MSG_MAX);
	buf_init(&errors, FEEDS_ERRORS_MAX);
	/* parse tells the operator what is wrong with a definition. */
	if (tables_init(&f->tables, r->bundle, TABLES_MAPS_NONE, &errors) !=
	    ERR_OK)
		log_op(LOG_WARN, "fetch.definitions", "bytes_of_errors=%zu",
		       errors.n);
	buf_free(&errors);
	if (f->tables.doc == NULL)
		return ERR_CONFIG;
	err = arena_init(&f->arena, 1u << 20);
	if (err != ERR_OK)
		return err;
	f->schedule = schedule_new(&f->arena, &f->tables.feeds,
				   r->once ? SCHEDULE_ONCE : SCHEDULE_FOREVER,
				   now);
	if (f->schedule == NULL)
		return ERR_LIMIT;
	if (port.self != NULL) {
		f->net = port;
		return ERR_OK;
	}
	f->net_owned = true;
	return net_curl_new(&f->net);
}

/*
 * A new core does not know the documents of the old one; a new parse lost
 * what it had of them.  Either way they are polled again.
 */
static void
fetch_relink(struct role *r, enum peer peer)
{
	struct fetch *f = r->state;
	struct instant now = clock_now(r->clock);

	if (peer != PEER_CORE && peer != PEER_PARSE)
		return;
	f->parse_new = peer == PEER_PARSE;
	for (size_t i = 0; i < FETCH_PARALLEL_MAX; i++)
		if (f->poll[i].doc != 0)
			poll_fail(f, &f->poll[i], "another role restarted",
				  now);
	f->parse_new = false;
	if (peer == PEER_CORE)
		schedule_forget_asked(f->schedule);
}

static size_t
fetch_fds(struct role *r, int *fds, size_t max)
{
	struct fetch *f = r->state;
	int64_t wait_ms = INT64_MAX;

	return f->net.fds(f->net.self, fds, max, &wait_ms);
}

static void
fetch_fini(struct role *r)
{
	struct fetch *f = r->state;

	if (f == NULL)
		return;
	for (size_t i = 0; i < FETCH_PARALLEL_MAX; i++)
		if (f->poll[i].doc != 0) {
			f->net.cancel(f->net.self, f->poll[i].doc);
			poll_free(&f->poll[i]);
		}
	if (f->net_owned)
		net_curl_free(&f->net);
	tables_fini(&f->tables);
	arena_fini(&f->arena);
	buf_free(&f->frame);
	free(f);
	r->state = NULL;
}

const struct role_ops fetch_role = {
	.name = "fetch",
	.peer = PEER_FETCH,
	.init = fetch_init,
	.step = fetch_step,
	.relink = fetch_relink,
	.fds = fetch_fds,
	.fini = fetch_fini,
};
