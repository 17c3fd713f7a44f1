/*
 * map.h - one record becomes zero or more notices, by the feed's jq program.
 * Floor 2.
 *
 * libjq is fenced: words that read clocks, environment or files, loop for
 * ever or leak are refused at load; every number reaches the program as a
 * string; a record has a budget of CPU time, and spending it rejects that
 * record while the program stays usable.  Out of memory libjq aborts the process: that is
 * for rlimits and the supervisor.  HOME empty and TZ=UTC0 are set by whoever
 * starts the process, before map_new.
 *
 * The budget is a timer on this thread's CPU clock and the signal SIGVTALRM.
 */
#ifndef MAP_H
#define MAP_H

#include "feed.h"
#include "idscheme.h"
#include "kinds.h"

#define MAP_PROGRAM_MAX (256u << 10)
#define MAP_NOTICES_MAX 256u /* of one record */
#define MAP_NATIVE_MAX 255u /* bytes of a code that the vocab may know */
#define MAP_BUDGET_MS 250    /* CPU time of one record */
#define MAP_ARENA_SIZE (1u << 20)

/* What maps look up; may be empty. */
struct map_tables {
	const struct kinds *kinds;
	const struct idschemes *ids;
};

struct map;

/* ERR_CONFIG with a reason (line of the program or table in d). */
NODISCARD enum err map_new(const struct feed *f, struct str program,
			   struct str vocab, const struct map_tables *t,
			   struct map **out, struct diag *d);
void map_free(struct map *m);

/* One record of one document. */
struct map_input {
	struct str json;
	struct str key;
	struct str file;
	int64_t fetched_at; /* wall ms */
	enum action action; /* when the program gives none */
};

struct map_sink {
	void *self;
	/* Anything but ERR_OK ends the record with that error. */
	enum err (*notice)(void *self, const struct notice *n);
	void (*reject)(void *self, const char *why);
};

struct map_counts {
	uint32_t notices;
	uint32_t rejects; /* objects, or the record as a whole */
	uint32_t unknown; /* notices whose native code is not mapped */
	uint64_t cpu_us; /* CPU time the program took */
	uint32_t bad_ids; /* ids dropped because they do not fit their scheme */
};

/*
 * Adds to *counts.  ERR_OK also when everything was rejected; otherwise the
 * sink's error.
 */
NODISCARD enum err map_record(struct map *m, const struct map_input *in,
			      const struct map_sink *sink,
			      struct map_counts *counts);

/* The first banned word of a program; ERR_REFUSED with its line and name. */
NODISCARD enum err map_words_check(struct str program, struct diag *d);

#endif
