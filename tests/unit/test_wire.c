/*
 * test_wire.c - every frame, against vectors made by another program.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "seal.h"
#include "wire.h"
#include "wire_vectors.h"

#define VECTOR_MAX 1024

/* The bytes of a vector, in a buffer of exactly that size behind p. */
static struct str
vector(const char *name, uint8_t *p)
{
	for (size_t i = 0; i < sizeof(wire_vectors) / sizeof(*wire_vectors);
	     i++) {
		struct str hex = str_of(wire_vectors[i].hex);

		if (strcmp(wire_vectors[i].name, name) != 0)
			continue;
		cr_assert(hex.n / 2 <= VECTOR_MAX);
		cr_assert_eq(str_to_bytes(hex, p, hex.n / 2), ERR_OK);
		return (struct str){ (char *)p, hex.n / 2 };
	}
	cr_assert_fail("no vector %s", name);
	return STR_NONE;
}

static void
put_is(const char *name, const struct wire_frame *f)
{
	uint8_t p[VECTOR_MAX];
	struct str want = vector(name, p);
	struct buf b;

	buf_init(&b, VECTOR_MAX);
	wire_put(&b, f);
	cr_assert_eq(b.err, ERR_OK);
	cr_assert(str_eq(buf_str(&b), want), "%s differs", name);
	buf_free(&b);
}

/* Reads the vector, every shorter and one longer frame. */
static struct wire_frame
get_client(const char *name, uint8_t *p)
{
	struct str s = vector(name, p);
	struct wire_frame f;
	struct diag d = { 0 };
	char longer[VECTOR_MAX + 1];

	cr_assert_eq(wire_get_client(s, &f, &d), ERR_OK, "%s: %s", name,
		     d.why);
	for (size_t n = 0; n < s.n; n++) {
		struct wire_frame g;
		char *cut = malloc(n + 1); /* ASan sees a read behind n */

		memcpy(cut, s.p, n);
		cr_assert_eq(wire_get_client((struct str){ cut, n }, &g,
					     NULL),
			     ERR_INPUT, "%s cut at %zu", name, n);
		free(cut);
	}
	memcpy(longer, s.p, s.n);
	longer[s.n] = 0;
	{
		struct wire_frame g;

		cr_assert_eq(wire_get_client((struct str){ longer, s.n + 1 },
					     &g, NULL),
			     ERR_INPUT, "%s with a byte more", name);
	}
	return f;
}

static struct wire_frame
get_server(const char *name, uint8_t *p)
{
	struct str s = vector(name, p);
	size_t min = s.p[0] == 'E' ? 3 : s.n; /* the text may be shorter */
	struct wire_frame f;
	char longer[VECTOR_MAX + 1];

	cr_assert_eq(wire_get_server(s, &f, NULL), ERR_OK, "%s", name);
	for (size_t n = 0; n < min; n++) {
		struct wire_frame g;

		cr_assert_eq(wire_get_server((struct str){ s.p, n }, &g, NULL),
			     ERR_INPUT, "%s cut at %zu", name, n);
	}
	memcpy(longer, s.p, s.n);
	longer[s.n] = 'x';
	{
		struct wire_frame g;

		cr_assert_eq(wire_get_server((struct str){ longer, s.n + 1 },
					     &g, NULL),
			     ERR_OK, "%s may grow", name);
	}
	return f;
}

Test(wire, hello)
{
	uint8_t p[VECTOR_MAX];
	struct wire_frame f = get_client("HELLO", p);

	cr_assert_eq(f.letter, WIRE_HELLO);
	cr_assert_eq(f.u.hello.version, 1);
	cr_assert_eq(f.u.hello.credit, 100);
	cr_assert_eq(f.u.hello.epoch, 0);
	cr_assert_eq(f.u.hello.after_seq, WIRE_CURSOR);
	cr_assert_eq(f.u.hello.stream.n, 0);
	cr_assert(str_eq(f.u.hello.consumer, S("tail")));
	put_is("HELLO", &f);
	f = get_client("HELLO full", p);
	cr_assert_eq(f.u.hello.credit, 8);
	cr_assert_eq(f.u.hello.epoch, 3);
	cr_assert_eq(f.u.hello.after_seq, 41);
	cr_assert(str_eq(f.u.hello.stream, S("EX-SZ-001")));
	cr_assert(str_eq(f.u.hello.consumer, S("gw-1.a")));
	cr_assert(str_eq(f.u.hello.filter, S("severity=HIGH;country=AE,SA")));
	put_is("HELLO full", &f);
}

Test(wire, hello_of_another_version_is_told_apart)
{
	uint8_t p[VECTOR_MAX];
	struct str s = vector("HELLO", p);
	struct wire_frame f;

	p[1] = 2;
	cr_assert_eq(wire_get_client(s, &f, NULL), ERR_REFUSED);
	s.n = 2; /* whatever version 2 looks like behind its number */
	cr_assert_eq(wire_get_client(s, &f, NULL), ERR_REFUSED);
}

Test(wire, ack_nack_snap)
{
	uint8_t p[VECTOR_MAX];
	struct wire_frame f = get_client("ACK", p);

	cr_assert_eq(f.u.ack.epoch, 3);
	cr_assert_eq(f.u.ack.cum_seq, 42);
	cr_assert_eq(f.u.ack.add_credit, 1);
	put_is("ACK", &f);
	f = get_client("NACK", p);
	cr_assert_eq(f.u.nack.seq, 42);
	cr_assert_eq(f.u.nack.code, 1);
	cr_assert_eq(f.u.nack.retry_ms, 5000);
	put_is("NACK", &f);
	f = get_client("SNAP", p);
	cr_assert_eq(f.u.snap.epoch, 3);
	put_is("SNAP", &f);
}

Test(wire, state)
{
	uint8_t p[VECTOR_MAX];
	struct wire_frame f = get_client("STATE delivered", p);

	cr_assert_eq(f.u.state.state, WIRE_DELIVERED);
	cr_assert_eq(f.u.state.at_us, 1672103523214000u);
	cr_assert(str_eq(f.u.state.actor, S("desk-7")));
	cr_assert_eq(f.u.state.code.n, 0);
	put_is("STATE delivered", &f);
	f = get_client("STATE acted", p);
	cr_assert_eq(f.u.state.state, WIRE_ACTED);
	cr_assert(str_eq(f.u.state.code, S("A_ORDER_REPORT")));
	put_is("STATE acted", &f);
	f = get_client("STATE snoozed", p);
	cr_assert_eq(f.u.state.state, WIRE_SNOOZED);
	cr_assert(str_eq(f.u.state.code, S("2023-01-09")));
	put_is("STATE snoozed", &f);
}

static enum err
state_get(uint8_t state, struct str actor, struct str code)
{
	struct wire_frame f = {
		.letter = WIRE_STATE,
		.u.state = { .epoch = 1, .seq = 1, .state = state,
			     .actor = actor, .code = code },
	};
	struct wire_frame g;
	struct buf b;
	enum err err;

	buf_init(&b, VECTOR_MAX);
	wire_put(&b, &f);
	err = wire_get_client(buf_str(&b), &g, NULL);
	buf_free(&b);
	return err;
}

Test(wire, state_and_its_code_fit)
{
	char actor[WIRE_ACTOR_MAX + 1];
	char code[WIRE_CODE_MAX + 1];

	memset(actor, 'a', sizeof(actor));
	memset(code, 'A', sizeof(code));
	cr_assert_eq(state_get(1, STR_NONE, STR_NONE), ERR_OK);
	cr_assert_eq(state_get(0, STR_NONE, STR_NONE), ERR_INPUT);
	cr_assert_eq(state_get(9, STR_NONE, STR_NONE), ERR_INPUT);
	cr_assert_eq(state_get(3, STR_NONE, S("X")), ERR_INPUT);
	cr_assert_eq(state_get(6, STR_NONE, STR_NONE), ERR_INPUT);
	cr_assert_eq(state_get(6, STR_NONE, S("a_lower")), ERR_INPUT);
	cr_assert_eq(state_get(7, STR_NONE, S("2022-12-30")), ERR_OK);
	cr_assert_eq(state_get(7, STR_NONE, S("2022-12-3")), ERR_INPUT);
	cr_assert_eq(state_get(7, STR_NONE, S("2022/12/30")), ERR_INPUT);
	cr_assert_eq(state_get(8, STR_NONE, S("mail bounced")), ERR_OK);
	cr_assert_eq(state_get(8, STR_NONE, S("\xff")), ERR_INPUT);
	cr_assert_eq(state_get(3, (struct str){ actor, WIRE_ACTOR_MAX },
			       STR_NONE),
		     ERR_OK);
	cr_assert_eq(state_get(3, (struct str){ actor, WIRE_ACTOR_MAX + 1 },
			       STR_NONE),
		     ERR_INPUT);
	cr_assert_eq(state_get(6, STR_NONE,
			       (struct str){ code, WIRE_CODE_MAX }),
		     ERR_OK);
	cr_assert_eq(state_get(6, STR_NONE,
			       (struct str){ code, WIRE_CODE_MAX + 1 }),
		     ERR_INPUT);
}

Test(wire, ping_bye)
{
	uint8_t p[VECTOR_MAX];
	struct wire_frame f = get_client("PING", p);

	cr_assert_eq(f.u.ping.nonce, 0x0102030405060708u);
	put_is("PING", &f);
	f = get_client("BYE", p);
	put_is("BYE", &f);
}

Test(wire, server_frames)
{
	uint8_t p[VECTOR_MAX];
	struct wire_frame f = get_server("WELCOME", p);

	cr_assert_eq(f.u.welcome.version, 1);
	cr_assert_eq(f.u.welcome.epoch, 3);
	cr_assert_eq(f.u.welcome.oldest_seq, 1);
	cr_assert_eq(f.u.welcome.head_seq, 42);
	cr_assert_eq(f.u.welcome.hb_ms, 5000);
	cr_assert_eq(f.u.welcome.max_credit, 1000);
	cr_assert_eq(f.u.welcome.sign_keyid, 0xB6E8);
	cr_assert(str_eq(f.u.welcome.stream, S("EX-SZ-001")));
	cr_assert_eq(f.u.welcome.after_seq, 41);
	put_is("WELCOME", &f);
	f = get_server("BEAT", p);
	cr_assert_eq(f.u.beat.head_seq, 42);
	cr_assert_eq(f.u.beat.time_us, 1672103523214000u);
	put_is("BEAT", &f);
	f = get_server("PONG", p);
	cr_assert_eq(f.letter, WIRE_PONG);
	cr_assert_eq(f.u.ping.nonce, 0x0102030405060708u);
	put_is("PONG", &f);
	f = get_server("STATEOK", p);
	cr_assert_eq(f.u.stateok.seq, 42);
	cr_assert_eq(f.u.stateok.state, 6);
	put_is("STATEOK", &f);
	f = get_server("SKIP", p);
	cr_assert_eq(f.u.skip.first_seq, 43);
	cr_assert_eq(f.u.skip.last_seq, 45);
	put_is("SKIP", &f);
	f = get_server("GONE", p);
	cr_assert_eq(f.u.gone.oldest_seq, 40);
	put_is("GONE", &f);
	f = get_server("SNAPEND", p);
	cr_assert_eq(f.u.snapend.as_of_seq, 42);
	put_is("SNAPEND", &f);
	f = get_server("ERROR", p);
	cr_assert_eq(f.u.error.code, 4002);
	cr_assert(str_eq(f.u.error.text, S("HELLO first")));
	put_is("ERROR", &f);
	f = get_server("ERROR about", p);
	cr_assert_eq(f.u.error.code, WIRE_E_BEYOND);
	cr_assert(
	    str_eq(f.u.error.text, S("R 43 6: beyond what was sent")));
	put_is("ERROR about", &f);
}

Test(wire, unknown_letters_are_refused)
{
	for (int c = 0; c < 256; c++) {
		char p[1] = { (char)c };
		struct wire_frame f;

		if (strchr("HKNSRPB", c) == NULL || c == 0)
			cr_assert_eq(wire_get_client((struct str){ p, 1 }, &f,
						     NULL),
				     ERR_INPUT);
		cr_assert_eq(wire_get_server((struct str){ p, 1 }, &f, NULL),
			     ERR_INPUT);
	}
}

Test(wire, header)
{
	uint8_t p[VECTOR_MAX];
	struct str s = vector("ALERT header", p);
	struct wire_header h;
	struct buf b;

	cr_assert_eq(s.n, WIRE_HEADER_SIZE);
	cr_assert_eq(wire_get_header(s, &h, NULL), ERR_OK);
	cr_assert_eq(h.type, WIRE_FIRST);
	cr_assert_eq(h.flags, WIRE_REDELIVERED);
	cr_assert_eq(h.severity, 4);
	cr_assert_eq(h.epoch, 3);
	cr_assert_eq(h.seq, 42);
	cr_assert_eq(h.time_us, 1672103523214000u);
	buf_init(&b, 64);
	wire_put_header(&b, &h);
	cr_assert(str_eq(buf_str(&b), s));
	buf_free(&b);
	for (size_t n = 0; n < s.n; n++)
		cr_assert_eq(wire_get_header((struct str){ s.p, n }, &h,
					     NULL),
			     ERR_INPUT);
}

static enum err
header_with(size_t at, uint8_t v)
{
	uint8_t p[VECTOR_MAX];
	struct str s = vector("ALERT header", p);
	struct wire_header h;

	p[at] = v;
	return wire_get_header(s, &h, NULL);
}

Test(wire, header_fields_have_ranges)
{
	uint8_t p[VECTOR_MAX];
	struct str s = vector("ALERT header", p);
	struct wire_header h;

	cr_assert_eq(header_with(0, 0xCB), ERR_INPUT);
	cr_assert_eq(header_with(2, 0), ERR_INPUT);
	cr_assert_eq(header_with(2, 4), ERR_OK);
	cr_assert_eq(header_with(2, 5), ERR_INPUT);
	cr_assert_eq(header_with(3, 3), ERR_OK);
	cr_assert_eq(header_with(3, 4), ERR_INPUT);
	cr_assert_eq(header_with(4, 1), ERR_INPUT);
	cr_assert_eq(header_with(5, 0), ERR_INPUT);
	cr_assert_eq(header_with(5, 5), ERR_INPUT);
	cr_assert_eq(WIRE_BODY_MAX, 0x00010000);
	memcpy(p + 32, "\x00\x01\x00\x00", 4);
	cr_assert_eq(wire_get_header(s, &h, NULL), ERR_OK, "65,536 is allowed");
	memcpy(p + 32, "\x00\x01\x00\x01", 4);
	cr_assert_eq(wire_get_header(s, &h, NULL), ERR_LIMIT);
	memcpy(p + 32, "\x00\x00\x00\x00", 4);
	cr_assert_eq(wire_get_header(s, &h, NULL), ERR_INPUT);
}

Test(wire, consumers_and_streams)
{
	char c[WIRE_CONSUMER_MAX + 1];

	memset(c, 'x', sizeof(c));
	cr_assert(wire_consumer_ok(STR_NONE));
	cr_assert(wire_consumer_ok(S("Ab.9_-")));
	cr_assert(!wire_consumer_ok(S("a b")));
	cr_assert(!wire_consumer_ok(S("a/b")));
	cr_assert(wire_consumer_ok((struct str){ c, WIRE_CONSUMER_MAX }));
	cr_assert(!wire_consumer_ok((struct str){ c, WIRE_CONSUMER_MAX + 1 }));
	cr_assert(wire_stream_ok(S("*")));
	cr_assert(wire_stream_ok(S("EX-1")));
	cr_assert(wire_stream_ok(S("@gw")));
	cr_assert(!wire_stream_ok(S("@")));
	cr_assert(!wire_stream_ok(S("a.b")));
	cr_assert(!wire_stream_ok(STR_NONE));
}

Test(wire, routing_ids)
{
	char id[WIRE_ROUTING_MAX + 1];

	memset(id, 'r', sizeof(id));
	cr_assert(!wire_routing_ok((struct str){ id, WIRE_ROUTING_MIN - 1 }));
	cr_assert(wire_routing_ok((struct str){ id, WIRE_ROUTING_MIN }));
	cr_assert(wire_routing_ok((struct str){ id, WIRE_ROUTING_MAX }));
	cr_assert(!wire_routing_ok((struct str){ id, WIRE_ROUTING_MAX + 1 }));
	id[0] = 0;
	cr_assert(!wire_routing_ok((struct str){ id, WIRE_ROUTING_MIN }));
}

static enum err
filter_of(const char *z)
{
	struct wire_filter f;

	return wire_get_filter(str_of(z), &f, NULL);
}

Test(wire, filters)
{
	static const char *const bad[] = { "severity", "severity=",
		"severity=loud", "severity=HIGH;", ";severity=HIGH",
		"colour=red", "country=AE,", "country=,AE", "country=AE,,SA",
		"country=AE;country=SA", "severity=HIGH;severity=INFO",
		"country=A E", "=AE", "country==AE" };
	char big[WIRE_FILTER_MAX + 2];
	struct wire_filter f;

	cr_assert_eq(wire_get_filter(STR_NONE, &f, NULL), ERR_OK);
	cr_assert_eq(f.severity_min, 0);
	cr_assert(wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("XX")));
	cr_assert_eq(wire_get_filter(S("severity=high;country=AE,SA"), &f,
				     NULL),
		     ERR_OK);
	cr_assert_eq(f.severity_min, 3);
	cr_assert(wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("SA")));
	cr_assert(!wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("S")));
	cr_assert(!wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("US")));
	cr_assert_eq(wire_get_filter(S("severity=CRITICAL,MEDIUM"), &f, NULL),
		     ERR_OK);
	cr_assert_eq(f.severity_min, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_neq(filter_of(bad[i]), ERR_OK, "%s", bad[i]);
	memset(big, 'X', sizeof(big));
	memcpy(big, "kind=", 5);
	cr_assert_eq(wire_get_filter((struct str){ big, 5 +
						   WIRE_FILTER_VALUE_MAX },
				     &f, NULL), ERR_OK);
	cr_assert_eq(wire_get_filter((struct str){ big, 5 + 1 +
						   WIRE_FILTER_VALUE_MAX },
				     &f, NULL), ERR_INPUT);
	for (size_t i = 57; i < WIRE_FILTER_MAX - 1; i += 53)
		big[i] = ',';
	cr_assert_eq(wire_get_filter((struct str){ big, WIRE_FILTER_MAX }, &f,
				     NULL),
		     ERR_OK);
	cr_assert_eq(wire_get_filter((struct str){ big, WIRE_FILTER_MAX + 1 },
				     &f, NULL),
		     ERR_LIMIT);
}

Test(wire, the_documents_vectors_are_these)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	if (buf_read_file(&b, "docs/WIRE.md") != ERR_OK)
		cr_skip_test("docs/WIRE.md is not here");
	for (size_t i = 0; i < sizeof(wire_vectors) / sizeof(*wire_vectors);
	     i++)
		cr_assert(str_contains(buf_str(&b),
				       str_of(wire_vectors[i].hex)),
			  "%s", wire_vectors[i].name);
	cr_assert(str_contains(buf_str(&b), str_of(wire_capub1)));
	cr_assert(str_contains(buf_str(&b), str_of(wire_casrv1)));
	buf_free(&b);
}
