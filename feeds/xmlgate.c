/*
 * xmlgate.c - a byte-level tokenizer in front of libxml2.
 */
#include "xmlgate.h"

#include <string.h>

#include "split.h"

enum gate_state {
	GATE_TEXT,
	GATE_OPEN, /* behind '<' */
	GATE_TAG,
	GATE_QUOTE,
	GATE_BANG, /* behind "<!" */
	GATE_COMMENT,
	GATE_CDATA,
	GATE_PI,
};

void
xmlgate_init(struct xmlgate *g)
{
	*g = (struct xmlgate){ .state = GATE_TEXT, .line = 1 };
}

static enum err
text_byte(struct xmlgate *g, char c, struct diag *d)
{
	if (c == '<') {
		g->state = GATE_OPEN;
		g->seen = true;
		return ERR_OK;
	}
	if (!g->seen && c != ' ' && c != '\t' && c != '\r' && c != '\n')
		return diag_set(d, ERR_REFUSED, g->line,
				"does not begin with markup");
	return ERR_OK;
}

static enum err
open_byte(struct xmlgate *g, char c, struct diag *d)
{
	g->n = 0;
	g->last = 0;
	g->before_last = 0;
	g->closing = c == '/';
	g->attributes = 0;
	if (c == '?') {
		g->state = GATE_PI;
	} else if (c == '!') {
		g->state = GATE_BANG;
	} else {
		g->state = GATE_TAG;
		if (!g->closing && ++g->depth > SPLIT_DEPTH_MAX)
			return diag_set(d, ERR_LIMIT, g->line,
					"nested deeper than %u",
					SPLIT_DEPTH_MAX);
	}
	return ERR_OK;
}

static enum err
tag_byte(struct xmlgate *g, char c, struct diag *d)
{
	if (++g->n > SPLIT_TAG_MAX)
		return diag_set(d, ERR_LIMIT, g->line,
				"a tag of more than %u bytes", SPLIT_TAG_MAX);
	if (g->state == GATE_QUOTE) {
		if (c == g->quote)
			g->state = GATE_TAG;
	} else if (c == '"' || c == '\'') {
		g->state = GATE_QUOTE;
		g->quote = c;
	} else if (c == '=') {
		if (++g->attributes > SPLIT_ATTRIBUTES_MAX)
			return diag_set(d, ERR_LIMIT, g->line,
					"more than %u attributes",
					SPLIT_ATTRIBUTES_MAX);
	} else if (c == '>') {
		g->state = GATE_TEXT;
		if ((g->closing || g->last == '/') && g->depth > 0)
			g->depth--;
	}
	g->last = c;
	return ERR_OK;
}

static enum err
bang_byte(struct xmlgate *g, char c, struct diag *d)
{
	g->bang[g->n++] = c;
	if (g->n == 2 && memcmp(g->bang, "--", 2) == 0)
		g->state = GATE_COMMENT;
	else if (g->n == 7 && memcmp(g->bang, "[CDATA[", 7) == 0)
		g->state = GATE_CDATA;
	else if (memcmp(g->bang, "[CDATA[", g->n) != 0 &&
		 memcmp(g->bang, "--", g->n < 2 ? g->n : 2) != 0)
		return diag_set(d, ERR_REFUSED, g->line,
				"a DOCTYPE or other declaration");
	if (g->state != GATE_BANG) {
		g->n = 0;
		g->last = 0;
		g->before_last = 0;
	}
	return ERR_OK;
}

static enum err
section_byte(struct xmlgate *g, char c, struct diag *d)
{
	bool end = false;

	if (++g->n > XMLGATE_SECTION_MAX)
		return diag_set(d, ERR_LIMIT, g->line,
				"a comment or CDATA of more than %u bytes",
				XMLGATE_SECTION_MAX);
	if (c == '>') {
		if (g->state == GATE_PI)
			end = g->last == '?';
		else if (g->state == GATE_COMMENT)
			end = g->last == '-' && g->before_last == '-';
		else
			end = g->last == ']' && g->before_last == ']';
	}
	if (end)
		g->state = GATE_TEXT;
	g->before_last = g->last;
	g->last = c;
	return ERR_OK;
}

static enum err
gate_byte(struct xmlgate *g, char c, struct diag *d)
{
	switch ((enum gate_state)g->state) {
	case GATE_TEXT:
		return text_byte(g, c, d);
	case GATE_OPEN:
		return open_byte(g, c, d);
	case GATE_TAG:
	case GATE_QUOTE:
		return tag_byte(g, c, d);
	case GATE_BANG:
		return bang_byte(g, c, d);
	case GATE_COMMENT:
	case GATE_CDATA:
	case GATE_PI:
		break;
	}
	return section_byte(g, c, d);
}

static unsigned
newlines(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* Letters of a tag, up to what changes the state or goes over the limit. */
static size_t
skip_tag(struct xmlgate *g, struct str bytes, size_t i)
{
	size_t from = i;
	size_t room = SPLIT_TAG_MAX - g->n;

	while (i < bytes.n && i - from < room && bytes.p[i] != '>' &&
	       bytes.p[i] != '=' && bytes.p[i] != '"' && bytes.p[i] != '\'')
		i++;
	if (i > from)
		g->last = bytes.p[i - 1];
	g->n += i - from;
	return i;
}

/* Where the next byte worth looking at is. */
static size_t
skip(struct xmlgate *g, struct str bytes, size_t i)
{
	struct str rest = str_sub(bytes, i, bytes.n - i);
	size_t n;

	if (g->state == GATE_TEXT && g->seen)
		return i + str_find(rest, '<');
	if (g->state == GATE_TAG)
		return skip_tag(g, bytes, i);
	if (g->state != GATE_QUOTE)
		return i;
	n = str_find(rest, g->quote);
	/* The byte that goes over the limit is still looked at. */
	if (n > SPLIT_TAG_MAX - g->n)
		n = SPLIT_TAG_MAX - g->n;
	g->n += n;
	return i + n;
}

enum err
xmlgate_push(struct xmlgate *g, struct str bytes, struct diag *d)
{
	for (size_t i = skip(g, bytes, 0); i < bytes.n;
	     i = skip(g, bytes, i + 1)) {
		enum err err = gate_byte(g, bytes.p[i], d);

		if (err != ERR_OK) {
			d->line = g->line + newlines(str_sub(bytes, 0, i));
			return err;
		}
	}
	g->line += newlines(bytes);
	return ERR_OK;
}
