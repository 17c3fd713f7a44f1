/*
 * join.c - one buffer of rows, sorted by key when the document is whole.
 */
#include "join.h"

#include <stdlib.h>

#include "json.h"
#include "split.h"

#define FIRST_SIZE 4096u

struct row {
	size_t at; /* of the key; the JSON follows it */
	uint32_t key_n;
	uint32_t n;
	unsigned part;
	unsigned line;
	uint32_t no;
	bool used;
};

struct join {
	const struct feed *feed;
	struct buf text;
	struct row *row; /* owned */
	size_t count;
	size_t size;
	struct buf record;
};

enum err
join_new(const struct feed *f, struct join **out)
{
	struct join *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_LIMIT;
	j->feed = f;
	buf_init(&j->text, JOIN_BYTES_MAX);
	buf_init(&j->record, SPLIT_RECORD_MAX);
	*out = j;
	return ERR_OK;
}

void
join_free(struct join *j)
{
	if (j == NULL)
		return;
	buf_free(&j->text);
	buf_free(&j->record);
	free(j->row);
	free(j);
}

enum err
join_add(struct join *j, unsigned part, unsigned line, struct str key,
	 struct str json)
{
	size_t at = j->text.n;

	if (j->count == JOIN_ROWS_MAX)
		return ERR_LIMIT;
	if (j->count == j->size) {
		size_t size = j->size == 0 ? FIRST_SIZE : j->size * 2;
		struct row *r = realloc(j->row, size * sizeof(*r));

		if (r == NULL)
			return ERR_LIMIT;
		j->row = r;
		j->size = size;
	}
	buf_put(&j->text, key);
	buf_put(&j->text, json);
	if (j->text.err != ERR_OK)
		return ERR_LIMIT;
	j->row[j->count] = (struct row){ .at = at,
					 .key_n = (uint32_t)key.n,
					 .n = (uint32_t)json.n,
					 .part = part,
					 .line = line,
					 .no = (uint32_t)j->count };
	j->count++;
	return ERR_OK;
}

static struct str
key_of(const struct join *j, const struct row *r)
{
	return (struct str){ j->text.p + r->at, r->key_n };
}

static struct str
json_of(const struct join *j, const struct row *r)
{
	return (struct str){ j->text.p + r->at + r->key_n, r->n };
}

/* The records first, in order; then the rows by key, part and order. */
static int
by_key(const void *pa, const void *pb, void *self)
{
	const struct join *j = self;
	const struct row *a = pa;
	const struct row *b = pb;
	int c;

	if (a->part == 0 || b->part == 0) {
		if (a->part == 0 && b->part == 0)
			return a->no < b->no ? -1 : a->no > b->no;
		return a->part == 0 ? -1 : 1;
	}
	c = str_cmp(key_of(j, a), key_of(j, b));
	if (c != 0)
		return c;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return a->no < b->no ? -1 : a->no > b->no;
}

/* The first row behind the records whose key is not below. */
static size_t
first_row(const struct join *j, size_t from, struct str key)
{
	size_t high = j->count;

	while (from < high) {
		size_t mid = from + (high - from) / 2;

		if (str_cmp(key_of(j, &j->row[mid]), key) < 0)
			from = mid + 1;
		else
			high = mid;
	}
	return from;
}

/* The record with its rows behind its own members. */
static void
build(struct join *j, const struct row *r, size_t rows_from)
{
	struct str json = json_of(j, r);
	struct str key = key_of(j, r);
	size_t i = first_row(j, rows_from, key);
	unsigned part = 0;

	buf_clear(&j->record);
	/* A record is never empty, and ends with its bracket. */
	buf_put(&j->record, str_sub(json, 0, json.n - 1));
	for (; i < j->count && str_eq(key_of(j, &j->row[i]), key); i++) {
		struct row *row = &j->row[i];

		if (row->part != part) {
			buf_put(&j->record, part == 0 ? S(",") : S("],"));
			part = row->part;
			json_quote(&j->record,
				    j->feed->join[part - 1].name);
			buf_put(&j->record, S(":["));
		} else {
			buf_byte(&j->record, ',');
		}
		buf_put(&j->record, json_of(j, row));
		row->used = true;
	}
	buf_put(&j->record, part == 0 ? S("}") : S("]}"));
}

static void
reject_row(struct join *j, const struct row *r, const struct join_sink *sink)
{
	char why[80];
	struct str name = j->feed->join[r->part - 1].name;

	buf_clear(&j->record);
	buf_printf(&j->record, "%.*s: no record has this key",
		   STR_ARG(str_sub(name, 0, 40)));
	if (str_copy(why, sizeof(why), buf_str(&j->record)) != ERR_OK)
		why[0] = 0;
	sink->reject(sink->self, r->line, key_of(j, r), why);
}

enum err
join_end(struct join *j, const struct join_sink *sink)
{
	size_t records = 0;
	enum err err = ERR_OK;

	if (j->count > 0)
		qsort_r(j->row, j->count, sizeof(*j->row), by_key, j);
	while (records < j->count && j->row[records].part == 0)
		records++;
	for (size_t i = 0; i < records && err == ERR_OK; i++) {
		const struct row *r = &j->row[i];

		build(j, r, records);
		if (j->record.err != ERR_OK)
			sink->reject(sink->self, r->line, key_of(j, r),
				     "joined record larger than the limit");
		else
			err = sink->record(sink->self, r->line, key_of(j, r),
					   buf_str(&j->record));
	}
	for (size_t i = records; i < j->count && err == ERR_OK; i++)
		if (!j->row[i].used)
			reject_row(j, &j->row[i], sink);
	return err;
}
