/*
 * test_fetch.c - fetch and parse together: from a due feed to a document's
 * end, with core's part played by the test.
 */
#include <criterion/criterion.h>

#include "feed_room.h"
#include "schedule.h"
#include "log.h"

#define URL "https://t.example/a"
#define YAML                                                                   \
	"name: t\nurls: [\"" URL "\"]\ncontainer: ndjson\nrecord_key: [k]\n"   \
	"mode: append\ninterval: 60s\ntimeout: 20s\ncertainty: reported\n"     \
	"redistribution: full\nmap: t.jq\n"
#define JQ "{native: .v}"

static struct feed_room room;

static void
setup(void)
{
	log_level(LOG_ERR, LOG_ERR);
	feed_room_init(&room, YAML, JQ, 0);
}

static void
teardown(void)
{
	feed_room_free(&room);
}

TestSuite(fetch, .init = setup, .fini = teardown);

Test(fetch, a_body_becomes_notices)
{
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"
					  "{\"k\":2,\"v\":\"b\"}\n"));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.asks, 1);
	cr_assert_eq(room.begins, 1);
	cr_assert_eq(room.ends, 1);
	cr_assert_eq(room.polls, 1);
	cr_assert_eq(room.poll, POLL_NEW);
	cr_assert_eq(room.http, 200);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
	cr_assert_eq(room.records, 2);
	cr_assert_eq(room.notice_count, 2);
	cr_assert(str_contains(buf_str(&room.notices),
			       S("\"record\":\"2\"")));
	/* The next poll adds one record; only that is news. */
	buf_clear(&room.notices);
	net_sim_serve(room.net, S(URL), S("{\"k\":2,\"v\":\"b\"}\n"
					  "{\"k\":3,\"v\":\"c\"}\n"));
	feed_room_run(&room, 60000);
	cr_assert_eq(room.ends, 2);
	cr_assert_eq(room.notice_count, 1);
	cr_assert_eq(room.changed, 1);
	cr_assert(str_contains(buf_str(&room.notices),
			       S("\"record\":\"3\"")));
}

/* The same notices at every size of slice, across both roles. */
Test(fetch, at_every_slicing)
{
	struct str doc = S("{\"k\":1,\"v\":\"a}{\"}{\"k\":2,\"v\":\"\xC3\xA9\"}"
			   "\n\n{\"k\":3}\n");

	feed_room_free(&room);
	for (size_t n = 1; n < doc.n; n += 5) {
		feed_room_init(&room, YAML, JQ, 0);
		net_sim_slice(room.net, n);
		net_sim_serve(room.net, S(URL), doc);
		feed_room_run(&room, 4000);
		cr_assert_eq(room.notice_count, 3, "step %zu", n);
		cr_assert_eq(room.verdict, DOC_ACCEPTED);
		feed_room_free(&room);
	}
	feed_room_init(&room, YAML, JQ, 0);
}

#define URL2 "https://t.example/b"
#define SET                                                                    \
	"name: t\nurls: [\"" URL "\", \"" URL2 "\"]\ncontainer: csv\n"        \
	"record_key: [k]\nmode: snapshot\ninterval: 60s\ncertainty: reported\n" \
	"redistribution: full\nmap: t.jq\ncsv:\n  header: none\n"               \
	"  columns: [k, v]\njoin:\n  more: [k, w, x]\n"

/* Two files with different columns are one document over both roles. */
Test(fetch, files_are_told_apart_and_joined)
{
	feed_room_free(&room);
	feed_room_init(&room, SET,
		       "{native: .v, case_no: ([.more[]? | .w] | join(\"+\"))}",
		       0);
	net_sim_slice(room.net, 3);
	net_sim_serve(room.net, S(URL), S("1,a\n2,b"));
	net_sim_serve(room.net, S(URL2), S("2,x,-\n3,y,-\n2,z,-\n"));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.verdict, DOC_ACCEPTED, "%s: %s", room.guard,
		     room.detail);
	cr_assert_eq(room.notice_count, 2);
	cr_assert_eq(room.rejects, 1);
	cr_assert(str_contains(buf_str(&room.notices),
			       S("\"case_no\":\"x+z\"")));
	/* A second file that fails takes the first with it. */
	net_sim_serve(room.net, S(URL), S("1,c\n"));
	net_sim_status(room.net, S(URL2), 503);
	feed_room_run(&room, 60000);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert_eq(room.verdict, DOC_FORGOTTEN);
}

Test(fetch, not_modified_and_the_same_body)
{
	struct str doc = S("{\"k\":1,\"v\":\"a\"}\n");

	net_sim_serve(room.net, S(URL), doc);
	net_sim_etag(room.net, S(URL), S("\"one\""));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.poll, POLL_NEW);
	feed_room_run(&room, 60000);
	cr_assert_eq(room.polls, 2);
	cr_assert_eq(room.poll, POLL_UNCHANGED);
	cr_assert_eq(room.http, 304);
	cr_assert_eq(room.verdict, DOC_FORGOTTEN);
	cr_assert_eq(net_sim_unchanged(room.net, S(URL)), 1);
	/* Another tag, the same bytes: unchanged all the same. */
	net_sim_etag(room.net, S(URL), S("\"two\""));
	feed_room_run(&room, 60000);
	cr_assert_eq(room.polls, 3);
	cr_assert_eq(room.poll, POLL_UNCHANGED);
	cr_assert_eq(room.http, 200);
	cr_assert_eq(room.verdict, DOC_FORGOTTEN);
	cr_assert(str_eq(buf_str(&room.etag), S("\"two\"")));
	feed_room_run(&room, 60000);
	cr_assert_eq(net_sim_unchanged(room.net, S(URL)), 2);
	cr_assert_eq(room.notices.n > 0, true);
}

static void
fails(const char *detail)
{
	cr_assert_eq(room.polls, 1);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert(str_contains(str_of(room.detail), str_of(detail)), "%s",
		  room.detail);
	cr_assert_eq(room.ends, 1);
	cr_assert_eq(room.verdict, DOC_FORGOTTEN);
}

Test(fetch, statuses_and_breaks_fail)
{
	feed_room_run(&room, 4000);
	fails("HTTP status 404");
}

Test(fetch, a_page_of_errors_is_never_parsed)
{
	net_sim_serve(room.net, S(URL), S("{\"k\":1}\n"));
	net_sim_status(room.net, S(URL), 503);
	feed_room_run(&room, 4000);
	fails("HTTP status 503");
	cr_assert_eq(room.notices.n, 0);
	/* It is tried again sooner than in an interval. */
	feed_room_run(&room, 7000);
	cr_assert_eq(room.polls, 2);
}

Test(fetch, a_broken_body_is_forgotten)
{
	net_sim_serve(room.net, S(URL), S("{\"k\":1}\n{\"k\":2}\n"));
	net_sim_break(room.net, S(URL), 10);
	feed_room_run(&room, 4000);
	fails("connection reset");
}

Test(fetch, a_stalled_server_costs_its_own_timeout)
{
	net_sim_serve(room.net, S(URL), S("{\"k\":1}\n"));
	net_sim_stall(room.net, S(URL));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.asks, 1);
	cr_assert_eq(room.polls, 0);
	feed_room_run(&room, 20000);
	fails("timed out");
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	feed_room_run(&room, 10000);
	cr_assert_eq(room.poll, POLL_NEW);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
}

Test(fetch, a_refused_document_is_told_by_guard)
{
	net_sim_serve(room.net, S(URL), S("<html>sorry</html>"));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.poll, POLL_NEW);
	cr_assert_eq(room.verdict, DOC_REFUSED);
	cr_assert_str_eq(room.guard, "root");
}

Test(fetch, a_server_that_asks_to_wait_is_obeyed_within_reason)
{
	net_sim_serve(room.net, S(URL), S("x"));
	net_sim_status(room.net, S(URL), 503);
	net_sim_retry(room.net, S(URL), 600000);
	feed_room_run(&room, 4000);
	cr_assert_eq(room.polls, 1);
	cr_assert_eq(room.retry_ms, 600000, "core keeps it for a restart");
	cr_assert_gt(room.next_ms, room.sim.at.wall_ms + 590000);
	feed_room_run(&room, 590000);
	cr_assert_eq(room.polls, 1);
	/* Ten years are an hour, and the quarter that spreads us. */
	net_sim_retry(room.net, S(URL), 315360000000);
	feed_room_run(&room, 170000);
	cr_assert_eq(room.polls, 2);
	cr_assert_eq(room.retry_ms, SCHEDULE_RETRY_MS_MAX);
	cr_assert_gt(room.next_ms, room.sim.at.wall_ms + 3400000);
	cr_assert_leq(room.next_ms, room.sim.at.wall_ms + 4500000);
	feed_room_run(&room, 4500000);
	cr_assert_eq(room.polls, 3);
}

Test(fetch, a_wait_at_the_limit_and_beyond)
{
	static const int64_t asked[] = { SCHEDULE_RETRY_MS_MAX - 1,
					 SCHEDULE_RETRY_MS_MAX,
					 SCHEDULE_RETRY_MS_MAX + 1 };

	net_sim_serve(room.net, S(URL), S("x"));
	net_sim_status(room.net, S(URL), 503);
	for (unsigned i = 0; i < 3; i++) {
		net_sim_retry(room.net, S(URL), asked[i]);
		feed_room_run(&room, i == 0 ? 4000 : 4500000);
		cr_assert_eq(room.polls, i + 1);
		cr_assert_eq(room.retry_ms, i == 0 ? asked[0] : asked[1]);
	}
}

/* Parse died: its next document is weighed before it is read. */
Test(fetch, a_suspect_is_weighed_first)
{
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	room.flags = GO_CAREFUL;
	feed_room_run(&room, 4000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 2);
	cr_assert_eq(room.hashes, 1);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
	cr_assert_eq(room.notice_count, 1);
	cr_assert(str_eq(buf_str(&room.weighed), buf_str(&room.body_hash)));
	/* The one it died on is not read again... */
	buf_put(&room.bad_hash, buf_str(&room.weighed));
	buf_clear(&room.body_hash);
	feed_room_run(&room, 60000);
	cr_assert_eq(room.poll, POLL_QUARANTINED);
	cr_assert_eq(room.verdict, DOC_FORGOTTEN);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 3);
	/* ...until it changes. */
	net_sim_serve(room.net, S(URL), S("{\"k\":2,\"v\":\"a\"}\n"));
	feed_room_run(&room, 60000);
	cr_assert_eq(room.poll, POLL_NEW);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
}

Test(fetch, core_is_asked_again_when_it_is_silent)
{
	room.let_go = false;
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	feed_room_run(&room, 4000);
	cr_assert_eq(room.asks, 1);
	feed_room_run(&room, 5000);
	cr_assert_eq(room.asks, 2);
	room.let_go = true;
	feed_room_run(&room, 5100);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
	cr_assert_eq(room.ends, 1);
}

/* A document let go twice is polled once; both are answered. */
Test(fetch, two_answers_to_one_question)
{
	struct buf b;

	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	net_sim_stall(room.net, S(URL));
	feed_room_run(&room, 4000);
	buf_init(&b, 4096);
	buf_blob(&b, S("t"));
	buf_be64(&b, 77);
	for (int i = 0; i < 4; i++)
		buf_blob(&b, STR_NONE);
	buf_byte(&b, 0);
	buf_blob(&b, STR_NONE);
	cr_assert(link_send(room.core_fetch, MSG_POLL_GO, buf_str(&b), NULL,
			    0));
	feed_room_run(&room, 100);
	cr_assert_eq(room.polls, 1);
	cr_assert_eq(room.poll, POLL_FAILED);
	buf_free(&b);
}

Test(fetch, once_polls_everything_once_and_says_so)
{
	feed_room_free(&room);
	feed_room_init(&room, YAML, JQ, 1);
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	feed_room_run(&room, 200);
	cr_assert_eq(room.dones, 1);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
	feed_room_run(&room, 200000);
	cr_assert_eq(room.dones, 1);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
}

Test(fetch, nonsense_from_core_ends_the_role)
{
	int64_t wait = 0;

	cr_assert(link_send(room.core_fetch, MSG_NOTICE, S("x"), NULL, 0));
	cr_assert_eq(fetch_role.step(&room.fetch, room.sim.at, &wait),
		     ERR_PEER);
	cr_assert(link_send(room.core_parse, MSG_DOC_OPEN, S("x"), NULL, 0));
	cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
		     ERR_PEER);
}

/* ---- parse alone, where order and pressure matter ---- */

static void
bytes(uint64_t doc, struct str s)
{
	struct buf b;

	buf_init(&b, 8 + s.n);
	buf_be64(&b, doc);
	buf_put(&b, s);
	cr_assert(link_send(room.fetch.link[PEER_PARSE], MSG_DOC_BYTES,
			    buf_str(&b), NULL, 0));
	buf_free(&b);
}

static void
eof(uint64_t doc, uint8_t whole)
{
	struct buf b;

	buf_init(&b, 64);
	buf_be64(&b, doc);
	buf_byte(&b, whole);
	cr_assert(link_send(room.fetch.link[PEER_PARSE], MSG_DOC_EOF,
			    buf_str(&b), NULL, 0));
	buf_free(&b);
}

static void
open_doc(uint64_t doc, const char *feed)
{
	struct buf b;

	buf_init(&b, 256);
	buf_be64(&b, doc);
	buf_blob(&b, str_of(feed));
	buf_be64(&b, 1700000000000u);
	buf_byte(&b, 0);
	cr_assert(link_send(room.core_parse, MSG_DOC_OPEN, buf_str(&b), NULL,
			    0));
	buf_free(&b);
}

/* The test's own documents: fetch may not ask meanwhile. */
static void
parse_only(unsigned turns)
{
	struct instant now = room.sim.at;
	int64_t wait = 0;

	for (unsigned i = 0; i < turns; i++)
		cr_assert_eq(parse_role.step(&room.parse, now, &wait), ERR_OK);
	feed_room_run(&room, 0);
}

static unsigned
frames(uint8_t type)
{
	struct msg m;
	unsigned n = 0;

	while (link_take(room.core_parse, &m) == ERR_OK)
		n += m.type == type;
	return n;
}

Test(fetch, bytes_before_the_document_is_open_are_held)
{
	bytes(5, S("{\"k\":1,\"v\":\"a\"}\n"));
	eof(5, 1);
	parse_only(3);
	cr_assert_eq(frames(MSG_NOTICE), 0);
	open_doc(5, "t");
	parse_only(3);
	cr_assert_eq(frames(MSG_NOTICE), 1);
	/* Late bytes of a document that is gone harm nobody. */
	bytes(4, S("{\"k\":1}"));
	bytes(5, S("{\"k\":1}"));
	open_doc(6, "t");
	bytes(6, S("{\"k\":6,\"v\":\"a\"}\n"));
	eof(6, 1);
	parse_only(5);
	cr_assert_eq(frames(MSG_NOTICE), 1);
}

Test(fetch, an_unknown_feed_is_refused)
{
	struct msg m;
	struct rd r;

	open_doc(1, "who");
	bytes(1, S("x"));
	eof(1, 1);
	parse_only(3);
	cr_assert_eq(link_take(room.core_parse, &m), ERR_OK);
	cr_assert_eq(m.type, MSG_DOC_BEGIN);
	cr_assert_eq(link_take(room.core_parse, &m), ERR_OK);
	cr_assert_eq(m.type, MSG_DOC_END);
	r = rd_of(m.body);
	cr_assert_eq(rd_be64(&r), 1);
	cr_assert_eq(rd_u8(&r), DOC_REFUSED);
}

/* Core that does not read stops parse, and loses nothing. */
Test(fetch, pressure_reaches_back)
{
	enum { N = 40000 };
	struct buf b;
	unsigned got = 0;
	unsigned sent = 0;

	open_doc(1, "t");
	buf_init(&b, 4u << 20);
	for (int i = 0; i < N; i++)
		buf_printf(&b, "{\"k\":%d,\"v\":\"a\"}\n", i);
	parse_only(1);
	for (size_t at = 0; at < b.n;) {
		if (link_room(room.fetch.link[PEER_PARSE]) > 0) {
			struct str s = str_sub(buf_str(&b), at, MSG_CHUNK_MAX);

			bytes(1, s);
			at += s.n;
			sent++;
		}
		parse_only(1);
		if (link_room(room.core_parse) == 0 || sent % 7 == 0)
			got += frames(MSG_NOTICE);
	}
	eof(1, 1);
	for (int i = 0; i < 2000; i++) {
		parse_only(1);
		got += frames(MSG_NOTICE);
	}
	cr_assert_eq(got, N);
	buf_free(&b);
}

/* A clock by which whatever is done takes a while. */
static struct instant
slow_now(void *self)
{
	int64_t *ms = self;

	*ms += PARSE_STEP_MS / 2 + 1;
	return (struct instant){ *ms, *ms };
}

/*
 * A frame of 16 slices whose map is slow: parse comes back after a few of
 * them, so that pings are answered, and its slices become short.
 */
Test(fetch, a_slow_map_does_not_keep_the_others_waiting)
{
	struct clock sim = room.clock;
	int64_t ms = room.sim.at.mono_ms;
	unsigned quick;
	unsigned slow;
	unsigned n;
	struct buf b;

	buf_init(&b, MSG_CHUNK_MAX);
	for (unsigned i = 0; b.n < MSG_CHUNK_MAX - 40; i++)
		buf_printf(&b, "{\"k\":%u,\"v\":\"a\"}\n", i);
	open_doc(1, "t");
	bytes(1, buf_str(&b));
	parse_only(1);
	quick = frames(MSG_NOTICE);
	cr_assert_gt(quick, 2000);
	room.clock = (struct clock){ slow_now, &ms };
	open_doc(2, "t");
	bytes(2, buf_str(&b));
	room.sim.at.mono_ms = ms;
	parse_only(1);
	slow = frames(MSG_NOTICE);
	cr_assert_lt(slow, quick / 8, "%u of %u", slow, quick);
	for (n = 0; slow < quick && n < 2000; n++) {
		room.sim.at.mono_ms = ms;
		parse_only(1);
		slow += frames(MSG_NOTICE);
	}
	cr_assert_eq(slow, quick, "and nothing is lost");
	cr_assert_gt(n, MSG_CHUNK_MAX / PARSE_SLICE_MIN / 3, "short slices");
	room.clock = sim;
	open_doc(3, "t");
	bytes(3, buf_str(&b));
	parse_only(1);
	cr_assert_eq(frames(MSG_NOTICE), quick, "and long again");
	buf_free(&b);
}

/* What a document sends in one frame, and one byte more. */
Test(fetch, bytes_of_a_frame_at_the_limit_and_one_more)
{
	struct buf b;
	int64_t wait = 0;

	buf_init(&b, MSG_CHUNK_MAX + 1);
	while (b.n < MSG_CHUNK_MAX)
		buf_byte(&b, '\n');
	open_doc(1, "t");
	bytes(1, buf_str(&b));
	parse_only(2);
	eof(1, 1);
	parse_only(1);
	cr_assert_eq(frames(MSG_DOC_END), 1);
	buf_byte(&b, '\n');
	open_doc(2, "t");
	bytes(2, buf_str(&b));
	cr_assert_eq(parse_role.step(&room.parse, room.sim.at, &wait),
		     ERR_PEER);
	buf_free(&b);
}

Test(fetch, open_documents_at_the_limit_and_one_more)
{
	/* All of unknown feeds, so none replaces another. */
	for (uint64_t i = 1; i <= PARSE_DOCS_MAX; i++)
		open_doc(i, "who");
	parse_only(1);
	cr_assert_eq(frames(MSG_DOC_BEGIN), PARSE_DOCS_MAX);
	open_doc(PARSE_DOCS_MAX + 1, "who");
	parse_only(1);
	cr_assert_eq(frames(MSG_DOC_END), 1, "refused at once");
}

/* What cannot be kept is as if it had not been said: the next poll asks for
 * all of it. */
Test(fetch, validators_at_the_limit_and_one_more)
{
	static char t[FETCH_VALIDATOR_MAX + 1];

	memset(t, 't', sizeof(t));
	net_sim_serve(room.net, S(URL), S("{\"k\":1,\"v\":\"a\"}\n"));
	for (size_t more = 0; more < 2; more++) {
		struct str tag = { t, FETCH_VALIDATOR_MAX + more };

		net_sim_etag(room.net, S(URL), tag);
		feed_room_run(&room, more == 0 ? 4000 : 60000);
		cr_assert_eq(room.etag.n, more == 0 ? tag.n : 0);
		cr_assert_eq(net_sim_unchanged(room.net, S(URL)), 0);
	}
}
