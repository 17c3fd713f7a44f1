/*
 * match.h - who of the book a notice is about.  Floor 2.
 *
 * The door of the matcher.  Hard ids decide: one obligor, accept (1000);
 * two, review.  A name, with country, address and ids as evidence, has a
 * calibrated score, asked of the watch index (mwatch.h).  By name alone
 * nobody is accepted unless the score reaches match.accept, the country
 * agrees, the index is whole, and the feed says name_accept: yes of a notice
 * that is more than an inference; from match.review on it is a question for
 * a reviewer, below it nobody.  Pairs a reviewer rejected are not asked again.
 * Nothing is written; the caller keeps the candidates of a review.
 *
 * Ownership: everything returned lives in the arena.
 */
#ifndef MATCH_H
#define MATCH_H

#include "conf.h"
#include "idscheme.h"
#include "mwatch.h"
#include "store.h"

#define MATCH_SCORE_ID 1000
/* Written alike, while the index is not whole: a question, whatever else. */
#define MATCH_SCORE_NAME 800
#define MATCH_CANDIDATES_MAX 64u

enum match_verdict { MATCH_NONE, MATCH_ACCEPT, MATCH_REVIEW };

/* What a notice can be found by. */
struct match_key {
	struct str scheme; /* an id scheme, or "name" */
	struct str value;  /* canonical, or the folded name */
	int hard;
};

struct match_candidate {
	struct str obligor_id;
	int score;
	struct str why; /* lines */
};

struct match {
	enum match_verdict verdict;
	struct str obligor_id; /* when accepted */
	int score;
	struct str method; /* id name "" */
	struct str keys;   /* "lei:... sinosure:..." that hit */
	struct str why;	   /* lines, of the best */
	struct match_key *key;
	size_t key_count;
	struct match_candidate *candidate; /* best first, ties by id */
	size_t candidate_count;
};

/* Who is asked; all borrowed. */
struct matcher {
	struct store *store;
	const struct idschemes *schemes;
	const struct conf *conf;
	struct mwatch *watch;
};

/* Ids that do not fit their scheme, and names too long, give no key. */
NODISCARD enum err match_keys(const struct idschemes *t,
			      const struct notice *n, struct arena *a,
			      struct match_key **out, size_t *count);
/* name_accept: the feed may accept by a name alone. */
NODISCARD enum err match_notice(const struct matcher *by,
				const struct notice *n, bool name_accept,
				struct arena *a, struct match *out);

#endif
