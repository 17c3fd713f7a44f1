/*
 * test_diff.c - new, changed, same, gone; and states that are no states.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diff.h"
#include "log.h"

static int
file(void)
{
	int fd = memfd_create("diff", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	return fd;
}

/* "k=v k=v": one document; outcomes as letters N C S in order. */
static struct diff_counts
document(int old_fd, int new_fd, enum diff_keep keep, const char *doc,
	 const char *want)
{
	struct diff *d = NULL;
	struct diff_counts c;
	struct str rest = str_of(doc);
	char got[64] = "";
	size_t n = 0;
	uint64_t records = 0;

	cr_assert_eq(diff_new(old_fd, 7, &d), ERR_OK);
	while (rest.n > 0) {
		struct str pair = str_cut(&rest, ' ');
		struct str key = str_cut(&pair, '=');
		enum diff_outcome o;

		cr_assert_eq(diff_record(d, key, pair, &o), ERR_OK);
		got[n++] = o == DIFF_NEW ? 'N' : o == DIFF_SAME ? 'S' : 'C';
		records++;
	}
	got[n] = 0;
	cr_assert_str_eq(got, want, "%s gave %s", doc, got);
	diff_end(d, keep, &c);
	if (new_fd >= 0)
		cr_assert_eq(diff_write(d, new_fd, records), ERR_OK);
	diff_free(d);
	return c;
}

Test(diff, a_snapshot_is_replaced)
{
	int one = file();
	int two = file();
	struct diff_counts c;

	c = document(-1, one, DIFF_REPLACE, "a=1 b=2 c=3", "NNN");
	cr_assert_eq(c.changed, 3);
	cr_assert_eq(c.vanished, 0);
	c = document(one, two, DIFF_REPLACE, "c=3 b=9 d=4", "SCN");
	cr_assert_eq(c.changed, 2);
	cr_assert_eq(c.vanished, 1);
	c = document(two, -1, DIFF_REPLACE, "a=1 b=9", "NS");
	cr_assert_eq(c.vanished, 2);
	cr_assert_eq(c.duplicates, 0);
}

Test(diff, an_append_feed_remembers)
{
	int one = file();
	int two = file();
	struct diff_counts c;

	(void)document(-1, one, DIFF_MERGE, "b=2 d=4", "NN");
	c = document(one, two, DIFF_MERGE, "a=1 b=9 e=5", "NCN");
	cr_assert_eq(c.vanished, 0);
	(void)document(two, -1, DIFF_MERGE, "a=1 b=9 d=4 e=5 b=2", "SSSSC");
}

/* Goal: two records under one key stay unchanged when nothing changes. */
Test(diff, duplicate_keys_are_counted_and_stable)
{
	int one = file();
	int two = file();
	struct diff_counts c;

	c = document(-1, one, DIFF_REPLACE, "a=1 a=2 b=1 a=1", "NNNN");
	cr_assert_eq(c.duplicates, 2);
	c = document(one, two, DIFF_REPLACE, "a=1 a=2 b=1 a=1", "SSSS");
	cr_assert_eq(c.changed, 0);
	cr_assert_eq(c.vanished, 0);
	c = document(two, -1, DIFF_REPLACE, "a=3 b=1", "CS");
	cr_assert_eq(c.changed, 1);
}

Test(diff, the_previous_count_is_the_documents)
{
	int one = file();
	struct diff *d = NULL;

	(void)document(-1, one, DIFF_REPLACE, "a=1 b=2 c=3 a=1", "NNNN");
	cr_assert_eq(diff_new(one, 7, &d), ERR_OK);
	cr_assert_eq(diff_previous(d), 4);
	diff_free(d);
	cr_assert_eq(diff_new(-1, 7, &d), ERR_OK);
	cr_assert_eq(diff_previous(d), -1);
	diff_free(d);
}

Test(diff, another_seed_makes_every_record_changed)
{
	int one = file();
	struct diff *d = NULL;
	enum diff_outcome o;

	(void)document(-1, one, DIFF_REPLACE, "a=1", "N");
	cr_assert_eq(diff_new(one, 8, &d), ERR_OK);
	cr_assert_eq(diff_record(d, S("a"), S("1"), &o), ERR_OK);
	cr_assert_eq(o, DIFF_CHANGED);
	diff_free(d);
	cr_assert_neq(diff_seed(S("a"), S("b"), 0),
		      diff_seed(S("a"), S("c"), 0));
	cr_assert_neq(diff_seed(S("ab"), S(""), 0),
		      diff_seed(S("a"), S("b"), 0));
}

Test(diff, a_forgotten_record_is_new_again)
{
	int one = file();
	struct diff *d = NULL;
	struct diff_counts c;
	enum diff_outcome o;

	cr_assert_eq(diff_new(-1, 7, &d), ERR_OK);
	cr_assert_eq(diff_record(d, S("a"), S("1"), &o), ERR_OK);
	diff_forget(d);
	diff_end(d, DIFF_REPLACE, &c);
	cr_assert_eq(diff_write(d, one, 1), ERR_OK);
	diff_free(d);
	(void)document(one, -1, DIFF_REPLACE, "a=1", "N");
}

/* Every single flipped byte of a state makes it no state, never a crash. */
Test(diff, a_damaged_state_is_none)
{
	int one = file();
	uint8_t bytes[4096];
	ssize_t n;

	log_level(LOG_ERR, LOG_ERR);
	(void)document(-1, one, DIFF_REPLACE, "a=1 b=2", "NN");
	n = pread(one, bytes, sizeof(bytes), 0);
	cr_assert_eq(n, 40 + 2 * 32);
	for (ssize_t i = 0; i < n; i++) {
		int bad = file();

		bytes[i] ^= 1;
		cr_assert_eq(write(bad, bytes, (size_t)n), n);
		bytes[i] ^= 1;
		(void)document(bad, -1, DIFF_REPLACE, "a=1 b=2", "NN");
		close(bad);
	}
	for (ssize_t cut = 0; cut < n; cut++) {
		int bad = file();

		cr_assert_eq(write(bad, bytes, (size_t)cut), cut);
		(void)document(bad, -1, DIFF_REPLACE, "a=1 b=2", "NN");
		close(bad);
	}
}

Test(diff, many_records_against_a_second_count)
{
	enum { N = 20000 };
	int one = file();
	struct diff *d = NULL;
	struct diff_counts c;
	enum diff_outcome o;
	char key[16];

	cr_assert_eq(diff_new(-1, 1, &d), ERR_OK);
	for (int i = 0; i < N; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		cr_assert_eq(diff_record(d, str_of(key), S("x"), &o), ERR_OK);
	}
	diff_end(d, DIFF_REPLACE, &c);
	cr_assert_eq(c.changed, N);
	cr_assert_eq(diff_write(d, one, N), ERR_OK);
	diff_free(d);
	cr_assert_eq(diff_new(one, 1, &d), ERR_OK);
	for (int i = 0; i < N; i += 2) {
		(void)snprintf(key, sizeof(key), "%d", i);
		cr_assert_eq(diff_record(d, str_of(key),
					 i % 4 == 0 ? S("x") : S("y"), &o),
			     ERR_OK);
		cr_assert_eq(o, i % 4 == 0 ? DIFF_SAME : DIFF_CHANGED);
	}
	diff_end(d, DIFF_REPLACE, &c);
	cr_assert_eq(c.changed, N / 4);
	cr_assert_eq(c.vanished, N / 2);
	diff_free(d);
}

Test(diff, at_most_so_many_records)
{
	struct diff *d = NULL;
	enum diff_outcome o;
	char key[16];

	cr_assert_eq(diff_new(-1, 1, &d), ERR_OK);
	for (unsigned i = 0; i < DIFF_RECORDS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		cr_assert_eq(diff_record(d, str_of(key), S("x"), &o), ERR_OK);
	}
	cr_assert_eq(diff_record(d, S("one more"), S("x"), &o), ERR_LIMIT);
	diff_free(d);
}
