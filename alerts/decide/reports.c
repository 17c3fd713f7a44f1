/*
 * reports.c - the free credit reports left under a policy.
 */
#include "decide_priv.h"

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
