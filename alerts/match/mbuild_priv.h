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
void *mvec_more(struct mvec *v, size_t n);
void mvec_free(struct mvec *v);

struct mrow_meta {
	uint16_t country;
	uint16_t classes;
	uint8_t flags;
	uint8_t n;
};

struct mkey_row {
	uint32_t h; /* upper half of the key */
	uint32_t row;
};

struct mdict_slot {
	uint64_t h;
	uint32_t id;
	uint32_t used;
};

/* Names waiting to be folded. */
struct mitem {
	uint32_t id, id_n, name, name_n, ids, ids_n, addr, addr_n;
	uint16_t country;
	uint8_t alias;
};

struct mbuild {
	char *path, *tmp; /* owned */
	int fd;
	unsigned threads;
	enum err err; /* sticks */
	/* batch */
	struct mvec text;
	struct mvec item;
	/* per row */
	struct mvec meta;   /* struct mrow_meta */
	struct mvec ids;    /* u32 provisional token ids, row after row */
	struct mvec key;    /* struct mkey_row */
	struct mvec set;    /* u64 set keys, to count namesakes */
	uint64_t rows, obligors;
	/* dictionary */
	struct mdict_slot *slot;
	size_t slots;
	struct mvec tok_h;    /* u64 */
	struct mvec tok_df;   /* u32 */
	struct mvec tok_text; /* u32 offset */
	struct mvec letters;  /* length byte and letters */
	uint32_t tokens;
	/* file */
	struct mvec cold_base; /* u64 */
	struct mvec out;       /* cold bytes not yet written */
	uint64_t cold_n;
	struct msum *cold_sum;
	struct mseg_head head;
	uint64_t at; /* end of the file */
};

/* The next part of an aliases field, unescaped into dst. */
bool mbuild_alias(struct str *rest, char *dst, size_t size, size_t *n);
enum err mbuild_write(struct mbuild *b, const void *p, size_t n);
enum err mbuild_flush_cold(struct mbuild *b);
enum err mbuild_sections(struct mbuild *b);

#endif
