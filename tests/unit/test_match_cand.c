/*
 * Which rows are looked at when there are too many as good ones.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mbuild.h"
#include "mcand.h"
#include "mid.h"
#include "mquery.h"

#define CROWD 2000u /* more than MCAND_SEEN_MAX, fewer than the budget */

static char path[64];
static struct mseg seg;
static struct mqscratch *scratch;

static void
add(struct mbuild *b, const char *id, const char *name)
{
	struct diag d = { 0 };
	struct mbuild_obligor o = { .obligor_id = str_of(id),
				    .name = str_of(name) };

	cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
}

/* One word in common, another of their own each: none is the better one. */
static void
setup(void)
{
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;

	mid_get();
	snprintf(path, sizeof(path), "build/cand-%ld.idx", (long)getpid());
	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK, "%s", d.why);
	for (unsigned i = 0; i < CROWD; i++) {
		char id[16], name[64];

		snprintf(id, sizeof(id), "%u", i);
		snprintf(name, sizeof(name), "Tevrion X%c%c%cquil",
			 'b' + (int)(i % 20), 'b' + (int)(i / 20 % 20),
			 'b' + (int)(i / 400));
		add(b, id, name);
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

TestSuite(match_cand, .init = setup, .fini = teardown);

static void
ask(const char *name, struct mresult *out)
{
	struct mask ask = { .names = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	limits.all = true;
	ask.name[0] = str_of(name);
	mquery_run(&seg, NULL, scratch, &ask, &limits, out);
}

Test(match_cand, equal_rows_are_not_cut_by_their_order)
{
	struct mresult r;
	uint64_t low = CROWD, high = 0;

	ask("Tevrion", &r);
	cr_assert_eq(r.n, MQUERY_CANDIDATES_MAX);
	for (unsigned i = 0; i < r.n; i++) {
		uint64_t row = 0;

		cr_assert_eq(str_to_u64(r.answer[i].obligor_id, CROWD, &row),
			     ERR_OK);
		low = row < low ? row : low;
		high = row > high ? row : high;
	}
	/* Neither the first ones only nor all of one place. */
	cr_assert_geq(high, MCAND_SEEN_MAX);
	cr_assert_geq(high - low, CROWD / 8, "%llu to %llu",
		      (unsigned long long)low, (unsigned long long)high);
}
