/*
 * book_who.h - whether an id still stands for whom it stood for.  Floor 3,
 * private to the store.
 *
 * An exporter_id is the name of a stream: who gets the id reads what was told
 * in it.  So it never goes to another company (another uscc) once something
 * was told or while somebody reads; force helps only where neither is so.  An
 * obligor_id may: facts and alerts of the company before are left to it, as
 * if it had gone (decide_book).
 */
#ifndef BOOK_WHO_H
#define BOOK_WHO_H

#include "book_check.h"
#include "book_import.h"
#include "book_write.h"

struct book_who {
	struct store *s;
	const struct book_options *opt;
	struct instant now;
	struct book_report *out;
	struct obligor before; /* of the row at hand, in its arena */
	bool had;
};

/* The row is there and is about to change; ERR_INPUT: it must not. */
NODISCARD enum err book_who_changing(struct book_who *who,
				     const struct book_row *row);
/* It was written. */
NODISCARD enum err book_who_written(struct book_who *who,
				    const struct book_row *row,
				    enum book_change change, int64_t version);

/* Warns of obligors with a hard id in common, one of them new or changed. */
NODISCARD enum err book_who_shared(struct book_who *who, int64_t version);

#endif
