/*
 * match.h - who of the book a notice is about.  Floor 2.
 *
 * The door of the matcher.  Hard ids decide: one obligor, accept (1000);
 * two, review.  A name alone is at most a question for a reviewer.  Nothing
 * is written; the caller keeps the candidates of a review.
 *
 * Ownership: everything returned lives in the arena.
 */
#ifndef MATCH_H
#define MATCH_H

#include "idscheme.h"
#include "store.h"

#define MATCH_SCORE_ID 1000
#define MATCH_SCORE_NAME 800	     /* same key, countries agree */
#define MATCH_SCORE_NAME_ELSEWHERE 600 /* same key, another country */
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
};

struct match {
	enum match_verdict verdict;
	struct str obligor_id; /* when accepted */
	int score;
	struct str method; /* id name "" */
	struct str keys;   /* "lei:... sinosure:..." that hit */
	struct match_key *key;
	size_t key_count;
	struct match_candidate *candidate; /* best first, ties by id */
	size_t candidate_count;
};

/* Ids that do not fit their scheme, and names too long, give no key. */
NODISCARD enum err match_keys(const struct idschemes *t,
			      const struct notice *n, struct arena *a,
			      struct match_key **out, size_t *count);
NODISCARD enum err match_notice(struct store *s, const struct idschemes *t,
				const struct notice *n, struct arena *a,
				struct match *out);

#endif
