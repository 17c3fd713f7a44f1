/*
 * malign.h - two folded names side by side: what of one is what of the
 * other, and the features the score is made of.  Private to match.
 */
#ifndef MALIGN_H
#define MALIGN_H

#include "mcand.h"
#include "mphon.h"

#define MALIGN_LINKS_MAX MFOLD_TOKENS_MAX
#define MALIGN_UNKNOWN UINT8_MAX
#define MALIGN_KIN 0.8f /* likeness of concepts that mean nearly the same */

enum mhow {
	HOW_SAME,
	HOW_NUMBER,
	HOW_CONCEPT,
	HOW_SPELLING, /* another spelling of the same sound, same script */
	HOW_EDIT,     /* one or two letters differ */
	HOW_STEM,     /* another ending */
	HOW_ABBREV,
	HOW_INITIALS,
	HOW_GLUE,  /* written together here, apart there */
	HOW_SOUND, /* across scripts */
	HOW_COUNT,
};

enum mlegal_rel { LR_NONE, LR_ONE, LR_SAME, LR_FITS, LR_CONFLICT };
enum mnumber_rel { NR_NONE, NR_SAME, NR_EXTRA, NR_CONFLICT };

/* Features of a pair, the columns of the model. */
enum mfeature {
	MF_QCOV,
	MF_BCOV,
	MF_QREST_MAX,
	MF_BREST_MAX,
	MF_MATCH_MAX,
	MF_MATCH_SUM,
	MF_EXACT,
	MF_WORST,
	MF_SOUND,
	MF_CONCEPT,
	MF_LEGAL,
	MF_NUMBER,
	MF_QN,
	MF_BN,
	MF_GLUE,
	MF_ORDER,
	MF_FIRST,
	MF_QPLACE,
	MF_BPLACE,
	MF_SCRIPT,
	MF_BSCRIPT,
	MF_QLEN,
	MF_BLEN,
	MF_QWORD,
	MF_BWORD,
	MF_QGEN,
	MF_BGEN,
	MF_FOUND,
	MF_INITIALS,
	MF_ABBREV,
	MF_BASE,
	MF_GAP,
	MF_TIES,
	MF_RARE,
	MF_BOOK,
	MF_EDIT_LEN, /* letters of the shortest word that is not the same */
	MF_KNOWN,    /* 2: such a word of the query is one of the book */
	MF_LAST,
	MF_QHEAD, /* how alike the first word is to whatever it stands for */
	MF_BHEAD,
	MF_QLET, /* share of the letters that agree */
	MF_BLET,
	MF_SAMES, /* namesakes among the candidates */
	MF_EDITED,
	/* From here on of small books only (malign_small), elsewhere 0. */
	MF_SMALL,
	MF_LETTERS = MF_SMALL, /* to change until the names are the same */
	MF_LETTER_SHARE, /* of the letters of the words concerned */
	MF_QLEFT, /* words that nothing stands for */
	MF_BLEFT,
	MF_BOTHLEFT, /* the fewer of the two */
	MF_CLASH, /* places left over on both sides */
	MF_COUNT,
};

struct mlink {
	uint8_t q, qn, b, bn;
	uint8_t how;
	float sim;
};

struct malign {
	struct mlink link[MALIGN_LINKS_MAX];
	unsigned n;
	enum mlegal_rel legal;
	enum mnumber_rel number;
	bool place_clash; /* both name places, and other ones */
	float f[MF_COUNT];
};

/* Bits of the tokens that are linked, of the query and of the book. */
static inline void
malign_used(const struct malign *a, uint32_t *q, uint32_t *b)
{
	*q = 0;
	*b = 0;
	for (unsigned i = 0; i < a->n; i++) {
		*q |= ((1u << a->link[i].qn) - 1) << a->link[i].q;
		*b |= ((1u << a->link[i].bn) - 1) << a->link[i].b;
	}
}

#define MALIGN_LIKES 64u /* a power of two */
#define MALIGN_LATER (-1.0f) /* MF_GLUE before malign_glue */

/* How alike a word of the book is to each token of the query. */
struct mlike {
	uint64_t th;
	uint16_t form; /* kind, script and concept with it */
	float sim[MFOLD_TOKENS_MAX];
	uint8_t how[MFOLD_TOKENS_MAX];
};

/* What was compared for a name: candidates of one query are much alike. */
struct mlikes {
	uint8_t used[MALIGN_LIKES];
	struct mlike like[MALIGN_LIKES];
};

/* One of the two names, with the soft spelling of its tokens as needed. */
struct mside {
	const struct mname *m;
	const float *w;
	struct mlikes *likes; /* of the query's side; NULL: the book's */
	uint32_t used; /* tokens that are linked */
	uint16_t soft[MFOLD_TOKENS_MAX];
	uint8_t soft_n[MFOLD_TOKENS_MAX]; /* MALIGN_UNKNOWN: not made yet */
	uint16_t soft_end;
	uint8_t glue_n; /* MALIGN_UNKNOWN: not made yet */
	char glue[MPHON_MAX]; /* the core without blanks, soft */
	char soft_text[MFOLD_TOKENS_MAX * (MFOLD_TOKEN_LEN_MAX + 4)];
};

/* likes, the query's: forgets what was compared. */
void malign_side(struct mside *s, const struct mname *m, const float *w,
		 struct mlikes *likes);
/*
 * qs: q's side, kept between candidates; wb: the weights of b's tokens.  The
 * features of context stay 0; MF_GLUE, which costs most, may be left for
 * malign_glue.
 */
void malign_names(const struct mquery_name *q, struct mside *qs,
		  const struct mname *b, const float *wb, struct malign *out);
/* Sets the features from MF_SMALL on, of names that were aligned. */
void malign_small(const struct mname *q, const struct mname *b,
		  struct malign *out);
/* Sets MF_GLUE when it was left for later. */
void malign_glue(struct mside *qs, const struct mname *b, struct malign *out);

#endif
