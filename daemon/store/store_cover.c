/*
 * store_cover.c - what cover needs beside policies and shipments: limits,
 * receipts, country cover, rates, knowledge.
 */
#include "book_def.h"
#include "store_priv.h"
#include "store_shape.h"

/* clang-format off */
#define LIMIT(B, S)							\
	B(S, STR, policy_id, policy_id, NULL)				\
	B(S, STR, obligor_id, obligor_id, NULL)				\
	B(S, DATE, effective_from, effective_from, NULL)		\
	B(S, DATE, effective_to, effective_to, NULL)			\
	B(S, I64, amount, amount_minor, NULL)				\
	B(S, STR, currency, currency, NULL)				\
	B(S, WORD, payment_term, payment_term, "|" WORDS_PAYMENT_TERM)	\
	B(S, WORD, status, status, WORDS_LIMIT_STATUS)

#define RECEIPT(B, S)							\
	B(S, STR, r.receipt_id, receipt_id, NULL)			\
	B(S, I64, r.amount, amount_minor, NULL)				\
	B(S, STR, r.currency, currency, NULL)				\
	B(S, DATE, r.received_on, received_on, NULL)			\
	B(S, STR, r.shipment_id, shipment_id, NULL)			\
	B(S, WORD, r.receipt_kind, kind, "|" WORDS_RECEIPT_KIND)

#define COUNTRY(B, S)							\
	B(S, DATE, effective_from, effective_from, NULL)		\
	B(S, DATE, effective_to, effective_to, NULL)			\
	B(S, WORD, status, status, WORDS_COUNTRY_STATUS)

#define FX(B, S)							\
	B(S, STR, base, base, NULL)					\
	B(S, STR, quote, quote, NULL)					\
	B(S, STR, rate, rate, NULL)					\
	B(S, DATE, as_of, as_of, NULL)

#define EXPOSED(B, S)							\
	B(S, STR, exporter_id, exporter_id, NULL)			\
	B(S, STR, risk_id, obligor_id, NULL)
/* clang-format on */

B_SHAPE(limit_shape, LIMIT, struct limit);
B_SHAPE(receipt_shape, RECEIPT, struct receipt);
B_SHAPE(country_shape, COUNTRY, struct country_cover);
B_SHAPE(fx_shape, FX, struct fx_rate);
B_SHAPE(exposed_shape, EXPOSED, struct exposed);

enum err
store_limits(struct store *s, struct str exporter_id, struct str obligor_id,
	     struct arena *a, struct limit **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT rid" LIMIT(B_COL, -) " FROM limits WHERE obligor_id = ?"
	       " AND policy_id IN (SELECT policy_id FROM policies"
	       " WHERE exporter_id = ?)"
	       " ORDER BY policy_id, effective_from DESC");

	query_str(&q, obligor_id);
	query_str(&q, exporter_id);
	return query_all(&q, &limit_shape, a, out, count);
}

enum err
store_receipts(struct store *s, struct str exporter_id, struct str obligor_id,
	       struct arena *a, struct receipt **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT r.rid" RECEIPT(B_COL, -) " FROM receipts r"
	       " WHERE r.exporter_id = ?1 AND r.obligor_id = ?2"
	       " AND r.shipment_id IS NULL"
	       " UNION ALL SELECT r.rid" RECEIPT(B_COL, -)
	       " FROM shipments s JOIN receipts r"
	       " ON r.shipment_id = s.shipment_id"
	       " WHERE s.risk_id = ?2 AND s.exporter_id = ?1 ORDER BY 2");

	query_str(&q, exporter_id);
	query_str(&q, obligor_id);
	return query_all(&q, &receipt_shape, a, out, count);
}

enum err
store_country_cover(struct store *s, struct str country, struct arena *a,
		    struct country_cover **out, size_t *count)
{
	struct query q = query_of(s, "SELECT rid" COUNTRY(B_COL, -)
				     " FROM country_cover WHERE country = ?"
				     " ORDER BY effective_from DESC");

	query_str(&q, country);
	return query_all(&q, &country_shape, a, out, count);
}

/* The newest day with a way from ?1 to ?2; the days are walked backwards. */
#define FX_DAY                                                                 \
	"SELECT a.as_of FROM fx a INDEXED BY fx_day"                           \
	" WHERE a.as_of <= ?3 AND (a.base = ?1 OR a.quote = ?1)"               \
	" AND (a.base = ?2 OR a.quote = ?2 OR EXISTS (SELECT 1 FROM fx b"      \
	" WHERE b.base = ?2 AND b.as_of = a.as_of AND"                         \
	" b.quote = CASE a.base WHEN ?1 THEN a.quote ELSE a.base END)"         \
	" OR EXISTS (SELECT 1 FROM fx b WHERE b.quote = ?2"                    \
	" AND b.as_of = a.as_of AND"                                           \
	" b.base = CASE a.base WHEN ?1 THEN a.quote ELSE a.base END))"         \
	" ORDER BY a.as_of DESC LIMIT 1"

enum err
store_fx(struct store *s, struct str from, struct str to, int32_t day,
	 struct arena *a, struct fx_rate **out, size_t *count)
{
	struct query q = query_of(s, FX_DAY);
	int64_t found = DATE_NONE;
	enum err err;

	query_str(&q, from);
	query_str(&q, to);
	query_i64(&q, day);
	err = query_int(&q, DATE_NONE, &found);
	if (err != ERR_OK)
		return err;
	q = query_of(s, "SELECT rid" FX(B_COL, -) " FROM fx WHERE as_of = ?1"
			" AND (base IN (?2, ?3) OR quote IN (?2, ?3))"
			" ORDER BY base, quote");
	query_i64(&q, found);
	query_str(&q, from);
	query_str(&q, to);
	return query_all(&q, &fx_shape, a, out, count);
}

/* seen and changed: the book as it stands, no import of its own. */
enum err
store_fx_put(struct store *s, const struct fx_rate *row)
{
	struct query q = query_change(
	    s, "INSERT INTO fx (seen, changed, base, quote, rate, as_of)"
	       " SELECT value, value, ?1, ?2, ?3, ?4 FROM meta"
	       " WHERE name = 'book_version'"
	       " ON CONFLICT (base, quote, as_of)"
	       " DO UPDATE SET rate = excluded.rate, seen = excluded.seen,"
	       " changed = excluded.changed");

	query_str(&q, row->base);
	query_str(&q, row->quote);
	query_str(&q, row->rate);
	query_i64(&q, row->as_of);
	return query_run(&q);
}

enum err
store_fx_remove(struct store *s, const struct fx_rate *row, bool *found)
{
	static const char *const sql[] = {
		"SELECT 1 FROM fx WHERE base = ? AND quote = ?"
		" AND rate = ? AND as_of = ?",
		"DELETE FROM fx WHERE base = ? AND quote = ?"
		" AND rate = ? AND as_of = ?",
	};
	int64_t here = 0;
	enum err err = ERR_OK;

	for (int i = 0; i < 2 && err == ERR_OK; i++) {
		struct query q = query_change(s, sql[i]);

		query_str(&q, row->base);
		query_str(&q, row->quote);
		query_str(&q, row->rate);
		query_i64(&q, row->as_of);
		err = i == 0 ? query_int(&q, 0, &here) : query_run(&q);
	}
	if (err == ERR_OK)
		*found = here == 1;
	return err;
}

/* Walked by an index in the order told, nothing is sorted or held: the book
 * is large. */
#define EXPOSED_OF(rows, more)                                                 \
	"SELECT 0" EXPOSED(B_COL, -) " FROM shipments " rows                   \
	" AND (?1 = '' OR exporter_id = ?1) AND exporter_id > ?3"              \
	" GROUP BY exporter_id, risk_id ORDER BY exporter_id, risk_id" more
#define EXPOSED_TEXTS(more)                                                    \
	{                                                                      \
		EXPOSED_OF("WHERE risk_id = ?2", more),                        \
		EXPOSED_OF("WHERE exporter_id = ?1 AND risk_id IS NOT NULL",   \
			   more),                                              \
		EXPOSED_OF("INDEXED BY shipments_exporter"                     \
			   " WHERE risk_id IS NOT NULL", more),                \
	}

static struct query
exposed_query(struct store *s, const char *const text[3],
	      const struct exposed_of *of)
{
	struct query q = query_of(s, text[of->obligor_id.n > 0	? 0 :
					  of->exporter_id.n > 0 ? 1 :
								  2]);

	query_str(&q, of->exporter_id);
	query_str(&q, of->obligor_id);
	query_str(&q, of->after);
	return q;
}

enum err
store_exposed(struct store *s, const struct exposed_of *of, struct arena *a,
	      struct exposed **out, size_t *count)
{
	static const char *const text[] = EXPOSED_TEXTS("");
	struct query q = exposed_query(s, text, of);

	return query_all(&q, &exposed_shape, a, out, count);
}

struct exposed_to {
	enum err (*each)(void *ctx, const struct exposed *e);
	void *ctx;
};

static enum err
each_exposed(void *ctx, const void *row)
{
	const struct exposed_to *to = ctx;

	return to->each(to->ctx, row);
}

enum err
store_exposed_each(struct store *s, const struct exposed_of *of,
		   enum err (*each)(void *ctx, const struct exposed *e),
		   void *ctx)
{
	/* Texts of their own: store_exposed may be asked from within. */
	static const char *const text[] = EXPOSED_TEXTS(" -- each");
	struct query q = exposed_query(s, text, of);

	return query_each(&q, &exposed_shape, each_exposed,
			  &(struct exposed_to){ each, ctx });
}

static enum err
knowledge(struct store *s, const char *sql, struct str exporter_id,
	  struct str obligor_id, int64_t *out)
{
	struct query q = query_of(s, sql);

	query_str(&q, exporter_id);
	query_str(&q, obligor_id);
	query_i64(&q, ALERT_RETRACTED);
	query_i64(&q, ALERT_DISCARDED);
	return query_int(&q, TIME_NONE, out);
}

enum err
store_knowledge(struct store *s, struct str exporter_id,
		struct str obligor_id, int64_t *told_ms, int64_t *knew_ms)
{
	int64_t told = TIME_NONE;
	int64_t knew = TIME_NONE;
	enum err err;

	err = knowledge(s,
			"SELECT min(created_at) FROM alert"
			" WHERE exporter_id = ? AND obligor_id = ?"
			" AND family = 'insolvency' AND state NOT IN (?, ?)",
			exporter_id, obligor_id, &told);
	if (err == ERR_OK)
		err = knowledge(s,
				"SELECT min(knew_at) FROM alert"
				" WHERE exporter_id = ? AND obligor_id = ?"
				" AND family = 'insolvency'"
				" AND state NOT IN (?, ?)",
				exporter_id, obligor_id, &knew);
	if (err != ERR_OK)
		return err;
	*told_ms = told;
	*knew_ms = knew;
	return ERR_OK;
}
