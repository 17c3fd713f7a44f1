/*
 * severity.c - the table.
 */
#include "severity.h"

const char *
severity_why_text(unsigned i)
{
	static const char *const text[WHY_COUNT] = {
		"INSOLVENCY_OBSERVED",	   "INSOLVENCY_REPORTED",
		"INSOLVENCY_CORROBORATED", "INSOLVENCY_CONFIRMED",
		"ETD_LE_7D",		   "GOODS_IN_TRANSIT",
		"OPEN_EXPOSURE",	   "UNSHIPPED_ORDER",
		"DEFAULT",		   "SANCTIONED",
		"OVER_BREAKEVEN",	   "OVERDUE",
		"ORDERED_24_MONTHS",	   "NO_RULE",
		"HELD",			   "DISSOLVED",
		"SUSPECTED_MATCH",
	};

	must(i < WHY_COUNT);
	return text[i];
}

static unsigned
insolvency_why(const struct severity_in *in)
{
	/* Who was dissolved cannot pay, but nobody said insolvent. */
	if (in->stage == STAGE_DISSOLVED)
		return WHY_DISSOLVED;
	switch (in->status) {
	case FACT_OBSERVED:
		return WHY_INSOLVENCY_OBSERVED;
	case FACT_REPORTED:
		return WHY_INSOLVENCY_REPORTED;
	case FACT_CORROBORATED:
		return WHY_INSOLVENCY_CORROBORATED;
	case FACT_CONFIRMED:
		return WHY_INSOLVENCY_CONFIRMED;
	case FACT_REFUTED:
	case FACT_ENDED:
		return 0;
	}
	return 0;
}

static unsigned
exposure_why(const struct cover_row *c)
{
	unsigned why = 0;

	if (c->imminent)
		why |= WHY_ETD_LE_7D;
	if (c->in_transit)
		why |= WHY_GOODS_IN_TRANSIT;
	if (c->open > 0)
		why |= WHY_OPEN_EXPOSURE;
	if (c->unshipped > 0)
		why |= WHY_UNSHIPPED_ORDER;
	return why;
}

static struct severity_out
insolvency(const struct severity_in *in)
{
	const struct cover_row *c = in->cover;
	unsigned fact = insolvency_why(in);
	unsigned why = fact | exposure_why(c);
	int reported = in->status == FACT_REPORTED ||
		       in->status == FACT_CORROBORATED ||
		       in->status == FACT_CONFIRMED;
	int sure = in->status == FACT_CORROBORATED ||
		   in->status == FACT_CONFIRMED;
	int exposed = c->open > 0 || c->unshipped > 0;

	if ((in->stage >= STAGE_OPENED || reported) &&
	    (c->imminent || c->in_transit))
		return (struct severity_out){ SEVERITY_CRITICAL, why, 1 };
	if (sure && exposed)
		return (struct severity_out){ SEVERITY_CRITICAL, why, 2 };
	if (reported && exposed)
		return (struct severity_out){ SEVERITY_HIGH, why, 6 };
	if (!exposed && in->last_order != DATE_NONE &&
	    in->today - in->last_order <= SEVERITY_ORDER_DAYS)
		return (struct severity_out){ SEVERITY_MEDIUM,
					      why | WHY_ORDERED_24_MONTHS,
					      11 };
	return (struct severity_out){ SEVERITY_INFO, why | WHY_NO_RULE, 12 };
}

static struct severity_out
other(const struct severity_in *in)
{
	const struct cover_row *c = in->cover;
	unsigned why = exposure_why(c);

	if (str_eq(in->family, S("default")) ||
	    str_eq(in->family, S("rejection")))
		return (struct severity_out){ SEVERITY_HIGH,
					      why | WHY_DEFAULT, 7 };
	if (str_eq(in->family, S("sanctions")))
		return (struct severity_out){
			in->status == FACT_CONFIRMED ? SEVERITY_CRITICAL :
						       SEVERITY_HIGH,
			why | WHY_SANCTIONED, 8
		};
	if (c->break_even > 0 && c->open >= c->break_even)
		return (struct severity_out){ SEVERITY_HIGH,
					      why | WHY_OVER_BREAKEVEN, 9 };
	if (str_eq(in->family, S("overdue")))
		return (struct severity_out){ SEVERITY_MEDIUM,
					      why | WHY_OVERDUE, 10 };
	return (struct severity_out){ SEVERITY_INFO, why | WHY_NO_RULE, 12 };
}

struct severity_out
severity_of(const struct severity_in *in)
{
	struct severity_out out;

	out = str_eq(in->family, S("insolvency")) ? insolvency(in) : other(in);
	if (in->suspected)
		out = (struct severity_out){ SEVERITY_HIGH,
					     (out.why & ~(unsigned)WHY_NO_RULE) |
						 WHY_SUSPECTED,
					     13 };
	if (out.severity < in->floor) {
		out.severity = in->floor;
		out.why |= WHY_HELD;
		out.rule = 0;
	}
	return out;
}
