/*
 * Goal: a file that is the whole of its kind replaces it, unless that would
 * remove too much or leave references behind.
 */
#include <criterion/criterion.h>

#include "book_rig.h"

TestSuite(book_replace, .init = book_rig_setup, .fini = book_rig_teardown);

/* 10 follows; the file keeps 7 of them, then 6. */
static void
ten_follows(void)
{
	struct buf csv;

	buf_init(&csv, 4096);
	buf_put(&csv, S("obligor_id,type,name,country\n"));
	for (int i = 0; i < 6; i++)
		buf_printf(&csv, "X%d,buyer,X%d,DE\n", i, i);
	buf_byte(&csv, 0);
	ok(book_rig_one(csv.p));
	buf_clear(&csv);
	buf_put(&csv, S("exporter_id,obligor_id\n"));
	for (int i = 0; i < 6; i++)
		buf_printf(&csv, "EXP-SZ-0002,X%d\n", i);
	buf_byte(&csv, 0);
	ok(book_rig_one(csv.p));
	buf_free(&csv);
}

#define SEVEN                                                                  \
	"exporter_id,obligor_id\nEXP-SZ-0002,X0\nEXP-SZ-0002,X1\n"             \
	"EXP-SZ-0002,X2\nEXP-SZ-0002,X3\nEXP-SZ-0002,X4\nEXP-SZ-0002,X5\n"     \
	"EXP-SZ-0001,OB-AE-0001\n"

Test(book_replace, replace_removes_at_most_thirty_percent)
{
	struct book_text seven = { "f.csv", SEVEN };
	struct book_text six = { "f.csv",
				 "exporter_id,obligor_id\nEXP-SZ-0002,X0\n"
				 "EXP-SZ-0002,X1\nEXP-SZ-0002,X2\n"
				 "EXP-SZ-0002,X3\nEXP-SZ-0002,X4\n"
				 "EXP-SZ-0002,X5\n"
				 "EXP-SZ-0002,OB-AE-0001\n" };
	struct book_options opt = { .replace = S("follows") };
	struct str *v = NULL;
	size_t n = 0;

	ten_follows();
	/* A new row does not hide that 4 of 10 would go. */
	cr_assert_eq(book_rig_run(opt, &six, 1), ERR_REFUSED);
	faults_are("book: follows: replacing would remove 4 of 10 rows, more "
		   "than 30 %: needs force\n");
	ok(store_exporters_of(rig.s, S("OB-JP-0001"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	ok(book_rig_run(opt, &seven, 1));
	cr_assert_eq(rig.r.removed, 3);
	ok(store_exporters_of(rig.s, S("OB-JP-0001"), &rig.a, &v, &n));
	cr_assert_eq(n, 0);
	opt.force = 1;
	six.csv = "exporter_id,obligor_id\n";
	ok(book_rig_run(opt, &six, 1));
	cr_assert_eq(rig.r.removed, 7);
}

/* A row with a fault is not a row that is missing. */
Test(book_replace, a_faulty_replace_tells_of_its_rows_alone)
{
	struct book_text text = { "f.csv", "exporter_id,obligor_id,"
					   "last_order_on\n"
					   "EXP-SZ-0001,OB-AE-0001,soon\n"
					   "EXP-SZ-0001,OB-DE-0001,soon\n"
					   "EXP-SZ-0001,OB-DE-0002,\n"
					   "EXP-SZ-0002,OB-JP-0001,\n" };
	struct book_options opt = { .replace = S("follows") };

	cr_assert_eq(book_rig_run(opt, &text, 1), ERR_INPUT);
	faults_are("f.csv:2: last_order_on: 'soon' is not a date like "
		   "2022-12-30\n"
		   "f.csv:3: last_order_on: 'soon' is not a date like "
		   "2022-12-30\n");
}

Test(book_replace, replace_needs_a_file_and_a_kind)
{
	struct book_text text = { "f.csv", "exporter_id,obligor_id\n" };

	cr_assert_eq(book_rig_run((struct book_options){ .replace = S("policies") },
			 &text, 1),
		     ERR_INPUT);
	faults_are("book: policies: to be replaced, but no file has it\n");
	cr_assert_eq(book_rig_run((struct book_options){ .replace = S("x") }, &text,
			 1),
		     ERR_INPUT);
	faults_are("book: replace: no such kind\n");
}

Test(book_replace, replace_may_not_leave_references_behind)
{
	struct book_text text = { "e.csv",
				  "exporter_id,uscc,name\n"
				  "EXP-SZ-0001,91440300MADEM0001U,A\n" };
	struct book_options opt = { .replace = S("exporters"), .force = 1 };

	cr_assert_eq(book_rig_run(opt, &text, 1), ERR_INPUT);
	faults_are("book: policies: exporter_id: 'EXP-SZ-0002' was removed "
		   "by the replace\n"
		   "book: follows: exporter_id: 'EXP-SZ-0002' was removed by "
		   "the replace\n");
}
