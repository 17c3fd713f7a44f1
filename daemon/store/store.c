/*
 * store.c - opening, transactions and the checkpoint of the SQLite store.
 *
 * The file is opened by one core at a time: a lock on PATH.lock is held from
 * open to close.  The write-ahead log is synced at every commit
 * (synchronous=FULL) and moved into the file only by store_checkpoint.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "log.h"
#include "store_priv.h"

static enum err
err_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_MISUSE:
		must((rc & 0xff) != SQLITE_MISUSE);
		return ERR_STORE;
	default:
		return ERR_STORE;
	}
}

/* What the last call on that file of the store failed with; 0: nothing. */
static int
file_errno(const struct store *s, int which)
{
	sqlite3_file *f = NULL;
	int number = 0;

	if (sqlite3_file_control(s->db, "main", which, &f) != SQLITE_OK ||
	    f == NULL || f->pMethods == NULL ||
	    f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &number) !=
		    SQLITE_OK)
		return 0;
	return number;
}

/* The errno behind a failure, SQLite's own words for two of them included.
 * sqlite3_system_errno is overwritten by what SQLite does to roll back. */
static int
errno_of(const struct store *s, int rc)
{
	int number;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_IOERR:
		if (s->db == NULL)
			return 0;
		number = file_errno(s, SQLITE_FCNTL_JOURNAL_POINTER);
		return number != 0 ?
			       number :
			       file_errno(s, SQLITE_FCNTL_FILE_POINTER);
	default:
		return 0;
	}
}

static const struct {
	int number;
	const char *word;
	const char *text;
} TROUBLE[] = {
	{ ENOSPC, "disk full",
	  "the disk is full: nothing was changed; make room where state_dir "
	  "is and say it again" },
	{ EDQUOT, "disk quota",
	  "the disk quota is used up: nothing was changed; raise it, or make "
	  "room where state_dir is, and say it again" },
	{ EFBIG, "file limit",
	  "a file may not grow any more: nothing was changed; raise the limit "
	  "on file sizes (LimitFSIZE) and say it again" },
	{ EROFS, "read-only",
	  "the disk is read-only: nothing was changed; mount it for writing "
	  "where state_dir is and say it again" },
	{ EIO, "disk error",
	  "the disk fails: nothing was changed; look into the kernel's log" },
};

static size_t
trouble_at(const struct store *s)
{
	size_t i = 0;

	while (i < sizeof(TROUBLE) / sizeof(TROUBLE[0]) &&
	       TROUBLE[i].number != s->trouble)
		i++;
	return i;
}

const char *
store_trouble(const struct store *s)
{
	size_t i = trouble_at(s);

	return i < sizeof(TROUBLE) / sizeof(TROUBLE[0]) ? TROUBLE[i].word :
							  NULL;
}

const char *
store_why(const struct store *s)
{
	size_t i = trouble_at(s);

	return i < sizeof(TROUBLE) / sizeof(TROUBLE[0]) ? TROUBLE[i].text :
							  err_text(ERR_STORE);
}

enum err
store_fail(struct store *s, int rc)
{
	s->trouble = errno_of(s, rc);
	log_op(LOG_WARN, "store.fail", "rc=%d why=\"%s\"", rc,
	       sqlite3_errstr(rc));
	if (s->in_tx)
		s->tx_failed = true;
	return err_of(rc);
}

enum err
store_exec(struct store *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : store_fail(s, rc);
}

/* The first column of the first row of a one-off statement, as text. */
static enum err
pragma_text(struct store *s, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *st = NULL;
	enum err err = ERR_OK;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		(void)snprintf(out, size, "%s",
			       (const char *)sqlite3_column_text(st, 0));
	else
		err = rc == SQLITE_DONE ? ERR_STORE : store_fail(s, rc);
	(void)sqlite3_finalize(st);
	return err;
}

static enum err
pragma_int(struct store *s, const char *sql, int64_t *out)
{
	char text[32];
	enum err err = pragma_text(s, sql, text, sizeof(text));

	if (err != ERR_OK)
		return err;
	return str_to_i64(str_of(text), INT64_MAX, out) == ERR_OK ?
		       ERR_OK :
		       ERR_CORRUPT;
}

/* ---- opening ---- */

/* The lock file stays behind: removing it would let two hold "the" lock. */
enum err
store_lock(const char *path, int *fd, struct diag *d)
{
	char lock[4096];
	int n = snprintf(lock, sizeof(lock), "%s.lock", path);

	if (n < 0 || (size_t)n >= sizeof(lock))
		return diag_set(d, ERR_CONFIG, 0, "path is too long");
	*fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return diag_set(d, ERR_IO, 0, "%s: %s", lock,
				strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	if (errno == EWOULDBLOCK)
		return diag_set(d, ERR_REFUSED, 0,
				"another daemon holds %s", lock);
	return diag_set(d, ERR_IO, 0, "%s: %s", lock, strerror(errno));
}

/* The book is confidential: the file is made before SQLite would make it
 * readable for all; the log inherits its mode. */
static enum err
file_make(const char *path, struct diag *d)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "%s: %s", path,
				strerror(errno));
	(void)close(fd);
	return ERR_OK;
}

static int
wal_grew(void *self, sqlite3 *db, const char *name, int pages)
{
	struct store *s = self;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

static enum err
settings(struct store *s, const char *journal, struct diag *d)
{
	static const char SQL[] =
	    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
	    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
	    "PRAGMA temp_store=MEMORY;";
	char text[128];
	enum err err;

	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)snprintf(text, sizeof(text),
		       "PRAGMA cache_size=-%d; PRAGMA journal_size_limit=%d;",
		       STORE_CACHE_KIB, STORE_WAL_BYTES_MAX);
	err = store_exec(s, SQL);
	if (err == ERR_OK)
		err = store_exec(s, text);
	if (err == ERR_OK)
		err = pragma_text(s, "PRAGMA journal_mode=WAL", text,
				  sizeof(text));
	if (err == ERR_OK && strcmp(text, journal) != 0)
		err = diag_set(d, ERR_CONFIG, 0,
			       "no write-ahead log on this file system");
	/* Takes the place of SQLite's own checkpoints at commit. */
	(void)sqlite3_wal_hook(s->db, wal_grew, s);
	return err;
}

static enum err
schema_make(struct store *s)
{
	char text[128];
	enum err err = store_begin(s);

	for (size_t i = 0; err == ERR_OK && store_schema[i] != NULL; i++)
		err = store_exec(s, store_schema[i]);
	(void)snprintf(text, sizeof(text),
		       "PRAGMA user_version=%d; PRAGMA application_id=%d;",
		       STORE_SCHEMA, STORE_APPLICATION_ID);
	if (err == ERR_OK)
		err = store_exec(s, text);
	if (err == ERR_OK)
		return store_commit(s);
	store_rollback(s);
	return err;
}

/* Which schema the file has, 0: it is empty; nothing is written yet. */
static enum err
schema_of(struct store *s, int64_t *version, struct diag *d)
{
	int64_t app = 0;
	int64_t tables = 0;
	enum err err = pragma_int(s, "PRAGMA user_version", version);

	if (err == ERR_OK)
		err = pragma_int(s, "PRAGMA application_id", &app);
	if (err == ERR_OK)
		err = pragma_int(s, "SELECT count(*) FROM sqlite_schema",
				 &tables);
	if (err != ERR_OK || (tables == 0 && *version == 0))
		return err;
	if (app != STORE_APPLICATION_ID || *version < 1)
		return diag_set(d, ERR_CONFIG, 0,
				"is a database, but not a store of ours");
	if (*version > STORE_SCHEMA)
		return diag_set(d, ERR_CONFIG, 0,
				"store has schema %" PRId64
				", this program knows up to %d: a newer "
				"version wrote it, and there is no way back",
				*version, STORE_SCHEMA);
	return ERR_OK;
}

/*
 * quick_check tells of a page it could not read as of one that is damaged,
 * in words: "... error code=N".  A disk that fails is no reason to give the
 * store up.
 */
static bool
names_io_error(struct str text)
{
	struct str code = S("error code=");
	uint64_t rc = 0;

	for (; text.n > code.n; text = str_sub(text, 1, text.n)) {
		struct str rest = str_sub(text, code.n, text.n);
		size_t digits = 0;

		if (!str_starts(text, code))
			continue;
		while (digits < rest.n && rest.p[digits] >= '0' &&
		       rest.p[digits] <= '9')
			digits++;
		if (str_to_u64(str_sub(rest, 0, digits), UINT16_MAX, &rc) ==
			ERR_OK &&
		    err_of((int)rc) == ERR_STORE)
			return true;
	}
	return false;
}

static enum err
integrity_check(struct store *s, struct diag *d)
{
	char text[512];
	enum err err = pragma_text(s, "PRAGMA quick_check(1)", text,
				   sizeof(text));

	if (err != ERR_OK || strcmp(text, "ok") == 0)
		return err;
	if (names_io_error(str_of(text)))
		return diag_set(d, ERR_STORE, 0, "cannot be read: %.*s",
				STR_ARG(str_sub(str_of(text), 0, 120)));
	return diag_set(d, ERR_CORRUPT, 0, "store is corrupt: %.*s",
			STR_ARG(str_sub(str_of(text), 0, 120)));
}

static enum err
open_all(struct store *s, const char *path, struct diag *d)
{
	bool memory = strcmp(path, ":memory:") == 0;
	int64_t version = 0;
	enum err err = memory ? ERR_OK : store_lock(path, &s->lock_fd, d);
	int rc;

	if (err == ERR_OK && !memory)
		err = file_make(path, d);
	if (err != ERR_OK)
		return err;
	rc = sqlite3_open_v2(path, &s->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
				 SQLITE_OPEN_PRIVATECACHE,
			     NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	(void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	err = schema_of(s, &version, d);
	if (err == ERR_OK)
		err = settings(s, memory ? "memory" : "wal", d);
	if (err == ERR_OK && version == 0)
		err = schema_make(s);
	if (err == ERR_OK)
		err = integrity_check(s, d);
	if (err == ERR_OK && version > 0 && version < STORE_SCHEMA) {
		err = store_migrate(s, path, version, d);
		if (err == ERR_OK)
			err = integrity_check(s, d);
	}
	return err;
}

enum err
store_open(const char *path, struct store **out, struct diag *d)
{
	struct store *s = calloc(1, sizeof(*s));
	enum err err;

	if (s == NULL)
		return ERR_STORE;
	s->lock_fd = -1;
	err = open_all(s, path, d);
	if (err != ERR_OK) {
		(void)diag_set(d, err, 0, "%s: %s", path, err_text(err));
		store_close(s);
		return err;
	}
	*out = s;
	return ERR_OK;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_rollback(s);
	for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(s->statement[i].st);
	must(sqlite3_close(s->db) == SQLITE_OK);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	free(s);
}

/* ---- transactions ---- */

enum err
store_begin(struct store *s)
{
	struct query q;
	enum err err;

	must(!s->in_tx);
	q = query_of(s, "BEGIN IMMEDIATE");
	err = query_run(&q);
	if (err == ERR_OK) {
		s->in_tx = true;
		s->tx_failed = false;
	}
	return err;
}

enum err
store_commit(struct store *s)
{
	struct query q;
	enum err err;

	must(s->in_tx);
	q = query_of(s, "COMMIT");
	err = q.err == ERR_OK && s->tx_failed ? ERR_STORE : query_run(&q);
	if (err == ERR_OK)
		s->in_tx = false;
	else
		store_rollback(s);
	return err;
}

void
store_rollback(struct store *s)
{
	if (!s->in_tx)
		return;
	/* Not from the cache: this must work when nothing else does.  An
	 * error here means that SQLite rolled back already. */
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	must(sqlite3_get_autocommit(s->db) != 0);
	s->in_tx = false;
	s->tx_failed = false;
}

bool
store_in_transaction(const struct store *s)
{
	return s->in_tx;
}

enum err
store_checkpoint(struct store *s)
{
	int log = 0;
	int done = 0;
	int rc;

	must(!s->in_tx);
	if (s->wal_pages < STORE_WAL_PAGES_MIN)
		return ERR_OK;
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
				       &log, &done);
	/* Somebody reads or checkpoints (an operator's shell): next time. */
	if (rc == SQLITE_BUSY)
		return ERR_OK;
	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	s->wal_pages = log - done;
	return ERR_OK;
}

void
store_shrink(struct store *s)
{
	int rc;

	must(!s->in_tx);
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
				       NULL, NULL);
	if (rc == SQLITE_OK)
		s->wal_pages = 0;
	else if (rc != SQLITE_BUSY)
		(void)store_fail(s, rc);
}

/* ---- the few numbers of the store itself ---- */

enum err
store_meta(struct store *s, const char *name, int64_t *value)
{
	struct query q = query_of(s, "SELECT value FROM meta WHERE name = ?");
	int64_t v = -1;
	enum err err;

	query_str(&q, str_of(name));
	err = query_int(&q, -1, &v);
	if (err != ERR_OK)
		return err;
	if (v < 0)
		return ERR_CORRUPT;
	*value = v;
	return ERR_OK;
}

enum err
store_meta_put(struct store *s, const char *name, int64_t value)
{
	struct query q =
	    query_change(s, "UPDATE meta SET value = ? WHERE name = ?");

	query_i64(&q, value);
	query_str(&q, str_of(name));
	return query_run(&q);
}
