/*
 * mseg_sum.c - the sums of a segment.  The only file that knows xxHash.
 */
#include "mseg_sum.h"

#include <xxhash.h>

uint64_t
msum_of(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

struct msum *
msum_new(void)
{
	XXH3_state_t *s = XXH3_createState();

	if (s == NULL || XXH3_64bits_reset(s) != XXH_OK) {
		(void)XXH3_freeState(s);
		return NULL;
	}
	return (struct msum *)(void *)s;
}

void
msum_put(struct msum *s, const void *p, size_t n)
{
	must(XXH3_64bits_update((XXH3_state_t *)(void *)s, p, n) == XXH_OK);
}

uint64_t
msum_end(struct msum *s)
{
	uint64_t sum = XXH3_64bits_digest((XXH3_state_t *)(void *)s);

	(void)XXH3_freeState((XXH3_state_t *)(void *)s);
	return sum;
}

uint64_t
msum_head(struct mseg_head head)
{
	head.head_sum = 0;
	return msum_of(&head, sizeof(head));
}
