/*
 * yamlr.c - the only file that knows libyaml.
 */
#include "yamlr.h"

#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	struct arena *a;
	struct diag *d;
	size_t nodes;
};

static unsigned
line_of(const yaml_event_t *ev)
{
	return (unsigned)ev->start_mark.line + 1;
}

/* The next event; the caller deletes it. */
static enum err
next_event(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev) == 0)
		return diag_set(r->d, ERR_CONFIG,
				(unsigned)r->parser.problem_mark.line + 1,
				"not YAML: %s",
				r->parser.problem == NULL ?
				    "cannot be read" :
				    r->parser.problem);
	return ERR_OK;
}

static enum err
expect_event(struct reader *r, yaml_event_type_t type, const char *what)
{
	yaml_event_t ev;
	enum err err = next_event(r, &ev);

	if (err != ERR_OK)
		return err;
	if (ev.type != type)
		err = diag_set(r->d, ERR_CONFIG, line_of(&ev), "%s", what);
	yaml_event_delete(&ev);
	return err;
}

/* NULL: there are too many, a matter of ERR_CONFIG. */
static struct yamlr *
node_new(struct reader *r, const yaml_event_t *ev)
{
	struct yamlr *n = arena_new(r->a, struct yamlr);

	if (n == NULL || ++r->nodes > YAMLR_NODES_MAX) {
		(void)diag_set(r->d, ERR_CONFIG, line_of(ev),
			       "more than %u values", YAMLR_NODES_MAX);
		return NULL;
	}
	n->line = line_of(ev);
	return n;
}

/* One line of text: what is told of a value goes into logs and back into a
 * file, and nothing of ours needs more. */
static bool
one_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return false;
		/* C1 controls; line and paragraph separators. */
		if (c == 0xC2 && (uint8_t)s.p[i + 1] < 0xA0)
			return false;
		if (c == 0xE2 && (uint8_t)s.p[i + 1] == 0x80 &&
		    ((uint8_t)s.p[i + 2] & 0xFE) == 0xA8)
			return false;
	}
	return true;
}

static enum err
scalar_get(struct reader *r, const yaml_event_t *ev, struct yamlr *n)
{
	struct str s = { (const char *)ev->data.scalar.value,
			 ev->data.scalar.length };

	if (ev->data.scalar.anchor != NULL || ev->data.scalar.tag != NULL)
		return diag_set(r->d, ERR_CONFIG, line_of(ev),
				"anchors and tags are not used here");
	if (s.n > YAMLR_TEXT_MAX || !str_utf8(s))
		return diag_set(r->d, ERR_CONFIG, line_of(ev),
				"value too long or not UTF-8");
	if (!one_line(s))
		return diag_set(r->d, ERR_CONFIG, line_of(ev),
				"value with a line break or control character");
	n->type = YAMLR_SCALAR;
	n->quoted = ev->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		    ev->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	n->text = arena_str(r->a, s);
	return n->text.p == NULL ? ERR_LIMIT : ERR_OK;
}

/* Fills n from the event that starts it (scalar, map or sequence). */
static enum err
node_start(struct reader *r, const yaml_event_t *ev, struct yamlr *n)
{
	switch ((int)ev->type) {
	case YAML_SCALAR_EVENT:
		return scalar_get(r, ev, n);
	case YAML_MAPPING_START_EVENT:
		n->type = YAMLR_MAP;
		if (ev->data.mapping_start.anchor == NULL &&
		    ev->data.mapping_start.tag == NULL)
			return ERR_OK;
		break;
	case YAML_SEQUENCE_START_EVENT:
		n->type = YAMLR_SEQ;
		if (ev->data.sequence_start.anchor == NULL &&
		    ev->data.sequence_start.tag == NULL)
			return ERR_OK;
		break;
	default:
		break;
	}
	return diag_set(r->d, ERR_CONFIG, line_of(ev),
			"aliases, anchors and tags are not used here");
}

/* One open collection while reading; children are appended behind last. */
struct level {
	struct yamlr *node;
	struct yamlr *last;
	struct str key; /* waiting for its value */
	int has_key;
};

static enum err
append(struct reader *r, struct level *top, struct yamlr *n)
{
	if (top->node->type == YAMLR_MAP) {
		n->key = top->key;
		top->has_key = 0;
		if (yamlr_find(top->node, n->key) != NULL)
			return diag_set(r->d, ERR_CONFIG, n->line,
					"%.*s: given twice", STR_ARG(n->key));
	}
	if (top->last == NULL)
		top->node->first = n;
	else
		top->last->next = n;
	top->last = n;
	return ERR_OK;
}

/* Takes a map's key; *taken tells whether the event was one. */
static enum err
key_get(struct reader *r, struct level *top, const yaml_event_t *ev,
	int *taken)
{
	struct yamlr key = { 0 };
	enum err err;

	*taken = 0;
	if (top->node->type != YAMLR_MAP || top->has_key)
		return ERR_OK;
	if (ev->type != YAML_SCALAR_EVENT)
		return diag_set(r->d, ERR_CONFIG, line_of(ev),
				"a key must be a plain word");
	err = scalar_get(r, ev, &key);
	top->key = key.text;
	top->has_key = 1;
	*taken = 1;
	return err;
}

static enum err
take(struct reader *r, struct level *stack, size_t *depth,
     const yaml_event_t *ev)
{
	struct level *top = &stack[*depth];
	struct yamlr *n;
	int taken = 0;
	enum err err;

	if (ev->type == YAML_MAPPING_END_EVENT ||
	    ev->type == YAML_SEQUENCE_END_EVENT) {
		(*depth)--;
		return ERR_OK;
	}
	err = key_get(r, top, ev, &taken);
	if (err != ERR_OK || taken)
		return err;
	n = node_new(r, ev);
	if (n == NULL)
		return ERR_CONFIG;
	err = node_start(r, ev, n);
	if (err == ERR_OK)
		err = append(r, top, n);
	if (err != ERR_OK || n->type == YAMLR_SCALAR)
		return err;
	if (++*depth > YAMLR_DEPTH_MAX)
		return diag_set(r->d, ERR_CONFIG, line_of(ev),
				"nested deeper than %u", YAMLR_DEPTH_MAX);
	stack[*depth] = (struct level){ .node = n };
	return ERR_OK;
}

/* Everything inside the root map, whose start event has been read. */
static enum err
body_get(struct reader *r, struct yamlr *root)
{
	struct level stack[YAMLR_DEPTH_MAX + 1] = { { .node = root } };
	size_t depth = 1; /* stack[0] is below the root and never used up */
	enum err err = ERR_OK;

	stack[1] = (struct level){ .node = root };
	while (err == ERR_OK && depth > 0) {
		yaml_event_t ev;

		err = next_event(r, &ev);
		if (err != ERR_OK)
			break;
		err = take(r, stack, &depth, &ev);
		yaml_event_delete(&ev);
	}
	return err;
}

static enum err
document_get(struct reader *r, struct yamlr **out)
{
	static const char one_map[] =
	    "the document must be one map of keys and values";
	yaml_event_t ev;
	struct yamlr *root = NULL;
	enum err err;

	err = expect_event(r, YAML_STREAM_START_EVENT, one_map);
	if (err == ERR_OK)
		err = expect_event(r, YAML_DOCUMENT_START_EVENT, one_map);
	if (err == ERR_OK)
		err = next_event(r, &ev);
	if (err != ERR_OK)
		return err;
	if (ev.type != YAML_MAPPING_START_EVENT)
		err = diag_set(r->d, ERR_CONFIG, line_of(&ev), "%s", one_map);
	else
		root = node_new(r, &ev);
	if (err == ERR_OK)
		err = root == NULL ? ERR_CONFIG : node_start(r, &ev, root);
	yaml_event_delete(&ev);
	if (err == ERR_OK)
		err = body_get(r, root);
	if (err == ERR_OK)
		err = expect_event(r, YAML_DOCUMENT_END_EVENT, one_map);
	if (err == ERR_OK)
		err = expect_event(r, YAML_STREAM_END_EVENT,
				   "a second document is not read");
	if (err == ERR_OK)
		*out = root;
	return err;
}

enum err
yamlr_get(struct str text, struct arena *a, struct yamlr **out,
	  struct diag *d)
{
	struct reader r = { .a = a, .d = d };
	enum err err;

	if (yaml_parser_initialize(&r.parser) == 0)
		return ERR_LIMIT;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)(text.p == NULL ? "" : text.p),
	    text.n);
	err = document_get(&r, out);
	yaml_parser_delete(&r.parser);
	return err;
}

const struct yamlr *
yamlr_find(const struct yamlr *map, struct str key)
{
	for (const struct yamlr *n = map->first; n != NULL; n = n->next)
		if (str_eq(n->key, key))
			return n;
	return NULL;
}

struct unit {
	const char *name;
	int64_t factor;
};

static enum err
with_unit(struct str s, const struct unit *unit, int64_t *out)
{
	size_t digits = 0;
	uint64_t v = 0;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (str_to_u64(str_sub(s, 0, digits), 1000000000000u, &v) != ERR_OK)
		return ERR_CONFIG;
	for (; unit->name != NULL; unit++)
		if (str_eq(str_sub(s, digits, s.n), str_of(unit->name)))
			return __builtin_mul_overflow((int64_t)v, unit->factor,
						      out) ?
				   ERR_CONFIG :
				   ERR_OK;
	return ERR_CONFIG;
}

enum err
yamlr_duration(struct str s, int64_t *ms)
{
	static const struct unit units[] = {
		{ "ms", 1 },	     { "s", 1000 },	{ "m", 60000 },
		{ "h", 3600000 },    { "d", 86400000 }, { NULL, 0 },
	};

	return with_unit(s, units, ms);
}

enum err
yamlr_size(struct str s, int64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },	       { "KiB", 1 << 10 },
		{ "MiB", 1 << 20 },    { "GiB", 1 << 30 },
		{ NULL, 0 },
	};

	return with_unit(s, units, bytes);
}

enum err
yamlr_bool(struct str s, int *v)
{
	if (!str_eq(s, S("yes")) && !str_eq(s, S("no")))
		return ERR_CONFIG;
	*v = str_eq(s, S("yes"));
	return ERR_OK;
}
