/*
 * watch_fixture.c - snapshot, build and map without files.
 */
#include "watch_fixture.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

#include "book_import.h"
#include "msnap.h"

void
watch_fixture_import(struct store *s, const struct idschemes *schemes,
		     const char *csv, const char *replace)
{
	const struct book_file file = { S("o.csv"), str_of(csv) };
	const struct book_options opt = { .schemes = schemes,
					  .mode = BOOK_WRITE,
					  .replace = str_of(replace),
					  .force = 1 };
	struct instant now = { 0, 1672103523214 };
	struct book_report r;

	book_report_init(&r);
	cr_assert_eq(book_import(s, &file, 1, &opt, now, &r), ERR_OK, "%.*s",
		     STR_ARG(buf_str(&r.faults)));
	book_report_free(&r);
}

int
watch_fixture_segment(struct store *s)
{
	int in = memfd_create("snapshot", MFD_CLOEXEC);
	int out = memfd_create("segment", MFD_CLOEXEC);
	struct watch_row *row = NULL;
	struct msnap_stats st;
	struct diag d = { 0 };
	uint64_t epoch = 0;
	int64_t version = 0;
	size_t count = 0;
	struct arena a;
	struct buf b;

	cr_assert_eq(arena_init(&a, 64u << 20), ERR_OK);
	buf_init(&b, 64u << 20);
	cr_assert_eq(store_watch_rows(s, 0, 100000, &a, &row, &count), ERR_OK);
	for (size_t i = 0; i < count; i++)
		msnap_put(&b, &row[i]);
	cr_assert_eq(store_epoch(s, &epoch), ERR_OK);
	cr_assert_eq(store_book_version(s, &version), ERR_OK);
	cr_assert_eq((size_t)write(in, b.p, b.n), b.n);
	cr_assert_eq(msnap_build(in, out, epoch, (uint64_t)version, &st, &d),
		     ERR_OK, "%s", d.why);
	cr_assert_eq(st.obligors, count);
	buf_free(&b);
	arena_fini(&a);
	close(in);
	return out;
}

struct mwatch *
watch_fixture(struct store *s)
{
	struct mwatch *w = NULL;
	struct diag d = { 0 };
	int fd = watch_fixture_segment(s);

	cr_assert_eq(mwatch_new(&w, &d), ERR_OK, "%s", d.why);
	cr_assert_eq(mwatch_map(w, fd, s, &d), ERR_OK, "%s", d.why);
	close(fd);
	return w;
}
