/*
 * book_write.c - checked rows into the book's tables.
 *
 * The SQL of a kind is made from book.def once per import.  A row carries the
 * import that last saw it and the one that last changed it: the first tells
 * a key given twice and what a replace removes, the second what core must
 * look at again.
 */
#include "book_write.h"

#include "book_parts.h"

#define SQL_MAX 8192u

enum err
book_writer_init(struct book_writer *w, struct store *s)
{
	int64_t version = 0;
	enum err err = store_book_version(s, &version);

	must(book_kind_count <= BOOK_KINDS_MAX);
	*w = (struct book_writer){ .s = s, .version = version + 1 };
	return err;
}

void
book_writer_fini(struct book_writer *w)
{
	for (size_t i = 0; i < BOOK_KINDS_MAX; i++) {
		(void)sqlite3_finalize(w->seen[i]);
		(void)sqlite3_finalize(w->upsert[i]);
		(void)sqlite3_finalize(w->find[i]);
	}
	*w = (struct book_writer){ 0 };
}

/* Prepares sql (which is freed) into *st, where it may be already. */
static enum err
prepare(struct book_writer *w, struct buf *sql, sqlite3_stmt **st)
{
	int rc;

	must(sql->err == ERR_OK);
	rc = sqlite3_prepare_v3(w->s->db, sql->p, (int)sql->n,
				SQLITE_PREPARE_PERSISTENT, st, NULL);
	buf_free(sql);
	return rc == SQLITE_OK ? ERR_OK : store_fail(w->s, rc);
}

/* As query_of, for a statement of ours. */
static struct query
query_on(struct book_writer *w, sqlite3_stmt *st)
{
	return (struct query){ .s = w->s, .st = st, .err = ERR_OK };
}

static void
put_keys(struct buf *sql, const struct book_kind *k)
{
	for (unsigned i = 0; i < k->keys; i++)
		buf_printf(sql, "%s%s = ?", i > 0 ? " AND " : "",
			   k->col[i].name);
}

/* before name after, for every column from the first-th on. */
static void
put_columns(struct buf *sql, const struct book_kind *k, unsigned first,
	    const char *before)
{
	for (unsigned i = first; i < k->cols; i++)
		buf_printf(sql, "%s%s%s", i > first ? ", " : "", before,
			   k->col[i].name);
}

static enum err
prepare_upsert(struct book_writer *w, const struct book_kind *k,
	       sqlite3_stmt **st)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "INSERT INTO %s (seen, changed, ", k->name);
	put_columns(&sql, k, 0, "");
	buf_put(&sql, S(") VALUES (?1, ?1"));
	for (unsigned i = 0; i < k->cols; i++)
		buf_printf(&sql, ", ?%u", i + 2);
	buf_put(&sql, S(") ON CONFLICT ("));
	for (unsigned i = 0; i < k->keys; i++)
		buf_printf(&sql, "%s%s", i > 0 ? ", " : "", k->col[i].name);
	buf_put(&sql, S(") DO UPDATE SET seen = excluded.seen, changed ="
			" CASE WHEN ("));
	put_columns(&sql, k, 0, "");
	buf_put(&sql, S(") IS ("));
	put_columns(&sql, k, 0, "excluded.");
	buf_put(&sql, S(") THEN changed ELSE excluded.changed END"));
	for (unsigned i = k->keys; i < k->cols; i++)
		buf_printf(&sql, ", %s = excluded.%s", k->col[i].name,
			   k->col[i].name);
	buf_put(&sql, S(" RETURNING changed"));
	return prepare(w, &sql, st);
}

static enum err
prepare_kind(struct book_writer *w, const struct book_kind *k)
{
	size_t i = (size_t)(k - book_kinds);
	struct buf sql;
	enum err err;

	if (w->upsert[i] != NULL)
		return ERR_OK;
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT seen FROM %s WHERE ", k->name);
	put_keys(&sql, k);
	err = prepare(w, &sql, &w->seen[i]);
	return err == ERR_OK ? prepare_upsert(w, k, &w->upsert[i]) : err;
}

static void
bind_value(struct query *q, const struct book_value *v)
{
	switch (v->is) {
	case VALUE_NONE:
		query_time(q, TIME_NONE);
		break;
	case VALUE_INT:
		query_i64(q, v->i);
		break;
	case VALUE_TEXT:
		query_str(q, v->s);
		break;
	}
}

static enum err
obligor_rid(struct store *s, struct str id, int64_t *rid)
{
	struct query q =
	    query_of(s, "SELECT rid FROM obligors WHERE obligor_id = ?");

	query_str(&q, id);
	return query_int(&q, 0, rid);
}

static enum err
index_name(struct store *s, int64_t rid, struct str name)
{
	struct query q;
	struct buf key;
	enum err err;

	buf_init(&key, 4u * BOOK_TEXT_MAX);
	err = fold_name(&key, name);
	/* A name of signs alone, or one that grows too long, has no key. */
	if (err == ERR_LIMIT || (err == ERR_OK && key.n == 0)) {
		buf_free(&key);
		return ERR_OK;
	}
	if (err == ERR_OK) {
		q = query_change(s, "INSERT INTO obligor_name (obligor, key)"
				    " VALUES (?, ?)");
		query_i64(&q, rid);
		query_str(&q, buf_str(&key));
		err = query_run(&q);
	}
	buf_free(&key);
	return err;
}

static enum err
index_id(struct store *s, int64_t rid, struct str id)
{
	struct query q = query_change(
	    s, "INSERT INTO obligor_extid (obligor, scheme, value)"
	       " VALUES (?, ?, ?)");

	query_i64(&q, rid);
	query_str(&q, str_cut(&id, ':'));
	query_str(&q, id);
	return query_run(&q);
}

static enum err
index_parts(const struct book_row *row, struct store *s, int64_t rid,
	    const char *column)
{
	int col = book_col_find(row->kind, str_of(column));
	struct str *part = NULL;
	size_t count = 0;
	enum err err =
	    book_parts(row->value[col].s, row->a, &part, &count);

	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = row->kind->col[col].type == BOOK_IDS ?
			      index_id(s, rid, part[i]) :
			      index_name(s, rid, part[i]);
	return err;
}

/* An obligor's names and ids, anew. */
static enum err
index_obligor(struct store *s, const struct book_row *row)
{
	int name = book_col_find(row->kind, S("name"));
	int64_t rid = 0;
	struct query q;
	enum err err = obligor_rid(s, row->value[0].s, &rid);

	if (err == ERR_OK) {
		q = query_change(s,
				 "DELETE FROM obligor_name WHERE obligor = ?");
		query_i64(&q, rid);
		err = query_run(&q);
	}
	if (err == ERR_OK) {
		q = query_change(s,
				 "DELETE FROM obligor_extid WHERE obligor = ?");
		query_i64(&q, rid);
		err = query_run(&q);
	}
	if (err == ERR_OK)
		err = index_name(s, rid, row->value[name].s);
	if (err == ERR_OK)
		err = index_parts(row, s, rid, "aliases");
	if (err == ERR_OK)
		err = index_parts(row, s, rid, "ids");
	return err;
}

enum err
book_writer_put(struct book_writer *w, const struct book_row *row,
		enum book_change *change)
{
	const struct book_kind *k = row->kind;
	size_t at = (size_t)(k - book_kinds);
	int64_t seen = -1;
	int64_t changed = 0;
	struct query q;
	enum err err = prepare_kind(w, k);

	if (err != ERR_OK)
		return err;
	q = query_on(w, w->seen[at]);
	for (unsigned i = 0; i < k->keys; i++)
		bind_value(&q, &row->value[i]);
	err = query_int(&q, -1, &seen);
	if (err == ERR_OK && seen == w->version) {
		*change = CHANGE_REPEATED;
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	q = query_on(w, w->upsert[at]);
	query_i64(&q, w->version);
	for (unsigned i = 0; i < k->cols; i++)
		bind_value(&q, &row->value[i]);
	err = query_int(&q, 0, &changed);
	if (err != ERR_OK)
		return err;
	*change = changed != w->version ? CHANGE_NONE :
		  seen < 0		? CHANGE_ADDED :
					  CHANGE_CHANGED;
	if (k->after != 0 && *change != CHANGE_NONE)
		err = index_obligor(w->s, row);
	return err;
}

enum err
book_writer_find(struct book_writer *w, const struct book_kind *k,
		 struct str id)
{
	size_t at = (size_t)(k - book_kinds);
	int64_t found = 0;
	struct query q;
	struct buf sql;
	enum err err = ERR_OK;

	if (w->find[at] == NULL) {
		buf_init(&sql, SQL_MAX);
		buf_printf(&sql, "SELECT 1 FROM %s WHERE %s = ?", k->name,
			   k->col[0].name);
		err = prepare(w, &sql, &w->find[at]);
	}
	if (err != ERR_OK)
		return err;
	q = query_on(w, w->find[at]);
	query_str(&q, id);
	err = query_int(&q, 0, &found);
	return err == ERR_OK && found == 0 ? ERR_ABSENT : err;
}

/* One number from a statement used once; ?1, if any, is the version. */
static enum err
number(struct book_writer *w, struct buf *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	enum err err = prepare(w, sql, &st);
	struct query q = query_on(w, st);

	if (err == ERR_OK) {
		if (sqlite3_bind_parameter_count(st) > 0)
			query_i64(&q, w->version);
		err = query_int(&q, 0, out);
	}
	(void)sqlite3_finalize(st);
	return err;
}

enum err
book_writer_unseen(struct book_writer *w, const struct book_kind *k,
		   int64_t *unseen, int64_t *all)
{
	struct buf sql;
	enum err err;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT count(*) FROM %s WHERE seen < ?1", k->name);
	err = number(w, &sql, unseen);
	buf_printf(&sql, "SELECT count(*) FROM %s", k->name);
	if (err == ERR_OK)
		err = number(w, &sql, all);
	buf_free(&sql);
	return err;
}

enum err
book_writer_remove_unseen(struct book_writer *w, const struct book_kind *k)
{
	int64_t none = 0;
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "DELETE FROM %s WHERE seen < ?1", k->name);
	return number(w, &sql, &none);
}

static enum err
dangling_of(struct book_writer *w, const struct book_kind *from,
	    const struct book_col *c, book_tell *tell, void *ctx)
{
	const struct book_kind *to = book_kind_find(str_of(c->arg));
	sqlite3_stmt *st = NULL;
	struct buf sql;
	enum err err;
	int rc = SQLITE_ROW;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql,
		   "SELECT DISTINCT %s FROM %s r WHERE %s IS NOT NULL AND"
		   " NOT EXISTS (SELECT 1 FROM %s WHERE %s = r.%s)",
		   c->name, from->name, c->name, to->name, to->col[0].name,
		   c->name);
	err = prepare(w, &sql, &st);
	while (err == ERR_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		tell(ctx, str_of(from->name), str_of(c->name),
		     str_of((const char *)sqlite3_column_text(st, 0)));
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = store_fail(w->s, rc);
	(void)sqlite3_finalize(st);
	return err;
}

enum err
book_writer_dangling(struct book_writer *w, const struct book_kind *k,
		     book_tell *tell, void *ctx)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < book_kind_count; i++)
		for (unsigned j = 0; j < book_kinds[i].cols; j++) {
			const struct book_col *c = &book_kinds[i].col[j];

			if (err == ERR_OK && c->type == BOOK_REF &&
			    str_eq(str_of(c->arg), str_of(k->name)))
				err = dangling_of(w, &book_kinds[i], c, tell,
						  ctx);
		}
	return err;
}
