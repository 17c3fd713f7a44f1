/*
 * operators.c - lines of operators, read and found.
 */
#include "operators.h"

static const struct {
	struct str word;
	enum operator_role role;
} ROLES[] = {
	{ { "viewer", 6 }, OPERATOR_VIEWER },
	{ { "reviewer", 8 }, OPERATOR_REVIEWER },
	{ { "approver", 8 }, OPERATOR_APPROVER },
};
#define ROLE_COUNT (sizeof(ROLES) / sizeof(ROLES[0]))

static enum err
who_get(struct str s, struct operator *o)
{
	uint64_t id = 0;
	struct str kind = str_cut(&s, ':');

	o->group = str_eq(kind, S("gid"));
	if ((!o->group && !str_eq(kind, S("uid"))) ||
	    str_to_u64(s, UINT32_MAX - 1, &id) != ERR_OK)
		return ERR_CONFIG;
	o->id = (uint32_t)id;
	return ERR_OK;
}

static unsigned
role_of(struct str word)
{
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (str_eq(ROLES[i].word, word))
			return ROLES[i].role;
	return 0;
}

enum err
operators_add(struct operators *o, struct str name, struct str text,
	      struct arena *a, struct diag *d)
{
	struct operator row = { .name = arena_str(a, name) };
	struct str rest = text;

	if (!str_is_id(name))
		return diag_set(d, ERR_CONFIG, 0, "is no name for anybody");
	if (who_get(str_cut(&rest, ' '), &row) != ERR_OK)
		return diag_set(d, ERR_CONFIG, 0,
				"begins with uid:NUMBER or gid:NUMBER");
	while (rest.n > 0) {
		struct str word = str_cut(&rest, ' ');
		unsigned role = role_of(word);

		if (role == 0)
			return diag_set(d, ERR_CONFIG, 0,
					"'%.*s' is not one of viewer, "
					"reviewer, approver",
					STR_ARG(str_sub(word, 0, 40)));
		row.roles |= role;
	}
	if (row.roles == 0)
		return diag_set(d, ERR_CONFIG, 0, "has no role");
	if (o->row == NULL)
		o->row = arena_array(a, struct operator, OPERATORS_MAX);
	if (o->row == NULL || row.name.p == NULL || o->count == OPERATORS_MAX)
		return diag_set(d, ERR_CONFIG, 0, "at most %u operators",
				OPERATORS_MAX);
	o->row[o->count++] = row;
	return ERR_OK;
}

const struct operator *
operators_find(const struct operators *o, uint32_t uid, uint32_t gid)
{
	for (int group = 0; group < 2; group++)
		for (size_t i = 0; i < o->count; i++)
			if (o->row[i].group == (group == 1) &&
			    o->row[i].id == (group == 1 ? gid : uid))
				return &o->row[i];
	return NULL;
}

void
operators_put(struct buf *b, const struct operators *o)
{
	if (o->count > 0)
		buf_put(b, S("operators:\n"));
	for (size_t i = 0; i < o->count; i++) {
		const struct operator *row = &o->row[i];

		buf_printf(b, "  %.*s: %s:%u", STR_ARG(row->name),
			   row->group ? "gid" : "uid", row->id);
		for (size_t k = 0; k < ROLE_COUNT; k++)
			if ((row->roles & ROLES[k].role) != 0)
				buf_printf(b, " %.*s", STR_ARG(ROLES[k].word));
		buf_byte(b, '\n');
	}
}
