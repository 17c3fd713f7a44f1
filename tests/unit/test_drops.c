/*
 * test_drops.c - watched directories among everything else that core does:
 * the whole daemon on one thread, files renamed in by the test.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book_fixture.h"
#include "core.h"
#include "log.h"
#include "one_rig.h"

#define MINUTE_MS 60000

static struct one_rig rig;
static struct core *core;
static size_t drop;
static size_t other;
static char box[512];  /* the feed's directory */
static char desk[512]; /* the book's */
static char desk_dir[SCRATCH_PATH_SIZE];

/* The drop is switched on, in a directory of ours, stale after an hour. */
static void
ours(void *ctx, struct buf *b, const char *name)
{
	struct buf text;
	struct str rest = buf_str(b);

	(void)ctx;
	if (!str_eq(str_of(name), S("feeds.d/insurer-drop.yaml")))
		return;
	buf_init(&text, 1u << 20);
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		if (str_starts(line, S("enabled:")))
			continue;
		if (str_starts(line, S("directory:")))
			buf_printf(&text, "directory: %s\n", box);
		else
			buf_printf(&text, "%.*s\n", STR_ARG(line));
		if (str_eq(line, S("guards:")))
			buf_put(&text, S("  stale_after: 1h\n"));
	}
	buf_free(b);
	*b = text;
}

static void
setup(void)
{
	char here[256];
	char yaml[700];

	log_level(LOG_ERR, LOG_ERR);
	cr_assert_not_null(getcwd(here, sizeof(here)));
	scratch_dir(desk_dir, "drops-book");
	(void)snprintf(desk, sizeof(desk), "%s/%s", here, desk_dir);
	(void)snprintf(yaml, sizeof(yaml),
		       "instance: drops\nlog:\n  level: 3\n"
		       "book:\n  directory: %s\n", desk);
	one_rig_init(&rig, "drops", yaml);
	(void)snprintf(box, sizeof(box), "%s/%s/in", here, rig.dir);
	cr_assert_eq(mkdir(box, 0700), 0);
	cr_assert(one_rig_dir(&rig, "etc", "", NULL, NULL));
	cr_assert(one_rig_dir(&rig, "etc/vocab", "vocab/", NULL, NULL));
	cr_assert(one_rig_dir(&rig, "etc/feeds.d", "feeds.d/", ours, NULL));
	rig.sim.at.wall_ms = 1772409600000;
	cr_assert_eq(one_rig_start(&rig), ERR_OK);
	core = rig.one.role[PEER_CORE].state;
	while (!str_eq(core->feeds.feed[drop].name, S("insurer-drop")))
		drop++;
	other = drop == 0 ? 1 : 0;
}

static void
teardown(void)
{
	one_rig_fini(&rig);
	scratch_remove(desk_dir);
	drop = 0;
}

TestSuite(drops, .init = setup, .fini = teardown);

static void
put(const char *dir, const char *name, const char *text)
{
	char part[600];
	char path[600];
	FILE *f;

	(void)snprintf(part, sizeof(part), "%s/.part", dir);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(part, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(rename(part, path), 0);
}

static bool
there(const char *dir, const char *name)
{
	char path[600];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0;
}

static void
pass(int64_t ms)
{
	for (int64_t end = rig.sim.at.mono_ms + ms;
	     rig.sim.at.mono_ms < end;) {
		for (int i = 0; i < 10; i++) {
			int64_t wait_ms = 0;

			cr_assert_eq(one_turn(&rig.one, rig.sim.at, &wait_ms),
				     ERR_OK);
		}
		rig.sim.at.mono_ms += 1000;
		rig.sim.at.wall_ms += 1000;
	}
}

static const char *const NOTICE =
    "{\"notice_no\":\"N1\",\"type\":\"破产\",\"buyer_no\":\"ARE/000123\","
    "\"name\":\"Wadi Sample Trading LLC\",\"country\":\"AE\","
    "\"occurred_on\":\"2026-02-27\","
    "\"reported_at\":\"2026-03-01T09:05:40+08:00\"}\n";

static const char *
word(void)
{
	static struct feed_state f;
	struct arena a;
	const char *w;

	cr_assert_eq(arena_init(&a, 65536), ERR_OK);
	cr_assert_eq(feedstate_get(core, S("insurer-drop"), &a, &f), ERR_OK);
	w = watch_word(core, drop, &f, rig.sim.at);
	arena_fini(&a);
	return w;
}

/* What core saw itself is timed by the clock that nobody sets, also when
 * empty looks follow that are no sign of health. */
Test(drops, a_wall_clock_set_forward_makes_no_directory_stale)
{
	put(box, "a.ndjson", NOTICE);
	pass(5 * MINUTE_MS);
	cr_assert(there(box, "done/a.ndjson"));
	cr_assert_str_eq(word(), "ok");
	rig.sim.at.wall_ms += DAY_MS;
	pass(MINUTE_MS);
	cr_assert_str_eq(word(), "ok");
	pass(60 * MINUTE_MS);
	cr_assert_str_eq(word(), "stale");
}

static int
open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The disk may fail for long; the file is tried again every second. */
Test(drops, a_file_that_cannot_be_begun_holds_no_descriptors)
{
	char path[600];
	int before;

	pass(1000);
	(void)snprintf(path, sizeof(path), "%s/diff", rig.dir);
	cr_assert_eq(rmdir(path), 0);
	put(box, "a.ndjson", NOTICE);
	pass(MINUTE_MS / 2);
	cr_assert(there(box, "work/a.ndjson"));
	before = open_files();
	pass(MINUTE_MS);
	cr_assert_eq(open_files(), before);
}

/* Both were there when parse died: never both at one time. */
Test(drops, a_suspected_file_waits_for_the_other_suspect)
{
	struct doc *suspect = &core->doc[CORE_DOCS_MAX - 1];

	pass(1000);
	suspect->id = 1;
	suspect->feed = other;
	core->watch[other].ward.careful = 1;
	core->watch[drop].ward.careful = 1;
	put(box, "a.ndjson", NOTICE);
	pass(MINUTE_MS);
	cr_assert(there(box, "a.ndjson"), "it went to parse beside the other one");
	suspect->id = 0;
	pass(MINUTE_MS);
	cr_assert(there(box, "done/a.ndjson"));
	cr_assert_eq(core->watch[drop].ward.careful, 0, "it did no harm");
}

/* Who was refused does not make others wait for ever. */
Test(drops, a_refused_file_is_no_suspect_any_more)
{
	core->watch[drop].ward.careful = 1;
	put(box, "a.ndjson", "no json\n");
	pass(MINUTE_MS);
	cr_assert(there(box, "refused/a.ndjson"));
	cr_assert_eq(core->watch[drop].ward.careful, 0);
}

/* A file that kills parse while another feed is heard: its own fault. */
Test(drops, a_file_under_suspicion_takes_the_blame)
{
	struct doc *web = &core->doc[0];
	struct doc *file = &core->doc[1];

	*web = (struct doc){ .id = 1, .feed = other, .fresh = -1,
			     .opened = 1 };
	*file = (struct doc){ .id = 2, .feed = drop, .fresh = -1, .own = 1,
			      .opened = 1, .begun = 1, .polled = 1 };
	staging_init(&web->stage);
	staging_init(&file->stage);
	core->watch[drop].ward.careful = 1;
	watch_blame(core);
	cr_assert_eq(core->watch[other].ward.careful, 0, "it had no part in it");
	cr_assert_eq(core->watch[drop].ward.quarantined, 0, "files are refused");
	web->id = 0;
	file->id = 0;
}

static const char *const EXPORTERS =
    "exporter_id,uscc,name,lang,branch,contact_ref,export_amount,export_year\n"
    "EX-1,91440300MADEM0001U,Exporter One,zh-CN,shenzhen,desk,100.00,2025\n";
static const char *const FOLLOWS =
    "exporter_id,obligor_id,last_order_on\nEX-1,OB-1,2026-02-01\n";
static const char *const OBLIGORS =
    "obligor_id,type,name,country\n"
    "OB-1,buyer,Wadi Sample Trading LLC,AE\n";

/* What a crash left is no reason to take half of what is being handed in. */
Test(drops, what_a_crash_left_waits_until_nothing_more_comes)
{
	put(desk, "work/obligors.csv", OBLIGORS);
	put(desk, "follows.csv", FOLLOWS);
	pass(1000);
	put(desk, "exporters.csv", EXPORTERS);
	pass(MINUTE_MS);
	cr_assert(there(desk, "done/obligors.csv"));
	cr_assert(there(desk, "done/follows.csv"));
	cr_assert(there(desk, "done/exporters.csv"));
}

/* A fact that nobody had may be one of the book that came last. */
Test(drops, once_means_that_every_fact_was_tried_on_the_book)
{
	const struct book_text more = { "obligors.csv", OBLIGORS };

	put(box, "a.ndjson", NOTICE);
	pass(MINUTE_MS);
	for (struct instant soon = { .mono_ms = INT64_MAX };
	     !drops_idle(core, soon);) {
		pass(1000);
		soon = rig.sim.at;
		soon.mono_ms += 2000;
	}
	book_fixture_add(core->store, &more, 1);
	core->role->once = true;
	core->fetch_done = 1;
	core->retry_ms = rig.sim.at.mono_ms + 3000; /* the store failed */
	pass(1000);
	cr_assert_eq(core->done_said, 0, "said before it tried");
	pass(MINUTE_MS);
	cr_assert_neq(core->done_said, 0);
}
