/*
 * malign_priv.h - what malign.c and mfeature.c share.
 */
#ifndef MALIGN_PRIV_H
#define MALIGN_PRIV_H

#include "malign.h"

void malign_features(const struct mquery_name *q, struct mside *qs,
		     struct mside *bs, struct malign *out);

#endif
