/*
 * test_gone.c - what becomes of alerts and questions when the obligor, the
 * exporter or what links them leaves the book.
 */
#include "decide_world.h"

#include <stdio.h>

#include "store_priv.h"
#include "watch_fixture.h"

TestSuite(gone, .init = dw_setup, .fini = dw_teardown);

#define NO_SHIPMENTS                                                           \
	"shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"     \
	"status\n"
#define NO_FOLLOWS "exporter_id,obligor_id\n"
#define OTHERS                                                                 \
	"obligor_id,type,name,country,ids\n"                                   \
	"OB-AE-2,buyer,Y Trading LLC,AE,sinosure:AE000999\n"
#define ORDER(id, status)                                                      \
	"shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"     \
	"contract_date,etd,status\n" id                                        \
	",EXP-A,OB-AE-1,10,USD,OA,2022-11-20,2023-06-30," status "\n"
#define UNRELATED "base,quote,rate,as_of\nUSD,CNY,7.1,2022-12-01\n"

/* Whether the journal has a line of that sort with that in it. */
static bool
is_journalled(const char *what, const char *part)
{
	struct query q = query_of(dw.store,
				  "SELECT count(*) FROM journal"
				  " WHERE what = ? AND instr(detail, ?) > 0");
	int64_t n = 0;

	query_str(&q, str_of(what));
	query_str(&q, str_of(part));
	cr_assert_eq(query_int(&q, 0, &n), ERR_OK);
	return n > 0;
}

/* As a book that was changed before anybody looked at its alerts. */
static void
leave(void)
{
	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", NO_FOLLOWS);
	dw_replace("obligors", OTHERS);
}

static void
is_closed(const char *exporter, size_t entries, const char *why)
{
	struct entry e;

	cr_assert_eq(dw_stream(exporter, &e), entries, "%s", exporter);
	cr_assert_eq(e.type, 2);
	cr_assert(dw_has(e.body, "\"state\":\"RESOLVED\""));
	cr_assert(dw_has(e.body, why), "%.*s", STR_ARG(e.body));
	cr_assert_eq(dw_alert_of(exporter).state, ALERT_RESOLVED);
}

Test(gone, an_obligor_that_left_closes_its_alerts_once)
{
	struct entry e;

	(void)dw_told();
	leave();
	(void)dw_tick();
	is_closed("EXP-A", 2, "\"end_reason\":\"obligor-gone\"");
	is_closed("EXP-B", 2, "\"end_reason\":\"obligor-gone\"");
	is_closed("EXP-C", 2, "\"end_reason\":\"obligor-gone\"");
	/* as it was told of, for the book has no name of it any more */
	(void)dw_stream("EXP-A", &e);
	cr_assert(dw_has(e.body, "\"name\":\"X Trading LLC\""));
	cr_assert(dw_has(e.body, "\"value\":\"AE000123\""));
	cr_assert(dw_has(e.body, "\"severity\":\"CRITICAL\""));
	(void)dw_tick();
	dw_rebook(UNRELATED);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
}

Test(gone, an_exporter_that_left_is_told_the_end_under_its_name)
{
	struct alert was;
	struct entry e;

	(void)dw_told();
	was = dw_alert_of("EXP-C");
	dw_replace("follows", "exporter_id,obligor_id\nEXP-B,OB-AE-1\n");
	dw_replace("exporters",
		   "exporter_id,uscc,name\n"
		   "EXP-A,91350100M000100Y43,A企业\n"
		   "EXP-B,91350100M000100Y43,B企业\n");
	(void)dw_tick();
	is_closed("EXP-C", 2, "\"end_reason\":\"exporter-gone\"");
	(void)dw_stream("EXP-C", &e);
	cr_assert(dw_has(e.body, "\"name\":\"C企业\""));
	cr_assert_eq(dw_alert_of("EXP-C").severity, was.severity);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-C", NULL), 2);
}

Test(gone, a_link_that_left_closes_one_exporters_alert)
{
	(void)dw_told();
	dw_replace("follows", "exporter_id,obligor_id\nEXP-C,OB-AE-1\n");
	dw_rebook(UNRELATED);
	is_closed("EXP-B", 2, "\"end_reason\":\"unlinked\"");
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(dw_stream("EXP-C", NULL), 1);
}

Test(gone, what_was_wrong_is_taken_back_from_who_was_told)
{
	struct notice n = dw_told();
	struct entry e;

	leave();
	(void)dw_tick();
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "X Trading LLC"));
	dw_give(&n);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
	/* It comes back: nobody says anything of it any more. */
	dw_rebook(dw_obligors);
	dw_rebook(dw_follows);
	cr_assert_eq(dw_stream("EXP-B", NULL), 3);
}

Test(gone, who_returns_is_told_anew_however_little_is_at_stake)
{
	struct entry e;

	(void)dw_told();
	leave();
	(void)dw_tick();
	dw_rebook(dw_obligors);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	dw_rebook(ORDER("S-2", "contracted"));
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert(dw_has(e.body, "\"state\":\"OPEN\""));
	cr_assert(dw_has(e.body, "\"revision\":3"));
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
	/* Paid, closed; a new small order opens it once more. */
	dw_rebook(ORDER("S-2", "cancelled"));
	is_closed("EXP-A", 4, "\"end_reason\":\"no-exposure\"");
	dw_rebook(ORDER("S-3", "contracted"));
	cr_assert_eq(dw_stream("EXP-A", &e), 5);
	cr_assert(dw_has(e.body, "\"state\":\"OPEN\""));
}

Test(gone, the_fact_is_tried_on_who_comes_in_its_place)
{
	struct notice n = dw_told();
	struct entry e;

	leave();
	dw_rebook("obligor_id,type,name,country,ids\n"
		  "CU-1,buyer,X Trading LLC,AE,sinosure:AE000123\n");
	is_closed("EXP-A", 2, "\"end_reason\":\"obligor-gone\"");
	dw_rebook("exporter_id,obligor_id\nEXP-A,CU-1\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
	/* The record goes on: the same fact, of the new one. */
	n.certainty = CERTAINTY_OFFICIAL;
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 4);
	cr_assert_eq(e.type, 2);
	cr_assert(dw_has(e.body, "\"status\":\"confirmed\""));
}

/* Between its going and its coming the record was amended. */
Test(gone, an_amended_record_follows_to_the_new_id)
{
	struct notice n = dw_told();
	struct entry e;

	leave();
	(void)dw_tick();
	dw_book("obligor_id,type,name,country,ids\n"
		"CU-1,buyer,X Trading LLC,AE,sinosure:AE000123\n");
	dw_book("exporter_id,obligor_id\nEXP-A,CU-1\n");
	n.certainty = CERTAINTY_OFFICIAL;
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
	/* who was told of the old one was not told wrong */
	cr_assert_eq(dw_stream("EXP-B", &e), 2);
	cr_assert_eq(e.type, 2);
}

Test(gone, a_name_of_it_is_asked_of_who_comes_in_its_place)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct notice_id id = { S("sinosure"), S("AE000999") };

	n.ids = &id;
	n.id_count = 1;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	dw_replace("obligors", DW_FJELLHAVN
		   "OB-AE-1,buyer,X Trading LLC,AE\n");
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_rebook(UNRELATED);
	cr_assert_eq(dw_questions(), 1);
	/* The question stands while nobody answers. */
	n.certainty = CERTAINTY_OFFICIAL;
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
}

Test(gone, a_question_about_it_is_not_asked_any_more)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw_suspect(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"suspected\""));
	leave();
	(void)dw_tick();
	cr_assert_eq(dw_questions(), 0);
	/* Closed and not withdrawn: nobody found that it was wrong. */
	is_closed("EXP-A", 2, "\"end_reason\":\"obligor-gone\"");
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	cr_assert(is_journalled("decide.review", "rule=obligor-gone"));
}

#define MANY 3000

/* A buyer each, with an alert and a question; then none of them is there. */
static void
many(void)
{
	struct buf csv[2];

	buf_init(&csv[0], 1u << 20);
	buf_init(&csv[1], 1u << 20);
	buf_put(&csv[0], S("obligor_id,type,name,country,ids\n"));
	buf_put(&csv[1], S(NO_FOLLOWS));
	for (int i = 0; i < MANY; i++) {
		buf_printf(&csv[0], "M-%d,buyer,Many %d LLC,AE,"
			   "sinosure:AE1%05d\n", i, i, i);
		buf_printf(&csv[1], "EXP-B,M-%d\n", i);
	}
	for (int i = 0; i < 2; i++) {
		buf_byte(&csv[i], 0);
		dw_book(csv[i].p);
		buf_free(&csv[i]);
	}
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	for (int i = 0; i < MANY; i++) {
		char record[16];
		char value[16];
		struct notice n = dw_notice(S("bureau"), S(""));

		(void)snprintf(record, sizeof(record), "m-%d", i);
		(void)snprintf(value, sizeof(value), "AE1%05d", i);
		n.record = str_of(record);
		n.ids[0].value = str_of(value);
		dw_give(&n);
	}
}

static void
ask_of_all(void)
{
	struct fact *f = NULL;
	size_t count = 0;

	cr_assert_eq(store_facts_of(dw.store, S("M-0"), STR_NONE, &dw.arena,
				    &f, &count),
		     ERR_OK);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	for (int i = 1; i < MANY; i++) {
		char id[16];
		struct review q = { .fact_id = f[0].fact_id,
				    .why = S("a long line of reasons") };

		(void)snprintf(id, sizeof(id), "M-%d", i);
		q.obligor_id = str_of(id);
		cr_assert_eq(store_review_put(dw.store, &q), ERR_OK);
	}
	cr_assert_eq(store_commit(dw.store), ERR_OK);
}

/* However many leave at once, one call of the decider holds a few of them. */
Test(gone, all_of_many_are_closed_in_little_room)
{
	struct alert *a = NULL;
	size_t count = 0;

	many();
	ask_of_all();
	decide_free(dw.decide);
	dw.room = 1u << 20;
	dw_load();
	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", NO_FOLLOWS);
	dw_replace("obligors", OTHERS);
	(void)dw_tick();
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(store_alerts(dw.store, STR_NONE, &dw.arena, &a, &count),
		     ERR_OK);
	cr_assert_eq(count, MANY);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(a[i].state, ALERT_RESOLVED);
}
