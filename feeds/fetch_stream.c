/*
 * fetch_stream.c - transfers that stay: their lines become documents.
 *
 * The connection is opened with a document of its own, which tells core how
 * that went.  From then on a document is asked for only when there is
 * something to say: whole lines, a heartbeat once in FETCH_BEAT_MS, or the
 * end.  What core did not accept is asked for again from the cursor, so a
 * connection that ends may be forgotten with all it brought and nobody took.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fetch_priv.h"
#include "log.h"

/* A url, '?', the cursor's parameter, '=' and a number. */
#define URL_SIZE_MAX (FEED_URL_MAX + 1 + STR_ID_MAX + 1 + 20)
#define ASK_AGAIN_MS 500
#define SHORT_MS 60000	 /* a connection that brought nothing so long */
#define QUIET_MS 300000	 /* how long a quiet one is given each time */
#define ONCE_MS 2000	 /* --once: silence that ends it */

enum err
stream_connect(struct fetch *f, struct poll *p, struct str cursor,
	       struct instant now)
{
	const struct feed *feed = fetch_feed(f, p->feed);
	struct str base = feed->urls[0];
	uint64_t place = 0;
	struct buf url;
	enum err err;

	p->open_ms = now.mono_ms;
	stream_init(&p->lines, now);
	if (f->record_ms[p->feed] == 0)
		f->record_ms[p->feed] = now.mono_ms;
	buf_init(&url, URL_SIZE_MAX);
	buf_put(&url, base);
	if (str_to_u64(cursor, INT64_MAX, &place) == ERR_OK)
		buf_printf(&url, "%c%.*s=%" PRIu64,
			   str_contains(base, S("?")) ? '&' : '?',
			   STR_ARG(feed->cursor.parameter), place);
	err = url.err;
	if (err == ERR_OK)
		err = fetch_start(f, p, buf_str(&url), now);
	buf_free(&url);
	return err;
}

/* The document at hand ends without one for parse. */
static void
spare(struct fetch *f, struct poll *p, enum poll_verdict verdict,
      struct instant now)
{
	const struct verdict v = { .verdict = verdict,
				   .http = p->http,
				   .bytes = p->bytes,
				   .detail = "" };

	fetch_tell_parse(f, p->doc, false);
	fetch_tell_core(f, p->feed, p->doc, &v);
	p->doc = 0;
	p->bytes = 0;
	p->beat_ms = now.mono_ms;
}

/* Heartbeats and no record for too long: they are no sign of health. */
static bool
quiet(const struct fetch *f, const struct poll *p, struct instant now)
{
	int64_t after = fetch_feed(f, p->feed)->quiet_after_ms;

	return after > 0 && now.mono_ms - f->record_ms[p->feed] > after;
}

void
stream_open(struct fetch *f, struct poll *p, struct instant now)
{
	p->open = true;
	p->open_ms = now.mono_ms;
	p->beat_ms = now.mono_ms;
	stream_restart(&p->lines, now);
	log_op(LOG_INFO, "fetch.stream", "feed=%.*s open=yes",
	       STR_ARG(fetch_feed(f, p->feed)->name));
	/* That it answers does not mend what was refused, or is missing. */
	if ((p->flags & GO_REFUSED) == 0 && !quiet(f, p, now))
		spare(f, p, POLL_UNCHANGED, now);
}

void
stream_over(struct fetch *f, struct poll *p, const char *why,
	    struct instant now)
{
	bool brought = p->slices > 0 || p->lines.lines > 0;

	if (why == NULL && p->open && !brought && !f->role->once &&
	    now.mono_ms - p->open_ms < SHORT_MS)
		why = "closed at once";
	if (!p->open) {
		fetch_fail(f, p, why == NULL ? "closed" : why, now);
		return;
	}
	f->net.cancel(f->net.self, p->conn);
	p->over = true;
	p->failed = why != NULL;
	(void)snprintf(p->why, sizeof(p->why), "%s", why == NULL ? "" : why);
	log_op(LOG_INFO, "fetch.stream", "feed=%.*s open=no why=\"%s\"",
	       STR_ARG(fetch_feed(f, p->feed)->name), p->why);
}

void
stream_bytes(struct fetch *f, struct poll *p, struct str bytes,
	     struct instant now)
{
	struct diag d = { 0 };
	unsigned lines = p->lines.lines;

	if (stream_push(&p->lines, bytes, now, &d) != ERR_OK)
		stream_over(f, p, d.why, now);
	if (p->lines.lines > lines)
		f->record_ms[p->feed] = now.mono_ms;
}

/* Whole lines as one document. */
static void
slice(struct fetch *f, struct poll *p, struct instant now)
{
	bool careful = (p->flags & GO_CAREFUL) != 0;
	unsigned lines = 0;
	struct str bytes = stream_slice(&p->lines,
					careful ? 1 : STREAM_SLICE_LINES,
					&lines);
	char hash[FETCH_HASH_SIZE];
	struct verdict v = { .verdict = POLL_NEW,
			     .http = p->http,
			     .bytes = p->bytes,
			     .detail = "" };

	fetch_hash(bytes, hash);
	p->slice_ms = now.mono_ms + (careful ? 0 : FETCH_SLICE_MS);
	if (careful && str_eq(str_of(hash), buf_str(&p->bad_hash))) {
		stream_taken(&p->lines, bytes, lines);
		spare(f, p, POLL_QUARANTINED, now);
		return;
	}
	if (careful)
		fetch_tell_hash(f, p, str_of(hash));
	if (!fetch_bytes(f, p, bytes)) {
		fetch_fail(f, p, "parse does not listen", now);
		return;
	}
	v.body_hash = str_of(hash);
	fetch_tell_parse(f, p->doc, true);
	fetch_tell_core(f, p->feed, p->doc, &v);
	stream_taken(&p->lines, bytes, lines);
	p->doc = 0;
	p->bytes = 0;
	p->slices++;
	p->beat_ms = now.mono_ms;
}

/* A document is open: says what there is to say. */
static void
deliver(struct fetch *f, struct poll *p, struct instant now)
{
	const struct verdict v = { .verdict = POLL_UNCHANGED,
				   .http = p->http,
				   .bytes = p->bytes,
				   .detail = "" };

	if (p->lines.lines > 0)
		slice(f, p, now);
	else if (p->over && p->failed)
		fetch_fail(f, p, p->why, now);
	else if (p->over)
		fetch_end(f, p, &v, now);
	else
		spare(f, p, POLL_UNCHANGED, now);
}

void
stream_doc(struct fetch *f, struct poll *p, const struct go *g,
	   struct instant now)
{
	p->doc = g->doc;
	p->flags = g->flags;
	p->asked = false;
	buf_clear(&p->bad_hash);
	buf_put(&p->bad_hash, g->bad_hash);
	/* The slice before did not stand: back to the cursor. */
	if ((g->flags & GO_REFUSED) != 0) {
		stream_restart(&p->lines, now);
		stream_over(f, p, "the last records were refused", now);
	}
	deliver(f, p, now);
}

/* Silence, and heartbeats that mean nothing. */
static void
watch(struct fetch *f, struct poll *p, struct instant now)
{
	const struct feed *feed = fetch_feed(f, p->feed);
	int64_t silent = now.mono_ms - p->lines.heard_ms;

	if (f->role->once && silent >= ONCE_MS)
		stream_over(f, p, NULL, now);
	else if (silent >= feed->idle_ms)
		stream_over(f, p, "not even a heartbeat within idle", now);
	else if (quiet(f, p, now) && now.mono_ms - p->open_ms >= QUIET_MS)
		stream_over(f, p, "heartbeats, but no record in quiet_after",
			    now);
}

static void
lower(int64_t *wait_ms, int64_t ms)
{
	if (ms < *wait_ms)
		*wait_ms = ms < 0 ? 0 : ms;
}

/* There is something to say now; else *wait_ms is lowered to when. */
static bool
wants(const struct fetch *f, const struct poll *p, struct instant now,
      int64_t *wait_ms)
{
	int64_t beat = p->beat_ms + FETCH_BEAT_MS;

	if (p->lines.lines > 0) {
		lower(wait_ms, p->slice_ms - now.mono_ms);
		return p->over || now.mono_ms >= p->slice_ms;
	}
	return p->over || (now.mono_ms >= beat &&
			   p->lines.heard_ms > p->beat_ms &&
			   !quiet(f, p, now));
}

/* Silence while it was held was our own. */
static void
hold(struct fetch *f, struct poll *p, struct instant now)
{
	bool full = stream_full(&p->lines);

	if (full == p->held || p->over)
		return;
	p->held = full;
	p->lines.heard_ms = now.mono_ms;
	f->net.hold(f->net.self, p->conn, full);
}

static void
stream_step(struct fetch *f, struct poll *p, struct instant now,
	    int64_t *wait_ms)
{
	struct link *parse = fetch_link(f, PEER_PARSE);

	if (!p->open) {
		if (now.mono_ms - p->open_ms >
		    fetch_feed(f, p->feed)->timeout_ms)
			fetch_fail(f, p, "no answer within timeout", now);
		return;
	}
	hold(f, p, now);
	if (!p->over && p->lines.lines == 0)
		watch(f, p, now);
	if (!wants(f, p, now, wait_ms) || parse == NULL ||
	    link_room(parse) == 0)
		return;
	if (p->doc != 0) {
		deliver(f, p, now);
		lower(wait_ms, 0);
		return;
	}
	lower(wait_ms, ASK_AGAIN_MS);
	if (p->asked && now.mono_ms - p->asked_ms < ASK_AGAIN_MS)
		return;
	p->asked = fetch_ask(f, p->feed);
	p->asked_ms = now.mono_ms;
}

void
streams_step(struct fetch *f, struct instant now, int64_t *wait_ms)
{
	for (size_t i = 0; i < FETCH_POLLS_MAX; i++)
		if (f->poll[i].conn != 0 && f->poll[i].stream)
			stream_step(f, &f->poll[i], now, wait_ms);
}
