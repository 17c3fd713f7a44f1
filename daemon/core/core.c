/*
 * core.c - one turn of core: hear fetch, parse, publish and the operators;
 * decide at most one batch; tell; keep the store tidy.
 */
#include "core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "define.h"
#include "log.h"
#include "metrics.h"

#define BOOT_SIZE (32u << 20)
#define CHECKPOINT_MS 30000
#define WATCH_MS 1000

static enum err
tables(struct core *c)
{
	const struct bundle *b = c->role->bundle;
	struct diag d = { 0 };
	struct buf errors;
	enum err err;

	buf_init(&errors, 1u << 20);
	err = conf_get(bundle_find(b, S("creditalarm.yaml")),
		       S("creditalarm.yaml"), &c->boot, &c->conf, &errors);
	if (err == ERR_OK)
		err = feeds_define(b, &c->boot, &c->feeds, &errors);
	if (err != ERR_OK)
		log_op(LOG_ERR, "core.config", "why=\"%.*s\"",
		       STR_ARG(buf_str(&errors)));
	buf_free(&errors);
	if (err == ERR_OK)
		err = kinds_get(bundle_find(b, S("kinds.tsv")), &c->boot,
				&c->kinds, &d);
	if (err == ERR_OK)
		err = idschemes_get(bundle_find(b, S("idschemes.tsv")),
				    &c->boot, &c->schemes, &d);
	if (d.why[0] != '\0')
		log_op(LOG_ERR, "core.table", "line=%u why=\"%s\"", d.line,
		       d.why);
	return err;
}

static enum err
state_open(struct core *c)
{
	struct diag d = { 0 };
	char dir[256];
	char path[300];
	enum err err;

	if (str_eq(c->conf.state_dir, S(":memory:"))) {
		err = store_open(":memory:", &c->store, &d);
		if (err == ERR_OK)
			err = index_open(c, NULL);
		return err == ERR_OK ? diffs_open(&c->diffs, NULL) : err;
	}
	err = str_copy(dir, sizeof(dir), c->conf.state_dir);
	if (err != ERR_OK)
		return err;
	(void)mkdir(dir, 0700);
	(void)snprintf(path, sizeof(path), "%s/store.db", dir);
	/* First, for it holds the lock: whatever else is in the folder is
	 * written by one core at a time too. */
	err = store_open(path, &c->store, &d);
	if (err != ERR_OK) {
		log_op(LOG_ERR, "core.store", "why=\"%s\"", d.why);
		return err;
	}
	err = index_open(c, dir);
	if (err != ERR_OK)
		return err;
	err = store_diff_dir(c->store, dir, path, sizeof(path));
	return err == ERR_OK ? diffs_open(&c->diffs, path) : err;
}

static enum err
on_state(void *ctx, const struct evidence *e, int first, struct instant now)
{
	struct core *c = ctx;

	return decide_state(c->decide, e, first, now);
}

static enum err
decide_open(struct core *c)
{
	const struct bundle *b = c->role->bundle;
	struct diag d = { 0 };
	const struct decide_in in = {
		.store = c->store,
		.watch = c->index.watch,
		.kinds = &c->kinds,
		.schemes = &c->schemes,
		.feeds = &c->feeds,
		.conf = &c->conf,
		.texts = bundle_find(b, S("texts.tsv")),
		.duties = bundle_find(b, S("duties.tsv")),
		.token_key = c->token_key,
		.mode = c->role->replay ? COMPOSE_REPLAY : COMPOSE_LIVE,
		.diag = &d,
	};
	enum err err = str_to_bytes(bundle_find(b, S("key/token")),
				    c->token_key, sizeof(c->token_key));

	if (err == ERR_OK)
		err = decide_new(&in, &c->decide);
	if (err != ERR_OK)
		log_op(LOG_ERR, "core.decide", "line=%u why=\"%s\"", d.line,
		       d.why);
	return err;
}

static enum err
rooms_open(struct core *c, struct instant now)
{
	enum err err = decide_open(c);

	if (err == ERR_OK)
		err = serve_new(c->store, &c->conf, on_state, c, &c->serve);
	if (err == ERR_OK)
		err = control_init(c);
	if (err == ERR_OK)
		err = drops_init(c, now);
	if (err == ERR_OK)
		err = bookd_init(c, now);
	return err == ERR_OK ? watch_load(c, now) : err;
}

static void core_fini(struct role *r);

static enum err
core_init(struct role *r, struct instant now)
{
	struct core *c = calloc(1, sizeof(*c));
	enum err err;

	if (c == NULL)
		return ERR_LIMIT;
	r->state = c;
	c->role = r;
	c->diffs.dir = -1;
	c->index = (struct index){ .dir = -1, .snapshot = -1, .fresh = -1 };
	c->started_ms = now.wall_ms;
	c->started_mono_ms = now.mono_ms;
	docs_init(c, now);
	err = arena_init(&c->boot, BOOT_SIZE);
	if (err == ERR_OK)
		err = tables(c);
	if (err == ERR_OK)
		err = state_open(c);
	if (err == ERR_OK)
		err = rooms_open(c, now);
	if (err != ERR_OK)
		core_fini(r);
	return err;
}

static void
core_fini(struct role *r)
{
	struct core *c = r->state;

	if (c == NULL)
		return;
	docs_fini(c);
	drops_fini(c);
	bookd_fini(c);
	control_fini(c);
	serve_free(c->serve);
	decide_free(c->decide);
	index_close(c);
	diffs_close(&c->diffs);
	if (c->store != NULL)
		store_close(c->store);
	arena_fini(&c->boot);
	free(c);
	r->state = NULL;
}

const char *
core_why(const struct core *c, enum err err)
{
	return err == ERR_STORE ? store_why(c->store) : err_text(err);
}

void
core_told(struct core *c, struct instant now)
{
	enum err err = serve_notify(c->serve, now,
				    c->role->link[PEER_PUBLISH]);

	if (err != ERR_OK)
		core_degrade(c, now, err, "telling");
}

/* Super tells the service manager. */
static void
health_say(struct core *c, const char *why)
{
	struct buf b;

	buf_init(&b, DIAG_WHY_SIZE);
	buf_blob(&b, str_of(why));
	(void)link_send(c->role->link[PEER_SUPER], MSG_HEALTH, buf_str(&b),
			NULL, 0);
	buf_free(&b);
}

void
core_degrade(struct core *c, struct instant now, enum err err,
	     const char *what)
{
	c->count.store_errors++;
	c->retry_ms = now.mono_ms + CORE_RETRY_MS;
	c->trouble = err == ERR_STORE ? store_trouble(c->store) : NULL;
	if (c->degraded)
		return;
	c->degraded = 1;
	log_op(LOG_ERR, "core.degraded", "what=\"%s\" err=\"%s\" why=\"%s\"",
	       what, err_text(err), core_why(c, err));
	health_say(c, "the store fails");
	serve_degraded(c->serve, c->role->link[PEER_PUBLISH]);
}

void
core_recover(struct core *c)
{
	if (!c->degraded)
		return;
	c->degraded = 0;
	log_op(LOG_NOTICE, "core.recovered", "errors=%llu",
	       (unsigned long long)c->count.store_errors);
	health_say(c, "");
}

/*
 * Nothing is polled while the store fails, so nothing may be there to try it
 * with: a line in the journal does.  What is owed goes first.
 */
static void
probe(struct core *c, struct instant now)
{
	char text[64];
	enum err err;

	if (!c->degraded || now.mono_ms < c->retry_ms || docs_owed(c))
		return;
	(void)snprintf(text, sizeof(text), "errors %" PRIu64,
		       c->count.store_errors);
	err = store_begin(c->store);
	if (err == ERR_OK)
		err = store_journal(c->store, now.wall_ms, S("recovered"),
				    str_of(text));
	if (err == ERR_OK)
		err = store_commit(c->store);
	else
		store_rollback(c->store);
	if (err != ERR_OK) {
		core_degrade(c, now, err, "probe");
		return;
	}
	core_recover(c);
	core_told(c, now);
}

void
core_cut_off(struct core *c, enum peer peer)
{
	struct buf b;

	log_op(LOG_ERR, "core.peer", "peer=%d why=\"broke the protocol\"",
	       (int)peer);
	buf_init(&b, 16);
	buf_byte(&b, (uint8_t)peer);
	(void)link_send(c->role->link[PEER_SUPER], MSG_BROKEN, buf_str(&b),
			NULL, 0);
	buf_free(&b);
}

/* An alert is signed, so whoever may read it can. */
static void
count_told(struct core *c, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);
	struct str stream = rd_blob(&r);
	uint64_t seq = rd_be64(&r);
	struct entry *e = NULL;
	struct arena a;
	size_t n = 0;

	if (m->type != MSG_PUSH_SIGNED || arena_init(&a, 1u << 20) != ERR_OK)
		return;
	if (store_entries(c->store, stream, seq, 1, &a, &e, &n) == ERR_OK &&
	    n == 1)
		metrics_latency(&c->told,
				now.wall_ms - (int64_t)(e->time_us / 1000));
	arena_fini(&a);
}

/* Publish's requests run in a transaction of their own when they write. */
static enum err
from_publish(struct core *c, const struct msg *m, struct instant now)
{
	enum err err = store_begin(c->store);

	if (err == ERR_OK)
		err = serve_take(c->serve, m, now);
	if (err == ERR_OK)
		err = store_commit(c->store);
	if (err == ERR_OK) {
		c->count.commits++;
		count_told(c, m, now);
		return serve_committed(c->serve, now,
				       c->role->link[PEER_PUBLISH]);
	}
	store_rollback(c->store);
	serve_rolled_back(c->serve);
	if (err_class(err) == ERR_RETRY) {
		core_degrade(c, now, err, "subscriber");
		return ERR_OK;
	}
	return err;
}

static enum err
hear(struct core *c, enum peer peer, struct instant now, bool *more)
{
	for (unsigned i = 0; i < ROLE_BATCH_MAX; i++) {
		struct msg m;
		enum err err = link_take(c->role->link[peer], &m);

		if (err == ERR_AGAIN)
			return ERR_OK;
		if (err == ERR_OK && peer == PEER_FETCH)
			err = docs_from_fetch(c, &m, now);
		else if (err == ERR_OK && peer == PEER_PARSE)
			err = docs_from_parse(c, &m, now);
		else if (err == ERR_OK)
			err = from_publish(c, &m, now);
		for (size_t k = 0; err != ERR_AGAIN && k < MSG_FDS_MAX; k++)
			if (m.fd[k] >= 0)
				(void)close(m.fd[k]);
		if (err == ERR_PEER) {
			core_cut_off(c, peer);
			return ERR_OK;
		}
		if (err != ERR_OK)
			return err;
	}
	*more = true;
	return ERR_OK;
}

static enum err
tick(struct core *c, struct instant now)
{
	uint64_t asked = decide_counts(c->decide)->reviews;
	int64_t next;
	enum err err;

	if (asked != c->asked &&
	    c->tick_next_ms > now.wall_ms + DECIDE_REVIEW_MS)
		c->tick_next_ms = now.wall_ms + DECIDE_REVIEW_MS;
	c->asked = asked;
	next = c->tick_next_ms;
	/* Never more than a day ahead, unless the wall clock was set back. */
	if ((now.wall_ms < c->tick_next_ms &&
	     c->tick_next_ms - now.wall_ms <= DAY_MS) ||
	    now.mono_ms < c->retry_ms)
		return ERR_OK;
	err = store_begin(c->store);
	if (err == ERR_OK)
		err = decide_tick(c->decide, now, &next);
	if (err == ERR_OK)
		err = store_commit(c->store);
	if (err != ERR_OK) {
		store_rollback(c->store);
		if (err_class(err) == ERR_FATAL)
			return err;
		core_degrade(c, now, err, "time");
		return ERR_OK;
	}
	c->tick_next_ms = next;
	core_told(c, now);
	return ERR_OK;
}

static void
watch(struct core *c, struct instant now)
{
	if (now.mono_ms - c->watch_ms < WATCH_MS)
		return;
	c->watch_ms = now.mono_ms;
	docs_hasten(c, now);
	watch_feeds(c, now);
	metrics_tell(c, now);
}

/* --once: all polled, all decided, all signed: say so. */
static void
once(struct core *c, struct instant now)
{
	if (!c->role->once || !c->fetch_done || c->done_said ||
	    !docs_idle(c) || !drops_idle(c, now) || !bookd_idle(c) ||
	    !index_idle(c) || !serve_idle(c->serve))
		return;
	c->done_said = link_send(c->role->link[PEER_SUPER], MSG_DONE, STR_NONE,
				 NULL, 0);
}

/* The watched directories; the book waits while something is to be decided. */
static enum err
look_in(struct core *c, struct instant now, bool more, int64_t *wait_ms)
{
	bool in_reach = drops_step(c, now, wait_ms);

	in_reach = bookd_step(c, now, more, wait_ms) && in_reach;
	if (in_reach || !c->locked_in)
		return ERR_OK;
	/* As at a start, the directory of today is found and let in. */
	log_op(LOG_NOTICE, "core.fenced",
	       "why=\"a watched directory is not the one of the start\"");
	return ERR_IO;
}

static enum err
core_step(struct role *r, struct instant now, int64_t *wait_ms)
{
	struct core *c = r->state;
	bool more = false;
	enum err err;

	err = hear(c, PEER_FETCH, now, &more);
	if (err == ERR_OK)
		err = hear(c, PEER_PARSE, now, &more);
	if (err == ERR_OK)
		err = hear(c, PEER_PUBLISH, now, &more);
	if (err == ERR_OK)
		err = tick(c, now);
	if (err != ERR_OK)
		return err;
	probe(c, now);
	watch(c, now);
	more = docs_release(c, now) || more;
	more = control_step(c, now) || more;
	more = index_step(c, now) || more;
	once(c, now);
	if (now.mono_ms - c->checkpoint_ms >
	    CHECKPOINT_MS + (more ? CORE_HELD_MS : 0)) {
		c->checkpoint_ms = now.mono_ms;
		if (store_checkpoint(c->store) != ERR_OK)
			core_degrade(c, now, ERR_STORE, "checkpoint");
	}
	*wait_ms = more ? 0 : WATCH_MS;
	err = look_in(c, now, more, wait_ms);
	/* An import is one transaction; whose links are full waits for it. */
	docs_held(c, clock_now(r->clock).mono_ms - now.mono_ms);
	return err;
}

size_t
core_lock_in(struct role *r, struct str *dir, size_t max)
{
	struct core *c = r->state;
	size_t n = 0;

	c->locked_in = 1;
	for (size_t i = 0; i < c->feeds.count && n < max; i++)
		if (c->feeds.feed[i].enabled &&
		    c->feeds.feed[i].mode == MODE_DROP)
			dir[n++] = c->feeds.feed[i].directory;
	if (c->conf.book_directory.n > 0 && n < max)
		dir[n++] = c->conf.book_directory;
	return n;
}

static void
core_relink(struct role *r, enum peer peer)
{
	struct core *c = r->state;
	struct instant now = clock_now(r->clock);

	if (peer == PEER_WEB)
		return;
	docs_lost(c, peer, now);
	if (peer == PEER_FETCH)
		feedstate_tell(c);
	if (peer == PEER_PUBLISH) {
		enum err err = serve_hello(c->serve, now, r->link[peer]);

		if (err != ERR_OK)
			core_degrade(c, now, err, "subscribers");
	}
}

/* For `status`; from super, so it is believed, but never beyond the table. */
static void
roles_told(struct core *c, struct rd *r)
{
	uint8_t n = rd_u8(r);

	memset(c->roles, 0, sizeof(c->roles));
	for (uint8_t i = 0; i < n && r->err == ERR_OK; i++) {
		uint8_t p = rd_u8(r);
		uint32_t pid = rd_be32(r);
		uint32_t restarts = rd_be32(r);

		if (p < PEER_COUNT)
			c->roles[p] = (struct core_role){ pid, restarts };
	}
}

static void
core_from_super(struct role *r, const struct msg *m, struct instant now)
{
	struct core *c = r->state;
	struct rd rd = rd_of(m->body);

	if (m->type == MSG_INDEX_END)
		index_ended(c, m, now);
	if (m->type == MSG_CONTROL && m->fd[0] >= 0) {
		uint32_t uid = rd_be32(&rd);

		control_accept(c, m->fd[0], uid, rd_be32(&rd));
	} else if (m->fd[0] >= 0) {
		(void)close(m->fd[0]);
	}
	if (m->type == MSG_DONE)
		c->fetch_done = 1;
	if (m->type == MSG_ROLES)
		roles_told(c, &rd);
}

static size_t
core_fds(struct role *r, int *fds, size_t max)
{
	return control_fds(r->state, fds, max);
}

const struct role_ops core_role = {
	.name = "core",
	.peer = PEER_CORE,
	.init = core_init,
	.step = core_step,
	.relink = core_relink,
	.told = core_from_super,
	.fds = core_fds,
	.fini = core_fini,
};
