/*
 * json.c - the only file that knows jansson; and the writer.
 */
#include "json.h"

#include <jansson.h>
#include <stdlib.h>

/* struct json is json_t; the name keeps jansson out of the headers. */
static const json_t *
node(const struct json *v)
{
	return (const json_t *)(const void *)v;
}

static const struct json *
wrap(const json_t *v)
{
	return (const struct json *)(const void *)v;
}

/*
 * jansson limits depth at 2048 by compile-time constant; ours is lower and is
 * found by a scan that knows only strings and brackets.
 */
static bool
depth_ok(struct str s)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

enum err
json_read(struct str text, struct json **out, struct diag *d)
{
	json_error_t why;
	json_t *doc;

	if (!depth_ok(text))
		return diag_set(d, ERR_LIMIT, 0, "nested deeper than %u",
				JSON_DEPTH_MAX);
	doc = json_loadb(text.p == NULL ? "" : text.p, text.n,
			 JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL)
		return diag_set(d, ERR_INPUT,
				why.line > 0 ? (unsigned)why.line : 0,
				"not JSON: %s", why.text);
	*out = (struct json *)(void *)doc;
	return ERR_OK;
}

void
json_free(struct json *doc)
{
	json_decref((json_t *)(void *)doc);
}

const struct json *
json_get(const struct json *obj, const char *key)
{
	return wrap(json_object_get(node(obj), key));
}

const struct json *
json_obj(const struct json *obj, const char *key)
{
	const json_t *v = json_object_get(node(obj), key);

	return json_is_object(v) ? wrap(v) : NULL;
}

const struct json *
json_arr(const struct json *obj, const char *key)
{
	const json_t *v = json_object_get(node(obj), key);

	return json_is_array(v) ? wrap(v) : NULL;
}

size_t
json_len(const struct json *arr)
{
	return json_array_size(node(arr));
}

const struct json *
json_at(const struct json *arr, size_t i)
{
	return wrap(json_array_get(node(arr), i));
}

bool
json_absent(const struct json *v)
{
	return v == NULL || json_typeof(node(v)) == JSON_NULL;
}

bool
json_is_obj(const struct json *v)
{
	return json_is_object(node(v));
}

struct str
json_str(const struct json *v)
{
	if (!json_is_string(node(v)))
		return STR_NONE;
	return (struct str){ json_string_value(node(v)),
			     json_string_length(node(v)) };
}

struct str
json_get_str(const struct json *obj, const char *key)
{
	return json_str(json_get(obj, key));
}

int64_t
json_get_int(const struct json *obj, const char *key, int64_t dflt)
{
	const json_t *v = node(json_get(obj, key));

	return json_is_integer(v) ? json_integer_value(v) : dflt;
}

int
json_get_bool(const struct json *obj, const char *key)
{
	const json_t *v = node(json_get(obj, key));

	return json_is_boolean(v) ? json_is_true(v) : -1;
}

int64_t
json_int(const struct json *v)
{
	if (json_is_true(node(v)))
		return 1;
	return json_is_integer(node(v)) ? json_integer_value(node(v)) : 0;
}

enum err
json_each(const struct json *obj,
	  enum err (*fn)(void *ctx, struct str key, const struct json *v),
	  void *ctx)
{
	/* jansson's iterators take a mutable object but do not change it. */
	json_t *o = (json_t *)(uintptr_t)(const void *)obj;

	for (void *it = json_object_iter(o); it != NULL;
	     it = json_object_iter_next(o, it)) {
		enum err err = fn(ctx, str_of(json_object_iter_key(it)),
				  wrap(json_object_iter_value(it)));

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

struct jsonw
jsonw_of(struct buf *b)
{
	return (struct jsonw){ .b = b };
}

void
json_quote(struct buf *b, struct str s)
{
	size_t from = 0;

	buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(b, str_sub(s, from, i - from));
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_put(b, S("\\n"));
		else
			buf_printf(b, "\\u%04x", c);
	}
	buf_put(b, str_sub(s, from, s.n - from));
	buf_byte(b, '"');
}

static void
lead(struct jsonw *w, const char *key)
{
	if (w->comma[w->depth])
		buf_byte(w->b, ',');
	w->comma[w->depth] = true;
	if (key == NULL)
		return;
	json_quote(w->b, str_of(key));
	buf_byte(w->b, ':');
}

static void
open_with(struct jsonw *w, const char *key, uint8_t c)
{
	lead(w, key);
	buf_byte(w->b, c);
	w->depth++;
	must(w->depth < JSONW_DEPTH_MAX);
	w->comma[w->depth] = false;
}

static void
close_with(struct jsonw *w, uint8_t c)
{
	must(w->depth > 0);
	w->depth--;
	buf_byte(w->b, c);
}

void
jsonw_obj(struct jsonw *w, const char *key)
{
	open_with(w, key, '{');
}

void
jsonw_arr(struct jsonw *w, const char *key)
{
	open_with(w, key, '[');
}

void
jsonw_end_obj(struct jsonw *w)
{
	close_with(w, '}');
}

void
jsonw_end_arr(struct jsonw *w)
{
	close_with(w, ']');
}

void
jsonw_str(struct jsonw *w, const char *key, struct str s)
{
	lead(w, key);
	json_quote(w->b, s);
}

void
jsonw_str_or_null(struct jsonw *w, const char *key, struct str s)
{
	if (s.n == 0)
		jsonw_null(w, key);
	else
		jsonw_str(w, key, s);
}

void
jsonw_int(struct jsonw *w, const char *key, int64_t v)
{
	lead(w, key);
	buf_printf(w->b, "%lld", (long long)v);
}

void
jsonw_bool(struct jsonw *w, const char *key, bool v)
{
	lead(w, key);
	buf_put(w->b, v ? S("true") : S("false"));
}

void
jsonw_null(struct jsonw *w, const char *key)
{
	lead(w, key);
	buf_put(w->b, S("null"));
}

void
jsonw_date(struct jsonw *w, const char *key, int32_t day)
{
	if (day == DATE_NONE) {
		jsonw_null(w, key);
		return;
	}
	lead(w, key);
	buf_byte(w->b, '"');
	date_put(w->b, day);
	buf_byte(w->b, '"');
}

void
jsonw_time(struct jsonw *w, const char *key, int64_t ms)
{
	if (ms == TIME_NONE) {
		jsonw_null(w, key);
		return;
	}
	lead(w, key);
	buf_byte(w->b, '"');
	time_put(w->b, ms);
	buf_byte(w->b, '"');
}

void
jsonw_money(struct jsonw *w, const char *key, int64_t minor, struct str ccy)
{
	lead(w, key);
	buf_byte(w->b, '"');
	money_put(w->b, minor, ccy);
	buf_byte(w->b, '"');
}

void
jsonw_lines(struct jsonw *w, const char *key, struct str s)
{
	jsonw_arr(w, key);
	while (s.n > 0)
		jsonw_str(w, NULL, str_cut(&s, '\n'));
	jsonw_end_arr(w);
}

void
jsonw_raw(struct jsonw *w, const char *key, struct str json)
{
	lead(w, key);
	buf_put(w->b, json);
}
