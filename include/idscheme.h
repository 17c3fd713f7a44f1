/*
 * idscheme.h - identifier schemes and their one canonical form.  Floor 0.
 *
 * etc/idschemes.tsv: scheme, hard 0/1, pattern, check.  A pattern is a list
 * of a class (9 digit, A letter, X either, R the rest) with its count, e.g.
 * "X18 92" for an LEI: eighteen of either, two digits.  Canonical: NFKC, upper case, without blanks, dots and hyphens unless
 * the pattern has them; BIC8 gets XXX; check digits verified.
 */
#ifndef IDSCHEME_H
#define IDSCHEME_H

#include "arena.h"

#define IDSCHEMES_MAX 128u
#define ID_VALUE_MAX 64u

struct idscheme {
	struct str name;
	int hard; /* 1: equal ids are the same company */
	struct str pattern;
	struct str check; /* lei, luhn, none ... */
};

struct idschemes {
	struct idscheme *row;
	size_t count;
};

NODISCARD enum err idschemes_get(struct str tsv, struct arena *a,
				 struct idschemes *out, struct diag *d);
const struct idscheme *idschemes_find(const struct idschemes *t,
				      struct str scheme);
/*
 * The canonical form of value in dst (NUL-terminated).  ERR_ABSENT for an
 * unknown scheme, ERR_INPUT with a reason when the value does not fit it.
 */
NODISCARD enum err idscheme_canon(const struct idschemes *t,
				  struct str scheme, struct str value,
				  char dst[ID_VALUE_MAX], struct diag *d);
/* Unified social credit code, GB 32100: 18 characters, check digit. */
bool uscc_ok(struct str s);
/* ISO 3166-1 alpha-2. */
bool country_ok(struct str s);

#endif
