/*
 * matchtool.c - the match commands without the rest of the program, and the
 * features of every pair considered, for fitting:
 *
 *   matchtool index|query ...
 *   matchtool features INDEX QUERIES.jsonl    q TAB obligor TAB features
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "mid.h"
#include "mquery.h"
#include "mscore.h"

static void
print_pair(void *ctx, struct str id, const float *f)
{
	const char *q = ctx;

	printf("%s\t%.*s", q, STR_ARG(id));
	for (unsigned i = 0; i < MF_COUNT; i++)
		printf("\t%.9g", (double)f[i]);
	putchar('\n');
}

static int
features(const char *index, const char *file)
{
	static char line[1 << 20], q[128];
	struct mlimits limits = MQUERY_LIMITS;
	struct mqscratch *x = mquery_scratch_new();
	struct diag d = { 0 };
	struct mseg seg;
	FILE *f = fopen(file, "r");

	mid_get();
	if (f == NULL || x == NULL || mseg_open(index, &seg, &d) != ERR_OK) {
		fprintf(stderr, "%s\n", d.why);
		return 74;
	}
	mquery_watch(x, print_pair, q);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct json *doc = NULL;
		struct mresult r;
		struct mask ask = { .names = 1 };

		if (json_read(str_of(line), &doc, &d) != ERR_OK)
			return 65;
		snprintf(q, sizeof(q), "%.*s", STR_ARG(json_get_str(doc, "q")));
		ask.name[0] = json_get_str(doc, "name");
		ask.country = json_get_str(doc, "country");
		mquery_run(&seg, NULL, x, &ask, &limits, &r);
		json_free(doc);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "features") == 0)
		return features(argv[2], argv[3]);
	argv[0] = argv[0];
	return cmd_match(argc, argv);
}
