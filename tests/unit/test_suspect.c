/*
 * test_suspect.c - questions about an insolvency that cannot wait: told as a
 * suspected match, and what becomes of that.
 */
#include "decide_world.h"

#include <string.h>

#include "book_import.h"
#include "store_priv.h"
#include "watch_fixture.h"

TestSuite(suspect, .init = dw_setup, .fini = dw_teardown);

#define LEAVES(day)                                                            \
	"shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"          \
	"payment_term,contract_date,etd,ship_date,due_date,status\n"           \
	"S-9,EXP-A,OB-NO-1,,90000,USD,OA,2022-11-20," day ",,,ready\n"

/* A question about OB-NO-1, to whom A ships in time and whom B follows. */
static struct notice
asked(struct notice_name *name, const char *shipment)
{
	struct notice n = dw_named(S("r-1"), name);

	dw_book(DW_FJELLHAVN);
	dw_book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	dw_book(shipment);
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	return n;
}

static void
later(int64_t ms)
{
	dw.now.wall_ms += ms;
	dw.now.mono_ms += ms;
	(void)dw_tick();
}

static void
answer(const struct notice *n, bool accept)
{
	struct review_answer a = { .obligor_id = S("OB-NO-1"),
				   .accept = accept,
				   .why = accept ? STR_NONE : S("another"),
				   .who = S("uid:7") };
	enum review_done done = REVIEW_DONE;
	struct fact f;

	cr_assert_eq(store_fact_by_record(dw.store, n->source, n->record,
					  &dw.arena, &f),
		     ERR_OK);
	a.fact_id = f.fact_id;
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_review(dw.decide, &a, dw.now, &done), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(done, REVIEW_DONE);
}

Test(suspect, is_told_when_the_two_hours_are_over_and_not_before)
{
	struct notice_name name;
	struct entry e;
	int64_t due;

	(void)asked(&name, LEAVES("2022-12-29"));
	due = dw.now.wall_ms + DECIDE_REVIEW_MS;
	cr_assert_eq(dw_tick(), due);
	later(DECIDE_REVIEW_MS - 1);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	later(1);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert_eq(e.type, 1);
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	cr_assert(dw_has(e.body, "\"flags\":[\"suspected\"]"));
	cr_assert(dw_has(e.body, "SUSPECTED_MATCH"));
	cr_assert(dw_has(e.body, "country NO = NO"));
	/* who only follows ships nothing */
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
	later(HOUR_MS);
	decide_free(dw.decide);
	dw_load();
	later(HOUR_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(dw_questions(), 1);
}

/* To the day: 72 hours from 01:10 in Shanghai's morning. */
Test(suspect, departs_within_three_days_or_waits)
{
	struct notice_name name;

	(void)asked(&name, LEAVES("2022-12-31"));
	dw_at("2022-12-27T12:00:00Z");
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	dw_at("2022-12-27T16:00:00Z"); /* midnight in Shanghai */
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

Test(suspect, an_order_that_should_have_left_counts)
{
	struct notice_name name;

	(void)asked(&name, LEAVES("2022-12-20"));
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

Test(suspect, another_kind_waits)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);

	n.kind = S("PAYMENT_DEFAULT");
	dw_book(DW_FJELLHAVN);
	dw_book(LEAVES("2022-12-29"));
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	later(DAY_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
}

Test(suspect, accepted_it_is_the_same_alert)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	later(DECIDE_REVIEW_MS);
	answer(&n, true);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 2);
	cr_assert_eq(e.revision, 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
	cr_assert(dw_has(e.body, "confirmed by a reviewer"));
	cr_assert(dw_has(e.body, "\"flags\":[]"));
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert_eq(e.type, 1);
	later(DAY_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
}

/* What a reviewer recognised once is the obligor's when it comes back. */
Test(suspect, accepted_cancelled_and_back_it_is_told_anew)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	answer(&n, true);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 3);
	n.action = ACTION_NEW;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"episode\":2"));
}

/* And what is true of the buyer later is told in an episode of its own. */
Test(suspect, rejected_it_is_taken_back_and_bars_nothing)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	later(DECIDE_REVIEW_MS);
	answer(&n, false);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 3);
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	cr_assert(dw_has(e.body, "\"state\":\"RETRACTED\""));
	cr_assert(dw_has(e.body, "\"score\":"));
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
	later(DAY_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	dw_book("obligor_id,type,name,country,ids\n"
		"OB-NO-1,buyer,Fjellhavn Rederi AS,NO,sinosure:AE000555\n");
	{
		struct notice_id id = { S("sinosure"), S("AE000555") };
		struct notice real = dw_notice(S("bureau"), S("case-9"));

		real.ids = &id;
		real.id_count = 1;
		dw_give(&real);
	}
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"episode\":2"));
}

Test(suspect, taken_back_when_the_notice_is)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	later(DECIDE_REVIEW_MS);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 3);
	cr_assert_eq(dw_questions(), 0);
	/* it comes back: asked again, told again as something new */
	n.action = ACTION_NEW;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	/* and taken back once more, not only the first time */
	answer(&n, false);
	cr_assert_eq(dw_stream("EXP-A", &e), 4);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "\"episode\":2"));
}

Test(suspect, ends_with_the_case)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	later(DECIDE_REVIEW_MS);
	n.kind = S("PETITION_DISMISSED");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert(dw_has(e.body, "\"state\":\"RESOLVED\""));
}

Test(suspect, taken_back_when_an_id_says_another)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct notice_id id = { S("sinosure"), S("AE000123") };
	struct alert *alert = NULL;
	size_t count = 0;

	later(DECIDE_REVIEW_MS);
	n.ids = &id;
	n.id_count = 1;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(store_alerts(dw.store, S("OB-NO-1"), &dw.arena, &alert,
				  &count),
		     ERR_OK);
	cr_assert_eq(count, 1);
	cr_assert_eq(alert[0].state, ALERT_RETRACTED);
	/* one for the suspicion, one back, one for the true one */
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
}

Test(suspect, what_is_known_for_sure_is_not_suspected)
{
	struct notice_name name;
	struct notice_id id = { S("sinosure"), S("AE000555") };
	struct notice sure = dw_notice(S("bureau"), S("case-9"));

	(void)asked(&name, LEAVES("2022-12-29"));
	dw_book("obligor_id,type,name,country,ids\n"
		"OB-NO-1,buyer,Fjellhavn Rederi AS,NO,sinosure:AE000555\n");
	sure.ids = &id;
	sure.id_count = 1;
	dw_give(&sure);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

/* Nobody checked the match: another notice, by an id, is what is sure. */
Test(suspect, another_fact_does_not_confirm_the_match)
{
	struct notice_name name;
	struct notice_id id = { S("sinosure"), S("AE000555") };
	struct notice sure = dw_notice(S("bureau"), S("case-9"));
	struct entry e;

	(void)asked(&name, LEAVES("2022-12-29"));
	dw_book("obligor_id,type,name,country,ids\n"
		"OB-NO-1,buyer,Fjellhavn Rederi AS,NO,sinosure:AE000555\n");
	later(DECIDE_REVIEW_MS);
	sure.ids = &id;
	sure.id_count = 1;
	dw_give(&sure);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.revision, 2);
	cr_assert(dw_has(e.body, "\"flags\":[]"));
	cr_assert_not(dw_has(e.body, "The suspected match of the earlier"));
	/* the question that is left has nothing to take back */
	later(DAY_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
}

/* No claim is filed in an estate that may be another's. */
Test(suspect, files_no_proof_of_debt_before_it_is_sure)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	dw_book("shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
		"payment_term,contract_date,etd,ship_date,due_date,status\n"
		"S-7,EXP-A,OB-NO-1,,50000,USD,OA,2022-10-20,2022-11-01,"
		"2022-11-01,2023-02-01,shipped\n");
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert_not(dw_has(e.body, "A_FILE_PROOF_OF_DEBT"));
	answer(&n, true);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert(dw_has(e.body, "A_FILE_PROOF_OF_DEBT"));
	cr_assert(dw_has(e.body, "The suspected match of the earlier"));
}

/* Another case under the same name: a second question of the obligor. */
static struct notice
ask_again(struct notice n)
{
	n.record = S("r-2");
	n.occurred_on = date_of(2022, 3, 1);
	dw_give(&n);
	return n;
}

/* A second question of the same obligor tells nothing new. */
Test(suspect, is_said_once_however_many_ask)
{
	struct notice_name name;

	(void)ask_again(asked(&name, LEAVES("2022-12-29")));
	cr_assert_eq(dw_questions(), 2);
	later(DECIDE_REVIEW_MS);
	later(HOUR_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

/* The one that spoke is taken back: the other, as old, is told at once. */
Test(suspect, another_question_takes_over)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct notice other = ask_again(n);
	struct entry e;

	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"episode\":2"));
	/* whom the same names asked for are answered together */
	answer(&other, false);
	cr_assert_eq(dw_stream("EXP-A", &e), 4);
	cr_assert_eq(e.type, 3);
}

/* The order left the book before the reviewer said no. */
Test(suspect, is_taken_back_from_who_has_the_buyer_no_more)
{
	const struct book_file file = {
		S("t.csv"), S("shipment_id,exporter_id,obligor_id,amount,"
			      "currency,payment_term,contract_date,etd,"
			      "status\n"
			      "S-8,EXP-B,OB-NO-1,100,USD,OA,2022-11-20,"
			      "2023-03-01,ready\n")
	};
	const struct book_options opt = { .schemes = &dw.schemes,
					  .mode = BOOK_WRITE,
					  .replace = S("shipments"),
					  .force = 1 };
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct book_report r;
	struct entry e;

	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	book_report_init(&r);
	cr_assert_eq(book_import(dw.store, &file, 1, &opt, dw.now, &r), ERR_OK,
		     "%.*s", STR_ARG(buf_str(&r.faults)));
	book_report_free(&r);
	answer(&n, false);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 3);
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
}

/* Both asked by the same names: a no is the answer to both. */
Test(suspect, questions_alike_are_not_told_on_the_way_out)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;

	(void)ask_again(n);
	later(DECIDE_REVIEW_MS);
	answer(&n, false);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 3);
}

/* The buyer came into the book long after the notice: it is history. */
Test(suspect, of_a_buyer_already_bankrupt_is_history)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw_give(&n);
	dw.now.wall_ms += DAY_MS;
	dw_rebook(DW_FJELLHAVN);
	dw_rebook(LEAVES("2022-12-29"));
	cr_assert_eq(dw_questions(), 1);
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"flags\":[\"historic\",\"suspected\"]"),
		  "%.*s", STR_ARG(e.body));
}

/* As a store from before there were suspicions has it. */
Test(suspect, older_material_is_read)
{
	struct material m = { .suspected = 1 };

	cr_assert_eq(material_get(S("1|3|K|USD|5|4|1|0|0|1|1"), &m), ERR_OK);
	cr_assert_eq(m.suspected, 0);
	cr_assert_eq(m.historic, 1);
	cr_assert_eq(material_get(S("1|3|K|USD|5|4|1|0|0|1|1|1"), &m),
		     ERR_OK);
	cr_assert_eq(m.suspected, 1);
	cr_assert_eq(material_get(S("1|3|K|USD|5|4|1|0|0|1"), &m),
		     ERR_CORRUPT);
}

/* A notice that a laxer release kept holds up no question and no day. */
Test(suspect, a_notice_that_cannot_be_read_holds_up_nothing)
{
	struct notice_name name;
	struct notice n = asked(&name, LEAVES("2022-12-29"));
	struct entry e;
	struct query q;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	q = query_change(dw.store, "UPDATE notice SET json = '{\"odd\":1}'");
	cr_assert_eq(query_run(&q), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	later(DECIDE_REVIEW_MS);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	answer(&n, true);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
}
