/*
 * facts.c - merging notices into facts.
 */
#include "facts.h"

/* One application of a notice. */
struct apply {
	const struct facts *f;
	const struct notice *n;
	const struct match *m;
	const struct kind *kind;
	struct instant now;
	struct arena *a;
	enum stage stage; /* the notice's own, else the kind's */
	char content[2 * HASH_ID_SIZE + 1];
};

bool
facts_is_live(const struct fact *fact)
{
	return fact->status < FACT_REFUTED;
}

enum err
facts_is_free(const struct facts *f, const struct fact *fact, bool *out)
{
	bool insured = false;
	enum err err = ERR_OK;

	if (fact->obligor_id.n > 0)
		err = store_has_obligor(f->store, fact->obligor_id, &insured);
	if (err == ERR_OK)
		*out = !insured;
	return err;
}

static void
put_field(struct buf *b, struct str s)
{
	buf_blob(b, s);
}

static void
put_day(struct buf *b, int32_t day)
{
	buf_be32(b, (uint32_t)day);
}

void
facts_content(const struct notice *n, char out[2 * HASH_ID_SIZE + 1])
{
	struct buf b;

	buf_init(&b, (size_t)NOTICE_JSON_MAX * 2);
	put_field(&b, n->kind);
	put_field(&b, n->stage);
	/* An amendment of nothing material says the same again. */
	buf_byte(&b, (uint8_t)(n->action == ACTION_AMEND ? ACTION_NEW :
							   n->action));
	buf_byte(&b, (uint8_t)n->certainty);
	buf_be32(&b, (uint32_t)n->name_count);
	for (size_t i = 0; i < n->name_count; i++)
		put_field(&b, n->names[i].text);
	buf_be32(&b, (uint32_t)n->id_count);
	for (size_t i = 0; i < n->id_count; i++) {
		put_field(&b, n->ids[i].scheme);
		put_field(&b, n->ids[i].value);
	}
	put_field(&b, n->country);
	put_field(&b, n->jurisdiction);
	put_day(&b, n->occurred_on);
	put_day(&b, n->effective_on);
	put_day(&b, n->deadline_on);
	put_field(&b, n->amount);
	put_field(&b, n->currency);
	put_field(&b, n->value_old);
	put_field(&b, n->value_new);
	for (size_t i = 0; i < n->rate_count; i++) {
		put_field(&b, n->rates[i].base);
		put_field(&b, n->rates[i].quote);
		put_field(&b, n->rates[i].value);
	}
	must(b.err == ERR_OK);
	hash_id(buf_str(&b), out);
	buf_free(&b);
}

/* Two sources are independent unless one links to the other's text. */
static bool
is_reprint(const struct fact_source *x, const struct fact_source *y)
{
	return str_eq(x->source, y->source) ||
	       (x->url.n > 0 && str_eq(x->url, y->url));
}

static enum fact_status
status_of(const struct fact_source *s, size_t count)
{
	enum fact_status status = FACT_REFUTED;

	for (size_t i = 0; i < count; i++) {
		enum fact_status here = FACT_OBSERVED;

		if (!s[i].live)
			continue;
		if (s[i].stage == STAGE_DISCHARGED)
			return FACT_ENDED;
		if (s[i].certainty == CERTAINTY_OFFICIAL)
			here = FACT_CONFIRMED;
		else if (s[i].certainty == CERTAINTY_REPORTED)
			here = FACT_REPORTED;
		for (size_t k = 0; k < i && here == FACT_REPORTED; k++)
			if (s[k].live &&
			    s[k].certainty == CERTAINTY_REPORTED &&
			    !is_reprint(&s[k], &s[i]))
				here = FACT_CORROBORATED;
		if (status == FACT_REFUTED || here > status)
			status = here;
	}
	return status;
}

/* The notice that went furthest among those that stand; newest of ties. */
static void
take_kind(const struct fact_source *s, size_t count, struct fact *fact)
{
	const struct fact_source *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (s[i].live &&
		    (best == NULL || s[i].stage > best->stage ||
		     (s[i].stage == best->stage &&
		      s[i].seen_at >= best->seen_at)))
			best = &s[i];
	if (best == NULL)
		return;
	fact->kind = best->kind;
	fact->stage = best->stage;
}

/* Status, kind and stage from the notices behind the fact; then kept. */
static enum err
settle(const struct facts *f, struct fact *fact, struct instant now,
       struct arena *a)
{
	struct fact_source *s = NULL;
	size_t count = 0;
	enum err err;

	err = store_fact_sources(f->store, fact->fact_id, a, &s, &count);
	if (err != ERR_OK)
		return err;
	fact->status = status_of(s, count);
	take_kind(s, count, fact);
	fact->updated_at = now.wall_ms;
	return store_fact_put(f->store, fact);
}

static bool
is_near(int32_t x, int32_t y)
{
	int64_t gap = (int64_t)x - y;

	return x == DATE_NONE || y == DATE_NONE ||
	       (gap >= -FACTS_MERGE_DAYS && gap <= FACTS_MERGE_DAYS);
}

static bool
can_merge(const struct apply *p, const struct fact *fact)
{
	if (!facts_is_live(fact) || !str_eq(fact->family, p->kind->family))
		return false;
	/* What closes a case closes it whenever it began. */
	return p->stage == STAGE_DISCHARGED ||
	       is_near(fact->occurred_on, p->n->occurred_on);
}

/* Whose it was has left the book, and the notice says whose it is now. */
static enum err
disown(const struct apply *p, struct fact *fact)
{
	bool is_free = false;
	enum err err = ERR_OK;

	if (p->m->verdict == MATCH_ACCEPT &&
	    !str_eq(fact->obligor_id, p->m->obligor_id))
		err = facts_is_free(p->f, fact, &is_free);
	if (!is_free || fact->obligor_id.n == 0)
		return err;
	err = store_fact_was_put(p->f->store, fact->fact_id, fact->obligor_id);
	fact->obligor_id = STR_NONE;
	return err;
}

/* The newest fact the notice belongs to; ERR_ABSENT when it is a new one. */
static enum err
find_merge(const struct apply *p, struct fact *out)
{
	struct fact *fact = NULL;
	size_t count = 0;
	enum err err;

	if (str_eq(p->kind->family, S("-")))
		return ERR_ABSENT;
	if (p->m->verdict == MATCH_ACCEPT) {
		err = store_facts_of(p->f->store, p->m->obligor_id,
				     p->kind->family, p->a, &fact, &count);
		if (err != ERR_OK)
			return err;
		while (count > 0)
			if (can_merge(p, &fact[--count])) {
				*out = fact[count];
				return ERR_OK;
			}
	}
	for (size_t i = 0; i < p->m->key_count; i++) {
		const struct match_key *key = &p->m->key[i];

		if (!key->hard)
			continue;
		err = store_facts_unmatched(p->f->store, key->scheme,
					    key->value, p->a, &fact, &count);
		if (err != ERR_OK)
			return err;
		while (count > 0)
			if (can_merge(p, &fact[--count])) {
				*out = fact[count];
				return disown(p, out);
			}
	}
	return ERR_ABSENT;
}

static enum err
new_id(const struct apply *p, struct str *out)
{
	char id[2 * HASH_ID_SIZE + 1];
	struct fact taken;
	struct buf b;
	enum err err;

	buf_init(&b, (size_t)NOTICE_FIELD_MAX * 3);
	buf_put(&b, p->n->source);
	buf_byte(&b, 0x1F);
	buf_put(&b, p->n->record);
	hash_id(buf_str(&b), id);
	err = store_fact(p->f->store, str_of(id), p->a, &taken);
	if (err == ERR_OK) {
		/* The record said something else before: tell them apart. */
		buf_byte(&b, 0x1F);
		buf_put(&b, p->kind->family);
		buf_byte(&b, 0x1F);
		buf_put(&b, p->m->obligor_id);
		hash_id(buf_str(&b), id);
	} else if (err != ERR_ABSENT) {
		buf_free(&b);
		return err;
	}
	must(b.err == ERR_OK);
	buf_free(&b);
	*out = arena_str(p->a, str_of(id));
	return out->p == NULL ? ERR_LIMIT : ERR_OK;
}

/* An alert taken back (a suspicion that was wrong) used its episode up, and
 * so did those of another company that had the id. */
static enum err
skip_used(const struct facts *f, struct str obligor_id,
	       struct str family, struct arena *a, int *episode)
{
	struct alert *alert = NULL;
	size_t count = 0;
	int former = 0;
	enum err err = store_alerts(f->store, obligor_id, a, &alert, &count);

	if (err == ERR_OK)
		err = store_episode_former(f->store, obligor_id, family,
					   &former);
	if (former >= *episode)
		*episode = former + 1;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (alert[i].state == ALERT_RETRACTED &&
		    str_eq(alert[i].family, family) &&
		    alert[i].episode >= *episode)
			*episode = alert[i].episode + 1;
	return err;
}

/* The episode a fact of this family belongs to now. */
static enum err
episode_of(const struct facts *f, struct str obligor_id, struct str family,
	   const struct fact *self, struct arena *a, int *out)
{
	struct fact *fact = NULL;
	size_t count = 0;
	int last = 0;
	bool live = false;
	enum err err;

	err = store_facts_of(f->store, obligor_id, family, a, &fact, &count);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count; i++)
		if (fact[i].episode > last)
			last = fact[i].episode;
	for (size_t i = 0; i < count; i++)
		if (fact[i].episode == last && facts_is_live(&fact[i]) &&
		    !str_eq(fact[i].fact_id, self->fact_id))
			live = true;
	*out = live ? last : last + 1;
	return live ? ERR_OK :
		      skip_used(f, obligor_id, family, a, out);
}

/* The fact is the obligor's, for that reason; not yet kept. */
enum err
facts_suppose(const struct facts *f, struct fact *fact, const struct match *m,
	      struct arena *a)
{
	fact->obligor_id = m->obligor_id;
	fact->match_method = m->method;
	fact->match_score = m->score;
	fact->match_keys = m->keys;
	fact->match_why = m->why;
	return episode_of(f, fact->obligor_id, fact->family, fact, a,
			  &fact->episode);
}

static void
fill_new(const struct apply *p, struct fact *fact)
{
	const struct notice *n = p->n;

	fact->family = p->kind->family;
	fact->kind = n->kind;
	fact->stage = p->stage;
	fact->subject = n->subject;
	fact->natural_person = n->natural_person;
	fact->occurred_on = DATE_NONE;
	fact->effective_on = DATE_NONE;
	fact->published_at = n->published_at;
	fact->recorded_at = n->recorded_at;
	fact->first_seen_at = p->now.wall_ms;
	fact->episode = 1;
}

/* What a further notice may add to what is known. */
static void
fill_known(const struct apply *p, struct fact *fact)
{
	const struct notice *n = p->n;

	if (fact->country.n == 0)
		fact->country = n->country;
	if (fact->jurisdiction.n == 0)
		fact->jurisdiction = n->jurisdiction;
	if (fact->name.n == 0 && n->name_count > 0)
		fact->name = n->names[0].text;
	if (p->stage == STAGE_DISCHARGED)
		return;
	if (fact->occurred_on == DATE_NONE)
		fact->occurred_on = n->occurred_on;
	if (fact->effective_on == DATE_NONE)
		fact->effective_on = n->effective_on;
}

static enum err
put_keys(const struct apply *p, struct str fact_id)
{
	for (size_t i = 0; i < p->m->key_count; i++) {
		enum err err = store_fact_key_put(p->f->store, fact_id,
						  p->m->key[i].scheme,
						  p->m->key[i].value);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err
put_source(const struct apply *p, struct str fact_id)
{
	const struct feed *feed = feeds_find(p->f->feeds, p->n->source);
	struct fact_source s = {
		.fact_id = fact_id,
		.source = p->n->source,
		.record = p->n->record,
		.action = p->n->action,
		.certainty = p->n->certainty,
		.redistribution = p->n->redistribution,
		.source_class = feed == NULL ? STR_NONE : feed->source_class,
		.kind = p->n->kind,
		.stage = p->stage,
		.native = p->n->native,
		.url = p->n->url,
		.published_at = p->n->published_at,
		.seen_at = p->now.wall_ms,
		.content = str_of(p->content),
		.live = 1,
	};

	return store_fact_source_put(p->f->store, &s);
}

/* CANCEL and PURGE: the source takes back what it said. */
static enum err
cancel(const struct apply *p, struct fact *fact, struct facts_touched *out)
{
	struct fact_source *s = NULL;
	size_t count = 0;
	enum err err;

	err = store_fact_sources(p->f->store, fact->fact_id, p->a, &s, &count);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(s[i].source, p->n->source) ||
		    !str_eq(s[i].record, p->n->record))
			continue;
		s[i].live = 0;
		s[i].action = p->n->action;
		s[i].seen_at = p->now.wall_ms;
		s[i].content = str_of(p->content);
		err = store_fact_source_put(p->f->store, &s[i]);
		if (err != ERR_OK)
			return err;
	}
	err = settle(p->f, fact, p->now, p->a);
	if (err != ERR_OK)
		return err;
	out->fact[out->count++] = *fact;
	out->rule = "cancel";
	return ERR_OK;
}

/* The record still speaks of the same thing. */
static bool
stays(const struct apply *p, const struct fact *fact)
{
	return str_eq(fact->family, p->kind->family) &&
	       (p->m->verdict != MATCH_ACCEPT || fact->obligor_id.n == 0 ||
		str_eq(fact->obligor_id, p->m->obligor_id));
}

static enum err
join(const struct apply *p, struct fact *fact, struct facts_touched *out)
{
	bool was_refuted = fact->status == FACT_REFUTED;
	enum err err = ERR_OK;

	fill_known(p, fact);
	if (p->m->verdict == MATCH_ACCEPT &&
	    (fact->obligor_id.n == 0 || was_refuted))
		err = facts_suppose(p->f, fact, p->m, p->a);
	else if (was_refuted && fact->obligor_id.n > 0)
		/* Whose it is was said before; its alerts are taken back. */
		err = episode_of(p->f, fact->obligor_id, fact->family, fact,
				 p->a, &fact->episode);
	if (err == ERR_OK)
		err = put_source(p, fact->fact_id);
	if (err == ERR_OK)
		err = put_keys(p, fact->fact_id);
	if (err == ERR_OK)
		err = settle(p->f, fact, p->now, p->a);
	if (err == ERR_OK)
		out->fact[out->count++] = *fact;
	return err;
}

static enum err
begin(const struct apply *p, struct facts_touched *out)
{
	struct fact fact = { 0 };
	enum err err;

	err = new_id(p, &fact.fact_id);
	if (err != ERR_OK)
		return err;
	fill_new(p, &fact);
	out->rule = "new-fact";
	return join(p, &fact, out);
}

static enum err
apply(const struct apply *p, struct facts_touched *out)
{
	bool gone = p->n->action == ACTION_CANCEL ||
		    p->n->action == ACTION_PURGE;
	struct fact before;
	struct fact fact;
	enum err err;
	bool had;

	err = store_fact_by_record(p->f->store, p->n->source, p->n->record,
				   p->a, &before);
	if (err != ERR_OK && err != ERR_ABSENT)
		return err;
	had = err == ERR_OK;
	if (gone) {
		out->rule = "cancel-of-nothing";
		return had ? cancel(p, &before, out) : ERR_OK;
	}
	if (had && (err = disown(p, &before)) != ERR_OK)
		return err;
	if (had && stays(p, &before)) {
		out->rule = "same-record";
		return join(p, &before, out);
	}
	out->rule = "merged";
	err = find_merge(p, &fact);
	if (err == ERR_OK)
		err = join(p, &fact, out);
	else if (err == ERR_ABSENT)
		err = begin(p, out);
	if (err != ERR_OK || !had)
		return err;
	/* The record left its old fact; that stands on the others, if any. */
	err = settle(p->f, &before, p->now, p->a);
	if (err == ERR_OK)
		out->fact[out->count++] = before;
	return err;
}

enum err
facts_check(const struct facts *f, const struct notice *n)
{
	enum stage stage;

	if (kinds_find(f->kinds, n->kind) == NULL)
		return ERR_INPUT;
	return n->stage.n == 0 ? ERR_OK : stage_get(n->stage, &stage);
}

enum err
facts_apply(const struct facts *f, const struct notice *n,
	    const struct match *m, struct instant now, struct arena *a,
	    struct facts_touched *out)
{
	struct apply p = { .f = f, .n = n, .m = m, .now = now, .a = a };

	*out = (struct facts_touched){ .rule = "" };
	p.kind = kinds_find(f->kinds, n->kind);
	if (p.kind == NULL)
		return ERR_INPUT;
	p.stage = p.kind->stage;
	if (n->stage.n > 0 && stage_get(n->stage, &p.stage) != ERR_OK)
		return ERR_INPUT;
	facts_content(n, p.content);
	return apply(&p, out);
}

enum err
facts_attach(const struct facts *f, struct fact *fact, const struct match *m,
	     struct instant now, struct arena *a)
{
	enum err err = ERR_OK;

	if (fact->obligor_id.n > 0 && !str_eq(fact->obligor_id, m->obligor_id))
		err = store_fact_was_put(f->store, fact->fact_id,
					 fact->obligor_id);
	if (err == ERR_OK)
		err = facts_suppose(f, fact, m, a);
	if (err != ERR_OK)
		return err;
	fact->updated_at = now.wall_ms;
	return store_fact_put(f->store, fact);
}

static int
rank(const struct fact *f)
{
	if (f->status == FACT_REFUTED)
		return 0;
	if (f->status == FACT_ENDED)
		return 1;
	return f->status == FACT_OBSERVED ? 2 : 3;
}

static bool
leads(const struct fact *x, const struct fact *y)
{
	if (x->episode != y->episode)
		return x->episode > y->episode;
	if (rank(x) != rank(y))
		return rank(x) > rank(y);
	if (x->stage != y->stage)
		return x->stage > y->stage;
	if (x->status != y->status)
		return x->status > y->status;
	return x->updated_at > y->updated_at;
}

const struct fact *
facts_lead(const struct fact *fact, size_t count)
{
	const struct fact *lead = NULL;

	for (size_t i = 0; i < count; i++)
		if (lead == NULL || leads(&fact[i], lead))
			lead = &fact[i];
	return lead;
}
