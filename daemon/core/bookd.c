/*
 * bookd.c - files of the book that are renamed into a directory.
 *
 * All files of one look are one import, as `book import FILE...` is: all or
 * nothing.  So that files which refer to each other meet, a look takes them
 * only when none came, went or changed since the look before; a batch marker
 * would ask more of the sender and tell no more.  Each file then lies in
 * done/ or refused/, with NAME.ok or NAME.rejected in the directory itself.
 *
 * A crash before the commit leaves the old book, one after it the new; either
 * way the files are still in work/ and are imported (once more: the same rows
 * change nothing), with what lies in the directory: it may be the other half.
 * An import holds core up: it begins when nothing else is to be decided, or
 * has waited for that too long, and says how long it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "book_import.h"
#include "core.h"
#include "hash.h"
#include "inbox.h"
#include "log.h"

static const char *const results[] = { ".ok", ".rejected", NULL };

struct input {
	char name[INBOX_NAME_MAX + 1];
	int fd; /* -1: not open */
	int64_t size;
};

struct bookd {
	struct inbox inbox;
	struct inbox_list list;
	uint8_t seen[HASH_SIZE]; /* of the directory at the last look */
	int failing;		 /* said so already */
	int looked;
	int64_t next_ms; /* mono */
	struct input input[BOOK_FILES_MAX];
	size_t inputs;
	struct buf faults; /* before the import */
};

enum err
bookd_init(struct core *c, struct instant now)
{
	struct bookd *b;

	if (c->conf.book_directory.n == 0)
		return ERR_OK;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_LIMIT;
	c->bookd = b;
	b->next_ms = now.mono_ms;
	buf_init(&b->faults, BOOK_REPORT_MAX);
	inbox_init(&b->inbox, c->conf.book_directory, results, now);
	return ERR_OK;
}

static void
inputs_free(struct bookd *b)
{
	for (size_t i = 0; i < b->inputs; i++)
		if (b->input[i].fd >= 0)
			(void)close(b->input[i].fd);
	b->inputs = 0;
	buf_clear(&b->faults);
}

void
bookd_fini(struct core *c)
{
	if (c->bookd == NULL)
		return;
	inputs_free(c->bookd);
	inbox_close(&c->bookd->inbox);
	buf_free(&c->bookd->faults);
	free(c->bookd);
	c->bookd = NULL;
}

bool
bookd_idle(const struct core *c)
{
	return c->bookd == NULL || c->bookd->looked;
}

/* ---- what there is ---- */

/* True when the directory is as it was at the look before. */
static bool
stands_still(struct bookd *b)
{
	uint8_t hash[HASH_SIZE];
	struct buf text;
	bool same;

	buf_init(&text, 1u << 20);
	for (size_t i = 0; i < b->list.count; i++) {
		struct str name = inbox_at(&b->list, i);
		int64_t mark[4];

		inbox_mark(&b->inbox, name, mark);
		buf_blob(&text, name);
		for (size_t k = 0; k < 4; k++)
			buf_be64(&text, (uint64_t)mark[k]);
	}
	hash_256(buf_str(&text), hash);
	same = text.err == ERR_OK && memcmp(hash, b->seen, HASH_SIZE) == 0;
	memcpy(b->seen, hash, HASH_SIZE);
	buf_free(&text);
	return same;
}

static struct input *
input_new(struct bookd *b)
{
	struct input *in = &b->input[b->inputs];

	must(b->inputs < BOOK_FILES_MAX);
	*in = (struct input){ .fd = -1 };
	b->inputs++;
	return in;
}

static void
fault(struct bookd *b, const struct input *in, const char *why)
{
	buf_printf(&b->faults, "%s:0: file: %s\n", in->name, why);
}

/* What a crash left in work/, then what is in the directory. */
static void
gather(struct bookd *b)
{
	struct diag d = { 0 };

	if (inbox_list(&b->inbox, INBOX_WORK, &b->list, &d) != ERR_OK)
		return;
	for (size_t i = 0; i < b->list.count && b->inputs < BOOK_FILES_MAX;
	     i++)
		if (str_copy(input_new(b)->name, INBOX_NAME_MAX + 1,
			     inbox_at(&b->list, i)) != ERR_OK)
			b->inputs--;
	if (inbox_list(&b->inbox, INBOX_DIR, &b->list, &d) != ERR_OK)
		return;
	for (size_t i = 0; i < b->list.count && b->inputs < BOOK_FILES_MAX;
	     i++) {
		struct input *in = input_new(b);
		enum err err;

		d = (struct diag){ 0 };
		err = inbox_take(&b->inbox, inbox_at(&b->list, i), in->name,
				 &d);
		if (err == ERR_AGAIN)
			b->inputs--; /* another look's */
		else if (err != ERR_OK)
			fault(b, in, d.why);
	}
}

/* Everything open; false: try again later. */
static bool
open_all(struct bookd *b)
{
	for (size_t i = 0; i < b->inputs; i++) {
		struct input *in = &b->input[i];
		struct diag d = { 0 };
		enum err err = inbox_read(&b->inbox, str_of(in->name),
					  BOOK_FILE_MAX, &in->fd, &in->size,
					  &d);

		if (err == ERR_IO)
			return false;
		if (err != ERR_OK)
			fault(b, in,
			      d.why[0] == '\0' ? err_text(err) : d.why);
	}
	return true;
}

/* ---- the import ---- */

/* What became of them, beside each and in its place. */
static void
settle(struct bookd *b, bool good, struct str text, struct instant now)
{
	for (size_t i = 0; i < b->inputs; i++) {
		struct str name = str_of(b->input[i].name);

		if (inbox_say(&b->inbox, name, good ? ".ok" : ".rejected",
			      text) != ERR_OK)
			log_op(LOG_WARN, "bookd.result", "file=\"%.*s\"",
			       STR_ARG(name));
		inbox_unsay(&b->inbox, name, good ? ".rejected" : ".ok");
		(void)!inbox_settle(&b->inbox,
				    good ? INBOX_DONE : INBOX_REFUSED, name,
				    STR_NONE, now);
	}
}

/* Imports; what to tell in text.  Other errors than rejection are ours. */
static enum err
import(struct core *c, struct buf *text, struct instant now)
{
	struct book_file file[BOOK_FILES_MAX];
	int fd[BOOK_FILES_MAX];
	struct book_options o = { .schemes = &c->schemes, .fd = fd };
	struct bookd *b = c->bookd;
	struct book_report report;
	enum err err;

	for (size_t i = 0; i < b->inputs; i++) {
		const struct input *in = &b->input[i];

		file[i] = (struct book_file){ str_of(in->name),
					      { NULL, (size_t)in->size } };
		fd[i] = in->fd;
	}
	core_busy(c);
	book_report_init(&report);
	err = core_import(c, file, b->inputs, &o, now, &report);
	if (err == ERR_OK)
		buf_printf(text,
			   "%zu rows imported from %zu files: %zu new, %zu "
			   "changed, %zu removed, %zu another company\n",
			   report.rows, b->inputs, report.added,
			   report.changed, report.removed, report.others);
	buf_put(text, buf_str(&report.faults));
	buf_put(text, buf_str(&report.warnings));
	if (err != ERR_OK && report.fault_count == 0)
		buf_printf(text, "book:0: import: %s\n", core_why(c, err));
	book_report_free(&report);
	return err;
}

static void
take(struct core *c, struct instant now)
{
	struct bookd *b = c->bookd;
	struct instant end;
	struct buf text;
	enum err err = ERR_INPUT;

	gather(b);
	if (b->inputs == 0 || !open_all(b)) {
		inputs_free(b);
		return;
	}
	buf_init(&text, INBOX_NOTE_MAX);
	if (b->faults.n > 0)
		buf_put(&text, buf_str(&b->faults));
	else
		err = import(c, &text, now);
	end = clock_now(c->role->clock);
	c->count.book_ms = end.mono_ms - now.mono_ms;
	if (err == ERR_OK || err_class(err) == ERR_REJECT) {
		settle(b, err == ERR_OK, buf_str(&text), now);
		c->count.books_taken += err == ERR_OK;
		c->count.books_rejected += err != ERR_OK;
		log_op(err == ERR_OK ? LOG_NOTICE : LOG_WARN, "book.dropped",
		       "files=%zu result=%s busy_ms=%lld", b->inputs,
		       err == ERR_OK ? "ok" : "rejected",
		       (long long)c->count.book_ms);
	} else {
		core_degrade(c, now, err, "book");
	}
	buf_free(&text);
	inputs_free(b);
	if (err == ERR_OK)
		core_told(c, now);
}

/* More than one import takes, with or without the help of a crash. */
static bool
too_many(struct bookd *b, struct instant now)
{
	char taken[INBOX_NAME_MAX + 1];
	char text[DIAG_WHY_SIZE];
	struct diag d = { 0 };

	if (b->list.count <= BOOK_FILES_MAX)
		return false;
	(void)snprintf(text, sizeof(text),
		       "book:0: files: more than %u at one look\n",
		       BOOK_FILES_MAX);
	for (size_t i = 0; i < b->list.count; i++) {
		if (inbox_take(&b->inbox, inbox_at(&b->list, i), taken, &d) ==
		    ERR_AGAIN)
			continue;
		(void)!inbox_say(&b->inbox, str_of(taken), ".rejected",
				 str_of(text));
		(void)!inbox_settle(&b->inbox, INBOX_REFUSED, str_of(taken),
				    STR_NONE, now);
	}
	log_op(LOG_WARN, "book.dropped", "files=%zu result=rejected why=\"%s\"",
	       b->list.count, "too many at one look");
	return true;
}

/* ---- one look ---- */

static void
failed(struct bookd *b, const struct diag *d)
{
	if (!b->failing)
		log_op(LOG_WARN, "bookd.look", "why=\"%s\"", d->why);
	b->failing = 1;
}

static void
look(struct core *c, struct instant now)
{
	struct bookd *b = c->bookd;
	struct diag d = { 0 };
	enum err err = inbox_open(&b->inbox, now, &d);
	bool left = false;

	b->looked = 1;
	if (err == ERR_OK)
		err = inbox_list(&b->inbox, INBOX_WORK, &b->list, &d);
	left = err == ERR_OK && b->list.count > 0;
	if (err == ERR_OK)
		err = inbox_list(&b->inbox, INBOX_DIR, &b->list, &d);
	if (err != ERR_OK) {
		failed(b, &d);
	} else {
		b->failing = 0;
		if ((stands_still(b) || c->role->once) &&
		    (left || b->list.count > 0) && !too_many(b, now))
			take(c, now);
	}
	inbox_close(&b->inbox);
}

bool
bookd_step(struct core *c, struct instant now, bool busy, int64_t *wait_ms)
{
	struct bookd *b = c->bookd;

	if (b == NULL || c->degraded || now.mono_ms < c->retry_ms)
		return true;
	if (now.mono_ms >= b->next_ms + (busy ? CORE_HELD_MS : 0)) {
		look(c, now);
		b->next_ms =
		    clock_now(c->role->clock).mono_ms + c->conf.book_interval;
	}
	if (!busy && b->next_ms - now.mono_ms < *wait_ms)
		*wait_ms = b->next_ms - now.mono_ms;
	return !b->inbox.fenced;
}
