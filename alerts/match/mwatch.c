/*
 * mwatch.c - segment, delta and the scratch of the one thread that asks.
 */
#include "mwatch.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mid.h"
#include "mwatch_priv.h"

#define ROWS_ARENA_SIZE ((size_t)64 << 20)
#define ROWS_AT_ONCE 256u

struct mwatch {
	struct mseg seg; /* an empty one before the first mwatch_map */
	bool mapped;
	struct mdelta *delta;	  /* owned */
	struct mqscratch *scratch; /* owned */
	struct mresult result;
	int64_t followed; /* book version the delta knows */
	bool full;	  /* the delta did not take every change */
};

/* A segment without a name: queries want one. */
static enum err
map_nothing(struct mwatch *w, struct diag *d)
{
	struct mseg_stamp stamp = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;
	int fd = memfd_create("names", MFD_CLOEXEC);
	enum err err;

	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "no memory file");
	err = mbuild_new_fd(fd, &stamp, &b, d);
	if (err == ERR_OK) {
		err = mbuild_end(b, &st, d);
		mbuild_free(b);
	}
	if (err == ERR_OK)
		err = mseg_open_fd(fd, &w->seg, d);
	(void)close(fd);
	return err;
}

enum err
mwatch_new(struct mwatch **out, struct diag *d)
{
	struct mwatch *w = calloc(1, sizeof(*w));
	enum err err;

	if (w == NULL)
		return diag_set(d, ERR_LIMIT, 0, "no memory");
	mid_get();
	w->seg.fd = -1;
	w->delta = mdelta_new();
	w->scratch = mquery_scratch_new();
	err = w->delta == NULL || w->scratch == NULL ?
		  diag_set(d, ERR_LIMIT, 0, "no memory") :
		  map_nothing(w, d);
	if (err == ERR_OK)
		*out = w;
	else
		mwatch_free(w);
	return err;
}

void
mwatch_free(struct mwatch *w)
{
	if (w == NULL)
		return;
	mseg_close(&w->seg);
	mdelta_free(w->delta);
	mquery_scratch_free(w->scratch);
	free(w);
}

void
mwatch_rest(const struct mwatch *w)
{
	mseg_rest(&w->seg);
}

bool
mwatch_whole(const struct mwatch *w)
{
	return !w->full;
}

bool
mwatch_due(const struct mwatch *w)
{
	size_t names = mdelta_names(w->delta);

	if (w->full || (!w->mapped && names > 0))
		return true;
	return names >= MDELTA_NAMES_MAX / 2 ||
	       names >= w->seg.head.rows / 4 + MWATCH_DUE_NAMES;
}

struct mwatch_counts
mwatch_counts(const struct mwatch *w)
{
	return (struct mwatch_counts){ w->seg.head.rows,
				       mdelta_names(w->delta),
				       w->seg.head.stamp.epoch,
				       w->seg.head.stamp.version };
}

/* Tombstones of the obligors removed since. */
static enum err
fill_gone(struct mdelta *d, struct store *s, int64_t since, struct arena *a,
	  bool *full)
{
	struct str *gone = NULL;
	size_t count = 0;
	enum err err = store_watch_gone(s, since, a, &gone, &count);

	*full = err == ERR_LIMIT;
	for (size_t i = 0; i < count && !*full; i++)
		*full = mdelta_remove(d, gone[i]) != ERR_OK;
	return err == ERR_LIMIT ? ERR_OK : err;
}

/* The obligors added or changed since. */
static enum err
fill_changed(struct mdelta *d, struct store *s, int64_t since,
	     struct arena *a, bool *full)
{
	size_t done = 0;

	while (!*full) {
		struct watch_row *row = NULL;
		size_t count = 0;
		enum err err;

		arena_rewind(a, 0);
		err = store_watch_changed(s, since, done, ROWS_AT_ONCE, a,
					  &row, &count);
		if (err != ERR_OK || count == 0)
			return err;
		for (size_t i = 0; i < count && !*full; i++) {
			const struct watch_row *r = &row[i];
			struct mbuild_obligor o = { r->obligor_id, r->name,
						    r->aliases,	   r->country,
						    r->ids, r->address };
			struct diag why = { 0 };

			*full = mdelta_put(d, &o, &why) != ERR_OK;
		}
		done += count;
	}
	return ERR_OK;
}

enum err
mwatch_fill(struct mdelta *d, struct store *s, int64_t since, bool *full)
{
	struct arena a;
	enum err err = arena_init(&a, ROWS_ARENA_SIZE);

	if (err != ERR_OK)
		return err;
	err = fill_gone(d, s, since, &a, full);
	if (err == ERR_OK)
		err = fill_changed(d, s, since, &a, full);
	arena_fini(&a);
	return err;
}

enum err
mwatch_follow(struct mwatch *w, struct store *s)
{
	int64_t now = 0;
	enum err err = store_book_version(s, &now);

	if (err != ERR_OK || now == w->followed || w->full)
		return err;
	/* After a failure all of it is put again: it replaces itself. */
	err = mwatch_fill(w->delta, s, w->followed, &w->full);
	if (err == ERR_OK)
		w->followed = now;
	return err;
}

/* Is it of this book, and not of a later state of it? */
static enum err
check_stamp(const struct mseg *seg, struct store *s, struct diag *d)
{
	const struct mseg_stamp *stamp = &seg->head.stamp;
	uint64_t epoch = 0;
	int64_t version = 0;
	enum err err = store_epoch(s, &epoch);

	if (err == ERR_OK)
		err = store_book_version(s, &version);
	if (err != ERR_OK)
		return diag_set(d, err, 0, "the store cannot be read");
	if (stamp->epoch != epoch || stamp->version > (uint64_t)version)
		return diag_set(d, ERR_INPUT, 0,
				"index is of book %llu.%llu, the store has "
				"%llu.%lld",
				(unsigned long long)stamp->epoch,
				(unsigned long long)stamp->version,
				(unsigned long long)epoch,
				(long long)version);
	return ERR_OK;
}

enum err
mwatch_map(struct mwatch *w, int fd, struct store *s, struct diag *d)
{
	struct mdelta *delta;
	struct mseg seg;
	enum err err = mseg_open_fd(fd, &seg, d);

	if (err != ERR_OK)
		return err;
	err = check_stamp(&seg, s, d);
	delta = err == ERR_OK ? mdelta_new() : NULL;
	if (err == ERR_OK && delta == NULL)
		err = diag_set(d, ERR_LIMIT, 0, "no memory");
	if (err != ERR_OK) {
		mseg_close(&seg);
		return err;
	}
	mseg_close(&w->seg);
	mdelta_free(w->delta);
	w->seg = seg;
	w->mapped = true;
	w->delta = delta;
	w->followed = (int64_t)seg.head.stamp.version;
	w->full = false;
	return mwatch_follow(w, s);
}

const struct mresult *
mwatch_ask(struct mwatch *w, const struct mask *ask,
	   const struct mlimits *limits)
{
	mquery_run(&w->seg, w->delta, w->scratch, ask, limits, &w->result);
	return &w->result;
}
