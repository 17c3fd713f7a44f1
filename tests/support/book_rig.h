/*
 * book_rig.h - the demo book in a store, for tests that import into it.
 */
#ifndef BOOK_RIG_H
#define BOOK_RIG_H

#include <criterion/criterion.h>

#include "book_fixture.h"

struct book_rig {
	struct store *s;
	struct arena a;
	struct book_report r; /* of the last import */
};

extern struct book_rig rig;
extern const struct instant book_rig_now;

void book_rig_setup(void);
void book_rig_teardown(void);
enum err book_rig_run(struct book_options opt, const struct book_text *texts,
		      size_t count);
/* One CSV text, no options. */
enum err book_rig_one(const char *csv);
/* The whole book as text: to tell whether anything changed. */
void book_rig_dump(struct buf *b);
/* Nothing did since that dump, and no transaction is open. */
void book_rig_unchanged(const struct buf *before);

#define ok(expr) cr_assert_eq((expr), ERR_OK, "%s", #expr)
#define faults_are(lit)                                                        \
	cr_assert(str_eq(buf_str(&rig.r.faults), S(lit)), "got:\n%.*s",       \
		  STR_ARG(buf_str(&rig.r.faults)))

#endif
