/*
 * store_book.c - the book, read: rows of book.def's tables into the structs
 * of include/book.h.  Written only by book_import.c.
 */
#include "book_def.h"
#include "book_parts.h"
#include "store_priv.h"
#include "store_shape.h"

/* clang-format off */
#define SCHEME(B, S)							\
	B(S, STR, scheme_id, scheme_id, NULL)				\
	B(S, STR, name_zh, name_zh, NULL)				\
	B(S, STR, name_en, name_en, NULL)				\
	B(S, INT, insured_bp, insured_bp, NULL)				\
	B(S, I64, cap_amount, cap_minor, NULL)				\
	B(S, STR, cap_currency, cap_currency, NULL)			\
	B(S, WORD, cap_basis, cap_basis, WORDS_CAP_BASIS)		\
	B(S, DATE, year_from, year_from, NULL)				\
	B(S, DATE, year_to, year_to, NULL)				\
	B(S, DATE, pickup_deadline, pickup_deadline, NULL)		\
	B(S, INT, max_credit_days, max_credit_days, NULL)		\
	B(S, STR, duty_profile, duty_profile, NULL)			\
	B(S, INT, free_reports, free_reports, NULL)			\
	B(S, I64, coalesce(annual_cap, -1), annual_cap_minor, NULL)	\
	B(S, WORD, knew_at_basis, knew_at_basis, WORDS_KNEW_BASIS)

#define EXPORTER(B, S)							\
	B(S, STR, exporter_id, exporter_id, NULL)			\
	B(S, STR, uscc, uscc, NULL)					\
	B(S, STR, name, name, NULL)					\
	B(S, STR, lang, lang, NULL)					\
	B(S, STR, branch, branch, NULL)					\
	B(S, STR, contact_ref, contact_ref, NULL)

#define POLICY(B, S)							\
	B(S, STR, policy_id, policy_id, NULL)				\
	B(S, STR, scheme_id, scheme_id, NULL)				\
	B(S, STR, exporter_id, exporter_id, NULL)			\
	B(S, WORD, status, status, WORDS_POLICY_STATUS)			\
	B(S, DATE, picked_up_on, picked_up_on, NULL)			\
	B(S, DATE, issued_on, issued_on, NULL)				\
	B(S, DATE, cover_from, cover_from, NULL)			\
	B(S, DATE, cover_to, cover_to, NULL)				\
	B(S, INT, reports_used, reports_used, NULL)			\
	B(S, INT, data_authorised, data_authorised, NULL)		\
	B(S, INT, declaration, declaration, NULL)			\
	B(S, I64, coalesce(dcl_amount, -1), dcl_minor, NULL)		\
	B(S, I64, paid_to_date, paid_to_date_minor, NULL)

#define OBLIGOR(B, S)							\
	B(S, STR, obligor_id, o.obligor_id, NULL)			\
	B(S, WORD, type, o.type, WORDS_OBLIGOR_TYPE)			\
	B(S, STR, name, o.name, NULL)					\
	B(S, STR, aliases, aliases, NULL)				\
	B(S, STR, country, o.country, NULL)				\
	B(S, STR, jurisdiction, o.jurisdiction, NULL)			\
	B(S, STR, ids, ids, NULL)					\
	B(S, STR, address, o.address, NULL)				\
	B(S, INT, natural_person, o.natural_person, NULL)

#define SHIPMENT(B, S)							\
	B(S, STR, shipment_id, shipment_id, NULL)			\
	B(S, STR, exporter_id, exporter_id, NULL)			\
	B(S, STR, obligor_id, obligor_id, NULL)				\
	B(S, STR, bank_id, bank_id, NULL)				\
	B(S, STR, invoice_ref, invoice_ref, NULL)			\
	B(S, I64, amount, amount_minor, NULL)				\
	B(S, STR, currency, currency, NULL)				\
	B(S, WORD, payment_term, payment_term, WORDS_PAYMENT_TERM)	\
	B(S, DATE, contract_date, contract_date, NULL)			\
	B(S, DATE, etd, etd, NULL)					\
	B(S, DATE, ship_date, ship_date, NULL)				\
	B(S, DATE, due_date, due_date, NULL)				\
	B(S, I64, paid_amount, paid_minor, NULL)			\
	B(S, WORD, status, status, WORDS_SHIPMENT_STATUS)		\
	B(S, INT, own_contract, own_contract, NULL)			\
	B(S, INT, own_customs, own_customs, NULL)			\
	B(S, INT, declared, declared, NULL)				\
	B(S, INT, disputed, disputed, NULL)				\
	B(S, INT, affiliate, affiliate, NULL)				\
	B(S, DATE, docs_released_on, docs_released_on, NULL)
/* clang-format on */

/* An obligor as its row has it: lists still in one text each. */
struct obligor_row {
	struct obligor o;
	struct str aliases;
	struct str ids;
};

B_SHAPE(scheme_shape, SCHEME, struct scheme);
B_SHAPE(exporter_shape, EXPORTER, struct exporter);
B_SHAPE(policy_shape, POLICY, struct policy);
B_SHAPE(obligor_shape, OBLIGOR, struct obligor_row);
B_SHAPE(shipment_shape, SHIPMENT, struct shipment);

enum err
store_scheme(struct store *s, struct str scheme_id, struct arena *a,
	     struct scheme *out)
{
	struct query q = query_of(s, "SELECT rid" SCHEME(B_COL, -)
				     " FROM schemes WHERE scheme_id = ?");

	query_str(&q, scheme_id);
	return query_one(&q, &scheme_shape, a, out);
}

enum err
store_exporter(struct store *s, struct str exporter_id, struct arena *a,
	       struct exporter *out)
{
	struct query q = query_of(s, "SELECT rid" EXPORTER(B_COL, -)
				     " FROM exporters WHERE exporter_id = ?");

	query_str(&q, exporter_id);
	return query_one(&q, &exporter_shape, a, out);
}

/* "scheme:value|..." into ids; the text was checked when it came in. */
static enum err
ids_split(struct str text, struct arena *a, struct obligor *o)
{
	struct str *part = NULL;
	size_t count = 0;
	enum err err = book_parts(text, a, &part, &count);

	if (err != ERR_OK)
		return err;
	o->ids = arena_array(a, struct notice_id, count);
	if (o->ids == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++) {
		o->ids[i].value = part[i];
		o->ids[i].scheme = str_cut(&o->ids[i].value, ':');
	}
	o->id_count = count;
	return ERR_OK;
}

enum err
store_obligor(struct store *s, struct str obligor_id, struct arena *a,
	      struct obligor *out)
{
	struct query q = query_of(s, "SELECT rid" OBLIGOR(B_COL, -)
				     " FROM obligors WHERE obligor_id = ?");
	size_t mark = arena_mark(a);
	struct obligor_row row;
	enum err err;

	query_str(&q, obligor_id);
	err = query_one(&q, &obligor_shape, a, &row);
	if (err == ERR_OK)
		err = book_parts(row.aliases, a, &row.o.aliases,
				 &row.o.alias_count);
	if (err == ERR_OK)
		err = ids_split(row.ids, a, &row.o);
	if (err == ERR_OK)
		*out = row.o;
	else
		arena_rewind(a, mark);
	return err == ERR_INPUT ? ERR_CORRUPT : err;
}

enum err
store_has_obligor(struct store *s, struct str obligor_id, bool *out)
{
	struct query q =
	    query_of(s, "SELECT 1 FROM obligors WHERE obligor_id = ?");
	int64_t one = 0;
	enum err err;

	query_str(&q, obligor_id);
	err = query_int(&q, 0, &one);
	if (err == ERR_OK)
		*out = one == 1;
	return err;
}

enum err
store_policies(struct store *s, struct str exporter_id, struct arena *a,
	       struct policy **out, size_t *count)
{
	struct query q = query_of(s, "SELECT rid" POLICY(B_COL, -)
				     " FROM policies WHERE exporter_id = ?"
				     " ORDER BY policy_id");

	query_str(&q, exporter_id);
	return query_all(&q, &policy_shape, a, out, count);
}

enum err
store_shipments(struct store *s, struct str exporter_id,
		struct str obligor_id, struct arena *a, struct shipment **out,
		size_t *count)
{
	struct query q = query_of(s, "SELECT rid" SHIPMENT(B_COL, -)
				     " FROM shipments WHERE risk_id = ?"
				     " AND exporter_id = ?"
				     " ORDER BY shipment_id");

	query_str(&q, obligor_id);
	query_str(&q, exporter_id);
	return query_all(&q, &shipment_shape, a, out, count);
}

enum err
store_exporters_of(struct store *s, struct str obligor_id, struct arena *a,
		   struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0, exporter_id FROM follows WHERE obligor_id = ?1"
	       " UNION SELECT 0, exporter_id FROM shipments"
	       " WHERE risk_id = ?1 ORDER BY 2");

	query_str(&q, obligor_id);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_last_order(struct store *s, struct str exporter_id,
		 struct str obligor_id, int32_t *day)
{
	struct query q =
	    query_of(s, "SELECT last_order_on FROM follows"
			" WHERE exporter_id = ? AND obligor_id = ?");
	int64_t v = DATE_NONE;
	enum err err;

	query_str(&q, exporter_id);
	query_str(&q, obligor_id);
	err = query_int(&q, DATE_NONE, &v);
	if (err != ERR_OK)
		return err;
	if (v < INT32_MIN || v > INT32_MAX)
		return ERR_CORRUPT;
	*day = (int32_t)v;
	return ERR_OK;
}

enum err
store_obligors_by_id(struct store *s, struct str scheme, struct str value,
		     struct arena *a, struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT DISTINCT 0, o.obligor_id FROM obligor_extid x"
	       " JOIN obligors o ON o.rid = x.obligor"
	       " WHERE x.scheme = ? AND x.value = ? ORDER BY 2");

	query_str(&q, scheme);
	query_str(&q, value);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_obligors_by_name(struct store *s, struct str key, struct arena *a,
		       struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT DISTINCT 0, o.obligor_id FROM obligor_name n"
	       " JOIN obligors o ON o.rid = n.obligor"
	       " WHERE n.key = ? ORDER BY 2");

	query_str(&q, key);
	return query_all(&q, &shape_str, a, out, count);
}

/* Facts kept of an obligor that changed, or whose links did.  Facts lead:
 * they are few beside a book. */
#define CONCERNED_MATCHED                                                      \
	"SELECT 0, f.obligor_id FROM (SELECT DISTINCT obligor_id FROM fact"    \
	" WHERE obligor_id > '') f WHERE EXISTS (SELECT 1 FROM obligors o"     \
	" WHERE o.obligor_id = f.obligor_id AND o.changed > ?1)"               \
	" OR EXISTS (SELECT 1 FROM follows w"                                  \
	" WHERE w.obligor_id = f.obligor_id AND w.changed > ?1)"               \
	" OR EXISTS (SELECT 1 FROM shipments s"                                \
	" WHERE s.risk_id = f.obligor_id AND s.changed > ?1)"

/* Facts of nobody, with an id or a name of an obligor that changed: led by
 * the keys, or by the obligors. */
#define CONCERNED_BY_KEY                                                       \
	" UNION SELECT 0, o.obligor_id FROM fact_key k"                        \
	" CROSS JOIN obligor_extid x ON x.scheme = k.scheme"                   \
	" AND x.value = k.value CROSS JOIN obligors o ON o.rid = x.obligor"    \
	" WHERE o.changed > ?1"                                                \
	" UNION SELECT 0, o.obligor_id FROM fact_key k"                        \
	" CROSS JOIN obligor_name n ON n.key = k.value"                        \
	" CROSS JOIN obligors o ON o.rid = n.obligor"                          \
	" WHERE k.scheme = 'name' AND o.changed > ?1 ORDER BY 2"
#define CONCERNED_BY_OBLIGOR                                                   \
	" UNION SELECT 0, o.obligor_id FROM obligors o"                        \
	" CROSS JOIN obligor_extid x ON x.obligor = o.rid"                     \
	" CROSS JOIN fact_key k ON k.scheme = x.scheme"                        \
	" AND k.value = x.value WHERE o.changed > ?1"                          \
	" UNION SELECT 0, o.obligor_id FROM obligors o"                        \
	" CROSS JOIN obligor_name n ON n.obligor = o.rid"                      \
	" CROSS JOIN fact_key k ON k.scheme = 'name' AND k.value = n.key"      \
	" WHERE o.changed > ?1 ORDER BY 2"

enum err
store_obligors_concerned(struct store *s, int64_t version, struct arena *a,
			 struct str **out, size_t *count)
{
	struct query q =
	    query_of(s, "SELECT count(*) FROM obligors WHERE changed > ?");
	int64_t changed = 0;
	int64_t keys = 0;
	enum err err;

	query_i64(&q, version);
	err = query_int(&q, 0, &changed);
	if (err != ERR_OK)
		return err;
	q = query_of(s, "SELECT max(rid) FROM fact_key");
	err = query_int(&q, 0, &keys);
	if (err != ERR_OK)
		return err;
	q = query_of(s, keys < changed ?
			       CONCERNED_MATCHED CONCERNED_BY_KEY :
			       CONCERNED_MATCHED CONCERNED_BY_OBLIGOR);
	query_i64(&q, version);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_obligors_replaced(struct store *s, int64_t version, struct arena *a,
			struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0, g.obligor_id FROM obligor_gone g"
	       " WHERE g.version > ?1 AND EXISTS (SELECT 1 FROM obligors o"
	       " WHERE o.obligor_id = g.obligor_id) ORDER BY 2");

	query_i64(&q, version);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_obligors_back(struct store *s, int64_t version, struct arena *a,
		    struct str **out, size_t *count)
{
	struct query q = query_of(
	    s, "SELECT 0, g.obligor_id FROM obligor_gone g"
	       " WHERE g.version <= ?1 AND EXISTS (SELECT 1 FROM obligors o"
	       " WHERE o.obligor_id = g.obligor_id) AND" SPOKEN_OF
	       " ORDER BY 2");

	query_i64(&q, version);
	return query_all(&q, &shape_str, a, out, count);
}

enum err
store_obligor_is_back(struct store *s, struct str obligor_id)
{
	struct query q = query_change(
	    s, "DELETE FROM obligor_gone WHERE obligor_id = ?");

	query_str(&q, obligor_id);
	return query_run(&q);
}

enum err
store_obligor_former(struct store *s, struct str obligor_id,
		     struct str former, int64_t version)
{
	static const char *const text[] = {
		"UPDATE fact SET obligor_id = ?2 WHERE obligor_id = ?1",
		"UPDATE review SET obligor_id = ?2 WHERE obligor_id = ?1",
		"UPDATE rejected SET obligor_id = ?2 WHERE obligor_id = ?1",
		("INSERT OR REPLACE INTO obligor_gone (version, obligor_id)"
		 " VALUES (?1, ?2)"),
	};
	size_t n = sizeof(text) / sizeof(text[0]);
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < n; i++) {
		struct query q = query_change(s, text[i]);

		if (i + 1 < n)
			query_str(&q, obligor_id);
		else
			query_i64(&q, version);
		query_str(&q, former);
		err = query_run(&q);
	}
	return err;
}

enum err
store_book_version(struct store *s, int64_t *version)
{
	return store_meta(s, "book_version", version);
}

enum err
store_book_counts(struct store *s, struct jsonw *w)
{
/* clang-format off */
	static const struct {
		const char *kind;
		const char *sql;
	} count[] = {
#define BOOK_KIND(kind, keys, after)					\
		{ #kind, "SELECT count(*) FROM " #kind },
#define BOOK_COL(kind, name, type, arg, need, dflt)
#define BOOK_END(kind, keys, more)
#include "book.def"
	};
/* clang-format on */
	enum { KINDS = sizeof(count) / sizeof(count[0]) };
	int64_t n[KINDS];
	int64_t version = 0;
	enum err err = store_book_version(s, &version);

	for (size_t i = 0; err == ERR_OK && i < KINDS; i++) {
		struct query q = query_of(s, count[i].sql);

		err = query_int(&q, 0, &n[i]);
	}
	if (err != ERR_OK)
		return err;
	jsonw_int(w, "version", version);
	for (size_t i = 0; i < KINDS; i++)
		jsonw_int(w, count[i].kind, n[i]);
	return ERR_OK;
}
