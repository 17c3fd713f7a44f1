/*
 * Rows of an index's CSV: quotes, newlines inside them, lines counted.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csvin.h"

static struct csvin *
reader(const char *text)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	struct csvin *c = csvin_new(fd);

	cr_assert_not_null(c);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return c; /* the descriptor ends with the test */
}

/* The next row's fields joined by '|', and its line. */
static void
is_row(struct csvin *c, unsigned line, const char *fields)
{
	struct diag d = { 0 };
	struct csvin_row row;
	char out[256];
	size_t n = 0;

	cr_assert_eq(csvin_next(c, &row, &d), ERR_OK, "%s", d.why);
	for (unsigned i = 0; i < row.n; i++) {
		if (i > 0)
			out[n++] = '|';
		memcpy(out + n, row.field[i].p, row.field[i].n);
		n += row.field[i].n;
	}
	out[n] = 0;
	cr_assert_str_eq(out, fields);
	cr_assert_eq(row.line, line, "%u", row.line);
}

static void
is_end(struct csvin *c)
{
	struct diag d = { 0 };
	struct csvin_row row;

	cr_assert_eq(csvin_next(c, &row, &d), ERR_ABSENT);
	csvin_free(c);
}

Test(csvin, plain_rows)
{
	struct csvin *c = reader("\xEF\xBB\xBF" "a,b,,c\r\n,\n\n\nlast");

	is_row(c, 1, "a|b||c");
	is_row(c, 2, "|");
	is_row(c, 5, "last");
	is_end(c);
}

Test(csvin, quoted_fields)
{
	struct csvin *c = reader("\"a, \"\"b\"\"\",\"\",\"\"\"\"\nx,\"c\"d,e\n"
				 "f\"g,h\"i,\"j\"");

	is_row(c, 1, "a, \"b\"||\"");
	is_row(c, 2, "x|c|e");
	is_row(c, 3, "f\"g|h\"i|j");
	is_end(c);
}

Test(csvin, newlines_that_quotes_hide_are_counted)
{
	struct csvin *c = reader("\"a\nb\n\nc\",\"\n\",d\ne\n\"f\n\"\n\"g\",h\n");

	is_row(c, 1, "a\nb\n\nc|\n|d");
	is_row(c, 6, "e");
	is_row(c, 7, "f\n");
	is_row(c, 9, "g|h");
	is_end(c);
}
