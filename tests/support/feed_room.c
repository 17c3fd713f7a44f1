/*
 * feed_room.c - core's part of the conversation, in few words.
 */
#include "feed_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP_MS 10

static struct link *
joined(struct role *r, enum peer peer)
{
	struct link *mine = NULL;

	must(link_pair(&mine, &r->link[peer]) == ERR_OK);
	return mine;
}

void
feed_room_init(struct feed_room *r, const char *yaml, const char *jq, int once)
{
	(void)setenv("HOME", "", 1);
	(void)setenv("TZ", "UTC0", 1);
	*r = (struct feed_room){ .old_fd = -1, .new_fd = -1, .let_go = true };
	bundle_init(&r->bundle);
	bundle_add(&r->bundle, S("feeds.d/t.yaml"), str_of(yaml));
	bundle_add(&r->bundle, S("feeds.d/t.jq"), str_of(jq));
	r->clock = clock_sim(&r->sim);
	r->sim.at = (struct instant){ 1000, 1700000000000 };
	r->net = net_sim_new();
	buf_init(&r->etag, 4096);
	buf_init(&r->last_modified, 4096);
	buf_init(&r->body_hash, 4096);
	buf_init(&r->cursor, 64);
	buf_init(&r->weighed, 64);
	buf_init(&r->bad_hash, 64);
	buf_init(&r->notices, 16u << 20);
	r->fetch = (struct role){ .ops = &fetch_role,
				  .bundle = &r->bundle,
				  .clock = &r->clock,
				  .once = once };
	r->parse = (struct role){ .ops = &parse_role,
				  .bundle = &r->bundle,
				  .clock = &r->clock };
	r->core_fetch = joined(&r->fetch, PEER_CORE);
	r->super_fetch = joined(&r->fetch, PEER_SUPER);
	r->core_parse = joined(&r->parse, PEER_CORE);
	must(link_pair(&r->fetch.link[PEER_PARSE],
		       &r->parse.link[PEER_FETCH]) == ERR_OK);
	fetch_port(&r->fetch, net_sim_port(r->net));
	must(fetch_role.init(&r->fetch, r->sim.at) == ERR_OK);
	must(parse_role.init(&r->parse, r->sim.at) == ERR_OK);
}

void
feed_room_free(struct feed_room *r)
{
	fetch_role.fini(&r->fetch);
	parse_role.fini(&r->parse);
	for (int p = 0; p < PEER_COUNT; p++) {
		link_free(r->fetch.link[p]);
		link_free(r->parse.link[p]);
	}
	link_free(r->core_fetch);
	link_free(r->core_parse);
	link_free(r->super_fetch);
	if (r->old_fd >= 0)
		(void)close(r->old_fd);
	if (r->new_fd >= 0)
		(void)close(r->new_fd);
	net_sim_free(r->net);
	bundle_free(&r->bundle);
	buf_free(&r->etag);
	buf_free(&r->last_modified);
	buf_free(&r->body_hash);
	buf_free(&r->cursor);
	buf_free(&r->weighed);
	buf_free(&r->bad_hash);
	buf_free(&r->notices);
	fetch_port(&r->fetch, (struct net){ 0 });
}

static void
let_go(struct feed_room *r, struct str feed)
{
	struct buf b;
	int fds[2];
	size_t n = 0;

	r->doc++;
	r->given++;
	if (r->new_fd >= 0)
		(void)close(r->new_fd);
	r->new_fd = memfd_create("new", MFD_CLOEXEC);
	if (r->old_fd >= 0)
		fds[n++] = dup(r->old_fd);
	fds[n++] = dup(r->new_fd);
	buf_init(&b, 65536);
	buf_be64(&b, r->doc);
	buf_blob(&b, feed);
	buf_be64(&b, (uint64_t)r->sim.at.wall_ms);
	buf_byte(&b, r->first);
	must(link_send(r->core_parse, MSG_DOC_OPEN, buf_str(&b), fds, n));
	buf_clear(&b);
	buf_blob(&b, feed);
	buf_be64(&b, r->doc);
	buf_blob(&b, buf_str(&r->etag));
	buf_blob(&b, buf_str(&r->last_modified));
	buf_blob(&b, buf_str(&r->body_hash));
	buf_blob(&b, buf_str(&r->cursor));
	buf_byte(&b, r->flags);
	buf_blob(&b, buf_str(&r->bad_hash));
	must(link_send(r->core_fetch, MSG_POLL_GO, buf_str(&b), NULL, 0));
	buf_free(&b);
}

static void
keep(struct buf *b, struct str s)
{
	buf_clear(b);
	buf_put(b, s);
}

static void
from_fetch(struct feed_room *r)
{
	struct msg m;

	while (link_take(r->core_fetch, &m) == ERR_OK) {
		struct rd rd = rd_of(m.body);
		struct str feed = rd_blob(&rd);

		if (m.type == MSG_POLL_ASK) {
			must(rd_end(&rd) == ERR_OK);
			r->asks++;
			/* As core does: one document at a time. */
			if (r->let_go && r->given == r->ends)
				let_go(r, feed);
			continue;
		}
		if (m.type == MSG_FEED_NEXT) {
			r->next_ms = (int64_t)rd_be64(&rd);
			continue;
		}
		if (m.type == MSG_POLL_HASH) {
			r->hashes++;
			(void)rd_be64(&rd);
			keep(&r->weighed, rd_blob(&rd));
			continue;
		}
		must(m.type == MSG_POLL);
		(void)rd_be64(&rd);
		r->poll = rd_u8(&rd);
		r->http = rd_be32(&rd);
		(void)rd_be64(&rd);
		r->polls++;
		r->failed += r->poll == POLL_FAILED;
		if (r->poll != POLL_FAILED) {
			keep(&r->etag, rd_blob(&rd));
			keep(&r->last_modified, rd_blob(&rd));
			keep(&r->body_hash, rd_blob(&rd));
		} else {
			for (int i = 0; i < 3; i++)
				(void)rd_blob(&rd);
		}
		feed = rd_blob(&rd);
		(void)snprintf(r->detail, sizeof(r->detail), "%.*s",
			       STR_ARG(feed));
		r->retry_ms = (int64_t)rd_be64(&rd);
		must(rd_end(&rd) == ERR_OK);
	}
	while (link_take(r->super_fetch, &m) == ERR_OK)
		r->dones += m.type == MSG_DONE;
}

static void
doc_end(struct feed_room *r, struct rd *rd)
{
	struct str guard;
	struct str cursor;

	r->ends++;
	r->verdict = rd_u8(rd);
	r->records = rd_be32(rd);
	r->changed = rd_be32(rd);
	(void)rd_be32(rd);
	r->notice_count = rd_be32(rd);
	r->rejects = rd_be32(rd);
	(void)rd_be32(rd);
	guard = rd_blob(rd);
	(void)snprintf(r->guard, sizeof(r->guard), "%.*s", STR_ARG(guard));
	(void)rd_blob(rd);
	cursor = rd_blob(rd);
	must(rd_end(rd) == ERR_OK);
	if (r->verdict != DOC_ACCEPTED)
		return;
	r->accepted++;
	if (cursor.n > 0)
		keep(&r->cursor, cursor);
	if (r->old_fd >= 0)
		(void)close(r->old_fd);
	r->old_fd = r->new_fd;
	r->new_fd = -1;
}

static void
from_parse(struct feed_room *r)
{
	struct msg m;

	while (link_take(r->core_parse, &m) == ERR_OK) {
		struct rd rd = rd_of(m.body);

		(void)rd_be64(&rd);
		switch (m.type) {
		case MSG_DOC_BEGIN:
			r->begins++;
			break;
		case MSG_NOTICE:
			buf_put(&r->notices, rd.rest);
			buf_byte(&r->notices, '\n');
			break;
		case MSG_DOC_END:
			doc_end(r, &rd);
			break;
		default:
			must(!"parse said what it may not");
		}
	}
}

void
feed_room_run(struct feed_room *r, int64_t ms)
{
	for (int64_t t = 0; t < ms; t += STEP_MS) {
		int64_t wait = 1000;

		must(fetch_role.step(&r->fetch, r->sim.at, &wait) == ERR_OK);
		from_fetch(r);
		must(parse_role.step(&r->parse, r->sim.at, &wait) == ERR_OK);
		from_parse(r);
		r->sim.at.mono_ms += STEP_MS;
		r->sim.at.wall_ms += STEP_MS;
	}
}
