/*
 * former.c - ids that the book gives to another company.
 *
 * What is known and was told of the company before becomes that of ID#VERSION,
 * an id no book can have: an obligor that left, for all the rest of this
 * folder.  Its alerts are closed in its own name and can be taken back, its
 * facts are tried on the others of the book, and nothing of it (what an
 * exporter knew, what a reviewer denied) is counted for who has the id now.
 * Episodes are counted on, so that no key on the wire is of both.
 */
#include "decide_priv.h"

#include "party.h"

static enum err
hand_alerts(struct decide *d, struct str obligor_id, struct str former)
{
	struct alert *a = NULL;
	size_t count = 0;
	enum err err = store_alerts_ever(d->in.store, obligor_id, &d->arena,
					 &a, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = store_alert_former(d->in.store, &a[i], former);
	return err;
}

static enum err
leave(struct decide *d, struct str obligor_id, struct instant now)
{
	char id[DECIDE_FORMER_SIZE];
	int64_t version = 0;
	struct buf b;
	enum err err = store_book_version(d->in.store, &version);

	buf_init(&b, sizeof(id) - 1);
	buf_printf(&b, "%.*s#%lld", STR_ARG(obligor_id), (long long)version);
	must(str_copy(id, sizeof(id), buf_str(&b)) == ERR_OK);
	buf_free(&b);
	if (err == ERR_OK)
		err = hand_alerts(d, obligor_id, str_of(id));
	if (err == ERR_OK)
		err = store_obligor_former(d->in.store, obligor_id,
					   str_of(id), version);
	if (err != ERR_OK)
		return err;
	return decide_journal(d, now, "decide.book",
			      "rule=another-company obligor=%.*s former=%s",
			      STR_ARG(obligor_id), id);
}

/* What the notices behind the fact call its party. */
static enum err
said_of(struct decide *d, const struct fact *fact, struct obligor *out)
{
	struct fact_source *s = NULL;
	struct match_key *key = NULL;
	size_t sources = 0;
	size_t count = 0;
	struct obligor o = { .name = fact->name };
	enum err err = store_fact_sources(d->in.store, fact->fact_id,
					  &d->arena, &s, &sources);

	if (err == ERR_OK && sources > 0)
		err = decide_keys(d, &s[sources - 1], &key, &count);
	if (err != ERR_OK)
		return err;
	o.ids = arena_array(&d->arena, struct notice_id, count + 1);
	if (o.ids == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		if (key[i].hard)
			o.ids[o.id_count++] = (struct notice_id){
				key[i].scheme, key[i].value
			};
	*out = o;
	return ERR_OK;
}

/* Who stood for the id, as it was told last, or else as the last notice says;
 * ERR_ABSENT: nothing was said. */
static enum err
who_was(struct decide *d, struct str obligor_id, struct obligor *out)
{
	struct alert *alert = NULL;
	struct fact *fact = NULL;
	size_t alerts = 0;
	size_t facts = 0;
	enum err err = store_alerts_ever(d->in.store, obligor_id, &d->arena,
					 &alert, &alerts);

	if (err == ERR_OK && alerts > 0)
		return decide_told_obligor(d, &alert[alerts - 1], out);
	if (err == ERR_OK)
		err = store_facts_of(d->in.store, obligor_id, STR_NONE,
				     &d->arena, &fact, &facts);
	if (err != ERR_OK)
		return err;
	return facts == 0 ? ERR_ABSENT : said_of(d, &fact[facts - 1], out);
}

/* An id that had left the book: perhaps it came back as somebody else's. */
static enum err
back(struct decide *d, struct str obligor_id, struct instant now)
{
	struct party_kin kin = { 0 };
	struct obligor was;
	struct obligor is;
	enum err err = who_was(d, obligor_id, &was);

	/* A reviewer's no alone: better asked again than of another. */
	if (err == ERR_ABSENT)
		return leave(d, obligor_id, now);
	if (err == ERR_OK)
		err = store_obligor(d->in.store, obligor_id, &d->arena, &is);
	if (err == ERR_OK)
		kin = party_kin(d->in.schemes, &was, &is);
	return err == ERR_OK && kin.ids && !kin.name ?
		       leave(d, obligor_id, now) :
		       err;
}

static enum err
each(struct decide *d, const struct str *id, size_t count, struct instant now,
     enum err (*what)(struct decide *d, struct str id, struct instant now))
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);

		err = what(d, id[i], now);
		if (err == ERR_OK)
			err = store_obligor_is_back(d->in.store, id[i]);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

enum err
decide_former(struct decide *d, int64_t since, struct instant now)
{
	struct str *id = NULL;
	size_t count = 0;
	enum err err = store_obligors_replaced(d->in.store, since, &d->arena,
					       &id, &count);

	if (err == ERR_OK)
		err = each(d, id, count, now, leave);
	if (err == ERR_OK)
		err = store_obligors_back(d->in.store, since, &d->arena, &id,
					  &count);
	return err == ERR_OK ? each(d, id, count, now, back) : err;
}
