/*
 * suspect.c - questions that cannot wait for a reviewer.
 *
 * Whether an insolvency is an obligor's is a question; goods leave within
 * three days, and nobody answered: the exporter is told, as a suspected
 * match.  That alert is the one the fact would make were it the obligor's, so
 * an accepted question revises it and a rejected one takes it back.  The
 * alert is also the mark that it was told: by its key there is one only.
 */
#include "decide_priv.h"

#include <string.h>

static enum err
suspect(struct decide *d, const struct review *q, struct fact *fact,
	struct instant now)
{
	struct ring r = { .d = d, .now = now, .fact = fact,
			  .suspected = true };
	struct match m;
	enum err err = decide_supposed(d, q, STR_NONE, &m);

	if (err == ERR_OK)
		err = facts_suppose(&d->facts, fact, &m, &d->arena);
	if (err == ERR_OK)
		err = decide_is_history(d, q->fact_id, q->at, &d->by_book);
	if (err == ERR_OK)
		err = decide_ring(&r, fact, 1);
	d->by_book = false;
	return err;
}

/* Those about one obligor, or about all. */
static enum err
suspects(struct decide *d, struct str obligor_id, struct instant now,
	 int64_t *next_ms)
{
	struct review *q = NULL;
	size_t count = 0;
	enum err err = store_reviews(d->in.store, &d->arena, &q, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		int64_t due = q[i].at + DECIDE_REVIEW_MS;
		size_t mark = arena_mark(&d->arena);
		struct fact fact;

		if (obligor_id.n > 0 && !str_eq(obligor_id, q[i].obligor_id))
			continue;
		if (now.wall_ms < due) {
			*next_ms = due < *next_ms ? due : *next_ms;
			continue;
		}
		err = store_fact(d->in.store, q[i].fact_id, &d->arena, &fact);
		if (err == ERR_OK && str_eq(fact.family, S("insolvency")))
			err = suspect(d, &q[i], &fact, now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

enum err
decide_suspects(struct decide *d, struct instant now, int64_t *next_ms)
{
	d->freed[0] = '\0';
	return suspects(d, STR_NONE, now, next_ms);
}

enum err
decide_freed(struct decide *d, struct instant now)
{
	char id[sizeof(d->freed)];
	int64_t never = 0;

	if (d->freed[0] == '\0')
		return ERR_OK;
	memcpy(id, d->freed, sizeof(id));
	d->freed[0] = '\0';
	return suspects(d, str_of(id), now, &never);
}

/* Takes back what was told of the fact as perhaps the obligor's. */
static enum err
take_back(struct decide *d, const struct review *q, const struct fact *is,
	  struct instant now)
{
	struct fact fact = *is;
	struct ring r = { .d = d, .now = now, .fact = &fact,
			  .suspected = true };
	struct alert *alert = NULL;
	struct match m;
	bool here = false;
	size_t count = 0;
	int rung = 0;
	enum err err = store_alerts(d->in.store, q->obligor_id, &d->arena,
				    &alert, &count);

	if (err != ERR_OK || count == 0)
		return err;
	err = decide_supposed(d, q, STR_NONE, &m);
	if (err == ERR_OK)
		err = facts_suppose(&d->facts, &fact, &m, &d->arena);
	if (err == ERR_OK)
		err = store_has_obligor(d->in.store, q->obligor_id, &here);
	/* What is over is over for whoever it was, and of who left the book
	 * nobody will find out; else it was another. */
	if (here && is->status != FACT_ENDED)
		fact.status = FACT_REFUTED;
	if (err == ERR_OK && !here)
		err = store_fact_was_put(d->in.store, is->fact_id,
					 q->obligor_id);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		/* Taken back before, it was told again in a later episode. */
		if (!str_eq(alert[i].fact_id, fact.fact_id) ||
		    alert[i].state == ALERT_RETRACTED ||
		    alert[i].episode == rung)
			continue;
		rung = fact.episode = alert[i].episode;
		err = decide_ring(&r, &fact, 1);
	}
	return err;
}

enum err
decide_drop(struct decide *d, const struct review *q, struct instant now)
{
	struct fact fact;
	enum err err = store_fact(d->in.store, q->fact_id, &d->arena, &fact);

	if (err == ERR_OK && !str_eq(fact.obligor_id, q->obligor_id))
		err = take_back(d, q, &fact, now);
	return err == ERR_OK ? store_review_drop(d->in.store, q->fact_id,
						 q->obligor_id) :
			       err;
}

enum err
decide_unask(struct decide *d, const struct fact *fact, struct instant now)
{
	return decide_answered(d, fact, false, now);
}

enum err
decide_answered(struct decide *d, const struct fact *fact, bool all,
		struct instant now)
{
	struct review *q = NULL;
	bool is_free = false;
	size_t count = 0;
	enum err err = facts_is_free(&d->facts, fact, &is_free);

	if (err != ERR_OK || (is_free && facts_is_live(fact)))
		return err;
	err = store_reviews_of(d->in.store, fact->fact_id, &d->arena, &q,
			       &count);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		bool stays = false;

		/* Two have the id: that one has it answers nothing. */
		if (!all && facts_is_live(fact) &&
		    !str_eq(q[i].obligor_id, fact->obligor_id))
			err = decide_shares_id(d, &q[i], &stays);
		if (err == ERR_OK && !stays)
			err = decide_drop(d, &q[i], now);
	}
	if (err == ERR_OK && facts_is_live(fact))
		err = decide_was(d, fact, now);
	return err;
}

enum err
decide_is_history(struct decide *d, struct str fact_id, int64_t at, bool *out)
{
	struct fact_source *s = NULL;
	int64_t newest = INT64_MIN;
	size_t count = 0;
	enum err err = store_fact_sources(d->in.store, fact_id, &d->arena, &s,
					  &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (s[i].live && s[i].seen_at > newest)
			newest = s[i].seen_at;
	*out = err == ERR_OK && newest != INT64_MIN &&
	       at - newest > DECIDE_NEWS_MS;
	return err;
}
