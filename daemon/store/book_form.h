/*
 * book_form.h - the forms a file of the book comes in: columns of CSV, members
 * of JSON Lines.  Floor 3, private to the store.
 */
#ifndef BOOK_FORM_H
#define BOOK_FORM_H

#include "book_csv.h"
#include "book_def.h"
#include "json.h"

/* The kind that fits best: the most known columns, then the fewest missing;
 * NULL: none of them is known. */
const struct book_kind *book_form_kind(const struct book_csv_row *header);
/* A member as the text a CSV field would have; false: of no fitting type. */
bool book_form_member(const struct json *obj, const struct book_col *c,
		      struct arena *a, struct str *out);

#endif
