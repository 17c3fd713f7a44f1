/*
 * test_fair.c - nobody is kept waiting for ever: polls beside a flood of
 * files, one directory beside another, the book beside an unceasing stream,
 * a document beside a role that does not end it.  The whole daemon on one
 * thread, time simulated.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book_fixture.h"
#include "core.h"
#include "exposures.h"
#include "log.h"
#include "one_rig.h"

#define URL "https://bureau.example/v1/messages.ndjson"
#define FLOOD (UINT64_C(1) << 60) /* documents above are of nobody */

static struct one_rig rig;
static struct core *core;
static char box[2][512]; /* watched directories */
static char desk[512];
static char desk_dir[SCRATCH_PATH_SIZE];
static struct net real;
static bool deaf; /* transfers never end */

/* A definition, switched on, under that name and with that directory. */
static void
switched_on(struct buf *to, struct str from, const char *name, const char *dir)
{
	while (from.n > 0) {
		struct str line = str_cut(&from, '\n');

		if (str_starts(line, S("directory:")))
			buf_printf(to, "directory: %s\n", dir);
		else if (str_starts(line, S("name:")))
			buf_printf(to, "name: %s\n", name);
		else if (!str_starts(line, S("enabled:")))
			buf_printf(to, "%.*s\n", STR_ARG(line));
	}
	buf_put(to, S("enabled: yes\n"));
}

/* The bureau and two watched directories. */
static void
ours(void *ctx, struct buf *b, const char *name)
{
	bool drop = strcmp(name, "feeds.d/insurer-drop.yaml") == 0;
	struct buf text;

	(void)ctx;
	if (!drop && strcmp(name, "feeds.d/bureau.yaml") != 0)
		return;
	buf_init(&text, 1u << 20);
	if (drop) {
		switched_on(&text, buf_str(b), "second", box[1]);
		bundle_add(&rig.all, S("feeds.d/second.yaml"), buf_str(&text));
		buf_clear(&text);
	}
	switched_on(&text, buf_str(b), drop ? "insurer-drop" : "bureau",
		    box[0]);
	buf_free(b);
	*b = text;
}

static enum err
next(void *self, struct instant now, struct net_event *out)
{
	enum err err = real.next(self, now, out);

	while (deaf && err == ERR_OK &&
	       (out->type == NET_DONE || out->type == NET_FAILED))
		err = real.next(self, now, out);
	return err;
}

static void
setup(void)
{
	char here[256];
	char yaml[700];

	log_level(LOG_ERR, LOG_ERR);
	deaf = false;
	cr_assert_not_null(getcwd(here, sizeof(here)));
	scratch_dir(desk_dir, "fair-book");
	(void)snprintf(desk, sizeof(desk), "%s/%s", here, desk_dir);
	(void)snprintf(yaml, sizeof(yaml),
		       "instance: fair\nlog:\n  level: 3\n"
		       "book:\n  directory: %s\n", desk);
	one_rig_init(&rig, "fair", yaml);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(box[i], sizeof(box[i]), "%s/%s/in%d", here,
			       rig.dir, i);
		cr_assert_eq(mkdir(box[i], 0700), 0);
	}
	cr_assert(one_rig_dir(&rig, "etc", "", NULL, NULL));
	cr_assert(one_rig_dir(&rig, "etc/vocab", "vocab/", NULL, NULL));
	cr_assert(one_rig_dir(&rig, "etc/feeds.d", "feeds.d/", ours, NULL));
	rig.sim.at.wall_ms = 1772409600000;
	real = rig.net_port;
	rig.net_port.next = next;
	net_sim_serve(rig.net, S(URL), S("\n"));
	cr_assert_eq(one_rig_start(&rig), ERR_OK);
	core = rig.one.role[PEER_CORE].state;
}

static void
teardown(void)
{
	one_rig_fini(&rig);
	scratch_remove(desk_dir);
}

TestSuite(fair, .init = setup, .fini = teardown);

static size_t
feed(const char *name)
{
	size_t i = 0;

	while (!str_eq(core->feeds.feed[i].name, str_of(name)))
		i++;
	return i;
}

static void
turn(void)
{
	int64_t wait_ms = 0;

	cr_assert_eq(one_turn(&rig.one, rig.sim.at, &wait_ms), ERR_OK);
}

static void
pass(int64_t ms)
{
	for (int64_t end = rig.sim.at.mono_ms + ms;
	     rig.sim.at.mono_ms < end;) {
		for (int i = 0; i < 10; i++)
			turn();
		rig.sim.at.mono_ms += 1000;
		rig.sim.at.wall_ms += 1000;
	}
}

static void
put(const char *dir, int number, const char *text)
{
	char part[600];
	char path[600];
	FILE *f;

	(void)snprintf(part, sizeof(part), "%s/.part", dir);
	(void)snprintf(path, sizeof(path), "%s/%03d.csv", dir, number);
	f = fopen(part, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(rename(part, path), 0);
}

/* Files in a folder of a watched directory. */
static int
count(const char *dir, const char *folder)
{
	char path[600];
	struct dirent *e;
	int n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, folder);
	d = opendir(path);
	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		n += str_ends(str_of(e->d_name), S(".csv"));
	(void)closedir(d);
	return n;
}

/* n documents of a watched directory are on their way, and stay so. */
static void
flood(size_t n)
{
	for (size_t i = 0, done = 0; done < n; i++) {
		struct doc *d = &core->doc[i];

		cr_assert_lt(i, CORE_DOCS_MAX);
		if (d->id != 0)
			continue;
		d->id = FLOOD + i;
		d->feed = feed("gleif");
		d->own = d->opened = d->polled = 1;
		d->poll_verdict = POLL_NEW;
		d->since_ms = rig.sim.at.mono_ms;
		done++;
	}
}

static void
ebb(size_t n)
{
	for (size_t i = 0; i < CORE_DOCS_MAX && n > 0; i++)
		if (core->doc[i].id >= FLOOD) {
			core->doc[i].id = 0;
			core->doc[i].own = 0;
			n--;
		}
}

Test(fair, files_leave_room_for_polls)
{
	unsigned before;

	flood(CORE_KIND_DOCS_MAX - 1);
	cr_assert(docs_room(core, true) && docs_room(core, false));
	flood(1);
	cr_assert_not(docs_room(core, true));
	cr_assert(docs_room(core, false));
	put(box[0], 1, "no json\n");
	pass(10000);
	before = net_sim_requests(rig.net, S(URL));
	cr_assert_gt(before, 0);
	pass(240000);
	cr_assert_geq(net_sim_requests(rig.net, S(URL)), before + 3,
		      "polls go on");
	cr_assert_gt(core->watch[feed("bureau")].count.polls, 3);
	cr_assert_eq(count(box[0], "."), 1, "the file waits");
	ebb(1);
	pass(10000);
	cr_assert_eq(count(box[0], "refused"), 1, "and has its turn");
	ebb(CORE_DOCS_MAX);
}

/* Both together, and not one more. */
Test(fair, documents_at_the_limit_and_one_more)
{
	const struct docs_own one = { .feed = feed("gleif"),
				      .verdict = POLL_FAILED,
				      .body = -1,
				      .why = "no" };

	flood(CORE_DOCS_MAX - 1);
	for (size_t i = 0; i < CORE_KIND_DOCS_MAX; i++)
		core->doc[i].own = 0;
	cr_assert_neq(docs_own(core, &one, rig.sim.at), 0);
	cr_assert_not(docs_room(core, true) || docs_room(core, false));
	cr_assert_eq(docs_own(core, &one, rig.sim.at), 0,
		     "CORE_DOCS_MAX + 1");
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		core->doc[i].id = 0;
}

/* And polls leave room for files. */
Test(fair, polls_leave_room_for_files)
{
	flood(CORE_KIND_DOCS_MAX);
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		core->doc[i].own = 0;
	cr_assert_not(docs_room(core, false));
	put(box[0], 1, "no json\n");
	pass(30000);
	cr_assert_eq(count(box[0], "refused"), 1);
	ebb(CORE_DOCS_MAX);
}

/* With room for one document two directories take turns. */
Test(fair, directories_take_turns)
{
	int last[2] = { 0, 0 };

	for (int i = 0; i < 20; i++) {
		put(box[0], i, "no json\n");
		put(box[1], i, "no,table\n");
	}
	flood(CORE_KIND_DOCS_MAX - 1);
	for (int i = 0; i < 600 && last[0] + last[1] < 40; i++) {
		for (int k = 0; k < 2; k++)
			last[k] = count(box[k], "refused");
		cr_assert(last[0] - last[1] <= 2 && last[1] - last[0] <= 2,
			  "%d beside %d", last[0], last[1]);
		turn();
		rig.sim.at.mono_ms += 500;
		rig.sim.at.wall_ms += 500;
	}
	cr_assert(last[0] == 20 && last[1] == 20, "%d and %d", last[0],
		  last[1]);
	ebb(CORE_DOCS_MAX);
}

/* A document is over before every turn: there is always something to do. */
static void
stream_on(int64_t ms)
{
	struct doc *d = &core->doc[CORE_DOCS_MAX - 1];

	for (int64_t end = rig.sim.at.mono_ms + ms;
	     rig.sim.at.mono_ms < end;) {
		d->id = 1; /* again, if its turn did not come */
		d->feed = feed("fdic");
		d->polled = 1;
		d->poll_verdict = POLL_UNCHANGED;
		turn();
		rig.sim.at.mono_ms += 100;
		rig.sim.at.wall_ms += 100;
	}
}

Test(fair, the_book_has_its_turn_beside_a_stream)
{
	int64_t looks = core->conf.book_interval;
	int64_t checkpoint;

	put(desk, 1, "exporter_id,uscc,name\n"
		     "EX-1,91440300MADEM0001U,Exporter One\n");
	stream_on(looks);
	cr_assert_eq(count(desk, "done"), 0, "it waits a little");
	stream_on(2 * (looks + CORE_HELD_MS) + 1000);
	cr_assert_eq(count(desk, "done"), 1);
	cr_assert_eq(core->count.books_taken, 1);
	/* Nor does the log of the store grow for ever. */
	checkpoint = core->checkpoint_ms;
	stream_on(60000);
	cr_assert_gt(core->checkpoint_ms, checkpoint);
}

/* A large document, or one behind another in the same place, is decided
 * batch by batch, and others between. */
Test(fair, a_document_does_not_wait_for_those_before_it)
{
	struct doc *d = &core->doc[CORE_DOCS_MAX - 1];

	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 2; k++) { /* never through */
			core->doc[k].id = FLOOD + (uint64_t)k;
			core->doc[k].feed = feed("gleif");
			core->doc[k].polled = 1;
			core->doc[k].poll_verdict = POLL_UNCHANGED;
		}
		if (i == 0) {
			d->id = 1;
			d->feed = feed("fdic");
			d->polled = 1;
			d->poll_verdict = POLL_UNCHANGED;
		}
		cr_assert(docs_release(core, rig.sim.at));
	}
	cr_assert_eq(d->id, 0, "it had its turn");
	ebb(CORE_DOCS_MAX);
}

/* What core told super of, of that type; a peer, or 0. */
static uint8_t
broken(void)
{
	uint8_t peer = 0;
	struct msg m;

	while (link_take(rig.one.end[PEER_CORE], &m) == ERR_OK) {
		struct rd r = rd_of(m.body);

		if (m.type == MSG_BROKEN)
			peer = rd_u8(&r);
	}
	return peer;
}

static struct doc *
of_bureau(void)
{
	for (size_t i = 0; i < CORE_DOCS_MAX; i++)
		if (core->doc[i].id != 0 &&
		    core->doc[i].feed == feed("bureau"))
			return &core->doc[i];
	return NULL;
}

Test(fair, a_poll_that_fetch_never_ends_is_a_failed_one)
{
	int64_t limit = CORE_FETCH_LATE_MS + 2 * 30000; /* timeout: 30s */
	int64_t began;

	deaf = true;
	pass(10000);
	cr_assert_not_null(of_bureau());
	began = of_bureau()->begun_ms;
	pass(began + limit - 1000 - rig.sim.at.mono_ms);
	cr_assert_not_null(of_bureau(), "it may still come");
	cr_assert_eq(broken(), 0);
	cr_assert_eq(core->count.polls_failed, 0);
	pass(4000);
	cr_assert_null(of_bureau());
	cr_assert_eq(core->count.polls_failed, 1);
	cr_assert_eq(broken(), PEER_FETCH, "it is started anew");
	deaf = false;
	cr_assert_eq(one_kill(&rig.one, PEER_FETCH), ERR_OK);
	cr_assert_eq(one_rig_restart(&rig, PEER_FETCH), ERR_OK);
	pass(30000);
	cr_assert_gt(core->count.polls, 1, "and polls");
}

/* While core imports a book it hears nobody: that is nobody's fault. */
Test(fair, what_core_is_held_up_by_is_not_fetchs)
{
	int64_t hour = (int64_t)CORE_BUSY_S * 1000;

	deaf = true;
	pass(10000);
	cr_assert_not_null(of_bureau());
	rig.sim.at.mono_ms += hour;
	docs_held(core, hour);
	pass(60000);
	cr_assert_not_null(of_bureau(), "it may still come");
	cr_assert_eq(broken(), 0);
	pass(CORE_FETCH_LATE_MS + 2 * 30000);
	cr_assert_eq(broken(), PEER_FETCH);
	deaf = false;
	cr_assert_eq(one_kill(&rig.one, PEER_FETCH), ERR_OK);
	cr_assert_eq(one_rig_restart(&rig, PEER_FETCH), ERR_OK);
}

/* Whoever hears nothing from parse for hours takes it for broken, once. */
Test(fair, a_document_that_parse_never_ends_is_its_end)
{
	flood(1);
	pass(1000);
	rig.sim.at.mono_ms += CORE_PARSE_LATE_MS - 3000;
	pass(1000);
	cr_assert_eq(broken(), 0);
	pass(4000);
	cr_assert_eq(broken(), PEER_PARSE);
	pass(4000);
	cr_assert_eq(broken(), 0, "said once");
	docs_lost(core, PEER_PARSE, rig.sim.at);
	cr_assert_eq(core->watch[feed("gleif")].ward.careful, 1,
		     "its death is on that document");
	ebb(CORE_DOCS_MAX);
}

/* A silent stream may leave its document open for days. */
Test(fair, a_stream_may_wait)
{
	struct doc *d = &core->doc[0];

	d->id = 1;
	d->feed = feed("uk-ch-insolvency");
	cr_assert_eq(core->feeds.feed[d->feed].mode, MODE_STREAM);
	d->begun_ms = rig.sim.at.mono_ms;
	rig.sim.at.mono_ms += DAY_MS;
	docs_hasten(core, rig.sim.at);
	cr_assert_eq(d->polled, 0);
	d->id = 0;
}

#define PAIRS 9000u

/* The demo book, and a second exporter with an order on each of many. */
static void
large_book(void)
{
	static const char *const file[] = { "schemes", "exporters", "obligors",
					    "policies", "follows",
					    "shipments" };
	struct book_text text[8];
	struct buf b[8];

	for (size_t i = 0; i < 8; i++)
		buf_init(&b[i], 4u << 20);
	for (size_t i = 0; i < 6; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "tests/demo/book/%s.csv",
			       file[i]);
		cr_assert_eq(buf_read_file(&b[i], path), ERR_OK);
	}
	buf_put(&b[6], S("obligor_id,type,name,country\n"));
	buf_put(&b[7], S("shipment_id,exporter_id,obligor_id,amount,currency,"
			 "payment_term,ship_date,status\n"));
	for (unsigned i = 0; i < PAIRS; i++) {
		buf_printf(&b[6], "N-%u,buyer,N %u,DE\n", i, i);
		buf_printf(&b[7], "N-%u,EXP-SZ-0002,N-%u,10,USD,OA,"
			   "2026-02-01,shipped\n", i, i);
	}
	for (size_t i = 0; i < 8; i++) {
		buf_byte(&b[i], 0);
		text[i] = (struct book_text){ i < 6 ? file[i] : "n", b[i].p };
	}
	book_fixture_add(core->store, text, 8);
	for (size_t i = 0; i < 8; i++)
		buf_free(&b[i]);
}

/* An operator asks; where the answer comes. */
static int
ask(const char *word)
{
	const struct say_request q = { .words = 1, .word = { str_of(word) } };
	struct buf frame;
	struct buf b;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	control_accept(core, pair[1], 0, 0);
	buf_init(&b, 4096);
	buf_init(&frame, 4096);
	say_put(&b, &q);
	buf_blob(&frame, buf_str(&b));
	cr_assert_eq(send(pair[0], frame.p, frame.n, 0), (ssize_t)frame.n);
	buf_free(&frame);
	buf_free(&b);
	return pair[0];
}

/* What has come of the answer; false: that was all. */
static bool
hear(int fd, struct buf *answer)
{
	char part[8192];
	ssize_t n;

	while ((n = recv(fd, part, sizeof(part), MSG_DONTWAIT)) > 0)
		buf_put(answer, (struct str){ part, (size_t)n });
	return n < 0;
}

Test(fair, an_alert_is_told_in_the_middle_of_a_long_answer)
{
	struct buf news;
	struct buf answer;
	unsigned turns = 0;
	unsigned told_at = 0;
	int fd;

	large_book();
	buf_init(&news, 1u << 20);
	buf_init(&answer, 8u << 20);
	cr_assert_eq(buf_read_file(&news, "tests/demo/feeds/bureau-1.ndjson"),
		     ERR_OK);
	pass(5000);
	net_sim_serve(rig.net, S(URL), buf_str(&news));
	fd = ask("exposure");
	while (hear(fd, &answer)) {
		turn();
		turns++;
		if (turns % 2 == 0) {
			rig.sim.at.mono_ms += 10000;
			rig.sim.at.wall_ms += 10000;
		}
		if (told_at == 0 && core->told.count > 0) {
			told_at = turns;
			cr_assert_eq(answer.n, 0, "told before the answer");
		}
	}
	cr_assert_gt(told_at, 0);
	cr_assert_geq(turns, PAIRS / EXPOSURES_TURN);
	cr_assert(str_contains(buf_str(&answer), S("N-8999")));
	(void)close(fd);
	buf_free(&answer);
	buf_free(&news);
}

/* Half of the one book and half of the other would be the figures of none. */
Test(fair, a_book_that_changes_ends_a_long_answer)
{
	static const struct book_text more = {
		"f", "exporter_id,obligor_id\nEXP-SZ-0002,N-1\n"
	};
	struct buf answer;
	int fd;

	large_book();
	buf_init(&answer, 8u << 20);
	fd = ask("exposure");
	turn();
	turn();
	cr_assert(hear(fd, &answer));
	cr_assert_eq(answer.n, 0);
	book_fixture_add(core->store, &more, 1);
	while (hear(fd, &answer))
		turn();
	cr_assert(str_contains(buf_str(&answer),
			       S("the book changed meanwhile; ask again")));
	(void)close(fd);
	buf_free(&answer);
}

/* Who asked goes away, and the rest is not computed. */
Test(fair, nobody_computes_for_who_has_gone)
{
	int fds[CORE_CONTROLS_MAX];
	int fd;

	large_book();
	fd = ask("exposure");
	turn();
	cr_assert_eq(control_fds(core, fds, CORE_CONTROLS_MAX), 1);
	(void)close(fd);
	turn();
	cr_assert_eq(control_fds(core, fds, CORE_CONTROLS_MAX), 0);
}
