/*
 * Goal: a large book goes in as a small one does: through a window, without
 * its indices, asked of in memory.
 * Method: files of more bytes than the window, from memory and from a
 * descriptor; the sets behind it at their limits.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "book_keys.h"
#include "book_read.h"
#include "book_rids.h"
#include "book_rig.h"

static struct buf obligors;
static struct buf shipments;

#define ROWS 40000u

static void
setup(void)
{
	book_rig_setup();
	buf_init(&obligors, 64u << 20);
	buf_init(&shipments, 64u << 20);
	buf_put(&obligors, S("obligor_id,type,name,country\n"));
	buf_put(&shipments, S("shipment_id,exporter_id,obligor_id,amount,"
			      "currency,payment_term,status,product\n"));
	for (unsigned i = 0; i < ROWS; i++) {
		buf_printf(&obligors, "B%u,buyer,Firm %u,DE\n", i, i);
		buf_printf(&shipments,
			   "T%u,EXP-SZ-0001,B%u,1,USD,OA,ready,%0256u\n",
			   i * 7919 % ROWS, i, i);
	}
	cr_assert(shipments.n > BOOK_READ_WINDOW);
}

static void
teardown(void)
{
	buf_free(&obligors);
	buf_free(&shipments);
	book_rig_teardown();
}

TestSuite(book_bulk, .init = setup, .fini = teardown);

static enum err
import(const int *fd)
{
	const struct book_file file[] = {
		{ S("o"), buf_str(&obligors) },
		{ S("s"), buf_str(&shipments) },
	};
	const struct book_options opt = { .schemes = book_fixture_idschemes(),
					  .fd = fd };

	book_report_free(&rig.r);
	book_report_init(&rig.r);
	return book_import(rig.s, file, 2, &opt, book_rig_now, &rig.r);
}

static int
in_file(const struct buf *b)
{
	int fd = memfd_create("book", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, b->p, b->n), (ssize_t)b->n);
	return fd;
}

static void
is_all_there(void)
{
	struct str *v = NULL;
	struct shipment *s = NULL;
	size_t n = 0;

	cr_assert_eq(rig.r.added, 2 * ROWS);
	ok(store_obligors_by_name(rig.s, S("firm 39999"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	ok(store_shipments(rig.s, S("EXP-SZ-0001"), S("B39999"), &rig.a, &s,
			   &n));
	cr_assert_eq(n, 1);
	cr_assert_eq(s[0].amount_minor, 100);
}

Test(book_bulk, goes_in_from_memory_and_again_without_a_change)
{
	ok(import(NULL));
	is_all_there();
	ok(import(NULL));
	cr_assert_eq(rig.r.rows, 2 * ROWS);
	cr_assert_eq(rig.r.added + rig.r.changed, 0);
}

Test(book_bulk, goes_in_from_descriptors)
{
	int fd[] = { in_file(&obligors), in_file(&shipments) };

	ok(import(fd));
	is_all_there();
	(void)close(fd[0]);
	(void)close(fd[1]);
	cr_assert_eq(import(fd), ERR_IO);
	cr_assert_not(store_in_transaction(rig.s));
}

Test(book_bulk, faults_are_told_as_in_a_small_one)
{
	buf_put(&obligors, S("B7,buyer,Again,DE\n"));
	buf_put(&shipments, S("T1,EXP-SZ-0001,B1,1,USD,OA,ready,\n"
			      "TX,EXP-SZ-0009,B1,1,USD,OA,ready,\n"));
	cr_assert_eq(import(NULL), ERR_INPUT);
	faults_are("o:40002: obligor_id: another row of this import has the "
		   "same key\n"
		   "s:40002: shipment_id: another row of this import has the "
		   "same key\n"
		   "s:40003: exporter_id: no 'EXP-SZ-0009' in exporters\n");
}

Test(book_bulk, a_row_has_a_length)
{
	struct str *v = NULL;
	size_t n = 0;

	buf_clear(&shipments);
	buf_put(&shipments, S("exporter_id,obligor_id\nEXP-SZ-0001,"));
	for (size_t i = 0; i < 2 * BOOK_READ_WINDOW; i++)
		buf_byte(&shipments, 'x');
	cr_assert_eq(import(NULL), ERR_INPUT);
	faults_are("s:2: row: longer than 4194304 bytes\n");
	/* And what was there can still be asked for by its indices. */
	ok(store_obligors_by_name(rig.s, S("aozora mokko k k"), &rig.a, &v,
				  &n));
	cr_assert_eq(n, 1);
}

Test(book_sets, ids_are_kept_exactly)
{
	struct book_keys k = { 0 };
	char id[BOOK_KEY_MAX + 1];

	memset(id, 'x', sizeof(id));
	cr_assert_not(book_keys_has(&k, S("a")));
	ok(book_keys_add(&k, (struct str){ id, BOOK_KEY_MAX }));
	cr_assert_eq(book_keys_add(&k, (struct str){ id, BOOK_KEY_MAX + 1 }),
		     ERR_LIMIT);
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(id, sizeof(id), "K%u", i);
		ok(book_keys_add(&k, str_of(id)));
		ok(book_keys_add(&k, str_of(id)));
	}
	cr_assert_eq(k.count, 50001);
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(id, sizeof(id), "K%u", i);
		cr_assert_eq(book_keys_has(&k, str_of(id)), i < 50000);
	}
	book_keys_free(&k);
}

Test(book_sets, rows_hold_at_max_and_one_more)
{
	struct book_rids r = { 0 };

	cr_assert_eq(book_rids_next(&r, 0), -1);
	ok(book_rids_add(&r, 9));
	ok(book_rids_add(&r, BOOK_RID_MAX));
	ok(book_rids_add(&r, BOOK_RID_MAX));
	cr_assert_eq(r.count, 2);
	cr_assert_eq(book_rids_add(&r, BOOK_RID_MAX + 1), ERR_LIMIT);
	cr_assert_eq(book_rids_add(&r, -1), ERR_LIMIT);
	cr_assert_eq(book_rids_next(&r, 0), 9);
	cr_assert_eq(book_rids_next(&r, 10), BOOK_RID_MAX);
	cr_assert_not(book_rids_has(&r, 8));
	book_rids_free(&r);
}
