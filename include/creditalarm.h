/*
 * creditalarm.h - libcreditalarm: receive alerts of a credit alarm.
 *
 * Public; needs nothing else of the project.  One handle is one session on
 * one stream: it connects, verifies and opens alerts, keeps the heartbeat,
 * reconnects, and asks again for what was lost.  What you are given is
 * authentic and complete; what you acknowledged is not given again to this
 * consumer, what you did not may be (see redelivered).
 *
 *	struct calarm_conf conf = { .server = "tcp://alarm:9631",
 *				    .server_key = "casrv1....",
 *				    .key_file = "gateway.key" };
 *	if (calarm_open(&conf, &h, why) != CALARM_OK) ...
 *	while ((r = calarm_next(h, 1000, &a)) >= 0)
 *		if (r == CALARM_ALERT && store(a.event, a.event_len))
 *			calarm_ack(h, a.seq);
 *	calarm_close(&h);
 *
 * A handle belongs to one thread at a time; different handles are
 * independent.  The library keeps no other state, logs nothing and starts no
 * thread but ZeroMQ's.  Call calarm_next at least once a heartbeat (5 s), or
 * the session ends and is opened anew.
 */
#ifndef CREDITALARM_H
#define CREDITALARM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CALARM_WHY_SIZE 256
#define CALARM_CURSOR UINT64_MAX /* go on where this consumer stopped */
#define CALARM_STATES_MAX 64	 /* unconfirmed calarm_state at one time */

enum calarm_result {
	CALARM_OK = 0,
	CALARM_TIMEOUT = 1,    /* nothing came in that time */
	CALARM_ALERT = 2,
	CALARM_UNVERIFIED = 3, /* seal or signature wrong: not given */
	CALARM_REFUSED = -1,   /* the server ended it for good: calarm_why */
	CALARM_USAGE = -2,     /* an argument is wrong */
	CALARM_KEY = -3,       /* the key file is missing, open or damaged */
	CALARM_FULL = -4,      /* too many at one time, or no memory */
};

struct calarm; /* opaque */

struct calarm_conf {
	const char *server;	/* tcp://host:port */
	const char *server_key; /* casrv1 line */
	const char *key_file;	/* of mode 0600 */
	const char *stream;	/* NULL: your own */
	const char *consumer;	/* NULL: "" */
	const char *filter;	/* NULL: everything */
	uint64_t after_seq;	/* 0: from the beginning; CALARM_CURSOR */
	uint32_t credit;	/* alerts on their way at one time; 0: 100 */
};

struct calarm_alert {
	const char *stream;
	uint64_t epoch;
	uint64_t seq;
	int type;     /* 1 first revision 2 later 3 retraction 4 drill */
	int severity; /* 1 INFO 2 MEDIUM 3 HIGH 4 CRITICAL */
	int redelivered;
	int snapshot;
	uint64_t time_us; /* microseconds since 1970 UTC */
	const char *event; /* CloudEvents JSON, UTF-8, not NUL-terminated */
	size_t event_len;
};

/* why may be NULL.  Connecting goes on inside calarm_next. */
enum calarm_result calarm_open(const struct calarm_conf *conf,
			       struct calarm **out,
			       char why[CALARM_WHY_SIZE]);
/* Says good-bye, waits at most a second for what is on its way; nulls. */
void calarm_close(struct calarm **h);

/*
 * The next alert, waiting at most timeout_ms (0: not at all).  Pointers in
 * *out die at the next call.  Negative: use calarm_close.
 */
enum calarm_result calarm_next(struct calarm *h, int timeout_ms,
			       struct calarm_alert *out);
/* Becomes readable when calarm_next(h, 0, ...) is worth calling; call it
 * once a second besides. */
int calarm_fd(const struct calarm *h);

/* All up to seq is safely yours. */
enum calarm_result calarm_ack(struct calarm *h, uint64_t seq);
/* Not now: send it again after retry_ms (three times at most). */
enum calarm_result calarm_nack(struct calarm *h, uint64_t seq,
			       uint32_t retry_ms);

/* What became of an alert; docs/WIRE.md section 5. */
enum calarm_state_word {
	CALARM_GW_RECEIVED = 1,
	CALARM_CHANNEL_SENT = 2,
	CALARM_DELIVERED = 3,
	CALARM_READ = 4,
	CALARM_ACKED = 5,
	CALARM_ACTED = 6,
	CALARM_SNOOZED = 7,
	CALARM_FAILED = 8,
};
/* Sent, and sent again until confirmed, or let go because the server never
 * will take it (calarm_code 4003 or 4006).  actor and code may be NULL. */
enum calarm_result calarm_state(struct calarm *h, uint64_t seq,
				enum calarm_state_word state, uint64_t at_us,
				const char *actor, const char *code);
/* How many are not confirmed yet; 0: all are stored durably. */
size_t calarm_states_open(const struct calarm *h);

/* 1 while a session stands, 0 while connecting. */
int calarm_connected(const struct calarm *h);
/* The last error in words; "" when there was none. */
const char *calarm_why(const struct calarm *h);
/* The code of the server's last ERROR, or 0. */
unsigned calarm_code(const struct calarm *h);

#ifdef __cplusplus
}
#endif

#endif
