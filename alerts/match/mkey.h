/*
 * mkey.h - the hashes by which names are found.  Private to match.
 *
 * The builder and the query make them from the same folded name, so they are
 * in one place.  A key is 64 bits, 0 when the name has none of that kind.
 */
#ifndef MKEY_H
#define MKEY_H

#include "mfold.h"

#define MKEY_VARIANTS_MAX 48u

enum mkey_kind {
	MK_SET,	     /* the tokens in any order */
	MK_GLUE,     /* the letters without blanks, softly spelled */
	MK_SOUND,    /* the consonants of the whole */
	MK_ACRONYM,  /* the initials */
	MK_WORDS,    /* of a name in MKEY_LOOSE scripts: mkey_words */
	MKEY_KINDS,
};

/*
 * Scripts whose names are spelled in Latin letters as it comes: by consonants
 * alone a Latin name may find them.
 */
#define MKEY_LOOSE                                                      \
	(1u << MS_ARAB | 1u << MS_HEBR | 1u << MS_ARMN | 1u << MS_GEOR | \
	 1u << MS_DEVA | 1u << MS_THAI)

struct mkeys {
	uint64_t key[MKEY_KINDS];
};

void mkey_name(const struct mname *m, struct mkeys *out);
/* The consonants of the words that are no general ones, places or numbers. */
uint64_t mkey_words(const struct mname *m);
/* Two common tokens together (order-free). */
uint64_t mkey_pair(uint64_t a, uint64_t b);
uint64_t mkey_id(struct str scheme, struct str value);
/* A string of initials, for looking an acronym up. */
uint64_t mkey_acronym(struct str letters);
/* The whole core, softly spelled; returns the length. */
size_t mkey_glue(const struct mname *m, char *dst, size_t size);
/*
 * Keys under which a token is found misspelt (each letter left out) or
 * spelled otherwise; returns how many.  The same set is made when a token is
 * entered and when it is looked up.  The first *sounds are by sound: the soft
 * spelling and the consonants.
 */
size_t mkey_variants(struct str token, uint64_t *out, size_t *sounds);

#endif
