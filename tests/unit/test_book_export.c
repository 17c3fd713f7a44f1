/*
 * Goal: what goes in comes out, in one form only.
 * Method: tests/golden/book/out is made from .../in by Python's csv module
 * (make.py); the export must be those bytes, and again after being imported.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "book_fixture.h"

static const char *const kinds[] = {
	"schemes",   "exporters",     "policies",	"obligors",
	"follows",   "shipments",     "limits",		"receipts",
	"country_cover", "country_limits", "country_ratings", "fx",
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static enum err
collect(void *self, struct str csv)
{
	struct buf *b = self;

	buf_put(b, csv);
	return b->err;
}

static void
export(struct store *s, const char *kind, struct buf *out)
{
	struct book_sink sink = { collect, out };

	buf_init(out, 1u << 20);
	cr_assert_eq(book_export(s, str_of(kind), &sink), ERR_OK);
}

Test(book_export, is_what_an_independent_reader_says)
{
	struct store *s = book_fixture_dir("tests/golden/book/in");

	for (size_t i = 0; i < KINDS; i++) {
		struct buf got;
		struct buf want;
		char path[128];

		(void)snprintf(path, sizeof(path),
			       "tests/golden/book/out/%s.csv", kinds[i]);
		buf_init(&want, 1u << 20);
		cr_assert_eq(buf_read_file(&want, path), ERR_OK);
		export(s, kinds[i], &got);
		cr_assert(str_eq(buf_str(&got), buf_str(&want)),
			  "%s is\n%.*s", kinds[i], STR_ARG(buf_str(&got)));
		buf_free(&got);
		buf_free(&want);
	}
	store_close(s);
}

Test(book_export, imported_again_gives_the_same_bytes)
{
	struct store *s = book_fixture_dir("tests/golden/book/in");
	struct store *t;
	struct buf first[KINDS];
	struct book_text text[KINDS];

	for (size_t i = 0; i < KINDS; i++) {
		export(s, kinds[i], &first[i]);
		buf_byte(&first[i], 0);
		text[i] = (struct book_text){ kinds[i], first[i].p };
	}
	t = book_fixture(text, KINDS);
	for (size_t i = 0; i < KINDS; i++) {
		struct buf again;

		export(t, kinds[i], &again);
		cr_assert(str_eq(buf_str(&again), str_of(first[i].p)), "%s",
			  kinds[i]);
		buf_free(&again);
		buf_free(&first[i]);
	}
	store_close(t);
	store_close(s);
}

Test(book_export, of_its_own_book_changes_nothing)
{
	struct store *s = book_fixture_dir("tests/golden/book/in");
	struct book_options opt = { .schemes = book_fixture_idschemes() };
	struct book_file file[KINDS];
	struct buf text[KINDS];
	struct book_report r;

	for (size_t i = 0; i < KINDS; i++) {
		export(s, kinds[i], &text[i]);
		file[i] = (struct book_file){ str_of(kinds[i]),
					      buf_str(&text[i]) };
	}
	book_report_init(&r);
	cr_assert_eq(book_import(s, file, KINDS, &opt, (struct instant){ 0 },
				 &r),
		     ERR_OK);
	cr_assert_eq(r.rows, 35);
	cr_assert_eq(r.added + r.changed + r.removed, 0);
	book_report_free(&r);
	for (size_t i = 0; i < KINDS; i++)
		buf_free(&text[i]);
	store_close(s);
}

static enum err
full(void *self, struct str csv)
{
	(void)csv;
	return --*(int *)self < 0 ? ERR_IO : ERR_OK;
}

Test(book_export, ends_with_the_error_of_its_sink)
{
	struct store *s = book_fixture_dir("tests/golden/book/in");
	int room = 2;
	struct book_sink sink = { full, &room };

	cr_assert_eq(book_export(s, S("obligors"), &sink), ERR_IO);
	cr_assert_eq(book_export(s, S("nothing"), &sink), ERR_ABSENT);
	store_close(s);
}
