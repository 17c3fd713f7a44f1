/*
 * match.c - hard ids, then exact name keys.
 */
#include "match.h"

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

/* Keeps the better score of a candidate met twice; the rest is dropped when
 * full, which only ever shortens a reviewer's list. */
static void
add_candidate(struct match *m, struct str obligor_id, int score)
{
	struct match_candidate *c = m->candidate;
	size_t i;

	for (i = 0; i < m->candidate_count; i++)
		if (str_eq(c[i].obligor_id, obligor_id)) {
			if (score > c[i].score)
				c[i].score = score;
			return;
		}
	if (m->candidate_count == MATCH_CANDIDATES_MAX)
		return;
	c[m->candidate_count++] = (struct match_candidate){ obligor_id,
							    score };
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

static enum err
by_ids(struct store *s, struct match *m, struct arena *a, struct buf *keys)
{
	for (size_t i = 0; i < m->key_count; i++) {
		const struct match_key *key = &m->key[i];
		struct str *id = NULL;
		size_t n = 0;
		enum err err;

		if (!key->hard)
			continue;
		err = store_obligors_by_id(s, key->scheme, key->value, a, &id,
					   &n);
		if (err != ERR_OK)
			return err;
		for (size_t k = 0; k < n; k++)
			add_candidate(m, id[k], MATCH_SCORE_ID);
		if (n > 0)
			buf_printf(keys, "%s%.*s:%.*s", keys->n > 0 ? " " : "",
				   STR_ARG(key->scheme), STR_ARG(key->value));
	}
	return ERR_OK;
}

static enum err
by_names(struct store *s, struct match *m, const struct notice *n,
	 struct arena *a)
{
	for (size_t i = 0; i < m->key_count; i++) {
		const struct match_key *key = &m->key[i];
		struct str *id = NULL;
		size_t count = 0;
		enum err err;

		if (!str_eq(key->scheme, S("name")))
			continue;
		err = store_obligors_by_name(s, key->value, a, &id, &count);
		if (err != ERR_OK)
			return err;
		for (size_t k = 0; k < count; k++) {
			struct obligor o;
			bool near;

			err = store_obligor(s, id[k], a, &o);
			if (err != ERR_OK)
				return err;
			near = n->country.n == 0 ||
			       str_eq(n->country, o.country);
			add_candidate(m, id[k],
				      near ? MATCH_SCORE_NAME :
					     MATCH_SCORE_NAME_ELSEWHERE);
		}
	}
	return ERR_OK;
}

enum err
match_notice(struct store *s, const struct idschemes *t,
	     const struct notice *n, struct arena *a, struct match *out)
{
	struct match m = { 0 };
	struct buf keys;
	enum err err;

	buf_init(&keys, NOTICE_IDS_MAX * (size_t)(ID_VALUE_MAX + 80));
	m.candidate = arena_array(a, struct match_candidate,
				  MATCH_CANDIDATES_MAX);
	err = m.candidate == NULL ? ERR_LIMIT :
				    match_keys(t, n, a, &m.key, &m.key_count);
	if (err == ERR_OK)
		err = by_ids(s, &m, a, &keys);
	m.method = m.candidate_count > 0 ? S("id") : STR_NONE;
	if (err == ERR_OK && m.candidate_count == 0) {
		err = by_names(s, &m, n, a);
		m.method = m.candidate_count > 0 ? S("name") : STR_NONE;
	}
	sort_candidates(&m);
	if (m.candidate_count > 0)
		m.score = m.candidate[0].score;
	if (m.candidate_count == 1 && str_eq(m.method, S("id"))) {
		m.verdict = MATCH_ACCEPT;
		m.obligor_id = m.candidate[0].obligor_id;
	} else if (m.candidate_count > 0) {
		m.verdict = MATCH_REVIEW;
	}
	m.keys = arena_str(a, buf_str(&keys));
	if (err == ERR_OK && (keys.err != ERR_OK || m.keys.p == NULL))
		err = ERR_LIMIT;
	buf_free(&keys);
	if (err == ERR_OK)
		*out = m;
	return err;
}
