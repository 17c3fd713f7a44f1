/*
 * fuzz_book.c - the book's files: all of an import or nothing of it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "book_fixture.h"
#include "csvin.h"
#include "fuzz.h"

static enum err
collect(void *self, struct str csv)
{
	struct buf *b = self;

	buf_put(b, csv);
	return b->err;
}

/* The whole book as text. */
static void
dump(struct store *s, struct buf *out)
{
	static const char *const kinds[] = {
		"schemes",  "exporters",     "obligors", "policies",
		"follows",  "shipments",     "limits",	 "receipts",
		"fx",	    "country_cover",
	};
	const struct book_sink sink = { collect, out };

	buf_init(out, 16u << 20);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		must(book_export(s, str_of(kinds[i]), &sink) == ERR_OK);
}

/* Files divided by a form feed; the first line of each is as it comes. */
void
fuzz_book(struct str in)
{
	static struct store *s;
	static struct buf before;
	static const char *const replace[] = { "", "", "shipments", "follows" };
	uint8_t way = fuzz_byte(&in);
	const struct book_options opt = {
		.schemes = book_fixture_idschemes(),
		.mode = way & 1 ? BOOK_CHECK : BOOK_WRITE,
		.replace = str_of(replace[way / 2 % 4]),
		.force = way >> 3 & 1,
	};
	struct book_file file[4];
	struct book_report r;
	struct buf after;
	size_t count = 0;
	enum err err;

	if (s == NULL) {
		s = book_fixture_dir("tests/demo/book");
		dump(s, &before);
	}
	do {
		file[count].name = S("f");
		file[count++].bytes = str_cut(&in, '\f');
	} while (in.n > 0 && count < 4);
	book_report_init(&r);
	must(store_begin(s) == ERR_OK);
	err = book_import(s, file, count, &opt,
			  (struct instant){ 0, 1672103520000 }, &r);
	must(err_class(err) == ERR_NONE || err_class(err) == ERR_REJECT);
	must((err == ERR_OK) == (r.fault_count == 0) || err == ERR_LIMIT);
	/* The whole book is dear to read: every eighth way of the first byte. */
	if (way < 32 && (err != ERR_OK || opt.mode == BOOK_CHECK)) {
		dump(s, &after);
		must(str_eq(buf_str(&before), buf_str(&after)));
		buf_free(&after);
	}
	store_rollback(s);
	book_report_free(&r);
}

void
fuzz_csvin(struct str in)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	struct csvin_row row;
	struct diag d = { 0 };
	struct csvin *c;
	unsigned line = 0;
	size_t bytes = 0;
	enum err err;

	must(fd >= 0);
	must(in.n == 0 || write(fd, in.p, in.n) == (ssize_t)in.n);
	must(lseek(fd, 0, SEEK_SET) == 0);
	c = csvin_new(fd);
	must(c != NULL);
	while ((err = csvin_next(c, &row, &d)) == ERR_OK) {
		must(row.n > 0 && row.n <= CSVIN_FIELDS_MAX);
		must(row.line > line);
		line = row.line;
		for (unsigned i = 0; i < row.n; i++)
			bytes += row.field[i].n;
	}
	must(err == ERR_ABSENT || d.why[0] != '\0');
	must(bytes <= in.n);
	csvin_free(c);
	(void)close(fd);
}
