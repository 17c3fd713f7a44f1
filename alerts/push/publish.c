/*
 * publish.c - the role: its start, its turns, its table of sessions.
 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "publish_priv.h"

#define CONF_ARENA_SIZE (1u << 20)
#define CONF_ERRORS_SIZE 65536u

/* The port a test or the scenario runner gave; see publish.h. */
static struct {
	const struct role *role;
	struct bus bus;
} given;

void
publish_port(struct role *r, struct bus bus)
{
	given.role = r;
	given.bus = bus;
}

const char *
publish_endpoint(const struct role *r)
{
	const struct publish *p = r->state;

	return p == NULL || p->zmq == NULL ? NULL : bus_zmq_endpoint(p->zmq);
}

struct link *
publish_core(struct publish *p)
{
	return p->role->link[PEER_CORE];
}

void
publish_due(struct publish *p, int64_t mono_ms)
{
	if (mono_ms < p->timer_ms)
		p->timer_ms = mono_ms;
}

/* ---- sessions ---- */

static struct session **
peer_bucket(struct publish *p, const struct bus_peer *peer)
{
	uint32_t h = 2166136261u; /* FNV-1a; ids are random already */

	for (size_t i = 0; i < peer->id_len; i++)
		h = (h ^ peer->id[i]) * 16777619u;
	return &p->by_peer[h % PUBLISH_BUCKETS];
}

struct session *
session_of(struct publish *p, const struct bus_peer *peer)
{
	struct session *s = *peer_bucket(p, peer);

	while (s != NULL && (s->peer.id_len != peer->id_len ||
			     memcmp(s->peer.id, peer->id, peer->id_len) != 0))
		s = s->peer_next;
	return s;
}

struct session *
session_by_sid(struct publish *p, uint64_t sid)
{
	struct session *s = p->by_sid[sid % PUBLISH_BUCKETS];

	while (s != NULL && s->sid != sid)
		s = s->sid_next;
	return s;
}

struct session *
session_new(struct publish *p, const struct bus_message *m)
{
	struct session **bucket = peer_bucket(p, &m->peer);
	struct session *s;

	if (p->session_count == PUBLISH_SESSIONS_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->sid = ++p->sid;
	s->peer = m->peer;
	memcpy(s->user, m->user, KEYS_SIZE);
	s->cursor_ms = INT64_MAX;
	buf_init(&s->filter_text, WIRE_FILTER_MAX);
	buf_init(&s->early, PUBLISH_EARLY_MAX);
	s->peer_next = *bucket;
	*bucket = s;
	s->sid_next = p->by_sid[s->sid % PUBLISH_BUCKETS];
	p->by_sid[s->sid % PUBLISH_BUCKETS] = s;
	s->all_next = p->first;
	if (p->first != NULL)
		p->first->all_prev = s;
	p->first = s;
	p->session_count++;
	return s;
}

static void
unlink_session(struct publish *p, struct session *s)
{
	struct session **at = peer_bucket(p, &s->peer);

	while (*at != s)
		at = &(*at)->peer_next;
	*at = s->peer_next;
	at = &p->by_sid[s->sid % PUBLISH_BUCKETS];
	while (*at != s)
		at = &(*at)->sid_next;
	*at = s->sid_next;
	if (s->all_prev != NULL)
		s->all_prev->all_next = s->all_next;
	else
		p->first = s->all_next;
	if (s->all_next != NULL)
		s->all_next->all_prev = s->all_prev;
	p->session_count--;
	if (s->state != SESSION_OPENING)
		p->begun--;
}

static void
session_free(struct publish *p, struct session *s)
{
	unlink_session(p, s);
	buf_free(&s->filter_text);
	buf_free(&s->early);
	free(s);
}

void
session_end(struct publish *p, struct session *s)
{
	if (s->cursor_ms != INT64_MAX)
		publish_store_cursor(p, s);
	session_free(p, s);
}

struct pubkey *
pubkey_of(struct publish *p, const uint8_t *curve, struct instant now)
{
	size_t lo = 0;
	size_t hi = p->key_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct pubkey *k = &p->key[mid];
		int c = memcmp(k->curve, curve, KEYS_SIZE);

		if (c == 0)
			return k->expires_ms != TIME_NONE &&
				       k->expires_ms <=
					   clock_steady(&p->steady, now)
				   ? NULL
				   : k;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* ---- time ---- */

/* One session's timers; it may end. */
static void
session_tick(struct publish *p, struct session *s, struct instant now)
{
	if (now.mono_ms - s->heard_ms >= PUBLISH_SILENCE * p->hb_ms) {
		log_op(LOG_INFO, "push.silent", "sid=%llu",
		       (unsigned long long)s->sid);
		session_end(p, s);
		return;
	}
	publish_due(p, s->heard_ms + PUBLISH_SILENCE * p->hb_ms);
	if (s->cursor_ms <= now.mono_ms)
		publish_store_cursor(p, s);
	publish_due(p, s->cursor_ms);
	if (s->state == SESSION_OPENING)
		return;
	publish_pump(p, s, now);
	if (s->beat_ms > now.mono_ms) {
		publish_due(p, s->beat_ms);
		return;
	}
	s->beat_ms = now.mono_ms + p->hb_ms;
	publish_due(p, s->beat_ms);
	publish_beat(p, s, now); /* the session may end here */
}

/*
 * Keys past their day are taken off the allow-list, their sessions end; those
 * that were ended by a clock set too far are on it again once it is mended.
 */
static void
expire(struct publish *p, struct instant now)
{
	uint8_t *list = malloc(p->key_count * KEYS_SIZE + 1);
	size_t n = 0;

	if (list == NULL)
		return;
	p->expiry_ms = INT64_MAX;
	p->expired_ms = INT64_MIN;
	for (size_t i = 0; i < p->key_count; i++) {
		const struct pubkey *k = &p->key[i];

		if (pubkey_of(p, k->curve, now) == NULL) {
			if (k->expires_ms > p->expired_ms)
				p->expired_ms = k->expires_ms;
			continue;
		}
		memcpy(list + n++ * KEYS_SIZE, k->curve, KEYS_SIZE);
		if (k->expires_ms != TIME_NONE && k->expires_ms < p->expiry_ms)
			p->expiry_ms = k->expires_ms;
	}
	if (p->bus.allow(p->bus.self, list, n) != ERR_OK)
		log_op(LOG_ERR, "push.allow", "keys=%zu", n);
	free(list);
	for (struct session *s = p->first, *next; s != NULL; s = next) {
		next = s->all_next;
		if (pubkey_of(p, s->user, now) != NULL)
			continue;
		publish_error(p, &s->peer, WIRE_E_REVOKED);
		session_end(p, s);
	}
}

static void
tick(struct publish *p, struct instant now)
{
	int64_t wall = clock_steady(&p->steady, now);

	if (wall >= p->expiry_ms || wall < p->expired_ms)
		expire(p, now);
	if (now.mono_ms < p->timer_ms)
		return;
	p->timer_ms = INT64_MAX;
	for (struct session *s = p->first, *next; s != NULL; s = next) {
		next = s->all_next;
		session_tick(p, s, now);
	}
}

/* ---- the role ---- */

static enum err
read_conf(struct publish *p)
{
	struct buf errors;
	enum err err;

	buf_init(&errors, CONF_ERRORS_SIZE);
	err = conf_get(bundle_find(p->role->bundle, S("creditalarm.yaml")),
		       S("creditalarm.yaml"), &p->arena, &p->conf, &errors);
	buf_free(&errors); /* the supervisor has shown them */
	return err;
}

static enum err
read_keys(struct publish *p)
{
	struct diag d = { 0 };
	enum err err = keys_get(bundle_find(p->role->bundle, S("key/server")),
				&p->keys, &d);

	if (err == ERR_OK && p->keys.sign_count == 0)
		err = diag_set(&d, ERR_INPUT, 0, "no signing key");
	if (err != ERR_OK) {
		log_op(LOG_ERR, "push.key", "line=%u why=\"%s\"", d.line,
		       d.why);
		return ERR_CONFIG;
	}
	p->sign_keyid = seal_sign_keyid(p->keys.sign[0].pub);
	return ERR_OK;
}

static enum err
open_bus(struct publish *p)
{
	const struct bus_zmq_conf conf = {
		.endpoint = p->conf.push_endpoint,
		.domain = S("push"),
		.curve_pub = p->keys.curve.pub,
		.curve_sec = p->keys.curve.sec,
	};
	struct diag d = { 0 };
	enum err err;

	if (given.role == p->role) {
		p->bus = given.bus;
		return ERR_OK;
	}
	err = bus_zmq_open(&conf, &p->zmq, &d);
	if (err != ERR_OK) {
		log_op(LOG_ERR, "push.bus", "why=\"%s\"", d.why);
		return err;
	}
	p->bus = bus_zmq_port(p->zmq);
	return ERR_OK;
}

static void publish_fini(struct role *r);

static enum err
publish_init(struct role *r, struct instant now)
{
	struct publish *p = calloc(1, sizeof(*p));
	enum err err;

	(void)now;
	if (p == NULL)
		return ERR_LIMIT;
	r->state = p;
	p->role = r;
	p->expiry_ms = INT64_MAX;
	p->expired_ms = INT64_MIN;
	p->timer_ms = INT64_MAX;
	err = arena_init(&p->arena, CONF_ARENA_SIZE);
	if (err == ERR_OK)
		err = read_conf(p);
	if (err == ERR_OK)
		err = read_keys(p);
	if (err == ERR_OK)
		err = open_bus(p);
	p->hb_ms = p->conf.push_heartbeat;
	if (err != ERR_OK)
		publish_fini(r);
	return err;
}

/* What core says; false when there is more than one turn's worth. */
static enum err
hear_core(struct publish *p, struct instant now, bool *more)
{
	struct link *core = publish_core(p);

	for (unsigned i = 0; core != NULL && i < ROLE_BATCH_MAX; i++) {
		struct msg m;
		enum err err = link_take(core, &m);

		if (err == ERR_AGAIN || (err == ERR_PEER && !link_up(core)))
			return ERR_OK; /* super gives a new link */
		if (err == ERR_OK)
			err = publish_told(p, &m, now);
		if (err != ERR_OK)
			return err;
	}
	*more = core != NULL;
	return ERR_OK;
}

static enum err
publish_step(struct role *r, struct instant now, int64_t *wait_ms)
{
	struct publish *p = r->state;
	struct bus_message m;
	bool more = false;
	unsigned heard = 0;
	int64_t wall;
	enum err err = hear_core(p, now, &more);

	if (err != ERR_OK)
		return err;
	tick(p, now);
	/* The bus is asked last, until it is empty: a send may have eaten the
	 * wake-up of a message that came meanwhile. */
	while (heard < ROLE_BATCH_MAX &&
	       p->bus.recv(p->bus.self, &m) == ERR_OK) {
		publish_hear(p, &m, now);
		heard++;
	}
	publish_tally(p, now);
	*wait_ms = p->timer_ms - now.mono_ms;
	wall = clock_steady(&p->steady, now);
	if (p->expiry_ms != INT64_MAX && p->expiry_ms - wall < *wait_ms)
		*wait_ms = p->expiry_ms - wall;
	if (more || heard == ROLE_BATCH_MAX || *wait_ms < 0)
		*wait_ms = 0;
	return ERR_OK;
}

static void
publish_relink(struct role *r, enum peer peer)
{
	struct publish *p = r->state;

	if (peer == PEER_CORE && p != NULL && link_up(publish_core(p)))
		publish_ask_again(p);
}

static size_t
publish_fds(struct role *r, int *fds, size_t max)
{
	struct publish *p = r->state;
	int fd = p->bus.fd(p->bus.self);

	if (fd < 0 || max == 0)
		return 0;
	fds[0] = fd;
	return 1;
}

static void
publish_fini(struct role *r)
{
	struct publish *p = r->state;

	if (p == NULL)
		return;
	while (p->first != NULL) {
		publish_error(p, &p->first->peer, WIRE_E_DOWN);
		session_end(p, p->first);
	}
	bus_zmq_close(p->zmq);
	for (size_t i = 0; i < p->key_count; i++)
		explicit_bzero(&p->key[i].shared, sizeof(p->key[i].shared));
	free(p->key);
	free(p->staged);
	keys_wipe(&p->keys);
	arena_fini(&p->arena);
	free(p);
	r->state = NULL;
}

const struct role_ops publish_role = {
	.name = "publish",
	.peer = PEER_PUBLISH,
	.init = publish_init,
	.step = publish_step,
	.relink = publish_relink,
	.fds = publish_fds,
	.fini = publish_fini,
};
