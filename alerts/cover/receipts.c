/*
 * receipts.c - what is outstanding on each shipment after what was received.
 *
 * A receipt for a shipment goes there; then the others pay the shipped ones
 * of their currency, oldest due date first, then by id, those without a due
 * date last.  A recovery pays nothing, what is left over is dropped.
 */
#include "cover_priv.h"

#include <stdlib.h>

static bool
receipt_counts(const struct receipt *r, int32_t as_of)
{
	return r->received_on <= as_of && r->kind != RECEIPT_RECOVERY;
}

static int
by_id(const void *x, const void *y, void *ships)
{
	const struct shipment *s = ships;

	return str_cmp(s[*(const size_t *)x].shipment_id,
		       s[*(const size_t *)y].shipment_id);
}

static int
by_due(const void *x, const void *y, void *ships)
{
	const struct shipment *s = ships;
	int32_t a = s[*(const size_t *)x].due_date;
	int32_t b = s[*(const size_t *)y].due_date;

	if (a == b)
		return by_id(x, y, ships);
	if (a == DATE_NONE || b == DATE_NONE)
		return a == DATE_NONE ? 1 : -1;
	return a < b ? -1 : 1;
}

static void
pay(int64_t *left, int64_t *rest)
{
	int64_t part = *left < *rest ? *left : *rest;

	*left -= part;
	*rest -= part;
}

/* The shipment of that id, or shipment_count; order is by id. */
static size_t
place_of(const struct cover_in *in, const size_t *order, struct str id)
{
	size_t lo = 0;
	size_t hi = in->shipment_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (str_cmp(in->shipment[order[mid]].shipment_id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < in->shipment_count &&
	    str_eq(in->shipment[order[lo]].shipment_id, id))
		return order[lo];
	return in->shipment_count;
}

static void
pay_named(const struct cover_in *in, const size_t *order, int64_t *left)
{
	for (size_t i = 0; i < in->receipt_count; i++) {
		const struct receipt *r = &in->receipt[i];
		int64_t rest = r->amount_minor;
		size_t at;

		if (r->shipment_id.n == 0 || !receipt_counts(r, in->as_of))
			continue;
		at = place_of(in, order, r->shipment_id);
		if (at < in->shipment_count &&
		    str_eq(in->shipment[at].currency, r->currency))
			pay(&left[at], &rest);
	}
}

/* What came without a shipment's name, per currency. */
struct purse {
	struct str currency;
	int64_t rest;
};

static enum err
fill_purses(const struct cover_in *in, struct purse *purse, size_t *count)
{
	for (size_t i = 0; i < in->receipt_count; i++) {
		const struct receipt *r = &in->receipt[i];
		size_t k = 0;

		if (r->shipment_id.n > 0 || !receipt_counts(r, in->as_of))
			continue;
		while (k < *count && !str_eq(purse[k].currency, r->currency))
			k++;
		if (k == COVER_CCY_MAX)
			return ERR_LIMIT;
		if (k == *count)
			purse[(*count)++] = (struct purse){ r->currency, 0 };
		/* More than 64 bits pay everything anyhow. */
		if (__builtin_add_overflow(purse[k].rest, r->amount_minor,
					   &purse[k].rest))
			purse[k].rest = INT64_MAX;
	}
	return ERR_OK;
}

static enum err
pay_oldest(const struct cover_in *in, const size_t *order, int64_t *left)
{
	struct purse purse[COVER_CCY_MAX];
	size_t count = 0;
	enum err err = fill_purses(in, purse, &count);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < in->shipment_count; i++) {
		const struct shipment *s = &in->shipment[order[i]];

		if (!shipment_left(s, in->as_of))
			continue;
		for (size_t k = 0; k < count; k++)
			if (str_eq(purse[k].currency, s->currency))
				pay(&left[order[i]], &purse[k].rest);
	}
	return ERR_OK;
}

enum err
outstanding(const struct cover_in *in, struct arena *a, int64_t **out)
{
	size_t n = in->shipment_count;
	int64_t *left = arena_array(a, int64_t, n + 1);
	size_t *order;

	if (left == NULL)
		return ERR_LIMIT;
	*out = left;
	for (size_t i = 0; i < n; i++) {
		const struct shipment *s = &in->shipment[i];

		if (shipment_counts(s, in->as_of) &&
		    s->amount_minor > s->paid_minor)
			left[i] = s->amount_minor - s->paid_minor;
	}
	if (in->receipt_count == 0 || n == 0)
		return ERR_OK;
	order = arena_array(a, size_t, n);
	if (order == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	/* The comparison only reads. */
	qsort_r(order, n, sizeof(order[0]), by_id,
		(void *)(uintptr_t)in->shipment);
	pay_named(in, order, left);
	qsort_r(order, n, sizeof(order[0]), by_due,
		(void *)(uintptr_t)in->shipment);
	return pay_oldest(in, order, left);
}
