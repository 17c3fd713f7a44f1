/*
 * fetch.c - polls what is due and passes bodies on.
 */
#include "fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "define.h"
#include "fetch_priv.h"
#include "log.h"
#include "net_curl.h"

#define BLOCKED_WAIT_MS 20
#define HTTP_OK 200
#define HTTP_NOT_MODIFIED 304
#define HTTP_UNAUTHORIZED 401
#define HTTP_FORBIDDEN 403
#define HTTP_TOO_MANY 429

/* The simulation's network; a restarted role finds it here again. */
static struct net port;

void
fetch_port(struct role *r, struct net net)
{
	(void)r;
	port = net;
}

const struct feed *
fetch_feed(const struct fetch *f, size_t i)
{
	return &f->tables.feeds.feed[i];
}

struct link *
fetch_link(const struct fetch *f, enum peer peer)
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
	buf_free(&p->bad_hash);
	stream_free(&p->lines);
	*p = (struct poll){ 0 };
}

void
fetch_tell_parse(struct fetch *f, uint64_t doc, bool whole)
{
	struct link *parse = fetch_link(f, PEER_PARSE);

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
	struct link *parse = fetch_link(f, PEER_PARSE);

	buf_clear(&f->frame);
	buf_be64(&f->frame, doc);
	return parse != NULL && link_send(parse, MSG_DOC_PART,
					  buf_str(&f->frame), NULL, 0);
}

void
fetch_tell_core(struct fetch *f, size_t feed, uint64_t doc,
		const struct verdict *v)
{
	struct link *core = fetch_link(f, PEER_CORE);

	buf_clear(&f->frame);
	buf_blob(&f->frame, fetch_feed(f, feed)->name);
	buf_be64(&f->frame, doc);
	buf_byte(&f->frame, (uint8_t)v->verdict);
	buf_be32(&f->frame, (uint32_t)v->http);
	buf_be64(&f->frame, (uint64_t)v->bytes);
	buf_blob(&f->frame, v->etag);
	buf_blob(&f->frame, v->last_modified);
	buf_blob(&f->frame, v->body_hash);
	buf_blob(&f->frame, str_of(v->detail));
	buf_be64(&f->frame, (uint64_t)v->retry_ms);
	if (core == NULL ||
	    !link_send(core, MSG_POLL, buf_str(&f->frame), NULL, 0))
		log_op(LOG_WARN, "fetch.poll_lost", "feed=%.*s",
		       STR_ARG(fetch_feed(f, feed)->name));
}

/* For the operator: when this feed is tried again. */
static void
tell_next(struct fetch *f, size_t feed, struct instant now)
{
	struct link *core = fetch_link(f, PEER_CORE);

	buf_clear(&f->frame);
	buf_blob(&f->frame, fetch_feed(f, feed)->name);
	buf_be64(&f->frame, (uint64_t)schedule_next(f->schedule, feed, now));
	if (core != NULL)
		(void)link_send(core, MSG_FEED_NEXT, buf_str(&f->frame), NULL,
				0);
}

void
fetch_tell_hash(struct fetch *f, const struct poll *p, struct str hash)
{
	struct link *core = fetch_link(f, PEER_CORE);

	buf_clear(&f->frame);
	buf_blob(&f->frame, fetch_feed(f, p->feed)->name);
	buf_be64(&f->frame, p->doc);
	buf_blob(&f->frame, hash);
	if (core != NULL)
		(void)link_send(core, MSG_POLL_HASH, buf_str(&f->frame), NULL,
				0);
}

/* Who says no, or stop, is not asked again at once. */
static int64_t
least_wait(const struct poll *p)
{
	bool shy = p->http == HTTP_UNAUTHORIZED ||
		   p->http == HTTP_FORBIDDEN || p->http == HTTP_TOO_MANY;
	int64_t asked = p->retry_ms == TIME_NONE ? 0 : p->retry_ms;

	if (asked > SCHEDULE_RETRY_MS_MAX)
		asked = SCHEDULE_RETRY_MS_MAX;
	return shy && asked < FETCH_SHY_MS ? FETCH_SHY_MS : asked;
}

void
fetch_end(struct fetch *f, struct poll *p, const struct verdict *v,
	  struct instant now)
{
	f->net.cancel(f->net.self, p->conn);
	if (p->doc != 0) {
		fetch_tell_parse(f, p->doc, false);
		fetch_tell_core(f, p->feed, p->doc, v);
	}
	if (v->verdict == POLL_FAILED)
		schedule_failed(f->schedule, p->feed, v->retry_ms, now);
	else
		schedule_done(f->schedule, p->feed, now);
	tell_next(f, p->feed, now);
	poll_free(p);
}

void
fetch_fail(struct fetch *f, struct poll *p, const char *why,
	   struct instant now)
{
	const struct verdict v = { .verdict = POLL_FAILED,
				   .http = p->http,
				   .bytes = p->bytes,
				   .detail = why,
				   .retry_ms = least_wait(p) };

	log_op(LOG_INFO, "fetch.failed", "feed=%.*s http=%d why=\"%s\"",
	       STR_ARG(fetch_feed(f, p->feed)->name), p->http, why);
	fetch_end(f, p, &v, now);
}

/* Nothing for parse: the body is known already, or must not be read. */
static void
poll_spare(struct fetch *f, struct poll *p, enum poll_verdict verdict,
	   struct instant now)
{
	const struct verdict v = { .verdict = verdict,
				   .http = p->http,
				   .bytes = p->bytes,
				   .etag = buf_str(&p->old_etag),
				   .last_modified =
				       buf_str(&p->old_last_modified),
				   .body_hash = buf_str(&p->old_hash),
				   .detail = "" };

	fetch_end(f, p, &v, now);
}

static enum err
poll_start(struct fetch *f, struct poll *p, struct instant now)
{
	return fetch_start(f, p, fetch_feed(f, p->feed)->urls[p->url], now);
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

/* ---- core lets a feed go ---- */

static enum err
go_read(struct go *g, struct rd *r)
{
	g->name = rd_blob(r);
	g->doc = rd_be64(r);
	g->etag = rd_blob(r);
	g->last_modified = rd_blob(r);
	g->hash = rd_blob(r);
	g->cursor = rd_blob(r);
	g->flags = rd_u8(r);
	g->bad_hash = rd_blob(r);
	return rd_end(r) != ERR_OK || g->doc == 0 || g->flags > GO_FLAGS ?
		   ERR_PEER :
		   ERR_OK;
}

/* The place of a transfer, by its number; 0: a free one. */
static struct poll *
poll_of(struct fetch *f, uint64_t conn)
{
	for (size_t i = 0; i < FETCH_POLLS_MAX; i++)
		if (f->poll[i].conn == conn)
			return &f->poll[i];
	return NULL;
}

/* The stream of that feed, when it runs. */
static struct poll *
stream_of(struct fetch *f, size_t feed)
{
	for (size_t i = 0; i < FETCH_POLLS_MAX; i++)
		if (f->poll[i].conn != 0 && f->poll[i].stream &&
		    f->poll[i].feed == feed)
			return &f->poll[i];
	return NULL;
}

static void
poll_begin(struct fetch *f, struct poll *p, size_t feed, const struct go *g,
	   struct instant now)
{
	enum err err = ERR_OK;

	*p = (struct poll){ .conn = g->doc,
			    .doc = g->doc,
			    .feed = feed,
			    .flags = g->flags,
			    .weigh = (g->flags & GO_CAREFUL) != 0,
			    .stream = fetch_feed(f, feed)->mode == MODE_STREAM,
			    .retry_ms = TIME_NONE };
	keep(&p->old_etag, g->etag);
	keep(&p->old_last_modified, g->last_modified);
	keep(&p->old_hash, g->hash);
	keep(&p->bad_hash, g->bad_hash);
	keep(&p->etag, STR_NONE);
	keep(&p->last_modified, STR_NONE);
	p->hash = XXH3_createState();
	if (p->hash == NULL || XXH3_128bits_reset(p->hash) != XXH_OK)
		err = ERR_LIMIT;
	else if (p->stream)
		err = stream_connect(f, p, g->cursor, now);
	else
		err = poll_start(f, p, now);
	if (err != ERR_OK)
		fetch_fail(f, p, "cannot start", now);
}

static enum err
poll_go(struct fetch *f, struct rd *r, struct instant now)
{
	const struct verdict busy = { .verdict = POLL_FAILED,
				      .detail = "polled already" };
	struct go g;
	int feed;
	struct poll *p;

	if (go_read(&g, r) != ERR_OK)
		return ERR_PEER;
	feed = tables_find(&f->tables, g.name);
	if (feed < 0)
		return ERR_PEER;
	p = stream_of(f, (size_t)feed);
	if (p != NULL && p->doc == 0 && p->asked) {
		stream_doc(f, p, &g, now);
		return ERR_OK;
	}
	p = poll_of(f, 0);
	if (p == NULL || poll_of(f, g.doc) != NULL ||
	    !schedule_go(f->schedule, (size_t)feed)) {
		fetch_tell_parse(f, g.doc, false);
		fetch_tell_core(f, (size_t)feed, g.doc, &busy);
		return ERR_OK;
	}
	poll_begin(f, p, (size_t)feed, &g, now);
	return ERR_OK;
}

/* ---- what the network says ---- */

static void
on_head(struct fetch *f, struct poll *p, const struct net_event *ev,
	struct instant now)
{
	char why[64];

	p->http = ev->status;
	p->retry_ms = ev->retry_ms;
	if (ev->status == HTTP_NOT_MODIFIED && !p->conditional) {
		fetch_fail(f, p, "HTTP status 304 to a request without a "
				 "condition", now);
		return;
	}
	if (ev->status == HTTP_NOT_MODIFIED) {
		poll_spare(f, p, POLL_UNCHANGED, now);
		return;
	}
	if (ev->status != HTTP_OK) {
		(void)snprintf(why, sizeof(why), "HTTP status %d", ev->status);
		fetch_fail(f, p, why, now);
		return;
	}
	if (p->stream) {
		stream_open(f, p, now);
		return;
	}
	buf_free(&p->etag);
	buf_free(&p->last_modified);
	keep(&p->etag, ev->etag);
	keep(&p->last_modified, ev->last_modified);
}

bool
fetch_bytes(struct fetch *f, struct poll *p, struct str bytes)
{
	struct link *parse = fetch_link(f, PEER_PARSE);

	while (bytes.n > 0) {
		struct str piece = str_sub(bytes, 0, MSG_CHUNK_MAX);

		bytes = str_sub(bytes, piece.n, bytes.n - piece.n);
		buf_clear(&f->frame);
		buf_be64(&f->frame, p->doc);
		buf_put(&f->frame, piece);
		if (parse == NULL || !link_send(parse, MSG_DOC_BYTES,
						buf_str(&f->frame), NULL, 0))
			return false;
	}
	return true;
}

static void
on_bytes(struct fetch *f, struct poll *p, struct str bytes,
	 struct instant now)
{
	p->bytes += (int64_t)bytes.n;
	if (p->stream) {
		stream_bytes(f, p, bytes, now);
		return;
	}
	(void)XXH3_128bits_update(p->hash, bytes.p, bytes.n);
	if (!p->weigh && !fetch_bytes(f, p, bytes))
		fetch_fail(f, p, "parse does not listen", now);
}

void
fetch_hash(struct str bytes, char out[FETCH_HASH_SIZE])
{
	XXH128_canonical_t c;
	struct buf hex;

	XXH128_canonicalFromHash(&c, XXH3_128bits(bytes.p, bytes.n));
	buf_init(&hex, FETCH_HASH_SIZE);
	buf_hex(&hex, c.digest, sizeof(c.digest));
	must(str_copy(out, FETCH_HASH_SIZE, buf_str(&hex)) == ERR_OK);
	buf_free(&hex);
}

/* The body was only weighed; parse gets it now, unless it must not. */
static void
weighed(struct fetch *f, struct poll *p, struct str hash, struct instant now)
{
	if (str_eq(hash, buf_str(&p->bad_hash))) {
		poll_spare(f, p, POLL_QUARANTINED, now);
		return;
	}
	p->weigh = false;
	p->url = 0;
	p->bytes = 0;
	fetch_tell_hash(f, p, hash);
	if (XXH3_128bits_reset(p->hash) != XXH_OK ||
	    poll_start(f, p, now) != ERR_OK)
		fetch_fail(f, p, "cannot start", now);
}

/* All bodies came; hash is of all of them. */
static void
poll_whole(struct fetch *f, struct poll *p, struct str hash,
	   struct instant now)
{
	struct verdict v = { .verdict = POLL_NEW,
			     .http = p->http,
			     .bytes = p->bytes,
			     .etag = buf_str(&p->etag),
			     .last_modified = buf_str(&p->last_modified),
			     .body_hash = hash,
			     .detail = "" };

	if (fetch_feed(f, p->feed)->cond_body_hash &&
	    str_eq(hash, buf_str(&p->old_hash))) {
		/* The same body, perhaps under a new tag. */
		buf_free(&p->old_etag);
		buf_free(&p->old_last_modified);
		keep(&p->old_etag, buf_str(&p->etag));
		keep(&p->old_last_modified, buf_str(&p->last_modified));
		poll_spare(f, p, POLL_UNCHANGED, now);
		return;
	}
	if (p->weigh) {
		weighed(f, p, hash, now);
		return;
	}
	fetch_tell_parse(f, p->doc, true);
	fetch_tell_core(f, p->feed, p->doc, &v);
	schedule_done(f->schedule, p->feed, now);
	tell_next(f, p->feed, now);
	poll_free(p);
}

static void
on_done(struct fetch *f, struct poll *p, struct instant now)
{
	XXH128_canonical_t c;
	struct buf hash;

	if (++p->url < fetch_feed(f, p->feed)->url_count) {
		if ((!p->weigh && !tell_part(f, p->doc)) ||
		    poll_start(f, p, now) != ERR_OK)
			fetch_fail(f, p, "cannot start", now);
		return;
	}
	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(p->hash));
	buf_init(&hash, FETCH_HASH_SIZE);
	buf_hex(&hash, c.digest, sizeof(c.digest));
	poll_whole(f, p, buf_str(&hash), now);
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
		if (p->stream)
			stream_over(f, p, NULL, now);
		else
			on_done(f, p, now);
		return;
	case NET_FAILED:
		if (p->stream)
			stream_over(f, p, ev->detail, now);
		else
			fetch_fail(f, p, ev->detail, now);
		return;
	}
}

/* ---- what core says ---- */

static enum err
feed_state(struct fetch *f, struct rd *r, struct instant now)
{
	struct str name = rd_blob(r);
	struct schedule_past past = { .last_try_ms = (int64_t)rd_be64(r) };
	int feed = tables_find(&f->tables, name);

	past.last_good_ms = (int64_t)rd_be64(r);
	past.retry_at = (int64_t)rd_be64(r);
	past.failures = rd_be32(r);
	if (rd_end(r) != ERR_OK)
		return ERR_PEER;
	if (feed < 0)
		return ERR_OK;
	schedule_state(f->schedule, (size_t)feed, &past, now);
	tell_next(f, (size_t)feed, now);
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
	struct link *core = fetch_link(f, PEER_CORE);
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

bool
fetch_ask(struct fetch *f, size_t feed)
{
	struct link *core = fetch_link(f, PEER_CORE);

	buf_clear(&f->frame);
	buf_blob(&f->frame, fetch_feed(f, feed)->name);
	return core != NULL && link_send(core, MSG_POLL_ASK,
					 buf_str(&f->frame), NULL, 0);
}

static void
ask(struct fetch *f, struct instant now, int64_t *wait_ms)
{
	struct link *core = fetch_link(f, PEER_CORE);
	int feed;

	while (core != NULL && link_room(core) > 0) {
		feed = schedule_due(f->schedule, FETCH_PARALLEL_MAX, now,
				    wait_ms);
		if (feed < 0)
			return;
		(void)fetch_ask(f, (size_t)feed);
	}
}

static void
done_tell(struct fetch *f)
{
	struct link *super = fetch_link(f, PEER_SUPER);

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
		struct link *parse = fetch_link(f, PEER_PARSE);
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
	streams_step(f, now, wait_ms);
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
	for (size_t i = 0; i < FETCH_POLLS_MAX; i++)
		if (f->poll[i].conn != 0)
			fetch_fail(f, &f->poll[i], "another role restarted",
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
	for (size_t i = 0; i < FETCH_POLLS_MAX; i++)
		if (f->poll[i].conn != 0) {
			f->net.cancel(f->net.self, f->poll[i].conn);
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
