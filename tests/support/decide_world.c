/*
 * decide_world.c - a small book, its store and the decider, for tests.
 */
#include "decide_world.h"

#include <string.h>

#include "alert_dump.h"
#include "book_import.h"
#include "watch_fixture.h"

struct decide_world dw;
const uint8_t dw_key[COMPOSE_KEY_SIZE] = { 7 };

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
const char dw_obligors[] =
    "obligor_id,type,name,aliases,country,ids,natural_person\n"
    "OB-AE-1,buyer,X Trading LLC,X General Trading,AE,sinosure:AE000123,\n"
    "OB-AE-2,buyer,Y Trading LLC,,AE,sinosure:AE000999,\n"
    "OB-AE-3,buyer,Ahmed Trader,,AE,sinosure:AE000777,1\n"
    "OB-BK-1,bank,First Bank of B,,AE,bic:BOMLAEAD,\n";
const char dw_follows[] = "exporter_id,obligor_id,last_order_on\n"
			  "EXP-B,OB-AE-1,2021-11-01\n"
			  "EXP-C,OB-AE-1,2019-01-01\n";
static const char SHIPMENTS[] =
    "shipment_id,exporter_id,obligor_id,bank_id,amount,currency,"
    "payment_term,contract_date,etd,ship_date,due_date,status\n"
    "S-1,EXP-A,OB-AE-1,,200000,USD,OA,2022-11-20,2022-12-30,,,ready\n";

void
dw_book(const char *csv)
{
	dw_replace("", csv);
}

void
dw_replace(const char *kind, const char *csv)
{
	const struct book_file file = { S("t.csv"), str_of(csv) };
	const struct book_options opt = { .schemes = &dw.schemes,
					  .mode = BOOK_WRITE,
					  .replace = str_of(kind),
					  .force = 1 };
	struct book_report r;
	enum err err;

	book_report_init(&r);
	err = book_import(dw.store, &file, 1, &opt, dw.now, &r);
	cr_assert_eq(err, ERR_OK, "%.*s", STR_ARG(buf_str(&r.faults)));
	book_report_free(&r);
}

void
dw_at(const char *time)
{
	cr_assert_eq(time_get(str_of(time), &dw.now.wall_ms), ERR_OK);
}

int64_t
dw_tick(void)
{
	int64_t next = 0;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_tick(dw.decide, dw.now, &next), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	return next;
}

void
dw_load(void)
{
	struct diag d = { 0 };
	const struct decide_in in = {
		.store = dw.store,
		.watch = dw.watch,
		.kinds = &dw.kinds,
		.feeds = &dw.feeds,
		.schemes = &dw.schemes,
		.conf = &dw.conf,
		.texts = buf_str(&dw.texts_tsv),
		.duties = buf_str(&dw.duties_tsv),
		.token_key = dw_key,
		.mode = COMPOSE_REPLAY,
		.room = dw.room,
		.diag = &d,
	};

	cr_assert_eq(decide_new(&in, &dw.decide), ERR_OK, "%s", d.why);
}

static void
read_table(struct buf *b, const char *path)
{
	buf_init(b, 1 << 20);
	cr_assert_eq(buf_read_file(b, path), ERR_OK);
}

void
dw_setup(void)
{
	struct diag d = { 0 };

	cr_assert_eq(arena_init(&dw.arena, 64 << 20), ERR_OK);
	read_table(&dw.kinds_tsv, "etc/kinds.tsv");
	read_table(&dw.schemes_tsv, "etc/idschemes.tsv");
	read_table(&dw.texts_tsv, "etc/texts.tsv");
	read_table(&dw.duties_tsv, "etc/duties.tsv");
	cr_assert_eq(
	    kinds_get(buf_str(&dw.kinds_tsv), &dw.arena, &dw.kinds, &d),
	    ERR_OK);
	cr_assert_eq(
	    idschemes_get(buf_str(&dw.schemes_tsv), &dw.arena, &dw.schemes, &d),
	    ERR_OK);
	dw.feed[0] =
	    (struct feed){ .name = S("bureau"), .source_class = S("bureau") };
	dw.feed[1] =
	    (struct feed){ .name = S("press"), .source_class = S("press") };
	dw.feed[2] = (struct feed){ .name = S("registry"),
				    .source_class = S("registry") };
	dw.feeds = (struct feeds){ dw.feed, 3 };
	dw.conf = (struct conf){ .instance = S("test"),
				 .contact_tel = S("88325700"),
				 .match_accept = 950,
				 .match_review = 600 };
	cr_assert_eq(store_open(":memory:", &dw.store, &d), ERR_OK, "%s",
		     d.why);
	dw_at("2022-12-27T01:12:03.214Z");
	dw_book(SCHEMES);
	dw_book(EXPORTERS);
	dw_book(POLICIES);
	dw_book(dw_obligors);
	dw_book(dw_follows);
	dw_book(SHIPMENTS);
	dw.watch = watch_fixture(dw.store);
	dw_load();
}

void
dw_teardown(void)
{
	static const char *const who[] = { "EXP-A", "EXP-B", "EXP-C" };

	for (size_t i = 0; i < 3; i++) {
		struct entry *e = NULL;
		size_t n = 0;

		cr_assert_eq(store_entries(dw.store, str_of(who[i]), 1, 100,
					   &dw.arena, &e, &n),
			     ERR_OK);
		for (size_t k = 0; k < n; k++)
			alert_dump(criterion_current_test->name, e[k].stream,
				   (int)e[k].seq, e[k].body);
	}
	decide_free(dw.decide);
	mwatch_free(dw.watch);
	store_close(dw.store);
	buf_free(&dw.kinds_tsv);
	buf_free(&dw.schemes_tsv);
	buf_free(&dw.texts_tsv);
	buf_free(&dw.duties_tsv);
	arena_fini(&dw.arena);
}

/* A bureau's notice of an opened insolvency of OB-AE-1. */
struct notice
dw_notice(struct str source, struct str record)
{
	static struct notice_id id;
	static struct notice_name name;

	id = (struct notice_id){ S("sinosure"), S("AE000123") };
	name =
	    (struct notice_name){ S("X Trading L.L.C."), S("legal"), STR_NONE };
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
				.recorded_at = dw.now.wall_ms,
				.certainty = CERTAINTY_REPORTED };
}

void
dw_give(const struct notice *n)
{
	struct buf json;
	enum err err;

	buf_init(&json, NOTICE_JSON_MAX);
	notice_put(&json, n);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	err = decide_notice(dw.decide, n, buf_str(&json), dw.now);
	cr_assert_eq(err, ERR_OK, "%s", err_text(err));
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	buf_free(&json);
}

struct notice
dw_told(void)
{
	struct notice n = dw_notice(S("bureau"), S("case-1"));

	dw_give(&n);
	cr_assert_eq(dw_stream("EXP-A", NULL), 1);
	cr_assert_eq(dw_stream("EXP-B", NULL), 1);
	return n;
}

/* The entries of a stream; the last one in *e. */
size_t
dw_stream(const char *exporter, struct entry *e)
{
	struct entry *entry = NULL;
	size_t n = 0;

	cr_assert_eq(store_entries(dw.store, str_of(exporter), 1, 100,
				   &dw.arena, &entry, &n),
		     ERR_OK);
	if (n > 0 && e != NULL)
		*e = entry[n - 1];
	return n;
}

struct alert
dw_alert_of(const char *exporter)
{
	struct entry e;
	struct alert a;

	cr_assert_gt(dw_stream(exporter, &e), 0);
	cr_assert_eq(store_alert_by_id(dw.store, e.alert_id, &dw.arena, &a),
		     ERR_OK);
	return a;
}

bool
dw_has(struct str s, const char *needle)
{
	return str_contains(s, str_of(needle));
}

void
dw_state(const char *exporter, uint64_t seq, int what, struct str code)
{
	struct evidence e = { .key = S("k"),
			      .stream = str_of(exporter),
			      .epoch = 1,
			      .seq = seq,
			      .state = what,
			      .code = code,
			      .stored_at = dw.now.wall_ms };
	int first = 0;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_evidence_put(dw.store, &e, &first), ERR_OK);
	cr_assert_eq(decide_state(dw.decide, &e, first, dw.now), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
}

void
dw_rebook(const char *csv)
{
	dw_swap("", csv);
}

void
dw_swap(const char *kind, const char *csv)
{
	struct names_scan scan = { 0 };
	int64_t version = 0;
	bool more = true;

	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(store_book_version(dw.store, &version), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	dw_replace(kind, csv);
	cr_assert_eq(store_begin(dw.store), ERR_OK);
	cr_assert_eq(decide_book(dw.decide, version, dw.now), ERR_OK);
	cr_assert_eq(store_commit(dw.store), ERR_OK);
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	while (more) {
		cr_assert_eq(store_begin(dw.store), ERR_OK);
		cr_assert_eq(decide_names(dw.decide, &scan, dw.now, &more),
			     ERR_OK);
		cr_assert_eq(store_commit(dw.store), ERR_OK);
	}
}

int64_t
dw_questions(void)
{
	int64_t n = -1;

	cr_assert_eq(store_review_count(dw.store, &n), ERR_OK);
	return n;
}

/* A court's notice of somebody by name alone. */
struct notice
dw_named(struct str record, struct notice_name *name)
{
	struct notice n = dw_notice(S("press"), record);

	*name = (struct notice_name){ S("Fjellhavn Rederi A/S"), S("legal"),
				      STR_NONE };
	n.names = name;
	n.id_count = 0;
	n.country = S("NO");
	return n;
}

void
dw_suspect(const struct notice *n)
{
	dw_book(DW_FJELLHAVN);
	dw_book("shipment_id,exporter_id,obligor_id,amount,currency,"
		"payment_term,contract_date,etd,status\n"
		"S-9,EXP-A,OB-NO-1,90000,USD,OA,2022-11-20,2022-12-29,"
		"ready\n");
	cr_assert_eq(mwatch_follow(dw.watch, dw.store), ERR_OK);
	dw_give(n);
	dw.now.wall_ms += DECIDE_REVIEW_MS;
	(void)dw_tick();
}
