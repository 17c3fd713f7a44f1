/*
 * mfold_priv.h - what mfold.c, mrun.c and mphrase.c share while folding.
 */
#ifndef MFOLD_PRIV_H
#define MFOLD_PRIV_H

#include "mfold.h"

struct mchars {
	uint32_t cp[MFOLD_CHARS_MAX];
	uint16_t at[MFOLD_CHARS_MAX + 1]; /* byte offset in the raw name */
	size_t n;
	uint32_t any; /* their bits together: tells where none can be */
	bool nought;  /* may have a 0 or 1 */
};

/* A word before phrases are found. */
struct mw {
	uint64_t h;
	uint16_t off;
	uint16_t raw;
	uint16_t raw_n;
	uint16_t concept;
	uint8_t len;
	uint8_t chars;
	uint8_t script;
	uint8_t kind;
	uint8_t legal;
	uint8_t tagged; /* concept and legal were found in the run already */
	uint8_t syllable; /* of Han: no legal form, no "and", spelled as it may */
	uint8_t and; /* "&" */
};

struct mwords {
	struct mw w[MFOLD_WORDS_MAX];
	unsigned n;
};

/* NULL when there are too many words (out->cut is set). */
struct mw *mfold_new_word(struct mwords *ws, struct mname *out);
void mfold_put_text(struct mname *out, struct mw *w, struct str s);
void mfold_end_word(struct mname *out, struct mw *w);

/* mrun.c: the unspaced run at i becomes words; returns its end. */
size_t mrun_put(const struct mchars *c, size_t i, enum mview view,
		struct mwords *ws, struct mname *out);
/* Also sets japanese and traditional. */
bool mrun_is_chinese(const struct mchars *c, struct mname *out);

/* mphrase.c: words become tokens and forms. */
void mphrase_put(struct mwords *ws, struct mname *out);

#endif
