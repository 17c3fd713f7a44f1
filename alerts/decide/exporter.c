/*
 * exporter.c - one exporter's alert on one episode: open, revise, retract,
 * resolve, or say nothing and why.
 */
#include "decide_priv.h"
#include "exposure.h"

#include <string.h>

/* The alert being decided. */
struct draft {
	struct ring *r;
	struct exporter exporter;
	struct alert alert;
	bool exists;
	struct material old;
	struct material new;
	struct cover_row cover;
	struct severity_out severity;
	const char *reason[WHY_COUNT];
	size_t reason_count;
	int reports_left;
	struct str duty_profile;
	const char *why; /* of the revision */
	bool recognised; /* what was suspected of this fact is so */
	enum compose_end end;
	struct str told_token; /* of an exporter that left the book */
	enum alert_state state;
};

void
decide_dedup_key(struct str exporter_id, struct str obligor_id,
		 struct str family, int episode, char out[DEDUP_KEY_SIZE])
{
	struct buf b;

	buf_init(&b, 512);
	buf_printf(&b, "%.*s\x1F%.*s\x1F%.*s\x1F%d", STR_ARG(exporter_id),
		   STR_ARG(obligor_id), STR_ARG(family), episode);
	must(b.err == ERR_OK);
	hash_id(buf_str(&b), out);
	buf_free(&b);
}

/* From the key; but if it was another company's of the same id (former.c),
 * which keeps it. */
static enum err
new_alert_id(struct draft *t, const char *key, char uuid[ALERT_ID_SIZE])
{
	size_t mark = arena_mark(&t->r->d->arena);
	char again[DEDUP_KEY_SIZE];
	struct alert taken;
	enum err err;

	hash_uuid(key, uuid);
	while ((err = store_alert_by_id(t->r->d->in.store, str_of(uuid),
					&t->r->d->arena, &taken)) == ERR_OK) {
		arena_rewind(&t->r->d->arena, mark);
		hash_id(str_of(uuid), again);
		hash_uuid(again, uuid);
	}
	return err == ERR_ABSENT ? ERR_OK : err;
}

static enum err
find_alert(struct draft *t, struct str exporter_id)
{
	struct decide *d = t->r->d;
	const struct fact *f = t->r->fact;
	char key[DEDUP_KEY_SIZE];
	char uuid[ALERT_ID_SIZE];
	enum err err;

	decide_dedup_key(exporter_id, f->obligor_id, f->family, f->episode,
			 key);
	err = store_alert_by_key(d->in.store, str_of(key), &d->arena,
				 &t->alert);
	if (err == ERR_OK) {
		t->exists = true;
		return material_get(t->alert.material, &t->old);
	}
	if (err == ERR_ABSENT)
		err = new_alert_id(t, key, uuid);
	if (err != ERR_OK)
		return err;
	t->alert = (struct alert){
		.alert_id = arena_str(&d->arena, str_of(uuid)),
		.dedup_key = arena_str(&d->arena, str_of(key)),
		.exporter_id = exporter_id,
		.obligor_id = f->obligor_id,
		.country = t->r->obligor.country,
		.family = f->family,
		.episode = f->episode,
		.created_at = t->r->now.wall_ms,
		.knew_at = TIME_NONE,
		.acked_at = TIME_NONE,
		.duty_on = DATE_NONE,
		.duty_met_at = TIME_NONE,
	};
	if (t->alert.alert_id.p == NULL || t->alert.dedup_key.p == NULL)
		return ERR_LIMIT;
	return ERR_OK;
}

/*
 * What the exporter knows of the obligor's insolvency: of this alert, which
 * the store does not have yet, or of another of another family.
 */
static enum err
knowledge_of(const struct draft *t, struct exposure *e, struct knowledge *k)
{
	const struct fact *f = t->r->fact;

	if (!str_eq(f->family, S("insolvency")))
		return exposure_knowledge(e, f->obligor_id, k);
	k->told_ms = f->status == FACT_REFUTED ? TIME_NONE :
						 t->r->now.wall_ms;
	k->knew_ms = t->alert.knew_at;
	return ERR_OK;
}

static enum err
weigh(struct draft *t)
{
	struct decide *d = t->r->d;
	const struct fact *f = t->r->fact;
	struct obligor obligor = t->r->obligor;
	struct cover_row *rows = NULL;
	struct exposure *e = arena_new(&d->arena, struct exposure);
	struct knowledge k;
	size_t count = 0;
	enum err err;

	if (e == NULL)
		return ERR_LIMIT;
	/* Told of under an id that is somebody else's now (former.c). */
	obligor.obligor_id = f->obligor_id;
	err = exposure_of(e, d->in.store, &d->arena, t->alert.exporter_id,
			  date_shanghai(t->r->now.wall_ms));
	if (err == ERR_OK)
		err = exposure_skip_to(e, f->obligor_id);
	if (err == ERR_OK)
		err = knowledge_of(t, e, &k);
	if (err == ERR_OK)
		err = exposure_on(e, &obligor, &k, &rows, &count);
	if (err == ERR_OK)
		err = cover_sum(&e->in, rows, count, &t->cover);
	if (err == ERR_OK)
		err = decide_reports_left(d, &t->cover, &t->reports_left);
	if (err != ERR_OK)
		return err;
	t->new = (struct material){
		.status = f->status,
		.stage = f->stage,
		.kind = f->kind,
		.currency = t->cover.currency,
		.exposed = t->cover.open + t->cover.unshipped,
		.insured = t->cover.insured,
		.uninsured = t->cover.uninsured,
		.if_insured = t->cover.if_insured,
		.if_uninsured = t->cover.if_uninsured,
		.imminent = t->cover.imminent,
		.historic = t->exists ? t->old.historic : 0,
		.suspected = t->r->suspected,
		.unlinked = !t->r->linked,
	};
	return ERR_OK;
}

static enum err
judge(struct draft *t)
{
	const struct fact *f = t->r->fact;
	struct severity_in in = {
		.family = f->family,
		.alert_kind = t->r->kind->alert_kind,
		.stage = f->stage,
		.status = f->status,
		.cover = &t->cover,
		.today = date_shanghai(t->r->now.wall_ms),
		.last_order = DATE_NONE,
		.suspected = t->r->suspected,
	};
	enum err err;

	err = store_last_order(t->r->d->in.store, t->alert.exporter_id,
			       f->obligor_id, &in.last_order);
	if (err != ERR_OK && err != ERR_ABSENT)
		return err;
	if (t->exists)
		in.floor = t->alert.severity;
	t->severity = severity_of(&in);
	for (unsigned i = 0; i < WHY_COUNT; i++)
		if ((t->severity.why & 1u << i) != 0)
			t->reason[t->reason_count++] = severity_why_text(i);
	return ERR_OK;
}

/* Bad already when this buyer came into the book, or long ago when we first
 * saw it. */
static bool
is_historic(const struct draft *t)
{
	const struct fact *f = t->r->fact;
	int32_t today = date_shanghai(t->r->now.wall_ms);
	int32_t recorded = f->recorded_at == TIME_NONE ?
				   DATE_NONE :
				   date_shanghai(f->recorded_at);

	return t->r->d->by_book ||
	       (f->occurred_on != DATE_NONE &&
		today - f->occurred_on > DECIDE_HISTORIC_DAYS) ||
	       (recorded != DATE_NONE &&
		today - recorded > DECIDE_HISTORIC_DAYS);
}

static bool
is_over(enum alert_state s)
{
	return s == ALERT_RETRACTED || s == ALERT_CLOSED ||
	       s == ALERT_DISCARDED;
}

/* An ack is of a revision; what got worse is open again. */
static enum alert_state
state_after(const struct draft *t)
{
	enum alert_state s = t->alert.state;
	bool worse = t->new.status > t->old.status ||
		     t->severity.severity > t->alert.severity ||
		     t->new.stage > t->old.stage ||
		     (t->new.imminent && !t->old.imminent) ||
		     (t->old.suspected && !t->new.suspected);

	if (s == ALERT_RESOLVED || worse)
		return ALERT_OPEN;
	return s;
}

/* Why a suspicion is not for this exporter; NULL: it is. */
static const char *
not_suspected(const struct draft *t)
{
	int32_t soon = date_shanghai(t->r->now.wall_ms + DECIDE_LEAVES_MS);

	if (t->exists)
		return t->old.suspected && str_eq(t->alert.fact_id,
						  t->r->fact->fact_id) ?
			       NULL :
			       "known-otherwise";
	return t->cover.next_etd != DATE_NONE && t->cover.next_etd <= soon ?
		       NULL :
		       "no-departure";
}

/* Whether this is over for the exporter, and why. */
static enum compose_end
end_of(const struct draft *t)
{
	if (t->r->fact->status == FACT_ENDED)
		return END_FACT;
	if (t->told_token.n > 0)
		return END_EXPORTER_GONE;
	if (t->r->gone)
		return END_OBLIGOR_GONE;
	if (!t->r->linked)
		return END_UNLINKED;
	return t->exists && t->old.exposed > 0 && t->new.exposed == 0 ?
		       END_EXPOSURE :
		       END_NOT;
}

/* Closed because nothing was at stake, and now something is. */
static bool
is_back(const struct draft *t)
{
	return t->alert.state == ALERT_RESOLVED &&
	       (t->old.unlinked || (t->old.exposed == 0 && t->new.exposed > 0));
}

/* Sets why and state, or leaves why NULL and names the rule. */
static const char *
choose(struct draft *t)
{
	enum fact_status status = t->r->fact->status;
	const char *no = t->r->suspected ? not_suspected(t) : NULL;

	if (no != NULL)
		return no;
	if (status == FACT_REFUTED) {
		if (!t->exists || is_over(t->alert.state))
			return "refuted-unheard";
		t->why = "retracted";
		t->state = ALERT_RETRACTED;
		return "retract";
	}
	if (t->exists && is_over(t->alert.state))
		return "alert-over";
	t->end = end_of(t);
	if (t->end != END_NOT) {
		if (!t->exists || t->alert.state == ALERT_RESOLVED)
			return "ended-unheard";
		t->why = compose_end_text(t->end);
		t->state = ALERT_RESOLVED;
		return "resolve";
	}
	if (!t->exists) {
		t->why = "first";
		t->state = ALERT_OPEN;
		t->new.historic = is_historic(t);
		return "open";
	}
	t->why = material_moved(&t->old, &t->new);
	if (t->severity.severity > t->alert.severity &&
	    (!t->old.suspected || t->new.suspected))
		t->why = "severity";
	if (is_back(t))
		t->why = "returned";
	t->state = state_after(t);
	return t->why == NULL ? "not-material" : "revise";
}

static void
take_duty(struct draft *t)
{
	const struct duty_rule *rule;
	int64_t knew = t->alert.knew_at;

	t->alert.duty_on = DATE_NONE;
	if (t->cover.open == 0 || t->cover.scheme == NULL ||
	    t->state == ALERT_RETRACTED || t->state == ALERT_RESOLVED)
		return;
	rule = duties_find(&t->r->d->duties, t->cover.scheme->duty_profile,
			   t->alert.family);
	if (rule == NULL)
		return;
	t->duty_profile = rule->profile;
	t->alert.duty_on = duty_deadline(
		rule, knew == TIME_NONE ? t->r->now.wall_ms : knew);
}

static void
update_alert(struct draft *t)
{
	struct alert *a = &t->alert;
	bool ends = t->state == ALERT_RETRACTED || t->state == ALERT_RESOLVED;

	a->revision++;
	/* What closes a case has a kind of its own; the alert keeps its. */
	if (!ends)
		a->kind = t->r->kind->alert_kind;
	a->kind_class = t->r->obligor.type == OBLIGOR_BANK ? S("bank") :
							     S("buyer");
	/* What ends an alert goes out as loud as the alert went. */
	if (!ends)
		a->severity = t->severity.severity;
	a->state = t->state;
	a->fact_id = t->r->fact->fact_id;
	a->policy_id = t->cover.policy == NULL ? STR_NONE :
						 t->cover.policy->policy_id;
	a->updated_at = t->r->now.wall_ms;
	if (t->state == ALERT_OPEN)
		a->acked_at = TIME_NONE;
}

static enum err
compose(struct draft *t, struct compose_out *out)
{
	struct decide *d = t->r->d;
	const struct compose_in in = {
		.texts = &d->texts,
		.feeds = d->in.feeds,
		.kind = t->r->kind,
		.fact = t->r->fact,
		.source = t->r->source,
		.source_count = t->r->source_count,
		.exporter = &t->exporter,
		.obligor = &t->r->obligor,
		.alert = &t->alert,
		.cover = &t->cover,
		.reason = t->reason,
		.reason_count = t->reason_count,
		.historic = t->new.historic,
		.suspected = t->new.suspected,
		.recognised = t->recognised,
		.end = t->end,
		.told_token = t->told_token,
		.reports_left = t->reports_left,
		.duty_deadline = t->alert.duty_on,
		.duty_profile = t->duty_profile,
		.instance = d->in.conf->instance,
		.tel = d->in.conf->contact_tel,
		.alt_tel = d->in.conf->contact_alt_tel,
		.token_key = d->in.token_key,
		.mode = d->in.mode,
		.now_ms = t->r->now.wall_ms,
	};

	return compose_alert(&in, &d->arena, out);
}

static void
count_revision(struct decide *d, uint8_t type)
{
	if (type == 1)
		d->counts.first++;
	else if (type == 3)
		d->counts.retractions++;
	else
		d->counts.later++;
}

static enum err
append(struct draft *t, struct str event)
{
	struct decide *d = t->r->d;
	struct alert *a = &t->alert;
	struct entry e = {
		.stream = a->exporter_id,
		.type = a->state == ALERT_RETRACTED ? 3 :
			a->revision == 1	    ? 1 :
						      2,
		.severity = (uint8_t)a->severity,
		.time_us = (uint64_t)a->updated_at * 1000,
		.alert_id = a->alert_id,
		.revision = a->revision,
		.body = event,
		.key_id = -1,
	};
	struct revision rev = {
		.alert_id = a->alert_id,
		.revision = a->revision,
		.at = a->updated_at,
		.state = a->state,
		.severity = a->severity,
		.why = str_of(t->why),
		.stream = a->exporter_id,
	};
	enum err err;

	err = store_epoch(d->in.store, &e.epoch);
	if (err == ERR_OK)
		err = store_alert_put(d->in.store, a);
	if (err == ERR_OK)
		err = store_entry_append(d->in.store, &e);
	if (err != ERR_OK)
		return err;
	rev.seq = e.seq;
	count_revision(d, e.type);
	return store_revision_put(d->in.store, &rev);
}

static enum err
publish(struct draft *t, const char *rule)
{
	struct decide *d = t->r->d;
	struct compose_out out = { 0 };
	struct buf b;
	enum err err;

	take_duty(t);
	/* It may also be another fact that is the obligor's for sure. */
	t->recognised = t->exists && t->old.suspected && !t->new.suspected &&
			str_eq(t->alert.fact_id, t->r->fact->fact_id);
	update_alert(t);
	err = compose(t, &out);
	if (err != ERR_OK)
		return err;
	t->alert.title_zh = out.text[LANG_ZH].title;
	t->alert.title_en = out.text[LANG_EN].title;
	buf_init(&b, 1024);
	material_put(&b, &t->new);
	must(b.err == ERR_OK);
	t->alert.material = arena_str(&d->arena, buf_str(&b));
	buf_free(&b);
	if (t->alert.material.p == NULL)
		return ERR_LIMIT;
	err = append(t, out.event);
	if (err == ERR_OK && (t->state == ALERT_RETRACTED ||
			      t->r->fact->status == FACT_ENDED))
		err = str_copy(d->freed, sizeof(d->freed), t->alert.obligor_id);
	if (err != ERR_OK)
		return err;
	return decide_journal(d, t->r->now, "decide.alert",
			      "rule=%s why=%s severity_rule=%d alert=%.*s "
			      "revision=%d state=%s severity=%s fact=%.*s",
			      rule, t->why, t->severity.rule,
			      STR_ARG(t->alert.alert_id), t->alert.revision,
			      alert_state_text(t->alert.state),
			      severity_text(t->alert.severity),
			      STR_ARG(t->alert.fact_id));
}

/* Out of the book; who left it, as it was told. */
static enum err
find_parties(struct draft *t, struct str exporter_id)
{
	struct decide *d = t->r->d;
	enum err err = store_exporter(d->in.store, exporter_id, &d->arena,
				      &t->exporter);

	if (err == ERR_ABSENT && t->exists)
		err = decide_told_exporter(d, &t->alert, &t->exporter,
					   &t->told_token);
	if (err == ERR_OK && t->r->gone && t->exists)
		err = decide_told_obligor(d, &t->alert, &t->r->obligor);
	return err;
}

enum err
decide_exporter(struct ring *r, struct str exporter_id)
{
	struct draft t = { .r = r };
	const char *rule;
	enum err err = find_alert(&t, exporter_id);

	if (err == ERR_OK)
		err = find_parties(&t, exporter_id);
	if (err == ERR_OK)
		err = weigh(&t);
	if (err == ERR_OK)
		err = judge(&t);
	if (err != ERR_OK)
		return err;
	rule = choose(&t);
	if (t.why != NULL)
		return publish(&t, rule);
	r->d->counts.suppressed++;
	return decide_journal(r->d, r->now, "decide.suppress",
			      "rule=%s exporter=%.*s fact=%.*s", rule,
			      STR_ARG(exporter_id), STR_ARG(r->fact->fact_id));
}
