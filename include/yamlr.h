/*
 * yamlr.h - a YAML document as a tree whose every node knows its line.
 * Floor 0.
 *
 * Only what configuration needs: mappings, sequences, scalars as text.
 * Aliases, anchors, tags, a second document, duplicate keys and more than
 * YAMLR_NODES_MAX nodes are refused.
 */
#ifndef YAMLR_H
#define YAMLR_H

#include "arena.h"

#define YAMLR_NODES_MAX 100000u
#define YAMLR_DEPTH_MAX 16u
#define YAMLR_TEXT_MAX (1u << 20)

enum yamlr_type { YAMLR_SCALAR, YAMLR_MAP, YAMLR_SEQ };

struct yamlr {
	enum yamlr_type type;
	unsigned line; /* 1-based */
	struct str key; /* in a map; empty in a sequence */
	struct str text; /* of a scalar */
	int quoted; /* the scalar stood in quotes */
	struct yamlr *first; /* child, document order */
	struct yamlr *next;  /* sibling */
};

/* The root map; nodes live in a.  ERR_CONFIG with the line in d. */
NODISCARD enum err yamlr_get(struct str text, struct arena *a,
			     struct yamlr **out, struct diag *d);
/* The child with that key, or NULL. */
const struct yamlr *yamlr_find(const struct yamlr *map, struct str key);

/*
 * Typed scalars with units: "30s 15m 26h 7d" to milliseconds, "64KiB 10MiB
 * 4096" to bytes, yes/no to 1/0.  ERR_CONFIG when it is not one.
 */
NODISCARD enum err yamlr_duration(struct str s, int64_t *ms);
NODISCARD enum err yamlr_size(struct str s, int64_t *bytes);
NODISCARD enum err yamlr_bool(struct str s, int *v);

#endif
