/*
 * feed_room.h - fetch and parse joined as in the daemon, the test in core's
 * and super's place.
 */
#ifndef FEED_ROOM_H
#define FEED_ROOM_H

#include "fetch.h"
#include "net_sim.h"
#include "parse.h"

struct feed_room {
	struct bundle bundle;
	struct clock_sim sim;
	struct clock clock;
	struct net_sim *net;
	struct role fetch;
	struct role parse;
	struct link *core_fetch;  /* core's ends */
	struct link *core_parse;
	struct link *super_fetch;
	uint64_t doc; /* the last one given out */
	int old_fd;
	int new_fd; /* of the document at hand */
	struct buf etag, last_modified, body_hash; /* what core keeps */
	struct buf cursor, bad_hash;
	uint8_t flags; /* go_flags of every answer */
	/* what happened */
	struct buf notices; /* a line each; thrown away by a refusal */
	unsigned given; /* documents let go */
	unsigned asks, begins, ends, polls, dones, hashes, failed, accepted;
	struct buf weighed; /* the last MSG_POLL_HASH */
	int64_t next_ms;    /* the last MSG_FEED_NEXT */
	int64_t retry_ms;   /* of the last MSG_POLL */
	uint8_t verdict; /* doc_verdict */
	uint8_t poll; /* poll_verdict */
	uint32_t http;
	uint32_t records, changed, notice_count, rejects;
	char guard[64];
	char detail[256];
	bool let_go; /* answer asks; default true */
	bool first;
};

/* yaml and jq are the one feed "t". */
void feed_room_init(struct feed_room *r, const char *yaml, const char *jq,
		    int once);
void feed_room_free(struct feed_room *r);
/* ms of simulated time, ten a turn. */
void feed_room_run(struct feed_room *r, int64_t ms);

#endif
