/*
 * book_fixture.c - a store with a book in it.
 */
#include "book_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (64u << 20)

static _Noreturn void
give_up(const char *what, struct str why)
{
	(void)fprintf(stderr, "book_fixture: %s\n%.*s\n", what, STR_ARG(why));
	abort();
}

const struct idschemes *
book_fixture_idschemes(void)
{
	static struct idschemes schemes;
	static struct arena arena;
	static struct buf tsv;
	struct diag d = { 0 };

	if (schemes.count > 0)
		return &schemes;
	buf_init(&tsv, FILE_SIZE_MAX);
	if (buf_read_file(&tsv, "etc/idschemes.tsv") != ERR_OK ||
	    arena_init(&arena, 1u << 20) != ERR_OK ||
	    idschemes_get(buf_str(&tsv), &arena, &schemes, &d) != ERR_OK)
		give_up("etc/idschemes.tsv", str_of(d.why));
	return &schemes;
}

static void
import(struct store *s, const struct book_file *files, size_t count)
{
	const struct book_options opt = { .schemes = book_fixture_idschemes() };
	struct instant now = { 0, 1672103520000 }; /* 2022-12-27T01:12Z */
	struct book_report report;
	enum err err;

	book_report_init(&report);
	err = book_import(s, files, count, &opt, now, &report);
	if (err != ERR_OK)
		give_up(err_text(err), buf_str(&report.faults));
	book_report_free(&report);
}

static struct store *
open_store(void)
{
	struct store *s = NULL;
	struct diag d = { 0 };

	if (store_open(":memory:", &s, &d) != ERR_OK)
		give_up("store_open", str_of(d.why));
	return s;
}

void
book_fixture_add(struct store *s, const struct book_text *texts, size_t count)
{
	struct book_file files[BOOK_FILES_MAX];

	must(count <= BOOK_FILES_MAX);
	for (size_t i = 0; i < count; i++)
		files[i] = (struct book_file){ str_of(texts[i].name),
					       str_of(texts[i].csv) };
	import(s, files, count);
}

struct store *
book_fixture(const struct book_text *texts, size_t count)
{
	struct store *s = open_store();

	book_fixture_add(s, texts, count);
	return s;
}

static int
is_csv(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), S(".csv"));
}

struct store *
book_fixture_dir(const char *dir)
{
	struct store *s = open_store();
	struct book_file files[BOOK_FILES_MAX];
	struct buf bytes[BOOK_FILES_MAX];
	struct dirent **e = NULL;
	int count = scandir(dir, &e, is_csv, alphasort);

	if (count <= 0 || count > (int)BOOK_FILES_MAX)
		give_up("no CSV files in", str_of(dir));
	for (int i = 0; i < count; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", dir,
			       e[i]->d_name);
		buf_init(&bytes[i], FILE_SIZE_MAX);
		if (buf_read_file(&bytes[i], path) != ERR_OK)
			give_up("cannot read", str_of(path));
		files[i] = (struct book_file){ str_of(e[i]->d_name),
					       buf_str(&bytes[i]) };
	}
	import(s, files, (size_t)count);
	for (int i = 0; i < count; i++) {
		buf_free(&bytes[i]);
		free(e[i]);
	}
	free(e);
	return s;
}

void
book_fixture_fact(struct store *s, const char *obligor_id)
{
	const struct fact f = {
		.fact_id = str_of(obligor_id),
		.obligor_id = str_of(obligor_id),
		.occurred_on = DATE_NONE,
		.effective_on = DATE_NONE,
		.published_at = TIME_NONE,
		.recorded_at = TIME_NONE,
	};

	if (store_begin(s) != ERR_OK || store_fact_put(s, &f) != ERR_OK ||
	    store_commit(s) != ERR_OK)
		give_up("store_fact_put", str_of(obligor_id));
}
