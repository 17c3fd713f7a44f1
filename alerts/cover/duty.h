/*
 * duty.h - by when a loss must be reported.  Floor 2.
 *
 * etc/duties.tsv: profile family days verified.  Days are working days; as
 * long as no calendar file is loaded every calendar day counts as one, which
 * is never later than the true deadline, and the quality says estimated.
 */
#ifndef DUTY_H
#define DUTY_H

#include "arena.h"
#include "clock.h"

#define DUTIES_MAX 256u

struct duty_rule {
	struct str profile;
	struct str family;
	int days;
	int verified; /* 0: nobody compared it with the formal policy */
};

struct duties {
	struct duty_rule *row;
	size_t count;
};

/* ERR_CONFIG with the line in d. */
NODISCARD enum err duties_get(struct str tsv, struct arena *a,
			      struct duties *out, struct diag *d);
/* NULL: the profile knows no duty for the family. */
const struct duty_rule *duties_find(const struct duties *t,
				    struct str profile, struct str family);
/* The last day on which the report is in time; ends at 24:00 Shanghai. */
int32_t duty_deadline(const struct duty_rule *r, int64_t knew_at);

#endif
