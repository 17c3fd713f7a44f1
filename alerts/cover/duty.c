/*
 * duty.c - notice-of-possible-loss deadlines.
 */
#include "duty.h"

#define COLUMNS 4u

static enum err
row_get(struct str line, unsigned no, struct arena *a, struct duty_rule *r,
	struct diag *d)
{
	struct str cell[COLUMNS];
	struct str rest = line;
	uint64_t days;

	for (size_t i = 0; i < COLUMNS; i++) {
		cell[i] = arena_str(a, str_cut(&rest, '\t'));
		if (cell[i].p == NULL)
			return ERR_LIMIT;
		if (cell[i].n == 0)
			return diag_set(d, ERR_CONFIG, no,
					"a duty has %u filled columns",
					COLUMNS);
	}
	if (rest.n > 0)
		return diag_set(d, ERR_CONFIG, no, "more than %u columns",
				COLUMNS);
	if (str_to_u64(cell[2], 3660, &days) != ERR_OK)
		return diag_set(d, ERR_CONFIG, no, "days: not 0 to 3660");
	if (!str_eq(cell[3], S("yes")) && !str_eq(cell[3], S("no")))
		return diag_set(d, ERR_CONFIG, no, "verified: yes or no");
	*r = (struct duty_rule){ cell[0], cell[1], (int)days,
				 str_eq(cell[3], S("yes")) };
	return ERR_OK;
}

enum err
duties_get(struct str tsv, struct arena *a, struct duties *out, struct diag *d)
{
	struct duties t = { arena_array(a, struct duty_rule, DUTIES_MAX), 0 };
	unsigned no = 0;

	if (t.row == NULL)
		return ERR_LIMIT;
	for (struct str rest = tsv; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		enum err err;

		no++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (t.count == DUTIES_MAX)
			return diag_set(d, ERR_CONFIG, no,
					"more than %u duties", DUTIES_MAX);
		err = row_get(line, no, a, &t.row[t.count], d);
		if (err != ERR_OK)
			return err;
		t.count++;
	}
	*out = t;
	return ERR_OK;
}

const struct duty_rule *
duties_find(const struct duties *t, struct str profile, struct str family)
{
	for (size_t i = 0; i < t->count; i++)
		if (str_eq(t->row[i].profile, profile) &&
		    str_eq(t->row[i].family, family))
			return &t->row[i];
	return NULL;
}

int32_t
duty_deadline(const struct duty_rule *r, int64_t knew_at)
{
	/* The day of knowledge is day 0. */
	return date_shanghai(knew_at) + r->days;
}
