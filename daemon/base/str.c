/*
 * str.c - slices of bytes.
 */
#include "str.h"

#include <string.h>

struct str
str_of(const char *z)
{
	if (z == NULL)
		return STR_NONE;
	return (struct str){ z, strlen(z) };
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       str_eq(str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

size_t
str_find(struct str s, char c)
{
	const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

bool
str_contains(struct str s, struct str needle)
{
	if (needle.n == 0)
		return true;
	return s.n >= needle.n &&
	       memmem(s.p, s.n, needle.p, needle.n) != NULL;
}

struct str
str_cut(struct str *rest, char sep)
{
	size_t at = str_find(*rest, sep);
	struct str head = str_sub(*rest, 0, at);

	*rest = at < rest->n ? str_sub(*rest, at + 1, rest->n) :
			       str_sub(*rest, rest->n, 0);
	return head;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = str_sub(s, 1, s.n);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str
str_sub(struct str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	/* Nothing is added to the NULL of an empty one. */
	return (struct str){ s.n == 0 ? s.p : s.p + from, n };
}

enum err
str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 20)
		return ERR_INPUT;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_INPUT;
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return ERR_LIMIT;
	}
	if (v > max)
		return ERR_LIMIT;
	*out = v;
	return ERR_OK;
}

enum err
str_to_i64(struct str s, int64_t max, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v = 0;
	enum err err;

	must(max >= 0);
	err = str_to_u64(minus ? str_sub(s, 1, s.n) : s, (uint64_t)max, &v);
	if (err != ERR_OK)
		return err;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return ERR_OK;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum err
str_to_bytes(struct str s, uint8_t *out, size_t n)
{
	if (s.n != 2 * n)
		return ERR_INPUT;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0)
			return ERR_INPUT;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(s.p[2 * i]) * 16 +
				   hex_digit(s.p[2 * i + 1]));
	return ERR_OK;
}

/* Bytes of the well-formed sequence at p (1..4), or 0. */
static size_t
utf8_len(const uint8_t *p, size_t n)
{
	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] >= 0xC2 && p[0] < 0xE0)
		return n >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
	if (n >= 3 && (p[0] & 0xF0) == 0xE0 && (p[1] & 0xC0) == 0x80 &&
	    (p[2] & 0xC0) == 0x80) {
		if (p[0] == 0xE0 && p[1] < 0xA0)
			return 0;
		return p[0] == 0xED && p[1] >= 0xA0 ? 0 : 3;
	}
	if (n >= 4 && p[0] >= 0xF0 && p[0] <= 0xF4 && (p[1] & 0xC0) == 0x80 &&
	    (p[2] & 0xC0) == 0x80 && (p[3] & 0xC0) == 0x80) {
		if (p[0] == 0xF0 && p[1] < 0x90)
			return 0;
		return p[0] == 0xF4 && p[1] >= 0x90 ? 0 : 4;
	}
	return 0;
}

bool
str_utf8(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	const uint64_t ones = UINT64_C(0x0101010101010101);

	for (size_t i = 0; i < s.n;) {
		uint64_t w;
		size_t len;

		/* Eight of ASCII at once, none of them NUL. */
		if (s.n - i >= sizeof(w)) {
			memcpy(&w, p + i, sizeof(w));
			if (((w | (w - ones)) & ones << 7) == 0) {
				i += sizeof(w);
				continue;
			}
		}
		len = utf8_len(p + i, s.n - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

size_t
str_chars(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t count = 0;

	for (size_t i = 0; i < s.n; count++) {
		size_t len = utf8_len(p + i, s.n - i);

		i += len == 0 ? 1 : len;
	}
	return count;
}

bool
str_is_id(struct str s)
{
	if (s.n == 0 || s.n > STR_ID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned)((c | 32) - 'a') >= 26 &&
		    (unsigned)(c - '0') >= 10 && c != '_' && c != '-')
			return false;
	}
	return true;
}

enum err
str_copy(char *dst, size_t size, struct str s)
{
	must(size > 0);
	dst[0] = '\0';
	if (s.n >= size)
		return ERR_LIMIT;
	if (s.n > 0)
		memcpy(dst, s.p, s.n);
	dst[s.n] = '\0';
	return ERR_OK;
}
