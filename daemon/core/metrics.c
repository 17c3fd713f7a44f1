/*
 * metrics.c - counters as OpenMetrics text, and whether we are ready.
 *
 * The text names feeds, never obligors, exporters or subscribers.
 */
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

struct state {
	struct feed_state f;
	const char *word;
};

/* The family's head; counters' samples end in _total. */
static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# TYPE creditalarm_%s %s\n# HELP creditalarm_%s %s\n",
		   name, type, name, help);
}

static void
counter(struct buf *b, const char *name, uint64_t v, const char *help)
{
	family(b, name, "counter", help);
	buf_printf(b, "creditalarm_%s_total %" PRIu64 "\n", name, v);
}

static void
labelled(struct buf *b, const char *name, const char *label, uint64_t v)
{
	buf_printf(b, "creditalarm_%s_total{%s} %" PRIu64 "\n", name, label, v);
}

/* Milliseconds as OpenMetrics wants times: seconds. */
static void
seconds(struct buf *b, int64_t ms)
{
	buf_printf(b, " %" PRId64 ".%03d\n", ms / 1000, (int)(ms % 1000));
}

static void
counters(struct buf *b, const struct core *c)
{
	const struct counters *n = &c->count;

	family(b, "polls", "counter", "Polls of feeds, by how they ended.");
	labelled(b, "polls", "result=\"good\"", n->polls - n->polls_failed);
	labelled(b, "polls", "result=\"failed\"", n->polls_failed);
	family(b, "documents", "counter", "Documents, by verdict.");
	labelled(b, "documents", "verdict=\"accepted\"", n->docs_accepted);
	labelled(b, "documents", "verdict=\"refused\"", n->docs_refused);
	labelled(b, "documents", "verdict=\"unchanged\"", n->docs_unchanged);
	family(b, "items", "counter", "Records that became notices or not.");
	labelled(b, "items", "result=\"notice\"", n->notices);
	labelled(b, "items", "result=\"rejected\"", n->notices_rejected);
	counter(b, "commits", n->commits, "Transactions of the store.");
	counter(b, "store_errors", n->store_errors, "Failures of the store.");
	counter(b, "controls", n->controls, "Operators' requests.");
	family(b, "book_drops", "counter", "Imports of book.directory.");
	labelled(b, "book_drops", "result=\"ok\"", n->books_taken);
	labelled(b, "book_drops", "result=\"rejected\"", n->books_rejected);
	family(b, "book_drop_seconds", "gauge",
	       "How long the last one kept core busy.");
	buf_printf(b, "creditalarm_book_drop_seconds");
	seconds(b, n->book_ms);
}

static void
gauge(struct buf *b, const char *name, uint64_t v, const char *help)
{
	family(b, name, "gauge", help);
	buf_printf(b, "creditalarm_%s %" PRIu64 "\n", name, v);
}

static void
index_put(struct buf *b, const struct core *c, struct instant now)
{
	const struct index *x = &c->index;
	struct index_tale t = index_tell(c, now);

	gauge(b, "index_names", t.names.segment_names,
	      "Names in the index segment.");
	gauge(b, "index_delta_names", t.names.delta_names,
	      "Names added or changed since it was built.");
	gauge(b, "index_whole", t.whole, "1 while it knows all of the book.");
	family(b, "index_builds", "counter", "Builds, by how they ended.");
	labelled(b, "index_builds", "result=\"ok\"", x->built);
	labelled(b, "index_builds", "result=\"failed\"", x->failed);
	gauge(b, "index_last_build_ok", !x->last_failed,
	      "0 when the last build failed.");
	if (x->build_ms >= 0) {
		family(b, "index_build_seconds", "gauge",
		       "How long the last good build took.");
		buf_printf(b, "creditalarm_index_build_seconds");
		seconds(b, x->build_ms);
	}
	if (t.age_ms >= 0) {
		family(b, "index_age_seconds", "gauge",
		       "How old the segment is.");
		buf_printf(b, "creditalarm_index_age_seconds");
		seconds(b, t.age_ms);
	}
}

static const int64_t BOUND_MS[LATENCY_BOUNDS - 1] = { 10,   50,	 200,  1000,
						      5000, 30000, 300000 };

void
metrics_latency(struct latency *l, int64_t ms)
{
	size_t i = 0;

	/* The wall clock went back, or stands still. */
	if (ms < 0)
		ms = 0;
	while (i < LATENCY_BOUNDS - 1 && ms > BOUND_MS[i])
		i++;
	l->bucket[i]++;
	l->count++;
	l->sum_ms += ms;
}

void
metrics_poll(struct core *c, const struct doc *d, struct instant now)
{
	struct feed_count *n = &c->watch[d->feed].count;
	bool refused = d->doc_verdict == DOC_REFUSED;
	enum fetched how = d->poll_verdict == POLL_UNCHANGED ?
			       FETCHED_UNCHANGED :
			   d->poll_verdict == POLL_QUARANTINED ?
			       FETCHED_QUARANTINED :
			   d->poll_verdict == POLL_FAILED ? FETCHED_FAILED :
			   refused			  ? FETCHED_REFUSED :
							    FETCHED_NEW;

	n->fetched[how]++;
	n->bytes += d->bytes;
	n->polls++;
	n->poll_ms += now.mono_ms - d->begun_ms;
	if (d->poll_verdict != POLL_NEW)
		return;
	n->records += d->records;
	n->rejects += d->rejects;
	if (refused)
		return;
	n->notices += d->notices;
	n->unknown += d->unknown;
	if (d->notices > 0)
		metrics_latency(&c->stored, now.mono_ms - d->begun_ms);
}

static void
label_feed(struct buf *b, const char *name, struct str feed)
{
	/* A feed's name is a word of letters, digits and '-': no escaping. */
	buf_printf(b, "creditalarm_%s{feed=\"%.*s\"}", name, STR_ARG(feed));
}

enum gauge { LAST_GOOD, RECORDS, FAILURES, FRESH, STALE, QUARANTINED, GAUGES };

static const struct {
	const char *name;
	const char *help;
} GAUGE[GAUGES] = {
	[LAST_GOOD] = { "feed_last_success_timestamp_seconds",
			"When the feed was last good." },
	[RECORDS] = { "feed_records", "Records of its last good document." },
	[FAILURES] = { "feed_failures", "Failures in a row." },
	[FRESH] = { "feed_fresh", "1 when its state can be relied on." },
	[STALE] = { "feed_stale", "1 when it was silent for too long." },
	[QUARANTINED] = { "feed_quarantined",
			  "1 while a document that kills parse is not read." },
};

static void
gauge_put(struct buf *b, enum gauge g, struct str feed, const struct state *s)
{
	if (g == LAST_GOOD && s->f.last_good_ms == TIME_NONE)
		return;
	label_feed(b, GAUGE[g].name, feed);
	if (g == LAST_GOOD)
		seconds(b, s->f.last_good_ms);
	else if (g == RECORDS)
		buf_printf(b, " %" PRId64 "\n", s->f.records);
	else if (g == FAILURES)
		buf_printf(b, " %d\n", s->f.failures);
	else
		buf_printf(b, " %d\n",
			   strcmp(s->word, g == FRESH ? "ok" :
					   g == STALE ? "stale" :
							"quarantined") == 0);
}

/* ---- counters by feed ---- */

enum per_feed { FETCHED, BYTES, ITEMS, POLLS, PER_FEED };

static const struct {
	const char *name;
	const char *type;
	const char *help;
} FAMILY[PER_FEED] = {
	[FETCHED] = { "feed_fetch", "counter", "Polls, by how they ended." },
	[BYTES] = { "feed_bytes", "counter", "Bytes of bodies, unpacked." },
	[ITEMS] = { "feed_items", "counter",
		    "Records read, and what came of them." },
	[POLLS] = { "feed_fetch_duration_seconds", "summary",
		    "From the permission to poll to the decision." },
};

static void
by_word(struct buf *b, const char *name, struct str feed, const char *word,
	uint64_t v)
{
	buf_printf(b,
		   "creditalarm_%s_total{feed=\"%.*s\",result=\"%s\"} %" PRIu64
		   "\n",
		   name, STR_ARG(feed), word, v);
}

static void
per_feed_put(struct buf *b, enum per_feed p, struct str feed,
	     const struct feed_count *n)
{
	static const char *const how[FETCHED_COUNT] = {
		[FETCHED_NEW] = "new",
		[FETCHED_UNCHANGED] = "unchanged",
		[FETCHED_FAILED] = "failed",
		[FETCHED_REFUSED] = "refused",
		[FETCHED_QUARANTINED] = "quarantined",
	};
	const char *name = FAMILY[p].name;

	if (p == FETCHED) {
		for (int i = 0; i < FETCHED_COUNT; i++)
			by_word(b, name, feed, how[i], n->fetched[i]);
	} else if (p == BYTES) {
		buf_printf(b, "creditalarm_%s_total{feed=\"%.*s\"} %" PRIu64
			      "\n", name, STR_ARG(feed), n->bytes);
	} else if (p == ITEMS) {
		by_word(b, name, feed, "record", n->records);
		by_word(b, name, feed, "notice", n->notices);
		by_word(b, name, feed, "reject", n->rejects);
		by_word(b, name, feed, "unknown", n->unknown);
	} else {
		buf_printf(b, "creditalarm_%s_count{feed=\"%.*s\"} %" PRIu64
			      "\ncreditalarm_%s_sum{feed=\"%.*s\"}",
			   name, STR_ARG(feed), n->polls, name,
			   STR_ARG(feed));
		seconds(b, n->poll_ms);
	}
}

static void
latency_put(struct buf *b, const char *stage, const struct latency *l)
{
	uint64_t below = 0;

	for (size_t i = 0; i < LATENCY_BOUNDS - 1; i++) {
		below += l->bucket[i];
		buf_printf(b,
			   "creditalarm_alert_latency_seconds_bucket{"
			   "stage=\"%s\",le=\"%d.%03d\"} %" PRIu64 "\n",
			   stage, (int)(BOUND_MS[i] / 1000),
			   (int)(BOUND_MS[i] % 1000), below);
	}
	buf_printf(b,
		   "creditalarm_alert_latency_seconds_bucket{stage=\"%s\","
		   "le=\"+Inf\"} %" PRIu64 "\n"
		   "creditalarm_alert_latency_seconds_count{stage=\"%s\"} "
		   "%" PRIu64 "\n"
		   "creditalarm_alert_latency_seconds_sum{stage=\"%s\"}",
		   stage, l->count, stage, l->count, stage);
	seconds(b, l->sum_ms);
}

/* One family after the other, as the format wants. */
static void
families_put(struct buf *b, const struct core *c, const struct state *state)
{
	for (int g = 0; g < GAUGES + PER_FEED; g++) {
		unsigned told = 0;
		int p = g - GAUGES;

		if (p < 0)
			family(b, GAUGE[g].name, "gauge", GAUGE[g].help);
		else
			family(b, FAMILY[p].name, FAMILY[p].type,
			       FAMILY[p].help);
		for (size_t i = 0; i < c->feeds.count; i++) {
			struct str name = c->feeds.feed[i].name;

			if (!c->feeds.feed[i].enabled ||
			    told++ >= METRICS_FEEDS_MAX)
				continue;
			if (p < 0)
				gauge_put(b, (enum gauge)g, name, &state[i]);
			else
				per_feed_put(b, (enum per_feed)p, name,
					     &c->watch[i].count);
		}
	}
	family(b, "alert_latency_seconds", "histogram",
	       "stored: from the permission to poll to the decision; told: "
	       "from the decision to open for subscribers.");
	latency_put(b, "stored", &c->stored);
	latency_put(b, "told", &c->told);
}

/* The state of every feed; counts the enabled and the fresh. */
static enum err
feeds_put(struct buf *b, struct core *c, struct instant now, int *enabled,
	  int *fresh)
{
	static struct state state[FEED_MAX];
	struct arena a;
	enum err err = arena_init(&a, 1u << 20);

	for (size_t i = 0; err == ERR_OK && i < c->feeds.count; i++) {
		struct state *s = &state[i];

		*s = (struct state){ 0 };
		err = feedstate_get(c, c->feeds.feed[i].name, &a, &s->f);
		s->word = watch_word(c, i, &s->f, now);
		*enabled += c->feeds.feed[i].enabled != 0;
		*fresh += strcmp(s->word, "ok") == 0;
	}
	if (err == ERR_OK)
		families_put(b, c, state);
	arena_fini(&a);
	return err;
}

void
metrics_tell(struct core *c, struct instant now)
{
	struct link *web = c->role->link[PEER_WEB];
	struct buf text;
	struct buf frame;
	int enabled = 0;
	int fresh = 0;
	const char *why = "";

	if (web == NULL || link_pending(web) || now.mono_ms < c->metrics_ms)
		return;
	c->metrics_ms = now.mono_ms + METRICS_TELL_MS;
	buf_init(&text, METRICS_TEXT_MAX);
	buf_init(&frame, METRICS_TEXT_MAX + 256);
	family(&text, "build", "info", "What runs.");
	buf_printf(&text, "creditalarm_build_info{version=\"%s\"} 1\n",
		   CORE_VERSION);
	family(&text, "start_time_seconds", "gauge", "When core started.");
	buf_printf(&text, "creditalarm_start_time_seconds");
	seconds(&text, c->started_ms);
	family(&text, "degraded", "gauge", "1 while the store fails.");
	buf_printf(&text, "creditalarm_degraded %d\n", c->degraded != 0);
	counters(&text, c);
	index_put(&text, c, now);
	if (feeds_put(&text, c, now, &enabled, &fresh) != ERR_OK ||
	    c->degraded)
		why = "the store fails";
	else if (fresh == 0)
		why = enabled == 0 ? "no feed is switched on" :
				     "no feed is fresh";
	buf_put(&text, S("# EOF\n"));
	buf_byte(&frame, why[0] == '\0');
	buf_blob(&frame, str_of(why));
	buf_blob(&frame, buf_str(&text));
	if (text.err == ERR_OK && frame.err == ERR_OK)
		(void)link_send(web, MSG_COUNTERS, buf_str(&frame), NULL, 0);
	buf_free(&text);
	buf_free(&frame);
}
