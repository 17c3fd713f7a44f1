/*
 * mquery_priv.h - what mquery.c, mevidence.c and mwhy.c share.
 */
#ifndef MQUERY_PRIV_H
#define MQUERY_PRIV_H

#include "mquery.h"
#include "mscore.h"

#define MQ_NAMES_MAX 64u /* every view of every name */
#define MQ_PAIRS_MAX 24u
#define MQ_HITS_MAX 20u /* rows found for a name, with namesakes */
#define DELTA_ROW UINT32_C(0x80000000) /* rows from here are the delta's */
#define MQ_SCAN_ROWS 500u /* books up to here are compared whole */
/* With words left over a name is accepted from here on: one doubt in 50. */
#define MQ_LEFT_SCORE 980

_Static_assert(MQ_NAMES_MAX == MV_COUNT * MQUERY_NAMES_MAX,
	       "a view of a name has no place");

/* What only one of two names has. */
enum mleft {
	MLEFT_NOTHING,   /* or what firms leave out of their name freely */
	MLEFT_SOMETHING, /* a word of either */
	MLEFT_OTHER,     /* what names another company, whatever agrees */
};

/* A spelling of the query beside a spelling of an obligor. */
struct mpair {
	uint32_t row;
	uint32_t obligor; /* its first row */
	uint16_t country;
	uint8_t flags;
	bool read; /* the texts below are */
	unsigned qname;
	struct str obligor_id, raw, ids, address; /* in text */
	struct mname name; /* without raw slices until it is an answer */
	uint64_t core; /* of its words, without the legal form */
	float w[MFOLD_TOKENS_MAX];
	struct malign align;
	float logit;
	float odds; /* e to the logit */
	int score;
	float close; /* how alike the names are as written: breaks ties */
	unsigned namesakes; /* other obligors written alike */
	unsigned at_home;   /* of them, in the country of this one */
	unsigned nowhere;   /* and of no country known */
	unsigned ties_home; /* others as good, where this one is */
	bool thin; /* worth a review, but nothing in the name says who it is */
	enum mleft left; /* of one worth a review */
	bool by_id;
	bool id_soft;  /* an id that is not hard agrees */
	bool id_clash; /* another value of a hard id that both have */
	unsigned id_match; /* index in the ask */
	enum { CR_UNKNOWN, CR_SAME, CR_OTHER } country_rel;
	float address_sim; /* -1 unknown */
	size_t text_n;
	char text[2048];
};

struct mqname {
	struct mname name;
	struct mquery_name q;
	struct mside side;
	struct mlikes likes;
	bool part; /* of a name of the ask that holds several */
};

struct mqscratch {
	struct mscratch cand;
	const struct mdelta *delta; /* of the running query; may be NULL */
	const struct mask *ask;	    /* the running one */
	bool pass; /* somebody is to be passed over by id */
	struct mrow row[MQ_HITS_MAX];
	struct mqname name[MQ_NAMES_MAX];
	unsigned names;
	struct mpair pair[MQ_PAIRS_MAX + 1];
	struct mpair *spare; /* the one that is in no order */
	struct mpair *order[MQ_PAIRS_MAX];
	unsigned pairs;
	unsigned id_obligors; /* obligors that hard ids point at */
	char cold[MSEG_COLD_RECORD_MAX * MSEG_BLOCK];
	char why[MQUERY_TEXT_MAX];
	size_t why_n;
	void (*watch)(void *ctx, struct str obligor_id, uint64_t core,
			     const float *f);
	void *watch_ctx;
};

void mevidence(const struct mseg *s, struct mqscratch *x, uint16_t country,
	       struct mpair *p);
/* The scores of the pairs, each of which takes from its rivals. */
void mevidence_scores(const struct mseg *s, struct mqscratch *x);
/* No word of the pair that agrees says who it is. */
bool mevidence_is_thin(const struct mseg *s, const struct mqscratch *x,
		       const struct mpair *p);
/* mleft.c: of a pair that was read and folded from what was read. */
enum mleft mleft_of(const struct mname *q, const struct mpair *p);
/* A member of the same group, by the words that are left over? */
bool mevidence_is_sibling(const struct mpair *p);
void mevidence_ids(const struct mseg *s, struct mqscratch *x,
		   const struct mask *ask);
enum mverdict mevidence_verdict(const struct mqscratch *x,
				const struct mask *ask,
				const struct mlimits *limits,
				const struct mpair *p);
void mwhy_put(const struct mseg *s, struct mqscratch *x,
	      const struct mask *ask, const struct mpair *p,
	      struct manswer *a);
/* mquery.c */
/* Written alike but for the legal form, and the forms agree. */
bool mquery_namesakes(const struct mpair *a, const struct mpair *b);
void mquery_add_by_id(const struct mseg *s, struct mqscratch *x,
		      const struct mask *ask, uint32_t row);

#endif
