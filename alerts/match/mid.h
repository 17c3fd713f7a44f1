/*
 * mid.h - identifiers in their canonical form.  Private to match.
 *
 * Uses etc/idschemes.tsv as compiled in.  A value of a known scheme that
 * does not fit its pattern or check digits is no id at all; one of an
 * unknown scheme is upper-cased, without blanks, dots and hyphens, and never
 * hard.
 */
#ifndef MID_H
#define MID_H

#include "idscheme.h"

/* Loads the schemes once; any thread. */
void mid_get(void);
/* ERR_INPUT when it is none. *hard: equal ids are the same company. */
NODISCARD enum err mid_canon(struct str scheme, struct str value,
			     char dst[ID_VALUE_MAX], bool *hard);
bool mid_hard(struct str scheme);

#endif
