/*
 * define.c - one table of keys, one walk over a YAML tree.
 */
#include "define.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "define_priv.h"
#include "prepare.h"
#include "split.h"

enum key_type {
	KEY_TEXT,
	KEY_DURATION,
	KEY_SIZE,
	KEY_COUNT,
	KEY_PERCENT,
	KEY_YESNO,
	KEY_WORD,    /* an enum: the index in words */
	KEY_SPECIAL, /* has a function below */
	KEY_LATER,   /* contract, but not in this version */
};

struct key {
	const char *name;
	enum key_type type;
	size_t at;
	const char *words;
};

#define HEADER_MAX 100u
#define STREAM_STALE_MS 900000

#define F(field) offsetof(struct feed, field)

static const struct key keys[] = {
	{ "name", KEY_TEXT, F(name), NULL },
	{ "title", KEY_TEXT, F(title), NULL },
	{ "urls", KEY_SPECIAL, 0, NULL },
	{ "container", KEY_WORD, F(container),
	  "xml rss atom json ndjson csv tsv" },
	{ "record", KEY_TEXT, F(record), NULL },
	{ "record_key", KEY_SPECIAL, 0, NULL },
	{ "encoding", KEY_TEXT, F(encoding), NULL },
	{ "csv", KEY_SPECIAL, 0, NULL },
	{ "join", KEY_SPECIAL, 0, NULL },
	{ "mode", KEY_WORD, F(mode),
	  "append snapshot cursor window stream drop" },
	{ "on_absent", KEY_WORD, F(on_absent), "keep cancel" },
	{ "baseline", KEY_WORD, F(baseline), "silent bad_states" },
	{ "stream", KEY_SPECIAL, 0, NULL },
	{ "cursor", KEY_SPECIAL, 0, NULL },
	{ "idle", KEY_DURATION, F(idle_ms), NULL },
	{ "quiet_after", KEY_DURATION, F(quiet_after_ms), NULL },
	{ "interval", KEY_DURATION, F(interval_ms), NULL },
	{ "min_gap", KEY_DURATION, F(min_gap_ms), NULL },
	{ "timeout", KEY_DURATION, F(timeout_ms), NULL },
	{ "user_agent", KEY_TEXT, F(user_agent), NULL },
	{ "ca_file", KEY_TEXT, F(ca_file), NULL },
	{ "allow_private", KEY_YESNO, F(allow_private), NULL },
	{ "conditional", KEY_SPECIAL, 0, NULL },
	{ "wire_max", KEY_SIZE, F(wire_max), NULL },
	{ "decoded_max", KEY_SIZE, F(decoded_max), NULL },
	{ "text_max", KEY_SIZE, F(text_max), NULL },
	{ "guards", KEY_SPECIAL, 0, NULL },
	{ "certainty", KEY_WORD, F(certainty), "inferred reported official" },
	{ "name_accept", KEY_YESNO, F(name_accept), NULL },
	{ "redistribution", KEY_WORD, F(redistribution),
	  "full summary action_only internal" },
	{ "source_class", KEY_TEXT, F(source_class), NULL },
	{ "licence", KEY_TEXT, F(licence), NULL },
	{ "attribution", KEY_TEXT, F(attribution), NULL },
	{ "prepare", KEY_SPECIAL, 0, NULL },
	{ "map", KEY_TEXT, F(map), NULL },
	{ "vocab", KEY_TEXT, F(vocab), NULL },
	{ "enabled", KEY_YESNO, F(enabled), NULL },
	{ "directory", KEY_LATER, 0, NULL },
	{ "member", KEY_LATER, 0, NULL },
	{ "window", KEY_SPECIAL, 0, NULL },
	{ "max_connections", KEY_LATER, 0, NULL },
	{ "headers", KEY_SPECIAL, 0, NULL },
	{ "credential", KEY_SPECIAL, 0, NULL },
	{ "proxy", KEY_TEXT, F(proxy), NULL },
};

static const struct key guard_keys[] = {
	{ "root", KEY_TEXT, F(guards.root), NULL },
	{ "header", KEY_TEXT, F(guards.header), NULL },
	{ "min_records", KEY_COUNT, F(guards.min_records), NULL },
	{ "max_shrink_pct", KEY_PERCENT, F(guards.max_shrink_pct), NULL },
	{ "max_growth_pct", KEY_PERCENT, F(guards.max_growth_pct), NULL },
	{ "max_reject_pct", KEY_PERCENT, F(guards.max_reject_pct), NULL },
	{ "stale_after", KEY_DURATION, F(guards.stale_after_ms), NULL },
};

static const struct key cursor_keys[] = {
	{ "field", KEY_TEXT, F(cursor.field), NULL },
	{ "parameter", KEY_TEXT, F(cursor.parameter), NULL },
};

static const struct key csv_keys[] = {
	{ "delimiter", KEY_SPECIAL, 0, NULL },
	{ "quote", KEY_SPECIAL, 0, NULL },
	{ "header", KEY_SPECIAL, 0, NULL },
	{ "columns", KEY_SPECIAL, 0, NULL },
	{ "null", KEY_SPECIAL, 0, NULL },
};

_Static_assert(sizeof(enum feed_mode) == sizeof(unsigned),
	       "KEY_WORD stores enums as unsigned");

void
define_complain(struct def *d, unsigned line, struct str key, const char *fmt, ...)
{
	char why[DIAG_WHY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	d->wrong++;
	buf_printf(d->errors, "%.*s:%u: %.*s: %s\n", STR_ARG(d->file), line,
		   STR_ARG(key), why);
}

static void *
field(struct def *d, size_t at)
{
	return (char *)d->f + at;
}

/* Copies of scalars outlive the YAML tree; an empty value stays empty. */
struct str
define_keep(struct def *d, const struct yamlr *n, struct str s)
{
	struct str copy = s.n == 0 ? STR_NONE : arena_str(d->a, s);

	if (s.n > 0 && copy.p == NULL)
		define_complain(d, n->line, n->key, "too much configuration");
	return copy;
}

static void
take_word(struct def *d, const struct key *k, const struct yamlr *n)
{
	struct str rest = str_of(k->words);
	unsigned i = 0;

	while (rest.n > 0) {
		if (str_eq(str_cut(&rest, ' '), n->text)) {
			memcpy(field(d, k->at), &i, sizeof(i));
			return;
		}
		i++;
	}
	define_complain(d, n->line, n->key, "is not one of %s", k->words);
}

static void
take_number(struct def *d, const struct key *k, const struct yamlr *n)
{
	uint64_t max = k->type == KEY_PERCENT ? 1000000 : 1000000000;
	uint64_t v = 0;
	int64_t wide;
	int narrow;

	if (str_to_u64(n->text, max, &v) != ERR_OK) {
		define_complain(d, n->line, n->key, "is not a number up to %u",
			 (unsigned)max);
		return;
	}
	wide = (int64_t)v;
	narrow = (int)v;
	if (k->type == KEY_PERCENT)
		memcpy(field(d, k->at), &narrow, sizeof(narrow));
	else
		memcpy(field(d, k->at), &wide, sizeof(wide));
}

static void
take_unit(struct def *d, const struct key *k, const struct yamlr *n)
{
	int64_t v = 0;
	enum err err = k->type == KEY_SIZE ? yamlr_size(n->text, &v) :
					     yamlr_duration(n->text, &v);

	if (err != ERR_OK)
		define_complain(d, n->line, n->key,
			 k->type == KEY_SIZE ?
			     "is not a size like 64KiB, 10MiB or 4096" :
			     "is not a duration like 30s, 15m, 26h or 7d");
	else
		memcpy(field(d, k->at), &v, sizeof(v));
}

static void
take_scalar(struct def *d, const struct key *k, const struct yamlr *n)
{
	struct str s;
	int yes = 0;

	if (n->type != YAMLR_SCALAR) {
		define_complain(d, n->line, n->key, "is a list or map, not a value");
		return;
	}
	switch (k->type) {
	case KEY_TEXT:
		s = define_keep(d, n, n->text);
		memcpy(field(d, k->at), &s, sizeof(s));
		break;
	case KEY_WORD:
		take_word(d, k, n);
		break;
	case KEY_COUNT:
	case KEY_PERCENT:
		take_number(d, k, n);
		break;
	case KEY_DURATION:
	case KEY_SIZE:
		take_unit(d, k, n);
		break;
	case KEY_YESNO:
		if (yamlr_bool(n->text, &yes) != ERR_OK)
			define_complain(d, n->line, n->key, "is not yes or no");
		else
			memcpy(field(d, k->at), &yes, sizeof(yes));
		break;
	case KEY_SPECIAL:
	case KEY_LATER:
		break;
	}
}

/* A list of texts, or one text alone. */
static void
take_list(struct def *d, const struct yamlr *n, size_t max, struct str **out,
	  size_t *count)
{
	const struct yamlr *item = n->type == YAMLR_SEQ ? n->first : n;
	struct str *v = arena_array(d->a, struct str, max);

	if (v == NULL || n->type == YAMLR_MAP) {
		define_complain(d, n->line, n->key, "is not a list");
		return;
	}
	*count = 0;
	for (; item != NULL; item = item == n ? NULL : item->next) {
		if (item->type != YAMLR_SCALAR || item->text.n == 0) {
			define_complain(d, item->line, n->key, "has an empty item");
			return;
		}
		if (*count == max) {
			define_complain(d, item->line, n->key, "more than %zu", max);
			return;
		}
		v[(*count)++] = define_keep(d, n, item->text);
	}
	*out = v;
}

static void
take_conditional(struct def *d, const struct yamlr *n)
{
	struct str *word = NULL;
	size_t count = 0;

	d->f->cond_etag = 0;
	d->f->cond_last_modified = 0;
	d->f->cond_body_hash = 0;
	if (n->type == YAMLR_SCALAR && str_eq(n->text, S("none")))
		return;
	take_list(d, n, 3, &word, &count);
	for (size_t i = 0; word != NULL && i < count; i++) {
		if (str_eq(word[i], S("etag")))
			d->f->cond_etag = 1;
		else if (str_eq(word[i], S("last_modified")))
			d->f->cond_last_modified = 1;
		else if (str_eq(word[i], S("body_hash")))
			d->f->cond_body_hash = 1;
		else
			define_complain(d, n->line, n->key,
				 "is not etag, last_modified, body_hash");
	}
}

static void
take_prepare(struct def *d, const struct yamlr *n)
{
	struct feed_prepare *p =
	    arena_array(d->a, struct feed_prepare, FEED_PREPARE_MAX);
	struct diag why;

	if (n->type != YAMLR_MAP || p == NULL) {
		define_complain(d, n->line, n->key, "is not a map of field: step");
		return;
	}
	d->f->prepare = p;
	for (const struct yamlr *i = n->first; i != NULL; i = i->next) {
		why = (struct diag){ 0 };
		if (d->f->prepare_count == FEED_PREPARE_MAX) {
			define_complain(d, i->line, i->key, "more than %u steps",
				 FEED_PREPARE_MAX);
			return;
		}
		if (i->type != YAMLR_SCALAR ||
		    prepare_check(i->text, &why) != ERR_OK) {
			define_complain(d, i->line, i->key, "prepare: %s",
				 why.why[0] == 0 ? "is not a step" : why.why);
			continue;
		}
		p[d->f->prepare_count++] = (struct feed_prepare){
			.field = define_keep(d, i, i->key),
			.step = define_keep(d, i, i->text),
		};
	}
}

/* One character, tab or none. */
static void
take_char(struct def *d, const struct yamlr *n, char *out)
{
	if (n->type == YAMLR_SCALAR && str_eq(n->text, S("tab")))
		*out = '\t';
	else if (n->type == YAMLR_SCALAR && str_eq(n->text, S("none")))
		*out = 0;
	else if (n->type == YAMLR_SCALAR && n->text.n == 1 &&
		 *n->text.p > ' ' && *n->text.p < 0x7F)
		*out = *n->text.p;
	else
		define_complain(d, n->line, n->key,
			 "is not one character, tab or none");
}

static void
take_header(struct def *d, const struct yamlr *n)
{
	uint64_t v = 0;

	if (n->type == YAMLR_SCALAR && str_eq(n->text, S("none")))
		d->f->csv.header = 0;
	else if (n->type != YAMLR_SCALAR ||
		 str_to_u64(n->text, HEADER_MAX, &v) != ERR_OK || v == 0)
		define_complain(d, n->line, n->key, "is not none or 1 to %u",
			 HEADER_MAX);
	else
		d->f->csv.header = (unsigned)v;
}

static void
take_nulls(struct def *d, const struct yamlr *n)
{
	struct feed_csv *c = &d->f->csv;

	take_list(d, n, FEED_NULLS_MAX, &c->null, &c->null_count);
	for (size_t i = 0; c->null != NULL && i < c->null_count; i++)
		c->null[i] = str_trim(c->null[i]);
}

static void
take_join(struct def *d, const struct yamlr *n)
{
	struct feed_join *j =
	    arena_array(d->a, struct feed_join, FEED_JOIN_MAX);

	if (n->type != YAMLR_MAP || j == NULL) {
		define_complain(d, n->line, n->key, "is not a map of name: columns");
		return;
	}
	d->f->join = j;
	for (const struct yamlr *i = n->first; i != NULL; i = i->next) {
		struct feed_join *at = &j[d->f->join_count];

		if (d->f->join_count == FEED_JOIN_MAX) {
			define_complain(d, i->line, i->key, "more than %u",
				 FEED_JOIN_MAX);
			return;
		}
		at->name = define_keep(d, i, i->key);
		take_list(d, i, FEED_COLUMNS_MAX, &at->columns.name,
			  &at->columns.count);
		d->f->join_count++;
	}
}

static void take_keys(struct def *d, const struct yamlr *map,
		      const struct key *table, size_t count);

static void
take_special(struct def *d, const struct yamlr *n)
{
	if (str_eq(n->key, S("urls")))
		take_list(d, n, FEED_URLS_MAX, &d->f->urls, &d->f->url_count);
	else if (str_eq(n->key, S("stream")))
		take_list(d, n, 1, &d->f->urls, &d->f->url_count);
	else if (str_eq(n->key, S("record_key")))
		take_list(d, n, FEED_KEYS_MAX, &d->f->record_key,
			  &d->f->record_key_count);
	else if (str_eq(n->key, S("conditional")))
		take_conditional(d, n);
	else if (str_eq(n->key, S("prepare")))
		take_prepare(d, n);
	else if (str_eq(n->key, S("join")))
		take_join(d, n);
	else if (str_eq(n->key, S("delimiter")))
		take_char(d, n, &d->f->csv.delimiter);
	else if (str_eq(n->key, S("quote")))
		take_char(d, n, &d->f->csv.quote);
	else if (str_eq(n->key, S("header")))
		take_header(d, n);
	else if (str_eq(n->key, S("columns")))
		take_list(d, n, FEED_COLUMNS_MAX, &d->f->csv.columns.name,
			  &d->f->csv.columns.count);
	else if (str_eq(n->key, S("null")))
		take_nulls(d, n);
	else if (str_eq(n->key, S("headers")))
		define_headers(d, n);
	else if (str_eq(n->key, S("window")))
		define_window(d, n);
	else if (str_eq(n->key, S("credential")))
		define_credential(d, n);
	else if (n->type != YAMLR_MAP)
		define_complain(d, n->line, n->key, "is not a map");
	else if (str_eq(n->key, S("cursor")))
		take_keys(d, n, cursor_keys,
			  sizeof(cursor_keys) / sizeof(*cursor_keys));
	else if (str_eq(n->key, S("csv")))
		take_keys(d, n, csv_keys,
			  sizeof(csv_keys) / sizeof(*csv_keys));
	else
		take_keys(d, n, guard_keys,
			  sizeof(guard_keys) / sizeof(*guard_keys));
}

static void
take_keys(struct def *d, const struct yamlr *map, const struct key *table,
	  size_t count)
{
	for (const struct yamlr *n = map->first; n != NULL; n = n->next) {
		const struct key *k = NULL;

		for (size_t i = 0; i < count; i++)
			if (str_eq(n->key, str_of(table[i].name)))
				k = &table[i];
		if (k == NULL)
			define_complain(d, n->line, n->key, "is not a key");
		else if (k->type == KEY_LATER)
			define_complain(d, n->line, n->key,
				 "is not available in this version");
		else if (k->type == KEY_SPECIAL)
			take_special(d, n);
		else
			take_scalar(d, k, n);
	}
}

unsigned
define_line(const struct def *d, const char *key)
{
	const struct yamlr *n = yamlr_find(d->root, str_of(key));

	return n == NULL ? 1 : n->line;
}

/*
 * A name relative to the definition as an entry of the bundle: the YAML
 * stands in feeds.d/, so "../vocab/x.tsv" is "vocab/x.tsv".
 */
static struct str
entry_of(struct def *d, const char *key, struct str name)
{
	char path[BUNDLE_NAME_MAX + 1];
	struct str dir = d->file;
	struct str out = STR_NONE;
	int n;

	while (dir.n > 0 && dir.p[dir.n - 1] != '/')
		dir.n--;
	while (str_starts(name, S("../")) && dir.n > 0) {
		name = str_sub(name, 3, name.n);
		dir.n--;
		while (dir.n > 0 && dir.p[dir.n - 1] != '/')
			dir.n--;
	}
	n = snprintf(path, sizeof(path), "%.*s%.*s", STR_ARG(dir),
		     STR_ARG(name));
	if (n > 0 && (size_t)n < sizeof(path))
		out = arena_str(d->a, (struct str){ path, (size_t)n });
	if (out.p == NULL || bundle_find(d->bundle, out).p == NULL)
		define_complain(d, define_line(d, key), str_of(key),
			 "there is no file %.*s", STR_ARG(name));
	return out;
}

void
define_require(struct def *d, const char *key)
{
	if (yamlr_find(d->root, str_of(key)) == NULL)
		define_complain(d, 1, str_of(key), "is required");
}

static void
check(struct def *d)
{
	static const char *const required[] = {
		"name", "container", "record_key",
		"mode", "certainty", "redistribution", "map",
	};
	struct feed *f = d->f;
	struct str base = d->file;

	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		define_require(d, required[i]);
	if (d->f->mode != MODE_STREAM) {
		define_require(d, "urls");
		define_require(d, "interval");
	}
	while (str_find(base, '/') < base.n)
		(void)str_cut(&base, '/');
	base.n -= S(".yaml").n;
	if (f->name.n > 0 && !str_eq(f->name, base))
		define_complain(d, define_line(d, "name"), S("name"),
			 "is not the name of the file");
	if (f->name.n > 0 && !str_is_id(f->name))
		define_complain(d, define_line(d, "name"), S("name"),
			 "is not of A-Z a-z 0-9 _ -");
	if (f->title.n == 0)
		f->title = f->name;
	define_check_where(d);
	define_check_what(d);
	define_check_ways(d);
	if (f->map.n > 0)
		f->map = entry_of(d, "map", f->map);
	if (f->vocab.n > 0)
		f->vocab = entry_of(d, "vocab", f->vocab);
	if (f->guards.stale_after_ms == 0)
		f->guards.stale_after_ms = f->mode == MODE_STREAM ?
					       STREAM_STALE_MS :
					       3 * f->interval_ms;
}

static void
defaults(struct feed *f, struct str file, int verified)
{
	*f = (struct feed){
		.file = file,
		.csv = { .quote = '"', .header = 1 },
		.mode = MODE_SNAPSHOT,
		.baseline = BASELINE_BAD_STATES,
		.timeout_ms = 60000,
		.min_gap_ms = 1000,
		.user_agent = S("creditalarm/1"),
		.cond_etag = 1,
		.cond_last_modified = 1,
		.cond_body_hash = 1,
		.wire_max = 256LL << 20,
		.decoded_max = 1LL << 30,
		.text_max = SPLIT_RECORD_MAX,
		.guards = { .max_shrink_pct = -1,
			    .max_growth_pct = -1,
			    .max_reject_pct = -1 },
		.verified = verified,
		.enabled = verified,
	};
}

/* True when the file gave a whole definition, now at d->f. */
static bool
define_one(struct def *d, struct str text)
{
	struct diag why = { 0 };
	struct yamlr *root = NULL;

	if (yamlr_get(text, d->a, &root, &why) != ERR_OK) {
		define_complain(d, why.line, S("yaml"), "%s", why.why);
		return false;
	}
	d->root = root;
	take_keys(d, root, keys, sizeof(keys) / sizeof(*keys));
	check(d);
	return d->wrong == 0;
}

static bool
is_definition(struct str name, int *verified)
{
	struct str rest = name;

	if (!str_ends(name, S(".yaml")) || !str_starts(name, S("feeds.d/")))
		return false;
	rest = str_sub(rest, S("feeds.d/").n, rest.n);
	*verified = !str_starts(rest, S("unverified/"));
	if (*verified == 0)
		rest = str_sub(rest, S("unverified/").n, rest.n);
	return str_find(rest, '/') == rest.n && rest.n > S(".yaml").n;
}

enum err
feeds_define(const struct bundle *b, struct arena *a, struct feeds *out,
	     struct buf *errors)
{
	struct feeds feeds = { .feed = arena_array(a, struct feed, FEED_MAX) };
	struct str name;
	struct str text;
	unsigned wrong = 0;
	int verified = 0;

	if (feeds.feed == NULL)
		return ERR_CONFIG;
	for (size_t i = 0; bundle_at(b, i, &name, &text) == ERR_OK; i++) {
		struct def d = { .bundle = b, .a = a, .errors = errors };

		if (!is_definition(name, &verified))
			continue;
		d.file = name;
		d.f = &feeds.feed[feeds.count];
		if (feeds.count == FEED_MAX) {
			define_complain(&d, 1, S("name"), "more than %u feeds",
				 FEED_MAX);
			wrong++;
			break;
		}
		defaults(d.f, arena_str(a, name), verified);
		if (define_one(&d, text))
			feeds.count++;
		wrong += d.wrong;
	}
	*out = feeds;
	return wrong == 0 ? ERR_OK : ERR_CONFIG;
}

const struct feed *
feeds_find(const struct feeds *f, struct str name)
{
	for (size_t i = 0; i < f->count; i++)
		if (str_eq(f->feed[i].name, name))
			return &f->feed[i];
	return NULL;
}
