/*
 * mbig.h - memory for large tables.  Private to match.
 *
 * In huge pages where the kernel has some to give: a table that is read all
 * over costs a look-up of the page at nearly every read otherwise.  Owned by
 * the caller, dropped with free; NULL when there is none.
 */
#ifndef MBIG_H
#define MBIG_H

#include <stddef.h>

void *mbig_new(size_t n); /* to be written before it is read */
void *mbig_zero(size_t n);

#endif
