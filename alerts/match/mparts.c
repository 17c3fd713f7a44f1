/*
 * mparts.c - the names inside a written name.
 */
#include "mparts.h"

#include <stdbool.h>
#include <string.h>

#include "mfold.h"

/*
 * In lower case, by their first letter; letters outside ASCII as they are
 * written.
 */
static const char *const joint[] = {
	"a/k/a",
	"a.k.a.",
	"aka",
	"also known as",
	"anciennement",
	"d/b/a",
	"d.b.a.",
	"dba",
	"dawniej",
	"doing business as",
	"ehemals",
	"f/k/a",
	"f.k.a.",
	"fka",
	"formerly known as",
	"formerly",
	"früher",
	"già",
	"n/k/a",
	"now known as",
	"previously known as",
	"previously",
	"t/a",
	"trading as",
	"trading under the name",
	"vormals",
	"бывш.",
	"ранее",
	"旧商号",
	"旧社名",
	"旧名称",
	"旧称",
	"曾用名",
	"原名称",
};

#define BIT(c) (1u << ((c) & 31))

/* Their second bytes by the first, both by their low five bits. */
static const uint32_t second[32] = {
	['a' & 31] = BIT('/') | BIT('.') | BIT('k') | BIT('l') | BIT('n'),
	['d' & 31] = BIT('/') | BIT('.') | BIT('b') | BIT('o') | BIT('a'),
	['e' & 31] = BIT('h'),
	['f' & 31] = BIT('/') | BIT('.') | BIT('k') | BIT('o') | BIT('r'),
	['g' & 31] = BIT('i'),
	['n' & 31] = BIT('/') | BIT('o'),
	['p' & 31] = BIT('r'),
	['t' & 31] = BIT('/') | BIT('r'),
	['v' & 31] = BIT('o'),
};

/* Do these bytes begin one of them?  Most words are told by two. */
static bool
may_begin(unsigned char c, unsigned char next)
{
	return c >= 0xD0 || (c >= 'A' && (second[c & 31] & BIT(next)) != 0);
}

static bool
is_between(char c)
{
	static const bool sign[256] = {
		[' '] = true, ['('] = true, ['['] = true, [','] = true,
		[';'] = true, ['-'] = true, ['.'] = true, [':'] = true,
		[')'] = true, [']'] = true, ['"'] = true,
	};

	return sign[(uint8_t)c];
}

static bool
begins_with(struct str s, const char *word)
{
	size_t n = 0;

	for (; word[n] != 0; n++) {
		char c = n < s.n ? s.p[n] : 0;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c != word[n])
			return false;
	}
	return true;
}

/* Length of what joins two names at s, 0 when nothing does. */
static size_t
joint_at(struct str s)
{
	for (size_t i = 0; i < sizeof(joint) / sizeof(joint[0]); i++) {
		size_t n;

		if (((joint[i][0] ^ s.p[0]) & 31) != 0 ||
		    !begins_with(s, joint[i]))
			continue;
		n = str_of(joint[i]).n;
		if ((unsigned char)joint[i][0] >= 0xE4 ||
		    (n < s.n && is_between(s.p[n])))
			return n;
	}
	return 0;
}

/* Bytes of a sign between names at p, of at most n; 0 of a letter's. */
static size_t
between(const char *p, size_t n)
{
	static const char *const wide[] = { "（", "）", "：", "，", "；" };

	if (n > 0 && is_between(*p) && *p != '.')
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (n >= 3 && memcmp(p, wide[i], 3) == 0)
			return 3;
	return 0;
}

static struct str
trim(struct str s)
{
	size_t n;

	while ((n = between(s.p, s.n)) > 0)
		s = str_sub(s, n, s.n);
	do {
		n = s.n > 0 ? between(s.p + s.n - 1, 1) : 0;
		if (n == 0 && s.n >= 3)
			n = between(s.p + s.n - 3, 3) == 3 ? 3 : 0;
		s.n -= n;
	} while (n > 0);
	return s;
}

static void
put(struct str s, struct str *part, unsigned *n)
{
	s = trim(s);
	if (s.n > 0)
		part[(*n)++] = s;
}

/* Where the part from there on, joined at at, ends: with its bracket. */
static size_t
end_of(struct str name, size_t at, size_t from)
{
	if (name.p[at - 1] == '(')
		while (from < name.n && name.p[from] != ')')
			from++;
	else
		from = name.n;
	return from;
}

unsigned
mparts(struct str name, struct str part[MPARTS_MAX])
{
	unsigned n = 0;
	size_t from = 0, end;

	/* The rest is not folded, and brackets are looked for from each. */
	name = str_sub(name, 0, MFOLD_BYTES_MAX);
	end = name.n;
	for (size_t i = 1; i + 1 < name.n && n + 1 < MPARTS_MAX; i++) {
		unsigned char c = (unsigned char)name.p[i];
		size_t len;

		if ((c < 0xE4 && !is_between(name.p[i - 1])) ||
		    !may_begin(c, (unsigned char)name.p[i + 1]))
			continue;
		len = joint_at(str_sub(name, i, name.n));
		if (len == 0)
			continue;
		put(str_sub(name, from, (i < end ? i : end) - from), part, &n);
		from = i + len;
		end = end_of(name, i, from);
		i = from;
	}
	if (from == 0)
		return 0;
	put(str_sub(name, from, end - from), part, &n);
	return n > 1 ? n : 0;
}
