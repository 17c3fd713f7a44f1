/*
 * kinds.c - reads etc/kinds.tsv, and the words for stages.
 */
#include "kinds.h"

#define COLUMNS 8u

static const char *const STAGES[] = {
	[STAGE_NONE] = "-",
	[STAGE_PETITION] = "petition",
	[STAGE_PROVISIONAL] = "provisional",
	[STAGE_OPENED] = "opened",
	[STAGE_REORGANISATION] = "reorganisation",
	[STAGE_ORDER] = "order",
	[STAGE_LIQUIDATION] = "liquidation",
	[STAGE_DISSOLVED] = "dissolved",
	[STAGE_DISCHARGED] = "discharged",
};

const char *
stage_text(enum stage s)
{
	return STAGES[s];
}

enum err
stage_get(struct str s, enum stage *out)
{
	for (size_t i = 0; i < sizeof(STAGES) / sizeof(STAGES[0]); i++)
		if (str_eq(s, str_of(STAGES[i]))) {
			*out = (enum stage)i;
			return ERR_OK;
		}
	return ERR_INPUT;
}

static enum err
row_get(struct str line, unsigned no, struct arena *a, struct kind *k,
	struct diag *d)
{
	struct str cell[COLUMNS];
	struct str rest = line;
	size_t n = 0;

	while (n < COLUMNS && rest.n > 0) {
		cell[n] = arena_str(a, str_cut(&rest, '\t'));
		if (cell[n].p == NULL)
			return ERR_LIMIT;
		if (cell[n].n == 0)
			break;
		n++;
	}
	if (n != COLUMNS || rest.n > 0)
		return diag_set(d, ERR_CONFIG, no,
				"a kind has %u filled columns", COLUMNS);
	*k = (struct kind){ .name = cell[0],
			    .subject = cell[1],
			    .family = cell[3],
			    .alert_kind = cell[4],
			    .peril = cell[5],
			    .title_zh = cell[6],
			    .title_en = cell[7] };
	if (stage_get(cell[2], &k->stage) != ERR_OK)
		return diag_set(d, ERR_CONFIG, no, "stage: '%.*s' is unknown",
				STR_ARG(cell[2]));
	return ERR_OK;
}

enum err
kinds_get(struct str tsv, struct arena *a, struct kinds *out, struct diag *d)
{
	struct kinds k = { arena_array(a, struct kind, KINDS_MAX), 0 };
	unsigned no = 0;

	if (k.row == NULL)
		return ERR_LIMIT;
	for (struct str rest = tsv; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		enum err err;

		no++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (k.count == KINDS_MAX)
			return diag_set(d, ERR_CONFIG, no, "more than %u kinds",
					KINDS_MAX);
		err = row_get(line, no, a, &k.row[k.count], d);
		if (err != ERR_OK)
			return err;
		if (kinds_find(&k, k.row[k.count].name) != NULL)
			return diag_set(d, ERR_CONFIG, no, "kind given twice");
		k.count++;
	}
	*out = k;
	return ERR_OK;
}

const struct kind *
kinds_find(const struct kinds *k, struct str name)
{
	for (size_t i = 0; i < k->count; i++)
		if (str_eq(k->row[i].name, name))
			return &k->row[i];
	return NULL;
}
