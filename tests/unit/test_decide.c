/*
 * test_decide.c - notices in, revisions on a stream out, on the real store.
 */
#include "decide_world.h"

#include <string.h>

TestSuite(decide, .init = dw_setup, .fini = dw_teardown);

/* Scenario 1, step by step: the case this product exists for. */
Test(decide, scenario_1)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;
	struct alert a;
	char first_id[ALERT_ID_SIZE];

	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert_eq(e.type, 1);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
	a = dw_alert_of("EXP-A");
	cr_assert_eq(str_copy(first_id, sizeof(first_id), a.alert_id), ERR_OK);
	cr_assert(str_eq(a.policy_id, S("P-2022")));
	cr_assert(dw_has(e.body, "\"scheme\":\"SZ2022\""));
	cr_assert(dw_has(e.body,
			 "\"severity_reasons\":[\"INSOLVENCY_REPORTED\","
			 "\"ETD_LE_7D\",\"UNSHIPPED_ORDER\"]"));
	cr_assert(dw_has(e.body, "\"open\":\"0.00\""));
	cr_assert(dw_has(e.body, "\"unshipped\":\"200000.00\""));
	cr_assert(dw_has(e.body, "\"if_shipped\":{\"insured\":\"0.00\","
				 "\"uninsured\":\"200000.00\"}"));
	cr_assert(dw_has(e.body, "\"reasons\":[\"K\"]"));
	cr_assert(dw_has(e.body, "\"report_quota_left\":3"));
	cr_assert(dw_has(e.body, "\"duty\":null"));
	cr_assert(dw_has(e.body, "\"mode\":\"replay\""));
	cr_assert(dw_has(e.body, "\"method\":\"id\",\"score\":1000,\"keys\":"
				 "[\"sinosure:AE000123\"]"));
	cr_assert(dw_has(e.body, "疑似"));
	/* delivered, acked, report ordered */
	dw_at("2022-12-27T01:12:09Z");
	dw_state("EXP-A", 1, 3, STR_NONE);
	dw_at("2022-12-27T01:20:00Z");
	dw_state("EXP-A", 1, 5, STR_NONE);
	a = dw_alert_of("EXP-A");
	cr_assert_eq(a.state, ALERT_ACKED);
	cr_assert_eq(date_shanghai(a.knew_at), date_of(2022, 12, 27));
	dw_state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	cr_assert_eq(dw_alert_of("EXP-A").state, ALERT_ACTIONED);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	/* the report confirms */
	dw_at("2022-12-28T07:00:00Z");
	n = dw_notice(S("bureau"), S("report-1"));
	n.certainty = CERTAINTY_OFFICIAL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 2);
	cr_assert_eq(e.revision, 2);
	cr_assert(str_eq(e.alert_id, str_of(first_id)));
	cr_assert(dw_has(e.body, "\"status\":\"confirmed\""));
	cr_assert(dw_has(e.body, "\"report_quota_left\":2"));
	cr_assert(dw_has(e.body, "\"severity\":\"CRITICAL\""));
	a = dw_alert_of("EXP-A");
	cr_assert_eq(a.state, ALERT_OPEN, "the ack does not carry over");
	/* the evidence of knowledge does */
	cr_assert_eq(a.knew_at % 60000, 9000);
}

Test(decide, followers_hear_it_as_loud_as_it_concerns_them)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_MEDIUM); /* ordered 14 months ago */
	cr_assert_not(dw_has(e.body, "P-2022"));
	cr_assert_not(dw_has(e.body, "A企业"));
	cr_assert_eq(dw_stream("EXP-C", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_INFO); /* four years ago */
}

Test(decide, ids_are_the_hashes_of_the_contract)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	char hex[33];
	char uuid[37];
	struct alert a;

	dw_give(&n);
	a = dw_alert_of("EXP-A");
	hash_id(S("EXP-A\x1FOB-AE-1\x1Finsolvency\x1F"
		  "1"),
		hex);
	hash_uuid(hex, uuid);
	cr_assert(str_eq(a.dedup_key, str_of(hex)));
	cr_assert(str_eq(a.alert_id, str_of(uuid)));
}

Test(decide, the_same_notice_twice_is_one_alert)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));

	dw_give(&n);
	dw_at("2022-12-27T02:12:03Z");
	n.recorded_at = dw.now.wall_ms;
	n.published_at = dw.now.wall_ms;
	n.url = S("https://elsewhere.test/");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(decide_counts(dw.decide)->same, 1);
	/* changed, but nothing the exporter would act on */
	n.address = S("other street");
	n.jurisdiction = S("AE-DIFC");
	n.action = ACTION_AMEND;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(decide_counts(dw.decide)->same, 1);
}

Test(decide, run_again_it_writes_the_same_bytes)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry *before = NULL;
	struct entry *after = NULL;
	size_t n1 = 0;
	size_t n2 = 0;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_notice(dw.decide, &n, S("{}"), dw.now), ERR_OK);
	cr_assert_eq(
	    store_entries(dw.store, S("EXP-A"), 1, 9, &dw.arena, &before, &n1),
	    ERR_OK);
	store_rollback(dw.store);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	dw_give(&n);
	cr_assert_eq(
	    store_entries(dw.store, S("EXP-A"), 1, 9, &dw.arena, &after, &n2),
	    ERR_OK);
	cr_assert_eq(n1, n2);
	cr_assert(str_eq(before[0].body, after[0].body));
	cr_assert(str_eq(before[0].alert_id, after[0].alert_id));
}

Test(decide, a_second_independent_source_corroborates)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	n.url = S("https://one.test/");
	dw_give(&n);
	n = dw_notice(S("press"), S("item-9"));
	n.url = S("https://one.test/"); /* a reprint */
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	n = dw_notice(S("registry"), S("r-2"));
	n.occurred_on = date_of(2022, 12, 20) + 45;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert(dw_has(e.body, "\"status\":\"corroborated\""));
	cr_assert(dw_has(e.body, "疑似"));
}

Test(decide, refuted_is_retracted_to_everyone_who_saw_it)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	dw_at("2022-12-28T07:00:00Z");
	n.action = ACTION_CANCEL;
	dw_give(&n);
	for (int i = 0; i < 3; i++) {
		const char *who[] = { "EXP-A", "EXP-B", "EXP-C" };

		cr_assert_eq(dw_stream(who[i], &e), 2);
		cr_assert_eq(e.type, 3);
		cr_assert_eq(e.revision, 2);
		cr_assert(dw_has(e.body, "\"state\":\"RETRACTED\""));
		cr_assert(dw_has(e.body, "A_IGNORE_RETRACTED"));
		cr_assert(dw_has(e.body, "撤回"));
	}
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL, "as loud as it went");
	cr_assert(dw_has(e.body, "\"insured\":\"150000.00\""), "K is gone");
	/* cancelled again: nothing; reported again: a new episode */
	n.recorded_at++;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	n.action = ACTION_NEW;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"episode\":2"));
}

Test(decide, one_of_two_sources_falls_the_other_stands)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	n = dw_notice(S("registry"), S("r-1"));
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	n.action = ACTION_CANCEL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert(dw_has(e.body, "\"status\":\"reported\""));
	cr_assert_eq(e.type, 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
}

Test(decide, a_new_stage_is_a_revision_of_the_same_alert)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	n = dw_notice(S("bureau"), S("case-2"));
	n.kind = S("LIQUIDATION_INSOLVENT");
	n.occurred_on = date_of(2023, 6, 1); /* far beyond 45 days */
	dw_at("2023-06-02T00:00:00Z");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.revision, 2);
	cr_assert(dw_has(e.body, "\"stage\":\"liquidation\""));
}

Test(decide, what_ends_the_case_closes_the_alert_and_rings_nobody_new)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	n = dw_notice(S("bureau"), S("end-1"));
	n.kind = S("PETITION_DISMISSED");
	n.occurred_on = date_of(2023, 11, 1);
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.type, 2);
	cr_assert(dw_has(e.body, "\"state\":\"RESOLVED\""));
	cr_assert(dw_has(e.body, "\"kind\":\"BUYER_INSOLVENCY\""));
	n = dw_notice(S("bureau"), S("case-7"));
	n.occurred_on = date_of(2023, 12, 1);
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert_eq(e.type, 1);
	cr_assert(dw_has(e.body, "\"episode\":2"));
}

Test(decide, the_dissolved_ring_as_such_and_nowhere_say_insolvent)
{
	struct notice n = dw_notice(S("registry"), S("lei-1"));
	struct entry e;

	n.kind = S("DISSOLVED");
	n.certainty = CERTAINTY_OFFICIAL;
	n.effective_on = date_of(2018, 1, 1);
	n.occurred_on = DATE_NONE;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"kind\":\"BUYER_DISSOLVED\""));
	cr_assert_not(dw_has(e.body, "破产"));
	cr_assert_not(dw_has(e.body, "nsolven"));
	cr_assert_not(dw_has(e.body, "INSOLVEN"));
	cr_assert(dw_has(e.body, "\"severity\":\"CRITICAL\""));
	cr_assert(dw_has(e.body, "注销"));
	cr_assert(dw_has(e.body, "\"reasons\":[\"K\"]"));
}

Test(decide, an_end_without_a_beginning_rings_nobody)
{
	struct notice n = dw_notice(S("bureau"), S("end-1"));

	n.kind = S("PROCEEDING_CLOSED");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
}

Test(decide, kinds_that_ring_for_nobody)
{
	static const char *const silent[] = { "LIQUIDATION_SOLVENT",
					      "LEI_LAPSED", "UNKNOWN", "INFO" };

	for (size_t i = 0; i < 4; i++) {
		struct notice n = dw_notice(S("bureau"), str_of(silent[i]));

		n.kind = str_of(silent[i]);
		dw_give(&n);
	}
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
}

Test(decide, a_name_alone_waits_for_a_reviewer)
{
	struct notice n = dw_notice(S("press"), S("item-1"));
	struct fact *fact = NULL;
	size_t count = 0;
	struct notice_name name = { S("x TRADING, llc"), S("legal"), STR_NONE };

	n.names = &name;
	n.id_count = 0;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	cr_assert_eq(decide_counts(dw.decide)->reviews, 1);
	cr_assert_eq(store_facts_unmatched(dw.store, S("name"),
					   S("x trading llc"), &dw.arena, &fact,
					   &count),
		     ERR_OK);
	cr_assert_eq(count, 1);
	/* below the threshold nobody is asked */
	dw.conf.match_review = 1000;
	n.record = S("item-2");
	dw_give(&n);
	cr_assert_eq(decide_counts(dw.decide)->reviews, 1);
}

Test(decide, ids_of_two_obligors_wait_for_a_reviewer)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct notice_id id[2] = { { S("sinosure"), S("AE000123") },
				   { S("sinosure"), S("ae-000999") } };

	n.ids = id;
	n.id_count = 2;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	cr_assert_eq(decide_counts(dw.decide)->reviews, 1);
}

Test(decide, natural_persons_are_kept_only_where_the_book_has_them)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct notice_id id = { S("sinosure"), S("AE000777") };
	struct fact f;

	n.natural_person = 1;
	dw_give(&n);
	cr_assert_eq(decide_counts(dw.decide)->natural_skipped, 1);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	cr_assert_eq(store_fact_by_record(dw.store, S("bureau"), S("case-1"),
					  &dw.arena, &f),
		     ERR_ABSENT);
	n.ids = &id;
	n.record = S("case-2");
	dw_give(&n);
	cr_assert_eq(decide_counts(dw.decide)->natural_skipped, 1);
	cr_assert_eq(store_fact_by_record(dw.store, S("bureau"), S("case-2"),
					  &dw.arena, &f),
		     ERR_OK);
}

Test(decide, a_fact_nobody_knew_rings_when_the_book_gets_its_obligor)
{
	struct notice n = dw_notice(S("registry"), S("r-1"));
	struct notice_id id = { S("sinosure"), S("AE000555") };
	struct entry e;

	n.ids = &id;
	n.occurred_on = date_of(2022, 1, 10);
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	dw_book("shipment_id,exporter_id,obligor_id,amount,currency,"
		"payment_term,etd,status\n"
		"S-9,EXP-A,OB-AE-2,50000,USD,OA,2023-02-01,contracted\n");
	dw_rebook("obligor_id,type,name,country,ids\n"
		  "OB-AE-2,buyer,Y Trading LLC,AE,"
		  "sinosure:AE000999|sinosure:AE000555\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"flags\":[\"historic\"]"));
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	/* and only once */
	dw_rebook(dw_follows);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
}

Test(decide, amounts_move_by_a_tenth_and_ten_thousand)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_give(&n);
	dw_at("2022-12-27T03:00:00Z");
	dw_rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
		  "payment_term,etd,status\n"
		  "S-1,EXP-A,OB-AE-1,219999.99,USD,OA,2022-12-30,ready\n");
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	dw_rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
		  "payment_term,etd,status\n"
		  "S-1,EXP-A,OB-AE-1,220000,USD,OA,2022-12-30,ready\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert(dw_has(e.body, "\"uninsured\":\"220000.00\""));
	/* all cancelled: resolved, once */
	dw_rebook("shipment_id,exporter_id,obligor_id,amount,currency,"
		  "payment_term,etd,status\n"
		  "S-1,EXP-A,OB-AE-1,220000,USD,OA,2022-12-30,cancelled\n");
	cr_assert_eq(dw_stream("EXP-A", &e), 3);
	cr_assert(dw_has(e.body, "\"state\":\"RESOLVED\""));
	dw_rebook(dw_follows);
	cr_assert_eq(dw_stream("EXP-A", NULL), 3);
}

Test(decide, a_departure_comes_near)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;
	int64_t next = 0;

	dw_book("shipment_id,exporter_id,obligor_id,amount,currency,"
		"payment_term,etd,status\n"
		"S-1,EXP-A,OB-AE-1,200000,USD,OA,2023-01-05,contracted\n");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_HIGH);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_tick(dw.decide, dw.now, &next), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	dw.now.wall_ms = next + DAY_MS; /* 29 December */
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_tick(dw.decide, dw.now, &next), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(dw_stream("EXP-A", &e), 2);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
}

Test(decide, variant_1b_starts_a_duty)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct entry e;

	dw_book("shipment_id,exporter_id,obligor_id,amount,currency,"
		"payment_term,ship_date,due_date,status\n"
		"S-0,EXP-A,OB-AE-1,120000,USD,OA,2022-11-15,2023-02-15,"
		"shipped\n");
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", &e), 1);
	cr_assert(dw_has(e.body, "\"insured\":\"96000.00\",\"uninsured\":"
				 "\"24000.00\",\"if_shipped\":{\"insured\":"
				 "\"96000.00\",\"uninsured\":\"224000.00\"}"));
	cr_assert(dw_has(e.body, "\"deadline_local\":\"2023-01-06\""));
	cr_assert(dw_has(e.body, "\"quality\":\"estimated\"}"));
	cr_assert(dw_has(e.body, "A_REPORT_LOSS"));
}

/* Scenario 5a: the risk of an L/C is the bank's. */
Test(decide, a_bank_fails_and_the_buyers_other_exporters_hear_nothing)
{
	struct notice n = dw_notice(S("registry"), S("bank-1"));
	struct notice_id id = { S("bic"), S("BOMLAEAD") };
	struct entry e;

	dw_book("shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
		"payment_term,ship_date,status\n"
		"S-2,EXP-B,OB-AE-2,OB-BK-1,90000,USD,LC,2022-12-01,shipped\n"
		"S-3,EXP-C,OB-AE-2,,90000,USD,OA,2022-12-01,shipped\n");
	n.ids = &id;
	n.kind = S("BANK_TAKEN_OVER");
	n.subject = SUBJECT_BANK;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-B", &e), 1);
	cr_assert_eq(e.severity, SEVERITY_CRITICAL);
	cr_assert(dw_has(e.body, "\"kind\":\"BANK_RECEIVERSHIP\""));
	cr_assert(dw_has(e.body, "\"kind_class\":\"bank\""));
	cr_assert(dw_has(e.body, "\"bank\":\"90000.00\""));
	cr_assert(dw_has(e.body, "A_HOLD_DOCS"));
	cr_assert(dw_has(e.body, "开证行"));
	cr_assert_eq(dw_stream("EXP-C", NULL), 0);
}

Test(decide, knowledge_is_the_first_evidence_of_the_schemes_basis)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	int64_t first;

	dw_give(&n);
	dw_state("EXP-A", 1, 1,
		 STR_NONE); /* a gateway has it: proves nothing */
	dw_state("EXP-A", 1, 2, STR_NONE);
	cr_assert_eq(dw_alert_of("EXP-A").knew_at, TIME_NONE);
	dw_at("2022-12-27T01:15:00Z");
	first = dw.now.wall_ms;
	dw_state("EXP-A", 1, 4, STR_NONE);
	cr_assert_eq(dw_alert_of("EXP-A").knew_at, first);
	dw_at("2022-12-27T01:16:00Z");
	dw_state("EXP-A", 1, 3, STR_NONE);
	dw_state("EXP-A", 1, 5, STR_NONE);
	cr_assert_eq(dw_alert_of("EXP-A").knew_at, first);
}

Test(decide, an_ack_of_an_old_revision_is_evidence_alone)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));

	dw_give(&n);
	n = dw_notice(S("registry"), S("r-1"));
	n.certainty = CERTAINTY_OFFICIAL;
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 2);
	dw_state("EXP-A", 1, 5, STR_NONE);
	cr_assert_eq(dw_alert_of("EXP-A").state, ALERT_OPEN);
	cr_assert_neq(dw_alert_of("EXP-A").knew_at, TIME_NONE);
	dw_state("EXP-A", 2, 5, STR_NONE);
	cr_assert_eq(dw_alert_of("EXP-A").state, ALERT_ACKED);
	dw_state("EXP-A", 9, 5, STR_NONE); /* a drill, or nothing of ours */
}

Test(decide, a_report_is_reserved_once_however_often_it_is_ordered)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	int used = 0;

	dw_give(&n);
	dw_state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	dw_state("EXP-A", 1, 6, S("A_ORDER_REPORT"));
	cr_assert_eq(store_reports_used(dw.store, S("P-2022"), &used), ERR_OK);
	cr_assert_eq(used, 1);
}

Test(decide, one_exporter_that_cannot_be_computed_stops_nobody)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct buf csv;

	buf_init(&csv, 1 << 20);
	buf_put(&csv, S("shipment_id,exporter_id,obligor_id,amount,currency,"
			"payment_term,status\n"));
	for (int i = 0; i < 200; i++)
		buf_printf(&csv,
			   "H-%d,EXP-A,OB-AE-1,999999999999999,KWD,OA,"
			   "contracted\n",
			   i);
	buf_byte(&csv, 0);
	dw_book(csv.p);
	buf_free(&csv);
	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 0);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	cr_assert_eq(dw_stream("EXP-C", NULL), 1);
	cr_assert_eq(decide_counts(dw.decide)->failed, 1);
}

Test(decide, an_unknown_kind_is_rejected_before_anything_is_written)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));
	struct fact f;

	n.kind = S("NO_SUCH_KIND");
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_notice(dw.decide, &n, S("{}"), dw.now), ERR_INPUT);
	n.kind = S("INSOLVENCY_OPENED");
	n.stage = S("nonsense");
	cr_assert_eq(decide_notice(dw.decide, &n, S("{}"), dw.now), ERR_INPUT);
	n.stage = S("opened");
	cr_assert_eq(decide_notice(dw.decide, &n, S("{}"), dw.now), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(store_fact_by_record(dw.store, S("bureau"), S("case-1"),
					  &dw.arena, &f),
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
	struct decide_in in = dw.decide->in;

	in.diag = &d;
	in.duties = S("a\tb\tc\td\n");
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
	cr_assert(dw_has(str_of(d.why), "days"));
	in.duties = S("a\tb\t5\tmaybe\n");
	d = (struct diag){ 0 };
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
	in.texts = STR_NONE;
	cr_assert_eq(decide_new(&in, &x), ERR_CONFIG);
}
