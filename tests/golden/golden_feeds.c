/*
 * golden_feeds.c - real files, read twice: by feeds/ and by a reader in
 * Python that shares nothing with it.  Also our definitions on documents of
 * our own: the bureau, and hostile ones.
 *
 * Real files stand beside the repository; where they are absent the test
 * skips with a word.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed_rig.h"
#include "scratch.h"

static const char *const ours[] = {
	"feeds.d/gleif.yaml",	 "feeds.d/gleif.jq",
	"feeds.d/bureau.yaml",	 "feeds.d/bureau.jq",
	"feeds.d/uk-ch-insolvency.yaml", "feeds.d/uk-ch-insolvency.jq",
	"vocab/gleif.tsv",	 "vocab/bureau.tsv",
	"vocab/uk-ch.tsv",	 "kinds.tsv",
	"idschemes.tsv",	 NULL,
};

static struct feed_rig rig;

static void
setup(void)
{
	feed_rig_init(&rig);
	feed_rig_etc(&rig, ours);
	/* What ships has nothing to complain about. */
	cr_assert_eq(feed_rig_load(&rig), ERR_OK, "%.*s",
		     STR_ARG(buf_str(&rig.errors)));
}

static void
teardown(void)
{
	feed_rig_free(&rig);
}

TestSuite(golden_feeds, .init = setup, .fini = teardown);

/* The slices must all give what one piece gave, and Python the same. */
static void
read_twice(const char *feed, const char *reader, const char *path)
{
	char out[SCRATCH_PATH_SIZE];
	const char *const words[] = { "/usr/bin/python3",
				      "tests/golden/feeds_reader.py", reader,
				      path, out, NULL };
	struct buf doc;
	struct buf one;

	if (!feed_rig_file(&doc, path))
		cr_skip_test("%s is not here", path);
	feed_rig_parse(&rig, feed, buf_str(&doc), 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED, "%s: %s",
		     rig.result.guard, rig.result.detail);
	cr_assert_eq(rig.result.rejects, 0, "%.*s",
		     STR_ARG(buf_str(&rig.rejects)));
	cr_assert_eq(rig.result.map.unknown, 0);
	buf_init(&one, 64u << 20);
	buf_put(&one, buf_str(&rig.notices));
	for (size_t n = 1; n < 70; n += 13) {
		feed_rig_parse(&rig, feed, buf_str(&doc), n);
		cr_assert(str_eq(buf_str(&rig.notices), buf_str(&one)),
			  "step %zu", n);
	}
	scratch_file(out, "golden", buf_str(&one));
	cr_assert_eq(scratch_run(words), 0);
	(void)unlink(out);
	buf_free(&one);
	buf_free(&doc);
}

#define BUYER "../shared/data/buyer/"

Test(golden_feeds, gleif_one)
{
	read_twice("gleif", "gleif", BUYER "gleif-lei-cdf/lei-data.xml");
}

Test(golden_feeds, gleif_before)
{
	read_twice("gleif", "gleif",
		   BUYER "gleif-lei-cdf/lei-updates-data2.xml");
}

Test(golden_feeds, gleif_after)
{
	read_twice("gleif", "gleif",
		   BUYER "gleif-lei-cdf/lei-updates-data2-new.xml");
}

Test(golden_feeds, companies_house)
{
	read_twice("uk-ch-insolvency", "uk-ch",
		   BUYER "uk-ch-stream/insolvency.ndjson");
}

#define LEI_HEAD                                                               \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                           \
	"<lei:LEIData xmlns:lei=\"http://www.gleif.org/data/schema/leidata/"   \
	"2016\"><lei:LEIHeader><lei:RecordCount>1</lei:RecordCount>"           \
	"</lei:LEIHeader><lei:LEIRecords>"
#define LEI_TAIL "</lei:LEIRecords></lei:LEIData>"
#define LEI_ONE "529900T8BM49AURSDO55"

static void
record(struct buf *b, const char *events, const char *status)
{
	buf_printf(b,
		   "<lei:LEIRecord><lei:LEI>" LEI_ONE "</lei:LEI><lei:Entity>"
		   "<lei:LegalName xml:lang=\"de\">Muster GmbH</lei:LegalName>"
		   "<lei:LegalAddress><lei:FirstAddressLine>Weg 1"
		   "</lei:FirstAddressLine><lei:City>Ulm</lei:City>"
		   "<lei:Country>DE</lei:Country></lei:LegalAddress>"
		   "<lei:LegalJurisdiction>DE</lei:LegalJurisdiction>%s"
		   "</lei:Entity><lei:Registration><lei:LastUpdateDate>"
		   "2023-01-02T03:04:05Z</lei:LastUpdateDate>"
		   "<lei:RegistrationStatus>%s</lei:RegistrationStatus>"
		   "</lei:Registration></lei:LEIRecord>",
		   events, status);
}

static void
lei_expect(const char *events, const char *status, const char *want)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_put(&b, S(LEI_HEAD));
	record(&b, events, status);
	buf_put(&b, S(LEI_TAIL));
	feed_rig_parse(&rig, "gleif", buf_str(&b), 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED, "%s",
		     rig.result.detail);
	cr_assert_eq(rig.result.rejects, 0, "%.*s",
		     STR_ARG(buf_str(&rig.rejects)));
	if (want[0] == 0)
		cr_assert_eq(rig.notices.n, 0);
	else
		cr_assert(str_contains(buf_str(&rig.notices), str_of(want)),
			  "%.*s", STR_ARG(buf_str(&rig.notices)));
	buf_free(&b);
}

#define EVENT(type, status)                                                    \
	"<lei:LegalEntityEvents><lei:LegalEntityEvent event_status=\"" status  \
	"\"><lei:LegalEntityEventType>" type "</lei:LegalEntityEventType>"     \
	"<lei:LegalEntityEventEffectiveDate>2022-11-30T00:00:00+01:00"         \
	"</lei:LegalEntityEventEffectiveDate>"                                 \
	"<lei:LegalEntityEventRecordedDate>2022-12-01T10:00:00+01:00"          \
	"</lei:LegalEntityEventRecordedDate></lei:LegalEntityEvent>"           \
	"</lei:LegalEntityEvents>"

Test(golden_feeds, gleif_events_and_states)
{
	lei_expect("", "ISSUED", "");
	lei_expect(EVENT("BANKRUPTCY", "IN_PROGRESS"), "ISSUED",
		   "\"record\":\"" LEI_ONE "/BANKRUPTCY/2022-11-30\","
		   "\"action\":\"NEW\","
		   "\"subject\":\"buyer\",\"kind\":\"INSOLVENCY_OPENED\"");
	lei_expect(EVENT("BANKRUPTCY", "IN_PROGRESS"), "ISSUED",
		   "\"effective_on\":\"2022-11-30\",\"deadline_on\":null,"
		   "\"published_at\":null,"
		   "\"recorded_at\":\"2022-12-01T09:00:00.000Z\"");
	lei_expect(EVENT("LIQUIDATION", "WITHDRAWN_CANCELLED"), "ISSUED",
		   "\"action\":\"CANCEL\",\"subject\":\"buyer\","
		   "\"kind\":\"LIQUIDATION\"");
	lei_expect("", "RETIRED", "\"kind\":\"DISSOLVED\"");
	lei_expect("", "LAPSED", "\"kind\":\"LEI_LAPSED\"");
	lei_expect(EVENT("SOMETHING_NEW", "COMPLETED"), "ISSUED",
		   "\"kind\":\"UNKNOWN\"");
	cr_assert_eq(rig.result.map.unknown, 1);
	/* A dissolution that an event tells is told once. */
	lei_expect(EVENT("DISSOLUTION", "COMPLETED"), "RETIRED",
		   "\"kind\":\"DISSOLVED\"");
	cr_assert_eq(rig.result.map.notices, 1);
}

/* The warning and its refutation are one record: that is how it is undone. */
Test(golden_feeds, the_bureau_warns_confirms_and_refutes)
{
	static const char doc[] =
	    "{\"msg_no\":\"HB-2022-118273\",\"typ\":\"WARN\","
	    "\"ts\":\"2022-12-27T09:12:03+08:00\",\"subj_no\":\"ARE/00412\","
	    "\"subj_name\":\"Gulf Sample Trading LLC\",\"land\":\"AE\","
	    "\"ereignis\":\"INSO-EROEFF\",\"ereignis_am\":\"2022-12-20\"}\n\n"
	    "{\"msg_no\":\"HB-2022-118300\",\"typ\":\"AUSKUNFT\","
	    "\"urteil\":\"WIDERLEGT\",\"bezug\":\"HB-2022-118273\","
	    "\"ts\":\"2022-12-28T09:00:00Z\",\"subj_no\":\"ARE/00412\","
	    "\"land\":\"AE\",\"ereignis\":\"INSO-EROEFF\"}"
	    "{\"msg_no\":\"HB-2022-118301\",\"typ\":\"AUSKUNFT\","
	    "\"urteil\":\"BESTAETIGT\",\"ts\":\"2022-12-28T09:00:00Z\","
	    "\"subj_no\":\"ARE/00412\",\"land\":\"AE\","
	    "\"ereignis\":\"INSO-EROEFF\",\"betrag\":120000.50,"
	    "\"waehrung\":\"USD\"}\n"
	    "{\"msg_no\":\"HB-2022-118302\",\"typ\":\"GERUECHT\"}\n";
	struct str s;
	struct str line;

	feed_rig_parse(&rig, "bureau", str_of(doc), 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED, "%s",
		     rig.result.detail);
	cr_assert_eq(rig.result.map.notices, 3, "%.*s",
		     STR_ARG(buf_str(&rig.rejects)));
	s = buf_str(&rig.notices);
	line = str_cut(&s, '\n');
	cr_assert(str_starts(line,
			     S("{\"source\":\"bureau\","
			       "\"record\":\"HB-2022-118273\","
			       "\"action\":\"NEW\",\"subject\":\"buyer\","
			       "\"kind\":\"INSOLVENCY_OPENED\"")),
		  "%.*s", STR_ARG(line));
	cr_assert(str_contains(line, S("\"certainty\":\"reported\"")));
	cr_assert(str_contains(line, S("2022-12-27T01:12:03.000Z")));
	cr_assert(str_contains(line, S("{\"scheme\":\"sinosure\"")), "%.*s",
		  STR_ARG(line));
	line = str_cut(&s, '\n');
	cr_assert(str_starts(line, S("{\"source\":\"bureau\","
				     "\"record\":\"HB-2022-118273\","
				     "\"action\":\"CANCEL\"")),
		  "%.*s", STR_ARG(line));
	line = str_cut(&s, '\n');
	cr_assert(str_contains(line, S("\"record\":\"HB-2022-118301\","
				       "\"action\":\"NEW\"")));
	cr_assert(str_contains(line, S("\"certainty\":\"official\"")));
	cr_assert(str_contains(line, S("\"amount\":\"120000.50\"")));
	cr_assert(str_contains(buf_str(&rig.rejects),
			       S("4: record HB-2022-118302: map: typ "
				 "GERUECHT is not known")),
		  "%.*s", STR_ARG(buf_str(&rig.rejects)));
}

static void
refused(const char *feed, struct str doc, const char *guard)
{
	feed_rig_parse(&rig, feed, doc, 1000);
	cr_assert_eq(rig.result.verdict, DOC_REFUSED, "%.*s",
		     STR_ARG(str_sub(doc, 0, 60)));
	cr_assert_str_eq(rig.result.guard, guard, "%s: %s", rig.result.guard,
			 rig.result.detail);
}

Test(golden_feeds, hostile_documents, .timeout = 5)
{
	struct buf b;

	refused("gleif", S("<html><body>503 Slow down</body></html>"), "root");
	refused("gleif", S("{\"error\":\"rate limit\"}"), "format");
	refused("gleif", S(""), "format");
	refused("gleif", S(LEI_HEAD), "format");
	refused("gleif", S(LEI_HEAD LEI_TAIL), "min_records");
	refused("gleif",
		S("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"
		  "<LEIData>&a;</LEIData>"),
		"format");
	refused("bureau", S("<html>"), "root");
	refused("bureau", S("[{\"msg_no\":1}]"), "root");
	/* A billion laughs needs a DOCTYPE; that is where it ends. */
	refused("gleif",
		S("<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 "
		  "\"&lol;&lol;&lol;&lol;\">]><LEIData>&lol2;</LEIData>"),
		"format");
	buf_init(&b, 4u << 20);
	for (int i = 0; i < 100000; i++)
		buf_put(&b, S("<LEIData>"));
	refused("gleif", buf_str(&b), "limit");
	buf_clear(&b);
	buf_put(&b, S("<LEIData "));
	for (int i = 0; i < 200000; i++)
		buf_printf(&b, "a%d='' ", i);
	buf_put(&b, S("/>"));
	refused("gleif", buf_str(&b), "limit");
	buf_free(&b);
}

/* Every prefix of a good document is refused: half of a list is no list. */
Test(golden_feeds, a_document_cut_anywhere)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_put(&b, S(LEI_HEAD));
	record(&b, EVENT("BANKRUPTCY", "IN_PROGRESS"), "ISSUED");
	buf_put(&b, S(LEI_TAIL));
	for (size_t n = 0; n < b.n; n += 7) {
		feed_rig_parse(&rig, "gleif", str_sub(buf_str(&b), 0, n), 0);
		cr_assert_eq(rig.result.verdict, DOC_REFUSED, "cut at %zu", n);
	}
	buf_free(&b);
}
