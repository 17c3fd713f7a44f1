/*
 * store_vfs.c - a database in a file that is open already.
 *
 * A copy is written where another process may write and we may not: it opened
 * the file, we got the descriptor.  SQLite wants names, so the name is the
 * descriptor's number.  One file, no journal, no lock, no memory beside it:
 * nobody else knows the file yet.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_priv.h"

struct fd_file {
	sqlite3_file base;
	int fd; /* borrowed */
};

static int
fd_of(sqlite3_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static int
v_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int
v_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = pread(fd_of(file), to, (size_t)n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SQLITE_IOERR_READ;
		if (got == 0)
			break;
		to += got;
		at += got;
		n -= (int)got;
	}
	if (n == 0)
		return SQLITE_OK;
	memset(to, 0, (size_t)n);
	return SQLITE_IOERR_SHORT_READ;
}

static int
v_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = pwrite(fd_of(file), from, (size_t)n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == ENOSPC || errno == EDQUOT ||
					       errno == EFBIG ?
				       SQLITE_FULL :
				       SQLITE_IOERR_WRITE;
		from += put;
		at += put;
		n -= (int)put;
	}
	return SQLITE_OK;
}

static int
v_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return ftruncate(fd_of(file), size) == 0 ? SQLITE_OK :
						   SQLITE_IOERR_TRUNCATE;
}

static int
v_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	return fsync(fd_of(file)) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int
v_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct stat st;

	if (fstat(fd_of(file), &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*size = st.st_size;
	return SQLITE_OK;
}

static int
v_lock(sqlite3_file *file, int how)
{
	(void)file;
	(void)how;
	return SQLITE_OK;
}

static int
v_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int
v_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
v_sector(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int
v_traits(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = v_close,
	.xRead = v_read,
	.xWrite = v_write,
	.xTruncate = v_truncate,
	.xSync = v_sync,
	.xFileSize = v_size,
	.xLock = v_lock,
	.xUnlock = v_lock,
	.xCheckReservedLock = v_reserved,
	.xFileControl = v_control,
	.xSectorSize = v_sector,
	.xDeviceCharacteristics = v_traits,
};

static int
v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
       int *out)
{
	struct fd_file *f = (struct fd_file *)file;
	uint64_t fd = 0;

	(void)vfs;
	f->base.pMethods = NULL;
	if (name == NULL || (flags & SQLITE_OPEN_MAIN_DB) == 0 ||
	    str_to_u64(str_of(name), INT32_MAX, &fd) != ERR_OK)
		return SQLITE_CANTOPEN;
	f->fd = (int)fd;
	f->base.pMethods = &methods;
	if (out != NULL)
		*out = flags;
	return SQLITE_OK;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)name;
	(void)sync;
	return SQLITE_IOERR_DELETE_NOENT;
}

static int
v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)name;
	(void)flags;
	*out = 0; /* no journal of an earlier life */
	return SQLITE_OK;
}

static int
v_full(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	return str_copy(out, (size_t)size, str_of(name)) == ERR_OK ?
		       SQLITE_OK :
		       SQLITE_CANTOPEN;
}

const char *
store_vfs(void)
{
	static sqlite3_vfs own;
	const sqlite3_vfs *os = sqlite3_vfs_find("unix");

	must(os != NULL);
	if (own.zName == NULL) {
		own = *os; /* its randomness and clock */
		own.zName = "creditalarm-fd";
		own.szOsFile = (int)sizeof(struct fd_file);
		own.mxPathname = 32;
		own.pNext = NULL;
		own.xOpen = v_open;
		own.xDelete = v_delete;
		own.xAccess = v_access;
		own.xFullPathname = v_full;
		must(sqlite3_vfs_register(&own, 0) == SQLITE_OK);
	}
	return own.zName;
}
