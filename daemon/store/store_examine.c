/*
 * store_examine.c - what a copy holds, and whether it can be relied on.
 *
 * The copy is read where it lies, through its descriptor: nothing is made
 * beside it, and nothing in it is run (a view or trigger that is not ours
 * makes the tables differ from ours).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "store_priv.h"

#define HEADER_SIZE 100
#define VERSIONS_AT 18
#define SCHEMA_AT 60 /* user_version */
#define APPLICATION_AT 68
#define MAGIC "SQLite format 3"

/* Column 0 of the first row, -1 when there is none. */
static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return v;
}

static enum err
damaged(sqlite3 *db, struct diag *d)
{
	return diag_set(d, ERR_INPUT, 0, "it is damaged: %s",
			sqlite3_errmsg(db));
}

static enum err
whole(sqlite3 *db, struct diag *d)
{
	sqlite3_stmt *st = NULL;
	enum err err = ERR_OK;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st,
			       NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		err = damaged(db, d);
	else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		err = diag_set(d, ERR_INPUT, 0, "it is damaged: %.120s",
			       (const char *)sqlite3_column_text(st, 0));
	(void)sqlite3_finalize(st);
	return err;
}

static enum err
streams(sqlite3 *db, struct arena *a, struct store_copy_of *out,
	struct diag *d)
{
	int64_t n = number(db, "SELECT count(*) FROM stream");
	sqlite3_stmt *st = NULL;
	enum err err = ERR_OK;

	if (n < 0)
		return damaged(db, d);
	out->stream = arena_array(a, struct stream_head, (size_t)n + 1);
	if (out->stream == NULL || n > STORE_ROWS_MAX)
		return ERR_LIMIT;
	if (sqlite3_prepare_v2(db,
			       "SELECT stream, head FROM stream ORDER BY 1",
			       -1, &st, NULL) != SQLITE_OK)
		err = damaged(db, d);
	while (err == ERR_OK && out->streams < (size_t)n &&
	       sqlite3_step(st) == SQLITE_ROW) {
		struct stream_head *h = &out->stream[out->streams++];
		const char *name = (const char *)sqlite3_column_text(st, 0);

		if (name == NULL)
			return ERR_LIMIT;
		h->stream = arena_str(a, str_of(name));
		h->head = (uint64_t)sqlite3_column_int64(st, 1);
	}
	(void)sqlite3_finalize(st);
	return err;
}

static enum err
look(sqlite3 *db, struct arena *a, struct store_copy_of *out, struct diag *d)
{
	enum err err;

	err = whole(db, d);
	/* An older one is compared once it is upgraded. */
	if (err == ERR_OK && out->schema == STORE_SCHEMA &&
	    store_schema_same(db, d) != ERR_OK)
		err = ERR_INPUT;
	if (err == ERR_OK)
		err = streams(db, a, out, d);
	if (err != ERR_OK)
		return err;
	out->epoch = (uint64_t)number(
	    db, "SELECT value FROM meta WHERE name = 'epoch' AND value > 0");
	out->open_alerts = number(
	    db, "SELECT count(*) FROM alert WHERE state NOT IN (5, 6, 7, 8)");
	return out->epoch > INT64_MAX || out->open_alerts < 0 ?
		       damaged(db, d) :
		       ERR_OK;
}

/* Before SQLite is asked: it answers little about what is none of its. */
static enum err
header(int fd, struct store_copy_of *out, struct diag *d)
{
	char head[HEADER_SIZE];
	struct rd at;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return diag_set(d, ERR_IO, 0, "it is no regular file");
	out->bytes = st.st_size;
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head, MAGIC, sizeof(MAGIC)) != 0)
		return diag_set(d, ERR_INPUT, 0, "it is no backup of a store");
	at = rd_of((struct str){ head + SCHEMA_AT, 4 });
	out->schema = (int32_t)rd_be32(&at);
	at = rd_of((struct str){ head + APPLICATION_AT, 4 });
	if (rd_be32(&at) != STORE_APPLICATION_ID || out->schema < 1)
		return diag_set(d, ERR_INPUT, 0,
				"it is a database, but not a store of ours");
	if (out->schema > STORE_SCHEMA)
		return diag_set(d, ERR_INPUT, 0,
				"it has schema %" PRId64
				", this program knows up to %d: a newer "
				"version wrote it",
				out->schema, STORE_SCHEMA);
	if (head[VERSIONS_AT] != 1 || head[VERSIONS_AT + 1] != 1)
		return diag_set(d, ERR_INPUT, 0,
				"it is a store's own file, not a backup: what "
				"its write-ahead log holds may be missing");
	return ERR_OK;
}

enum err
store_examine(const char *path, struct arena *a, struct store_copy_of *out,
	      struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct store_copy_of found = { 0 };
	sqlite3 *db = NULL;
	char name[16];
	enum err err;

	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "%s", strerror(errno));
	(void)snprintf(name, sizeof(name), "%d", fd);
	err = header(fd, &found, d);
	if (err == ERR_OK &&
	    sqlite3_open_v2(name, &db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    store_vfs()) != SQLITE_OK)
		err = diag_set(d, ERR_IO, 0, "%s", sqlite3_errmsg(db));
	if (err == ERR_OK)
		(void)sqlite3_exec(db,
				   "PRAGMA trusted_schema=OFF;"
				   "PRAGMA cell_size_check=ON",
				   NULL, NULL, NULL);
	if (err == ERR_OK)
		err = look(db, a, &found, d);
	(void)sqlite3_close(db);
	(void)close(fd);
	if (err == ERR_OK)
		*out = found;
	return err;
}
