/*
 * parse.c - documents by message.
 *
 * DOC_OPEN comes from core, bytes from fetch, over two links that know
 * nothing of each other: bytes of a document that core will open are held
 * until it does, for HELD_MS_MAX at most.  Document numbers only grow, so
 * bytes of a number at or below the last one opened, of no open document,
 * belong to one that is gone.  A file of a watched directory comes from core
 * as a descriptor (DOC_FILE) and is read here, a slice in turn with the rest.
 *
 * A slow map must not keep core, super's pings and the other feeds waiting: a
 * step ends when PARSE_STEP_MS are over, and slices grow shorter until one
 * takes less.
 */
#include "parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "doc.h"
#include "define.h"
#include "log.h"
#include "tables.h"

#define BLOCKED_WAIT_MS 20
#define HELD_MS_MAX 10000

struct slot {
	uint64_t id; /* 0: free */
	struct doc *doc; /* owned; NULL: cannot be read, see guard */
	const char *guard;
	int feed;
	int old_fd; /* owned */
	int new_fd; /* owned */
	int body_fd; /* owned; -1: the bytes come from fetch */
	int64_t body_bytes;
	char file[PARSE_FILE_NAME_MAX + 1];
	struct doc_input in;
	size_t part; /* the url whose bytes come */
	unsigned lines; /* rejects logged */
	struct doc_sink sink;
	struct parse *parse;
};

struct parse {
	struct role *role;
	struct tables tables;
	struct slot slot[PARSE_DOCS_MAX];
	size_t slice; /* bytes */
	size_t body_next; /* the slot whose file is read next */
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
	if (s->body_fd >= 0)
		(void)close(s->body_fd);
	*s = (struct slot){ .old_fd = -1, .new_fd = -1, .body_fd = -1 };
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

static void
close_all(const struct msg *m)
{
	for (size_t i = 0; i < MSG_FDS_MAX; i++)
		if (m->fd[i] >= 0)
			(void)close(m->fd[i]);
}

/* The document begins as soon as its first file is known by name. */
static void
slot_begin(struct slot *s, struct str file)
{
	s->in.file = file;
	s->in.old_fd = s->old_fd;
	if (doc_new(&s->parse->tables.doc[s->feed], &s->in, &s->sink,
		    &s->doc) != ERR_OK)
		s->guard = "limit";
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
	struct buf b;

	if (rd_end(&r) == ERR_OK)
		forget_feed(p, tables_find(&p->tables, feed));
	s = slot_of(p, 0);
	if (rd_end(&r) != ERR_OK || id == 0 || s == NULL ||
	    slot_of(p, id) != NULL) {
		close_all(m);
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
			    .body_fd = -1,
			    .in = { .fetched_at = wall_ms, .first = first },
			    .parse = p,
			    .guard = "feed" };
	s->sink = (struct doc_sink){ .self = s,
				     .notice = on_notice,
				     .reject = on_reject };
	if (s->feed >= 0 && p->tables.feeds.feed[s->feed].url_count > 0)
		slot_begin(s, p->tables.feeds.feed[s->feed].urls[0]);
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

/* ---- files that core handed over ---- */

static enum err
doc_file(struct parse *p, const struct msg *m)
{
	struct rd r = rd_of(m->body);
	uint64_t id = rd_be64(&r);
	struct str file = rd_blob(&r);
	struct slot *s = id == 0 ? NULL : slot_of(p, id);

	if (rd_end(&r) != ERR_OK || id == 0 || file.n > PARSE_FILE_NAME_MAX ||
	    m->fd[0] < 0 || (s != NULL && s->body_fd >= 0)) {
		close_all(m);
		return ERR_PEER;
	}
	if (s == NULL || s->doc != NULL) { /* refused at once, or not a drop */
		close_all(m);
		return ERR_OK;
	}
	s->body_fd = m->fd[0];
	must(str_copy(s->file, sizeof(s->file), file) == ERR_OK);
	if (s->feed >= 0)
		slot_begin(s, str_of(s->file));
	return ERR_OK;
}

static void
slot_refuse(struct slot *s, const char *guard)
{
	doc_free(s->doc);
	s->doc = NULL;
	s->guard = guard;
}

/* Bytes to a document; the next slice is as long as this one allows. */
static void
push(struct parse *p, struct slot *s, struct str bytes)
{
	int64_t from = clock_now(p->role->clock).mono_ms;
	int64_t took;

	doc_push(s->doc, bytes);
	took = clock_now(p->role->clock).mono_ms - from;
	if (took > PARSE_STEP_MS / 2 && p->slice > PARSE_SLICE_MIN)
		p->slice /= 2;
	else if (took < PARSE_STEP_MS / 8 && p->slice < PARSE_SLICE)
		p->slice *= 2;
}

/* The next slice of one file; false when there is none to read. */
static bool
body_go(struct parse *p)
{
	static char bytes[PARSE_SLICE];
	struct slot *s = NULL;
	ssize_t n = 0;

	for (size_t i = 0; i < PARSE_DOCS_MAX && s == NULL; i++) {
		p->body_next = (p->body_next + 1) % PARSE_DOCS_MAX;
		if (p->slot[p->body_next].body_fd >= 0)
			s = &p->slot[p->body_next];
	}
	if (s == NULL)
		return false;
	if (s->doc != NULL)
		n = read(s->body_fd, bytes, p->slice);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0)
		slot_refuse(s, "read");
	if (n <= 0) {
		doc_close(p, s, true);
		return true;
	}
	s->body_bytes += n;
	if (s->body_bytes > p->tables.feeds.feed[s->feed].decoded_max)
		slot_refuse(s, "decoded_max"); /* it grows as we read */
	else
		push(p, s, (struct str){ bytes, (size_t)n });
	return true;
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
	if (s->body_fd >= 0)
		return ERR_PEER; /* not a document of fetch's */
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
	bytes = str_sub(r.rest, p->held_from, p->slice);
	if (s->doc != NULL)
		push(p, s, bytes);
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
	if (m.type == MSG_DOC_OPEN)
		return doc_open(p, &m);
	if (m.type == MSG_DOC_FILE)
		return doc_file(p, &m);
	close_all(&m);
	return ERR_PEER;
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
		if (i > 0 && clock_now(r->clock).mono_ms - now.mono_ms >=
				     PARSE_STEP_MS)
			break;
		do {
			err = from_core(p);
		} while (err == ERR_OK);
		if (err != ERR_AGAIN)
			return err;
		err = p->held_type == 0 ? from_fetch(p, now) :
					held_go(p, now);
		if (err == ERR_AGAIN)
			break;
		if (err != ERR_OK)
			return err;
	}
	/* One slice a step: between two, core hears what came of the first. */
	if (blocked(p))
		*wait_ms = BLOCKED_WAIT_MS;
	else if (body_go(p) || err != ERR_AGAIN)
		*wait_ms = 0;
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
	p->slice = PARSE_SLICE;
	for (size_t i = 0; i < PARSE_DOCS_MAX; i++)
		p->slot[i] = (struct slot){ .old_fd = -1,
					    .new_fd = -1,
					    .body_fd = -1 };
	buf_init(&p->queue, PARSE_QUEUE_MAX);
	buf_init(&p->held, MSG_CHUNK_MAX + 8);
	buf_init(&p->json, NOTICE_JSON_MAX + 8);
	buf_init(&errors, FEEDS_ERRORS_MAX);
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
			if (p->slot[i].id != 0 && p->slot[i].body_fd < 0)
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
