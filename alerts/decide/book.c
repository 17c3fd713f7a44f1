/*
 * book.c - the book changed, or a day passed.
 */
#include "decide_priv.h"

#include "fold.h"

#include <stdlib.h>

static enum err
attach_all(struct decide *d, struct str obligor_id, struct str scheme,
	   struct str value, struct instant now)
{
	struct fact *fact = NULL;
	struct str *same = NULL;
	size_t count = 0;
	size_t sharing = 0;
	struct buf key;
	enum err err;

	err = store_facts_unmatched(d->in.store, scheme, value, &d->arena,
				    &fact, &count);
	if (err != ERR_OK || count == 0)
		return err;
	err = store_obligors_by_id(d->in.store, scheme, value, &d->arena,
				   &same, &sharing);
	buf_init(&key, 256);
	buf_printf(&key, "%.*s:%.*s", STR_ARG(scheme), STR_ARG(value));
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		bool ours = fact[i].natural_person != 1;

		if (sharing > 1)
			err = store_review_put(d->in.store, fact[i].fact_id,
					       obligor_id, MATCH_SCORE_ID,
					       now.wall_ms);
		else if (ours)
			err = facts_attach(&d->facts, &fact[i], obligor_id,
					   buf_str(&key), now, &d->arena);
		if (err == ERR_OK)
			err = decide_journal(
				d, now, "decide.book",
				"rule=%s fact=%.*s obligor=%.*s",
				sharing > 1 ? "reverse-review" :
				ours	    ? "reverse-match" :
					      "natural-person",
				STR_ARG(fact[i].fact_id),
				STR_ARG(obligor_id));
	}
	buf_free(&key);
	return err;
}

static enum err
review_all(struct decide *d, const struct obligor *o, struct str name,
	   struct instant now)
{
	struct fact *fact = NULL;
	size_t count = 0;
	struct buf key;
	enum err err;

	buf_init(&key, FOLD_NAME_MAX);
	err = fold_name(&key, name);
	if (err != ERR_OK || key.err != ERR_OK) {
		buf_free(&key);
		return ERR_OK; /* no key, no match */
	}
	err = store_facts_unmatched(d->in.store, S("name"), buf_str(&key),
				    &d->arena, &fact, &count);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		bool near = fact[i].country.n == 0 ||
			    str_eq(fact[i].country, o->country);

		if (!facts_is_live(&fact[i]))
			continue;
		err = store_review_put(d->in.store, fact[i].fact_id,
				       o->obligor_id,
				       near ? MATCH_SCORE_NAME :
					      MATCH_SCORE_NAME_ELSEWHERE,
				       now.wall_ms);
	}
	buf_free(&key);
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
	if (err == ERR_OK)
		err = review_all(d, &o, o.name, now);
	for (size_t i = 0; i < o.alias_count && err == ERR_OK; i++)
		err = review_all(d, &o, o.aliases[i], now);
	return err;
}

static int
id_cmp(const void *x, const void *y)
{
	const struct str *a = x;
	const struct str *b = y;

	return str_cmp(*a, *b);
}

/* Every obligor with an alert that may still move, once, by id. */
static enum err
look_again(struct decide *d, struct instant now)
{
	struct alert *alert = NULL;
	struct str *id;
	size_t count = 0;
	size_t kept = 0;
	enum err err;

	err = store_alerts(d->in.store, STR_NONE, &d->arena, &alert, &count);
	if (err != ERR_OK)
		return err;
	id = arena_array(&d->arena, struct str, count + 1);
	if (id == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		if (alert[i].state != ALERT_RETRACTED)
			id[kept++] = alert[i].obligor_id;
	qsort(id, kept, sizeof(id[0]), id_cmp);
	for (size_t i = 0; i < kept && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		if (i == 0 || !str_eq(id[i], id[i - 1]))
			err = decide_obligor(d, id[i], now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

enum err
decide_book(struct decide *d, int64_t since_version, struct instant now)
{
	size_t mark = arena_mark(&d->arena);
	struct str *changed = NULL;
	size_t count = 0;
	enum err err;

	err = store_obligors_since(d->in.store, since_version, &d->arena,
				   &changed, &count);
	d->by_book = true;
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t each = arena_mark(&d->arena);

		err = reverse(d, changed[i], now);
		if (err == ERR_OK)
			err = decide_obligor(d, changed[i], now);
		arena_rewind(&d->arena, each);
	}
	d->by_book = false;
	if (err == ERR_OK)
		err = look_again(d, now);
	arena_rewind(&d->arena, mark);
	return err;
}

enum err
decide_tick(struct decide *d, struct instant now, int64_t *next_ms)
{
	int32_t today = date_shanghai(now.wall_ms);
	size_t mark = arena_mark(&d->arena);
	enum err err;

	err = look_again(d, now);
	arena_rewind(&d->arena, mark);
	if (err != ERR_OK)
		return err;
	*next_ms = ((int64_t)today + 1) * DAY_MS - SHANGHAI_OFFSET_MS;
	return ERR_OK;
}
