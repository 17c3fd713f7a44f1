/*
 * cover_priv.h - the inside of cover.  Floor 2.
 */
#ifndef COVER_PRIV_H
#define COVER_PRIV_H

#include "cover.h"

__extension__ typedef __int128 wide;

/* 1 minor unit of one currency is num/den of another's. */
struct way {
	wide num;
	wide den;
	const struct fx_rate *leg[2]; /* NULL: not needed */
};

/* One shipment, judged. */
struct verdict {
	int shipped;
	int32_t day; /* that chose the policy */
	int64_t outstanding;
	unsigned reasons;
	const struct policy *policy;
	const struct scheme *scheme;
	const struct limit *limit; /* that bounds it; NULL: none */
	int two;
};

/* fx.c */
NODISCARD enum err way_find(const struct cover_in *in, struct str from,
			    struct str to, struct way *w);
NODISCARD enum err way_go(const struct way *w, int64_t minor, int64_t *out);
void way_note(struct cover_row *r, const struct way *w);

/* judge.c */
bool shipment_counts(const struct shipment *s, int32_t as_of);
bool shipment_left(const struct shipment *s, int32_t as_of);
struct verdict judge(const struct cover_in *in, const struct shipment *s,
		     int64_t outstanding);

/* receipts.c: what is outstanding on each shipment, by its place. */
NODISCARD enum err outstanding(const struct cover_in *in, struct arena *a,
			       int64_t **out);

#endif
