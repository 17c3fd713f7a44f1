/*
 * book_check.h - one row of the book, from texts to values.  Floor 3, private
 * to the store.
 *
 * Knows the types of book.def and the rules within one row.  What needs
 * other rows (references, keys) is asked through struct book_lookup.
 */
#ifndef BOOK_CHECK_H
#define BOOK_CHECK_H

#include "arena.h"
#include "book_def.h"
#include "fold.h"
#include "idscheme.h"

#define BOOK_TEXT_MAX FOLD_NAME_MAX /* bytes of a text, and of one alias */

struct book_value {
	enum { VALUE_NONE, VALUE_INT, VALUE_TEXT } is;
	int64_t i;
	struct str s; /* in the row's arena, or the row's own bytes */
};

/* What a row cannot know by itself. */
struct book_lookup {
	/* ERR_ABSENT when the kind has no such row. */
	NODISCARD enum err (*find)(void *self, const char *kind,
				   struct str id);
	/* The cap_currency of a scheme. */
	NODISCARD enum err (*scheme_ccy)(void *self, struct str scheme_id,
					 struct str *out);
	/* Called for every fault. */
	void (*complain)(void *self, const char *field, const char *why);
	void *self;
};

struct book_row {
	const struct book_kind *kind;
	const struct idschemes *schemes;
	const struct book_lookup *lookup;
	struct arena *a;
	struct str raw[BOOK_COLUMNS_MAX];
	struct book_value value[BOOK_COLUMNS_MAX];
	unsigned faults;
};

/*
 * Fills value from raw.  ERR_INPUT when there were faults (all of them were
 * told), ERR_STORE when a lookup failed.
 */
NODISCARD enum err book_check(struct book_row *row);

#endif
