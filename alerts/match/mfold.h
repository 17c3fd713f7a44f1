/*
 * mfold.h - a raw company name into compared tokens.  Private to match.
 *
 * Folds case, width and diacritics, drops invisible characters, repairs
 * homoglyphs inside a word, romanises every script by its own convention,
 * cuts unspaced scripts into words, takes legal forms out of the name (they
 * are kept, as classes) and finds concepts and numbers.  A Han name that may
 * be Japanese or Chinese has two views, and further ones by where its bearer
 * may be: as spelled in Hong Kong, a syllable a word, and in Taiwan.
 *
 * No allocation, no failure: what is not UTF-8 is skipped and `bad` set; what
 * is longer than the limits is cut and `cut` set.  Cost is bounded by
 * MFOLD_BYTES_MAX whatever the input.  Text and raw slices point into the
 * mname and into the caller's name.
 */
#ifndef MFOLD_H
#define MFOLD_H

#include "mtab.h"

#define MFOLD_BYTES_MAX 1024u /* bytes of a name that are read */
#define MFOLD_CHARS_MAX 400u  /* code points of a name that are read */
#define MFOLD_WORDS_MAX 48u   /* words before phrases are found */
#define MFOLD_TOKENS_MAX 20u
#define MFOLD_FORMS_MAX 8u
#define MFOLD_TEXT_MAX 1600u
#define MFOLD_TOKEN_LEN_MAX 40u

enum mkind {
	MK_WORD,
	MK_CONCEPT,
	MK_PLACE,
	MK_NUMBER,
};

enum mview {
	MV_MAIN,   /* Han read as Japanese unless the name is Chinese */
	MV_PINYIN, /* Han read as Chinese */
	MV_HONGKONG, /* as Cantonese, a word each */
	MV_TAIWAN,   /* in Wade-Giles, a word each */
	MV_COUNT,
};

struct mtok {
	uint64_t h; /* identity in the index: of concept, number or text */
	uint64_t th; /* of the text */
	uint16_t off; /* text in mname.text */
	uint16_t raw; /* slice of the raw name */
	uint16_t raw_n;
	uint16_t concept;
	uint8_t n;
	uint8_t script;
	uint8_t kind;
	uint8_t glued; /* cut out of an unspaced run */
};

struct mform {
	uint8_t legal;
	uint16_t raw;
	uint16_t raw_n;
};

struct mname {
	struct str raw;
	struct mtok tok[MFOLD_TOKENS_MAX];
	unsigned n;
	struct mform form[MFOLD_FORMS_MAX];
	unsigned forms;
	uint32_t scripts;  /* bit per enum mscript */
	uint32_t classes;  /* bit per enum mlegal_class */
	/* What was written of an insolvency, as a slice of raw; no form. */
	uint16_t status;
	uint16_t status_n;
	bool two_views;	   /* MV_PINYIN would differ */
	bool japanese;	   /* by its kana or legal form */
	bool traditional;  /* has Han of traditional Chinese only */
	bool bad;
	bool cut;
	unsigned text_n;
	char text[MFOLD_TEXT_MAX];
};

/* Scripts that say nothing of how a name is written. */
#define MFOLD_LATIN                                                      \
	(1u << MS_LATIN | 1u << MS_DIGIT | 1u << MS_SEP |                 \
	 1u << MS_IGNORE | 1u << MS_JOIN)

void mfold_name(struct str raw, enum mview view, struct mname *out);

/* A country of two letters as a number; 0 when unknown. */
#define MFOLD_COUNTRY(a, b) ((uint16_t)(((a) - 'A') * 26 + ((b) - 'A') + 1))

/* Is the name worth reading in this view too?  m may be of any view. */
bool mfold_has_view(const struct mname *m, enum mview view, uint16_t country);

static inline struct str
mfold_text(const struct mname *m, const struct mtok *t)
{
	return (struct str){ m->text + t->off, t->n };
}

/* Copies the text of a token; dst has room for MFOLD_TOKEN_LEN_MAX at least. */
static inline size_t
mfold_copy(char *dst, const struct mname *m, const struct mtok *t)
{
	/* A copy of known length is no call, and most fit. */
	if (t->n <= MFOLD_TOKEN_LEN_MAX &&
	    t->off + MFOLD_TOKEN_LEN_MAX <= MFOLD_TEXT_MAX)
		memcpy(dst, m->text + t->off, MFOLD_TOKEN_LEN_MAX);
	else
		memcpy(dst, m->text + t->off, t->n);
	return t->n;
}

static inline struct str
mfold_raw(const struct mname *m, const struct mtok *t)
{
	return str_sub(m->raw, t->raw, t->raw_n);
}

/* Is this folded word alone a legal form? */
bool mphrase_is_legal(struct str t);
/* For the tables: the code points when all are unspaced letters, else 0. */
size_t mfold_run(struct str s, uint32_t *cp, size_t max);
/* For the tables: the hashes of the spaced words of s, 0 when too many. */
size_t mfold_words(struct str s, uint64_t *h, size_t max);
/* Kana into Latin letters, long vowels short. Returns the length. */
size_t mfold_kana(const uint32_t *cp, size_t n, char *dst, size_t size);

#endif
