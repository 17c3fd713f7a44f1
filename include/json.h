/*
 * json.h - JSON documents we read, and a writer with a fixed key order.
 * Floor 0.
 *
 * Reading is strict: duplicate keys, trailing bytes, depth over 64 and bad
 * UTF-8 are refused.  Numbers keep their text only when they are integers;
 * money and rates travel as strings.  Writing appends to a buf and escapes;
 * what it writes has no blanks and only the keys the caller names.
 */
#ifndef JSON_H
#define JSON_H

#include "clock.h"
#include "money.h"

#define JSON_DEPTH_MAX 64u

struct json; /* a borrowed node of a document */

/* Owner: the caller, until json_free.  *out untouched on failure. */
NODISCARD enum err json_read(struct str text, struct json **out,
			     struct diag *d);
void json_free(struct json *doc);

/* NULL when absent or not of that type. */
const struct json *json_get(const struct json *obj, const char *key);
const struct json *json_obj(const struct json *obj, const char *key);
const struct json *json_arr(const struct json *obj, const char *key);
size_t json_len(const struct json *arr);
const struct json *json_at(const struct json *arr, size_t i);
/* True for NULL (no such member) and for a JSON null. */
bool json_absent(const struct json *v);
bool json_is_obj(const struct json *v);
/* The string's bytes, or STR_NONE; borrowed from the document. */
struct str json_str(const struct json *v);
/* The string member, or STR_NONE when absent, null or not a string. */
struct str json_get_str(const struct json *obj, const char *key);
/* dflt when absent or not an integer. */
int64_t json_get_int(const struct json *obj, const char *key, int64_t dflt);
/* -1 when absent or not a boolean. */
int json_get_bool(const struct json *obj, const char *key);
/* The integer, or 0; a boolean is 0 or 1. */
int64_t json_int(const struct json *v);
/* Walk the members in document order: fn returns ERR_OK to go on. */
enum err json_each(const struct json *obj,
		   enum err (*fn)(void *ctx, struct str key,
				  const struct json *v),
		   void *ctx);

#define JSONW_DEPTH_MAX 32u

/* A writer; b is the caller's.  Errors stick in b->err. */
struct jsonw {
	struct buf *b;
	unsigned depth;
	bool comma[JSONW_DEPTH_MAX];
};

struct jsonw jsonw_of(struct buf *b);
/* s as a JSON string with quotes; bytes are taken as UTF-8. */
void json_quote(struct buf *b, struct str s);
/* key NULL inside arrays and at the top. */
void jsonw_obj(struct jsonw *w, const char *key);
void jsonw_arr(struct jsonw *w, const char *key);
void jsonw_end_obj(struct jsonw *w);
void jsonw_end_arr(struct jsonw *w);
void jsonw_str(struct jsonw *w, const char *key, struct str s);
/* null when s is empty */
void jsonw_str_or_null(struct jsonw *w, const char *key, struct str s);
void jsonw_int(struct jsonw *w, const char *key, int64_t v);
void jsonw_bool(struct jsonw *w, const char *key, bool v);
void jsonw_null(struct jsonw *w, const char *key);
/* null for DATE_NONE / TIME_NONE */
void jsonw_date(struct jsonw *w, const char *key, int32_t day);
void jsonw_time(struct jsonw *w, const char *key, int64_t ms);
void jsonw_money(struct jsonw *w, const char *key, int64_t minor,
		 struct str ccy);
/* An array of the lines of s. */
void jsonw_lines(struct jsonw *w, const char *key, struct str s);
/* A value that is JSON already. */
void jsonw_raw(struct jsonw *w, const char *key, struct str json);

#endif
