/*
 * review.c - questions to a reviewer, and what the reviewer says.
 *
 * An accepted question attaches the fact as a match would have.  A rejected
 * one is remembered twice: by the names that asked, which the matcher passes
 * over from then on, whatever notice has them; and by the fact, for ids of
 * two obligors: an id of the book is not to be passed over for all time.
 */
#include "decide_priv.h"

#include "log.h"

#define FACT_KEY_SIZE 128u

/* What a rejection of the fact itself is remembered by; no folded name has a
 * colon. */
static struct str
fact_key(struct str fact_id, char room[FACT_KEY_SIZE])
{
	struct buf b;

	buf_init(&b, FACT_KEY_SIZE - 1);
	buf_printf(&b, "fact:%.*s", STR_ARG(fact_id));
	must(str_copy(room, FACT_KEY_SIZE, buf_str(&b)) == ERR_OK);
	buf_free(&b);
	return str_of(room);
}

static enum err
has_rejected(struct decide *d, struct str key, struct str obligor_id,
	     bool *out)
{
	struct str *id = NULL;
	size_t count = 0;
	enum err err = store_rejected(d->in.store, key, &d->arena, &id,
				      &count);

	*out = false;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		*out = *out || str_eq(id[i], obligor_id);
	return err;
}

static enum err
is_rejected(struct decide *d, struct str fact_id, struct str obligor_id,
	    bool *out)
{
	char room[FACT_KEY_SIZE];

	return has_rejected(d, fact_key(fact_id, room), obligor_id, out);
}

/* ---- asking ---- */

enum err
decide_ask(struct decide *d, const struct fact *fact, const struct match *m,
	   struct instant now)
{
	bool by_id = str_eq(m->method, S("id"));
	size_t asked = 0;

	for (size_t i = 0; i < m->candidate_count; i++) {
		const struct match_candidate *c = &m->candidate[i];
		const struct review r = { fact->fact_id, c->obligor_id,
					  c->score, now.wall_ms, c->why };
		bool denied = false;
		enum err err = ERR_OK;

		if (by_id)
			err = is_rejected(d, r.fact_id, r.obligor_id, &denied);
		if (err == ERR_OK && !denied)
			err = store_review_put(d->in.store, &r);
		if (err != ERR_OK)
			return err;
		asked += !denied;
	}
	d->counts.reviews += asked > 0;
	return decide_journal(d, now, "decide.review",
			      "rule=match-%.*s asked=%zu best=%d fact=%.*s",
			      STR_ARG(m->method), asked, m->score,
			      STR_ARG(fact->fact_id));
}

/* ---- answering ---- */

/* A question that is not asked any more was answered, or never asked. */
static enum err
answered(struct decide *d, const struct review_answer *a,
	 enum review_done *done)
{
	bool rejected = false;
	bool elsewhere;
	struct fact fact;
	enum err err = store_fact(d->in.store, a->fact_id, &d->arena, &fact);

	if (err == ERR_OK)
		err = is_rejected(d, a->fact_id, a->obligor_id, &rejected);
	if (err != ERR_OK)
		return err;
	/* That it was given to another says more than that it is not this
	 * one's. */
	elsewhere = fact.obligor_id.n > 0 &&
		    !str_eq(fact.obligor_id, a->obligor_id);
	if (rejected && !elsewhere)
		*done = a->accept ? REVIEW_REJECTED : REVIEW_SAME;
	else if (fact.obligor_id.n == 0)
		return ERR_ABSENT;
	else if (!elsewhere)
		*done = a->accept ? REVIEW_SAME : REVIEW_ACCEPTED;
	else
		*done = a->accept ? REVIEW_ELSEWHERE : REVIEW_SAME;
	return ERR_OK;
}

enum err
decide_keys(struct decide *d, const struct fact_source *s,
	    struct match_key **key, size_t *count)
{
	struct diag why = { 0 };
	struct notice n;
	struct str json;
	enum err err = store_notice(d->in.store, s->source, s->record,
					 &d->arena, &json);

	*count = 0;
	if (err == ERR_OK)
		err = notice_get(json, &d->arena, &n, &why);
	if (err == ERR_OK)
		return match_keys(d->in.schemes, &n, &d->arena, key, count);
	if (err_class(err) != ERR_REJECT)
		return err;
	/* Kept under rules that were laxer: nothing speaks for it here, and
	 * the question can be answered all the same. */
	if (err != ERR_ABSENT)
		log_op(LOG_WARN, "review.notice", "source=%.*s why=\"%s\"",
		       STR_ARG(s->source), why.why);
	return ERR_OK;
}

/* The first id that speaks for the obligor: there was another's too. */
static enum err
find_id(struct decide *d, const struct review *q, struct buf *out)
{
	struct fact_source *s = NULL;
	size_t sources = 0;
	enum err err = store_fact_sources(d->in.store, q->fact_id, &d->arena,
					  &s, &sources);

	for (size_t i = 0; i < sources && err == ERR_OK && out->n == 0; i++) {
		struct match_key *key = NULL;
		size_t count = 0;

		err = decide_keys(d, &s[i], &key, &count);
		for (size_t k = 0; k < count && err == ERR_OK; k++) {
			struct str *id = NULL;
			size_t n = 0;

			if (!key[k].hard)
				continue;
			err = store_obligors_by_id(d->in.store, key[k].scheme,
						   key[k].value, &d->arena,
						   &id, &n);
			while (err == ERR_OK && n > 0 && out->n == 0)
				if (str_eq(id[--n], q->obligor_id))
					buf_printf(out, "%.*s:%.*s",
						   STR_ARG(key[k].scheme),
						   STR_ARG(key[k].value));
		}
	}
	return err;
}

enum err
decide_shares_id(struct decide *d, const struct review *q, bool *out)
{
	struct buf key;
	enum err err;

	buf_init(&key, ID_VALUE_MAX + 80);
	err = find_id(d, q, &key);
	*out = key.n > 0;
	buf_free(&key);
	return err;
}

enum err
decide_supposed(struct decide *d, const struct review *q, struct str said,
		struct match *out)
{
	struct match m = { .verdict = MATCH_ACCEPT,
			   .obligor_id = q->obligor_id,
			   .score = q->score };
	struct buf why;
	struct buf key;
	enum err err;

	buf_init(&why, q->why.n + said.n + 1);
	buf_init(&key, ID_VALUE_MAX + 80);
	buf_printf(&why, "%.*s%s%.*s", STR_ARG(q->why),
		   q->why.n > 0 && said.n > 0 ? "\n" : "", STR_ARG(said));
	err = find_id(d, q, &key);
	m.method = key.n > 0 ? S("id") : S("name");
	m.keys = arena_str(&d->arena, buf_str(&key));
	m.why = arena_str(&d->arena, buf_str(&why));
	buf_free(&key);
	buf_free(&why);
	if (err == ERR_OK && (m.keys.p == NULL || m.why.p == NULL))
		err = ERR_LIMIT;
	*out = m;
	return err;
}

/* The fact is one's: it is not the others', who were asked about or had it,
 * whenever their rows are written anew. */
static enum err
not_theirs(struct decide *d, const struct review *q, struct str was,
	   struct instant now)
{
	const struct str why = S("another was accepted");
	char room[FACT_KEY_SIZE];
	struct str key = fact_key(q->fact_id, room);
	struct review *other = NULL;
	size_t count = 0;
	enum err err = store_reviews_of(d->in.store, q->fact_id, &d->arena,
					&other, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (!str_eq(other[i].obligor_id, q->obligor_id))
			err = store_reject_put(d->in.store, key,
					       other[i].obligor_id, why,
					       now.wall_ms);
	if (err == ERR_OK && was.n > 0 && !str_eq(was, q->obligor_id))
		err = store_reject_put(d->in.store, key, was, why,
				       now.wall_ms);
	return err;
}

static enum err
accept(struct decide *d, const struct review_answer *a,
       const struct review *q, struct instant now)
{
	struct match m;
	struct fact fact;
	struct str was = STR_NONE;
	bool is_free = false;
	enum err err = store_fact(d->in.store, q->fact_id, &d->arena, &fact);

	if (err == ERR_OK)
		err = facts_is_free(&d->facts, &fact, &is_free);
	if (err == ERR_OK && !is_free)
		was = fact.obligor_id;
	if (err == ERR_OK)
		err = decide_supposed(d, q, S("confirmed by a reviewer"), &m);
	if (err == ERR_OK)
		err = facts_attach(&d->facts, &fact, &m, now, &d->arena);
	if (err == ERR_OK)
		err = not_theirs(d, q, was, now);
	if (err == ERR_OK)
		err = decide_answered(d, &fact, true, now);
	if (err == ERR_OK && was.n > 0 && !str_eq(was, fact.obligor_id))
		err = decide_not_of(d, &fact, was, now);
	if (err == ERR_OK)
		err = decide_is_history(d, q->fact_id, q->at, &d->by_book);
	if (err == ERR_OK)
		err = decide_journal(d, now, "review.accept",
				     "who=%.*s score=%d fact=%.*s "
				     "obligor=%.*s",
				     STR_ARG(a->who), q->score,
				     STR_ARG(q->fact_id),
				     STR_ARG(q->obligor_id));
	if (err == ERR_OK)
		err = decide_episode(d, fact.obligor_id, fact.family,
				     fact.episode, now);
	d->by_book = false;
	return err;
}

/* The names of one notice behind the fact are not the obligor's. */
static enum err
reject_names(struct decide *d, const struct review_answer *a,
	     const struct fact_source *s, struct instant now)
{
	struct match_key *key = NULL;
	size_t count = 0;
	enum err err = decide_keys(d, s, &key, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		if (str_eq(key[i].scheme, S("name")))
			err = store_reject_put(d->in.store, key[i].value,
					       a->obligor_id, a->why,
					       now.wall_ms);
	return err;
}

static enum err
reject_one(struct decide *d, const struct review_answer *a,
	   const struct review *q, struct instant now)
{
	char room[FACT_KEY_SIZE];
	enum err err;

	err = store_reject_put(d->in.store, fact_key(q->fact_id, room),
			       q->obligor_id, a->why, now.wall_ms);
	if (err == ERR_OK)
		err = decide_drop(d, q, now);
	if (err != ERR_OK)
		return err;
	return decide_journal(d, now, "review.reject",
			      "who=%.*s fact=%.*s obligor=%.*s why=\"%.*s\"",
			      STR_ARG(a->who), STR_ARG(q->fact_id),
			      STR_ARG(q->obligor_id), STR_ARG(a->why));
}

/* Whether every name of the fact is rejected for the obligor, and no id of
 * its speaks for it: then the answer is known. */
static enum err
is_answered(struct decide *d, const struct review *q, bool *out)
{
	struct fact_source *s = NULL;
	size_t sources = 0;
	size_t names = 0;
	bool by_id = false;
	enum err err = decide_shares_id(d, q, &by_id);

	*out = !by_id;
	if (err == ERR_OK && *out)
		err = store_fact_sources(d->in.store, q->fact_id, &d->arena,
					 &s, &sources);
	for (size_t i = 0; i < sources && err == ERR_OK && *out; i++) {
		struct match_key *k = NULL;
		size_t count = 0;

		err = decide_keys(d, &s[i], &k, &count);
		for (; count > 0 && err == ERR_OK && *out; count--) {
			if (!str_eq(k[count - 1].scheme, S("name")))
				continue;
			names++;
			err = has_rejected(d, k[count - 1].value,
					   q->obligor_id, out);
		}
	}
	*out = *out && names > 0;
	return err;
}

/* The names are not the obligor's: other questions that asked by them alone
 * are answered with this one. */
static enum err
reject_alike(struct decide *d, const struct review_answer *a,
	     struct instant now)
{
	struct review *q = NULL;
	size_t count = 0;
	enum err err = store_reviews(d->in.store, &d->arena, &q, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		size_t mark = arena_mark(&d->arena);
		bool same = false;

		if (str_eq(q[i].obligor_id, a->obligor_id))
			err = is_answered(d, &q[i], &same);
		if (err == ERR_OK && same)
			err = reject_one(d, a, &q[i], now);
		arena_rewind(&d->arena, mark);
	}
	return err;
}

static enum err
reject(struct decide *d, const struct review_answer *a,
       const struct review *q, struct instant now)
{
	struct fact_source *s = NULL;
	size_t count = 0;
	enum err err = store_fact_sources(d->in.store, q->fact_id, &d->arena,
					  &s, &count);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = reject_names(d, a, &s[i], now);
	if (err == ERR_OK)
		err = reject_one(d, a, q, now);
	return err == ERR_OK ? reject_alike(d, a, now) : err;
}

enum err
decide_review(struct decide *d, const struct review_answer *a,
	      struct instant now, enum review_done *done)
{
	size_t mark = arena_mark(&d->arena);
	struct review q;
	enum err err;

	if (a->fact_id.n > STR_ID_MAX || a->why.n > REVIEW_WHY_MAX ||
	    (!a->accept && a->why.n == 0))
		return ERR_INPUT;
	err = store_review(d->in.store, a->fact_id, a->obligor_id, &d->arena,
			   &q);
	*done = REVIEW_DONE;
	if (err == ERR_ABSENT)
		err = answered(d, a, done);
	else if (err == ERR_OK)
		err = a->accept ? accept(d, a, &q, now) :
				  reject(d, a, &q, now);
	if (err == ERR_OK)
		err = decide_freed(d, now);
	arena_rewind(&d->arena, mark);
	return err;
}
