/*
 * Goal: a faulty book is refused as a whole with every fault told; a sound
 * one replaces rows by key and says what changed.
 */
#include <criterion/criterion.h>
#include <sys/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book_check.h"
#include "book_parts.h"
#include "book_rig.h"

TestSuite(book_import, .init = book_rig_setup, .fini = book_rig_teardown);

#define SHIP                                                                   \
	"shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"          \
	"payment_term,status\n"

/* Each row breaks one rule; the good one between them is not kept either. */
Test(book_import, every_fault_is_told_with_its_place)
{
	static const char csv[] = SHIP
	    "S/1,EXP-SZ-0001,OB-AE-0001,,1,USD,OA,ready\n"
	    "S2,EXP-9,OB-AE-0001,,1,USD,OA,ready\n"
	    "S3,EXP-SZ-0001,OB-AE-0001,,1.234,USD,OA,ready\n"
	    "S4,EXP-SZ-0001,OB-AE-0001,,01,USD,OA,ready\n"
	    "S5,EXP-SZ-0001,OB-AE-0001,,-1,USD,OA,ready\n"
	    "S6,EXP-SZ-0001,OB-AE-0001,,1,USX,OA,ready\n"
	    "S7,EXP-SZ-0001,OB-AE-0001,,1,USD,oa,ready\n"
	    "S8,EXP-SZ-0001,OB-AE-0001,,1,USD,OA,lost\n"
	    "S9,EXP-SZ-0001,OB-AE-0001,,1,USD,LC,ready\n"
	    "S10,EXP-SZ-0001,OB-AE-0001,OB-DE-0002,1,USD,LC,ready\n"
	    "S11,,OB-AE-0001,,,USD,OA,ready\n"
	    "S10,EXP-SZ-0001,OB-AE-0001,,1,USD,OA,ready\n"
	    "S12,EXP-SZ-0001,OB-AE-0001,,1,USD,OA\n"
	    "S13,EXP-SZ-0001,OB-AE-0001,,1,JPY,OA,ready,x\n"
	    "S14,EXP-SZ-0001,OB-AE-0001,,1.0,JPY,OA,ready\n";
	struct buf before;

	book_rig_dump(&before);
	cr_assert_eq(book_rig_one(csv), ERR_INPUT);
	faults_are(
	    "f.csv:2: shipment_id: 'S/1' is not an id ([A-Za-z0-9_-], 1 to "
	    "64)\n"
	    "f.csv:3: exporter_id: no 'EXP-9' in exporters\n"
	    "f.csv:4: amount: USD has 2 decimals\n"
	    "f.csv:5: amount: '01' is not an amount like 1234.50\n"
	    "f.csv:6: amount: '-1' is not an amount like 1234.50\n"
	    "f.csv:7: currency: 'USX' is not a currency of ISO 4217\n"
	    "f.csv:8: payment_term: 'oa' is none of LC|DP|DA|OA|PREPAID\n"
	    "f.csv:9: status: 'lost' is none of contracted|ready|shipped|"
	    "overdue|paid|claimed|resold|cancelled\n"
	    "f.csv:10: bank_id: is required under an LC\n"
	    "f.csv:12: exporter_id: is required\n"
	    "f.csv:12: amount: is required\n"
	    "f.csv:13: shipment_id: another row of this import has the same "
	    "key\n"
	    "f.csv:14: row: fewer fields than the header\n"
	    "f.csv:15: row: more fields than the header\n"
	    "f.csv:16: amount: JPY has 0 decimals\n");
	cr_assert_eq(rig.r.fault_count, 15);
	book_rig_unchanged(&before);
	buf_free(&before);
}

Test(book_import, schemes_and_exporters_have_rules)
{
	static const struct book_text texts[] = {
		{ "s.csv",
		  "\xEF\xBB\xBFscheme_id,insured_bp,cap_amount,cap_currency,"
		  "cap_basis,year_from,year_to\r\n"
		  "A,10001,1,USD,indemnity,2022-01-01,2022-12-31\r\n"
		  "B,10000,1,USD,both,2022-02-30,2022-12-31\r\n"
		  "C,0,1,USD,loss,2023-01-01,2022-12-31\r\n" },
		{ "e.csv", "exporter_id,uscc,name,lang,export_amount\n"
			   "E1,91440300MADEM0001V,x,fr,1.5\n"
			   "E2,91440300MADEM0001U,x\xff,en,1.555\n"
			   "E3,91440300MADEM0001U,\"a\tb\",en,\n" },
	};

	cr_assert_eq(book_rig_run((struct book_options){ 0 }, texts, 2), ERR_INPUT);
	faults_are(
	    "s.csv:2: insured_bp: '10001' is not a number of at most 10000\n"
	    "s.csv:3: cap_basis: 'both' is none of indemnity|loss\n"
	    "s.csv:3: year_from: '2022-02-30' is not a date like 2022-12-30\n"
	    "s.csv:4: year_to: is before year_from\n"
	    "e.csv:2: uscc: '91440300MADEM0001V' is not a unified social "
	    "credit code (18 characters, check digit of GB 32100)\n"
	    "e.csv:2: lang: 'fr' is none of zh-CN|en\n"
	    "e.csv:3: name: not well-formed UTF-8\n"
	    "e.csv:3: export_amount: USD has 2 decimals\n"
	    "e.csv:4: name: control character 0x09\n");
}

Test(book_import, obligors_have_rules)
{
	cr_assert_eq(
	    book_rig_one("obligor_id,type,name,country,ids,aliases,natural_person\n"
		"O1,person,N,AE,,,\n"
		"O2,buyer,N,XX,,,2\n"
		"O3,buyer,N,AE,lei:000000DEM0QAMAR00116,,\n"
		"O4,buyer,N,AE,nope:1|sinosure:A1|,,\n"
		"O5,buyer,N,AE,nope:1|sinosure:A1,a\\b,\n"
		"O6,buyer,N,ae,sinosure,x||y,\n"),
	    ERR_INPUT);
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("f.csv:2: type: 'person' is none of "
				 "buyer|bank|guarantor\n"
				 "f.csv:3: country: 'XX' is not a country of "
				 "ISO 3166-1\n"
				 "f.csv:3: natural_person: '2' is not 0 or "
				 "1\n"
				 "f.csv:4: ids: 'lei:000000DEM0QAMAR00116'")),
		  "%.*s", STR_ARG(buf_str(&rig.r.faults)));
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("f.csv:5: ids: an empty part")));
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("f.csv:6: aliases: an empty part, or")));
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("f.csv:6: ids: 'nope:1': no such id "
				 "scheme\n")));
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("f.csv:7: country: 'ae'")));
	cr_assert(str_contains(buf_str(&rig.r.faults), S("f.csv:7: ids: ")));
	cr_assert_eq(rig.r.fault_count, 10, "%zu", rig.r.fault_count);
}

Test(book_import, a_header_decides_and_is_checked)
{
	static const struct {
		const char *csv;
		const char *fault;
	} t[] = {
		{ "", "f.csv:1: header: file is empty\n" },
		{ "a,b\n", "f.csv:1: header: no column of any kind of the "
			   "book\n" },
		{ "exporter_id,obligor_id,last_order_at\n",
		  "f.csv:1: header: unknown column 'last_order_at' (taken for "
		  "follows)\n" },
		/* Nothing in it acts on a terminal, U+009B no more than ESC. */
		{ "exporter_id,obligor_id,\xC2\x9B" "31m\xC3\xA9\x1B\n",
		  "f.csv:1: header: unknown column '?31m\xC3\xA9?' (taken for "
		  "follows)\n" },
		{ "policy_id,scheme_id,status\n",
		  "f.csv:1: header: column 'exporter_id' is missing (taken "
		  "for policies)\n" },
		{ "obligor_id,exporter_id,obligor_id\n",
		  "f.csv:1: header: column 'obligor_id' twice\n" },
		{ "\"exporter_id,obligor_id\n",
		  "f.csv:1: header: quoted field has no end\n" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cr_assert_eq(book_rig_one(t[i].csv), ERR_INPUT, "%s", t[i].csv);
		cr_assert(str_eq(buf_str(&rig.r.faults), str_of(t[i].fault)),
			  "%.*s", STR_ARG(buf_str(&rig.r.faults)));
	}
	/* Order is free; a header alone is an import of nothing. */
	ok(book_rig_one("obligor_id,exporter_id\n"));
	cr_assert_eq(rig.r.rows, 0);
}

Test(book_import, csv_is_strict)
{
	static const struct {
		const char *rows;
		const char *fault;
	} t[] = {
		{ "EXP-SZ-0001,OB\"X\n", "f.csv:2: row: quote inside a "
					 "field\n" },
		{ "EXP-SZ-0001,\"OB\n\nX\n", "f.csv:2: row: quoted field has "
					     "no end\n" },
		{ "EXP-SZ-0001,\"OB\"X\n", "f.csv:2: row: text behind a "
					   "quoted field\n" },
		{ "EXP-SZ-0001,OB\rX\n", "f.csv:2: row: carriage return "
					 "inside a field\n" },
		{ "\n\nEXP-SZ-0001\n", "f.csv:4: row: fewer fields than the "
				       "header\n" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char csv[128];

		(void)snprintf(csv, sizeof(csv), "exporter_id,obligor_id\n%s",
			       t[i].rows);
		cr_assert_eq(book_rig_one(csv), ERR_INPUT, "%zu", i);
		cr_assert(str_eq(buf_str(&rig.r.faults), str_of(t[i].fault)),
			  "%.*s", STR_ARG(buf_str(&rig.r.faults)));
	}
	ok(book_rig_one("exporter_id,obligor_id\r\n\"EXP-SZ-0002\",\"OB-DE-0001\"\r\n"
	       "\r\nEXP-SZ-0002,OB-DE-0002"));
	cr_assert_eq(rig.r.added, 2);
}

Test(book_import, a_quoted_field_may_hold_commas_and_quotes)
{
	struct obligor o;

	ok(book_rig_one("obligor_id,type,name,country,aliases,address\n"
	       "O1,buyer,\"Smith, \"\"Jones\"\" & Co\",GB,\"a\\|b|c\\\\d\","
	       "\"1, Street\"\n"));
	ok(store_obligor(rig.s, S("O1"), &rig.a, &o));
	cr_assert(str_eq(o.name, S("Smith, \"Jones\" & Co")));
	cr_assert_eq(o.alias_count, 2);
	cr_assert(str_eq(o.aliases[0], S("a|b")));
	cr_assert(str_eq(o.aliases[1], S("c\\d")));
	cr_assert(str_eq(o.address, S("1, Street")));
}

Test(book_import, names_are_stored_in_nfc)
{
	struct obligor o;
	struct str *v = NULL;
	size_t n = 0;

	/* U+0041 U+030A becomes U+00C5. */
	ok(book_rig_one("obligor_id,type,name,country\n"
	       "O1,buyer,A\xCC\x8Angstrom AB,SE\n"));
	ok(store_obligor(rig.s, S("O1"), &rig.a, &o));
	cr_assert(str_eq(o.name, S("\xC3\x85ngstrom AB")));
	ok(store_obligors_by_name(rig.s, S("\xC3\xA5ngstrom ab"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
}

Test(book_import, references_look_in_the_files_first_in_any_order)
{
	static const struct book_text texts[] = {
		{ "f.csv", "exporter_id,obligor_id\nE9,O9\nE9,OB-AE-0001\n" },
		{ "o.csv",
		  "obligor_id,type,name,country\nO9,buyer,Neun,DE\n" },
		{ "e.csv", "exporter_id,uscc,name\n"
			   "E9,91440300MADEM0001U,Nine\n" },
	};
	struct str *v = NULL;
	size_t n = 0;

	ok(book_rig_run((struct book_options){ 0 }, texts, 3));
	cr_assert_eq(rig.r.added, 4);
	cr_assert_eq(rig.r.version, 2);
	ok(store_exporters_of(rig.s, S("OB-AE-0001"), &rig.a, &v, &n));
	cr_assert_eq(n, 2);
}

Test(book_import, a_faulty_row_is_told_once_not_at_every_reference)
{
	static const struct book_text texts[] = {
		{ "o.csv", "obligor_id,type,name,country\nO9,buyer,,DE\n" },
		{ "f.csv", "exporter_id,obligor_id\nEXP-SZ-0001,O9\n" },
	};

	cr_assert_eq(book_rig_run((struct book_options){ 0 }, texts, 2), ERR_INPUT);
	faults_are("o.csv:2: name: is required\n");
}

Test(book_import, a_row_replaces_the_row_with_its_key)
{
	struct str *v = NULL;
	size_t n = 0;
	struct obligor o;

	book_fixture_fact(rig.s, "OB-AE-0001");
	book_fixture_fact(rig.s, "OB-JP-0001");
	ok(book_rig_one("obligor_id,type,name,country,ids\n"
	       "OB-AE-0001,buyer,Qamar Renamed LLC,AE,sinosure:ARE/999\n"
	       "OB-DE-0001,buyer,Nordlicht Haustechnik GmbH,DE,\n"));
	cr_assert_eq(rig.r.added, 0);
	cr_assert_eq(rig.r.changed, 2);
	ok(store_obligors_concerned(rig.s, 1, &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	ok(store_obligor(rig.s, S("OB-AE-0001"), &rig.a, &o));
	cr_assert_eq(o.alias_count, 0, "the row is the whole truth");
	ok(store_obligors_by_id(rig.s, S("sinosure"), S("ARE000123"), &rig.a, &v,
				&n));
	cr_assert_eq(n, 0);
	ok(store_obligors_by_id(rig.s, S("sinosure"), S("ARE999"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	ok(store_obligors_by_name(rig.s, S("qamar albahr trading"), &rig.a, &v, &n));
	cr_assert_eq(n, 0);
	ok(store_obligors_by_name(rig.s, S("qamar renamed llc"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	/* The same again changes nothing, but is an import. */
	ok(book_rig_one("obligor_id,type,name,country,ids\n"
	       "OB-AE-0001,buyer,Qamar Renamed LLC,AE,sinosure:ARE999\n"));
	cr_assert_eq(rig.r.added + rig.r.changed, 0);
	cr_assert_eq(rig.r.version, 3);
	ok(store_obligors_concerned(rig.s, 2, &rig.a, &v, &n));
	cr_assert_eq(n, 0);
}

Test(book_import, check_changes_nothing)
{
	struct book_text text = { "f.csv", "exporter_id,obligor_id\n"
					   "EXP-SZ-0002,OB-AE-0001\n" };
	struct buf before;

	book_rig_dump(&before);
	ok(book_rig_run((struct book_options){ .mode = BOOK_CHECK }, &text, 1));
	cr_assert_eq(rig.r.added, 1);
	book_rig_unchanged(&before);
	buf_free(&before);
}

Test(book_import, inside_a_transaction_a_fault_undoes_only_the_import)
{
	struct buf before;
	int used = 0;

	book_rig_dump(&before);
	ok(store_begin(rig.s));
	ok(store_report_reserve(rig.s, S("P1"), S("a1"), 1));
	cr_assert_eq(book_rig_one("exporter_id,obligor_id\nEXP-SZ-0002,OB-AE-0001\n"
			 "EXP-SZ-0002,NOBODY\n"),
		     ERR_INPUT);
	cr_assert(store_in_transaction(rig.s));
	ok(store_commit(rig.s));
	book_rig_unchanged(&before);
	ok(store_reports_used(rig.s, S("P1"), &used));
	cr_assert_eq(used, 1);
	ok(store_begin(rig.s));
	ok(book_rig_one("exporter_id,obligor_id\nEXP-SZ-0002,OB-AE-0001\n"));
	store_rollback(rig.s);
	book_rig_unchanged(&before);
	buf_free(&before);
}

Test(book_import, json_lines_say_the_same)
{
	struct book_text text = {
		"b.jsonl",
		"{\"kind\":\"follows\",\"exporter_id\":\"EXP-SZ-0002\","
		"\"obligor_id\":\"O9\",\"last_order_on\":null}\n"
		"\n"
		"{\"kind\":\"obligors\",\"obligor_id\":\"O9\",\"type\":"
		"\"buyer\",\"name\":\"Neun\",\"country\":\"DE\",\"aliases\":"
		"[\"a|b\",\"c\"],\"natural_person\":true}\n"
		"{\"kind\":\"exporters\",\"exporter_id\":\"E9\",\"uscc\":"
		"\"91440300MADEM0001U\",\"name\":\"N\",\"export_year\":2021}\n"
	};
	struct obligor o;

	ok(book_rig_run((struct book_options){ 0 }, &text, 1));
	cr_assert_eq(rig.r.added, 3);
	ok(store_obligor(rig.s, S("O9"), &rig.a, &o));
	cr_assert_eq(o.natural_person, 1);
	cr_assert_eq(o.alias_count, 2);
	cr_assert(str_eq(o.aliases[0], S("a|b")));
}

Test(book_import, json_lines_have_faults_of_form)
{
	struct book_text text = {
		"b.jsonl",
		"{\"kind\":\"follows\",\"exporter_id\":\"EXP-SZ-0002\","
		"\"obligor_id\":\"OB-AE-0001\",\"x\":1}\n"
		"{\"kind\":\"folows\"}\n"
		"[1]\n"
		"{\"kind\":\"exporters\",\"exporter_id\":\"E9\",\"uscc\":"
		"\"91440300MADEM0001U\",\"name\":\"N\",\"export_amount\":5}\n"
		"{\n"
	};

	cr_assert_eq(book_rig_run((struct book_options){ 0 }, &text, 1), ERR_INPUT);
	cr_assert(str_starts(buf_str(&rig.r.faults),
			     S("b.jsonl:1: row: unknown member 'x'\n"
			       "b.jsonl:2: kind: is no kind of the book\n"
			       "b.jsonl:3: row: ")),
		  "%.*s", STR_ARG(buf_str(&rig.r.faults)));
	cr_assert(str_contains(buf_str(&rig.r.faults), S("b.jsonl:5: row: ")));
	cr_assert(str_ends(buf_str(&rig.r.faults),
			   S("b.jsonl:4: export_amount: is not a string (or "
			     "what the column takes besides)\n")));
	cr_assert_eq(rig.r.fault_count, 5);
}

#define POLICY                                                                 \
	"policy_id,scheme_id,exporter_id,status,picked_up_on,issued_on,"       \
	"cover_from,cover_to\n"

Test(book_import, two_policies_for_a_day_are_a_warning)
{
	/* Through scheme years; late pick-up without an issue date covers
	 * nothing; cancelled covers nothing. */
	ok(book_rig_one(POLICY "P7,SZ2022,EXP-SZ-0001,received,,,2023-06-30,\n"
		      "P8,SZ2022,EXP-SZ-0001,effective,2022-07-01,,,\n"
		      "P9,SZ2022,EXP-SZ-0001,cancelled,,,,\n"));
	cr_assert(str_eq(buf_str(&rig.r.warnings),
			 S("policies P7 and POL-2022-0001 cover the same days:"
			   " the later cover_from, then the smaller id "
			   "decides\n")),
		  "%.*s", STR_ARG(buf_str(&rig.r.warnings)));
	cr_assert_eq(rig.r.warning_count, 1);
	ok(book_rig_one(POLICY "P7,SZ2022,EXP-SZ-0001,received,,,2023-07-01,2023-07-01"
		      "\n"));
	cr_assert(str_contains(buf_str(&rig.r.warnings),
			       S("P7 and POL-2023-0001")));
	cr_assert_not(str_contains(buf_str(&rig.r.warnings),
				   S("POL-2022-0001")));
}

Test(book_import, under_an_lc_the_bank_bears_the_risk)
{
	struct shipment *v = NULL;
	struct str *e = NULL;
	size_t n = 0;

	ok(book_rig_one(SHIP "S1,EXP-SZ-0002,OB-AE-0001,OB-DE-0002,90000,USD,LC,"
		    "shipped\n"
		    "S2,EXP-SZ-0002,OB-AE-0001,OB-DE-0002,5,USD,OA,"
		    "shipped\n"));
	ok(store_shipments(rig.s, S("EXP-SZ-0002"), S("OB-DE-0002"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	cr_assert(str_eq(v[0].shipment_id, S("S1")));
	cr_assert(str_eq(v[0].bank_id, S("OB-DE-0002")));
	ok(store_shipments(rig.s, S("EXP-SZ-0002"), S("OB-AE-0001"), &rig.a, &v, &n));
	cr_assert_eq(n, 1);
	cr_assert(str_eq(v[0].shipment_id, S("S2")));
	ok(store_exporters_of(rig.s, S("OB-DE-0002"), &rig.a, &e, &n));
	cr_assert_eq(n, 2);
	cr_assert(str_eq(e[1], S("EXP-SZ-0002")));
}

/* Each word lands on its enumerator; the order of both lists is theirs. */
Test(book_import, words_become_their_enumerators)
{
	static const char *const words[] = { "contracted", "ready",   "shipped",
					     "overdue",	   "paid",    "claimed",
					     "resold",	   "cancelled" };
	struct shipment *v = NULL;
	struct buf csv;
	size_t n = 0;

	buf_init(&csv, 8192);
	buf_put(&csv, S(SHIP));
	for (int i = 0; i < 8; i++)
		buf_printf(&csv, "W%d,EXP-SZ-0002,OB-DE-0001,,1,USD,%s,%s\n",
			   i, i % 2 == 0 ? "DP" : "PREPAID", words[i]);
	buf_byte(&csv, 0);
	ok(book_rig_one(csv.p));
	buf_free(&csv);
	ok(store_shipments(rig.s, S("EXP-SZ-0002"), S("OB-DE-0001"), &rig.a, &v, &n));
	cr_assert_eq(n, 8);
	for (int i = 0; i < 8; i++) {
		cr_assert_eq(v[i].status, (enum shipment_status)i);
		cr_assert_eq(v[i].payment_term,
			     i % 2 == 0 ? TERM_DP : TERM_PREPAID);
	}
	cr_assert_eq(SHIPMENT_CANCELLED, 7);
}

Test(book_import, limits_hold_at_max_and_one_more)
{
	char csv[BOOK_TEXT_MAX + 256];
	char name[BOOK_TEXT_MAX + 2];
	struct book_text many[BOOK_FILES_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[BOOK_TEXT_MAX] = '\0';
	(void)snprintf(csv, sizeof(csv),
		       "obligor_id,type,name,country\nO1,buyer,%s,DE\n", name);
	ok(book_rig_one(csv));
	name[BOOK_TEXT_MAX] = 'n';
	name[BOOK_TEXT_MAX + 1] = '\0';
	(void)snprintf(csv, sizeof(csv),
		       "obligor_id,type,name,country\nO1,buyer,%s,DE\n", name);
	cr_assert_eq(book_rig_one(csv), ERR_INPUT);
	faults_are("f.csv:2: name: longer than 1024 bytes\n");
	for (size_t i = 0; i <= BOOK_FILES_MAX; i++)
		many[i] = (struct book_text){ "f.csv", "exporter_id,"
						       "obligor_id\n" };
	ok(book_rig_run((struct book_options){ 0 }, many, BOOK_FILES_MAX));
	cr_assert_eq(book_rig_run((struct book_options){ 0 }, many,
			 BOOK_FILES_MAX + 1),
		     ERR_LIMIT);
}

/* 64 parts are a list, 65 are a fault. */
Test(book_import, a_list_has_a_limit)
{
	for (unsigned parts = BOOK_PARTS_MAX; parts <= BOOK_PARTS_MAX + 1; parts++) {
		struct buf csv;

		buf_init(&csv, 4096);
		buf_put(&csv, S("obligor_id,type,name,country,aliases\n"
				"O1,buyer,N,DE,a0"));
		for (unsigned i = 1; i < parts; i++)
			buf_printf(&csv, "|a%u", i);
		buf_put(&csv, S("\n"));
		buf_byte(&csv, 0);
		cr_assert_eq(book_rig_one(csv.p), parts == BOOK_PARTS_MAX ? ERR_OK : ERR_INPUT);
		buf_free(&csv);
	}
	faults_are("f.csv:2: aliases: more than 64 parts\n");
}

/* Whatever is cut off a sound file, it is refused or read; never worse. */
Test(book_import, every_prefix_is_an_answer)
{
	static const char whole[] =
	    "obligor_id,type,name,country,aliases,ids\n"
	    "O1,buyer,\"A \"\"B\"\" C\",DE,x|y\\|z,sinosure:ARE/1\r\n"
	    "O2,bank,Bank,DE,,bic:MUHADEHH\n";
	char cut[sizeof(whole)];

	for (size_t n = 0; n < sizeof(whole); n++) {
		enum err err;

		memcpy(cut, whole, n);
		cut[n] = '\0';
		err = book_rig_one(cut);
		cr_assert(err == ERR_OK || err == ERR_INPUT);
		cr_assert_eq(err == ERR_OK, rig.r.fault_count == 0);
	}
}

Test(book_import, the_other_kinds_have_rules_too)
{
	static const struct book_text good[] = {
		{ "l", "policy_id,obligor_id,amount,currency,status,"
		       "effective_from,announced_at\n"
		       "POL-2022-0001,OB-AE-0001,0,USD,declined,2022-01-01,"
		       "2022-01-01T08:00:00+08:00\n" },
		{ "r", "receipt_id,exporter_id,obligor_id,amount,currency,"
		       "received_on,shipment_id,receipt_kind\n"
		       "R1,EXP-SZ-0001,OB-AE-0001,5,USD,2022-01-01,"
		       "SHP-2022-0107,resale\n" },
		{ "c", "country,status,effective_from\nAE,off,2022-01-01\n" },
		{ "m", "country,amount,currency,effective_from\n"
		       "AE,1,USD,2022-01-01\n" },
		{ "t", "source,country,native,published_on\n"
		       "OECD,AE,2,2022-01-01\n" },
		{ "x", "base,quote,rate,as_of\nUSD,HKD,7.80,2022-01-01\n" },
	};
	static const struct book_text bad[] = {
		{ "l", "policy_id,obligor_id,amount,currency,status,"
		       "effective_from,effective_to,announced_at\n"
		       "P,OB-AE-0001,0,USD,cut,2022-01-02,2022-01-01,"
		       "2022-01-01\n" },
		{ "r", "receipt_id,exporter_id,obligor_id,amount,currency,"
		       "received_on,shipment_id,receipt_kind\n"
		       "R1,EXP-SZ-0001,OB-AE-0001,5,USD,2022-01-01,S9,gift"
		       "\n" },
		{ "c", "country,status,effective_from\nAE,shut,2022-01-01\n" },
		{ "x", "base,quote,rate,as_of\nUSD,HKD,0,2022-01-01\n" },
	};

	ok(book_rig_run((struct book_options){ 0 }, good, 6));
	cr_assert_eq(rig.r.added, 6);
	cr_assert_eq(book_rig_run((struct book_options){ 0 }, bad, 4), ERR_INPUT);
	faults_are("l:2: policy_id: no 'P' in policies\n"
		   "l:2: status: 'cut' is none of approved|reduced|withdrawn|"
		   "expired|declined\n"
		   "l:2: announced_at: '2022-01-01' is not a time like "
		   "2022-12-27T01:12:00Z\n"
		   "l:2: effective_to: is before effective_from\n"
		   "r:2: shipment_id: no 'S9' in shipments\n"
		   "r:2: receipt_kind: 'gift' is none of payment|resale|recovery\n"
		   "c:2: status: 'shut' is none of open|restricted|off|"
		   "excluded\n"
		   "x:2: rate: '0' is not a rate like 7.8\n");
}

/* The columns of a header, and bytes of a row and of a file. */
Test(book_import, sizes_hold_at_max_and_one_more)
{
	const struct book_options opt = { .schemes = book_fixture_idschemes() };
	struct book_file file = { .name = S("f") };
	void *zeros;
	struct buf csv;

	for (int columns = 64; columns <= 65; columns++) {
		buf_init(&csv, 4096);
		buf_put(&csv, S("obligor_id"));
		for (int i = 1; i < columns; i++)
			buf_printf(&csv, ",c%d", i);
		buf_byte(&csv, 0);
		cr_assert_eq(book_rig_one(csv.p), ERR_INPUT);
		cr_assert_eq(rig.r.fault_count, columns == 64 ? 63 + 1 : 1);
		buf_free(&csv);
	}
	faults_are("f.csv:1: header: too many or too long columns\n");
	/* The row's other parts take less than 4,096. */
	for (size_t n = BOOK_ROW_MAX - 4096; n <= BOOK_ROW_MAX; n += 4096) {
		buf_init(&csv, 2u * BOOK_ROW_MAX);
		buf_put(&csv, S("obligor_id,type,name,country\n"
				"O1,buyer,\"\"\""));
		for (size_t i = 0; i < n; i++)
			buf_byte(&csv, 'n');
		buf_put(&csv, S("\",DE\nO2,buyer,,DE\n"));
		buf_byte(&csv, 0);
		cr_assert_eq(book_rig_one(csv.p), ERR_INPUT);
		buf_free(&csv);
		if (n < BOOK_ROW_MAX)
			faults_are("f.csv:2: name: longer than 1024 bytes\n"
				   "f.csv:3: name: is required\n");
		else
			faults_are("f.csv:2: row: too large\n"
				   "f.csv:3: name: is required\n");
	}
	/* Of nothing but NULs, of which nothing is kept. */
	zeros = mmap(NULL, BOOK_FILE_MAX + 1u, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert(zeros != MAP_FAILED);
	for (size_t more = 0; more < 2; more++) {
		file.bytes = (struct str){ zeros, BOOK_FILE_MAX + more };
		book_report_free(&rig.r);
		book_report_init(&rig.r);
		cr_assert_eq(book_import(rig.s, &file, 1, &opt, book_rig_now,
					 &rig.r), ERR_INPUT);
		cr_assert_eq(str_eq(buf_str(&rig.r.faults),
				    S("f:0: file: larger than 1073741824 "
				      "bytes\n")), more == 1, "%.*s",
			     STR_ARG(str_sub(buf_str(&rig.r.faults), 0, 200)));
	}
	(void)munmap(zeros, BOOK_FILE_MAX + 1u);
}

/* "kind" of an object says what the row is, receipt_kind what was received. */
Test(book_import, receipts_come_as_json_too)
{
	struct book_text text = { "b",
				  "{\"kind\":\"receipts\",\"receipt_kind\":"
				  "\"gift\",\"receipt_id\":\"R1\"}\n" };

	cr_assert_eq(book_rig_run((struct book_options){ 0 }, &text, 1), ERR_INPUT);
	cr_assert(str_contains(buf_str(&rig.r.faults), S("b:1: receipt_kind: ")));
	cr_assert_not(str_contains(buf_str(&rig.r.faults), S("unknown member")));
}

/* A fact of nobody concerns whoever has its id or its name, whether there are
 * more obligors changed or more keys of facts. */
Test(book_import, a_fact_of_nobody_concerns_its_namesakes)
{
	const struct fact f = { .fact_id = S("F"),
				.occurred_on = DATE_NONE,
				.effective_on = DATE_NONE,
				.published_at = TIME_NONE,
				.recorded_at = TIME_NONE };
	struct str *v = NULL;
	size_t n = 0;

	for (int many = 0; many < 2; many++) {
		ok(store_begin(rig.s));
		ok(store_fact_put(rig.s, &f));
		ok(store_fact_key_put(rig.s, f.fact_id, S("sinosure"),
				      S("ARE000123")));
		ok(store_fact_key_put(rig.s, f.fact_id, S("name"),
				      S("aozora mokko k k")));
		for (int i = 0; many > 0 && i < 9; i++)
			ok(store_fact_key_put(
			    rig.s, f.fact_id, S("name"),
			    (struct str){ &"123456789"[i], 1 }));
		ok(store_commit(rig.s));
		ok(store_obligors_concerned(rig.s, 0, &rig.a, &v, &n));
		cr_assert_eq(n, 2);
		cr_assert(str_eq(v[0], S("OB-AE-0001")));
		cr_assert(str_eq(v[1], S("OB-JP-0001")));
		ok(store_obligors_concerned(rig.s, 1, &rig.a, &v, &n));
		cr_assert_eq(n, 0);
	}
}
