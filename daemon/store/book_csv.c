/*
 * book_csv.c - a strict reader of RFC 4180.
 */
#include "book_csv.h"

static void
skip(struct book_csv *c, size_t n)
{
	c->rest = str_sub(c->rest, n, c->rest.n);
}

static bool
at_end_of_line(struct str s)
{
	return s.n == 0 || s.p[0] == '\n' || str_starts(s, S("\r\n"));
}

static void
skip_line_end(struct book_csv *c)
{
	if (c->rest.n == 0)
		return;
	skip(c, c->rest.p[0] == '\r' ? 2 : 1);
	c->line++;
}

bool
book_csv_skip_empty(struct book_csv *c)
{
	if (c->rest.n == 0 || !at_end_of_line(c->rest))
		return false;
	skip_line_end(c);
	return true;
}

/* A field without quotes, up to a comma or the end of the line. */
static enum err
plain_field(struct book_csv *c, struct str *out, struct diag *d)
{
	size_t n = 0;

	for (; n < c->rest.n && c->rest.p[n] != ',' &&
	       c->rest.p[n] != '\n';
	     n++) {
		if (c->rest.p[n] == '"')
			return diag_set(d, ERR_INPUT, c->line,
					"quote inside a field");
		if (c->rest.p[n] != '\r')
			continue;
		if (n + 1 < c->rest.n && c->rest.p[n + 1] == '\n')
			break;
		return diag_set(d, ERR_INPUT, c->line,
				"carriage return inside a field");
	}
	*out = str_sub(c->rest, 0, n);
	skip(c, n);
	return ERR_OK;
}

/* s with each doubled quote halved; empty p when a is full. */
static struct str
unquote(struct str s, struct arena *a)
{
	char *p = arena_get(a, s.n + 1, 1);
	size_t n = 0;

	if (p == NULL)
		return STR_NONE;
	for (size_t i = 0; i < s.n; i++) {
		p[n++] = s.p[i];
		i += s.p[i] == '"';
	}
	return (struct str){ p, n };
}

/* A field from its opening quote. */
static enum err
quoted_field(struct book_csv *c, struct arena *a, struct str *out,
	     struct diag *d)
{
	unsigned line = c->line;
	bool doubled = false;
	size_t n = 1;

	for (;; n++) {
		if (n >= c->rest.n)
			return diag_set(d, ERR_INPUT, line,
					"quoted field has no end");
		c->line += c->rest.p[n] == '\n';
		if (c->rest.p[n] != '"')
			continue;
		if (n + 1 >= c->rest.n || c->rest.p[n + 1] != '"')
			break;
		doubled = true;
		n++;
	}
	*out = str_sub(c->rest, 1, n - 1);
	skip(c, n + 1);
	if (c->rest.n > 0 && c->rest.p[0] != ',' && !at_end_of_line(c->rest))
		return diag_set(d, ERR_INPUT, c->line,
				"text behind a quoted field");
	if (doubled)
		*out = unquote(*out, a);
	return out->p == NULL ? ERR_LIMIT : ERR_OK;
}

enum err
book_csv_next(struct book_csv *c, struct arena *a, struct book_csv_row *out,
	      struct diag *d)
{
	enum err result = ERR_OK;
	struct str field;
	bool more = true;

	if (c->rest.n == 0)
		return ERR_ABSENT;
	out->line = c->line;
	for (out->count = 0; more; out->count++) {
		enum err err = c->rest.n > 0 && c->rest.p[0] == '"' ?
				       quoted_field(c, a, &field, d) :
				       plain_field(c, &field, d);

		if (err == ERR_INPUT)
			return err;
		if (err == ERR_OK && out->count == BOOK_CSV_FIELDS_MAX)
			err = ERR_LIMIT;
		/* Read on to the row's end, so that the next is whole. */
		if (err == ERR_LIMIT) {
			result = err;
			out->count = 0;
		}
		out->field[out->count] = field;
		more = c->rest.n > 0 && c->rest.p[0] == ',';
		if (more)
			skip(c, 1);
	}
	skip_line_end(c);
	return result;
}
