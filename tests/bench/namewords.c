/*
 * namewords.c - chance, counting, and what a word is made of.
 */
#include "namewords.h"

#include <stdlib.h>
#include <string.h>

uint64_t namewords_state;

uint64_t
draw(void)
{
	uint64_t z = namewords_state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

size_t
below(size_t n)
{
	return (size_t)((__uint128_t)draw() * n >> 64);
}

double
uniform(void)
{
	return (double)(draw() >> 11) / 9007199254740992.0;
}

struct word *
word_of(struct word *slot, const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;
	size_t at;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	at = (h ^ h >> 29) & (WORDS_MAX - 1);
	while (slot[at].p != NULL &&
	       (strncmp(slot[at].p, p, n) != 0 || slot[at].p[n] != 0))
		at = (at + 1) & (WORDS_MAX - 1);
	if (slot[at].p == NULL)
		slot[at].p = strndup(p, n);
	return &slot[at];
}

bool
next_word(const char **s, struct str *out)
{
	*s += strspn(*s, " ");
	*out = (struct str){ *s, strcspn(*s, " ") };
	*s += out->n;
	return out->n > 0;
}

bool
is_cjk(const char *p)
{
	return (unsigned char)p[0] >= 0xE3;
}

bool
has_cjk(struct str w)
{
	for (size_t i = 0; i < w.n; i++)
		if (is_cjk(w.p + i))
			return true;
	return false;
}

bool
is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Legal forms, which stay as they are. */
bool
is_form(struct str w)
{
	static const char *const form[] = {
		"ltd", "coltd", "inc", "co", "corp", "corporation", "llc",
		"limited", "company", "gmbh", "sa", "cv", "rl", "ag", "srl",
		"ltda", "ab", "as", "bv", "kg", "spa", "lp", "sas", "oy",
		"sl", "incorporated", "jsc", "sro", "bhd", "sdn", "plc",
		"pte", "pty", "nv", "llp", "doo", "aps", "sarl", "ooo", "oao",
		"zao", "pao", "kft", "pvt", "private", "pt", "kk", "ve", "tic",
		"san", "sti", "de", "sp", "oo", "cokg", "colimited", "ca",
		"sac", "of", "and", "the", "s", "a", "c", "r", "l", "o", "b",
		"v", "y", "e",
	};
	char text[16];
	size_t n = 0;

	for (size_t i = 0; i < w.n && n < sizeof(text); i++)
		if (is_letter(w.p[i]))
			text[n++] = (char)(w.p[i] | 32);
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++)
		if (str_eq((struct str){ text, n }, str_of(form[i])))
			return true;
	return n == 0;
}

unsigned
telling(const char *s)
{
	struct str w;
	unsigned n = 0;

	while (next_word(&s, &w))
		n += !is_form(w);
	return n;
}

size_t
kept(const char *s, size_t n)
{
	static const char *const form[] = {
		"\u682A\u5F0F\u4F1A\u793E",
		"\u6709\u9650\u4F1A\u793E",
		"\u5408\u540C\u4F1A\u793E",
		"\u6709\u9650\u516C\u53F8",
		"\u80A1\u4EFD",
		"\u516C\u76CA\u8CA1\u56E3\u6CD5\u4EBA",
		"\u4E00\u822C\u8CA1\u56E3\u6CD5\u4EBA",
		"\u516C\u76CA\u793E\u56E3\u6CD5\u4EBA",
		"\u4E00\u822C\u793E\u56E3\u6CD5\u4EBA",
		"\u8CA1\u56E3\u6CD5\u4EBA",
		"\u793E\u56E3\u6CD5\u4EBA",
		"\u6295\u8CC7\u6CD5\u4EBA",
		"\u5B66\u6821\u6CD5\u4EBA",
		"\u30AB\u30D6\u30B7\u30AD\u30AC\u30A4\u30B7\u30E3",
		"\u30AB\u30D6\u30B7\u30AD\u30AC\u30A4\u30B7\u30E4",
		"\u30AB\u30D6\u30B7\u30AD\u30AB\u30A4\u30B7\u30E3",
		"\u30B4\u30A6\u30C9\u30A6\u30AC\u30A4\u30B7\u30E3",
		"\u30B4\u30A6\u30C9\u30A6\u30AB\u30A4\u30B7\u30E3",
		"\u30E6\u30A6\u30B2\u30F3\u30AC\u30A4\u30B7\u30E3",
		"\u30B3\u30A6\u30A8\u30AD\u30B6\u30A4"
		"\u30C0\u30F3\u30DB\u30A6\u30B8\u30F3",
		"\u30A4\u30C3\u30D1\u30F3\u30B6\u30A4"
		"\u30C0\u30F3\u30DB\u30A6\u30B8\u30F3",
		"\u30A4\u30C3\u30D1\u30F3\u30B7\u30E3"
		"\u30C0\u30F3\u30DB\u30A6\u30B8\u30F3",
		"\u30B3\u30A6\u30A8\u30AD\u30B7\u30E3"
		"\u30C0\u30F3\u30DB\u30A6\u30B8\u30F3",
		"\u30DB\u30FC\u30EB\u30C7\u30A3\u30F3\u30B0\u30B9",
		"\uC8FC\uC2DD\uD68C\uC0AC",
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		size_t m = strlen(form[i]);

		if (m <= n && memcmp(s, form[i], m) == 0)
			return m;
	}
	return 0;
}
