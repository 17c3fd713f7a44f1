/*
 * split_json.c - objects at a place of one JSON document.
 *
 * A scanner of brackets and strings that keeps no tree: what is outside of
 * the records is walked and forgotten.  The record path leads to an array,
 * whose objects are the records, or to one object, which is the record.
 * Records go on as text; their own grammar is for jscan_strict.
 */
#include <stdlib.h>

#include "split_priv.h"

#define KEY_MAX 256u
#define UNMATCHED (SPLIT_PATH_MAX + 1)

enum place {
	PLACE_OUT,    /* outside of records */
	PLACE_STRING, /* outside, in a string */
	PLACE_ESCAPE,
	PLACE_RECORD,
	PLACE_RECORD_STRING,
	PLACE_RECORD_ESCAPE,
	PLACE_SCALAR, /* an element of the records' array that is no object */
};

struct level {
	char close;	  /* '}' or ']' */
	bool is_key;	  /* the next string of the object is a name */
	bool holds;	  /* an array whose elements are records */
	unsigned matched; /* steps of the path that lead here */
};

struct split_json {
	struct split_common *common;
	struct str step[SPLIT_PATH_MAX];
	unsigned steps;
	enum place place;
	struct level level[SPLIT_DEPTH_MAX];
	unsigned depth;
	unsigned record_depth; /* open brackets of the record at hand */
	bool begun;
	bool found;
	unsigned line;
	unsigned record_line;
	struct buf key;
	struct buf record;
};

enum err
split_json_new(struct split_common *c, struct split_json **out)
{
	struct split_json *j = calloc(1, sizeof(*j));
	struct str rest = c->feed->record;

	if (j == NULL)
		return ERR_LIMIT;
	j->common = c;
	j->line = 1;
	if (str_starts(rest, S("/")))
		rest = str_sub(rest, 1, rest.n);
	while (rest.n > 0 && j->steps < SPLIT_PATH_MAX)
		j->step[j->steps++] = str_cut(&rest, '/');
	buf_init(&j->key, KEY_MAX);
	buf_init(&j->record, SPLIT_RECORD_MAX);
	*out = j;
	return ERR_OK;
}

void
split_json_free(struct split_json *j)
{
	if (j == NULL)
		return;
	buf_free(&j->key);
	buf_free(&j->record);
	free(j);
}

static enum err
bad(struct split_json *j, const char *why)
{
	return split_refuse(j->common, "format", ERR_INPUT, j->line, "%s",
			    why);
}

/* How many steps lead to the value that begins now. */
static unsigned
matched_here(const struct split_json *j)
{
	const struct level *l;

	if (j->depth == 0)
		return 0;
	l = &j->level[j->depth - 1];
	if (l->matched >= j->steps)
		return UNMATCHED;
	if (l->close == ']')
		return str_eq(j->step[l->matched], S("*")) ? l->matched + 1 :
							     UNMATCHED;
	return j->key.err == ERR_OK &&
		       str_eq(buf_str(&j->key), j->step[l->matched]) ?
		   l->matched + 1 :
		   UNMATCHED;
}

static bool
in_records(const struct split_json *j)
{
	return j->depth > 0 && j->level[j->depth - 1].holds;
}

static enum err
open_bracket(struct split_json *j, char c)
{
	unsigned matched = matched_here(j);
	bool here = matched == j->steps;

	if (c == '{' && (here || in_records(j))) {
		j->found = true;
		j->place = PLACE_RECORD;
		j->record_depth = 1;
		j->record_line = j->line;
		buf_byte(&j->record, '{');
		return ERR_OK;
	}
	if (j->depth == SPLIT_DEPTH_MAX)
		return split_refuse(j->common, "limit", ERR_LIMIT, j->line,
				    "nested too deep");
	if (in_records(j))
		j->common->sink->reject(j->common->sink->self, j->line,
					"not a JSON object");
	j->found = j->found || here;
	j->level[j->depth++] = (struct level){
		.close = c == '{' ? '}' : ']',
		.is_key = c == '{',
		.holds = here,
		.matched = matched,
	};
	return ERR_OK;
}

static enum err
outside(struct split_json *j, char c)
{
	struct level *l = j->depth == 0 ? NULL : &j->level[j->depth - 1];

	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return ERR_OK;
	if (l == NULL && (j->begun || (c != '{' && c != '[')))
		return split_refuse(j->common, j->begun ? "format" : "root",
				    ERR_INPUT, j->line,
				    j->begun ? "more behind the document" :
					       "not a JSON document");
	j->begun = true;
	if (c == '{' || c == '[')
		return open_bracket(j, c);
	must(l != NULL); /* what is outside of all was refused above */
	if (c == '}' || c == ']') {
		if (c != l->close)
			return bad(j, "brackets do not match");
		j->depth--;
		return ERR_OK;
	}
	if (c == ',') {
		l->is_key = l->close == '}';
		return ERR_OK;
	}
	if (c == '"') {
		if (l->is_key)
			buf_clear(&j->key);
		j->place = PLACE_STRING;
	} else if (c == ':') {
		l->is_key = false;
		return ERR_OK;
	} else if (l->holds) {
		j->place = PLACE_SCALAR;
	}
	if (l->holds)
		j->common->sink->reject(j->common->sink->self, j->line,
					"not a JSON object");
	return ERR_OK;
}

static enum err
record_end(struct split_json *j)
{
	const struct split_sink *sink = j->common->sink;
	enum err err = ERR_OK;

	j->place = PLACE_OUT;
	if (j->record.err != ERR_OK)
		sink->reject(sink->self, j->record_line,
			     "record larger than the limit");
	else
		err = sink->record(sink->self, j->record_line,
				   buf_str(&j->record));
	buf_clear(&j->record);
	return err;
}

static enum err
in_record(struct split_json *j, char c)
{
	buf_byte(&j->record, (uint8_t)c);
	if (j->place == PLACE_RECORD_ESCAPE) {
		j->place = PLACE_RECORD_STRING;
	} else if (j->place == PLACE_RECORD_STRING) {
		if (c == '\\')
			j->place = PLACE_RECORD_ESCAPE;
		else if (c == '"')
			j->place = PLACE_RECORD;
	} else if (c == '"') {
		j->place = PLACE_RECORD_STRING;
	} else if (c == '{' || c == '[') {
		if (++j->record_depth > SPLIT_DEPTH_MAX)
			return split_refuse(j->common, "limit", ERR_LIMIT,
					    j->line, "nested too deep");
	} else if ((c == '}' || c == ']') && --j->record_depth == 0) {
		return record_end(j);
	}
	return ERR_OK;
}

static enum err
one(struct split_json *j, char c)
{
	switch (j->place) {
	case PLACE_OUT:
		return outside(j, c);
	case PLACE_SCALAR:
		if (c != ',' && c != ']' && c != '}')
			return ERR_OK;
		j->place = PLACE_OUT;
		return outside(j, c);
	case PLACE_ESCAPE:
		j->place = PLACE_STRING;
		break;
	case PLACE_STRING:
		if (c == '\\')
			j->place = PLACE_ESCAPE;
		else if (c == '"')
			j->place = PLACE_OUT;
		break;
	case PLACE_RECORD:
	case PLACE_RECORD_STRING:
	case PLACE_RECORD_ESCAPE:
		return in_record(j, c);
	}
	/* Names are compared as they are written. */
	if (j->place != PLACE_OUT && j->level[j->depth - 1].is_key)
		buf_byte(&j->key, (uint8_t)c);
	return ERR_OK;
}

enum err
split_json_push(struct split_json *j, struct str bytes)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < bytes.n && err == ERR_OK; i++) {
		err = one(j, bytes.p[i]);
		if (bytes.p[i] == '\n')
			j->line++;
	}
	return err;
}

enum err
split_json_end(struct split_json *j)
{
	if (!j->begun)
		return split_refuse(j->common, "root", ERR_INPUT, j->line,
				    "not a JSON document");
	if (j->depth > 0 || j->place != PLACE_OUT)
		return bad(j, "the document is cut off");
	if (!j->found)
		return split_refuse(j->common, "root", ERR_INPUT, j->line,
				    "nothing at %.*s",
				    STR_ARG(j->common->feed->record));
	return ERR_OK;
}
