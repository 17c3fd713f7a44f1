/*
 * decide.h - from a notice to the alerts it makes.  Floor 2.
 *
 * Everything follows from (store, input, now): no clock, no randomness, so a
 * step that is run again after a crash writes the same ids and bytes.  Every
 * call is made inside a transaction the caller opened, writes facts, alerts,
 * revisions and stream entries into it, and never begins or commits.
 *
 * An error of class REJECT is about the notice at hand and comes before
 * anything was written: skip it, count it, go on with the transaction.  On any
 * other the caller rolls back.  An exporter whose alert cannot be made (sums
 * beyond 64 bits, more shipments than fit) is told to the operator and does
 * not keep the others from theirs.  Every decision and every suppression
 * leaves a journal line "rule=...".
 *
 * Ownership: all of decide_in is borrowed until decide_free.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "compose.h"
#include "conf.h"
#include "idscheme.h"
#include "mwatch.h"
#include "store.h"

#define DECIDE_ARENA_SIZE ((size_t)96 << 20)
/* Older than this at first sight is told once, flagged historic. */
#define DECIDE_HISTORIC_DAYS 180
/* A question about an insolvency that nobody answered for so long is told,
 * as a suspected match, to exporters whose goods leave within so long. */
#define DECIDE_REVIEW_MS (2 * HOUR_MS)
#define DECIDE_LEAVES_MS (72 * HOUR_MS)
/* A notice older than this when its buyer was found in the book is history. */
#define DECIDE_NEWS_MS HOUR_MS
/* An amount moved when by a tenth and by so many whole units. */
#define DECIDE_MOVED_UNITS 10000

/* Names of facts tried in one call of decide_names. */
#define DECIDE_NAMES_MAX 500u

struct decide;

struct decide_in {
	struct store *store;
	struct mwatch *watch;
	const struct kinds *kinds;
	const struct feeds *feeds;
	const struct idschemes *schemes;
	const struct conf *conf;
	struct str texts;	  /* etc/texts.tsv */
	struct str duties;	  /* etc/duties.tsv */
	const uint8_t *token_key; /* COMPOSE_KEY_SIZE secret bytes */
	enum compose_mode mode;
	size_t room; /* bytes for one call; 0: DECIDE_ARENA_SIZE */
	struct diag *diag; /* where a bad table is wrong; may be NULL */
};

/* What happened since decide_new, for counters. */
struct decide_counts {
	uint64_t notices;
	uint64_t same;
	uint64_t natural_skipped;
	uint64_t unmatched;
	uint64_t reviews;
	uint64_t rates; /* exchange rates taken from feeds */
	uint64_t first;	 /* revisions by entry type */
	uint64_t later;
	uint64_t retractions;
	uint64_t suppressed;
	uint64_t failed; /* exporters whose alert could not be made */
};

NODISCARD enum err decide_new(const struct decide_in *in,
			      struct decide **out);
void decide_free(struct decide *d);
const struct decide_counts *decide_counts(const struct decide *d);

/* One notice of an accepted document, in order; json as it came. */
NODISCARD enum err decide_notice(struct decide *d, const struct notice *n,
				 struct str json, struct instant now);
/* A subscriber's STATE that store_evidence_put just took; first is its. */
NODISCARD enum err decide_state(struct decide *d, const struct evidence *e,
				int first, struct instant now);
/*
 * After an import: facts nobody matched are tried by their ids on the
 * obligors changed since that version, these and all with an alert are looked
 * at again.
 */
NODISCARD enum err decide_book(struct decide *d, int64_t since_version,
			       struct instant now);
/*
 * Whether the stream was told to another company than that: a stream is an
 * exporter_id's, and an import must not give it to somebody else.
 */
NODISCARD enum err decide_told_other(struct decide *d, struct str exporter_id,
				     struct str uscc, bool *out);
/*
 * Once the index follows the book and is whole: facts nobody matched are
 * tried by their names on the obligors that are new since the last time, a
 * batch a call, each in a transaction of its own.  Begin with a zero scan,
 * keep it only when the transaction committed, forget it when the index is
 * no longer whole.  *more: call again.
 */
struct names_scan {
	int64_t since; /* book versions */
	int64_t upto;  /* 0: not begun */
	int64_t after; /* row of the last name tried */
};
NODISCARD enum err decide_names(struct decide *d, struct names_scan *scan,
				struct instant now, bool *more);
/*
 * What a reviewer says to a question (store_reviews): the fact is the
 * obligor's, and its exporters are told; or it is not, and the names that
 * asked never ask for that obligor again.
 */
#define REVIEW_WHY_MAX 400u /* bytes of a reason */
struct review_answer {
	struct str fact_id;
	struct str obligor_id;
	bool accept;
	struct str why; /* of a rejection */
	struct str who; /* for the journal */
};
enum review_done {
	REVIEW_DONE,
	REVIEW_SAME, /* was so already; nothing was written */
	REVIEW_ACCEPTED, /* it was accepted: cannot be rejected any more */
	REVIEW_REJECTED, /* it was rejected */
	REVIEW_ELSEWHERE, /* the fact is another obligor's */
};
/* ERR_ABSENT: never asked, or the fact or the obligor is gone. */
NODISCARD enum err decide_review(struct decide *d,
				 const struct review_answer *a,
				 struct instant now, enum review_done *done);
/*
 * Time passed: a departure came near, or a question was not answered.  Looks
 * at every standing alert and question, so call it at start and then at the
 * wall time *next_ms (at the latest the next Shanghai day); and DECIDE_REVIEW_MS
 * after a question was asked.
 */
NODISCARD enum err decide_tick(struct decide *d, struct instant now,
			       int64_t *next_ms);

#endif
