/*
 * test_decide.c - notices in, revisions on a stream out, on the real store.
 */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "alert_dump.h"
#include "book_import.h"
#include "decide_priv.h"
#include "watch_fixture.h"

static struct arena arena;
static struct store *store;
static struct kinds kinds;
static struct idschemes schemes;
static struct feeds feeds;
static struct feed feed[3];
static struct conf conf;
static struct buf kinds_tsv;
static struct buf schemes_tsv;
static struct buf texts_tsv;
static struct buf duties_tsv;
static struct decide *decide;
static struct mwatch *watch;
static struct instant now;
static const uint8_t key[COMPOSE_KEY_SIZE] = { 7 };

static const char SCHEMES[] =
	"scheme_id,insured_bp,cap_amount,cap_currency,cap_basis,year_from,"
	"year_to,pickup_deadline,duty_profile,free_reports,knew_at_basis\n"
	"SZ2021,8000,150000,USD,indemnity,2021-01-01,2022-06-30,,"
	"sinosure_st,3,delivered\n"
	"SZ2022,8000,150000,USD,indemnity,2022-07-01,2023-06-30,2022-06-30,"
	"sinosure_st,3,delivered\n"
	"SZ2023,8000,150000,USD,indemnity,2023-07-01,2024-06-30,2023-06-30,"
	"sinosure_st,3,delivered\n";
static const char EXPORTERS[] =
	"exporter_id,uscc,name,lang,branch,contact_ref\n"
	"EXP-A,91350100M000100Y43,A企业,zh-CN,SZ,mgr-7\n"
	"EXP-B,91350100M000100Y43,B企业,zh-CN,SZ,\n"
	"EXP-C,91350100M000100Y43,C企业,zh-CN,SZ,\n";
static const char POLICIES[] =
	"policy_id,scheme_id,exporter_id,status,picked_up_on\n"
	"P-2021,SZ2021,EXP-A,expired,\n"
	"P-2022,SZ2022,EXP-A,effective,2022-05-10\n"
	"P-2023,SZ2023,EXP-A,listed,\n";
static const char OBLIGORS[] =
	"obligor_id,type,name,aliases,country,ids,natural_person\n"
	"OB-AE-1,buyer,X Trading LLC,X General Trading,AE,sinosure:AE000123,\n"
	"OB-AE-2,buyer,Y Trading LLC,,AE,sinosure:AE000999,\n"
	"OB-AE-3,buyer,Ahmed Trader,,AE,sinosure:AE000777,1\n"
	"OB-BK-1,bank,First Bank of B,,AE,bic:BOMLAEAD,\n";
static const char FOLLOWS[] = "exporter_id,obligor_id,last_order_on\n"
			      "EXP-B,OB-AE-1,2021-11-01\n"
			      "EXP-C,OB-AE-1,2019-01-01\n";
static const char SHIPMENTS[] =
	"shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
	"payment_term,contract_date,etd,ship_date,due_date,status\n"
	"S-1,EXP-A,OB-AE-1,,200000,USD,OA,2022-11-20,2022-12-30,,,ready\n";

static void
book(const char *csv)
{
	const struct book_file file = { S("t.csv"), str_of(csv) };
	const struct book_options opt = { .schemes = &schemes,
					  .mode = BOOK_WRITE };
	struct book_report r;
	enum err err;

	book_report_init(&r);
	err = book_import(store, &file, 1, &opt, now, &r);
	cr_assert_eq(err, ERR_OK, "%.*s", STR_ARG(buf_str(&r.faults)));
	book_report_free(&r);
}

static void
at(const char *time)
{
	cr_assert_eq(time_get(str_of(time), &now.wall_ms), ERR_OK);
}

static void
load(void)
{
	struct diag d = { 0 };
	const struct decide_in in = {
		.store = store,
		.watch = watch,
		.kinds = &kinds,
		.feeds = &feeds,
		.schemes = &schemes,
		.conf = &conf,
		.texts = buf_str(&texts_tsv),
		.duties = buf_str(&duties_tsv),
		.token_key = key,
		.mode = COMPOSE_REPLAY,
		.diag = &d,
	};

	cr_assert_eq(decide_new(&in, &decide), ERR_OK, "%s", d.why);
}

static void
read_table(struct buf *b, const char *path)
{
	buf_init(b, 1 << 20);
	cr_assert_eq(buf_read_file(b, path), ERR_OK);
}

static void
setup(void)
{
	struct diag d = { 0 };

	cr_assert_eq(arena_init(&arena, 64 << 20), ERR_OK);
	read_table(&kinds_tsv, "etc/kinds.tsv");
	read_table(&schemes_tsv, "etc/idschemes.tsv");
	read_table(&texts_tsv, "etc/texts.tsv");
	read_table(&duties_tsv, "etc/duties.tsv");
	cr_assert_eq(kinds_get(buf_str(&kinds_tsv), &arena, &kinds, &d),
		     ERR_OK);
	cr_assert_eq(idschemes_get(buf_str(&schemes_tsv), &arena, &schemes,
				   &d),
		     ERR_OK);
	feed[0] = (struct feed){ .name = S("bureau"),
				 .source_class = S("bureau") };
	feed[1] = (struct feed){ .name = S("press"),
				 .source_class = S("press") };
	feed[2] = (struct feed){ .name = S("registry"),
				 .source_class = S("registry") };
	feeds = (struct feeds){ feed, 3 };
	conf = (struct conf){ .instance = S("test"),
			      .contact_tel = S("88325700"),
			      .match_accept = 950,
			      .match_review = 600 };
	cr_assert_eq(store_open(":memory:", &store, &d), ERR_OK, "%s", d.why);
	at("2022-12-27T01:12:03.214Z");
	book(SCHEMES);
	book(EXPORTERS);
	book(POLICIES);
	book(OBLIGORS);
	book(FOLLOWS);
	book(SHIPMENTS);
	watch = watch_fixture(store);
	load();
}

static void
teardown(void)
{
	static const char *const who[] = { "EXP-A", "EXP-B", "EXP-C" };

	for (size_t i = 0; i < 3; i++) {
		struct entry *e = NULL;
		size_t n = 0;

		cr_assert_eq(store_entries(store, str_of(who[i]), 1, 100,
					   &arena, &e, &n),
			     ERR_OK);
		for (size_t k = 0; k < n; k++)
			alert_dump(criterion_current_test->name,
				   e[k].stream, (int)e[k].seq, e[k].body);
	}
	decide_free(decide);
	mwatch_free(watch);
	store_close(store);
	buf_free(&kinds_tsv);
	buf_free(&schemes_tsv);
	buf_free(&texts_tsv);
	buf_free(&duties_tsv);
	arena_fini(&arena);
}

TestSuite(decide, .init = setup, .fini = teardown);

/* A bureau's notice of an opened insolvency of OB-AE-1. */
static struct notice
notice(struct str source, struct str record)
{
	static struct notice_id id;
	static struct notice_name name;

	id = (struct notice_id){ S("sinosure"), S("AE000123") };
	name = (struct notice_name){ S("X Trading L.L.C."), S("legal"),
				     STR_NONE };
	return (struct notice){ .source = source,
				.record = record,
				.action = ACTION_NEW,
				.subject = SUBJECT_BUYER,
				.kind = S("INSOLVENCY_OPENED"),
				.names = &name,
				.name_count = 1,
				.ids = &id,
				.id_count = 1,
				.country = S("AE"),
				.natural_person = -1,
				.occurred_on = date_of(2022, 12, 20),
				.effective_on = DATE_NONE,
				.deadline_on = DATE_NONE,
				.published_at = TIME_NONE,
				.recorded_at = now.wall_ms,
				.certainty = CERTAINTY_REPORTED };
}

static void
give(const struct notice *n)
{
	struct buf json;
	enum err err;

	buf_init(&json, NOTICE_JSON_MAX);
	notice_put(&json, n);
	cr_assert_eq(store_begin(store), ERR_OK);
	err = decide_notice(decide, n, buf_str(&json), now);
	cr_assert_eq(err, ERR_OK, "%s", err_text(err));
	cr_assert_eq(store_commit(store), ERR_OK);
	buf_free(&json);
}

/* The entries of a stream; the last one in *e. */
static size_t
stream(const char *exporter, struct entry *e)
{
	struct entry *entry = NULL;
	size_t n = 0;

	cr_assert_eq(store_entries(store, str_of(exporter), 1, 100, &arena,
				   &entry, &n),
		     ERR_OK);
	if (n > 0 && e != NULL)
		*e = entry[n - 1];
	return n;
}

static struct alert
alert_of(const char *exporter)
{
	struct entry e;
	struct alert a;

	cr_assert_gt(stream(exporter, &e), 0);
	cr_assert_eq(store_alert_by_id(store, e.alert_id, &arena, &a), ERR_OK);
	return a;
}

static bool
has(struct str s, const char *needle)
{
	return str_contains(s, str_of(needle));
}

static void
state(const char *exporter, uint64_t seq, int what, struct str code)
{
	struct evidence e = { .key = S("k"),
			      .stream = str_of(exporter),
			      .epoch = 1,
			      .seq = seq,
			      .state = what,
			      .code = code,
			      .stored_at = now.wall_ms };
	int first = 0;

	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(store_evidence_put(store, &e, &first), ERR_OK);
	cr_assert_eq(decide_state(decide, &e, first, now), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
}

static void
rebook(const char *csv)
{
	struct names_scan scan = { 0 };
	int64_t version = 0;
	bool more = true;

	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(store_book_version(store, &version), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	book(csv);
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(decide_book(decide, version, now), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	while (more) {
		cr_assert_eq(store_begin(store), ERR_OK);
		cr_assert_eq(decide_names(decide, &scan, now, &more), ERR_OK);
		cr_assert_eq(store_commit(store), ERR_OK);
	}
}

/* Scenario 1, step by step: the case this product exists for. */
Test(decide, scenario_1)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;
	struct alert a;
	char first_id[ALERT_ID_SIZE];

	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert_eq(e.type, 1);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
	a = alert_of("EXP-A");
	cr_assert_eq(str_copy(first_id, sizeof(first_id), a.alert_id), ERR_OK);
	cr_assert(str_eq(a.policy_id, S("P-2022")));
	cr_assert(has(e.body, "\"scheme\":\"SZ2022\""));
	cr_assert(has(e.body, "\"severity_reasons\":[\"INSOLVENCY_REPORTED\","
			      "\"ETD_LE_7D\",\"UNSHIPPED_ORDER\"]"));
	cr_assert(has(e.body, "\"open\":\"0.00\""));
	cr_assert(has(e.body, "\"unshipped\":\"200000.00\""));
	cr_assert(has(e.body, "\"if_shipped\":{\"insured\":\"0.00\","
			      "\"uninsured\":\"200000.00\"}"));
	cr_assert(has(e.body, "\"reasons\":[\"K\"]"));
	cr_assert(has(e.body, "\"report_quota_left\":3"));
	cr_assert(has(e.body, "\"duty\":null"));
	cr_assert(has(e.body, "\"mode\":\"replay\""));
	cr_assert(has(e.body, "\"method\":\"id\",\"score\":1000,\"keys\":"
			      "[\"sinosure:AE000123\"]"));
	cr_assert(has(e.body, "疑似"));
	/* delivered, acked, report ordered */
	at("2022-12-27T01:12:09Z");
	state("EXP-A", 1, 3, STR_NONE);
	at("2022-12-27T01:20:00Z");
	state("EXP-A", 1, 5, STR_NONE);
	a = alert_of("EXP-A");
	cr_assert_eq(a.state, ALERT_ACKED);
	cr_assert_eq(date_shanghai(a.knew_at), date_of(2022, 12, 27));
	state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	cr_assert_eq(alert_of("EXP-A").state, ALERT_ACTIONED);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	/* the report confirms */
	at("2022-12-28T07:00:00Z");
	n = notice(S("bureau"), S("report-1"));
	n.certainty = CERTAINTY_OFFICIAL;
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 2);
	cr_assert_eq(e.revision, 2);
	cr_assert(str_eq(e.alert_id, str_of(first_id)));
	cr_assert(has(e.body, "\"status\":\"confirmed\""));
	cr_assert(has(e.body, "\"report_quota_left\":2"));
	cr_assert(has(e.body, "\"severity\":\"CRITICAL\""));
	a = alert_of("EXP-A");
	cr_assert_eq(a.state, ALERT_OPEN, "the ack does not carry over");
	/* the evidence of knowledge does */
	cr_assert_eq(a.knew_at % 60000, 9000);
}

Test(decide, followers_hear_it_as_loud_as_it_concerns_them)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	cr_assert_eq(stream("EXP-B", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_MEDIUM); /* ordered 14 months ago */
	cr_assert_not(has(e.body, "P-2022"));
	cr_assert_not(has(e.body, "A企业"));
	cr_assert_eq(stream("EXP-C", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_INFO); /* four years ago */
}

Test(decide, ids_are_the_hashes_of_the_contract)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	char hex[33];
	char uuid[37];
	struct alert a;

	give(&n);
	a = alert_of("EXP-A");
	hash_id(S("EXP-A\x1FOB-AE-1\x1Finsolvency\x1F" "1"), hex);
	hash_uuid(hex, uuid);
	cr_assert(str_eq(a.dedup_key, str_of(hex)));
	cr_assert(str_eq(a.alert_id, str_of(uuid)));
}

Test(decide, the_same_notice_twice_is_one_alert)
{
	struct notice n = notice(S("bureau"), S("case-1"));

	give(&n);
	at("2022-12-27T02:12:03Z");
	n.recorded_at = now.wall_ms;
	n.published_at = now.wall_ms;
	n.url = S("https://elsewhere.test/");
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	cr_assert_eq(decide_counts(decide)->same, 1);
	/* changed, but nothing the exporter would act on */
	n.address = S("other street");
	n.jurisdiction = S("AE-DIFC");
	n.action = ACTION_AMEND;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	cr_assert_eq(decide_counts(decide)->same, 1);
}

Test(decide, run_again_it_writes_the_same_bytes)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry *before = NULL;
	struct entry *after = NULL;
	size_t n1 = 0;
	size_t n2 = 0;

	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(decide_notice(decide, &n, S("{}"), now), ERR_OK);
	cr_assert_eq(store_entries(store, S("EXP-A"), 1, 9, &arena, &before,
				   &n1),
		     ERR_OK);
	store_rollback(store);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	give(&n);
	cr_assert_eq(store_entries(store, S("EXP-A"), 1, 9, &arena, &after,
				   &n2),
		     ERR_OK);
	cr_assert_eq(n1, n2);
	cr_assert(str_eq(before[0].body, after[0].body));
	cr_assert(str_eq(before[0].alert_id, after[0].alert_id));
}

Test(decide, a_second_independent_source_corroborates)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	n.url = S("https://one.test/");
	give(&n);
	n = notice(S("press"), S("item-9"));
	n.url = S("https://one.test/"); /* a reprint */
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	n = notice(S("registry"), S("r-2"));
	n.occurred_on = date_of(2022, 12, 20) + 45;
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert(has(e.body, "\"status\":\"corroborated\""));
	cr_assert(has(e.body, "疑似"));
}

Test(decide, refuted_is_retracted_to_everyone_who_saw_it)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	at("2022-12-28T07:00:00Z");
	n.action = ACTION_CANCEL;
	give(&n);
	for (int i = 0; i < 3; i++) {
		const char *who[] = { "EXP-A", "EXP-B", "EXP-C" };

		cr_assert_eq(stream(who[i], &e), 2);
		cr_assert_eq(e.type, 3);
		cr_assert_eq(e.revision, 2);
		cr_assert(has(e.body, "\"state\":\"RETRACTED\""));
		cr_assert(has(e.body, "A_IGNORE_RETRACTED"));
		cr_assert(has(e.body, "撤回"));
	}
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL, "as loud as it went");
	cr_assert(has(e.body, "\"insured\":\"150000.00\""), "K is gone");
	/* cancelled again: nothing; reported again: a new episode */
	n.recorded_at++;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 2);
	n.action = ACTION_NEW;
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(has(e.body, "\"episode\":2"));
}

Test(decide, one_of_two_sources_falls_the_other_stands)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	n = notice(S("registry"), S("r-1"));
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 2);
	n.action = ACTION_CANCEL;
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 3);
	cr_assert(has(e.body, "\"status\":\"reported\""));
	cr_assert_eq(e.type, 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
}

Test(decide, a_new_stage_is_a_revision_of_the_same_alert)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	n = notice(S("bureau"), S("case-2"));
	n.kind = S("LIQUIDATION_INSOLVENT");
	n.occurred_on = date_of(2023, 6, 1); /* far beyond 45 days */
	at("2023-06-02T00:00:00Z");
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert_eq(e.revision, 2);
	cr_assert(has(e.body, "\"stage\":\"liquidation\""));
}

Test(decide, what_ends_the_case_closes_the_alert_and_rings_nobody_new)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	n = notice(S("bureau"), S("end-1"));
	n.kind = S("PETITION_DISMISSED");
	n.occurred_on = date_of(2023, 11, 1);
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 2);
	cr_assert(has(e.body, "\"state\":\"RESOLVED\""));
	cr_assert(has(e.body, "\"kind\":\"BUYER_INSOLVENCY\""));
	n = notice(S("bureau"), S("case-7"));
	n.occurred_on = date_of(2023, 12, 1);
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(has(e.body, "\"episode\":2"));
}

Test(decide, the_dissolved_ring_as_such_and_nowhere_say_insolvent)
{
	struct notice n = notice(S("registry"), S("lei-1"));
	struct entry e;

	n.kind = S("DISSOLVED");
	n.certainty = CERTAINTY_OFFICIAL;
	n.effective_on = date_of(2018, 1, 1);
	n.occurred_on = DATE_NONE;
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert(has(e.body, "\"kind\":\"BUYER_DISSOLVED\""));
	cr_assert_not(has(e.body, "破产"));
	cr_assert_not(has(e.body, "nsolven"));
	cr_assert_not(has(e.body, "INSOLVEN"));
	cr_assert(has(e.body, "\"severity\":\"CRITICAL\""));
	cr_assert(has(e.body, "注销"));
	cr_assert(has(e.body, "\"reasons\":[\"K\"]"));
}

Test(decide, an_end_without_a_beginning_rings_nobody)
{
	struct notice n = notice(S("bureau"), S("end-1"));

	n.kind = S("PROCEEDING_CLOSED");
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 0);
}

Test(decide, kinds_that_ring_for_nobody)
{
	static const char *const silent[] = { "LIQUIDATION_SOLVENT",
					      "LEI_LAPSED", "UNKNOWN",
					      "INFO" };

	for (size_t i = 0; i < 4; i++) {
		struct notice n = notice(S("bureau"), str_of(silent[i]));

		n.kind = str_of(silent[i]);
		give(&n);
	}
	cr_assert_eq(stream("EXP-A", NULL), 0);
}

Test(decide, a_name_alone_waits_for_a_reviewer)
{
	struct notice n = notice(S("press"), S("item-1"));
	struct fact *fact = NULL;
	size_t count = 0;
	struct notice_name name = { S("x TRADING, llc"), S("legal"),
				    STR_NONE };

	n.names = &name;
	n.id_count = 0;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	cr_assert_eq(decide_counts(decide)->reviews, 1);
	cr_assert_eq(store_facts_unmatched(store, S("name"),
					   S("x trading llc"), &arena, &fact,
					   &count),
		     ERR_OK);
	cr_assert_eq(count, 1);
	/* below the threshold nobody is asked */
	conf.match_review = 1000;
	n.record = S("item-2");
	give(&n);
	cr_assert_eq(decide_counts(decide)->reviews, 1);
}

Test(decide, ids_of_two_obligors_wait_for_a_reviewer)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000123") },
				   { S("sinosure"), S("ae-000999") } };

	n.ids = id;
	n.id_count = 2;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	cr_assert_eq(decide_counts(decide)->reviews, 1);
}

Test(decide, natural_persons_are_kept_only_where_the_book_has_them)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct notice_id id = { S("sinosure"), S("AE000777") };
	struct fact f;

	n.natural_person = 1;
	give(&n);
	cr_assert_eq(decide_counts(decide)->natural_skipped, 1);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	cr_assert_eq(store_fact_by_record(store, S("bureau"), S("case-1"),
					  &arena, &f),
		     ERR_ABSENT);
	n.ids = &id;
	n.record = S("case-2");
	give(&n);
	cr_assert_eq(decide_counts(decide)->natural_skipped, 1);
	cr_assert_eq(store_fact_by_record(store, S("bureau"), S("case-2"),
					  &arena, &f),
		     ERR_OK);
}

Test(decide, a_fact_nobody_knew_rings_when_the_book_gets_its_obligor)
{
	struct notice n = notice(S("registry"), S("r-1"));
	struct notice_id id = { S("sinosure"), S("AE000555") };
	struct entry e;

	n.ids = &id;
	n.occurred_on = date_of(2022, 1, 10);
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	book("shipment_id,exporter_id,obligor_id,amount,currency,"
	     "payment_term,etd,status\n"
	     "S-9,EXP-A,OB-AE-2,50000,USD,OA,2023-02-01,contracted\n");
	rebook("obligor_id,type,name,country,ids\n"
	       "OB-AE-2,buyer,Y Trading LLC,AE,"
	       "sinosure:AE000999|sinosure:AE000555\n");
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert(has(e.body, "\"flags\":[\"historic\"]"));
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	/* and only once */
	rebook(FOLLOWS);
	cr_assert_eq(stream("EXP-A", NULL), 1);
}

static int64_t
questions(void)
{
	int64_t n = -1;

	cr_assert_eq(store_review_count(store, &n), ERR_OK);
	return n;
}

/* A court's notice of somebody by name alone. */
static struct notice
named(struct str record, struct notice_name *name)
{
	struct notice n = notice(S("press"), record);

	*name = (struct notice_name){ S("Fjellhavn Rederi A/S"), S("legal"),
				      STR_NONE };
	n.names = name;
	n.id_count = 0;
	n.country = S("NO");
	return n;
}

#define FJELLHAVN                                                              \
	"obligor_id,type,name,country\nOB-NO-1,buyer,Fjellhavn Rederi AS,NO\n"

Test(decide, a_name_rings_where_the_feed_may)
{
	struct notice_name name;
	struct notice n = named(S("r-1"), &name);
	struct entry e;

	feed[1].name_accept = 1;
	book(FJELLHAVN);
	book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	give(&n);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-B", &e), 1);
	cr_assert(has(e.body, "\"method\":\"name\""));
	cr_assert(has(e.body, "country NO = NO"));
}

Test(decide, a_buyer_already_bankrupt_is_a_question_when_it_is_insured)
{
	struct notice_name name;
	struct notice n = named(S("r-1"), &name);

	give(&n);
	cr_assert_eq(questions(), 0);
	rebook(FJELLHAVN);
	cr_assert_eq(questions(), 1);
	cr_assert_eq(decide_counts(decide)->reviews, 1);
	/* once: another obligor's change asks nothing about this one */
	rebook(FOLLOWS);
	rebook("obligor_id,type,name,country\nOB-X,buyer,Something Else,DE\n");
	cr_assert_eq(decide_counts(decide)->reviews, 1);
	cr_assert_eq(stream("EXP-A", NULL), 0);
}

Test(decide, and_rings_where_the_feed_may)
{
	struct notice_name name;
	struct notice n = named(S("r-1"), &name);
	struct entry e;

	feed[1].name_accept = 1;
	give(&n);
	rebook(FJELLHAVN "");
	cr_assert_eq(stream("EXP-B", NULL), 0);
	rebook("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(stream("EXP-B", &e), 1);
	cr_assert(has(e.body, "\"flags\":[\"historic\"]"), "%.*s",
		  STR_ARG(e.body));
	rebook(FJELLHAVN "");
	cr_assert_eq(stream("EXP-B", NULL), 1);
}

Test(decide, a_rejected_pair_is_not_asked_from_the_other_side)
{
	struct notice_name name;
	struct notice n = named(S("r-1"), &name);

	give(&n);
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(store_reject_put(store, S("fjellhavn rederi a s"),
				      S("OB-NO-1"), S("another"), 1),
		     ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	rebook(FJELLHAVN);
	cr_assert_eq(questions(), 0);
}

/* ---- a reviewer's word ---- */

static struct str
fact_of(const struct notice *n)
{
	struct fact f;

	cr_assert_eq(store_fact_by_record(store, n->source, n->record, &arena,
					  &f),
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

	cr_assert_eq(store_begin(store), ERR_OK);
	err = decide_review(decide, &a, now, done);
	if (err == ERR_OK)
		cr_assert_eq(store_commit(store), ERR_OK);
	else
		store_rollback(store);
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
	struct notice n = named(S("r-1"), name);

	book(FJELLHAVN);
	book("exporter_id,obligor_id\nEXP-B,OB-NO-1\n");
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	give(&n);
	cr_assert_eq(questions(), 1);
	cr_assert_eq(stream("EXP-B", NULL), 0);
	return n;
}

Test(decide, what_a_reviewer_accepts_rings)
{
	struct notice_name name;
	struct notice n = asked(&name);
	struct entry e;

	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_DONE);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-B", &e), 1);
	cr_assert(has(e.body, "\"method\":\"name\""));
	cr_assert(has(e.body, "country NO = NO"));
	cr_assert(has(e.body, "confirmed by a reviewer"));
	/* said twice it was so already */
	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_SAME);
	cr_assert_eq(say(&n, "OB-NO-1", "another"), REVIEW_ACCEPTED);
	cr_assert_eq(say(&n, "OB-AE-1", NULL), REVIEW_ELSEWHERE);
	/* the amended record is the obligor's still */
	n.amount = S("5");
	n.currency = S("NOK");
	give(&n);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-B", NULL), 1);
}

Test(decide, what_a_reviewer_rejects_is_never_asked_again)
{
	struct notice_name name;
	struct notice n = asked(&name);

	cr_assert_eq(say(&n, "OB-NO-1", "another Fjellhavn"), REVIEW_DONE);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(say(&n, "OB-NO-1", "again"), REVIEW_SAME);
	cr_assert_eq(say(&n, "OB-NO-1", NULL), REVIEW_REJECTED);
	n.occurred_on = date_of(2022, 12, 21);
	give(&n);
	n.record = S("r-2");
	give(&n);
	rebook(FJELLHAVN "");
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-B", NULL), 0);
}

Test(decide, of_ids_of_two_a_reviewer_takes_one)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000123") },
				   { S("sinosure"), S("AE000999") } };
	struct entry e;

	n.ids = id;
	n.id_count = 2;
	give(&n);
	cr_assert_eq(questions(), 2);
	cr_assert_eq(say(&n, "OB-AE-1", NULL), REVIEW_DONE);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert(has(e.body, "\"method\":\"id\""));
	cr_assert(has(e.body, "sinosure:AE000123"));
	cr_assert_eq(say(&n, "OB-AE-2", "not"), REVIEW_SAME);
}

/* The rejected one is rejected of this fact; the id still speaks for it. */
Test(decide, of_ids_of_two_a_reviewer_rejects_one)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000999") },
				   { S("sinosure"), S("AE000123") } };
	struct review *q = NULL;
	size_t count = 0;

	n.ids = id;
	n.id_count = 2;
	give(&n);
	cr_assert_eq(say(&n, "OB-AE-1", "not"), REVIEW_DONE);
	n.occurred_on = date_of(2022, 12, 21);
	give(&n);
	cr_assert_eq(store_reviews(store, &arena, &q, &count), ERR_OK);
	cr_assert_eq(count, 1);
	cr_assert(str_eq(q[0].obligor_id, S("OB-AE-2")));
	n.record = S("case-2");
	n.ids = &id[1];
	n.id_count = 1;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 1);
}

Test(decide, a_question_goes_with_its_notice)
{
	struct notice_name name;
	struct notice n = asked(&name);
	enum review_done done;

	n.action = ACTION_CANCEL;
	give(&n);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(says(&n, "OB-NO-1", NULL, &done), ERR_ABSENT);
	n.action = ACTION_NEW;
	give(&n);
	cr_assert_eq(questions(), 1);
	n.kind = S("PETITION_DISMISSED");
	give(&n);
	cr_assert_eq(questions(), 0);
}

Test(decide, a_question_goes_when_an_id_answers_it)
{
	struct notice_name name;
	struct notice n = asked(&name);
	struct notice_id id = { S("sinosure"), S("AE000123") };

	n.ids = &id;
	n.id_count = 1;
	give(&n);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(stream("EXP-A", NULL), 1);
}

Test(decide, a_question_goes_with_its_obligor)
{
	struct notice_name name;
	struct notice n = asked(&name);
	enum review_done done;
	struct book_report r;
	const struct book_file file[2] = {
		{ S("f.csv"), str_of(FOLLOWS) },
		{ S("o.csv"), str_of(OBLIGORS) },
	};
	int64_t version = 0;

	book_report_init(&r);
	for (int i = 0; i < 2; i++) {
		const struct book_options opt = {
			.schemes = &schemes,
			.mode = BOOK_WRITE,
			.force = 1,
			.replace = i == 0 ? S("follows") : S("obligors"),
		};

		cr_assert_eq(book_import(store, &file[i], 1, &opt, now, &r),
			     ERR_OK, "%.*s", STR_ARG(buf_str(&r.faults)));
	}
	book_report_free(&r);
	cr_assert_eq(questions(), 1);
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(store_book_version(store, &version), ERR_OK);
	cr_assert_eq(decide_book(decide, version, now), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	cr_assert_eq(questions(), 0);
	cr_assert_eq(says(&n, "OB-NO-1", NULL, &done), ERR_ABSENT);
}

Test(decide, a_rejection_has_a_reason_of_limited_length)
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
	cr_assert_eq(questions(), 1);
	why[REVIEW_WHY_MAX] = '\0';
	cr_assert_eq(say(&n, "OB-NO-1", why), REVIEW_DONE);
}

/* The index came too late for the notice: it is tried again. */
Test(decide, what_half_an_index_missed_is_found_by_the_whole)
{
	struct names_scan scan = { 0 };
	struct notice_name name;
	struct notice n = named(S("r-1"), &name);
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
	book(b.p);
	buf_free(&b);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	cr_assert_not(mwatch_whole(watch));
	give(&n);
	cr_assert_eq(questions(), 0);
	fd = watch_fixture_segment(store);
	cr_assert_eq(mwatch_map(watch, fd, store, &d), ERR_OK, "%s", d.why);
	(void)close(fd);
	while (more) {
		cr_assert_eq(store_begin(store), ERR_OK);
		cr_assert_eq(decide_names(decide, &scan, now, &more), ERR_OK);
		cr_assert_eq(store_commit(store), ERR_OK);
	}
	cr_assert_eq(questions(), 1);
}

Test(decide, amounts_move_by_a_tenth_and_ten_thousand)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	give(&n);
	at("2022-12-27T03:00:00Z");
	rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
	       "payment_term,etd,status\n"
	       "S-1,EXP-A,OB-AE-1,219999.99,USD,OA,2022-12-30,ready\n");
	cr_assert_eq(stream("EXP-A", NULL), 1);
	rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
	       "payment_term,etd,status\n"
	       "S-1,EXP-A,OB-AE-1,220000,USD,OA,2022-12-30,ready\n");
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert(has(e.body, "\"uninsured\":\"220000.00\""));
	/* all cancelled: resolved, once */
	rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
	       "payment_term,etd,status\n"
	       "S-1,EXP-A,OB-AE-1,220000,USD,OA,2022-12-30,cancelled\n");
	cr_assert_eq(stream("EXP-A", &e), 3);
	cr_assert(has(e.body, "\"state\":\"RESOLVED\""));
	rebook(FOLLOWS);
	cr_assert_eq(stream("EXP-A", NULL), 3);
}

Test(decide, a_departure_comes_near)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;
	int64_t next = 0;

	book("shipment_id,exporter_id,obligor_id,amount,currency,"
	     "payment_term,etd,status\n"
	     "S-1,EXP-A,OB-AE-1,200000,USD,OA,2023-01-05,contracted\n");
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(decide_tick(decide, now, &next), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	now.wall_ms = next + DAY_MS; /* 29 December */
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(decide_tick(decide, now, &next), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	cr_assert_eq(stream("EXP-A", &e), 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
}

Test(decide, variant_1b_starts_a_duty)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct entry e;

	book("shipment_id,exporter_id,obligor_id,amount,currency,"
	     "payment_term,ship_date,due_date,status\n"
	     "S-0,EXP-A,OB-AE-1,120000,USD,OA,2022-11-15,2023-02-15,"
	     "shipped\n");
	give(&n);
	cr_assert_eq(stream("EXP-A", &e), 1);
	cr_assert(has(e.body, "\"insured\":\"96000.00\",\"uninsured\":"
			      "\"24000.00\",\"if_shipped\":{\"insured\":"
			      "\"96000.00\",\"uninsured\":\"224000.00\"}"));
	cr_assert(has(e.body, "\"deadline_local\":\"2023-01-06\""));
	cr_assert(has(e.body, "\"quality\":\"estimated\"}"));
	cr_assert(has(e.body, "A_REPORT_LOSS"));
}

/* Scenario 5a: the risk of an L/C is the bank's. */
Test(decide, a_bank_fails_and_the_buyers_other_exporters_hear_nothing)
{
	struct notice n = notice(S("registry"), S("bank-1"));
	struct notice_id id = { S("bic"), S("BOMLAEAD") };
	struct entry e;

	book("shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
	     "payment_term,ship_date,status\n"
	     "S-2,EXP-B,OB-AE-2,OB-BK-1,90000,USD,LC,2022-12-01,shipped\n"
	     "S-3,EXP-C,OB-AE-2,,90000,USD,OA,2022-12-01,shipped\n");
	n.ids = &id;
	n.kind = S("BANK_TAKEN_OVER");
	n.subject = SUBJECT_BANK;
	give(&n);
	cr_assert_eq(stream("EXP-B", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
	cr_assert(has(e.body, "\"kind\":\"BANK_RECEIVERSHIP\""));
	cr_assert(has(e.body, "\"kind_class\":\"bank\""));
	cr_assert(has(e.body, "\"bank\":\"90000.00\""));
	cr_assert(has(e.body, "A_HOLD_DOCS"));
	cr_assert(has(e.body, "开证行"));
	cr_assert_eq(stream("EXP-C", NULL), 0);
}

Test(decide, knowledge_is_the_first_evidence_of_the_schemes_basis)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	int64_t first;

	give(&n);
	state("EXP-A", 1, 1, STR_NONE); /* a gateway has it: proves nothing */
	state("EXP-A", 1, 2, STR_NONE);
	cr_assert_eq(alert_of("EXP-A").knew_at, TIME_NONE);
	at("2022-12-27T01:15:00Z");
	first = now.wall_ms;
	state("EXP-A", 1, 4, STR_NONE);
	cr_assert_eq(alert_of("EXP-A").knew_at, first);
	at("2022-12-27T01:16:00Z");
	state("EXP-A", 1, 3, STR_NONE);
	state("EXP-A", 1, 5, STR_NONE);
	cr_assert_eq(alert_of("EXP-A").knew_at, first);
}

Test(decide, an_ack_of_an_old_revision_is_evidence_alone)
{
	struct notice n = notice(S("bureau"), S("case-1"));

	give(&n);
	n = notice(S("registry"), S("r-1"));
	n.certainty = CERTAINTY_OFFICIAL;
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 2);
	state("EXP-A", 1, 5, STR_NONE);
	cr_assert_eq(alert_of("EXP-A").state, ALERT_OPEN);
	cr_assert_neq(alert_of("EXP-A").knew_at, TIME_NONE);
	state("EXP-A", 2, 5, STR_NONE);
	cr_assert_eq(alert_of("EXP-A").state, ALERT_ACKED);
	state("EXP-A", 9, 5, STR_NONE); /* a drill, or nothing of ours */
}

Test(decide, a_report_is_reserved_once_however_often_it_is_ordered)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	int used = 0;

	give(&n);
	state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	cr_assert_eq(store_reports_used(store, S("P-2022"), &used), ERR_OK);
	cr_assert_eq(used, 1);
}

Test(decide, one_exporter_that_cannot_be_computed_stops_nobody)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct buf csv;

	buf_init(&csv, 1 << 20);
	buf_put(&csv, S("shipment_id,exporter_id,obligor_id,amount,currency,"
			"payment_term,status\n"));
	for (int i = 0; i < 200; i++)
		buf_printf(&csv, "H-%d,EXP-A,OB-AE-1,999999999999999,KWD,OA,"
				 "contracted\n", i);
	buf_byte(&csv, 0);
	book(csv.p);
	buf_free(&csv);
	give(&n);
	cr_assert_eq(stream("EXP-A", NULL), 0);
	cr_assert_eq(stream("EXP-B", NULL), 1);
	cr_assert_eq(stream("EXP-C", NULL), 1);
	cr_assert_eq(decide_counts(decide)->failed, 1);
}

Test(decide, an_unknown_kind_is_rejected_before_anything_is_written)
{
	struct notice n = notice(S("bureau"), S("case-1"));
	struct fact f;

	n.kind = S("NO_SUCH_KIND");
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(decide_notice(decide, &n, S("{}"), now), ERR_INPUT);
	n.kind = S("INSOLVENCY_OPENED");
	n.stage = S("nonsense");
	cr_assert_eq(decide_notice(decide, &n, S("{}"), now), ERR_INPUT);
	n.stage = S("opened");
	cr_assert_eq(decide_notice(decide, &n, S("{}"), now), ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
	cr_assert_eq(stream("EXP-A", NULL), 1);
	cr_assert_eq(store_fact_by_record(store, S("bureau"), S("case-1"),
					  &arena, &f),
		     ERR_OK);
	cr_assert_eq(f.stage, STAGE_OPENED);
}

Test(decide, material_reads_back)
{
	const struct material m = { .status = FACT_CONFIRMED,
				    .stage = STAGE_LIQUIDATION,
				    .kind = S("LIQUIDATION"),
				    .currency = S("USD"),
				    .exposed = 1,
				    .insured = 2,
				    .uninsured = 3,
				    .if_insured = 4,
				    .if_uninsured = INT64_MAX,
				    .imminent = 1,
				    .historic = 1 };
	struct material back;
	struct buf b;

	buf_init(&b, 1000);
	material_put(&b, &m);
	cr_assert_eq(material_get(buf_str(&b), &back), ERR_OK);
	cr_assert_null(material_moved(&m, &back));
	cr_assert_eq(back.if_uninsured, INT64_MAX);
	cr_assert_eq(back.exposed, 1);
	cr_assert(back.imminent && back.historic);
	cr_assert_eq(material_get(S("9|1|a|USD|0|0|0|0|0|0|0"), &back),
		     ERR_CORRUPT);
	cr_assert_eq(material_get(S(""), &back), ERR_CORRUPT);
	buf_free(&b);
}

Test(decide, a_bad_table_stops_the_start)
{
	struct diag d = { 0 };
	struct decide *x = NULL;
	struct decide_in in = decide->in;

	in.diag = &d;
	in.duties = S("a\tb\tc\td\n");
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
	cr_assert(has(str_of(d.why), "days"));
	in.duties = S("a\tb\t5\tmaybe\n");
	d = (struct diag){ 0 };
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
	in.texts = STR_NONE;
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
}
