/*
 * malign.c - alignment of tokens; mfeature.c sums it up.
 */
#include "malign.h"

#include <string.h>

#include "malign_priv.h"
#include "mphon.h"

#define SOUND_MIN 0.62f
#define GLUE_TOKENS_MAX 5u
#define GLUE_LEAST 4u /* letters of either */
#define LINKS_TRIED (MFOLD_TOKENS_MAX * 3)
#define GLUE_EDITS 2u /* letters by which words of one script may differ */

static bool
latin(unsigned script)
{
	return script == MS_LATIN || script == MS_DIGIT;
}

static bool
abjad(unsigned script)
{
	return script == MS_ARAB || script == MS_HEBR;
}

static struct str
soft_of(struct mside *s, unsigned i)
{
	if (s->soft_n[i] == MALIGN_UNKNOWN) {
		s->soft[i] = s->soft_end;
		s->soft_n[i] = (uint8_t)mphon_soft(
		    mfold_text(s->m, &s->m->tok[i]),
		    s->soft_text + s->soft_end,
		    sizeof(s->soft_text) - s->soft_end);
		s->soft_end = (uint16_t)(s->soft_end + s->soft_n[i]);
	}
	/* Set above, or before: malign_side marks all unknown by memset. */
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	return (struct str){ s->soft_text + s->soft[i], s->soft_n[i] };
}

void
malign_side(struct mside *s, const struct mname *m, const float *w,
	    struct mlikes *likes)
{
	s->m = m;
	s->w = w;
	s->likes = likes;
	if (likes != NULL)
		memset(likes->used, 0, sizeof(likes->used));
	s->used = 0;
	s->soft_end = 0;
	s->glue_n = MALIGN_UNKNOWN;
	memset(s->soft_n, MALIGN_UNKNOWN, sizeof(s->soft_n));
}

/* Letters of a in order inside b, first and last alike: srvces, services. */
static bool
is_contraction(struct str a, struct str b)
{
	size_t k = 0;

	if (a.n < 3 || a.n + 1 >= b.n || a.n * 3 < b.n ||
	    a.p[0] != b.p[0] || a.p[a.n - 1] != b.p[b.n - 1])
		return false;
	for (size_t i = 0; i < b.n && k < a.n; i++)
		k += a.p[k] == b.p[i];
	return k == a.n;
}

static size_t
common_prefix(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

/* Same stem with another ending, as in declined and derived words. */
static bool
is_stem(struct str a, struct str b)
{
	size_t n = common_prefix(a, b);
	size_t big = a.n > b.n ? a.n : b.n;

	return n >= 4 && a.n - n <= 4 && b.n - n <= 4 && n * 3 >= big * 2;
}

static float
word_sim(struct str a, struct str b, enum mhow *how)
{
	size_t small = a.n < b.n ? a.n : b.n;
	unsigned limit = small <= 3 ? 0 : small <= 7 ? 1 : 2;
	unsigned d = mcand_edits(a, b, limit);

	if (d <= limit) {
		*how = HOW_EDIT;
		return 1 - 1.1f * (float)d / (float)small;
	}
	if (small >= 3 && common_prefix(a, b) == small) {
		struct str longer = a.n > b.n ? a : b;

		if (mphrase_is_legal(str_sub(longer, small, longer.n))) {
			*how = HOW_GLUE;
			return 0.96f;
		}
		*how = HOW_ABBREV;
		return small >= 4 ? 0.72f : 0.62f;
	}
	if (is_contraction(a, b) || is_contraction(b, a)) {
		*how = HOW_ABBREV;
		return 0.68f;
	}
	if (is_stem(a, b)) {
		*how = HOW_STEM;
		return 0.75f;
	}
	if (small == 3 && mcand_edits(a, b, 1) == 1) {
		*how = HOW_EDIT;
		return 0.45f;
	}
	return 0;
}

/* How alike token i of q and token k of b are. */
static float
token_sim(struct mside *q, unsigned i, struct mside *b, unsigned k,
	  enum mhow *how)
{
	const struct mtok *x = &q->m->tok[i], *y = &b->m->tok[k];
	struct str tx, ty;
	float sim;

	*how = HOW_SAME;
	if (x->kind == MK_NUMBER || y->kind == MK_NUMBER) {
		*how = HOW_NUMBER;
		return x->h == y->h ? 1 : 0;
	}
	if (x->th == y->th)
		return 1;
	if (x->concept != 0 && x->concept == y->concept) {
		*how = HOW_CONCEPT;
		return 0.93f;
	}
	if (x->concept != 0 && y->concept != 0) {
		unsigned kin = mtab_concept(x->concept)->kin;

		*how = HOW_CONCEPT;
		return kin != 0 && kin == mtab_concept(y->concept)->kin ?
			   MALIGN_KIN :
			   0;
	}
	tx = mfold_text(q->m, x);
	ty = mfold_text(b->m, y);
	if (tx.n == 0 || ty.n == 0)
		return 0;
	/* Spellings of one sound are about as long. */
	if (tx.n >= 3 && tx.n <= ty.n + 4u && ty.n <= tx.n + 4u &&
	    str_eq(soft_of(q, i), soft_of(b, k))) {
		*how = x->script == y->script ? HOW_SPELLING : HOW_SOUND;
		return 0.94f;
	}
	sim = tx.p[0] == ty.p[0] || tx.n > 4 ? word_sim(tx, ty, how) : 0;
	if ((latin(x->script) && latin(y->script)) || sim > 0.85f)
		return sim;
	if (tx.n >= 2 && ty.n >= 2) {
		float p = mphon_sim(soft_of(q, i), soft_of(b, k),
				    abjad(x->script) || abjad(y->script),
				    SOUND_MIN);

		if (p >= SOUND_MIN && p * 0.97f > sim) {
			*how = HOW_SOUND;
			sim = p * 0.97f;
		}
	}
	return sim;
}

/* What each token of the query is to token k of b: once for a word. */
static const struct mlike *
compare(struct mside *q, struct mside *b, unsigned k)
{
	const struct mtok *t = &b->m->tok[k];
	uint16_t form = mseg_form_of(t);
	unsigned at = (unsigned)(t->th >> 29 ^ form) & (MALIGN_LIKES - 1);
	struct mlike *l = &q->likes->like[at];

	if (q->likes->used[at] && l->th == t->th && l->form == form)
		return l;
	q->likes->used[at] = 1;
	l->th = t->th;
	l->form = form;
	for (unsigned i = 0; i < q->m->n; i++) {
		enum mhow how;

		l->sim[i] = token_sim(q, i, b, k, &how);
		l->how[i] = (uint8_t)how;
	}
	return l;
}

/* Pairs worth more stand first, then those of earlier tokens. */
static bool
stands_before(const struct mlink *a, float worth, const struct mlink *b,
	      float other)
{
	if (worth > other || worth < other)
		return worth > other;
	return a->q != b->q ? a->q < b->q : a->b < b->b;
}

static void
put_link(struct malign *out, struct mside *q, struct mside *b, struct mlink l)
{
	if (out->n == MALIGN_LINKS_MAX)
		return;
	out->link[out->n++] = l;
	q->used |= ((1u << l.qn) - 1) << l.q;
	b->used |= ((1u << l.bn) - 1) << l.b;
}

/* The best free pair again and again. */
static void
link_tokens(struct malign *out, struct mside *q, struct mside *b)
{
	UNSET struct mlink all[LINKS_TRIED];
	UNSET float worth[LINKS_TRIED];
	unsigned n = 0;

	for (unsigned k = 0; k < b->m->n; k++) {
		const struct mlike *like = compare(q, b, k);

		for (unsigned i = 0; i < q->m->n; i++) {
			struct mlink l = { (uint8_t)i,	 1, (uint8_t)k, 1,
					   like->how[i], like->sim[i] };
			float v = l.sim * (q->w[i] + b->w[k]) -
				  0.001f * (float)(i > k ? i - k : k - i);
			unsigned at = n;

			if (l.sim <= 0)
				continue;
			n += n < LINKS_TRIED;
			while (at > 0 && stands_before(&l, v, &all[at - 1],
						       worth[at - 1])) {
				if (at < n) {
					all[at] = all[at - 1];
					worth[at] = worth[at - 1];
				}
				at--;
			}
			if (at == n)
				continue;
			all[at] = l;
			worth[at] = v;
		}
	}
	for (unsigned i = 0; i < n; i++)
		if (!(q->used >> all[i].q & 1) && !(b->used >> all[i].b & 1))
			put_link(out, q, b, all[i]);
}

static size_t
concat(const struct mname *m, unsigned from, unsigned n, char *dst,
       size_t size)
{
	size_t at = 0;

	for (unsigned i = from; i < from + n; i++) {
		struct str t = mfold_text(m, &m->tok[i]);

		if (at + t.n > size)
			return 0;
		memcpy(dst + at, t.p, t.n);
		at += t.n;
	}
	return at;
}

/* Words of one script, by their letters. */
static float
glue_written(struct str one, struct str many)
{
	size_t small = one.n < many.n ? one.n : many.n;
	unsigned limit = small < 8 ? 1 : GLUE_EDITS;
	unsigned d;

	if (small < GLUE_LEAST)
		return 0;
	d = mcand_edits(one, many, limit);
	return d <= limit ? 1 - (float)d / (float)small : 0;
}

/* Token i of one, and a text of the other name in another script. */
static float
glue_spoken(struct mside *one, unsigned i, struct str many, bool vowelless)
{
	UNSET char soft[MPHON_MAX];
	float sim;

	if (one->m->tok[i].n < GLUE_LEAST || many.n < GLUE_LEAST)
		return 0;
	if (str_eq(mfold_text(one->m, &one->m->tok[i]), many))
		return 1;
	sim = mphon_sim(soft_of(one, i),
			(struct str){ soft,
				      mphon_soft(many, soft, sizeof(soft)) },
			vowelless, SOUND_MIN + 0.05f);
	return sim >= SOUND_MIN + 0.05f ? sim * 0.97f : 0;
}

static bool
all_free(const struct mside *s, unsigned from, unsigned n)
{
	uint32_t mask = ((1u << n) - 1) << from;

	return from + n <= s->m->n && (s->used & mask) == 0;
}

/* Was token i linked, but poorly?  Then it may be tried again glued. */
static bool
open_token(const struct mside *s, unsigned i)
{
	return !(s->used >> i & 1) && s->m->tok[i].kind != MK_NUMBER;
}

/* Token i of `one` against two or more of `many` from k on. */
static void
glue_from(struct mlink *best, struct mside *one, unsigned i,
	  const struct mside *many, unsigned k)
{
	UNSET char text[MPHON_MAX];
	const struct mtok *t = &one->m->tok[i];
	unsigned script = many->m->tok[k].script;
	bool cross = !latin(t->script) || !latin(script);
	unsigned most = cross ? t->n * 2u + 4 : t->n + GLUE_EDITS;
	unsigned len = many->m->tok[k].n;

	for (unsigned n = 2; n <= GLUE_TOKENS_MAX && all_free(many, k, n);
	     n++) {
		struct str part;
		float sim;

		len += many->m->tok[k + n - 1].n;
		if (len > most)
			return;
		if (!cross && len + GLUE_EDITS < t->n)
			continue;
		part = (struct str){ text, concat(many->m, k, n, text,
						  sizeof(text)) };
		sim = cross ? glue_spoken(one, i, part,
					  abjad(t->script) || abjad(script)) :
			      glue_written(mfold_text(one->m, t), part);
		if (sim > best->sim)
			*best = (struct mlink){ (uint8_t)i, 1, (uint8_t)k,
						(uint8_t)n, HOW_GLUE, sim };
	}
}

/* One token of `one` against several of `many`; swapped: one is the book. */
static void
link_glued(struct malign *out, struct mside *one, struct mside *many,
	   bool swapped)
{
	for (unsigned i = 0; i < one->m->n; i++) {
		struct mlink best = { .sim = 0 };

		if (!open_token(one, i))
			continue;
		for (unsigned k = 0; k < many->m->n; k++)
			glue_from(&best, one, i, many, k);
		if (best.sim <= 0)
			continue;
		if (swapped)
			best = (struct mlink){ best.b, best.bn, best.q,
					       best.qn, HOW_GLUE, best.sim };
		put_link(out, swapped ? many : one, swapped ? one : many,
			 best);
	}
}

/* A token of capitals against the initials of the other side's words. */
static void
link_initials(struct malign *out, struct mside *one, struct mside *many,
	      bool swapped)
{
	for (unsigned i = 0; i < one->m->n; i++) {
		struct str t = mfold_text(one->m, &one->m->tok[i]);

		if (!open_token(one, i) || t.n < 2 || t.n > 8 ||
		    one->m->tok[i].concept != 0)
			continue;
		for (unsigned k = 0; all_free(many, k, (unsigned)t.n); k++) {
			unsigned n = 0;
			struct mlink l;

			while (n < t.n &&
			       mfold_text(many->m, &many->m->tok[k + n]).p[0] ==
				   t.p[n] &&
			       many->m->tok[k + n].n > 0)
				n++;
			if (n < t.n)
				continue;
			l = (struct mlink){ (uint8_t)i, 1, (uint8_t)k,
					    (uint8_t)n, HOW_INITIALS,
					    n < 3 ? 0.5f : 0.75f };
			if (swapped)
				l = (struct mlink){ l.b, l.bn, l.q, l.qn,
						    HOW_INITIALS, l.sim };
			put_link(out, swapped ? many : one,
				 swapped ? one : many, l);
			break;
		}
	}
}

void
malign_names(const struct mquery_name *q, struct mside *qs,
	     const struct mname *b, const float *wb, struct malign *out)
{
	UNSET struct mside bs;

	memset(out, 0, sizeof(*out));
	malign_side(&bs, b, wb, NULL);
	qs->used = 0;
	link_tokens(out, qs, &bs);
	link_glued(out, qs, &bs, false);
	link_glued(out, &bs, qs, true);
	link_initials(out, qs, &bs, false);
	link_initials(out, &bs, qs, true);
	malign_features(q, qs, &bs, out);
}
