/*
 * book_form.c - what kind a header is of, what text a member of JSON stands
 * for.
 */
#include "book_form.h"

#include <inttypes.h>
#include <stdio.h>

#include "book_import.h"
#include "book_parts.h"

/* How well a header fits a kind: columns known, and required ones missing. */
static void
fit_of(const struct book_kind *k, const struct book_csv_row *header,
       size_t *known, size_t *missing)
{
	*known = 0;
	*missing = 0;
	for (size_t i = 0; i < header->count; i++)
		*known += book_col_find(k, header->field[i]) >= 0;
	for (unsigned i = 0; i < k->cols; i++) {
		bool there = k->col[i].need == 0;

		for (size_t j = 0; j < header->count && !there; j++)
			there = str_eq(header->field[j],
				       str_of(k->col[i].name));
		*missing += !there;
	}
}

const struct book_kind *
book_form_kind(const struct book_csv_row *header)
{
	const struct book_kind *best = NULL;
	size_t best_known = 0;
	size_t best_missing = 0;

	for (size_t i = 0; i < book_kind_count; i++) {
		size_t known;
		size_t missing;

		fit_of(&book_kinds[i], header, &known, &missing);
		if (known < best_known || known == 0 ||
		    (known == best_known && missing >= best_missing))
			continue;
		best = &book_kinds[i];
		best_known = known;
		best_missing = missing;
	}
	return best;
}

/* The texts of an array as one list; p NULL when one is not a string. */
static struct str
list_text(const struct json *arr, struct arena *a)
{
	struct str text = STR_NONE;
	struct buf list;

	buf_init(&list, BOOK_ROW_MAX);
	for (size_t i = 0; i < json_len(arr); i++) {
		struct str part = json_str(json_at(arr, i));

		if (part.n == 0)
			goto out;
		book_parts_put(&list, part);
	}
	if (list.err == ERR_OK)
		text = arena_str(a, buf_str(&list));
out:
	buf_free(&list);
	return text;
}

bool
book_form_member(const struct json *obj, const struct book_col *c,
		 struct arena *a, struct str *out)
{
	char number[32];
	const struct json *v = json_get(obj, c->name);
	bool is_flag = c->type == BOOK_BOOL;
	bool is_list = c->type == BOOK_ALIASES || c->type == BOOK_IDS;

	*out = STR_NONE;
	if (json_absent(v))
		return true;
	*out = json_str(v);
	if (out->p != NULL)
		return true;
	if (is_list && json_arr(obj, c->name) != NULL) {
		*out = list_text(v, a);
		return out->p != NULL;
	}
	if (is_flag && json_get_bool(obj, c->name) >= 0) {
		*out = json_get_bool(obj, c->name) != 0 ? S("1") : S("0");
		return true;
	}
	/* An integer is one whatever the default. */
	if ((is_flag || c->type == BOOK_INT) &&
	    json_get_int(obj, c->name, 0) == json_get_int(obj, c->name, 1)) {
		(void)snprintf(number, sizeof(number), "%" PRId64,
			       json_get_int(obj, c->name, 0));
		*out = arena_str(a, str_of(number));
		return out->p != NULL;
	}
	return false;
}
