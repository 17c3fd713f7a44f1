/*
 * book_import.h - the insurer's book in and out of the store.  Floor 3.
 *
 * Files are CSV (RFC 4180; the header row decides the kind) or JSON Lines
 * (an object a line, "kind" in each); columns and rules are book.def.  An
 * import is all or nothing: every fault of every row is in the report, and
 * one fault means that nothing changed.
 *
 * Inside a transaction of the caller's the import is part of it (a savepoint
 * undoes a faulty one); outside it makes and commits its own.
 */
#ifndef BOOK_IMPORT_H
#define BOOK_IMPORT_H

#include "idscheme.h"
#include "store.h"

#define BOOK_FILES_MAX 64u
#define BOOK_FILE_MAX (1u << 30)   /* bytes of one file */
#define BOOK_ROW_MAX (2u << 20) /* bytes of what one row becomes; itself
				 * it may be twice that */
#define BOOK_FAULTS_MAX 100u	   /* told one by one; then a count */
#define BOOK_WARNINGS_MAX 100u
#define BOOK_REPORT_MAX (256u << 10)
#define BOOK_SHRINK_PCT_MAX 30 /* removed by a replace without force */

struct book_file {
	struct str name; /* for messages */
	struct str bytes;
};

enum book_mode {
	BOOK_WRITE,
	BOOK_CHECK, /* all the checks, no change */
};

struct book_options {
	const struct idschemes *schemes; /* borrowed */
	enum book_mode mode;
	struct str replace; /* the files are the whole of this kind; or empty */
	/* However much that removes; and another uscc of an exporter who was
	 * told nothing (book_who.h). */
	int force;
	/* NULL: the files' bytes are in memory; or a descriptor per file, a
	 * regular one, of bytes.n bytes (bytes.p is not looked at). */
	const int *fd;
	/* NULL, or called now and then: a kind's name or another word, how
	 * much of it is done. */
	void (*progress)(void *self, const char *phase, uint64_t done,
			 uint64_t all);
	void *self;
	/* Whether what was told in the stream was told to another company
	 * than that uscc; NULL: nobody knows, and it was not. */
	enum err (*told_other)(void *self, struct str exporter_id,
			       struct str uscc, bool *out);
	void *told_self;
};

struct book_report {
	struct buf faults;   /* "FILE:LINE: FIELD: reason\n" each */
	struct buf warnings; /* a sentence a line */
	size_t fault_count;
	size_t warning_count;
	size_t rows;
	size_t added;
	size_t changed;
	size_t removed;
	size_t others; /* obligors that are another company now */
	int64_t version; /* of the book after it */
};

void book_report_init(struct book_report *r);
void book_report_free(struct book_report *r);

/*
 * ERR_INPUT: faults, told in out; ERR_REFUSED: a replace that would remove
 * too much, told too; ERR_LIMIT: too many or too large files; ERR_IO: a
 * file could not be read.
 */
NODISCARD enum err book_import(struct store *s,
			       const struct book_file *files, size_t count,
			       const struct book_options *opt,
			       struct instant now, struct book_report *out);

/* Where an export goes, a row at a time; its error ends the export. */
struct book_sink {
	NODISCARD enum err (*put)(void *self, struct str csv);
	void *self;
};

/*
 * The kind as CSV: all columns in the order of book.def, rows by key, lines
 * end in LF.  Importing it changes nothing.  ERR_ABSENT: no such kind.
 */
NODISCARD enum err book_export(struct store *s, struct str kind,
			       const struct book_sink *sink);

#endif
