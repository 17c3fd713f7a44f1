/*
 * store_query.c - statements prepared once, rows bound and read by shape.
 */
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

static const struct field field_str[] = { { FIELD_STR, 0, 0, NULL } };
const struct shape shape_str = { field_str, 1, sizeof(struct str) };

/* The cached statement, reset; made at its first use. */
static enum err
statement_get(struct store *s, const char *sql, sqlite3_stmt **out)
{
	size_t i = ((uintptr_t)sql >> 3) & (STORE_STATEMENTS_MAX - 1);
	struct statement *t = &s->statement[i];
	unsigned tried = 0;
	int rc;

	while (t->sql != NULL && t->sql != sql) {
		must(++tried < STORE_STATEMENTS_MAX);
		i = (i + 1) & (STORE_STATEMENTS_MAX - 1);
		t = &s->statement[i];
	}
	if (t->st == NULL) {
		rc = sqlite3_prepare_v3(s->db, sql, -1,
					SQLITE_PREPARE_PERSISTENT, &t->st,
					NULL);
		if (rc != SQLITE_OK)
			return store_fail(s, rc);
		t->sql = sql;
	}
	must(!sqlite3_stmt_busy(t->st));
	*out = t->st;
	return ERR_OK;
}

struct query
query_of(struct store *s, const char *sql)
{
	struct query q = { .s = s, .err = ERR_OK };

	/* SQLite ends a transaction by itself after some failures: nothing
	 * may slip through between that and the caller's rollback. */
	if (s->in_tx && sqlite3_get_autocommit(s->db) != 0) {
		s->tx_failed = true;
		q.err = ERR_STORE;
		return q;
	}
	q.err = statement_get(s, sql, &q.st);
	return q;
}

struct query
query_change(struct store *s, const char *sql)
{
	must(s->in_tx);
	return query_of(s, sql);
}

static void
query_rc(struct query *q, int rc)
{
	if (rc != SQLITE_OK)
		q->err = store_fail(q->s, rc);
}

void
query_str(struct query *q, struct str v)
{
	if (q->err == ERR_OK)
		query_rc(q, sqlite3_bind_text64(
				q->st, ++q->at, v.p == NULL ? "" : v.p, v.n,
				SQLITE_STATIC, SQLITE_UTF8));
}

static void
query_blob(struct query *q, struct str v)
{
	if (q->err != ERR_OK)
		return;
	if (v.n == 0)
		query_rc(q, sqlite3_bind_null(q->st, ++q->at));
	else
		query_rc(q, sqlite3_bind_blob64(q->st, ++q->at, v.p, v.n,
						SQLITE_STATIC));
}

void
query_i64(struct query *q, int64_t v)
{
	if (q->err == ERR_OK)
		query_rc(q, sqlite3_bind_int64(q->st, ++q->at, v));
}

void
query_u64(struct query *q, uint64_t v)
{
	if (v > INT64_MAX && q->err == ERR_OK)
		q->err = ERR_LIMIT;
	query_i64(q, (int64_t)v);
}

void
query_time(struct query *q, int64_t v)
{
	if (v != TIME_NONE)
		query_i64(q, v);
	else if (q->err == ERR_OK)
		query_rc(q, sqlite3_bind_null(q->st, ++q->at));
}

/* An int, int32_t or enum member: all are four bytes here. */
static int
int_at(const char *p)
{
	int v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void
bind_field(struct query *q, const struct field *f, const char *p)
{
	struct str text;
	int64_t i64;
	uint64_t u64;

	switch (f->type) {
	case FIELD_STR:
		memcpy(&text, p, sizeof(text));
		query_str(q, text);
		break;
	case FIELD_BLOB:
		memcpy(&text, p, sizeof(text));
		query_blob(q, text);
		break;
	case FIELD_INT:
		query_i64(q, int_at(p));
		break;
	case FIELD_ENUM:
		must(int_at(p) >= 0 && int_at(p) <= f->max);
		query_i64(q, int_at(p));
		break;
	case FIELD_DATE:
		query_time(q, int_at(p) == DATE_NONE ? TIME_NONE : int_at(p));
		break;
	case FIELD_I64:
		memcpy(&i64, p, sizeof(i64));
		query_i64(q, i64);
		break;
	case FIELD_TIME:
		memcpy(&i64, p, sizeof(i64));
		query_time(q, i64);
		break;
	case FIELD_U64:
		memcpy(&u64, p, sizeof(u64));
		query_u64(q, u64);
		break;
	case FIELD_U8:
		query_i64(q, *(const uint8_t *)p);
		break;
	case FIELD_WORD:
	default:
		must(f->type != FIELD_WORD); /* read only */
		break;
	}
}

void
query_bind(struct query *q, const struct shape *shape, const void *row)
{
	for (int i = 0; i < shape->count; i++)
		bind_field(q, &shape->field[i],
			   (const char *)row + shape->field[i].offset);
}

/* Resets what was begun, so that no read transaction stays open. */
static enum err
query_end(struct query *q, enum err err)
{
	if (q->st != NULL) {
		(void)sqlite3_reset(q->st);
		(void)sqlite3_clear_bindings(q->st);
	}
	q->st = NULL;
	return err;
}

/* SQLITE_ROW, SQLITE_DONE, or the failure in *err. */
static int
query_step(struct query *q, enum err *err)
{
	int rc;

	if (q->err != ERR_OK) {
		*err = q->err;
		return SQLITE_ERROR;
	}
	rc = sqlite3_step(q->st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		*err = store_fail(q->s, rc);
	return rc;
}

enum err
query_run(struct query *q)
{
	enum err err = ERR_OK;
	int rc;

	do
		rc = query_step(q, &err);
	while (rc == SQLITE_ROW);
	return query_end(q, err);
}

enum err
query_int(struct query *q, int64_t dflt, int64_t *out)
{
	enum err err = ERR_OK;
	int rc = query_step(q, &err);

	if (rc == SQLITE_ROW &&
	    sqlite3_column_type(q->st, 0) == SQLITE_INTEGER)
		*out = sqlite3_column_int64(q->st, 0);
	else if (err == ERR_OK)
		*out = dflt;
	return query_end(q, err);
}

static enum err
read_text(sqlite3_stmt *st, int col, struct arena *a, char *p)
{
	const void *text = sqlite3_column_blob(st, col);
	int n = sqlite3_column_bytes(st, col);
	struct str v = { text, text == NULL ? 0 : (size_t)n };

	v = arena_str(a, v);
	if (v.p == NULL)
		return ERR_LIMIT;
	memcpy(p, &v, sizeof(v));
	return ERR_OK;
}

/* The place of the word in "a|b|c", or -1. */
static int
word_index(const char *words, struct str word)
{
	int i = 0;

	for (struct str rest = str_of(words); rest.n > 0; i++)
		if (str_eq(str_cut(&rest, '|'), word))
			return i;
	return -1;
}

static enum err
read_small(sqlite3_stmt *st, int col, const struct field *f, char *p)
{
	int64_t v = sqlite3_column_int64(st, col);
	int i;

	if (f->type == FIELD_U8) {
		if (v < 0 || v > UINT8_MAX)
			return ERR_CORRUPT;
		*(uint8_t *)p = (uint8_t)v;
		return ERR_OK;
	}
	if (f->type == FIELD_WORD)
		v = word_index(f->words,
			       str_of((const char *)sqlite3_column_text(st,
									col)));
	if (f->type == FIELD_DATE &&
	    sqlite3_column_type(st, col) == SQLITE_NULL)
		v = DATE_NONE;
	if (v < INT32_MIN || v > INT32_MAX)
		return ERR_CORRUPT;
	if ((f->type == FIELD_ENUM && (v < 0 || v > f->max)) ||
	    (f->type == FIELD_WORD && v < 0))
		return ERR_CORRUPT;
	i = (int)v;
	memcpy(p, &i, sizeof(i));
	return ERR_OK;
}

static enum err
read_field(sqlite3_stmt *st, int col, const struct field *f, struct arena *a,
	   char *p)
{
	int64_t v;

	switch (f->type) {
	case FIELD_STR:
	case FIELD_BLOB:
		return read_text(st, col, a, p);
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_TIME:
		v = sqlite3_column_int64(st, col);
		if (f->type == FIELD_TIME &&
		    sqlite3_column_type(st, col) == SQLITE_NULL)
			v = TIME_NONE;
		if (f->type == FIELD_U64 && v < 0)
			return ERR_CORRUPT;
		memcpy(p, &v, sizeof(v));
		return ERR_OK;
	case FIELD_INT:
	case FIELD_U8:
	case FIELD_DATE:
	case FIELD_ENUM:
	case FIELD_WORD:
	default:
		return read_small(st, col, f, p);
	}
}

/* Column 0 is rid; the shape's columns follow. */
static enum err
read_row(sqlite3_stmt *st, const struct shape *shape, struct arena *a,
	 char *row)
{
	for (int i = 0; i < shape->count; i++) {
		const struct field *f = &shape->field[i];
		enum err err = read_field(st, i + 1, f, a, row + f->offset);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err
query_one(struct query *q, const struct shape *shape, struct arena *a,
	  void *out)
{
	size_t mark = arena_mark(a);
	char *row = calloc(1, shape->size);
	enum err err = row == NULL ? ERR_STORE : ERR_OK;
	int rc = SQLITE_ERROR;

	if (err == ERR_OK)
		rc = query_step(q, &err);
	if (err == ERR_OK && rc == SQLITE_DONE)
		err = ERR_ABSENT;
	if (err == ERR_OK)
		err = read_row(q->st, shape, a, row);
	if (err == ERR_OK)
		memcpy(out, row, shape->size);
	else
		arena_rewind(a, mark);
	free(row);
	return query_end(q, err);
}

struct rows {
	char *p; /* owned */
	size_t count;
	size_t room;
};

/* Room for one more row, zeroed. */
static enum err
rows_grow(struct rows *r, size_t size)
{
	size_t room = r->room == 0 ? 16 : r->room * 2;
	char *p;

	if (r->count >= STORE_ROWS_MAX)
		return ERR_LIMIT;
	if (r->count == r->room) {
		p = reallocarray(r->p, room, size);
		if (p == NULL)
			return ERR_STORE;
		r->p = p;
		r->room = room;
	}
	memset(r->p + r->count * size, 0, size);
	return ERR_OK;
}

enum err
query_all(struct query *q, const struct shape *shape, struct arena *a,
	  void *out, size_t *count)
{
	size_t mark = arena_mark(a);
	struct rows rows = { 0 };
	enum err err = ERR_OK;
	char *copy;

	while (err == ERR_OK && query_step(q, &err) == SQLITE_ROW) {
		err = rows_grow(&rows, shape->size);
		if (err == ERR_OK)
			err = read_row(q->st, shape, a,
				       rows.p + rows.count * shape->size);
		rows.count++;
	}
	if (err == ERR_OK) {
		copy = arena_get(a, rows.count, shape->size);
		if (copy == NULL)
			err = ERR_LIMIT;
		else if (rows.count > 0)
			memcpy(copy, rows.p, rows.count * shape->size);
	}
	if (err == ERR_OK) {
		memcpy(out, &copy, sizeof(copy));
		*count = rows.count;
	} else {
		arena_rewind(a, mark);
	}
	free(rows.p);
	return query_end(q, err);
}

enum err
query_each(struct query *q, const struct shape *shape,
	   enum err (*each)(void *ctx, const void *row), void *ctx)
{
	struct arena a = { 0 };
	char *row = calloc(1, shape->size);
	enum err err = row == NULL ? ERR_STORE :
				     arena_init(&a, QUERY_ROW_MAX);

	while (err == ERR_OK && query_step(q, &err) == SQLITE_ROW) {
		arena_rewind(&a, 0);
		memset(row, 0, shape->size);
		err = read_row(q->st, shape, &a, row);
		if (err == ERR_OK)
			err = each(ctx, row);
	}
	arena_fini(&a);
	free(row);
	return query_end(q, err);
}
