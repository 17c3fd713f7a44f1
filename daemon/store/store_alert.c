/*
 * store_alert.c - alerts, their revisions, reserved reports, the journal.
 */
#include "store_priv.h"

SHAPE(alert_shape, ALERT_FIELDS, struct alert);
SHAPE(revision_shape, REVISION_FIELDS, struct revision);

/* clang-format off */
#define COUNT_FIELDS(X, S)						\
	X(S, I64, open[1], 0)		X(S, I64, open[2], 0)		\
	X(S, I64, open[3], 0)		X(S, I64, open[4], 0)		\
	X(S, I64, unacked, 0)		X(S, I64, duties, 0)		\
	X(S, I64, duties_soon, 0)	X(S, I64, duties_missed, 0)
/* clang-format on */
SHAPE(count_shape, COUNT_FIELDS, struct alert_counts);

_Static_assert(ALERT_OPEN == 1 && ALERT_ACTIONED == 4 &&
		   ALERT_RESOLVED == 5 && ALERT_CLOSED == 6 &&
		   ALERT_RETRACTED == 7 && ALERT_DISCARDED == 8,
	       "the numbers of alert states that stand in SQL text");

enum err
store_alert_put(struct store *s, const struct alert *a)
{
	struct query q = query_change(
	    s, SQL_UPSERT("alert", ALERT_FIELDS, "alert_id", "updated_at"));

	query_bind(&q, &alert_shape, a);
	return query_run(&q);
}

enum err
store_alert_by_key(struct store *s, struct str dedup_key, struct arena *a,
		   struct alert *out)
{
	struct query q = query_of(s, SQL_SELECT("alert", ALERT_FIELDS)
				     "WHERE dedup_key = ?");

	query_str(&q, dedup_key);
	return query_one(&q, &alert_shape, a, out);
}

enum err
store_alert_by_id(struct store *s, struct str alert_id, struct arena *a,
		  struct alert *out)
{
	struct query q = query_of(s, SQL_SELECT("alert", ALERT_FIELDS)
				     "WHERE alert_id = ?");

	query_str(&q, alert_id);
	return query_one(&q, &alert_shape, a, out);
}

enum err
store_alerts(struct store *s, struct str obligor_id, struct arena *a,
	     struct alert **out, size_t *count)
{
	struct query q =
	    query_of(s, SQL_SELECT("alert", ALERT_FIELDS)
			"WHERE state NOT IN (6, 8) ORDER BY created_at, rid");

	if (obligor_id.n > 0) {
		q = query_of(s, SQL_SELECT("alert", ALERT_FIELDS)
				"WHERE obligor_id = ? AND state NOT IN (6, 8)"
				" ORDER BY created_at, rid");
		query_str(&q, obligor_id);
	}
	return query_all(&q, &alert_shape, a, out, count);
}

enum err
store_alerts_ever(struct store *s, struct str obligor_id, struct arena *a,
		  struct alert **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("alert", ALERT_FIELDS)
				     "WHERE obligor_id = ? ORDER BY rid");

	query_str(&q, obligor_id);
	return query_all(&q, &alert_shape, a, out, count);
}

enum err
store_alert_former(struct store *s, const struct alert *was,
		   struct str obligor_id, struct str dedup_key)
{
	enum err err;
	struct query q = query_change(
	    s, "UPDATE alert SET obligor_id = ?, dedup_key = ?"
	       " WHERE alert_id = ?");

	query_str(&q, obligor_id);
	query_str(&q, dedup_key);
	query_str(&q, was->alert_id);
	err = query_run(&q);
	if (err != ERR_OK)
		return err;
	/* Whose its fact was: store_fact_was. */
	q = query_change(s, "UPDATE OR REPLACE fact_key SET value = ?3"
			    " WHERE scheme = 'was ' || ?1 AND value = ?2");
	query_str(&q, was->fact_id);
	query_str(&q, was->obligor_id);
	query_str(&q, obligor_id);
	return query_run(&q);
}

enum err
store_alert_obligors(struct store *s, struct arena *a, struct str **out,
		     size_t *count)
{
	struct query q = query_of(s, "SELECT DISTINCT 0, obligor_id FROM alert"
				     " WHERE state NOT IN (6, 7, 8)"
				     " ORDER BY 2");

	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_alerts_gone(struct store *s, struct str after, size_t max,
		  struct arena *a, struct str **out, size_t *count)
{
	struct query q = query_of(s, "SELECT DISTINCT 0, obligor_id FROM alert"
				     " WHERE obligor_id > ?"
				     " AND state BETWEEN 1 AND 4 AND NOT"
				     IN_BOOK("alert") " ORDER BY 2 LIMIT ?");

	query_str(&q, after);
	query_u64(&q, max);
	return query_all(&q, &shape_str, a, out, count);
}

#define HOW_MANY(what) ", coalesce(sum(" what "), 0)"
#define DUTY "duty_met_at IS NULL AND duty_on "

enum err
store_alert_counts(struct store *s, int32_t today, int32_t soon,
		   struct alert_counts *out)
{
	struct query q = query_of(
	    s, "SELECT 0" HOW_MANY("severity = 1") HOW_MANY("severity = 2")
		   HOW_MANY("severity = 3") HOW_MANY("severity = 4")
		   HOW_MANY("state = 1") HOW_MANY(DUTY ">= ?1")
		   HOW_MANY(DUTY "BETWEEN ?1 AND ?2") HOW_MANY(DUTY "< ?1")
		   " FROM alert WHERE state BETWEEN 1 AND 4");
	struct alert_counts counts = { 0 };
	struct arena a;
	enum err err = arena_init(&a, 4096);

	if (err != ERR_OK)
		return err;
	query_i64(&q, today);
	query_i64(&q, soon);
	err = query_one(&q, &count_shape, &a, &counts);
	arena_fini(&a);
	if (err == ERR_OK)
		*out = counts;
	return err;
}

enum err
store_revision_put(struct store *s, const struct revision *r)
{
	struct query q =
	    query_change(s, SQL_UPSERT("revision", REVISION_FIELDS,
				       "alert_id, revision", "at"));

	query_bind(&q, &revision_shape, r);
	return query_run(&q);
}

enum err
store_revisions(struct store *s, struct str alert_id, struct arena *a,
		struct revision **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("revision", REVISION_FIELDS)
				     "WHERE alert_id = ? ORDER BY revision");

	query_str(&q, alert_id);
	return query_all(&q, &revision_shape, a, out, count);
}

enum err
store_revision_at(struct store *s, struct str stream, uint64_t seq,
		  struct arena *a, struct revision *out)
{
	struct query q = query_of(s, SQL_SELECT("revision", REVISION_FIELDS)
				     "WHERE stream = ? AND seq = ?");

	/* 0 is no place: revisions that were never sent carry it. */
	if (seq == 0)
		return ERR_ABSENT;
	query_str(&q, stream);
	query_u64(&q, seq);
	return query_one(&q, &revision_shape, a, out);
}

enum err
store_report_reserve(struct store *s, struct str policy_id,
		     struct str alert_id, int64_t now_ms)
{
	struct query q = query_change(
	    s, "INSERT OR IGNORE INTO report (policy_id, alert_id, at)"
	       " VALUES (?, ?, ?)");

	query_str(&q, policy_id);
	query_str(&q, alert_id);
	query_i64(&q, now_ms);
	return query_run(&q);
}

enum err
store_reports_used(struct store *s, struct str policy_id, int *count)
{
	struct query q =
	    query_of(s, "SELECT count(*) FROM report WHERE policy_id = ?");
	int64_t n = 0;
	enum err err;

	query_str(&q, policy_id);
	err = query_int(&q, 0, &n);
	if (err == ERR_OK)
		*count = n > INT32_MAX ? INT32_MAX : (int)n;
	return err;
}

enum err
store_journal(struct store *s, int64_t now_ms, struct str what,
	      struct str detail)
{
	struct query q = query_change(s, "INSERT INTO journal (at, what,"
					 " detail) VALUES (?, ?, ?)");

	query_i64(&q, now_ms);
	query_str(&q, what);
	query_str(&q, detail);
	return query_run(&q);
}

enum err
store_journal_lines(struct store *s, int64_t *lines)
{
	/* Nothing is ever taken out: to count them would read all. */
	struct query q = query_of(s, "SELECT max(rid) FROM journal");

	return query_int(&q, 0, lines);
}
