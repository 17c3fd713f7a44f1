/*
 * split.h - a document becomes records, whatever the slicing.  Floor 2.
 *
 * Bytes are pushed as they come; each record is handed to the sink as JSON
 * text, once, in document order.  The sink gets slices that die when it
 * returns.  A document that is not what it should be (not well-formed, the
 * wrong root, too deep, a DOCTYPE) fails as a whole: push or end returns an
 * error of class REJECT and split_guard names the guard.  A single record
 * beyond a limit is handed to reject and the rest goes on.
 *
 * Containers differ behind this door only; docs/FEEDS.md has their rules.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include "buf.h"
#include "feed.h"

#define SPLIT_RECORD_MAX (1u << 20) /* bytes of one record as JSON */
#define SPLIT_PATH_MAX 16u	    /* steps of a record path */
#define SPLIT_TAG_MAX 65536u	    /* bytes of one XML tag */
#define SPLIT_ATTRIBUTES_MAX 128u   /* in one tag */
#define SPLIT_DEPTH_MAX 64u
#define SPLIT_DICT_MAX 16384 /* different names in one document */
#define SPLIT_NAMES_MAX 256u /* different child names of one element */

struct split_sink {
	void *self;
	/* Anything but ERR_OK ends the document with that error. */
	enum err (*record)(void *self, unsigned line, struct str json);
	void (*reject)(void *self, unsigned line, const char *why);
};

struct split;

/* f and sink must outlive it.  part: which of the feed's files. */
NODISCARD enum err split_new(const struct feed *f, unsigned part,
			     const struct split_sink *sink,
			     struct split **out, struct diag *d);
NODISCARD enum err split_push(struct split *s, struct str bytes,
			      struct diag *d);
/* The document is whole: what is unfinished now is an error. */
NODISCARD enum err split_end(struct split *s, struct diag *d);
/* Which guard failed: "root", "header", "format" or "limit". */
const char *split_guard(const struct split *s);
void split_free(struct split *s);

/* The record path names something this container has; the reason in d. */
NODISCARD enum err split_path_check(enum feed_container c, struct str path,
				    struct diag *d);

#endif
