/*
 * book_write.c - checked rows into the book's tables.
 *
 * The SQL of a kind is made from book.def once per import.  A row that is
 * there already is read and compared first: one that stays as it is costs no
 * write.  A row carries the import that last changed it, which tells core
 * what to look at again.
 */
#include "book_write.h"

#include <string.h>

#include "book_parts.h"

#define SQL_MAX 8192u
#define INDICES_MAX 65536u

static struct book_writer_kind *
kind_of(struct book_writer *w, const struct book_kind *k)
{
	return &w->of[k - book_kinds];
}

enum err
book_writer_init(struct book_writer *w, struct store *s)
{
	int64_t version = 0;
	enum err err = store_book_version(s, &version);

	must(book_kind_count <= BOOK_KINDS_MAX);
	*w = (struct book_writer){ .s = s, .version = version + 1 };
	buf_init(&w->indices, INDICES_MAX);
	return err;
}

static void
free_keys(struct book_writer *w)
{
	for (size_t i = 0; i < BOOK_KINDS_MAX; i++) {
		book_keys_free(&w->of[i].keys);
		w->of[i].has_keys = false;
		w->of[i].asks = 0;
	}
}

void
book_writer_fini(struct book_writer *w)
{
	free_keys(w);
	for (size_t i = 0; i < BOOK_KINDS_MAX; i++) {
		(void)sqlite3_finalize(w->of[i].read);
		(void)sqlite3_finalize(w->of[i].insert);
		(void)sqlite3_finalize(w->of[i].update);
		(void)sqlite3_finalize(w->of[i].find);
		book_rids_free(&w->of[i].seen);
	}
	buf_free(&w->indices);
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

static void
put_columns(struct buf *sql, const struct book_kind *k, const char *after)
{
	for (unsigned i = 0; i < k->cols; i++)
		buf_printf(sql, "%s%s%s", i > 0 ? ", " : "", k->col[i].name,
			   after);
}

/* ?1 is the version, the columns follow. */
static enum err
prepare_insert(struct book_writer *w, const struct book_kind *k,
	       sqlite3_stmt **st)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "INSERT INTO %s (seen, changed, ", k->name);
	put_columns(&sql, k, "");
	buf_put(&sql, S(") VALUES (?1, ?1"));
	for (unsigned i = 0; i < k->cols; i++)
		buf_put(&sql, S(", ?"));
	buf_put(&sql, S(")"));
	return prepare(w, &sql, st);
}

/* As the insert, and the row's rid last. */
static enum err
prepare_update(struct book_writer *w, const struct book_kind *k,
	       sqlite3_stmt **st)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "UPDATE %s SET seen = ?1, changed = ?1, ", k->name);
	put_columns(&sql, k, " = ?");
	buf_put(&sql, S(" WHERE rid = ?"));
	return prepare(w, &sql, st);
}

static enum err
prepare_read(struct book_writer *w, const struct book_kind *k,
	     sqlite3_stmt **st)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_put(&sql, S("SELECT rid, "));
	put_columns(&sql, k, "");
	buf_printf(&sql, " FROM %s WHERE ", k->name);
	put_keys(&sql, k);
	return prepare(w, &sql, st);
}

static enum err
prepare_kind(struct book_writer *w, const struct book_kind *k)
{
	struct book_writer_kind *kw = kind_of(w, k);
	enum err err;

	if (kw->update != NULL)
		return ERR_OK;
	err = prepare_insert(w, k, &kw->insert);
	if (err == ERR_OK)
		err = prepare_read(w, k, &kw->read);
	return err == ERR_OK ? prepare_update(w, k, &kw->update) : err;
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

static enum err
unindex(struct store *s, const char *sql, int64_t rid)
{
	struct query q = query_change(s, sql);

	query_i64(&q, rid);
	return query_run(&q);
}

/* An obligor's names and ids, anew. */
static enum err
index_obligor(struct store *s, const struct book_row *row, int64_t rid,
	      enum book_change change)
{
	int name = book_col_find(row->kind, S("name"));
	enum err err = ERR_OK;

	if (change == CHANGE_CHANGED)
		err = unindex(s, "DELETE FROM obligor_name WHERE obligor = ?",
			      rid);
	if (change == CHANGE_CHANGED && err == ERR_OK)
		err = unindex(s, "DELETE FROM obligor_extid WHERE obligor = ?",
			      rid);
	if (err == ERR_OK)
		err = index_name(s, rid, row->value[name].s);
	if (err == ERR_OK)
		err = index_parts(row, s, rid, "aliases");
	if (err == ERR_OK)
		err = index_parts(row, s, rid, "ids");
	return err;
}

static bool
is_value(sqlite3_stmt *st, int col, const struct book_value *v)
{
	int type = sqlite3_column_type(st, col);

	switch (v->is) {
	case VALUE_NONE:
		return type == SQLITE_NULL;
	case VALUE_INT:
		return type == SQLITE_INTEGER &&
		       sqlite3_column_int64(st, col) == v->i;
	case VALUE_TEXT:
		break;
	}
	return type == SQLITE_TEXT &&
	       str_eq((struct str){ (const char *)sqlite3_column_text(st, col),
				    (size_t)sqlite3_column_bytes(st, col) },
		      v->s);
}

/* The row with these keys, if there is one, and whether it is the same. */
static enum err
read_row(struct book_writer *w, const struct book_row *row, int64_t *rid,
	 bool *same)
{
	const struct book_kind *k = row->kind;
	struct query q = query_on(w, kind_of(w, k)->read);
	enum err err = ERR_ABSENT;
	int rc;

	for (unsigned i = 0; i < k->keys; i++)
		bind_value(&q, &row->value[i]);
	rc = q.err == ERR_OK ? sqlite3_step(q.st) : SQLITE_ERROR;
	if (rc == SQLITE_ROW) {
		err = ERR_OK;
		*rid = sqlite3_column_int64(q.st, 0);
		*same = true;
		for (unsigned i = 0; i < k->cols && *same; i++)
			*same = is_value(q.st, (int)i + 1, &row->value[i]);
	} else if (rc != SQLITE_DONE) {
		err = q.err == ERR_OK ? store_fail(w->s, rc) : q.err;
	}
	(void)sqlite3_reset(q.st);
	return err;
}

/* ERR_ABSENT: a row with its keys is there. */
static enum err
insert_row(struct book_writer *w, const struct book_row *row, int64_t *rid)
{
	struct query q = query_on(w, kind_of(w, row->kind)->insert);
	enum err err = ERR_OK;
	int rc;

	query_i64(&q, w->version);
	for (unsigned i = 0; i < row->kind->cols; i++)
		bind_value(&q, &row->value[i]);
	rc = q.err == ERR_OK ? sqlite3_step(q.st) : SQLITE_ERROR;
	if (rc == SQLITE_CONSTRAINT_UNIQUE)
		err = ERR_ABSENT;
	else if (rc != SQLITE_DONE)
		err = q.err == ERR_OK ? store_fail(w->s, rc) : q.err;
	(void)sqlite3_reset(q.st);
	*rid = sqlite3_last_insert_rowid(w->s->db);
	return err;
}

static enum err
update_row(struct book_writer *w, const struct book_row *row, int64_t rid)
{
	struct query q = query_on(w, kind_of(w, row->kind)->update);

	query_i64(&q, w->version);
	for (unsigned i = 0; i < row->kind->cols; i++)
		bind_value(&q, &row->value[i]);
	query_i64(&q, rid);
	return query_run(&q);
}

/* Reads before it writes; where nothing was, the other way round. */
static enum err
write_row(struct book_writer *w, const struct book_row *row, int64_t *rid,
	  enum book_change *change)
{
	struct book_writer_kind *kw = kind_of(w, row->kind);
	bool same = false;
	enum err err = ERR_ABSENT;

	*change = CHANGE_ADDED;
	if (kw->was_empty)
		err = insert_row(w, row, rid);
	if (err != ERR_ABSENT)
		return err;
	err = read_row(w, row, rid, &same);
	if (err == ERR_ABSENT)
		return insert_row(w, row, rid);
	if (err != ERR_OK)
		return err;
	if (book_rids_has(&kw->seen, *rid)) {
		*change = CHANGE_REPEATED;
		return ERR_OK;
	}
	*change = same ? CHANGE_NONE : CHANGE_CHANGED;
	if (!same)
		err = w->changing(w->self, row);
	return same || err != ERR_OK ? err : update_row(w, row, *rid);
}

enum err
book_writer_put(struct book_writer *w, const struct book_row *row,
		enum book_change *change)
{
	const struct book_kind *k = row->kind;
	int64_t rid = 0;
	enum err err = prepare_kind(w, k);

	if (err == ERR_OK)
		err = write_row(w, row, &rid, change);
	if (err == ERR_OK)
		err = book_rids_add(&kind_of(w, k)->seen, rid);
	if (err == ERR_OK && k->after != 0 &&
	    (*change == CHANGE_ADDED || *change == CHANGE_CHANGED))
		err = index_obligor(w->s, row, rid, *change);
	return err;
}

/* All ids of a kind into memory; one that does not fit is no failure. */
static enum err
load_keys(struct book_writer *w, const struct book_kind *k)
{
	struct book_writer_kind *kw = kind_of(w, k);
	sqlite3_stmt *st = NULL;
	struct buf sql;
	enum err err;
	int rc = SQLITE_DONE;

	kw->asks = 0;
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT %s FROM %s", k->col[0].name, k->name);
	err = prepare(w, &sql, &st);
	while (err == ERR_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = book_keys_add(
		    &kw->keys,
		    (struct str){ (const char *)sqlite3_column_text(st, 0),
				  (size_t)sqlite3_column_bytes(st, 0) });
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = store_fail(w->s, rc);
	(void)sqlite3_finalize(st);
	kw->has_keys = err == ERR_OK;
	if (!kw->has_keys)
		book_keys_free(&kw->keys);
	return err == ERR_LIMIT ? ERR_OK : err;
}

static enum err
find_row(struct book_writer *w, const struct book_kind *k, struct str id)
{
	struct book_writer_kind *kw = kind_of(w, k);
	int64_t found = 0;
	struct query q;
	struct buf sql;
	enum err err = ERR_OK;

	if (kw->find == NULL) {
		buf_init(&sql, SQL_MAX);
		buf_printf(&sql, "SELECT 1 FROM %s WHERE %s = ?", k->name,
			   k->col[0].name);
		err = prepare(w, &sql, &kw->find);
	}
	if (err != ERR_OK)
		return err;
	q = query_on(w, kw->find);
	query_str(&q, id);
	err = query_int(&q, 0, &found);
	return err == ERR_OK && found == 0 ? ERR_ABSENT : err;
}

enum err
book_writer_find(struct book_writer *w, const struct book_kind *k,
		 struct str id)
{
	struct book_writer_kind *kw = kind_of(w, k);
	enum err err = ERR_OK;

	if (kw->asks > 0)
		err = load_keys(w, k);
	if (err != ERR_OK || !kw->has_keys)
		return err == ERR_OK ? find_row(w, k, id) : err;
	return book_keys_has(&kw->keys, id) ? ERR_OK : ERR_ABSENT;
}

/* One number from a statement used once. */
static enum err
number(struct book_writer *w, struct buf *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	enum err err = prepare(w, sql, &st);
	struct query q = query_on(w, st);

	if (err == ERR_OK)
		err = query_int(&q, 0, out);
	(void)sqlite3_finalize(st);
	return err;
}

static enum err
count_rows(struct book_writer *w, const struct book_kind *k, int64_t *out)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT count(*) FROM %s", k->name);
	return number(w, &sql, out);
}

/* Kinds the columns of k refer to will be asked that often more. */
static enum err
expect_asks(struct book_writer *w, const struct book_kind *k, size_t rows)
{
	for (unsigned i = 0; i < k->cols; i++) {
		const struct book_kind *to;
		int64_t count = 0;
		enum err err;

		if (k->col[i].type != BOOK_REF)
			continue;
		to = book_kind_find(str_of(k->col[i].arg));
		err = count_rows(w, to, &count);
		if (err != ERR_OK)
			return err;
		if (rows >= BOOK_BULK_MIN && (int64_t)rows >= count &&
		    !kind_of(w, to)->has_keys)
			kind_of(w, to)->asks = rows;
	}
	return ERR_OK;
}

/* Takes the indices off a table; their texts are kept. */
static enum err
drop_indices(struct book_writer *w, const char *table)
{
	struct buf drop;
	sqlite3_stmt *st = NULL;
	struct buf sql;
	enum err err;
	int rc = SQLITE_DONE;

	buf_init(&drop, INDICES_MAX);
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql,
		   "SELECT name, sql FROM sqlite_schema WHERE type = 'index'"
		   " AND sql IS NOT NULL AND tbl_name = '%s' ORDER BY rowid",
		   table);
	err = prepare(w, &sql, &st);
	while (err == ERR_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		buf_printf(&drop, "DROP INDEX %s;",
			   (const char *)sqlite3_column_text(st, 0));
		buf_printf(&w->indices, "%s",
			   (const char *)sqlite3_column_text(st, 1));
		buf_byte(&w->indices, 0);
	}
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = store_fail(w->s, rc);
	(void)sqlite3_finalize(st);
	buf_byte(&drop, 0);
	must(drop.err == ERR_OK && w->indices.err == ERR_OK);
	if (err == ERR_OK)
		err = store_exec(w->s, drop.p);
	buf_free(&drop);
	return err;
}

enum err
book_writer_expect(struct book_writer *w, const struct book_kind *k,
		   size_t rows)
{
	int64_t count = 0;
	enum err err = count_rows(w, k, &count);

	if (err == ERR_OK)
		err = expect_asks(w, k, rows);
	kind_of(w, k)->was_empty = count == 0;
	if (err != ERR_OK || count > 0 || rows < BOOK_BULK_MIN)
		return err;
	err = drop_indices(w, k->name);
	if (err == ERR_OK && k->after != 0)
		err = drop_indices(w, "obligor_name");
	if (err == ERR_OK && k->after != 0)
		err = drop_indices(w, "obligor_extid");
	return err;
}

enum err
book_writer_indices(struct book_writer *w, book_tell_index *tell, void *ctx)
{
	struct str rest = buf_str(&w->indices);
	size_t done = 0;
	size_t all = 0;
	enum err err = ERR_OK;

	free_keys(w); /* sorting needs the room */
	for (size_t i = 0; i < rest.n; i++)
		all += rest.p[i] == '\0';
	while (err == ERR_OK && rest.n > 0) {
		tell(ctx, done++, all);
		err = store_exec(w->s, str_cut(&rest, '\0').p);
	}
	buf_clear(&w->indices);
	return err;
}

enum err
book_writer_unseen(struct book_writer *w, const struct book_kind *k,
		   struct book_rids *unseen, int64_t *all)
{
	sqlite3_stmt *st = NULL;
	struct buf sql;
	enum err err;
	int rc = SQLITE_DONE;

	*all = 0;
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT rid FROM %s", k->name);
	err = prepare(w, &sql, &st);
	while (err == ERR_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t rid = sqlite3_column_int64(st, 0);

		(*all)++;
		if (!book_rids_has(&kind_of(w, k)->seen, rid))
			err = book_rids_add(unseen, rid);
	}
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = store_fail(w->s, rc);
	(void)sqlite3_finalize(st);
	return err;
}

enum err
book_writer_remove(struct book_writer *w, const struct book_kind *k,
		   const struct book_rids *rids)
{
	sqlite3_stmt *st = NULL;
	struct buf sql;
	enum err err;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "DELETE FROM %s WHERE rid = ?", k->name);
	err = prepare(w, &sql, &st);
	for (int64_t rid = book_rids_next(rids, 0); err == ERR_OK && rid >= 0;
	     rid = book_rids_next(rids, rid + 1)) {
		struct query q = query_on(w, st);

		query_i64(&q, rid);
		err = query_run(&q);
	}
	(void)sqlite3_finalize(st);
	return err;
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

/* A policy's days, as policy_window has them. */
#define SPAN                                                                   \
	"WITH span AS (SELECT p.rid, p.policy_id, p.exporter_id,"              \
	" coalesce(p.cover_from, CASE WHEN p.picked_up_on >"                   \
	" s.pickup_deadline THEN p.issued_on ELSE s.year_from END) AS a,"      \
	" coalesce(p.cover_to, s.year_to) AS b FROM policies p"                \
	" JOIN schemes s USING (scheme_id)"                                    \
	" WHERE p.status IN ('effective', 'received', 'expired'))"

enum err
book_writer_overlaps(struct book_writer *w, size_t max, book_tell *tell,
		     void *ctx)
{
	const struct book_kind *k = book_kind_find(S("policies"));
	const struct book_rids *seen = &kind_of(w, k)->seen;
	sqlite3_stmt *st = NULL;
	struct buf sql;
	size_t told = 0;
	enum err err = ERR_OK;
	int rc = SQLITE_DONE;

	if (seen->count == 0)
		return ERR_OK;
	buf_init(&sql, SQL_MAX);
	buf_put(&sql,
		S(SPAN " SELECT x.rid, y.rid, x.policy_id || ' and ' ||"
		       " y.policy_id FROM span x JOIN span y"
		       " ON y.exporter_id = x.exporter_id"
		       " AND y.policy_id > x.policy_id"
		       " AND x.a <= y.b AND y.a <= x.b"
		       " ORDER BY x.policy_id, y.policy_id"));
	err = prepare(w, &sql, &st);
	while (err == ERR_OK && told < max &&
	       (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!book_rids_has(seen, sqlite3_column_int64(st, 0)) &&
		    !book_rids_has(seen, sqlite3_column_int64(st, 1)))
			continue;
		told++;
		tell(ctx, str_of(k->name), str_of(k->col[0].name),
		     str_of((const char *)sqlite3_column_text(st, 2)));
	}
	if (err == ERR_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = store_fail(w->s, rc);
	(void)sqlite3_finalize(st);
	return err;
}
