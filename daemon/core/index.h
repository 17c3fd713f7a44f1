/*
 * index.h - the watch index as core keeps it: one file, built aside, swapped
 * in whole.  Floor 4.
 *
 * STATE/names.idx is the last good segment (alerts/match/mseg.h); it is mapped
 * at start and never changed.  When enough of the book is not in it, core
 * writes a snapshot of the names a few thousand rows a turn, hands that and an
 * unnamed file to the index role (through super), and goes on serving with
 * old segment and delta.  What comes back is mapped, and only when it proved
 * good linked into its place: a crash anywhere leaves the old file.  With all
 * roles on one thread the same build runs in the turn.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>

#include "decide.h"
#include "role.h"

#define INDEX_FILE "names.idx"
#define INDEX_FRESH "names.new"
#define INDEX_ROWS_A_TURN 4000u
#define INDEX_RETRY_MS 1000 /* after a build failed; doubles */
#define INDEX_RETRY_MAX_MS 300000

struct core;

enum index_phase { INDEX_IDLE, INDEX_COPYING, INDEX_BUILDING };

struct index {
	struct mwatch *watch; /* owned */
	int dir;	      /* -1 in memory */
	enum index_phase phase;
	int snapshot; /* -1 but while copying */
	int fresh;    /* -1 but while copying or building */
	int64_t rid;  /* last row copied */
	uint64_t epoch;
	int64_t version;
	int64_t began_ms; /* mono */
	int64_t retry_ms; /* mono; not before this */
	int64_t backoff_ms;
	struct names_scan scan;
	uint64_t built;
	uint64_t failed;
	int64_t segment_ms; /* wall; when it was built; TIME_NONE: none */
	int64_t build_ms;   /* the last one took; -1: none yet */
	bool last_failed;
};

/* What operators see of it. */
struct index_tale {
	struct mwatch_counts names;
	bool whole;
	int64_t age_ms; /* of the segment; -1: there is none */
	const char *last; /* ok failed none: the last build */
};
struct index_tale index_tell(const struct core *c, struct instant now);

/* dir_path NULL: in memory.  A segment that is missing or refused is said in
 * the log and built anew. */
NODISCARD enum err index_open(struct core *c, const char *dir_path);
void index_close(struct core *c);
/* Follows the book, builds, tries names; true when there is more to do. */
bool index_step(struct core *c, struct instant now);
/* Every fact was tried on the book of today, or the index cannot be built. */
bool index_idle(struct core *c);
/* The index role is gone: MSG_INDEX_END. */
void index_ended(struct core *c, const struct msg *m, struct instant now);

#endif
