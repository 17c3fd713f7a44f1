/*
 * parse.c - documents by message.
 *
 * DOC_OPEN comes from core, bytes from fetch, over two links that know
 * nothing of each other: bytes of a document that core will open are held
 * until it does, for HELD_MS_MAX at most.  Document numbers only grow, so
 * bytes of a number at or below the last one opened, of no open document,
 * belong to one that is gone.
 */
#include "parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "doc.h"
#include "log.h"
#include "tables.h"

#define ERRORS_MAX (64u << 10)
#define BLOCKED_WAIT_MS 20
#define HELD_MS_MAX 10000

struct slot {
	uint64_t id; /* 0: free */
	struct doc *doc; /* owned; NULL: cannot be read, see guard */
	const char *guard;
	int feed;
	int old_fd; /* owned */
	int new_fd; /* owned */
	size_t part; /* the url whose bytes come */
	unsigned lines; /* rejects logged */
	struct doc_sink sink;
	struct parse *parse;
};

struct parse {
	struct role *role;
	struct tables tables;
	struct slot slot[PARSE_DOCS_MAX];
	uint64_t last_id;
	struct buf queue; /* frames that core's link has no room for */
	size_t queue_from;
	struct buf held; /* the fetch message at hand */
	size_t held_from;
	uint8_t held_type; /* 0: none */
	int64_t held_at_ms;
	struct buf json;
};

/* ---- towards core ---- */

/* Sends now when nothing waits, else queues behind what does. */
static enum err
tell(struct parse *p, uint8_t type, struct str body)
{
	struct link *core = p->role->link[PEER_CORE];

	if (p->queue.n == 0 && core != NULL && link_room(core) > 0 &&
	    link_send(core, type, body, NULL, 0))
		return ERR_OK;
	buf_byte(&p->queue, type);
	buf_blob(&p->queue, body);
	return p->queue.err;
}

static void
queue_flush(struct parse *p)
{
	struct link *core = p->role->link[PEER_CORE];

	while (p->queue_from < p->queue.n && core != NULL &&
	       link_room(core) > 0) {
		struct rd r = rd_of(str_sub(buf_str(&p->queue), p->queue_from,
					    p->queue.n));
		uint8_t type = rd_u8(&r);
		struct str body = rd_blob(&r);

		must(r.err == ERR_OK);
		if (!link_send(core, type, body, NULL, 0))
			return;
		p->queue_from += 5 + body.n;
	}
	if (p->queue_from == p->queue.n) {
		buf_clear(&p->queue);
		p->queue_from = 0;
	}
}

static bool
blocked(const struct parse *p)
{
	return p->queue.n > 0;
}

/* ---- documents ---- */

static enum err
on_notice(void *self, const struct notice *n)
{
	struct slot *s = self;
	struct parse *p = s->parse;

	buf_clear(&p->json);
	buf_be64(&p->json, s->id);
	notice_put(&p->json, n);
	if (p->json.err != ERR_OK)
		return p->json.err;
	return tell(p, MSG_NOTICE, buf_str(&p->json));
}

static void
on_reject(void *self, unsigned line, struct str record, const char *why)
{
	struct slot *s = self;
	const struct feed *f = &s->parse->tables.feeds.feed[s->feed];

	if (s->lines++ >= PARSE_REJECT_LINES_MAX)
		return;
	log_feed(LOG_NOTICE, "parse.reject",
		 "feed=%.*s line=%u record=\"%.*s\" why=\"%s\"",
		 STR_ARG(f->name), line, STR_ARG(str_sub(record, 0, 100)),
		 why);
}

static struct slot *
slot_of(struct parse *p, uint64_t id)
{
	for (size_t i = 0; i < PARSE_DOCS_MAX; i++)
		if (p->slot[i].id == id)
			return &p->slot[i];
	return NULL;
}

static void
slot_close(struct slot *s)
{
	doc_free(s->doc);
	if (s->old_fd >= 0)
		(void)close(s->old_fd);
	if (s->new_fd >= 0)
		(void)close(s->new_fd);
	*s = (struct slot){ .old_fd = -1, .new_fd = -1 };
}

static void
tell_end(struct parse *p, uint64_t id, const struct doc_result *r)
{
	struct buf b;
	struct buf cursor;

	buf_init(&b, 1024);
	buf_init(&cursor, 32);
	buf_be64(&b, id);
	buf_byte(&b, (uint8_t)r->verdict);
	buf_be32(&b, r->records);
	buf_be32(&b, r->diff.changed);
	buf_be32(&b, r->diff.vanished);
	buf_be32(&b, r->map.notices);
	buf_be32(&b, r->rejects);
	buf_be32(&b, r->map.unknown);
	buf_blob(&b, str_of(r->guard));
	buf_blob(&b, str_of(r->detail));
	if (r->cursor > 0)
		buf_printf(&cursor, "%" PRIu64, r->cursor);
	buf_blob(&b, buf_str(&cursor));
	buf_free(&cursor);
	must(b.err == ERR_OK);
	if (tell(p, MSG_DOC_END, buf_str(&b)) != ERR_OK)
		log_op(LOG_ERR, "parse.queue", "doc=%" PRIu64, id);
	buf_free(&b);
}

static void
refuse_at_once(struct parse *p, uint64_t id, const char *guard,
	       const char *why)
{
	struct doc_result r = { .verdict = DOC_REFUSED };

	if (str_copy(r.guard, sizeof(r.guard), str_of(guard)) != ERR_OK ||
	    str_copy(r.detail, sizeof(r.detail), str_of(why)) != ERR_OK)
		return;
	tell_end(p, id, &r);
}

/* Core polls a feed one document at a time: an older one will never end. */
static void
forget_feed(struct parse *p, int feed)
{
	for (size_t i = 0; feed >= 0 && i < PARSE_DOCS_MAX; i++)
		if (p->slot[i].id != 0 && p->slot[i].feed == feed)
			slot_close(&p->slot[i]);
}

static enum err
doc_open(struct parse *p, const struct msg *m)
{
	struct rd r = rd_of(m->body);
	uint64_t id = rd_be64(&r);
	struct str feed = rd_blob(&r);
	int64_t wall_ms = (int64_t)rd_be64(&r);
	uint8_t first = rd_u8(&r);
	struct slot *s;
	struct doc_input in = { .fetched_at = wall_ms,
				.old_fd = -1,
				.first = first };
	struct buf b;

	if (rd_end(&r) == ERR_OK)
		forget_feed(p, tables_find(&p->tables, feed));
	s = slot_of(p, 0);
	if (rd_end(&r) != ERR_OK || id == 0 || s == NULL ||
	    slot_of(p, id) != NULL) {
		for (size_t i = 0; i < MSG_FDS_MAX; i++)
			if (m->fd[i] >= 0)
				(void)close(m->fd[i]);
		if (r.err != ERR_OK || id == 0)
			return ERR_PEER;
		refuse_at_once(p, id, "limit", "too many documents at once");
		return ERR_OK;
	}
	p->last_id = id;
	*s = (struct slot){ .id = id,
			    .feed = tables_find(&p->tables, feed),
			    .old_fd = m->fd[1] >= 0 ? m->fd[0] : -1,
			    .new_fd = m->fd[1] >= 0 ? m->fd[1] : m->fd[0],
			    .parse = p,
			    .guard = "feed" };
	s->sink = (struct doc_sink){ .self = s,
				     .notice = on_notice,
				     .reject = on_reject };
	in.old_fd = s->old_fd;
	if (s->feed >= 0) {
		const struct doc_conf *conf = &p->tables.doc[s->feed];

		in.file = conf->feed->urls[0];
		if (doc_new(conf, &in, &s->sink, &s->doc) != ERR_OK)
			s->guard = "limit";
	}
	buf_init(&b, 8);
	buf_be64(&b, id);
	if (tell(p, MSG_DOC_BEGIN, buf_str(&b)) != ERR_OK)
		log_op(LOG_ERR, "parse.queue", "doc=%" PRIu64, id);
	buf_free(&b);
	return ERR_OK;
}

static void
doc_close(struct parse *p, struct slot *s, bool whole)
{
	struct doc_result r = { .verdict = DOC_FORGOTTEN };
	uint64_t id = s->id;

	if (whole && s->doc != NULL) {
		doc_end(s->doc, s->new_fd, &r);
		if (r.map.bad_ids > 0)
			log_feed(LOG_NOTICE, "parse.bad_ids",
				 "feed=%.*s count=%u",
				 STR_ARG(p->tables.feeds.feed[s->feed].name),
				 r.map.bad_ids);
	} else if (whole) {
		r.verdict = DOC_REFUSED;
		if (str_copy(r.guard, sizeof(r.guard), str_of(s->guard)) !=
		    ERR_OK)
			r.guard[0] = 0;
	}
	slot_close(s);
	tell_end(p, id, &r);
}

/* The next url of the feed's list begins. */
static enum err
doc_next(struct parse *p, struct slot *s)
{
	const struct feed *f = s->feed < 0 ? NULL :
					     &p->tables.feeds.feed[s->feed];

	if (f == NULL || s->doc == NULL)
		return ERR_OK;
	if (++s->part >= f->url_count)
		return ERR_PEER;
	doc_part(s->doc, f->urls[s->part]);
	return ERR_OK;
}

/* ---- messages ---- */

/* The message at hand, as far as core's link lets it go. */
static enum err
held_go(struct parse *p, struct instant now)
{
	struct rd r = rd_of(buf_str(&p->held));
	uint64_t id = rd_be64(&r);
	struct slot *s = id == 0 ? NULL : slot_of(p, id);
	struct str bytes;

	if (r.err != ERR_OK || id == 0)
		return ERR_PEER;
	if (s == NULL && id > p->last_id &&
	    now.mono_ms - p->held_at_ms < HELD_MS_MAX)
		return ERR_AGAIN; /* core will open it */
	if (s == NULL) {
		p->held_type = 0; /* of a document that is gone */
		return ERR_OK;
	}
	if (p->held_type == MSG_DOC_EOF) {
		uint8_t whole = rd_u8(&r);

		if (rd_end(&r) != ERR_OK || whole > 1)
			return ERR_PEER;
		doc_close(p, s, whole == 1);
		p->held_type = 0;
		return ERR_OK;
	}
	if (p->held_type == MSG_DOC_PART) {
		p->held_type = 0;
		return rd_end(&r) != ERR_OK ? ERR_PEER : doc_next(p, s);
	}
	bytes = str_sub(r.rest, p->held_from, PARSE_SLICE);
	if (s->doc != NULL)
		doc_push(s->doc, bytes);
	p->held_from += bytes.n;
	if (p->held_from == r.rest.n)
		p->held_type = 0;
	return ERR_OK;
}

/* ERR_AGAIN: nothing there; a link that is gone has nothing either. */
static enum err
take(struct parse *p, enum peer peer, struct msg *m)
{
	struct link *l = p->role->link[peer];
	enum err err;

	if (l == NULL || !link_up(l))
		return ERR_AGAIN;
	err = link_take(l, m);
	if (err == ERR_PEER && !link_up(l))
		return ERR_AGAIN;
	return err;
}

static enum err
from_core(struct parse *p)
{
	struct msg m;
	enum err err = take(p, PEER_CORE, &m);

	if (err != ERR_OK)
		return err;
	if (m.type != MSG_DOC_OPEN)
		return ERR_PEER;
	return doc_open(p, &m);
}

static enum err
from_fetch(struct parse *p, struct instant now)
{
	struct msg m;
	enum err err = take(p, PEER_FETCH, &m);

	if (err != ERR_OK)
		return err;
	if ((m.type != MSG_DOC_BYTES && m.type != MSG_DOC_EOF &&
	     m.type != MSG_DOC_PART) ||
	    m.body.n > MSG_CHUNK_MAX + 8)
		return ERR_PEER;
	buf_clear(&p->held);
	buf_put(&p->held, m.body);
	p->held_from = 0;
	p->held_type = m.type;
	p->held_at_ms = now.mono_ms;
	return p->held.err;
}

static enum err
parse_step(struct role *r, struct instant now, int64_t *wait_ms)
{
	struct parse *p = r->state;
	enum err err = ERR_OK;

	queue_flush(p);
	for (unsigned i = 0; i < ROLE_BATCH_MAX && !blocked(p); i++) {
		do {
			err = from_core(p);
		} while (err == ERR_OK);
		if (err != ERR_AGAIN)
			return err;
		err = p->held_type == 0 ? from_fetch(p, now) :
					held_go(p, now);
		if (err == ERR_AGAIN)
			return ERR_OK;
		if (err != ERR_OK)
			return err;
	}
	*wait_ms = blocked(p) ? BLOCKED_WAIT_MS : 0;
	return ERR_OK;
}

/* ---- the role ---- */

static enum err
parse_init(struct role *r, struct instant now)
{
	struct parse *p = calloc(1, sizeof(*p));
	struct buf errors;
	struct str rest;

	(void)now;
	if (p == NULL)
		return ERR_LIMIT;
	r->state = p;
	p->role = r;
	for (size_t i = 0; i < PARSE_DOCS_MAX; i++)
		p->slot[i] = (struct slot){ .old_fd = -1, .new_fd = -1 };
	buf_init(&p->queue, PARSE_QUEUE_MAX);
	buf_init(&p->held, MSG_CHUNK_MAX + 8);
	buf_init(&p->json, NOTICE_JSON_MAX + 8);
	buf_init(&errors, ERRORS_MAX);
	/* One bad definition silences its own feed, not the others. */
	if (tables_init(&p->tables, r->bundle, TABLES_MAPS_ENABLED,
			&errors) != ERR_OK)
		for (rest = buf_str(&errors); rest.n > 0;)
			log_op(LOG_ERR, "parse.definition", "%.*s",
			       STR_ARG(str_cut(&rest, '\n')));
	buf_free(&errors);
	return p->tables.doc == NULL ? ERR_CONFIG : ERR_OK;
}

static void
forget_all(struct parse *p)
{
	for (size_t i = 0; i < PARSE_DOCS_MAX; i++)
		if (p->slot[i].id != 0)
			slot_close(&p->slot[i]);
	buf_clear(&p->queue);
	p->queue_from = 0;
	p->held_type = 0;
}

/*
 * A new core knows nothing of the open documents; a new fetch never ends
 * those of the old one.
 */
static void
parse_relink(struct role *r, enum peer peer)
{
	struct parse *p = r->state;

	if (peer == PEER_CORE) {
		forget_all(p);
	} else if (peer == PEER_FETCH) {
		p->held_type = 0;
		for (size_t i = 0; i < PARSE_DOCS_MAX; i++)
			if (p->slot[i].id != 0)
				doc_close(p, &p->slot[i], false);
	}
}

static void
parse_fini(struct role *r)
{
	struct parse *p = r->state;

	if (p == NULL)
		return;
	forget_all(p);
	tables_fini(&p->tables);
	buf_free(&p->queue);
	buf_free(&p->held);
	buf_free(&p->json);
	free(p);
	r->state = NULL;
}

const struct role_ops parse_role = {
	.name = "parse",
	.peer = PEER_PARSE,
	.init = parse_init,
	.step = parse_step,
	.relink = parse_relink,
	.fini = parse_fini,
};
