/*
 * mscore.h - features into confidence.  Private to match.
 *
 * The name model is a small forest of regression trees fitted on labelled
 * pairs (tests/bench/fit.c writes mmodel.c); its sum is the log-odds that the
 * candidate is the company meant, given the name alone.  Country, address
 * and ids are added as log-likelihood ratios.
 */
#ifndef MSCORE_H
#define MSCORE_H

#include "malign.h"

#define MSCORE_DEPTH 5u
#define MSCORE_NODES ((1u << MSCORE_DEPTH) - 1)

struct mtree {
	uint8_t feature[MSCORE_NODES];
	float at[MSCORE_NODES]; /* left when value <= at */
	float leaf[1u << MSCORE_DEPTH];
};

extern const struct mtree mmodel_tree[];
extern const unsigned mmodel_trees;
extern const float mmodel_bias;

float mscore_logit(const float f[MF_COUNT]);
/* 1 / (1 + e^-x) */
float mscore_share(float logit);

#endif
