/*
 * cover.h - whose money, how much, and what a policy would pay.  Floor 2.
 *
 * Arithmetic over rows the caller read: no store, no clock, no words.  The
 * rows are one exporter's policies and its shipments whose risk is on one
 * obligor (under an L/C the bank), with the limits on it, what was received
 * from it and the cover policy of its country; the answer is one cover_row
 * per policy chosen by day, and their sum for the alert.  Money is summed per
 * currency and converted once (fx.c); an amount without a rate is left out,
 * said so by COVER_F and quality estimated.
 *
 * Ownership: rows point into the input; nothing is allocated but from the
 * arena given, and nothing per shipment but its place in two arrays.
 * ERR_LIMIT when a sum leaves 64 bits or the arena is full.
 */
#ifndef COVER_H
#define COVER_H

#include "book.h"

#define COVER_SHIPMENTS_MAX 100000u /* of one exporter on one obligor */
#define COVER_POLICIES_MAX 1024u    /* of one exporter */
#define COVER_FX_USED_MAX 8u	    /* rates shown beside an exposure */
#define COVER_CCY_MAX 32u	    /* currencies of one exposure */
#define COVER_GROUPS_MAX 64u	    /* limits x currencies in one row */
#define COVER_LIMITS_MAX 1024u
#define COVER_RECEIPTS_MAX 100000u
#define COVER_FX_MAX 65536u
/* A rate older than these days is called stale; it is used all the same. */
#define COVER_FX_FRESH_DAYS 6
/* An order leaving within these days is imminent: domain table, rule 1. */
#define COVER_IMMINENT_DAYS 7
/* Goods shipped longer ago than this are no longer taken to be at sea. */
#define COVER_TRANSIT_DAYS 60

/* Why a shipment is not covered; printed in this order. */
enum {
	COVER_W = 1u << 0, /* no policy year for its day */
	COVER_C = 1u << 1, /* country */
	COVER_T = 1u << 2, /* credit term too long */
	COVER_S = 1u << 3, /* scope: not cleared in the exporter's name */
	COVER_L = 1u << 4, /* limit */
	COVER_K = 1u << 5, /* shipped, or to be shipped, with knowledge */
	COVER_D = 1u << 6, /* not declared though the policy asks for it */
	COVER_A = 1u << 7, /* affiliated buyer */
	COVER_X = 1u << 8, /* disputed */
	COVER_F = 1u << 9, /* no exchange rate: left out of the sums */
};
#define COVER_REASONS 10u

enum cover_quality { QUALITY_NONE, QUALITY_DECLARED, QUALITY_ESTIMATED };
enum cover_scope { SCOPE_IN, SCOPE_OUT, SCOPE_REVIEW };

/* What is left of a policy's annual cap: for `insured`, for `if_shipped`. */
struct cover_rest {
	int64_t now;
	int64_t if_shipped;
};

struct cover_in {
	const struct policy *policy;
	size_t policy_count;
	const struct scheme *scheme; /* of those policies, any order */
	size_t scheme_count;
	const struct shipment *shipment;
	size_t shipment_count;
	const struct limit *limit; /* on the obligor */
	size_t limit_count;
	const struct receipt *receipt; /* from it, or for a shipment above */
	size_t receipt_count;
	const struct country_cover *country; /* of the obligor's country */
	size_t country_count;
	const struct fx_rate *fx;
	size_t fx_count;
	/* One per policy, carried from obligor to obligor in printed order;
	 * NULL: the caps are whole. */
	struct cover_rest *rest;
	int32_t as_of;	 /* Shanghai day */
	int known;	 /* an insolvency alert stands: unshipped orders are K */
	int64_t knew_at; /* TIME_NONE: nothing proven yet */
};

struct cover_row {
	const struct policy *policy; /* NULL: none for the day */
	const struct scheme *scheme; /* NULL with it */
	int32_t cover_from;	     /* the window that was applied */
	int32_t cover_to;
	struct str currency;
	size_t shipments; /* not paid, cancelled or prepaid */
	size_t orders;	  /* of them not shipped */
	int64_t open;
	int64_t overdue;
	int64_t unshipped;
	int64_t insured; /* insured + uninsured = open */
	int64_t uninsured;
	int64_t if_insured; /* as if every order left today */
	int64_t if_uninsured;
	int64_t break_even;
	int max_dpd;
	int32_t next_etd; /* DATE_NONE */
	int imminent;	  /* an order leaves within COVER_IMMINENT_DAYS */
	int in_transit;	  /* shipped, documents not released */
	int two_policies; /* a day had two: a warning */
	unsigned reasons; /* COVER_* */
	enum cover_scope scope;
	enum cover_quality quality;
	struct fx_rate fx[COVER_FX_USED_MAX]; /* both legs of a cross rate */
	size_t fx_count;
};

/* The letter of the i-th reason, i < COVER_REASONS. */
char cover_reason_letter(unsigned i);
const char *cover_quality_text(enum cover_quality q);
const char *cover_scope_text(enum cover_scope s);

/* What is paid for a covered loss: floor at the cent, then the cap. */
int64_t cover_indemnity(int64_t loss, int bp, int64_t cap,
			enum cap_basis basis);
/* From here on each further unit is wholly the exporter's; 0 when bp is 0. */
int64_t cover_break_even(int64_t cap, int bp, enum cap_basis basis);

/*
 * The days a policy covers, or false: wrong status, or picked up late and
 * not issued yet.  DATE_NONE means open-ended.
 */
bool policy_window(const struct policy *p, const struct scheme *s,
		   int32_t *from, int32_t *to);
/*
 * The policy that covers the day, or NULL: later cover_from, then smaller
 * id.  *two is set (never cleared) when another covered it as well.
 */
const struct policy *policy_of_day(const struct cover_in *in, int32_t day,
				   int *two);
const struct scheme *policy_scheme(const struct cover_in *in,
				   const struct policy *p);

/* The caps of in->policy as the policy year left them; NULL: arena full. */
struct cover_rest *cover_rest_new(const struct cover_in *in, struct arena *a);

/* One row per policy, in order of policy id; the one without goes first. */
NODISCARD enum err cover_rows(const struct cover_in *in, struct arena *a,
			      struct cover_row **out, size_t *count);

/*
 * The rows as one exposure, under the policy of the next order to leave,
 * else of the largest open amount, else of today.  count may be 0.
 */
NODISCARD enum err cover_sum(const struct cover_in *in,
			     const struct cover_row *rows, size_t count,
			     struct cover_row *out);

/* Of one currency, as received: insurer + exporter = recovered. */
struct cover_recovery {
	struct str currency;
	int64_t recovered;
	int64_t insurer;
	int64_t exporter;
};

/*
 * What was recovered from the obligor until as_of is shared as the loss is:
 * the insurer's part is insured / open of the rows' sum, floor at the cent.
 * One per currency, in the order of the receipts; *count may be 0.
 */
NODISCARD enum err cover_recoveries(const struct cover_in *in,
				    const struct cover_row *rows,
				    size_t row_count, struct arena *a,
				    struct cover_recovery **out,
				    size_t *count);

/*
 * money in another currency with the rates of the newest day, not after
 * as_of, that has a way: directly, inversely, or over EUR, USD or another
 * currency with both legs of that day; one division, half-even.
 * ERR_ABSENT: no way.  ERR_LIMIT: the result leaves 64 bits.
 */
NODISCARD enum err cover_convert(const struct cover_in *in, int64_t minor,
				 struct str from, struct str to,
				 int64_t *out);
bool cover_fx_stale(const struct fx_rate *f, int32_t as_of);

#endif
