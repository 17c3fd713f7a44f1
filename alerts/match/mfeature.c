/*
 * mfeature.c - an alignment in numbers.
 */
#include <string.h>

#include "malign_priv.h"
#include "mphon.h"

#define GLUE_MIN 0.4f /* below this the whole names are not alike */
#define LETTERS_MAX 12u

static float
most(float a, float b)
{
	return a > b ? a : b;
}

/* What of a side no link explains. */
static void
rest_of(const struct mside *s, float *f, unsigned max, unsigned word,
	unsigned gen, unsigned place)
{
	for (unsigned i = 0; i < s->m->n; i++) {
		if (s->used >> i & 1)
			continue;
		f[max] = most(f[max], s->w[i]);
		if (s->m->tok[i].kind == MK_PLACE)
			f[place] += 1;
		if (s->m->tok[i].kind == MK_WORD)
			f[word] += s->w[i];
		else
			f[gen] += s->w[i];
	}
}

/* A word that is not quite the other: the shorter, the more may differ. */
static void
edit_features(const struct mquery_name *n, const struct mside *q,
	      const struct mside *b, const struct mlink *l, float *f)
{
	unsigned x = q->m->tok[l->q].n, y = b->m->tok[l->b].n;
	float len = (float)(x < y ? x : y);

	if (f[MF_EDIT_LEN] == 0 || len < f[MF_EDIT_LEN])
		f[MF_EDIT_LEN] = len;
	f[MF_KNOWN] = most(f[MF_KNOWN],
			   n->token[l->q] != UINT32_MAX ? 2 : 1);
	f[MF_EDITED] += (1 - l->sim) * len;
}

/* By letters, and where the words stand. */
static void
sum_letters(const struct mside *q, const struct mside *b, struct malign *out)
{
	float ql = 0, bl = 0, qa = 0, ba = 0;
	float *f = out->f;

	for (unsigned i = 0; i < q->m->n; i++)
		qa += (float)q->m->tok[i].n;
	for (unsigned i = 0; i < b->m->n; i++)
		ba += (float)b->m->tok[i].n;
	for (unsigned i = 0; i < out->n; i++) {
		const struct mlink *l = &out->link[i];

		if (l->q + l->qn == q->m->n && l->b + l->bn == b->m->n)
			f[MF_LAST] = l->sim;
		if (l->q == 0)
			f[MF_QHEAD] = l->sim;
		if (l->b == 0)
			f[MF_BHEAD] = l->sim;
		for (unsigned k = 0; k < l->qn; k++)
			ql += l->sim * (float)q->m->tok[l->q + k].n;
		for (unsigned k = 0; k < l->bn; k++)
			bl += l->sim * (float)b->m->tok[l->b + k].n;
	}
	f[MF_QLET] = qa > 0 ? ql / qa : 0;
	f[MF_BLET] = ba > 0 ? bl / ba : 0;
}

static void
sum_links(const struct mquery_name *n, const struct mside *q,
	  const struct mside *b, struct malign *out)
{
	float qt = 0, bt = 0, qm = 0, bm = 0, exact = 0, all = 0;
	float sound = 0, concept = 0, worst = 1, rare = 0;
	float *f = out->f;

	for (unsigned i = 0; i < q->m->n; i++)
		qt += q->w[i];
	for (unsigned i = 0; i < b->m->n; i++)
		bt += b->w[i];
	for (unsigned i = 0; i < out->n; i++) {
		const struct mlink *l = &out->link[i];
		float wq = 0, wb = 0, w;

		for (unsigned k = 0; k < l->qn; k++)
			wq += q->w[l->q + k];
		for (unsigned k = 0; k < l->bn; k++)
			wb += b->w[l->b + k];
		if (l->how == HOW_EDIT || l->how == HOW_SPELLING ||
		    l->how == HOW_SOUND || (l->how == HOW_GLUE && l->sim < 1))
			edit_features(n, q, b, l, f);
		qm += wq * l->sim;
		bm += wb * l->sim;
		w = wq < wb ? wq : wb;
		all += w;
		if (l->how <= HOW_NUMBER || (l->how == HOW_GLUE && l->sim >= 1)) {
			exact += w;
			rare = most(rare, w);
		}
		if (l->how == HOW_SOUND)
			sound += w;
		if (l->how == HOW_CONCEPT)
			concept += w;
		if (l->how == HOW_INITIALS)
			f[MF_INITIALS] = 1;
		if (l->how == HOW_ABBREV || l->how == HOW_STEM)
			f[MF_ABBREV] += 1;
		if (w > 0.25f && l->sim < worst)
			worst = l->sim;
		f[MF_MATCH_MAX] = most(f[MF_MATCH_MAX], w * l->sim);
	}
	f[MF_QCOV] = qt > 0 ? qm / qt : 0;
	f[MF_BCOV] = bt > 0 ? bm / bt : 0;
	f[MF_MATCH_SUM] = all;
	f[MF_EXACT] = all > 0 ? exact / all : 0;
	f[MF_SOUND] = all > 0 ? sound / all : 0;
	f[MF_CONCEPT] = all > 0 ? concept / all : 0;
	f[MF_WORST] = worst;
	f[MF_RARE] = rare;
}

static enum mlegal_rel
legal_rel(uint32_t a, uint32_t b)
{
	const uint32_t loose = 1u << ML_CO | 1u << ML_INC | 1u << ML_BR |
			       1u << ML_SC;
	uint32_t x = a & ~loose, y = b & ~loose;

	if (a == 0 && b == 0)
		return LR_NONE;
	if (x == y && (x != 0 || (a != 0 && b != 0)))
		return LR_SAME;
	if (a == 0 || b == 0)
		return LR_ONE;
	if ((x & y) != 0 || x == 0 || y == 0)
		return LR_FITS;
	return LR_CONFLICT;
}

static enum mnumber_rel
number_rel(const struct mside *q, const struct mside *b)
{
	unsigned qn = 0, bn = 0, qfree = 0, bfree = 0;

	for (unsigned i = 0; i < q->m->n; i++)
		if (q->m->tok[i].kind == MK_NUMBER) {
			qn++;
			qfree += !(q->used >> i & 1);
		}
	for (unsigned i = 0; i < b->m->n; i++)
		if (b->m->tok[i].kind == MK_NUMBER) {
			bn++;
			bfree += !(b->used >> i & 1);
		}
	if (qfree > 0 && bfree > 0)
		return NR_CONFLICT;
	if (qfree > 0 || bfree > 0)
		return NR_EXTRA;
	return qn > 0 || bn > 0 ? NR_SAME : NR_NONE;
}

static float
script_of(const struct mname *m)
{
	static const uint8_t order[] = { MS_HANG, MS_KANA, MS_HAN,  MS_ARAB,
					 MS_HEBR, MS_CYRL, MS_GREEK, MS_THAI };

	for (unsigned i = 0; i < sizeof(order); i++)
		if (m->scripts >> order[i] & 1)
			return (float)(i + 1);
	return 0;
}

static unsigned
letters(const struct mname *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++)
		n += m->tok[i].n;
	return n;
}

/* The two cores without blanks, by sound when the scripts differ. */
static struct str
glue_of(struct mside *s)
{
	if (s->glue_n == MALIGN_UNKNOWN)
		s->glue_n =
		    (uint8_t)mkey_glue(s->m, s->glue, sizeof(s->glue));
	return (struct str){ s->glue, s->glue_n };
}

static float
glued(struct mside *a, struct mside *b, bool vowelless)
{
	struct str p = glue_of(a), q = glue_of(b);

	if (str_eq(p, q))
		return 1;
	if (p.n > 2 * q.n + 4 || q.n > 2 * p.n + 4)
		return 0;
	return mphon_sim(p, q, vowelless, GLUE_MIN);
}

static float
disorder(const struct malign *a)
{
	unsigned bad = 0, all = 0;

	for (unsigned i = 0; i < a->n; i++)
		for (unsigned k = 0; k < i; k++) {
			all++;
			bad += (a->link[i].q < a->link[k].q) !=
			       (a->link[i].b < a->link[k].b);
		}
	return all == 0 ? 0 : (float)bad / (float)all;
}

static float
glue_sim(struct mside *qs, struct mside *bs)
{
	const uint32_t vowelless = 1u << MS_ARAB | 1u << MS_HEBR;

	return glued(qs, bs,
		     ((qs->m->scripts | bs->m->scripts) & vowelless) != 0);
}

void
malign_glue(struct mside *qs, const struct mname *b, struct malign *out)
{
	UNSET struct mside bs;

	if (out->f[MF_GLUE] >= 0)
		return;
	malign_side(&bs, b, NULL, NULL);
	out->f[MF_GLUE] = glue_sim(qs, &bs);
}

void
malign_features(const struct mquery_name *q, struct mside *qs,
		struct mside *bs, struct malign *out)
{
	float *f = out->f;

	sum_links(q, qs, bs, out);
	sum_letters(qs, bs, out);
	rest_of(qs, f, MF_QREST_MAX, MF_QWORD, MF_QGEN, MF_QPLACE);
	rest_of(bs, f, MF_BREST_MAX, MF_BWORD, MF_BGEN, MF_BPLACE);
	out->place_clash = f[MF_QPLACE] > 0 && f[MF_BPLACE] > 0;
	out->legal = legal_rel(q->m->classes, bs->m->classes);
	out->number = number_rel(qs, bs);
	f[MF_LEGAL] = (float)out->legal;
	f[MF_NUMBER] = (float)out->number;
	f[MF_QN] = (float)q->m->n;
	f[MF_BN] = (float)bs->m->n;
	f[MF_QLEN] = (float)letters(q->m);
	f[MF_BLEN] = (float)letters(bs->m);
	f[MF_SCRIPT] = script_of(q->m);
	f[MF_BSCRIPT] = script_of(bs->m);
	/* Between names of one script only the forest asks for it. */
	f[MF_GLUE] = f[MF_QCOV] > 0.999f && f[MF_BCOV] > 0.999f ? 1 :
		     f[MF_SCRIPT] != f[MF_BSCRIPT] ? glue_sim(qs, bs) :
						     MALIGN_LATER;
	f[MF_ORDER] = disorder(out);
	for (unsigned i = 0; i < out->n; i++)
		if (out->link[i].q == 0 && out->link[i].b == 0)
			f[MF_FIRST] = out->link[i].sim;
	f[MF_BASE] = 0.5f * f[MF_QCOV] + 0.5f * f[MF_BCOV];
	if (f[MF_SCRIPT] != f[MF_BSCRIPT] && f[MF_GLUE] * 0.95f > f[MF_BASE])
		f[MF_BASE] = f[MF_GLUE] * 0.95f;
	if (out->number == NR_CONFLICT)
		f[MF_BASE] *= 0.7f;
	else if (out->number == NR_EXTRA)
		f[MF_BASE] *= 0.92f;
	if (out->legal == LR_CONFLICT)
		f[MF_BASE] -= 0.02f;
}

/* Words of a side that nothing of the other stands for. */
struct left {
	unsigned words;
	unsigned numbers; /* of them */
	unsigned letters;
	char text[MFOLD_TOKEN_LEN_MAX];
};

static void
add_left(const struct mname *m, uint32_t linked, bool with_ones,
	 struct left *l)
{
	memset(l, 0, sizeof(*l));
	for (unsigned i = 0; i < m->n; i++) {
		struct str t = mfold_text(m, &m->tok[i]);
		bool number = m->tok[i].kind == MK_NUMBER;

		if (linked >> i & 1)
			continue;
		if (number && !with_ones && t.n == 1 && t.p[0] == '1')
			continue;
		l->numbers += number;
		l->words++;
		if (t.n > sizeof(l->text) - l->letters)
			t.n = sizeof(l->text) - l->letters;
		memcpy(l->text + l->letters, t.p, t.n);
		l->letters += (unsigned)t.n;
	}
}

/* Letters that differ between two words that stand for one another. */
static unsigned
letters_of(const struct mname *q, const struct mname *b,
	   const struct mlink *l, float *all)
{
	struct str x = mfold_text(q, &q->tok[l->q]);
	struct str y = mfold_text(b, &b->tok[l->b]);
	float big = (float)(x.n > y.n ? x.n : y.n);
	bool kin = l->how == HOW_CONCEPT && l->sim <= MALIGN_KIN &&
		   q->tok[l->q].script == b->tok[l->b].script;
	unsigned n;

	if ((l->how <= HOW_CONCEPT && !kin) || l->how == HOW_INITIALS ||
	    l->how == HOW_SOUND || (l->how == HOW_GLUE && l->sim >= 1))
		return 0;
	n = l->how == HOW_GLUE ? (unsigned)((1 - l->sim) * big + 0.5f) :
				 mcand_edits(x, y, LETTERS_MAX);
	*all += big;
	return n;
}

void
malign_small(const struct mname *q, const struct mname *b,
	     struct malign *out)
{
	uint32_t ql = 0, bl = 0;
	float sum = 0, all = 0;
	UNSET struct left x, y;

	for (unsigned i = 0; i < out->n; i++) {
		const struct mlink *l = &out->link[i];

		ql |= ((1u << l->qn) - 1) << l->q;
		bl |= ((1u << l->bn) - 1) << l->b;
		sum += (float)letters_of(q, b, l, &all);
	}
	add_left(q, ql, out->number == NR_CONFLICT, &x);
	add_left(b, bl, out->number == NR_CONFLICT, &y);
	sum += (float)mcand_edits((struct str){ x.text, x.letters },
				  (struct str){ y.text, y.letters },
				  LETTERS_MAX);
	all += (float)(x.letters > y.letters ? x.letters : y.letters);
	out->f[MF_LETTERS] = sum;
	out->f[MF_LETTER_SHARE] = all > 0 ? sum / all : 0;
	out->f[MF_QLEFT] = (float)x.words;
	out->f[MF_BLEFT] = (float)y.words;
	out->f[MF_BOTHLEFT] = (float)(x.words < y.words ? x.words : y.words);
	out->f[MF_CLASH] = out->f[MF_QPLACE] < out->f[MF_BPLACE] ?
			       out->f[MF_QPLACE] :
			       out->f[MF_BPLACE];
	/* Fund I is what was Fund before the next. */
	if (out->number == NR_EXTRA && x.numbers + y.numbers == 0)
		out->f[MF_NUMBER] = NR_NONE;
}
