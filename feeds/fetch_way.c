/*
 * fetch_way.c - one request: the address, and everything that goes with it.
 *
 * The key of a source is in this role's bundle as credential/FEED and goes
 * from there into the request and nowhere else.
 */
#include <stdio.h>
#include <string.h>

#include "fetch_priv.h"

#define SECRET_SIZE (FEED_CREDENTIAL_MAX + 80u)

_Static_assert(FEED_CREDENTIAL_MAX == 1024, "net_curl.c keeps no more");

/* Fills r from the feed's key; a header is put together in line. */
static enum err
credential(const struct fetch *f, const struct feed *feed,
	   struct net_request *r, char line[SECRET_SIZE])
{
	const struct feed_credential *c = &feed->credential;
	char name[BUNDLE_NAME_MAX + 1];
	struct str key;

	if (c->as == CREDENTIAL_NONE)
		return ERR_OK;
	(void)snprintf(name, sizeof(name), "credential/%.*s",
		       STR_ARG(feed->name));
	key = bundle_find(f->role->bundle, str_of(name));
	if (key.n == 0)
		return ERR_ABSENT;
	if (c->as == CREDENTIAL_HEADER) {
		(void)snprintf(line, SECRET_SIZE, "%.*s: %.*s",
			       STR_ARG(c->header), STR_ARG(key));
		r->secret = str_of(line);
		return ERR_OK;
	}
	r->password = key;
	r->user = c->as == CREDENTIAL_USER ? key :
					     str_cut(&r->password, ':');
	if (c->as == CREDENTIAL_USER)
		r->password = STR_NONE;
	return ERR_OK;
}

enum err
fetch_start(struct fetch *f, struct poll *p, struct str url,
	    struct instant now)
{
	const struct feed *feed = fetch_feed(f, p->feed);
	struct net_request r = {
		.id = p->conn,
		.url = url,
		.user_agent = feed->user_agent,
		.headers = feed->headers,
		.header_count = feed->header_count,
		.proxy = feed->proxy,
		.timeout_ms = feed->timeout_ms,
		.wire_max = feed->wire_max,
		.decoded_max = feed->decoded_max,
		.allow_private = feed->allow_private,
		.stream = p->stream,
	};
	char name[BUNDLE_NAME_MAX + 1];
	char line[SECRET_SIZE];
	enum err err;

	/* Validators belong to one response: with more urls there are more. */
	if (feed->cond_etag && feed->url_count == 1)
		r.etag = buf_str(&p->old_etag);
	if (feed->cond_last_modified && feed->url_count == 1)
		r.last_modified = buf_str(&p->old_last_modified);
	p->conditional = r.etag.n > 0 || r.last_modified.n > 0;
	if (feed->ca_file.n > 0) {
		(void)snprintf(name, sizeof(name), "ca/%.*s",
			       STR_ARG(feed->ca_file));
		r.ca_pem = bundle_find(f->role->bundle, str_of(name));
	}
	err = credential(f, feed, &r, line);
	if (err == ERR_OK)
		err = f->net.start(f->net.self, &r, now);
	explicit_bzero(line, sizeof(line));
	return err;
}
