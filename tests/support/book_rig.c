/*
 * book_rig.c - one book, imported into again and again.
 */
#include "book_rig.h"

struct book_rig rig;
const struct instant book_rig_now = { 0, 1672103520000 };

void
book_rig_setup(void)
{
	cr_assert_eq(arena_init(&rig.a, 16u << 20), ERR_OK);
	rig.s = book_fixture_dir("tests/demo/book");
	book_report_init(&rig.r);
}

void
book_rig_teardown(void)
{
	book_report_free(&rig.r);
	store_close(rig.s);
	arena_fini(&rig.a);
}

enum err
book_rig_run(struct book_options opt, const struct book_text *texts, size_t count)
{
	struct book_file files[BOOK_FILES_MAX + 1];

	for (size_t i = 0; i < count; i++)
		files[i] = (struct book_file){ str_of(texts[i].name),
					       str_of(texts[i].csv) };
	opt.schemes = book_fixture_idschemes();
	book_report_free(&rig.r);
	book_report_init(&rig.r);
	return book_import(rig.s, files, count, &opt, book_rig_now, &rig.r);
}

enum err
book_rig_one(const char *csv)
{
	struct book_text text = { "f.csv", csv };

	return book_rig_run((struct book_options){ 0 }, &text, 1);
}

static enum err
collect(void *self, struct str csv)
{
	struct buf *b = self;

	buf_put(b, csv);
	return b->err;
}

/* The whole book as text: to tell whether anything changed. */
void
book_rig_dump(struct buf *b)
{
	static const char *const kinds[] = { "schemes",	 "exporters",
					     "policies", "obligors",
					     "follows",	 "shipments" };
	struct book_sink sink = { collect, b };

	buf_init(b, 16u << 20);
	for (size_t i = 0; i < 6; i++)
		ok(book_export(rig.s, str_of(kinds[i]), &sink));
}

void
book_rig_unchanged(const struct buf *before)
{
	struct buf after;
	int64_t version = 0;

	book_rig_dump(&after);
	cr_assert(str_eq(buf_str(before), buf_str(&after)));
	buf_free(&after);
	ok(store_book_version(rig.s, &version));
	cr_assert_eq(version, 1);
	cr_assert_not(store_in_transaction(rig.s));
}
