/*
 * conf.c - creditalarm.yaml by the table config.def.
 */
#include "conf.h"

#include "yamlr.h"

enum conf_type { TYPE_TEXT, TYPE_DURATION, TYPE_SIZE, TYPE_COUNT, TYPE_YESNO,
		 TYPE_WORD };

struct row {
	struct str key;
	enum conf_type type;
	struct str dflt;
	struct str min;
	struct str max;
	size_t offset;
	const char *reload;
	bool live; /* changes at a reload */
	struct str prose;
};

#define CONF_LIVE_RELOAD true
#define CONF_LIVE_RESTART false

static const struct row ROWS[] = {
#define CONF(field, type, key, dflt, min, max, reload, prose)                  \
	{ { key, sizeof(key) - 1 },     TYPE_##type,                           \
	  { dflt, sizeof(dflt) - 1 },   { min, sizeof(min) - 1 },              \
	  { max, sizeof(max) - 1 },     offsetof(struct conf, field), #reload, \
	  CONF_LIVE_##reload,           { prose, sizeof(prose) - 1 } },
#include "config.def"
#undef CONF
};
#define ROW_COUNT (sizeof(ROWS) / sizeof(ROWS[0]))

static enum err
number_get(enum conf_type type, struct str s, int64_t *v)
{
	uint64_t u = 0;
	enum err err;

	if (type == TYPE_DURATION)
		return yamlr_duration(s, v);
	if (type == TYPE_SIZE)
		return yamlr_size(s, v);
	err = str_to_u64(s, 1000000000000u, &u);
	*v = (int64_t)u;
	return err;
}

static const char *
example(enum conf_type type)
{
	switch (type) {
	case TYPE_DURATION:
		return "a time with its unit, like 30s or 5m";
	case TYPE_SIZE:
		return "a size like 64KiB or 4096";
	case TYPE_COUNT:
		return "a whole number";
	case TYPE_YESNO:
		return "yes or no";
	case TYPE_TEXT:
	case TYPE_WORD:
	default:
		return "a text";
	}
}

/* Which of the row's words s is; -1: none. */
static int
word_find(const struct row *row, struct str s)
{
	struct str rest = row->min;

	for (int i = 0; rest.n > 0; i++)
		if (str_eq(str_cut(&rest, '|'), s))
			return i;
	return -1;
}

static struct str
word_at(const struct row *row, int i)
{
	struct str rest = row->min;
	struct str word = STR_NONE;

	while (i-- >= 0)
		word = str_cut(&rest, '|');
	return word;
}

/* Stores s at the row's field; the reason it is wrong in d. */
static enum err
value_set(const struct row *row, struct str s, struct arena *a,
	  struct conf *c, struct diag *d)
{
	void *at = (char *)c + row->offset;
	int64_t min = 0;
	int64_t max = 0;
	int64_t v = 0;
	int yes = 0;

	if (row->type == TYPE_YESNO) {
		if (yamlr_bool(s, &yes) != ERR_OK)
			return diag_set(d, ERR_CONFIG, 0, "is not %s",
					example(row->type));
		*(int *)at = yes;
		return ERR_OK;
	}
	if (row->type == TYPE_WORD) {
		yes = word_find(row, s);
		if (yes < 0)
			return diag_set(d, ERR_CONFIG, 0,
					"'%.*s' is not one of %.*s",
					STR_ARG(str_sub(s, 0, 40)),
					STR_ARG(row->min));
		*(int *)at = yes;
		return ERR_OK;
	}
	must(number_get(row->type, row->min, &min) == ERR_OK);
	must(number_get(row->type, row->max, &max) == ERR_OK);
	if (row->type == TYPE_TEXT) {
		v = (int64_t)s.n;
	} else if (number_get(row->type, s, &v) != ERR_OK) {
		return diag_set(d, ERR_CONFIG, 0, "'%.*s' is not %s",
				STR_ARG(str_sub(s, 0, 40)), example(row->type));
	}
	if (v < min || v > max)
		return diag_set(d, ERR_CONFIG, 0, "%s is from %.*s to %.*s",
				row->type == TYPE_TEXT ? "its length" : "it",
				STR_ARG(row->min), STR_ARG(row->max));
	if (row->type == TYPE_TEXT)
		*(struct str *)at = arena_str(a, s);
	else
		*(int64_t *)at = v;
	return ERR_OK;
}

struct reading {
	struct str file;
	struct arena *a;
	struct conf *c;
	struct buf *errors;
	size_t count;
};

static void
complain(struct reading *r, unsigned line, struct str key, const char *why)
{
	if (r->count++ < CONF_ERRORS_MAX)
		buf_printf(r->errors, "%.*s:%u: %.*s: %s\n", STR_ARG(r->file),
			   line, STR_ARG(key), why);
}

static void
take(struct reading *r, struct str key, const struct yamlr *n)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct diag d = { 0 };

		if (!str_eq(ROWS[i].key, key))
			continue;
		if (value_set(&ROWS[i], n->text, r->a, r->c, &d) != ERR_OK)
			complain(r, n->line, key, d.why);
		return;
	}
	complain(r, n->line, key, "there is no such key");
}

/* Keys have at most one dot: a map of scalars, or a map of such maps. */
static void
take_group(struct reading *r, const struct yamlr *group)
{
	for (const struct yamlr *n = group->first; n != NULL; n = n->next) {
		struct diag d = { 0 };
		struct buf key;

		buf_init(&key, 256);
		buf_printf(&key, "%.*s.%.*s", STR_ARG(group->key),
			   STR_ARG(n->key));
		if (n->type != YAMLR_SCALAR)
			complain(r, n->line, buf_str(&key), "is not a value");
		else if (!str_eq(group->key, S("operators")))
			take(r, buf_str(&key), n);
		else if (operators_add(&r->c->operators, n->key, n->text,
				       r->a, &d) != ERR_OK)
			complain(r, n->line, buf_str(&key), d.why);
		buf_free(&key);
	}
}

enum err
conf_get(struct str text, struct str file, struct arena *a, struct conf *out,
	 struct buf *errors)
{
	struct conf c = { 0 };
	struct reading r = { file, a, &c, errors, 0 };
	struct diag d = { 0 };
	struct yamlr *root = NULL;

	for (size_t i = 0; i < ROW_COUNT; i++)
		must(value_set(&ROWS[i], ROWS[i].dflt, a, &c, &d) == ERR_OK);
	if (str_trim(text).n > 0 && yamlr_get(text, a, &root, &d) != ERR_OK) {
		buf_printf(errors, "%.*s:%u: %s\n", STR_ARG(file), d.line,
			   d.why);
		return ERR_CONFIG;
	}
	for (const struct yamlr *n = root == NULL ? NULL : root->first;
	     n != NULL; n = n->next) {
		if (n->type == YAMLR_SCALAR)
			take(&r, n->key, n);
		else if (n->type == YAMLR_MAP)
			take_group(&r, n);
		else
			complain(&r, n->line, n->key, "is not a value");
	}
	if (r.count > CONF_ERRORS_MAX)
		buf_printf(errors, "%.*s: %zu errors in all\n", STR_ARG(file),
			   r.count);
	if (r.count > 0)
		return ERR_CONFIG;
	*out = c;
	return ERR_OK;
}

static bool
same_value(const struct row *row, const struct conf *a, const struct conf *b)
{
	const void *x = (const char *)a + row->offset;
	const void *y = (const char *)b + row->offset;

	switch (row->type) {
	case TYPE_TEXT:
		return str_eq(*(const struct str *)x, *(const struct str *)y);
	case TYPE_DURATION:
	case TYPE_SIZE:
	case TYPE_COUNT:
		return *(const int64_t *)x == *(const int64_t *)y;
	case TYPE_YESNO:
	case TYPE_WORD:
	default:
		return *(const int *)x == *(const int *)y;
	}
}

enum err
conf_kept(const struct conf *now, const struct conf *next, struct str file,
	  struct buf *errors)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (ROWS[i].live || same_value(&ROWS[i], now, next))
			continue;
		buf_printf(errors, "%.*s: %.*s: changes only at a restart\n",
			   STR_ARG(file), STR_ARG(ROWS[i].key));
		err = ERR_CONFIG;
	}
	return err;
}

static void
put_text(struct buf *b, struct str s)
{
	buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_byte(b, '\\');
		buf_byte(b, (uint8_t)s.p[i]);
	}
	buf_byte(b, '"');
}

static void
put_value(struct buf *b, const struct row *row, const struct conf *c)
{
	const void *at = (const char *)c + row->offset;

	switch (row->type) {
	case TYPE_TEXT:
		put_text(b, *(const struct str *)at);
		break;
	case TYPE_DURATION:
		buf_printf(b, "%lldms", (long long)*(const int64_t *)at);
		break;
	case TYPE_SIZE:
	case TYPE_COUNT:
		buf_printf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	case TYPE_WORD:
		buf_put(b, word_at(row, *(const int *)at));
		break;
	case TYPE_YESNO:
	default:
		buf_put(b, *(const int *)at ? S("yes") : S("no"));
		break;
	}
}

void
conf_put(struct buf *b, const struct conf *c)
{
	struct str group = STR_NONE;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct str rest = ROWS[i].key;
		struct str head = str_cut(&rest, '.');
		const char *indent = rest.n > 0 ? "  " : "";

		if (rest.n > 0 && !str_eq(head, group))
			buf_printf(b, "%.*s:\n", STR_ARG(head));
		group = rest.n > 0 ? head : STR_NONE;
		buf_printf(b, "%s# %.*s (%.*s%s%.*s, %s)\n", indent,
			   STR_ARG(ROWS[i].prose), STR_ARG(ROWS[i].min),
			   ROWS[i].max.n > 0 ? " to " : "",
			   STR_ARG(ROWS[i].max), ROWS[i].reload);
		buf_printf(b, "%s%.*s: ", indent,
			   STR_ARG(rest.n > 0 ? rest : head));
		put_value(b, &ROWS[i], c);
		buf_byte(b, '\n');
	}
	operators_put(b, &c->operators);
}
