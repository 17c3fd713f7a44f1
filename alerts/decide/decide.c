/*
 * decide.c - the doors, and the way from a fact to its exporters.
 */
#include "decide_priv.h"

#include "log.h"
#include "party.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BOOT_SIZE ((size_t)1 << 20)
#define JOURNAL_MAX 1024u

enum err
decide_new(const struct decide_in *in, struct decide **out)
{
	struct diag ignored = { 0 };
	struct diag *diag = in->diag == NULL ? &ignored : in->diag;
	struct decide *d = calloc(1, sizeof(*d));
	enum err err;

	if (d == NULL)
		return ERR_LIMIT;
	d->in = *in;
	d->facts = (struct facts){ in->store, in->kinds, in->feeds };
	d->matcher = (struct matcher){ in->store, in->schemes, in->conf,
				       in->watch };
	d->sieve_since = -1;
	err = arena_init(&d->boot, BOOT_SIZE);
	if (err == ERR_OK)
		err = arena_init(&d->arena,
				 in->room > 0 ? in->room : DECIDE_ARENA_SIZE);
	if (err == ERR_OK)
		err = texts_get(in->texts, in->kinds, &d->boot, &d->texts,
				diag);
	if (err == ERR_OK)
		err = duties_get(in->duties, &d->boot, &d->duties, diag);
	if (err == ERR_OK && kinds_find(in->kinds, S("UNKNOWN")) == NULL)
		err = diag_set(diag, ERR_CONFIG, 0, "no kind UNKNOWN");
	if (err != ERR_OK) {
		decide_free(d);
		return err;
	}
	*out = d;
	return ERR_OK;
}

void
decide_free(struct decide *d)
{
	if (d == NULL)
		return;
	msieve_free(d->sieve);
	arena_fini(&d->arena);
	arena_fini(&d->boot);
	free(d);
}

const struct decide_counts *
decide_counts(const struct decide *d)
{
	return &d->counts;
}

enum err
decide_journal(struct decide *d, struct instant now, const char *what,
	       const char *fmt, ...)
{
	char line[JOURNAL_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	must(n >= 0);
	return store_journal(d->in.store, now.wall_ms, str_of(what),
			     str_of(line));
}

/* The sources of every fact of the episode: they speak for one alert. */
static enum err
read_sources(struct ring *r, const struct fact *fact, size_t count)
{
	size_t total = 0;

	r->source = NULL;
	r->source_count = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			struct fact_source *s = NULL;
			size_t n = 0;
			enum err err;

			if (fact[i].episode != r->fact->episode)
				continue;
			err = store_fact_sources(r->d->in.store,
						 fact[i].fact_id, &r->d->arena,
						 &s, &n);
			if (err != ERR_OK)
				return err;
			for (size_t k = 0; k < n && pass == 1; k++)
				r->source[r->source_count++] = s[k];
			total += n;
		}
		if (pass == 0) {
			r->source = arena_array(&r->d->arena,
						struct fact_source, total + 1);
			if (r->source == NULL)
				return ERR_LIMIT;
		}
	}
	return ERR_OK;
}

/* decide_exporter writes last of all, so one that fails left no trace. */
static enum err
contain(struct ring *r, struct str exporter_id, enum err err)
{
	if (err_class(err) != ERR_REJECT)
		return err;
	r->d->counts.failed++;
	log_op(LOG_ERR, "decide.exporter", "err=\"%s\"", err_text(err));
	return decide_journal(r->d, r->now, "decide.suppress",
			      "rule=cannot-compose exporter=%.*s fact=%.*s",
			      STR_ARG(exporter_id), STR_ARG(r->fact->fact_id));
}

static int
str_order(const void *x, const void *y)
{
	const struct str *a = x;
	const struct str *b = y;

	return str_cmp(*a, *b);
}

/*
 * Who was told hears that it is over, or was wrong, though the book links it
 * to the obligor no more; there is one alert of an episode and exporter.
 */
static enum err
add_told(struct ring *r, struct str **exporter, size_t *count)
{
	const bool refuted = r->fact->status == FACT_REFUTED;
	const size_t linked = *count;
	struct arena *a = &r->d->arena;
	struct alert *alert = NULL;
	struct str *all;
	size_t alerts = 0;
	enum err err = store_alerts(r->d->in.store, r->fact->obligor_id, a,
				    &alert, &alerts);

	if (err != ERR_OK)
		return err;
	all = arena_array(a, struct str, *count + alerts + 1);
	if (all == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < *count; i++)
		all[i] = (*exporter)[i];
	*exporter = all;
	for (size_t i = 0; i < alerts; i++) {
		if (alert[i].state == ALERT_RETRACTED ||
		    (alert[i].state == ALERT_RESOLVED && !refuted) ||
		    alert[i].episode != r->fact->episode ||
		    !str_eq(alert[i].family, r->fact->family) ||
		    bsearch(&alert[i].exporter_id, all, linked,
			    sizeof(all[0]), str_order) != NULL)
			continue;
		all[(*count)++] = alert[i].exporter_id;
	}
	return ERR_OK;
}

static enum err
ring_one(struct ring *r, struct str exporter_id)
{
	size_t mark = arena_mark(&r->d->arena);
	enum err err = contain(r, exporter_id,
			       decide_exporter(r, exporter_id));

	arena_rewind(&r->d->arena, mark);
	return err;
}

static enum err
ring_all(struct ring *r)
{
	struct str *exporter = NULL;
	size_t linked = 0;
	size_t count;
	enum err err;

	err = store_exporters_of(r->d->in.store, r->fact->obligor_id,
				 &r->d->arena, &exporter, &linked);
	count = linked;
	if (err == ERR_OK)
		err = add_told(r, &exporter, &count);
	if (err != ERR_OK)
		return err;
	if (count == 0)
		return decide_journal(r->d, r->now, "decide.suppress",
				      "rule=%s fact=%.*s",
				      r->gone ? "obligor-gone" : "no-exporter",
				      STR_ARG(r->fact->fact_id));
	for (size_t i = 0; i < count; i++) {
		r->linked = i < linked;
		err = ring_one(r, exporter[i]);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* What is said of the fact, to whomever; *silent: nothing is. */
static enum err
prepare(struct ring *r, const struct fact *fact, size_t count, bool *silent)
{
	struct decide *d = r->d;
	enum err err;

	*silent = true;
	r->kind = kinds_find(d->in.kinds, r->fact->kind);
	if (r->kind == NULL || str_eq(r->kind->alert_kind, S("-")) ||
	    str_eq(r->fact->family, S("-")))
		return decide_journal(d, r->now, "decide.suppress",
				      "rule=silent-kind kind=%.*s fact=%.*s",
				      STR_ARG(r->fact->kind),
				      STR_ARG(r->fact->fact_id));
	*silent = false;
	err = store_obligor(d->in.store, r->fact->obligor_id, &d->arena,
			    &r->obligor);
	r->gone = err == ERR_ABSENT;
	return err == ERR_OK || r->gone ? read_sources(r, fact, count) : err;
}

enum err
decide_ring(struct ring *r, const struct fact *fact, size_t count)
{
	bool silent = false;
	enum err err = prepare(r, fact, count, &silent);

	return err != ERR_OK || silent ? err : ring_all(r);
}

/* wrong: it was not what it was told of. */
static enum err
tell_gone(struct decide *d, const struct alert *a, bool wrong,
	  struct instant now)
{
	struct ring r = { .d = d, .now = now };
	struct material said;
	struct fact fact;
	bool silent = false;
	enum err err = store_fact(d->in.store, a->fact_id, &d->arena, &fact);

	if (err == ERR_OK)
		err = material_get(a->material, &said);
	if (err != ERR_OK)
		return err;
	/* It may be somebody else's by now, or nobody's. */
	fact.obligor_id = a->obligor_id;
	fact.episode = a->episode;
	if (wrong)
		fact.status = FACT_REFUTED;
	err = decide_told_match(d, a, &fact);
	if (err != ERR_OK)
		return err;
	r.fact = &fact;
	r.suspected = said.suspected != 0;
	err = prepare(&r, &fact, 1, &silent);
	return err != ERR_OK || silent ? err : ring_one(&r, a->exporter_id);
}

enum err
decide_gone(struct decide *d, const struct alert *a, struct instant now)
{
	return tell_gone(d, a, false, now);
}

/* Whether nothing else of its episode holds. */
static enum err
stands_alone(struct decide *d, const struct alert *a, bool *out)
{
	struct fact *fact = NULL;
	size_t count = 0;
	enum err err = store_facts_of(d->in.store, a->obligor_id, a->family,
				      &d->arena, &fact, &count);

	*out = true;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (fact[i].episode == a->episode && facts_is_live(&fact[i]))
			*out = false;
	return err;
}

/* Whether whom the alert was told of is not whom the fact is found to be of:
 * of a suspicion whoever cannot be shown to be the same. */
static enum err
is_wrong(struct decide *d, const struct fact *fact, const struct alert *a,
	 bool *out)
{
	struct material said;
	struct party_kin kin;
	struct obligor was;
	struct obligor is;
	enum err err;

	*out = fact->status == FACT_REFUTED;
	if (*out)
		return ERR_OK;
	err = material_get(a->material, &said);
	if (err == ERR_OK)
		err = decide_told_obligor(d, a, &was);
	if (err == ERR_OK)
		err = store_obligor(d->in.store, fact->obligor_id, &d->arena,
				    &is);
	if (err != ERR_OK)
		return err;
	kin = party_kin(d->in.schemes, &was, &is);
	*out = said.suspected ? !kin.id && (kin.ids || !kin.name) :
				kin.ids && !kin.name;
	return ERR_OK;
}

/* Takes back what was told of the fact as the obligor's: all, or what
 * is_wrong says. */
static enum err
was_of(struct decide *d, const struct fact *fact, struct str obligor_id,
       bool all, struct instant now)
{
	struct alert *alert = NULL;
	size_t count = 0;
	enum err err = store_alerts(d->in.store, obligor_id, &d->arena, &alert,
				    &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		bool alone = false;
		bool wrong = all;

		if (alert[i].state == ALERT_RETRACTED ||
		    !str_eq(alert[i].fact_id, fact->fact_id))
			continue;
		err = stands_alone(d, &alert[i], &alone);
		if (err == ERR_OK && alone && !all)
			err = is_wrong(d, fact, &alert[i], &wrong);
		if (err == ERR_OK && alone && wrong)
			err = tell_gone(d, &alert[i], true, now);
	}
	return err;
}

enum err
decide_was(struct decide *d, const struct fact *fact, struct instant now)
{
	struct str *id = NULL;
	size_t count = 0;
	enum err err = store_fact_was(d->in.store, fact->fact_id, &d->arena,
				      &id, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (!str_eq(id[i], fact->obligor_id))
			err = was_of(d, fact, id[i], false, now);
	return err;
}

enum err
decide_not_of(struct decide *d, const struct fact *fact, struct str obligor_id,
	      struct instant now)
{
	return was_of(d, fact, obligor_id, true, now);
}

enum err
decide_episode(struct decide *d, struct str obligor_id, struct str family,
	       int episode, struct instant now)
{
	struct ring r = { .d = d, .now = now };
	struct fact *fact = NULL;
	size_t count = 0;
	size_t kept = 0;
	enum err err;

	err = store_facts_of(d->in.store, obligor_id, family, &d->arena, &fact,
			     &count);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count; i++)
		if (episode == 0 || fact[i].episode == episode)
			fact[kept++] = fact[i];
	r.fact = facts_lead(fact, kept);
	if (r.fact == NULL)
		return ERR_OK;
	return decide_ring(&r, fact, kept);
}

enum err
decide_obligor(struct decide *d, struct str obligor_id, struct instant now)
{
	struct fact *fact = NULL;
	size_t count = 0;
	enum err err;

	err = store_facts_of(d->in.store, obligor_id, STR_NONE, &d->arena,
			     &fact, &count);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t k = 0;

		while (k < i && !str_eq(fact[k].family, fact[i].family))
			k++;
		if (k == i)
			err = decide_episode(d, obligor_id, fact[i].family, 0,
					     now);
	}
	return err;
}

enum err
decide_match(struct decide *d, const struct notice *n, struct match *out)
{
	const struct feed *feed = feeds_find(d->in.feeds, n->source);

	return match_notice(&d->matcher, n,
			    feed != NULL && feed->name_accept, &d->arena, out);
}

/* People are kept only where the book insures people. */
static enum err
is_unwanted_person(struct decide *d, const struct notice *n,
		   const struct match *m, bool *out)
{
	struct obligor o;
	enum err err;

	*out = n->natural_person == 1;
	if (!*out || m->verdict != MATCH_ACCEPT)
		return ERR_OK;
	err = store_obligor(d->in.store, m->obligor_id, &d->arena, &o);
	if (err == ERR_OK)
		*out = !o.natural_person;
	return err;
}

static enum err
take(struct decide *d, const struct notice *n, const struct match *m,
     struct instant now)
{
	struct facts_touched touched;
	bool is_free = false;
	enum err err;

	err = facts_apply(&d->facts, n, m, now, &d->arena, &touched);
	if (err != ERR_OK)
		return err;
	err = decide_journal(d, now, "decide.fact",
			     "rule=%s source=%.*s action=%s kind=%.*s "
			     "match=%.*s status=%s",
			     touched.rule, STR_ARG(n->source),
			     action_text(n->action), STR_ARG(n->kind),
			     STR_ARG(m->method),
			     touched.count == 0 ?
				     "-" :
				     fact_status_text(
					     touched.fact[0].status));
	for (size_t i = 0; i < touched.count && err == ERR_OK; i++) {
		const struct fact *f = &touched.fact[i];

		err = decide_unask(d, f, now);
		if (err != ERR_OK)
			break;
		if (f->obligor_id.n > 0)
			err = decide_episode(d, f->obligor_id, f->family,
					     f->episode, now);
		if (err == ERR_OK && f->status == FACT_REFUTED)
			err = decide_was(d, f, now);
		if (err == ERR_OK)
			err = facts_is_free(&d->facts, f, &is_free);
		if (err != ERR_OK || !is_free)
			continue;
		d->counts.unmatched++;
		if (i == 0 && m->verdict == MATCH_REVIEW && facts_is_live(f))
			err = decide_ask(d, f, m, now);
	}
	return err == ERR_OK ? decide_freed(d, now) : err;
}

/* Keeps the notice; *seen NOTICE_SAME: there is nothing to do. */
static enum err
remember(struct decide *d, const struct notice *n, struct str json,
	 struct instant now, enum notice_seen *seen)
{
	char content[2 * HASH_ID_SIZE + 1];
	enum err err;

	facts_content(n, content);
	err = store_notice_put(d->in.store, n, str_of(content), json,
			       now.wall_ms, seen);
	if (err != ERR_OK || *seen != NOTICE_SAME)
		return err;
	d->counts.same++;
	return decide_journal(d, now, "decide.suppress",
			      "rule=same-notice source=%.*s",
			      STR_ARG(n->source));
}

/* A notice about exchange rates concerns nobody: the table takes it. */
static enum err
take_rates(struct decide *d, const struct notice *n, struct str json,
	   struct instant now)
{
	enum notice_seen seen = NOTICE_FIRST;
	struct rates_taken taken;
	struct str before = STR_NONE;
	enum err err;

	err = store_notice(d->in.store, n->source, n->record, &d->arena,
			   &before);
	if (err == ERR_OK || err == ERR_ABSENT)
		err = rates_check(n, date_shanghai(now.wall_ms));
	if (err == ERR_OK)
		err = remember(d, n, json, now, &seen);
	if (err != ERR_OK || seen == NOTICE_SAME)
		return err;
	err = rates_apply(d->in.store, n, before, &d->arena, &taken);
	if (err != ERR_OK)
		return err;
	d->counts.rates += taken.kept;
	return decide_journal(d, now, "decide.rates",
			      "source=%.*s action=%s kept=%zu removed=%zu "
			      "left_out=%zu",
			      STR_ARG(n->source), action_text(n->action),
			      taken.kept, taken.removed, taken.left_out);
}

static enum err
take_party(struct decide *d, const struct notice *n, struct str json,
	   struct instant now)
{
	enum notice_seen seen = NOTICE_FIRST;
	struct match m;
	bool unwanted = false;
	enum err err;

	err = decide_match(d, n, &m);
	if (err == ERR_OK)
		err = is_unwanted_person(d, n, &m, &unwanted);
	if (err != ERR_OK)
		return err;
	if (unwanted) {
		d->counts.natural_skipped++;
		return decide_journal(d, now, "decide.suppress",
				      "rule=natural-person source=%.*s",
				      STR_ARG(n->source));
	}
	err = facts_check(&d->facts, n);
	if (err == ERR_OK)
		err = remember(d, n, json, now, &seen);
	if (err != ERR_OK || seen == NOTICE_SAME)
		return err;
	err = take(d, n, &m, now);
	/* By half an index nobody was found: it is tried again on a whole. */
	if (err == ERR_OK && m.verdict != MATCH_ACCEPT &&
	    !mwatch_whole(d->in.watch))
		err = store_named_put(d->in.store, 0);
	/* Half of it is written: this must not pass for a mere reject. */
	if (err_class(err) == ERR_REJECT) {
		log_op(LOG_ERR, "decide.notice", "err=\"%s\"", err_text(err));
		err = ERR_STORE;
	}
	return err;
}

enum err
decide_notice(struct decide *d, const struct notice *n, struct str json,
	      struct instant now)
{
	size_t mark = arena_mark(&d->arena);
	enum err err;

	d->counts.notices++;
	err = n->subject == SUBJECT_RATE ? take_rates(d, n, json, now) :
					   take_party(d, n, json, now);
	arena_rewind(&d->arena, mark);
	return err;
}
