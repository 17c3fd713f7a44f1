/*
 * book_export.c - a kind of the book as CSV, such that importing it again
 * changes nothing and exporting that gives the same bytes.
 */
#include <inttypes.h>

#include "book_def.h"
#include "book_import.h"
#include "store_priv.h"

#define SQL_MAX 8192u

struct export {
	struct store *s;
	const struct book_kind *kind;
	sqlite3_stmt *st; /* column i is column i of the kind */
	struct buf line;
	/* Of a money column: the column its currency is in, -1: its arg. */
	int ccy[BOOK_COLUMNS_MAX];
};

static struct str
text_at(const struct export *x, int col)
{
	return str_of((const char *)sqlite3_column_text(x->st, col));
}

/* Quoted only where it must be. */
static void
put_field(struct buf *b, struct str s)
{
	size_t plain = 0;

	while (plain < s.n && s.p[plain] != ',' && s.p[plain] != '"' &&
	       s.p[plain] != '\n' && s.p[plain] != '\r')
		plain++;
	if (plain == s.n) {
		buf_put(b, s);
		return;
	}
	buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_byte(b, '"');
		buf_byte(b, (uint8_t)s.p[i]);
	}
	buf_byte(b, '"');
}

/* The column a money column's currency is in: beside it, or its scheme's,
 * which the query gives behind the kind's own columns; -1 when it is fixed. */
static int
ccy_col(const struct book_kind *k, const struct book_col *c)
{
	int col = book_col_find(k, str_of(c->arg));

	if (col >= 0)
		return col;
	return ccy_decimals(str_of(c->arg)) >= 0 ? -1 : (int)k->cols;
}

static enum err
put_value(struct export *x, int col)
{
	const struct book_col *c = &x->kind->col[col];
	struct str ccy;
	int64_t v;

	if (sqlite3_column_type(x->st, col) == SQLITE_NULL)
		return ERR_OK;
	if (sqlite3_column_type(x->st, col) == SQLITE_TEXT) {
		put_field(&x->line, text_at(x, col));
		return ERR_OK;
	}
	v = sqlite3_column_int64(x->st, col);
	if (c->type == BOOK_DATE) {
		if (v < INT32_MIN || v > INT32_MAX)
			return ERR_CORRUPT;
		date_put(&x->line, (int32_t)v);
	} else if (c->type == BOOK_TIME) {
		time_put(&x->line, v);
	} else if (c->type == BOOK_MONEY) {
		ccy = x->ccy[col] >= 0 ? text_at(x, x->ccy[col]) :
					 str_of(c->arg);
		if (v < 0 || ccy_decimals(ccy) < 0)
			return ERR_CORRUPT;
		money_put(&x->line, v, ccy);
	} else {
		buf_printf(&x->line, "%" PRId64, v);
	}
	return ERR_OK;
}

static enum err
put_header(struct export *x, const struct book_sink *sink)
{
	for (unsigned i = 0; i < x->kind->cols; i++)
		buf_printf(&x->line, "%s%s", i > 0 ? "," : "",
			   x->kind->col[i].name);
	buf_byte(&x->line, '\n');
	return sink->put(sink->self, buf_str(&x->line));
}

static enum err
put_row(struct export *x, const struct book_sink *sink)
{
	buf_clear(&x->line);
	for (unsigned i = 0; i < x->kind->cols; i++) {
		enum err err;

		if (i > 0)
			buf_byte(&x->line, ',');
		err = put_value(x, (int)i);
		if (err != ERR_OK)
			return err;
	}
	buf_byte(&x->line, '\n');
	if (x->line.err != ERR_OK)
		return x->line.err;
	return sink->put(sink->self, buf_str(&x->line));
}

static enum err
export_prepare(struct export *x)
{
	const struct book_kind *k = x->kind;
	struct buf sql;
	int rc;

	buf_init(&sql, SQL_MAX);
	buf_put(&sql, S("SELECT "));
	for (unsigned i = 0; i < k->cols; i++)
		buf_printf(&sql, "%s, ", k->col[i].name);
	if (str_eq(str_of(k->name), S("policies")))
		buf_put(&sql, S("(SELECT cap_currency FROM schemes s WHERE"
				" s.scheme_id = policies.scheme_id)"));
	else
		buf_put(&sql, S("NULL"));
	for (unsigned i = 0; i < k->cols; i++)
		if (k->col[i].type == BOOK_MONEY)
			x->ccy[i] = ccy_col(k, &k->col[i]);
	buf_printf(&sql, " FROM %s ORDER BY ", k->name);
	for (unsigned i = 0; i < k->keys; i++)
		buf_printf(&sql, "%s%s", i > 0 ? ", " : "", k->col[i].name);
	must(sql.err == ERR_OK);
	rc = sqlite3_prepare_v2(x->s->db, sql.p, (int)sql.n, &x->st, NULL);
	buf_free(&sql);
	return rc == SQLITE_OK ? ERR_OK : store_fail(x->s, rc);
}

enum err
book_export(struct store *s, struct str kind, const struct book_sink *sink)
{
	struct export x = { .s = s, .kind = book_kind_find(kind) };
	int rc = SQLITE_ROW;
	enum err err;

	if (x.kind == NULL)
		return ERR_ABSENT;
	buf_init(&x.line, BOOK_ROW_MAX);
	err = export_prepare(&x);
	if (err == ERR_OK)
		err = put_header(&x, sink);
	while (err == ERR_OK && (rc = sqlite3_step(x.st)) == SQLITE_ROW)
		err = put_row(&x, sink);
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = store_fail(s, rc);
	(void)sqlite3_finalize(x.st);
	buf_free(&x.line);
	return err;
}
