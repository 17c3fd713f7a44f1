/*
 * vocab.h - a source's own codes in our kinds.  Floor 2.
 *
 * TSV of native, kind and optionally stage and subject; '#' begins a comment
 * line.  "-" as stage or subject means none.
 */
#ifndef VOCAB_H
#define VOCAB_H

#include "kinds.h"

#define VOCAB_ROWS_MAX 16384u

struct vocab_row {
	struct str native;
	struct str kind;
	struct str stage;   /* empty: the kind's own */
	struct str subject; /* empty: the kind's own */
};

struct vocab {
	struct vocab_row *row; /* sorted by native */
	size_t count;
};

/* Rows borrow tsv.  kinds may be empty (count 0): kinds are not checked then.
 * ERR_CONFIG with the line in d. */
NODISCARD enum err vocab_get(struct str tsv, const struct kinds *kinds,
			     struct arena *a, struct vocab *out,
			     struct diag *d);
/* NULL when the code is not mapped. */
const struct vocab_row *vocab_find(const struct vocab *v, struct str native);

#endif
