/*
 * mbuild.h - builds a segment from a stream of obligors.  Private to match
 * and to the index command.
 *
 * mbuild_new opens PATH.tmp; mbuild_add takes the obligors in any order and
 * copies what it needs; mbuild_end writes the rest, syncs and renames over
 * PATH, so that a crash leaves the last good segment; mbuild_free drops
 * everything (and PATH.tmp when not ended).  Folding runs on `threads`
 * threads; the result does not depend on how many.
 */
#ifndef MBUILD_H
#define MBUILD_H

#include "mseg.h"

#define MBUILD_ALIASES_MAX 256u
#define MBUILD_ADDRESS_MAX 160u /* bytes kept of an address */
#define MBUILD_IDS_MAX 400u	/* bytes kept of the ids */
#define MBUILD_THREADS_MAX 64u

struct mbuild; /* opaque, owned by the caller until mbuild_free */

struct mbuild_obligor {
	struct str obligor_id;
	struct str name;
	struct str aliases; /* parts by '|' with \| and \\ */
	struct str country;
	struct str ids; /* scheme:value|... canonical */
	struct str address;
};

struct mbuild_stats {
	uint64_t rows, obligors, tokens, shared_set, bytes;
	uint64_t part[SEG_COUNT];
};

NODISCARD enum err mbuild_new(const char *path, unsigned threads,
			      struct mbuild **out, struct diag *d);
/*
 * The same into an empty file that is open for reading and writing (fd stays
 * the caller's): on one thread, nothing is opened, created or renamed.
 */
NODISCARD enum err mbuild_new_fd(int fd, const struct mseg_stamp *stamp,
				 struct mbuild **out, struct diag *d);
NODISCARD enum err mbuild_add(struct mbuild *b,
			      const struct mbuild_obligor *o, struct diag *d);
NODISCARD enum err mbuild_end(struct mbuild *b, struct mbuild_stats *st,
			      struct diag *d);
void mbuild_free(struct mbuild *b);

#endif
