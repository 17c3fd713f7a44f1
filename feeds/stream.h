/*
 * stream.h - bytes of a response that never ends become slices of whole
 * lines.  Floor 2 (feeds).
 *
 * Bytes are pushed as they come; what is handed on always ends behind a line,
 * so every slice is a document of its own.  Blank lines are heartbeats: they
 * are counted and not kept.  A line longer than a record can be is cut off
 * (the splitter rejects it, once) and its rest is dropped.
 *
 * No clock, no network, no JSON: fetch owns the connection and the time.
 * Hostile input is an error of class REJECT with the reason in d; the
 * connection is then of no use.
 */
#ifndef STREAM_H
#define STREAM_H

#include "buf.h"
#include "clock.h"

/* A line of more bytes is cut off; beyond what a record may have. */
#define STREAM_LINE_MAX ((1u << 20) + 4096u)
#define STREAM_SKIP_MAX (64u << 20)   /* bytes of a line, then it is endless */
#define STREAM_AHEAD_MAX (1u << 20)   /* whole lines that wait to be taken */
#define STREAM_SLICE_BYTES 262144u    /* of one document, unless a line is */
#define STREAM_SLICE_LINES 1000u
#define STREAM_BLANK_MAX 65536u	      /* bytes of heartbeats in... */
#define STREAM_BLANK_MS 10000

struct stream {
	struct buf bytes;  /* owned; whole lines, then a begun one */
	size_t whole;	   /* bytes of whole lines */
	unsigned lines;	   /* whole ones */
	bool skip;	   /* of a line too long: to its end */
	bool begun;	   /* the connection's first object began */
	size_t skipped;	   /* bytes of that line */
	size_t blank;	   /* bytes of heartbeats since blank_ms */
	int64_t blank_ms;  /* mono */
	int64_t heard_ms;  /* mono; the last byte */
};

void stream_init(struct stream *s, struct instant now);
void stream_free(struct stream *s);
/* A new connection: begun lines are forgotten, and so are whole ones. */
void stream_restart(struct stream *s, struct instant now);
NODISCARD enum err stream_push(struct stream *s, struct str bytes,
			       struct instant now, struct diag *d);
/* More is not wanted now. */
bool stream_full(const struct stream *s);
/*
 * At most max whole lines, STREAM_SLICE_BYTES or one line; they stay until
 * stream_taken.
 */
struct str stream_slice(const struct stream *s, unsigned max,
			unsigned *lines);
void stream_taken(struct stream *s, struct str slice, unsigned lines);

#endif
