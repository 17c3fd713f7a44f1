/*
 * mphon.h - how a romanised token sounds.  Private to match.
 *
 * soft: one spelling for what different romanisations write differently.
 * skel: its consonants, coarsely; for finding candidates, never for deciding.
 * sim: how alike two soft forms sound, 0..1, vowels counting little (hardly
 * at all when one of them comes from a script that does not write them).
 */
#ifndef MPHON_H
#define MPHON_H

#include "str.h"

#define MPHON_MAX 128u

size_t mphon_soft(struct str s, char *dst, size_t size);
size_t mphon_skel(struct str soft, char *dst, size_t size);
/*
 * The consonants of a whole name, more coarsely: what kana cannot tell apart
 * (team is chimu, vision bijon, Platz purattsu) is one.
 */
size_t mphon_loose(struct str soft, char *dst, size_t size);
/* Fills the cost table; before the first sim, any thread. */
void mphon_get(void);
/* What is below least may be told as 0. */
float mphon_sim(struct str a, struct str b, bool abjad, float least);

#endif
