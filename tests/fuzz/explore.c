/*
 * explore.c - libFuzzer's way in:
 *
 *	build/clang-fuzz/fuzz TARGET [libFuzzer's options] [corpus ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/*
 * Leaks are looked for after every input, while the programs of the shipped
 * definitions stand; libjq keeps only a pointer behind the end of a program's
 * stack, which a leak checker does not follow.  This may hide a lost program,
 * so replay does without: there they are freed before the leaks are counted.
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:jv_mem_realloc\n";
}

/* A word about it would be taken for a finding. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "print_suppressions=0";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct fuzz_target *target;

/* The target's name is ours; libFuzzer gets the rest. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char **v = *argv;

	if (*argc > 1)
		target = fuzz_find(v[1]);
	if (target == NULL) {
		(void)fputs("usage: fuzz TARGET [options] [corpus ...]\n",
			    stderr);
		exit(2);
	}
	memmove(v + 1, v + 2, (size_t)(*argc - 1) * sizeof(*v));
	(*argc)--;
	fuzz_start();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	target->run((struct str){ (const char *)p, n });
	return 0;
}
