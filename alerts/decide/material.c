/*
 * material.c - what makes a change worth telling.
 */
#include "decide_priv.h"

#define FIELDS 13u
#define FIELDS_FIRST 11u /* what the first version kept */

void
material_put(struct buf *b, const struct material *m)
{
	buf_printf(b, "%d|%d|%.*s|%.*s|%lld|%lld|%lld|%lld|%lld|%d|%d|%d|%d",
		   (int)m->status, (int)m->stage, STR_ARG(m->kind),
		   STR_ARG(m->currency), (long long)m->exposed,
		   (long long)m->insured, (long long)m->uninsured,
		   (long long)m->if_insured, (long long)m->if_uninsured,
		   m->imminent, m->historic, m->suspected, m->unlinked);
}

enum err
material_get(struct str s, struct material *out)
{
	struct str rest = s;
	int64_t v[FIELDS] = { 0 };
	struct material m = { 0 };

	for (size_t i = 0; i < FIELDS; i++) {
		struct str cell = str_cut(&rest, '|');

		/* Kept before there were the last ones. */
		if (i >= FIELDS_FIRST && cell.n == 0)
			break;
		if (i == 2)
			m.kind = cell;
		else if (i == 3)
			m.currency = cell;
		else if (str_to_i64(cell, INT64_MAX, &v[i]) != ERR_OK)
			return ERR_CORRUPT;
	}
	if (v[0] < FACT_OBSERVED || v[0] > FACT_ENDED || v[1] < STAGE_NONE ||
	    v[1] > STAGE_DISCHARGED)
		return ERR_CORRUPT;
	m.status = (enum fact_status)v[0];
	m.stage = (enum stage)v[1];
	m.exposed = v[4];
	m.insured = v[5];
	m.uninsured = v[6];
	m.if_insured = v[7];
	m.if_uninsured = v[8];
	m.imminent = v[9] != 0;
	m.historic = v[10] != 0;
	m.suspected = v[11] != 0;
	m.unlinked = v[12] != 0;
	*out = m;
	return ERR_OK;
}

static bool
moved(int64_t old, int64_t new, struct str ccy)
{
	int64_t gap = new > old ? new - old : old - new;
	int64_t units = DECIDE_MOVED_UNITS;

	for (int i = 0; i < ccy_decimals(ccy); i++)
		units *= 10;
	return gap >= units && gap >= old / 10;
}

const char *
material_moved(const struct material *old, const struct material *new)
{
	if (old->suspected && !new->suspected)
		return "match";
	if (new->status != old->status)
		return "status";
	if (new->stage != old->stage || !str_eq(new->kind, old->kind))
		return "stage";
	if (new->imminent && !old->imminent)
		return "etd";
	if (!str_eq(new->currency, old->currency))
		return "currency";
	if (moved(old->insured, new->insured, new->currency) ||
	    moved(old->uninsured, new->uninsured, new->currency) ||
	    moved(old->if_insured, new->if_insured, new->currency) ||
	    moved(old->if_uninsured, new->if_uninsured, new->currency))
		return "amount";
	return NULL;
}
