/*
 * serve_priv.h - what the files of serve share.  Floor 2.
 */
#ifndef SERVE_PRIV_H
#define SERVE_PRIV_H

#include "bus.h"
#include "seal.h"
#include "serve.h"

/* What is remembered of one stream between commits. */
struct serve_stream {
	char name[WIRE_STREAM_MAX + 1];
	uint64_t oldest;
	uint64_t head;	  /* all up to it are signed, in the store */
	uint64_t pending; /* head, once it is committed */
	uint64_t asked;	  /* signatures asked for up to here */
	uint64_t start;	  /* head when the link began, or trouble ended */
	struct serve_stream *touched; /* next one changed since the last tell */
	int is_touched;
};

struct serve_key {
	uint8_t curve[KEYS_SIZE];
	uint8_t seal[KEYS_SIZE];
	char stream[WIRE_STREAM_MAX + 1];
	int64_t expires_ms; /* TIME_NONE: never */
};

struct serve {
	struct store *store;	 /* borrowed */
	const struct conf *conf; /* borrowed */
	serve_state_fn on_state;
	void *ctx;
	uint64_t epoch;
	struct arena arena; /* until the end of the call */
	struct serve_stream **stream; /* owned, ascending by name */
	size_t stream_count;
	size_t stream_size;
	struct serve_stream *touched;
	struct serve_key *key; /* owned, ascending by curve */
	size_t key_count;
	struct clock_steady steady; /* what keys expire by */
	struct buf out;	 /* u8 type, blob: answers */
	size_t out_kept; /* bytes of out whose transaction is committed */
	struct buf reads; /* blob: bodies of MSG_PUSH_READ */
	uint32_t sessions;
	uint64_t nacks;	    /* heard of and not in the store for sure */
	uint64_t nacks_put; /* of these, in the transaction at hand */
	int look;	  /* there may be unsigned entries */
	size_t unsigned_count; /* that the last look found */
	int again;	       /* say MSG_PUSH_AGAIN */
	int keys_due;	       /* say MSG_PUSH_KEYS */
	int hello_due;	       /* the link is new: say every head */
};

/* The stream's row, read from the store at its first use. */
NODISCARD enum err serve_stream(struct serve *s, struct str name,
				struct serve_stream **out);
void serve_touch(struct serve *s, struct serve_stream *st);
/* NULL when that key is nobody's, revoked or expired. */
const struct serve_key *serve_key(struct serve *s, struct str curve,
				  struct instant now);
/* Reads the subscribers and queues MSG_PUSH_KEYS. */
NODISCARD enum err serve_keys_load(struct serve *s);
/* Appends an answer. */
NODISCARD enum err serve_say(struct serve *s, enum push_msg type,
			     struct str body);
/* Answers one MSG_PUSH_READ. */
NODISCARD enum err serve_read(struct serve *s, struct str body,
			      struct link *publish);

#endif
