/*
 * bus_zmq.c - ROUTER, CURVE, ZAP.
 */
#include "bus_zmq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#include "keys.h"
#include "log.h"
#include "seal.h"
#include "zctx.h"

/* zmq.h hides it among the drafts; the library of Debian 12 knows it. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES 7u
#define ZAP_FRAME_MAX 512u
#define ZAP_BATCH 256 /* handshakes answered in one recv */
#define HANDSHAKE_MS 5000
#define CLOSE_LINGER_MS 100
#define TCP_BACKLOG 4096
#define HEARTBEAT_MS 5000
#define HEARTBEAT_TIMEOUT_MS 15000
#define DROPS_MAX 256 /* messages without a user skipped in one recv */
#define USER_HEX (2u * BUS_KEY_SIZE)
#define PROBE_TURN_MS 50
#define PROBE_ENDPOINT "tcp://127.0.0.1:*"
#define BIND_MS 1000
#define BIND_TURN_MS 50

struct bus_zmq {
	void *ctx;    /* of zctx */
	void *zap;    /* owned */
	void *router; /* owned */
	int epoll;
	uint8_t *keys; /* owned; ascending, BUS_KEY_SIZE each */
	size_t key_count;
	zmq_msg_t part[1 + BUS_FRAMES_MAX]; /* of the last message */
	size_t part_count;
	uint64_t refused;
	bool closed; /* no list yet, and the start-up proof is done */
	char domain[16];
	char endpoint[BUS_ZMQ_ENDPOINT_SIZE];
};

/* ---- ZAP ---- */

struct zap_request {
	struct buf frame[ZAP_FRAMES];
	size_t count; /* may be above ZAP_FRAMES: counted only */
};

/* ERR_AGAIN when there is none. */
static enum err
zap_recv(struct bus_zmq *z, struct zap_request *q)
{
	int more = 1;

	for (q->count = 0; more != 0; q->count++) {
		zmq_msg_t m;

		(void)zmq_msg_init(&m);
		if (zmq_msg_recv(&m, z->zap, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&m);
			return ERR_AGAIN;
		}
		if (q->count < ZAP_FRAMES) {
			buf_clear(&q->frame[q->count]);
			buf_put(
			    &q->frame[q->count],
			    (struct str){ zmq_msg_data(&m), zmq_msg_size(&m) });
		}
		more = zmq_msg_more(&m);
		(void)zmq_msg_close(&m);
	}
	return ERR_OK;
}

static int
key_cmp(const void *a, const void *b)
{
	return memcmp(a, b, BUS_KEY_SIZE);
}

static bool
zap_allows(const struct bus_zmq *z, const struct zap_request *q)
{
	struct str key = buf_str(&q->frame[6]);

	if (q->count != ZAP_FRAMES ||
	    !str_eq(buf_str(&q->frame[0]), S("1.0")) ||
	    !str_eq(buf_str(&q->frame[2]), str_of(z->domain)) ||
	    !str_eq(buf_str(&q->frame[5]), S("CURVE")) ||
	    key.n != BUS_KEY_SIZE || z->key_count == 0)
		return false;
	return bsearch(key.p, z->keys, z->key_count, BUS_KEY_SIZE, key_cmp) !=
	       NULL;
}

static void
zap_part(struct bus_zmq *z, struct str s, int more)
{
	/* A handshake that has gone away meanwhile needs no answer. */
	(void)zmq_send(z->zap, s.n == 0 ? "" : s.p, s.n,
		       ZMQ_DONTWAIT | (more != 0 ? ZMQ_SNDMORE : 0));
}

static void
zap_answer(struct bus_zmq *z, const struct zap_request *q)
{
	bool good = zap_allows(z, q);
	struct buf user;

	buf_init(&user, USER_HEX);
	if (good)
		buf_hex(&user, (const uint8_t *)q->frame[6].p, BUS_KEY_SIZE);
	else
		z->refused++;
	zap_part(z, S("1.0"), 1);
	zap_part(z, buf_str(&q->frame[1]), 1);
	zap_part(z, good ? S("200") : S("400"), 1);
	zap_part(z, good ? S("OK") : S("unknown key"), 1);
	zap_part(z, buf_str(&user), 1);
	zap_part(z, STR_NONE, 0);
	buf_free(&user);
}

/*
 * Answers the handshakes that wait.  Until the first allow-list comes nobody
 * is known, and a refusal would be final for a client of libzmq: they wait
 * for the list, and when it does not come in time are cut off and try again.
 */
static void
zap_serve(struct bus_zmq *z)
{
	struct zap_request q;
	size_t n = sizeof(int);
	int events;

	if (z->closed) {
		/* Looked at, so that its descriptor is not left ready. */
		(void)zmq_getsockopt(z->zap, ZMQ_EVENTS, &events, &n);
		return;
	}
	for (size_t i = 0; i < ZAP_FRAMES; i++)
		buf_init(&q.frame[i], ZAP_FRAME_MAX);
	for (int i = 0; i < ZAP_BATCH && zap_recv(z, &q) == ERR_OK; i++)
		zap_answer(z, &q);
	for (size_t i = 0; i < ZAP_FRAMES; i++)
		buf_free(&q.frame[i]);
}

/* ---- the port ---- */

static void
parts_close(struct bus_zmq *z)
{
	for (size_t i = 0; i < z->part_count; i++)
		(void)zmq_msg_close(&z->part[i]);
	z->part_count = 0;
}

/*
 * One message, whole: libzmq gives all its frames or none.  Keeps the routing
 * id and the first BUS_FRAMES_MAX frames; user is read from the last frame.
 */
static enum err
message_recv(struct bus_zmq *z, size_t *frames, char user[USER_HEX + 1])
{
	int more = 1;

	parts_close(z);
	user[0] = '\0';
	for (*frames = 0; more != 0; ++*frames) {
		zmq_msg_t m;
		const char *id;

		(void)zmq_msg_init(&m);
		if (zmq_msg_recv(&m, z->router, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&m);
			return ERR_AGAIN;
		}
		more = zmq_msg_more(&m);
		id = more == 0 ? zmq_msg_gets(&m, "User-Id") : NULL;
		if (id != NULL &&
		    str_copy(user, USER_HEX + 1, str_of(id)) != ERR_OK)
			user[0] = '\0';
		if (z->part_count < 1 + BUS_FRAMES_MAX)
			z->part[z->part_count++] = m;
		else
			(void)zmq_msg_close(&m);
	}
	--*frames; /* the routing id is none of the peer's */
	return ERR_OK;
}

static struct str
part_str(struct bus_zmq *z, size_t i)
{
	return (struct str){ zmq_msg_data(&z->part[i]),
			     zmq_msg_size(&z->part[i]) };
}

static enum err
port_recv(void *self, struct bus_message *out)
{
	struct bus_zmq *z = self;
	char user[USER_HEX + 1];
	size_t frames;

	zap_serve(z);
	for (int i = 0; i < DROPS_MAX; i++) {
		struct str id;

		if (message_recv(z, &frames, user) != ERR_OK)
			return ERR_AGAIN;
		id = part_str(z, 0);
		if (frames == 0 || id.n > BUS_ROUTING_MAX ||
		    str_to_bytes(str_of(user), out->user, BUS_KEY_SIZE) !=
			ERR_OK)
			continue; /* nobody's: not even an answer */
		memcpy(out->peer.id, id.p, id.n);
		out->peer.id_len = (uint8_t)id.n;
		out->frame_count = frames;
		for (size_t k = 0; k < frames && k < BUS_FRAMES_MAX; k++)
			out->frame[k] = part_str(z, 1 + k);
		return ERR_OK;
	}
	return ERR_AGAIN;
}

static enum err
port_send(void *self, const struct bus_peer *peer, const struct str *frames,
	  size_t count)
{
	struct bus_zmq *z = self;

	must(count >= 1 && count <= BUS_FRAMES_MAX);
	if (zmq_send(z->router, peer->id, peer->id_len,
		     ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		return errno == EAGAIN ? ERR_AGAIN : ERR_ABSENT;
	for (size_t i = 0; i < count; i++) {
		int flags = i + 1 < count ? ZMQ_SNDMORE : 0;

		/* The id was taken, so there is room for the rest. */
		if (zmq_send(z->router, frames[i].n == 0 ? "" : frames[i].p,
			     frames[i].n, ZMQ_DONTWAIT | flags) < 0)
			return ERR_ABSENT;
	}
	return ERR_OK;
}

static enum err
port_allow(void *self, const uint8_t *keys, size_t count)
{
	struct bus_zmq *z = self;
	uint8_t *copy = NULL;

	if (count > BUS_KEYS_MAX)
		return ERR_LIMIT;
	if (count > 0) {
		copy = malloc(count * BUS_KEY_SIZE);
		if (copy == NULL)
			return ERR_LIMIT;
		memcpy(copy, keys, count * BUS_KEY_SIZE);
		qsort(copy, count, BUS_KEY_SIZE, key_cmp);
	}
	free(z->keys);
	z->keys = copy;
	z->key_count = count;
	z->closed = false;
	zap_serve(z);
	return ERR_OK;
}

static int
port_fd(void *self)
{
	struct bus_zmq *z = self;

	return z->epoll;
}

struct bus
bus_zmq_port(struct bus_zmq *z)
{
	return (struct bus){ port_recv, port_send, port_allow, port_fd, z };
}

const char *
bus_zmq_endpoint(const struct bus_zmq *z)
{
	return z->endpoint;
}

/* ---- the self-test ---- */

enum probe {
	PROBE_WAIT,
	PROBE_REFUSED,
	PROBE_ADMITTED
};

/* What the monitor of the throw-away client says. */
static enum probe
probe_event(void *monitor)
{
	zmq_msg_t m;
	uint16_t event = 0;

	(void)zmq_msg_init(&m);
	if (zmq_msg_recv(&m, monitor, ZMQ_DONTWAIT) < 0) {
		(void)zmq_msg_close(&m);
		return PROBE_WAIT;
	}
	if (zmq_msg_size(&m) >= sizeof(event))
		memcpy(&event, zmq_msg_data(&m), sizeof(event));
	while (zmq_msg_more(&m) != 0)
		if (zmq_msg_recv(&m, monitor, ZMQ_DONTWAIT) < 0)
			break;
	(void)zmq_msg_close(&m);
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
		return PROBE_ADMITTED;
	return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? PROBE_REFUSED
							: PROBE_WAIT;
}

static bool
probe_dial(struct bus_zmq *z, void *dealer, void *monitor,
	   const uint8_t *curve_pub)
{
	int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
		     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
		     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
		     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
	struct keys k;
	int zero = 0;
	bool good;

	seal_keys_generate(&k, 0);
	good =
	    zmq_setsockopt(dealer, ZMQ_LINGER, &zero, sizeof(zero)) == 0 &&
	    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, curve_pub, KEYS_SIZE) ==
		0 &&
	    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, k.curve.pub,
			   KEYS_SIZE) == 0 &&
	    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, k.curve.sec,
			   KEYS_SIZE) == 0 &&
	    zmq_socket_monitor(dealer, "inproc://calarm.probe", events) == 0 &&
	    zmq_connect(monitor, "inproc://calarm.probe") == 0 &&
	    zmq_connect(dealer, z->endpoint) == 0;
	keys_wipe(&k);
	return good;
}

/* Knocks with a key nobody knows and waits for the refusal. */
static enum err
probe(struct bus_zmq *z, const uint8_t *curve_pub, struct diag *d)
{
	void *dealer = zmq_socket(z->ctx, ZMQ_DEALER);
	void *monitor = zmq_socket(z->ctx, ZMQ_PAIR);
	enum probe seen = PROBE_WAIT;

	if (dealer != NULL && monitor != NULL &&
	    probe_dial(z, dealer, monitor, curve_pub))
		for (int ms = 0; seen == PROBE_WAIT && ms < BUS_ZMQ_PROBE_MS;
		     ms += PROBE_TURN_MS) {
			zmq_pollitem_t p = { monitor, 0, ZMQ_POLLIN, 0 };

			zap_serve(z);
			(void)zmq_poll(&p, 1, PROBE_TURN_MS);
			seen = probe_event(monitor);
		}
	if (dealer != NULL) {
		(void)zmq_socket_monitor(dealer, NULL, 0);
		(void)zmq_close(dealer);
	}
	if (monitor != NULL)
		(void)zmq_close(monitor);
	if (seen == PROBE_ADMITTED)
		return diag_set(d, ERR_REFUSED, 0,
				"self-test: an unknown key was admitted");
	if (seen != PROBE_REFUSED)
		return diag_set(d, ERR_NET, 0,
				"self-test: no refusal within %d ms",
				BUS_ZMQ_PROBE_MS);
	return ERR_OK;
}

/* ---- open and close ---- */

static bool
set_int(void *socket, int option, int v)
{
	return zmq_setsockopt(socket, option, &v, sizeof(v)) == 0;
}

static bool
router_options(void *router, const struct bus_zmq_conf *c, const char *domain)
{
	int64_t in_max = BUS_ZMQ_IN_MAX;

	return set_int(router, ZMQ_LINGER, 0) &&
	       set_int(router, ZMQ_CURVE_SERVER, 1) &&
	       zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, c->curve_sec,
			      KEYS_SIZE) == 0 &&
	       (domain[0] == '\0' ||
		zmq_setsockopt(router, ZMQ_ZAP_DOMAIN, domain,
			       strlen(domain)) == 0) &&
	       set_int(router, ZMQ_ZAP_ENFORCE_DOMAIN, 1) &&
	       set_int(router, ZMQ_ROUTER_MANDATORY, 1) &&
	       set_int(router, ZMQ_ROUTER_HANDOVER, 1) &&
	       set_int(router, ZMQ_SNDHWM, BUS_ZMQ_HWM) &&
	       set_int(router, ZMQ_RCVHWM, BUS_ZMQ_HWM) &&
	       set_int(router, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
	       set_int(router, ZMQ_BACKLOG, TCP_BACKLOG) &&
	       set_int(router, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
	       set_int(router, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS) &&
	       zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &in_max,
			      sizeof(in_max)) == 0;
}

/* libzmq's descriptor of a socket, watched by our one. */
static bool
watch(struct bus_zmq *z, void *socket)
{
	struct epoll_event ev = { .events = EPOLLIN };
	size_t n = sizeof(ev.data.fd);

	return zmq_getsockopt(socket, ZMQ_FD, &ev.data.fd, &n) == 0 &&
	       epoll_ctl(z->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev) == 0;
}

/* A predecessor may need a moment more to let go of the port. */
static bool
bind_router(void *router, const char *where)
{
	for (int ms = 0; ms < BIND_MS; ms += BIND_TURN_MS) {
		if (zmq_bind(router, where) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
		(void)zmq_poll(NULL, 0, BIND_TURN_MS);
	}
	return false;
}

/*
 * The proof is made on the socket itself, with all its options, but at an
 * address of the loopback nobody knows: a subscriber that waits for the real
 * one would be refused meanwhile, and after that keep away for good.
 */
static enum err
prove(struct bus_zmq *z, const uint8_t *curve_pub, struct diag *d)
{
	size_t n = sizeof(z->endpoint);
	enum err err;

	if (zmq_bind(z->router, PROBE_ENDPOINT) != 0 ||
	    zmq_getsockopt(z->router, ZMQ_LAST_ENDPOINT, z->endpoint, &n) != 0)
		return diag_set(d, ERR_NET, 0, "self-test: %s: %s",
				PROBE_ENDPOINT, zmq_strerror(errno));
	err = probe(z, curve_pub, d);
	if (zmq_unbind(z->router, z->endpoint) != 0 && err == ERR_OK)
		err = diag_set(d, ERR_NET, 0, "self-test: unbind: %s",
			       zmq_strerror(errno));
	z->endpoint[0] = '\0';
	return err;
}

static enum err
setup(struct bus_zmq *z, const struct bus_zmq_conf *c, struct diag *d)
{
	size_t n = sizeof(z->endpoint);
	char where[BUS_ZMQ_ENDPOINT_SIZE];
	enum err err;

	if (str_copy(where, sizeof(where), c->endpoint) != ERR_OK ||
	    str_copy(z->domain, sizeof(z->domain), c->domain) != ERR_OK)
		return diag_set(d, ERR_CONFIG, 0, "endpoint is too long");
	z->ctx = zctx_get();
	z->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (z->ctx == NULL || z->epoll < 0)
		return diag_set(d, ERR_NET, 0, "no ZeroMQ context");
	z->zap = zmq_socket(z->ctx, ZMQ_REP);
	z->router = zmq_socket(z->ctx, ZMQ_ROUTER);
	if (z->zap == NULL || z->router == NULL ||
	    !set_int(z->zap, ZMQ_LINGER, 0) ||
	    zmq_bind(z->zap, ZAP_ENDPOINT) != 0)
		return diag_set(d, ERR_NET, 0, "ZAP handler: %s",
				zmq_strerror(errno));
	if (!router_options(z->router, c, z->domain))
		return diag_set(d, ERR_NET, 0, "ROUTER: %s",
				zmq_strerror(errno));
	err = prove(z, c->curve_pub, d);
	if (err != ERR_OK)
		return err;
	z->closed = true;
	if (!bind_router(z->router, where))
		return diag_set(d, ERR_CONFIG, 0, "%s: %s", where,
				zmq_strerror(errno));
	if (zmq_getsockopt(z->router, ZMQ_LAST_ENDPOINT, z->endpoint, &n) !=
		0 ||
	    !watch(z, z->zap) || !watch(z, z->router))
		return diag_set(d, ERR_NET, 0, "ROUTER: no descriptor");
	return ERR_OK;
}

enum err
bus_zmq_open(const struct bus_zmq_conf *conf, struct bus_zmq **out,
	     struct diag *d)
{
	struct bus_zmq *z = calloc(1, sizeof(*z));
	enum err err;

	if (z == NULL)
		return ERR_LIMIT;
	z->epoll = -1;
	err = setup(z, conf, d);
	if (err != ERR_OK) {
		bus_zmq_close(z);
		return err;
	}
	log_op(LOG_INFO, "push.bound", "endpoint=%s refused=%llu", z->endpoint,
	       (unsigned long long)z->refused);
	*out = z;
	return ERR_OK;
}

void
bus_zmq_close(struct bus_zmq *z)
{
	if (z == NULL)
		return;
	parts_close(z);
	if (z->router != NULL) {
		(void)zmq_unbind(z->router, z->endpoint);
		/* A last word (going down) may leave; nobody waits longer. */
		(void)set_int(z->router, ZMQ_LINGER, CLOSE_LINGER_MS);
		(void)zmq_close(z->router);
	}
	if (z->zap != NULL) {
		/* Closing takes its time; the address is free at once. */
		(void)zmq_unbind(z->zap, ZAP_ENDPOINT);
		(void)zmq_close(z->zap);
	}
	if (z->epoll >= 0)
		(void)close(z->epoll);
	if (z->ctx != NULL)
		zctx_put();
	free(z->keys);
	free(z);
}
