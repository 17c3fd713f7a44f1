/*
 * test_former.c - ids of the book that stand for another company by now.
 */
#include <stdio.h>

#include "decide_world.h"

#include "store_priv.h"
#include "watch_fixture.h"

TestSuite(former, .init = dw_setup, .fini = dw_teardown);

#define HEAD "obligor_id,type,name,country,ids\n"
#define OTHER HEAD "OB-AE-1,buyer,Zeta Shipping FZE,AE,sinosure:AE000555\n"
#define NO_SHIPMENTS                                                           \
	"shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"     \
	"status\n"
#define FOLLOW "exporter_id,obligor_id\nEXP-B,OB-AE-1\n"

/* A notice of the company that has the id now. */
static struct notice
of_other(struct notice_id *id, struct notice_name *name)
{
	struct notice n = dw_notice(S("bureau"), S("case-2"));

	*id = (struct notice_id){ S("sinosure"), S("AE000555") };
	*name = (struct notice_name){ S("Zeta Shipping FZE"), S("legal"),
				      STR_NONE };
	n.ids = id;
	n.names = name;
	return n;
}

/* The id is another company's, of whom there is a notice too. */
static void
give_to_other(void)
{
	struct notice_name name;
	struct notice_id id;
	struct notice n;

	dw_rebook(OTHER);
	n = of_other(&id, &name);
	dw_give(&n);
}

/* The notice of dw_told is taken back. */
static void
cancel(struct notice n)
{
	struct notice same = dw_notice(S("bureau"), S("case-1"));

	n.ids = same.ids;
	n.names = same.names;
	n.action = ACTION_CANCEL;
	dw_give(&n);
}

static void
knowledge(struct str exporter, int64_t *told_ms)
{
	int64_t knew = 0;

	cr_assert_eq(store_knowledge(dw.store, exporter, S("OB-AE-1"), told_ms,
				     &knew),
		     ERR_OK);
}

Test(former, what_was_told_of_the_company_before_is_closed_in_its_name)
{
	struct notice n = dw_told();
	struct notice_name name;
	struct notice_id id;
	struct alert first = dw_alert_of("EXP-A");
	int64_t when = 0;
	char key[80];
	struct entry e;

	(void)snprintf(key, sizeof(key), "\"dedup_key\":\"%.*s\"",
		       STR_ARG(first.dedup_key));
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, key));
	dw_rebook(OTHER);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	/* No reader knows it by another key. */
	cr_assert(dw_has(e.body, key));
	cr_assert(dw_has(e.body, "\"end_reason\":\"obligor-gone\""));
	cr_assert(dw_has(e.body, "\"name\":\"X Trading LLC\""));
	cr_assert(dw_has(e.body, "\"id\":\"OB-AE-1\""));
	cr_assert_not(dw_has(e.body, "Zeta"));
	/* Nothing was ever told of the new one. */
	knowledge(S("EXP-A"), &when);
	cr_assert_eq(when, TIME_NONE);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);

	n = of_other(&id, &name);
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert_eq(e.revision, 1);
	cr_assert(dw_has(e.body, "Zeta Shipping FZE"));
	cr_assert_not(dw_has(e.body, key));
	cr_assert(dw_has(e.body, "\"episode\":2"));
	cr_assert_not(str_eq(dw_alert_of("EXP-A").alert_id, first.alert_id));
	knowledge(S("EXP-A"), &when);
	cr_assert_eq(when, dw.now.wall_ms);
}

/* And can be taken back, in its name; the new one's stays. */
Test(former, what_was_wrong_of_the_company_before_is_taken_back)
{
	struct notice n = dw_told();
	struct entry e;

	give_to_other();
	cr_assert_eq(dw_stream("EXP-B", NULL), 3);
	cancel(n);
	cr_assert_eq(dw_stream("EXP-B", &e), 4);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "X Trading LLC"));
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-B", NULL), 4);
}

/* The third of the same id, and each has an alert of its own. */
Test(former, an_id_may_change_hands_again)
{
	struct notice_name name;
	struct notice_id id;
	struct notice n = dw_told();
	struct str first = dw_alert_of("EXP-A").alert_id;
	struct str second;
	struct entry e;

	dw_rebook(OTHER);
	n = of_other(&id, &name);
	dw_give(&n);
	second = dw_alert_of("EXP-A").alert_id;
	dw_rebook(HEAD "OB-AE-1,buyer,Eta Foods LLC,AE,sinosure:AE000666\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 4);
	cr_assert(dw_has(e.body, "Zeta Shipping FZE"));
	cr_assert(dw_has(e.body, "\"end_reason\":\"obligor-gone\""));
	id.value = S("AE000666");
	name.text = S("Eta Foods LLC");
	n.record = S("case-3");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 5);
	cr_assert_eq(e.type, 1);
	cr_assert_not(str_eq(e.alert_id, first));
	cr_assert_not(str_eq(e.alert_id, second));
}

/* The first is taken back in its own name even then. */
Test(former, what_was_wrong_is_taken_back_after_the_second_change)
{
	struct notice n = dw_told();
	struct str first = dw_alert_of("EXP-A").alert_id;
	struct entry e;

	give_to_other();
	dw_rebook(HEAD "OB-AE-1,buyer,Eta Foods LLC,AE,sinosure:AE000666\n");
	cr_assert_eq(dw_stream("EXP-A", NULL), 4);
	decide_free(dw.decide);
	dw_load();
	cancel(n);
	cr_assert_eq(dw_stream("EXP-A", &e), 5);
	cr_assert_eq(e.type, 3);
	cr_assert(str_eq(e.alert_id, first));
	cr_assert(dw_has(e.body, "X Trading LLC"));
}

/* It was a mistake: the first has its id again, and an alert that can be taken
 * back with the one before. */
Test(former, the_first_has_its_id_back)
{
	struct notice n = dw_told();
	struct str first = dw_alert_of("EXP-A").alert_id;
	struct alert old;
	struct entry e;

	dw_rebook(OTHER);
	dw_rebook(HEAD "OB-AE-1,buyer,X Trading LLC,AE,sinosure:AE000123\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "X Trading LLC"));
	cr_assert(dw_has(e.body, "\"state\":\"OPEN\""));
	cancel(n);
	cr_assert_eq(dw_stream("EXP-A", &e), 5);
	cr_assert_eq(dw_alert_of("EXP-A").state, ALERT_RETRACTED);
	cr_assert_eq(store_alert_by_id(dw.store, first, &dw.arena, &old),
		     ERR_OK);
	cr_assert_eq(old.state, ALERT_RETRACTED);
}

/* The longest id there is, ID#VERSION of which is longer. */
Test(former, an_id_at_the_limit_changes_hands)
{
#define LONG "OB-0123456789-123456789-123456789-123456789-123456789-123456789-"
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct notice_id ids = { S("sinosure"), S("AE000321") };
	struct alert *a = NULL;
	size_t count = 0;
	struct entry e;

	cr_assert_eq(sizeof(LONG) - 1, STR_ID_MAX);
	dw_rebook(HEAD LONG ",buyer,Long Trading LLC,AE,sinosure:AE000321\n");
	dw_rebook("exporter_id,obligor_id\nEXP-B," LONG "\n");
	n.ids = &ids;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	dw_rebook(HEAD LONG ",buyer,Zeta Shipping FZE,AE,sinosure:AE000555\n");
	cr_assert_eq(dw_stream("EXP-B", &e), 2);
	cr_assert(dw_has(e.body, "\"end_reason\":\"obligor-gone\""));
	cr_assert_eq(store_alerts_ever(dw.store, S(LONG), &dw.arena, &a,
				       &count),
		     ERR_OK);
	cr_assert_eq(count, 0);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", &e), 3);
	cr_assert_eq(e.type, 3);
}

/* A suspicion of the company before, too. */
Test(former, what_was_suspected_of_the_company_before_is_taken_back)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw_rebook(HEAD "OB-NO-1,buyer,Fjellhavn Rederi AS,NO,"
		       "sinosure:NO000111\n");
	dw_rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
		  "payment_term,contract_date,etd,status\n"
		  "S-9,EXP-A,OB-NO-1,90000,USD,OA,2022-11-20,2022-12-30,"
		  "ready\n");
	dw_give(&n);
	dw.now.wall_ms += DECIDE_REVIEW_MS;
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"suspected\""));
	dw_rebook(HEAD "OB-NO-1,buyer,Zeta Shipping AS,NO,sinosure:NO000222\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert(dw_has(e.body, "\"end_reason\":\"obligor-gone\""));
	cr_assert(dw_has(e.body, "Fjellhavn Rederi AS"));
	cr_assert_eq(dw_questions(), 0);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "Fjellhavn Rederi AS"));
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
}

/* Closed for want of exposure, then out of the book, then another's. */
Test(former, an_id_that_left_may_come_back_as_another_company)
{
	struct entry e;

	(void)dw_told();
	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", "exporter_id,obligor_id\n");
	(void)dw_tick();
	dw_replace("obligors", HEAD "OB-AE-2,buyer,Y Trading LLC,AE,"
				    "sinosure:AE000999\n");
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-B", &e), 2);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_watch_built(dw.store, 1000), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	dw_rebook(OTHER);
	dw_rebook(FOLLOW);
	cr_assert_eq(dw_stream("EXP-B", NULL), 2);
	/* Its own id back, but by now it is nobody's. */
	dw_rebook(HEAD "CU-1,buyer,X Trading LLC,AE,sinosure:AE000123\n");
	dw_rebook("exporter_id,obligor_id\nEXP-B,CU-1\n");
	cr_assert_eq(dw_stream("EXP-B", &e), 3);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
}

/* Nobody was told; the notice says whose it was. */
Test(former, a_fact_nobody_was_told_of_does_not_stay_with_the_id)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));

	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", "exporter_id,obligor_id\n");
	dw_give(&n);
	dw_replace("obligors", HEAD "OB-AE-2,buyer,Y Trading LLC,AE,"
				    "sinosure:AE000999\n");
	(void)dw_tick();
	dw_rebook(OTHER);
	dw_rebook(FOLLOW);
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
}

/* A reviewer says that the notice is not OB-NO-1's; by that it is not asked
 * again. */
static void
denied(struct notice *n, struct notice_name *name)
{
	struct review_answer no = { .obligor_id = S("OB-NO-1"),
				    .why = S("another"),
				    .who = S("r") };
	enum review_done done;
	struct review *q = NULL;
	size_t count = 0;

	*n = dw_named(S("r-1"), name);
	dw_rebook(HEAD "OB-NO-1,buyer,Fjellhavn Rederi AS,NO,"
		       "sinosure:NO000111\n");
	dw_give(n);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_eq(store_reviews(dw.store, &dw.arena, &q, &count), ERR_OK);
	no.fact_id = q[0].fact_id;
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_review(dw.decide, &no, dw.now, &done), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	n->record = S("r-2");
	dw_give(n);
	cr_assert_eq(dw_questions(), 0);
}

static void
asked_of_another(struct notice *n)
{
	dw_rebook(HEAD "OB-NO-1,buyer,Fjellhavn Rederi Nord AS,NO,"
		       "sinosure:NO000222\n");
	n->record = S("r-3");
	dw_give(n);
	cr_assert_gt(dw_questions(), 0);
}

/* What a reviewer said of the company before is not said of this one. */
Test(former, a_denied_name_is_asked_of_who_has_the_id_now)
{
	struct notice_name name;
	struct notice n;

	denied(&n, &name);
	asked_of_another(&n);
}

/* Nor when it left the book in between, and nothing was ever told. */
Test(former, a_denied_name_is_asked_of_who_came_back_under_the_id)
{
	struct notice_name name;
	struct notice n;

	denied(&n, &name);
	dw_swap("obligors", dw_obligors);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_watch_built(dw.store, 1000), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	asked_of_another(&n);
}

static bool
told_other(const char *exporter, const char *uscc)
{
	bool other = false;

	cr_assert_eq(decide_told_other(dw.decide, str_of(exporter),
				       str_of(uscc), &other),
		     ERR_OK);
	return other;
}

Test(former, the_stream_says_to_whom_it_was_told)
{
	(void)dw_told();
	cr_assert_not(told_other("EXP-A", "91350100M000100Y43"));
	cr_assert(told_other("EXP-A", "91440300MADEM0001U"));
}
