/*
 * explore.c - libFuzzer's way in:
 *
 *	build/clang-fuzz/fuzz TARGET [libFuzzer's options] [corpus ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

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
