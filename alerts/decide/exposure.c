/*
 * exposure.c - reads the rows that cover needs.
 */
#include "exposure.h"

static enum err
add_scheme(struct exposure *e, struct str scheme_id, struct scheme *row)
{
	size_t *count = &e->in.scheme_count;
	enum err err;

	for (size_t i = 0; i < *count; i++)
		if (str_eq(row[i].scheme_id, scheme_id))
			return ERR_OK;
	err = store_scheme(e->store, scheme_id, e->arena, &row[*count]);
	if (err == ERR_ABSENT)
		return ERR_OK; /* a policy without its scheme covers nothing */
	if (err != ERR_OK)
		return err;
	e->annual = e->annual || row[*count].annual_cap_minor >= 0;
	(*count)++;
	return ERR_OK;
}

enum err
exposure_of(struct exposure *e, struct store *s, struct arena *a,
	    struct str exporter_id, int32_t day)
{
	struct policy *policy = NULL;
	struct scheme *scheme;
	enum err err;

	*e = (struct exposure){ .store = s,
				.arena = a,
				.exporter_id = exporter_id };
	e->in.as_of = day;
	e->in.knew_at = TIME_NONE;
	err = store_policies(s, exporter_id, a, &policy, &e->in.policy_count);
	if (err != ERR_OK)
		return err;
	scheme = arena_array(a, struct scheme, e->in.policy_count + 1);
	if (scheme == NULL)
		return ERR_LIMIT;
	e->in.policy = policy;
	e->in.scheme = scheme;
	for (size_t i = 0; i < e->in.policy_count && err == ERR_OK; i++)
		err = add_scheme(e, policy[i].scheme_id, scheme);
	if (err != ERR_OK)
		return err;
	e->rest = cover_rest_new(&e->in, a);
	e->in.rest = e->rest;
	return e->rest == NULL ? ERR_LIMIT : ERR_OK;
}

enum err
exposure_knowledge(struct exposure *e, struct str obligor_id,
		   struct knowledge *out)
{
	return store_knowledge(e->store, e->exporter_id, obligor_id,
			       &out->told_ms, &out->knew_ms);
}

static enum err
fx_append(struct exposure *e, const struct fx_rate *row, size_t count)
{
	size_t need = e->in.fx_count + count;

	if (need > COVER_FX_MAX)
		return ERR_LIMIT;
	if (need > e->fx_room) {
		size_t room = 2 * need;
		struct fx_rate *more = arena_array(e->arena, struct fx_rate,
						   room);

		if (more == NULL)
			return ERR_LIMIT;
		for (size_t i = 0; i < e->in.fx_count; i++)
			more[i] = e->fx[i];
		e->fx = more;
		e->fx_room = room;
		e->in.fx = more;
	}
	for (size_t i = 0; i < count; i++)
		e->fx[e->in.fx_count++] = row[i];
	return ERR_OK;
}

static enum err
need_way(struct exposure *e, struct str from, struct str to)
{
	struct fx_rate *row = NULL;
	size_t count = 0;
	enum err err;

	if (str_eq(from, to))
		return ERR_OK;
	for (size_t i = 0; i < e->ways; i++)
		if (str_eq(e->way[i].from, from) && str_eq(e->way[i].to, to))
			return ERR_OK;
	if (e->ways == EXPOSURE_WAYS_MAX)
		return ERR_LIMIT;
	err = store_fx(e->store, from, to, e->in.as_of, e->arena, &row,
		       &count);
	if (err == ERR_OK)
		err = fx_append(e, row, count);
	if (err != ERR_OK)
		return err;
	e->way[e->ways].from = from;
	e->way[e->ways++].to = to;
	return ERR_OK;
}

/* Into every currency a row may be in: those of the caps, and USD. */
static enum err
need_ways(struct exposure *e, struct str from)
{
	enum err err = need_way(e, from, S("USD"));

	for (size_t i = 0; i < e->in.scheme_count && err == ERR_OK; i++)
		err = need_way(e, from, e->in.scheme[i].cap_currency);
	return err;
}

static enum err
read_rates(struct exposure *e)
{
	enum err err = need_ways(e, S("USD"));

	for (size_t i = 0; i < e->in.scheme_count && err == ERR_OK; i++)
		err = need_ways(e, e->in.scheme[i].cap_currency);
	for (size_t i = 0; i < e->in.shipment_count && err == ERR_OK; i++)
		if (i == 0 || !str_eq(e->in.shipment[i].currency,
				      e->in.shipment[i - 1].currency))
			err = need_ways(e, e->in.shipment[i].currency);
	for (size_t i = 0; i < e->in.limit_count && err == ERR_OK; i++)
		err = need_ways(e, e->in.limit[i].currency);
	return err;
}

static enum err
read_rows(struct exposure *e, const struct obligor *obligor)
{
	struct cover_in *in = &e->in;
	struct shipment *shipment = NULL;
	struct limit *limit = NULL;
	struct receipt *receipt = NULL;
	struct country_cover *country = NULL;
	struct str id = obligor->obligor_id;
	enum err err;

	err = store_shipments(e->store, e->exporter_id, id, e->arena,
			      &shipment, &in->shipment_count);
	if (err == ERR_OK)
		err = store_limits(e->store, e->exporter_id, id, e->arena,
				   &limit, &in->limit_count);
	if (err == ERR_OK)
		err = store_receipts(e->store, e->exporter_id, id, e->arena,
				     &receipt, &in->receipt_count);
	if (err == ERR_OK)
		err = store_country_cover(e->store, obligor->country,
					  e->arena, &country,
					  &in->country_count);
	in->shipment = shipment;
	in->limit = limit;
	in->receipt = receipt;
	in->country = country;
	return err;
}

enum err
exposure_on(struct exposure *e, const struct obligor *obligor,
	    const struct knowledge *k, struct cover_row **rows, size_t *count)
{
	enum err err = read_rows(e, obligor);

	if (err == ERR_OK)
		err = read_rates(e);
	if (err != ERR_OK)
		return err;
	e->in.known = k->told_ms != TIME_NONE &&
		      date_shanghai(k->told_ms) <= e->in.as_of;
	e->in.knew_at = k->knew_ms;
	return cover_rows(&e->in, e->arena, rows, count);
}

static enum err
give_to(struct exposure *e, struct str obligor_id)
{
	struct cover_row *rows = NULL;
	struct obligor obligor;
	struct knowledge k;
	size_t count = 0;
	enum err err;

	err = store_obligor(e->store, obligor_id, e->arena, &obligor);
	if (err == ERR_OK)
		err = exposure_knowledge(e, obligor_id, &k);
	if (err == ERR_OK)
		err = exposure_on(e, &obligor, &k, &rows, &count);
	return err;
}

enum err
exposure_skip_to(struct exposure *e, struct str obligor_id)
{
	enum err err = ERR_OK;
	int order = -1;

	if (!e->annual)
		return ERR_OK;
	if (e->skip == NULL)
		err = store_exposed(
		    e->store,
		    &(struct exposed_of){ .exporter_id = e->exporter_id },
		    e->arena, &e->skip, &e->skips);
	while (err == ERR_OK && order < 0 && e->skipped < e->skips) {
		struct str next = e->skip[e->skipped].obligor_id;

		order = str_cmp(next, obligor_id);
		if (order < 0)
			err = give_to(e, next);
		e->skipped += order <= 0;
	}
	return err;
}
