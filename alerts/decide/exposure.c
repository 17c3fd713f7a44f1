/*
 * exposure.c - reads the rows that cover and quota need.
 */
#include "decide_priv.h"

static enum err
add_scheme(struct decide *d, struct str scheme_id, struct scheme *row,
	   size_t *count)
{
	enum err err;

	for (size_t i = 0; i < *count; i++)
		if (str_eq(row[i].scheme_id, scheme_id))
			return ERR_OK;
	err = store_scheme(d->in.store, scheme_id, &d->arena, &row[*count]);
	if (err == ERR_ABSENT)
		return ERR_OK; /* a policy without its scheme covers nothing */
	if (err == ERR_OK)
		(*count)++;
	return err;
}

enum err
decide_cover(struct decide *d, struct str exporter_id, struct str obligor_id,
	     struct cover_in *out)
{
	struct cover_in in = { .as_of = DATE_NONE, .knew_at = TIME_NONE };
	struct policy *policy = NULL;
	struct shipment *shipment = NULL;
	struct scheme *scheme;
	enum err err;

	err = store_policies(d->in.store, exporter_id, &d->arena, &policy,
			     &in.policy_count);
	if (err != ERR_OK)
		return err;
	scheme = arena_array(&d->arena, struct scheme, in.policy_count + 1);
	if (scheme == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < in.policy_count; i++) {
		err = add_scheme(d, policy[i].scheme_id, scheme,
				 &in.scheme_count);
		if (err != ERR_OK)
			return err;
	}
	err = store_shipments(d->in.store, exporter_id, obligor_id, &d->arena,
			      &shipment, &in.shipment_count);
	if (err != ERR_OK)
		return err;
	in.policy = policy;
	in.scheme = scheme;
	in.shipment = shipment;
	*out = in;
	return ERR_OK;
}

enum err
decide_reports_left(struct decide *d, const struct cover_row *c, int *left)
{
	int used = 0;
	enum err err;

	if (c->policy == NULL) {
		*left = -1;
		return ERR_OK;
	}
	err = store_reports_used(d->in.store, c->policy->policy_id, &used);
	if (err != ERR_OK)
		return err;
	*left = c->scheme->free_reports - c->policy->reports_used - used;
	if (*left < 0)
		*left = 0;
	return ERR_OK;
}
