/*
 * data.c - the members of an alert's "data".
 */
#include "compose_priv.h"

static void
put_policy(struct jsonw *w, const struct compose_in *in)
{
	const struct cover_row *c = in->cover;

	if (c->policy == NULL)
		return;
	jsonw_obj(w, "policy");
	jsonw_str(w, "id", c->policy->policy_id);
	jsonw_str(w, "scheme", c->scheme->scheme_id);
	if (in->exporter->branch.n > 0)
		jsonw_str(w, "branch", in->exporter->branch);
	if (c->cover_from != DATE_NONE)
		jsonw_date(w, "cover_from", c->cover_from);
	if (c->cover_to != DATE_NONE)
		jsonw_date(w, "cover_to", c->cover_to);
	jsonw_str(w, "currency", c->scheme->cap_currency);
	jsonw_int(w, "insured_bp", c->scheme->insured_bp);
	jsonw_money(w, "cap", c->scheme->cap_minor, c->scheme->cap_currency);
	jsonw_str(w, "cap_basis",
		  c->scheme->cap_basis == CAP_LOSS ? S("loss") :
						     S("indemnity"));
	jsonw_str(w, "select_rule",
		  c->shipments > 0 ? S("by_ship_date") : S("by_today"));
	jsonw_end_obj(w);
}

static void
put_obligor(struct jsonw *w, const struct compose_in *in)
{
	static const char *const type[] = { "buyer", "bank", "guarantor" };
	const struct obligor *o = in->obligor;

	jsonw_obj(w, "obligor");
	jsonw_str(w, "type", str_of(type[o->type]));
	jsonw_str(w, "id", o->obligor_id);
	jsonw_arr(w, "ids");
	for (size_t i = 0; i < o->id_count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "scheme", o->ids[i].scheme);
		jsonw_str(w, "value", o->ids[i].value);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_str(w, "name", o->name);
	jsonw_str(w, "country", o->country);
	jsonw_str(w, "jurisdiction",
		  o->jurisdiction.n > 0 ? o->jurisdiction : o->country);
	jsonw_end_obj(w);
}

static void
put_fact(struct jsonw *w, const struct compose_in *in)
{
	const struct fact *f = in->fact;

	jsonw_obj(w, "fact");
	jsonw_str(w, "id", f->fact_id);
	jsonw_str(w, "kind", f->kind);
	if (f->stage != STAGE_NONE)
		jsonw_str(w, "stage", str_of(stage_text(f->stage)));
	jsonw_str(w, "status", str_of(fact_status_text(f->status)));
	if (f->occurred_on != DATE_NONE)
		jsonw_date(w, "occurred_on", f->occurred_on);
	if (f->effective_on != DATE_NONE)
		jsonw_date(w, "effective_on", f->effective_on);
	if (f->recorded_at != TIME_NONE)
		jsonw_time(w, "recorded_at", f->recorded_at);
	if (f->published_at != TIME_NONE)
		jsonw_time(w, "published_at", f->published_at);
	jsonw_time(w, "first_seen_at", f->first_seen_at);
	jsonw_end_obj(w);
}

static void
put_source(struct jsonw *w, const struct compose_in *in,
	   const struct fact_source *s)
{
	const struct feed *feed = feeds_find(in->feeds, s->source);

	jsonw_obj(w, NULL);
	jsonw_str(w, "class", s->source_class.n > 0 ? s->source_class :
						      S("other"));
	jsonw_str(w, "redistribution",
		  str_of(redistribution_text(s->redistribution)));
	if (s->redistribution == REDIST_FULL) {
		jsonw_str(w, "id", s->source);
		if (feed != NULL && feed->title.n > 0)
			jsonw_str(w, "name", feed->title);
		jsonw_str(w, "ref", s->record);
		if (s->url.n > 0)
			jsonw_str(w, "url", s->url);
		if (s->published_at != TIME_NONE)
			jsonw_time(w, "published_at", s->published_at);
		jsonw_time(w, "fetched_at", s->seen_at);
		if (feed != NULL && feed->attribution.n > 0)
			jsonw_str(w, "attribution", feed->attribution);
	}
	jsonw_end_obj(w);
}

/* The sources that stand; of a retracted alert those that fell. */
static void
put_sources(struct jsonw *w, const struct compose_in *in)
{
	bool any = compose_live_sources(in) > 0;

	jsonw_arr(w, "sources");
	for (size_t i = 0; i < in->source_count; i++)
		if (in->source[i].live || !any)
			put_source(w, in, &in->source[i]);
	jsonw_end_arr(w);
}

static void
put_confidence(struct jsonw *w, const struct compose_in *in)
{
	int level = in->suspected			  ? 1 :
		    in->fact->status == FACT_CONFIRMED	  ? 3 :
		    in->fact->status == FACT_CORROBORATED ? 2 :
							    1;

	jsonw_obj(w, "confidence");
	jsonw_int(w, "level", level);
	jsonw_int(w, "sources", (int64_t)compose_live_sources(in));
	jsonw_end_obj(w);
}

static void
put_match(struct jsonw *w, const struct compose_in *in)
{
	struct str rest = in->fact->match_keys;
	struct str why = in->fact->match_why;

	jsonw_obj(w, "match");
	jsonw_str(w, "method", in->fact->match_method);
	jsonw_int(w, "score", in->fact->match_score);
	jsonw_arr(w, "keys");
	while (rest.n > 0)
		jsonw_str(w, NULL, str_cut(&rest, ' '));
	jsonw_end_arr(w);
	if (why.n > 0)
		jsonw_lines(w, "why", why);
	jsonw_end_obj(w);
}

static void
put_fx(struct jsonw *w, const struct cover_row *c)
{
	jsonw_arr(w, "fx");
	for (size_t i = 0; i < c->fx_count; i++) {
		char pair[7];
		struct buf b;

		buf_init(&b, 8);
		buf_put(&b, c->fx[i].base);
		buf_put(&b, c->fx[i].quote);
		if (str_copy(pair, sizeof(pair), buf_str(&b)) != ERR_OK)
			w->b->err = ERR_LIMIT;
		buf_free(&b);
		jsonw_obj(w, NULL);
		jsonw_str(w, "pair", str_of(pair));
		jsonw_str(w, "rate", c->fx[i].rate);
		jsonw_date(w, "as_of", c->fx[i].as_of);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
put_exposure(struct jsonw *w, const struct compose_in *in)
{
	const struct cover_row *c = in->cover;
	struct str ccy = c->currency;
	bool bank = in->obligor->type == OBLIGOR_BANK;

	jsonw_obj(w, "exposure");
	jsonw_time(w, "as_of", in->now_ms);
	jsonw_str(w, "currency", ccy);
	jsonw_int(w, "shipments", (int64_t)c->shipments);
	jsonw_money(w, "open", c->open, ccy);
	jsonw_money(w, "overdue", c->overdue, ccy);
	jsonw_int(w, "max_dpd", c->max_dpd);
	jsonw_money(w, "unshipped", c->unshipped, ccy);
	if (c->next_etd != DATE_NONE)
		jsonw_date(w, "next_etd", c->next_etd);
	jsonw_money(w, "bank", bank ? c->open : 0, ccy);
	jsonw_money(w, "insured", c->insured, ccy);
	jsonw_money(w, "uninsured", c->uninsured, ccy);
	jsonw_obj(w, "if_shipped");
	jsonw_money(w, "insured", c->if_insured, ccy);
	jsonw_money(w, "uninsured", c->if_uninsured, ccy);
	jsonw_end_obj(w);
	if (c->break_even > 0)
		jsonw_money(w, "break_even", c->break_even, ccy);
	jsonw_arr(w, "reasons");
	for (unsigned i = 0; i < COVER_REASONS; i++) {
		const char letter = cover_reason_letter(i);

		if ((c->reasons & 1u << i) != 0)
			jsonw_str(w, NULL, (struct str){ &letter, 1 });
	}
	jsonw_end_arr(w);
	jsonw_str(w, "scope_check", str_of(cover_scope_text(c->scope)));
	jsonw_str(w, "quality", str_of(cover_quality_text(c->quality)));
	put_fx(w, c);
	jsonw_end_obj(w);
}

static void
put_duty(struct jsonw *w, const struct compose_in *in)
{
	if (in->duty_deadline == DATE_NONE) {
		jsonw_null(w, "duty");
		return;
	}
	jsonw_obj(w, "duty");
	jsonw_str(w, "kind", S("NPL"));
	jsonw_str(w, "profile", in->duty_profile);
	if (in->alert->knew_at != TIME_NONE)
		jsonw_time(w, "knew_at", in->alert->knew_at);
	/* 24:00 in Shanghai is 16:00 UTC of the same day. */
	jsonw_time(w, "deadline",
		   ((int64_t)in->duty_deadline + 1) * DAY_MS -
			   SHANGHAI_OFFSET_MS);
	jsonw_date(w, "deadline_local", in->duty_deadline);
	jsonw_str(w, "quality", S("estimated"));
	jsonw_end_obj(w);
}

static void
put_actions(struct jsonw *w, const char *key, size_t priority,
	    const struct compose_action *act, size_t count)
{
	jsonw_arr(w, key);
	for (size_t i = 0; i < count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "code", str_of(act[i].code));
		jsonw_int(w, "priority", (int64_t)(priority + i));
		if (act[i].due_on != DATE_NONE)
			jsonw_time(w, "due_at",
				   ((int64_t)act[i].due_on + 1) * DAY_MS -
					   SHANGHAI_OFFSET_MS);
		jsonw_str(w, "channel", str_of(act[i].channel));
		jsonw_str(w, "text_zh", act[i].text[LANG_ZH]);
		jsonw_str(w, "text_en", act[i].text[LANG_EN]);
		if (act[i].reports >= 0) {
			jsonw_obj(w, "params");
			jsonw_int(w, "reports_left", act[i].reports);
			jsonw_end_obj(w);
		}
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
put_text(struct jsonw *w, const struct compose_in *in,
	 const struct compose_out *out)
{
	static const char *const key[LANG_COUNT] = { "zh", "en" };

	jsonw_obj(w, "text");
	for (size_t i = 0; i < LANG_COUNT; i++) {
		jsonw_obj(w, key[i]);
		jsonw_str(w, "title", out->text[i].title);
		jsonw_str(w, "body", out->text[i].body);
		jsonw_str(w, "short", out->text[i].brief);
		jsonw_end_obj(w);
	}
	jsonw_arr(w, "disclaimer_codes");
	jsonw_str(w, NULL, S("D-POLICY-PREVAILS"));
	if (in->cover->quality == QUALITY_ESTIMATED ||
	    in->duty_deadline != DATE_NONE)
		jsonw_str(w, NULL, S("D-ESTIMATE"));
	if (in->fact->status < FACT_CONFIRMED || in->suspected)
		jsonw_str(w, NULL, S("D-UNVERIFIED"));
	jsonw_str(w, NULL, S("D-SECRET"));
	if (compose_is_withheld(in))
		jsonw_str(w, NULL, S("D-REASON-WITHHELD"));
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static void
put_contact(struct jsonw *w, const struct compose_in *in)
{
	if (in->exporter->contact_ref.n == 0 && in->tel.n == 0 &&
	    in->alt_tel.n == 0)
		return;
	jsonw_obj(w, "contact");
	if (in->exporter->contact_ref.n > 0)
		jsonw_str(w, "manager_ref", in->exporter->contact_ref);
	if (in->tel.n > 0)
		jsonw_str(w, "claims_tel", in->tel);
	if (in->alt_tel.n > 0)
		jsonw_str(w, "alt_tel", in->alt_tel);
	jsonw_end_obj(w);
}

/* One alert per buyer and exporter: the group is the exporter's obligor. */
static void
put_group_key(struct jsonw *w, const struct alert *a, struct str obligor_id)
{
	char id[DEDUP_KEY_SIZE];
	struct buf b;

	buf_init(&b, 256);
	buf_put(&b, a->exporter_id);
	buf_byte(&b, 0x1F);
	buf_put(&b, obligor_id);
	hash_id(buf_str(&b), id);
	if (b.err != ERR_OK)
		w->b->err = b.err;
	buf_free(&b);
	jsonw_str(w, "group_key", str_of(id));
}

static void
put_identity(struct jsonw *w, const struct compose_in *in)
{
	const struct alert *a = in->alert;

	jsonw_str(w, "schema", S("creditalarm.alert/1"));
	jsonw_str(w, "alert_id", a->alert_id);
	jsonw_int(w, "revision", a->revision);
	jsonw_str(w, "dedup_key", a->dedup_key);
	put_group_key(w, a, in->obligor->obligor_id);
	jsonw_int(w, "episode", a->episode);
	jsonw_str(w, "mode",
		  in->mode == COMPOSE_REPLAY ? S("replay") : S("live"));
	jsonw_str(w, "kind", a->kind);
	jsonw_str(w, "kind_class", a->kind_class);
	/* The peril would tell the reason. */
	if (!str_eq(in->kind->peril, S("-")) && !compose_is_withheld(in))
		jsonw_str(w, "peril", in->kind->peril);
	jsonw_str(w, "severity", str_of(severity_text(a->severity)));
	if (!compose_is_withheld(in)) {
		jsonw_arr(w, "severity_reasons");
		for (size_t i = 0; i < in->reason_count; i++)
			jsonw_str(w, NULL, str_of(in->reason[i]));
		jsonw_end_arr(w);
	}
	jsonw_str(w, "state", str_of(alert_state_text(a->state)));
	jsonw_arr(w, "flags");
	if (in->historic)
		jsonw_str(w, NULL, S("historic"));
	if (in->suspected)
		jsonw_str(w, NULL, S("suspected"));
	jsonw_end_arr(w);
	jsonw_time(w, "created_at", a->created_at);
	jsonw_time(w, "updated_at", a->updated_at);
}

void
compose_data(struct jsonw *w, const struct compose_in *in,
	     const struct compose_out *out,
	     const struct compose_action *action, size_t count)
{
	size_t first = count < COMPOSE_ACTIONS_FIRST ? count :
						       COMPOSE_ACTIONS_FIRST;
	char token[2 * HASH_ID_SIZE + 1];

	put_identity(w, in);
	compose_token(in->token_key, in->exporter->uscc, token);
	if (in->end != END_NOT)
		jsonw_str(w, "end_reason", str_of(compose_end_text(in->end)));
	jsonw_str(w, "exporter_id", in->alert->exporter_id);
	jsonw_obj(w, "exporter");
	jsonw_str(w, "uscc_token",
		  in->told_token.n > 0 ? in->told_token : str_of(token));
	jsonw_str(w, "name", in->exporter->name);
	jsonw_end_obj(w);
	put_policy(w, in);
	put_obligor(w, in);
	if (!compose_is_withheld(in)) {
		put_fact(w, in);
		put_match(w, in);
	}
	put_sources(w, in);
	put_confidence(w, in);
	put_exposure(w, in);
	put_duty(w, in);
	put_actions(w, "actions", 1, action, first);
	put_actions(w, "more", first + 1, action + first, count - first);
	put_text(w, in, out);
	put_contact(w, in);
	if (in->reports_left >= 0)
		jsonw_int(w, "report_quota_left", in->reports_left);
}
