/*
 * split_csv.c - a row becomes an object of column names and texts.  The only
 * file that knows libcsv.
 *
 * An empty field and a null token are null; blanks around an unquoted field
 * are dropped.  A row with another number of columns is one reject.  A lone
 * 0x1A at the start of a row is the end of file of DOS.  A quote that is
 * never closed refuses the document; a file cut between two rows cannot be
 * told from a whole one, which is for the guards on the number of records.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "split_priv.h"

#define DOS_EOF 0x1A
#define GROW 65536u
/* What libcsv calls its states. */
#define ROW_NOT_BEGUN 0
#define FIELD_BEGUN 2
#define NBSP S("\xC2\xA0")

struct split_csv {
	struct split_common *common;
	const struct feed_csv *conf;
	const struct str *column; /* the conf's, or own */
	size_t columns;
	struct csv_parser parser;
	bool parser_made;
	bool named;    /* the columns are known */
	bool over;     /* a DOS end of file was met */
	char last;     /* the byte before; 0: none */
	unsigned rows; /* seen, the header and what stands before it too */
	unsigned line;
	unsigned row_line;
	size_t field; /* of the row at hand */
	struct buf record;
	struct buf names; /* the header row's, behind own */
	size_t ends[FEED_COLUMNS_MAX];
	struct str own[FEED_COLUMNS_MAX];
	enum err err;
};

/* libcsv grows one field without end; the largest record ends it. */
static void *
bounded_realloc(void *p, size_t n)
{
	return n > SPLIT_RECORD_MAX + GROW ? NULL : realloc(p, n);
}

enum err
split_csv_new(struct split_common *c, unsigned part, struct split_csv **out)
{
	struct split_csv *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_LIMIT;
	s->common = c;
	s->conf = &c->feed->csv;
	s->line = 1;
	s->row_line = 1;
	buf_init(&s->record, SPLIT_RECORD_MAX);
	buf_init(&s->names, SPLIT_TAG_MAX);
	if (s->conf->header == 0) {
		const struct feed_columns *k =
		    part == 0 ? &s->conf->columns :
				&c->feed->join[part - 1].columns;

		s->column = k->name;
		s->columns = k->count;
		s->named = true;
	}
	if (csv_init(&s->parser, CSV_APPEND_NULL) != 0) {
		split_csv_free(s);
		return ERR_LIMIT;
	}
	s->parser_made = true;
	csv_set_delim(&s->parser, (unsigned char)s->conf->delimiter);
	csv_set_quote(&s->parser, (unsigned char)s->conf->quote);
	csv_set_realloc_func(&s->parser, bounded_realloc);
	/* Its own step of 128 bytes copies a long field over and over. */
	csv_set_blk_size(&s->parser, GROW);
	*out = s;
	return ERR_OK;
}

void
split_csv_free(struct split_csv *s)
{
	if (s == NULL)
		return;
	if (s->parser_made)
		csv_free(&s->parser);
	buf_free(&s->record);
	buf_free(&s->names);
	free(s);
}

static bool
is_header_row(const struct split_csv *s)
{
	return !s->named && s->rows + 1 == s->conf->header;
}

static struct str
name_trim(struct str s)
{
	s = str_trim(s);
	while (str_starts(s, NBSP))
		s = str_trim(str_sub(s, 2, s.n));
	while (str_ends(s, NBSP))
		s = str_trim(str_sub(s, 0, s.n - 2));
	return s;
}

static bool
is_null(const struct split_csv *s, struct str text)
{
	if (text.n == 0)
		return true;
	for (size_t i = 0; i < s->conf->null_count; i++)
		if (str_eq(text, s->conf->null[i]))
			return true;
	return false;
}

static void
header_field(struct split_csv *s, struct str text)
{
	if (s->field < FEED_COLUMNS_MAX) {
		buf_put(&s->names, name_trim(text));
		s->ends[s->field] = s->names.n;
	}
	s->field++;
}

static void
on_field(void *bytes, size_t n, void *self)
{
	struct split_csv *s = self;
	struct str text = { bytes, bytes == NULL ? 0 : n };

	if (is_header_row(s)) {
		header_field(s, text);
		return;
	}
	if (!s->named || s->field >= s->columns) {
		s->field++;
		return;
	}
	/* A header without a name is the comma at the end of the line. */
	if (s->column[s->field].n > 0) {
		buf_byte(&s->record, s->record.n == 0 ? '{' : ',');
		json_quote(&s->record, s->column[s->field]);
		buf_byte(&s->record, ':');
		if (is_null(s, str_trim(text)))
			buf_put(&s->record, S("null"));
		else
			json_quote(&s->record, text);
	}
	s->field++;
}

static bool
has_name(const struct split_csv *s, struct str name)
{
	for (size_t i = 0; i < s->columns; i++)
		if (str_eq(s->column[i], name))
			return true;
	return false;
}

/* The header is whole: its names, no name twice, every wanted one there. */
static void
header_end(struct split_csv *s)
{
	struct str wanted = s->common->feed->guards.header;
	size_t from = 0;

	if (s->field > FEED_COLUMNS_MAX || s->names.err != ERR_OK) {
		s->err = split_refuse(s->common, "limit", ERR_LIMIT, s->line,
				      "more than %u columns",
				      FEED_COLUMNS_MAX);
		return;
	}
	for (size_t i = 0; i < s->field; i++) {
		struct str name = str_sub(buf_str(&s->names), from,
					  s->ends[i] - from);

		from = s->ends[i];
		s->column = s->own;
		s->columns = i;
		if (name.n > 0 && has_name(s, name))
			s->err = split_refuse(s->common, "header", ERR_INPUT,
					      s->line, "'%.*s' twice",
					      STR_ARG(str_sub(name, 0, 60)));
		s->own[i] = name;
	}
	s->columns = s->field;
	s->named = true;
	while (wanted.n > 0) {
		struct str name = str_trim(str_cut(&wanted, ','));

		if (!has_name(s, name))
			s->err = split_refuse(s->common, "header", ERR_INPUT,
					      s->line, "no column '%.*s'",
					      STR_ARG(str_sub(name, 0, 60)));
	}
}

static void
record_end(struct split_csv *s)
{
	const struct split_sink *sink = s->common->sink;
	char why[80];
	struct buf b;

	buf_byte(&s->record, '}');
	if (s->field != s->columns) {
		buf_init(&b, sizeof(why));
		buf_printf(&b, "%zu columns, not %zu", s->field, s->columns);
		if (str_copy(why, sizeof(why), buf_str(&b)) != ERR_OK)
			why[0] = 0;
		buf_free(&b);
		sink->reject(sink->self, s->row_line, why);
	} else if (s->record.err != ERR_OK) {
		sink->reject(sink->self, s->row_line,
			     "record larger than the limit");
	} else if (s->record.n > 1) {
		s->err = sink->record(sink->self, s->row_line,
				      buf_str(&s->record));
	}
}

static void
on_row(int c, void *self)
{
	struct split_csv *s = self;

	(void)c;
	if (s->err == ERR_OK && is_header_row(s))
		header_end(s);
	else if (s->err == ERR_OK && s->named)
		record_end(s);
	buf_clear(&s->record);
	s->field = 0;
	s->rows++;
}

static enum err
parse(struct split_csv *s, struct str piece)
{
	if (s->parser.pstate == ROW_NOT_BEGUN)
		s->row_line = s->line;
	if (csv_parse(&s->parser, piece.p, piece.n, on_field, on_row, s) !=
	    piece.n)
		return split_refuse(s->common, "limit", ERR_LIMIT, s->row_line,
				    "a field larger than the limit: is a "
				    "quote never closed?");
	return s->err;
}

/* Behind the end of file of DOS only blanks may stand. */
static bool
blank_only(struct str s)
{
	return str_trim(s).n == 0;
}

/* Of a line what is parsed at once: a CR of its own ends a row too, and an
 * end of file of DOS is looked for at the begin of a row. */
static struct str
piece_of(struct str line)
{
	const char *at = line.p;

	while ((at = memchr(at + 1, DOS_EOF,
			    (size_t)(line.p + line.n - at - 1))) != NULL)
		if (at[-1] == '\r')
			return str_sub(line, 0, (size_t)(at - line.p));
	return line;
}

/* A row begins here, and no blank of it was passed over. */
static bool
at_row(const struct split_csv *s)
{
	return s->parser.pstate == ROW_NOT_BEGUN &&
	       (s->last == '\0' || s->last == '\n' || s->last == '\r');
}

enum err
split_csv_push(struct split_csv *s, struct str bytes)
{
	enum err err = ERR_OK;
	size_t end = 0; /* of the line at hand */

	while (bytes.n > 0 && err == ERR_OK) {
		struct str piece;

		if (end == 0)
			end = str_sub(bytes, 0, str_find(bytes, '\n') + 1).n;
		piece = piece_of(str_sub(bytes, 0, end));
		if (!s->over && *piece.p == DOS_EOF && at_row(s)) {
			s->over = true;
			piece = str_sub(piece, 0, 1);
		} else if (s->over && !blank_only(piece)) {
			return split_refuse(s->common, "format", ERR_INPUT,
					    s->line,
					    "rows behind the end of file");
		} else if (!s->over) {
			if (str_find(piece, 0) < piece.n)
				return split_refuse(s->common, "format",
						    ERR_INPUT, s->line,
						    "a zero byte");
			err = parse(s, piece);
		}
		end -= piece.n;
		s->last = piece.p[piece.n - 1];
		if (s->last == '\n')
			s->line++;
		bytes = str_sub(bytes, piece.n, bytes.n - piece.n);
	}
	return err;
}

enum err
split_csv_end(struct split_csv *s)
{
	if ((s->parser.pstate == FIELD_BEGUN && s->parser.quoted) ||
	    csv_fini(&s->parser, on_field, on_row, s) != 0)
		return split_refuse(s->common, "format", ERR_INPUT,
				    s->row_line, "a quote is never closed");
	if (s->err == ERR_OK && !s->named)
		return split_refuse(s->common, "header", ERR_INPUT, s->line,
				    "no header row");
	return s->err;
}
