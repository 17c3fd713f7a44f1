/*
 * store_watch.c - the rows the watch index is made of, and the names of facts
 * that are tried on it.
 */
#include "store_priv.h"
#include "store_shape.h"

/* clang-format off */
#define WATCH(B, S)							\
	B(S, I64, rid, rid, NULL)					\
	B(S, STR, obligor_id, obligor_id, NULL)				\
	B(S, STR, name, name, NULL)					\
	B(S, STR, aliases, aliases, NULL)				\
	B(S, STR, country, country, NULL)				\
	B(S, STR, ids, ids, NULL)					\
	B(S, STR, address, address, NULL)

#define NAME(B, S)							\
	B(S, I64, k.rid, rid, NULL)					\
	B(S, STR, k.fact_id, fact_id, NULL)				\
	B(S, STR, k.value, key, NULL)					\
	B(S, STR, f.name, name, NULL)
/* clang-format on */

B_SHAPE(watch_shape, WATCH, struct watch_row);
B_SHAPE(name_shape, NAME, struct fact_name);

enum err
store_watch_rows(struct store *s, int64_t after, size_t max, struct arena *a,
		 struct watch_row **out, size_t *count)
{
	struct query q = query_of(s, "SELECT 0" WATCH(B_COL, -)
				     " FROM obligors WHERE rid > ?"
				     " ORDER BY rid LIMIT ?");

	query_i64(&q, after);
	query_u64(&q, max);
	return query_all(&q, &watch_shape, a, out, count);
}

enum err
store_watch_changed(struct store *s, int64_t since, size_t skip, size_t max,
		    struct arena *a, struct watch_row **out, size_t *count)
{
	/* In the order of the index: skipping costs no row. */
	struct query q = query_of(s, "SELECT 0" WATCH(B_COL, -)
				     " FROM obligors WHERE changed > ?"
				     " ORDER BY changed, rid"
				     " LIMIT ? OFFSET ?");

	query_i64(&q, since);
	query_u64(&q, max);
	query_u64(&q, skip);
	return query_all(&q, &watch_shape, a, out, count);
}

enum err
store_watch_gone(struct store *s, int64_t since, struct arena *a,
		 struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0, g.obligor_id FROM obligor_gone g"
	       " WHERE g.version > ? AND NOT EXISTS (SELECT 1 FROM obligors o"
	       " WHERE o.obligor_id = g.obligor_id)");

	query_i64(&q, since);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_facts_gone(struct store *s, int64_t since, struct arena *a,
		 struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0, g.obligor_id FROM obligor_gone g"
	       " WHERE g.version > ? AND NOT" IN_BOOK("g")
	       " AND EXISTS (SELECT 1 FROM fact f"
	       " WHERE f.obligor_id = g.obligor_id)");

	query_i64(&q, since);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_watch_built(struct store *s, int64_t version)
{
	/* Of whom something is known, it is kept that they left. */
	struct query q = query_change(
	    s, "DELETE FROM obligor_gone AS g WHERE g.version <= ?"
	       " AND NOT" SPOKEN_OF);

	query_i64(&q, version);
	return query_run(&q);
}

enum err
store_named(struct store *s, int64_t *version)
{
	return store_meta(s, "named", version);
}

enum err
store_named_put(struct store *s, int64_t version)
{
	return store_meta_put(s, "named", version);
}

enum err
store_fact_names(struct store *s, int64_t after, size_t max, struct arena *a,
		 struct fact_name **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0" NAME(B_COL, -)
	       " FROM fact_key k JOIN fact f ON f.fact_id = k.fact_id"
	       " WHERE k.rid > ? AND k.scheme = 'name' AND NOT" IN_BOOK("f")
	       " AND f.status < ? ORDER BY k.rid LIMIT ?");

	query_i64(&q, after);
	query_i64(&q, FACT_REFUTED);
	query_u64(&q, max);
	return query_all(&q, &name_shape, a, out, count);
}
