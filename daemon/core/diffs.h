/*
 * diffs.h - the diff state files core keeps for parse.  Floor 4.
 *
 * One immutable file per feed and generation, STATE/diff/<feed>.<gen> (or
 * diff-EPOCH: store_diff_dir); the
 * store says which generation stands.  parse gets the standing one to read
 * and a fresh one to write; a document that is accepted makes the fresh one
 * stand, anything else forgets it.  In memory (":memory:") the files are
 * memory files.
 */
#ifndef DIFFS_H
#define DIFFS_H

#include "feed.h"

struct diff_kept {
	int fd; /* in memory: the standing state; -1 none */
};

struct diffs {
	int dir; /* -1 in memory */
	struct diff_kept kept[FEED_MAX];
};

/* dir_path NULL: in memory. */
NODISCARD enum err diffs_open(struct diffs *d, const char *dir_path);
void diffs_close(struct diffs *d);
/* What stands of feed number i, the caller's; -1 when there is nothing. */
int diffs_standing(const struct diffs *d, size_t i, struct str feed,
		   int64_t gen);
/*
 * Descriptors for one document of feed number i, the caller's: *old may be
 * -1 (first time, or it is lost, and everything counts as new once more).
 * gen is what the store says stands.
 */
NODISCARD enum err diffs_pair(struct diffs *d, size_t i, struct str feed,
			      int64_t gen, int *old, int *fresh);
/*
 * Makes the fresh file stand as generation gen + 1, durable before the store
 * commits that number; fresh stays the caller's.
 */
NODISCARD enum err diffs_stand(struct diffs *d, size_t i, struct str feed,
			       int64_t gen, int fresh);
/* After the commit: the older generation is no longer needed. */
void diffs_forget(struct diffs *d, struct str feed, int64_t gen);

#endif
