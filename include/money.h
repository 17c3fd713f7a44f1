/*
 * money.h - money is integer minor units beside its currency.  Floor 0.
 *
 * Outside it is a decimal string: 0|[1-9][0-9]{0,14}, optionally a point and
 * at most the currency's ISO 4217 decimals; no sign, separator or exponent.
 */
#ifndef MONEY_H
#define MONEY_H

#include "buf.h"

#define CCY_SIZE 4u
#define MONEY_DIGITS_MAX 15u

/* Decimals of an ISO 4217 currency, or -1 when s is not one. */
int ccy_decimals(struct str s);
/* 10 to the n; 0 <= n <= 18. */
int64_t pow10_of(int n);
/* Minor units of the decimal string s; ERR_INPUT with a reason in d. */
NODISCARD enum err money_get(struct str s, struct str ccy, int64_t *minor,
			     struct diag *d);
/* Exactly the currency's decimals; minor >= 0. */
void money_put(struct buf *b, int64_t minor, struct str ccy);
/* For people: 200,000.00 */
void money_show(struct buf *b, int64_t minor, struct str ccy);
/* floor(minor * bp / 10000) with a 128-bit product; 0 <= bp <= 10000. */
int64_t money_bp(int64_t minor, int bp);

/*
 * A rate above zero as a decimal of up to 9 digits before the point and 9
 * behind it, kept exactly:
 * value = mantissa / 10^scale.
 */
struct rate {
	int64_t mantissa;
	int scale;
};
NODISCARD enum err rate_get(struct str s, struct rate *r);
/*
 * minor units of `from` in minor units of `to`, where 1 from = rate to (or
 * 1 to = rate from when inverse), half-even, 128-bit.  ERR_LIMIT on overflow.
 */
enum rate_dir { RATE_MULTIPLY, RATE_DIVIDE };
NODISCARD enum err money_convert(int64_t minor, struct str from, struct str to,
				 struct rate r, enum rate_dir dir,
				 int64_t *out);

#endif
