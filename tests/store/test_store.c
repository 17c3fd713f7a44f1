/*
 * Goal: every function of store.h keeps its contract on both backends.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "book_fixture.h"
#include "store_fixture.h"
#include "store_priv.h"

static struct fact
a_fact(const char *id, const char *obligor, int64_t seen)
{
	return (struct fact){
		.fact_id = str_of(id),
		.obligor_id = str_of(obligor),
		.family = S("insolvency"),
		.kind = S("INSOLVENCY_OPENED"),
		.stage = STAGE_OPENED,
		.status = FACT_REPORTED,
		.subject = SUBJECT_BUYER,
		.country = S("AE"),
		.jurisdiction = S("AE-DIFC"),
		.name = S("Qamar Trading"),
		.natural_person = -1,
		.occurred_on = DATE_NONE,
		.effective_on = 19350,
		.published_at = TIME_NONE,
		.recorded_at = 1,
		.first_seen_at = seen,
		.updated_at = seen,
		.match_method = S("id"),
		.match_score = 1000,
		.match_keys = S("sinosure:ARE000123"),
		.episode = 2,
	};
}

STORE_TEST(feed_state_is_what_was_put)
{
	struct feed_state in = {
		.feed = S("gleif"), .etag = S("\"x\""),
		.last_modified = S("Tue"), .body_hash = S("ab"),
		.cursor = S("c"), .last_try_ms = 5, .last_good_ms = TIME_NONE,
		.http = 304, .records = 1, .notices = 2, .changed = 3,
		.rejects = 4, .unknown = 5, .diff_gen = 6, .refused_at = 7,
		.guard = S("shrink"), .detail = S("d"), .failures = 8,
		.retry_at = 9, .careful = 10, .quarantined = 1,
		.suspect_hash = S("5u5"), .bad_hash = S("bad"),
	};
	struct feed_state out = { .http = 77 };

	cr_assert_eq(store_feed(f->s, S("gleif"), &f->a, &out), ERR_ABSENT);
	cr_assert_eq(out.http, 77, "untouched on failure");
	ok(store_begin(f->s));
	ok(store_feed_put(f->s, &in));
	in.http = 200;
	ok(store_feed_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_feed(f->s, S("gleif"), &f->a, &out));
	is_str(out.etag, "\"x\"");
	is_str(out.last_modified, "Tue");
	is_str(out.body_hash, "ab");
	is_str(out.cursor, "c");
	cr_assert_eq(out.last_try_ms, 5);
	cr_assert_eq(out.last_good_ms, TIME_NONE);
	cr_assert_eq(out.http, 200);
	cr_assert_eq(out.records + 10 * out.notices + 100 * out.changed +
			 1000 * out.rejects + 10000 * out.unknown +
			 100000 * out.diff_gen,
		     654321);
	cr_assert_eq(out.refused_at, 7);
	is_str(out.guard, "shrink");
	is_str(out.detail, "d");
	cr_assert_eq(out.failures, 8);
	cr_assert_eq(out.retry_at, 9);
	cr_assert(out.careful == 10 && out.quarantined == 1);
	is_str(out.suspect_hash, "5u5");
	is_str(out.bad_hash, "bad");
}

STORE_TEST(notice_is_first_then_same_then_changed)
{
	struct notice n = { .source = S("bureau"), .record = S("r1") };
	struct notice other = { .source = S("bureau"), .record = S("r1#2") };
	enum notice_seen seen = NOTICE_SAME;

	ok(store_begin(f->s));
	ok(store_notice_put(f->s, &n, S("c1"), S("{}"), 1, &seen));
	cr_assert_eq(seen, NOTICE_FIRST);
	ok(store_notice_put(f->s, &n, S("c1"), S("{}"), 2, &seen));
	cr_assert_eq(seen, NOTICE_SAME);
	ok(store_notice_put(f->s, &n, S("c2"), S("{}"), 3, &seen));
	cr_assert_eq(seen, NOTICE_CHANGED);
	ok(store_notice_put(f->s, &n, S("c1"), S("{}"), 4, &seen));
	cr_assert_eq(seen, NOTICE_CHANGED, "back to the old is a change");
	ok(store_notice_put(f->s, &other, S("c1"), S("{}"), 5, &seen));
	cr_assert_eq(seen, NOTICE_FIRST);
	ok(store_commit(f->s));
}

STORE_TEST(fact_is_what_was_put)
{
	struct fact in = a_fact("f1", "OB1", 100);
	struct fact out;

	cr_assert_eq(store_fact(f->s, S("f1"), &f->a, &out), ERR_ABSENT);
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_fact(f->s, S("f1"), &f->a, &out));
	is_str(out.obligor_id, "OB1");
	is_str(out.kind, "INSOLVENCY_OPENED");
	cr_assert_eq(out.stage, STAGE_OPENED);
	cr_assert_eq(out.status, FACT_REPORTED);
	cr_assert_eq(out.subject, SUBJECT_BUYER);
	is_str(out.jurisdiction, "AE-DIFC");
	is_str(out.name, "Qamar Trading");
	cr_assert_eq(out.natural_person, -1);
	cr_assert_eq(out.occurred_on, DATE_NONE);
	cr_assert_eq(out.effective_on, 19350);
	cr_assert_eq(out.published_at, TIME_NONE);
	cr_assert_eq(out.recorded_at, 1);
	is_str(out.match_method, "id");
	cr_assert_eq(out.match_score, 1000);
	is_str(out.match_keys, "sinosure:ARE000123");
	cr_assert_eq(out.episode, 2);
}

/* first_seen_at is a clock's, and clocks go back. */
STORE_TEST(facts_of_an_obligor_come_in_their_order)
{
	struct fact old = a_fact("f1", "OB1", 200);
	struct fact young = a_fact("f2", "OB1", 100);
	struct fact other = a_fact("f3", "OB2", 50);
	struct fact *out = NULL;
	size_t count = 0;

	young.family = S("status");
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &old));
	ok(store_fact_put(f->s, &young));
	ok(store_fact_put(f->s, &other));
	ok(store_commit(f->s));
	ok(store_facts_of(f->s, S("OB1"), S(""), &f->a, &out, &count));
	cr_assert_eq(count, 2);
	is_str(out[0].fact_id, "f1");
	is_str(out[1].fact_id, "f2");
	ok(store_facts_of(f->s, S("OB1"), S("status"), &f->a, &out, &count));
	cr_assert_eq(count, 1);
	is_str(out[0].fact_id, "f2");
	ok(store_facts_of(f->s, S("none"), S(""), &f->a, &out, &count));
	cr_assert_eq(count, 0);
	cr_assert_not_null(out);
}

STORE_TEST(unmatched_facts_are_found_by_their_keys)
{
	struct fact free1 = a_fact("f1", "", 100);
	struct fact bound = a_fact("f2", "OB2", 50);
	struct fact *out = NULL;
	size_t count = 0;

	book_fixture_add(f->s, &(struct book_text){ "t.csv",
		"obligor_id,type,name,country\nOB2,buyer,Two,AE\n" }, 1);
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &free1));
	ok(store_fact_put(f->s, &bound));
	ok(store_fact_key_put(f->s, S("f1"), S("lei"), S("L1")));
	ok(store_fact_key_put(f->s, S("f1"), S("lei"), S("L1")));
	ok(store_fact_key_put(f->s, S("f1"), S("name"), S("qamar trading")));
	ok(store_fact_key_put(f->s, S("f2"), S("lei"), S("L1")));
	ok(store_commit(f->s));
	ok(store_facts_unmatched(f->s, S("lei"), S("L1"), &f->a, &out,
				 &count));
	cr_assert_eq(count, 1);
	is_str(out[0].fact_id, "f1");
	ok(store_facts_unmatched(f->s, S("name"), S("qamar trading"), &f->a,
				 &out, &count));
	cr_assert_eq(count, 1);
	ok(store_facts_unmatched(f->s, S("lei"), S("qamar trading"), &f->a,
				 &out, &count));
	cr_assert_eq(count, 0);
}

STORE_TEST(a_record_leads_to_its_fact)
{
	struct fact fact = a_fact("f1", "OB1", 100);
	struct fact_source in = {
		.fact_id = S("f1"), .source = S("bureau"), .record = S("r1"),
		.action = ACTION_AMEND, .certainty = CERTAINTY_OFFICIAL,
		.redistribution = REDIST_INTERNAL, .source_class = S("bureau"),
		.kind = S("K"), .native = S("n"), .url = S("u"),
		.published_at = TIME_NONE, .seen_at = 9, .content = S("c"),
		.live = 1,
	};
	struct fact_source *list = NULL;
	size_t count = 0;
	struct fact out;

	cr_assert_eq(store_fact_by_record(f->s, S("bureau"), S("r1"), &f->a,
					  &out),
		     ERR_ABSENT);
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &fact));
	ok(store_fact_source_put(f->s, &in));
	in.live = 0;
	ok(store_fact_source_put(f->s, &in));
	in.record = S("r0");
	ok(store_fact_source_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_fact_by_record(f->s, S("bureau"), S("r1"), &f->a, &out));
	is_str(out.fact_id, "f1");
	ok(store_fact_sources(f->s, S("f1"), &f->a, &list, &count));
	cr_assert_eq(count, 2);
	is_str(list[0].record, "r1");
	cr_assert_eq(list[0].live, 0);
	cr_assert_eq(list[0].action, ACTION_AMEND);
	cr_assert_eq(list[0].certainty, CERTAINTY_OFFICIAL);
	cr_assert_eq(list[0].redistribution, REDIST_INTERNAL);
	cr_assert_eq(list[0].published_at, TIME_NONE);
	cr_assert_eq(list[0].seen_at, 9);
	is_str(list[0].source_class, "bureau");
	is_str(list[0].kind, "K");
	is_str(list[0].native, "n");
	is_str(list[0].url, "u");
	is_str(list[0].content, "c");
}

STORE_TEST(a_question_is_kept_until_it_is_dropped)
{
	struct review in = { S("f1"), S("OB1"), 900, 1, S("why") };
	struct review *list = NULL;
	struct review out;
	size_t count = 0;
	int64_t n = 0;

	ok(store_begin(f->s));
	ok(store_review_put(f->s, &in));
	in.obligor_id = S("OB2");
	ok(store_review_put(f->s, &in));
	in = (struct review){ S("f1"), S("OB1"), 800, 2, S("so\nand so") };
	ok(store_review_put(f->s, &in));
	in.fact_id = S("f2");
	ok(store_review_put(f->s, &in));
	ok(store_review(f->s, S("f1"), S("OB1"), &f->a, &out));
	cr_assert_eq(out.score, 800);
	cr_assert_eq(out.at, 1); /* when it was asked first */
	is_str(out.why, "so\nand so");
	ok(store_review_count(f->s, &n));
	cr_assert_eq(n, 3);
	ok(store_reviews(f->s, &f->a, &list, &count));
	cr_assert_eq(count, 3);
	is_str(list[1].obligor_id, "OB2");
	ok(store_reviews_of(f->s, S("f1"), &f->a, &list, &count));
	cr_assert_eq(count, 2);
	is_str(list[0].obligor_id, "OB1");
	is_str(list[1].obligor_id, "OB2");
	ok(store_review_drop(f->s, S("f1"), S("OB1")));
	cr_assert_eq(store_review(f->s, S("f1"), S("OB1"), &f->a, &out),
		     ERR_ABSENT);
	ok(store_review(f->s, S("f1"), S("OB2"), &f->a, &out));
	ok(store_review_drop(f->s, S("f1"), STR_NONE));
	ok(store_review_count(f->s, &n));
	cr_assert_eq(n, 1);
	/* nobody of that id is in the book */
	ok(store_reviews_gone(f->s, 2, &f->a, &list, &count));
	cr_assert_eq(count, 1);
	ok(store_commit(f->s));
}

STORE_TEST(alert_is_what_was_put)
{
	struct alert in = an_alert("a1", "OB1", ALERT_OPEN);
	struct alert out;

	cr_assert_eq(store_alert_by_id(f->s, S("a1"), &f->a, &out),
		     ERR_ABSENT);
	in.dedup_key = S("d1");
	ok(store_begin(f->s));
	ok(store_alert_put(f->s, &in));
	in.revision = 2;
	ok(store_alert_put(f->s, &in));
	ok(store_commit(f->s));
	cr_assert_eq(store_alert_by_key(f->s, S("a1"), &f->a, &out),
		     ERR_ABSENT);
	ok(store_alert_by_key(f->s, S("d1"), &f->a, &out));
	is_str(out.alert_id, "a1");
	ok(store_alert_by_id(f->s, S("a1"), &f->a, &out));
	is_str(out.dedup_key, "d1");
	cr_assert_eq(out.revision, 2);
	is_str(out.exporter_id, "EXP1");
	is_str(out.kind, "BUYER_INSOLVENCY");
	is_str(out.kind_class, "buyer");
	cr_assert_eq(out.severity, SEVERITY_CRITICAL);
	cr_assert_eq(out.state, ALERT_OPEN);
	cr_assert_eq(out.episode, 1);
	cr_assert_eq(out.created_at, 10);
	cr_assert_eq(out.updated_at, 11);
	cr_assert_eq(out.knew_at, TIME_NONE);
	cr_assert_eq(out.acked_at, 12);
	is_str(out.policy_id, "P1");
	is_str(out.fact_id, "f1");
	is_str(out.title_zh, "买方破产");
	is_str(out.title_en, "Buyer insolvent");
	is_str(out.material, "{}");
	cr_assert_eq(out.duty_on, DATE_NONE);
	cr_assert_eq(out.duty_met_at, TIME_NONE);
}

/* Standing ones alone; a duty that was met, or of a case that is over, is
 * none; the day itself is still in time. */
STORE_TEST(alerts_and_their_duties_are_counted)
{
	static const struct {
		const char *id;
		enum severity severity;
		enum alert_state state;
		int32_t duty_on;
		int64_t met;
	} rows[] = {
		{ "a", SEVERITY_CRITICAL, ALERT_OPEN, 100, TIME_NONE },
		{ "b", SEVERITY_CRITICAL, ALERT_ACKED, 99, TIME_NONE },
		{ "c", SEVERITY_HIGH, ALERT_ACTIONED, 102, TIME_NONE },
		{ "d", SEVERITY_MEDIUM, ALERT_OPEN, 103, TIME_NONE },
		{ "e", SEVERITY_INFO, ALERT_SNOOZED, 99, 5 },
		{ "f", SEVERITY_INFO, ALERT_OPEN, DATE_NONE, TIME_NONE },
		{ "g", SEVERITY_HIGH, ALERT_RESOLVED, 99, TIME_NONE },
		{ "h", SEVERITY_HIGH, ALERT_REVIEW, 99, TIME_NONE },
		{ "i", SEVERITY_HIGH, ALERT_RETRACTED, 101, TIME_NONE },
	};
	struct alert_counts n = { .unacked = 77 };

	ok(store_alert_counts(f->s, 100, 102, &n));
	cr_assert(n.unacked == 0 && n.duties == 0, "of none");
	ok(store_begin(f->s));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct alert in = an_alert(rows[i].id, "OB1", rows[i].state);

		in.severity = rows[i].severity;
		in.duty_on = rows[i].duty_on;
		in.duty_met_at = rows[i].met;
		ok(store_alert_put(f->s, &in));
	}
	ok(store_commit(f->s));
	ok(store_alert_counts(f->s, 100, 102, &n));
	cr_assert_eq(n.open[SEVERITY_CRITICAL], 2);
	cr_assert_eq(n.open[SEVERITY_HIGH], 1);
	cr_assert_eq(n.open[SEVERITY_MEDIUM], 1);
	cr_assert_eq(n.open[SEVERITY_INFO], 2);
	cr_assert_eq(n.unacked, 3);
	cr_assert_eq(n.duties, 3);
	cr_assert_eq(n.duties_soon, 2);
	cr_assert_eq(n.duties_missed, 1);
}

STORE_TEST(refusals_are_counted_for_a_day)
{
	const int64_t hour = 3600000;
	int64_t now = 480000 * hour + 5;
	int64_t n = 77;

	ok(store_nacks(f->s, now, &n));
	cr_assert_eq(n, 0);
	ok(store_begin(f->s));
	ok(store_nacks_add(f->s, now, 3));
	ok(store_nacks_add(f->s, now, 4));
	ok(store_nacks_add(f->s, now + 2 * hour, 10));
	ok(store_commit(f->s));
	ok(store_nacks(f->s, now + 2 * hour, &n));
	cr_assert_eq(n, 17);
	ok(store_nacks(f->s, now + 24 * hour, &n));
	cr_assert_eq(n, 17);
	ok(store_nacks(f->s, now + 25 * hour, &n));
	cr_assert_eq(n, 10);
	/* What nobody counts any more is not kept. */
	ok(store_begin(f->s));
	ok(store_nacks_add(f->s, now + 26 * hour, 1));
	ok(store_commit(f->s));
	ok(store_nacks(f->s, now + 24 * hour, &n));
	cr_assert_eq(n, 10, "the first hour is gone");
	/* The clock is set back by a year, and counts anew. */
	ok(store_begin(f->s));
	ok(store_nacks_add(f->s, now - 8760 * hour, 2));
	ok(store_commit(f->s));
	ok(store_nacks(f->s, now - 8760 * hour, &n));
	cr_assert_eq(n, 2);
}

STORE_TEST(lines_of_the_journal_are_counted)
{
	int64_t n = 77;

	ok(store_journal_lines(f->s, &n));
	cr_assert_eq(n, 0);
	ok(store_begin(f->s));
	ok(store_journal(f->s, 1, S("a"), S("b")));
	ok(store_journal(f->s, 1, S("a"), S("b")));
	ok(store_commit(f->s));
	ok(store_journal_lines(f->s, &n));
	cr_assert_eq(n, 2);
}

STORE_TEST(alerts_lists_all_but_closed_and_discarded)
{
	struct alert *out = NULL;
	size_t count = 0;

	ok(store_begin(f->s));
	for (int i = ALERT_REVIEW; i <= ALERT_DISCARDED; i++) {
		char id[8] = { 'a', (char)('0' + i) };
		struct alert in =
		    an_alert(id, i == ALERT_OPEN ? "OB2" : "OB1",
			     (enum alert_state)i);

		in.created_at = 100 - i;
		ok(store_alert_put(f->s, &in));
	}
	ok(store_commit(f->s));
	ok(store_alerts(f->s, S(""), &f->a, &out, &count));
	cr_assert_eq(count, 7);
	cr_assert_eq(out[0].state, ALERT_RETRACTED, "by created_at");
	cr_assert_eq(out[6].state, ALERT_REVIEW);
	ok(store_alerts(f->s, S("OB2"), &f->a, &out, &count));
	cr_assert_eq(count, 1);
	cr_assert_eq(out[0].state, ALERT_OPEN);
}

STORE_TEST(obligors_of_alerts_that_move_come_once)
{
	struct str *id = NULL;
	struct str *gone = NULL;
	size_t count = 0;

	book_fixture_add(f->s, &(struct book_text){ "t.csv",
		"obligor_id,type,name,country\nOB2,buyer,Two,AE\n" }, 1);
	ok(store_begin(f->s));
	for (int i = ALERT_OPEN; i <= ALERT_DISCARDED; i++) {
		char of[8] = { 'O', 'B', (char)('0' + i) };
		char first[8] = { 'a', (char)('0' + i) };
		char second[8] = { 'b', (char)('0' + i) };
		struct alert in = an_alert(first, of, (enum alert_state)i);

		ok(store_alert_put(f->s, &in));
		in = an_alert(second, of, (enum alert_state)i);
		ok(store_alert_put(f->s, &in));
	}
	ok(store_commit(f->s));
	ok(store_alert_obligors(f->s, &f->a, &id, &count));
	cr_assert_eq(count, 5, "%zu", count);
	is_str(id[0], "OB1");
	is_str(id[4], "OB5");
	/* resolved, or of who is in the book: not these */
	ok(store_alerts_gone(f->s, STR_NONE, 9, &f->a, &gone, &count));
	cr_assert_eq(count, 3, "%zu", count);
	is_str(gone[0], "OB1");
	is_str(gone[2], "OB4");
	ok(store_alerts_gone(f->s, S("OB1"), 1, &f->a, &gone, &count));
	cr_assert_eq(count, 1);
	is_str(gone[0], "OB3");
}

STORE_TEST(revisions_stand_in_order_and_at_their_place)
{
	struct revision in = {
		.alert_id = S("a1"), .revision = 2, .at = 5,
		.state = ALERT_ACKED, .severity = SEVERITY_HIGH,
		.why = S("confirmed"), .stream = S("EXP1"), .seq = 7,
	};
	struct revision *out = NULL;
	struct revision one;
	size_t count = 0;

	ok(store_begin(f->s));
	ok(store_revision_put(f->s, &in));
	in.revision = 1;
	in.seq = 0;
	ok(store_revision_put(f->s, &in));
	ok(store_commit(f->s));
	ok(store_revisions(f->s, S("a1"), &f->a, &out, &count));
	cr_assert_eq(count, 2);
	cr_assert_eq(out[0].revision, 1);
	cr_assert_eq(out[1].state, ALERT_ACKED);
	cr_assert_eq(out[1].severity, SEVERITY_HIGH);
	is_str(out[1].why, "confirmed");
	cr_assert_eq(out[1].at, 5);
	ok(store_revision_at(f->s, S("EXP1"), 7, &f->a, &one));
	cr_assert_eq(one.revision, 2);
	cr_assert_eq(store_revision_at(f->s, S("EXP1"), 0, &f->a, &one),
		     ERR_ABSENT);
	cr_assert_eq(store_revision_at(f->s, S("EXP2"), 7, &f->a, &one),
		     ERR_ABSENT);
}

STORE_TEST(a_report_is_reserved_once_per_alert)
{
	int used = -1;

	ok(store_begin(f->s));
	ok(store_report_reserve(f->s, S("P1"), S("a1"), 1));
	ok(store_report_reserve(f->s, S("P1"), S("a1"), 2));
	ok(store_report_reserve(f->s, S("P1"), S("a2"), 2));
	ok(store_report_reserve(f->s, S("P2"), S("a1"), 2));
	ok(store_commit(f->s));
	ok(store_reports_used(f->s, S("P1"), &used));
	cr_assert_eq(used, 2);
	ok(store_reports_used(f->s, S("P3"), &used));
	cr_assert_eq(used, 0);
}

STORE_TEST(rollback_leaves_nothing)
{
	struct fact fact = a_fact("f1", "OB1", 100);
	struct alert alert = an_alert("a1", "OB1", ALERT_OPEN);
	struct fact fout;
	struct alert aout;

	ok(store_begin(f->s));
	cr_assert(store_in_transaction(f->s));
	ok(store_fact_put(f->s, &fact));
	ok(store_alert_put(f->s, &alert));
	ok(store_journal(f->s, 1, S("x"), S("y")));
	ok(store_fact(f->s, S("f1"), &f->a, &fout));
	store_rollback(f->s);
	cr_assert_not(store_in_transaction(f->s));
	cr_assert_eq(store_fact(f->s, S("f1"), &f->a, &fout), ERR_ABSENT);
	cr_assert_eq(store_alert_by_id(f->s, S("a1"), &f->a, &aout),
		     ERR_ABSENT);
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &fact));
	ok(store_commit(f->s));
	ok(store_fact(f->s, S("f1"), &f->a, &fout));
}

/* Two alerts with one key cannot be; nor can what was done before that. */
STORE_TEST(a_failed_change_spoils_its_transaction)
{
	struct alert first = an_alert("a1", "OB1", ALERT_OPEN);
	struct alert second = an_alert("a2", "OB1", ALERT_OPEN);
	struct alert out;

	second.dedup_key = first.dedup_key;
	ok(store_begin(f->s));
	ok(store_alert_put(f->s, &first));
	cr_assert_eq(store_alert_put(f->s, &second), ERR_STORE);
	ok(store_journal(f->s, 1, S("x"), S("y")));
	cr_assert_eq(store_commit(f->s), ERR_STORE);
	cr_assert_not(store_in_transaction(f->s));
	cr_assert_eq(store_alert_by_id(f->s, S("a1"), &f->a, &out),
		     ERR_ABSENT);
	ok(store_begin(f->s));
	ok(store_alert_put(f->s, &first));
	ok(store_commit(f->s));
}

STORE_TEST(a_full_arena_rejects_and_gives_back)
{
	struct fact fact = a_fact("f1", "OB1", 100);
	struct fact *out = NULL;
	size_t count = 99;
	struct arena small;
	struct fact one = { .episode = 55 };

	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &fact));
	ok(store_commit(f->s));
	ok(arena_init(&small, 64));
	cr_assert_eq(store_fact(f->s, S("f1"), &small, &one), ERR_LIMIT);
	cr_assert_eq(store_facts_of(f->s, S("OB1"), S(""), &small, &out,
				    &count),
		     ERR_LIMIT);
	cr_assert_eq(one.episode, 55);
	cr_assert(out == NULL && count == 99);
	cr_assert_eq(small.n, 0);
	arena_fini(&small);
	ok(store_facts_of(f->s, S("OB1"), S(""), &f->a, &out, &count));
	cr_assert_eq(count, 1);
}

STORE_TEST(texts_may_hold_anything)
{
	static const char nul[] = "a\0b'\"\xe7\xa0\xb4";
	struct fact fact = a_fact("f1", "OB1", 100);
	struct fact out;

	fact.name = (struct str){ nul, sizeof(nul) - 1 };
	fact.match_keys = STR_NONE;
	ok(store_begin(f->s));
	ok(store_fact_put(f->s, &fact));
	ok(store_commit(f->s));
	ok(store_fact(f->s, S("f1"), &f->a, &out));
	cr_assert(str_eq(out.name, fact.name));
	cr_assert_eq(out.match_keys.n, 0);
}

STORE_TEST(a_checkpoint_changes_nothing)
{
	struct fact fact = a_fact("f1", "OB1", 100);
	struct fact *out = NULL;
	size_t count = 0;

	for (int i = 0; i < 3; i++) {
		ok(store_begin(f->s));
		for (int j = 0; j < 4000; j++) {
			char id[32];

			(void)snprintf(id, sizeof(id), "f%d-%d", i, j);
			fact.fact_id = str_of(id);
			ok(store_fact_put(f->s, &fact));
		}
		ok(store_commit(f->s));
		ok(store_checkpoint(f->s));
	}
	ok(store_checkpoint(f->s));
	ok(store_facts_of(f->s, S("OB1"), S("x"), &f->a, &out, &count));
	cr_assert_eq(count, 0);
	ok(store_fact(f->s, S("f2-3999"), &f->a, &fact));
}

Test(store_memory, a_change_outside_a_transaction_is_a_bug,
     .signal = SIGABRT)
{
	struct store *s = NULL;

	if (store_open(":memory:", &s, NULL) == ERR_OK)
		(void)!store_journal(s, 1, S("x"), S("y"));
}

Test(store_memory, a_transaction_inside_another_is_a_bug, .signal = SIGABRT)
{
	struct store *s = NULL;

	if (store_open(":memory:", &s, NULL) == ERR_OK &&
	    store_begin(s) == ERR_OK)
		(void)!store_begin(s);
}

/* One answer has at most STORE_ROWS_MAX rows. */
Test(store_memory, an_answer_has_a_limit)
{
	struct store_fixture f;
	struct arena big;
	struct str *out = NULL;
	size_t count = 0;
	char sql[256];

	store_fixture_init(&f, STORE_ON_MEMORY);
	ok(arena_init(&big, 128u << 20));
	(void)snprintf(sql, sizeof(sql),
		       "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
		       " LIMIT %u) INSERT INTO follows (seen, changed,"
		       " exporter_id, obligor_id) SELECT 1, 1, 'E' || x, 'O'"
		       " FROM n",
		       STORE_ROWS_MAX);
	ok(store_exec(f.s, sql));
	ok(store_exporters_of(f.s, S("O"), &big, &out, &count));
	cr_assert_eq(count, STORE_ROWS_MAX);
	arena_rewind(&big, 0);
	ok(store_exec(f.s, "INSERT INTO follows (seen, changed, exporter_id,"
			   " obligor_id) VALUES (1, 1, 'one more', 'O')"));
	cr_assert_eq(store_exporters_of(f.s, S("O"), &big, &out, &count),
		     ERR_LIMIT);
	cr_assert_eq(big.n, 0);
	arena_fini(&big);
	store_fixture_fini(&f);
}
