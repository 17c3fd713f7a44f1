/*
 * vocab.c - a sorted table of native codes.
 */
#include "vocab.h"

#include <stdlib.h>

#include "notice.h"

static struct str
cell(struct str *rest)
{
	struct str s = str_trim(str_cut(rest, '\t'));

	return str_eq(s, S("-")) ? STR_NONE : s;
}

static int
by_native(const void *a, const void *b)
{
	const struct vocab_row *x = a;
	const struct vocab_row *y = b;

	return str_cmp(x->native, y->native);
}

static enum err
row_get(struct str line, unsigned no, const struct kinds *kinds,
	struct vocab_row *row, struct diag *d)
{
	enum stage stage;
	enum subject subject;

	row->native = str_trim(str_cut(&line, '\t'));
	row->kind = cell(&line);
	row->stage = cell(&line);
	row->subject = cell(&line);
	if (row->native.n == 0 || row->kind.n == 0)
		return diag_set(d, ERR_CONFIG, no, "needs native and kind");
	if (line.n > 0)
		return diag_set(d, ERR_CONFIG, no, "more than four columns");
	if (kinds->count > 0 && kinds_find(kinds, row->kind) == NULL)
		return diag_set(d, ERR_CONFIG, no, "%.*s is no kind",
				STR_ARG(str_sub(row->kind, 0, 60)));
	if (row->stage.n > 0 && stage_get(row->stage, &stage) != ERR_OK)
		return diag_set(d, ERR_CONFIG, no, "%.*s is no stage",
				STR_ARG(str_sub(row->stage, 0, 60)));
	if (row->subject.n > 0 &&
	    subject_get(row->subject, &subject) != ERR_OK)
		return diag_set(d, ERR_CONFIG, no, "%.*s is no subject",
				STR_ARG(str_sub(row->subject, 0, 60)));
	return ERR_OK;
}

enum err
vocab_get(struct str tsv, const struct kinds *kinds, struct arena *a,
	  struct vocab *out, struct diag *d)
{
	struct vocab v = { 0 };
	size_t rows = 0;
	unsigned no = 0;

	for (size_t i = 0; i < tsv.n; i++)
		rows += tsv.p[i] == '\n';
	if (rows + 1 > VOCAB_ROWS_MAX)
		return diag_set(d, ERR_CONFIG, 0, "more than %u rows",
				VOCAB_ROWS_MAX);
	v.row = arena_array(a, struct vocab_row, rows + 1);
	if (v.row == NULL)
		return ERR_LIMIT;
	for (struct str rest = tsv; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		enum err err;

		no++;
		if (str_trim(line).n == 0 || *line.p == '#')
			continue;
		err = row_get(line, no, kinds, &v.row[v.count], d);
		if (err != ERR_OK)
			return err;
		v.count++;
	}
	if (v.count > 0)
		qsort(v.row, v.count, sizeof(*v.row), by_native);
	for (size_t i = 1; i < v.count; i++)
		if (str_eq(v.row[i - 1].native, v.row[i].native))
			return diag_set(d, ERR_CONFIG, 0, "%.*s is there twice",
					STR_ARG(str_sub(v.row[i].native, 0,
							60)));
	*out = v;
	return ERR_OK;
}

const struct vocab_row *
vocab_find(const struct vocab *v, struct str native)
{
	struct vocab_row key = { .native = native };

	return v->count == 0 ? NULL :
			       bsearch(&key, v->row, v->count, sizeof(key),
				       by_native);
}
