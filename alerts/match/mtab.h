/*
 * mtab.h - the generated, versioned tables of the matcher.  Private to match.
 *
 * Letters to Latin, legal forms, concepts, readings.  The tables are data
 * (TSV files in etc/match), compiled into the program so that an index can never be
 * asked with tables other than its builder's unnoticed: MTAB_VERSION and the
 * hash of the bytes are written into every segment.
 *
 * mtab_get loads once (about 25 ms) and never fails but for want of memory or
 * a broken table, which are bugs of ours: it aborts.  Everything it returns
 * lives until the process ends and may be read by any thread.
 */
#ifndef MTAB_H
#define MTAB_H

#include <string.h>

#include "str.h"

#define MTAB_VERSION 2u
#define MTAB_CONCEPTS_MAX 1024u
#define MTAB_LEGALS_MAX 256u
#define MTAB_PHRASE_MAX 12u /* tokens of the longest phrase */

enum mscript {
	MS_SEP, /* anything that ends a word */
	MS_LATIN,
	MS_DIGIT,
	MS_CYRL,
	MS_GREEK,
	MS_ARAB,
	MS_HEBR,
	MS_ARMN,
	MS_GEOR,
	MS_DEVA,
	MS_HAN, /* from here on: no blanks between words */
	MS_KANA,
	MS_HANG,
	MS_THAI,
	MS_IGNORE, /* invisible, or a mark that folds away */
	MS_JOIN,   /* apostrophes and dots: may sit inside a word */
	MS_COUNT,
};

enum mlegal_class {
	ML_NONE,
	ML_CO, /* "company": fits every class */
	ML_INC,
	ML_LLC,
	ML_JSC,
	ML_LP,
	ML_SOLE,
	ML_COOP,
	ML_ASSN,
	ML_FND,
	ML_STATE,
	ML_TRUST,
	ML_BR,
	ML_SC,
	ML_STATUS, /* "in liquidation": of the name, and no legal form */
	ML_COUNT,
};

enum mlegal_where { MW_ANY, MW_EDGE, MW_START, MW_END };

struct mlegal {
	enum mlegal_class class;
	enum mlegal_where where;
	struct str countries; /* "DE,AT" or "-" */
};

enum mconcept_kind {
	MC_NONE,
	MC_GENERAL,
	MC_PLACE,
	MC_NUMBER,
	MC_FUNCTION,
};

/* What a concept says when only one of two names has it. */
enum mconcept_left {
	MCL_SOMETHING,
	MCL_DROPPED, /* nothing: firms leave it out of their name freely */
	MCL_MEMBER,  /* another member of a group */
};

struct mconcept {
	struct str name;
	struct str at; /* of a place: the countries it lies in, "KR|KP" */
	enum mconcept_kind kind;
	enum mconcept_left left;
	uint8_t kin; /* 0, or equal in concepts that mean nearly the same */
};

/* What a phrase of folded words, or a run of unspaced letters, stands for. */
struct mword {
	uint64_t key;
	uint32_t reading; /* offset of kana in the reading table, 0 none */
	uint16_t concept; /* 0 none */
	uint8_t legal;	  /* 0 none */
	uint8_t cost;	  /* of a reading, /100 */
	uint8_t whole;	  /* 0: only the beginning of longer ones */
	uint8_t chars;	  /* code points of an unspaced word */
};

/*
 * Large scratch on the stack that is written before it is read: clearing it
 * at every call, as the compiler is told to, cost a sixth of a query.
 */
#define UNSET __attribute__((uninitialized))

void mtab_get(void);
/* Hash of all tables' bytes. */
uint64_t mtab_hash(void);
/* Read through the two functions below only. */
extern uint8_t mtab_script_of[0x10000];
extern uint32_t mtab_latin_of[0x10000]; /* offset in the pool, length << 24 */
extern char mtab_pool[];

static inline enum mscript
mtab_script(uint32_t cp)
{
	return cp < 0x10000 ? (enum mscript)mtab_script_of[cp] :
	       cp < 0x20000 ? MS_SEP :
	       cp < 0x32000 ? MS_HAN :
			      MS_IGNORE;
}

/* The Latin letters of a code point, "" when it has none. */
static inline struct str
mtab_latin(uint32_t cp)
{
	uint32_t at = cp < 0x10000 ? mtab_latin_of[cp] : 0;

	return (struct str){ mtab_pool + (at & 0xFFFFFF), at >> 24 };
}

/* How Han is spelled outside pinyin. */
enum mspelling { MSP_HONGKONG, MSP_TAIWAN, MSP_COUNT };

/* The syllable of a character, "" when it has none. */
struct str mtab_han(uint32_t cp, enum mspelling s);
/* Is the character of traditional Chinese only? */
bool mtab_is_traditional(uint32_t cp);

const struct mlegal *mtab_legal(unsigned id);
const struct mconcept *mtab_concept(unsigned id);
unsigned mtab_concepts(void);
unsigned mtab_legals(void);
const char *mtab_class_text(enum mlegal_class c);
/* Phrase of spaced words whose chained hash is key; NULL when none. */
const struct mword *mtab_phrase(uint64_t key);
/* Run of unspaced code points whose chained hash is key; NULL when none. */
const struct mword *mtab_run(uint64_t key);
/* Kana of a reading. */
struct str mtab_reading(const struct mword *w);

/* One step of the chained hashes. */
static inline uint64_t
mtab_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ (h >> 29);
}

/* The n < 8 bytes at p as a number. */
static inline uint64_t
mtab_tail(const char *p, size_t n)
{
	uint32_t a, z;

	if (n >= 4) {
		memcpy(&a, p, 4);
		memcpy(&z, p + n - 4, 4);
		return a | (uint64_t)z << (n - 4) * 8;
	}
	if (n == 0)
		return 0;
	return (uint64_t)(uint8_t)p[0] |
	       (uint64_t)(uint8_t)p[n / 2] << n / 2 * 8 |
	       (uint64_t)(uint8_t)p[n - 1] << (n - 1) * 8;
}

static inline uint64_t
mtab_hash_bytes(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325) ^ n;
	uint64_t w;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = mtab_mix(h, w);
	}
	return mtab_mix(h, mtab_tail(p, n) + 1);
}

#endif
