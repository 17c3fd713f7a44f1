/*
 * book_def.c - book.def as a table.
 */
#include "book_def.h"

enum book_need { MAY, NEED };

#define BOOK_KIND(kind, keys, after)                                           \
	static const struct book_col kind##_cols[] = {
#define BOOK_COL(kind, name, type, arg, need, dflt)                            \
	{ #name, BOOK_##type, arg, need, dflt },
#define BOOK_END(kind, keys, more)                                             \
	}                                                                      \
	;
#include "book.def"

const struct book_kind book_kinds[] = {
#define BOOK_KIND(kind, keys, after)                                           \
	{ #kind, keys, after, kind##_cols,                                     \
	  sizeof(kind##_cols) / sizeof(kind##_cols[0]) },
#define BOOK_COL(kind, name, type, arg, need, dflt)
#define BOOK_END(kind, keys, more)
#include "book.def"
};

const size_t book_kind_count = sizeof(book_kinds) / sizeof(book_kinds[0]);

const struct book_kind *
book_kind_find(struct str name)
{
	for (size_t i = 0; i < book_kind_count; i++)
		if (str_eq(name, str_of(book_kinds[i].name)))
			return &book_kinds[i];
	return NULL;
}

int
book_col_find(const struct book_kind *k, struct str name)
{
	for (unsigned i = 0; i < k->cols; i++)
		if (str_eq(name, str_of(k->col[i].name)))
			return (int)i;
	return -1;
}
