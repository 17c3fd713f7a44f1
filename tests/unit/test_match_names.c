/*
 * test_match_names.c - names through the door: scripts, thresholds, what a
 * feed may, rejected pairs, a book that changes under a standing segment.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "match.h"
#include "msieve.h"
#include "watch_fixture.h"

#define OTHERS 1500 /* so that the book is not compared whole */
#define KNOWN                                                                  \
	"obligor_id,type,name,aliases,country,address\n"                      \
	"OB-RU,buyer,Zavod Imeni Vorontsova OOO,,RU,\n"                       \
	"OB-CN,buyer,深圳市海格电子有限公司,,CN,\n"                            \
	"OB-JP,buyer,Hatoya Shipbuilding Co. Ltd.,鳩屋造船株式会社,JP,\n"      \
	"OB-DE,buyer,Brennbacher Anlagenbau GmbH,,DE,Hafenstrasse 7 Bremen\n" \
	"OB-KR,buyer,Daehwan Semicon Co Ltd,대환반도체 주식회사,KR,\n"

static struct arena arena;
static struct store *store;
static struct idschemes schemes;
static struct conf conf;
static struct mwatch *watch;
static struct buf tsv;
static struct match m;
static bool name_accept;
static enum certainty certainty;

static void
import(const char *csv, const char *replace)
{
	watch_fixture_import(store, &schemes, csv, replace);
}

/* KNOWN and companies nobody asks for. */
static void
put_book(struct buf *b, unsigned others)
{
	buf_init(b, 4 << 20);
	buf_put(b, S(KNOWN));
	for (unsigned i = 0; i < others; i++)
		buf_printf(b, "OB-%04u,buyer,Q%c%c%cr%clo Maschinenbau GmbH,,"
			      "DE,\n",
			   i, 'a' + (int)(i % 26), 'a' + (int)(i / 26 % 26),
			   'a' + (int)(i / 676 % 26), 'a' + (int)(i % 7));
}

static void
setup(void)
{
	struct diag d = { 0 };
	struct buf b;

	cr_assert_eq(arena_init(&arena, 64 << 20), ERR_OK);
	buf_init(&tsv, 1 << 20);
	cr_assert_eq(buf_read_file(&tsv, "etc/idschemes.tsv"), ERR_OK);
	cr_assert_eq(idschemes_get(buf_str(&tsv), &arena, &schemes, &d),
		     ERR_OK);
	cr_assert_eq(store_open(":memory:", &store, &d), ERR_OK);
	put_book(&b, OTHERS);
	buf_byte(&b, 0);
	import(b.p, NULL);
	buf_free(&b);
	conf = (struct conf){ .match_accept = 950, .match_review = 600 };
	name_accept = true;
	certainty = CERTAINTY_OFFICIAL;
	watch = watch_fixture(store);
}

static void
teardown(void)
{
	mwatch_free(watch);
	store_close(store);
	buf_free(&tsv);
	arena_fini(&arena);
}

TestSuite(match_names, .init = setup, .fini = teardown);

static void
ask(const char *name, const char *country)
{
	const struct matcher by = { store, &schemes, &conf, watch };
	struct notice_name names = { str_of(name), S("legal"), STR_NONE };
	struct notice n = { .country = str_of(country),
			    .names = &names,
			    .name_count = 1,
			    .certainty = certainty };

	cr_assert_eq(match_notice(&by, &n, name_accept, &arena, &m), ERR_OK);
}

static void
finds(const char *name, const char *country, const char *id,
      enum match_verdict verdict)
{
	ask(name, country);
	cr_assert(m.candidate_count > 0, "%s: nobody", name);
	cr_assert(str_eq(m.candidate[0].obligor_id, str_of(id)),
		  "%s is %.*s", name, STR_ARG(m.candidate[0].obligor_id));
	cr_assert_eq(m.verdict, verdict, "%s: verdict %d, score %d: %.*s",
		     name, m.verdict, m.score, STR_ARG(m.why));
	cr_assert(m.why.n > 0);
}

static void
nobody(const char *name, const char *country)
{
	ask(name, country);
	cr_assert_eq(m.verdict, MATCH_NONE, "%s is %.*s, %d: %.*s", name,
		     STR_ARG(m.candidate[0].obligor_id), m.score,
		     STR_ARG(m.why));
	cr_assert_eq(m.candidate_count, 0);
	cr_assert_eq(m.method.n, 0);
}

Test(match_names, scripts)
{
	finds("ООО «Завод имени Воронцова»", "RU", "OB-RU", MATCH_ACCEPT);
	finds("Shenzhen Haige Electronics Co., Ltd.", "CN", "OB-CN", MATCH_ACCEPT);
	finds("深圳市海格电子有限公司", "CN", "OB-CN", MATCH_ACCEPT);
	finds("鳩屋造船（株）", "JP", "OB-JP", MATCH_ACCEPT);
	finds("(주)대환반도체", "KR", "OB-KR", MATCH_ACCEPT);
	finds("Brennbacher Anlagenbau G.m.b.H.", "DE", "OB-DE", MATCH_ACCEPT);
	nobody("Kelvinator Holdings Plc", "GB");
}

Test(match_names, what_the_feed_may)
{
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	cr_assert(str_eq(m.method, S("name")));
	cr_assert(str_eq(m.obligor_id, S("OB-DE")));
	cr_assert(m.score >= 950 && m.score < 1000, "%d", m.score);
	name_accept = false;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_REVIEW);
	name_accept = true;
	certainty = CERTAINTY_INFERRED;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_REVIEW);
	certainty = CERTAINTY_REPORTED;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	/* without a country, or with another one, nobody is accepted */
	ask("Brennbacher Anlagenbau GmbH", "");
	cr_assert_neq(m.verdict, MATCH_ACCEPT);
	ask("Brennbacher Anlagenbau GmbH", "US");
	cr_assert_neq(m.verdict, MATCH_ACCEPT);
}

Test(match_names, thresholds_at_the_edge)
{
	int score;

	ask("Brennbacher Anlagenbau GmbH", "DE");
	score = m.score;
	conf.match_accept = score;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	conf.match_accept = score + 1;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_REVIEW);
	conf.match_review = score;
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_REVIEW);
	conf.match_review = score + 1;
	nobody("Brennbacher Anlagenbau GmbH", "DE");
}

Test(match_names, two_written_alike_are_for_a_reviewer)
{
	import("obligor_id,type,name,country\n"
	       "OB-D2,buyer,Brennbacher Anlagenbau GmbH,DE\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	ask("Brennbacher Anlagenbau GmbH", "DE");
	cr_assert_neq(m.verdict, MATCH_ACCEPT);
}

/* Short, all-common and acronym names: the country alone does not tell. */
Test(match_names, thin_names_want_more_than_a_country)
{
	static const struct {
		const char *name;
		bool thin;
	} pair[] = {
		{ "X Trading LLC", true },
		{ "General Trading Company LLC", true },
		{ "BKV GmbH", true },
		{ "National Bank of Industry", true },
		{ "Velvorn Trading LLC", false },
		{ "Oberkirnach Trading LLC", false },
	};
	const struct matcher by = { store, &schemes, &conf, watch };

	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		struct notice_name name = { str_of(pair[i].name), S("legal"),
					    STR_NONE };
		struct notice n = { .country = S("AE"),
				    .names = &name,
				    .name_count = 1,
				    .certainty = CERTAINTY_OFFICIAL,
				    .address = S("Warehouse 12 Jebel Ali") };
		char row[300];

		(void)snprintf(row, sizeof(row),
			       "obligor_id,type,name,country,address\n"
			       "OB-T%zu,buyer,%s,AE,Warehouse 12 Jebel Ali\n",
			       i, pair[i].name);
		import(row, NULL);
		cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
		ask(pair[i].name, "AE");
		cr_assert_eq(m.verdict, pair[i].thin ? MATCH_REVIEW :
						       MATCH_ACCEPT,
			     "%s: %d, %.*s", pair[i].name, m.score,
			     STR_ARG(m.why));
		cr_assert_eq(str_contains(m.why, S("the country alone")),
			     pair[i].thin, "%s", pair[i].name);
		/* the address is the more that is wanted */
		cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
		cr_assert_eq(m.verdict, MATCH_ACCEPT, "%s: %d, %.*s",
			     pair[i].name, m.score, STR_ARG(m.why));
	}
}

Test(match_names, namesakes_at_home_and_abroad)
{
	import("obligor_id,type,name,country\n"
	       "OB-D2,buyer,Brennbacher Anlagenbau GmbH,AT\n"
	       "OB-D3,buyer,Brennbacher Anlagenbau GmbH,CH\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	/* the country tells them apart */
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	cr_assert(str_contains(
	    m.why, S("2 other obligors abroad have the same name")));
	import("obligor_id,type,name,country\n"
	       "OB-D4,buyer,Brennbacher Anlagenbau GmbH,DE\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	ask("Brennbacher Anlagenbau GmbH", "DE");
	cr_assert_eq(m.verdict, MATCH_REVIEW);
	cr_assert(str_contains(
	    m.why, S("1 other obligor in DE has the same name")), "%.*s",
		  STR_ARG(m.why));
}

/* Another member of the group is as like as the one meant. */
Test(match_names, a_sibling_is_for_a_reviewer)
{
	import("obligor_id,type,name,country\n"
	       "OB-S1,buyer,Kestrelmond Shipping Ltd,GB\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	finds("Kestrelmond Shipping Ltd", "GB", "OB-S1", MATCH_ACCEPT);
	ask("Kestrelmond Trading Ltd", "GB");
	cr_assert_neq(m.verdict, MATCH_ACCEPT);
	ask("Kestrelmond Trading Shipping Ltd", "GB");
	cr_assert_neq(m.verdict, MATCH_NONE);
}

static void
reject(const char *key, const char *obligor)
{
	cr_assert_eq(store_begin(store), ERR_OK);
	cr_assert_eq(store_reject_put(store, str_of(key), str_of(obligor),
				      S("another"), 1),
		     ERR_OK);
	cr_assert_eq(store_commit(store), ERR_OK);
}

Test(match_names, a_rejected_pair_is_never_asked_again)
{
	struct notice_name two[2] = {
		{ S("Brennbacher Anlagenbau GmbH"), S("legal"), STR_NONE },
		{ S("Brennbacher GmbH"), S("alias"), STR_NONE },
	};
	const struct matcher by = { store, &schemes, &conf, watch };
	struct notice n = { .country = S("DE"), .names = two,
			    .name_count = 2 };

	reject("brennbacher anlagenbau gmbh", "OB-DE");
	nobody("BRENNBACHER Anlagenbau, GmbH", "DE");
	/* that name and that obligor, not others */
	finds("Zavod Imeni Vorontsova OOO", "RU", "OB-RU", MATCH_ACCEPT);
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_neq(m.verdict, MATCH_NONE);
	/* every name of the notice */
	reject("brennbacher gmbh", "OB-DE");
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_eq(m.verdict, MATCH_NONE);
}

Test(match_names, the_one_rejected_is_no_rival_of_the_other)
{
	import("obligor_id,type,name,country\n"
	       "OB-D2,buyer,Brennbacher Anlagenbau GmbH,DE\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	reject("brennbacher anlagenbau gmbh", "OB-D2");
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	cr_assert_eq(m.candidate_count, 1);
}

Test(match_names, every_change_of_the_book_is_visible_at_once)
{
	struct buf b;

	nobody("Quistgaard Maritime A/S", "DK");
	import("obligor_id,type,name,aliases,country\n"
	       "OB-DK,buyer,Quistgaard Maritime A/S,Q\\|M Maritime,DK\n",
	       NULL);
	nobody("Quistgaard Maritime A/S", "DK"); /* nobody said so yet */
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	finds("Quistgaard Maritime A/S", "DK", "OB-DK", MATCH_ACCEPT);
	/* renamed: the old name is gone */
	import("obligor_id,type,name,country\n"
	       "OB-DE,buyer,Tannenwerk Logistik GmbH,DE\n", NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	nobody("Brennbacher Anlagenbau GmbH", "DE");
	finds("Tannenwerk Logistik GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	/* removed, from the segment and from the delta */
	put_book(&b, OTHERS);
	buf_byte(&b, 0);
	import(b.p, "obligors");
	buf_free(&b);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	nobody("Quistgaard Maritime A/S", "DK");
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
	import("obligor_id,type,name,country\n"
	       "OB-CN,buyer,深圳市海格电子有限公司,CN\n", "obligors");
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	nobody("Zavod Imeni Vorontsova OOO", "RU");
	ask("深圳市海格电子有限公司", "CN");
	cr_assert_eq(m.candidate_count, 1);
}

/* Its name is in the segment until the next build: in the hour before anybody
 * followed the book, after a restart on the old segment, and by a candidate
 * better than the one that stayed. */
Test(match_names, whom_the_book_has_no_more_is_never_answered)
{
	int old = watch_fixture_segment(store);
	struct diag d = { 0 };

	import("obligor_id,type,name,country\n"
	       "OB-D9,buyer,Brennbacher Anlagenbau GmbH,DE\n", "obligors");
	nobody("Zavod Imeni Vorontsova OOO", "RU");
	nobody("Brennbacher Anlagenbau GmbH", "DE");
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-D9", MATCH_ACCEPT);
	mwatch_free(watch);
	cr_assert_eq(mwatch_new(&watch, &d), ERR_OK);
	cr_assert_eq(mwatch_map(watch, old, store, &d), ERR_OK);
	close(old);
	nobody("Zavod Imeni Vorontsova OOO", "RU");
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-D9", MATCH_ACCEPT);
	cr_assert_eq(m.candidate_count, 1);
}

Test(match_names, a_new_segment_takes_the_place_of_the_delta)
{
	struct diag d = { 0 };
	int old = watch_fixture_segment(store);
	int fresh;

	import("obligor_id,type,name,country\n"
	       "OB-DK,buyer,Quistgaard Maritime A/S,DK\n", NULL);
	fresh = watch_fixture_segment(store);
	import("obligor_id,type,name,country\n"
	       "OB-NO,buyer,Fjellhavn Rederi AS,NO\n", NULL);
	/* Built from an older book: what came meanwhile is not lost. */
	cr_assert_eq(mwatch_map(watch, fresh, store, &d), ERR_OK);
	cr_assert_eq(mwatch_counts(watch).version, 2);
	cr_assert_eq(mwatch_counts(watch).delta_names, 1);
	finds("Quistgaard Maritime A/S", "DK", "OB-DK", MATCH_ACCEPT);
	finds("Fjellhavn Rederi AS", "NO", "OB-NO", MATCH_ACCEPT);
	cr_assert_eq(mwatch_map(watch, old, store, &d), ERR_OK);
	cr_assert_eq(mwatch_counts(watch).delta_names, 2);
	finds("Quistgaard Maritime A/S", "DK", "OB-DK", MATCH_ACCEPT);
	finds("Fjellhavn Rederi AS", "NO", "OB-NO", MATCH_ACCEPT);
	close(old);
	close(fresh);
}

Test(match_names, a_foreign_or_damaged_segment_is_refused)
{
	static const struct {
		off_t at;
		const char *why;
	} damage[] = {
		{ 0, "not a match index" },
		{ 8, "index version" },
		{ 20, "index header is damaged" },
		{ 5000, "index checksum does not fit" },
	};
	struct mwatch_counts before = mwatch_counts(watch);
	int fd;

	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		struct diag d = { 0 };
		char byte;

		fd = watch_fixture_segment(store);
		cr_assert_eq(pread(fd, &byte, 1, damage[i].at), 1);
		byte ^= 1;
		cr_assert_eq(pwrite(fd, &byte, 1, damage[i].at), 1);
		cr_assert_neq(mwatch_map(watch, fd, store, &d), ERR_OK);
		cr_assert(str_starts(str_of(d.why), str_of(damage[i].why)),
			  "%s", d.why);
		close(fd);
		cr_assert_eq(mwatch_counts(watch).version, before.version);
	}
	finds("Brennbacher Anlagenbau GmbH", "DE", "OB-DE", MATCH_ACCEPT);
}

Test(match_names, a_segment_of_another_book_is_refused)
{
	struct store *other = NULL;
	struct mwatch *w = NULL;
	struct diag d = { 0 };
	int fd = watch_fixture_segment(store);

	cr_assert_eq(store_open(":memory:", &other, &d), ERR_OK);
	cr_assert_eq(mwatch_new(&w, &d), ERR_OK);
	cr_assert_eq(mwatch_map(w, fd, other, &d), ERR_INPUT);
	cr_assert(str_eq(str_of(d.why),
			 S("index is of book 1.1, the store has 1.0")),
		  "%s", d.why);
	close(fd);
	mwatch_free(w);
	store_close(other);
}

/* A book the delta cannot hold, and no segment. */
Test(match_names, without_an_index_exact_names_are_questions)
{
	struct mwatch *bare = NULL;
	struct mwatch *whole = watch;
	struct diag d = { 0 };
	struct buf b;

	buf_init(&b, 8 << 20);
	buf_put(&b, S("obligor_id,type,name,country\n"));
	for (unsigned i = 0; i < 20010; i++)
		buf_printf(&b, "OX-%05u,buyer,Xq%uz Works Ltd,GB\n", i, i);
	buf_byte(&b, 0);
	import(b.p, NULL);
	buf_free(&b);
	cr_assert_eq(mwatch_new(&bare, &d), ERR_OK);
	cr_assert_not(mwatch_due(bare));
	cr_assert_eq(mwatch_follow(bare, store), ERR_OK);
	cr_assert(mwatch_due(bare));
	cr_assert_not(mwatch_whole(bare));
	watch = bare;
	finds("BRENNBACHER Anlagenbau GmbH", "DE", "OB-DE", MATCH_REVIEW);
	finds("Xq20009z works ltd", "GB", "OX-20009", MATCH_REVIEW);
	cr_assert_eq(m.score, MATCH_SCORE_NAME);
	watch = whole;
	mwatch_free(bare);
	/* Beside a segment it is due as well, and built in its place. */
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	cr_assert(mwatch_due(watch));
	cr_assert_not(mwatch_whole(watch));
	mwatch_free(watch);
	watch = watch_fixture(store);
	cr_assert(mwatch_whole(watch));
	cr_assert_not(mwatch_due(watch));
	finds("Xq20009z Works Ltd", "GB", "OX-20009", MATCH_ACCEPT);
}

Test(match_names, the_sieve_lets_the_new_through)
{
	struct msieve *v = NULL;

	import("obligor_id,type,name,aliases,country\n"
	       "OB-DK,buyer,Quistgaard Maritime A/S,ООО Ромашка,DK\n", NULL);
	cr_assert_eq(msieve_new(store, 1, &v), ERR_OK);
	cr_assert(msieve_may(v, S("quistgard maritim")));
	cr_assert(msieve_may(v, S("romashka llc")));
	cr_assert_not(msieve_may(v, S("Brennbacher Anlagenbau GmbH")));
	cr_assert(msieve_has(v, S("OB-DK")));
	cr_assert_not(msieve_has(v, S("OB-DE")));
	msieve_free(v);
	cr_assert_eq(msieve_new(store, 0, &v), ERR_OK);
	cr_assert(msieve_may(v, S("Brennbacher Anlagenbau GmbH")));
	msieve_free(v);
	cr_assert(msieve_may(NULL, S("whoever")));
	cr_assert(msieve_has(NULL, S("OB-DE")));
}

static void
ask_at(const char *name, const char *country, const char *address)
{
	const struct matcher by = { store, &schemes, &conf, watch };
	struct notice_name names = { str_of(name), S("legal"), STR_NONE };
	struct notice n = { .country = str_of(country),
			    .names = &names,
			    .name_count = 1,
			    .certainty = CERTAINTY_OFFICIAL,
			    .address = str_of(address) };

	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
}

#define HARBOUR "Pier House 14 Harbour Road, Felixstowe IP11 3SY"
#define KAIWEG "Kaiweg 5, 20457 Hamburg"

/* What an address must say before it tells who somebody is: a whole group has
 * one head office, a whole city one name. */
Test(match_names, an_address_tells_only_whole_and_of_the_same_name)
{
	static const struct {
		const char *name;
		const char *country;
		const char *address;
		enum match_verdict verdict;
	} asked[] = {
		/* a sibling at the head office of the group */
		{ "Kestrelmond Trading Ltd", "GB", HARBOUR, MATCH_REVIEW },
		{ "Kestrelmond Shipping Ltd", "GB", HARBOUR, MATCH_ACCEPT },
		/* a name with a word more */
		{ "Ankerwerft Reederei Logistik GmbH", "DE", KAIWEG,
		  MATCH_REVIEW },
		/* common words: all of it, most of it, half, the city */
		{ "General Trading LLC", "AE", "Warehouse 12 Jebel Ali",
		  MATCH_ACCEPT },
		{ "General Trading LLC", "AE", "Unit 3 Warehouse 12 Jebel Ali",
		  MATCH_ACCEPT },
		{ "General Trading LLC", "AE", "Villa 77 Jebel Ali",
		  MATCH_REVIEW },
		{ "General Trading LLC", "AE", "Jebel Ali", MATCH_REVIEW },
		{ "General Trading LLC", "AE", "", MATCH_REVIEW },
		/* two of one name: where each is */
		{ "Ankerwerft Reederei GmbH", "DE", KAIWEG, MATCH_ACCEPT },
		{ "Ankerwerft Reederei GmbH", "DE", "Hamburg", MATCH_REVIEW },
		{ "Ankerwerft Reederei GmbH", "DE", "20457 Hamburg, Germany",
		  MATCH_REVIEW },
		{ "Ankerwerft Reederei GmbH", "DE", "", MATCH_REVIEW },
	};

	import("obligor_id,type,name,country,address\n"
	       "OB-S1,buyer,Kestrelmond Shipping Ltd,GB,\"" HARBOUR "\"\n"
	       "OB-T1,buyer,General Trading LLC,AE,Warehouse 12 Jebel Ali\n"
	       "OB-A1,buyer,Ankerwerft Reederei GmbH,DE,\"" KAIWEG "\"\n"
	       "OB-A2,buyer,Ankerwerft Reederei GmbH,DE,Werftstr 9 Kiel\n",
	       NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		ask_at(asked[i].name, asked[i].country, asked[i].address);
		cr_expect_eq(m.verdict, asked[i].verdict, "%s, %s: %d, %.*s",
			     asked[i].name, asked[i].address, m.score,
			     STR_ARG(m.why));
	}
}

/* More names than one question to the index holds: who is found by the later
 * ones as well as the best by the first is a rival, in either order. */
Test(match_names, as_good_by_another_of_many_names_is_for_a_reviewer)
{
	const struct matcher by = { store, &schemes, &conf, watch };
	struct notice_name name[18];
	char none[18][40];
	struct notice n = { .country = S("DE"),
			    .names = name,
			    .name_count = 18,
			    .certainty = CERTAINTY_OFFICIAL };

	import("obligor_id,type,name,country\n"
	       "OB-A1,buyer,Ankerwerft Reederei GmbH,DE\n"
	       "OB-A2,buyer,Ankerwerft Reederei GmbH,DE\n",
	       NULL);
	cr_assert_eq(mwatch_follow(watch, store), ERR_OK);
	for (size_t i = 0; i < 18; i++) {
		(void)snprintf(none[i], sizeof(none[i]),
			       "Xylpharq%c%c Ubquaxo AG", 'a' + (int)i,
			       'z' - (int)i);
		name[i] = (struct notice_name){ str_of(none[i]), S("alias"),
						STR_NONE };
	}
	name[0].text = S("Brennbacher Anlagenbau GmbH");
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_eq(m.verdict, MATCH_ACCEPT);
	name[17].text = S("Brennbacher Anlagenbau GmbH");
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_eq(m.verdict, MATCH_ACCEPT, "twice the same");
	name[17].text = S("Ankerwerft Reederei GmbH");
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_eq(m.candidate_count, 3);
	cr_assert_geq(m.candidate[2].score, 950);
	cr_assert_eq(m.verdict, MATCH_REVIEW);
	name[0].text = S("Ankerwerft Reederei GmbH");
	name[17].text = S("Brennbacher Anlagenbau GmbH");
	cr_assert_eq(match_notice(&by, &n, true, &arena, &m), ERR_OK);
	cr_assert_eq(m.verdict, MATCH_REVIEW);
}
