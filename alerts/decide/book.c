/*
 * book.c - the book changed, or a day passed.
 */
#include "decide_priv.h"

/* A fact of nobody's is the obligor's who has its id, if no other has it. */
static enum err
attach_one(struct decide *d, struct fact *fact, const struct match *m,
	   bool alone, struct instant now)
{
	bool ours = fact->natural_person != 1;
	enum err err = ERR_OK;

	if (ours && !alone)
		return decide_ask(d, fact, m, now);
	if (ours)
		err = facts_attach(&d->facts, fact, m, now, &d->arena);
	if (ours && err == ERR_OK)
		err = decide_unask(d, fact, now);
	return err != ERR_OK ? err :
			       decide_journal(d, now, "decide.book",
					      "rule=%s fact=%.*s obligor=%.*s",
					      ours ? "reverse-match" :
						     "natural-person",
					      STR_ARG(fact->fact_id),
					      STR_ARG(m->obligor_id));
}

/* Of facts that are another obligor's, who has the same id: a reviewer is
 * asked, and told as suspected they are in time. */
static enum err
ask_of_shared(struct decide *d, struct str scheme, struct str value,
	      const struct match *m, struct instant now)
{
	struct fact *fact = NULL;
	size_t count = 0;
	enum err err = store_facts_matched(d->in.store, scheme, value,
					   &d->arena, &fact, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (!str_eq(fact[i].obligor_id, m->obligor_id) &&
		    facts_is_live(&fact[i]) && fact[i].natural_person != 1)
			err = decide_ask(d, &fact[i], m, now);
	return err;
}

static enum err
attach_all(struct decide *d, struct str obligor_id, struct str scheme,
	   struct str value, struct instant now)
{
	struct fact *fact = NULL;
	struct str *same = NULL;
	size_t count = 0;
	size_t sharing = 0;
	struct match m = { .verdict = MATCH_ACCEPT,
			   .obligor_id = obligor_id,
			   .score = MATCH_SCORE_ID,
			   .method = S("id") };
	struct match_candidate asked;
	struct buf key;
	struct buf why;
	enum err err;

	err = store_facts_unmatched(d->in.store, scheme, value, &d->arena,
				    &fact, &count);
	if (err == ERR_OK)
		err = store_obligors_by_id(d->in.store, scheme, value,
					   &d->arena, &same, &sharing);
	if (err != ERR_OK || (count == 0 && sharing <= 1))
		return err;
	buf_init(&key, 256);
	buf_init(&why, 256);
	buf_printf(&key, "%.*s:%.*s", STR_ARG(scheme), STR_ARG(value));
	buf_printf(&why, "%.*s = %.*s (hard id)", STR_ARG(scheme),
		   STR_ARG(value));
	m.keys = buf_str(&key);
	m.why = buf_str(&why);
	asked = (struct match_candidate){ obligor_id, m.score, m.why };
	m.candidate = &asked;
	m.candidate_count = 1;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = attach_one(d, &fact[i], &m, sharing <= 1, now);
	if (err == ERR_OK && sharing > 1)
		err = ask_of_shared(d, scheme, value, &m, now);
	buf_free(&key);
	buf_free(&why);
	return err;
}

/* Facts kept for nobody, tried on an obligor the book got. */
static enum err
reverse(struct decide *d, struct str obligor_id, struct instant now)
{
	struct obligor o;
	enum err err;

	err = store_obligor(d->in.store, obligor_id, &d->arena, &o);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < o.id_count && err == ERR_OK; i++) {
		const struct idscheme *s = idschemes_find(d->in.schemes,
							  o.ids[i].scheme);

		if (s != NULL && s->hard)
			err = attach_all(d, obligor_id, o.ids[i].scheme,
					 o.ids[i].value, now);
	}
	return err;
}

/* Who else of the book has an id of the notice. */
static enum err
hand_over(struct decide *d, const struct fact_source *s, struct instant now)
{
	struct match_key *key = NULL;
	size_t count = 0;
	enum err err = decide_keys(d, s, &key, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		struct str *id = NULL;
		size_t n = 0;

		if (key[i].hard)
			err = store_obligors_by_id(d->in.store, key[i].scheme,
						   key[i].value, &d->arena,
						   &id, &n);
		for (; n > 0 && err == ERR_OK; n--) {
			err = reverse(d, id[n - 1], now);
			if (err == ERR_OK)
				err = decide_obligor(d, id[n - 1], now);
		}
	}
	return err;
}

/* Facts of who left: a new id of the same buyer may stand in the book since
 * before. */
static enum err
inherit(struct decide *d, struct str gone, struct instant now)
{
	struct fact *fact = NULL;
	size_t count = 0;
	enum err err = store_facts_of(d->in.store, gone, STR_NONE, &d->arena,
				      &fact, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		struct fact_source *s = NULL;
		size_t sources = 0;

		if (!facts_is_live(&fact[i]))
			continue;
		err = store_fact_sources(d->in.store, fact[i].fact_id,
					 &d->arena, &s, &sources);
		for (; sources > 0 && err == ERR_OK; sources--)
			if (s[sources - 1].live)
				err = hand_over(d, &s[sources - 1], now);
	}
	return err;
}

static enum err
inherit_all(struct decide *d, int64_t since, struct instant now)
{
	struct str *gone = NULL;
	size_t count = 0;
	enum err err = store_facts_gone(d->in.store, since, &d->arena, &gone,
					&count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		err = inherit(d, gone[i], now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

/* Every obligor with an alert that may still move. */
static enum err
look_again(struct decide *d, struct instant now)
{
	struct str *id = NULL;
	size_t count = 0;
	enum err err = store_alert_obligors(d->in.store, &d->arena, &id,
					    &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		err = decide_obligor(d, id[i], now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

/* Questions about who left the book are not asked any more. */
static enum err
sweep_questions(struct decide *d, struct instant now, bool *more)
{
	struct review *q = NULL;
	size_t count = 0;
	enum err err = store_reviews_gone(d->in.store, DECIDE_SWEEP, &d->arena,
					  &q, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		err = decide_journal(d, now, "decide.review",
				     "rule=obligor-gone fact=%.*s "
				     "obligor=%.*s",
				     STR_ARG(q[i].fact_id),
				     STR_ARG(q[i].obligor_id));
		if (err == ERR_OK)
			err = decide_drop(d, &q[i], now);
		arena_rewind(&d->arena, mark);
	}
	*more = count == DECIDE_SWEEP;
	return err;
}

static enum err
close_all(struct decide *d, struct str obligor_id, struct instant now)
{
	struct alert *alert = NULL;
	size_t count = 0;
	enum err err = store_alerts(d->in.store, obligor_id, &d->arena, &alert,
				    &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		if (alert[i].state < ALERT_RESOLVED)
			err = decide_gone(d, &alert[i], now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

/* Who was told of who left hears that it is over; last: behind whom. */
static enum err
sweep_alerts(struct decide *d, struct instant now, struct buf *last,
	     bool *more)
{
	struct str *id = NULL;
	size_t count = 0;
	enum err err = store_alerts_gone(d->in.store, buf_str(last),
					 DECIDE_SWEEP, &d->arena, &id, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		err = close_all(d, id[i], now);
		arena_rewind(&d->arena, mark);
	}
	*more = count == DECIDE_SWEEP;
	buf_clear(last);
	if (count > 0)
		buf_put(last, id[count - 1]);
	return err;
}

/* The whole book may leave at once: a few at a time fit the arena. */
static enum err
sweep(struct decide *d, struct instant now)
{
	size_t mark = arena_mark(&d->arena);
	struct buf last;
	bool more = true;
	enum err err = ERR_OK;

	buf_init(&last, DECIDE_FORMER_SIZE);
	while (err == ERR_OK && more) {
		err = sweep_questions(d, now, &more);
		arena_rewind(&d->arena, mark);
	}
	for (more = true; err == ERR_OK && more;) {
		err = sweep_alerts(d, now, &last, &more);
		arena_rewind(&d->arena, mark);
	}
	buf_free(&last);
	return err;
}

enum err
decide_book(struct decide *d, int64_t since_version, struct instant now)
{
	size_t mark = arena_mark(&d->arena);
	struct str *changed = NULL;
	int64_t never = 0;
	size_t count = 0;
	enum err err;

	err = decide_former(d, since_version, now);
	if (err == ERR_OK)
		err = store_obligors_concerned(d->in.store, since_version,
					       &d->arena, &changed, &count);
	if (err == ERR_OK)
		err = sweep(d, now);
	d->by_book = true;
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t each = arena_mark(&d->arena);

		err = reverse(d, changed[i], now);
		if (err == ERR_OK)
			err = decide_obligor(d, changed[i], now);
		arena_rewind(&d->arena, each);
	}
	if (err == ERR_OK)
		err = inherit_all(d, since_version, now);
	d->by_book = false;
	if (err == ERR_OK)
		err = look_again(d, now);
	if (err == ERR_OK)
		err = decide_suspects(d, now, &never);
	arena_rewind(&d->arena, mark);
	return err;
}

enum err
decide_tick(struct decide *d, struct instant now, int64_t *next_ms)
{
	int32_t today = date_shanghai(now.wall_ms);
	int64_t next = ((int64_t)today + 1) * DAY_MS - SHANGHAI_OFFSET_MS;
	size_t mark = arena_mark(&d->arena);
	enum err err;

	err = sweep(d, now);
	if (err == ERR_OK)
		err = look_again(d, now);
	if (err == ERR_OK)
		err = decide_suspects(d, now, &next);
	arena_rewind(&d->arena, mark);
	if (err == ERR_OK)
		*next_ms = next;
	return err;
}
