/*
 * store_fact.c - notices as they came, and the facts made of them.
 */
#include "store_priv.h"

SHAPE(fact_shape, FACT_FIELDS, struct fact);
SHAPE(source_shape, SOURCE_FIELDS, struct fact_source);
SHAPE(review_shape, REVIEW_FIELDS, struct review);

/*
 * Every content a record ever had is kept, in order: what a source said and
 * when is evidence.  Only the last counts for NOTICE_SAME, so a record that
 * goes back to an older content has changed again.
 */
enum err
store_notice_put(struct store *s, const struct notice *n, struct str content,
		 struct str json, int64_t now_ms, enum notice_seen *seen)
{
	struct query q = query_change(
	    s, "SELECT content = ?3 FROM notice WHERE source = ?1"
	       " AND record = ?2 ORDER BY rid DESC LIMIT 1");
	int64_t same = -1;
	enum err err;

	query_str(&q, n->source);
	query_str(&q, n->record);
	query_str(&q, content);
	err = query_int(&q, -1, &same);
	if (err == ERR_OK && same != 1) {
		q = query_change(s, "INSERT INTO notice (source, record,"
				    " content, json, seen_at)"
				    " VALUES (?, ?, ?, ?, ?)");
		query_str(&q, n->source);
		query_str(&q, n->record);
		query_str(&q, content);
		query_str(&q, json);
		query_i64(&q, now_ms);
		err = query_run(&q);
	}
	if (err != ERR_OK)
		return err;
	*seen = same == 1 ? NOTICE_SAME :
		same == 0 ? NOTICE_CHANGED :
			    NOTICE_FIRST;
	return ERR_OK;
}

enum err
store_notice(struct store *s, struct str source, struct str record,
	     struct arena *a, struct str *json)
{
	struct query q =
	    query_of(s, "SELECT 0, json FROM notice WHERE source = ?"
			" AND record = ? ORDER BY rid DESC LIMIT 1");

	query_str(&q, source);
	query_str(&q, record);
	return query_one(&q, &shape_str, a, json);
}

enum err
store_fact_put(struct store *s, const struct fact *f)
{
	struct query q = query_change(
	    s, SQL_UPSERT("fact", FACT_FIELDS, "fact_id", "updated_at"));

	query_bind(&q, &fact_shape, f);
	return query_run(&q);
}

enum err
store_fact(struct store *s, struct str fact_id, struct arena *a,
	   struct fact *out)
{
	struct query q = query_of(s, SQL_SELECT("fact", FACT_FIELDS)
				     "WHERE fact_id = ?");

	query_str(&q, fact_id);
	return query_one(&q, &fact_shape, a, out);
}

enum err
store_facts_of(struct store *s, struct str obligor_id, struct str family,
	       struct arena *a, struct fact **out, size_t *count)
{
	struct query q = query_of(
	    s, SQL_SELECT("fact", FACT_FIELDS)
		   "WHERE obligor_id = ?1 AND (?2 = '' OR family = ?2)"
		   " ORDER BY rid");

	query_str(&q, obligor_id);
	query_str(&q, family);
	return query_all(&q, &fact_shape, a, out, count);
}

enum err
store_fact_key_put(struct store *s, struct str fact_id, struct str scheme,
		   struct str value)
{
	struct query q = query_change(
	    s, "INSERT OR IGNORE INTO fact_key (fact_id, scheme, value)"
	       " VALUES (?, ?, ?)");

	query_str(&q, fact_id);
	query_str(&q, scheme);
	query_str(&q, value);
	return query_run(&q);
}

/* Among the keys, under a scheme that no book has: there is an index. */
enum err
store_fact_was_put(struct store *s, struct str fact_id, struct str obligor_id)
{
	struct query q = query_change(
	    s, "INSERT OR IGNORE INTO fact_key (fact_id, scheme, value)"
	       " VALUES (?1, 'was ' || ?1, ?2)");

	query_str(&q, fact_id);
	query_str(&q, obligor_id);
	return query_run(&q);
}

enum err
store_fact_was(struct store *s, struct str fact_id, struct arena *a,
	       struct str **out, size_t *count)
{
	struct query q = query_of(s, "SELECT 0, value FROM fact_key"
				     " WHERE scheme = 'was ' || ?"
				     " ORDER BY value");

	query_str(&q, fact_id);
	return query_all(&q, &shape_str, a, out, count);
}

static enum err
with_key(struct store *s, const char *sql, struct str key[2], struct arena *a,
	 struct fact **out, size_t *count)
{
	struct query q = query_of(s, sql);

	query_str(&q, key[0]);
	query_str(&q, key[1]);
	return query_all(&q, &fact_shape, a, out, count);
}

#define WITH_KEY                                                               \
	" AND fact_id IN (SELECT fact_id FROM fact_key WHERE scheme = ?"       \
	" AND value = ?) ORDER BY rid"

enum err
store_facts_unmatched(struct store *s, struct str scheme, struct str value,
		      struct arena *a, struct fact **out, size_t *count)
{
	return with_key(s, SQL_SELECT("fact", FACT_FIELDS) "WHERE NOT"
			   IN_BOOK("fact") WITH_KEY,
			(struct str[2]){ scheme, value }, a, out, count);
}

enum err
store_facts_matched(struct store *s, struct str scheme, struct str value,
		    struct arena *a, struct fact **out, size_t *count)
{
	return with_key(s, SQL_SELECT("fact", FACT_FIELDS) "WHERE"
			   IN_BOOK("fact") WITH_KEY,
			(struct str[2]){ scheme, value }, a, out, count);
}

enum err
store_fact_source_put(struct store *s, const struct fact_source *f)
{
	struct query q =
	    query_change(s, SQL_UPSERT("fact_source", SOURCE_FIELDS,
				       "source, record", "fact_id"));

	query_bind(&q, &source_shape, f);
	return query_run(&q);
}

enum err
store_fact_sources(struct store *s, struct str fact_id, struct arena *a,
		   struct fact_source **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("fact_source", SOURCE_FIELDS)
				     "WHERE fact_id = ? ORDER BY rid");

	query_str(&q, fact_id);
	return query_all(&q, &source_shape, a, out, count);
}

enum err
store_fact_by_record(struct store *s, struct str source, struct str record,
		     struct arena *a, struct fact *out)
{
	struct query q = query_of(
	    s, SQL_SELECT("fact", FACT_FIELDS)
		   "WHERE fact_id = (SELECT fact_id FROM fact_source"
		   " WHERE source = ? AND record = ?)");

	query_str(&q, source);
	query_str(&q, record);
	return query_one(&q, &fact_shape, a, out);
}

enum err
store_review_put(struct store *s, const struct review *r)
{
	struct query q = query_change(
	    s, "INSERT INTO review (fact_id, obligor_id, score, at, why)"
	       " VALUES (?, ?, ?, ?, ?) ON CONFLICT (fact_id, obligor_id)"
	       " DO UPDATE SET score = excluded.score, why = excluded.why");

	query_bind(&q, &review_shape, r);
	return query_run(&q);
}

enum err
store_review(struct store *s, struct str fact_id, struct str obligor_id,
	     struct arena *a, struct review *out)
{
	struct query q = query_of(s, SQL_SELECT("review", REVIEW_FIELDS)
				     "WHERE fact_id = ? AND obligor_id = ?");

	query_str(&q, fact_id);
	query_str(&q, obligor_id);
	return query_one(&q, &review_shape, a, out);
}

enum err
store_reviews(struct store *s, struct arena *a, struct review **out,
	      size_t *count)
{
	struct query q =
	    query_of(s, SQL_SELECT("review", REVIEW_FIELDS) "ORDER BY rid");

	return query_all(&q, &review_shape, a, out, count);
}

enum err
store_reviews_of(struct store *s, struct str fact_id, struct arena *a,
		 struct review **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("review", REVIEW_FIELDS)
				     "WHERE fact_id = ? ORDER BY rid");

	query_str(&q, fact_id);
	return query_all(&q, &review_shape, a, out, count);
}

enum err
store_review_drop(struct store *s, struct str fact_id, struct str obligor_id)
{
	struct query q =
	    query_change(s, "DELETE FROM review WHERE fact_id = ?1"
			    " AND (?2 = '' OR obligor_id = ?2)");

	query_str(&q, fact_id);
	query_str(&q, obligor_id);
	return query_run(&q);
}

enum err
store_reviews_gone(struct store *s, size_t max, struct arena *a,
		   struct review **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("review", REVIEW_FIELDS)
				     "WHERE NOT" IN_BOOK("review")
				     " ORDER BY rid LIMIT ?");

	query_u64(&q, max);
	return query_all(&q, &review_shape, a, out, count);
}

enum err
store_review_count(struct store *s, int64_t *count)
{
	struct query q = query_of(s, "SELECT count(*) FROM review");

	return query_int(&q, 0, count);
}

enum err
store_reject_put(struct store *s, struct str key, struct str obligor_id,
		 struct str why, int64_t now_ms)
{
	struct query q = query_change(
	    s, "INSERT OR IGNORE INTO rejected (key, obligor_id, why, at)"
	       " VALUES (?, ?, ?, ?)");

	query_str(&q, key);
	query_str(&q, obligor_id);
	query_str(&q, why);
	query_i64(&q, now_ms);
	return query_run(&q);
}

enum err
store_rejected(struct store *s, struct str key, struct arena *a,
	       struct str **obligor_id, size_t *count)
{
	struct query q = query_of(s, "SELECT 0, obligor_id FROM rejected"
				     " WHERE key = ? ORDER BY 2");

	query_str(&q, key);
	return query_all(&q, &shape_str, a, obligor_id, count);
}
