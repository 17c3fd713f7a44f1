/*
 * prepare.h - the steps of a definition's "prepare".  Floor 2.
 *
 * What jq does badly is done here, on one value at a time: dates with formats
 * and zones, JSON inside a string, identifiers, HTML to text.  A step takes
 * the text of a scalar and gives JSON; a value it cannot read rejects the
 * record, because a wrong date is worse than a missing notice of one feed.
 *
 *	date(rfc3339) date(rfc822)      a time in UTC, or a date
 *	date(PATTERN[, ZONE])           PATTERN of yyyy yy MM MMM dd HH mm ss;
 *	                                ZONE Europe/London ...; no time: a date
 *	json html split(SEP) id(SCHEME) country amount
 */
#ifndef PREPARE_H
#define PREPARE_H

#include "buf.h"
#include "idscheme.h"

#define PREPARE_TEXT_MAX (1u << 20)
#define PREPARE_SPLIT_MAX 1024u

/* ERR_CONFIG and the reason when it is no step. */
NODISCARD enum err prepare_check(struct str step, struct diag *d);
/*
 * Appends the JSON of in after step to out.  ids may be empty: id() then
 * passes the value.  ERR_INPUT with a reason.
 */
NODISCARD enum err prepare_do(struct str step, struct str in,
			      const struct idschemes *ids, struct buf *out,
			      struct diag *d);
/*
 * What the clocks of that zone show at ms: the minute of the day, and how
 * much of it is over.  ERR_INPUT for a zone that is not known.
 */
NODISCARD enum err prepare_clock(struct str zone, int64_t ms, int *minute,
				 int64_t *rest_ms);

#endif
