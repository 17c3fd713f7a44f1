/*
 * test_compose.c - the words of an alert, for every kind and for names that
 * do not fit.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "alert_dump.h"
#include "compose_priv.h"

static struct arena arena;
static struct buf kinds_tsv;
static struct buf texts_tsv;
static struct kinds kinds;
static struct texts texts;
static struct feeds feeds;
static struct feed feed;
static struct fact fact;
static struct fact_source source[3];
static struct exporter exporter;
static struct obligor obligor;
static struct alert alert;
static struct scheme scheme;
static struct policy policy;
static struct cover_row cover;
static struct compose_in in;
static struct compose_out out;
static const uint8_t key[COMPOSE_KEY_SIZE] = { 1, 2, 3 };
static const char *reason[] = { "INSOLVENCY_REPORTED", "ETD_LE_7D" };

static void
read_tables(void)
{
	struct diag d = { 0 };

	buf_init(&kinds_tsv, 1 << 20);
	buf_init(&texts_tsv, 1 << 20);
	cr_assert_eq(buf_read_file(&kinds_tsv, "etc/kinds.tsv"), ERR_OK);
	cr_assert_eq(buf_read_file(&texts_tsv, "etc/texts.tsv"), ERR_OK);
	cr_assert_eq(kinds_get(buf_str(&kinds_tsv), &arena, &kinds, &d),
		     ERR_OK, "%u: %s", d.line, d.why);
	cr_assert_eq(texts_get(buf_str(&texts_tsv), &kinds, &arena, &texts,
			       &d),
		     ERR_OK, "%u: %s", d.line, d.why);
}

static void
fill_party(void)
{
	feed = (struct feed){ .name = S("bureau"),
			      .title = S("A credit bureau") };
	feeds = (struct feeds){ &feed, 1 };
	exporter = (struct exporter){ .exporter_id = S("EXP-A"),
				      .uscc = S("91350100M000100Y43"),
				      .name = S("A企业"),
				      .branch = S("SZ"),
				      .contact_ref = S("mgr-7") };
	obligor = (struct obligor){ .obligor_id = S("OB-AE-000123"),
				    .type = OBLIGOR_BUYER,
				    .name = S("X Trading LLC"),
				    .country = S("AE") };
	source[0] = (struct fact_source){ .source = S("bureau"),
					  .record = S("case-1"),
					  .certainty = CERTAINTY_REPORTED,
					  .redistribution = REDIST_FULL,
					  .source_class = S("bureau"),
					  .kind = S("INSOLVENCY_OPENED"),
					  .url = S("https://bureau.test/1"),
					  .published_at = TIME_NONE,
					  .seen_at = 1672103523214,
					  .live = 1 };
	scheme = (struct scheme){ .scheme_id = S("SZ2022"),
				  .insured_bp = 8000,
				  .cap_minor = 15000000,
				  .cap_currency = S("USD") };
	policy = (struct policy){ .policy_id = S("P-1") };
}

static void
setup(void)
{
	cr_assert_eq(arena_init(&arena, 8 << 20), ERR_OK);
	read_tables();
	fill_party();
	fact = (struct fact){ .fact_id = S("00112233445566778899aabbccddeeff"),
			      .family = S("insolvency"),
			      .kind = S("INSOLVENCY_OPENED"),
			      .stage = STAGE_OPENED,
			      .status = FACT_REPORTED,
			      .occurred_on = DATE_NONE,
			      .effective_on = DATE_NONE,
			      .published_at = TIME_NONE,
			      .recorded_at = TIME_NONE,
			      .first_seen_at = 1672103523214,
			      .match_method = S("id"),
			      .match_score = 1000,
			      .match_keys = S("sinosure:AE1 lei:X") };
	alert = (struct alert){ .alert_id = S("00112233-4455-8677-8899-aabbccddeeff"),
				.dedup_key =
					S("00112233445566778899aabbccddeeff"),
				.exporter_id = S("EXP-A"),
				.obligor_id = S("OB-AE-000123"),
				.family = S("insolvency"),
				.episode = 1,
				.kind = S("BUYER_INSOLVENCY"),
				.kind_class = S("buyer"),
				.severity = SEVERITY_CRITICAL,
				.state = ALERT_OPEN,
				.revision = 1,
				.created_at = 1672103523214,
				.updated_at = 1672103523214,
				.knew_at = TIME_NONE,
				.acked_at = TIME_NONE };
	cover = (struct cover_row){ .policy = &policy,
				    .scheme = &scheme,
				    .cover_from = date_of(2022, 7, 1),
				    .cover_to = date_of(2023, 6, 30),
				    .currency = S("USD"),
				    .shipments = 1,
				    .orders = 1,
				    .unshipped = 20000000,
				    .if_uninsured = 20000000,
				    .break_even = 18750000,
				    .next_etd = date_of(2022, 12, 30),
				    .imminent = 1,
				    .reasons = COVER_K,
				    .quality = QUALITY_DECLARED };
	in = (struct compose_in){ .texts = &texts,
				  .feeds = &feeds,
				  .kind = kinds_find(&kinds, fact.kind),
				  .fact = &fact,
				  .source = source,
				  .source_count = 1,
				  .exporter = &exporter,
				  .obligor = &obligor,
				  .alert = &alert,
				  .cover = &cover,
				  .reason = reason,
				  .reason_count = 2,
				  .reports_left = 3,
				  .duty_deadline = DATE_NONE,
				  .instance = S("test"),
				  .tel = S("88325700"),
				  .token_key = key,
				  .now_ms = 1672103523214 };
}

static void
teardown(void)
{
	buf_free(&kinds_tsv);
	buf_free(&texts_tsv);
	arena_fini(&arena);
}

static void
compose(void)
{
	struct json *doc;
	struct diag d = { 0 };

	cr_assert_eq(compose_alert(&in, &arena, &out), ERR_OK);
	cr_assert_eq(json_read(out.event, &doc, &d), ERR_OK, "%s", d.why);
	json_free(doc);
}

static bool
has(struct str s, const char *needle)
{
	return str_contains(s, str_of(needle));
}

static void
expect_limits(const char *what)
{
	static const size_t max[LANG_COUNT][3] = {
		{ COMPOSE_TITLE_ZH_MAX, COMPOSE_BODY_ZH_MAX,
		  COMPOSE_SHORT_ZH_MAX },
		{ COMPOSE_TITLE_EN_MAX, COMPOSE_BODY_EN_MAX,
		  COMPOSE_SHORT_EN_MAX },
	};

	for (size_t i = 0; i < LANG_COUNT; i++) {
		const struct str s[3] = { out.text[i].title, out.text[i].body,
					  out.text[i].brief };

		for (size_t k = 0; k < 3; k++) {
			cr_assert_gt(s[k].n, 0, "%s", what);
			cr_assert_leq(str_chars(s[k]), max[i][k],
				      "%s: %zu: %.*s", what, str_chars(s[k]),
				      STR_ARG(s[k]));
			cr_assert_not(has(s[k], "{"), "%s: %.*s", what,
				      STR_ARG(s[k]));
			cr_assert(str_utf8(s[k]));
		}
	}
}

TestSuite(compose, .init = setup, .fini = teardown);

Test(compose, scenario_1_reads_like_the_example)
{
	compose();
	cr_assert_str_eq(out.text[LANG_ZH].title.p,
			 "【紧急】阿联酋买方疑似破产，请停止出运");
	cr_assert_str_eq(
		out.text[LANG_ZH].body.p,
		"据资信渠道信息，贵司买方 X Trading LLC（阿联酋）疑似进入破产"
		"程序（来源 1 个，尚未核实）。贵司有 1 笔待出运订单 20 万美元"
		"（预计 12 月 30 日）。若继续出运，20 万美元 不在保障内。请立"
		"即停止出运，并加急调取资信报告（剩余免费 3 份），联系客户经理"
		"。金额为估算，以正式保单约定为准。请勿向买方披露。");
	cr_assert_str_eq(
		out.text[LANG_EN].title.p,
		"URGENT – UAE buyer reported insolvent; stop shipment");
	cr_assert_str_eq(
		out.text[LANG_EN].body.p,
		"According to a credit bureau, your buyer X Trading LLC (AE) "
		"is reported to have entered insolvency proceedings (1 "
		"source(s), not yet verified). You have 1 order(s) of USD "
		"200,000 not yet shipped (ETD 30 Dec). If shipped, USD 200,000"
		" would be uninsured. Stop shipment now, order an urgent "
		"credit report (3 free left) and contact your account manager."
		" Amounts are estimates; the policy wording prevails. Do not "
		"disclose this to the buyer.");
	cr_assert(has(out.event, "\"duty\":null"));
	cr_assert(has(out.event, "\"report_quota_left\":3"));
	cr_assert(has(out.event, "\"if_shipped\":{\"insured\":\"0.00\","
				 "\"uninsured\":\"200000.00\"}"));
	cr_assert_not(has(out.event, "91350100M000100Y43"));
	expect_limits("scenario 1");
}

Test(compose, a_single_source_is_never_written_as_a_fact)
{
	for (size_t i = 0; i < kinds.count; i++) {
		in.kind = &kinds.row[i];
		if (str_eq(in.kind->alert_kind, S("-")))
			continue;
		fact.kind = in.kind->name;
		fact.stage = in.kind->stage;
		for (int s = FACT_OBSERVED; s <= FACT_CORROBORATED; s++) {
			fact.status = (enum fact_status)s;
			compose();
			cr_assert(has(out.text[LANG_ZH].title, "疑似"));
			cr_assert(has(out.text[LANG_ZH].body, "疑似"));
			cr_assert(has(out.text[LANG_ZH].brief, "疑似"));
			cr_assert_not(has(out.event, "已破产"));
			cr_assert_not(has(out.event, "已核实"));
			cr_assert_not(has(out.event, "onfirmed by"));
			cr_assert(has(out.event, "D-UNVERIFIED"));
			cr_assert(has(out.text[LANG_EN].title, "reported"));
		}
	}
	fact.status = FACT_CONFIRMED;
	source[0].certainty = CERTAINTY_OFFICIAL;
	compose();
	cr_assert_not(has(out.text[LANG_ZH].body, "疑似"));
	cr_assert_not(has(out.event, "D-UNVERIFIED"));
}

/* Whose it is waits for a reviewer: said so in both languages, wherever. */
Test(compose, a_suspected_match_says_so)
{
	in.suspected = 1;
	alert.severity = SEVERITY_HIGH;
	for (int i = 0; i < 4; i++) {
		fact.status = i % 2 ? FACT_CONFIRMED : FACT_REPORTED;
		source[0].certainty = i % 2 ? CERTAINTY_OFFICIAL :
					      CERTAINTY_REPORTED;
		source[0].redistribution = i > 1 ? REDIST_ACTION_ONLY :
						   REDIST_FULL;
		compose();
		cr_assert(has(out.text[LANG_ZH].title, "疑似匹配"));
		cr_assert(has(out.text[LANG_ZH].title, "暂缓出运"));
		cr_assert(has(out.text[LANG_ZH].body, "疑似匹配"));
		cr_assert(has(out.text[LANG_ZH].brief, "疑似匹配"));
		cr_assert(has(out.text[LANG_EN].title, "suspected match"));
		cr_assert(has(out.text[LANG_EN].title, "hold shipment"));
		cr_assert(has(out.text[LANG_EN].body, "suspected match"));
		cr_assert(has(out.text[LANG_EN].brief, "suspected match"));
		cr_assert(has(out.event, "\"flags\":[\"suspected\"]"));
		cr_assert(has(out.event, "\"level\":1"));
		cr_assert(has(out.event, "D-UNVERIFIED"));
		cr_assert_not(has(out.event, "已核实"));
		cr_assert_not(has(out.event, "onfirmed by"));
		cr_assert_eq(has(out.event, "破产"), i < 2);
		expect_limits("suspected");
	}
	alert_dump("suspected", S("EXP-A"), 1, out.event);
	in.suspected = 0;
	in.recognised = 1;
	source[0].redistribution = REDIST_FULL;
	compose();
	cr_assert_not(has(out.event, "疑似匹配\""));
	cr_assert(has(out.text[LANG_ZH].body, "已核实，为同一企业"));
	cr_assert(has(out.text[LANG_EN].body, "it is this company"));
}

/* Every kind, state, severity, and names as long as a notice may carry. */
Test(compose, limits_hold_for_every_kind_and_long_names)
{
	static char zh[NOTICE_FIELD_MAX + 1];
	static char en[NOTICE_FIELD_MAX + 1];
	static const enum alert_state state[] = { ALERT_OPEN, ALERT_RETRACTED,
						  ALERT_RESOLVED };

	memset(en, 'W', sizeof(en) - 1);
	for (size_t i = 0; i + 3 < sizeof(zh); i += 3)
		memcpy(zh + i, "司", 3);
	cover.open = 99999999999999;
	cover.insured = 15000000;
	cover.uninsured = cover.open - cover.insured;
	cover.unshipped = 88888888888888;
	cover.if_uninsured = 188888888888887;
	cover.reasons |= COVER_W | COVER_F;
	cover.scope = SCOPE_REVIEW;
	cover.in_transit = 1;
	cover.overdue = 1;
	in.duty_deadline = date_of(2023, 1, 6);
	in.duty_profile = S("sinosure_st");
	in.historic = 1;
	for (size_t i = 0; i < kinds.count * 48; i++) {
		size_t mark = arena_mark(&arena);

		in.suspected = i / 24 % 2;
		in.recognised = !in.suspected;
		in.kind = &kinds.row[i / 48];
		if (str_eq(in.kind->alert_kind, S("-")))
			continue;
		fact.kind = in.kind->name;
		fact.status = i % 2 ? FACT_REPORTED : FACT_CONFIRMED;
		obligor.name = i / 2 % 2 ? str_of(zh) : str_of(en);
		obligor.country = i / 4 % 2 ? S("PG") : S("QQ");
		obligor.type = i / 8 % 3 == 1 ? OBLIGOR_BANK : OBLIGOR_BUYER;
		alert.state = state[i / 8 % 3];
		in.end = alert.state != ALERT_RESOLVED ? END_NOT :
			 i % 2		       ? END_FACT :
			 i / 2 % 2	       ? END_EXPOSURE :
						 END_OBLIGOR_GONE;
		alert.severity = i % 5 ? SEVERITY_CRITICAL : SEVERITY_INFO;
		compose();
		expect_limits(in.kind->name.p);
		arena_rewind(&arena, mark);
	}
}

Test(compose, clip_is_exact_at_the_limit)
{
	cr_assert(str_eq(compose_clip(&arena, S("司司司"), 3), S("司司司")));
	cr_assert(str_eq(compose_clip(&arena, S("司司司司"), 3),
			 S("司司…")));
	cr_assert(str_eq(compose_clip(&arena, S("abcd"), 3), S("ab…")));
}

Test(compose, a_source_is_shown_as_far_as_it_allows)
{
	source[0].redistribution = REDIST_SUMMARY;
	compose();
	cr_assert_not(has(out.event, "case-1"));
	cr_assert_not(has(out.event, "bureau.test"));
	cr_assert_not(has(out.event, "A credit bureau"));
	cr_assert(has(out.event, "\"class\":\"bureau\""));
	cr_assert(has(out.event, "\"fact\":"));
	source[0].redistribution = REDIST_INTERNAL;
	compose();
	cr_assert_not(has(out.event, "case-1"));
	cr_assert_not(has(out.text[LANG_EN].body, "bureau"));
	source[0].redistribution = REDIST_ACTION_ONLY;
	compose();
	cr_assert_not(has(out.event, "\"fact\":"));
	cr_assert_not(has(out.event, "\"match\":"));
	cr_assert_not(has(out.event, "\"severity_reasons\":"));
	cr_assert_not(has(out.event, "破产"));
	cr_assert_not(has(out.event, "insolven"));
	cr_assert(has(out.event, "D-REASON-WITHHELD"));
	cr_assert(has(out.text[LANG_ZH].body, "原因不予披露"));
	expect_limits("withheld");
	/* a second source that may be shown tells the reason */
	source[1] = source[0];
	source[1].source = S("gazette");
	source[1].source_class = S("gazette");
	source[1].redistribution = REDIST_FULL;
	in.source_count = 2;
	compose();
	cr_assert(has(out.event, "\"fact\":"));
	cr_assert(has(out.text[LANG_EN].body, "gazette"));
}

Test(compose, at_most_three_actions_first)
{
	struct compose_action act[COMPOSE_ACTIONS_MAX];
	size_t n = 0;

	cr_assert_eq(compose_actions(&in, &arena, act, &n), ERR_OK);
	cr_assert_eq(n, 4);
	cr_assert_str_eq(act[0].code, "A_STOP_SHIPMENT");
	cr_assert_str_eq(act[1].code, "A_ORDER_REPORT");
	cr_assert_str_eq(act[2].code, "A_CONTACT_MANAGER");
	cr_assert_str_eq(act[3].code, "A_REPORT_RISK");
	cr_assert(has(act[2].text[LANG_ZH], "88325700"));
	compose();
	cr_assert(has(out.event, "\"more\":[{\"code\":\"A_REPORT_RISK\","
				 "\"priority\":4"));
	in.reports_left = 0;
	cr_assert_eq(compose_actions(&in, &arena, act, &n), ERR_OK);
	cr_assert(has(act[1].text[LANG_EN], "chargeable"));
	in.tel = STR_NONE;
	cr_assert_eq(compose_actions(&in, &arena, act, &n), ERR_OK);
	cr_assert_not(has(act[2].text[LANG_EN], "("));
	alert.state = ALERT_RETRACTED;
	cr_assert_eq(compose_actions(&in, &arena, act, &n), ERR_OK);
	cr_assert_eq(n, 1);
	cr_assert_str_eq(act[0].code, "A_IGNORE_RETRACTED");
	alert.state = ALERT_OPEN;
	alert.severity = SEVERITY_INFO;
	cr_assert_eq(compose_actions(&in, &arena, act, &n), ERR_OK);
	cr_assert_str_eq(act[n - 1].code, "A_NONE");
}

Test(compose, open_receivables_bring_a_duty_and_its_actions)
{
	cover.open = 12000000;
	cover.insured = 9600000;
	cover.uninsured = 2400000;
	cover.if_insured = 9600000;
	cover.if_uninsured = 22400000;
	in.duty_deadline = date_of(2023, 1, 6);
	in.duty_profile = S("sinosure_st");
	compose();
	cr_assert(has(out.event, "\"deadline\":\"2023-01-06T16:00:00.000Z\","
				 "\"deadline_local\":\"2023-01-06\""));
	cr_assert(has(out.event, "A_REPORT_LOSS"));
	cr_assert(has(out.event, "A_FILE_PROOF_OF_DEBT"));
	cr_assert(has(out.text[LANG_ZH].body, "22.4 万美元 不在保障内"));
	cr_assert(has(out.text[LANG_ZH].body, "12 万美元"));
	cr_assert(has(out.text[LANG_ZH].body, "9.6 万美元"));
	expect_limits("1b");
}

/* Every field there is, for the schema's sake. */
Test(compose, everything_there_is)
{
	feed.title = S("A credit bureau");
	feed.attribution = S("Contains data of a credit bureau");
	source[0].published_at = in.now_ms;
	fact.occurred_on = date_of(2022, 12, 20);
	fact.effective_on = date_of(2022, 12, 21);
	fact.published_at = in.now_ms;
	alert.knew_at = in.now_ms;
	in.alt_tel = S("83165355");
	in.historic = 1;
	cover.in_transit = 1;
	cover.open = 100000;
	cover.insured = 80000;
	cover.uninsured = 20000;
	cover.fx_count = 1;
	cover.fx[0] = (struct fx_rate){ S("USD"), S("HKD"), S("7.80"),
					 date_of(2022, 12, 1) };
	in.duty_deadline = date_of(2023, 1, 6);
	in.duty_profile = S("sinosure_st");
	compose();
	cr_assert(has(out.event, "{\"pair\":\"USDHKD\",\"rate\":\"7.80\","
				 "\"as_of\":\"2022-12-01\"}"));
	alert_dump("everything", S("EXP-A"), 1, out.event);
	source[0].redistribution = REDIST_ACTION_ONLY;
	compose();
	alert_dump("withheld", S("EXP-A"), 1, out.event);
	cover.policy = NULL;
	cover.scheme = NULL;
	cover.break_even = 0;
	in.reports_left = -1;
	source[0].redistribution = REDIST_SUMMARY;
	compose();
	cr_assert_not(has(out.event, "\"policy\":"));
	cr_assert_not(has(out.event, "report_quota_left"));
	alert_dump("no_policy", S("EXP-A"), 1, out.event);
}

Test(compose, amounts_as_people_say_them)
{
	static const struct {
		int64_t minor;
		const char *ccy;
		const char *zh;
		const char *en;
	} v[] = {
		{ 20000000, "USD", "20 万美元", "USD 200,000" },
		{ 8076923, "USD", "80,769.23 美元", "USD 80,769.23" },
		{ 22405000, "USD", "224,050 美元", "USD 224,050" },
		{ 23080000, "USD", "23.08 万美元", "USD 230,800" },
		{ 999900, "USD", "9,999 美元", "USD 9,999" },
		{ 1000000, "USD", "1 万美元", "USD 10,000" },
		{ 0, "USD", "0 美元", "USD 0" },
		{ 1500000, "JPY", "150 万日元", "JPY 1,500,000" },
		{ 1234567, "KWD", "1,234.567 KWD", "KWD 1,234.567" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct buf b;

		buf_init(&b, 100);
		compose_amount(&b, &texts, LANG_ZH, v[i].minor,
			       str_of(v[i].ccy));
		cr_assert(str_eq(buf_str(&b), str_of(v[i].zh)), "%.*s",
			  STR_ARG(buf_str(&b)));
		buf_clear(&b);
		compose_amount(&b, &texts, LANG_EN, v[i].minor,
			       str_of(v[i].ccy));
		cr_assert(str_eq(buf_str(&b), str_of(v[i].en)), "%.*s",
			  STR_ARG(buf_str(&b)));
		buf_free(&b);
	}
}

Test(compose, the_token_depends_on_the_key)
{
	uint8_t other[COMPOSE_KEY_SIZE] = { 9 };
	char a[33];
	char b[33];

	compose_token(key, S("91350100M000100Y43"), a);
	compose_token(other, S("91350100M000100Y43"), b);
	cr_assert_str_neq(a, b);
	cr_assert_eq(strlen(a), 32);
}

static void
texts_bad(const char *tsv, const char *why)
{
	struct texts t;
	struct diag d = { 0 };

	cr_assert_eq(texts_get(str_of(tsv), &kinds, &arena, &t, &d),
		     ERR_CONFIG, "%s", tsv);
	cr_assert(has(str_of(d.why), why), "%s", d.why);
}

Test(compose, a_bad_table_of_texts_is_refused)
{
	struct diag d = { 0 };
	struct texts t;
	struct buf less;
	struct str all = buf_str(&texts_tsv);

	texts_bad("", "no text '");
	texts_bad("a\tb\n", "code, zh and en");
	texts_bad("a\tb\tc\td\n", "3 columns");
	texts_bad("a\tb\t\xff\n", "UTF-8");
	texts_bad("a\tb\tc\na\tb\tc\n", "twice");
	/* each row ours is missed when it is gone */
	for (struct str rest = all; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		size_t mark = arena_mark(&arena);
		size_t at = (size_t)(line.p - all.p);

		if (line.n == 0 || line.p[0] == '#' ||
		    str_starts(line, S("country.")) ||
		    str_starts(line, S("ccy.")))
			continue;
		buf_init(&less, 1 << 20);
		buf_put(&less, str_sub(all, 0, at));
		buf_put(&less, str_sub(all, at + line.n + 1, all.n));
		cr_assert_eq(texts_get(buf_str(&less), &kinds, &arena, &t, &d),
			     ERR_CONFIG, "unmissed: %.*s", STR_ARG(line));
		buf_free(&less);
		arena_rewind(&arena, mark);
	}
}
