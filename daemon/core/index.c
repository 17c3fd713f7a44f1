/*
 * index.c - mapping, building and swapping the watch index.
 */
#include "index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "log.h"
#include "msnap.h"

#define ROWS_ARENA_SIZE ((size_t)64 << 20)
#define ROWS_AT_ONCE 256u
#define PIECE_MAX (64u << 20)

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* A file without a name, beside the one it may replace. */
static int
nameless(const struct index *x)
{
	if (x->dir < 0)
		return memfd_create("names", MFD_CLOEXEC);
	return openat(x->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* ---- start ---- */

static void
map_last(struct core *c)
{
	struct index *x = &c->index;
	int64_t from = clock_now(c->role->clock).mono_ms;
	struct diag d = { 0 };
	int64_t built_at = TIME_NONE;
	struct mwatch_counts n;
	struct stat st;
	int fd = -1;
	enum err err = ERR_ABSENT;

	if (x->dir >= 0) {
		(void)unlinkat(x->dir, INDEX_FRESH, 0);
		fd = openat(x->dir, INDEX_FILE,
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd >= 0)
		err = mwatch_map(x->watch, fd, c->store, &d);
	else if (x->dir >= 0 && errno != ENOENT)
		err = diag_set(&d, ERR_IO, 0, "%s", strerror(errno));
	if (fd >= 0 && fstat(fd, &st) == 0)
		built_at = (int64_t)st.st_mtim.tv_sec * 1000;
	close_fd(&fd);
	n = mwatch_counts(x->watch);
	if (err == ERR_OK)
		x->segment_ms = built_at;
	if (err == ERR_OK)
		log_op(LOG_NOTICE, "index.mapped",
		       "names=%llu version=%llu delta=%llu ms=%lld",
		       (unsigned long long)n.segment_names,
		       (unsigned long long)n.version,
		       (unsigned long long)n.delta_names,
		       (long long)(clock_now(c->role->clock).mono_ms - from));
	else if (err != ERR_ABSENT)
		log_op(LOG_WARN, "index.refused",
		       "file=" INDEX_FILE " why=\"%s\" then=\"built anew\"",
		       d.why[0] != '\0' ? d.why : err_text(err));
}

enum err
index_open(struct core *c, const char *dir_path)
{
	struct index *x = &c->index;
	struct diag d = { 0 };
	enum err err = mwatch_new(&x->watch, &d);

	x->segment_ms = TIME_NONE;
	x->build_ms = -1;

	if (err == ERR_OK && dir_path != NULL) {
		x->dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (x->dir < 0)
			err = diag_set(&d, ERR_IO, 0, "%s", strerror(errno));
	}
	if (err != ERR_OK) {
		log_op(LOG_ERR, "index.open", "why=\"%s\"", d.why);
		return err;
	}
	map_last(c);
	return mwatch_follow(x->watch, c->store);
}

void
index_close(struct core *c)
{
	close_fd(&c->index.snapshot);
	close_fd(&c->index.fresh);
	close_fd(&c->index.dir);
	mwatch_free(c->index.watch);
	c->index.watch = NULL;
}

/* ---- building ---- */

static void
stop_build(struct core *c, struct instant now, const char *why)
{
	struct index *x = &c->index;

	close_fd(&x->snapshot);
	close_fd(&x->fresh);
	x->phase = INDEX_IDLE;
	x->failed++;
	x->last_failed = true;
	x->backoff_ms = x->backoff_ms == 0 ? INDEX_RETRY_MS :
					     2 * x->backoff_ms;
	if (x->backoff_ms > INDEX_RETRY_MAX_MS)
		x->backoff_ms = INDEX_RETRY_MAX_MS;
	x->retry_ms = now.mono_ms + x->backoff_ms;
	log_op(LOG_ERR, "index.failed", "why=\"%s\" again_ms=%lld", why,
	       (long long)x->backoff_ms);
}

static void
start_build(struct core *c, struct instant now)
{
	struct index *x = &c->index;
	enum err err = store_epoch(c->store, &x->epoch);

	if (err == ERR_OK)
		err = store_book_version(c->store, &x->version);
	if (err != ERR_OK) {
		core_degrade(c, now, err, "index");
		return;
	}
	x->rid = 0;
	x->began_ms = now.mono_ms;
	x->snapshot = nameless(x);
	x->fresh = nameless(x);
	x->phase = INDEX_COPYING;
	if (x->snapshot < 0 || x->fresh < 0)
		stop_build(c, now, strerror(errno));
}

/* Some more rows; *count 0 behind the last. */
static enum err
copy_rows(struct core *c, struct arena *a, size_t *count)
{
	struct index *x = &c->index;
	struct watch_row *row = NULL;
	struct buf b;
	enum err err = store_watch_rows(c->store, x->rid, ROWS_AT_ONCE, a,
					&row, count);

	if (err != ERR_OK || *count == 0)
		return err;
	buf_init(&b, PIECE_MAX);
	for (size_t i = 0; i < *count; i++)
		msnap_put(&b, &row[i]);
	x->rid = row[*count - 1].rid;
	err = b.err != ERR_OK ? b.err : buf_write_fd(buf_str(&b), x->snapshot);
	buf_free(&b);
	return err;
}

/* The good segment in its place, durable; then nothing needs what it knows. */
static enum err
keep(struct core *c)
{
	struct index *x = &c->index;
	char self[64];
	enum err err;

	if (x->dir >= 0) {
		(void)snprintf(self, sizeof(self), "/proc/self/fd/%d",
			       x->fresh);
		(void)unlinkat(x->dir, INDEX_FRESH, 0);
		if (fsync(x->fresh) < 0 ||
		    linkat(AT_FDCWD, self, x->dir, INDEX_FRESH,
			   AT_SYMLINK_FOLLOW) < 0 ||
		    renameat(x->dir, INDEX_FRESH, x->dir, INDEX_FILE) < 0 ||
		    fsync(x->dir) < 0)
			return ERR_IO;
	}
	err = store_begin(c->store);
	if (err == ERR_OK)
		err = store_watch_built(c->store, x->version);
	if (err == ERR_OK)
		return store_commit(c->store);
	store_rollback(c->store);
	return err;
}

static void
swap(struct core *c, struct instant now)
{
	struct index *x = &c->index;
	struct mwatch_counts n;
	struct diag d = { 0 };

	if (mwatch_map(x->watch, x->fresh, c->store, &d) != ERR_OK) {
		stop_build(c, now, d.why[0] != '\0' ? d.why : "store");
		return;
	}
	if (keep(c) != ERR_OK) {
		/* It serves; the file on disk is the old one. */
		stop_build(c, now, "the segment cannot be kept");
		return;
	}
	n = mwatch_counts(x->watch);
	log_op(LOG_NOTICE, "index.built",
	       "names=%llu version=%llu delta=%llu ms=%lld",
	       (unsigned long long)n.segment_names,
	       (unsigned long long)n.version,
	       (unsigned long long)n.delta_names,
	       (long long)(clock_now(c->role->clock).mono_ms - x->began_ms));
	close_fd(&x->fresh);
	x->phase = INDEX_IDLE;
	x->backoff_ms = 0;
	x->built++;
	x->last_failed = false;
	x->segment_ms = now.wall_ms;
	x->build_ms = now.mono_ms - x->began_ms;
}

struct index_tale
index_tell(const struct core *c, struct instant now)
{
	const struct index *x = &c->index;
	struct index_tale t = { .names = mwatch_counts(x->watch),
				.whole = mwatch_whole(x->watch),
				.age_ms = -1,
				.last = x->last_failed ? "failed" :
					x->built > 0   ? "ok" :
							 "none" };

	/* The wall clock may have been set back since. */
	if (x->segment_ms != TIME_NONE)
		t.age_ms = now.wall_ms > x->segment_ms ?
			       now.wall_ms - x->segment_ms :
			       0;
	return t;
}

/* To the index role, or on this thread when there is no other. */
static void
hand_out(struct core *c, struct instant now)
{
	struct index *x = &c->index;
	struct msnap_stats st;
	struct diag d = { 0 };
	struct buf b;
	int fds[2] = { x->snapshot, -1 };
	bool sent;

	x->phase = INDEX_BUILDING;
	if (c->role->alone) {
		if (msnap_build(x->snapshot, x->fresh, x->epoch,
				(uint64_t)x->version, &st, &d) != ERR_OK) {
			stop_build(c, now, d.why);
			return;
		}
		close_fd(&x->snapshot);
		swap(c, now);
		return;
	}
	fds[1] = fcntl(x->fresh, F_DUPFD_CLOEXEC, 3);
	x->snapshot = -1;
	buf_init(&b, 32);
	buf_be64(&b, x->epoch);
	buf_be64(&b, (uint64_t)x->version);
	sent = link_send(c->role->link[PEER_SUPER], MSG_INDEX, buf_str(&b),
			 fds, 2);
	buf_free(&b);
	if (!sent)
		stop_build(c, now, "super does not listen");
}

/* A part of the snapshot, at most INDEX_ROWS_A_TURN rows. */
static void
copy_part(struct core *c, struct instant now)
{
	struct arena a;
	size_t count = 1;
	enum err err = arena_init(&a, ROWS_ARENA_SIZE);

	if (err != ERR_OK) {
		stop_build(c, now, err_text(err));
		return;
	}
	for (size_t i = 0; err == ERR_OK && count > 0 &&
			   i < INDEX_ROWS_A_TURN / ROWS_AT_ONCE;
	     i++) {
		arena_rewind(&a, 0);
		err = copy_rows(c, &a, &count);
	}
	arena_fini(&a);
	if (err != ERR_OK)
		stop_build(c, now, err_text(err));
	else if (count == 0)
		hand_out(c, now);
}

void
index_ended(struct core *c, const struct msg *m, struct instant now)
{
	struct rd r = rd_of(m->body);
	bool good = rd_u8(&r) == 1;

	if (c->index.phase != INDEX_BUILDING || rd_end(&r) != ERR_OK)
		return;
	if (good)
		swap(c, now);
	else
		stop_build(c, now, "the index role died");
}

/* ---- facts by name ---- */

static bool
try_names(struct core *c, struct instant now)
{
	struct names_scan scan = c->index.scan;
	bool more = false;
	enum err err = store_begin(c->store);

	if (err == ERR_OK)
		err = decide_names(c->decide, &scan, now, &more);
	if (err == ERR_OK)
		err = store_commit(c->store);
	if (err != ERR_OK) {
		store_rollback(c->store);
		core_degrade(c, now, err, "names");
		return false;
	}
	c->index.scan = scan;
	core_told(c, now);
	return more;
}

/* The book has what no fact was tried on yet. */
static bool
names_wait(struct core *c)
{
	int64_t version = 0;
	int64_t named = 0;

	return c->index.scan.upto != 0 ||
	       (store_book_version(c->store, &version) == ERR_OK &&
		store_named(c->store, &named) == ERR_OK && named < version);
}

bool
index_idle(struct core *c)
{
	return c->index.failed > 0 ||
	       (mwatch_whole(c->index.watch) && !names_wait(c));
}

bool
index_step(struct core *c, struct instant now)
{
	struct index *x = &c->index;
	enum err err;

	if (now.mono_ms < c->retry_ms)
		return false;
	err = mwatch_follow(x->watch, c->store);
	if (err != ERR_OK) {
		core_degrade(c, now, err, "index");
		return false;
	}
	if (x->phase == INDEX_IDLE && now.mono_ms >= x->retry_ms &&
	    mwatch_due(x->watch))
		start_build(c, now);
	if (x->phase == INDEX_COPYING)
		copy_part(c, now);
	if (!mwatch_whole(x->watch)) {
		x->scan = (struct names_scan){ 0 };
		return x->phase == INDEX_COPYING;
	}
	return (names_wait(c) && try_names(c, now)) ||
	       x->phase == INDEX_COPYING;
}
