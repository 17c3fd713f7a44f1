/*
 * test_severity.c - the table of severities, row by row; deadlines; and the
 * table of kinds.
 */
#include <criterion/criterion.h>

#include "duty.h"
#include "severity.h"

static struct cover_row cover;
static struct severity_in in;

static void
setup(void)
{
	cover = (struct cover_row){ .next_etd = DATE_NONE };
	in = (struct severity_in){ .family = S("insolvency"),
				   .alert_kind = S("BUYER_INSOLVENCY"),
				   .stage = STAGE_OPENED,
				   .status = FACT_REPORTED,
				   .cover = &cover,
				   .today = date_of(2022, 12, 27),
				   .last_order = DATE_NONE };
}

static void
expect(enum severity severity, int rule)
{
	struct severity_out out = severity_of(&in);

	cr_assert_eq(out.severity, severity, "severity %d", out.severity);
	cr_assert_eq(out.rule, rule, "rule %d", out.rule);
	cr_assert_neq(out.why, 0);
}

TestSuite(severity, .init = setup);

Test(severity, rule_1_what_is_about_to_leave)
{
	cover.unshipped = 1;
	cover.imminent = 1;
	expect(SEVERITY_CRITICAL, 1);
	in.stage = STAGE_PETITION;
	expect(SEVERITY_CRITICAL, 1);
	in.status = FACT_OBSERVED;
	expect(SEVERITY_INFO, 12);
	in.stage = STAGE_LIQUIDATION;
	expect(SEVERITY_CRITICAL, 1);
	cover.imminent = 0;
	cover.in_transit = 1;
	expect(SEVERITY_CRITICAL, 1);
}

Test(severity, rule_2_sure_and_exposed)
{
	cover.open = 1;
	in.status = FACT_CORROBORATED;
	expect(SEVERITY_CRITICAL, 2);
	in.status = FACT_CONFIRMED;
	expect(SEVERITY_CRITICAL, 2);
	cover.open = 0;
	cover.unshipped = 1;
	expect(SEVERITY_CRITICAL, 2);
}

Test(severity, rule_6_one_source_and_exposed)
{
	cover.open = 1;
	expect(SEVERITY_HIGH, 6);
	cover.open = 0;
	cover.unshipped = 1;
	expect(SEVERITY_HIGH, 6);
}

Test(severity, rule_11_ordered_within_24_months)
{
	in.last_order = in.today - SEVERITY_ORDER_DAYS;
	expect(SEVERITY_MEDIUM, 11);
	in.last_order--;
	expect(SEVERITY_INFO, 12);
	in.last_order = DATE_NONE;
	in.status = FACT_CONFIRMED;
	expect(SEVERITY_INFO, 12);
}

Test(severity, the_dissolved_are_not_called_insolvent)
{
	in.stage = STAGE_DISSOLVED;
	in.status = FACT_CONFIRMED;
	cover.open = 1;
	expect(SEVERITY_CRITICAL, 2);
	cr_assert_eq(severity_of(&in).why, WHY_DISSOLVED | WHY_OPEN_EXPOSURE);
	cr_assert_str_eq(severity_why_text(15), "DISSOLVED");
	cr_assert_str_eq(severity_why_text(0), "INSOLVENCY_OBSERVED");
	cr_assert_str_eq(severity_why_text(14), "HELD");
}

Test(severity, other_families)
{
	in.family = S("default");
	expect(SEVERITY_HIGH, 7);
	in.family = S("rejection");
	expect(SEVERITY_HIGH, 7);
	in.family = S("sanctions");
	expect(SEVERITY_HIGH, 8);
	in.status = FACT_CONFIRMED;
	expect(SEVERITY_CRITICAL, 8);
	in.family = S("overdue");
	expect(SEVERITY_MEDIUM, 10);
	in.family = S("identity");
	expect(SEVERITY_INFO, 12);
	cover.break_even = 18750000;
	cover.open = 18749999;
	expect(SEVERITY_INFO, 12);
	cover.open = 18750000;
	expect(SEVERITY_HIGH, 9);
}

Test(severity, never_falls_inside_an_episode)
{
	in.floor = SEVERITY_CRITICAL;
	expect(SEVERITY_CRITICAL, 0);
	cr_assert_neq(severity_of(&in).why & WHY_HELD, 0);
	cover.imminent = 1;
	expect(SEVERITY_CRITICAL, 1);
	cr_assert_eq(severity_of(&in).why & WHY_HELD, 0);
}

TestSuite(duty);

Test(duty, the_day_of_knowledge_is_day_0_and_estimates_are_never_late)
{
	struct arena a;
	struct duties t;
	struct diag d = { 0 };
	const struct duty_rule *r;
	int64_t knew;

	cr_assert_eq(arena_init(&a, 1 << 20), ERR_OK);
	cr_assert_eq(duties_get(S("# c\np\tinsolvency\t10\tno\n"), &a, &t, &d),
		     ERR_OK);
	cr_assert_null(duties_find(&t, S("p"), S("default")));
	cr_assert_null(duties_find(&t, S("q"), S("insolvency")));
	r = duties_find(&t, S("p"), S("insolvency"));
	cr_assert_not_null(r);
	/* true deadline with the holiday file: 2023-01-11 */
	cr_assert_eq(time_get(S("2022-12-27T01:12:09Z"), &knew), ERR_OK);
	cr_assert_eq(duty_deadline(r, knew), date_of(2023, 1, 6));
	/* 17:00 UTC is the next day in Shanghai */
	cr_assert_eq(time_get(S("2022-12-27T17:00:00Z"), &knew), ERR_OK);
	cr_assert_eq(duty_deadline(r, knew), date_of(2023, 1, 7));
	arena_fini(&a);
}

Test(duty, bad_tables)
{
	static const char *const bad[] = { "p\n",
					   "p\tf\t\tno\n",
					   "p\tf\tx\tno\n",
					   "p\tf\t3661\tno\n",
					   "p\tf\t1\tmaybe\n",
					   "p\tf\t1\tno\tmore\n" };
	struct arena a;

	cr_assert_eq(arena_init(&a, 1 << 20), ERR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct duties t;
		struct diag d = { 0 };

		cr_assert_eq(duties_get(str_of(bad[i]), &a, &t, &d),
			     ERR_CONFIG, "%s", bad[i]);
		cr_assert_eq(d.line, 1);
	}
	arena_fini(&a);
}

static struct arena arena;
static struct kinds kinds;
static struct buf tsv;

static void
read_kinds(void)
{
	struct diag d = { 0 };

	cr_assert_eq(arena_init(&arena, 1 << 20), ERR_OK);
	buf_init(&tsv, 1 << 20);
	cr_assert_eq(buf_read_file(&tsv, "etc/kinds.tsv"), ERR_OK);
	cr_assert_eq(kinds_get(buf_str(&tsv), &arena, &kinds, &d), ERR_OK,
		     "%u: %s", d.line, d.why);
}

static void
free_kinds(void)
{
	buf_free(&tsv);
	arena_fini(&arena);
}

TestSuite(kinds_table, .init = read_kinds, .fini = free_kinds);

static bool
is_word(struct str s, char from, char to)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= from && s.p[i] <= to) || s.p[i] == '_'))
			return false;
	return s.n > 0;
}

Test(kinds_table, every_row_is_well_formed)
{
	static const char *const subjects[] = { "buyer", "bank", "country",
						"rate",	 "market", "any" };

	for (size_t i = 0; i < kinds.count; i++) {
		const struct kind *k = &kinds.row[i];
		bool known = false;

		for (size_t s = 0; s < 6; s++)
			known |= str_eq(k->subject, str_of(subjects[s]));
		cr_assert(known, "%.*s", STR_ARG(k->name));
		cr_assert(is_word(k->name, 'A', 'Z'), "%.*s",
			  STR_ARG(k->name));
		cr_assert(str_eq(k->family, S("-")) ||
			  is_word(k->family, 'a', 'z'));
		cr_assert(str_eq(k->alert_kind, S("-")) ||
			  is_word(k->alert_kind, 'A', 'Z'));
		cr_assert(str_eq(k->peril, S("-")) ||
			  is_word(k->peril, 'a', 'z'));
		/* what rings belongs to an episode */
		if (str_eq(k->family, S("-")))
			cr_assert(str_eq(k->alert_kind, S("-")), "%.*s",
				  STR_ARG(k->name));
		cr_assert(str_utf8(k->title_zh));
		cr_assert_leq(str_chars(k->title_zh), 8);
		cr_assert_leq(str_chars(k->title_en), 28);
	}
}

Test(kinds_table, every_kind_of_the_taxonomy_has_a_row)
{
	static const char *const all[] = {
		"INSOLVENCY_PETITION",	"INSOLVENCY_OPENED",
		"LIQUIDATION",		"LIQUIDATION_INSOLVENT",
		"LIQUIDATION_SOLVENT",	"REORGANISATION",
		"ADMINISTRATION",	"RECEIVERSHIP",
		"MORATORIUM",		"COMPOSITION",
		"CASE_CONVERTED",	"PLAN_CONFIRMED",
		"CLAIMS_DEADLINE",	"CREDITORS_MEETING",
		"PETITION_DISMISSED",	"PROCEEDING_CLOSED",
		"CEASED_TRADING",	"STRIKE_OFF_PROPOSED",
		"DISSOLVED",		"PROTRACTED_DEFAULT",
		"PAYMENT_DEFAULT",	"GOODS_REFUSED",
		"PAYMENT_REFUSED",	"CONTRACT_REPUDIATED",
		"LITIGATION",		"ENFORCEMENT",
		"SANCTIONED",		"DESANCTIONED",
		"RATING_DOWNGRADE",	"LIMIT_CUT",
		"OWNERSHIP_CHANGE",	"MERGED",
		"NAME_CHANGE",		"ADDRESS_CHANGE",
		"LEGAL_FORM_CHANGE",	"DIRECTOR_SANCTION",
		"DELISTING",		"FINANCIAL_RESTATEMENT",
		"LEI_LAPSED",		"BANK_BANKRUPT",
		"BANK_CLOSED",		"BANK_TAKEN_OVER",
		"BANK_NONPAYMENT",	"BANK_REFUSED_ACCEPTANCE",
		"BANK_DOWNGRADE",	"BANK_SANCTIONED",
		"UNKNOWN",		"INFO",
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_assert_not_null(kinds_find(&kinds, str_of(all[i])), "%s",
				   all[i]);
	cr_assert_eq(kinds.count, sizeof(all) / sizeof(all[0]));
}

Test(kinds_table, what_must_not_ring_as_bankruptcy)
{
	static const char *const quiet[] = { "LIQUIDATION_SOLVENT",
					     "LEI_LAPSED", "UNKNOWN",
					     "INFO" };

	for (size_t i = 0; i < 4; i++) {
		const struct kind *k = kinds_find(&kinds, str_of(quiet[i]));

		cr_assert(str_eq(k->alert_kind, S("-")));
		cr_assert_not(str_eq(k->family, S("insolvency")));
	}
	for (size_t i = 0; i < kinds.count; i++) {
		const struct kind *k = &kinds.row[i];

		if (str_eq(k->alert_kind, S("BUYER_INSOLVENCY")))
			cr_assert(str_eq(k->family, S("insolvency")));
		if (k->stage != STAGE_NONE && k->stage < STAGE_DISCHARGED)
			cr_assert(str_eq(k->family, S("insolvency")));
	}
}
