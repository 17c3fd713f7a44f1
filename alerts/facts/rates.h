/*
 * rates.h - exchange rates that a feed publishes.  Floor 2.
 *
 * A notice about a rate (SUBJECT_RATE) rings nobody: its rates go into the
 * table that fx.csv fills too, under the day they hold for.  Whoever wrote a
 * pair of a day last stands.  An amended record replaces what it said before,
 * a cancelled one takes it back; a rate that somebody else has changed since
 * is not touched.
 */
#ifndef RATES_H
#define RATES_H

#include "store.h"

struct rates_taken {
	size_t kept;
	size_t removed;	  /* said before by this record, and no more */
	size_t left_out;  /* a currency nobody knows, or a pair of one */
};

/* ERR_INPUT when rates come without a day, or with one after tomorrow. */
NODISCARD enum err rates_check(const struct notice *n, int32_t today);
/* before: the JSON this record had last, or empty. */
NODISCARD enum err rates_apply(struct store *s, const struct notice *n,
			       struct str before, struct arena *a,
			       struct rates_taken *out);

#endif
