/*
 * malign_priv.h - what malign.c and mfeature.c share.
 */
#ifndef MALIGN_PRIV_H
#define MALIGN_PRIV_H

#include "malign.h"

/* One of the two names, with the soft spelling of its tokens. */
struct mside {
	const struct mname *m;
	const float *w;
	uint32_t used; /* tokens that are linked */
	uint16_t soft[MFOLD_TOKENS_MAX];
	uint8_t soft_n[MFOLD_TOKENS_MAX];
	char soft_text[MFOLD_TOKENS_MAX * (MFOLD_TOKEN_LEN_MAX + 4)];
};

void malign_features(const struct mquery_name *q, const struct mside *qs,
		     const struct mside *bs, struct malign *out);

#endif
