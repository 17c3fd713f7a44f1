/*
 * store_backup.c - a copy of the store while it is in use.
 *
 * SQLite copies page by page and follows what this connection writes
 * meanwhile, so the copy is the store at the moment of the last step.  It is
 * no write-ahead log database: one file, whole by itself, readable anywhere.
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
	sqlite3_backup *copy;
};

static enum err
fail(struct store_backup *b, int rc, struct diag *d)
{
	(void)store_fail(b->s, rc);
	return diag_set(d, ERR_STORE, 0, "the copy cannot be made: %s",
			sqlite3_errstr(rc));
}

enum err
store_backup_begin(struct store *s, int fd, struct store_backup **out,
		   struct diag *d)
{
	struct store_backup *b = calloc(1, sizeof(*b));
	char name[16];
	enum err err = ERR_OK;
	int rc;

	if (b == NULL)
		return ERR_LIMIT;
	b->s = s;
	b->fd = fd;
	(void)snprintf(name, sizeof(name), "%d", fd);
	rc = sqlite3_open_v2(name, &b->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				 SQLITE_OPEN_NOMUTEX |
				 SQLITE_OPEN_PRIVATECACHE,
			     store_vfs());
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(b->db, "PRAGMA journal_mode=OFF", NULL, NULL,
				  NULL);
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

static enum err
finish(struct store_backup *b, struct diag *d)
{
	static const char own_file[2] = { 1, 1 };
	int rc = sqlite3_backup_finish(b->copy);

	b->copy = NULL;
	if (rc == SQLITE_OK &&
	    (pwrite(b->fd, own_file, sizeof(own_file), VERSIONS_AT) !=
		 (ssize_t)sizeof(own_file) ||
	     fsync(b->fd) < 0))
		rc = SQLITE_IOERR_FSYNC;
	return rc == SQLITE_OK ? ERR_OK : fail(b, rc, d);
}

enum err
store_backup_step(struct store_backup *b, bool *done, struct diag *d)
{
	int rc;

	must(!b->s->in_tx && b->copy != NULL);
	rc = sqlite3_backup_step(b->copy, STORE_BACKUP_PAGES);
	*done = rc == SQLITE_DONE;
	if (rc == SQLITE_DONE)
		return finish(b, d);
	/* Somebody reads or checkpoints: the next step. */
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return ERR_OK;
	return fail(b, rc, d);
}

void
store_backup_end(struct store_backup *b)
{
	if (b == NULL)
		return;
	if (b->copy != NULL)
		(void)sqlite3_backup_finish(b->copy);
	must(sqlite3_close(b->db) == SQLITE_OK);
	free(b);
}

enum err
store_copy(struct store *s, int fd, struct diag *d)
{
	struct store_backup *b = NULL;
	bool done = false;
	enum err err = store_backup_begin(s, fd, &b, d);

	while (err == ERR_OK && !done)
		err = store_backup_step(b, &done, d);
	store_backup_end(b);
	return err;
}
