/*
 * split.c - decoding, then the container's own splitter.
 */
#include "split_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode.h"

/* Decoded at most three bytes for one; slices keep the buffer small. */
#define SPLIT_SLICE 16384u

struct split {
	struct split_common common;
	struct decode decode;
	struct buf text;
	struct split_xml *xml;	     /* owned; one of these is not NULL */
	struct split_ndjson *ndjson; /* owned */
	struct split_json *json;     /* owned */
	struct split_csv *csv;	     /* owned */
};

enum err
split_refuse(struct split_common *c, const char *guard, enum err err,
	     unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (c->err != ERR_OK)
		return c->err;
	va_start(ap, fmt);
	(void)vsnprintf(c->why.why, sizeof(c->why.why), fmt, ap);
	va_end(ap);
	c->why.line = line;
	c->guard = guard;
	c->err = err;
	return err;
}

static bool
is_xml(enum feed_container c)
{
	return c == CONTAINER_XML || c == CONTAINER_RSS ||
	       c == CONTAINER_ATOM;
}

enum err
split_new(const struct feed *f, unsigned part, const struct split_sink *sink,
	  struct split **out, struct diag *d)
{
	struct split *s = calloc(1, sizeof(*s));
	enum err err = ERR_LIMIT;

	if (s == NULL)
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	s->common.feed = f;
	s->common.sink = sink;
	s->common.guard = "format";
	buf_init(&s->text, SPLIT_SLICE * 4);
	decode_init(&s->decode, f->encoding, is_xml(f->container));
	if (is_xml(f->container))
		err = split_xml_new(&s->common, &s->xml);
	else if (f->container == CONTAINER_NDJSON)
		err = split_ndjson_new(&s->common, &s->ndjson);
	else if (f->container == CONTAINER_JSON)
		err = split_json_new(&s->common, &s->json);
	else
		err = split_csv_new(&s->common, part, &s->csv);
	if (err != ERR_OK) {
		split_free(s);
		return diag_set(d, err, 0, "no splitter for this container");
	}
	*out = s;
	return ERR_OK;
}

static enum err
pass_on(struct split *s)
{
	enum err err;

	if (s->text.n == 0)
		return ERR_OK;
	if (s->xml != NULL)
		err = split_xml_push(s->xml, buf_str(&s->text));
	else if (s->json != NULL)
		err = split_json_push(s->json, buf_str(&s->text));
	else if (s->csv != NULL)
		err = split_csv_push(s->csv, buf_str(&s->text));
	else
		err = split_ndjson_push(s->ndjson, buf_str(&s->text));
	buf_clear(&s->text);
	return err;
}

static enum err
answer(const struct split *s, struct diag *d)
{
	if (s->common.err == ERR_OK)
		return ERR_OK;
	return diag_set(d, s->common.err, s->common.why.line, "%s",
			s->common.why.why);
}

enum err
split_push(struct split *s, struct str bytes, struct diag *d)
{
	struct diag why = { 0 };

	while (bytes.n > 0 && s->common.err == ERR_OK) {
		struct str slice = str_sub(bytes, 0, SPLIT_SLICE);
		enum err err = decode_push(&s->decode, slice, &s->text, &why);

		bytes = str_sub(bytes, slice.n, bytes.n - slice.n);
		if (err == ERR_OK)
			err = pass_on(s);
		if (err != ERR_OK)
			(void)split_refuse(&s->common, "format", err, why.line,
					   "%s", why.why);
	}
	return answer(s, d);
}

static enum err
container_end(struct split *s)
{
	if (s->xml != NULL)
		return split_xml_end(s->xml);
	if (s->json != NULL)
		return split_json_end(s->json);
	if (s->csv != NULL)
		return split_csv_end(s->csv);
	return split_ndjson_end(s->ndjson);
}

enum err
split_end(struct split *s, struct diag *d)
{
	struct diag why = { 0 };
	enum err err = ERR_OK;

	if (s->common.err == ERR_OK)
		err = decode_end(&s->decode, &s->text, &why);
	if (err == ERR_OK && s->common.err == ERR_OK)
		err = pass_on(s);
	if (err == ERR_OK && s->common.err == ERR_OK)
		err = container_end(s);
	if (err != ERR_OK)
		(void)split_refuse(&s->common, "format", err, why.line, "%s",
				   why.why);
	return answer(s, d);
}

const char *
split_guard(const struct split *s)
{
	return s->common.guard;
}

void
split_free(struct split *s)
{
	if (s == NULL)
		return;
	split_xml_free(s->xml);
	split_ndjson_free(s->ndjson);
	split_json_free(s->json);
	split_csv_free(s->csv);
	buf_free(&s->text);
	free(s);
}

/* A JSON pointer: names and "*", without escapes. */
static enum err
pointer_check(struct str path, struct diag *d)
{
	unsigned steps = 0;

	if (path.n == 0)
		return ERR_OK;
	if (*path.p != '/')
		return diag_set(d, ERR_CONFIG, 0, "a pointer begins with /");
	path = str_sub(path, 1, path.n);
	do {
		struct str step = str_cut(&path, '/');

		if (step.n == 0 || str_contains(step, S("~")))
			return diag_set(d, ERR_CONFIG, 0,
					"steps are names or *, without ~");
		if (++steps > SPLIT_PATH_MAX)
			return diag_set(d, ERR_CONFIG, 0,
					"more than %u steps", SPLIT_PATH_MAX);
	} while (path.n > 0);
	return ERR_OK;
}

enum err
split_path_check(enum feed_container c, struct str path, struct diag *d)
{
	struct str rest = path;
	unsigned steps = 0;

	if (c == CONTAINER_JSON)
		return pointer_check(path, d);
	if (!is_xml(c))
		return path.n == 0 ? ERR_OK :
				     diag_set(d, ERR_CONFIG, 0,
					      "this container has none");
	if (str_starts(rest, S("//")))
		rest = str_sub(rest, 2, rest.n);
	else if (str_starts(rest, S("/")))
		rest = str_sub(rest, 1, rest.n);
	if (rest.n == 0)
		return diag_set(d, ERR_CONFIG, 0, "needs an element path");
	while (rest.n > 0) {
		struct str step = str_cut(&rest, '/');

		if (step.n == 0 || str_contains(step, S(":")) ||
		    str_contains(step, S("[")) || str_contains(step, S("@")))
			return diag_set(d, ERR_CONFIG, 0,
					"steps are local element names");
		if (++steps > SPLIT_PATH_MAX)
			return diag_set(d, ERR_CONFIG, 0,
					"more than %u steps", SPLIT_PATH_MAX);
	}
	if (str_starts(path, S("//")) && steps != 1)
		return diag_set(d, ERR_CONFIG, 0, "// takes one name");
	return ERR_OK;
}
