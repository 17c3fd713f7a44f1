/*
 * mwhy.c - an alignment in words.
 */
#include <string.h>

#include "mquery_priv.h"

#define CUT 48u /* bytes of a quoted word */
#define NUMBER 27u /* bytes of the longest one with its commas */

/* A line of parts; left out when there is no room for all of it. */
static void
why(struct mqscratch *x, struct manswer *a, const struct str *part,
    size_t parts)
{
	char *p = x->why + x->why_n;
	size_t n = 0;

	for (size_t i = 0; i < parts; i++)
		n += part[i].n;
	if (a->whys == MQUERY_WHY_MAX || n > sizeof(x->why) - x->why_n)
		return;
	a->why[a->whys++] = (struct str){ p, n };
	x->why_n += n;
	for (size_t i = 0; i < parts; i++) {
		if (part[i].n > 0)
			memcpy(p, part[i].p, part[i].n);
		p += part[i].n;
	}
}

#define WHY(x, a, ...)                                                       \
	why(x, a, (const struct str[]){ __VA_ARGS__ },                       \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

/* The beginning of s, without half a letter at the end. */
static struct str
cut_of(struct str s)
{
	if (s.n > CUT) {
		s.n = CUT;
		while (s.n > 0 && ((uint8_t)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
	}
	return s;
}

/* The raw words of tokens [i, i+n). */
static struct str
quote(const struct mname *m, unsigned i, unsigned n)
{
	const struct mtok *last = &m->tok[i + n - 1];
	size_t from = m->tok[i].raw;
	size_t end = (size_t)last->raw + last->raw_n;

	return cut_of(str_sub(m->raw, from, end > from ? end - from : 0));
}

static const char *
how_text(const struct mlink *l, const struct mtok *b)
{
	static const char *const text[HOW_COUNT] = {
		[HOW_SAME] = "same word",
		[HOW_NUMBER] = "number",
		[HOW_CONCEPT] = "concept",
		[HOW_SPELLING] = "spelling variant",
		[HOW_EDIT] = "misspelt",
		[HOW_STEM] = "other ending",
		[HOW_ABBREV] = "abbreviation",
		[HOW_INITIALS] = "initials",
		[HOW_GLUE] = "written together",
		[HOW_SOUND] = "sounds alike",
	};

	if (l->how == HOW_CONCEPT && b->kind == MK_PLACE)
		return "place";
	if (l->how == HOW_CONCEPT && l->sim <= MALIGN_KIN)
		return "related concept";
	return text[l->how];
}

/* 83123456 as 83,123,456, at the end of dst. */
static struct str
grouped(uint64_t v, char dst[NUMBER])
{
	size_t k = NUMBER;
	unsigned digits = 0;

	do {
		if (digits > 0 && digits % 3 == 0)
			dst[--k] = ',';
		dst[--k] = (char)('0' + v % 10);
		digits++;
		v /= 10;
	} while (v > 0);
	return (struct str){ dst + k, NUMBER - k };
}

static void
put_links(const struct mseg *s, struct mqscratch *x, const struct mpair *p,
	  struct manswer *a)
{
	const struct mqname *q = &x->name[p->qname];
	uint32_t rarest = UINT32_MAX;
	const struct mlink *rare = NULL;

	for (unsigned i = 0; i < p->align.n; i++) {
		const struct mlink *l = &p->align.link[i];
		struct str w = quote(&q->name, l->q, l->qn);
		struct str b = quote(&p->name, l->b, l->bn);
		bool same = l->how <= HOW_NUMBER && l->sim >= 1;
		uint32_t df = mseg_token_at(s, q->q.token[l->q]).df;

		WHY(x, a, S("'"), w,
		    same || l->sim > 0.9f ? S("' = '") : S("' ~ '"), b,
		    S("' ("), str_of(how_text(l, &p->name.tok[l->b])), S(")"));
		if (df > 0 && df < rarest && l->qn == 1) {
			rarest = df;
			rare = l;
		}
	}
	if (rare != NULL) {
		bool few = rarest * 20000ull < s->head.rows || rarest <= 2;
		char n[NUMBER], all[NUMBER];

		WHY(x, a, S("token '"), quote(&q->name, rare->q, 1),
		    few ? S("' rare: ") : S("' common: "), grouped(rarest, n),
		    S(" in "), grouped(s->head.rows, all));
	}
}

static void
put_unmatched(struct mqscratch *x, const struct mname *m, uint32_t used,
	      const char *whose, struct manswer *a)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!(used >> i & 1))
			WHY(x, a, S("'"), quote(m, i, 1), S("' only in the "),
			    str_of(whose));
}

static struct str
form_text(const struct mname *m)
{
	if (m->forms == 0)
		return STR_NONE;
	return str_sub(m->raw, m->form[0].raw,
		       m->form[0].raw_n > CUT ? 0 : m->form[0].raw_n);
}

static void
put_legal(struct mqscratch *x, const struct mpair *p, struct manswer *a)
{
	const struct mname *q = &x->name[p->qname].name;
	struct str f = form_text(q), g = form_text(&p->name);

	switch (p->align.legal) {
	case LR_SAME:
		WHY(x, a, S("'"), f, str_eq(f, g) ? S("' = '") : S("' ~ '"), g,
		    S("' (legal form, same class)"));
		break;
	case LR_FITS:
		WHY(x, a, S("'"), f, S("' ~ '"), g,
		    S("' (legal form, compatible)"));
		break;
	case LR_CONFLICT:
		WHY(x, a, S("'"), f, S("' is not '"), g,
		    S("' (legal form differs)"));
		break;
	case LR_ONE:
		WHY(x, a, S("legal form on one side only: '"), f.n > 0 ? f : g,
		    S("'"));
		break;
	case LR_NONE:
		break;
	}
}

/* What was not compared: a name inside a name, words of an insolvency. */
static void
put_left_out(struct mqscratch *x, const struct mpair *p, struct manswer *a)
{
	const struct mqname *q = &x->name[p->qname];

	if (q->part)
		WHY(x, a, S("by '"), cut_of(q->name.raw),
		    S("', one of the names given: for a reviewer"));
	if (q->name.status_n > 0)
		WHY(x, a, S("'"), cut_of(str_sub(q->name.raw, q->name.status,
						 q->name.status_n)),
		    S("' (insolvency, not part of the name)"));
}

static struct str
country_text(uint16_t country, char c[2])
{
	if (country == 0)
		return STR_NONE;
	c[0] = (char)('A' + (country - 1) / 26);
	c[1] = (char)('A' + (country - 1) % 26);
	return (struct str){ c, 2 };
}

static struct str
others(unsigned n)
{
	return n == 1 ? S(" other obligor") : S(" other obligors");
}

static struct str
have(unsigned n)
{
	return n == 1 ? S(" has the same name") : S(" have the same name");
}

static void
put_country(struct mqscratch *x, const struct mask *ask,
	    const struct mpair *p, struct manswer *a)
{
	char c[2], n[NUMBER];
	struct str home = country_text(p->country, c);

	if (p->country_rel == CR_SAME)
		WHY(x, a, S("country "), home, S(" = "), home);
	else if (p->country_rel == CR_OTHER)
		WHY(x, a, S("country "), ask->country, S(" is not "), home);
	if (p->address_sim >= 0)
		WHY(x, a,
		    p->address_sim >= 0.5f ? S("address agrees (") :
					     S("address differs ("),
		    grouped((uint64_t)(p->address_sim * 100), n),
		    S(" % of its words)"));
}

static void
put_namesakes(struct mqscratch *x, const struct mpair *p, struct manswer *a)
{
	unsigned abroad = p->namesakes - p->at_home - p->nowhere;
	char c[2], n[NUMBER];

	if (p->at_home > 0)
		WHY(x, a, grouped(p->at_home, n), others(p->at_home),
		    S(" in "), country_text(p->country, c), have(p->at_home));
	if (p->nowhere > 0)
		WHY(x, a, grouped(p->nowhere, n), others(p->nowhere),
		    have(p->nowhere));
	if (abroad > 0)
		WHY(x, a, grouped(abroad, n), others(abroad), S(" abroad"),
		    have(abroad));
}

/* Siblings, namesakes and what else a reviewer should know. */
static void
put_warnings(struct mqscratch *x, const struct mpair *p, struct manswer *a)
{
	const float *f = p->align.f;
	char n[NUMBER];

	if (p->align.number == NR_CONFLICT)
		WHY(x, a, S("the numbers differ: likely another member of "
			    "a series"));
	if (mevidence_is_sibling(p))
		WHY(x, a, S("same group, other member? the general words or "
			    "places differ"));
	put_namesakes(x, p, a);
	if (p->thin)
		WHY(x, a, S("short or common words only: the country alone "
			    "does not tell"));
	if (p->left == MLEFT_OTHER)
		WHY(x, a, S("what one name has and the other has not may be "
			    "another company's"));
	else if (p->left == MLEFT_SOMETHING && p->score < MQ_LEFT_SCORE)
		WHY(x, a, S("words left over: a name alone does not tell"));
	if (f[MF_TIES] > 0)
		WHY(x, a, grouped((uint64_t)f[MF_TIES], n),
		    others((unsigned)f[MF_TIES]),
		    f[MF_TIES] < 2 ? S(" has as good a name") :
				     S(" have as good a name"));
	if (x->name[p->qname].name.cut)
		WHY(x, a, S("the name is longer than what was read of it"));
	if (x->name[p->qname].name.bad)
		WHY(x, a, S("the name has bytes that are not UTF-8"));
}

void
mwhy_put(const struct mseg *s, struct mqscratch *x, const struct mask *ask,
	 const struct mpair *p, struct manswer *a)
{
	uint32_t qused, bused;
	char n[NUMBER];

	if (p->by_id)
		WHY(x, a, ask->id[p->id_match].scheme, S(" = "),
		    ask->id[p->id_match].value, S(" (hard id)"));
	if (p->id_clash)
		WHY(x, a, S("another value of the same id scheme"));
	if (x->id_obligors > 1 && p->by_id)
		WHY(x, a, S("the ids point at "), grouped(x->id_obligors, n),
		    S(" obligors"));
	put_country(x, ask, p, a);
	if (x->names == 0)
		return;
	malign_used(&p->align, &qused, &bused);
	put_links(s, x, p, a);
	put_legal(x, p, a);
	put_left_out(x, p, a);
	put_warnings(x, p, a);
	put_unmatched(x, &x->name[p->qname].name, qused, "query", a);
	put_unmatched(x, &p->name, bused, "book", a);
}
