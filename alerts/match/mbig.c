/*
 * mbig.c - memory for large tables.
 */
#include "mbig.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *
mbig_new(size_t n)
{
	size_t all = (n + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *p;

	if (n < HUGE_PAGE || all < n)
		return malloc(n == 0 ? 1 : n);
	p = aligned_alloc(HUGE_PAGE, all);
	if (p != NULL)
		(void)madvise(p, all, MADV_HUGEPAGE); /* a wish */
	return p;
}

void *
mbig_zero(size_t n)
{
	void *p = mbig_new(n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}
