/*
 * store_migrate.c - from an older schema to ours, one step at a time.
 *
 * A new schema n + 1: raise STORE_SCHEMA (store.h), change the text of an
 * empty store (store_schema.c, schema.h, book.def), add here the list
 * to_<n + 1> that makes the same of a store of schema n, rows of meta
 * included, and write the new text to tests/store/schema-<n + 1>.sql:
 * tests/store/test_migrate.c upgrades every one of these files and compares.
 * A list and a file that were ever released are never changed again.
 *
 * Each step is one transaction and ends with its number, so a store is at one
 * schema or the next, whenever the power goes.  Before the first step the
 * file as it is is copied to PATH.schema-<n>; without that copy nothing is
 * touched.  After the last the tables must be those of an empty store, or
 * the step is taken back and the store refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "store_priv.h"

#define SCHEMA_TEXT_MAX (1u << 20)

static const char *const to_2[] = {
	"ALTER TABLE receipts RENAME COLUMN kind TO receipt_kind",
	"CREATE INDEX receipts_from ON receipts (exporter_id, obligor_id)",
	/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one statement */
	"CREATE INDEX receipts_shipment ON receipts (shipment_id)"
	" WHERE shipment_id IS NOT NULL",
	"CREATE INDEX fx_day ON fx (as_of)",
	NULL,
};

/* Names are matched by an index, with reasons, and rejections remembered;
 * an exporter's risks are found without those of all others. */
static const char *const to_3[] = {
	"CREATE INDEX shipments_exporter ON shipments (exporter_id, risk_id)",
	"INSERT INTO meta VALUES ('named', 0)",
	"CREATE TABLE obligor_gone (rid INTEGER PRIMARY KEY,"
	" obligor_id TEXT NOT NULL, version INTEGER NOT NULL,"
	" UNIQUE (obligor_id)) STRICT",
	"ALTER TABLE fact ADD COLUMN match_why TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE review ADD COLUMN why TEXT NOT NULL DEFAULT ''",
	"CREATE TABLE rejected (rid INTEGER PRIMARY KEY, key TEXT NOT NULL,"
	" obligor_id TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL,"
	" UNIQUE (key, obligor_id)) STRICT",
	"CREATE TRIGGER obligor_removed AFTER DELETE ON obligors BEGIN"
	" INSERT OR REPLACE INTO obligor_gone (obligor_id, version)"
	" SELECT OLD.obligor_id, value + 1 FROM meta"
	" WHERE name = 'book_version'; END",
	NULL,
};

/*
 * What core knew only by heart: how a feed is watched after a death of parse,
 * until when its server wants peace, refusals of subscribers by the hour, and
 * the duties told of, which so far stood in the texts alone.
 */
static const char *const to_4[] = {
	"ALTER TABLE feed ADD COLUMN retry_at INTEGER",
	"ALTER TABLE feed ADD COLUMN careful INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE feed ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE feed ADD COLUMN suspect_hash TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE feed ADD COLUMN bad_hash TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE alert ADD COLUMN duty_on INTEGER",
	"ALTER TABLE alert ADD COLUMN duty_met_at INTEGER",
	"CREATE TABLE nack (rid INTEGER PRIMARY KEY, hour INTEGER NOT NULL,"
	" count INTEGER NOT NULL, UNIQUE (hour)) STRICT",
	/* Days since 1970, as everywhere. */
	"UPDATE alert SET duty_on = CAST(julianday(d.day) - 2440587.5"
	" AS INTEGER) FROM (SELECT r.alert_id, r.revision,"
	" json_extract(CAST(e.body AS TEXT), '$.data.duty.deadline_local')"
	" AS day FROM revision r JOIN entry e ON e.stream = r.stream"
	" AND e.seq = r.seq WHERE json_valid(CAST(e.body AS TEXT))) d"
	" WHERE d.alert_id = alert.alert_id AND d.revision = alert.revision",
	"UPDATE alert SET duty_met_at = m.at FROM (SELECT r.alert_id,"
	" min(v.stored_at) AS at FROM evidence v CROSS JOIN revision r"
	" ON r.stream = v.stream AND r.seq = v.seq"
	" WHERE v.state = 6 AND v.code = 'A_REPORT_LOSS'"
	/* Of a revision that was not the last it was evidence alone. */
	" AND NOT EXISTS (SELECT 1 FROM revision n WHERE"
	" n.alert_id = r.alert_id AND n.revision = r.revision + 1"
	" AND n.at <= v.stored_at)"
	" GROUP BY r.alert_id) m WHERE m.alert_id = alert.alert_id",
	NULL,
};

/* By the schema they start from. */
static const char *const *const STEPS[STORE_SCHEMA] = {
	[1] = to_2,
	[2] = to_3,
	[3] = to_4,
};

/* ---- what a store looks like ---- */

static int
row_put(void *self, int n, char **text, char **name)
{
	(void)name;
	for (int i = 0; i < n; i++) {
		buf_put(self, str_of(text[i]));
		buf_byte(self, '\n');
	}
	return 0;
}

/* SQLite may put a name it changed into quotes: they do not count. */
static int
schema_text(sqlite3 *db, struct buf *b)
{
	return sqlite3_exec(
	    db,
	    "SELECT type || ' ' || name || ' ' ||"
	    " coalesce(replace(sql, '\"', ''), '') FROM sqlite_schema"
	    " WHERE name NOT LIKE 'sqlite_stat%' AND tbl_name <> 'backup_part'"
	    " UNION ALL"
	    " SELECT 'meta ' || name FROM meta ORDER BY 1",
	    row_put, b, NULL);
}

static int
fresh_text(struct buf *b)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(":memory:", &db);

	for (size_t i = 0; rc == SQLITE_OK && store_schema[i] != NULL; i++)
		rc = sqlite3_exec(db, store_schema[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_text(db, b);
	(void)sqlite3_close(db);
	return rc;
}

enum err
store_schema_same(sqlite3 *db, struct diag *d)
{
	struct buf have;
	struct buf want;
	enum err err = ERR_OK;

	buf_init(&have, SCHEMA_TEXT_MAX);
	buf_init(&want, SCHEMA_TEXT_MAX);
	if (schema_text(db, &have) != SQLITE_OK ||
	    fresh_text(&want) != SQLITE_OK)
		err = ERR_STORE;
	else if (have.err != ERR_OK || want.err != ERR_OK ||
		 !str_eq(buf_str(&have), buf_str(&want)))
		err = diag_set(d, ERR_CONFIG, 0,
			       "its tables are not those of schema %d",
			       STORE_SCHEMA);
	buf_free(&have);
	buf_free(&want);
	return err;
}

/* ---- the copy kept beside ---- */

/* The folder of path, for syncing what was renamed in it; -1. */
static int
folder_open(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	if (str_copy(dir, sizeof(dir), str_of(path)) != ERR_OK)
		return -1;
	slash = strrchr(dir, '/');
	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), ".");
	else
		slash[slash == dir] = '\0';
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum err
store_rename(const char *from, const char *to, struct diag *d)
{
	int dir = folder_open(to);
	enum err err = ERR_OK;

	if (dir < 0 || rename(from, to) < 0 || fsync(dir) < 0)
		err = diag_set(d, ERR_IO, 0, "%s: %s", to, strerror(errno));
	if (dir >= 0)
		(void)close(dir);
	return err;
}

static enum err
keep_old(struct store *s, const char *path, int64_t version, struct diag *d)
{
	char part[PATH_MAX];
	char kept[PATH_MAX];
	int fd;
	int n = snprintf(part, sizeof(part), "%s.schema-%" PRId64 ".part",
			 path, version);
	enum err err;

	if (n < 0 || (size_t)n >= sizeof(part))
		return diag_set(d, ERR_CONFIG, 0, "path is too long");
	(void)snprintf(kept, sizeof(kept), "%.*s", n - 5, part);
	fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "%s: %s", part, strerror(errno));
	err = store_copy(s, fd, d);
	(void)close(fd);
	if (err == ERR_OK)
		err = store_rename(part, kept, d);
	if (err != ERR_OK)
		(void)unlink(part);
	else
		log_op(LOG_NOTICE, "store.kept", "schema=%" PRId64 " file=%s",
		       version, kept);
	return err;
}

/* ---- the steps ---- */

static int
count_row(void *self, int n, char **text, char **name)
{
	int *count = self;

	(void)n;
	(void)text;
	(void)name;
	(*count)++;
	return 0;
}

static enum err
references_hold(struct store *s, struct diag *d)
{
	int broken = 0;
	int rc = sqlite3_exec(s->db, "PRAGMA foreign_key_check", count_row,
			      &broken, NULL);

	if (rc != SQLITE_OK)
		return store_fail(s, rc);
	if (broken == 0)
		return ERR_OK;
	return diag_set(d, ERR_CONFIG, 0, "%d rows refer to nothing", broken);
}

static enum err
step(struct store *s, int64_t from, struct diag *d)
{
	char number[64];
	enum err err = store_begin(s);

	must(STEPS[from] != NULL);
	for (size_t i = 0; err == ERR_OK && STEPS[from][i] != NULL; i++)
		err = store_exec(s, STEPS[from][i]);
	(void)snprintf(number, sizeof(number),
		       "PRAGMA user_version=%" PRId64, from + 1);
	if (err == ERR_OK)
		err = store_exec(s, number);
	if (err == ERR_OK)
		err = references_hold(s, d);
	if (err == ERR_OK && from + 1 == STORE_SCHEMA)
		err = store_schema_same(s->db, d);
	if (err == ERR_OK)
		err = store_commit(s);
	else
		store_rollback(s);
	return err;
}

enum err
store_migrate(struct store *s, const char *path, int64_t version,
	      struct diag *d)
{
	enum err err = keep_old(s, path, version, d);

	/* A table may be rebuilt; the step counts what then refers to
	 * nothing.  Inside a transaction this would do nothing. */
	if (err == ERR_OK)
		err = store_exec(s, "PRAGMA foreign_keys=OFF");
	for (int64_t v = version; err == ERR_OK && v < STORE_SCHEMA; v++)
		err = step(s, v, d);
	if (err == ERR_OK)
		err = store_exec(s, "PRAGMA foreign_keys=ON");
	if (err == ERR_OK)
		log_op(LOG_NOTICE, "store.upgraded",
		       "from=%" PRId64 " to=%d", version, STORE_SCHEMA);
	else
		(void)diag_set(d, err, 0, "schema %" PRId64
			       " cannot be upgraded: %s", version,
			       err_text(err));
	return err;
}
