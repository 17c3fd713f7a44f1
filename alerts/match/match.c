/*
 * match.c - hard ids, then names.
 */
#include "match.h"

#include <stdio.h>

#include "fold.h"

static enum err
key_of_id(const struct idschemes *t, const struct notice_id *id,
	  struct arena *a, struct match_key *out)
{
	const struct idscheme *scheme = idschemes_find(t, id->scheme);
	char canon[ID_VALUE_MAX];
	struct diag why = { 0 };

	if (scheme == NULL || idscheme_canon(t, id->scheme, id->value, canon,
					     &why) != ERR_OK)
		return ERR_ABSENT;
	out->scheme = scheme->name;
	out->value = arena_str(a, str_of(canon));
	out->hard = scheme->hard;
	return out->value.p == NULL ? ERR_LIMIT : ERR_OK;
}

static enum err
key_of_name(const struct notice_name *name, struct arena *a,
	    struct match_key *out)
{
	struct buf b;
	enum err err;

	buf_init(&b, FOLD_NAME_MAX);
	err = fold_name(&b, name->text);
	if (err != ERR_OK || b.err != ERR_OK || b.n == 0) {
		err = ERR_ABSENT;
	} else {
		out->scheme = S("name");
		out->value = arena_str(a, buf_str(&b));
		out->hard = 0;
		err = out->value.p == NULL ? ERR_LIMIT : ERR_OK;
	}
	buf_free(&b);
	return err;
}

static bool
is_new(const struct match_key *key, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(key[i].scheme, key[count].scheme) &&
		    str_eq(key[i].value, key[count].value))
			return false;
	return true;
}

enum err
match_keys(const struct idschemes *t, const struct notice *n, struct arena *a,
	   struct match_key **out, size_t *count)
{
	struct match_key *key;
	size_t k = 0;
	enum err err;

	key = arena_array(a, struct match_key, n->id_count + n->name_count + 1);
	if (key == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < n->id_count; i++) {
		err = key_of_id(t, &n->ids[i], a, &key[k]);
		if (err == ERR_LIMIT)
			return err;
		k += err == ERR_OK && is_new(key, k);
	}
	for (size_t i = 0; i < n->name_count; i++) {
		err = key_of_name(&n->names[i], a, &key[k]);
		if (err == ERR_LIMIT)
			return err;
		k += err == ERR_OK && is_new(key, k);
	}
	*out = key;
	*count = k;
	return ERR_OK;
}

/* The notice at hand. */
struct look {
	const struct matcher *by;
	const struct notice *n;
	struct arena *a;
	struct match m;
};

/* Keeps the better score of a candidate met twice; the rest is dropped when
 * full, which only ever shortens a reviewer's list. */
static void
add_candidate(struct match *m, struct match_candidate new)
{
	struct match_candidate *c = m->candidate;
	size_t i;

	for (i = 0; i < m->candidate_count; i++)
		if (str_eq(c[i].obligor_id, new.obligor_id)) {
			if (new.score > c[i].score)
				c[i] = new;
			return;
		}
	if (m->candidate_count < MATCH_CANDIDATES_MAX)
		c[m->candidate_count++] = new;
}

static void
sort_candidates(struct match *m)
{
	struct match_candidate *c = m->candidate;

	for (size_t i = 1; i < m->candidate_count; i++) {
		struct match_candidate x = c[i];
		size_t k = i;

		for (; k > 0 && (c[k - 1].score < x.score ||
				 (c[k - 1].score == x.score &&
				  str_cmp(c[k - 1].obligor_id,
					  x.obligor_id) > 0));
		     k--)
			c[k] = c[k - 1];
		c[k] = x;
	}
}

/* ---- ids ---- */

static enum err
by_ids(struct look *l, struct buf *keys)
{
	for (size_t i = 0; i < l->m.key_count; i++) {
		const struct match_key *key = &l->m.key[i];
		struct match_candidate c = { .score = MATCH_SCORE_ID };
		struct str *id = NULL;
		char line[2 * ID_VALUE_MAX + 32];
		size_t n = 0;
		enum err err;

		if (!key->hard)
			continue;
		err = store_obligors_by_id(l->by->store, key->scheme,
					   key->value, l->a, &id, &n);
		if (err != ERR_OK)
			return err;
		(void)snprintf(line, sizeof(line), "%.*s = %.*s (hard id)",
			       STR_ARG(key->scheme), STR_ARG(key->value));
		if (n > 0)
			c.why = arena_str(l->a, str_of(line));
		for (size_t k = 0; k < n; k++) {
			c.obligor_id = id[k];
			add_candidate(&l->m, c);
		}
		if (n > 0)
			buf_printf(keys, "%s%.*s:%.*s", keys->n > 0 ? " " : "",
				   STR_ARG(key->scheme), STR_ARG(key->value));
	}
	return ERR_OK;
}

/* ---- names ---- */

static bool
is_in(struct str id, const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], id))
			return true;
	return false;
}

/* Obligors that a reviewer rejected for every name of the notice. */
static enum err
rejected(const struct look *l, struct str **out, size_t *count)
{
	bool first = true;

	*out = NULL;
	*count = 0;
	for (size_t i = 0; i < l->m.key_count; i++) {
		struct str *id = NULL;
		size_t n = 0, kept = 0;
		enum err err;

		if (!str_eq(l->m.key[i].scheme, S("name")))
			continue;
		err = store_rejected(l->by->store, l->m.key[i].value, l->a,
				     &id, &n);
		if (err != ERR_OK)
			return err;
		if (first) {
			*out = id;
			*count = n;
			first = false;
			continue;
		}
		for (size_t k = 0; k < *count; k++)
			if (is_in((*out)[k], id, n))
				(*out)[kept++] = (*out)[k];
		*count = kept;
	}
	return ERR_OK;
}

/* A question holds fewer names than a notice may have: those from *from on. */
static void
make_ask(const struct look *l, size_t *from, struct mask *ask)
{
	for (; *from < l->n->name_count && ask->names < MQUERY_NAMES_MAX;
	     ++*from)
		ask->name[ask->names++] = l->n->names[*from].text;
	for (size_t i = 0; i < l->m.key_count; i++) {
		const struct match_key *key = &l->m.key[i];

		if (!str_eq(key->scheme, S("name")) &&
		    ask->ids < MQUERY_IDS_MAX)
			ask->id[ask->ids++] =
			    (struct mask_id){ key->scheme, key->value };
	}
	ask->country = l->n->country;
	ask->address = l->n->address;
}

static enum err
keep_lines(const struct manswer *answer, struct arena *a, struct str *out)
{
	struct buf b;

	buf_init(&b, MQUERY_TEXT_MAX + MQUERY_WHY_MAX);
	for (unsigned i = 0; i < answer->whys; i++)
		buf_printf(&b, "%s%.*s", i > 0 ? "\n" : "",
			   STR_ARG(answer->why[i]));
	*out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out->p == NULL ? ERR_LIMIT : ERR_OK;
}

/* The best of all answers, and who is accepted. */
struct best {
	int score;
	bool accepted;
	int enough;	/* the score from which a name is accepted */
	struct str top; /* whose the best is; of the first of several */
	struct str id; /* of the last one accepted */
	unsigned ids;  /* how many were */
	struct str sure; /* the first whose score is enough */
	unsigned sure_asked;
	bool torn; /* another question is as sure of somebody else */
};

/*
 * Of one question the index has weighed the candidates against each other.
 * Of whom another question is sure as well is a rival it did not see.
 */
static void
take_best(struct best *best, const struct match_candidate *c, bool accepted,
	  unsigned asked)
{
	if (c->score > best->score) {
		best->score = c->score;
		best->accepted = accepted;
		best->top = c->obligor_id;
	} else if (c->score == best->score &&
		   str_eq(c->obligor_id, best->top)) {
		best->accepted |= accepted;
	}
	if (c->score < best->enough)
		return;
	if (best->sure_asked == 0) {
		best->sure = c->obligor_id;
		best->sure_asked = asked;
	}
	best->torn |= asked != best->sure_asked &&
		      !str_eq(c->obligor_id, best->sure);
}

static enum err
take_answer(struct look *l, const struct manswer *answer, unsigned asked,
	    struct best *best)
{
	struct match_candidate c = { .score = answer->score };
	bool accepted = answer->verdict == MQ_ACCEPT;
	bool here = false;
	enum err err;

	/* A name stays in the segment until the next build, and a delta that
	 * is full does not hide it: whom the book has no more is nobody. */
	err = store_has_obligor(l->by->store, answer->obligor_id, &here);
	if (err != ERR_OK || !here)
		return err;
	c.obligor_id = arena_str(l->a, answer->obligor_id);
	err = keep_lines(answer, l->a, &c.why);
	if (err != ERR_OK || c.obligor_id.p == NULL)
		return ERR_LIMIT;
	if (accepted && (best->ids == 0 || !str_eq(best->id, c.obligor_id))) {
		best->id = c.obligor_id;
		best->ids++;
	}
	take_best(best, &c, accepted, asked);
	add_candidate(&l->m, c);
	return ERR_OK;
}

/*
 * By the index.  *sole: the best is accepted, and nobody else is; an obligor
 * the query found by a hard id is none the book has (by_ids asked it), so a
 * notice without ids of ours comes here alone.
 */
static enum err
by_index(struct look *l, const struct str *skip, size_t skips, bool *sole)
{
	const struct conf *conf = l->by->conf;
	const int review = (int)conf->match_review;
	const int accept = (int)conf->match_accept;
	const struct mlimits limits = { accept < review ? review : accept,
					review, true, false };
	struct best best = { .score = -1, .enough = limits.accept };
	size_t from = 0;
	unsigned asked = 0;
	enum err err = ERR_OK;

	do {
		struct mask ask = { .skip = skip, .skips = skips };
		const struct mresult *r;

		asked++;
		make_ask(l, &from, &ask);
		r = mwatch_ask(l->by->watch, &ask, &limits);
		for (unsigned i = 0; err == ERR_OK && i < r->n; i++)
			if (r->answer[i].verdict != MQ_REJECT &&
			    !r->answer[i].by_id)
				err = take_answer(l, &r->answer[i], asked,
						  &best);
	} while (err == ERR_OK && from < l->n->name_count);
	*sole = best.ids == 1 && best.accepted && !best.torn;
	return err;
}

/* Who is written alike, out of the store. */
static enum err
by_key(struct look *l, const struct str *skip, size_t skips)
{
	for (size_t i = 0; i < l->m.key_count; i++) {
		const struct match_key *key = &l->m.key[i];
		struct match_candidate c = {
			.score = MATCH_SCORE_NAME,
			.why = S("the same name; the index is being built")
		};
		struct str *id = NULL;
		size_t count = 0;
		enum err err;

		if (!str_eq(key->scheme, S("name")))
			continue;
		err = store_obligors_by_name(l->by->store, key->value, l->a,
					     &id, &count);
		if (err != ERR_OK)
			return err;
		for (size_t k = 0; k < count; k++) {
			c.obligor_id = id[k];
			if (!is_in(id[k], skip, skips))
				add_candidate(&l->m, c);
		}
	}
	return ERR_OK;
}

static enum err
by_names(struct look *l, bool name_accept)
{
	bool whole = mwatch_whole(l->by->watch);
	struct str *skip = NULL;
	size_t skips = 0;
	bool sole = false;
	enum err err = rejected(l, &skip, &skips);

	if (err == ERR_OK)
		err = by_index(l, skip, skips, &sole);
	if (err == ERR_OK && !whole)
		err = by_key(l, skip, skips);
	if (err != ERR_OK || l->m.candidate_count == 0)
		return err;
	l->m.method = S("name");
	l->m.verdict = sole && whole && name_accept &&
				       l->n->certainty != CERTAINTY_INFERRED ?
			   MATCH_ACCEPT :
			   MATCH_REVIEW;
	return ERR_OK;
}

enum err
match_notice(const struct matcher *by, const struct notice *n,
	     bool name_accept, struct arena *a, struct match *out)
{
	struct look l = { .by = by, .n = n, .a = a };
	struct match *m = &l.m;
	struct buf keys;
	enum err err;

	buf_init(&keys, NOTICE_IDS_MAX * (size_t)(ID_VALUE_MAX + 80));
	m->candidate = arena_array(a, struct match_candidate,
				   MATCH_CANDIDATES_MAX);
	err = m->candidate == NULL ?
		  ERR_LIMIT :
		  match_keys(by->schemes, n, a, &m->key, &m->key_count);
	if (err == ERR_OK)
		err = by_ids(&l, &keys);
	if (err == ERR_OK && m->candidate_count > 0) {
		m->method = S("id");
		m->verdict = m->candidate_count == 1 ? MATCH_ACCEPT :
						       MATCH_REVIEW;
	} else if (err == ERR_OK) {
		err = by_names(&l, name_accept);
	}
	sort_candidates(m);
	if (m->candidate_count > 0) {
		m->score = m->candidate[0].score;
		m->why = m->candidate[0].why;
	}
	if (m->verdict == MATCH_ACCEPT)
		m->obligor_id = m->candidate[0].obligor_id;
	m->keys = arena_str(a, buf_str(&keys));
	if (err == ERR_OK && (keys.err != ERR_OK || m->keys.p == NULL))
		err = ERR_LIMIT;
	buf_free(&keys);
	if (err == ERR_OK)
		*out = *m;
	return err;
}
