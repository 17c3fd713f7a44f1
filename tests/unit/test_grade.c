/*
 * test_grade.c - how an obligor stands, in a word.
 */
#include "decide_world.h"

#include <stdio.h>

#include "grade.h"
#include "store_priv.h"

TestSuite(grade, .init = dw_setup, .fini = dw_teardown);

static struct core core;
static struct grade g;

static const char *
word(void)
{
	struct fact *fact = NULL;
	size_t count = 0;

	core.kinds = dw.kinds;
	core.store = dw.store;
	cr_assert_eq(store_facts_of(dw.store, S("OB-AE-1"), STR_NONE, &dw.arena,
				    &fact, &count),
		     ERR_OK);
	cr_assert_eq(grade_of(&core, fact, count, &dw.arena, &g), ERR_OK);
	return g.word;
}

Test(grade, follows_from_what_stands)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));

	cr_assert_str_eq(word(), "none");
	n.kind = S("LITIGATION");
	dw_give(&n);
	cr_assert_str_eq(word(), "watch");
	n = dw_notice(S("bureau"), S("case-2"));
	n.certainty = CERTAINTY_INFERRED;
	dw_give(&n);
	cr_assert_str_eq(word(), "watch");
	n = dw_notice(S("bureau"), S("case-3"));
	dw_give(&n);
	cr_assert_str_eq(word(), "stop");
	cr_assert_eq(g.marks, 0);
}

Test(grade, carries_ratings_newest_first)
{
	struct notice n = dw_notice(S("bureau"), S("rate-0"));

	n.kind = S("RATING_DOWNGRADE");
	n.scale = S("own");
	n.value_old = S("B");
	n.value_new = S("D");
	dw_give(&n);
	cr_assert_str_eq(word(), "watch");
	cr_assert_eq(g.marks, 1);
	cr_assert(str_eq(g.mark[0].value, S("D")));
	cr_assert(str_eq(g.mark[0].before, S("B")));
	cr_assert(str_eq(g.mark[0].scale, S("own")));
	for (int i = 1; i < 12; i++) {
		char record[24], value[24];

		(void)snprintf(record, sizeof(record), "rate-%d", i);
		(void)snprintf(value, sizeof(value), "%d", i);
		n.record = str_of(record);
		n.value_new = str_of(value);
		n.published_at = dw.now.wall_ms + i;
		dw_give(&n);
	}
	cr_assert_str_eq(word(), "watch");
	cr_assert_eq(g.marks, GRADE_MARKS);
	cr_assert(str_eq(g.mark[0].value, S("11")));
	cr_assert(str_eq(g.mark[7].value, S("4")));
}

Test(grade, a_strike_off_only_proposed_is_no_stop)
{
	struct notice n = dw_notice(S("registry"), S("reg-1"));

	n.kind = S("STRIKE_OFF_PROPOSED");
	n.certainty = CERTAINTY_OFFICIAL;
	dw_give(&n);
	cr_assert_str_eq(word(), "watch");
	n = dw_notice(S("registry"), S("reg-2"));
	n.kind = S("CEASED_TRADING");
	n.certainty = CERTAINTY_OFFICIAL;
	dw_give(&n);
	cr_assert_str_eq(word(), "stop");
}

/* What a laxer release kept does not hide the rest. */
Test(grade, names_what_it_cannot_read_and_answers_all_the_same)
{
	struct notice n = dw_notice(S("bureau"), S("rate-1"));
	struct query q;

	n.kind = S("RATING_DOWNGRADE");
	n.value_new = S("D");
	dw_give(&n);
	n = dw_notice(S("press"), S("odd"));
	dw_give(&n);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	q = query_change(dw.store, "UPDATE notice SET json = '{\"odd\":1}'"
				   " WHERE record = 'odd'");
	cr_assert_eq(query_run(&q), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_str_eq(word(), "stop");
	cr_assert_eq(g.marks, 1);
	cr_assert_eq(g.unreads, 1);
	cr_assert(str_eq(g.unread[0].source, S("press")));
	cr_assert(str_eq(g.unread[0].record, S("odd")));
	cr_assert_gt(g.unread[0].why.n, 0);
}
