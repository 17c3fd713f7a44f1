/*
 * store_restore.c - a copy in the place of the store.
 *
 * Everything is made ready under other names and synced: the store as
 * store.db.restoring, its diff states as the folder diff-EPOCH, which is
 * nobody's as long as no store of that epoch stands (store_diff_dir).  What
 * stood gets a second name, and one rename makes the new store stand, diff
 * states and all.  Killed anywhere, one of the two stands, whole; what is left
 * over is removed by the next restore.
 *
 * The new epoch must be above every one that subscribers may know, else a
 * cursor of one log would pass for a place in another.  So DIR/epoch remembers
 * the highest across a store that cannot be read any more; who lost the
 * folder too says it himself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "store_priv.h"

#define COPY_SIZE 65536u
#define EPOCH_TEXT_MAX 32u
#define KEPT_TRIES 1000
#define FRESH "store.db.restoring"

struct restore {
	const char *dir;
	int at;	  /* dir */
	int lock; /* -1: not held */
	uid_t uid; /* dir's, for root's files in it */
	gid_t gid;
	struct diag *d;
	uint64_t stands; /* the epoch that stands; 0: it cannot be read */
	uint64_t epoch;
	char kept[STORE_KEPT_SIZE];
	char diff[STORE_KEPT_SIZE]; /* empty until it is chosen */
};

static enum err
fail(struct restore *r, const char *name)
{
	return diag_set(r->d, ERR_IO, 0, "%s/%s: %s", r->dir, name,
			strerror(errno));
}

static bool
path_put(const struct restore *r, const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", r->dir, name);

	return n > 0 && n < PATH_MAX;
}

/* A new file of the folder's owner; -1. */
static int
make(struct restore *r, int at, const char *name)
{
	int fd = openat(at, name,
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd >= 0 && geteuid() == 0 && fchown(fd, r->uid, r->gid) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = write(fd, from, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		from += put;
		n -= (size_t)put;
	}
	return true;
}

/* ---- which epoch ---- */

/*
 * The log goes into the file of a store that can be read, so that its file is
 * all of it and nothing lies beside the one that takes its place.  One that
 * cannot be read has no epoch; that is why it is replaced.
 */
static enum err
standing_epoch(struct restore *r)
{
	char path[PATH_MAX];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t epoch = 0;
	int rc = SQLITE_OK;

	if (path_put(r, "store.db", path) &&
	    sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
		SQLITE_OK &&
	    /* Else a log that cannot be read is removed by looking at it. */
	    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) ==
		SQLITE_OK &&
	    sqlite3_prepare_v2(db,
			       "SELECT value FROM meta WHERE name = 'epoch'",
			       -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		epoch = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	if (epoch > 0) {
		r->stands = (uint64_t)epoch;
		rc = sqlite3_wal_checkpoint_v2(
		    db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		(void)sqlite3_db_config(
		    db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	}
	(void)sqlite3_close(db);
	if (rc == SQLITE_OK)
		return ERR_OK;
	return diag_set(r->d, ERR_IO, 0,
			"store.db: its log cannot be taken into it (%s): "
			"mend that, or move both away",
			sqlite3_errstr(rc));
}

static uint64_t
noted_epoch(const struct restore *r)
{
	int fd = openat(r->at, "epoch", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct buf text;
	uint64_t epoch = 0;

	if (fd < 0)
		return 0;
	buf_init(&text, EPOCH_TEXT_MAX);
	if (buf_read_fd(&text, fd) != ERR_OK ||
	    str_to_u64(str_trim(buf_str(&text)), INT64_MAX, &epoch) != ERR_OK)
		epoch = 0;
	buf_free(&text);
	(void)close(fd);
	return epoch;
}

static enum err
note_epoch(struct restore *r)
{
	char text[EPOCH_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%" PRIu64 "\n", r->epoch);
	int fd = make(r, r->at, "epoch.part");
	bool good = fd >= 0 && write_all(fd, text, (size_t)n) &&
		    fsync(fd) == 0 &&
		    renameat(r->at, "epoch.part", r->at, "epoch") == 0 &&
		    fsync(r->at) == 0;

	if (fd >= 0)
		(void)close(fd);
	return good ? ERR_OK : fail(r, "epoch");
}

static enum err
choose_epoch(struct restore *r, uint64_t copy, uint64_t asked)
{
	uint64_t highest;
	uint64_t noted = noted_epoch(r);
	enum err err = standing_epoch(r);

	if (err != ERR_OK)
		return err;
	highest = r->stands > noted ? r->stands : noted;
	highest = highest > copy ? highest : copy;
	if (asked != 0 && asked <= highest)
		return diag_set(r->d, ERR_REFUSED, 0,
				"epoch %" PRIu64 " is known already: it must "
				"be above %" PRIu64,
				asked, highest);
	r->epoch = asked != 0 ? asked : highest + 1;
	return ERR_OK;
}

/* ---- the new store, under another name ---- */

static enum err
choose_names(struct restore *r)
{
	(void)snprintf(r->diff, sizeof(r->diff), "diff-%" PRIu64, r->epoch);
	for (int i = 0; i < KEPT_TRIES; i++) {
		char more[16] = "";

		if (i > 0)
			(void)snprintf(more, sizeof(more), ".%d", i);
		(void)snprintf(r->kept, sizeof(r->kept),
			       "store.db.before-epoch-%" PRIu64 "%s", r->epoch,
			       more);
		if (faccessat(r->at, r->kept, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			return ERR_OK;
	}
	return diag_set(r->d, ERR_LIMIT, 0, "too many stores are kept in %s",
			r->dir);
}

/* A folder of plain files; it may not be there. */
static void
folder_remove(const struct restore *r, const char *name)
{
	DIR *folder = NULL;
	struct dirent *e;
	int fd = openat(r->at, name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		folder = fdopendir(fd);
	while (folder != NULL && (e = readdir(folder)) != NULL)
		(void)unlinkat(fd, e->d_name, 0);
	if (folder != NULL)
		(void)closedir(folder);
	else if (fd >= 0)
		(void)close(fd);
	(void)unlinkat(r->at, name, AT_REMOVEDIR);
}

/* What was made and nobody needs: ours, or of one that was killed. */
static void
forget(const struct restore *r)
{
	(void)unlinkat(r->at, FRESH, 0);
	(void)unlinkat(r->at, FRESH "-journal", 0);
	if (r->diff[0] != '\0')
		folder_remove(r, r->diff);
}

/*
 * Second names of the store that stands, and diff states of epochs above its
 * own: a restore was killed before the last step.
 */
static void
sweep(const struct restore *r)
{
	DIR *folder = NULL;
	struct dirent *e;
	struct stat st;
	struct stat other;
	uint64_t epoch;
	int fd = openat(r->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	forget(r);
	if (r->stands == 0 || fstatat(r->at, "store.db", &st, 0) < 0) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (fd >= 0)
		folder = fdopendir(fd);
	while (folder != NULL && (e = readdir(folder)) != NULL) {
		struct str name = str_of(e->d_name);

		if (str_starts(name, S("store.db.before-epoch-")) &&
		    fstatat(fd, e->d_name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
		    other.st_ino == st.st_ino)
			(void)unlinkat(fd, e->d_name, 0);
		if (str_starts(name, S("diff-")) &&
		    str_to_u64(str_sub(name, 5, name.n), INT64_MAX, &epoch) ==
			ERR_OK &&
		    epoch > r->stands)
			folder_remove(r, e->d_name);
	}
	if (folder != NULL)
		(void)closedir(folder);
}

static enum err
copy_in(struct restore *r, const char *path)
{
	static char part[COPY_SIZE];
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = make(r, r->at, FRESH);
	ssize_t n = -1;
	enum err err = ERR_OK;

	while (from >= 0 && to >= 0 &&
	       (n = read(from, part, sizeof(part))) > 0)
		if (!write_all(to, part, (size_t)n)) {
			n = -1;
			break;
		}
	if (n < 0 || fsync(to) < 0)
		err = fail(r, FRESH);
	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
	return err;
}

/* One piece of a diff state, behind those before it. */
static bool
part_put(struct restore *r, int folder, sqlite3_stmt *st)
{
	struct str feed = str_of((const char *)sqlite3_column_text(st, 0));
	const void *bytes = sqlite3_column_blob(st, 3);
	int n = sqlite3_column_bytes(st, 3);
	char name[STORE_KEPT_SIZE + 32];
	bool good;
	int fd;

	if (!str_is_id(feed) || feed.n > STORE_KEPT_SIZE)
		return false;
	(void)snprintf(name, sizeof(name), "%.*s.%lld", STR_ARG(feed),
		       (long long)sqlite3_column_int64(st, 1));
	fd = sqlite3_column_int64(st, 2) == 0 ?
		     make(r, folder, name) :
		     openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	good = fd >= 0 && lseek(fd, sqlite3_column_int64(st, 2), SEEK_SET) >= 0;
	good = good && write_all(fd, bytes, (size_t)n) && fsync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return good;
}

static enum err
diffs_out(struct restore *r, sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	enum err err = ERR_OK;
	int folder;
	int rc;

	if (mkdirat(r->at, r->diff, 0700) < 0)
		return fail(r, r->diff);
	folder = openat(r->at, r->diff, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 ||
	    (geteuid() == 0 && fchown(folder, r->uid, r->gid) < 0))
		err = fail(r, r->diff);
	rc = sqlite3_prepare_v2(db,
				"SELECT feed, gen, at, bytes FROM backup_part"
				" ORDER BY feed, at",
				-1, &st, NULL);
	if (err == ERR_OK && rc != SQLITE_OK)
		err = diag_set(r->d, ERR_INPUT, 0, "%s", sqlite3_errmsg(db));
	while (err == ERR_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!part_put(r, folder, st))
			err = fail(r, r->diff);
	/* A row that cannot be read is not the last one. */
	if (err == ERR_OK && rc != SQLITE_DONE)
		err = diag_set(r->d, ERR_IO, 0, FRESH ": %s",
			       sqlite3_errmsg(db));
	(void)sqlite3_finalize(st);
	if (err == ERR_OK && fsync(folder) < 0)
		err = fail(r, r->diff);
	if (folder >= 0)
		(void)close(folder);
	return err;
}

/* A feed whose diff state is not in the copy is fetched whole again. */
#define FEEDS_SQL                                                              \
	"UPDATE feed SET etag = '', last_modified = '', body_hash = ''"        \
	" WHERE feed NOT IN (SELECT feed FROM backup_part);"                   \
	"DROP TABLE backup_part;"

static enum err
renew(struct restore *r, int64_t now_ms)
{
	char path[PATH_MAX];
	char sql[512];
	sqlite3 *db = NULL;
	enum err err = ERR_OK;

	/* The table is not there when no feed had a diff state. */
	if (!path_put(r, FRESH, path) ||
	    sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_exec(db, STORE_PARTS_TABLE, NULL, NULL, NULL) != SQLITE_OK)
		err = diag_set(r->d, ERR_IO, 0, FRESH ": cannot be opened");
	if (err == ERR_OK)
		err = diffs_out(r, db);
	(void)snprintf(sql, sizeof(sql),
		       "BEGIN;" FEEDS_SQL
		       "UPDATE meta SET value = %" PRIu64
		       " WHERE name = 'epoch';"
		       "INSERT INTO journal (at, what, detail) VALUES (%" PRId64
		       ", 'restore', 'epoch %" PRIu64 "'); COMMIT",
		       r->epoch, now_ms, r->epoch);
	if (err == ERR_OK &&
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		err = diag_set(r->d, ERR_IO, 0, FRESH ": %s",
			       sqlite3_errmsg(db));
	(void)sqlite3_close(db);
	return err;
}

/* ---- the exchange ---- */

/* The second name of what stands; none where nothing stands. */
static enum err
keep(struct restore *r)
{
	char log[STORE_KEPT_SIZE + 8];

	if (linkat(r->at, "store.db", r->at, r->kept, 0) < 0) {
		if (errno != ENOENT)
			return fail(r, r->kept);
		r->kept[0] = '\0';
	}
	/* Of a store that cannot be read: it would be read into the new one. */
	(void)snprintf(log, sizeof(log), "%s-wal",
		       r->kept[0] == '\0' ? "store.db.lost" : r->kept);
	if (renameat(r->at, "store.db-wal", r->at, log) < 0 && errno != ENOENT)
		return fail(r, "store.db-wal");
	(void)unlinkat(r->at, "store.db-shm", 0);
	return fsync(r->at) < 0 ? fail(r, r->kept) : ERR_OK;
}

static enum err
swap(struct restore *r, struct store_restored *out)
{
	enum err err = keep(r);

	if (err != ERR_OK)
		return err;
	if (renameat(r->at, FRESH, r->at, "store.db") < 0)
		return fail(r, "store.db");
	r->diff[0] = '\0'; /* the store's now */
	if (fsync(r->at) < 0)
		return fail(r, "store.db");
	(void)snprintf(out->kept, sizeof(out->kept), "%s", r->kept);
	return ERR_OK;
}

static enum err
begin(struct restore *r)
{
	char path[PATH_MAX];
	struct stat st;
	enum err err;

	r->at = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->at < 0 || fstat(r->at, &st) < 0)
		return diag_set(r->d, ERR_IO, 0, "%s: %s", r->dir,
				strerror(errno));
	r->uid = st.st_uid;
	r->gid = st.st_gid;
	if (!path_put(r, "store.db", path))
		return diag_set(r->d, ERR_CONFIG, 0, "path is too long");
	err = store_lock(path, &r->lock, r->d);
	if (err == ERR_OK && geteuid() == 0 &&
	    fchown(r->lock, r->uid, r->gid) < 0)
		err = fail(r, "store.db.lock");
	return err;
}

enum err
store_restore(const char *path, const char *dir, uint64_t epoch,
	      int64_t now_ms, struct arena *a, struct store_restored *out,
	      struct diag *d)
{
	struct restore r = { .dir = dir, .at = -1, .lock = -1, .d = d };
	struct store_restored done = { 0 };
	enum err err = begin(&r);

	if (err == ERR_OK)
		err = store_examine(path, a, &done.now, d);
	if (err == ERR_OK)
		err = choose_epoch(&r, done.now.epoch, epoch);
	if (err == ERR_OK)
		err = choose_names(&r);
	if (err == ERR_OK) {
		sweep(&r);
		err = copy_in(&r, path);
	}
	if (err == ERR_OK)
		err = renew(&r, now_ms);
	if (err == ERR_OK)
		err = note_epoch(&r);
	if (err == ERR_OK)
		err = swap(&r, &done);
	done.now.epoch = r.epoch;
	if (err != ERR_OK && r.diff[0] != '\0')
		sweep(&r);
	if (r.lock >= 0)
		(void)close(r.lock);
	if (r.at >= 0)
		(void)close(r.at);
	if (err == ERR_OK)
		*out = done;
	return err;
}

enum err
store_diff_dir(struct store *s, const char *dir, char *out, size_t size)
{
	uint64_t epoch = 0;
	enum err err = store_epoch(s, &epoch);
	int n;

	if (err != ERR_OK)
		return err;
	n = snprintf(out, size, "%s/diff-%" PRIu64, dir, epoch);
	if (n > 0 && (size_t)n < size && access(out, F_OK) != 0)
		n = snprintf(out, size, "%s/diff", dir);
	return n > 0 && (size_t)n < size ? ERR_OK : ERR_CONFIG;
}
