/*
 * A book of few names: compared whole, by the letters and words that differ.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mbuild.h"
#include "mid.h"
#include "mquery.h"
#include "mscore.h"

static char path[64];
static struct mseg seg;
static struct mqscratch *scratch;
static struct mresult result;
static float seen[MF_COUNT];
static struct str wanted;

static const char *const book[] = {
	"Larkwell Global Services (France) S.A.R.L.",
	"Harrowgate Offshore Fund Ltd",
	"Quentavia Petroleum Corporation",
	"BQI Industries Inc",
	"Kestrel Mortgage Trust 2004-1",
};

static void
setup(void)
{
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	mid_get();
	snprintf(path, sizeof(path), "build/small-%ld.idx", (long)getpid());
	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK, "%s", d.why);
	for (size_t i = 0; i < sizeof(book) / sizeof(book[0]); i++) {
		char id[16];
		struct mbuild_obligor o = { .name = str_of(book[i]) };

		snprintf(id, sizeof(id), "S%zu", i);
		o.obligor_id = str_of(id);
		cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
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

TestSuite(match_small, .init = setup, .fini = teardown);

static void
keep_features(void *ctx, struct str id, uint64_t core, const float *f)
{
	(void)ctx;
	(void)core;
	if (str_eq(id, wanted))
		memcpy(seen, f, sizeof(seen));
}

/* The score of an obligor by this name; its features are kept. */
static int
score_of(const char *name, const char *id)
{
	struct mask ask = { .names = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	limits.all = true;
	ask.name[0] = str_of(name);
	memset(seen, 0, sizeof(seen));
	wanted = str_of(id);
	mquery_watch(scratch, keep_features, NULL);
	mquery_run(&seg, NULL, scratch, &ask, &limits, &result);
	for (unsigned i = 0; i < result.n; i++)
		if (str_eq(result.answer[i].obligor_id, wanted))
			return result.answer[i].score;
	return 0;
}

static float
seen_of(enum mfeature f)
{
	return seen[f];
}

Test(match_small, letters_that_differ_are_counted)
{
	(void)score_of("Quentavia Petroleum Corp", "S2");
	cr_assert_float_eq(seen_of(MF_LETTERS), 0, 1e-5f);
	cr_assert_float_eq(seen_of(MF_LETTER_SHARE), 0, 1e-5f);
	(void)score_of("Quentovia Petroleum Corp", "S2");
	cr_assert_float_eq(seen_of(MF_LETTERS), 1, 1e-5f);
	cr_assert_float_eq(seen_of(MF_LETTER_SHARE), 1 / 9.0f, 1e-5f);
	/* Words that nothing stands for, against one another. */
	(void)score_of("Larkwell Global Services (Greece)", "S0");
	cr_assert_float_eq(seen_of(MF_LETTERS), 3, 1e-5f);
	cr_assert_float_eq(seen_of(MF_QLEFT), 1, 1e-5f);
	cr_assert_float_eq(seen_of(MF_BLEFT), 1, 1e-5f);
	cr_assert_float_eq(seen_of(MF_BOTHLEFT), 1, 1e-5f);
	cr_assert_float_eq(seen_of(MF_CLASH), 1, 1e-5f);
	(void)score_of("Larkwell Global Services", "S0");
	cr_assert_float_eq(seen_of(MF_LETTERS), 6, 1e-5f);
	cr_assert_float_eq(seen_of(MF_BOTHLEFT), 0, 1e-5f);
	cr_assert_float_eq(seen_of(MF_CLASH), 0, 1e-5f);
}

/* The first of a series may be called so, or not. */
Test(match_small, one_is_no_number_alone)
{
	(void)score_of("Harrowgate Offshore Fund I Ltd", "S1");
	cr_assert_float_eq(seen_of(MF_QLEFT), 0, 1e-5f);
	cr_assert_float_eq(seen_of(MF_NUMBER), NR_NONE, 1e-5f);
	(void)score_of("Harrowgate Offshore Fund II Ltd", "S1");
	cr_assert_float_eq(seen_of(MF_QLEFT), 1, 1e-5f);
	cr_assert_float_eq(seen_of(MF_NUMBER), NR_EXTRA, 1e-5f);
}

Test(match_small, another_place_trade_or_word_is_another_company)
{
	cr_assert_geq(score_of("LARKWELL GLOBAL SERVICES (FRANCE) SARL", "S0"),
		      900);
	cr_assert_lt(score_of("Larkwell Global Services (Germany) GmbH", "S0"),
		     600);
	cr_assert_geq(score_of("Quentovia Petroleum Corp", "S2"), 600);
	cr_assert_lt(score_of("Quentavia Shipping Corporation", "S2"), 600);
	cr_assert_lt(score_of("Brimstock Petroleum Corporation", "S2"), 300);
	cr_assert_lt(score_of("BZW Industries Inc", "S3"), 600);
	cr_assert_lt(score_of("Kestrel Mortgage Trust 2004-2", "S4"), 600);
	cr_assert_geq(score_of("Kestrel Mortgage Trust 2004-1", "S4"), 900);
}

/* Neither more letters nor more words that differ make two names one. */
Test(match_small, what_differs_never_helps)
{
	uint32_t chance = 1;

	for (unsigned round = 0; round < 2000; round++) {
		static const enum mfeature bad[] = {
			MF_LETTERS, MF_LETTER_SHARE, MF_QLEFT, MF_BLEFT,
			MF_BOTHLEFT, MF_CLASH, MF_QREST_MAX, MF_BREST_MAX,
		};
		float f[MF_COUNT], more[MF_COUNT];

		for (unsigned i = 0; i < MF_COUNT; i++) {
			chance = chance * 1664525u + 1013904223u;
			f[i] = (float)(chance >> 16) / 65536.0f;
			if (chance >> 8 & 1)
				f[i] = (float)(unsigned)(f[i] * 8);
		}
		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			memcpy(more, f, sizeof(more));
			more[bad[i]] += 0.3f * (float)(1 + round % 10);
			cr_assert_leq(mscore_logit(&mmodel_small, more),
				      mscore_logit(&mmodel_small, f) + 1e-4f,
				      "feature %d", (int)bad[i]);
		}
	}
}
