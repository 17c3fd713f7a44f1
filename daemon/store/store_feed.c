/*
 * store_feed.c - where each feed's polls stand.
 */
#include "store_priv.h"

SHAPE(feed_shape, FEED_FIELDS, struct feed_state);

enum err
store_feed(struct store *s, struct str feed, struct arena *a,
	   struct feed_state *out)
{
	struct query q =
	    query_of(s, SQL_SELECT("feed", FEED_FIELDS) "WHERE feed = ?");

	query_str(&q, feed);
	return query_one(&q, &feed_shape, a, out);
}

enum err
store_feed_put(struct store *s, const struct feed_state *f)
{
	struct query q = query_change(
	    s, SQL_UPSERT("feed", FEED_FIELDS, "feed", "etag"));

	query_bind(&q, &feed_shape, f);
	return query_run(&q);
}
