/*
 * net.h - fetching bytes; a port.  Floor 0.
 *
 * Production is libcurl's multi interface (feeds/net_curl.c), simulation
 * scripted bodies (tests).  A transfer calls back nothing: step reports what
 * happened, in order, as events.
 */
#ifndef NET_H
#define NET_H

#include "clock.h"

#define NET_TRANSFERS_MAX 64u
#define NET_HEADER_MAX 65536u
#define NET_REDIRECTS_MAX 3
#define NET_CHUNK_MAX 65536u

struct net_request {
	uint64_t id; /* the caller's; unique among running transfers */
	struct str url;
	struct str etag;	  /* sent as If-None-Match when not empty */
	struct str last_modified; /* sent as If-Modified-Since */
	struct str user_agent;
	const struct str *headers; /* "Name: value"; dies with the call */
	size_t header_count;
	struct str user; /* Basic authentication; empty: none */
	struct str password;
	struct str secret; /* one more header; a redirect is not followed */
	struct str proxy;  /* http://HOST:PORT, or empty */
	struct str ca_pem; /* extra trust anchors, PEM; empty: the system's */
	int64_t timeout_ms;
	int64_t wire_max;
	int64_t decoded_max;
	int allow_private;
	int stream; /* it never ends: no limit of time, size or speed */
};

enum net_event_type {
	NET_HEAD, /* status and validators are known; no body yet */
	NET_BYTES,
	NET_DONE,   /* the body is whole */
	NET_FAILED, /* detail says why; nothing of it may be used */
};

struct net_event {
	enum net_event_type type;
	uint64_t id;
	int status; /* HTTP status; 0 before NET_HEAD */
	struct str bytes; /* NET_BYTES; dies at the next call */
	struct str etag;
	struct str last_modified;
	int64_t retry_ms; /* NET_HEAD: Retry-After from now; TIME_NONE: none */
	char detail[DIAG_WHY_SIZE];
};

/* Two real implementations: net_curl and net_sim. */
struct net {
	NODISCARD enum err (*start)(void *self, const struct net_request *r,
				    struct instant now);
	void (*cancel)(void *self, uint64_t id);
	/* While held it tells nothing, and its server is not read. */
	void (*hold)(void *self, uint64_t id, bool held);
	/* The next event, or ERR_AGAIN; performs what can be done now. */
	NODISCARD enum err (*next)(void *self, struct instant now,
				   struct net_event *out);
	/* Descriptors to wake on; *wait_ms lowered to the port's own timer. */
	size_t (*fds)(void *self, int *fds, size_t max, int64_t *wait_ms);
	void *self;
};

#endif
