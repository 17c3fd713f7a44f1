/*
 * Goal: a store of an older schema becomes one of ours with every row, id and
 * number as it was; the file as it was stays beside it; killed or without
 * room in the middle it is the old or the new, never a half.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "log.h"
#include "store_fixture.h"
#include "store_priv.h"

#define TEXT_MAX (4u << 20)

static char dir[SCRATCH_PATH_SIZE];
static char path[96];

static void
setup(void)
{
	log_level(LOG_ERR, LOG_ERR);
	scratch_dir(dir, "migrate");
	(void)snprintf(path, sizeof(path), "%s/store.db", dir);
}

static void
teardown(void)
{
	scratch_remove(dir);
}

TestSuite(migrate, .init = setup, .fini = teardown);

static const char *
beside(const char *suffix)
{
	static char name[128];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

static void
run_file(sqlite3 *db, const char *file)
{
	struct buf sql;
	char *why = NULL;

	buf_init(&sql, TEXT_MAX);
	ok(buf_read_file(&sql, file));
	buf_byte(&sql, '\0');
	cr_assert_eq(sqlite3_exec(db, sql.p, NULL, NULL, &why), SQLITE_OK,
		     "%s: %s", file, why);
	buf_free(&sql);
}

/* A store of that schema at path, with the rows of a file or none. */
static void
old_store(int schema, const char *rows)
{
	static const char *const parts[] = { "", "-wal", "-shm", ".schema-1",
					     ".schema-1.part" };
	char file[64];
	sqlite3 *db = NULL;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		(void)unlink(beside(parts[i]));
	(void)snprintf(file, sizeof(file), "tests/store/schema-%d.sql",
		       schema);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL,
				  NULL),
		     SQLITE_OK);
	run_file(db, file);
	if (rows != NULL)
		run_file(db, rows);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static int
line_put(void *self, int n, char **text, char **name)
{
	(void)name;
	for (int i = 0; i < n; i++) {
		buf_put(self, text[i] == NULL ? S("NULL") : str_of(text[i]));
		buf_byte(self, i + 1 < n ? '|' : '\n');
	}
	return 0;
}

static void
ask(sqlite3 *db, const char *sql, struct buf *out)
{
	cr_assert_eq(sqlite3_exec(db, sql, line_put, out, NULL), SQLITE_OK,
		     "%s: %s", sql, sqlite3_errmsg(db));
}

/* The file's tables, one a line, with the columns each has. */
static void
tables_of(const char *file, struct buf *out)
{
	sqlite3 *db = NULL;

	buf_clear(out);
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	ask(db,
	    "SELECT t.name, group_concat(c.name) FROM sqlite_schema t,"
	    " pragma_table_info(t.name) c WHERE t.type = 'table'"
	    " GROUP BY t.name ORDER BY 1",
	    out);
	(void)sqlite3_close(db);
}

/* Did a later schema give it columns more? */
static bool
is_wider(struct str table)
{
	return str_eq(table, S("fact")) || str_eq(table, S("review")) ||
	       str_eq(table, S("feed")) || str_eq(table, S("alert"));
}

/* Every row of those tables, without what a later schema added: columns, and
 * rows of meta. */
static void
rows_of(const char *file, struct str tables, struct buf *out)
{
	sqlite3 *db = NULL;

	buf_clear(out);
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	while (tables.n > 0) {
		struct str columns = str_cut(&tables, '\n');
		struct str name = str_cut(&columns, '|');
		char sql[1024];

		(void)snprintf(sql, sizeof(sql),
			       "SELECT '%.*s', %.*s FROM %.*s %s ORDER BY 2",
			       STR_ARG(name),
			       STR_ARG(is_wider(name) ? columns : S("*")),
			       STR_ARG(name),
			       str_eq(name, S("meta")) ?
				       "WHERE name <> 'named'" :
				       "");
		ask(db, sql, out);
	}
	(void)sqlite3_close(db);
}

static int
schema_number(const char *file)
{
	sqlite3 *db = NULL;
	struct buf text;
	uint64_t n = 0;

	buf_init(&text, 4096);
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	ask(db, "PRAGMA user_version", &text);
	ok(str_to_u64(str_trim(buf_str(&text)), INT32_MAX, &n));
	buf_clear(&text);
	ask(db, "PRAGMA integrity_check", &text);
	cr_assert(str_eq(buf_str(&text), S("ok\n")), "%s: %.*s", file,
		  STR_ARG(buf_str(&text)));
	buf_free(&text);
	(void)sqlite3_close(db);
	return (int)n;
}

/* The last file is today's: a change without a new number is seen here. */
Test(migrate, every_schema_becomes_the_one_of_an_empty_store)
{
	for (int schema = 1; schema <= STORE_SCHEMA; schema++) {
		struct diag d = { 0 };
		struct store *s = NULL;

		old_store(schema, NULL);
		cr_assert_eq(store_open(path, &s, &d), ERR_OK, "%d: %s",
			     schema, d.why);
		cr_assert_eq(store_schema_same(s->db, &d), ERR_OK, "%d",
			     schema);
		ok(store_exec(s, "DROP INDEX fx_day"));
		cr_assert_eq(store_schema_same(s->db, &d), ERR_CONFIG,
			     "a table or an index too few is seen");
		store_close(s);
	}
}

Test(migrate, no_row_is_lost_and_none_changes)
{
	struct buf before;
	struct buf after;
	struct buf tables;
	struct store *s = NULL;

	buf_init(&before, TEXT_MAX);
	buf_init(&after, TEXT_MAX);
	buf_init(&tables, TEXT_MAX);
	old_store(1, "tests/store/schema-1-rows.sql");
	tables_of(path, &tables);
	rows_of(path, buf_str(&tables), &before);
	cr_assert(str_contains(buf_str(&before), S("RC-2")));
	ok(store_open(path, &s, NULL));
	store_close(s);
	cr_assert_eq(schema_number(path), STORE_SCHEMA);
	rows_of(path, buf_str(&tables), &after);
	cr_assert(str_eq(buf_str(&before), buf_str(&after)), "%.*s\n--\n%.*s",
		  STR_ARG(buf_str(&before)), STR_ARG(buf_str(&after)));
	/* And the file as it was is beside it, whole. */
	cr_assert_eq(schema_number(beside(".schema-1")), 1);
	rows_of(beside(".schema-1"), buf_str(&tables), &after);
	cr_assert(str_eq(buf_str(&before), buf_str(&after)));
	cr_assert_neq(access(beside(".schema-1.part"), F_OK), 0);
	buf_free(&before);
	buf_free(&after);
	buf_free(&tables);
}

/* Duties stood in the texts alone, and that one was met in the evidence. */
Test(migrate, duties_told_of_are_found_in_the_texts)
{
	static const char *const more =
	    "UPDATE entry SET body = CAST('{\"data\":{\"duty\":{"
	    "\"deadline_local\":\"2023-01-06\"}}}' AS BLOB) WHERE seq = 3;"
	    "UPDATE entry SET body = CAST('{\"data\":{\"duty\":{"
	    "\"deadline_local\":\"2023-01-05\"}}}' AS BLOB) WHERE seq < 3;"
	    /* Of the first revision, before the second: then it counted. */
	    "INSERT INTO evidence (key, stream, epoch, seq, state, at_us,"
	    " actor, code, stored_at) VALUES"
	    " ('0a', 'EXP-1', 1, 2, 6, 5, 'clerk', 'A_REPORT_LOSS', 4000),"
	    " ('0b', 'EXP-1', 1, 2, 6, 5, 'clerk', 'A_REPORT_LOSS', 5000),"
	    /* Of the first, after the second: evidence alone. */
	    " ('0a', 'EXP-1', 1, 1, 6, 5, 'clerk', 'A_REPORT_LOSS',"
	    " 1672103600000);";
	struct alert *alert = NULL;
	struct store *s = NULL;
	sqlite3 *db = NULL;
	struct arena a;
	size_t n = 0;

	ok(arena_init(&a, 1u << 20));
	old_store(1, "tests/store/schema-1-rows.sql");
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, more, NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
	ok(store_open(path, &s, NULL));
	ok(store_alerts(s, STR_NONE, &a, &alert, &n));
	cr_assert_eq(n, 2);
	cr_assert_eq(alert[0].duty_on, 19363, "2023-01-06, of its last");
	cr_assert_eq(alert[0].duty_met_at, TIME_NONE);
	cr_assert_eq(alert[1].duty_on, 19362);
	cr_assert_eq(alert[1].duty_met_at, 4000, "the first stands");
	store_close(s);
	arena_fini(&a);
}

/* What subscribers and the decider see: nothing repeated, nothing lost. */
Test(migrate, streams_go_on_where_they_stood)
{
	struct entry e = { .stream = S("EXP-1"), .type = 1, .severity = 4,
			   .alert_id = S("a3"), .revision = 1,
			   .body = S("{}"), .key_id = -1 };
	struct consumer who = { 0 };
	struct subscriber *sub = NULL;
	struct receipt *receipt = NULL;
	struct alert *alert = NULL;
	struct entry *list = NULL;
	struct store *s = NULL;
	struct arena a;
	size_t n = 0;

	ok(arena_init(&a, 4u << 20));
	old_store(1, "tests/store/schema-1-rows.sql");
	ok(store_open(path, &s, NULL));
	ok(store_alerts(s, STR_NONE, &a, &alert, &n));
	cr_assert_eq(n, 2);
	cr_assert(str_eq(alert[0].alert_id, S("a1")));
	cr_assert_eq(alert[0].revision, 2);
	cr_assert_eq(alert[1].state, ALERT_ACKED);
	ok(store_entries(s, S("EXP-1"), 1, 10, &a, &list, &n));
	cr_assert_eq(n, 3);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(list[i].seq, i + 1);
	ok(store_entries_unsigned(s, 10, &a, &list, &n));
	cr_assert(n == 1 && list[0].seq == 3, "still owed its signature");
	ok(store_consumer(s, S("0a"), S("EXP-1"), S("tail"), &a, &who));
	cr_assert(who.epoch == 1 && who.cursor == 1 && who.sent == 2);
	ok(store_subscribers(s, &a, &sub, &n));
	cr_assert_eq(n, 1);
	ok(store_receipts(s, S("EXP-1"), S("OB-1"), &a, &receipt, &n));
	cr_assert_eq(n, 2);
	cr_assert(receipt[0].kind != receipt[1].kind, "the renamed column");
	ok(store_begin(s));
	ok(store_entry_append(s, &e));
	ok(store_commit(s));
	cr_assert(e.epoch == 1 && e.seq == 4, "the next number");
	store_close(s);
	arena_fini(&a);
}

Test(migrate, a_newer_store_is_refused_untouched)
{
	struct diag d = { 0 };
	struct store *s = NULL;
	struct buf before;
	struct buf after;
	sqlite3 *db = NULL;

	buf_init(&before, TEXT_MAX);
	buf_init(&after, TEXT_MAX);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db,
				  "CREATE TABLE t (x);"
				  "PRAGMA user_version=99;"
				  "PRAGMA application_id=1128352077",
				  NULL, NULL, NULL),
		     SQLITE_OK);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
	ok(buf_read_file(&before, path));
	cr_assert_eq(store_open(path, &s, &d), ERR_CONFIG);
	cr_assert(str_contains(str_of(d.why), S("schema 99")) &&
		      str_contains(str_of(d.why), S("newer")),
		  "%s", d.why);
	ok(buf_read_file(&after, path));
	cr_assert(str_eq(buf_str(&before), buf_str(&after)));
	buf_free(&before);
	buf_free(&after);
}

/* Tables that nobody of ours made: taken back, the file as it was. */
Test(migrate, other_tables_of_that_number_are_refused)
{
	struct diag d = { 0 };
	struct store *s = NULL;
	sqlite3 *db = NULL;

	old_store(1, NULL);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "CREATE TABLE mine (x)", NULL, NULL,
				  NULL),
		     SQLITE_OK);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
	cr_assert_eq(store_open(path, &s, &d), ERR_CONFIG);
	cr_assert(str_contains(str_of(d.why), S("tables")), "%s", d.why);
	cr_assert_eq(schema_number(path), STORE_SCHEMA - 1);
}

Test(migrate, without_room_for_the_copy_nothing_is_touched)
{
	struct rlimit small = { 65536, RLIM_INFINITY };
	struct diag d = { 0 };
	struct store *s = NULL;

	old_store(1, "tests/store/schema-1-rows.sql");
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_assert_eq(store_open(path, &s, &d), ERR_STORE);
	small.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_assert_eq(schema_number(path), 1);
	cr_assert_neq(access(beside(".schema-1"), F_OK), 0);
	cr_assert_neq(access(beside(".schema-1.part"), F_OK), 0);
	ok(store_open(path, &s, &d));
	store_close(s);
}

/* The child's part: 0 when it came to the end. */
static int
upgrade_until_killed(uint64_t n, enum fault_how how)
{
	int status = 0;
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid == 0) {
		struct store *s = NULL;
		enum err err;

		fault_vfs_install();
		fault_vfs_arm(n, how);
		err = store_open(path, &s, NULL);
		if (err == ERR_OK)
			store_close(s);
		_exit(err == ERR_OK ? 0 : err == ERR_STORE ? 3 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		cr_assert_eq(WTERMSIG(status), SIGKILL);
		return 9;
	}
	cr_assert_neq(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status);
}

/* At every operation on the disk: what is left is the old or the new. */
static void
interrupted(enum fault_how how)
{
	struct buf want;
	struct buf got;
	struct buf tables;
	int seen[STORE_SCHEMA + 1] = { 0 };
	uint64_t n;

	buf_init(&want, TEXT_MAX);
	buf_init(&got, TEXT_MAX);
	buf_init(&tables, TEXT_MAX);
	old_store(1, "tests/store/schema-1-rows.sql");
	tables_of(path, &tables);
	rows_of(path, buf_str(&tables), &want);
	for (n = 1;; n++) {
		struct diag d = { 0 };
		struct store *s = NULL;
		int how_it_ended;
		int schema;

		cr_assert(n < 5000, "an end comes");
		old_store(1, "tests/store/schema-1-rows.sql");
		how_it_ended = upgrade_until_killed(n, how);
		schema = schema_number(path);
		cr_assert(schema >= 1 && schema <= STORE_SCHEMA);
		seen[schema]++;
		rows_of(path, buf_str(&tables), &got);
		cr_assert(str_eq(buf_str(&want), buf_str(&got)), "n %d",
			  (int)n);
		cr_assert_eq(store_open(path, &s, &d), ERR_OK, "n %d: %s",
			     (int)n, d.why);
		cr_assert_eq(store_schema_same(s->db, &d), ERR_OK);
		store_close(s);
		cr_assert_eq(schema_number(beside(".schema-1")), 1);
		if (how_it_ended == 0)
			break;
	}
	cr_assert(seen[1] > 10 && seen[STORE_SCHEMA] > 1,
		  "both sides: %d old, %d new", seen[1], seen[STORE_SCHEMA]);
	buf_free(&want);
	buf_free(&got);
	buf_free(&tables);
}

Test(migrate, killed_anywhere_it_is_the_old_or_the_new, .timeout = 300)
{
	interrupted(FAULT_KILL);
}

Test(migrate, on_a_disk_that_dies_it_is_the_old_or_the_new, .timeout = 300)
{
	interrupted(FAULT_FOR_EVER);
}

/* Without the step 1 to 2 there is no row with the column's new name. */
Test(migrate, the_old_file_really_is_of_another_schema)
{
	struct diag d = { 0 };
	sqlite3 *db = NULL;

	old_store(1, NULL);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(store_schema_same(db, &d), ERR_CONFIG);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}
