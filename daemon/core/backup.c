/*
 * backup.c - the store first, then the diff states that belong to it.
 *
 * In the turn in which the store's copy is whole, the diff states it names
 * are opened: they never change, and stay readable when the next document
 * takes their place.
 */
#include "backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct backup {
	struct core *c; /* borrowed */
	int fd;
	struct store_backup *copy;
	bool copied;
	size_t feed; /* whose diff state is next */
	int64_t at;
	int diff[FEED_MAX]; /* -1: none */
	int64_t gen[FEED_MAX];
	char part[BACKUP_PART_SIZE];
};

enum err
backup_begin(struct core *c, int fd, struct backup **out, struct diag *d)
{
	struct backup *b = calloc(1, sizeof(*b));
	struct stat st;
	enum err err;

	if (b == NULL) {
		(void)close(fd);
		return ERR_LIMIT;
	}
	b->c = c;
	b->fd = fd;
	for (size_t i = 0; i < FEED_MAX; i++)
		b->diff[i] = -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != 0 ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		err = diag_set(d, ERR_INPUT, 0, "not an empty file");
	else
		err = store_backup_begin(c->store, fd, &b->copy, d);
	if (err == ERR_OK)
		*out = b;
	else
		backup_end(b);
	return err;
}

/* What stands now, with the store that says so. */
static enum err
diffs_hold(struct backup *b)
{
	struct core *c = b->c;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < c->feeds.count; i++) {
		struct str name = c->feeds.feed[i].name;
		struct feed_state f = { 0 };
		struct arena a;

		err = arena_init(&a, 65536);
		if (err == ERR_OK)
			err = store_feed(c->store, name, &a, &f);
		b->gen[i] = f.diff_gen;
		if (err == ERR_OK)
			b->diff[i] = diffs_standing(&c->diffs, i, name,
						    f.diff_gen);
		if (err == ERR_ABSENT)
			err = ERR_OK;
		arena_fini(&a);
	}
	return err;
}

/* The next piece of the next diff state; ERR_OK when there is none left. */
static enum err
diffs_step(struct backup *b, struct diag *d)
{
	struct store_part part = { .at = b->at };
	ssize_t n;
	enum err err;

	while (b->feed < b->c->feeds.count && b->diff[b->feed] < 0) {
		b->feed++;
		b->at = 0;
		part.at = 0;
	}
	if (b->feed == b->c->feeds.count)
		return ERR_OK;
	n = pread(b->diff[b->feed], b->part, sizeof(b->part), b->at);
	if (n < 0)
		return diag_set(d, ERR_IO, 0, "a diff state cannot be read");
	part.feed = b->c->feeds.feed[b->feed].name;
	part.gen = b->gen[b->feed];
	part.bytes = (struct str){ b->part, (size_t)n };
	/* An empty file is a file too. */
	err = n > 0 || b->at == 0 ? store_backup_add(b->copy, &part, d) :
				    ERR_OK;
	b->at += n;
	if ((size_t)n < sizeof(b->part)) {
		(void)close(b->diff[b->feed]);
		b->diff[b->feed] = -1;
	}
	return err == ERR_OK ? ERR_AGAIN : err;
}

enum err
backup_step(struct backup *b, struct diag *d)
{
	enum err err;

	if (!b->copied) {
		err = store_backup_step(b->copy, &b->copied, d);
		if (err == ERR_OK && b->copied)
			err = diffs_hold(b);
		return err == ERR_OK ? ERR_AGAIN : err;
	}
	err = diffs_step(b, d);
	return err == ERR_OK ? store_backup_finish(b->copy, d) : err;
}

void
backup_end(struct backup *b)
{
	if (b == NULL)
		return;
	store_backup_end(b->copy);
	for (size_t i = 0; i < FEED_MAX; i++)
		if (b->diff[i] >= 0)
			(void)close(b->diff[i]);
	(void)close(b->fd);
	free(b);
}
