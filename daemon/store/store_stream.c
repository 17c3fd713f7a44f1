/*
 * store_stream.c - the log that subscribers read, and who read how far.
 *
 * A stream's head is kept beside its entries, so that a number is never
 * given twice, whatever retention removes.
 */
#include "store_priv.h"

SHAPE(entry_shape, ENTRY_FIELDS, struct entry);
SHAPE(consumer_shape, CONSUMER_FIELDS, struct consumer);
SHAPE(subscriber_shape, SUBSCRIBER_FIELDS, struct subscriber);
SHAPE(evidence_shape, EVIDENCE_FIELDS, struct evidence);

enum err
store_epoch(struct store *s, uint64_t *epoch)
{
	int64_t v = 0;
	enum err err = store_meta(s, "epoch", &v);

	if (err == ERR_OK)
		*epoch = (uint64_t)v;
	return err;
}

static enum err
head_get(struct store *s, struct str stream, int64_t *head)
{
	struct query q =
	    query_of(s, "SELECT head FROM stream WHERE stream = ?");

	query_str(&q, stream);
	return query_int(&q, 0, head);
}

static enum err
head_put(struct store *s, struct str stream, int64_t head)
{
	struct query q = query_change(
	    s, "INSERT INTO stream (stream, head) VALUES (?, ?)"
	       " ON CONFLICT (stream) DO UPDATE SET head = excluded.head");

	query_str(&q, stream);
	query_i64(&q, head);
	return query_run(&q);
}

enum err
store_entry_append(struct store *s, struct entry *e)
{
	struct entry next = *e;
	struct query q;
	int64_t head = 0;
	enum err err;

	must(s->in_tx);
	must(e->stream.n > 0);
	if (e->body.n > ALERT_BODY_MAX)
		return ERR_LIMIT;
	err = store_epoch(s, &next.epoch);
	if (err == ERR_OK)
		err = head_get(s, e->stream, &head);
	if (err == ERR_OK)
		err = head_put(s, e->stream, head + 1);
	if (err != ERR_OK)
		return err;
	next.seq = (uint64_t)head + 1;
	q = query_change(s, SQL_INSERT("entry", ENTRY_FIELDS));
	query_bind(&q, &entry_shape, &next);
	err = query_run(&q);
	if (err == ERR_OK)
		*e = next;
	/* The head has moved: without the entry there would be a hole. */
	else
		s->tx_failed = true;
	return err;
}

static int64_t
limit_of(size_t max)
{
	return max > STORE_ROWS_MAX ? STORE_ROWS_MAX : (int64_t)max;
}

enum err
store_entries(struct store *s, struct str stream, uint64_t from, size_t max,
	      struct arena *a, struct entry **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("entry", ENTRY_FIELDS)
				     "WHERE stream = ? AND seq >= ?"
				     " ORDER BY seq LIMIT ?");

	query_str(&q, stream);
	query_u64(&q, from > INT64_MAX ? INT64_MAX : from);
	query_i64(&q, limit_of(max));
	return query_all(&q, &entry_shape, a, out, count);
}

enum err
store_entries_unsigned(struct store *s, size_t max, struct arena *a,
		       struct entry **out, size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("entry", ENTRY_FIELDS)
				     "WHERE key_id < 0 ORDER BY rid LIMIT ?");

	query_i64(&q, limit_of(max));
	return query_all(&q, &entry_shape, a, out, count);
}

enum err
store_entry_sign(struct store *s, struct str stream, uint64_t seq, int key_id,
		 struct str signature)
{
	struct query q = query_change(
	    s, "UPDATE entry SET key_id = ?, signature = CAST(? AS BLOB)"
	       " WHERE stream = ? AND seq = ? RETURNING 1");
	int64_t hit = 0;
	enum err err;

	must(key_id >= 0);
	query_i64(&q, key_id);
	query_str(&q, signature);
	query_str(&q, stream);
	query_u64(&q, seq);
	err = query_int(&q, 0, &hit);
	return err == ERR_OK && hit == 0 ? ERR_ABSENT : err;
}

enum err
store_snapshot(struct store *s, struct str stream, uint64_t from,
	       uint64_t upto, size_t max, struct arena *a, struct entry **out,
	       size_t *count)
{
	struct query q = query_of(
	    s, SQL_SELECT("entry", ENTRY_FIELDS)
		   "WHERE stream = ?1 AND seq BETWEEN ?2 AND ?3"
		   " AND seq = (SELECT max(x.seq) FROM entry x WHERE"
		   " x.stream = ?1 AND x.alert_id = entry.alert_id"
		   " AND x.type <> 4)"
		   " AND EXISTS (SELECT 1 FROM alert l WHERE"
		   " l.alert_id = entry.alert_id"
		   " AND l.state NOT IN (5, 6, 7, 8))"
		   " ORDER BY seq LIMIT ?4");

	query_str(&q, stream);
	query_u64(&q, from > INT64_MAX ? INT64_MAX : from);
	query_u64(&q, upto > INT64_MAX ? INT64_MAX : upto);
	query_i64(&q, limit_of(max));
	return query_all(&q, &entry_shape, a, out, count);
}

enum err
store_stream_range(struct store *s, struct str stream, uint64_t *oldest,
		   uint64_t *head)
{
	struct query q =
	    query_of(s, "SELECT min(seq) FROM entry WHERE stream = ?");
	int64_t last = 0;
	int64_t first = 0;
	enum err err;

	query_str(&q, stream);
	err = query_int(&q, -1, &first);
	if (err == ERR_OK)
		err = head_get(s, stream, &last);
	if (err != ERR_OK)
		return err;
	/* All removed: the oldest kept is the next to come. */
	if (first < 0)
		first = last == 0 ? 0 : last + 1;
	*oldest = (uint64_t)first;
	*head = (uint64_t)last;
	return ERR_OK;
}

/* ---- who reads ---- */

enum err
store_consumer(struct store *s, struct str key, struct str stream,
	       struct str name, struct arena *a, struct consumer *out)
{
	struct query q =
	    query_of(s, SQL_SELECT("consumer", CONSUMER_FIELDS)
			"WHERE key = ? AND stream = ? AND name = ?");

	query_str(&q, key);
	query_str(&q, stream);
	query_str(&q, name);
	return query_one(&q, &consumer_shape, a, out);
}

enum err
store_consumer_put(struct store *s, const struct consumer *c)
{
	struct query q =
	    query_change(s, SQL_UPSERT("consumer", CONSUMER_FIELDS,
				       "key, stream, name", "cursor"));

	query_bind(&q, &consumer_shape, c);
	return query_run(&q);
}

enum err
store_consumer_count(struct store *s, struct str key, struct str stream,
		     int *count)
{
	struct query q = query_of(s, "SELECT count(*) FROM consumer"
				     " WHERE key = ? AND stream = ?");
	int64_t n = 0;
	enum err err;

	query_str(&q, key);
	query_str(&q, stream);
	err = query_int(&q, 0, &n);
	if (err == ERR_OK)
		*count = n > INT32_MAX ? INT32_MAX : (int)n;
	return err;
}

/* A cursor of another epoch stands nowhere in this log. */
#define LAG_SQL                                                                \
	"SELECT max(s.head - CASE WHEN c.epoch ="                              \
	" (SELECT value FROM meta WHERE name = 'epoch')"                       \
	" THEN c.cursor ELSE 0 END)"                                           \
	" FROM consumer c JOIN stream s ON s.stream = c.stream"

enum err
store_usage(struct store *s, struct store_usage *out)
{
	struct store_usage u = { 0 };
	struct query q = query_of(s, "SELECT page_count * page_size FROM"
				     " pragma_page_count, pragma_page_size");
	enum err err = query_int(&q, 0, &u.bytes);

	q = query_of(s, "SELECT count(*) FROM stream");
	if (err == ERR_OK)
		err = query_int(&q, 0, &u.streams);
	q = query_of(s, "SELECT count(*) FROM consumer");
	if (err == ERR_OK)
		err = query_int(&q, 0, &u.consumers);
	q = query_of(s, LAG_SQL);
	if (err == ERR_OK)
		err = query_int(&q, 0, &u.max_lag);
	if (err == ERR_OK)
		*out = u;
	return err;
}

enum err
store_nacks_add(struct store *s, int64_t now_ms, uint64_t count)
{
	struct query q =
	    query_change(s, "INSERT INTO nack (hour, count) VALUES (?, ?)"
			    " ON CONFLICT (hour) DO UPDATE SET"
			    " count = count + excluded.count");
	enum err err;

	query_i64(&q, now_ms / HOUR_MS);
	query_u64(&q, count);
	err = query_run(&q);
	if (err != ERR_OK)
		return err;
	/* Also what a clock set back left in the future. */
	q = query_change(s, "DELETE FROM nack WHERE hour NOT BETWEEN"
			    " ?1 - 24 AND ?1 + 24");
	query_i64(&q, now_ms / HOUR_MS);
	return query_run(&q);
}

enum err
store_nacks(struct store *s, int64_t now_ms, int64_t *count)
{
	struct query q = query_of(s, "SELECT sum(count) FROM nack"
				     " WHERE hour BETWEEN ?1 - 24 AND ?1");

	query_i64(&q, now_ms / HOUR_MS);
	return query_int(&q, 0, count);
}

enum err
store_subscriber_put(struct store *s, const struct subscriber *sub)
{
	struct query q =
	    query_change(s, SQL_UPSERT("subscriber", SUBSCRIBER_FIELDS,
				       "subscriber_id", "owner"));

	query_bind(&q, &subscriber_shape, sub);
	return query_run(&q);
}

enum err
store_subscribers(struct store *s, struct arena *a, struct subscriber **out,
		  size_t *count)
{
	struct query q = query_of(s, SQL_SELECT("subscriber",
						SUBSCRIBER_FIELDS)
				     "ORDER BY subscriber_id");

	return query_all(&q, &subscriber_shape, a, out, count);
}

enum err
store_evidence_put(struct store *s, const struct evidence *e, int *first)
{
	struct query q = query_change(
	    s, SQL_INSERT("evidence", EVIDENCE_FIELDS)
		   " ON CONFLICT (key, stream, epoch, seq, state) DO NOTHING"
		   " RETURNING 1");
	int64_t fresh = 0;
	enum err err;

	query_bind(&q, &evidence_shape, e);
	err = query_int(&q, 0, &fresh);
	if (err == ERR_OK)
		*first = (int)fresh;
	return err;
}
