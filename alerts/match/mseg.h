/*
 * mseg.h - a segment: one immutable, memory-mapped index of names.  Private
 * to match.
 *
 * File: one header of MSEG_HEADER bytes (struct mseg_head, zero filled), then
 * the sections at 4096-byte boundaries, native little-endian.  A row is one
 * spelling of one obligor (name or alias, in one view).  Every offset read
 * from the file is checked against its section before use, so a corrupt file
 * gives wrong answers at worst; the checksum makes it refused at open.
 *
 * mseg_open maps read-only, verifies and reads the hot part once in order;
 * mseg_close unmaps.  An open segment may be read by any number of threads.
 */
#ifndef MSEG_H
#define MSEG_H

#include <stddef.h>
#include <string.h>

#include "mfold.h"

#define MSEG_MAGIC UINT64_C(0x3147455354414343) /* "CCATSEG1" */
#define MSEG_VERSION 6u
#define MSEG_HEADER 4096u
#define MSEG_ALIGN 4096u /* where sections begin */
#define MSEG_ROWS_MAX (UINT64_C(1) << 28)
#define MSEG_TOKENS_MAX (UINT64_C(1) << 28)
#define MSEG_ID_MASK UINT32_C(0xFFFFFFF)
#define MSEG_SPLIT_MIN 128u /* df above which a token has country lists */
#define MSEG_KEY_ORDERED 64u /* entries from which a bucket is by country */
#define MSEG_KEY_LONG 512u /* and from which others are not told */
#define MSEG_KEYED_MAX 768u
#define MSEG_OBLIGOR_ROWS_MAX 8192u /* rows of one obligor */
#define MSEG_ROW_HEAD 3u /* bytes before the tail of a row */
#define MSEG_BLOCK 16u /* rows per block of the row directory */
#define MSEG_COUNTRIES_MAX 1024u /* codes of two letters, and none */
#define MSEG_CONCEPT_MASK 1023 /* of a form */
#define MSEG_NO_POST UINT64_C(0xFFFFFFFFFFFF)
#define MSEG_KINDS 4u /* of tokens: enum mkind */
#define MWEIGHT_STEPS 257u /* for ranks of 32 bits */
#define MWEIGHT_NONE 256u /* the step of a word that the book has not */

enum mseg_section {
	SEG_BLOCK,     /* struct mseg_block per MSEG_BLOCK rows, and one more */
	SEG_ROW,       /* flags u8, classes u16, tail, varint tokens */
	SEG_COLD,      /* blobs: id, name, ids, address */
	SEG_SLOT,      /* u64 hash table of tokens: tag 36 bits, token id 28 */
	SEG_TOKEN,     /* struct mseg_token per token, most frequent first */
	SEG_TEXT,      /* length byte and letters of tokens and forms */
	SEG_FORM,      /* struct mseg_form: further forms of tokens */
	SEG_POST,      /* posting lists: varint count, varint gaps */
	SEG_SPLIT,     /* struct mseg_split hash table: token and country */
	SEG_VAR_BASE,  /* u32 per bucket: variant keys of tokens */
	SEG_VAR,       /* u32: token id, 4 bits of the key above it */
	SEG_KEY_BASE,  /* u32 per bucket: keys of names */
	SEG_KEY,       /* struct mseg_key: rows */
	SEG_MARK,      /* u32 per row: mseg_mark_of its obligor's id */
	SEG_COUNT,
};

/* Where rows are, a cache line for all that is asked of one. */
struct mseg_block {
	uint64_t row;  /* offset of the first in SEG_ROW */
	uint64_t cold; /* and in SEG_COLD */
	uint16_t home[MSEG_BLOCK]; /* countries */
	uint8_t len[MSEG_BLOCK];   /* bytes in SEG_ROW */
};

/*
 * How a token is written.  A concept has one identity and many spellings, and
 * a word may come from several scripts; most rows have the one that stands
 * with the token, so that they are compared without reading their text.
 */
struct mseg_form {
	uint32_t text; /* offset in SEG_TEXT */
	uint16_t form; /* mseg_form_of */
	uint16_t zero;
};

struct mseg_token {
	uint32_t df;
	uint32_t text; /* offset in SEG_TEXT */
	uint32_t post; /* offset in SEG_POST, 48 bits; MSEG_NO_POST: too common */
	uint16_t post_high;
	uint16_t form; /* mseg_form_of: the one met first */
};

/* A row under a key, and the key's low bits. */
struct mseg_key {
	uint32_t row;
	uint16_t tag;
} __attribute__((packed));

struct mseg_split {
	uint32_t token;
	uint16_t country;
	uint16_t used;
	uint64_t post;
};

/* Of which book this is; zero for one built offline. */
struct mseg_stamp {
	uint64_t epoch;
	uint64_t version;
};

struct mseg_head {
	uint64_t magic;
	uint32_t version;
	uint32_t table_version;
	uint64_t table_hash;
	uint64_t size;	   /* of the file */
	uint64_t checksum; /* of everything behind the header */
	uint64_t head_sum; /* of the header with this field zero */
	uint64_t rows;
	uint64_t obligors;
	uint64_t tokens;
	uint64_t shared_set; /* rows whose set key another row has too */
	uint32_t slot_bits;
	uint32_t split_bits;
	uint32_t var_bits;
	uint32_t key_bits;
	uint32_t scripts; /* of all rows: bits of enum mscript */
	uint32_t zero;
	struct mseg_stamp stamp;
	struct {
		uint64_t off;
		uint64_t n; /* bytes */
	} section[SEG_COUNT];
};

enum mrow_flag {
	MR_PINYIN = 1,	/* folded in MV_PINYIN */
	MR_ALIAS = 2,	/* not the first name of its obligor */
	MR_COMMON = 4,	/* every token is common: found by pairs */
	MR_HONGKONG = 8, /* folded in MV_HONGKONG */
	MR_TAIWAN = 16,	 /* folded in MV_TAIWAN */
	MR_VIEWS = MR_PINYIN | MR_HONGKONG | MR_TAIWAN,
	MR_LATER = MR_VIEWS | MR_ALIAS, /* behind the first of its obligor */
	MR_SCRIPTS = 32, /* has letters that are not Latin */
	MR_FORMS = 64,	 /* some tokens are in another form than usual */
	MR_TEXT = 128,	 /* only the text itself says how it was folded */
};

/*
 * A row.  Its tail in the file: u16 scripts when MR_SCRIPTS; when MR_FORMS, a
 * length byte and, for every token in another form, its place (u8) and a
 * varint into SEG_FORM.
 */
struct mrow {
	uint16_t country;
	uint16_t classes;
	uint16_t scripts; /* bits of enum mscript; of Latin ones one bit */
	uint8_t flags;
	uint8_t n;
	uint8_t form_n; /* bytes of form */
	const uint8_t *form; /* places and forms, in the map */
	uint32_t tok[MFOLD_TOKENS_MAX];
};

struct mcold {
	struct str obligor_id;
	struct str name;
	struct str ids; /* scheme:value|... canonical */
	struct str address;
};

struct mseg {
	struct mseg_head head;
	const uint8_t *map; /* owned mapping */
	size_t map_n;
	int fd; /* for the cold part of large files; -1 when mapped */
	const uint8_t *sec[SEG_COUNT];
	uint64_t cold_off;
	/* By kind, and by floor(log2(id + 1) * 8) or MWEIGHT_NONE. */
	float weight[MSEG_KINDS][MWEIGHT_STEPS];
};

NODISCARD enum err mseg_open(const char *path, struct mseg *out,
			     struct diag *d);
/* The same of an open file, which stays the caller's. */
NODISCARD enum err mseg_open_fd(int fd, struct mseg *out, struct diag *d);
void mseg_close(struct mseg *s);
/* Nothing will be asked for a while: its pages need not be in memory. */
void mseg_rest(const struct mseg *s);

/* The flag of a row folded in the view, and the view of a row's flags. */
static inline uint8_t
mrow_flag(enum mview view)
{
	static const uint8_t flag[MV_COUNT] = { 0, MR_PINYIN, MR_HONGKONG,
						MR_TAIWAN };

	return flag[view];
}

static inline enum mview
mrow_view(uint8_t flags)
{
	return flags & MR_PINYIN   ? MV_PINYIN :
	       flags & MR_HONGKONG ? MV_HONGKONG :
	       flags & MR_TAIWAN   ? MV_TAIWAN :
				     MV_MAIN;
}

/* Asks for what mseg_token reads. */
void mseg_slot_prefetch(const struct mseg *s, uint64_t h);
/* Token id of hash h, UINT32_MAX when absent. */
uint32_t mseg_token(const struct mseg *s, uint64_t h);
struct mseg_token mseg_token_at(const struct mseg *s, uint32_t id);
struct str mseg_text(const struct mseg *s, uint32_t id);
/* The posting list of a token or of a token in one country; empty if none. */
struct str mseg_post(const struct mseg *s, uint32_t token);
struct str mseg_post_in(const struct mseg *s, uint32_t token,
			uint16_t country);
/* Asks for the list of a token, and where it has one of a country; its df. */
uint32_t mseg_post_prefetch(const struct mseg *s, uint32_t token,
			    uint16_t country);
void mseg_row(const struct mseg *s, uint32_t row, struct mrow *out);
/*
 * The name of a row as it was folded, but without what it was folded from:
 * raw slices and forms are empty.  False when the row cannot say (MR_TEXT).
 */
NODISCARD bool mseg_name(const struct mseg *s, const struct mrow *r,
			 struct mname *out);
/*
 * The first row of the obligor whose row this is; of a file that says there
 * are more than MSEG_OBLIGOR_ROWS_MAX, the last of those that are looked at.
 */
uint32_t mseg_first(const struct mseg *s, uint32_t row);
/* Asks for the mark of a row. */
void mseg_mark_prefetch(const struct mseg *s, uint32_t row);
/* mseg_mark_of the id of its obligor; 0 out of range. */
uint32_t mseg_mark(const struct mseg *s, uint32_t row);
/* Once the directory has come: the row itself. */
void mseg_row_prefetch2(const struct mseg *s, uint32_t row);
/* buf of size n holds the bytes when the cold part is not mapped. */
NODISCARD enum err mseg_cold(const struct mseg *s, uint32_t row, char *buf,
			     size_t n, struct mcold *out);
/* Entries of SEG_VAR in the bucket of a key: [*first, *first + count). */
size_t mseg_variants(const struct mseg *s, uint64_t key,
		     const uint32_t **first);
void mseg_variants_prefetch(const struct mseg *s, uint64_t key);
void mseg_variants_prefetch2(const struct mseg *s, uint64_t key);
/* Asks for a token; once it has come, for its text. */
void mseg_token_prefetch(const struct mseg *s, uint32_t id);
void mseg_text_prefetch(const struct mseg *s, uint32_t id);
void mseg_keys_prefetch(const struct mseg *s, uint64_t key);
void mseg_keys_prefetch2(const struct mseg *s, uint64_t key);
/* Rows filed under a key of names. */
struct mseg_keyed {
	size_t home; /* the first so many are of the country */
	bool told;   /* and the others are not: no need to look */
	uint32_t row[MSEG_KEYED_MAX];
};

/*
 * Finds them; returns how many.  Of very many those of the country alone;
 * without one a sample.
 */
size_t mseg_keys(const struct mseg *s, uint64_t key, uint16_t country,
		 struct mseg_keyed *out);
/* The same of an id, which few have, whatever else its bucket is full of. */
size_t mseg_keys_id(const struct mseg *s, uint64_t key,
		    struct mseg_keyed *out);
/* Of an obligor id: who has another one is another obligor. */
static inline uint32_t
mseg_mark_of(struct str obligor_id)
{
	return (uint32_t)(mtab_hash_bytes(obligor_id.p, obligor_id.n) >> 32);
}

/* Kind, script and concept of a token as written, in 16 bits. */
static inline uint16_t
mseg_form_of(const struct mtok *t)
{
	return (uint16_t)(t->kind << 14 | (t->script & 15) << 10 |
			  (t->concept & MSEG_CONCEPT_MASK));
}

/* The token as it is of a form and its letters: what is not told is 0. */
static inline struct mtok
mseg_formed(uint16_t form, struct str letters)
{
	struct mtok t = { .concept = form & MSEG_CONCEPT_MASK,
			  .script = form >> 10 & 15,
			  .kind = (uint8_t)(form >> 14),
			  .n = (uint8_t)letters.n };

	t.th = mtab_hash_bytes(letters.p, letters.n);
	t.h = t.kind == MK_NUMBER ? mtab_mix(5, t.th) :
	      t.concept != 0	  ? mtab_mix(3, t.concept) :
				    t.th;
	return t;
}

/* A LEB128 number at *p, not beyond end; 0 there. */
static inline uint32_t
mseg_varint(const uint8_t **p, const uint8_t *end)
{
	uint32_t v = 0;
	unsigned shift = 0;

	while (*p < end && shift < 35) {
		uint8_t b = *(*p)++;

		v |= (uint32_t)(b & 127) << (shift & 31);
		if (b < 128)
			return v;
		shift += 7;
	}
	return v;
}

#define MSEG_VARINT_MAX 5u

/* Writes one; returns its length. */
static inline size_t
mseg_put_varint(uint8_t *p, uint32_t v)
{
	size_t n = 0;

	while (v >= 128) {
		p[n++] = (uint8_t)(v | 128);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

/* The block of a row that is there. */
static inline const uint8_t *
mseg_block_of(const struct mseg *s, uint32_t row)
{
	return s->sec[SEG_BLOCK] +
	       row / MSEG_BLOCK * sizeof(struct mseg_block);
}

/* The country of a row, without reading the row; 0 out of range. */
static inline uint16_t
mseg_row_country(const struct mseg *s, uint32_t row)
{
	uint16_t country = 0;

	if (row < s->head.rows)
		memcpy(&country,
		       mseg_block_of(s, row) +
			   offsetof(struct mseg_block, home) +
			   row % MSEG_BLOCK * 2,
		       2);
	return country;
}

/* Bytes of a row's tokens, and of its tail if it has one; at least 1. */
static inline unsigned
mseg_row_words(const struct mseg *s, uint32_t row)
{
	unsigned n = 0;

	if (row < s->head.rows)
		n = mseg_block_of(s, row)[offsetof(struct mseg_block, len) +
					  row % MSEG_BLOCK];
	return n > MSEG_ROW_HEAD ? n - MSEG_ROW_HEAD : 1;
}

/* Asks for the directory of a row, its country with it. */
static inline void
mseg_row_prefetch(const struct mseg *s, uint32_t row)
{
	if (row < s->head.rows)
		__builtin_prefetch(mseg_block_of(s, row));
}

/* Countries are numbered by their two letters. */
static inline uint16_t
mseg_country(struct str s)
{
	if (s.n < 2 || s.p[0] < 'A' || s.p[0] > 'Z' || s.p[1] < 'A' ||
	    s.p[1] > 'Z')
		return 0;
	return MFOLD_COUNTRY(s.p[0], s.p[1]);
}

#define MSEG_COLD_RECORD_MAX 2560u

#endif
