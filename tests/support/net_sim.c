/*
 * net_sim.c - net.h over a table of urls.
 */
#include "net_sim.h"

#include <stdio.h>
#include <stdlib.h>

#define URLS_MAX 64u
#define BODY_MAX (64u << 20)

struct page {
	struct buf url;
	struct buf body;
	struct buf etag;
	int status;
	bool stall;
	int64_t delay_ms;
	size_t break_at; /* SIZE_MAX: never */
	bool stream;
	int64_t retry_ms;
	struct buf query; /* of the last request */
	unsigned requests;
	unsigned unchanged;
};

struct running {
	uint64_t id; /* 0: free */
	struct page *page; /* NULL: nobody serves that url */
	struct buf body;   /* as it was when it was asked for */
	struct buf etag;
	int status;
	int64_t ready_ms;
	int64_t end_ms;
	size_t at;
	int64_t decoded_max;
	bool head_told;
	bool held;
	bool stream; /* more may come */
	const char *hangup; /* it ended: why; NULL: it did not */
};

struct net_sim {
	struct page page[URLS_MAX];
	size_t pages;
	struct running running[NET_TRANSFERS_MAX];
	size_t slice;
};

static struct page *
page_find(const struct net_sim *s, struct str url)
{
	url = str_sub(url, 0, str_find(url, '?'));
	for (size_t i = 0; i < s->pages; i++)
		if (str_eq(buf_str(&s->page[i].url), url))
			return (struct page *)&s->page[i];
	return NULL;
}

static struct page *
page_of(struct net_sim *s, struct str url)
{
	struct page *p = page_find(s, url);

	if (p != NULL)
		return p;
	must(s->pages < URLS_MAX);
	p = &s->page[s->pages++];
	buf_init(&p->url, 4096);
	buf_init(&p->body, BODY_MAX);
	buf_init(&p->etag, 4096);
	buf_init(&p->query, 4096);
	p->retry_ms = TIME_NONE;
	buf_put(&p->url, url);
	p->status = 200;
	p->break_at = SIZE_MAX;
	return p;
}

struct net_sim *
net_sim_new(void)
{
	struct net_sim *s = calloc(1, sizeof(*s));

	must(s != NULL);
	return s;
}

static void
running_free(struct running *r)
{
	buf_free(&r->body);
	buf_free(&r->etag);
	*r = (struct running){ 0 };
}

void
net_sim_free(struct net_sim *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->pages; i++) {
		buf_free(&s->page[i].url);
		buf_free(&s->page[i].body);
		buf_free(&s->page[i].etag);
		buf_free(&s->page[i].query);
	}
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (s->running[i].id != 0)
			running_free(&s->running[i]);
	free(s);
}

void
net_sim_serve(struct net_sim *s, struct str url, struct str bytes)
{
	struct page *p = page_of(s, url);

	buf_clear(&p->body);
	buf_clear(&p->etag);
	buf_put(&p->body, bytes);
	must(p->body.err == ERR_OK);
	p->status = 200;
	p->stall = false;
	p->delay_ms = 0;
	p->break_at = SIZE_MAX;
	p->stream = false;
	p->retry_ms = TIME_NONE;
}

void
net_sim_stall(struct net_sim *s, struct str url)
{
	page_of(s, url)->stall = true;
}

void
net_sim_status(struct net_sim *s, struct str url, int status)
{
	page_of(s, url)->status = status;
}

void
net_sim_etag(struct net_sim *s, struct str url, struct str etag)
{
	struct page *p = page_of(s, url);

	buf_clear(&p->etag);
	buf_put(&p->etag, etag);
}

void
net_sim_delay(struct net_sim *s, struct str url, int64_t ms)
{
	page_of(s, url)->delay_ms = ms;
}

void
net_sim_break(struct net_sim *s, struct str url, size_t n)
{
	page_of(s, url)->break_at = n;
}

void
net_sim_stream(struct net_sim *s, struct str url)
{
	page_of(s, url)->stream = true;
}

void
net_sim_send(struct net_sim *s, struct str url, struct str bytes)
{
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (s->running[i].id != 0 &&
		    s->running[i].page == page_of(s, url))
			buf_put(&s->running[i].body, bytes);
}

void
net_sim_hangup(struct net_sim *s, struct str url, const char *why)
{
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (s->running[i].id != 0 &&
		    s->running[i].page == page_of(s, url)) {
			s->running[i].stream = false;
			s->running[i].hangup = why;
		}
}

struct str
net_sim_query(const struct net_sim *s, struct str url)
{
	const struct page *p = page_find(s, url);

	return p == NULL ? STR_NONE : buf_str(&p->query);
}

void
net_sim_retry(struct net_sim *s, struct str url, int64_t ms)
{
	page_of(s, url)->retry_ms = ms;
}

void
net_sim_slice(struct net_sim *s, size_t n)
{
	s->slice = n;
}

unsigned
net_sim_requests(const struct net_sim *s, struct str url)
{
	const struct page *p = page_find(s, url);

	return p == NULL ? 0 : p->requests;
}

unsigned
net_sim_unchanged(const struct net_sim *s, struct str url)
{
	const struct page *p = page_find(s, url);

	return p == NULL ? 0 : p->unchanged;
}

/* ---- the port ---- */

static enum err
sim_start(void *self, const struct net_request *q, struct instant now)
{
	struct net_sim *s = self;
	struct running *r = NULL;

	for (size_t i = 0; i < NET_TRANSFERS_MAX && r == NULL; i++)
		if (s->running[i].id == 0)
			r = &s->running[i];
	if (r == NULL)
		return ERR_LIMIT;
	*r = (struct running){ .id = q->id,
			       .page = page_find(s, q->url),
			       .status = 404,
			       .ready_ms = now.mono_ms,
			       .end_ms = q->stream ?
					     INT64_MAX :
					     now.mono_ms + q->timeout_ms,
			       .decoded_max = q->stream ? INT64_MAX :
							  q->decoded_max };
	buf_init(&r->body, BODY_MAX);
	buf_init(&r->etag, 4096);
	if (r->page == NULL)
		return ERR_OK;
	r->page->requests++;
	r->stream = r->page->stream;
	buf_clear(&r->page->query);
	buf_put(&r->page->query,
		str_sub(q->url, str_find(q->url, '?') + 1, q->url.n));
	r->status = r->page->status;
	r->ready_ms += r->page->delay_ms;
	buf_put(&r->etag, buf_str(&r->page->etag));
	if (r->status == 200 && q->etag.n > 0 &&
	    str_eq(q->etag, buf_str(&r->etag))) {
		r->status = 304;
		r->page->unchanged++;
		return ERR_OK;
	}
	buf_put(&r->body, buf_str(&r->page->body));
	return ERR_OK;
}

static void
sim_cancel(void *self, uint64_t id)
{
	struct net_sim *s = self;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (id != 0 && s->running[i].id == id)
			running_free(&s->running[i]);
}

static void
sim_hold(void *self, uint64_t id, bool held)
{
	struct net_sim *s = self;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (id != 0 && s->running[i].id == id)
			s->running[i].held = held;
}

static bool
ended(struct running *r, struct net_event *out, enum net_event_type type,
      const char *why)
{
	*out = (struct net_event){ .type = type,
				   .id = r->id,
				   .status = r->status };
	(void)snprintf(out->detail, sizeof(out->detail), "%s", why);
	running_free(r);
	return true;
}

static bool
tell(struct net_sim *s, struct running *r, struct instant now,
     struct net_event *out)
{
	size_t n;

	if (r->id == 0 || r->held)
		return false;
	if (now.mono_ms >= r->end_ms)
		return ended(r, out, NET_FAILED, "timed out");
	if (now.mono_ms < r->ready_ms)
		return false;
	if (!r->head_told) {
		r->head_told = true;
		*out = (struct net_event){ .type = NET_HEAD,
					   .id = r->id,
					   .status = r->status,
					   .etag = buf_str(&r->etag),
					   .retry_ms = r->page == NULL ?
							   TIME_NONE :
							   r->page->retry_ms };
		return true;
	}
	if (r->page != NULL && r->page->stall)
		return false;
	if (r->page != NULL && r->at >= r->page->break_at)
		return ended(r, out, NET_FAILED, "connection reset");
	if (r->at == r->body.n && r->stream)
		return false;
	if (r->at == r->body.n && r->hangup != NULL && r->hangup[0] != 0)
		return ended(r, out, NET_FAILED, r->hangup);
	if (r->at == r->body.n)
		return ended(r, out, NET_DONE, "");
	n = s->slice == 0 || s->slice > NET_CHUNK_MAX ? NET_CHUNK_MAX :
							s->slice;
	if (r->page != NULL && n > r->page->break_at - r->at)
		n = r->page->break_at - r->at;
	*out = (struct net_event){ .type = NET_BYTES,
				   .id = r->id,
				   .status = r->status,
				   .bytes =
				       str_sub(buf_str(&r->body), r->at, n) };
	r->at += out->bytes.n;
	if ((int64_t)r->at > r->decoded_max)
		return ended(r, out, NET_FAILED,
			     "more than decoded_max bytes");
	return true;
}

static enum err
sim_next(void *self, struct instant now, struct net_event *out)
{
	struct net_sim *s = self;

	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (tell(s, &s->running[i], now, out))
			return ERR_OK;
	return ERR_AGAIN;
}

static size_t
sim_fds(void *self, int *fds, size_t max, int64_t *wait_ms)
{
	struct net_sim *s = self;

	(void)fds, (void)max;
	for (size_t i = 0; i < NET_TRANSFERS_MAX; i++)
		if (s->running[i].id != 0 && *wait_ms > 10)
			*wait_ms = 10;
	return 0;
}

struct net
net_sim_port(struct net_sim *s)
{
	return (struct net){ .start = sim_start,
			     .cancel = sim_cancel,
			     .hold = sim_hold,
			     .next = sim_next,
			     .fds = sim_fds,
			     .self = s };
}
