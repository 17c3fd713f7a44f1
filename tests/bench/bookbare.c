/*
 * bookbare.c - the least that loading a book into SQLite can cost: what the
 * time of `book import` is measured against.
 *
 *   bookbare STORE.db FILE.csv...
 *
 * Makes the tables of the store's own schema, reads the files with a plain
 * splitter, inserts every row with every column (and for obligors a row per
 * name and per id into the two tables matching reads) with one prepared
 * INSERT each, in one transaction, then makes the schema's indices, all of
 * them last, and commits; synchronous=FULL, write-ahead log, the store's
 * cache.  Nothing is checked, folded, looked up or told; dates and amounts
 * are their digits as a number.  The kind is the file's name.  Prints the
 * rows, then the milliseconds to load, index and commit.
 */
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "book_def.h"
#include "buf.h"
#include "schema.h"
#include "store_priv.h"

static sqlite3 *db;
static uint64_t rows;
static sqlite3_stmt *name_row;
static sqlite3_stmt *id_row;

static void
need(bool ok)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bookbare: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void
run(const char *sql)
{
	need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

/* CPU and waiting alike. */
static int64_t
now_ms(void)
{
	struct timespec t;

	(void)timespec_get(&t, TIME_UTC);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static sqlite3_stmt *
prepared(const char *sql)
{
	sqlite3_stmt *st = NULL;

	need(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	return st;
}

static sqlite3_stmt *
insert_of(const struct book_kind *k)
{
	sqlite3_stmt *st;
	struct buf sql;

	buf_init(&sql, 8192);
	buf_printf(&sql, "INSERT INTO %s (seen, changed", k->name);
	for (unsigned i = 0; i < k->cols; i++)
		buf_printf(&sql, ", %s", k->col[i].name);
	buf_put(&sql, S(") VALUES (1, 1"));
	for (unsigned i = 0; i < k->cols; i++)
		buf_put(&sql, S(", ?"));
	buf_put(&sql, S(")"));
	buf_byte(&sql, 0);
	st = prepared(sql.p);
	buf_free(&sql);
	return st;
}

/* The next field of the line at *p, its end made a NUL. */
static char *
field(char **p)
{
	char *s = *p;
	char *e;

	if (*s == '"') {
		e = strchr(++s, '"');
		must(e != NULL);
		*e++ = '\0';
	} else {
		e = s + strcspn(s, ",\n");
	}
	*p = *e == ',' ? e + 1 : e;
	*e = '\0';
	return s;
}

static int64_t
digits(const char *s)
{
	int64_t v = 0;

	for (; *s != '\0'; s++)
		if (*s >= '0' && *s <= '9')
			v = v * 10 + (*s - '0');
	return v;
}

static void
bind(sqlite3_stmt *st, int at, const struct book_col *c, const char *s)
{
	int rc;

	if (*s == '\0')
		s = c->dflt;
	if (*s == '\0')
		rc = sqlite3_bind_null(st, at);
	else if (c->type == BOOK_DATE || c->type == BOOK_TIME ||
		 c->type == BOOK_MONEY || c->type == BOOK_INT ||
		 c->type == BOOK_BOOL)
		rc = sqlite3_bind_int64(st, at, digits(s));
	else
		rc = sqlite3_bind_text(st, at, s, -1, SQLITE_STATIC);
	need(rc == SQLITE_OK);
}

static void
step(sqlite3_stmt *st)
{
	need(sqlite3_step(st) == SQLITE_DONE);
	(void)sqlite3_reset(st);
	rows++;
}

/* A row for each part of the list: [scheme:]value. */
static void
parts(sqlite3_stmt *st, int64_t obligor, char *list, bool scheme)
{
	char *colon;

	for (char *s = strtok_r(list, "|", &list); s != NULL;
	     s = strtok_r(NULL, "|", &list)) {
		colon = scheme ? strchr(s, ':') : NULL;
		(void)sqlite3_bind_int64(st, 1, obligor);
		(void)sqlite3_bind_text(st, scheme ? 3 : 2,
					colon == NULL ? s : colon + 1, -1,
					SQLITE_STATIC);
		if (colon != NULL)
			(void)sqlite3_bind_text(st, 2, s, (int)(colon - s),
						SQLITE_STATIC);
		step(st);
	}
}

static void
row(const struct book_kind *k, sqlite3_stmt *st, const int *column, char *line)
{
	char *value[BOOK_COLUMNS_MAX];
	static char none[1];
	int64_t rid;

	for (unsigned i = 0; i < k->cols; i++)
		value[i] = none;
	for (unsigned i = 0; *line != '\0'; i++)
		value[column[i]] = field(&line);
	for (unsigned i = 0; i < k->cols; i++)
		bind(st, (int)i + 1, &k->col[i], value[i]);
	step(st);
	if (k->after == 0)
		return;
	rid = sqlite3_last_insert_rowid(db);
	parts(name_row, rid, value[book_col_find(k, S("name"))], false);
	parts(name_row, rid, value[book_col_find(k, S("aliases"))], false);
	parts(id_row, rid, value[book_col_find(k, S("ids"))], true);
}

static void
load(char *path)
{
	int column[BOOK_COLUMNS_MAX];
	const struct book_kind *k;
	char *line = NULL;
	sqlite3_stmt *st;
	size_t size = 0;
	FILE *f = fopen(path, "r");
	struct str kind = str_of(basename(path));
	char *p;

	k = book_kind_find(str_cut(&kind, '.'));
	if (f == NULL || k == NULL || getline(&line, &size, f) <= 0) {
		(void)fprintf(stderr, "bookbare: %s: no kind of the book\n",
			      path);
		exit(1);
	}
	p = line;
	for (unsigned i = 0; *p != '\0' && i < BOOK_COLUMNS_MAX; i++) {
		column[i] = book_col_find(k, str_of(field(&p)));
		must(column[i] >= 0);
	}
	st = insert_of(k);
	while (getline(&line, &size, f) > 0)
		row(k, st, column, line);
	(void)sqlite3_finalize(st);
	free(line);
	(void)fclose(f);
}

/* The schema's indices, or all of it but them. */
static void
schema(bool indices)
{
	for (size_t i = 0; store_schema[i] != NULL; i++) {
		struct str sql = str_of(store_schema[i]);
		bool index = str_starts(sql, S("CREATE INDEX")) ||
			     str_starts(sql, S("CREATE UNIQUE INDEX"));

		if (index == indices)
			run(store_schema[i]);
	}
}

int
main(int argc, char **argv)
{
	int64_t at[4];
	char text[128];

	if (argc < 3) {
		(void)fputs("usage: bookbare STORE.db FILE.csv...\n", stderr);
		return 2;
	}
	need(sqlite3_open(argv[1], &db) == SQLITE_OK);
	(void)snprintf(text, sizeof(text),
		       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		       "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%d;"
		       "PRAGMA wal_autocheckpoint=0",
		       STORE_CACHE_KIB);
	run(text);
	at[0] = now_ms();
	run("BEGIN IMMEDIATE");
	schema(false);
	name_row = prepared("INSERT INTO obligor_name (obligor, key)"
			    " VALUES (?, ?)");
	id_row = prepared("INSERT INTO obligor_extid (obligor, scheme, value)"
			  " VALUES (?, ?, ?)");
	for (int i = 2; i < argc; i++)
		load(argv[i]);
	at[1] = now_ms();
	schema(true);
	at[2] = now_ms();
	(void)sqlite3_finalize(name_row);
	(void)sqlite3_finalize(id_row);
	run("COMMIT");
	at[3] = now_ms();
	(void)printf("%llu rows, ms: load %lld, index %lld, commit %lld\n",
		     (unsigned long long)rows, (long long)(at[1] - at[0]),
		     (long long)(at[2] - at[1]), (long long)(at[3] - at[2]));
	return sqlite3_close(db) != SQLITE_OK;
}
