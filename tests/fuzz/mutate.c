/*
 * mutate.c - text grows by its own parts: every fourth change doubles, drops
 * or moves a line, a quoted text or a bracketed value, comma and all.  Bytes
 * alone hardly ever make of two rows three.
 */
#include <string.h>

#include "str.h"

size_t LLVMFuzzerMutate(uint8_t *p, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max,
			       unsigned seed);

static size_t
below(uint64_t *state, size_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(*state >> 33) % n;
}

/* Behind what opens at s[0]; 0 when it does not end. */
static size_t
closed(struct str s)
{
	const char *ends = s.p[0] == '{' ? "}" : s.p[0] == '[' ? "]" : "\"";
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == *ends && (*ends != '"' || i > 0))
			depth--;
		else if (s.p[i] == s.p[0])
			depth++;
		if (depth == 0)
			return i + 1;
	}
	return 0;
}

/* A part somewhere; empty when there is none at that place. */
static struct str
part(struct str s, uint64_t *state)
{
	static const char open[] = "{[\"";
	size_t from = below(state, s.n);
	size_t kind = below(state, 4);

	if (kind == 3) { /* a line */
		while (from > 0 && s.p[from - 1] != '\n')
			from--;
		s = str_sub(s, from, s.n);
		return str_sub(s, 0, str_find(s, '\n') + 1);
	}
	s = str_sub(s, from, s.n);
	s = str_sub(s, str_find(s, open[kind]), s.n);
	return s.n == 0 ? s : str_sub(s, 0, closed(s));
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	char copy[4096];
	uint64_t state = seed;
	struct str all = { (const char *)p, n };
	struct str a = n == 0 || below(&state, 4) > 0 ? STR_NONE :
							 part(all, &state);
	struct str b;
	size_t at;
	size_t len = 0;
	size_t old = 0;

	if (a.n == 0 || a.n + 1 > sizeof(copy))
		return LLVMFuzzerMutate(p, n, max);
	at = (size_t)(a.p - all.p);
	switch (below(&state, 3)) {
	case 0: /* gone, with the comma behind it */
		old = a.n + (at + a.n < n && p[at + a.n] == ',');
		break;
	case 1: /* once more, behind a comma but for a line */
		if (a.p[a.n - 1] != '\n')
			copy[len++] = ',';
		memcpy(copy + len, a.p, a.n);
		len += a.n;
		at += a.n;
		break;
	default: /* in the place of another */
		b = part(all, &state);
		memcpy(copy, a.p, a.n);
		len = a.n;
		at = b.n == 0 ? at : (size_t)(b.p - all.p);
		old = b.n;
		break;
	}
	if (n - old + len > max || n - old + len == 0)
		return LLVMFuzzerMutate(p, n, max);
	memmove(p + at + len, p + at + old, n - at - old);
	memcpy(p + at, copy, len);
	return n - old + len;
}
