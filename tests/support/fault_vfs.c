/*
 * fault_vfs.c - a disk that fails when told.
 */
#include "fault_vfs.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
	const char *name;   /* SQLite's, as long as the file is open */
};

/* What a write or a truncate took the place of. */
struct undo {
	char *path;
	sqlite3_int64 size; /* of the file before */
	sqlite3_int64 at;
	int wrote;
	int n; /* bytes that were there */
	char *old;
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	uint64_t count;
	uint64_t at; /* 0: never */
	enum fault_how how;
	bool fired;
	uint64_t syncs;
	bool power;
	struct undo *undo;
	size_t undos;
	size_t undo_room;
} fault;

static bool
fails(bool grows)
{
	if (fault.how == FAULT_FULL && !grows)
		return false;
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

/* ---- a power cut ---- */

static void
undo_free(struct undo *u)
{
	free(u->path);
	free(u->old);
}

static void
remember(struct fault_file *f, sqlite3_int64 at, int wrote)
{
	struct undo *u;

	if (!fault.power || f->name == NULL)
		return;
	if (fault.undos == fault.undo_room) {
		fault.undo_room = 2 * fault.undo_room + 64;
		fault.undo = realloc(fault.undo,
				     fault.undo_room * sizeof(*fault.undo));
		must(fault.undo != NULL);
	}
	u = &fault.undo[fault.undos++];
	*u = (struct undo){ .path = strdup(f->name),
			    .at = at,
			    .wrote = wrote };
	must(u->path != NULL && f->real->pMethods->xFileSize(
					f->real, &u->size) == SQLITE_OK);
	if (wrote == 0) /* truncate: all behind it */
		wrote = u->size > at ? (int)(u->size - at) : 0;
	u->n = u->size <= at	      ? 0 :
	       u->size - at < wrote ? (int)(u->size - at) :
				      wrote;
	u->old = malloc((size_t)u->n + 1);
	must(u->old != NULL);
	if (u->n > 0)
		must(f->real->pMethods->xRead(f->real, u->old, u->n, at) ==
		     SQLITE_OK);
}

/* Durable now, or gone. */
static void
forget(const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < fault.undos; i++) {
		if (name == NULL || strcmp(fault.undo[i].path, name) == 0)
			undo_free(&fault.undo[i]);
		else
			fault.undo[kept++] = fault.undo[i];
	}
	fault.undos = kept;
}

void
fault_vfs_power(bool on)
{
	forget(NULL);
	fault.power = on;
}

size_t
fault_vfs_unsynced(void)
{
	return fault.undos;
}

static void
take_back(const struct undo *u, size_t torn)
{
	int fd = open(u->path, O_RDWR | O_CLOEXEC);
	size_t from = torn < (size_t)u->wrote ? (size_t)u->wrote - torn : 0;

	if (fd < 0)
		return; /* deleted since */
	if (from < (size_t)u->n)
		must(pwrite(fd, u->old + from, (size_t)u->n - from,
			    (off_t)u->at + (off_t)from) >= 0);
	if (u->wrote > 0 && u->at + u->wrote > u->size)
		must(ftruncate(fd, (off_t)(u->at + (off_t)from > u->size ?
						     u->at + (off_t)from :
						     u->size)) == 0);
	(void)close(fd);
}

void
fault_vfs_cut(size_t keep, size_t torn)
{
	for (size_t i = fault.undos; i > keep; i--)
		take_back(&fault.undo[i - 1], SIZE_MAX);
	if (keep > 0 && keep <= fault.undos && torn > 0)
		take_back(&fault.undo[keep - 1], torn);
	forget(NULL);
}

/* ---- the file ---- */

static int
f_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int
f_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	if (fails(false))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), p, n, at);
}

static int
f_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	if (fails(true))
		return fault.at % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	remember((struct fault_file *)file, at, n);
	return real_of(file)->pMethods->xWrite(real_of(file), p, n, at);
}

static int
f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (fails(true))
		return SQLITE_IOERR_TRUNCATE;
	remember((struct fault_file *)file, size, 0);
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
f_sync(sqlite3_file *file, int flags)
{
	if (fails(true))
		return SQLITE_IOERR_FSYNC;
	fault.syncs++;
	if (fault.power && ((struct fault_file *)file)->name != NULL) {
		forget(((struct fault_file *)file)->name);
		return SQLITE_OK;
	}
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
	f->name = name;
	if (fails(true))
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
	if (fails(false))
		return SQLITE_IOERR_DELETE;
	forget(name);
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
