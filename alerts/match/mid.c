/*
 * mid.c - the id schemes of the program, and a fallback for others.
 */
#include "mid.h"

#include <pthread.h>

#define MID_ARENA (256u * 1024u)

__asm__(".section .rodata\n"
	".global mid_file\n"
	".hidden mid_file\n"
	"mid_file:\n"
	".incbin \"etc/idschemes.tsv\"\n"
	".global mid_file_end\n"
	".hidden mid_file_end\n"
	"mid_file_end:\n"
	".byte 0\n"
	".previous\n");
extern const char mid_file[];
extern const char mid_file_end[];

static struct {
	struct arena arena; /* lives as long as the process */
	struct idschemes schemes;
} mid;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(void)
{
	struct diag d = { 0 };
	struct str tsv = { mid_file, (size_t)(mid_file_end - mid_file) };

	must(arena_init(&mid.arena, MID_ARENA) == ERR_OK);
	must(idschemes_get(tsv, &mid.arena, &mid.schemes, &d) == ERR_OK);
}

void
mid_get(void)
{
	must(pthread_once(&once, load) == 0);
}

bool
mid_hard(struct str scheme)
{
	const struct idscheme *s = idschemes_find(&mid.schemes, scheme);

	return s != NULL && s->hard;
}

enum err
mid_canon(struct str scheme, struct str value, char dst[ID_VALUE_MAX],
	  bool *hard)
{
	struct diag d = { 0 };
	size_t n = 0;

	*hard = mid_hard(scheme);
	if (idschemes_find(&mid.schemes, scheme) != NULL)
		return idscheme_canon(&mid.schemes, scheme, value, dst, &d);
	for (size_t i = 0; i < value.n && n + 1 < ID_VALUE_MAX; i++) {
		char c = value.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))
			dst[n++] = c;
	}
	dst[n] = 0;
	return n >= 2 ? ERR_OK : ERR_INPUT;
}
