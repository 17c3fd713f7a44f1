/*
 * tables.h - every feed of a bundle with what it takes to run it.  Floor 2.
 *
 * Definitions, kinds.tsv, idschemes.tsv, and for the feeds asked for the
 * compiled map.  A feed whose map does not load is kept without one: its
 * documents are refused, the other feeds go on.
 */
#ifndef TABLES_H
#define TABLES_H

#include "bundle.h"
#include "doc.h"

#define TABLES_ARENA_SIZE (16u << 20)

enum tables_load {
	TABLES_MAPS_NONE,    /* fetch: definitions only */
	TABLES_MAPS_ENABLED, /* parse */
	TABLES_MAPS_ALL,     /* checking a configuration */
};

struct tables {
	struct arena arena;
	struct feeds feeds;
	struct kinds kinds;
	struct idschemes ids;
	struct map_tables map_tables;
	struct doc_conf *doc; /* by feed; owned maps inside */
};

/*
 * Errors are appended as "FILE:LINE: KEY: reason\n".  ERR_CONFIG when there
 * was any; what is good is usable all the same.  tables_fini in every case.
 */
NODISCARD enum err tables_init(struct tables *t, const struct bundle *b,
			       enum tables_load load, struct buf *errors);
void tables_fini(struct tables *t);
/* Compiles one feed's map now, when it is not there. */
NODISCARD enum err tables_map(struct tables *t, const struct bundle *b,
			      size_t i, struct buf *errors);
/* The feed's place, or -1. */
int tables_find(const struct tables *t, struct str name);

#endif
