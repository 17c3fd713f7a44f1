/*
 * split_ndjson.c - one JSON object a line, found by brackets and strings.
 *
 * A blank line is a heartbeat.  Objects glued without a newline ("}{") are
 * two records.  A line that is no object, or whose object is not closed on
 * it, is one rejected record; the next line starts afresh.
 */
#include <stdlib.h>

#include "split_priv.h"

enum place {
	PLACE_BETWEEN, /* no object open */
	PLACE_OBJECT,
	PLACE_STRING,
	PLACE_ESCAPE,
	PLACE_SKIP, /* to the end of the line */
};

struct split_ndjson {
	struct split_common *common;
	enum place place;
	unsigned depth;
	unsigned line;
	uint64_t objects;
	struct buf record;
};

enum err
split_ndjson_new(struct split_common *c, struct split_ndjson **out)
{
	struct split_ndjson *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return ERR_LIMIT;
	n->common = c;
	n->line = 1;
	buf_init(&n->record, SPLIT_RECORD_MAX);
	*out = n;
	return ERR_OK;
}

void
split_ndjson_free(struct split_ndjson *n)
{
	if (n == NULL)
		return;
	buf_free(&n->record);
	free(n);
}

static void
give_up(struct split_ndjson *n, const char *why)
{
	n->common->sink->reject(n->common->sink->self, n->line, why);
	buf_clear(&n->record);
	n->place = PLACE_SKIP;
}

/* A byte outside of objects. */
static enum err
between(struct split_ndjson *n, char c)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return ERR_OK;
	if (c == '{') {
		n->place = PLACE_OBJECT;
		n->depth = 1;
		n->objects++;
		buf_byte(&n->record, '{');
		return ERR_OK;
	}
	/*
	 * A page of HTML or an array where objects should be; a slice of a
	 * stream may begin anywhere.
	 */
	if (n->objects == 0 && n->common->feed->mode != MODE_STREAM)
		return split_refuse(n->common, "root", ERR_INPUT, n->line,
				    "not a JSON object on a line");
	give_up(n, "not a JSON object");
	return ERR_OK;
}

static enum err
object_end(struct split_ndjson *n)
{
	const struct split_sink *sink = n->common->sink;
	enum err err;

	n->place = PLACE_BETWEEN;
	err = sink->record(sink->self, n->line, buf_str(&n->record));
	buf_clear(&n->record);
	return err;
}

static enum err
in_object(struct split_ndjson *n, char c)
{
	buf_byte(&n->record, (uint8_t)c);
	if (n->record.err != ERR_OK) {
		give_up(n, "record larger than the limit");
		return ERR_OK;
	}
	if (n->place == PLACE_ESCAPE) {
		n->place = PLACE_STRING;
	} else if (n->place == PLACE_STRING) {
		if (c == '\\')
			n->place = PLACE_ESCAPE;
		else if (c == '"')
			n->place = PLACE_OBJECT;
	} else if (c == '"') {
		n->place = PLACE_STRING;
	} else if (c == '{' || c == '[') {
		if (++n->depth > SPLIT_DEPTH_MAX)
			give_up(n, "nested too deep");
	} else if ((c == '}' || c == ']') && --n->depth == 0) {
		return object_end(n);
	}
	return ERR_OK;
}

static void
line_end(struct split_ndjson *n)
{
	if (n->place == PLACE_OBJECT || n->place == PLACE_STRING ||
	    n->place == PLACE_ESCAPE)
		give_up(n, "object not closed on its line");
	n->place = PLACE_BETWEEN;
	n->line++;
}

enum err
split_ndjson_push(struct split_ndjson *n, struct str bytes)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < bytes.n && err == ERR_OK; i++) {
		char c = bytes.p[i];

		if (c == '\n')
			line_end(n);
		else if (n->place == PLACE_BETWEEN)
			err = between(n, c);
		else if (n->place != PLACE_SKIP)
			err = in_object(n, c);
	}
	return err;
}

enum err
split_ndjson_end(struct split_ndjson *n)
{
	if (n->place == PLACE_OBJECT || n->place == PLACE_STRING ||
	    n->place == PLACE_ESCAPE)
		return split_refuse(n->common, "format", ERR_INPUT, n->line,
				    "the last object is cut off");
	return ERR_OK;
}
