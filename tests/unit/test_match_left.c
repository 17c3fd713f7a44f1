/*
 * What only one of two names has: which words left over are noise, and which
 * are another company's.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mbuild.h"
#include "mid.h"
#include "mquery.h"

#define OTHERS 3000u /* so that the book is not compared whole */
#define STATED 900 /* of a name accepted, were nothing left over */

static char path[64];
static struct mseg seg;
static struct mqscratch *scratch;
static struct mresult result;

static const char *const book[][2] = {
	{ "Gazprom PJSC", "RU" },
	{ "Quellovar Dragonette Ltd", "HK" },
	{ "Merunkova Vestrilin Hafnium Lines", "IR" },
	{ "Tarvequil Dornabeck Industries Ltd", "DE" },
	{ "Sovrekin Halverto Shipping Co", "KR" },
	{ "Al-Brakonesi Dulmanar Trading", "AE" },
};

static void
add(struct mbuild *b, unsigned i, const char *name, const char *country)
{
	char id[16];
	struct mbuild_obligor o = { .name = str_of(name),
				    .country = str_of(country) };
	struct diag d = { 0 };

	snprintf(id, sizeof(id), "L%u", i);
	o.obligor_id = str_of(id);
	cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK, "%s", d.why);
}

static void
setup(void)
{
	const unsigned known = sizeof(book) / sizeof(book[0]);
	struct mbuild_stats st;
	struct mbuild *b = NULL;
	struct diag d = { 0 };

	mid_get();
	snprintf(path, sizeof(path), "build/left-%ld.idx", (long)getpid());
	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK, "%s", d.why);
	for (unsigned i = 0; i < known; i++)
		add(b, i, book[i][0], book[i][1]);
	for (unsigned i = 0; i < OTHERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "Q%c%c%cr%clo Maschinenbau GmbH",
			 'a' + (int)(i % 26), 'a' + (int)(i / 26 % 26),
			 'a' + (int)(i / 676 % 26), 'a' + (int)(i % 7));
		add(b, known + i, name, "DE");
	}
	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
	cr_assert_eq(mseg_open(path, &seg, &d), ERR_OK, "%s", d.why);
	scratch = mquery_scratch_new();
	cr_assert_not_null(scratch);
}

static void
teardown(void)
{
	mquery_scratch_free(scratch);
	mseg_close(&seg);
	unlink(path);
}

TestSuite(match_left, .init = setup, .fini = teardown);

/* The first answer is obligor `of`, as sure as said, with this verdict. */
static void
is(const char *name, unsigned of, enum mverdict verdict)
{
	struct mask ask = { .names = 1, .country = str_of(book[of][1]) };
	struct mlimits limits = MQUERY_LIMITS;
	const struct manswer *a = &result.answer[0];
	char id[16];

	snprintf(id, sizeof(id), "L%u", of);
	limits.country_needed = true;
	limits.all = true;
	ask.name[0] = str_of(name);
	mquery_run(&seg, NULL, scratch, &ask, &limits, &result);
	cr_assert(result.n > 0 && str_eq(a->obligor_id, str_of(id)), "%s",
		  name);
	cr_assert_geq(a->score, STATED, "%s: %d", name, a->score);
	cr_assert_eq(a->verdict, verdict, "%s: verdict %d of %d", name,
		     a->verdict, a->score);
}

Test(match_left, another_business_is_another_member_of_the_group)
{
	is("ПАО «Газпром»", 0, MQ_ACCEPT);
	is("Газпром нефть", 0, MQ_REVIEW);
	is("Gazprom Holding", 0, MQ_REVIEW);
	is("Tarvequil Dornabeck Leasing Industries", 3, MQ_REVIEW);
}

Test(match_left, what_firms_drop_says_nothing)
{
	is("Tarvequil Dornabeck Ltd", 3, MQ_ACCEPT);
	is("Tarvequil Dornabeck Trading Industries", 3, MQ_ACCEPT);
	is("Merunkova Vestrilin Hafnium Lines (MVHL)", 2, MQ_ACCEPT);
	is("Tarvequil Dornabeck Industries (Tarvequil Dornabeck)", 3,
	   MQ_ACCEPT);
}

Test(match_left, a_place_in_brackets_or_abroad_is_a_branch)
{
	is("Quellovar Dragonette Hong Kong Ltd", 1, MQ_ACCEPT);
	is("Quellovar Dragonette (Hong Kong) Limited", 1, MQ_REVIEW);
	is("Quellovar Dragonette （香港） Limited", 1, MQ_REVIEW);
	is("Quellovar Dragonette Hamburg Moscow Limited", 1, MQ_REVIEW);
	/* Of two countries of that name both are home. */
	is("Korea Sovrekin Halverto Shipping", 4, MQ_ACCEPT);
}

Test(match_left, another_word_here_and_there)
{
	is("Merunkova Vestrilin Pyrargon Lines", 2, MQ_REVIEW);
	/* One word written apart here, together there. */
	is("Al Brakonesi Dulmanar Trading", 5, MQ_ACCEPT);
}
