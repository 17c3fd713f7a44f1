/*
 * jscan.c - a bracket scanner over JSON text.
 */
#include "jscan.h"

#include <string.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str
skip_blanks(struct str s)
{
	while (s.n > 0 && blank(*s.p))
		s = str_sub(s, 1, s.n - 1);
	return s;
}

/* Length of the string literal s begins with, quotes included; 0: none. */
static size_t
string_len(struct str s)
{
	if (s.n == 0 || *s.p != '"')
		return 0;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Length of a scalar that is no string: up to a delimiter. */
static size_t
word_len(struct str s)
{
	size_t i = 0;

	while (i < s.n && !blank(s.p[i]) && memchr(",:]}[{\"", s.p[i], 7) == NULL)
		i++;
	return i;
}

/* Length of the value s begins with; 0 when it does not end. */
static size_t
value_len(struct str s)
{
	size_t depth = 0;
	size_t i = 0;

	if (s.n > 0 && *s.p == '"')
		return string_len(s);
	if (s.n > 0 && *s.p != '{' && *s.p != '[')
		return word_len(s);
	while (i < s.n) {
		char c = s.p[i];
		size_t n = 1;

		if (c == '"')
			n = string_len(str_sub(s, i, s.n - i));
		if (n == 0)
			return 0;
		i += n;
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && --depth == 0)
			return i;
	}
	return 0;
}

static struct str
rest_of(struct str s, size_t n)
{
	return str_sub(s, n, s.n - n);
}

/* The value of a member; STR_NONE (p NULL) when there is none. */
static struct str
member(struct str obj, struct str key)
{
	struct str s = rest_of(obj, 1);

	for (;;) {
		struct str name;
		size_t n;

		s = skip_blanks(s);
		n = string_len(s);
		if (n < 2)
			return STR_NONE;
		name = str_sub(s, 1, n - 2);
		s = skip_blanks(rest_of(s, n));
		if (s.n == 0 || *s.p != ':')
			return STR_NONE;
		s = skip_blanks(rest_of(s, 1));
		n = value_len(s);
		if (n == 0)
			return STR_NONE;
		if (str_eq(name, key))
			return str_sub(s, 0, n);
		s = skip_blanks(rest_of(s, n));
		if (s.n == 0 || *s.p != ',')
			return STR_NONE;
		s = rest_of(s, 1);
	}
}

/* While s is an array, its first element. */
static struct str
first_of(struct str s)
{
	for (unsigned i = 0; i < JSCAN_DEPTH_MAX; i++) {
		s = skip_blanks(s);
		if (s.n == 0 || *s.p != '[')
			return s;
		s = skip_blanks(rest_of(s, 1));
		s = str_sub(s, 0, value_len(s));
	}
	return STR_NONE;
}

static int
hex4(struct str s)
{
	uint8_t b[2];
	char low[4];

	if (s.n < 4)
		return -1;
	for (size_t i = 0; i < 4; i++)
		low[i] = s.p[i] >= 'A' && s.p[i] <= 'F' ?
			     (char)(s.p[i] + 0x20) :
			     s.p[i];
	if (str_to_bytes((struct str){ low, 4 }, b, 2) != ERR_OK)
		return -1;
	return b[0] << 8 | b[1];
}

static void
utf8_put(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_byte(b, (uint8_t)c);
	} else if (c < 0x800) {
		buf_byte(b, (uint8_t)(0xC0 | c >> 6));
		buf_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_byte(b, (uint8_t)(0xE0 | c >> 12));
		buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
		buf_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
	} else {
		buf_byte(b, (uint8_t)(0xF0 | c >> 18));
		buf_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
		buf_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
	}
}

/* Behind "\u"; the bytes used, or 0. */
static size_t
escape_code(struct str s, struct buf *b)
{
	int hi = hex4(s);
	int lo;

	if (hi <= 0 || (hi >= 0xDC00 && hi <= 0xDFFF))
		return 0;
	if (hi < 0xD800 || hi > 0xDBFF) {
		utf8_put(b, (uint32_t)hi);
		return 4;
	}
	if (s.n < 10 || s.p[4] != '\\' || s.p[5] != 'u')
		return 0;
	lo = hex4(rest_of(s, 6));
	if (lo < 0xDC00 || lo > 0xDFFF)
		return 0;
	utf8_put(b, 0x10000u + ((uint32_t)(hi - 0xD800) << 10) +
			(uint32_t)(lo - 0xDC00));
	return 10;
}

static enum err
unescape(struct str s, struct buf *b)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	while (s.n > 0) {
		const char *at;
		size_t n = str_find(s, '\\');

		buf_put(b, str_sub(s, 0, n));
		s = rest_of(s, n);
		if (s.n < 2)
			return s.n == 0 ? ERR_OK : ERR_INPUT;
		at = memchr(from, s.p[1], sizeof(from) - 1);
		if (at != NULL) {
			buf_byte(b, (uint8_t)to[at - from]);
			s = rest_of(s, 2);
			continue;
		}
		n = s.p[1] == 'u' ? escape_code(rest_of(s, 2), b) : 0;
		if (n == 0)
			return ERR_INPUT;
		s = rest_of(s, n + 2);
	}
	return ERR_OK;
}

enum err
jscan_text(struct str json, struct str path, struct buf *b)
{
	struct str v = first_of(json);

	while (path.n > 0) {
		if (v.n == 0 || *v.p != '{')
			return ERR_ABSENT;
		v = member(v, str_cut(&path, '.'));
		if (v.p == NULL)
			return ERR_ABSENT;
		v = first_of(v);
	}
	if (v.n > 0 && *v.p == '{')
		v = first_of(member(v, S("#text")));
	if (v.n == 0 || *v.p == '{' || str_eq(v, S("null")) ||
	    str_eq(v, S("\"\"")))
		return ERR_ABSENT;
	if (*v.p != '"') {
		buf_put(b, v);
		return b->err;
	}
	if (unescape(str_sub(v, 1, v.n - 2), b) != ERR_OK)
		return ERR_INPUT;
	return b->err;
}

static size_t
digits(struct str s, size_t i)
{
	size_t n = 0;

	while (i + n < s.n && s.p[i + n] >= '0' && s.p[i + n] <= '9')
		n++;
	return n;
}

/* RFC 8259: -? (0|[1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)? */
static bool
number_ok(struct str s)
{
	size_t i = s.n > 0 && s.p[0] == '-' ? 1 : 0;
	size_t n = digits(s, i);

	if (n == 0 || (n > 1 && s.p[i] == '0'))
		return false;
	i += n;
	if (i < s.n && s.p[i] == '.') {
		n = digits(s, i + 1);
		if (n == 0)
			return false;
		i += 1 + n;
	}
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
			i++;
		n = digits(s, i);
		if (n == 0)
			return false;
		i += n;
	}
	return i == s.n;
}

enum err
jscan_strict(struct str json, struct buf *b, struct diag *d)
{
	struct str s = skip_blanks(json);

	while (s.n > 0) {
		size_t n = 1;

		if (*s.p == '"') {
			n = string_len(s);
			if (n == 0)
				return diag_set(d, ERR_INPUT, 0,
						"not JSON: open string");
			buf_put(b, str_sub(s, 0, n));
		} else if (memchr(",:]}[{", *s.p, 6) != NULL) {
			buf_byte(b, (uint8_t)*s.p);
		} else {
			struct str word = str_sub(s, 0, word_len(s));

			n = word.n;
			if (str_eq(word, S("true")) || str_eq(word, S("false")) ||
			    str_eq(word, S("null"))) {
				buf_put(b, word);
			} else if (number_ok(word)) {
				buf_byte(b, '"');
				buf_put(b, word);
				buf_byte(b, '"');
			} else {
				return diag_set(d, ERR_INPUT, 0,
						"not JSON: '%.*s'",
						STR_ARG(str_sub(s, 0, 20)));
			}
		}
		s = skip_blanks(rest_of(s, n));
	}
	if (b->err != ERR_OK)
		return diag_set(d, b->err, 0, "record too large");
	return ERR_OK;
}
