/*
 * mletter.c - names of Latin letters in other scripts.
 */
#include "mrom.h"

#define NAME_MAX 10u
#define WORD_MAX 32u

struct letter {
	uint16_t cp[NAME_MAX];
	char letter;
};

/* In each list the longer names of a beginning come first. */
static const struct letter kana[] = {
	{ { 0x30C0, 0x30D6, 0x30EA, 0x30E5 }, 'w' },
	{ { 0x30C0, 0x30D6, 0x30EB }, 'w' },
	{ { 0x30A8, 0x30C3, 0x30AF, 0x30B9 }, 'x' },
	{ { 0x30A8, 0x30A4, 0x30C1 }, 'h' },
	{ { 0x30A8, 0x30C3, 0x30C1 }, 'h' },
	{ { 0x30C7, 0x30A3, 0x30FC }, 'd' },
	{ { 0x30C7, 0x30A3, 0x30A4 }, 'd' },
	{ { 0x30B8, 0x30A7, 0x30A4 }, 'j' },
	{ { 0x30B8, 0x30A7, 0x30FC }, 'j' },
	{ { 0x30C6, 0x30A3, 0x30FC }, 't' },
	{ { 0x30C6, 0x30A3, 0x30A4 }, 't' },
	{ { 0x30AD, 0x30E5, 0x30FC }, 'q' },
	{ { 0x30BC, 0x30C3, 0x30C8 }, 'z' },
	{ { 0x30D6, 0x30A4 }, 'v' },
	{ { 0x30F4, 0x30A3 }, 'v' },
	{ { 0x30F4, 0x30A4 }, 'v' },
	{ { 0x30A8, 0x30FC }, 'a' },
	{ { 0x30A8, 0x30A4 }, 'a' },
	{ { 0x30D3, 0x30FC }, 'b' },
	{ { 0x30D3, 0x30A4 }, 'b' },
	{ { 0x30B7, 0x30FC }, 'c' },
	{ { 0x30B7, 0x30A4 }, 'c' },
	{ { 0x30A4, 0x30FC }, 'e' },
	{ { 0x30A8, 0x30D5 }, 'f' },
	{ { 0x30B8, 0x30FC }, 'g' },
	{ { 0x30A2, 0x30A4 }, 'i' },
	{ { 0x30B1, 0x30A4 }, 'k' },
	{ { 0x30B1, 0x30FC }, 'k' },
	{ { 0x30A8, 0x30EB }, 'l' },
	{ { 0x30A8, 0x30E0 }, 'm' },
	{ { 0x30A8, 0x30CC }, 'n' },
	{ { 0x30AA, 0x30FC }, 'o' },
	{ { 0x30D4, 0x30FC }, 'p' },
	{ { 0x30A2, 0x30FC, 0x30EB }, 'r' },
	{ { 0x30A2, 0x30EB }, 'r' },
	{ { 0x30A8, 0x30B9 }, 's' },
	{ { 0x30E6, 0x30FC }, 'u' },
	{ { 0x30E6, 0x30A6 }, 'u' },
	{ { 0x30EF, 0x30A4 }, 'y' },
};

static const struct letter hangul[] = {
	{ { 0xC5D0, 0xC774, 0xCE58 }, 'h' },
	{ { 0xB354, 0xBE14, 0xC720 }, 'w' },
	{ { 0xC5D0, 0xC774 }, 'a' },
	{ { 0xC5D0, 0xD504 }, 'f' },
	{ { 0xC5D0, 0xC2A4 }, 's' },
	{ { 0xC5D1, 0xC2A4 }, 'x' },
	{ { 0xC544, 0xC774 }, 'i' },
	{ { 0xC81C, 0xC774 }, 'j' },
	{ { 0xCF00, 0xC774 }, 'k' },
	{ { 0xBE0C, 0xC774 }, 'v' },
	{ { 0xC640, 0xC774 }, 'y' },
	{ { 0xC81C, 0xD2B8 }, 'z' },
	{ { 0xBE44 }, 'b' },
	{ { 0xC528 }, 'c' },
	{ { 0xC2DC }, 'c' },
	{ { 0xB514 }, 'd' },
	{ { 0xC774 }, 'e' },
	{ { 0xC9C0 }, 'g' },
	{ { 0xC5D8 }, 'l' },
	{ { 0xC5E0 }, 'm' },
	{ { 0xC5D4 }, 'n' },
	{ { 0xC564 }, '&' },
	{ { 0xC624 }, 'o' },
	{ { 0xD53C }, 'p' },
	{ { 0xD050 }, 'q' },
	{ { 0xC54C }, 'r' },
	{ { 0xD2F0 }, 't' },
	{ { 0xC720 }, 'u' },
	{ { 0xBDF0 }, 'v' },
};

static const struct letter thai[] = {
	{ { 0xE14, 0xE31, 0xE1A, 0xE40, 0xE1A, 0xE34,
	    0xE49, 0xE25, 0xE22, 0xE39 },
	  'w' },
	{ { 0xE14, 0xE31, 0xE1A, 0xE40, 0xE1A, 0xE34,
	    0xE25, 0xE22, 0xE39 },
	  'w' },
	{ { 0xE14, 0xE31, 0xE1A, 0xE1A, 0xE25, 0xE34, 0xE27 }, 'w' },
	{ { 0xE40, 0xE2D, 0xE47, 0xE01, 0xE0B, 0xE4C }, 'x' },
	{ { 0xE40, 0xE2D, 0xE01, 0xE0B, 0xE4C }, 'x' },
	{ { 0xE40, 0xE2D, 0xE47, 0xE0A }, 'h' },
	{ { 0xE40, 0xE2D, 0xE47, 0xE25 }, 'l' },
	{ { 0xE40, 0xE2D, 0xE47, 0xE21 }, 'm' },
	{ { 0xE40, 0xE2D, 0xE47, 0xE19 }, 'n' },
	{ { 0xE2D, 0xE32, 0xE23, 0xE4C }, 'r' },
	{ { 0xE40, 0xE2D, 0xE1F }, 'f' },
	{ { 0xE40, 0xE2D, 0xE0A }, 'h' },
	{ { 0xE41, 0xE2D, 0xE25 }, 'l' },
	{ { 0xE40, 0xE2D, 0xE21 }, 'm' },
	{ { 0xE40, 0xE2D, 0xE19 }, 'n' },
	{ { 0xE04, 0xE34, 0xE27 }, 'q' },
	{ { 0xE40, 0xE2D, 0xE2A }, 's' },
	{ { 0xE27, 0xE32, 0xE22 }, 'y' },
	{ { 0xE41, 0xE0B, 0xE14 }, 'z' },
	{ { 0xE40, 0xE0B, 0xE14 }, 'z' },
	{ { 0xE40, 0xE2D }, 'a' },
	{ { 0xE1A, 0xE35 }, 'b' },
	{ { 0xE0B, 0xE35 }, 'c' },
	{ { 0xE14, 0xE35 }, 'd' },
	{ { 0xE2D, 0xE35 }, 'e' },
	{ { 0xE08, 0xE35 }, 'g' },
	{ { 0xE44, 0xE2D }, 'i' },
	{ { 0xE40, 0xE08 }, 'j' },
	{ { 0xE40, 0xE04 }, 'k' },
	{ { 0xE42, 0xE2D }, 'o' },
	{ { 0xE1E, 0xE35 }, 'p' },
	{ { 0xE17, 0xE35 }, 't' },
	{ { 0xE22, 0xE39 }, 'u' },
	{ { 0xE27, 0xE35 }, 'v' },
};

/* E and O are vowels of everyday words, so they are no names here. */
static const struct letter georgian[] = {
	{ { 0x10D3, 0x10D0, 0x10D1, 0x10DA, 0x10D8, 0x10E3 }, 'w' },
	{ { 0x10D4, 0x10D8, 0x10E9 }, 'h' },
	{ { 0x10EF, 0x10D4, 0x10D8 }, 'j' },
	{ { 0x10D9, 0x10D4, 0x10D8 }, 'k' },
	{ { 0x10E5, 0x10D8, 0x10E3 }, 'q' },
	{ { 0x10D8, 0x10E5, 0x10E1 }, 'x' },
	{ { 0x10D4, 0x10E5, 0x10E1 }, 'x' },
	{ { 0x10E3, 0x10D0, 0x10D8 }, 'y' },
	{ { 0x10D6, 0x10D4, 0x10E2 }, 'z' },
	{ { 0x10D4, 0x10D8 }, 'a' },
	{ { 0x10D1, 0x10D8 }, 'b' },
	{ { 0x10E1, 0x10D8 }, 'c' },
	{ { 0x10D3, 0x10D8 }, 'd' },
	{ { 0x10D4, 0x10E4 }, 'f' },
	{ { 0x10EF, 0x10D8 }, 'g' },
	{ { 0x10D0, 0x10D8 }, 'i' },
	{ { 0x10D4, 0x10DA }, 'l' },
	{ { 0x10D4, 0x10DB }, 'm' },
	{ { 0x10D4, 0x10DC }, 'n' },
	{ { 0x10DE, 0x10D8 }, 'p' },
	{ { 0x10D0, 0x10E0 }, 'r' },
	{ { 0x10D4, 0x10E1 }, 's' },
	{ { 0x10D7, 0x10D8 }, 't' },
	{ { 0x10E2, 0x10D8 }, 't' },
	{ { 0x10D8, 0x10E3 }, 'u' },
	{ { 0x10D5, 0x10D8 }, 'v' },
};

struct list {
	const struct letter *at;
	size_t n;
};

#define LIST(x) { x, sizeof(x) / sizeof((x)[0]) }

static struct list
list_of(enum mscript script)
{
	if (script == MS_KANA)
		return (struct list)LIST(kana);
	if (script == MS_HANG)
		return (struct list)LIST(hangul);
	if (script == MS_THAI)
		return (struct list)LIST(thai);
	if (script == MS_GEOR)
		return (struct list)LIST(georgian);
	return (struct list){ NULL, 0 };
}

/* The length of the name when it stands at cp, else 0. */
static size_t
is_at(const struct letter *l, const uint32_t *cp, size_t n)
{
	size_t k = 0;

	while (k < NAME_MAX && l->cp[k] != 0) {
		if (k >= n || cp[k] != l->cp[k])
			return 0;
		k++;
	}
	return k;
}

char
mletter_at(const uint32_t *cp, size_t n, size_t *len)
{
	struct list list =
	    n == 0 ? (struct list){ NULL, 0 } : list_of(mtab_script(cp[0]));

	for (size_t i = 0; i < list.n; i++) {
		*len = is_at(&list.at[i], cp, n);
		if (*len > 0)
			return list.at[i].letter;
	}
	*len = 0;
	return 0;
}

size_t
mletter_word(const uint32_t *cp, size_t n, char *dst, size_t size)
{
	/* How the beginning of that length ends: a letter, and how many. */
	struct {
		char letter;
		uint8_t from, count;
	} way[WORD_MAX + 1] = { { 0, 0, 0 } };
	struct list list;
	size_t count;

	if (n == 0 || n > WORD_MAX)
		return 0;
	list = list_of(mtab_script(cp[0]));
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && way[i].letter == 0)
			continue;
		for (size_t k = 0; k < list.n; k++) {
			size_t len = is_at(&list.at[k], cp + i, n - i);

			if (len == 0 || way[i + len].letter != 0)
				continue;
			way[i + len].letter = list.at[k].letter;
			way[i + len].from = (uint8_t)i;
			way[i + len].count = (uint8_t)(way[i].count + 1);
		}
	}
	count = way[n].letter == 0 ? 0 : way[n].count;
	if (count > size)
		return 0;
	for (size_t at = n, k = count; k-- > 0; at = way[at].from)
		dst[k] = way[at].letter;
	return count;
}
