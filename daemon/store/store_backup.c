/*
 * store_backup.c - a copy of the store while it is in use.
 *
 * SQLite copies page by page and follows what this connection writes
 * meanwhile, so the copy is the store at the moment of the last step.  It is
 * no write-ahead log database: one file, whole by itself, readable anywhere.
 * What belongs to the store but lies in other files (the feeds' diff states)
 * goes into one more table, which a restored store has no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store_priv.h"

#define VERSIONS_AT 18 /* file format: write version, read version */

struct store_backup {
	struct store *s; /* borrowed */
	int fd;		 /* borrowed */
	sqlite3 *db;
	sqlite3_backup *copy; /* NULL once all pages are there */
	sqlite3_stmt *add;
};

static enum err
fail(struct store_backup *b, int rc, struct diag *d)
{
	(void)store_fail(b->s, rc);
	return diag_set(d, ERR_STORE, 0, "the copy cannot be made: %s",
			sqlite3_errstr(rc));
}

static int
backup_open(struct store_backup *b)
{
	char name[16];
	int rc;

	(void)snprintf(name, sizeof(name), "%d", b->fd);
	rc = sqlite3_open_v2(name, &b->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				 SQLITE_OPEN_NOMUTEX |
				 SQLITE_OPEN_PRIVATECACHE,
			     store_vfs());
	/* Nothing half written is ever used, so nothing is undone. */
	return rc == SQLITE_OK ? sqlite3_exec(b->db,
					      "PRAGMA journal_mode=OFF;"
					      "PRAGMA synchronous=OFF",
					      NULL, NULL, NULL) :
				 rc;
}

enum err
store_backup_begin(struct store *s, int fd, struct store_backup **out,
		   struct diag *d)
{
	struct store_backup *b = calloc(1, sizeof(*b));
	enum err err = ERR_OK;
	int rc;

	if (b == NULL)
		return ERR_LIMIT;
	b->s = s;
	b->fd = fd;
	rc = backup_open(b);
	if (rc == SQLITE_OK) {
		b->copy = sqlite3_backup_init(b->db, "main", s->db, "main");
		if (b->copy == NULL)
			rc = sqlite3_errcode(b->db);
	}
	if (rc != SQLITE_OK) {
		err = fail(b, rc, d);
		store_backup_end(b);
		return err;
	}
	*out = b;
	return ERR_OK;
}

/* The pages are there; from now on it is a database of one file. */
static int
copied(struct store_backup *b)
{
	static const char own_file[2] = { 1, 1 };
	int rc = sqlite3_backup_finish(b->copy);

	b->copy = NULL;
	if (rc == SQLITE_OK && pwrite(b->fd, own_file, sizeof(own_file),
				      VERSIONS_AT) != sizeof(own_file))
		rc = SQLITE_IOERR_WRITE;
	if (rc != SQLITE_OK)
		return rc;
	/* Read afresh: the cache has the old page. */
	must(sqlite3_close(b->db) == SQLITE_OK);
	b->db = NULL;
	return backup_open(b);
}

enum err
store_backup_step(struct store_backup *b, bool *done, struct diag *d)
{
	int rc;

	must(!b->s->in_tx && b->copy != NULL);
	rc = sqlite3_backup_step(b->copy, STORE_BACKUP_PAGES);
	*done = rc == SQLITE_DONE;
	if (rc == SQLITE_DONE)
		rc = copied(b);
	/* Somebody reads or checkpoints: the next step. */
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return ERR_OK;
	return fail(b, rc, d);
}

enum err
store_backup_add(struct store_backup *b, const struct store_part *p,
		 struct diag *d)
{
	int rc = SQLITE_OK;

	must(b->copy == NULL && b->db != NULL);
	if (b->add == NULL)
		rc = sqlite3_exec(b->db, "BEGIN; " STORE_PARTS_TABLE, NULL,
				  NULL, NULL);
	if (rc == SQLITE_OK && b->add == NULL)
		rc = sqlite3_prepare_v2(
		    b->db, "INSERT INTO backup_part VALUES (?, ?, ?, ?)", -1, &b->add,
		    NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text64(b->add, 1, p->feed.p, p->feed.n,
					 SQLITE_STATIC, SQLITE_UTF8);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(b->add, 2, p->gen);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(b->add, 3, p->at);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(b->add, 4, p->bytes.p, p->bytes.n,
					 SQLITE_STATIC);
	if (rc == SQLITE_OK && sqlite3_step(b->add) != SQLITE_DONE)
		rc = sqlite3_errcode(b->db);
	if (b->add != NULL)
		(void)sqlite3_reset(b->add);
	return rc == SQLITE_OK ? ERR_OK : fail(b, rc, d);
}

enum err
store_backup_finish(struct store_backup *b, struct diag *d)
{
	int rc = SQLITE_OK;

	must(b->copy == NULL && b->db != NULL);
	if (b->add != NULL)
		rc = sqlite3_exec(b->db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK && fsync(b->fd) < 0)
		rc = SQLITE_IOERR_FSYNC;
	return rc == SQLITE_OK ? ERR_OK : fail(b, rc, d);
}

void
store_backup_end(struct store_backup *b)
{
	if (b == NULL)
		return;
	if (b->copy != NULL)
		(void)sqlite3_backup_finish(b->copy);
	(void)sqlite3_finalize(b->add);
	must(sqlite3_close(b->db) == SQLITE_OK);
	free(b);
}

enum err
store_copy(struct store *s, int fd, struct diag *d)
{
	struct store_backup *b = NULL;
	bool done = false;
	enum err err = store_backup_begin(s, fd, &b, d);

	must((err == ERR_OK) == (b != NULL));
	while (err == ERR_OK && !done)
		err = store_backup_step(b, &done, d);
	if (err == ERR_OK)
		err = store_backup_finish(b, d);
	store_backup_end(b);
	return err;
}
