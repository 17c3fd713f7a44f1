/*
 * decide_priv.h - between the files of the decider.  Floor 2, private.
 */
#ifndef DECIDE_PRIV_H
#define DECIDE_PRIV_H

#include "decide.h"
#include "duty.h"
#include "facts.h"
#include "msieve.h"
#include "rates.h"
#include "severity.h"

/* An id of the book, or one of former.c: ID#VERSION. */
#define DECIDE_FORMER_SIZE (STR_ID_MAX + 22)

/* Questions, or obligors, that left the book: looked at in one go. */
#define DECIDE_SWEEP 256u

struct decide {
	struct decide_in in; /* borrowed */
	struct arena boot;   /* texts, duties */
	struct arena arena;  /* one call */
	/* This call looks at what the book brought: what it finds was so
	 * already, and is told as history. */
	bool by_book;
	struct texts texts;
	struct duties duties;
	struct facts facts;
	struct matcher matcher;
	struct msieve *sieve; /* owned; of decide_names, may be NULL */
	int64_t sieve_since;  /* -1: none was made */
	struct decide_counts counts;
	/* An alert of this obligor ended in this call; "": none did. */
	char freed[DECIDE_FORMER_SIZE];
};

/* One fact on its way to the exporters it concerns. */
struct ring {
	struct decide *d;
	struct instant now;
	struct obligor obligor;
	const struct fact *fact;
	const struct kind *kind;
	/* The obligor has left the book: what is said of it was told. */
	bool gone;
	/* The exporter at hand follows it or has a shipment on it. */
	bool linked;
	/* Whether the fact is the obligor's waits for a reviewer. */
	bool suspected;
	struct fact_source *source;
	size_t source_count;
};

/* What the last revision said, as kept in alert.material. */
struct material {
	enum fact_status status;
	enum stage stage;
	struct str kind;
	struct str currency;
	int64_t exposed; /* open + unshipped */
	int64_t insured;
	int64_t uninsured;
	int64_t if_insured;
	int64_t if_uninsured;
	int imminent;
	int historic;
	int suspected;
	int unlinked; /* nothing of the exporter's linked them any more */
};

NODISCARD enum err decide_journal(struct decide *d, struct instant now,
				  const char *what, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Looks again at one episode of one family of an obligor; 0: the latest. */
NODISCARD enum err decide_episode(struct decide *d, struct str obligor_id,
				  struct str family, int episode,
				  struct instant now);
/* The same for every family that has a fact. */
NODISCARD enum err decide_obligor(struct decide *d, struct str obligor_id,
				  struct instant now);
/* Who the notice is about, as its feed may be believed. */
NODISCARD enum err decide_match(struct decide *d, const struct notice *n,
				struct match *out);
/* Every candidate becomes a question for a reviewer, but those that ids found
 * and a reviewer denied of this very fact: names are denied in the query. */
NODISCARD enum err decide_ask(struct decide *d, const struct fact *fact,
			      const struct match *m, struct instant now);
NODISCARD enum err decide_exporter(struct ring *r, struct str exporter_id);
/* r->fact, its kind, obligor and sources (those of the given facts that share
 * its episode) read, every exporter of the obligor is heard. */
NODISCARD enum err decide_ring(struct ring *r, const struct fact *fact,
			       size_t count);
/* The alert's fact, for the exporter of the alert alone: who it is about has
 * left the book. */
NODISCARD enum err decide_gone(struct decide *d, const struct alert *a,
			       struct instant now);
/* What an alert is found by. */
void decide_dedup_key(struct str exporter_id, struct str obligor_id,
		      struct str family, int episode,
		      char out[DEDUP_KEY_SIZE]);
/* Ids that stand for another company since the import after that version. */
NODISCARD enum err decide_former(struct decide *d, int64_t since,
				 struct instant now);
/* What the notice behind a fact can be found by. */
NODISCARD enum err decide_keys(struct decide *d, const struct fact_source *s,
			       struct match_key **key, size_t *count);
/* Who was told of the fact as of somebody it is not any more hears that it
 * was wrong: it is refuted, or another company's.  A new id is not another. */
NODISCARD enum err decide_was(struct decide *d, const struct fact *fact,
			      struct instant now);
/* Who an alert is about and for, as its last revision has it; for when the
 * book has them no more. */
NODISCARD enum err decide_told_obligor(struct decide *d,
				       const struct alert *a,
				       struct obligor *out);
NODISCARD enum err decide_told_exporter(struct decide *d,
					const struct alert *a,
					struct exporter *out,
					struct str *token);
/* How its fact was said to be its obligor's, into the fact. */
NODISCARD enum err decide_told_match(struct decide *d, const struct alert *a,
				     struct fact *fact);
/* The match a question would be were it answered so; said is one more line. */
NODISCARD enum err decide_supposed(struct decide *d, const struct review *q,
				   struct str said, struct match *out);
/* Nobody may have known of the fact when its notices came: so old is what is
 * behind it at that time. */
NODISCARD enum err decide_is_history(struct decide *d, struct str fact_id,
				     int64_t at, bool *out);

/* ---- suspect.c ---- */

/* Questions too old to stay silent; *next_ms comes down to when the next one
 * is. */
NODISCARD enum err decide_suspects(struct decide *d, struct instant now,
				   int64_t *next_ms);
/* Whom an alert that ended spoke for: questions as old as that, which it kept
 * silent, speak now. */
NODISCARD enum err decide_freed(struct decide *d, struct instant now);
/* A fact that found its obligor, or is over, is no question any more: what
 * was told elsewhere, as suspected or of who has left, is taken back. */
NODISCARD enum err decide_unask(struct decide *d, const struct fact *fact,
				struct instant now);
/* The same; all: also of who has an id of it beside the one who has it. */
NODISCARD enum err decide_answered(struct decide *d, const struct fact *fact,
				   bool all, struct instant now);
/* Whether an id of the fact's notices is the obligor's who is asked about. */
NODISCARD enum err decide_shares_id(struct decide *d, const struct review *q,
				    bool *out);
/* The fact was said to be that obligor's, who is in the book, and is not. */
NODISCARD enum err decide_not_of(struct decide *d, const struct fact *fact,
				 struct str obligor_id, struct instant now);
/* One question is dropped, and taken back where it was told. */
NODISCARD enum err decide_drop(struct decide *d, const struct review *q,
			       struct instant now);

/* The free reports left under a policy. */
NODISCARD enum err decide_reports_left(struct decide *d,
				       const struct cover_row *c, int *left);

void material_put(struct buf *b, const struct material *m);
NODISCARD enum err material_get(struct str s, struct material *out);
/* Why the new one is worth a revision, or NULL. */
const char *material_moved(const struct material *old,
			   const struct material *new);

#endif
