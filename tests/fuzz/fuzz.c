/*
 * fuzz.c - what all targets share.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define FILES_MAX 64u

#define FUZZ_ROW(name) { #name, fuzz_##name },
const struct fuzz_target fuzz_targets[] = { FUZZ_TARGETS(FUZZ_ROW){ NULL,
								    NULL } };
#undef FUZZ_ROW

const struct fuzz_target *
fuzz_find(const char *name)
{
	const struct fuzz_target *t = fuzz_targets;

	while (t->name != NULL && strcmp(t->name, name) != 0)
		t++;
	return t->name == NULL ? NULL : t;
}

void
fuzz_start(void)
{
	const enum log_level none = (enum log_level)0;

	log_level(none, none);
	(void)setenv("HOME", "", 1);
	(void)setenv("TZ", "UTC0", 1);
}

uint8_t
fuzz_byte(struct str *in)
{
	uint8_t byte;

	if (in->n == 0)
		return 0;
	byte = (uint8_t)in->p[0];
	*in = str_sub(*in, 1, in->n);
	return byte;
}

struct str
fuzz_file(const char *path)
{
	static struct buf files[FILES_MAX];
	static size_t count;
	struct buf *b = &files[count++];

	must(count <= FILES_MAX);
	buf_init(b, 16u << 20);
	if (buf_read_file(b, path) != ERR_OK) {
		(void)fprintf(stderr, "fuzz: %s cannot be read\n", path);
		abort();
	}
	return buf_str(b);
}
