/*
 * test_shared.c - two obligors of the book have one hard id.
 */
#include "decide_world.h"

#include "watch_fixture.h"

TestSuite(shared, .init = dw_setup, .fini = dw_teardown);

#define SECOND                                                                 \
	"obligor_id,type,name,country,ids\n"                                   \
	"CU-1,buyer,X Trading Branch,AE,sinosure:AE000123\n"
#define GOODS                                                                  \
	"shipment_id,exporter_id,obligor_id,amount,currency,payment_term,"     \
	"contract_date,etd,status\n"                                           \
	"S-7,EXP-C,CU-1,9000,USD,OA,2022-11-20,2022-12-29,ready\n"

/* A fact is the first one's; then the second comes into the book. */
static struct review
asked(struct notice *n)
{
	struct review *q = NULL;
	size_t count = 0;

	*n = dw_told();
	cr_assert_eq(dw_questions(), 0);
	dw_rebook(SECOND);
	dw_rebook(GOODS);
	cr_assert_eq(store_reviews(dw.store, &dw.arena, &q, &count), ERR_OK);
	cr_assert_eq(count, 1);
	cr_assert(str_eq(q->obligor_id, S("CU-1")));
	return *q;
}

/* And its exporter hears in time, though nobody answered. */
static struct review
suspected(struct notice *n)
{
	struct review q = asked(n);
	struct entry e;

	cr_assert_eq(dw_stream("EXP-C", NULL), 1);
	dw.now.wall_ms += DECIDE_REVIEW_MS;
	(void)dw_tick();
	cr_assert_eq(dw_stream("EXP-C", &e), 2);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
	cr_assert(dw_has(e.body, "\"suspected\""));
	return q;
}

static enum review_done
say(const struct review *q, struct str obligor_id, bool accept)
{
	const struct review_answer a = { .fact_id = q->fact_id,
					 .obligor_id = obligor_id,
					 .accept = accept,
					 .why = S("a branch"),
					 .who = S("r") };
	enum review_done done;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_review(dw.decide, &a, dw.now, &done), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	return done;
}

static void
answer(const struct review *q, bool accept)
{
	cr_assert_eq(say(q, q->obligor_id, accept), REVIEW_DONE);
	cr_assert_eq(dw_questions(), 0);
}

Test(shared, the_second_is_asked_about_and_told_in_time)
{
	struct notice n;
	struct entry e;

	(void)suspected(&n);
	/* What is said further of the fact does not answer the question. */
	n.certainty = CERTAINTY_OFFICIAL;
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_neq(dw_alert_of("EXP-C").state, ALERT_RETRACTED);
	/* That it was wrong does, for both. */
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	(void)dw_stream("EXP-B", &e);
	cr_assert_eq(e.type, 3);
	for (uint64_t left = 2, seq = dw_stream("EXP-C", &e); left > 0;
	     left--, seq--) {
		struct entry *one = NULL;
		size_t count = 0;

		cr_assert_eq(store_entries(dw.store, S("EXP-C"), seq, 1,
					   &dw.arena, &one, &count),
			     ERR_OK);
		cr_assert_eq(one->type, 3);
	}
}

Test(shared, accepted_it_is_the_seconds_and_not_the_firsts)
{
	struct notice n;
	struct review q = suspected(&n);
	struct entry e;

	answer(&q, true);
	(void)dw_stream("EXP-B", &e);
	cr_assert_eq(e.type, 3);
	cr_assert(dw_has(e.body, "\"id\":\"OB-AE-1\""));
	cr_assert(dw_has(e.body, "\"state\":\"RETRACTED\""));
	(void)dw_stream("EXP-C", &e);
	cr_assert_eq(e.type, 2);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
	cr_assert_not(dw_has(e.body, "\"suspected\""));
	dw_rebook(SECOND);
	(void)dw_tick();
	cr_assert_eq(dw_alert_of("EXP-B").state, ALERT_RETRACTED);
}

/* The answer holds when the first's row is written anew. */
Test(shared, accepted_the_first_is_not_asked_about_again)
{
	struct notice n;
	struct review q = suspected(&n);

	answer(&q, true);
	cr_assert_eq(say(&q, S("OB-AE-1"), true), REVIEW_ELSEWHERE);
	dw_rebook("obligor_id,type,name,aliases,country,ids\n"
		  "OB-AE-1,buyer,X Trading LLC,X General,AE,"
		  "sinosure:AE000123\n");
	cr_assert_eq(dw_questions(), 0);
	n.certainty = CERTAINTY_OFFICIAL;
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	dw.now.wall_ms += DECIDE_REVIEW_MS;
	(void)dw_tick();
	cr_assert_eq(dw_alert_of("EXP-A").state, ALERT_RETRACTED);
	cr_assert_eq(dw_alert_of("EXP-B").state, ALERT_RETRACTED);
}

Test(shared, rejected_it_is_taken_back_and_not_asked_again)
{
	struct notice n;
	struct review q = suspected(&n);
	struct entry e;

	answer(&q, false);
	cr_assert_eq(dw_stream("EXP-C", &e), 3);
	cr_assert_eq(e.type, 3);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	dw_rebook("obligor_id,type,name,country,ids\n"
		  "CU-1,buyer,X Trading Branch Two,AE,sinosure:AE000123\n");
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-C", NULL), 3);
}

/* The first leaves: what two had is the one's who stays. */
Test(shared, who_stays_has_the_fact)
{
	struct notice n;
	struct entry e;

	(void)asked(&n);
	dw_replace("shipments", GOODS);
	dw_replace("follows", "exporter_id,obligor_id\n");
	dw_swap("obligors", SECOND);
	dw_rebook("exporter_id,obligor_id\nEXP-A,CU-1\n");
	cr_assert_eq(dw_questions(), 0);
	(void)dw_stream("EXP-C", &e);
	cr_assert(dw_has(e.body, "\"id\":\"CU-1\""));
	cr_assert_not(dw_has(e.body, "\"suspected\""));
}
