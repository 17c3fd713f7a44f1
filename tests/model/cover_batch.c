/*
 * cover_batch.c - the program's side of compare.py: a book a line in, the
 * rows of `exposure` a line out, by the whole path: CSV, import, store,
 * cover, JSON.
 *
 * Each book is a transaction on one store in memory, rolled back after its
 * answer.  A book that cannot be answered gives {"error": ...}.  With --table
 * the answer is what the command prints for people; --obligor ID asks for one
 * obligor and the totals.
 */
#include <stdio.h>
#include <stdlib.h>

#include "book_fixture.h"
#include "exposures.h"
#include "json.h"

#define LINE_MAX_BYTES (16u << 20)
#define TABLES_MAX 16u
#define TABLE_COLUMNS_MAX 32u

struct table {
	struct str name;
	struct buf csv;
	struct str column[TABLE_COLUMNS_MAX];
	size_t columns;
	const struct json *row;
};

struct batch {
	struct store *store;
	struct table table[TABLES_MAX];
	size_t tables;
	const struct json *book;
	struct buf why;
	struct exposures_ask ask;
};

static enum err
note_column(void *ctx, struct str key, const struct json *v)
{
	struct table *t = ctx;

	(void)v;
	for (size_t i = 0; i < t->columns; i++)
		if (str_eq(t->column[i], key))
			return ERR_OK;
	if (t->columns == TABLE_COLUMNS_MAX)
		return ERR_LIMIT;
	t->column[t->columns++] = key;
	return ERR_OK;
}

static void
put_cell(struct buf *b, struct str s)
{
	buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_byte(b, '"');
		buf_byte(b, (uint8_t)s.p[i]);
	}
	buf_byte(b, '"');
}

static void
put_row(struct table *t, const struct json *row)
{
	for (size_t i = 0; i < t->columns; i++) {
		char key[64] = { 0 };

		must(str_copy(key, sizeof(key), t->column[i]) == ERR_OK);
		if (i > 0)
			buf_byte(&t->csv, ',');
		if (row == NULL)
			put_cell(&t->csv, t->column[i]);
		else
			put_cell(&t->csv, json_get_str(row, key));
	}
	buf_byte(&t->csv, '\n');
}

static enum err
add_table(void *ctx, struct str key, const struct json *rows)
{
	struct batch *b = ctx;
	struct table *t = &b->table[b->tables];

	if (b->tables == TABLES_MAX)
		return ERR_LIMIT;
	t->name = key;
	t->columns = 0;
	buf_clear(&t->csv);
	for (size_t i = 0; i < json_len(rows); i++) {
		enum err err = json_each(json_at(rows, i), note_column, t);

		if (err != ERR_OK)
			return err;
	}
	if (t->columns == 0)
		return ERR_OK;
	b->tables++;
	put_row(t, NULL);
	for (size_t i = 0; i < json_len(rows); i++)
		put_row(t, json_at(rows, i));
	return ERR_OK;
}

static enum err
import(struct batch *b)
{
	const struct book_options opt = { .schemes = book_fixture_idschemes() };
	struct instant now = { 0, 1672103520000 };
	struct book_file file[TABLES_MAX];
	struct book_report report;
	enum err err;

	for (size_t i = 0; i < b->tables; i++)
		file[i] = (struct book_file){ b->table[i].name,
					      buf_str(&b->table[i].csv) };
	book_report_init(&report);
	err = book_import(b->store, file, b->tables, &opt, now, &report);
	if (err != ERR_OK)
		buf_put(&b->why, buf_str(&report.faults));
	book_report_free(&report);
	return err;
}

/* An insolvency alert of the pair "EXPORTER|OBLIGOR". */
static enum err
add_alert(void *ctx, struct str pair, const struct json *v)
{
	struct batch *b = ctx;
	struct alert a = { .alert_id = pair,
			   .dedup_key = pair,
			   .family = S("insolvency"),
			   .state = ALERT_OPEN,
			   .knew_at = TIME_NONE,
			   .acked_at = TIME_NONE };
	const struct json *knew = json_obj(b->book, "knew_at");
	struct str rest = pair;
	struct str at;
	char key[160] = { 0 };
	enum err err;

	must(str_copy(key, sizeof(key), pair) == ERR_OK);
	at = json_get_str(knew, key);
	a.exporter_id = str_cut(&rest, '|');
	a.obligor_id = rest;
	err = time_get(json_str(v), &a.created_at);
	if (err == ERR_OK && at.n > 0)
		err = time_get(at, &a.knew_at);
	a.updated_at = a.created_at;
	return err == ERR_OK ? store_alert_put(b->store, &a) : err;
}

/* A proof of knowledge without the day of the alert stands for it. */
static enum err
add_known(void *ctx, struct str pair, const struct json *v)
{
	struct batch *b = ctx;
	char key[160] = { 0 };

	must(str_copy(key, sizeof(key), pair) == ERR_OK);
	if (json_get_str(json_obj(b->book, "composed"), key).n > 0)
		return ERR_OK;
	return add_alert(ctx, pair, v);
}

static enum err
answer(struct batch *b, struct buf *out)
{
	const struct json *alerts = json_obj(b->book, "composed");
	const struct json *knew = json_obj(b->book, "knew_at");
	enum err err;

	b->tables = 0;
	err = json_each(json_obj(b->book, "kinds"), add_table, b);
	if (err == ERR_OK)
		err = date_get(json_get_str(b->book, "as_of"), &b->ask.as_of);
	if (err == ERR_OK)
		err = import(b);
	if (err == ERR_OK && alerts != NULL)
		err = json_each(alerts, add_alert, b);
	if (err == ERR_OK && knew != NULL)
		err = json_each(knew, add_known, b);
	return err == ERR_OK ? exposures_put(b->store, &b->ask, out) : err;
}

static void
one_line(struct batch *b, struct str line, struct buf *out)
{
	struct json *doc = NULL;
	struct diag d = { 0 };
	enum err err = json_read(line, &doc, &d);

	buf_clear(out);
	buf_clear(&b->why);
	b->book = doc;
	if (err == ERR_OK)
		err = store_begin(b->store);
	if (err == ERR_OK) {
		err = answer(b, out);
		store_rollback(b->store);
	}
	json_free(doc);
	if (err != ERR_OK) {
		(void)fprintf(stderr, "%.*s", STR_ARG(buf_str(&b->why)));
		(void)printf("{\"error\":\"%s\"}\n", err_text(err));
		return;
	}
	if (!b->ask.json) {
		(void)printf("%.*s", STR_ARG(buf_str(out)));
		return;
	}
	/* JSON has no raw line feeds: rows end in one, a list has commas. */
	if (out->n > 0)
		out->n--;
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i] == '\n')
			out->p[i] = ',';
	(void)printf("[%.*s]\n", STR_ARG(buf_str(out)));
}

int
main(int argc, char **argv)
{
	static struct batch b;
	struct diag d = { 0 };
	struct buf out;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	b.ask.json = 1;
	for (int i = 1; i < argc; i++) {
		if (str_eq(str_of(argv[i]), S("--table")))
			b.ask.json = 0;
		else if (str_eq(str_of(argv[i]), S("--obligor")) &&
			 i + 1 < argc)
			b.ask.obligor_id = str_of(argv[++i]);
		else
			return 2;
	}
	if (store_open(":memory:", &b.store, &d) != ERR_OK) {
		(void)fprintf(stderr, "cover_batch: %s\n", d.why);
		return 1;
	}
	buf_init(&out, LINE_MAX_BYTES);
	buf_init(&b.why, LINE_MAX_BYTES);
	for (size_t i = 0; i < TABLES_MAX; i++)
		buf_init(&b.table[i].csv, LINE_MAX_BYTES);
	while ((n = getline(&line, &room, stdin)) > 0)
		one_line(&b, (struct str){ line, (size_t)n }, &out);
	free(line);
	for (size_t i = 0; i < TABLES_MAX; i++)
		buf_free(&b.table[i].csv);
	buf_free(&b.why);
	buf_free(&out);
	store_close(b.store);
	return 0;
}
