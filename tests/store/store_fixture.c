/*
 * store_fixture.c - stores for tests, in a directory of their own.
 */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "scratch.h"

static void
open_or_fail(struct store_fixture *f)
{
	struct diag d = { 0 };
	enum err err = store_open(f->path, &f->s, &d);

	cr_assert_eq(err, ERR_OK, "%s", d.why);
}

void
store_fixture_init(struct store_fixture *f, enum store_where where)
{
	*f = (struct store_fixture){ .where = where };
	log_level(LOG_ERR, LOG_ERR);
	cr_assert_eq(arena_init(&f->a, 8u << 20), ERR_OK);
	if (where == STORE_ON_MEMORY) {
		(void)snprintf(f->path, sizeof(f->path), ":memory:");
	} else {
		scratch_dir(f->dir, "store");
		(void)snprintf(f->path, sizeof(f->path), "%s/store.db",
			       f->dir);
	}
	open_or_fail(f);
}

static void
remove_with(const char *path, const char *suffix)
{
	char name[160];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	(void)unlink(name);
}

void
store_fixture_fini(struct store_fixture *f)
{
	store_close(f->s);
	arena_fini(&f->a);
	if (f->where == STORE_ON_MEMORY)
		return;
	remove_with(f->path, "");
	remove_with(f->path, "-wal");
	remove_with(f->path, "-shm");
	remove_with(f->path, ".lock");
	(void)rmdir(f->dir);
}

void
store_fixture_reopen(struct store_fixture *f)
{
	store_close(f->s);
	f->s = NULL;
	open_or_fail(f);
}
