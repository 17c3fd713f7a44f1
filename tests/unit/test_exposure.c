/*
 * test_exposure.c - from the book in the store to the printed exposures.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "book_fixture.h"
#include "exposure.h"
#include "exposures.h"
#include "say.h"

static struct store *s;
static struct buf out;
static struct arena a;

static const struct book_text BOOK[] = {
	{ "schemes", "scheme_id,insured_bp,cap_amount,cap_currency,cap_basis,"
		     "year_from,year_to,annual_cap\n"
		     "SZ,8000,150000,USD,indemnity,2021-01-01,2022-06-30,\n"
		     "AN,8000,150000,USD,indemnity,2021-01-01,2022-06-30,"
		     "200000\n" },
	{ "exporters", "exporter_id,uscc,name\n"
		       "E1,91440300MA00000152,a\nE2,91440300MA00000077,b\n"
		       "E3,91440300MA0000023W,c\n" },
	{ "policies", "policy_id,scheme_id,exporter_id,status,declaration,"
		      "paid_to_date\n"
		      "P1,SZ,E1,effective,1,\nP2,SZ,E2,effective,,\n"
		      "P3,AN,E3,effective,,30000\n" },
	{ "obligors", "obligor_id,type,name,country\nB0,buyer,b,US\n"
		      "B1,buyer,b,US\nK1,bank,k,DE\n" },
	{ "shipments",
	  "shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
	  "payment_term,ship_date,status\n"
	  "S1,E1,B1,,440000,USD,OA,2022-02-01,shipped\n"
	  "S2,E2,B1,,187500,USD,OA,2022-02-01,shipped\n"
	  "S3,E3,B1,,60000,USD,OA,2022-02-01,shipped\n"
	  "S4,E3,B0,,187500,USD,OA,2022-02-01,shipped\n"
	  "S5,E2,B0,K1,90000,USD,LC,2022-02-01,shipped\n" },
	{ "country_cover", "country,status,effective_from\n"
			   "DE,restricted,2020-01-01\nDE,off,2022-03-01\n" },
	{ "limits", "policy_id,obligor_id,amount,currency,status,"
		    "effective_from\n"
		    "P2,K1,80000,USD,approved,2021-01-01\n"
		    "P2,K1,1,USD,reduced,2022-03-01\n" },
	{ "receipts", "receipt_id,exporter_id,obligor_id,amount,currency,"
		      "received_on,shipment_id,receipt_kind\n"
		      "R1,E2,K1,5000,USD,2022-03-01,S5,payment\n"
		      "R2,E2,K1,1,USD,2022-03-02,,recovery\n"
		      "R3,E1,B1,50000,USD,2022-04-02,S1,recovery\n"
		      "R4,E1,B1,38000,USD,2022-05-01,,recovery\n"
		      "R5,E1,B1,99000,USD,2022-05-02,,recovery\n"
		      "R6,E1,B1,0.01,EUR,2022-05-01,,recovery\n" },
	{ "fx", "base,quote,rate,as_of\nUSD,HKD,7.80,2022-02-01\n"
		"EUR,HKD,8,2022-02-01\nEUR,USD,1.1,2022-02-02\n" },
};

static void
setup(void)
{
	s = book_fixture(BOOK, sizeof(BOOK) / sizeof(BOOK[0]));
	buf_init(&out, 1 << 20);
	cr_assert_eq(arena_init(&a, 1 << 20), ERR_OK);
}

static void
teardown(void)
{
	arena_fini(&a);
	buf_free(&out);
	store_close(s);
}

TestSuite(exposure, .init = setup, .fini = teardown);

static size_t
put(struct exposures_ask ask)
{
	size_t lines = 0;

	ask.as_of = date_of(2022, 5, 1);
	buf_clear(&out);
	cr_assert_eq(exposures_put(s, &ask, &out), ERR_OK);
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	return lines;
}

static void
has(const char *part)
{
	cr_assert(str_contains(buf_str(&out), str_of(part)), "%s not in %.*s",
		  part, STR_ARG(buf_str(&out)));
}

/* V1, V5 and V10: a cap each, the accumulation is the sum. */
Test(exposure, the_total_is_the_insurers_accumulation)
{
	const char *last;

	cr_assert_eq(put((struct exposures_ask){ .obligor_id = S("B1"),
						 .json = 1 }),
		     6);
	has("\"exporter_id\":\"E1\",\"obligor_id\":\"B1\",\"obligor_type\":"
	    "\"buyer\",\"obligor_name\":\"b\",\"country\":\"US\",\"policy_id\":"
	    "\"P1\",\"scheme_id\":\"SZ\",\"select_rule\":\"by_ship_date\","
	    "\"currency\":\"USD\",\"insured_bp\":8000,\"cap\":\"150000.00\","
	    "\"cap_basis\":\"indemnity\",\"shipments\":1,\"open\":"
	    "\"440000.00\",\"overdue\":\"0.00\",\"max_dpd\":0,\"unshipped\":"
	    "\"0.00\",\"next_etd\":null,\"insured\":\"150000.00\","
	    "\"uninsured\":\"290000.00\",\"if_shipped\":{\"insured\":"
	    "\"150000.00\",\"uninsured\":\"290000.00\"},\"break_even\":"
	    "\"187500.00\",\"reasons\":[],\"scope_check\":\"in\"");
	last = "{\"row\":\"total\",\"as_of\":\"2022-05-01\",\"obligor_id\":"
	       "\"B1\",\"country\":null,\"exporters\":3,\"currency\":\"USD\","
	       "\"open\":\"687500.00\",\"unshipped\":\"0.00\",\"insured\":"
	       "\"320000.00\",\"uninsured\":\"367500.00\",\"if_shipped\":{"
	       "\"insured\":\"320000.00\",\"uninsured\":\"367500.00\"}}\n";
	/* 348,000 but that E3 has 20,000 left of its annual cap, not 48,000 */
	cr_assert(str_ends(buf_str(&out), str_of(last)));
}

Test(exposure, a_filter_does_not_change_the_figures)
{
	cr_assert_eq(put((struct exposures_ask){ .exporter_id = S("E3"),
						 .json = 1 }),
		     2);
	has("\"insured\":\"150000.00\",\"uninsured\":\"37500.00\"");
	has("\"insured\":\"20000.00\",\"uninsured\":\"40000.00\"");
	cr_assert_eq(put((struct exposures_ask){ .exporter_id = S("E3"),
						 .obligor_id = S("B1"),
						 .json = 1 }),
		     2);
	has("\"insured\":\"20000.00\",\"uninsured\":\"40000.00\"");
}

/* V8 less a receipt: the bank bears it, its country and its limit count. */
/* What the annual caps gave to others is computed too, and is of the turn. */
Test(exposure, a_turn_counts_what_it_computes)
{
	const struct exposures_ask ask = { .obligor_id = S("B1"),
					   .as_of = date_of(2022, 5, 1),
					   .json = 1 };
	struct exposures *x = NULL;
	struct buf csv[2];

	for (size_t i = 0; i < 2; i++)
		buf_init(&csv[i], 1 << 20);
	buf_put(&csv[0], S("obligor_id,type,name,country\n"));
	buf_put(&csv[1], S("shipment_id,exporter_id,obligor_id,amount,currency,"
			   "payment_term,ship_date,status\n"
			   "T1,E4,B1,60000,USD,OA,2022-02-01,shipped\n"));
	for (unsigned i = 0; i < EXPOSURES_TURN; i++) {
		buf_printf(&csv[0], "A%u,buyer,a %u,US\n", i, i);
		for (unsigned k = 3; k <= 4; k++)
			buf_printf(&csv[1], "A%u-%u,E%u,A%u,1,USD,OA,"
					    "2022-02-01,shipped\n",
				   i, k, k, i);
	}
	buf_byte(&csv[0], 0);
	buf_byte(&csv[1], 0);
	book_fixture_add(s, (struct book_text[]){
		{ "e", "exporter_id,uscc,name\nE4,91440300MA0000023W,d\n" },
		{ "p", "policy_id,scheme_id,exporter_id,status\n"
		       "P4,AN,E4,effective\n" },
		{ "o", csv[0].p },
		{ "s", csv[1].p } }, 4);
	buf_clear(&out);
	cr_assert_eq(exposures_begin(s, &ask, &out, &x), ERR_OK);
	cr_assert_eq(exposures_step(x), ERR_AGAIN);
	cr_assert_eq(exposures_step(x), ERR_OK);
	has("\"exporters\":4,");
	exposures_end(x);
	for (size_t i = 0; i < 2; i++)
		buf_free(&csv[i]);
}

Test(exposure, under_an_lc_the_bank_is_the_obligor)
{
	cr_assert_eq(put((struct exposures_ask){ .country = S("DE"),
						 .json = 1 }),
		     3);
	has("\"obligor_id\":\"K1\",\"obligor_type\":\"bank\"");
	has("\"open\":\"85000.00\"");
	has("\"insured\":\"64000.00\",\"uninsured\":\"21000.00\"");
	has("\"reasons\":[]");
	cr_assert_eq(put((struct exposures_ask){ .exporter_id = S("E2") }), 4);
	has("64,000.00");
}

/* V11: 88,000 after 150,000 were paid on 440,000; a cent is the exporter's. */
Test(exposure, a_recovery_is_shared_as_the_loss_is)
{
	cr_assert_eq(put((struct exposures_ask){ .exporter_id = S("E1"),
						 .json = 1 }),
		     3);
	has("{\"row\":\"recovery\",\"as_of\":\"2022-05-01\",\"exporter_id\":"
	    "\"E1\",\"obligor_id\":\"B1\",\"currency\":\"USD\",\"recovered\":"
	    "\"88000.00\",\"insurer\":\"30000.00\",\"exporter\":"
	    "\"58000.00\"}\n");
	has("\"currency\":\"EUR\",\"recovered\":\"0.01\",\"insurer\":"
	    "\"0.00\",\"exporter\":\"0.01\"}\n");
	cr_assert_eq(put((struct exposures_ask){ .exporter_id = S("E1") }),
		     4);
	has("of it the insurer's        30,000.00 the exporter's        "
	    "58,000.00\n");
}

Test(exposure, rates_come_from_the_newest_day_with_a_way)
{
	struct fx_rate *v = NULL;
	size_t n = 0;
	int32_t day = date_of(2022, 3, 1);

	cr_assert_eq(store_fx(s, S("HKD"), S("EUR"), day, &a, &v, &n),
		     ERR_OK);
	cr_assert_eq(n, 2);
	cr_assert_eq(v[0].as_of, date_of(2022, 2, 1));
	cr_assert_eq(store_fx(s, S("USD"), S("EUR"), day, &a, &v, &n),
		     ERR_OK);
	cr_assert_eq(v[0].as_of, date_of(2022, 2, 2));
	/* the day before: over the Hong Kong dollar */
	cr_assert_eq(store_fx(s, S("USD"), S("EUR"), date_of(2022, 2, 1), &a,
			      &v, &n),
		     ERR_OK);
	cr_assert_eq(n, 2);
	cr_assert_eq(store_fx(s, S("HKD"), S("EUR"), date_of(2022, 1, 31), &a,
			      &v, &n),
		     ERR_OK);
	cr_assert_eq(n, 0);
}

Test(exposure, the_rows_that_cover_reads)
{
	struct limit *l = NULL;
	struct receipt *r = NULL;
	struct policy *p = NULL;
	struct scheme sch;
	size_t n = 0;

	cr_assert_eq(store_limits(s, S("E2"), S("K1"), &a, &l, &n), ERR_OK);
	cr_assert_eq(n, 2);
	cr_assert_eq(l[0].status, LIMIT_REDUCED);
	cr_assert_eq(l[0].payment_term, 0);
	cr_assert_eq(l[1].effective_to, DATE_NONE);
	cr_assert_eq(store_limits(s, S("E1"), S("K1"), &a, &l, &n), ERR_OK);
	cr_assert_eq(n, 0);
	cr_assert_eq(store_receipts(s, S("E2"), S("K1"), &a, &r, &n), ERR_OK);
	cr_assert_eq(n, 2);
	cr_assert(str_eq(r[0].shipment_id, S("S5")));
	cr_assert_eq(r[0].kind, RECEIPT_PAYMENT);
	cr_assert_eq(r[1].shipment_id.n, 0);
	cr_assert_eq(r[1].kind, RECEIPT_RECOVERY);
	cr_assert_eq(store_policies(s, S("E1"), &a, &p, &n), ERR_OK);
	cr_assert_eq(p[0].declaration, 1);
	cr_assert_eq(p[0].dcl_minor, -1);
	cr_assert_eq(store_policies(s, S("E3"), &a, &p, &n), ERR_OK);
	cr_assert_eq(p[0].declaration, 0);
	cr_assert_eq(p[0].paid_to_date_minor, 3000000);
	cr_assert_eq(store_scheme(s, S("SZ"), &a, &sch), ERR_OK);
	cr_assert_eq(sch.annual_cap_minor, -1);
}

/* A new follow or shipment makes its obligor worth another look. */
Test(exposure, new_links_of_an_old_obligor_are_seen)
{
	static const struct book_text follow[] = {
		{ "f", "exporter_id,obligor_id\nE1,B0\n" },
	};
	static const struct book_text shipment[] = {
		{ "s", "shipment_id,exporter_id,obligor_id,bank_id,amount,"
		       "currency,payment_term,status\n"
		       "S9,E1,B1,K1,1,USD,LC,ready\n" },
	};
	struct str *v = NULL;
	int64_t since = 0;
	size_t n = 0;

	book_fixture_fact(s, "B0");
	book_fixture_fact(s, "K1");
	cr_assert_eq(store_book_version(s, &since), ERR_OK);
	book_fixture_add(s, follow, 1);
	cr_assert_eq(store_obligors_concerned(s, since, &a, &v, &n), ERR_OK);
	cr_assert_eq(n, 1);
	cr_assert(str_eq(v[0], S("B0")));
	book_fixture_add(s, shipment, 1);
	cr_assert_eq(store_obligors_concerned(s, since + 1, &a, &v, &n), ERR_OK);
	cr_assert_eq(n, 1);
	cr_assert(str_eq(v[0], S("K1")));
	cr_assert_eq(store_obligors_concerned(s, since + 2, &a, &v, &n), ERR_OK);
	cr_assert_eq(n, 0);
}

static int
said(const char *line, struct buf *errors)
{
	struct core *c = calloc(1, sizeof(*c));
	struct say_request q = { .json = 1 };
	struct instant now = { 0, 1651363200000 }; /* 2022-05-01 */
	int status;

	cr_assert_not_null(c);
	c->store = s;
	for (struct str rest = str_of(line); rest.n > 0;)
		q.word[q.words++] = str_cut(&rest, ' ');
	buf_clear(&out);
	buf_clear(errors);
	status = say_exposure(c, &q, now, &out, errors);
	free(c);
	return status;
}

Test(exposure, the_command_refuses_what_it_does_not_know)
{
	struct buf e;

	buf_init(&e, 4096);
	cr_assert_eq(said("exposure", &e), 0);
	has("\"as_of\":\"2022-05-01\"");
	cr_assert_eq(said("exposure --as-of 2022-02-30", &e), 2);
	cr_assert_eq(said("exposure --obligor", &e), 2);
	cr_assert_eq(said("exposure --country USA", &e), 2);
	cr_assert_eq(said("exposure --why", &e), 2);
	cr_assert_eq(said("exposure --obligor B9", &e), 1);
	cr_assert(str_eq(buf_str(&e), S("creditalarm: exposure: no such "
					"exporter or obligor\n")));
	cr_assert_eq(said("exposure --exporter E9", &e), 1);
	cr_assert_eq(said("exposure --country FR", &e), 0);
	cr_assert_eq(out.n, 0);
	buf_free(&e);
}

/* Two rows whose sum leaves 64 bits: no reason to refuse the rows. */
Test(exposure, totals_are_summed_only_when_asked_for)
{
	static const struct book_text huge[] = {
		{ "s", "shipment_id,exporter_id,obligor_id,amount,currency,"
		       "payment_term,status\n"
		       "H1,E1,B0,999999999999999,EUR,OA,ready\n"
		       "H2,E1,B1,999999999999999,EUR,OA,ready\n" },
		{ "x", "base,quote,rate,as_of\nEUR,USD,64,2022-04-30\n" },
	};
	struct exposures_ask ask = { .as_of = date_of(2022, 5, 1), .json = 1 };

	book_fixture_add(s, huge, 2);
	ask.exporter_id = S("E1");
	cr_assert_eq(exposures_put(s, &ask, &out), ERR_OK);
	has("\"unshipped\":\"63999999999999936.00\"");
	ask.country = S("US");
	cr_assert_eq(exposures_put(s, &ask, &out), ERR_OK);
	has("\"if_shipped\":null,\"quality\":\"too_large\"}");
}

static const char *
ccy(size_t i)
{
	static const char all[] =
		"AED ALL AMD AOA ARS AUD AZN BAM BBD BDT BGN BHD BIF BMD BND "
		"BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CZK DJF DKK "
		"DOP DZD EGP ETB EUR FJD GBP GEL GHS GMD GNF GTQ HKD HNL HUF "
		"IDR ILS INR IQD ISK JMD JOD JPY KES KGS KHR KRW KWD KZT LAK "
		"LKR MAD MDL MXN MYR ";
	static char one[4];

	cr_assert_lt(4 * i, sizeof(all) - 1);
	memcpy(one, all + 4 * i, 3);
	return one;
}

/* The last of 18 characters checks the others (GB 32100). */
static void
uscc(size_t i, char id[19])
{
	static const char digit[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	unsigned sum = 0;
	unsigned weight = 1;

	(void)snprintf(id, 19, "91440300MA%07zu", i % 10000000);
	for (int k = 0; k < 17; k++) {
		sum += weight * (unsigned)(strchr(digit, id[k]) - digit);
		weight = weight * 3 % 31;
	}
	id[17] = digit[(31 - sum % 31) % 31];
	id[18] = '\0';
}

enum { SCHEMES, EXPORTERS, POLICIES, OBLIGORS, SHIPMENTS, TABLES };

static void
crowd_begin(struct buf b[TABLES])
{
	static const char *const head[TABLES] = {
		"scheme_id,insured_bp,cap_amount,cap_currency,cap_basis,"
		"year_from,year_to\n",
		"exporter_id,uscc,name\n",
		"policy_id,scheme_id,exporter_id,status\n",
		"obligor_id,type,name,country\nZ,buyer,Z,ZA\n",
		"shipment_id,exporter_id,obligor_id,amount,currency,"
		"payment_term,ship_date,status\n",
	};

	for (int k = 0; k < TABLES; k++) {
		buf_init(&b[k], 65536);
		buf_put(&b[k], str_of(head[k]));
	}
}

static enum err
crowd_put(struct buf b[TABLES])
{
	const struct exposures_ask ask = { .as_of = date_of(2022, 5, 1),
					   .country = S("ZA"), .json = 1 };
	struct book_text text[TABLES];

	for (int k = 0; k < TABLES; k++) {
		buf_byte(&b[k], 0);
		text[k] = (struct book_text){ "f", b[k].p };
	}
	book_fixture_add(s, text, TABLES);
	for (int k = 0; k < TABLES; k++)
		buf_free(&b[k]);
	buf_clear(&out);
	return exposures_put(s, &ask, &out);
}

/* Currencies of the totals: exporters whose schemes have a cap in each. */
Test(exposure, currencies_of_the_totals_at_the_limit_and_one_more)
{
	for (size_t n = EXPOSURES_TOTALS_MAX; n <= EXPOSURES_TOTALS_MAX + 1;
	     n++) {
		struct buf b[TABLES];

		crowd_begin(b);
		for (size_t i = 0; i < n; i++) {
			char id[19];

			uscc(i, id);
			buf_printf(&b[SCHEMES], "T%zu,8000,10000,%s,indemnity,"
				   "2021-01-01,2022-06-30\n", i, ccy(i));
			buf_printf(&b[EXPORTERS], "T%zu,%s,t\n", i, id);
			buf_printf(&b[POLICIES], "T%zu,T%zu,T%zu,effective\n",
				   i, i, i);
			buf_printf(&b[SHIPMENTS], "T%zu,T%zu,Z,10,%s,OA,"
				   "2022-02-01,shipped\n", i, i, ccy(i));
		}
		cr_assert_eq(crowd_put(b), n == EXPOSURES_TOTALS_MAX ?
						   ERR_OK : ERR_LIMIT, "%zu",
			     n);
		cr_assert_not(str_contains(buf_str(&out), S("too_large")));
	}
}

/* USD and 15 caps among themselves, 17 currencies into each; one more. */
Test(exposure, ways_between_currencies_at_the_limit_and_one_more)
{
	cr_assert_eq(EXPOSURE_WAYS_MAX, 16u * 15u + 17u * 16u);
	for (size_t n = 17; n <= 18; n++) {
		struct buf b[TABLES];

		crowd_begin(b);
		for (size_t i = 0; i < 15; i++) {
			buf_printf(&b[SCHEMES], "T%zu,8000,10000,%s,indemnity,"
				   "2021-01-01,2022-06-30\n", i, ccy(i));
			buf_printf(&b[POLICIES], "T%zu,T%zu,E1,effective\n",
				   i, i);
		}
		for (size_t i = 0; i < n; i++)
			buf_printf(&b[SHIPMENTS], "T%zu,E1,Z,10,%s,OA,"
				   "2022-02-01,shipped\n", i, ccy(15 + i));
		cr_assert_eq(crowd_put(b), ERR_OK);
		cr_assert_eq(str_contains(buf_str(&out), S("too_large")),
			     n == 18, "%.*s", STR_ARG(buf_str(&out)));
	}
}

/* One row that cannot be told does not keep back the others. */
Test(exposure, a_row_too_large_is_marked)
{
	static const struct book_text huge[] = {
		{ "s", "shipment_id,exporter_id,obligor_id,amount,currency,"
		       "payment_term,status\n"
		       "H1,E1,B0,999999999999999,EUR,OA,ready\n"
		       "H2,E1,B1,10,USD,OA,ready\n" },
		{ "x", "base,quote,rate,as_of\nEUR,USD,640,2022-04-30\n" },
	};
	struct exposures_ask ask = { .as_of = date_of(2022, 5, 1),
				     .exporter_id = S("E1"),
				     .country = S("US"),
				     .json = 1 };

	book_fixture_add(s, huge, 2);
	cr_assert_eq(exposures_put(s, &ask, &out), ERR_OK);
	has("\"obligor_id\":\"B0\"");
	has("\"quality\":\"too_large\"");
	has("\"obligor_id\":\"B1\"");
	has("\"quality\":\"incomplete\"}");
	ask.json = 0;
	buf_clear(&out);
	cr_assert_eq(exposures_put(s, &ask, &out), ERR_OK);
	has("B0               figures too large\n");
	has(" incomplete\n");
}
