/*
 * map_words.c - refuses words that a map may not use.
 *
 * A tokenizer of jq: comments and the text of strings are skipped, code in
 * "\( )" is not.  A word behind a dot is a field, before a colon a key, so
 * {now: .env} is fine and now is not.
 */
#include <string.h>

#include "map.h"

#define NESTING_MAX 32u

static const char *const banned[] = {
	/* clocks, zones and what aborts on large numbers */
	"now", "localtime", "gmtime", "mktime", "strptime", "strftime",
	"strflocaltime", "todate", "fromdate", "date", "dateadd", "datesub",
	"dateadd", "todateiso8601", "fromdateiso8601", "dateiso8601",
	/* the world */
	"env", "input", "inputs", "input_filename", "input_line_number",
	"include", "import", "modulemeta", "get_search_list", "debug",
	"stderr", "halt", "halt_error",
	/* loop for ever on some patterns */
	"sub", "gsub", "splits",
	/* leak memory on arrays in jq 1.6 */
	"index", "rindex", "indices",
};

struct scan {
	struct str s;
	size_t i;
	unsigned line;
	unsigned nesting;
	bool too_deep;
	unsigned parens[NESTING_MAX + 1];
};

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* To the closing quote or into an interpolation. */
static void
skip_string(struct scan *k)
{
	for (; k->i < k->s.n; k->i++) {
		char c = k->s.p[k->i];

		if (c == '\n')
			k->line++;
		if (c == '"') {
			k->i++;
			return;
		}
		if (c != '\\')
			continue;
		k->i++;
		if (k->i < k->s.n && k->s.p[k->i] == '(') {
			k->i++;
			if (k->nesting == NESTING_MAX)
				k->too_deep = true;
			else
				k->nesting++;
			k->parens[k->nesting] = 1;
			return;
		}
	}
}

static bool
is_key(const struct scan *k, size_t i)
{
	while (i < k->s.n && strchr(" \t\r\n", k->s.p[i]) != NULL)
		i++;
	return i < k->s.n && k->s.p[i] == ':' &&
	       (i + 1 == k->s.n || k->s.p[i + 1] != ':');
}

/* A word at k->i; moves behind it. */
static enum err
word(struct scan *k, struct diag *d)
{
	size_t from = k->i;
	char before = from == 0 ? ' ' : k->s.p[from - 1];
	struct str w;

	while (k->i < k->s.n &&
	       (letter(k->s.p[k->i]) || digit(k->s.p[k->i])))
		k->i++;
	w = str_sub(k->s, from, k->i - from);
	if (before == '$') {
		if (str_eq(w, S("ENV")) || str_eq(w, S("__prog_args")))
			return diag_set(d, ERR_REFUSED, k->line,
					"$%.*s is not allowed", STR_ARG(w));
		return ERR_OK;
	}
	if (before == '.' || before == '@' || is_key(k, k->i))
		return ERR_OK;
	for (size_t i = 0; i < sizeof(banned) / sizeof(*banned); i++)
		if (str_eq(w, str_of(banned[i])))
			return diag_set(d, ERR_REFUSED, k->line,
					"%.*s is not allowed", STR_ARG(w));
	return ERR_OK;
}

enum err
map_words_check(struct str program, struct diag *d)
{
	struct scan k = { .s = program, .line = 1 };

	while (k.i < k.s.n) {
		char c = k.s.p[k.i];

		if (letter(c)) {
			enum err err = word(&k, d);

			if (err != ERR_OK)
				return err;
			continue;
		}
		k.i++;
		if (c == '\n') {
			k.line++;
		} else if (c == '#') {
			while (k.i < k.s.n && k.s.p[k.i] != '\n')
				k.i++;
		} else if (c == '"') {
			skip_string(&k);
		} else if (c == '(') {
			k.parens[k.nesting]++;
		} else if (c == ')' && k.nesting > 0 &&
			   --k.parens[k.nesting] == 0) {
			k.nesting--;
			skip_string(&k);
		}
	}
	if (k.too_deep)
		return diag_set(d, ERR_REFUSED, k.line,
				"strings within strings, too deep");
	return ERR_OK;
}
