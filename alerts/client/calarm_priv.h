/*
 * calarm_priv.h - what the files of libcreditalarm share.  Floor 2.
 */
#ifndef CALARM_PRIV_H
#define CALARM_PRIV_H

#include "clock.h"
#include "creditalarm.h"
#include "dealer.h"
#include "seal.h"

#define CALARM_NACKS_MAX 64u
#define CALARM_NACK_TRIES 3u /* repeats; the next NACK parks the number */

/* A number we refused: asked for again, or come again. */
struct calarm_nacked {
	uint64_t seq;
	unsigned tries;
	int waits; /* for the repeat */
};

struct calarm_told {
	uint64_t seq;
	uint64_t at_us;
	uint8_t state;
	char actor[WIRE_ACTOR_MAX + 1];
	char code[WIRE_CODE_MAX + 1];
	int64_t sent_ms; /* INT64_MIN: not yet */
};

struct calarm {
	struct clock_os os;
	struct clock clock;
	int epoll; /* owned: what calarm_fd gives */
	struct keys keys;
	struct seal_reader reader;
	char endpoint[256];
	char want_stream[WIRE_STREAM_MAX + 1];
	char consumer[WIRE_CONSUMER_MAX + 1];
	char filter[WIRE_FILTER_MAX + 1];
	uint64_t after; /* of the first HELLO */
	uint32_t window;
	struct dealer *dealer; /* owned; NULL while waiting to dial */
	int64_t dial_ms;       /* when to dial again */
	int64_t backoff_ms;
	int64_t hello_ms; /* when HELLO left; INT64_MAX: not yet */
	int64_t heard_ms;
	int64_t said_ms;
	int64_t hb_ms;
	int welcomed;
	char stream[WIRE_STREAM_MAX + 1];
	uint64_t epoch;
	uint64_t last; /* the last number got, when has_last */
	int has_last;
	uint64_t acked;
	uint64_t hole; /* the number that was missing last; or 0 */
	uint32_t owed; /* credit used up and not given again */
	unsigned ahead; /* BEATs beyond last with nothing between */
	int snapshot;	/* inside one */
	int wants_snap; /* GONE came: SNAP as soon as it can be sent */
	int64_t snap_ms; /* when something of it came last */
	uint64_t snap_given; /* last entry of the snapshot given */
	uint64_t snap_acked;
	uint64_t as_of; /* of the snapshot that ended and is not acked */
	struct calarm_nacked nack[CALARM_NACKS_MAX];
	size_t nack_count;
	struct calarm_told told[CALARM_STATES_MAX];
	size_t told_count;
	struct buf clear; /* of the alert given last */
	unsigned code;
	int refused;
	char why[CALARM_WHY_SIZE];
};

/* ---- calarm_link.c: socket, HELLO, heartbeat ---- */

/* Dials, says HELLO, keeps the heartbeat; returns ms until it is needed. */
int64_t calarm_tend(struct calarm *h, int64_t now_ms);
/* HELLO anew on the same socket, from the last number on. */
void calarm_hello(struct calarm *h);
/* A new socket, later. */
void calarm_redial(struct calarm *h, int64_t now_ms);
/* False when it cannot be sent now. */
bool calarm_send(struct calarm *h, const struct wire_frame *f,
		 int64_t now_ms);
int64_t calarm_now(const struct calarm *h);
/* Credit used up is given again, with cum_seq 0 or more. */
bool calarm_grant(struct calarm *h, uint64_t cum_seq, int64_t now_ms);

#endif
