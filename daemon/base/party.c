/*
 * party.c - what two descriptions of a company have in common.
 */
#include "party.h"

#include "fold.h"

static bool
is_hard(const struct idschemes *t, const struct notice_id *id)
{
	const struct idscheme *s = idschemes_find(t, id->scheme);

	return s != NULL && s->hard;
}

static int
has_hard(const struct idschemes *t, const struct obligor *o)
{
	for (size_t i = 0; i < o->id_count; i++)
		if (is_hard(t, &o->ids[i]))
			return 1;
	return 0;
}

static int
share_id(const struct idschemes *t, const struct obligor *x,
	 const struct obligor *y)
{
	for (size_t i = 0; i < x->id_count; i++) {
		const struct notice_id *a = &x->ids[i];

		for (size_t k = 0; k < y->id_count && is_hard(t, a); k++)
			if (str_eq(a->scheme, y->ids[k].scheme) &&
			    str_eq(a->value, y->ids[k].value))
				return 1;
	}
	return 0;
}

/* The name, then the aliases. */
static struct str
name_at(const struct obligor *o, size_t i)
{
	return i == 0 ? o->name : o->aliases[i - 1];
}

/* A name that has no key is like no other. */
static void
key_of(struct buf *b, struct str name)
{
	buf_clear(b);
	if (fold_name(b, name) != ERR_OK)
		buf_clear(b);
}

static int
share_name(const struct obligor *x, const struct obligor *y)
{
	struct buf a;
	struct buf b;
	int same = 0;

	buf_init(&a, 4 * FOLD_NAME_MAX);
	buf_init(&b, 4 * FOLD_NAME_MAX);
	for (size_t i = 0; !same && i <= x->alias_count; i++) {
		key_of(&a, name_at(x, i));
		for (size_t k = 0; a.n > 0 && !same && k <= y->alias_count;
		     k++) {
			key_of(&b, name_at(y, k));
			same = str_eq(buf_str(&a), buf_str(&b));
		}
	}
	buf_free(&a);
	buf_free(&b);
	return same;
}

struct party_kin
party_kin(const struct idschemes *t, const struct obligor *x,
	  const struct obligor *y)
{
	struct party_kin kin = { .id = share_id(t, x, y),
				 .name = share_name(x, y) };

	kin.ids = !kin.id && has_hard(t, x) && has_hard(t, y);
	return kin;
}
