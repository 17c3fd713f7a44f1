/*
 * bookgen.c - an insurer's book of any size, valid by every rule.
 *
 *   bookgen DIR OBLIGORS SHIPMENTS SEED
 *
 * Writes schemes, exporters, policies, obligors, shipments, limits, receipts,
 * country_cover and fx as CSV into DIR, which must exist.  An exporter for
 * every 40 obligors with a policy for each year, a limit on every third
 * obligor, a receipt for every tenth shipment; every tenth exporter's schemes
 * have an annual cap.  USCC, LEI and SIREN carry their check digits.
 * Shipments are not in order of their ids: the worst case for an index kept
 * while loading.  The same arguments give the same bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "str.h"

#define FIRST_YEAR 2020
#define YEARS 4

static uint64_t state;
static const char *dir;

static const char *const country[] = { "US", "DE", "AE", "BR", "IN", "VN",
				       "FR", "GB", "MX", "JP", "NG", "PL" };
static const char *const currency[] = { "USD", "USD", "USD", "EUR", "CNY",
					"GBP", "JPY" };
static const char *const word[] = {
	"Nordwind", "Atlas",   "Sunrise", "Pacifica", "Meridian", "Kobalt",
	"Orion",    "Delta",   "Granit",  "Lotus",    "Vega",	  "Harbour",
	"Electra",  "Müller", "Señal",   "Østby",    "Aurora",	  "Bosphorus",
};
static const char *const trade[] = { "Trading",	  "Electronics", "Textiles",
				     "Furniture", "Machinery",	 "Lighting",
				     "Auto Parts", "Foods" };
static const char *const form[] = { "GmbH", "Inc.",   "LLC", "Ltda",
				    "S.A.", "Co., Ltd.", "Pvt Ltd" };

#define PICK(table) table[below(sizeof(table) / sizeof((table)[0]))]

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t z = state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static unsigned
below(size_t n)
{
	return (unsigned)(next() % n);
}

static FILE *
open_kind(const char *kind, const char *header)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.csv", dir, kind);
	f = fopen(path, "w");
	if (f == NULL) {
		perror(path);
		exit(74);
	}
	(void)fprintf(f, "%s\n", header);
	return f;
}

static void
close_kind(FILE *f)
{
	if (ferror(f) || fclose(f) != 0) {
		perror(dir);
		exit(74);
	}
}

static void
put_uscc(FILE *f, unsigned n)
{
	static const char abc[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	char code[32];
	unsigned sum = 0;
	unsigned weight = 1;

	(void)snprintf(code, sizeof(code), "91440300MA%07u", n);
	for (unsigned i = 0; i < 17; i++, weight = weight * 3 % 31)
		sum += (unsigned)str_find(str_of(abc), code[i]) * weight;
	(void)fprintf(f, "%.17s%c", code, abc[(31 - sum % 31) % 31]);
}

static void
put_lei(FILE *f, unsigned n)
{
	char code[32];
	unsigned rest = 0;

	(void)snprintf(code, sizeof(code), "5299000CALRM%06X00", n);
	for (const char *p = code; *p != '\0'; p++)
		rest = *p <= '9' ? (rest * 10 + (unsigned)(*p - '0')) % 97 :
				   (rest * 100 + (unsigned)(*p - 'A') + 10) %
					   97;
	(void)fprintf(f, "lei:%.18s%02u", code, 98 - rest);
}

static void
put_siren(FILE *f, unsigned n)
{
	char code[16];
	unsigned sum = 0;

	(void)snprintf(code, sizeof(code), "%08u", n);
	for (unsigned i = 0; i < 8; i++) {
		unsigned v = (unsigned)(code[i] - '0') * (1 + i % 2);

		sum += v > 9 ? v - 9 : v;
	}
	(void)fprintf(f, "|fr-siren:%s%u", code, (10 - sum % 10) % 10);
}

static void
put_date(FILE *f, unsigned year)
{
	(void)fprintf(f, "%u-%02u-%02u", year, 1 + below(12), 1 + below(28));
}

static void
schemes(void)
{
	FILE *f = open_kind("schemes",
			    "scheme_id,name_en,insured_bp,cap_amount,"
			    "cap_currency,cap_basis,year_from,year_to,"
			    "max_credit_days,annual_cap");

	for (unsigned y = FIRST_YEAR; y < FIRST_YEAR + YEARS; y++) {
		(void)fprintf(f,
			      "SME-%u,Small exporters %u,8000,150000,USD,"
			      "indemnity,%u-01-01,%u-12-31,365,\n",
			      y, y, y, y);
		(void)fprintf(f,
			      "BIG-%u,Large exporters %u,9000,2000000,USD,"
			      "loss,%u-01-01,%u-12-31,180,5000000\n",
			      y, y, y, y);
	}
	close_kind(f);
}

static void
exporters(unsigned count)
{
	FILE *f = open_kind("exporters", "exporter_id,uscc,name,lang,branch");

	for (unsigned i = 0; i < count; i++) {
		(void)fprintf(f, "EX-%06u,", i);
		put_uscc(f, i);
		(void)fprintf(f, ",深圳市%06u贸易有限公司,%s,branch-%u\n", i,
			      i % 5 == 0 ? "en" : "zh-CN", i % 7);
	}
	close_kind(f);
}

static void
policies(unsigned count)
{
	FILE *f = open_kind("policies",
			    "policy_id,scheme_id,exporter_id,status,"
			    "data_authorised");

	for (unsigned i = 0; i < count; i++)
		for (unsigned y = 0; y < YEARS; y++)
			(void)fprintf(f,
				      "PO-%06u-%u,%s-%u,EX-%06u,%s,%u\n", i,
				      y, i % 10 == 0 ? "BIG" : "SME",
				      FIRST_YEAR + y, i,
				      y + 1 < YEARS ? "expired" : "effective",
				      i % 2);
	close_kind(f);
}

static void
obligors(unsigned count)
{
	FILE *f = open_kind("obligors",
			    "obligor_id,type,name,aliases,country,"
			    "jurisdiction,ids,address,natural_person");

	for (unsigned i = 0; i < count; i++) {
		const char *a = PICK(word);
		const char *t = PICK(trade);
		const char *at = PICK(country);

		(void)fprintf(f, "OB-%07u,%s,\"%s %s %u %s\",", i,
			      i % 50 == 0 ? "bank" : "buyer", a, t,
			      below(1000000), PICK(form));
		if (below(4) == 0)
			(void)fprintf(f, "%s %s|%s Group", a, t, a);
		(void)fprintf(f, ",%s,,", at);
		if (below(10) < 6) {
			put_lei(f, i);
			if (below(8) == 0)
				put_siren(f, i);
		}
		(void)fprintf(f, ",\"%u %s Road, Unit %u\",0\n", below(999),
			      PICK(word), below(99));
	}
	close_kind(f);
}

static void
limits(unsigned obligor_count)
{
	FILE *f = open_kind("limits", "policy_id,obligor_id,effective_from,"
				      "amount,currency,status");

	for (unsigned i = 0; i < obligor_count; i += 3)
		(void)fprintf(f,
			      "PO-%06u-%u,OB-%07u,%u-01-01,%u,USD,approved\n",
			      i / 40, i % YEARS, i, FIRST_YEAR + i % YEARS,
			      10000 * (1 + below(50)));
	close_kind(f);
}

/* 0..n-1, each once, out of order: 2654435761 is prime and larger than n. */
static unsigned
shuffled(unsigned i, unsigned n)
{
	return (unsigned)((uint64_t)i * 2654435761u % n);
}

/* And for some a receipt. */
static void
shipment(FILE *f, FILE *receipts, unsigned id, unsigned obligor_count)
{
	unsigned exporters_count = obligor_count / 40 + 1;
	unsigned obligor = below(obligor_count);
	/* A buyer has a handful of sellers. */
	unsigned exporter = (obligor / 40 + below(3)) % exporters_count;
	unsigned year = FIRST_YEAR + below(YEARS);
	const char *ccy = PICK(currency);
	bool yen = str_eq(str_of(ccy), S("JPY"));
	unsigned amount = 1000 + below(200000);
	bool lc = below(20) == 0;

	(void)fprintf(f, "SH-%08u,EX-%06u,OB-%07u,", id, exporter, obligor);
	if (lc)
		(void)fprintf(f, "OB-%07u", below(obligor_count) / 50 * 50);
	(void)fprintf(f, ",INV/%u/%06u,%u%s,%s,%s,", year, below(1000000),
		      amount, yen ? "" : ".50", ccy,
		      lc	     ? "LC" :
		      below(3) == 0 ? "DA" :
				      "OA");
	put_date(f, year);
	(void)fputs(",,", f);
	put_date(f, year);
	(void)fputc(',', f);
	put_date(f, year + 1);
	(void)fprintf(f, ",%u,%s,widgets,%s\n", below(4) == 0 ? amount / 3 : 0,
		      below(2) == 0 ? "paid" : "shipped", PICK(country));
	if (id % 10 == 5) {
		(void)fprintf(receipts,
			      "RE-%08u,EX-%06u,OB-%07u,%u,%s,", id, exporter,
			      obligor, amount / 4, ccy);
		put_date(receipts, year + 1);
		(void)fprintf(receipts, ",SH-%08u\n", id);
	}
}

static void
shipments(unsigned count, unsigned obligor_count)
{
	FILE *f = open_kind("shipments",
			    "shipment_id,exporter_id,obligor_id,bank_id,"
			    "invoice_ref,amount,currency,payment_term,"
			    "contract_date,etd,ship_date,due_date,"
			    "paid_amount,status,product,dest_country");
	FILE *receipts = open_kind("receipts",
				   "receipt_id,exporter_id,obligor_id,amount,"
				   "currency,received_on,shipment_id");

	for (unsigned i = 0; i < count; i++)
		shipment(f, receipts, shuffled(i, count), obligor_count);
	close_kind(f);
	close_kind(receipts);
}

static void
small(void)
{
	FILE *f = open_kind("country_cover", "country,effective_from,status");

	(void)fputs("NG,2021-01-01,restricted\nAE,2022-06-01,open\n", f);
	close_kind(f);
	f = open_kind("fx", "base,quote,as_of,rate");
	for (unsigned y = FIRST_YEAR; y <= FIRST_YEAR + YEARS; y++)
		(void)fprintf(f,
			      "EUR,USD,%u-01-02,1.1%u\nEUR,CNY,%u-01-02,7.8%u\n"
			      "EUR,GBP,%u-01-02,0.8%u\nEUR,JPY,%u-01-02,13%u\n",
			      y, y % 10, y, y % 10, y, y % 10, y, y % 10);
	close_kind(f);
}

int
main(int argc, char **argv)
{
	uint64_t obligor_count;
	uint64_t count;

	if (argc != 5 ||
	    str_to_u64(str_of(argv[2]), 9999999, &obligor_count) != ERR_OK ||
	    str_to_u64(str_of(argv[3]), 99999999, &count) != ERR_OK ||
	    str_to_u64(str_of(argv[4]), UINT64_MAX, &state) != ERR_OK ||
	    obligor_count == 0 || count == 0) {
		(void)fputs("usage: bookgen DIR OBLIGORS SHIPMENTS SEED\n",
			    stderr);
		return 2;
	}
	dir = argv[1];
	schemes();
	exporters((unsigned)obligor_count / 40 + 1);
	policies((unsigned)obligor_count / 40 + 1);
	obligors((unsigned)obligor_count);
	shipments((unsigned)count, (unsigned)obligor_count);
	limits((unsigned)obligor_count);
	small();
	return 0;
}
