/*
 * book_rids.c - a set of row numbers, a bit each.
 */
#include "book_rids.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MIN 4096u

void
book_rids_free(struct book_rids *r)
{
	free(r->bits);
	*r = (struct book_rids){ 0 };
}

bool
book_rids_has(const struct book_rids *r, int64_t rid)
{
	size_t at = (size_t)rid / 8;

	return rid >= 0 && at < r->bytes && (r->bits[at] >> rid % 8 & 1) != 0;
}

enum err
book_rids_add(struct book_rids *r, int64_t rid)
{
	size_t bytes = r->bytes == 0 ? BYTES_MIN : r->bytes;
	size_t at = (size_t)rid / 8;
	uint8_t *p;

	if (rid < 0 || rid > BOOK_RID_MAX)
		return ERR_LIMIT;
	if (book_rids_has(r, rid))
		return ERR_OK;
	while (bytes <= at)
		bytes *= 2;
	if (bytes > r->bytes) {
		p = realloc(r->bits, bytes);
		if (p == NULL)
			return ERR_STORE;
		memset(p + r->bytes, 0, bytes - r->bytes);
		r->bits = p;
		r->bytes = bytes;
	}
	r->bits[at] = (uint8_t)(r->bits[at] | 1u << rid % 8);
	r->count++;
	return ERR_OK;
}

int64_t
book_rids_next(const struct book_rids *r, int64_t from)
{
	int64_t end = (int64_t)r->bytes * 8;

	for (int64_t rid = from; rid < end; rid++) {
		if (r->bits[rid / 8] == 0)
			rid |= 7;
		else if (book_rids_has(r, rid))
			return rid;
	}
	return -1;
}
