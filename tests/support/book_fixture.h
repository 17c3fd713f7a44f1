/*
 * book_fixture.h - a store with a book in it, for tests of any room.
 *
 * The store is on :memory:, the id schemes are etc/idschemes.tsv (the tests
 * run from the root of the sources).  A fault of the book aborts the test
 * with the report on stderr.
 */
#ifndef BOOK_FIXTURE_H
#define BOOK_FIXTURE_H

#include "book_import.h"

/* etc/idschemes.tsv; read once, never freed. */
const struct idschemes *book_fixture_idschemes(void);

/* Every *.csv of the directory, e.g. "tests/demo/book".  The caller's, until
 * store_close. */
struct store *book_fixture_dir(const char *dir);

struct book_text {
	const char *name;
	const char *csv;
};
struct store *book_fixture(const struct book_text *texts, size_t count);
/* More rows into a store that is there. */
void book_fixture_add(struct store *s, const struct book_text *texts,
		      size_t count);
/* Keeps a fact of the obligor, so that changes of the book concern it. */
void book_fixture_fact(struct store *s, const char *obligor_id);

#endif
