/*
 * split_xml.c - the only file that knows libxml2.
 *
 * SAX2 push: no DTD, no entities but the five, no network.  Only the record
 * at hand is a tree, in an arena; it becomes JSON by one rule and is gone.
 * Names are local names, so a moved namespace changes nothing.
 */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "split_priv.h"
#include "xmlgate.h"

#define RECORD_ARENA_SIZE (6u << 20)

struct piece {
	struct str text;
	struct piece *next;
};

struct attr {
	struct str name;
	struct str value;
	struct attr *next;
};

struct node;

/* The children of one name. */
struct group {
	struct str name;
	struct node *first;
	struct node *last;
	size_t count;
	struct group *next;
};

struct node {
	struct node *parent; /* NULL for the record itself */
	struct node *next;   /* of the same group */
	struct group *groups;
	struct group *groups_last;
	struct group *at; /* the group being written */
	unsigned group_count;
	struct attr *attrs;
	struct piece *text;
	struct piece *text_last;
};

struct split_xml {
	struct split_common *common;
	xmlParserCtxtPtr ctxt; /* owned */
	struct xmlgate gate;
	struct arena arena; /* the record at hand */
	struct str step[SPLIT_PATH_MAX];
	unsigned step_count;
	bool anywhere; /* the path began with // */
	unsigned depth;
	unsigned matched; /* leading steps that the open elements match */
	struct node *root;     /* of the record at hand; NULL outside */
	struct node *cur;      /* the innermost open element of it */
	unsigned record_depth; /* 0 outside of records */
	unsigned record_line;
	const char *bad; /* why this record is rejected */
	struct buf json;
	struct buf text;
};

static unsigned
line_of(const struct split_xml *x)
{
	return x->ctxt->input == NULL ? 0 : (unsigned)x->ctxt->input->line;
}

static struct str
xstr(const xmlChar *z)
{
	return str_of((const char *)z);
}

static void
stop(struct split_xml *x)
{
	xmlStopParser(x->ctxt);
}

/* ---- one record as JSON ---- */

static void
put_text(struct split_xml *x, const struct node *n, bool with_key, bool comma)
{
	struct str text;

	buf_clear(&x->text);
	for (const struct piece *p = n->text; p != NULL; p = p->next)
		buf_put(&x->text, p->text);
	text = str_trim(buf_str(&x->text));
	if (with_key && text.n == 0)
		return;
	if (comma)
		buf_byte(&x->json, ',');
	if (with_key)
		buf_put(&x->json, S("\"#text\":"));
	if (text.n == 0)
		buf_put(&x->json, S("null"));
	else
		json_quote(&x->json, text);
}

/* Writes what stands before the children; true when there are none. */
static bool
put_open(struct split_xml *x, struct node *n)
{
	size_t before;

	if (n->parent != NULL && n->attrs == NULL && n->groups == NULL) {
		put_text(x, n, false, false);
		return true;
	}
	buf_byte(&x->json, '{');
	before = x->json.n;
	for (const struct attr *a = n->attrs; a != NULL; a = a->next) {
		buf_put(&x->json, x->json.n > before ? S(",\"@") : S("\"@"));
		buf_put(&x->json, a->name);
		buf_put(&x->json, S("\":"));
		json_quote(&x->json, a->value);
	}
	put_text(x, n, true, x->json.n > before);
	if (n->groups == NULL) {
		buf_byte(&x->json, '}');
		return true;
	}
	if (x->json.n > before)
		buf_byte(&x->json, ',');
	return false;
}

static struct node *
group_open(struct split_xml *x, struct node *n, struct group *g)
{
	n->at = g;
	json_quote(&x->json, g->name);
	buf_byte(&x->json, ':');
	if (g->count > 1)
		buf_byte(&x->json, '[');
	return g->first;
}

/* Walks the tree by its links: depth is not ours to choose. */
static void
put_record(struct split_xml *x, struct node *root)
{
	struct node *n = root;
	bool down = true;

	while (n != NULL) {
		struct node *up = n->parent;

		if (down && !put_open(x, n)) {
			n = group_open(x, n, n->groups);
			continue;
		}
		down = true;
		if (n->next != NULL) {
			buf_byte(&x->json, ',');
			n = n->next;
			continue;
		}
		if (up == NULL)
			return;
		if (up->at->count > 1)
			buf_byte(&x->json, ']');
		if (up->at->next != NULL) {
			buf_byte(&x->json, ',');
			n = group_open(x, up, up->at->next);
			continue;
		}
		buf_byte(&x->json, '}');
		n = up;
		down = false;
	}
}

static void
record_end(struct split_xml *x)
{
	const struct split_sink *sink = x->common->sink;
	enum err err = ERR_OK;

	buf_clear(&x->json);
	if (x->bad == NULL)
		put_record(x, x->root);
	if (x->bad == NULL &&
	    (x->json.err != ERR_OK || x->text.err != ERR_OK))
		x->bad = "record larger than the limit";
	if (x->bad != NULL)
		sink->reject(sink->self, x->record_line, x->bad);
	else
		err = sink->record(sink->self, x->record_line,
				   buf_str(&x->json));
	arena_rewind(&x->arena, 0);
	x->bad = NULL;
	x->root = NULL;
	x->cur = NULL;
	x->record_depth = 0;
	if (err != ERR_OK) {
		(void)split_refuse(x->common, "limit", err, x->record_line,
				   "%s", err_text(err));
		stop(x);
	}
}

/* ---- SAX ---- */

static struct group *
group_of(struct split_xml *x, struct node *parent, struct str name)
{
	struct group *g = parent->groups_last;

	if (g != NULL && str_eq(g->name, name))
		return g;
	for (g = parent->groups; g != NULL; g = g->next)
		if (str_eq(g->name, name))
			return g;
	if (++parent->group_count > SPLIT_NAMES_MAX) {
		x->bad = "too many different children in one element";
		return NULL;
	}
	g = arena_new(&x->arena, struct group);
	if (g == NULL)
		return NULL;
	g->name = name; /* the parser's dictionary keeps it */
	if (parent->groups_last == NULL)
		parent->groups = g;
	else
		parent->groups_last->next = g;
	parent->groups_last = g;
	return g;
}

static void
attrs_add(struct split_xml *x, struct node *n, int count,
	  const xmlChar **attrs)
{
	struct attr *last = NULL;

	for (int i = 0; i < count; i++, attrs += 5) {
		struct str name = xstr(attrs[0]);
		struct attr *a = n->attrs;

		/* xml:lang and lang are one local name: the first stands. */
		while (a != NULL && !str_eq(a->name, name))
			a = a->next;
		if (a != NULL)
			continue;
		a = arena_new(&x->arena, struct attr);
		if (a == NULL)
			break;
		a->name = name;
		a->value = arena_str(
		    &x->arena, (struct str){ (const char *)attrs[3],
					     (size_t)(attrs[4] - attrs[3]) });
		if (a->value.p == NULL)
			break;
		if (last == NULL)
			n->attrs = a;
		else
			last->next = a;
		last = a;
	}
}

static bool
is_record(struct split_xml *x, struct str name)
{
	if (x->anywhere)
		return str_eq(name, x->step[0]);
	if (x->matched == x->depth - 1 && x->matched < x->step_count &&
	    str_eq(name, x->step[x->matched]))
		x->matched++;
	return x->matched == x->step_count && x->depth == x->step_count;
}

static void
node_open(struct split_xml *x, struct str name, int attr_count,
	  const xmlChar **attrs)
{
	struct node *n = arena_new(&x->arena, struct node);
	struct group *g = NULL;

	if (n != NULL && x->cur != NULL)
		g = group_of(x, x->cur, name);
	if (n == NULL || (x->cur != NULL && g == NULL)) {
		if (x->bad == NULL)
			x->bad = "record larger than the limit";
		return;
	}
	n->parent = x->cur;
	if (g != NULL) {
		if (g->first == NULL)
			g->first = n;
		else
			g->last->next = n;
		g->last = n;
		g->count++;
	}
	attrs_add(x, n, attr_count, attrs);
	if (x->cur == NULL)
		x->root = n;
	x->cur = n;
}

static void
on_start(void *self, const xmlChar *local, const xmlChar *prefix,
	 const xmlChar *uri, int ns_count, const xmlChar **ns, int attr_count,
	 int defaulted, const xmlChar **attrs)
{
	struct split_xml *x = self;
	struct str name = xstr(local);
	struct str root = x->common->feed->guards.root;

	(void)prefix, (void)uri, (void)ns_count, (void)ns, (void)defaulted;
	if (x->common->err != ERR_OK)
		return;
	x->depth++;
	if (x->depth == 1 && root.n > 0 && !str_eq(root, name)) {
		(void)split_refuse(x->common, "root", ERR_REFUSED, line_of(x),
				   "document element is %.*s, not %.*s",
				   STR_ARG(str_sub(name, 0, 40)),
				   STR_ARG(root));
		stop(x);
		return;
	}
	/* The parser remembers every name until the document ends. */
	if (xmlDictSize(x->ctxt->dict) > SPLIT_DICT_MAX) {
		(void)split_refuse(x->common, "limit", ERR_LIMIT, line_of(x),
				   "more than %d different names",
				   SPLIT_DICT_MAX);
		stop(x);
		return;
	}
	if (x->record_depth == 0) {
		if (!is_record(x, name))
			return;
		x->record_depth = x->depth;
		x->record_line = line_of(x);
	}
	if (x->bad == NULL)
		node_open(x, name, attr_count, attrs);
}

static void
on_end(void *self, const xmlChar *local, const xmlChar *prefix,
       const xmlChar *uri)
{
	struct split_xml *x = self;

	(void)local, (void)prefix, (void)uri;
	if (x->common->err != ERR_OK)
		return;
	if (x->record_depth == x->depth)
		record_end(x);
	else if (x->record_depth > 0 && x->bad == NULL)
		x->cur = x->cur->parent;
	if (x->matched == x->depth)
		x->matched--;
	x->depth--;
}

static void
on_text(void *self, const xmlChar *text, int n)
{
	struct split_xml *x = self;
	struct piece *p;

	if (x->cur == NULL || x->bad != NULL || n <= 0)
		return;
	p = arena_new(&x->arena, struct piece);
	if (p != NULL)
		p->text = arena_str(&x->arena, (struct str){
						   (const char *)text,
						   (size_t)n });
	if (p == NULL || p->text.p == NULL) {
		x->bad = "record larger than the limit";
		return;
	}
	if (x->cur->text == NULL)
		x->cur->text = p;
	else
		x->cur->text_last->next = p;
	x->cur->text_last = p;
}

/* The gate refuses a DOCTYPE first; this is the second lock. */
static void
on_doctype(void *self, const xmlChar *name, const xmlChar *id,
	   const xmlChar *system)
{
	struct split_xml *x = self;

	(void)name, (void)id, (void)system;
	(void)split_refuse(x->common, "format", ERR_REFUSED, line_of(x),
			   "a DOCTYPE");
	stop(x);
}

/* libxml2 speaks through its return value; nothing goes to stderr. */
static void
on_error(void *self, xmlErrorPtr error)
{
	(void)self, (void)error;
}

/* ---- the splitter ---- */

static void
path_set(struct split_xml *x, struct str path)
{
	x->anywhere = str_starts(path, S("//"));
	while (str_starts(path, S("/")))
		path = str_sub(path, 1, path.n);
	while (path.n > 0 && x->step_count < SPLIT_PATH_MAX)
		x->step[x->step_count++] = str_cut(&path, '/');
}

enum err
split_xml_new(struct split_common *c, struct split_xml **out)
{
	struct split_xml *x = calloc(1, sizeof(*x));
	xmlSAXHandler sax;

	if (x == NULL)
		return ERR_LIMIT;
	x->common = c;
	buf_init(&x->json, SPLIT_RECORD_MAX);
	buf_init(&x->text, SPLIT_RECORD_MAX);
	xmlgate_init(&x->gate);
	path_set(x, c->feed->record);
	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_start;
	sax.endElementNs = on_end;
	sax.characters = on_text;
	sax.ignorableWhitespace = on_text;
	sax.cdataBlock = on_text;
	sax.internalSubset = on_doctype;
	sax.serror = on_error;
	if (arena_init(&x->arena, RECORD_ARENA_SIZE) == ERR_OK)
		x->ctxt = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
	if (x->ctxt == NULL) {
		split_xml_free(x);
		return ERR_LIMIT;
	}
	/* The bytes are UTF-8 by now, whatever the declaration says. */
	(void)xmlCtxtUseOptions(x->ctxt,
				XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	*out = x;
	return ERR_OK;
}

void
split_xml_free(struct split_xml *x)
{
	if (x == NULL)
		return;
	if (x->ctxt != NULL) {
		if (x->ctxt->myDoc != NULL)
			xmlFreeDoc(x->ctxt->myDoc);
		xmlFreeParserCtxt(x->ctxt);
	}
	arena_fini(&x->arena);
	buf_free(&x->json);
	buf_free(&x->text);
	free(x);
}

static enum err
feed_parser(struct split_xml *x, struct str bytes, int last)
{
	const xmlError *error;
	int code = xmlParseChunk(x->ctxt, bytes.p, (int)bytes.n, last);
	struct str why;

	if (x->common->err != ERR_OK)
		return x->common->err;
	if (code == XML_ERR_OK || x->ctxt->wellFormed == 1)
		return ERR_OK;
	error = xmlCtxtGetLastError(x->ctxt);
	why = str_trim(str_of(error == NULL ? "" : error->message));
	return split_refuse(x->common, "format", ERR_INPUT, line_of(x),
			    "not well-formed: %.*s", STR_ARG(why));
}

enum err
split_xml_push(struct split_xml *x, struct str bytes)
{
	struct diag why = { 0 };
	enum err err = xmlgate_push(&x->gate, bytes, &why);

	if (err != ERR_OK)
		return split_refuse(x->common,
				    err == ERR_LIMIT ? "limit" : "format", err,
				    why.line, "%s", why.why);
	return feed_parser(x, bytes, 0);
}

enum err
split_xml_end(struct split_xml *x)
{
	if (!x->gate.seen)
		return split_refuse(x->common, "format", ERR_INPUT, 1,
				    "an empty document");
	return feed_parser(x, S(""), 1);
}
