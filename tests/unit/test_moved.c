/*
 * test_moved.c - facts whose obligor left the book for another id, and those
 * who were told of the old one.
 */
#include "decide_world.h"

#include "watch_fixture.h"

TestSuite(moved, .init = dw_setup, .fini = dw_teardown);

#define REKEYED                                                                \
	"obligor_id,type,name,country,ids\n"                                   \
	"CU-1,buyer,X Trading LLC,AE,sinosure:AE000123\n"
#define NO_SHIPMENTS                                                           \
	"shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"     \
	"status\n"
#define ON_REKEYED "exporter_id,obligor_id\nEXP-B,CU-1\n"
#define UNRELATED "base,quote,rate,as_of\nUSD,CNY,7.1,2022-12-01\n"

static void
leave(void)
{
	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", "exporter_id,obligor_id\n");
	dw_replace("obligors", "obligor_id,type,name,country,ids\n"
			       "OB-AE-2,buyer,Y Trading LLC,AE,"
			       "sinosure:AE000999\n");
	(void)dw_tick();
}

/* The fact is another id's by now: who was told of the old hears too. */
Test(moved, what_was_wrong_is_taken_back_though_another_has_it)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	leave();
	dw_rebook(REKEYED);
	dw_rebook("exporter_id,obligor_id\nEXP-A,CU-1\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(dw_stream("EXP-B", &e), 2);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", &e), 3);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "\"id\":\"OB-AE-1\""));
	cr_assert(dw_has(e.body, "X Trading LLC"));
	/* A was told of both. */
	cr_assert_eq(dw_stream("EXP-A", &e), 5);
	dw_give(&n);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 5);
	cr_assert_eq(dw_stream("EXP-B", NULL), 3);
}

/* Told as perhaps the obligor's, closed as it left; then nobody's fact is
 * wrong. */
Test(moved, a_suspicion_of_who_left_is_taken_back)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw_suspect(&n);
	leave();
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "Fjellhavn"));
	cr_assert(dw_has(e.body, "\"method\":\"name\""), "as it was told");
	dw_give(&n);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
}

/* As a careful operator gives a buyer a new id: the new beside the old, the
 * links over, the old away. */
Test(moved, a_new_id_beside_the_old_one_has_the_fact_when_the_old_leaves)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	dw_rebook(REKEYED);
	dw_rebook(ON_REKEYED);
	dw_replace("shipments", NO_SHIPMENTS);
	dw_replace("follows", ON_REKEYED);
	dw_swap("obligors", REKEYED);
	cr_assert_eq(dw_stream("EXP-B", &e), 3);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""), "%.*s", STR_ARG(e.body));
	cr_assert_eq(e.type, 1);
	dw_rebook(UNRELATED);
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-B", NULL), 3);
}

/* A question that was told as suspected, of who left then; and its record
 * comes with an id. */
static size_t
suspected_then_found(const char *book, struct entry *e)
{
	struct notice_name name;
	struct notice_id id = { S("sinosure"), S("NO000777") };
	struct notice n = dw_named(S("r-1"), &name);

	dw_suspect(&n);
	leave();
	cr_assert_eq(dw_stream("EXP-A", e), 2);
	cr_assert(dw_has(e->body, "\"end_reason\":\"obligor-gone\""));
	dw_rebook(book);
	n.ids = &id;
	n.id_count = 1;
	n.action = ACTION_AMEND;
	dw_give(&n);
	(void)dw_tick();
	return dw_stream("EXP-A", e);
}

Test(moved, a_suspicion_of_who_left_is_taken_back_when_it_was_another)
{
	struct entry e;

	cr_assert_eq(suspected_then_found(
			 "obligor_id,type,name,country,ids\n"
			 "OB-NO-7,buyer,Nordfjord Shipping AS,NO,"
			 "sinosure:NO000777\n",
			 &e),
		     3);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "Fjellhavn"));
	cr_assert(dw_has(e.body, "\"id\":\"OB-NO-1\""));
	dw_rebook(UNRELATED);
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
}

/* It was right, under another id. */
Test(moved, a_suspicion_of_who_left_stands_when_it_was_that_company)
{
	struct entry e;

	cr_assert_eq(suspected_then_found(
			 "obligor_id,type,name,country,ids\n"
			 "CU-NO-1,buyer,Fjellhavn Rederi AS,NO,"
			 "sinosure:NO000777\n",
			 &e),
		     2);
}

/* A reviewer says whose it is, when it is nobody's any more. */
Test(moved, who_was_told_of_who_left_hears_what_a_reviewer_finds)
{
	struct review_answer yes = { .accept = true, .who = S("r") };
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	enum review_done done;
	struct review *q = NULL;
	size_t count = 0;
	struct entry e;

	dw_suspect(&n);
	leave();
	dw_rebook("obligor_id,type,name,country\n"
		  "OB-NO-8,buyer,Fjellhavn Rederi Bergen AS,NO\n");
	cr_assert_eq(store_reviews(dw.store, &dw.arena, &q, &count), ERR_OK);
	cr_assert_eq(count, 1);
	yes.fact_id = q->fact_id;
	yes.obligor_id = q->obligor_id;
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_review(dw.decide, &yes, dw.now, &done), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 3);
}
