/*
 * Goal: an id of the book does not become another company's unnoticed.
 */
#include <criterion/criterion.h>

#include "book_rig.h"
#include "party.h"
#include "store_priv.h"

TestSuite(book_who, .init = book_rig_setup, .fini = book_rig_teardown);

#define HEAD "exporter_id,uscc,name\n"
#define OTHER HEAD "EXP-SZ-0002,91350100M000100Y43,Other\n"
#define OBLIGORS "obligor_id,type,name,aliases,country,ids\n"

/* An entry of the stream, as when something was told. */
static void
tell(const char *stream)
{
	struct entry e = { .stream = str_of(stream),
			   .type = 1,
			   .alert_id = S("a"),
			   .revision = 1,
			   .body = S("{}"),
			   .key_id = -1 };

	ok(store_begin(rig.s));
	ok(store_entry_append(rig.s, &e));
	ok(store_commit(rig.s));
}

static void
subscribe(const char *stream, int64_t expires_at, int64_t revoked_at)
{
	const struct subscriber sub = { .subscriber_id = S("sub"),
					.stream = str_of(stream),
					.curve_key = S("c"),
					.seal_key = S("s"),
					.expires_at = expires_at,
					.revoked_at = revoked_at };

	ok(store_begin(rig.s));
	ok(store_subscriber_put(rig.s, &sub));
	ok(store_commit(rig.s));
}

static enum err
run(const char *csv, int force)
{
	struct book_text text = { "e.csv", csv };

	return book_rig_run((struct book_options){ .force = force }, &text, 1);
}

static bool
is_journalled(const char *part)
{
	struct query q = query_of(rig.s, "SELECT count(*) FROM journal WHERE"
					 " instr(what || ' ' || detail, ?)");
	int64_t n = 0;

	query_str(&q, str_of(part));
	ok(query_int(&q, 0, &n));
	return n > 0;
}

Test(book_who, another_uscc_needs_force_and_is_journalled)
{
	struct buf before;
	struct exporter e;

	book_rig_dump(&before);
	cr_assert_eq(run(OTHER, 0), ERR_INPUT);
	faults_are("e.csv:2: uscc: another uscc than before: another company "
		   "needs an exporter_id of its own, a correction needs "
		   "force\n");
	book_rig_unchanged(&before);
	buf_free(&before);
	ok(run(OTHER, 1));
	ok(store_exporter(rig.s, S("EXP-SZ-0002"), &rig.a, &e));
	cr_assert(str_eq(e.uscc, S("91350100M000100Y43")));
	cr_assert(is_journalled("book.identity rule=forced exporter="
				"EXP-SZ-0002 was=91440300MADEM0002Y "
				"is=91350100M000100Y43"));
	cr_assert(str_contains(buf_str(&rig.r.warnings),
			       S("another uscc than before, as forced")));
	/* The same again, or another name, is nothing. */
	ok(run(OTHER, 0));
	ok(run(HEAD "EXP-SZ-0002,91350100M000100Y43,Renamed\n", 0));
}

/* What was told in the stream would be read by the new one. */
Test(book_who, no_force_gives_away_what_was_told)
{
	tell("EXP-SZ-0002");
	cr_assert_eq(run(OTHER, 1), ERR_INPUT);
	faults_are("e.csv:2: uscc: another company than the alerts of this "
		   "exporter_id were for: give it an id of its own (force does "
		   "not help)\n");
	ok(run(HEAD "EXP-SZ-0001,91350100M000100Y43,Other\n", 1));
}

/* What will be told would be read by the old one. */
Test(book_who, no_force_while_somebody_of_the_old_one_reads)
{
	subscribe("EXP-SZ-0002", TIME_NONE, TIME_NONE);
	cr_assert_eq(run(OTHER, 1), ERR_INPUT);
	faults_are("e.csv:2: uscc: another company than before, and a "
		   "subscriber of that one reads this exporter_id: revoke it, "
		   "or give the new one an id of its own\n");
	subscribe("EXP-SZ-0002", book_rig_now.wall_ms, TIME_NONE);
	ok(run(OTHER, 1));
	subscribe("EXP-SZ-0002", TIME_NONE, book_rig_now.wall_ms);
	ok(run(HEAD "EXP-SZ-0002,91440300MADEM0002Y,Again\n", 1));
}

/* As the stream says; here it says that it was another, or the same. */
static enum err
told_other(void *self, struct str exporter_id, struct str uscc, bool *out)
{
	cr_assert(str_eq(exporter_id, S("EXP-9")));
	cr_assert(str_eq(uscc, S("91350100M000100Y43")));
	*out = *(const bool *)self;
	return ERR_OK;
}

Test(book_who, an_id_that_comes_back_is_whose_it_was)
{
	struct book_text text = { "e.csv",
				  HEAD "EXP-9,91350100M000100Y43,New\n" };
	bool other = true;
	struct book_options opt = { .force = 1,
				    .told_other = told_other,
				    .told_self = &other };

	tell("EXP-9");
	cr_assert_eq(book_rig_run(opt, &text, 1), ERR_INPUT);
	cr_assert(str_contains(buf_str(&rig.r.faults),
			       S("e.csv:2: uscc: another company than the "
				 "alerts of this exporter_id were for")));
	other = false;
	opt.force = 0;
	ok(book_rig_run(opt, &text, 1));
}

Test(book_who, a_reader_who_waits_for_an_id_is_asked_about)
{
	const char *csv = HEAD "EXP-9,91350100M000100Y43,New\n";

	subscribe("EXP-9", TIME_NONE, TIME_NONE);
	cr_assert_eq(run(csv, 0), ERR_INPUT);
	faults_are("e.csv:2: uscc: this exporter_id left the book and somebody "
		   "still subscribes to it: revoke that, or force if it is the "
		   "same company\n");
	ok(run(csv, 1));
}

Test(book_who, an_obligor_id_of_another_company_is_told_and_counted)
{
	struct str *id = NULL;
	size_t n = 0;

	/* A name in common, an id in common, no ids: all the same company. */
	ok(run(OBLIGORS
	       "OB-AE-0001,buyer,Qamar Shipping,"
	       "QAMAR AL-BAHR GENERAL TRADING LLC,AE,sinosure:ARE/000555\n"
	       "OB-DE-0001,buyer,Nordlicht Bau GmbH,,DE,"
	       "lei:000000DEM0NRDLCT0144|sinosure:DEU/000777\n"
	       "OB-JP-0001,buyer,Aozora Holdings,,JP,\n", 0));
	cr_assert_eq(rig.r.others, 0);
	cr_assert_eq(rig.r.changed, 3);
	ok(run(OBLIGORS
	       "OB-DE-0002,bank,Alpine Bank,,AT,bic:ALPIATWW\n", 0));
	cr_assert_eq(rig.r.others, 1);
	cr_assert(str_eq(buf_str(&rig.r.warnings),
			 S("obligors OB-DE-0002: another company than before, "
			   "no hard id and no name in common: what was told of "
			   "that one is closed\n")));
	ok(store_obligors_replaced(rig.s, 0, &rig.a, &id, &n));
	cr_assert_eq(n, 1);
	cr_assert(str_eq(id[0], S("OB-DE-0002")));
	ok(store_obligors_replaced(rig.s, 3, &rig.a, &id, &n));
	cr_assert_eq(n, 0);
	cr_assert(is_journalled("\"others\":1"));
}

Test(book_who, what_two_descriptions_have_in_common)
{
	struct notice_id soft = { S("x-number"), S("1") };
	struct notice_id lei = { S("lei"), S("000000DEM0NRDLCT0144") };
	struct str alias = S("beta  company");
	struct obligor a = { .name = S("Alpha"), .ids = &lei, .id_count = 1 };
	struct obligor b = { .name = S("!"), .ids = &soft, .id_count = 1 };
	const struct idschemes *t = book_fixture_idschemes();
	struct party_kin kin = party_kin(t, &a, &b);

	/* An id that is not hard says nothing. */
	cr_assert(!kin.id && !kin.name && !kin.ids);
	b.aliases = &alias;
	b.alias_count = 1;
	a.name = S("BETA Company");
	kin = party_kin(t, &a, &b);
	cr_assert(kin.name && !kin.id);
	b.ids = &lei;
	kin = party_kin(t, &a, &b);
	cr_assert(kin.id && !kin.ids);
	/* A name of signs alone is not like another such. */
	a.name = S("?");
	kin = party_kin(t, &a, &b);
	cr_assert_not(kin.name);
}

Test(book_who, two_with_one_hard_id_are_told_when_one_is_new)
{
	const char *two = OBLIGORS
	    "T-1,buyer,One,,DE,lei:000000DEM0NRDLCT0144|"
	    "ae-trade-licence:12345\n"
	    "T-2,buyer,Two,,DE,ae-trade-licence:12345\n";

	ok(run(two, 0));
	cr_assert_eq(rig.r.warning_count, 1, "%.*s",
		     STR_ARG(buf_str(&rig.r.warnings)));
	cr_assert(str_eq(buf_str(&rig.r.warnings),
			 S("obligors OB-DE-0001,T-1 have lei:"
			   "000000DEM0NRDLCT0144 in common: what is said under "
			   "it a reviewer must say whose it is\n")));
	/* The same again is not. */
	ok(run(two, 0));
	cr_assert_eq(rig.r.warning_count, 0);
}
