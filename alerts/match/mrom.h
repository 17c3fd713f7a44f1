/*
 * mrom.h - scripts whose letters are read by their neighbours, into Latin
 * letters.  Private to match.
 *
 * Thai by syllables after the Royal Institute, in the spelling of firms: no
 * tones, no breath but for th, -l and -orn where they are written.  Hindi
 * without the short a that is not spoken.  Armenian with its digraph and the
 * glides of a first vowel (BGN/PCGN).  Names of Latin letters (სი, เอส, エス)
 * as these letters.
 *
 * All of them write at most size bytes and return how many; what they do not
 * know is passed over.
 */
#ifndef MROM_H
#define MROM_H

#include "mtab.h"

size_t mrom_thai(const uint32_t *cp, size_t n, char *dst, size_t size);
size_t mrom_hindi(const uint32_t *cp, size_t n, char *dst, size_t size);
size_t mrom_armenian(const uint32_t *cp, size_t n, char *dst, size_t size);

/* The letter whose name starts at cp; *len its characters, 0 none. */
char mletter_at(const uint32_t *cp, size_t n, size_t *len);
/* All of the word as letter names; how many, 0 when it is something else. */
size_t mletter_word(const uint32_t *cp, size_t n, char *dst, size_t size);

#endif
