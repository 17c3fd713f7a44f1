/*
 * arena.c - fixed regions, poisoned outside what was handed out.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_RED 16u
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ARENA_RED 0u
#endif

#define ARENA_ALIGN 16u

enum err
arena_init(struct arena *a, size_t size)
{
	char *p = malloc(size);

	if (p == NULL)
		return ERR_LIMIT;
	*a = (struct arena){ .p = p, .size = size };
	ASAN_POISON_MEMORY_REGION(p, size);
	return ERR_OK;
}

void
arena_fini(struct arena *a)
{
	if (a->p != NULL)
		ASAN_UNPOISON_MEMORY_REGION(a->p, a->size);
	free(a->p);
	*a = (struct arena){ 0 };
}

void *
arena_get(struct arena *a, size_t count, size_t size)
{
	size_t n;
	size_t step;
	char *p;

	if (__builtin_mul_overflow(count, size, &n) ||
	    __builtin_add_overflow(n, ARENA_ALIGN - 1 + ARENA_RED, &step))
		return NULL;
	step &= ~(size_t)(ARENA_ALIGN - 1);
	if (step > a->size - a->n)
		return NULL;
	p = a->p + a->n;
	a->n += step;
	if (a->n > a->high)
		a->high = a->n;
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	memset(p, 0, n);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p = arena_get(a, s.n + 1, 1);

	if (p == NULL)
		return STR_NONE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

size_t
arena_mark(const struct arena *a)
{
	return a->n;
}

void
arena_rewind(struct arena *a, size_t mark)
{
	must(mark <= a->n);
	ASAN_POISON_MEMORY_REGION(a->p + mark, a->n - mark);
	a->n = mark;
}
