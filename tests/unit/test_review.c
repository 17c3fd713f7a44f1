/*
 * test_review.c - names alone, and a reviewer's word about them.
 */
#include "decide_world.h"

#include <string.h>
#include <unistd.h>

#include "book_import.h"
#include "watch_fixture.h"

TestSuite(review, .init = dw_setup, .fini = dw_teardown);

Test(review, a_name_rings_where_the_feed_may)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw.feed[1].name_accept = 1;
	dw_book(DW_FJELLHAVN);
	dw_book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert(dw_has(e.body, "\"method\":\"name\""));
	cr_assert(dw_has(e.body, "country NO = NO"));
}

Test(review, a_buyer_already_bankrupt_is_a_question_when_it_is_insured)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);

	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	dw_rebook(DW_FJELLHAVN);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_eq(decide_counts(dw.decide)->reviews, 1);
	/* once: another obligor's change asks nothing about this one */
	dw_rebook(dw_follows);
	dw_rebook(
	    "obligor_id,type,name,country\nOB-X,buyer,Something Else,DE\n");
	cr_assert_eq(decide_counts(dw.decide)->reviews, 1);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
}

Test(review, and_rings_where_the_feed_may)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw.feed[1].name_accept = 1;
	dw_give(&n);
	dw_rebook(DW_FJELLHAVN "");
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
	dw_rebook("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert(dw_has(e.body, "\"flags\":[\"historic\"]"), "%.*s",
		  STR_ARG(e.body));
	dw_rebook(DW_FJELLHAVN "");
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
}

Test(review, a_rejected_pair_is_not_asked_from_the_other_side)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);

	dw_give(&n);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_reject_put(dw.store, S("fjellhavn rederi a s"),
				      S("OB-NO-1"), S("another"), 1),
		     ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	dw_rebook(DW_FJELLHAVN);
	cr_assert_eq(dw_questions(), 0);
}

/* ---- a reviewer's word ---- */

static struct str
fact_of(const struct notice *n)
{
	struct fact f;

	cr_assert_eq(
	    store_fact_by_record(dw.store, n->source, n->record, &dw.arena, &f),
	    ERR_OK);
	return f.fact_id;
}

static enum err
says(const struct notice *n, const char *obligor, const char *no,
     enum review_done *done)
{
	const struct review_answer a = { .fact_id = fact_of(n),
					 .obligor_id = str_of(obligor),
					 .accept = no == NULL,
					 .why = str_of(no),
					 .who = S("uid:7") };
	enum err err;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	err = decide_review(dw.decide, &a, dw.now, done);
	if (err == ERR_OK)
		cr_assert_eq(store_commit(dw.store), ERR_OK);
	else
		store_rollback(dw.store);
	return err;
}

/* no: why it is not; NULL: it is. */
static enum review_done
say(const struct notice *n, const char *obligor, const char *no)
{
	enum review_done done = REVIEW_DONE;

	cr_assert_eq(says(n, obligor, no, &done), ERR_OK);
	return done;
}

/* A question about OB-NO-1, whom EXP-B follows. */
static struct notice
asked(struct notice_name *name)
{
	struct notice n = dw_named(S("r-1"), name);

	dw_book(DW_FJELLHAVN);
	dw_book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
	return n;
}

Test(review, what_a_reviewer_accepts_rings)
{
	struct notice_name name;
	struct notice n = asked(&name);
	struct entry e;

	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_DONE);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert(dw_has(e.body, "\"method\":\"name\""));
	cr_assert(dw_has(e.body, "country NO = NO"));
	cr_assert(dw_has(e.body, "confirmed by a reviewer"));
	/* said twice it was so already */
	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_SAME);
	cr_assert_eq(say(&n, "OB-NO-1", "another"), REVIEW_ACCEPTED);
	cr_assert_eq(say(&n, "OB-AE-1", NULL), REVIEW_ELSEWHERE);
	/* the amended record is the obligor's still */
	n.amount = S("5");
	n.currency = S("NOK");
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
}

Test(review, what_a_reviewer_rejects_is_never_asked_again)
{
	struct notice_name name;
	struct notice n = asked(&name);

	cr_assert_eq(say(&n, "OB-NO-1", "another Fjellhavn"), REVIEW_DONE);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(say(&n, "OB-NO-1", "again"), REVIEW_SAME);
	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_REJECTED);
	n.occurred_on = date_of(2022, 12, 21);
	dw_give(&n);
	n.record = S("r-2");
	dw_give(&n);
	dw_rebook(DW_FJELLHAVN "");
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-B", NULL), 0);
}

/* Once said of a name and an obligor it is said for all who asked by it. */
Test(review, a_rejected_name_answers_the_other_questions_that_asked_by_it)
{
	struct notice_name name;
	struct notice_name other = { S("Fjellhavn Rederiet AS"), S("legal"),
				     STR_NONE };
	struct notice n = asked(&name);
	struct notice_name two[2] = { name, other };

	n.record = S("r-2");
	dw_give(&n);
	n.record = S("r-3");
	n.names = &other;
	dw_give(&n);
	n.record = S("r-4");
	n.names = two;
	n.name_count = 2;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 4);
	n.record = S("r-2");
	cr_assert_eq(say(&n, "OB-NO-1", "another Fjellhavn"), REVIEW_DONE);
	/* one with another name, and one with that name besides, are open */
	cr_assert_eq(dw_questions(), 2);
	n.record = S("r-1");
	cr_assert_eq(say(&n, "OB-NO-1", "again"), REVIEW_SAME);
	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_REJECTED);
	n.record = S("r-3");
	cr_assert_eq(say(&n, "OB-NO-1", "nor that"), REVIEW_DONE);
	cr_assert_eq(dw_questions(), 0);
}

/* The index was not whole when the notice came; now it is. */
static void
tried_again(int64_t later, bool historic)
{
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct entry e;

	dw.feed[1].name_accept = 1;
	dw_give(&n);
	dw_book(DW_FJELLHAVN);
	dw_book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	dw.now.wall_ms += later;
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_named_put(dw.store, 0), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	dw_rebook(dw_follows);
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert_eq(dw_has(e.body, "\"flags\":[\"historic\"]"), historic);
}

Test(review, by_a_whole_index_a_fresh_notice_is_news)
{
	tried_again(DECIDE_NEWS_MS, false);
}

Test(review, by_a_whole_index_an_old_notice_is_history)
{
	tried_again(DECIDE_NEWS_MS + 1, true);
}

Test(review, of_ids_of_two_a_reviewer_takes_one)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000123") },
				   { S("sinosure"), S("AE000999") } };
	struct entry e;

	n.ids = id;
	n.id_count = 2;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 2);
	cr_assert_eq(say(&n, "OB-AE-1", NULL), REVIEW_DONE);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"method\":\"id\""));
	cr_assert(dw_has(e.body, "sinosure:AE000123"));
	cr_assert_eq(say(&n, "OB-AE-2", "not"), REVIEW_SAME);
}

/* The rejected one is rejected of this fact; the id still speaks for it. */
Test(review, of_ids_of_two_a_reviewer_rejects_one)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000999") },
				   { S("sinosure"), S("AE000123") } };
	struct review *q = NULL;
	size_t count = 0;

	n.ids = id;
	n.id_count = 2;
	dw_give(&n);
	cr_assert_eq(say(&n, "OB-AE-1", "not"), REVIEW_DONE);
	n.occurred_on = date_of(2022, 12, 21);
	dw_give(&n);
	cr_assert_eq(store_reviews(dw.store, &dw.arena, &q, &count), ERR_OK);
	cr_assert_eq(count, 1);
	cr_assert(str_eq(q[0].obligor_id, S("OB-AE-2")));
	n.record = S("case-2");
	n.ids = &id[1];
	n.id_count = 1;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

Test(review, a_question_goes_with_its_notice)
{
	struct notice_name name;
	struct notice n = asked(&name);
	enum review_done done;

	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(says(&n, "OB-NO-1", NULL, &done), ERR_ABSENT);
	n.action = ACTION_NEW;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 1);
	n.kind = S("PETITION_DISMISSED");
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
}

Test(review, a_question_goes_when_an_id_answers_it)
{
	struct notice_name name;
	struct notice n = asked(&name);
	struct notice_id id = { S("sinosure"), S("AE000123") };

	n.ids = &id;
	n.id_count = 1;
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

Test(review, a_question_goes_with_its_obligor)
{
	struct notice_name name;
	struct notice n = asked(&name);
	enum review_done done;
	struct book_report r;
	const struct book_file file[2] = {
		{ S("f.csv"), str_of(dw_follows) },
		{ S("o.csv"), str_of(dw_obligors) },
	};
	int64_t version = 0;

	book_report_init(&r);
	for (int i = 0; i < 2; i++) {
		const struct book_options opt = {
			.schemes = &dw.schemes,
			.mode = BOOK_WRITE,
			.force = 1,
			.replace = i == 0 ? S("follows") : S("obligors"),
		};

		cr_assert_eq(
		    book_import(dw.store, &file[i], 1, &opt, dw.now, &r),
		    ERR_OK, "%.*s", STR_ARG(buf_str(&r.faults)));
	}
	book_report_free(&r);
	cr_assert_eq(dw_questions(), 1);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_book_version(dw.store, &version), ERR_OK);
	cr_assert_eq(decide_book(dw.decide, version, dw.now), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(dw_questions(), 0);
	cr_assert_eq(says(&n, "OB-NO-1", NULL, &done), ERR_ABSENT);
}

Test(review, a_rejection_has_a_reason_of_limited_length)
{
	struct notice_name name;
	struct notice n = asked(&name);
	char why[REVIEW_WHY_MAX + 2];
	enum review_done done;

	memset(why, 'x', sizeof(why));
	why[REVIEW_WHY_MAX + 1] = '\0';
	cr_assert_eq(says(&n, "OB-NO-1", why, &done), ERR_INPUT);
	cr_assert_eq(says(&n, "OB-NO-1", "", &done), ERR_INPUT);
	cr_assert_eq(says(&n, "OB-AE-2", "x", &done), ERR_ABSENT);
	cr_assert_eq(dw_questions(), 1);
	why[REVIEW_WHY_MAX] = '\0';
	cr_assert_eq(say(&n, "OB-NO-1", why), REVIEW_DONE);
}

/* The index came too late for the notice: it is tried again. */
Test(review, what_half_an_index_missed_is_found_by_the_whole)
{
	struct names_scan scan = { 0 };
	struct notice_name name;
	struct notice n = dw_named(S("r-1"), &name);
	struct diag d = { 0 };
	bool more = true;
	struct buf b;
	int fd;

	buf_init(&b, 8 << 20);
	buf_put(&b, S("obligor_id,type,name,country\n"));
	for (unsigned i = 0; i < 20010; i++)
		buf_printf(&b, "AA-%05u,buyer,Xq%uz Works Ltd,GB\n", i, i);
	buf_put(&b, S("OB-NO-1,buyer,Fjellhavn Rederi AS,NO\n"));
	buf_byte(&b, 0);
	dw_book(b.p);
	buf_free(&b);
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	cr_assert_not(mwatch_whole(dw.watch));
	dw_give(&n);
	cr_assert_eq(dw_questions(), 0);
	fd = watch_fixture_segment(dw.store);
	cr_assert_eq(mwatch_map(dw.watch, fd, dw.store, &d), ERR_OK, "%s",
		     d.why);
	(void)close(fd);
	while (more) {
		cr_assert_eq(store_begin(dw.store), ERR_OK);
		cr_assert_eq(decide_names(dw.decide, &scan, dw.now, &more),
			     ERR_OK);
		cr_assert_eq(store_commit(dw.store), ERR_OK);
	}
	cr_assert_eq(dw_questions(), 1);
}
