/*
 * exposure.h - one exporter's exposures, read from the store.  Floor 3.
 *
 * The one way from the book to cover: decide weighs an alert by it, the
 * command `exposure` and the tests print it.  Policies and schemes are read
 * once per exporter, the rest per obligor; rates as they are needed.
 *
 * An annual cap is given out over the exporter's obligors in order of their
 * ids, whatever was asked for: ask in that order (exposure_on), or let
 * exposure_skip_to catch up.
 */
#ifndef EXPOSURE_H
#define EXPOSURE_H

#include "cover.h"
#include "store.h"

#define EXPOSURE_WAYS_MAX 512u /* currency pairs of one exporter */

struct exposure {
	struct store *store;
	struct arena *arena;
	struct str exporter_id;
	struct cover_in in; /* of the obligor asked last */
	struct cover_rest *rest;
	struct {
		struct str from;
		struct str to;
	} way[EXPOSURE_WAYS_MAX];
	size_t ways;
	struct fx_rate *fx;
	size_t fx_room;
	bool annual; /* a scheme has an annual cap */
	struct exposed *skip; /* the exporter's obligors, read at need */
	size_t skips;
	size_t skipped; /* the first of them not given to */
};

/* Everything lands in a; day is the Shanghai day the figures are of. */
NODISCARD enum err exposure_of(struct exposure *e, struct store *s,
			       struct arena *a, struct str exporter_id,
			       int32_t day);

/* An alert in the making knows more than the store. */
struct knowledge {
	int64_t told_ms; /* TIME_NONE: never */
	int64_t knew_ms;
};
NODISCARD enum err exposure_knowledge(struct exposure *e,
				      struct str obligor_id,
				      struct knowledge *out);
/* The rows of cover_rows; e->in stays valid for cover_sum. */
NODISCARD enum err exposure_on(struct exposure *e,
			       const struct obligor *obligor,
			       const struct knowledge *k,
			       struct cover_row **rows, size_t *count);
/* Gives out the annual caps to every obligor before this one, but those
 * given to; exposure_on gives to it, and may be asked again of later ones. */
NODISCARD enum err exposure_skip_to(struct exposure *e,
				    struct str obligor_id);

#endif
