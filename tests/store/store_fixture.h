/*
 * store_fixture.h - a store on either backend, and the shortest way to its
 * answers.  For tests/store.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <criterion/criterion.h>

#include "scratch.h"
#include "store.h"

/* One check, two tests: on :memory: and on a file. */
#define STORE_TEST(name)                                                       \
	static void check_##name(struct store_fixture *f);                     \
	Test(store_memory, name)                                               \
	{                                                                      \
		struct store_fixture f;                                        \
		store_fixture_init(&f, STORE_ON_MEMORY);                       \
		check_##name(&f);                                              \
		store_fixture_fini(&f);                                        \
	}                                                                      \
	Test(store_file, name)                                                 \
	{                                                                      \
		struct store_fixture f;                                        \
		store_fixture_init(&f, STORE_ON_FILE);                         \
		check_##name(&f);                                              \
		store_fixture_fini(&f);                                        \
	}                                                                      \
	static void check_##name(struct store_fixture *f)

enum store_where { STORE_ON_MEMORY, STORE_ON_FILE };

struct store_fixture {
	struct store *s;
	struct arena a;
	enum store_where where;
	char dir[SCRATCH_PATH_SIZE];
	char path[128];
};

void store_fixture_init(struct store_fixture *f, enum store_where where);
void store_fixture_fini(struct store_fixture *f);
/* Closes and opens again: on a file only what was committed is left. */
void store_fixture_reopen(struct store_fixture *f);
/* An alert for EXP1 with every column filled. */
struct alert an_alert(const char *id, const char *obligor,
		      enum alert_state state);

#define ok(expr)                                                               \
	do {                                                                   \
		enum err ok_err = (expr);                                      \
		cr_assert_eq(ok_err, ERR_OK, "%s: %s", #expr,                  \
			     err_text(ok_err));                                \
	} while (0)
#define is_str(s, lit)                                                         \
	cr_assert(str_eq((s), S(lit)), "'%.*s' is not '%s'", STR_ARG(s), lit)

#endif
