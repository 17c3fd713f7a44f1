/*
 * test_inbox.c - a directory into which others rename files, on a real one.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "inbox.h"
#include "log.h"
#include "scratch.h"

static const struct instant now = { 1000, 1700000000000 };
static const char *const results[] = { ".ok", NULL };
static char dir[SCRATCH_PATH_SIZE];
static struct inbox in;
static struct inbox_list list;
static struct diag d;
static char taken[INBOX_NAME_MAX + 1];

static void
setup(void)
{
	log_level(LOG_ERR, LOG_ERR);
	scratch_dir(dir, "inbox");
	d = (struct diag){ 0 };
	inbox_init(&in, str_of(dir), results, now);
	cr_assert_eq(inbox_open(&in, now, &d), ERR_OK, "%s", d.why);
}

static void
teardown(void)
{
	inbox_close(&in);
	scratch_remove(dir);
}

TestSuite(inbox, .init = setup, .fini = teardown);

static void
put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static bool
there(const char *name)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

static bool
says(const char *name, const char *text)
{
	char path[512];
	struct buf b;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	buf_init(&b, 4096);
	same = buf_read_file(&b, path) == ERR_OK &&
	       str_eq(buf_str(&b), str_of(text));
	buf_free(&b);
	return same;
}

static void
look(enum inbox_place place)
{
	cr_assert_eq(inbox_list(&in, place, &list, &d), ERR_OK, "%s", d.why);
}

Test(inbox, names_in_order_without_what_is_being_written)
{
	static const char *const name[] = { "b", "a", "c.ok", ".d", "e.tmp",
					    "f.part", "Z", "\xC3\xA9", "g.okay" };

	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
		put(name[i], "");
	look(INBOX_DIR);
	cr_assert_eq(list.count, 5);
	cr_assert_eq(list.more, 0);
	cr_assert(str_eq(inbox_at(&list, 0), S("Z")));
	cr_assert(str_eq(inbox_at(&list, 1), S("a")));
	cr_assert(str_eq(inbox_at(&list, 3), S("g.okay")));
	cr_assert(str_eq(inbox_at(&list, 4), S("\xC3\xA9")));
	cr_assert_eq(in.odd, 0, "our own folders are not odd");
}

Test(inbox, only_regular_files)
{
	char path[512];

	put("file", "");
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	cr_assert_eq(symlink("file", path), 0);
	(void)snprintf(path, sizeof(path), "%s/pipe", dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/folder", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	look(INBOX_DIR);
	cr_assert_eq(list.count, 1);
	cr_assert_eq(in.odd, 3);
}

Test(inbox, the_first_names_of_many)
{
	char name[16];

	/* Descending and ascending: what is first stays. */
	for (unsigned i = 0; i < INBOX_LIST_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%04u", 9000 - i);
		put(name, "");
	}
	look(INBOX_DIR);
	cr_assert_eq(list.count, INBOX_LIST_MAX);
	cr_assert_eq(list.more, 0);
	put("0001", "");
	look(INBOX_DIR);
	cr_assert_eq(list.count, INBOX_LIST_MAX);
	cr_assert_eq(list.more, 1);
	put("9999", "");
	look(INBOX_DIR);
	cr_assert_eq(list.count, INBOX_LIST_MAX);
	cr_assert_eq(list.more, 1);
	cr_assert(str_eq(inbox_at(&list, 0), S("0001")));
	for (size_t i = 1; i < list.count; i++)
		cr_assert_lt(str_cmp(inbox_at(&list, i - 1),
				     inbox_at(&list, i)),
			     0);
	cr_assert(str_eq(inbox_at(&list, INBOX_LIST_MAX - 1), S("8999")));
}

static enum err
take(const char *name)
{
	d = (struct diag){ 0 };
	return inbox_take(&in, str_of(name), taken, &d);
}

Test(inbox, names_at_the_limit_and_one_more)
{
	char name[INBOX_NAME_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[INBOX_NAME_MAX] = '\0';
	put(name, "");
	cr_assert_eq(take(name), ERR_OK);
	cr_assert_str_eq(taken, name);
	/* Longer by a letter of two bytes, which is not cut in half. */
	name[INBOX_NAME_MAX - 1] = '\xC3';
	name[INBOX_NAME_MAX] = '\xA9';
	name[INBOX_NAME_MAX + 1] = '\0';
	put(name, "");
	cr_assert_eq(take(name), ERR_REFUSED);
	cr_assert_eq(strlen(taken), INBOX_NAME_MAX - 1);
	look(INBOX_DIR);
	cr_assert_eq(list.count, 0);
}

Test(inbox, names_that_would_do_harm)
{
	static const struct {
		const char *raw;
		const char *clean;
	} row[] = {
		{ "a\nb", "a_b" },	  { "a\x1b[2J", "a_[2J" },
		{ "a\xff", "a_" },	  { "a\xC2\x85z", "a__z" },
		{ "quo\"te", "quo_te" },  { "a\x7f", "a_" },
		{ "back\\slash", "back_slash" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		put(row[i].raw, "");
		cr_assert_eq(take(row[i].raw), ERR_REFUSED);
		cr_assert_str_eq(taken, row[i].clean);
		cr_assert_eq(inbox_settle(&in, INBOX_REFUSED, str_of(taken),
					  S("why"), now),
			     ERR_OK);
	}
	put("\xE6\x8B\xA6 1.csv", "");
	cr_assert_eq(take("\xE6\x8B\xA6 1.csv"), ERR_OK);
}

Test(inbox, what_replaces_a_taken_file_is_another)
{
	char text[16] = "";
	int64_t size = 0;
	int fd = -1;

	put("a", "one");
	cr_assert_eq(take("a"), ERR_OK);
	cr_assert_eq(inbox_read(&in, S("a"), 3, &fd, &size, &d), ERR_OK);
	put("a", "second");
	cr_assert_eq(read(fd, text, sizeof(text)), 3);
	cr_assert_str_eq(text, "one");
	(void)close(fd);
	cr_assert_eq(take("a"), ERR_AGAIN, "work/ has one");
	cr_assert_eq(inbox_settle(&in, INBOX_DONE, S("a"), STR_NONE, now),
		     ERR_OK);
	cr_assert(says("done/a", "one"));
	cr_assert_eq(take("a"), ERR_OK);
	cr_assert_eq(inbox_settle(&in, INBOX_DONE, S("a"), S("a: note\n"),
				  now),
		     ERR_OK);
	cr_assert(says("done/a", "one"), "nothing is overwritten");
	cr_assert(says("done/a.1700000000000", "second"));
	cr_assert(says("done/a.1700000000000.why", "a: note\n"));
	cr_assert_eq(take("a"), ERR_AGAIN, "it is gone");
}

Test(inbox, what_is_read_and_what_not)
{
	char path[512];
	int64_t size = 0;
	int fd = -1;

	put("work/four", "1234");
	cr_assert_eq(inbox_read(&in, S("four"), 4, &fd, &size, &d), ERR_OK);
	cr_assert_eq(size, 4);
	(void)close(fd);
	cr_assert_eq(inbox_read(&in, S("four"), 3, &fd, &size, &d), ERR_LIMIT);
	cr_assert_eq(fd, -1);
	cr_assert(str_contains(str_of(d.why), S("4 bytes, at most 3")));
	cr_assert_eq(inbox_read(&in, S("none"), 3, &fd, &size, &d),
		     ERR_ABSENT);
	(void)snprintf(path, sizeof(path), "%s/work/link", dir);
	cr_assert_eq(symlink("four", path), 0);
	cr_assert_eq(inbox_read(&in, S("link"), 9, &fd, &size, &d),
		     ERR_REFUSED);
	(void)snprintf(path, sizeof(path), "%s/work/pipe", dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(inbox_read(&in, S("pipe"), 9, &fd, &size, &d),
		     ERR_REFUSED);
	look(INBOX_WORK);
	cr_assert_eq(list.count, 1, "links in work/ are no files either");
}

Test(inbox, results_are_whole_and_no_input)
{
	cr_assert_eq(inbox_say(&in, S("b.csv"), ".ok", S("3 rows\n")), ERR_OK);
	cr_assert_eq(inbox_say(&in, S("b.csv"), ".ok", S("4 rows\n")), ERR_OK);
	cr_assert(says("b.csv.ok", "4 rows\n"));
	look(INBOX_DIR);
	cr_assert_eq(list.count, 0);
	inbox_unsay(&in, S("b.csv"), ".ok");
	inbox_unsay(&in, S("b.csv"), ".ok");
	cr_assert_not(there("b.csv.ok"));
}

Test(inbox, a_mark_changes_with_the_file)
{
	int64_t a[4];
	int64_t b[4];

	inbox_mark(&in, S("m"), a);
	cr_assert_eq(a[0], 0);
	put("m", "1");
	inbox_mark(&in, S("m"), a);
	put("m", "12");
	inbox_mark(&in, S("m"), b);
	cr_assert_neq(memcmp(a, b, sizeof(a)), 0);
}

Test(inbox, a_directory_that_vanishes_and_returns)
{
	char away[SCRATCH_PATH_SIZE + 8];

	(void)snprintf(away, sizeof(away), "%s.away", dir);
	cr_assert_eq(rename(dir, away), 0);
	cr_assert_eq(inbox_open(&in, now, &d), ERR_IO);
	cr_assert(str_contains(str_of(d.why), S("No such file")));
	cr_assert_eq(in.fenced, 0, "absent is not fenced");
	cr_assert_eq(mkdir(dir, 0750), 0);
	cr_assert_eq(inbox_open(&in, now, &d), ERR_OK);
	cr_assert(there("work") && there("done") && there("refused"));
	scratch_remove(away);
}

Test(inbox, a_folder_of_ours_that_is_none)
{
	char path[512];

	inbox_close(&in);
	(void)snprintf(path, sizeof(path), "%s/done", dir);
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(symlink("/tmp", path), 0);
	cr_assert_eq(inbox_open(&in, now, &d), ERR_IO);
	cr_assert(str_contains(str_of(d.why), S("/done: ")), "%s", d.why);
}
