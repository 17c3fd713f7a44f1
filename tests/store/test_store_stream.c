/*
 * Goal: the log that subscribers read keeps its contract on both backends:
 * sequences, signatures, snapshots, cursors, keys and evidence.
 */
#include <stdio.h>
#include <string.h>

#include "store_fixture.h"
#include "store_priv.h"

static struct entry
an_entry(const char *stream, const char *alert, int revision)
{
	return (struct entry){
		.stream = str_of(stream),
		.type = revision == 1 ? 1 : 2,
		.severity = 4,
		.time_us = 1672103523214000u,
		.alert_id = str_of(alert),
		.revision = revision,
		.body = S("{\"a\":1}"),
		.key_id = -1,
	};
}

STORE_TEST(sequences_are_gapless_per_stream)
{
	uint64_t oldest = 9;
	uint64_t head = 9;
	uint64_t epoch = 0;
	struct entry *out = NULL;
	size_t count = 0;

	ok(store_epoch(f->s, &epoch));
	cr_assert_eq(epoch, 1);
	ok(store_stream_range(f->s, S("EXP1"), &oldest, &head));
	cr_assert(oldest == 0 && head == 0);
	for (int i = 0; i < 6; i++) {
		struct entry e = an_entry(i % 2 == 0 ? "EXP1" : "EXP2", "a1",
					  1 + i);

		ok(store_begin(f->s));
		ok(store_entry_append(f->s, &e));
		cr_assert_eq(e.seq, (uint64_t)(1 + i / 2));
		cr_assert_eq(e.epoch, 1);
		ok(store_commit(f->s));
		/* A decision that did not happen takes no number. */
		ok(store_begin(f->s));
		ok(store_entry_append(f->s, &e));
		store_rollback(f->s);
	}
	ok(store_stream_range(f->s, S("EXP1"), &oldest, &head));
	cr_assert(oldest == 1 && head == 3);
	ok(store_entries(f->s, S("EXP1"), 2, 10, &f->a, &out, &count));
	cr_assert_eq(count, 2);
	cr_assert_eq(out[0].seq, 2);
	cr_assert_eq(out[0].revision, 3);
	cr_assert_eq(out[0].type, 2);
	cr_assert_eq(out[0].severity, 4);
	cr_assert_eq(out[0].time_us, 1672103523214000u);
	cr_assert_eq(out[0].key_id, -1);
	is_str(out[0].body, "{\"a\":1}");
	cr_assert_eq(out[0].signature.n, 0);
	ok(store_entries(f->s, S("EXP1"), 1, 1, &f->a, &out, &count));
	cr_assert_eq(count, 1);
	ok(store_entries(f->s, S("EXP1"), UINT64_MAX, 1, &f->a, &out,
			 &count));
	cr_assert_eq(count, 0);
}

STORE_TEST(a_body_has_a_limit)
{
	static char body[ALERT_BODY_MAX + 1];
	struct entry e = an_entry("EXP1", "a1", 1);

	memset(body, 'x', sizeof(body));
	ok(store_begin(f->s));
	e.body = (struct str){ body, ALERT_BODY_MAX + 1 };
	cr_assert_eq(store_entry_append(f->s, &e), ERR_LIMIT);
	e.body.n = ALERT_BODY_MAX;
	ok(store_entry_append(f->s, &e));
	cr_assert_eq(e.seq, 1);
	ok(store_commit(f->s));
}

STORE_TEST(an_entry_is_signed_once_stored)
{
	static const char zeros[64];
	struct entry e = an_entry("EXP1", "a1", 1);
	struct entry *out = NULL;
	struct str sig = { zeros, sizeof(zeros) };
	size_t count = 0;

	ok(store_begin(f->s));
	ok(store_entry_append(f->s, &e));
	ok(store_entry_append(f->s, &e));
	e.stream = S("EXP2");
	ok(store_entry_append(f->s, &e));
	ok(store_commit(f->s));
	ok(store_entries_unsigned(f->s, 2, &f->a, &out, &count));
	cr_assert_eq(count, 2);
	ok(store_begin(f->s));
	ok(store_entry_sign(f->s, S("EXP1"), 1, 300, sig));
	cr_assert_eq(store_entry_sign(f->s, S("EXP1"), 3, 300, sig),
		     ERR_ABSENT);
	ok(store_commit(f->s));
	ok(store_entries_unsigned(f->s, 10, &f->a, &out, &count));
	cr_assert_eq(count, 2);
	cr_assert_eq(out[0].seq, 2);
	is_str(out[1].stream, "EXP2");
	ok(store_entries(f->s, S("EXP1"), 1, 1, &f->a, &out, &count));
	cr_assert_eq(out[0].key_id, 300);
	cr_assert_eq(out[0].signature.n, 64);
	cr_assert_eq(memcmp(out[0].signature.p, zeros, 64), 0);
}

/*
 * Every state has an alert with two revisions in the stream; only the last
 * entry of those still standing may come.
 */
STORE_TEST(snapshot_is_the_last_of_every_standing_alert)
{
	struct entry *out = NULL;
	size_t count = 0;
	struct entry drill = an_entry("EXP1", "a1", 9);

	ok(store_begin(f->s));
	for (int r = 1; r <= 2; r++)
		for (int i = ALERT_OPEN; i <= ALERT_DISCARDED; i++) {
			char id[8] = { 'a', (char)('0' + i) };
			struct alert in =
			    an_alert(id, "OB1", (enum alert_state)i);
			struct entry e = an_entry("EXP1", id, r);

			ok(store_alert_put(f->s, &in));
			ok(store_entry_append(f->s, &e));
		}
	drill.type = 4;
	ok(store_entry_append(f->s, &drill));
	ok(store_commit(f->s));
	ok(store_snapshot(f->s, S("EXP1"), 1, 17, 10, &f->a, &out, &count));
	cr_assert_eq(count, 4);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(out[i].seq, 9 + i);
		cr_assert_eq(out[i].revision, 2);
	}
	ok(store_snapshot(f->s, S("EXP1"), 10, 11, 10, &f->a, &out, &count));
	cr_assert_eq(count, 2);
	ok(store_snapshot(f->s, S("EXP1"), 1, 17, 3, &f->a, &out, &count));
	cr_assert_eq(count, 3);
	ok(store_snapshot(f->s, S("EXP2"), 1, 17, 3, &f->a, &out, &count));
	cr_assert_eq(count, 0);
}

STORE_TEST(consumers_keep_their_cursor)
{
	struct consumer in = { .key = S("k"), .stream = S("EXP1"),
			       .name = S("tail"), .epoch = 1, .cursor = 3,
			       .sent = 5, .seen_ms = 9 };
	struct consumer out;
	int count = -1;

	cr_assert_eq(store_consumer(f->s, S("k"), S("EXP1"), S("tail"), &f->a,
				    &out),
		     ERR_ABSENT);
	ok(store_begin(f->s));
	ok(store_consumer_put(f->s, &in));
	in.cursor = 4;
	ok(store_consumer_put(f->s, &in));
	in.name = S("");
	ok(store_consumer_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_consumer(f->s, S("k"), S("EXP1"), S("tail"), &f->a, &out));
	cr_assert(out.cursor == 4 && out.sent == 5 && out.epoch == 1 &&
		  out.seen_ms == 9);
	ok(store_consumer_count(f->s, S("k"), S("EXP1"), &count));
	cr_assert_eq(count, 2);
	ok(store_consumer_count(f->s, S("k"), S("EXP2"), &count));
	cr_assert_eq(count, 0);
}

STORE_TEST(subscribers_are_listed_with_their_end)
{
	struct subscriber in = { .subscriber_id = S("s2"),
				 .owner = OWNER_GATEWAY,
				 .stream = S("@app"),
				 .curve_key = S("00"),
				 .seal_key = S("11"),
				 .expires_at = TIME_NONE,
				 .revoked_at = TIME_NONE };
	struct subscriber *out = NULL;
	size_t count = 0;

	ok(store_begin(f->s));
	ok(store_subscriber_put(f->s, &in));
	in.revoked_at = 77;
	ok(store_subscriber_put(f->s, &in));
	in.subscriber_id = S("s1");
	in.owner = OWNER_EXPORTER;
	in.expires_at = 5;
	ok(store_subscriber_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_subscribers(f->s, &f->a, &out, &count));
	cr_assert_eq(count, 2);
	is_str(out[0].subscriber_id, "s1");
	cr_assert_eq(out[0].owner, OWNER_EXPORTER);
	cr_assert_eq(out[0].expires_at, 5);
	is_str(out[1].stream, "@app");
	is_str(out[1].curve_key, "00");
	is_str(out[1].seal_key, "11");
	cr_assert_eq(out[1].owner, OWNER_GATEWAY);
	cr_assert_eq(out[1].revoked_at, 77);
	cr_assert_eq(out[1].expires_at, TIME_NONE);
}

STORE_TEST(the_first_evidence_stands)
{
	struct evidence e = { .key = S("k"), .stream = S("EXP1"), .epoch = 1,
			      .seq = 2, .state = 6, .at_us = 3,
			      .actor = S("u1"), .code = S("A_ORDER_REPORT"),
			      .stored_at = 4 };
	int first = -1;

	ok(store_begin(f->s));
	ok(store_evidence_put(f->s, &e, &first));
	cr_assert_eq(first, 1);
	e.code = S("A_STOP_SHIPMENT");
	ok(store_evidence_put(f->s, &e, &first));
	cr_assert_eq(first, 0);
	e.state = 5;
	ok(store_evidence_put(f->s, &e, &first));
	cr_assert_eq(first, 1);
	e.seq = UINT64_MAX;
	cr_assert_eq(store_evidence_put(f->s, &e, &first), ERR_LIMIT);
	e.seq = INT64_MAX;
	ok(store_evidence_put(f->s, &e, &first));
	ok(store_commit(f->s));
}
