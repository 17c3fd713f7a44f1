/*
 * mevidence.c - what is known besides the name: country, address, ids; and
 * the verdict.
 *
 * Ratios are log-likelihoods: how much likelier the observation is for the
 * same company than for another one of a similar name.
 */
#include <math.h>
#include <string.h>

#include "mdelta.h"
#include "mid.h"
#include "mquery_priv.h"

#define LLR_COUNTRY_SAME 1.6f
#define LLR_COUNTRY_OTHER (-3.6f)
#define LLR_ADDRESS_SAME 2.5f
#define LLR_ADDRESS_OTHER (-0.7f)
#define LLR_ID_CLASH (-3.0f)
#define LLR_ID_SOFT 3.0f
/* So far behind another candidate the forest need not be asked. */
#define HOPELESS_GAP (-0.4f)
#define HOPELESS_LOGIT (-9.0f)
#define LOGIT_MAX 20.0f
#define NAME_SCORE_MAX 999
#define SHORT_LETTERS 4u
#define SHORT_SCORE_MAX 600
/* Of another number, in a book compared whole: likelier than others, but no
 * question. */
#define NUMBERS_SCORE_MAX 590
/* A word of so many letters, in no more than this share of the book's names
 * (or so many of them), tells one company from others. */
#define TELLING_LETTERS 4u
#define COMMON_SHARE 1000u
#define COMMON_NAMES 50u
#define ID_ROWS 8u /* that one id may point at */
#define ADDRESS_AGREES 0.5f
/* So much of the shorter address, in so many words that are no cities or
 * countries we know, one of them a number, says where somebody sits. */
#define ADDRESS_TELLS_SHARE (2.0f / 3)
#define ADDRESS_TELLS_WORDS 3u

/* Words of one address that the other has too. */
struct same_words {
	unsigned all;
	unsigned numbers, places; /* of them */
	float share;	  /* of the shorter one's; -1 unknown */
};

static struct same_words
same_words(struct str a, struct str b)
{
	struct same_words same = { .share = -1 };
	UNSET struct mname x, y;
	unsigned small;

	if (a.n == 0 || b.n == 0)
		return same;
	mfold_name(a, MV_MAIN, &x);
	mfold_name(b, MV_MAIN, &y);
	for (unsigned i = 0; i < x.n; i++)
		for (unsigned k = 0; k < y.n; k++)
			if (x.tok[i].th == y.tok[k].th) {
				same.all++;
				same.numbers += x.tok[i].kind == MK_NUMBER;
				same.places += x.tok[i].kind == MK_PLACE;
				break;
			}
	small = x.n < y.n ? x.n : y.n;
	if (small > 0)
		same.share = (float)same.all / (float)small;
	return same;
}

/* +1 the same value of a scheme, -1 only other ones, 0 nothing common. */
static int
compare_id(struct str ids, struct str scheme, struct str value)
{
	int rel = 0;

	while (ids.n > 0) {
		struct str v = str_cut(&ids, '|');
		struct str s = str_cut(&v, ':');

		if (!str_eq(s, scheme))
			continue;
		if (str_eq(v, value))
			return 1;
		rel = -1;
	}
	return rel;
}

static float
id_evidence(const struct mask *ask, struct mpair *p)
{
	float llr = 0;

	p->id_clash = false;
	p->id_soft = false;
	for (unsigned i = 0; i < ask->ids; i++) {
		int rel = compare_id(p->ids, ask->id[i].scheme,
				     ask->id[i].value);
		bool hard = mid_hard(ask->id[i].scheme);

		if (rel > 0 && hard) {
			p->by_id = true;
			p->id_match = i;
		} else if (rel > 0) {
			p->id_soft = true;
			llr += LLR_ID_SOFT;
		} else if (rel < 0 && hard) {
			p->id_clash = true;
			llr += LLR_ID_CLASH;
		}
	}
	return llr;
}

/* What the names say of a pair. */
static float
names_of(const struct mseg *s, struct mqscratch *x, struct mpair *p)
{
	bool small = s->head.rows <= MQ_SCAN_ROWS;
	float sum;

	if (!small && p->align.f[MF_GAP] < HOPELESS_GAP)
		return HOPELESS_LOGIT;
	malign_glue(&x->name[p->qname].side, &p->name, &p->align);
	sum = mscore_logit(small ? &mmodel_small : &mmodel, p->align.f);
	return small ? fminf(sum + MSCORE_SMALL, MSCORE_SMALL_TOP) :
		       mscore_stated(sum, p->align.f);
}

void
mevidence(const struct mseg *s, struct mqscratch *x, uint16_t country,
	  struct mpair *p)
{
	const struct mask *ask = x->ask;

	p->logit = names_of(s, x, p);
	p->country_rel = country == 0 || p->country == 0 ? CR_UNKNOWN :
			 country == p->country		 ? CR_SAME :
							   CR_OTHER;
	p->logit += p->country_rel == CR_SAME  ? LLR_COUNTRY_SAME :
		    p->country_rel == CR_OTHER ? LLR_COUNTRY_OTHER :
						 0;
	p->address_sim = same_words(ask->address, p->address).share;
	if (p->address_sim >= ADDRESS_AGREES)
		p->logit += LLR_ADDRESS_SAME;
	else if (p->address_sim >= 0 && p->address_sim < 0.15f)
		p->logit += LLR_ADDRESS_OTHER;
	p->logit += id_evidence(ask, p);
}

/*
 * The forest says how much more likely a pair is what was meant than nobody of
 * the book; so each takes its share of all that is likely.  Names written
 * alike are not told apart by a name: they take nothing from each other.
 * Small books are compared whole by another forest, pair by pair.
 */
static float
share_of(const struct mqscratch *x, const struct mpair *p, bool alone)
{
	float rest = 1;

	for (unsigned i = 0; i < x->pairs && !alone; i++)
		if (x->order[i] != p && !mquery_namesakes(x->order[i], p))
			rest += x->order[i]->odds;
	return p->odds / (p->odds + rest);
}

void
mevidence_scores(const struct mseg *s, struct mqscratch *x)
{
	for (unsigned i = 0; i < x->pairs; i++) {
		struct mpair *p = x->order[i];

		p->odds = expf(p->logit < LOGIT_MAX ? p->logit : LOGIT_MAX);
	}
	for (unsigned i = 0; i < x->pairs; i++) {
		struct mpair *p = x->order[i];
		bool small = s->head.rows <= MQ_SCAN_ROWS;
		float share = share_of(x, p, small);

		p->score = (int)(share * 1000 + 0.5f);
		if (p->score > NAME_SCORE_MAX)
			p->score = NAME_SCORE_MAX;
		if (p->align.f[MF_QLEN] < SHORT_LETTERS &&
		    p->country_rel != CR_SAME && p->score > SHORT_SCORE_MAX)
			p->score = SHORT_SCORE_MAX;
		if (small && p->align.number == NR_CONFLICT &&
		    p->score > NUMBERS_SCORE_MAX)
			p->score = NUMBERS_SCORE_MAX;
		if (p->by_id)
			p->score = 1000;
	}
}

/* Is the obligor of pair n, found by an id, one of those before it? */
static bool
id_counted(const struct mqscratch *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (x->order[i]->by_id && str_eq(x->order[i]->obligor_id,
						 x->order[n]->obligor_id))
			return true;
	return false;
}

/* Rows found by an id alone join the pairs. */
void
mevidence_ids(const struct mseg *s, struct mqscratch *x,
	      const struct mask *ask)
{
	x->id_obligors = 0;
	for (unsigned i = 0; i < ask->ids; i++) {
		struct mseg_keyed *k = &x->cand.keyed;
		uint32_t row[ID_ROWS];
		size_t n;

		if (!mid_hard(ask->id[i].scheme))
			continue;
		n = mseg_keys(s, mkey_id(ask->id[i].scheme, ask->id[i].value),
			      0, k);
		for (size_t m = 0; m < n && m < ID_ROWS; m++)
			mquery_add_by_id(s, x, ask, k->row[m]);
		if (x->delta == NULL)
			continue;
		n = mdelta_find_key(x->delta,
				    mkey_id(ask->id[i].scheme,
					    ask->id[i].value),
				    row, ID_ROWS);
		for (size_t m = 0; m < n; m++)
			mquery_add_by_id(s, x, ask, DELTA_ROW + row[m]);
	}
	for (unsigned i = 0; i < x->pairs; i++)
		x->id_obligors += x->order[i]->by_id && !id_counted(x, i);
}

/* A word or number that says who somebody is: long, rare in this book. */
static bool
is_telling(const struct mseg *s, const struct mtok *t)
{
	uint32_t token = mseg_token(s, t->h);
	uint32_t df = token == UINT32_MAX ? 0 : mseg_token_at(s, token).df;

	return (t->kind == MK_WORD || t->kind == MK_NUMBER) &&
	       t->n >= TELLING_LETTERS &&
	       (df <= COMMON_NAMES || df <= s->head.rows / COMMON_SHARE);
}

bool
mevidence_is_thin(const struct mseg *s, const struct mqscratch *x,
		  const struct mpair *p)
{
	const struct mname *q = &x->name[p->qname].name;

	for (unsigned i = 0; i < p->align.n; i++) {
		const struct mlink *l = &p->align.link[i];

		if (l->how != HOW_INITIALS && l->how != HOW_ABBREV &&
		    is_telling(s, &p->name.tok[l->b]) &&
		    q->tok[l->q].kind == p->name.tok[l->b].kind &&
		    q->tok[l->q].n >= TELLING_LETTERS)
			return false;
	}
	return true;
}

bool
mevidence_is_sibling(const struct mpair *p)
{
	const float *f = p->align.f;

	for (unsigned i = 0; i < p->align.n; i++)
		if (p->align.link[i].how == HOW_CONCEPT &&
		    p->align.link[i].sim <= MALIGN_KIN)
			return true;
	return p->align.place_clash ||
	       (f[MF_BASE] > 0.6f && f[MF_QGEN] > 0 && f[MF_BGEN] > 0);
}

/* Somebody else whom the same name, and country, may mean as well. */
static bool
has_rival(const struct mpair *p)
{
	if (p->country_rel == CR_SAME)
		return p->at_home + p->nowhere + p->ties_home > 0;
	return p->namesakes > 0;
}

/*
 * Whether the address says who somebody of this very name is.  One of another
 * name at the same address is a member of the same group: any word left over
 * but a place is another name, and of a sibling no address tells.
 */
static bool
address_tells(const struct mask *ask, const struct mpair *p)
{
	const float *f = p->align.f;
	struct same_words same;

	if (p->address_sim < ADDRESS_TELLS_SHARE ||
	    f[MF_QWORD] + f[MF_BWORD] + f[MF_QGEN] + f[MF_BGEN] > 0)
		return false;
	same = same_words(ask->address, p->address);
	return same.all - same.places >= ADDRESS_TELLS_WORDS &&
	       same.numbers > 0;
}

/*
 * Does what is known besides name and country say who of them it is?  A
 * trading or former name inside a name may be another company's by now.
 */
static bool
is_told_apart(const struct mqscratch *x, const struct mask *ask,
	      const struct mpair *p)
{
	if (p->id_soft)
		return true;
	if (mevidence_is_sibling(p))
		return false;
	return (!p->thin && !(x->names > 0 && x->name[p->qname].part) &&
		!has_rival(p) && p->left != MLEFT_OTHER &&
		(p->left == MLEFT_NOTHING || p->score >= MQ_LEFT_SCORE)) ||
	       address_tells(ask, p);
}

enum mverdict
mevidence_verdict(const struct mqscratch *x, const struct mask *ask,
		  const struct mlimits *limits, const struct mpair *p)
{
	if (p->by_id)
		return x->id_obligors > 1 ? MQ_REVIEW : MQ_ACCEPT;
	if (p->score >= limits->accept && !p->id_clash &&
	    x->id_obligors == 0 && p->align.number != NR_CONFLICT &&
	    is_told_apart(x, ask, p) &&
	    (!limits->country_needed || p->country_rel == CR_SAME))
		return MQ_ACCEPT;
	return p->score >= limits->review ? MQ_REVIEW : MQ_REJECT;
}
