/*
 * decode.h - bytes of a declared encoding become UTF-8.  Floor 2.
 *
 * UTF-8 passes as it is, without a BOM; a single-byte encoding goes through a
 * table made once from an ICU converter (never iconv, which loads modules).
 * The encoding is the definition's, else the XML declaration's, else UTF-8.
 * UTF-16, UTF-32 and anything unknown is refused.  Well-formedness of UTF-8
 * is for the splitter behind it.
 */
#ifndef DECODE_H
#define DECODE_H

#include "buf.h"

#define DECODE_HEAD_MAX 1024u /* bytes held back to look at the declaration */

struct decode {
	char head[DECODE_HEAD_MAX];
	size_t head_n;
	bool started;
	bool xml; /* look for a declaration */
	bool table_used;
	struct str forced;
	uint16_t table[256];
};

/* encoding may be empty; it must outlive d. */
void decode_init(struct decode *d, struct str encoding, bool xml);
/* Appends what can be decoded now to out. */
NODISCARD enum err decode_push(struct decode *d, struct str bytes,
			       struct buf *out, struct diag *why);
NODISCARD enum err decode_end(struct decode *d, struct buf *out,
			      struct diag *why);
/* Whether an encoding of that name can be decoded. */
bool decode_known(struct str encoding);

#endif
