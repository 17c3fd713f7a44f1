/*
 * Goal: the demo book is in the store as its files say.
 */
#include <criterion/criterion.h>

#include "book_fixture.h"

static struct store *s;
static struct arena a;

static void
setup(void)
{
	cr_assert_eq(arena_init(&a, 4u << 20), ERR_OK);
	s = book_fixture_dir("tests/demo/book");
}

static void
teardown(void)
{
	store_close(s);
	arena_fini(&a);
}

TestSuite(book, .init = setup, .fini = teardown);

#define ok(expr) cr_assert_eq((expr), ERR_OK, "%s", #expr)
#define is_str(v, lit)                                                         \
	cr_assert(str_eq((v), S(lit)), "'%.*s' is not '%s'", STR_ARG(v), lit)

Test(book, a_scheme_has_its_terms)
{
	struct scheme v;

	ok(store_scheme(s, S("SZ2022"), &a, &v));
	is_str(v.name_zh, "深圳2022年度小微统保");
	cr_assert_eq(v.insured_bp, 8000);
	cr_assert_eq(v.cap_minor, 15000000);
	is_str(v.cap_currency, "USD");
	cr_assert_eq(v.cap_basis, CAP_INDEMNITY);
	cr_assert_eq(v.year_from, date_of(2022, 7, 1));
	cr_assert_eq(v.year_to, date_of(2023, 6, 30));
	cr_assert_eq(v.pickup_deadline, date_of(2022, 6, 30));
	cr_assert_eq(v.max_credit_days, 365);
	is_str(v.duty_profile, "sinosure_st");
	cr_assert_eq(v.free_reports, 3);
	cr_assert_eq(v.knew_at_basis, KNEW_DELIVERED);
	ok(store_scheme(s, S("SZ2021"), &a, &v));
	cr_assert_eq(v.pickup_deadline, DATE_NONE);
	cr_assert_eq(store_scheme(s, S("SZ2020"), &a, &v), ERR_ABSENT);
}

Test(book, an_exporter_has_its_name_and_language)
{
	struct exporter v;

	ok(store_exporter(s, S("EXP-SZ-0001"), &a, &v));
	is_str(v.name, "深圳市鹏曜无线充电有限公司");
	is_str(v.lang, "zh-CN");
	is_str(v.branch, "shenzhen");
	is_str(v.contact_ref, "manager-longhua");
	cr_assert_eq(v.uscc.n, 18);
	cr_assert(uscc_ok(v.uscc));
}

Test(book, policies_of_all_three_years)
{
	struct policy *v = NULL;
	size_t n = 0;

	ok(store_policies(s, S("EXP-SZ-0001"), &a, &v, &n));
	cr_assert_eq(n, 3);
	is_str(v[0].policy_id, "POL-2021-0001");
	cr_assert_eq(v[0].status, POLICY_EXPIRED);
	is_str(v[1].scheme_id, "SZ2022");
	cr_assert_eq(v[1].status, POLICY_EFFECTIVE);
	cr_assert_eq(v[1].picked_up_on, date_of(2022, 6, 17));
	cr_assert_eq(v[1].cover_from, DATE_NONE);
	cr_assert_eq(v[1].reports_used, 0);
	cr_assert_eq(v[1].data_authorised, 1);
}

Test(book, an_obligor_has_canonical_ids_and_names)
{
	struct obligor v;
	struct str *ids = NULL;
	size_t n = 0;

	ok(store_obligor(s, S("OB-AE-0001"), &a, &v));
	cr_assert_eq(v.type, OBLIGOR_BUYER);
	is_str(v.name, "Qamar Al Bahr General Trading LLC");
	cr_assert_eq(v.alias_count, 2);
	is_str(v.aliases[0], "Qamar Albahr Trading");
	cr_assert_eq(v.id_count, 2);
	is_str(v.ids[0].scheme, "sinosure");
	is_str(v.ids[0].value, "ARE000123");
	is_str(v.country, "AE");
	cr_assert_eq(v.natural_person, 0);
	ok(store_obligors_by_id(s, S("sinosure"), S("ARE000123"), &a, &ids,
				&n));
	cr_assert_eq(n, 1);
	is_str(ids[0], "OB-AE-0001");
	ok(store_obligors_by_id(s, S("bic"), S("MUHADEHHXXX"), &a, &ids, &n));
	cr_assert_eq(n, 1);
	is_str(ids[0], "OB-DE-0002");
	ok(store_obligors_by_name(s, S("qamar albahr trading"), &a, &ids,
				  &n));
	cr_assert_eq(n, 1);
	ok(store_obligors_by_name(s, S("Qamar Albahr Trading"), &a, &ids,
				  &n));
	cr_assert_eq(n, 0, "by key, not by name");
}

Test(book, the_order_waits_at_the_quay)
{
	struct shipment *v = NULL;
	size_t n = 0;

	ok(store_shipments(s, S("EXP-SZ-0001"), S("OB-AE-0001"), &a, &v, &n));
	cr_assert_eq(n, 1);
	cr_assert_eq(v[0].amount_minor, 20000000);
	is_str(v[0].currency, "USD");
	cr_assert_eq(v[0].payment_term, TERM_OA);
	cr_assert_eq(v[0].status, SHIPMENT_READY);
	cr_assert_eq(v[0].contract_date, date_of(2022, 11, 20));
	cr_assert_eq(v[0].etd, date_of(2022, 12, 30));
	cr_assert_eq(v[0].ship_date, DATE_NONE);
	cr_assert_eq(v[0].paid_minor, 0);
	cr_assert(v[0].own_contract == 1 && v[0].own_customs == 1 &&
		  v[0].declared == 1 && v[0].disputed == 0 &&
		  v[0].affiliate == 0);
	ok(store_shipments(s, S("EXP-SZ-0002"), S("OB-AE-0001"), &a, &v, &n));
	cr_assert_eq(n, 0);
}

Test(book, who_is_concerned)
{
	struct str *v = NULL;
	size_t n = 0;
	int32_t day = 0;

	ok(store_exporters_of(s, S("OB-AE-0001"), &a, &v, &n));
	cr_assert_eq(n, 1);
	is_str(v[0], "EXP-SZ-0001");
	ok(store_last_order(s, S("EXP-SZ-0001"), S("OB-AE-0001"), &day));
	cr_assert_eq(day, date_of(2022, 11, 20));
	ok(store_last_order(s, S("EXP-SZ-0001"), S("OB-DE-0002"), &day));
	cr_assert_eq(day, DATE_NONE);
	ok(store_last_order(s, S("EXP-SZ-0002"), S("OB-AE-0001"), &day));
	cr_assert_eq(day, DATE_NONE);
}

Test(book, counts_and_version)
{
	int64_t version = -1;
	struct str *v = NULL;
	size_t n = 0;
	struct buf b;
	struct jsonw w;

	buf_init(&b, 4096);
	w = jsonw_of(&b);
	jsonw_obj(&w, NULL);
	ok(store_book_counts(s, &w));
	jsonw_end_obj(&w);
	is_str(buf_str(&b), "{\"version\":1,\"schemes\":3,\"exporters\":2,"
			    "\"policies\":4,\"obligors\":4,\"follows\":4,"
			    "\"shipments\":1,\"limits\":0,\"receipts\":0,"
			    "\"country_cover\":0,\"country_limits\":0,"
			    "\"country_ratings\":0,\"fx\":0}");
	buf_free(&b);
	ok(store_book_version(s, &version));
	cr_assert_eq(version, 1);
	book_fixture_fact(s, "OB-AE-0001");
	book_fixture_fact(s, "OB-JP-0001");
	ok(store_obligors_concerned(s, 0, &a, &v, &n));
	cr_assert_eq(n, 2);
	ok(store_obligors_concerned(s, 1, &a, &v, &n));
	cr_assert_eq(n, 0);
}
