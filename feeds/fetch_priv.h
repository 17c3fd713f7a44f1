/*
 * fetch_priv.h - what the files of the fetch role share.  Floor 2, private
 * to feeds/fetch*.c.
 *
 * A poll is one transfer.  Of an ordinary feed it is one document; of a
 * stream (fetch_stream.c) it lives as long as the connection and gives a
 * document for every slice.
 */
#ifndef FETCH_PRIV_H
#define FETCH_PRIV_H

#include "fetch.h"
#include "schedule.h"
#include "stream.h"
#include "tables.h"

#define FETCH_POLLS_MAX (FETCH_PARALLEL_MAX + FETCH_STREAMS_MAX)
#define FETCH_HASH_SIZE 64u /* a body hash as hex */

struct XXH3_state_s;

struct poll {
	uint64_t conn; /* the transfer; 0: this place is free */
	uint64_t doc;  /* 0: none is open (a stream between two slices) */
	size_t feed;
	size_t url; /* the one being fetched */
	int http;
	bool conditional; /* it may say 304 */
	bool weigh;	  /* GO_CAREFUL: hash it, parse gets nothing yet */
	int64_t bytes;
	int64_t retry_ms; /* what the server asked for, TIME_NONE */
	struct XXH3_state_s *hash; /* owned */
	struct buf etag;
	struct buf last_modified;
	struct buf old_hash; /* of the last body that was used */
	struct buf old_etag;
	struct buf old_last_modified;
	struct buf bad_hash; /* parse died on it */
	/* of a stream */
	bool stream;
	bool open;    /* the server said 200 */
	bool over;    /* the connection ended; what it brought is still here */
	bool failed;  /* not in an orderly way: why */
	bool held;    /* net was told to hold it */
	bool asked;   /* core, for a document; no answer yet */
	uint8_t flags; /* go_flags of the document at hand */
	unsigned slices;
	int64_t open_ms;  /* mono */
	int64_t asked_ms; /* mono */
	int64_t slice_ms; /* mono; no document before */
	int64_t beat_ms;  /* mono; core last heard that it lives */
	char why[DIAG_WHY_SIZE];
	struct stream lines; /* owned */
};

struct fetch {
	struct role *role;
	struct tables tables;
	struct arena arena;
	struct schedule *schedule;
	struct net net;
	bool net_owned;
	struct poll poll[FETCH_POLLS_MAX];
	int64_t record_ms[FEED_MAX]; /* mono; a stream's last record */
	bool done_told;
	bool parse_new; /* it knows none of our documents */
	struct buf frame;
};

struct verdict {
	enum poll_verdict verdict;
	int http;
	int64_t bytes;
	struct str etag;
	struct str last_modified;
	struct str body_hash;
	const char *detail;
	int64_t retry_ms; /* the server wants peace for so long; or 0 */
};

/* What core says when it lets a feed go: MSG_POLL_GO. */
struct go {
	struct str name;
	uint64_t doc;
	struct str etag;
	struct str last_modified;
	struct str hash;
	struct str cursor;
	uint8_t flags;
	struct str bad_hash;
};

/* ---- fetch.c ---- */

const struct feed *fetch_feed(const struct fetch *f, size_t i);
/* The link when it is up, or NULL. */
struct link *fetch_link(const struct fetch *f, enum peer peer);
bool fetch_ask(struct fetch *f, size_t feed);
/* Bytes of the document at hand; false when parse does not listen. */
bool fetch_bytes(struct fetch *f, struct poll *p, struct str bytes);
void fetch_hash(struct str bytes, char out[FETCH_HASH_SIZE]);
void fetch_tell_hash(struct fetch *f, const struct poll *p, struct str hash);
void fetch_tell_parse(struct fetch *f, uint64_t doc, bool whole);
void fetch_tell_core(struct fetch *f, size_t feed, uint64_t doc,
		     const struct verdict *v);
/* Ends a poll that gave no document; frees its place. */
void fetch_end(struct fetch *f, struct poll *p, const struct verdict *v,
	       struct instant now);
void fetch_fail(struct fetch *f, struct poll *p, const char *why,
		struct instant now);

/* ---- fetch_way.c ---- */

NODISCARD enum err fetch_start(struct fetch *f, struct poll *p, struct str url,
			       struct instant now);

/* ---- fetch_stream.c ---- */

/* core let a stream begin: connects from the cursor. */
NODISCARD enum err stream_connect(struct fetch *f, struct poll *p,
				  struct str cursor, struct instant now);
/* The server said 200. */
void stream_open(struct fetch *f, struct poll *p, struct instant now);
void stream_bytes(struct fetch *f, struct poll *p, struct str bytes,
		  struct instant now);
/* The connection ended; why NULL: the server closed it in order. */
void stream_over(struct fetch *f, struct poll *p, const char *why,
		 struct instant now);
/* core opened a document for what the stream has. */
void stream_doc(struct fetch *f, struct poll *p, const struct go *g,
		struct instant now);
/* What is due by itself: asking, beats, silence. */
void streams_step(struct fetch *f, struct instant now, int64_t *wait_ms);

#endif
