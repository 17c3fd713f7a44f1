/*
 * matchtool.c - the match commands without the rest of the program, and the
 * features of every pair considered, for fitting:
 *
 *   matchtool index|query ...
 *   matchtool features INDEX QUERIES.jsonl    q TAB obligor TAB features
 *   matchtool time INDEX QUERIES.jsonl [N]    p50, p99 and worst of a query,
 *                                             JSON read, explanations made,
 *                                             with N obligors hidden by a delta
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "json.h"
#include "mdelta.h"
#include "mid.h"
#include "mquery.h"
#include "mscore.h"

static void
print_pair(void *ctx, struct str id, uint64_t core, const float *f)
{
	const char *q = ctx;

	printf("%s\t%.*s\t%08x", q, STR_ARG(id), (unsigned)core);
	for (unsigned i = 0; i < MF_COUNT; i++)
		printf("\t%.9g", (double)f[i]);
	putchar('\n');
}

#define TIMES_MAX 1000000u

static uint32_t took[TIMES_MAX]; /* microseconds */
static size_t times;

static int
by_time(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
print_times(void)
{
	if (times == 0)
		return;
	qsort(took, times, sizeof(took[0]), by_time);
	printf("%zu queries: p50 %.3f ms, p99 %.3f ms, worst %.3f ms\n", times,
	       took[times / 2] / 1e3, took[times * 99 / 100] / 1e3,
	       took[times - 1] / 1e3);
}

/* A delta that hides n of the rows, spread over the book. */
static struct mdelta *
hiding(const struct mseg *s, uint64_t n)
{
	static char buf[MSEG_COLD_RECORD_MAX * MSEG_BLOCK];
	struct mdelta *delta = mdelta_new();
	struct mcold cold;

	for (uint64_t i = 0; delta != NULL && i < n; i++)
		if (mseg_cold(s, (uint32_t)(s->head.rows * i / n), buf,
			      sizeof(buf), &cold) != ERR_OK ||
		    mdelta_remove(delta, cold.obligor_id) != ERR_OK)
			return NULL;
	return delta;
}

/* Every query of the file; timed, or with the features of its pairs. */
static int
run(const char *index, const char *file, bool timed, uint64_t hidden)
{
	static char line[1 << 20], q[128];
	struct mlimits limits = MQUERY_LIMITS;
	struct mqscratch *x = mquery_scratch_new();
	struct diag d = { 0 };
	struct mseg seg;
	struct mdelta *delta = NULL;
	FILE *f = fopen(file, "r");

	mid_get();
	if (f == NULL || x == NULL || mseg_open(index, &seg, &d) != ERR_OK ||
	    (delta = hiding(&seg, hidden)) == NULL) {
		fprintf(stderr, "%s\n", d.why);
		return 74;
	}
	if (!timed)
		mquery_watch(x, print_pair, q);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct json *doc = NULL;
		struct mresult r;
		struct mask ask = { .names = 1 };
		int64_t from = clock_os_monotonic_us();

		if (json_read(str_of(line), &doc, &d) != ERR_OK)
			return 65;
		snprintf(q, sizeof(q), "%.*s", STR_ARG(json_get_str(doc, "q")));
		ask.name[0] = json_get_str(doc, "name");
		ask.country = json_get_str(doc, "country");
		mquery_run(&seg, delta, x, &ask, &limits, &r);
		json_free(doc);
		if (timed && times < TIMES_MAX)
			took[times++] = (uint32_t)(clock_os_monotonic_us() - from);
	}
	print_times();
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t hidden = 0;

	if (argc == 4 && strcmp(argv[1], "features") == 0)
		return run(argv[2], argv[3], false, 0);
	if (argc >= 4 && argc <= 5 && strcmp(argv[1], "time") == 0 &&
	    (argc == 4 || str_to_u64(str_of(argv[4]), MDELTA_REMOVED_MAX,
				     &hidden) == ERR_OK))
		return run(argv[2], argv[3], true, hidden);
	return cmd_match(argc, argv);
}
