/*
 * store_priv.h - the store's inside: the handle, queries, shapes.  Floor 3.
 * Included only by store*.c, book_*.c of this folder and tests/store.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include <sqlite3.h>

#include "schema.h"
#include "store.h"

#define STORE_APPLICATION_ID 1128352077 /* "CALM": PRAGMA application_id */
#define STORE_STATEMENTS_MAX 128u	/* a power of two */
#define STORE_CACHE_KIB 65536
#define STORE_BUSY_MS 1000
#define STORE_WAL_PAGES_MIN 1000 /* below it a checkpoint is not worth it */
#define STORE_WAL_BYTES_MAX 67108864 /* kept of the log's file when emptied */
#define STORE_BACKUP_PAGES 256 /* copied at one step */
/* In a copy only. */
#define STORE_PARTS_TABLE                                                      \
	"CREATE TABLE IF NOT EXISTS backup_part (feed TEXT NOT NULL,"          \
	" gen INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL,"     \
	" PRIMARY KEY (feed, at)) STRICT"

struct statement {
	const char *sql; /* a literal: compared by address */
	sqlite3_stmt *st; /* owned */
};

struct store {
	sqlite3 *db; /* owned */
	int lock_fd; /* -1 for :memory: */
	int wal_pages;
	int trouble; /* errno behind the last ERR_STORE; 0: who knows */
	bool in_tx;
	/* A change of this transaction failed: it cannot commit any more. */
	bool tx_failed;
	struct statement statement[STORE_STATEMENTS_MAX];
};

enum field_type {
	FIELD_STR,
	FIELD_BLOB, /* NULL when empty */
	FIELD_INT,
	FIELD_I64,
	FIELD_U64, /* at most INT64_MAX */
	FIELD_U8,
	FIELD_DATE, /* NULL: DATE_NONE */
	FIELD_TIME, /* NULL: TIME_NONE */
	FIELD_ENUM, /* 0..max */
	FIELD_WORD, /* an enum kept as one of the words, by place */
	FIELD_KEY = FIELD_STR,
	FIELD_LATER = FIELD_STR,
	FIELD_LATERINT = FIELD_INT,
	FIELD_KEYINT = FIELD_INT,
};

struct field {
	enum field_type type;
	int max;
	size_t offset;
	const char *words; /* "a|b|c" of FIELD_WORD */
};

/* How the columns of a row (behind rid) lie in a struct. */
struct shape {
	const struct field *field;
	int count;
	size_t size;
};

#define SHAPE_FIELD(S, type, name, max)                                        \
	{ FIELD_##type, (int)(max), offsetof(S, name), NULL },
#define SHAPE(var, FIELDS, S)                                                  \
	static const struct field var##_field[] = { FIELDS(SHAPE_FIELD, S) };  \
	static const struct shape var = {                                      \
		var##_field,                                                   \
		(int)(sizeof(var##_field) / sizeof(var##_field[0])), sizeof(S) \
	}

/* One text column into a struct str. */
extern const struct shape shape_str;

/*
 * One use of a cached statement: make it, bind its marks in order, end it
 * with one of run, one, all, int.  The first failure sticks and comes out
 * there.  Bound strs are borrowed until the end.
 */
struct query {
	struct store *s;
	sqlite3_stmt *st;
	enum err err;
	int at;
};

struct query query_of(struct store *s, const char *sql);
/* As query_of for a change: a transaction must be open. */
struct query query_change(struct store *s, const char *sql);
void query_str(struct query *q, struct str v);
void query_i64(struct query *q, int64_t v);
void query_u64(struct query *q, uint64_t v);
/* NULL for TIME_NONE. */
void query_time(struct query *q, int64_t v);
/* Every field of the row in the shape's order. */
void query_bind(struct query *q, const struct shape *shape, const void *row);
/* To the end, rows ignored. */
NODISCARD enum err query_run(struct query *q);
/* ERR_ABSENT when there is no row. */
NODISCARD enum err query_one(struct query *q, const struct shape *shape,
			     struct arena *a, void *out);
/* *out is an array of shape->size; ERR_LIMIT over STORE_ROWS_MAX. */
NODISCARD enum err query_all(struct query *q, const struct shape *shape,
			     struct arena *a, void *out, size_t *count);
/* Each row to `each`, which must not use the same statement; the row dies with
 * the call.  ERR_LIMIT for a row over QUERY_ROW_MAX. */
#define QUERY_ROW_MAX 65536u
NODISCARD enum err query_each(struct query *q, const struct shape *shape,
			      enum err (*each)(void *ctx, const void *row),
			      void *ctx);
/* Column 0 of the first row; dflt when there is none or it is NULL. */
NODISCARD enum err query_int(struct query *q, int64_t dflt, int64_t *out);

/* Our code for SQLite's, logged; a failed change spoils its transaction. */
enum err store_fail(struct store *s, int rc);
NODISCARD enum err store_exec(struct store *s, const char *sql);

/* PATH.lock, held while *fd is open: one core at a time, and no restore. */
NODISCARD enum err store_lock(const char *path, int *fd, struct diag *d);
/* The name of the VFS whose files are descriptors: "7". */
const char *store_vfs(void);
/* The whole copy at once; fd as store_backup_begin's. */
NODISCARD enum err store_copy(struct store *s, int fd, struct diag *d);
/* Renames, durably, within one folder. */
NODISCARD enum err store_rename(const char *from, const char *to,
				struct diag *d);
/* ERR_CONFIG unless the tables are those of an empty store of ours. */
NODISCARD enum err store_schema_same(sqlite3 *db, struct diag *d);
/* To STORE_SCHEMA, keeping a copy of the file at path beside it. */
NODISCARD enum err store_migrate(struct store *s, const char *path,
				 int64_t version, struct diag *d);

NODISCARD enum err store_meta(struct store *s, const char *name,
			      int64_t *value);
NODISCARD enum err store_meta_put(struct store *s, const char *name,
				  int64_t value);

#endif
