/*
 * Goal: what was committed survives, whatever happens to the process, the
 * file and the disk; what was not did not happen.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "book_fixture.h"
#include "fault_vfs.h"
#include "store_fixture.h"
#include "store_priv.h"

#define FILE_MAX (8u << 20)

static struct store_fixture fix;

static void
setup(void)
{
	store_fixture_init(&fix, STORE_ON_FILE);
}

static void
teardown(void)
{
	store_fixture_fini(&fix);
}

TestSuite(store_disk, .init = setup, .fini = teardown);

/* One decision: a journal line and an entry, n in both. */
static enum err
decide(struct store *s, int n)
{
	char text[16];
	struct entry e = { .stream = S("EXP1"), .type = 1, .severity = 4,
			   .alert_id = S("a1"), .revision = n, .key_id = -1 };
	enum err err;

	(void)snprintf(text, sizeof(text), "%d", n);
	e.body = str_of(text);
	err = store_journal(s, n, S("decide"), e.body);
	return err == ERR_OK ? store_entry_append(s, &e) : err;
}

static enum err
decide_and_commit(struct store *s, int n)
{
	enum err err = store_begin(s);

	if (err != ERR_OK)
		return err;
	err = decide(s, n);
	if (err == ERR_OK)
		return store_commit(s);
	store_rollback(s);
	return err;
}

static int
count_of(struct store *s)
{
	uint64_t oldest = 0;
	uint64_t head = 0;
	struct entry *e = NULL;
	size_t n = 0;
	size_t mark = arena_mark(&fix.a);

	ok(store_stream_range(s, S("EXP1"), &oldest, &head));
	ok(store_entries(s, S("EXP1"), 1, 100000, &fix.a, &e, &n));
	cr_assert_eq(n, head, "gapless");
	arena_rewind(&fix.a, mark);
	return (int)head;
}

/* A statement of another program's on the closed file. */
static void
meddle(const char *sql)
{
	sqlite3 *db = NULL;

	cr_assert_eq(sqlite3_open(fix.path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
		     sqlite3_errmsg(db));
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

/* What opening says; NULL store afterwards. */
static enum err
reopen_fails(struct diag *d)
{
	enum err err;

	*d = (struct diag){ 0 };
	store_close(fix.s);
	fix.s = NULL;
	err = store_open(fix.path, &fix.s, d);
	cr_assert_null(fix.s);
	return err;
}

Test(store_disk, a_commit_survives_reopening)
{
	ok(decide_and_commit(fix.s, 1));
	ok(store_begin(fix.s));
	ok(decide(fix.s, 2));
	store_fixture_reopen(&fix);
	cr_assert_eq(count_of(fix.s), 1, "the open transaction is gone");
	ok(decide_and_commit(fix.s, 2));
	cr_assert_eq(count_of(fix.s), 2);
}

Test(store_disk, a_killed_core_keeps_the_last_commit)
{
	pid_t pid;
	int status = 0;

	store_close(fix.s);
	fix.s = NULL;
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0) {
		struct store *s = NULL;

		if (store_open(fix.path, &s, NULL) != ERR_OK ||
		    decide_and_commit(s, 1) != ERR_OK ||
		    decide_and_commit(s, 2) != ERR_OK ||
		    store_begin(s) != ERR_OK || decide(s, 3) != ERR_OK)
			_exit(1);
		_exit(42);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	ok(store_open(fix.path, &fix.s, NULL));
	cr_assert_eq(count_of(fix.s), 2);
	ok(decide_and_commit(fix.s, 3));
	cr_assert_eq(count_of(fix.s), 3);
}

Test(store_disk, a_second_core_is_refused)
{
	struct store *second = NULL;
	struct diag d = { 0 };

	cr_assert_eq(store_open(fix.path, &second, &d), ERR_REFUSED);
	cr_assert(str_contains(str_of(d.why), S("another daemon")), "%s",
		  d.why);
	cr_assert_null(second);
	ok(decide_and_commit(fix.s, 1));
	store_fixture_reopen(&fix);
}

Test(store_disk, others_may_not_read_it)
{
	static const char *const suffix[] = { "", "-wal", "-shm", ".lock" };
	char name[160];
	struct stat st;

	ok(decide_and_commit(fix.s, 1));
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", fix.path,
			       suffix[i]);
		cr_assert_eq(stat(name, &st), 0, "%s", name);
		cr_assert_eq(st.st_mode & 0777, 0600, "%s", name);
	}
}

Test(store_disk, a_newer_schema_and_none_are_refused)
{
	struct diag d;

	store_close(fix.s);
	fix.s = NULL;
	meddle("PRAGMA user_version=7");
	cr_assert_eq(reopen_fails(&d), ERR_CONFIG);
	cr_assert(str_starts(str_of(d.why), S("store has schema 7, ")), "%s",
		  d.why);
	meddle("PRAGMA user_version=0");
	cr_assert_eq(reopen_fails(&d), ERR_CONFIG);
}

Test(store_disk, a_foreign_database_is_refused)
{
	struct diag d;

	store_close(fix.s);
	fix.s = NULL;
	(void)unlink(fix.path);
	meddle("CREATE TABLE t (x)");
	cr_assert_eq(reopen_fails(&d), ERR_CONFIG);
	cr_assert(str_contains(str_of(d.why), S("not a store of ours")),
		  "%s", d.why);
}

Test(store_disk, a_file_that_is_no_database_is_corrupt)
{
	static const char text[] = "this is not a database, however long it "
				   "may go on about the matter.............."
				   "........................................";
	struct diag d;
	int fd;

	store_close(fix.s);
	fix.s = NULL;
	fd = open(fix.path, O_WRONLY | O_TRUNC);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, sizeof(text)), (ssize_t)sizeof(text));
	(void)close(fd);
	cr_assert_eq(reopen_fails(&d), ERR_CORRUPT);
	cr_assert_neq(d.why[0], '\0');
}

Test(store_disk, a_directory_that_is_not_there_is_io)
{
	struct store *s = NULL;
	struct diag d = { 0 };

	cr_assert_eq(store_open("/nonexistent/x/store.db", &s, &d), ERR_IO);
	cr_assert_neq(d.why[0], '\0');
}

static size_t
slurp(const char *path, char *p)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	cr_assert(fd >= 0);
	n = read(fd, p, FILE_MAX);
	cr_assert(n >= 0);
	(void)close(fd);
	return (size_t)n;
}

static void
spit(const char *path, const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, p, n), (ssize_t)n);
	(void)close(fd);
}

/*
 * Every page of the file in turn is filled with 0xA5: opening refuses, or
 * (a page of no structure) the store works.  It never crashes.
 */
Test(store_disk, a_damaged_page_is_refused_or_harmless)
{
	static char good[FILE_MAX];
	static char bad[FILE_MAX];
	size_t n;
	size_t refused = 0;
	size_t pages;

	for (int i = 0; i < 300; i++)
		ok(decide_and_commit(fix.s, i));
	store_close(fix.s);
	fix.s = NULL;
	n = slurp(fix.path, good);
	cr_assert(n > 40 * 4096 && n < FILE_MAX);
	pages = n / 4096;
	for (size_t i = 0; i < pages; i++) {
		struct diag d = { 0 };
		struct store *s = NULL;
		enum err err;

		memcpy(bad, good, n);
		memset(bad + i * 4096, 0xa5, 4096);
		spit(fix.path, bad, n);
		err = store_open(fix.path, &s, &d);
		refused += err == ERR_CORRUPT;
		cr_assert(err == ERR_OK || err == ERR_CORRUPT, "page %zu: %s",
			  i, d.why);
		if (err == ERR_OK)
			store_close(s);
	}
	cr_assert(refused + 2 >= pages, "%zu of %zu refused", refused, pages);
	spit(fix.path, good, n);
	ok(store_open(fix.path, &fix.s, NULL));
	cr_assert_eq(count_of(fix.s), 300);
}

static const char *const parts[] = { "", "-wal", "-shm" };

static void
restore(const char *p, size_t n)
{
	char name[160];

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", fix.path, parts[i]);
		(void)unlink(name);
	}
	if (n > 0)
		spit(fix.path, p, n);
}

/* Open, decide, checkpoint, close on a bad disk; what the commit said. */
static enum err
run_on_bad_disk(void)
{
	struct store *s = NULL;
	enum err err = store_open(fix.path, &s, NULL);

	if (err != ERR_OK)
		return err;
	err = decide_and_commit(s, 2);
	(void)!store_checkpoint(s);
	/* A disk that came back must do, without a restart. */
	if (err != ERR_OK && store_begin(s) == ERR_OK)
		store_rollback(s);
	store_close(s);
	return err;
}

static void
fault_loop(enum fault_how how, const char *p, size_t size, int before)
{
	unsigned failed = 0;
	uint64_t n = 1;

	for (;; n++) {
		enum err err;
		int now;

		cr_assert(n < 5000, "an end comes");
		restore(p, size);
		fault_vfs_arm(n, how);
		err = run_on_bad_disk();
		if (!fault_vfs_fired()) {
			cr_assert_eq(err, ERR_OK);
			break;
		}
		fault_vfs_arm(0, how);
		failed += err != ERR_OK;
		cr_assert(err == ERR_OK || err == ERR_STORE, "n %d: %s",
			  (int)n, err_text(err));
		cr_assert_eq(store_open(fix.path, &fix.s, NULL), ERR_OK,
			     "n %d: reopening", (int)n);
		now = count_of(fix.s);
		cr_assert(now == before + 1 ||
			      (now == before && err != ERR_OK),
			  "n %d: %d entries, commit said %s", (int)n, now,
			  err_text(err));
		store_close(fix.s);
		fix.s = NULL;
	}
	cr_assert(failed > 10, "only %u of %d failed", failed, (int)n);
	restore(p, size);
}

Test(store_disk, every_failing_operation_leaves_before_or_after)
{
	static char good[FILE_MAX];
	size_t n;

	ok(decide_and_commit(fix.s, 1));
	store_close(fix.s);
	fix.s = NULL;
	n = slurp(fix.path, good);
	fault_vfs_install();
	fault_loop(FAULT_ONCE, good, n, 1);
	fault_loop(FAULT_FOR_EVER, good, n, 1);
}

Test(store_disk, a_store_half_made_is_made_again)
{
	store_close(fix.s);
	fix.s = NULL;
	fault_vfs_install();
	fault_loop(FAULT_ONCE, NULL, 0, 0);
	fault_loop(FAULT_FOR_EVER, NULL, 0, 0);
}

/* A change that failed spoils the transaction for a caller who forgot it. */
Test(store_disk, a_failed_change_cannot_be_committed)
{
	unsigned spoiled = 0;

	ok(decide_and_commit(fix.s, 1));
	fault_vfs_install();
	store_fixture_reopen(&fix);
	for (uint64_t n = 1; n < 100; n++) {
		bool failed = false;
		bool fired;
		enum err err;

		if (count_of(fix.s) > 1)
			break;
		/* Nothing in the cache: every change reads first. */
		ok(store_exec(fix.s, "PRAGMA shrink_memory"));
		ok(store_begin(fix.s));
		fault_vfs_arm(n, FAULT_ONCE);
		for (int i = 0; i < 3; i++)
			failed |= decide(fix.s, i) != ERR_OK;
		fired = fault_vfs_fired();
		fault_vfs_arm(0, FAULT_ONCE);
		err = store_commit(fix.s);
		cr_assert_eq(failed, fired);
		cr_assert_eq(err, failed ? ERR_STORE : ERR_OK, "%d", (int)n);
		spoiled += failed;
	}
	cr_assert(spoiled > 0);
	cr_assert_eq(count_of(fix.s), 4);
}

/* synchronous=FULL: each commit is on the disk before it is told of. */
Test(store_disk, every_commit_is_synced)
{
	fault_vfs_install();
	store_fixture_reopen(&fix);
	for (int i = 1; i < 5; i++) {
		fault_vfs_arm(0, FAULT_ONCE);
		ok(decide_and_commit(fix.s, i));
		cr_assert(fault_vfs_syncs() >= 1, "commit %d", i);
	}
}

/* The log is moved into the file only when told, and then it is. */
Test(store_disk, the_log_grows_until_the_checkpoint)
{
	static char body[ALERT_BODY_MAX];
	char wal[160];
	struct stat before;
	struct stat after;
	struct entry e = { .stream = S("EXP1"), .type = 1,
			   .alert_id = S("a1"), .key_id = -1,
			   .body = { body, sizeof(body) } };

	(void)snprintf(wal, sizeof(wal), "%s-wal", fix.path);
	fault_vfs_install();
	store_fixture_reopen(&fix);
	for (int i = 0; i < 120; i++) {
		ok(store_begin(fix.s));
		ok(store_entry_append(fix.s, &e));
		ok(store_commit(fix.s));
	}
	cr_assert_eq(stat(fix.path, &before), 0);
	cr_assert(before.st_size < 1 << 20, "nothing moves by itself");
	ok(store_checkpoint(fix.s));
	cr_assert_eq(stat(fix.path, &after), 0);
	cr_assert(after.st_size > 7 << 20);
	/* Nothing to do now; and the log begins anew. */
	fault_vfs_arm(0, FAULT_ONCE);
	ok(store_checkpoint(fix.s));
	cr_assert_eq(fault_vfs_syncs(), 0);
	cr_assert_eq(stat(wal, &before), 0);
	for (int i = 0; i < 20; i++) {
		ok(store_begin(fix.s));
		ok(store_entry_append(fix.s, &e));
		ok(store_commit(fix.s));
	}
	cr_assert_eq(stat(wal, &after), 0);
	cr_assert_eq(before.st_size, after.st_size);
}

static enum err
collect(void *self, struct str csv)
{
	buf_put(self, csv);
	return ERR_OK;
}

static struct str
follows_of(struct store *s, struct buf *b)
{
	struct book_sink sink = { collect, b };

	buf_clear(b);
	ok(book_export(s, S("follows"), &sink));
	return buf_str(b);
}

#define OBLIGOR_2 "obligor_id,type,name,country\nO2,buyer,B,DE\n"
#define FOLLOWS_BEFORE "exporter_id,obligor_id,last_order_on\nE1,O1,\n"
#define FOLLOWS_AFTER                                                          \
	"exporter_id,obligor_id,last_order_on\nE1,O1,2022-12-01\nE1,O2,\n"

static const struct book_text book_before[] = {
	{ "e", "exporter_id,uscc,name\nE1,91440300MADEM0001U,One\n" },
	{ "o", "obligor_id,type,name,country\nO1,buyer,A,DE\n" },
	{ "f", "exporter_id,obligor_id\nE1,O1\n" },
};

static enum err
import_on_bad_disk(void)
{
	static const struct book_file files[] = {
		{ { "o", 1 },
		  { OBLIGOR_2, sizeof(OBLIGOR_2) - 1 } },
		{ { "f", 1 }, { FOLLOWS_AFTER, sizeof(FOLLOWS_AFTER) - 1 } },
	};
	const struct book_options opt = { .schemes = book_fixture_idschemes() };
	struct book_report r;
	struct store *s = NULL;
	enum err err = store_open(fix.path, &s, NULL);

	if (err != ERR_OK)
		return err;
	book_report_init(&r);
	err = book_import(s, files, 2, &opt, (struct instant){ 0 }, &r);
	book_report_free(&r);
	store_close(s);
	return err;
}

Test(store_disk, an_import_on_a_bad_disk_is_all_or_nothing)
{
	static char good[FILE_MAX];
	struct buf text;
	size_t n;
	unsigned failed = 0;

	buf_init(&text, 65536);
	book_fixture_add(fix.s, book_before, 3);
	store_close(fix.s);
	fix.s = NULL;
	n = slurp(fix.path, good);
	fault_vfs_install();
	for (uint64_t at = 1;; at++) {
		enum err err;
		bool fired;
		struct str now;

		restore(good, n);
		fault_vfs_arm(at, at % 2 == 0 ? FAULT_ONCE : FAULT_FOR_EVER);
		err = import_on_bad_disk();
		fired = fault_vfs_fired();
		fault_vfs_arm(0, FAULT_ONCE);
		cr_assert(err == ERR_OK || (err == ERR_STORE && fired),
			  "%d: %s", (int)at, err_text(err));
		failed += err != ERR_OK;
		ok(store_open(fix.path, &fix.s, NULL));
		now = follows_of(fix.s, &text);
		cr_assert(str_eq(now, S(FOLLOWS_AFTER)) ||
			      (str_eq(now, S(FOLLOWS_BEFORE)) &&
			       err != ERR_OK),
			  "%d: %.*s", (int)at, STR_ARG(now));
		store_close(fix.s);
		fix.s = NULL;
		if (!fired)
			break;
	}
	cr_assert(failed > 10);
	buf_free(&text);
}
