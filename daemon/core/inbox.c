/*
 * inbox.c - rename in, take, read, settle.
 */
#include "inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"

#define NAMES_TRIED_MAX 100

static const char *const folder[INBOX_PLACES] = { ".", "work", "done",
						  "refused" };

/* ---- opening ---- */

/* Another directory than at the start, and no fresh start just now. */
static bool
replaced(const struct inbox *in)
{
	struct stat st;

	return in->open_ms - in->start_ms >= INBOX_CALM_MS &&
	       stat(in->path, &st) == 0 &&
	       (st.st_ino != in->ino || st.st_dev != in->dev);
}

static int
open_folder(int dir, enum inbox_place p)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, folder[p], flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	/* The umask says who else sees it; or somebody made it before. */
	return mkdirat(dir, folder[p], 0750) < 0 ?
		   -1 :
		   openat(dir, folder[p], flags);
}

enum err
inbox_open(struct inbox *in, struct instant now, struct diag *d)
{
	const char *at = "";
	int error = 0;

	inbox_close(in);
	in->open_ms = now.mono_ms;
	in->fd[INBOX_DIR] = open(in->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = in->fd[INBOX_DIR] < 0 ? errno : 0;
	for (int p = INBOX_WORK; error == 0 && p < INBOX_PLACES; p++) {
		at = folder[p];
		in->fd[p] = open_folder(in->fd[INBOX_DIR],
					(enum inbox_place)p);
		error = in->fd[p] < 0 ? errno : 0;
	}
	if (error == 0)
		return ERR_OK;
	/* The fences stand on inodes: around another one, or other folders. */
	if (error == EACCES || error == EPERM)
		in->fenced =
		    replaced(in) ||
		    (in->good && now.mono_ms - in->start_ms >= INBOX_CALM_MS);
	inbox_close(in);
	return diag_set(d, ERR_IO, 0, "%.100s%s%s: %s", in->path,
			at[0] == '\0' ? "" : "/", at, strerror(error));
}

void
inbox_close(struct inbox *in)
{
	for (int p = 0; p < INBOX_PLACES; p++) {
		if (in->fd[p] >= 0)
			(void)close(in->fd[p]);
		in->fd[p] = -1;
	}
}

void
inbox_init(struct inbox *in, struct str path, const char *const *results,
	   struct instant now)
{
	struct diag d = { 0 };
	struct stat st;

	*in = (struct inbox){ .results = results, .start_ms = now.mono_ms };
	for (int p = 0; p < INBOX_PLACES; p++)
		in->fd[p] = -1;
	must(str_copy(in->path, sizeof(in->path), path) == ERR_OK);
	in->good = inbox_open(in, now, &d) == ERR_OK;
	if (stat(in->path, &st) == 0) {
		in->dev = st.st_dev;
		in->ino = st.st_ino;
	}
	inbox_close(in);
}

/* ---- looking ---- */

struct str
inbox_at(const struct inbox_list *l, size_t i)
{
	must(i < l->count);
	return str_of(l->slot[l->order[i]]);
}

static bool
being_written(const struct inbox *in, enum inbox_place place, struct str name)
{
	if (place == INBOX_WORK)
		return str_starts(name, S("."));
	for (size_t i = 0; in->results != NULL && in->results[i] != NULL; i++)
		if (str_ends(name, str_of(in->results[i])))
			return true;
	return str_starts(name, S(".")) || str_ends(name, S(".tmp")) ||
	       str_ends(name, S(".part"));
}

/* Keeps the first INBOX_LIST_MAX names of all that come. */
static void
list_add(struct inbox_list *l, struct str name)
{
	size_t at = 0;
	size_t end = l->count;
	uint16_t slot = (uint16_t)l->count;

	while (at < end) {
		size_t mid = at + (end - at) / 2;

		if (str_cmp(name, inbox_at(l, mid)) < 0)
			end = mid;
		else
			at = mid + 1;
	}
	if (l->count == INBOX_LIST_MAX) {
		l->more = 1;
		if (at == l->count)
			return;
		slot = l->order[--l->count];
	}
	memmove(&l->order[at + 1], &l->order[at],
		(l->count - at) * sizeof(l->order[0]));
	l->order[at] = slot;
	must(str_copy(l->slot[slot], sizeof(l->slot[slot]), name) == ERR_OK);
	l->count++;
}

/* The type of an entry, asked for where the directory does not say. */
static unsigned char
type_of(int dir, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return S_ISREG(st.st_mode) ? DT_REG :
	       S_ISDIR(st.st_mode) ? DT_DIR :
				     DT_LNK;
}

static bool
ours(enum inbox_place place, struct str name)
{
	if (place != INBOX_DIR)
		return false;
	for (int p = INBOX_WORK; p < INBOX_PLACES; p++)
		if (str_eq(name, str_of(folder[p])))
			return true;
	return false;
}

static void
odd_told(struct inbox *in, size_t odd)
{
	if (odd > in->odd)
		log_op(LOG_WARN, "inbox.odd",
		       "path=\"%s\" count=%zu why=\"only regular files are "
		       "read\"",
		       in->path, odd);
	in->odd = odd;
}

enum err
inbox_list(struct inbox *in, enum inbox_place place, struct inbox_list *l,
	   struct diag *d)
{
	int fd = openat(in->fd[place], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t odd = 0;

	l->count = 0;
	l->more = 0;
	if (dir == NULL) {
		int error = errno;

		if (fd >= 0)
			(void)close(fd);
		return diag_set(d, ERR_IO, 0, "%.100s: %s", in->path,
				strerror(error));
	}
	for (unsigned i = 0; i < INBOX_SCAN_MAX; i++) {
		const struct dirent *e = readdir(dir);
		struct str name;
		unsigned char type;

		if (e == NULL)
			break;
		name = str_of(e->d_name);
		if (being_written(in, place, name) || ours(place, name))
			continue;
		type = type_of(fd, e);
		if (type == DT_REG)
			list_add(l, name);
		else
			odd += type != DT_UNKNOWN;
	}
	(void)closedir(dir);
	if (place == INBOX_DIR)
		odd_told(in, odd);
	return ERR_OK;
}

void
inbox_mark(const struct inbox *in, struct str name, int64_t mark[4])
{
	char z[256];
	struct stat st;

	memset(mark, 0, 4 * sizeof(mark[0]));
	if (str_copy(z, sizeof(z), name) != ERR_OK ||
	    fstatat(in->fd[INBOX_DIR], z, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	mark[0] = (int64_t)st.st_ino;
	mark[1] = (int64_t)st.st_size;
	mark[2] = (int64_t)st.st_mtim.tv_sec;
	mark[3] = (int64_t)st.st_mtim.tv_nsec;
}

/* ---- taking ---- */

/* A name that does no harm in logs, notes and terminals; false: it differs. */
static bool
clean_name(struct str name, char out[INBOX_NAME_MAX + 1])
{
	bool utf8 = str_utf8(name);
	bool same = utf8 && name.n <= INBOX_NAME_MAX;
	size_t n = name.n < INBOX_NAME_MAX ? name.n : INBOX_NAME_MAX;

	/* Not within a character. */
	while (utf8 && n < name.n && n > 0 &&
	       ((unsigned char)name.p[n] & 0xC0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		/* U+0080 to U+009F are controls too. */
		bool c1 = utf8 && c == 0xC2 && i + 1 < n &&
			  (unsigned char)name.p[i + 1] < 0xA0;

		if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8) || c1 ||
		    c == '"' || c == '\\') {
			c = '_';
			same = false;
		}
		out[i] = (char)c;
		if (c1)
			out[++i] = '_';
	}
	out[n] = '\0';
	return same;
}

enum err
inbox_take(struct inbox *in, struct str name, char taken[INBOX_NAME_MAX + 1],
	   struct diag *d)
{
	bool same = clean_name(name, taken);
	char raw[256];
	struct stat st;

	must(str_copy(raw, sizeof(raw), name) == ERR_OK);
	if (fstatat(in->fd[INBOX_WORK], taken, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return diag_set(d, ERR_AGAIN, 0,
				"work/ has one of that name already");
	if (renameat(in->fd[INBOX_DIR], raw, in->fd[INBOX_WORK], taken) < 0) {
		int error = errno;

		in->fenced = error != ENOENT && replaced(in);
		return diag_set(d, ERR_AGAIN, 0, "cannot be moved: %s",
				strerror(error));
	}
	if (same)
		return ERR_OK;
	return diag_set(d, ERR_REFUSED, 0,
			"the name is not UTF-8 of at most %u bytes without "
			"control characters, quotes and backslashes",
			INBOX_NAME_MAX);
}

enum err
inbox_read(struct inbox *in, struct str taken, int64_t size_max, int *fd,
	   int64_t *size, struct diag *d)
{
	char z[INBOX_NAME_MAX + 1];
	struct stat st = { 0 };
	enum err err = ERR_OK;

	if (str_copy(z, sizeof(z), taken) != ERR_OK)
		return diag_set(d, ERR_REFUSED, 0, "the name is too long");
	*fd = openat(in->fd[INBOX_WORK], z,
		     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return ERR_ABSENT;
	if (*fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			errno == EINTR || errno == EIO))
		return diag_set(d, ERR_IO, 0, "%s", strerror(errno));
	if (*fd < 0)
		return diag_set(d, ERR_REFUSED, 0, "cannot be opened: %s",
				strerror(errno));
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode))
		err = diag_set(d, ERR_REFUSED, 0, "is not a regular file");
	else if (st.st_size > size_max)
		err = diag_set(d, ERR_LIMIT, 0,
			       "has %" PRId64 " bytes, at most %" PRId64
			       " are read",
			       (int64_t)st.st_size, size_max);
	if (err != ERR_OK) {
		(void)close(*fd);
		*fd = -1;
	}
	*size = (int64_t)st.st_size;
	return err;
}

/* ---- settling ---- */

/* dir/name with that text; a crash leaves the old one, or a dot file. */
static enum err
write_whole(int dir, const char *name, struct str text)
{
	char part[300];
	enum err err = ERR_OK;
	int fd;

	(void)snprintf(part, sizeof(part), ".%s.tmp", name);
	fd = openat(dir, part,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return ERR_IO;
	while (err == ERR_OK && text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n <= 0 && errno != EINTR)
			err = ERR_IO;
		else if (n > 0)
			text = str_sub(text, (size_t)n, text.n);
	}
	if (err == ERR_OK && fchmod(fd, 0640) < 0)
		err = ERR_IO;
	(void)close(fd);
	if (err == ERR_OK && renameat(dir, part, dir, name) < 0)
		err = ERR_IO;
	if (err != ERR_OK)
		(void)unlinkat(dir, part, 0);
	return err;
}

static bool
is_free(int dir, const char *name, const char *why)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT &&
	       fstatat(dir, why, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* Nothing that was settled earlier is overwritten: NAME, else NAME.TIME. */
enum err
inbox_settle(struct inbox *in, enum inbox_place place, struct str taken,
	     struct str note, struct instant now)
{
	char from[INBOX_NAME_MAX + 1];
	char name[256];
	char why[261];
	int dir = in->fd[place];
	enum err err = str_copy(from, sizeof(from), taken);

	for (int i = 0; err == ERR_OK; i++) {
		if (i == 0)
			(void)snprintf(name, sizeof(name), "%s", from);
		else
			(void)snprintf(name, sizeof(name), "%s.%" PRId64, from,
				       now.wall_ms + i - 1);
		(void)snprintf(why, sizeof(why), "%s.why", name);
		if (is_free(dir, name, why))
			break;
		if (i == NAMES_TRIED_MAX)
			err = ERR_IO;
	}
	if (err == ERR_OK && note.n > 0 &&
	    write_whole(dir, why, note) != ERR_OK)
		log_op(LOG_WARN, "inbox.note", "path=\"%s/%s\" file=\"%s\"",
		       in->path, folder[place], why);
	if (err == ERR_OK &&
	    renameat(in->fd[INBOX_WORK], from, dir, name) < 0 &&
	    errno != ENOENT)
		err = ERR_IO;
	if (err != ERR_OK)
		log_op(LOG_WARN, "inbox.settle",
		       "path=\"%s/%s\" file=\"%s\" why=\"%s\"", in->path,
		       folder[place], from, strerror(errno));
	return err;
}

enum err
inbox_say(struct inbox *in, struct str name, const char *suffix,
	  struct str text)
{
	char z[INBOX_NAME_MAX + 16];

	(void)snprintf(z, sizeof(z), "%.*s%s", STR_ARG(name), suffix);
	return write_whole(in->fd[INBOX_DIR], z, text);
}

void
inbox_unsay(struct inbox *in, struct str name, const char *suffix)
{
	char z[INBOX_NAME_MAX + 16];

	(void)snprintf(z, sizeof(z), "%.*s%s", STR_ARG(name), suffix);
	(void)unlinkat(in->fd[INBOX_DIR], z, 0);
}
