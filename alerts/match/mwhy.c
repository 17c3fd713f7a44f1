/*
 * mwhy.c - an alignment in words.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mquery_priv.h"

#define CUT 48u /* bytes of a quoted word */

static void why(struct mqscratch *x, struct manswer *a, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
why(struct mqscratch *x, struct manswer *a, const char *fmt, ...)
{
	size_t left = sizeof(x->why) - x->why_n;
	va_list ap;
	int n;

	if (a->whys == MQUERY_WHY_MAX || left < 8)
		return;
	va_start(ap, fmt);
	n = vsnprintf(x->why + x->why_n, left, fmt, ap);
	va_end(ap);
	must(n >= 0);
	/* A line cut in the middle of a letter would not be UTF-8. */
	if ((size_t)n >= left)
		return;
	a->why[a->whys++] = (struct str){ x->why + x->why_n, (size_t)n };
	x->why_n += (size_t)n;
}

/* The raw words of tokens [i, i+n), without half a letter at the end. */
static struct str
quote(const struct mname *m, unsigned i, unsigned n)
{
	const struct mtok *last = &m->tok[i + n - 1];
	size_t from = m->tok[i].raw;
	size_t end = (size_t)last->raw + last->raw_n;
	struct str s = str_sub(m->raw, from, end > from ? end - from : 0);

	if (s.n > CUT) {
		s.n = CUT;
		while (s.n > 0 && ((uint8_t)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
	}
	return s;
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
	return text[l->how];
}

/* 83123456 as 83,123,456. */
static const char *
grouped(uint64_t v, char *dst, size_t size)
{
	char raw[32];
	int n = snprintf(raw, sizeof(raw), "%llu", (unsigned long long)v);
	size_t k = 0;

	for (int i = 0; i < n && k + 2 < size; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			dst[k++] = ',';
		dst[k++] = raw[i];
	}
	dst[k] = 0;
	return dst;
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

		why(x, a, "'%.*s' %s '%.*s' (%s)", STR_ARG(w),
		    same || l->sim > 0.9f ? "=" : "~", STR_ARG(b),
		    how_text(l, &p->name.tok[l->b]));
		if (df > 0 && df < rarest && l->qn == 1) {
			rarest = df;
			rare = l;
		}
	}
	if (rare != NULL) {
		char n[40], all[40];

		why(x, a, "token '%.*s' %s: %s in %s",
		    STR_ARG(quote(&q->name, rare->q, 1)),
		    rarest * 20000ull < s->head.rows || rarest <= 2 ? "rare" :
								      "common",
		    grouped(rarest, n, sizeof(n)),
		    grouped(s->head.rows, all, sizeof(all)));
	}
}

static void
put_unmatched(struct mqscratch *x, const struct mname *m, uint32_t used,
	      const char *whose, struct manswer *a)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!(used >> i & 1))
			why(x, a, "'%.*s' only in the %s",
			    STR_ARG(quote(m, i, 1)), whose);
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
		why(x, a, "'%.*s' %s '%.*s' (legal form, same class)",
		    STR_ARG(f), str_eq(f, g) ? "=" : "~", STR_ARG(g));
		break;
	case LR_FITS:
		why(x, a, "'%.*s' ~ '%.*s' (legal form, compatible)",
		    STR_ARG(f), STR_ARG(g));
		break;
	case LR_CONFLICT:
		why(x, a, "'%.*s' is not '%.*s' (legal form differs)",
		    STR_ARG(f), STR_ARG(g));
		break;
	case LR_ONE:
		why(x, a, "legal form on one side only: '%.*s'",
		    STR_ARG(f.n > 0 ? f : g));
		break;
	case LR_NONE:
		break;
	}
}

static void
put_country(struct mqscratch *x, const struct mask *ask,
	    const struct mpair *p, struct manswer *a)
{
	char c[3] = { 0 };

	if (p->country > 0) {
		c[0] = (char)('A' + (p->country - 1) / 26);
		c[1] = (char)('A' + (p->country - 1) % 26);
	}
	if (p->country_rel == CR_SAME)
		why(x, a, "country %s = %s", c, c);
	else if (p->country_rel == CR_OTHER)
		why(x, a, "country %.*s is not %s", STR_ARG(ask->country), c);
	if (p->address_sim >= 0)
		why(x, a, "address %s (%d %% of its words)",
		    p->address_sim >= 0.5f ? "agrees" : "differs",
		    (int)(p->address_sim * 100));
}

/* Siblings, namesakes and what else a reviewer should know. */
static void
put_warnings(struct mqscratch *x, const struct mpair *p, struct manswer *a)
{
	const float *f = p->align.f;

	if (p->align.number == NR_CONFLICT)
		why(x, a, "the numbers differ: likely another member of "
			  "a series");
	if (p->align.place_clash ||
	    (f[MF_BASE] > 0.6f && f[MF_QGEN] > 0 && f[MF_BGEN] > 0))
		why(x, a, "same group, other member? the general words or "
			  "places differ");
	if (p->namesakes > 0)
		why(x, a, "%u other obligors have the same name",
		    p->namesakes);
	if (f[MF_TIES] > 0)
		why(x, a, "%d other obligors have as good a name",
		    (int)f[MF_TIES]);
	if (x->name[p->qname].name.cut)
		why(x, a, "the name is longer than what was read of it");
	if (x->name[p->qname].name.bad)
		why(x, a, "the name has bytes that are not UTF-8");
}

void
mwhy_put(const struct mseg *s, struct mqscratch *x, const struct mask *ask,
	 const struct mpair *p, struct manswer *a)
{
	uint32_t qused = 0, bused = 0;

	if (p->by_id)
		why(x, a, "%.*s = %.*s (hard id)",
		    STR_ARG(ask->id[p->id_match].scheme),
		    STR_ARG(ask->id[p->id_match].value));
	if (p->id_clash)
		why(x, a, "another value of the same id scheme");
	if (x->id_obligors > 1 && p->by_id)
		why(x, a, "the ids point at %u obligors", x->id_obligors);
	put_country(x, ask, p, a);
	if (x->names == 0)
		return;
	for (unsigned i = 0; i < p->align.n; i++) {
		const struct mlink *l = &p->align.link[i];

		qused |= ((1u << l->qn) - 1) << l->q;
		bused |= ((1u << l->bn) - 1) << l->b;
	}
	put_links(s, x, p, a);
	put_legal(x, p, a);
	put_warnings(x, p, a);
	put_unmatched(x, &x->name[p->qname].name, qused, "query", a);
	put_unmatched(x, &p->name, bused, "book", a);
}
