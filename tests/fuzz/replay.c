/*
 * replay.c - every committed input through its target once, in any build:
 *
 *	build/clang-asan/replay [TARGET] ...
 *
 * Each input lies in memory of exactly its size, so that a sanitizer sees a
 * byte too far.  A target without inputs is a failure.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static void
replay_file(const struct fuzz_target *t, const char *path)
{
	struct buf b;
	char *exact;

	buf_init(&b, INPUT_MAX);
	must(buf_read_file(&b, path) == ERR_OK);
	exact = malloc(b.n == 0 ? 1 : b.n);
	must(exact != NULL);
	if (b.n > 0)
		memcpy(exact, b.p, b.n);
	t->run((struct str){ exact, b.n });
	free(exact);
	buf_free(&b);
}

static int
is_input(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int
replay(const struct fuzz_target *t)
{
	struct dirent **e = NULL;
	char path[512];
	int n;

	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", t->name);
	n = scandir(path, &e, is_input, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s",
			       t->name, e[i]->d_name);
		replay_file(t, path);
		free(e[i]);
	}
	free(e);
	(void)printf("%s fuzz %s: %d inputs\n", n > 0 ? "ok" : "FAIL",
		     t->name, n < 0 ? 0 : n);
	(void)fflush(stdout);
	return n <= 0;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	fuzz_start();
	for (const struct fuzz_target *t = fuzz_targets; t->name != NULL; t++) {
		int wanted = argc == 1;

		for (int i = 1; i < argc; i++)
			wanted = wanted || strcmp(argv[i], t->name) == 0;
		if (wanted)
			bad += replay(t);
	}
	return bad > 0;
}
