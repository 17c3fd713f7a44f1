/*
 * Goal: a copy is the store at the moment it is whole, whatever is decided,
 * taken back and moved into the file while it is made; and a copy that cannot
 * be made harms nobody.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "store_fixture.h"
#include "store_priv.h"

#define ROWS 4000 /* some MB: many steps */

static struct store_fixture fix;
static char copy[96];
static int fd = -1;

static void
setup(void)
{
	store_fixture_init(&fix, STORE_ON_FILE);
	(void)snprintf(copy, sizeof(copy), "%s/copy", fix.dir);
	fd = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
	cr_assert(fd >= 0);
}

static void
teardown(void)
{
	(void)close(fd);
	(void)unlink(copy);
	store_fixture_fini(&fix);
}

TestSuite(store_backup, .init = setup, .fini = teardown);

static enum err
append(int n)
{
	static char body[2000];
	struct entry e = { .stream = S("EXP1"), .type = 1, .severity = 4,
			   .alert_id = S("a1"), .revision = n, .key_id = -1,
			   .body = { body, sizeof(body) } };

	return store_entry_append(fix.s, &e);
}

static void
commit_rows(int n)
{
	ok(store_begin(fix.s));
	for (int i = 0; i < n; i++)
		ok(append(i));
	ok(store_commit(fix.s));
}

static uint64_t
head_of_copy(void)
{
	struct store_copy_of c = { 0 };
	struct diag d = { 0 };

	cr_assert_eq(store_examine(copy, &fix.a, &c, &d), ERR_OK, "%s", d.why);
	cr_assert_eq(c.schema, STORE_SCHEMA);
	cr_assert_eq(c.epoch, 1);
	return c.streams == 0 ? 0 : c.stream[0].head;
}

Test(store_backup, what_happens_meanwhile_is_in_it_or_not_at_all)
{
	struct store_backup *b = NULL;
	struct diag d = { 0 };
	bool done = false;
	uint64_t committed = ROWS;
	int steps = 0;

	commit_rows(ROWS);
	ok(store_backup_begin(fix.s, fd, &b, &d));
	for (; !done; steps++) {
		ok(store_backup_step(b, &done, &d));
		if (done)
			break;
		commit_rows(3);
		committed += 3;
		ok(store_checkpoint(fix.s));
		if (steps % 8 != 3 || steps > 30)
			continue; /* each one makes it begin anew */
		ok(store_begin(fix.s));
		for (int i = 0; i < 200; i++)
			ok(append(i));
		store_rollback(fix.s);
		cr_assert(steps < 1000, "an end comes");
	}
	cr_assert(steps > 5, "%d steps", steps);
	commit_rows(1); /* after its moment */
	ok(store_backup_finish(b, &d));
	store_backup_end(b);
	cr_assert_eq(head_of_copy(), committed);
	store_close(fix.s);
	/* It is a store by itself. */
	cr_assert_eq(rename(copy, fix.path), 0);
	ok(store_open(fix.path, &fix.s, &d));
	commit_rows(1);
}

/* A copy with a diff state in two parts; the store is closed. */
static void
copy_with_parts(void)
{
	struct store_backup *b = NULL;
	struct store_part part = { .feed = S("bureau"), .gen = 7,
				   .bytes = S("first") };
	struct diag d = { 0 };
	bool done = false;

	ok(store_backup_begin(fix.s, fd, &b, &d));
	while (!done)
		ok(store_backup_step(b, &done, &d));
	ok(store_backup_add(b, &part, &d));
	part.at = (int64_t)part.bytes.n;
	part.bytes = S(", second");
	ok(store_backup_add(b, &part, &d));
	ok(store_backup_finish(b, &d));
	store_backup_end(b);
	store_close(fix.s);
	fix.s = NULL;
}

static void
parts_are_back(uint64_t epoch)
{
	char name[128];
	struct buf text;

	(void)snprintf(name, sizeof(name), "%s/diff-%llu/bureau.7", fix.dir,
		       (unsigned long long)epoch);
	buf_init(&text, 100);
	ok(buf_read_file(&text, name));
	is_str(buf_str(&text), "first, second");
	buf_free(&text);
}

/* A fresh store for teardown. */
static void
start_again(void)
{
	scratch_remove(fix.dir);
	scratch_dir(fix.dir, "store");
	(void)snprintf(fix.path, sizeof(fix.path), "%s/store.db", fix.dir);
	ok(store_open(fix.path, &fix.s, &(struct diag){ 0 }));
}

Test(store_backup, parts_come_back_as_they_went)
{
	struct store_restored r = { 0 };
	struct diag d = { 0 };

	copy_with_parts();
	cr_assert_eq(store_restore(copy, fix.dir, 0, 0, &fix.a, &r, &d),
		     ERR_OK, "%s", d.why);
	parts_are_back(r.now.epoch);
	ok(store_open(fix.path, &fix.s, &d));
	ok(store_schema_same(fix.s->db, &d));
	cr_assert_eq(store_exec(fix.s, "SELECT 1 FROM backup_part"),
		     ERR_STORE, "not in a store");
	store_close(fix.s);
	fix.s = NULL;
	start_again();
}

/* A row that cannot be read is not the end of the rows. */
Test(store_backup, a_restore_that_cannot_read_a_part_fails)
{
	bool fired = true;
	unsigned failed = 0;

	copy_with_parts();
	fault_vfs_install();
	for (uint64_t n = 1; fired; n++) {
		struct store_restored r = { 0 };
		struct diag d = { 0 };
		enum err err;

		fault_vfs_arm(n, FAULT_ONCE);
		err = store_restore(copy, fix.dir, 0, 0, &fix.a, &r, &d);
		fired = fault_vfs_fired();
		fault_vfs_arm(0, FAULT_ONCE);
		failed += err != ERR_OK;
		if (err == ERR_OK)
			parts_are_back(r.now.epoch);
		else
			cr_assert(fired, "%s", d.why);
	}
	cr_assert_gt(failed, 0);
	start_again();
}

Test(store_backup, without_room_it_fails_and_the_store_does_not)
{
	struct rlimit small = { 1u << 20, RLIM_INFINITY };
	struct store_backup *b = NULL;
	struct diag d = { 0 };
	bool done = false;
	enum err err;

	commit_rows(ROWS);
	ok(store_checkpoint(fix.s));
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = store_backup_begin(fix.s, fd, &b, &d);
	while (err == ERR_OK && !done)
		err = store_backup_step(b, &done, &d);
	cr_assert_eq(err, ERR_STORE);
	cr_assert(str_contains(str_of(d.why), S("full")), "%s", d.why);
	store_backup_end(b);
	small.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	commit_rows(1);
}
