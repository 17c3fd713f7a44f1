/*
 * recovery.c - what was recovered after a claim, shared out.
 */
#include "cover_priv.h"

static enum err
add_recovery(struct cover_recovery *out, size_t *count,
	     const struct receipt *r)
{
	size_t k = 0;

	while (k < *count && !str_eq(out[k].currency, r->currency))
		k++;
	if (k == COVER_CCY_MAX)
		return ERR_LIMIT;
	if (k == *count)
		out[(*count)++] = (struct cover_recovery){ r->currency, 0, 0,
							   0 };
	return __builtin_add_overflow(out[k].recovered, r->amount_minor,
				      &out[k].recovered) ?
		       ERR_LIMIT :
		       ERR_OK;
}

enum err
cover_recoveries(const struct cover_in *in, const struct cover_row *rows,
		 size_t row_count, struct arena *a,
		 struct cover_recovery **out, size_t *count)
{
	struct cover_recovery *list =
	    arena_array(a, struct cover_recovery, COVER_CCY_MAX);
	struct cover_row sum;
	size_t n = 0;
	enum err err = list == NULL ? ERR_LIMIT : ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < in->receipt_count; i++)
		if (in->receipt[i].kind == RECEIPT_RECOVERY &&
		    in->receipt[i].received_on <= in->as_of)
			err = add_recovery(list, &n, &in->receipt[i]);
	if (err == ERR_OK)
		err = cover_sum(in, rows, row_count, &sum);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < n; i++) {
		struct cover_recovery *r = &list[i];

		if (sum.open > 0)
			r->insurer = (int64_t)((wide)r->recovered *
					       sum.insured / sum.open);
		r->exporter = r->recovered - r->insurer;
	}
	*out = list;
	*count = n;
	return ERR_OK;
}
