/*
 * publish_priv.h - what the files of publish share.  Floor 2.
 */
#ifndef PUBLISH_PRIV_H
#define PUBLISH_PRIV_H

#include "bus_zmq.h"
#include "conf.h"
#include "publish.h"
#include "seal.h"
#include "serve.h"

#define PUBLISH_BUCKETS 4096u

enum session_state {
	SESSION_OPENING, /* core was asked */
	SESSION_LIVE,
	SESSION_GONE, /* nothing until SNAP or HELLO */
	SESSION_SNAP,
};

/* An entry that the subscriber refused for now. */
struct nack {
	uint64_t seq;
	int64_t due_ms; /* INT64_MAX: parked, or on its way */
	unsigned tries;
};

struct session {
	struct session *all_next, *all_prev;
	struct session *peer_next; /* of one bucket */
	struct session *sid_next;
	uint64_t sid;
	struct bus_peer peer;
	uint8_t user[KEYS_SIZE];
	enum session_state state;
	char stream[WIRE_STREAM_MAX + 1]; /* empty while opening: own */
	char consumer[WIRE_CONSUMER_MAX + 1];
	struct buf filter_text; /* owned; filter borrows from it */
	struct wire_filter filter;
	struct buf early; /* blobs: frames that came before WELCOME */
	uint64_t hello_epoch;
	uint64_t hello_after;
	int asked; /* MSG_PUSH_OPEN is on its way */
	uint64_t epoch;
	uint64_t oldest;
	uint64_t head;
	uint64_t base; /* after_seq, resolved */
	uint64_t next; /* the first number not yet sent or skipped */
	uint64_t old;  /* up to here the consumer may have had it */
	uint64_t acked;
	uint32_t credit;
	uint64_t tag;  /* of the READ on its way */
	int reading;
	uint64_t read_nack; /* that READ is for this refused entry; or 0 */
	uint64_t as_of;	    /* of the snapshot */
	uint64_t snap_next;
	int snap_waits; /* for credit */
	int64_t heard_ms;
	int64_t beat_ms;   /* when the next is due */
	int64_t retry_ms;  /* the peer's queue was full */
	int64_t cursor_ms; /* INT64_MAX: nothing to store */
	int told_degraded;
	unsigned states; /* STATEs core has not answered */
	struct nack nack[PUBLISH_NACKS_MAX];
	size_t nack_count;
};

/* A subscriber's key. */
struct pubkey {
	uint8_t curve[KEYS_SIZE];
	uint8_t seal[KEYS_SIZE];
	char stream[WIRE_STREAM_MAX + 1];
	int64_t expires_ms;
	uint64_t sent; /* largest seq any session of the key was sent */
	struct seal_shared shared;
	uint32_t seal_keyid;
	int shared_state; /* 0 not made yet, 1 good, -1 the key is no point */
};

struct publish {
	struct role *role;
	struct bus bus;
	struct bus_zmq *zmq; /* owned; NULL with a given port */
	struct arena arena;
	struct conf conf;
	struct keys keys;
	uint16_t sign_keyid;
	int64_t hb_ms;
	struct session *first;
	size_t session_count;
	uint32_t begun;	 /* sessions that were welcomed and live */
	uint32_t told;	 /* begun, as core was told; UINT32_MAX: not yet */
	uint32_t nacks;	 /* core was not told of */
	int64_t tally_ms; /* mono; core is not told again before */
	struct session *by_peer[PUBLISH_BUCKETS];
	struct session *by_sid[PUBLISH_BUCKETS];
	uint64_t sid;
	struct pubkey *key; /* owned, ascending */
	size_t key_count;
	struct pubkey *staged; /* owned: KEYS not yet whole */
	size_t staged_count;
	struct clock_steady steady; /* what keys expire by */
	int64_t expiry_ms; /* its time of the next expiry */
	int64_t expired_ms; /* of the last key that is off the allow-list */
	int64_t timer_ms;  /* when the next session has something due */
};

/* ---- publish.c: the table of sessions ---- */

struct session *session_of(struct publish *p, const struct bus_peer *peer);
struct session *session_by_sid(struct publish *p, uint64_t sid);
/* NULL when there are too many. */
struct session *session_new(struct publish *p, const struct bus_message *m);
/* Stores the cursor and forgets the session; s is dead. */
void session_end(struct publish *p, struct session *s);
struct pubkey *pubkey_of(struct publish *p, const uint8_t *curve,
			 struct instant now);
/* Something of a session is due at that time. */
void publish_due(struct publish *p, int64_t mono_ms);
struct link *publish_core(struct publish *p);

/* ---- publish_hear.c: frames of subscribers ---- */

void publish_hear(struct publish *p, const struct bus_message *m,
		  struct instant now);
/* The session has begun: what came early is heard now. */
void publish_hear_early(struct publish *p, uint64_t sid, struct instant now);

/* ---- publish_core.c: messages of core, questions to it ---- */

NODISCARD enum err publish_told(struct publish *p, const struct msg *m,
				struct instant now);
void publish_ask_open(struct publish *p, struct session *s);
bool publish_ask_read(struct publish *p, struct session *s, uint64_t from,
		      uint64_t upto, uint32_t max);
void publish_store_cursor(struct publish *p, struct session *s);
bool publish_ask_state(struct publish *p, const struct session *s,
		       const struct wire_state_frame *f);
/* How many sessions there are and entries were refused, if that is news. */
void publish_tally(struct publish *p, struct instant now);
/* Whatever is unanswered is asked again. */
void publish_ask_again(struct publish *p);

/* ---- publish_send.c: frames to subscribers ---- */

enum err publish_frame(struct publish *p, const struct bus_peer *peer,
		       const struct wire_frame *f);
/* An ERROR that answers no frame, or one that could not be read. */
void publish_error(struct publish *p, const struct bus_peer *peer,
		   uint16_t code);
/* An ERROR that says which frame it answers: its letter, and for ACK, NACK
 * and STATE its number and state; docs/WIRE.md. */
struct about {
	enum wire_letter letter; /* WIRE_ERROR: of no frame */
	uint64_t seq;
	uint8_t state;
};
void publish_error_about(struct publish *p, const struct bus_peer *peer,
			 uint16_t code, struct about about);
void publish_welcome(struct publish *p, struct session *s);
void publish_beat(struct publish *p, struct session *s, struct instant now);
void publish_snap(struct publish *p, struct session *s, struct instant now);
/* Asks core for what the session may be sent next; nothing when there is
 * nothing, no credit, or a question is open. */
void publish_pump(struct publish *p, struct session *s, struct instant now);
/* MSG_PUSH_ENTRIES for the session, from after its tag on. */
NODISCARD enum err publish_entries(struct publish *p, struct session *s,
				   struct rd *r, struct instant now);

#endif
