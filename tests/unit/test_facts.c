/*
 * test_facts.c - how notices become facts.
 */
#include <criterion/criterion.h>

#include "book_import.h"
#include "facts.h"
#include "watch_fixture.h"

static struct arena arena;
static struct store *store;
static struct mwatch *watch;
static struct conf conf;
static struct kinds kinds;
static struct idschemes schemes;
static struct buf kinds_tsv;
static struct buf schemes_tsv;
static struct feeds feeds;
static struct facts facts;
static struct instant now;
static struct facts_touched got;
static struct notice_id id;
static struct notice_name name;

static void
setup(void)
{
	const struct book_file file = {
		S("o.csv"), S("obligor_id,type,name,country,ids\n"
			      "OB-1,buyer,X Trading LLC,AE,sinosure:AE000123\n"
			      "OB-2,buyer,Y Trading LLC,AE,sinosure:AE000999"
			      "\n")
	};
	const struct book_options opt = { .schemes = &schemes,
					  .mode = BOOK_WRITE };
	struct book_report r;
	struct diag d = { 0 };

	now = (struct instant){ 0, 1672103523214 };
	cr_assert_eq(arena_init(&arena, 16 << 20), ERR_OK);
	buf_init(&kinds_tsv, 1 << 20);
	buf_init(&schemes_tsv, 1 << 20);
	cr_assert_eq(buf_read_file(&kinds_tsv, "etc/kinds.tsv"), ERR_OK);
	cr_assert_eq(buf_read_file(&schemes_tsv, "etc/idschemes.tsv"), ERR_OK);
	cr_assert_eq(kinds_get(buf_str(&kinds_tsv), &arena, &kinds, &d),
		     ERR_OK);
	cr_assert_eq(idschemes_get(buf_str(&schemes_tsv), &arena, &schemes,
				   &d),
		     ERR_OK);
	cr_assert_eq(store_open(":memory:", &store, &d), ERR_OK);
	book_report_init(&r);
	cr_assert_eq(book_import(store, &file, 1, &opt, now, &r), ERR_OK,
		     "%.*s", STR_ARG(buf_str(&r.faults)));
	book_report_free(&r);
	facts = (struct facts){ store, &kinds, &feeds };
	conf = (struct conf){ .match_accept = 950, .match_review = 600 };
	watch = watch_fixture(store);
	cr_assert_eq(store_begin(store), ERR_OK);
}

static void
teardown(void)
{
	cr_assert_eq(store_commit(store), ERR_OK);
	mwatch_free(watch);
	store_close(store);
	buf_free(&kinds_tsv);
	buf_free(&schemes_tsv);
	arena_fini(&arena);
}

TestSuite(facts, .init = setup, .fini = teardown);

static struct notice
notice(struct str source, struct str record, struct str kind)
{
	id = (struct notice_id){ S("sinosure"), S("AE000123") };
	name = (struct notice_name){ S("X Trading LLC"), S("legal"),
				     STR_NONE };
	return (struct notice){ .source = source,
				.record = record,
				.action = ACTION_NEW,
				.kind = kind,
				.names = &name,
				.name_count = 1,
				.ids = &id,
				.id_count = 1,
				.country = S("AE"),
				.natural_person = -1,
				.occurred_on = DATE_NONE,
				.effective_on = DATE_NONE,
				.deadline_on = DATE_NONE,
				.published_at = TIME_NONE,
				.recorded_at = TIME_NONE,
				.certainty = CERTAINTY_REPORTED };
}

static const struct fact *
give(const struct notice *n)
{
	const struct matcher by = { store, &schemes, &conf, watch };
	struct match m;

	now.wall_ms += 1000;
	cr_assert_eq(match_notice(&by, n, false, &arena, &m), ERR_OK);
	cr_assert_eq(facts_apply(&facts, n, &m, now, &arena, &got), ERR_OK);
	return &got.fact[0];
}

static size_t
facts_of(struct str obligor)
{
	struct fact *f = NULL;
	size_t n = 0;

	cr_assert_eq(store_facts_of(store, obligor, STR_NONE, &arena, &f, &n),
		     ERR_OK);
	return n;
}

Test(facts, status_follows_from_what_stands)
{
	struct notice a = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));
	struct notice b = a;
	struct notice c = a;

	a.certainty = CERTAINTY_INFERRED;
	b.source = S("b");
	c.source = S("c");
	cr_assert_eq(give(&a)->status, FACT_OBSERVED);
	cr_assert_eq(give(&b)->status, FACT_REPORTED);
	cr_assert_eq(give(&c)->status, FACT_CORROBORATED);
	b.certainty = CERTAINTY_OFFICIAL;
	cr_assert_eq(give(&b)->status, FACT_CONFIRMED);
	b.action = ACTION_CANCEL;
	cr_assert_eq(give(&b)->status, FACT_REPORTED);
	c.action = ACTION_PURGE;
	cr_assert_eq(give(&c)->status, FACT_OBSERVED);
	a.action = ACTION_CANCEL;
	cr_assert_eq(give(&a)->status, FACT_REFUTED);
	cr_assert_eq(facts_of(S("OB-1")), 1);
}

Test(facts, two_records_of_one_source_do_not_corroborate)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	(void)give(&n);
	n.record = S("2");
	cr_assert_eq(give(&n)->status, FACT_REPORTED);
}

Test(facts, cancel_of_nothing_is_nothing)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	n.action = ACTION_CANCEL;
	(void)give(&n);
	cr_assert_eq(got.count, 0);
	cr_assert_eq(facts_of(S("OB-1")), 0);
}

Test(facts, merged_within_45_days)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	n.occurred_on = date_of(2022, 6, 1);
	(void)give(&n);
	n.record = S("2");
	n.occurred_on += 45;
	(void)give(&n);
	cr_assert_eq(facts_of(S("OB-1")), 1);
	n.record = S("3");
	n.occurred_on = date_of(2022, 6, 1) + 46;
	cr_assert_eq(give(&n)->episode, 1, "the same episode, another fact");
	cr_assert_eq(facts_of(S("OB-1")), 2);
	n.record = S("4");
	n.occurred_on = DATE_NONE;
	(void)give(&n);
	cr_assert_eq(facts_of(S("OB-1")), 2);
}

Test(facts, families_do_not_mix)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	(void)give(&n);
	n.record = S("2");
	n.kind = S("LIQUIDATION_SOLVENT");
	(void)give(&n);
	n.record = S("3");
	n.kind = S("LITIGATION");
	(void)give(&n);
	cr_assert_eq(facts_of(S("OB-1")), 3);
}

Test(facts, the_furthest_stage_names_the_fact_and_falls_with_its_source)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_PETITION"));
	const struct fact *f;

	cr_assert_eq(give(&n)->stage, STAGE_PETITION);
	n.record = S("2");
	n.kind = S("LIQUIDATION_INSOLVENT");
	f = give(&n);
	cr_assert_eq(f->stage, STAGE_LIQUIDATION);
	cr_assert(str_eq(f->kind, S("LIQUIDATION_INSOLVENT")));
	n.record = S("3");
	n.kind = S("INSOLVENCY_OPENED");
	cr_assert_eq(give(&n)->stage, STAGE_LIQUIDATION);
	n.record = S("2");
	n.action = ACTION_CANCEL;
	f = give(&n);
	cr_assert_eq(f->stage, STAGE_OPENED);
	cr_assert(str_eq(f->kind, S("INSOLVENCY_OPENED")));
}

Test(facts, the_notices_own_stage_goes_before_its_kinds)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	n.stage = S("provisional");
	cr_assert_eq(give(&n)->stage, STAGE_PROVISIONAL);
	n.record = S("2");
	n.kind = S("INSOLVENCY_PETITION");
	n.stage = STR_NONE;
	cr_assert_eq(give(&n)->stage, STAGE_PROVISIONAL, "kept");
	n.record = S("1");
	n.action = ACTION_AMEND;
	n.kind = S("INSOLVENCY_OPENED");
	cr_assert_eq(give(&n)->stage, STAGE_OPENED);
	n.stage = S("discharged");
	cr_assert_eq(give(&n)->status, FACT_ENDED);
}

Test(facts, an_amended_record_may_leave_its_fact)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	(void)give(&n);
	n.action = ACTION_AMEND;
	n.kind = S("LIQUIDATION_SOLVENT");
	(void)give(&n);
	cr_assert_eq(got.count, 2);
	cr_assert(str_eq(got.fact[0].family, S("solvent_liquidation")));
	cr_assert_eq(got.fact[0].status, FACT_REPORTED);
	cr_assert(str_eq(got.fact[1].family, S("insolvency")));
	cr_assert_eq(got.fact[1].status, FACT_REFUTED);
	cr_assert_not(str_eq(got.fact[0].fact_id, got.fact[1].fact_id));
	/* or it was about somebody else */
	n.kind = S("LIQUIDATION_SOLVENT");
	id.value = S("AE000999");
	(void)give(&n);
	cr_assert_eq(got.count, 2);
	cr_assert(str_eq(got.fact[0].obligor_id, S("OB-2")));
	cr_assert_eq(got.fact[1].status, FACT_REFUTED);
}

Test(facts, episodes_end_and_come_back)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	cr_assert_eq(give(&n)->episode, 1);
	n.record = S("2");
	n.kind = S("PROCEEDING_CLOSED");
	n.occurred_on = date_of(2030, 1, 1);
	cr_assert_eq(give(&n)->status, FACT_ENDED);
	cr_assert_eq(got.fact[0].episode, 1);
	cr_assert_eq(facts_of(S("OB-1")), 1);
	n.record = S("3");
	n.kind = S("INSOLVENCY_OPENED");
	cr_assert_eq(give(&n)->episode, 2);
	cr_assert_eq(got.fact[0].status, FACT_REPORTED);
}

Test(facts, a_refuted_record_that_returns_is_a_new_episode)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));

	(void)give(&n);
	n.action = ACTION_CANCEL;
	(void)give(&n);
	n.action = ACTION_NEW;
	cr_assert_eq(give(&n)->episode, 2);
	cr_assert_eq(got.fact[0].status, FACT_REPORTED);
}

Test(facts, strangers_merge_by_equal_hard_id)
{
	struct notice n = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));
	struct fact *f = NULL;
	size_t count = 0;

	id.value = S("ZZ1");
	(void)give(&n);
	n.source = S("b");
	cr_assert_eq(give(&n)->status, FACT_CORROBORATED);
	cr_assert_eq(got.fact[0].obligor_id.n, 0);
	n.source = S("c");
	id.value = S("ZZ2"); /* the same name is not the same company */
	cr_assert_eq(give(&n)->status, FACT_REPORTED);
	cr_assert_eq(store_facts_unmatched(store, S("name"),
					   S("x trading llc"), &arena, &f,
					   &count),
		     ERR_OK);
	cr_assert_eq(count, 2);
}

Test(facts, kinds_without_a_family_never_merge)
{
	struct notice n = notice(S("a"), S("1"), S("UNKNOWN"));

	(void)give(&n);
	n.record = S("2");
	(void)give(&n);
	cr_assert_eq(facts_of(S("OB-1")), 2);
}

Test(facts, content_is_what_matters)
{
	struct notice a = notice(S("a"), S("1"), S("INSOLVENCY_OPENED"));
	struct notice b = a;
	char x[33];
	char y[33];

	facts_content(&a, x);
	b.recorded_at = 1;
	b.published_at = 2;
	b.url = S("u");
	b.source = S("b");
	b.record = S("r");
	b.native = S("n");
	facts_content(&b, y);
	cr_assert_str_eq(x, y);
	b.occurred_on = 1;
	facts_content(&b, y);
	cr_assert_str_neq(x, y);
	b = a;
	b.amount = S("1");
	facts_content(&b, y);
	cr_assert_str_neq(x, y);
	b = a;
	b.certainty = CERTAINTY_OFFICIAL;
	facts_content(&b, y);
	cr_assert_str_neq(x, y);
	b = a;
	b.action = ACTION_AMEND; /* said again */
	facts_content(&b, y);
	cr_assert_str_eq(x, y);
	b.action = ACTION_CANCEL;
	facts_content(&b, y);
	cr_assert_str_neq(x, y);
	/* the border between two fields is part of it */
	a.amount = S("1");
	a.currency = S("2");
	b = a;
	b.amount = S("12");
	b.currency = STR_NONE;
	facts_content(&a, x);
	facts_content(&b, y);
	cr_assert_str_neq(x, y);
}

Test(facts, the_lead_speaks_for_the_latest_episode)
{
	struct fact f[] = {
		{ .episode = 1, .status = FACT_CONFIRMED,
		  .stage = STAGE_ORDER },
		{ .episode = 2, .status = FACT_OBSERVED,
		  .stage = STAGE_DISSOLVED },
		{ .episode = 2, .status = FACT_REPORTED,
		  .stage = STAGE_PETITION },
		{ .episode = 2, .status = FACT_ENDED, .stage = STAGE_ORDER },
		{ .episode = 2, .status = FACT_REFUTED,
		  .stage = STAGE_LIQUIDATION },
	};

	cr_assert_eq(facts_lead(f, 5), &f[2]);
	cr_assert_eq(facts_lead(f, 2), &f[1]);
	f[1].status = FACT_REFUTED;
	f[2].status = FACT_REFUTED;
	cr_assert_eq(facts_lead(f, 5), &f[3]);
	cr_assert_null(facts_lead(f, 0));
}
