/*
 * facts.h - what is true: notices merged into facts.  Floor 2.
 *
 * A fact is one state of affairs of one party (an obligor of the book, or
 * somebody unknown yet), said by one or more notices.  Its status follows
 * from the notices that still stand and from nothing else:
 *
 *	none		refuted
 *	a closing kind	ended		(petition dismissed, case closed)
 *	official	confirmed
 *	reported, two independent sources	corroborated
 *	reported	reported
 *	inferred only	observed
 *
 * Facts are kept whether matched or not, with every key they can be found
 * by.  Writes go into the transaction the caller opened; what is read lives in
 * the arena given.  Rings nobody, and asks no reviewer.
 */
#ifndef FACTS_H
#define FACTS_H

#include "feed.h"
#include "match.h"

/* Notices of one family about one party this near are one fact. */
#define FACTS_MERGE_DAYS 45

struct facts {
	struct store *store;
	const struct kinds *kinds;
	const struct feeds *feeds;
};

/* The facts a notice touched: its own, and one that lost it. */
struct facts_touched {
	struct fact fact[2];
	size_t count;
	const char *rule; /* why, for the journal */
};

/* hash_id of the material fields: fetching again changes none of them. */
void facts_content(const struct notice *n, char out[2 * HASH_ID_SIZE + 1]);

/* ERR_INPUT when the notice has a kind or stage nobody knows. */
NODISCARD enum err facts_check(const struct facts *f, const struct notice *n);
/* One notice that store_notice_put did not find the same. */
NODISCARD enum err facts_apply(const struct facts *f, const struct notice *n,
			       const struct match *m, struct instant now,
			       struct arena *a, struct facts_touched *out);
/* Gives a fact without one the obligor of an accepted match. */
NODISCARD enum err facts_attach(const struct facts *f, struct fact *fact,
				const struct match *m, struct instant now,
				struct arena *a);
/* The same, but nothing is written. */
NODISCARD enum err facts_suppose(const struct facts *f, struct fact *fact,
				 const struct match *m, struct arena *a);
/*
 * Of the facts of one obligor and family the one that speaks for the latest
 * episode: live before ended before refuted, then stage, status, age.  NULL
 * when there is none.
 */
const struct fact *facts_lead(const struct fact *fact, size_t count);
bool facts_is_live(const struct fact *fact);
/* Nobody of the book has it: nobody was found, or who was has left. */
NODISCARD enum err facts_is_free(const struct facts *f,
				 const struct fact *fact, bool *out);

#endif
