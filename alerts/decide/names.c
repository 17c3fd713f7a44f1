/*
 * names.c - facts that nobody has, tried by name on a book that grew: a buyer
 * who was bankrupt before it was insured does not slip in silently.
 */
#include "decide_priv.h"

#include "log.h"

/* Only what is new is asked about: the rest was, when the notice came. */
static void
keep_new(const struct decide *d, struct match *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->candidate_count; i++)
		if (msieve_has(d->sieve, m->candidate[i].obligor_id))
			m->candidate[kept++] = m->candidate[i];
	m->candidate_count = kept;
	if (kept == 0 || (m->verdict == MATCH_ACCEPT &&
			  !msieve_has(d->sieve, m->obligor_id)))
		m->verdict = MATCH_NONE;
}

static enum err
attach(struct decide *d, struct fact *fact, const struct match *m,
       struct instant now)
{
	enum err err = facts_attach(&d->facts, fact, m, now, &d->arena);

	if (err == ERR_OK)
		err = decide_unask(d, fact, now);
	if (err == ERR_OK)
		err = decide_journal(d, now, "decide.book",
				     "rule=reverse-name score=%d fact=%.*s "
				     "obligor=%.*s",
				     m->score, STR_ARG(fact->fact_id),
				     STR_ARG(m->obligor_id));
	return err == ERR_OK ? decide_episode(d, fact->obligor_id,
					      fact->family, fact->episode,
					      now) :
			       err;
}

/* One notice behind the fact; *done when the fact found its obligor. */
static enum err
try_notice(struct decide *d, struct fact *fact, const struct fact_source *s,
	   struct instant now, bool *done)
{
	struct diag why = { 0 };
	struct notice n;
	struct match m;
	struct str json;
	enum err err;

	if (!s->live)
		return ERR_OK;
	err = store_notice(d->in.store, s->source, s->record, &d->arena,
				&json);
	if (err == ERR_ABSENT)
		return ERR_OK;
	if (err == ERR_OK)
		err = notice_get(json, &d->arena, &n, &why);
	if (err == ERR_OK)
		err = decide_match(d, &n, &m);
	if (err != ERR_OK) {
		log_op(LOG_ERR, "decide.names", "err=\"%s\" why=\"%s\"",
		       err_text(err), why.why);
		return err_class(err) == ERR_REJECT ? ERR_OK : err;
	}
	keep_new(d, &m);
	*done = m.verdict == MATCH_ACCEPT;
	if (m.verdict == MATCH_ACCEPT)
		return attach(d, fact, &m, now);
	return m.verdict == MATCH_REVIEW ? decide_ask(d, fact, &m, now) :
					   ERR_OK;
}

static enum err
try_fact(struct decide *d, struct str fact_id, struct instant now)
{
	struct fact_source *s = NULL;
	struct fact fact;
	size_t count = 0;
	bool is_free = false;
	bool done = false;
	enum err err = store_fact(d->in.store, fact_id, &d->arena, &fact);

	if (err == ERR_OK)
		err = facts_is_free(&d->facts, &fact, &is_free);
	/* A person is only ever found by an id. */
	if (err == ERR_OK && (!is_free || fact.natural_person == 1))
		return ERR_OK;
	/* The whole book is tried: then a notice may be news all the same. */
	if (err == ERR_OK && d->sieve_since == 0)
		err = decide_is_history(d, fact_id, now.wall_ms, &d->by_book);
	if (err == ERR_OK)
		err = store_fact_sources(d->in.store, fact_id, &d->arena, &s,
					 &count);
	for (size_t i = 0; i < count && err == ERR_OK && !done; i++)
		err = try_notice(d, &fact, &s[i], now, &done);
	return err;
}

static enum err
make_sieve(struct decide *d, int64_t since)
{
	enum err err;

	if (d->sieve_since == since)
		return ERR_OK;
	msieve_free(d->sieve);
	d->sieve = NULL;
	err = msieve_new(d->in.store, since, &d->sieve);
	if (err != ERR_OK && err != ERR_LIMIT)
		return err;
	d->sieve_since = since;
	return ERR_OK;
}

static enum err
begin(struct decide *d, struct names_scan *scan)
{
	enum err err = store_named(d->in.store, &scan->since);

	if (err == ERR_OK)
		err = store_book_version(d->in.store, &scan->upto);
	if (err != ERR_OK)
		return err;
	if (scan->since >= scan->upto) {
		*scan = (struct names_scan){ 0 };
		return ERR_ABSENT;
	}
	/* The book may have changed since the last scan from here. */
	d->sieve_since = -1;
	return ERR_OK;
}

enum err
decide_names(struct decide *d, struct names_scan *scan, struct instant now,
	     bool *more)
{
	size_t mark = arena_mark(&d->arena);
	struct fact_name *name = NULL;
	size_t count = 0;
	enum err err = ERR_OK;

	must(mwatch_whole(d->in.watch));
	*more = false;
	if (scan->upto == 0)
		err = begin(d, scan);
	if (err != ERR_OK)
		return err == ERR_ABSENT ? ERR_OK : err;
	err = make_sieve(d, scan->since);
	if (err == ERR_OK)
		err = store_fact_names(d->in.store, scan->after,
				       DECIDE_NAMES_MAX, &d->arena, &name,
				       &count);
	d->by_book = scan->since > 0;
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t each = arena_mark(&d->arena);

		if (msieve_may(d->sieve, name[i].key) ||
		    msieve_may(d->sieve, name[i].name))
			err = try_fact(d, name[i].fact_id, now);
		arena_rewind(&d->arena, each);
		scan->after = name[i].rid;
	}
	d->by_book = false;
	if (err == ERR_OK)
		err = decide_freed(d, now);
	*more = count == DECIDE_NAMES_MAX;
	if (err == ERR_OK && !*more) {
		err = store_named_put(d->in.store, scan->upto);
		*scan = (struct names_scan){ 0 };
	}
	arena_rewind(&d->arena, mark);
	return err;
}
