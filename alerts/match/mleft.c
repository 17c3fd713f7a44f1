/*
 * mleft.c - what only one of two names has, and what that says.
 *
 * A word left over may be noise, or the name of a parent, a sister or a
 * branch; how alike the rest is does not tell.
 */
#include <string.h>

#include "mphon.h"
#include "mquery_priv.h"

#define LETTERS 4u /* of a word that says something */
#define ALIKE 0.6f /* two words may be one, written otherwise */

/* One of the two names, and what of it is left over. */
struct side {
	const struct mname *m;
	uint32_t used;
	uint32_t words; /* that say something: bits */
	enum mleft left;
};

/* The word once more: "Agregat (PJSC Agregat)". */
static bool
is_repeated(const struct side *s, unsigned at)
{
	for (unsigned i = 0; i < s->m->n; i++)
		if (s->used >> i & 1 && s->m->tok[i].th == s->m->tok[at].th)
			return true;
	return false;
}

/* The initials of the name it stands in: "Hafiz Darya Shipping Lines (HDSL)". */
static bool
is_acronym(const struct side *s, unsigned at)
{
	struct str t = mfold_text(s->m, &s->m->tok[at]);
	size_t k = 0;

	for (unsigned i = 0; i < s->m->n && k < t.n; i++)
		k += i != at && mfold_text(s->m, &s->m->tok[i]).p[0] == t.p[k];
	return k == t.n;
}

static bool
is_in_brackets(const struct side *s, unsigned at)
{
	static const char *const open[] = { "(", "\xEF\xBC\x88", "[" };
	struct str before = str_sub(s->m->raw, 0, s->m->tok[at].raw);

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		struct str o = str_of(open[i]);

		if (before.n >= o.n && memcmp(before.p + before.n - o.n, o.p,
					      o.n) == 0)
			return true;
	}
	return false;
}

static bool
lies_in(struct str at, uint16_t country)
{
	while (at.n > 0)
		if (mseg_country(str_cut(&at, '|')) == country)
			return true;
	return false;
}

/* A place of the company's own country says nothing, but for one in brackets:
 * that is how the members of a group are told apart. */
static enum mleft
place_left(const struct side *s, unsigned at, uint16_t country)
{
	const struct mconcept *c = mtab_concept(s->m->tok[at].concept);

	return lies_in(c->at, country) && !is_in_brackets(s, at) ? MLEFT_NOTHING :
								   MLEFT_OTHER;
}

static enum mleft
concept_left(const struct mtok *t)
{
	static const enum mleft says[] = {
		[MCL_SOMETHING] = MLEFT_SOMETHING,
		[MCL_DROPPED] = MLEFT_NOTHING,
		[MCL_MEMBER] = MLEFT_OTHER,
	};

	return says[mtab_concept(t->concept)->left];
}

static void
look(struct side *s, uint16_t country)
{
	for (unsigned i = 0; i < s->m->n; i++) {
		const struct mtok *t = &s->m->tok[i];
		enum mleft left = MLEFT_SOMETHING;

		if (s->used >> i & 1)
			continue;
		if (t->kind == MK_PLACE) {
			left = place_left(s, i, country);
		} else if (t->kind == MK_CONCEPT) {
			left = concept_left(t);
		} else if (t->kind == MK_WORD) {
			if (t->n < LETTERS || is_repeated(s, i) ||
			    is_acronym(s, i))
				continue;
			s->words |= 1u << i;
		}
		if (left > s->left)
			s->left = left;
	}
}

/* May the two words be one: al-Gosaibi and Algosaibi, Toiba and Tayyiba? */
static bool
may_be_one(struct str a, struct str b)
{
	char x[MPHON_MAX], y[MPHON_MAX];
	struct str sx = { x, mphon_soft(a, x, sizeof(x)) };
	struct str sy = { y, mphon_soft(b, y, sizeof(y)) };

	return memmem(a.p, a.n, b.p, b.n) != NULL ||
	       memmem(b.p, b.n, a.p, a.n) != NULL ||
	       mphon_sim(sx, sy, true, ALIKE) >= ALIKE;
}

/* A word of either that the other has not, and not in another spelling? */
static bool
differ(const struct side *a, const struct side *b)
{
	for (unsigned i = 0; i < a->m->n; i++)
		for (unsigned k = 0; k < b->m->n; k++)
			if (a->words >> i & 1 && b->words >> k & 1 &&
			    may_be_one(mfold_text(a->m, &a->m->tok[i]),
				       mfold_text(b->m, &b->m->tok[k])))
				return false;
	return a->words != 0 && b->words != 0;
}

enum mleft
mleft_of(const struct mname *q, const struct mpair *p)
{
	struct side a = { .m = q }, b = { .m = &p->name };
	bool one_script = ((q->scripts ^ p->name.scripts) & ~MFOLD_LATIN) == 0;

	malign_used(&p->align, &a.used, &b.used);
	look(&a, p->country);
	look(&b, p->country);
	/* Another word here and there; between scripts it may be the same. */
	if (one_script && differ(&a, &b))
		return MLEFT_OTHER;
	return a.left > b.left ? a.left : b.left;
}
