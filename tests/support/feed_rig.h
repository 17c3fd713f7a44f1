/*
 * feed_rig.h - a document through feeds/ in one call, for tests.
 */
#ifndef FEED_RIG_H
#define FEED_RIG_H

#include "doc.h"
#include "tables.h"

struct feed_rig {
	struct bundle bundle;
	struct tables tables;
	struct buf errors;
	/* of the last document */
	struct buf notices; /* a line each */
	struct buf rejects; /* "LINE: record RECORD: reason\n" */
	struct doc_result result;
	int64_t now_ms;
	int old_fd;
	int new_fd;
	int first;
};

/* An empty rig; add files, then feed_rig_load. */
void feed_rig_init(struct feed_rig *r);
void feed_rig_free(struct feed_rig *r);
void feed_rig_add(struct feed_rig *r, const char *name, struct str text);
/* Files of the project's own etc/, by the names they have there. */
void feed_rig_etc(struct feed_rig *r, const char *const *names);
enum err feed_rig_load(struct feed_rig *r);
/* slice 0: all bytes at once. */
void feed_rig_parse(struct feed_rig *r, const char *feed, struct str bytes,
		    size_t slice);
/* One document of several files. */
void feed_rig_parts(struct feed_rig *r, const char *feed,
		    const struct str *file, size_t count, size_t slice);
/* A file's bytes; false when it is not there. */
bool feed_rig_file(struct buf *b, const char *path);

#endif
