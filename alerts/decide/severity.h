/*
 * severity.h - how loud an alert is: one table, first matching rule.
 * Floor 2.
 *
 * Pure.  The rules are numbered as in the project's rule book; those that
 * need data nobody gives yet (country cover, duties, limits, claim amounts)
 * are absent, never guessed.
 */
#ifndef SEVERITY_H
#define SEVERITY_H

#include "alert.h"
#include "cover.h"

/* Days that "ordered within 24 months" looks back. */
#define SEVERITY_ORDER_DAYS 731

/* Why; a set, printed in this order. */
enum {
	WHY_INSOLVENCY_OBSERVED = 1u << 0,
	WHY_INSOLVENCY_REPORTED = 1u << 1,
	WHY_INSOLVENCY_CORROBORATED = 1u << 2,
	WHY_INSOLVENCY_CONFIRMED = 1u << 3,
	WHY_ETD_LE_7D = 1u << 4,
	WHY_GOODS_IN_TRANSIT = 1u << 5,
	WHY_OPEN_EXPOSURE = 1u << 6,
	WHY_UNSHIPPED_ORDER = 1u << 7,
	WHY_DEFAULT = 1u << 8,
	WHY_SANCTIONED = 1u << 9,
	WHY_OVER_BREAKEVEN = 1u << 10,
	WHY_OVERDUE = 1u << 11,
	WHY_ORDERED_24_MONTHS = 1u << 12,
	WHY_NO_RULE = 1u << 13,
	WHY_HELD = 1u << 14, /* never falls inside an episode */
	WHY_DISSOLVED = 1u << 15, /* gone, solvent or not */
	WHY_SUSPECTED = 1u << 16, /* a reviewer has not said whose it is */
};
#define WHY_COUNT 17u

struct severity_in {
	struct str family;
	struct str alert_kind;
	enum stage stage;
	enum fact_status status;
	const struct cover_row *cover;
	int32_t today;
	int32_t last_order; /* DATE_NONE: never, or unknown */
	enum severity floor; /* of the episode so far; 0: none */
	bool suspected;	     /* whose it is waits for a reviewer: HIGH */
};

struct severity_out {
	enum severity severity;
	unsigned why;
	int rule; /* 1..12; 13: suspected; 0: held by the floor */
};

const char *severity_why_text(unsigned i); /* i < WHY_COUNT */
struct severity_out severity_of(const struct severity_in *in);

#endif
