/*
 * drops.c - feeds whose documents are renamed into a directory.
 *
 * core looks, because fetch may open no file and parse none at all: each
 * feed's directory once in its interval, files in the order of their names,
 * one document each, the next when the last is settled.  A file is taken
 * into work/, its descriptor goes to parse, and only after its notices are
 * committed does it move to done/.  A crash between the two reads it again:
 * the same content is the same notices, and nothing new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core.h"
#include "inbox.h"
#include "log.h"

#define RETRY_MS 1000

struct drop {
	size_t feed;
	struct inbox inbox;
	struct inbox_list *list; /* owned; of the look at hand */
	size_t at;		 /* the next of it */
	int from_work;		 /* the list is of work/ */
	int trouble;		 /* a file could not be moved */
	int made;		 /* documents of this look */
	struct diag left;	 /* why a file was not taken */
	int64_t next_ms;	 /* mono; of the next look */
	int64_t retry_ms;	 /* mono; not before this */
	uint64_t doc;		 /* core waits for its end; 0 none */
	char taken[INBOX_NAME_MAX + 1]; /* the file at hand; "" none */
	int deaths;			/* of parse, with it in hand */
	int looked;
};

struct drops {
	struct drop drop[FEED_DROPS_MAX];
	size_t count;
	size_t turn; /* whose it is when there is room again */
};

enum err
drops_init(struct core *c, struct instant now)
{
	struct drops *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_LIMIT;
	c->drops = s;
	for (size_t i = 0; i < c->feeds.count; i++) {
		const struct feed *f = &c->feeds.feed[i];
		struct drop *d = &s->drop[s->count];

		if (f->mode != MODE_DROP || !f->enabled)
			continue;
		must(s->count < FEED_DROPS_MAX);
		d->list = calloc(1, sizeof(*d->list));
		if (d->list == NULL)
			return ERR_LIMIT;
		d->feed = i;
		d->next_ms = now.mono_ms;
		inbox_init(&d->inbox, f->directory, NULL, now);
		s->count++;
	}
	return ERR_OK;
}

void
drops_fini(struct core *c)
{
	if (c->drops == NULL)
		return;
	for (size_t i = 0; i < c->drops->count; i++) {
		inbox_close(&c->drops->drop[i].inbox);
		free(c->drops->drop[i].list);
	}
	free(c->drops);
	c->drops = NULL;
}

/* ---- one file ---- */

static struct str
taken(const struct drop *d)
{
	return str_of(d->taken);
}

static void
forget(struct drop *d)
{
	d->taken[0] = '\0';
	d->deaths = 0;
}

/* Takes the next name of the list; ERR_REFUSED: under another name. */
static enum err
take_next(struct drop *d, struct diag *why)
{
	struct str name = inbox_at(d->list, d->at++);
	enum err err;

	if (d->from_work)
		return str_copy(d->taken, sizeof(d->taken), name);
	err = inbox_take(&d->inbox, name, d->taken, why);
	if (err != ERR_AGAIN)
		return err;
	d->left = *why;
	forget(d);
	return err;
}

/* The file at hand goes to parse, or is refused without being read. */
static void
open_file(struct core *c, struct drop *d, enum err err, struct diag *why,
	  struct instant now)
{
	struct docs_own own = { .feed = d->feed,
				.verdict = POLL_NEW,
				.file = taken(d),
				.body = -1,
				.deaths = d->deaths };
	int64_t size = 0;

	if (err == ERR_OK)
		err = inbox_read(&d->inbox, taken(d),
				 c->feeds.feed[d->feed].decoded_max, &own.body,
				 &size, why);
	if (err == ERR_ABSENT) { /* somebody took it from work/ */
		forget(d);
		return;
	}
	own.why = why->why;
	if (err != ERR_IO)
		d->doc = docs_own(c, &own, now);
	d->made += d->doc != 0;
	if (d->doc == 0)
		d->retry_ms = now.mono_ms + RETRY_MS;
}

static void
next_file(struct core *c, struct drop *d, struct instant now)
{
	struct diag why = { 0 };
	enum err err = ERR_OK;

	if (d->taken[0] == '\0')
		err = take_next(d, &why);
	if (d->taken[0] != '\0')
		open_file(c, d, err, &why, now);
}

/* What the sender is told: FILE: GUARD: reason. */
static void
note_put(struct buf *b, const struct drop *d, const struct doc *doc)
{
	bool refused = doc->doc_verdict == DOC_REFUSED;

	if (refused)
		buf_printf(b, "%s: %s: %s\n", d->taken, doc->guard,
			   doc->detail);
	else if (doc->rejects > 0)
		buf_printf(b,
			   "%s: %u of %u records gave %u rejects; the first: "
			   "%s\n",
			   d->taken, doc->rejects, doc->records, doc->rejects,
			   doc->detail);
}

void
drops_ended(struct core *c, const struct doc *doc, struct instant now)
{
	struct drop *d;
	struct buf note;
	size_t i = 0;

	while (i < c->drops->count && c->drops->drop[i].doc != doc->id)
		i++;
	must(i < c->drops->count);
	d = &c->drops->drop[i];
	d->doc = 0;
	if (d->taken[0] == '\0')
		return; /* a look without a file */
	if (doc->poll_verdict != POLL_NEW ||
	    doc->doc_verdict == DOC_FORGOTTEN) {
		d->deaths += doc->begun;
		d->retry_ms = now.mono_ms + RETRY_MS;
		return;
	}
	buf_init(&note, INBOX_NOTE_MAX);
	note_put(&note, d, doc);
	if (inbox_settle(&d->inbox,
			 doc->doc_verdict == DOC_ACCEPTED ? INBOX_DONE :
							    INBOX_REFUSED,
			 taken(d), buf_str(&note), now) != ERR_OK)
		d->trouble = 1;
	log_op(LOG_NOTICE, "drop.settled", "feed=%.*s file=\"%s\" as=%s",
	       STR_ARG(c->feeds.feed[d->feed].name), d->taken,
	       doc->doc_verdict == DOC_ACCEPTED ? "done" : "refused");
	buf_free(&note);
	forget(d);
}

/* ---- one look ---- */

/* How a look without files ended goes the way of every poll. */
static void
tell(struct core *c, struct drop *d, enum err err, const struct diag *why,
     struct instant now)
{
	struct docs_own own = { .feed = d->feed,
				.verdict = err == ERR_OK ? POLL_UNCHANGED :
							   POLL_FAILED,
				.body = -1,
				.why = why->why };
	struct diag none = { 0 };

	if (err == ERR_OK)
		own.clear = inbox_list(&d->inbox, INBOX_REFUSED, d->list,
				       &none) == ERR_OK &&
			    d->list->count == 0;
	d->list->count = 0;
	d->list->more = 0;
	inbox_close(&d->inbox);
	d->doc = docs_own(c, &own, now);
}

static void
look(struct core *c, struct drop *d, struct instant now)
{
	int64_t interval = c->feeds.feed[d->feed].interval_ms;
	struct diag why = { 0 };
	enum err err = inbox_open(&d->inbox, now, &why);

	d->at = 0;
	d->trouble = 0;
	d->made = 0;
	d->left = (struct diag){ 0 };
	d->looked = 1;
	d->next_ms = now.mono_ms + interval;
	d->from_work = 1;
	if (err == ERR_OK)
		err = inbox_list(&d->inbox, INBOX_WORK, d->list, &why);
	if (err == ERR_OK && d->list->count == 0) {
		d->from_work = 0;
		err = inbox_list(&d->inbox, INBOX_DIR, d->list, &why);
	}
	if (err != ERR_OK || d->list->count == 0)
		tell(c, d, err, &why, now);
}

/* The list is through; what else is there need not wait. */
static void
look_over(struct core *c, struct drop *d, struct instant now)
{
	d->at = 0;
	if (d->made == 0) { /* nothing could be taken: a failed poll */
		tell(c, d, d->left.why[0] == '\0' ? ERR_OK : ERR_IO, &d->left,
		     now);
		return;
	}
	inbox_close(&d->inbox);
	if ((d->list->more || d->from_work) && !d->trouble)
		d->next_ms = now.mono_ms;
	d->list->count = 0;
	d->list->more = 0;
}

static bool
waiting(const struct drop *d)
{
	return d->taken[0] != '\0' || d->at < d->list->count;
}

/* There is something to do for it, if there is room. */
static bool
is_due(const struct drop *d, struct instant now)
{
	return d->doc == 0 && now.mono_ms >= d->retry_ms &&
	       (waiting(d) || d->list->count > 0 || now.mono_ms >= d->next_ms);
}

static void
drop_step(struct core *c, struct drop *d, struct instant now)
{
	if (waiting(d) && c->watch[d->feed].ward.careful > 0 &&
	    watch_busy(c)) {
		d->retry_ms = now.mono_ms + RETRY_MS;
		return;
	}
	if (waiting(d)) {
		next_file(c, d, now);
		return;
	}
	if (d->list->count > 0)
		look_over(c, d, now);
	if (d->doc == 0 && now.mono_ms >= d->next_ms)
		look(c, d, now);
}

bool
drops_step(struct core *c, struct instant now, int64_t *wait_ms)
{
	struct drops *s = c->drops;
	size_t first = s->turn;
	bool in_reach = true;
	bool full = false;

	if (c->degraded || now.mono_ms < c->retry_ms)
		return true;
	for (size_t k = 0; k < s->count; k++) {
		size_t i = (first + k) % s->count;
		struct drop *d = &s->drop[i];
		int64_t left;

		if (is_due(d, now) && !docs_room(c, true)) {
			/* The end of a document wakes us. */
			s->turn = full ? s->turn : i;
			full = true;
			continue;
		}
		if (is_due(d, now))
			drop_step(c, d, now);
		left = d->next_ms - now.mono_ms;
		if (d->doc == 0 && now.mono_ms >= d->retry_ms &&
		    (waiting(d) || d->list->count > 0))
			left = 0;
		else if (d->doc == 0 && now.mono_ms < d->retry_ms)
			left = d->retry_ms - now.mono_ms;
		if (d->doc == 0 && left < *wait_ms)
			*wait_ms = left < 0 ? 0 : left;
		in_reach = in_reach && !d->inbox.fenced;
	}
	return in_reach;
}

void
drops_hurry(struct core *c, size_t feed, struct instant now)
{
	for (size_t i = 0; i < c->drops->count; i++)
		if (c->drops->drop[i].feed == feed)
			c->drops->drop[i].next_ms = now.mono_ms;
}

bool
drops_idle(const struct core *c, struct instant now)
{
	for (size_t i = 0; i < c->drops->count; i++) {
		const struct drop *d = &c->drops->drop[i];

		if (!d->looked || d->doc != 0 || waiting(d) ||
		    d->list->count > 0 || d->next_ms <= now.mono_ms)
			return false;
	}
	return true;
}
