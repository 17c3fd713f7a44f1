/*
 * golden_sources.c - the sources beside GLEIF and Companies House, each on
 * its real file and on one of our own in the same format, read twice: by
 * feeds/ and by feeds_reader.py, which shares nothing with it.
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

#define REAL "../shared/data/"
#define OURS "tests/golden/feeds/"
#define PARTS 4u

static const char *const etc[] = {
	"feeds.d/fdic.yaml",	    "feeds.d/fdic.jq",
	"feeds.d/ecb-rates.yaml",   "feeds.d/ecb-rates.jq",
	"feeds.d/uk-gazette.yaml",  "feeds.d/uk-gazette.jq",
	"feeds.d/us-bankruptcy.yaml", "feeds.d/us-bankruptcy.jq",
	"feeds.d/ofac-sdn.yaml",    "feeds.d/ofac-sdn.jq",
	"feeds.d/insurer.yaml",	    "feeds.d/insurer-csv.yaml",
	"feeds.d/insurer-drop.yaml", "feeds.d/insurer.jq",
	"vocab/fdic.tsv",
	"vocab/uk-gazette.tsv",	    "vocab/us-bankruptcy.tsv",
	"vocab/ofac.tsv",	    "vocab/insurer.tsv",
	"kinds.tsv",		    "idschemes.tsv",
	NULL,
};

static struct feed_rig rig;

/* A definition of ours for short fixtures: no least number of records. */
static void
add_short(const char *name, const char *from)
{
	char path[256];
	struct buf b;
	struct buf out;
	struct str rest;

	(void)snprintf(path, sizeof(path), "etc/feeds.d/%s.yaml", from);
	cr_assert(feed_rig_file(&b, path));
	buf_init(&out, 1u << 20);
	for (rest = buf_str(&b); rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');

		if (str_starts(line, S("name:")))
			buf_printf(&out, "name: %s\n", name);
		else if (!str_starts(line, S("  min_records:")) &&
			 !str_starts(line, S("  max_reject_pct:")))
			buf_printf(&out, "%.*s\n", STR_ARG(line));
	}
	(void)snprintf(path, sizeof(path), "feeds.d/%s.yaml", name);
	feed_rig_add(&rig, path, buf_str(&out));
	buf_free(&out);
	buf_free(&b);
}

static void
setup(void)
{
	feed_rig_init(&rig);
	feed_rig_etc(&rig, etc);
	add_short("fdic-short", "fdic");
	add_short("ofac-short", "ofac-sdn");
	cr_assert_eq(feed_rig_load(&rig), ERR_OK, "%.*s",
		     STR_ARG(buf_str(&rig.errors)));
}

static void
teardown(void)
{
	feed_rig_free(&rig);
}

TestSuite(golden_sources, .init = setup, .fini = teardown);

struct want {
	const char *feed;
	const char *reader;
	const char *path[PARTS]; /* the files of one document; "-" empty */
	uint32_t records;
	uint32_t notices;
	uint32_t rejects;
	uint32_t unknown;
};

static void
python(const struct want *w, struct str notices)
{
	char out[SCRATCH_PATH_SIZE];
	char files[512] = "";
	const char *const words[] = { "/usr/bin/python3",
				      "tests/golden/feeds_reader.py",
				      w->reader, files, out, NULL };

	scratch_file(out, "golden", notices);
	for (size_t i = 0; i < PARTS && w->path[i] != NULL; i++)
		(void)snprintf(files + strlen(files),
			       sizeof(files) - strlen(files), "%s%s",
			       i > 0 ? "," : "", w->path[i]);
	cr_assert_eq(scratch_run(words), 0, "%s %s", w->reader, files);
	(void)unlink(out);
}

static void
read_twice(struct want w)
{
	struct buf doc[PARTS] = { 0 };
	struct str file[PARTS] = { 0 };
	struct buf one;
	size_t count = 0;

	for (; count < PARTS && w.path[count] != NULL; count++) {
		if (strcmp(w.path[count], "-") == 0)
			continue;
		if (!feed_rig_file(&doc[count], w.path[count]))
			cr_skip_test("%s is not here", w.path[count]);
		file[count] = buf_str(&doc[count]);
	}
	feed_rig_parts(&rig, w.feed, file, count, 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED, "%s: %s",
		     rig.result.guard, rig.result.detail);
	cr_expect_eq(rig.result.records, w.records, "%u records",
		     rig.result.records);
	cr_expect_eq(rig.result.map.notices, w.notices, "%u notices",
		     rig.result.map.notices);
	cr_expect_eq(rig.result.rejects, w.rejects, "%u: %.*s",
		     rig.result.rejects,
		     STR_ARG(str_sub(buf_str(&rig.rejects), 0, 400)));
	cr_expect_eq(rig.result.map.unknown, w.unknown, "%u unknown",
		     rig.result.map.unknown);
	buf_init(&one, 64u << 20);
	buf_put(&one, buf_str(&rig.notices));
	feed_rig_parts(&rig, w.feed, file, count, 61);
	cr_assert(str_eq(buf_str(&rig.notices), buf_str(&one)));
	python(&w, buf_str(&one));
	buf_free(&one);
	for (size_t i = 0; i < PARTS; i++)
		buf_free(&doc[i]);
}

Test(golden_sources, fdic)
{
	read_twice((struct want){ "fdic", "fdic",
				  { REAL "buyer/fdic/banklist_Chlebab.csv" },
				  568, 568, 0, 0 });
	read_twice((struct want){ "fdic", "fdic",
				  { REAL "buyer/fdic/banklist_nileshely.csv" },
				  568, 568, 0, 0 });
}

Test(golden_sources, ecb)
{
	static const struct {
		const char *path;
		uint32_t days;
	} row[] = {
		{ REAL "country/ecb/eurofxref-daily-2015.xml", 1 },
		{ REAL "country/ecb/eurofxref-daily-spec.xml", 1 },
		{ REAL "country/ecb/eurofxref-hist-90d-spec.xml", 61 },
		{ REAL "country/ecb/eurofxref-hist-90d-2016.xml", 65 },
		{ REAL "country/ecb/eurofxref-hist-cut.xml", 64 },
		{ REAL "country/ecb/eurofxref-hist-taunol.xml", 28 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		read_twice((struct want){ "ecb-rates", "ecb", { row[i].path },
					  row[i].days, row[i].days, 0, 0 });
}

/* A copy that went through a spreadsheet has commas: 1,1476 is no rate. */
Test(golden_sources, ecb_with_commas)
{
	struct buf b;

	if (!feed_rig_file(&b, REAL "country/ecb/eurofxref-daily-bosorior.xml"))
		cr_skip_test("eurofxref-daily-bosorior.xml is not here");
	feed_rig_parse(&rig, "ecb-rates", buf_str(&b), 0);
	cr_assert_eq(rig.result.verdict, DOC_REFUSED);
	cr_assert(str_contains(buf_str(&rig.rejects),
			       S("rate 1,1476 is no rate")));
	buf_free(&b);
}

/* The one real entry is no insolvency; its code is not in the table. */
Test(golden_sources, gazette)
{
	read_twice((struct want){
	    "uk-gazette", "gazette",
	    { REAL "buyer/uk-gazette/notice_notice-feed-1.atom.xml" },
	    1, 1, 0, 1 });
}

Test(golden_sources, gazette_ours)
{
	read_twice((struct want){ "uk-gazette", "gazette",
				  { OURS "uk-gazette.atom.xml" },
				  9, 8, 0, 1 });
	/* A number in the prose, or of a petitioner, is nobody's id. */
	cr_assert_not(str_contains(buf_str(&rig.notices), S("07654321")));
	cr_assert_not(str_contains(buf_str(&rig.notices), S("09999999")));
	cr_assert_not(str_contains(buf_str(&rig.notices), S("Private")));
	cr_assert(str_contains(buf_str(&rig.notices), S("00001234")));
}

Test(golden_sources, us_bankruptcy)
{
	read_twice((struct want){ "us-bankruptcy", "pacer",
				  { REAL "buyer/pacer-rss/nysb_1.xml" },
				  162, 130, 0, 0 });
	/* Repeated items are the same record and the same notices. */
	cr_assert_eq(rig.result.diff.duplicates, 0);
	read_twice((struct want){ "us-bankruptcy", "pacer",
				  { REAL "buyer/pacer-rss/mdb_2.xml" },
				  1, 1, 0, 0 });
}

/* Entries of a district court are read and say nothing. */
Test(golden_sources, us_district_court)
{
	struct buf b;

	if (!feed_rig_file(&b, REAL "buyer/pacer-rss/nyed_1.xml"))
		cr_skip_test("nyed_1.xml is not here");
	feed_rig_parse(&rig, "us-bankruptcy", buf_str(&b), 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED);
	cr_assert_eq(rig.result.records, 432);
	cr_assert_eq(rig.result.map.notices, 0);
	cr_assert_eq(rig.result.rejects, 0);
	buf_free(&b);
}

Test(golden_sources, us_bankruptcy_ours)
{
	read_twice((struct want){ "us-bankruptcy", "pacer",
				  { OURS "us-bankruptcy.rss.xml" },
				  8, 6, 0, 0 });
	cr_assert_eq(rig.result.diff.duplicates, 1);
	cr_assert(str_contains(buf_str(&rig.notices),
			       S("Caf\xC3\xA9 Sample Holdings, Inc.\"")));
	cr_assert_not(str_contains(buf_str(&rig.notices),
				   S("\"certainty\":\"official\"")));
}

#define SDN REAL "buyer/ofac-legacy-csv/"

/* The remarks file is of another day: ten of its rows fit no party. */
Test(golden_sources, ofac)
{
	read_twice((struct want){ "ofac-sdn", "ofac",
				  { SDN "sdn.csv", SDN "alt.csv", SDN "add.csv",
				    SDN "sdn_comments.csv" },
				  7379 + 10, 7379, 10, 0 });
}

/* With a DOS end of file in each. */
Test(golden_sources, ofac_consolidated)
{
	read_twice((struct want){ "ofac-short", "ofac",
				  { SDN "cons_prim.csv", SDN "cons_alt.csv",
				    SDN "cons_add.csv", "-" },
				  442, 442, 0, 0 });
}

Test(golden_sources, ofac_ours)
{
	struct str s;

	read_twice((struct want){ "ofac-short", "ofac",
				  { OURS "sdn.csv", OURS "alt.csv",
				    OURS "add.csv", OURS "more.csv" },
				  5, 4, 1, 0 });
	s = buf_str(&rig.notices);
	cr_assert(str_contains(s, S("CUBA; SDGT. Tax ID 1 (Cuba); Linked")));
	cr_assert(str_contains(s, S("{\"scheme\":\"bic\",\"value\":"
				    "\"DEUTDEFF")));
	cr_assert(str_contains(s, S("\"countries\":[\"AE\",\"IR\"]")));
	cr_assert(str_contains(s, S("{\"scheme\":\"imo\",\"value\":"
				    "\"9074729\"}")));
	cr_assert(str_contains(buf_str(&rig.rejects),
			       S("4: record 999: alt: no record has this "
				 "key")),
		  "%.*s", STR_ARG(buf_str(&rig.rejects)));
}

Test(golden_sources, insurer)
{
	read_twice((struct want){ "insurer", "insurer",
				  { OURS "insurer.ndjson" },
				  6, 6, 0, 0 });
	cr_assert(str_contains(buf_str(&rig.notices),
			       S("\"amount\":\"120000.50\"")));
	read_twice((struct want){ "insurer-csv", "insurer",
				  { OURS "insurer.csv" },
				  6, 6, 0, 0 });
	read_twice((struct want){ "insurer-drop", "insurer",
				  { OURS "insurer.ndjson" },
				  6, 6, 0, 0 });
}

/* The list of the day before and of the day after: one bank is new. */
Test(golden_sources, fdic_a_bank_fails)
{
	struct buf before;
	struct buf after;
	FILE *state = tmpfile();
	FILE *next = tmpfile();

	cr_assert(feed_rig_file(&before, OURS "fdic-earlier.csv"));
	cr_assert(feed_rig_file(&after, OURS "fdic-later.csv"));
	cr_assert(state != NULL && next != NULL);
	rig.new_fd = fileno(state);
	feed_rig_parse(&rig, "fdic-short", buf_str(&before), 0);
	cr_assert_eq(rig.result.verdict, DOC_ACCEPTED, "%s",
		     rig.result.detail);
	cr_assert_eq(rig.result.map.notices, 3);
	cr_assert_not(str_contains(buf_str(&rig.notices), S("24735")));
	cr_assert(str_contains(buf_str(&rig.notices),
			       S("BANK_CLOSED")));
	rig.old_fd = fileno(state);
	rig.new_fd = fileno(next);
	feed_rig_parse(&rig, "fdic-short", buf_str(&after), 0);
	cr_assert_eq(rig.result.map.notices, 1);
	cr_assert(str_starts(buf_str(&rig.notices),
			     S("{\"source\":\"fdic-short\",\"record\":"
			       "\"24735\",\"action\":\"NEW\",\"subject\":"
			       "\"bank\",\"kind\":\"BANK_TAKEN_OVER\"")),
		  "%.*s", STR_ARG(buf_str(&rig.notices)));
	cr_assert(str_contains(buf_str(&rig.notices),
			       S("{\"scheme\":\"fdic-cert\",\"value\":"
				 "\"24735\"}")));
	(void)fclose(state);
	(void)fclose(next);
	buf_free(&before);
	buf_free(&after);
}

static void
refused(const char *feed, struct str doc, const char *guard)
{
	feed_rig_parse(&rig, feed, doc, 1000);
	cr_assert_eq(rig.result.verdict, DOC_REFUSED, "%s: %.*s", feed,
		     STR_ARG(str_sub(doc, 0, 60)));
	cr_assert_str_eq(rig.result.guard, guard, "%s: %s", rig.result.guard,
			 rig.result.detail);
}

Test(golden_sources, hostile, .timeout = 10)
{
	struct str three[] = { S("1,2\n"), S("1,2\n"), S("") };
	struct buf b;

	refused("fdic", S("<html><body>Slow down</body></html>\n"), "header");
	refused("fdic", S(""), "header");
	refused("fdic", S("Bank Name,City\n"), "header");
	refused("fdic",
		S("Bank Name,City,State,Cert,Acquiring Institution,Closing "
		  "Date,Fund\n\"Never closed,x\nA,B,C,1,D,01-Jan-20,1\n"),
		"format");
	refused("fdic",
		S("Bank Name,City,State,Cert,Acquiring Institution,Closing "
		  "Date,Fund\nA,B,CA,1,D,01-Jan-20,1\n"),
		"min_records");
	refused("ofac-sdn", S("<html>\n"), "format");
	feed_rig_parts(&rig, "ofac-sdn", three, 3, 0);
	cr_assert_eq(rig.result.verdict, DOC_REFUSED);
	refused("ecb-rates", S("<html><head></head></html>"), "root");
	refused("ecb-rates", S("<Envelope><Cube></Cube></Envelope>"),
		"min_records");
	refused("ecb-rates",
		S("<Envelope><Cube><Cube time='2026-01-02'/></Cube>"
		  "</Envelope>"),
		"max_reject_pct");
	refused("ecb-rates",
		S("<Envelope><Cube><Cube time='2026-01-02'><Cube currency='USD'"
		  " rate='-1'/></Cube></Cube></Envelope>"),
		"max_reject_pct");
	refused("uk-gazette", S("<html/>"), "root");
	refused("us-bankruptcy", S("<feed></feed>"), "root");
	refused("insurer", S("notice_no,type\n"), "root");
	refused("insurer-csv", S("{\"notice_no\":\"1\"}\n"), "header");
	/* A quote that swallows the rest of a long list. */
	buf_init(&b, 4u << 20);
	buf_put(&b, S("Bank Name,City,State,Cert,Acquiring Institution,"
		      "Closing Date,Fund\n\""));
	while (b.n < (3u << 20))
		buf_put(&b, S("A,B,CA,1,D,01-Jan-20,1\n"));
	refused("fdic", buf_str(&b), "limit");
	buf_free(&b);
}
