/*
 * book_import.c - files of the book into the store, all or nothing.
 *
 * Kinds are taken in the order of book.def, each from every file that has
 * rows of it.  A row is written as soon as it is checked, so that rows of
 * later kinds find it in the store beside what was there before; one fault
 * anywhere and the whole transaction is undone at the end.  Files are read
 * through one window, again from the start for every kind they have.
 */
#include "book_import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book_form.h"
#include "book_read.h"
#include "book_report.h"
#include "book_who.h"

enum format { FORMAT_CSV, FORMAT_JSON, FORMAT_NONE };

struct source {
	enum format format;
	const struct book_kind *kind; /* CSV */
	int column[BOOK_CSV_FIELDS_MAX]; /* CSV: field to column */
	size_t columns;
	bool has[BOOK_KINDS_MAX]; /* kinds with rows in it */
	char hash[2 * HASH_ID_SIZE + 1]; /* of all of it, once read */
};

/* A row that was faulty: referring to it is no fault of its own. */
struct ghost {
	const struct book_kind *kind;
	struct str id; /* in keep */
};

struct import {
	struct store *s;
	const struct book_file *files;
	size_t count;
	const struct book_options *opt;
	struct instant now;
	struct book_report *out;
	struct source source[BOOK_FILES_MAX];
	struct book_read read;
	struct book_writer w;
	struct book_who who;
	struct arena row;  /* until the next row */
	struct arena keep; /* until the import's end */
	struct ghost ghost[BOOK_FAULTS_MAX];
	size_t ghosts;
	const struct book_kind *kind; /* at hand */
	size_t file;
	unsigned line;
	size_t added[BOOK_KINDS_MAX];
	uint64_t done; /* bytes of the kind at hand */
	uint64_t all;
};

/* ---- telling ---- */

/* A fault of the row at hand. */
static void
complain(void *self, const char *field, const char *why)
{
	struct import *im = self;
	char place[512];

	(void)snprintf(place, sizeof(place), "%.*s:%u",
		       STR_ARG(str_sub(im->files[im->file].name, 0, 400)),
		       im->line);
	book_report_fault(im->out, str_of(place), str_of(field), why);
}

static void complainf(struct import *im, unsigned line, const char *field,
		      const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
complainf(struct import *im, unsigned line, const char *field,
	  const char *fmt, ...)
{
	char why[DIAG_WHY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	im->line = line;
	complain(im, field, why);
}

/* ---- what a row asks for ---- */

static enum err
find(void *self, const char *kind, struct str id)
{
	struct import *im = self;
	const struct book_kind *k = book_kind_find(str_of(kind));
	enum err err = book_writer_find(&im->w, k, id);

	for (size_t i = 0; err == ERR_ABSENT && i < im->ghosts; i++)
		if (im->ghost[i].kind == k && str_eq(im->ghost[i].id, id))
			err = ERR_OK;
	return err;
}

static enum err
scheme_ccy(void *self, struct str scheme_id, struct str *out)
{
	struct import *im = self;
	struct scheme scheme;
	enum err err = store_scheme(im->s, scheme_id, &im->row, &scheme);

	if (err == ERR_OK)
		*out = scheme.cap_currency;
	return err;
}

static void
remember_ghost(struct import *im, const struct book_row *row)
{
	struct str id;

	if (im->ghosts == BOOK_FAULTS_MAX || row->kind->keys != 1)
		return;
	id = arena_str(&im->keep, str_sub(row->raw[0], 0, 64));
	if (id.p != NULL)
		im->ghost[im->ghosts++] = (struct ghost){ row->kind, id };
}

/* One row of texts, checked and written. */
static enum err
take_row(struct import *im, struct book_row *row)
{
	const struct book_lookup lookup = { find, scheme_ccy, complain, im };
	enum book_change change = CHANGE_NONE;
	enum err err;

	row->schemes = im->opt->schemes;
	/* cppcheck-suppress autoVariables ; the row is used up by this call */
	row->lookup = &lookup;
	row->a = &im->row;
	im->out->rows++;
	err = book_check(row);
	if (err == ERR_OK)
		err = book_writer_put(&im->w, row, &change);
	if (err == ERR_OK)
		err = book_who_written(&im->who, row, change, im->w.version);
	if (err == ERR_INPUT || err == ERR_LIMIT) {
		if (err == ERR_LIMIT)
			complain(im, row->kind->col[0].name,
				 "row is too large");
		remember_ghost(im, row);
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	if (change == CHANGE_REPEATED)
		complain(im, row->kind->col[0].name,
			 "another row of this import has the same key");
	im->out->added += change == CHANGE_ADDED;
	im->added[row->kind - book_kinds] += change == CHANGE_ADDED;
	im->out->changed += change == CHANGE_CHANGED;
	return ERR_OK;
}

/* The file at hand, from its beginning. */
static enum err
read_file(struct import *im, struct str *rest)
{
	int fd = im->opt->fd == NULL ? -1 : im->opt->fd[im->file];

	return book_read_open(&im->read, im->files[im->file].bytes, fd, rest);
}

/* ---- CSV ---- */

/* Fills the source's columns; faults are told. */
static void
map_header(struct import *im, struct source *src,
	   const struct book_csv_row *header)
{
	const struct book_kind *k = src->kind;
	bool there[BOOK_COLUMNS_MAX] = { false };

	for (size_t i = 0; i < header->count; i++) {
		struct str name = header->field[i];
		int col = book_col_find(k, name);

		src->column[i] = col;
		if (col < 0)
			complainf(im, header->line, "header",
				  "unknown column '%.*s' (taken for %s)",
				  STR_ARG(str_sub(name, 0, 40)), k->name);
		else if (there[col])
			complainf(im, header->line, "header",
				  "column '%.*s' twice", STR_ARG(name));
		else
			there[col] = true;
	}
	for (unsigned i = 0; i < k->cols; i++)
		if (k->col[i].need != 0 && !there[i])
			complainf(im, header->line, "header",
				  "column '%s' is missing (taken for %s)",
				  k->col[i].name, k->name);
	src->columns = header->count;
}

/* The next row, empty lines skipped, as book_csv_next. */
static enum err
next_row(struct import *im, struct book_csv *csv, struct arena *a,
	 struct book_csv_row *out, struct diag *d)
{
	enum err err;

	out->line = csv->line;
	do
		err = book_read_on(&im->read, &csv->rest);
	while (err == ERR_OK && book_csv_skip_empty(csv));
	if (err != ERR_OK)
		return err;
	err = book_csv_next(csv, a, out, d);
	/* The window ended before the row did, or just with it. */
	if (err != ERR_ABSENT && csv->rest.n == 0 && !im->read.end)
		return diag_set(d, ERR_INPUT, out->line,
				"longer than %zu bytes", BOOK_READ_AHEAD);
	return err;
}

static enum err
open_csv(struct import *im, struct source *src, struct str rest)
{
	struct book_csv csv = { rest, 1 };
	size_t before = im->out->fault_count;
	struct book_csv_row header;
	struct diag d = { 0 };
	enum err err = next_row(im, &csv, &im->keep, &header, &d);

	if (err_class(err) == ERR_RETRY)
		return err;
	if (err != ERR_OK) {
		complainf(im, err == ERR_INPUT ? d.line : csv.line, "header",
			  "%s",
			  err == ERR_ABSENT ? "file is empty" :
			  err == ERR_LIMIT  ? "too many or too long columns" :
					      d.why);
		return ERR_OK;
	}
	src->kind = book_form_kind(&header);
	if (src->kind == NULL) {
		complainf(im, header.line, "header",
			  "no column of any kind of the book");
		return ERR_OK;
	}
	map_header(im, src, &header);
	if (im->out->fault_count > before)
		return ERR_OK;
	src->format = FORMAT_CSV;
	src->has[src->kind - book_kinds] = true;
	return ERR_OK;
}

/* Tells the watcher when another part of the file was read. */
static void
progress(struct import *im, int64_t *at)
{
	if (*at == im->read.at)
		return;
	im->done += (uint64_t)(im->read.at - *at);
	*at = im->read.at;
	if (im->opt->progress != NULL)
		im->opt->progress(im->opt->self, im->kind->name, im->done,
				  im->all);
}

/* One row of fields into columns, checked and written. */
static enum err
csv_row(struct import *im, const struct source *src,
	const struct book_csv_row *fields)
{
	struct book_row row = { .kind = src->kind };

	im->line = fields->line;
	if (fields->count != src->columns) {
		complain(im, "row",
			 fields->count < src->columns ?
				 "fewer fields than the header" :
				 "more fields than the header");
		return ERR_OK;
	}
	for (size_t i = 0; i < fields->count; i++)
		row.raw[src->column[i]] = fields->field[i];
	return take_row(im, &row);
}

static enum err
csv_rows(struct import *im, struct source *src)
{
	struct book_csv csv = { .line = 1 };
	struct book_csv_row fields;
	int64_t at = 0;
	bool header = true;
	enum err err = read_file(im, &csv.rest);

	while (err == ERR_OK) {
		struct diag d = { 0 };

		arena_rewind(&im->row, 0);
		progress(im, &at);
		err = next_row(im, &csv, &im->row, &fields, &d);
		if (err == ERR_ABSENT) {
			hash_end(&im->read.hash, src->hash);
			return ERR_OK;
		}
		if (err == ERR_INPUT) {
			complainf(im, d.line, "row", "%s", d.why);
			return ERR_OK;
		}
		if (err == ERR_LIMIT) {
			complainf(im, fields.line, "row", "too large");
			err = ERR_OK;
		} else if (err == ERR_OK && !header) {
			err = csv_row(im, src, &fields);
		}
		header = false;
	}
	return err;
}

/* ---- JSON Lines ---- */

struct members {
	struct import *im;
	const struct book_kind *kind;
};

static enum err
known_member(void *ctx, struct str key, const struct json *v)
{
	struct members *m = ctx;

	(void)v;
	if (!str_eq(key, S("kind")) && book_col_find(m->kind, key) < 0)
		complainf(m->im, m->im->line, "row", "unknown member '%.*s'",
			  STR_ARG(str_sub(key, 0, 40)));
	return ERR_OK;
}

/* The next line, which is no longer than the window; ERR_ABSENT: no more. */
static enum err
next_line(struct import *im, struct str *rest, struct str *line)
{
	size_t n;
	enum err err = book_read_on(&im->read, rest);

	if (err != ERR_OK)
		return err;
	if (rest->n == 0)
		return ERR_ABSENT;
	n = str_find(*rest, '\n');
	if (n == rest->n && !im->read.end)
		return ERR_LIMIT;
	*line = str_trim(str_cut(rest, '\n'));
	return ERR_OK;
}

/* Faults of form in one line, and the kind it is of. */
static void
open_line(struct import *im, struct source *src, struct str text)
{
	const struct book_kind *k = NULL;
	struct json *doc = NULL;
	struct diag d = { 0 };

	if (json_read(text, &doc, &d) != ERR_OK)
		complainf(im, im->line, "row", "%s", d.why);
	else if (!json_is_obj(doc))
		complainf(im, im->line, "row", "is not an object");
	else
		k = book_kind_find(json_get_str(doc, "kind"));
	if (k != NULL) {
		struct members m = { im, k };

		(void)json_each(doc, known_member, &m);
		src->has[k - book_kinds] = true;
	} else if (doc != NULL && json_is_obj(doc)) {
		complainf(im, im->line, "kind", "is no kind of the book");
	}
	json_free(doc);
}

/*
 * The kinds in a file of JSON Lines.  Faults of form are told here, once;
 * json_rows passes over such lines in silence.
 */
static enum err
open_json(struct import *im, struct source *src, struct str rest)
{
	struct str text;
	enum err err = ERR_OK;

	src->format = FORMAT_JSON;
	for (im->line = 1; err == ERR_OK; im->line++) {
		err = next_line(im, &rest, &text);
		if (err == ERR_LIMIT)
			complainf(im, im->line, "row",
				  "longer than %zu bytes", BOOK_READ_AHEAD);
		else if (err == ERR_OK && text.n > 0)
			open_line(im, src, text);
	}
	if (err == ERR_ABSENT)
		hash_end(&im->read.hash, src->hash);
	return err_class(err) == ERR_RETRY ? err : ERR_OK;
}

/* The row of one document, when it is of kind k. */
static enum err
json_row(struct import *im, const struct json *doc, const struct book_kind *k)
{
	struct book_row row = { .kind = k };
	bool ok = true;

	if (!json_is_obj(doc) ||
	    !str_eq(json_get_str(doc, "kind"), str_of(k->name)))
		return ERR_OK;
	for (unsigned i = 0; i < k->cols; i++)
		if (!book_form_member(doc, &k->col[i], &im->row, &row.raw[i])) {
			complain(im, k->col[i].name,
				 "is not a string (or what the column "
				 "takes besides)");
			ok = false;
		}
	if (!ok) {
		remember_ghost(im, &row);
		return ERR_OK;
	}
	return take_row(im, &row);
}

static enum err
json_rows(struct import *im, const struct book_kind *k)
{
	struct str rest;
	struct str text;
	int64_t at = 0;
	enum err err = read_file(im, &rest);

	for (im->line = 1; err == ERR_OK; im->line++) {
		struct json *doc = NULL;

		arena_rewind(&im->row, 0);
		progress(im, &at);
		err = next_line(im, &rest, &text);
		if (err != ERR_OK || text.n == 0 ||
		    json_read(text, &doc, NULL) != ERR_OK)
			continue;
		err = json_row(im, doc, k);
		json_free(doc);
	}
	return err_class(err) == ERR_RETRY ? err : ERR_OK;
}

/* ---- the whole ---- */

static enum err
open_file(struct import *im, struct source *src)
{
	struct str rest;
	enum err err;

	src->format = FORMAT_NONE;
	if (im->files[im->file].bytes.n > BOOK_FILE_MAX) {
		complainf(im, 0, "file", "larger than %u bytes",
			  BOOK_FILE_MAX);
		return ERR_OK;
	}
	err = read_file(im, &rest);
	if (err != ERR_OK)
		return err;
	return str_starts(str_trim(rest), S("{")) ? open_json(im, src, rest) :
						    open_csv(im, src, rest);
}

/* --replace: what the files did not carry goes, unless that is too much. */
static enum err
replace_kind(struct import *im, const struct book_kind *k)
{
	struct book_rids unseen = { 0 };
	int64_t all = 0;
	char why[DIAG_WHY_SIZE];
	enum err err = book_writer_unseen(&im->w, k, &unseen, &all);
	int64_t before = all - (int64_t)im->added[k - book_kinds];

	/* A row that was faulty is not one that is missing. */
	if (err != ERR_OK || im->out->fault_count > 0)
		goto out;
	if (unseen.count * 100 > before * BOOK_SHRINK_PCT_MAX &&
	    im->opt->force == 0) {
		(void)snprintf(why, sizeof(why),
			       "replacing would remove %" PRId64 " of %" PRId64
			       " rows, more than %d %%: needs force",
			       unseen.count, before, BOOK_SHRINK_PCT_MAX);
		book_report_fault(im->out, S("book"), str_of(k->name), why);
		err = ERR_REFUSED;
		goto out;
	}
	im->out->removed = (size_t)unseen.count;
	err = book_writer_remove(&im->w, k, &unseen);
out:
	book_rids_free(&unseen);
	return err;
}

/* A row has no fewer bytes than this, as a rule. */
#define ROW_BYTES_USUAL 64

static enum err
import_kind(struct import *im, const struct book_kind *k)
{
	size_t at = (size_t)(k - book_kinds);
	enum err err;

	im->kind = k;
	im->done = 0;
	im->all = 0;
	for (size_t i = 0; i < im->count; i++)
		if (im->source[i].has[at])
			im->all += im->files[i].bytes.n;
	if (im->all == 0)
		return ERR_OK;
	err = book_writer_expect(&im->w, k, im->all / ROW_BYTES_USUAL);
	for (im->file = 0; err == ERR_OK && im->file < im->count;
	     im->file++) {
		struct source *src = &im->source[im->file];

		if (src->has[at])
			err = src->format == FORMAT_CSV ? csv_rows(im, src) :
							  json_rows(im, k);
	}
	return err;
}

static void
tell_dangling(void *ctx, struct str kind, struct str column, struct str value)
{
	struct import *im = ctx;
	char place[DIAG_WHY_SIZE];
	char why[DIAG_WHY_SIZE];

	(void)snprintf(place, sizeof(place), "book: %.*s", STR_ARG(kind));
	(void)snprintf(why, sizeof(why), "'%.*s' was removed by the replace",
		       STR_ARG(value));
	book_report_fault(im->out, str_of(place), column, why);
}

/* --replace KIND, once everything is written. */
static enum err
replace(struct import *im)
{
	const struct book_kind *k = book_kind_find(im->opt->replace);
	enum err err;

	if (im->opt->replace.n == 0)
		return ERR_OK;
	if (k == NULL) {
		book_report_fault(im->out, S("book"), S("replace"), "no such kind");
		return ERR_OK;
	}
	for (size_t i = 0; i < im->count; i++)
		if (im->source[i].has[k - book_kinds]) {
			err = replace_kind(im, k);
			if (err == ERR_OK && im->out->removed > 0)
				err = book_writer_dangling(
				    &im->w, k, tell_dangling, im);
			return err;
		}
	book_report_fault(im->out, S("book"), str_of(k->name),
	      "to be replaced, but no file has it");
	return ERR_OK;
}

/* Policies of one exporter that cover a common day; the later wins. */
static void
warn_overlap(void *ctx, struct str kind, struct str column, struct str pair)
{
	struct import *im = ctx;

	(void)column;
	book_report_warn(im->out,
			 "%.*s %.*s cover the same days: the later "
			 "cover_from, then the smaller id decides",
			 STR_ARG(kind), STR_ARG(pair));
}

static void
tell_index(void *ctx, size_t done, size_t all)
{
	struct import *im = ctx;

	if (im->opt->progress != NULL)
		im->opt->progress(im->opt->self, "indices", done, all);
}

/* What was imported, as an input to decide. */
static enum err
journal(struct import *im)
{
	struct buf text;
	struct jsonw w;
	enum err err;

	buf_init(&text, 1u << 20);
	w = jsonw_of(&text);
	jsonw_obj(&w, NULL);
	jsonw_int(&w, "version", im->w.version);
	jsonw_str_or_null(&w, "replace", im->opt->replace);
	jsonw_int(&w, "rows", (int64_t)im->out->rows);
	jsonw_int(&w, "added", (int64_t)im->out->added);
	jsonw_int(&w, "changed", (int64_t)im->out->changed);
	jsonw_int(&w, "removed", (int64_t)im->out->removed);
	jsonw_int(&w, "others", (int64_t)im->out->others);
	jsonw_arr(&w, "files");
	for (size_t i = 0; i < im->count; i++) {
		jsonw_obj(&w, NULL);
		jsonw_str(&w, "name", im->files[i].name);
		jsonw_int(&w, "bytes", (int64_t)im->files[i].bytes.n);
		jsonw_str(&w, "hash", str_of(im->source[i].hash));
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	err = text.err;
	if (err == ERR_OK)
		err = store_journal(im->s, im->now.wall_ms, S("book.import"),
				    buf_str(&text));
	buf_free(&text);
	return err;
}

/* Every row written, every fault told; the indices as they were. */
static enum err
import_rows(struct import *im)
{
	enum err err = ERR_OK;

	for (im->file = 0; err == ERR_OK && im->file < im->count; im->file++)
		err = open_file(im, &im->source[im->file]);
	for (size_t i = 0; err == ERR_OK && i < book_kind_count; i++)
		err = import_kind(im, &book_kinds[i]);
	if (err == ERR_OK && im->out->fault_count == 0 &&
	    im->opt->mode == BOOK_WRITE)
		err = book_writer_indices(&im->w, tell_index, im);
	return err;
}

static bool
any_obligors(const struct import *im)
{
	size_t at = (size_t)(book_kind_find(S("obligors")) - book_kinds);

	for (size_t i = 0; i < im->count; i++)
		if (im->source[i].has[at])
			return true;
	return false;
}

static enum err
import_all(struct import *im)
{
	enum err err = import_rows(im);

	if (err == ERR_OK)
		err = replace(im);
	if (err == ERR_OK && im->out->fault_count > 0)
		err = ERR_INPUT;
	if (err == ERR_OK)
		err = book_writer_overlaps(&im->w, BOOK_WARNINGS_MAX,
					   warn_overlap, im);
	if (err == ERR_OK && any_obligors(im))
		err = book_who_shared(&im->who, im->w.version);
	if (err == ERR_OK)
		err = store_meta_put(im->s, "book_version", im->w.version);
	if (err == ERR_OK)
		err = journal(im);
	if (im->out->fault_count > BOOK_FAULTS_MAX)
		buf_printf(&im->out->faults, "%zu faults in all, %u shown\n",
			   im->out->fault_count, BOOK_FAULTS_MAX);
	return err;
}

static enum err
changing(void *self, const struct book_row *row)
{
	struct import *im = self;

	return book_who_changing(&im->who, row);
}

/* Its own transaction, or a savepoint in the caller's. */
static enum err
import_enter(struct import *im, bool inside)
{
	enum err err = inside ? store_exec(im->s, "SAVEPOINT book") :
				store_begin(im->s);

	if (err == ERR_OK)
		err = book_writer_init(&im->w, im->s);
	im->w.changing = changing;
	im->w.self = im;
	im->who = (struct book_who){ .s = im->s, .opt = im->opt,
				     .now = im->now, .out = im->out };
	return err;
}

static enum err
import_leave(struct import *im, bool inside, enum err err)
{
	bool keep = err == ERR_OK && im->opt->mode == BOOK_WRITE;
	enum err end;

	if (!inside) {
		if (keep)
			return store_commit(im->s);
		store_rollback(im->s);
		return err;
	}
	end = keep ? ERR_OK : store_exec(im->s, "ROLLBACK TO book");
	if (end == ERR_OK)
		end = store_exec(im->s, "RELEASE book");
	return err == ERR_OK ? end : err;
}

static enum err
import_run(struct import *im)
{
	bool inside = store_in_transaction(im->s);
	enum err err = import_enter(im, inside);

	if (err == ERR_OK)
		err = import_all(im);
	im->out->version = im->w.version;
	book_writer_fini(&im->w);
	return import_leave(im, inside, err);
}

enum err
book_import(struct store *s, const struct book_file *files, size_t count,
	    const struct book_options *opt, struct instant now,
	    struct book_report *out)
{
	struct import *im;
	enum err err;

	if (count > BOOK_FILES_MAX)
		return ERR_LIMIT;
	im = aligned_alloc(_Alignof(struct import), sizeof(*im));
	if (im == NULL)
		return ERR_STORE;
	memset(im, 0, sizeof(*im));
	im->s = s;
	im->files = files;
	im->count = count;
	im->opt = opt;
	im->now = now;
	im->out = out;
	err = book_read_init(&im->read);
	if (err == ERR_OK)
		err = arena_init(&im->row, BOOK_ROW_MAX);
	if (err == ERR_OK)
		err = arena_init(&im->keep, BOOK_ROW_MAX);
	if (err == ERR_OK)
		err = import_run(im);
	arena_fini(&im->row);
	arena_fini(&im->keep);
	book_read_fini(&im->read);
	free(im);
	return err;
}
