/*
 * fault_vfs.c - a disk that fails when told.
 */
#include "fault_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <string.h>

#include "err.h"

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	uint64_t count;
	uint64_t at; /* 0: never */
	enum fault_how how;
	bool fired;
	uint64_t syncs;
} fault;

static bool
fails(void)
{
	fault.count++;
	if (fault.at == 0 || fault.count < fault.at ||
	    (fault.count > fault.at && fault.how == FAULT_ONCE))
		return false;
	fault.fired = true;
	if (fault.how == FAULT_KILL)
		(void)raise(SIGKILL);
	return true;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

static int
f_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int
f_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	if (fails())
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), p, n, at);
}

static int
f_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	if (fails())
		return fault.at % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	return real_of(file)->pMethods->xWrite(real_of(file), p, n, at);
}

static int
f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (fails())
		return SQLITE_IOERR_TRUNCATE;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
f_sync(sqlite3_file *file, int flags)
{
	if (fails())
		return SQLITE_IOERR_FSYNC;
	fault.syncs++;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
f_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int
f_lock(sqlite3_file *file, int how)
{
	return real_of(file)->pMethods->xLock(real_of(file), how);
}

static int
f_unlock(sqlite3_file *file, int how)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), how);
}

static int
f_reserved(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int
f_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int
f_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
f_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
f_shm_map(sqlite3_file *file, int page, int size, int extend,
	  void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size,
						extend, out);
}

static int
f_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), at, n, flags);
}

static void
f_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
f_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_traits,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

static int
f_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
       int *out)
{
	struct fault_file *f = (struct fault_file *)file;
	int rc;

	(void)vfs;
	f->base.pMethods = NULL;
	f->real = (sqlite3_file *)(f + 1);
	if (fails())
		return SQLITE_CANTOPEN;
	rc = fault.real->xOpen(fault.real, name, f->real, flags, out);
	if (f->real->pMethods != NULL)
		f->base.pMethods = &methods;
	return rc;
}

static int
f_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	if (fails())
		return SQLITE_IOERR_DELETE;
	return fault.real->xDelete(fault.real, name, sync);
}

void
fault_vfs_install(void)
{
	fault.real = sqlite3_vfs_find(NULL);
	must(fault.real != NULL && fault.real != &fault.vfs);
	fault.vfs = *fault.real;
	fault.vfs.zName = "fault";
	fault.vfs.szOsFile += (int)sizeof(struct fault_file);
	fault.vfs.pNext = NULL;
	fault.vfs.xOpen = f_open;
	fault.vfs.xDelete = f_delete;
	must(sqlite3_vfs_register(&fault.vfs, 1) == SQLITE_OK);
}

void
fault_vfs_arm(uint64_t n, enum fault_how how)
{
	fault.count = 0;
	fault.at = n;
	fault.how = how;
	fault.fired = false;
	fault.syncs = 0;
}

bool
fault_vfs_fired(void)
{
	return fault.fired;
}

uint64_t
fault_vfs_syncs(void)
{
	return fault.syncs;
}
