/*
 * test_stream.c - a response that never ends: fetch and parse together, with
 * core's part played by the test.
 */
#include <criterion/criterion.h>

#include "feed_room.h"
#include "log.h"
#include "split.h"
#include "stream.h"

#define URL "https://t.example/s"
#define YAML                                                                   \
	"name: t\nstream: " URL "\nmode: stream\ncontainer: ndjson\n"         \
	"cursor:\n  field: e.at\n  parameter: from\nrecord_key: [k, e.at]\n"  \
	"idle: 60s\nquiet_after: 1h\ninterval: 10s\ncertainty: reported\n"    \
	"redistribution: full\nmap: t.jq\n"
#define JQ "{native: .v}"
#define R(n) "{\"k\":\"k\",\"e\":{\"at\":" #n "},\"v\":\"a\"}\n"

static struct feed_room room;

static void
setup(void)
{
	log_level(LOG_ERR, LOG_ERR);
	feed_room_init(&room, YAML, JQ, 0);
	net_sim_serve(room.net, S(URL), STR_NONE);
	net_sim_stream(room.net, S(URL));
}

static void
teardown(void)
{
	feed_room_free(&room);
}

TestSuite(stream, .init = setup, .fini = teardown);

static void
says(const char *bytes)
{
	net_sim_send(room.net, S(URL), str_of(bytes));
}

static unsigned
notices(void)
{
	struct str s = buf_str(&room.notices);
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static bool
stands_at(const char *cursor)
{
	return str_eq(buf_str(&room.cursor), str_of(cursor));
}

Test(stream, a_record_is_decided_at_once)
{
	feed_room_run(&room, 4000);
	/* It answered: that is a good poll without a document. */
	cr_assert_eq(room.polls, 1);
	cr_assert_eq(room.poll, POLL_UNCHANGED);
	cr_assert_eq(room.accepted, 0);
	says(R(5));
	feed_room_run(&room, 100);
	cr_assert_eq(room.accepted, 1);
	cr_assert_eq(notices(), 1);
	cr_assert(stands_at("5"));
	/* Many in a second are one document. */
	says(R(6));
	says(R(7));
	feed_room_run(&room, 500);
	cr_assert_eq(room.accepted, 1);
	says(R(8));
	feed_room_run(&room, FETCH_SLICE_MS);
	cr_assert_eq(room.accepted, 2);
	cr_assert_eq(room.records, 3);
	cr_assert(stands_at("8"));
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
}

Test(stream, half_a_line_waits)
{
	feed_room_run(&room, 4000);
	says("{\"k\":\"k\",\"e\":{\"at\":1},");
	feed_room_run(&room, 3000);
	cr_assert_eq(room.accepted, 0);
	says("\"v\":\"}{\"}{\"k\":\"k\",\"e\":{\"at\":2},\"v\":\"b\"}\r\n\r\n{");
	feed_room_run(&room, 3000);
	cr_assert_eq(notices(), 2);
	cr_assert_eq(room.rejects, 0);
	cr_assert(stands_at("2"));
}

Test(stream, it_goes_on_from_the_cursor)
{
	feed_room_run(&room, 4000);
	cr_assert_eq(net_sim_query(room.net, S(URL)).n, 0);
	says(R(41) R(42) "{\"k\":\"k\",\"e\":{\"at\":43");
	net_sim_hangup(room.net, S(URL), "connection reset");
	feed_room_run(&room, 3000);
	/* What was whole was decided, and the break was told. */
	cr_assert_eq(notices(), 2);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert_str_eq(room.detail, "connection reset");
	feed_room_run(&room, 10000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 2);
	cr_assert(str_eq(net_sim_query(room.net, S(URL)), S("from=42")));
	cr_assert_eq(room.poll, POLL_UNCHANGED);
	/* The seam: the last one again is the same. */
	says(R(42) R(43));
	feed_room_run(&room, 2000);
	cr_assert_eq(notices(), 3);
	cr_assert_eq(room.records, 2);
	cr_assert_eq(room.changed, 1);
	cr_assert(stands_at("43"));
}

Test(stream, an_orderly_end_is_no_failure)
{
	feed_room_run(&room, 4000);
	says(R(1));
	net_sim_hangup(room.net, S(URL), "");
	feed_room_run(&room, 2000);
	cr_assert_eq(room.failed, 0);
	feed_room_run(&room, 12000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 2);
}

Test(stream, the_cursor_only_goes_forward)
{
	feed_room_run(&room, 4000);
	says(R(10) R(3) R(9) "{\"k\":\"k\",\"e\":{\"at\":\"x\"},\"v\":\"a\"}\n"
			     "{\"k\":\"k\",\"e\":{\"at\":99999999999999999999},"
			     "\"v\":\"a\"}\n");
	feed_room_run(&room, 2000);
	cr_assert_eq(notices(), 5);
	cr_assert(stands_at("10"));
}

Test(stream, garbage_is_one_reject)
{
	feed_room_run(&room, 4000);
	says(R(1));
	feed_room_run(&room, 2000);
	says("<b>sorry</b>\n" R(2) "[1,2]\n");
	feed_room_run(&room, 2000);
	cr_assert_eq(room.accepted, 2);
	cr_assert_eq(room.records, 3);
	cr_assert_eq(room.rejects, 2);
	says("nonsense\n");
	feed_room_run(&room, 2000);
	cr_assert_eq(room.verdict, DOC_ACCEPTED);
	cr_assert_eq(room.rejects, 1);
	cr_assert(stands_at("2"));
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
}

Test(stream, a_page_instead_of_a_stream_fails)
{
	feed_room_run(&room, 4000);
	says("\n<html>log in</html>\n");
	feed_room_run(&room, 2000);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert_str_eq(room.detail, "does not begin with an object");
	cr_assert_eq(room.accepted, 0);
}

Test(stream, heartbeats_keep_it_good_and_silence_ends_it)
{
	feed_room_run(&room, 4000);
	for (int i = 0; i < 20; i++) {
		says("\r\n");
		feed_room_run(&room, 10000);
	}
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
	cr_assert_eq(room.failed, 0);
	cr_assert_gt(room.polls, 8);
	feed_room_run(&room, 51000);
	cr_assert_eq(room.failed, 1);
	cr_assert(str_contains(str_of(room.detail), S("heartbeat")));
	/* Back-off, then again. */
	feed_room_run(&room, 10000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 2);
}

Test(stream, heartbeats_alone_prove_nothing_for_ever)
{
	unsigned good;

	feed_room_run(&room, 4000);
	for (int i = 0; i < 400; i++) {
		says("\n");
		feed_room_run(&room, 10000);
	}
	/* After an hour it is told, and its answer alone is not good. */
	cr_assert_gt(room.failed, 0);
	cr_assert(str_contains(str_of(room.detail), S("quiet_after")));
	good = room.polls - room.failed;
	for (int i = 0; i < 100; i++) {
		says("\n");
		feed_room_run(&room, 10000);
	}
	cr_assert_eq(room.polls - room.failed, good);
	/* A record mends it. */
	says(R(1));
	feed_room_run(&room, 2000);
	cr_assert_eq(room.poll, POLL_NEW);
	cr_assert_eq(notices(), 1);
}

Test(stream, a_server_that_closes_at_once_is_left_alone)
{
	net_sim_serve(room.net, S(URL), STR_NONE); /* ends at once */
	feed_room_run(&room, 3600000);
	cr_assert_leq(net_sim_requests(room.net, S(URL)), 20);
	cr_assert_geq(net_sim_requests(room.net, S(URL)), 8);
	cr_assert_str_eq(room.detail, "closed at once");
	cr_assert_gt(room.next_ms, room.sim.at.wall_ms);
}

Test(stream, who_says_stop_is_obeyed)
{
	net_sim_status(room.net, S(URL), 429);
	feed_room_run(&room, 4000);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert_eq(room.http, 429);
	cr_assert_geq(room.next_ms, room.sim.at.wall_ms + FETCH_SHY_MS - 4000);
	feed_room_run(&room, FETCH_SHY_MS - 5000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
	feed_room_run(&room, 90000);
	cr_assert_geq(net_sim_requests(room.net, S(URL)), 2);
}

Test(stream, a_place_too_old_is_told)
{
	buf_put(&room.cursor, S("7"));
	net_sim_status(room.net, S(URL), 416);
	feed_room_run(&room, 4000);
	cr_assert(str_eq(net_sim_query(room.net, S(URL)), S("from=7")));
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert_eq(room.http, 416);
}

Test(stream, refused_records_are_asked_for_again)
{
	feed_room_run(&room, 4000);
	says(R(1));
	feed_room_run(&room, 2000);
	room.flags = GO_REFUSED; /* core says: it did not stand */
	says(R(2));
	feed_room_run(&room, 2000);
	cr_assert_eq(room.poll, POLL_FAILED);
	cr_assert(str_contains(str_of(room.detail), S("refused")));
	feed_room_run(&room, 10000);
	cr_assert(str_eq(net_sim_query(room.net, S(URL)), S("from=1")));
	/* Its answer alone does not mend it. */
	cr_assert_eq(room.poll, POLL_FAILED);
	room.flags = 0;
	says(R(1) R(2));
	feed_room_run(&room, 2000);
	cr_assert(stands_at("2"));
	cr_assert_eq(notices(), 2);
}

Test(stream, after_a_death_one_line_is_a_document)
{
	feed_room_run(&room, 4000);
	room.flags = GO_CAREFUL;
	says(R(1) R(2) R(3));
	feed_room_run(&room, 2000);
	cr_assert_eq(room.accepted, 3);
	cr_assert_eq(room.hashes, 3);
	/* The last one is known to be bad: it is passed over. */
	buf_put(&room.bad_hash, buf_str(&room.weighed));
	net_sim_send(room.net, S(URL), S(R(3) R(4)));
	feed_room_run(&room, 2000);
	cr_assert_eq(room.accepted, 4);
	cr_assert(stands_at("4"));
	cr_assert_eq(room.records, 1);
}

Test(stream, a_parse_that_died_costs_a_new_connection)
{
	feed_room_run(&room, 4000);
	says(R(1));
	feed_room_run(&room, 2000);
	says(R(2));
	fetch_role.relink(&room.fetch, PEER_PARSE);
	feed_room_run(&room, 10000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 2);
	cr_assert(str_eq(net_sim_query(room.net, S(URL)), S("from=1")));
}

Test(stream, core_that_is_silent_holds_the_server)
{
	struct buf b;

	feed_room_run(&room, 4000);
	room.let_go = false;
	buf_init(&b, 8u << 20);
	for (int i = 1; i <= 20000; i++)
		buf_printf(&b,
			   "{\"k\":\"k\",\"e\":{\"at\":%d},\"v\":\"a\","
			   "\"pad\":\"%080d\"}\n",
			   i, i);
	net_sim_send(room.net, S(URL), buf_str(&b));
	feed_room_run(&room, 300000);
	cr_assert_eq(room.accepted, 0);
	cr_assert_eq(room.failed, 0, "%s", room.detail);
	room.let_go = true;
	for (int i = 0; i < 100 && !stands_at("20000"); i++)
		feed_room_run(&room, 1000);
	cr_assert(stands_at("20000"));
	cr_assert_eq(notices(), 20000);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
	buf_free(&b);
}

Test(stream, once_takes_what_comes_and_ends)
{
	feed_room_free(&room);
	feed_room_init(&room, YAML, JQ, 1);
	net_sim_serve(room.net, S(URL), S(R(1) R(2)));
	net_sim_stream(room.net, S(URL));
	feed_room_run(&room, 8000);
	cr_assert_eq(notices(), 2);
	cr_assert_eq(room.dones, 1);
	cr_assert_eq(net_sim_requests(room.net, S(URL)), 1);
}

/* ---- the lines alone ---- */

static const struct instant AT = { 1000, 1700000000000 };

static enum err
push(struct stream *s, struct str bytes, size_t size)
{
	struct diag d = { 0 };
	enum err err = ERR_OK;

	for (size_t i = 0; i < bytes.n && err == ERR_OK; i += size)
		err = stream_push(s, str_sub(bytes, i, size), AT, &d);
	return err;
}

static struct str
fill(struct buf *b, char c, size_t n)
{
	buf_init(b, n + 16);
	for (size_t i = 0; i < n; i++)
		buf_byte(b, (uint8_t)c);
	return buf_str(b);
}

/* Every slicing of the bytes gives the same lines. */
Test(stream, lines_at_every_slicing)
{
	struct str doc = S("\n\r\n{\"a\":1}\r\n \n{\"b\":2}{\"c\":3}\nx\n{");
	struct str want = S("{\"a\":1}\r\n{\"b\":2}{\"c\":3}\nx\n");

	for (size_t n = 1; n <= doc.n; n++) {
		struct stream s;
		unsigned lines = 0;
		struct str got;

		stream_init(&s, AT);
		cr_assert_eq(push(&s, doc, n), ERR_OK);
		got = stream_slice(&s, STREAM_SLICE_LINES, &lines);
		cr_assert(str_eq(got, want), "step %zu: %.*s", n,
			  STR_ARG(got));
		cr_assert_eq(lines, 3);
		stream_taken(&s, got, lines);
		cr_assert_eq(s.lines, 0);
		cr_assert_eq(s.bytes.n, 1);
		stream_free(&s);
	}
}

Test(stream, a_line_at_its_limit_and_beyond)
{
	struct stream s;
	struct buf b;
	unsigned lines = 0;
	struct str got;

	stream_init(&s, AT);
	fill(&b, '{', STREAM_LINE_MAX);
	cr_assert_eq(b.n, STREAM_LINE_MAX);
	cr_assert_eq(push(&s, buf_str(&b), 65536), ERR_OK);
	cr_assert_eq(s.lines, 0);
	cr_assert_eq(push(&s, S("\n"), 1), ERR_OK);
	cr_assert_eq(s.lines, 1);
	stream_restart(&s, AT);
	buf_byte(&b, '{');
	cr_assert_eq(push(&s, buf_str(&b), 65536), ERR_OK);
	cr_assert_eq(s.lines, 1);
	/* The rest of it is dropped; the next line is whole. */
	cr_assert_eq(push(&s, S("rest of it\n{}\n"), 3), ERR_OK);
	got = stream_slice(&s, STREAM_SLICE_LINES, &lines);
	cr_assert_eq(lines, 1, "one line over the slice's bytes is alone");
	cr_assert_gt(got.n, SPLIT_RECORD_MAX);
	stream_taken(&s, got, lines);
	got = stream_slice(&s, STREAM_SLICE_LINES, &lines);
	cr_assert(str_eq(got, S("{}\n")));
	buf_free(&b);
	stream_free(&s);
}

Test(stream, a_line_that_never_ends)
{
	struct stream s;
	struct buf b;
	enum err err = ERR_OK;
	size_t n = 0;

	stream_init(&s, AT);
	fill(&b, '{', 1u << 20);
	for (; err == ERR_OK && n < STREAM_SKIP_MAX >> 20; n++)
		err = push(&s, buf_str(&b), 65536);
	cr_assert_eq(err, ERR_OK);
	cr_assert_eq(s.skipped, STREAM_SKIP_MAX);
	cr_assert_eq(push(&s, S("{"), 1), ERR_LIMIT);
	buf_free(&b);
	stream_free(&s);
}

Test(stream, heartbeats_at_their_limit_and_beyond)
{
	struct stream s;
	struct buf b;
	struct diag d = { 0 };

	stream_init(&s, AT);
	fill(&b, '\n', STREAM_BLANK_MAX);
	cr_assert_eq(b.n, STREAM_BLANK_MAX);
	cr_assert_eq(push(&s, buf_str(&b), 4096), ERR_OK);
	cr_assert_eq(push(&s, S("\n"), 1), ERR_LIMIT);
	stream_restart(&s, AT);
	cr_assert_eq(push(&s, buf_str(&b), 4096), ERR_OK);
	/* A while later it is another window. */
	cr_assert_eq(stream_push(&s, S("\n"),
				 (struct instant){ 1001 + STREAM_BLANK_MS, 0 },
				 &d),
		     ERR_OK);
	cr_assert_eq(s.bytes.n, 0);
	buf_free(&b);
	stream_free(&s);
}
