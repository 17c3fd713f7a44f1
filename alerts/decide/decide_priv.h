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
};

/* One fact on its way to the exporters it concerns. */
struct ring {
	struct decide *d;
	struct instant now;
	struct obligor obligor;
	const struct fact *fact;
	const struct kind *kind;
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

/* The free reports left under a policy. */
NODISCARD enum err decide_reports_left(struct decide *d,
				       const struct cover_row *c, int *left);

void material_put(struct buf *b, const struct material *m);
NODISCARD enum err material_get(struct str s, struct material *out);
/* Why the new one is worth a revision, or NULL. */
const char *material_moved(const struct material *old,
			   const struct material *new);

#endif
