/*
 * diff.h - which records of a document are new, changed, the same or gone.
 * Floor 2.
 *
 * The state of a feed is one immutable file: a header, then pairs of key hash
 * and content hash (XXH3-128, seeded by what maps the record), sorted.  The
 * old one is mapped from its descriptor, the new one is written to another.
 * Two records of one document may carry one key: both pairs are kept and the
 * duplicate is counted, so an unchanged document stays unchanged.
 *
 * A feed that cancels what vanished also keeps, behind the pairs, a text for
 * every notice: what must be known to take it back.
 *
 * Memory: 32 bytes a record of the document at hand, at most DIFF_RECORDS_MAX.
 * A state that is damaged counts as none: everything is new once more, which
 * costs time and changes nothing downstream.
 *
 * XXH3 is no defence against a source that hides a change from us: it owns
 * its content anyway.
 */
#ifndef DIFF_H
#define DIFF_H

#include "str.h"

#define DIFF_RECORDS_MAX 3000000u
#define DIFF_SAID_MAX (64u << 20) /* bytes of those texts */
#define DIFF_TEXT_MAX 4096u
#define DIFF_KEY_MAX 1024u /* bytes; longer is a reject, never truncated */

enum diff_outcome { DIFF_NEW, DIFF_CHANGED, DIFF_SAME };

/* The state behind a snapshot is the document; behind an append feed the
 * older pairs are kept. */
enum diff_keep { DIFF_REPLACE, DIFF_MERGE };

struct diff;

struct diff_counts {
	uint32_t changed; /* new or changed */
	uint32_t vanished; /* keys of the old state that are gone */
	uint32_t duplicates; /* keys met before in this document */
};

/* old_fd -1: there is none.  Borrows old_fd until diff_free. */
NODISCARD enum err diff_new(int old_fd, uint64_t seed, struct diff **out);
void diff_free(struct diff *d);
/* Records in the last accepted document; -1 when there was none. */
int64_t diff_previous(const struct diff *d);
/* ERR_LIMIT beyond DIFF_RECORDS_MAX. */
NODISCARD enum err diff_record(struct diff *d, struct str key,
			       struct str content, enum diff_outcome *out);
/* The record at hand was rejected: it will be new again next time. */
void diff_forget(struct diff *d);
/* Keeps texts; before the first record. */
void diff_track(struct diff *d);
/*
 * The record at hand gave a notice; text is "KIND, a tab, RECORD" behind one
 * byte of the caller's.
 */
void diff_said(struct diff *d, struct str text);
/* A record without a key was rejected: nothing counts as gone this time. */
void diff_hold(struct diff *d);
/*
 * After diff_end: every text of the old state whose RECORD no notice of this
 * document has.  Unchanged and rejected records keep theirs.
 */
NODISCARD enum err diff_gone(struct diff *d, void *self,
			     enum err (*gone)(void *self, struct str text));
/* Sorts and compares; then diff_write may be called once. */
void diff_end(struct diff *d, enum diff_keep keep, struct diff_counts *out);
/* records: what diff_previous will say next time. */
NODISCARD enum err diff_write(struct diff *d, int fd, uint64_t records);
/* A seed from the texts that decide what a record becomes. */
uint64_t diff_seed(struct str a, struct str b, uint64_t more);

#endif
