/*
 * state.c - what people and their machines said about an alert.
 */
#include "decide_priv.h"

enum { STATE_DELIVERED = 3, STATE_READ, STATE_ACKED, STATE_ACTED };

static enum err
knew_basis_of(struct decide *d, const struct alert *a, enum knew_basis *out)
{
	struct policy *policy = NULL;
	struct scheme scheme;
	size_t count = 0;
	enum err err;

	*out = KNEW_DELIVERED;
	err = store_policies(d->in.store, a->exporter_id, &d->arena, &policy,
			     &count);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(policy[i].policy_id, a->policy_id))
			continue;
		err = store_scheme(d->in.store, policy[i].scheme_id, &d->arena,
				   &scheme);
		if (err == ERR_OK)
			*out = scheme.knew_at_basis;
		return err == ERR_ABSENT ? ERR_OK : err;
	}
	return ERR_OK;
}

static bool
proves_knowledge(enum knew_basis basis, int state)
{
	switch (basis) {
	case KNEW_DELIVERED:
		return state >= STATE_DELIVERED && state <= STATE_ACTED;
	case KNEW_READ:
		return state >= STATE_READ && state <= STATE_ACTED;
	case KNEW_ACKED:
		return state == STATE_ACKED || state == STATE_ACTED;
	case KNEW_NONE:
		return false;
	}
	return false;
}

static bool
is_standing(enum alert_state s)
{
	return s == ALERT_OPEN || s == ALERT_ACKED || s == ALERT_SNOOZED ||
	       s == ALERT_ACTIONED;
}

/* A person's ack or action on the revision that counts. */
static enum err
take_human(struct decide *d, struct alert *a, const struct evidence *e)
{
	if (!is_standing(a->state))
		return ERR_OK;
	if (a->acked_at == TIME_NONE)
		a->acked_at = e->stored_at;
	if (e->state == STATE_ACKED) {
		if (a->state != ALERT_ACTIONED)
			a->state = ALERT_ACKED;
		return ERR_OK;
	}
	a->state = ALERT_ACTIONED;
	if (str_eq(e->code, S("A_REPORT_LOSS")) && a->duty_met_at == TIME_NONE)
		a->duty_met_at = e->stored_at;
	if (!str_eq(e->code, S("A_ORDER_REPORT")) || a->policy_id.n == 0)
		return ERR_OK;
	return store_report_reserve(d->in.store, a->policy_id, a->alert_id,
				    e->stored_at);
}

static enum err
take_evidence(struct decide *d, const struct evidence *e,
	      const struct revision *rev, struct instant now)
{
	enum knew_basis basis = KNEW_NONE;
	struct alert a;
	const char *rule = "evidence";
	enum err err;

	err = store_alert_by_id(d->in.store, rev->alert_id, &d->arena, &a);
	if (err == ERR_ABSENT)
		return ERR_CORRUPT; /* a revision of nothing */
	if (err == ERR_OK)
		err = knew_basis_of(d, &a, &basis);
	if (err != ERR_OK)
		return err;
	if (a.knew_at == TIME_NONE && proves_knowledge(basis, e->state)) {
		a.knew_at = e->stored_at;
		rule = "knew";
	}
	if ((e->state == STATE_ACKED || e->state == STATE_ACTED) &&
	    rev->revision == a.revision) {
		err = take_human(d, &a, e);
		rule = e->state == STATE_ACKED ? "acked" : "acted";
	}
	if (err == ERR_OK)
		err = store_alert_put(d->in.store, &a);
	if (err != ERR_OK)
		return err;
	return decide_journal(d, now, "decide.state",
			      "rule=%s state=%d alert=%.*s revision=%d "
			      "current=%d code=%.*s",
			      rule, e->state, STR_ARG(a.alert_id),
			      rev->revision, a.revision,
			      STR_ARG(str_sub(e->code, 0, 40)));
}

enum err
decide_state(struct decide *d, const struct evidence *e, int first,
	     struct instant now)
{
	size_t mark = arena_mark(&d->arena);
	struct revision rev;
	enum err err;

	if (!first)
		return ERR_OK; /* the first stands */
	err = store_revision_at(d->in.store, e->stream, e->seq, &d->arena,
				&rev);
	if (err == ERR_OK)
		err = take_evidence(d, e, &rev, now);
	else if (err == ERR_ABSENT) /* a drill */
		err = decide_journal(d, now, "decide.state",
				     "rule=no-alert state=%d", e->state);
	arena_rewind(&d->arena, mark);
	return err;
}
