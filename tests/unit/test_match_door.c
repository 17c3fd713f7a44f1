/*
 * test_match_door.c - ids, names and what they are worth.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fold.h"
#include "match.h"
#include "watch_fixture.h"

#include <unistd.h>

static struct arena arena;
static struct store *store;
static struct idschemes schemes;
static struct conf conf;
static struct mwatch *watch;
static struct buf tsv;
static struct match m;
static bool name_accept;

static const char BOOK[] =
	"obligor_id,type,name,aliases,country,ids\n"
	"OB-1,buyer,X Trading LLC,X General Trading,AE,"
	"sinosure:AE000123|duns:1234567\n"
	"OB-2,buyer,Y Trading LLC,,AE,sinosure:AE000999\n"
	"OB-3,buyer,X Trading LLC,,DE,ae-trade-licence:77\n"
	"OB-4,bank,First Bank,,AE,bic:BOMLAEAD\n";

static void
begin(const char *csv)
{
	struct diag d = { 0 };

	cr_assert_eq(arena_init(&arena, 32 << 20), ERR_OK);
	buf_init(&tsv, 1 << 20);
	cr_assert_eq(buf_read_file(&tsv, "etc/idschemes.tsv"), ERR_OK);
	cr_assert_eq(idschemes_get(buf_str(&tsv), &arena, &schemes, &d),
		     ERR_OK);
	cr_assert_eq(store_open(":memory:", &store, &d), ERR_OK);
	watch_fixture_import(store, &schemes, csv, NULL);
	conf = (struct conf){ .match_accept = 950, .match_review = 600 };
	name_accept = false;
	watch = watch_fixture(store);
}

static void
setup(void)
{
	begin(BOOK);
}

static void
teardown(void)
{
	mwatch_free(watch);
	store_close(store);
	buf_free(&tsv);
	arena_fini(&arena);
}

TestSuite(match_door, .init = setup, .fini = teardown);

static void
give(const struct notice *n)
{
	const struct matcher by = { store, &schemes, &conf, watch };

	cr_assert_eq(match_notice(&by, n, name_accept, &arena, &m), ERR_OK);
}

static void
look(struct notice_id *id, size_t ids, struct notice_name *name, size_t names)
{
	struct notice n = { .country = S("AE"),
			    .ids = id,
			    .id_count = ids,
			    .names = name,
			    .name_count = names };

	give(&n);
}

Test(match_door, a_hard_id_accepts_whatever_the_name)
{
	struct notice_id id[] = { { S("sinosure"), S("ae.000-123") } };
	struct notice_name name[] = { { S("Y Trading LLC"), S("legal"),
					STR_NONE } };

	look(id, 1, name, 1);
	cr_assert_eq(m.verdict, MATCH_ACCEPT);
	cr_assert(str_eq(m.obligor_id, S("OB-1")));
	cr_assert_eq(m.score, 1000);
	cr_assert(str_eq(m.method, S("id")));
	cr_assert(str_eq(m.keys, S("sinosure:AE000123")));
}

Test(match_door, two_ids_of_one_obligor_are_two_keys)
{
	struct notice_id id[] = { { S("sinosure"), S("AE000123") },
				  { S("duns"), S("00-123-4567") } };

	look(id, 2, NULL, 0);
	cr_assert_eq(m.verdict, MATCH_ACCEPT);
	cr_assert_eq(m.candidate_count, 1);
	cr_assert(str_eq(m.keys, S("sinosure:AE000123 duns:001234567")),
		  "%.*s", STR_ARG(m.keys));
}

Test(match_door, ids_of_two_obligors_are_for_a_reviewer)
{
	struct notice_id id[] = { { S("sinosure"), S("AE000999") },
				  { S("duns"), S("1234567") } };

	look(id, 2, NULL, 0);
	cr_assert_eq(m.verdict, MATCH_REVIEW);
	cr_assert_eq(m.candidate_count, 2);
	cr_assert(str_eq(m.candidate[0].obligor_id, S("OB-1")));
	cr_assert(str_eq(m.candidate[1].obligor_id, S("OB-2")));
	cr_assert_eq(m.obligor_id.n, 0);
}

Test(match_door, an_eight_letter_bic_is_its_head_office)
{
	struct notice_id id[] = { { S("bic"), S("BOMLAEADXXX") } };

	look(id, 1, NULL, 0);
	cr_assert_eq(m.verdict, MATCH_ACCEPT);
	cr_assert(str_eq(m.obligor_id, S("OB-4")));
}

Test(match_door, a_name_is_a_question_unless_the_feed_may_accept)
{
	struct notice_name name[] = { { S("x  GENERAL trading, l.l.c"),
					S("legal"), STR_NONE } };

	look(NULL, 0, name, 1);
	cr_assert_eq(m.verdict, MATCH_REVIEW);
	cr_assert(str_eq(m.method, S("name")));
	cr_assert(str_eq(m.candidate[0].obligor_id, S("OB-1")));
	cr_assert(m.score >= 600 && m.score < 1000, "%d", m.score);
	cr_assert(str_contains(m.why, S("country AE = AE")), "%.*s",
		  STR_ARG(m.why));
	cr_assert_eq(m.obligor_id.n, 0);
}

/* A question to the index holds sixteen names, a notice may have more. */
Test(match_door, every_name_of_a_notice_is_asked)
{
	static char text[NOTICE_NAMES_MAX][32];
	struct notice_name name[NOTICE_NAMES_MAX];

	for (size_t i = 0; i < NOTICE_NAMES_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "Quorvax %zu Brel", i);
		name[i] = (struct notice_name){ str_of(text[i]), S("legal"),
						STR_NONE };
	}
	look(NULL, 0, name, NOTICE_NAMES_MAX);
	cr_assert_eq(m.verdict, MATCH_NONE);
	for (size_t at = MQUERY_NAMES_MAX - 1; at <= MQUERY_NAMES_MAX; at++) {
		struct str was = name[at].text;

		name[at].text = S("X General Trading LLC");
		look(NULL, 0, name, at + 1);
		cr_assert_eq(m.verdict, MATCH_REVIEW, "name %zu", at + 1);
		cr_assert(str_eq(m.candidate[0].obligor_id, S("OB-1")));
		look(NULL, 0, name, NOTICE_NAMES_MAX);
		cr_assert_eq(m.verdict, MATCH_REVIEW, "name %zu", at + 1);
		name[at].text = was;
	}
	/* One obligor by names of two questions is one. */
	name[0].text = S("X Trading LLC");
	name[NOTICE_NAMES_MAX - 1].text = S("X Trading LLC");
	name_accept = true;
	look(NULL, 0, name, 1);
	cr_assert_eq(m.candidate_count, 1);
	look(NULL, 0, name, NOTICE_NAMES_MAX);
	cr_assert_eq(m.candidate_count, 1);
}

TestSuite(match_crowd, .fini = teardown);

/* Everybody has the same id: a reviewer's list has an end. */
Test(match_crowd, candidates_at_the_limit_and_one_more)
{
	struct notice_id id[] = { { S("sinosure"), S("AE000777") } };

	for (size_t more = 0; more < 2; more++) {
		struct buf csv;

		buf_init(&csv, 65536);
		buf_put(&csv, S("obligor_id,type,name,country,ids\n"));
		for (size_t i = 0; i < MATCH_CANDIDATES_MAX + more; i++)
			buf_printf(&csv, "C%zu,buyer,N %zu,AE,"
					 "sinosure:AE000777\n", i, i);
		buf_byte(&csv, 0);
		begin(csv.p);
		look(id, 1, NULL, 0);
		cr_assert_eq(m.verdict, MATCH_REVIEW);
		cr_assert_eq(m.candidate_count, MATCH_CANDIDATES_MAX);
		if (more == 0)
			teardown();
		buf_free(&csv);
	}
}

Test(match_door, a_soft_id_decides_nothing)
{
	struct notice_id id[] = { { S("ae-trade-licence"), S("77") } };

	look(id, 1, NULL, 0);
	cr_assert_eq(m.verdict, MATCH_NONE);
	cr_assert_eq(m.key_count, 1);
}

Test(match_door, what_is_no_id_gives_no_key)
{
	struct notice_id id[] = { { S("lei"), S("too short") },
				  { S("nonsense"), S("1") },
				  { S("sinosure"), S("AE000123") },
				  { S("sinosure"), S("AE-000-123") } };
	static char big[FOLD_NAME_MAX + 2];
	struct notice_name name[] = { { S("...,"), S("legal"), STR_NONE },
				      { S(""), S("legal"), STR_NONE } };

	for (size_t i = 0; i + 1 < sizeof(big); i++)
		big[i] = 'a';
	name[1].text = str_of(big);
	look(id, 4, name, 2);
	cr_assert_eq(m.key_count, 1);
	cr_assert_eq(m.verdict, MATCH_ACCEPT);
	look(NULL, 0, NULL, 0);
	cr_assert_eq(m.verdict, MATCH_NONE);
	cr_assert_eq(m.score, 0);
}
