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

struct alert
an_alert(const char *id, const char *obligor, enum alert_state state)
{
	return (struct alert){
		.alert_id = str_of(id),
		.dedup_key = str_of(id),
		.exporter_id = S("EXP1"),
		.obligor_id = str_of(obligor),
		.country = S("AE"),
		.family = S("insolvency"),
		.episode = 1,
		.kind = S("BUYER_INSOLVENCY"),
		.kind_class = S("buyer"),
		.severity = SEVERITY_CRITICAL,
		.state = state,
		.revision = 1,
		.fact_id = S("f1"),
		.policy_id = S("P1"),
		.created_at = 10,
		.updated_at = 11,
		.knew_at = TIME_NONE,
		.acked_at = 12,
		.title_zh = S("买方破产"),
		.title_en = S("Buyer insolvent"),
		.material = S("{}"),
		.duty_on = DATE_NONE,
		.duty_met_at = TIME_NONE,
	};
}
