/*
 * mseg_sum.h - the checksum that builder and reader share (XXH3).
 */
#ifndef MSEG_SUM_H
#define MSEG_SUM_H

#include "mseg.h"

struct msum; /* opaque; owner frees it with msum_end */

uint64_t msum_of(const void *p, size_t n);
struct msum *msum_new(void); /* NULL: no memory */
void msum_put(struct msum *s, const void *p, size_t n);
uint64_t msum_end(struct msum *s);
/* Of the header with head_sum taken as zero. */
uint64_t msum_head(struct mseg_head head);

#endif
