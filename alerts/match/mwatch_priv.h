/*
 * mwatch_priv.h - what mwatch.c and msieve.c share.
 */
#ifndef MWATCH_PRIV_H
#define MWATCH_PRIV_H

#include "mdelta.h"
#include "store.h"

/* Removals and changes of the book since that version into d; *full when it
 * did not take them all. */
NODISCARD enum err mwatch_fill(struct mdelta *d, struct store *s,
			       int64_t since, bool *full);

#endif
