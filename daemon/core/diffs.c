/*
 * diffs.c - diff state files by generation.
 */
#include "diffs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"

enum err
diffs_open(struct diffs *d, const char *dir_path)
{
	d->dir = -1;
	for (size_t i = 0; i < FEED_MAX; i++)
		d->kept[i].fd = -1;
	if (dir_path == NULL)
		return ERR_OK;
	(void)mkdir(dir_path, 0700);
	d->dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->dir < 0 ? ERR_IO : ERR_OK;
}

void
diffs_close(struct diffs *d)
{
	if (d->dir >= 0)
		(void)close(d->dir);
	for (size_t i = 0; i < FEED_MAX; i++)
		if (d->kept[i].fd >= 0)
			(void)close(d->kept[i].fd);
}

static void
name_put(char *name, size_t size, struct str feed, int64_t gen)
{
	int n = snprintf(name, size, "%.*s.%lld", STR_ARG(feed),
			 (long long)gen);

	must(n > 0 && (size_t)n < size);
}

#define NAME_SIZE (FEED_NAME_MAX + 24u)

int
diffs_standing(const struct diffs *d, size_t i, struct str feed, int64_t gen)
{
	char name[NAME_SIZE];

	must(i < FEED_MAX);
	if (gen == 0)
		return -1;
	if (d->dir < 0)
		return d->kept[i].fd < 0 ? -1 :
					   fcntl(d->kept[i].fd,
						 F_DUPFD_CLOEXEC, 3);
	name_put(name, sizeof(name), feed, gen);
	return openat(d->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

enum err
diffs_pair(struct diffs *d, size_t i, struct str feed, int64_t gen, int *old,
	   int *fresh)
{
	*old = diffs_standing(d, i, feed, gen);
	if (*old < 0 && gen > 0) {
		if (errno != ENOENT)
			return ERR_IO;
		log_op(LOG_WARN, "diff.lost", "feed=%.*s gen=%lld",
		       STR_ARG(feed), (long long)gen);
	}
	if (d->dir < 0)
		*fresh = memfd_create("diff", MFD_CLOEXEC);
	else
		*fresh = openat(d->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
				0600);
	if (*fresh >= 0)
		return ERR_OK;
	if (*old >= 0)
		(void)close(*old);
	*old = -1;
	return ERR_IO;
}

static bool
same_file(int dir, const char *name, int fd)
{
	struct stat a;
	struct stat b;

	return fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

enum err
diffs_stand(struct diffs *d, size_t i, struct str feed, int64_t gen, int fresh)
{
	char name[NAME_SIZE];
	char self[64];

	if (d->dir < 0) {
		int kept = fcntl(fresh, F_DUPFD_CLOEXEC, 3);

		if (kept < 0)
			return ERR_IO;
		if (d->kept[i].fd >= 0)
			(void)close(d->kept[i].fd);
		d->kept[i].fd = kept;
		return ERR_OK;
	}
	name_put(name, sizeof(name), feed, gen + 1);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fresh);
	if (fsync(fresh) < 0)
		return ERR_IO;
	if (linkat(AT_FDCWD, self, d->dir, name, AT_SYMLINK_FOLLOW) < 0) {
		/* Ours from a commit that failed, or left by a crash. */
		if (errno != EEXIST)
			return ERR_IO;
		if (!same_file(d->dir, name, fresh) &&
		    (unlinkat(d->dir, name, 0) < 0 ||
		     linkat(AT_FDCWD, self, d->dir, name, AT_SYMLINK_FOLLOW) <
			 0))
			return ERR_IO;
	}
	return fsync(d->dir) < 0 ? ERR_IO : ERR_OK;
}

void
diffs_forget(struct diffs *d, struct str feed, int64_t gen)
{
	char name[NAME_SIZE];

	if (d->dir < 0 || gen == 0)
		return;
	name_put(name, sizeof(name), feed, gen);
	(void)unlinkat(d->dir, name, 0);
}
