/*
 * mbuild_priv.h - what mbuild.c and mbuild_out.c share.
 */
#ifndef MBUILD_PRIV_H
#define MBUILD_PRIV_H

#include "mbuild.h"
#include "mkey.h"
#include "mseg_sum.h"

/* A growing array; memory comes from the kernel a page at a time. */
struct mvec {
	void *p; /* owned */
	size_t n; /* bytes used */
	size_t size;
};

/* Room for n more bytes, or NULL when memory is out. */
void *mvec_grow(struct mvec *v, size_t n);
void mvec_free(struct mvec *v);

static inline void *
mvec_more(struct mvec *v, size_t n)
{
	if (n > v->size - v->n || v->p == NULL)
		return mvec_grow(v, n);
	v->n += n;
	return (char *)v->p + v->n - n;
}

struct mrow_meta {
	uint16_t country;
	uint16_t classes;
	uint8_t flags;
	uint8_t n;
	uint8_t tail; /* bytes of its tail (struct mrow) */
};

/* A key of a row, packed: there are four times as many as names. */
struct mkey_row {
	uint32_t h; /* upper half of the key */
	uint32_t row;
	uint16_t tag; /* its low bits */
} __attribute__((packed));

struct mdict_slot {
	uint64_t h;
	uint32_t id;
	uint32_t print; /* of the form it was met in first; 0: free */
};

/* Things numbered in the order they are met. */
struct mdict {
	struct mdict_slot *slot; /* owned */
	size_t slots;
	uint32_t n;
};

/* A token as it is written. */
struct mwritten {
	uint32_t print; /* never 0 */
	uint16_t form;	/* mseg_form_of */
	uint16_t zero;
};

/* Names waiting to be folded. */
struct mitem {
	uint32_t id, id_n, name, name_n, ids, ids_n, addr, addr_n;
	uint16_t country;
	uint8_t alias;
};

/* A folded row, as a slice hands it over. */
struct mfolded {
	uint64_t set; /* key of the set of tokens */
	uint32_t cold_n;
	uint32_t mark; /* mseg_mark_of the obligor's id */
	uint16_t scripts;
	struct mrow_meta meta;
	uint8_t keys;
};

/* Part of a batch, folded by one thread. */
struct mslice {
	struct mbatch *batch;
	size_t from, to; /* items */
	struct mvec row; /* struct mfolded */
	struct mvec h;	 /* u64 per token */
	struct mvec written; /* struct mwritten per token */
	struct mvec letters; /* length byte and letters per token */
	struct mvec key;     /* u64 */
	struct mvec cold;    /* records as they stand in the file */
	enum { SLICE_FREE, SLICE_BEGUN, SLICE_DONE } state;
	bool failed;
};

#define MBUILD_SLICES 16u
#define MBUILD_PART_BITS 8u
#define MBUILD_PARTS (1u << MBUILD_PART_BITS)

struct mbatch {
	struct mvec text;
	struct mvec item; /* struct mitem */
	struct mslice slice[MBUILD_SLICES];
	bool out; /* given out to be folded, not yet taken */
};

struct mfolder; /* the threads that fold */

struct mbuild {
	char *path, *tmp; /* owned */
	int fd;
	unsigned threads;
	enum err err; /* sticks */
	/* one batch is filled while the other is folded */
	struct mbatch batch[2];
	struct mbatch *fill;
	struct mfolder *folder; /* owned */
	/* per row */
	struct mvec meta;   /* struct mrow_meta */
	struct mvec mark;   /* u32 */
	struct mvec ids;    /* u32 provisional token ids, row after row */
	struct mvec tail;   /* tails, row after row */
	/*
	 * Dealt out by their upper bits as they come, so that the tables are
	 * made piece by piece, each in the processor's cache.
	 */
	struct mvec key[MBUILD_PARTS]; /* struct mkey_row */
	struct mvec set[MBUILD_PARTS]; /* u64 set keys, to count namesakes */
	uint64_t rows, obligors;
	/* dictionary */
	struct mdict token, forms;
	struct mvec tok_h;    /* u64 */
	struct mvec tok_df;   /* u32 */
	struct mvec tok_text; /* u32 offset */
	struct mvec tok_form; /* u16 */
	struct mvec form;     /* struct mseg_form: tokens in other forms */
	struct mvec letters;  /* length byte and letters */
	/* file */
	struct mvec block;     /* struct mseg_block */
	struct mvec out;       /* cold bytes not yet written */
	uint64_t cold_n;
	struct msum *cold_sum;
	struct mseg_head head;
	uint64_t at; /* end of the file */
};

/* The next part of an aliases field, unescaped into dst. */
bool mbuild_alias(struct str *rest, char *dst, size_t size, size_t *n);
bool mvec_put(struct mvec *v, const void *p, size_t n);
/* Keys for a row; false when memory is out. */
bool mbuild_keys(struct mbuild *b, const uint64_t *key, unsigned n,
		 uint64_t row);
/* mbuild_fold.c: the batch that is filled goes to the threads. */
NODISCARD bool mfolder_start(struct mbuild *b);
void mfolder_next(struct mbuild *b);
enum err mfolder_end(struct mbuild *b);
void mfolder_stop(struct mbuild *b);
/* mbuild.c: the rows of a folded slice, in the order of the book. */
enum err mbuild_take(struct mbuild *b, const struct mslice *s);
enum err mbuild_write(struct mbuild *b, const void *p, size_t n);
unsigned mbuild_bits(uint64_t n);
enum err mbuild_flush_cold(struct mbuild *b);
enum err mbuild_sections(struct mbuild *b);

/*
 * mbuild_keys.c: the tables by which tokens and names are found.  Made beside
 * the sections that are written first: reads the tokens and rows, takes the
 * keys.
 */
struct mtables {
	struct mbuild *b;
	enum err err;
	unsigned var_bits, key_bits;
	size_t vars, keys;
	uint32_t *var_base, *var; /* all owned */
	uint32_t *key_base;
	struct mseg_key *key;
	uint64_t shared_set;
};

void *mtables_make(void *ctx);
void mtables_free(struct mtables *t);

#endif
