/*
 * define_ways.c - how a server is come to: headers, credential, proxy, hours.
 */
#include <stdio.h>
#include <string.h>

#include "define_priv.h"
#include "prepare.h"

/* What the transfer itself, or the credential, says. */
static const char *const ours[] = { "host",	   "content-length",
				    "connection",  "transfer-encoding",
				    "accept-encoding", "authorization",
				    "cookie",	   "if-none-match",
				    "if-modified-since" };

static bool
header_name(struct str s)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (s.n == strlen(ours[i]) &&
		    strncasecmp(s.p, ours[i], s.n) == 0)
			return false;
	return str_is_id(s) && str_find(s, '_') == s.n &&
	       !(s.n > 6 && strncasecmp(s.p, "proxy-", 6) == 0);
}

static bool
printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return false;
	return s.n > 0;
}

void
define_headers(struct def *d, const struct yamlr *n)
{
	struct feed *f = d->f;
	char line[FEED_HEADER_SIZE];

	f->headers = arena_array(d->a, struct str, FEED_HEADERS_MAX);
	if (n->type != YAMLR_MAP || f->headers == NULL) {
		define_complain(d, n->line, n->key, "is not a map of names");
		return;
	}
	for (const struct yamlr *i = n->first; i != NULL; i = i->next) {
		int len = snprintf(line, sizeof(line), "%.*s: %.*s",
				   STR_ARG(i->key), STR_ARG(i->text));

		if (f->header_count == FEED_HEADERS_MAX) {
			define_complain(d, i->line, i->key, "more than %u",
					FEED_HEADERS_MAX);
			return;
		}
		if (i->type != YAMLR_SCALAR || !header_name(i->key) ||
		    !printable(i->text) || len < 0 ||
		    (size_t)len >= sizeof(line)) {
			define_complain(d, i->line, i->key,
					"is not a header that may be set");
			continue;
		}
		f->headers[f->header_count++] =
		    define_keep(d, i, (struct str){ line, (size_t)len });
	}
}

/* HH:MM as minutes of the day, or -1. */
static int
minutes(const struct yamlr *n)
{
	uint64_t hour = 0;
	uint64_t minute = 0;

	if (n == NULL || n->type != YAMLR_SCALAR || n->text.n != 5 ||
	    n->text.p[2] != ':' ||
	    str_to_u64(str_sub(n->text, 0, 2), 23, &hour) != ERR_OK ||
	    str_to_u64(str_sub(n->text, 3, 2), 59, &minute) != ERR_OK)
		return -1;
	return (int)(hour * 60 + minute);
}

static bool
known(const struct yamlr *n, const char *const *key, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(n->key, str_of(key[i])))
			return true;
	return false;
}

/* Every key of the map is one of these. */
static bool
only(struct def *d, const struct yamlr *map, const char *const *key,
     size_t count)
{
	bool good = map->type == YAMLR_MAP;

	if (!good)
		define_complain(d, map->line, map->key, "is not a map");
	for (const struct yamlr *n = map->first; good && n != NULL;
	     n = n->next)
		if (!known(n, key, count)) {
			define_complain(d, n->line, n->key, "is not a key");
			return false;
		}
	return good;
}

void
define_window(struct def *d, const struct yamlr *n)
{
	static const char *const key[] = { "zone", "from", "to" };
	const struct yamlr *zone;
	struct feed_window *w = &d->f->window;
	int minute = 0;
	int64_t rest_ms = 0;

	if (!only(d, n, key, 3))
		return;
	zone = yamlr_find(n, S("zone"));
	w->from_min = minutes(yamlr_find(n, S("from")));
	w->to_min = minutes(yamlr_find(n, S("to")));
	if (zone != NULL && zone->type == YAMLR_SCALAR)
		w->zone = define_keep(d, n, zone->text);
	if (w->from_min < 0 || w->to_min < 0 || w->from_min == w->to_min)
		define_complain(d, n->line, n->key,
				"needs from and to as \"HH:MM\", not the same");
	if (prepare_clock(w->zone, 0, &minute, &rest_ms) != ERR_OK)
		define_complain(d, n->line, n->key,
				"needs a zone like Europe/London");
}

static struct str
text_of(struct def *d, const struct yamlr *map, const char *key)
{
	const struct yamlr *n = yamlr_find(map, str_of(key));

	return n == NULL || n->type != YAMLR_SCALAR ?
		   STR_NONE :
		   define_keep(d, n, n->text);
}

void
define_credential(struct def *d, const struct yamlr *n)
{
	static const char *const key[] = { "file", "as", "header" };
	struct feed_credential *c = &d->f->credential;
	struct str as;

	if (!only(d, n, key, 3))
		return;
	c->file = text_of(d, n, "file");
	c->header = text_of(d, n, "header");
	as = text_of(d, n, "as");
	if (str_eq(as, S("user")))
		c->as = CREDENTIAL_USER;
	else if (str_eq(as, S("password")))
		c->as = CREDENTIAL_PASSWORD;
	else if (str_eq(as, S("header")))
		c->as = CREDENTIAL_HEADER;
	else
		define_complain(d, n->line, n->key,
				"needs as: user, password or header");
	if (!printable(c->file) ||
	    (!str_starts(c->file, S("/")) &&
	     str_find(c->file, '/') < c->file.n))
		define_complain(d, n->line, n->key,
				"needs file: a path, or a name beside the "
				"publisher's key");
	if ((c->as == CREDENTIAL_HEADER) != (c->header.n > 0) ||
	    (c->header.n > 0 && !str_eq(c->header, S("Authorization")) &&
	     !header_name(c->header)))
		define_complain(d, n->line, n->key,
				"needs header: with as: header, and only then");
}

void
define_check_ways(struct def *d)
{
	struct feed *f = d->f;

	for (size_t i = 0; f->credential.as != CREDENTIAL_NONE &&
			   i < f->url_count;
	     i++)
		if (!str_starts(f->urls[i], S("https://")))
			define_complain(d, define_line(d, "credential"),
					S("credential"),
					"is never sent in the clear");
	if (f->proxy.n > 0 && (!str_starts(f->proxy, S("http://")) ||
			       str_find(f->proxy, '@') < f->proxy.n ||
			       f->proxy.n > FEED_URL_MAX ||
			       !printable(f->proxy)))
		define_complain(d, define_line(d, "proxy"), S("proxy"),
				"is not http://HOST:PORT");
	if (f->mode == MODE_STREAM && f->window.zone.n > 0)
		define_complain(d, define_line(d, "window"), S("window"),
				"is not for mode stream");
}
