/*
 * fault_vfs.h - a disk that fails when told: an SQLite VFS over the default
 * one.  For tests; one per process.
 *
 * Every open, read, write, truncate, sync and delete of a file counts as one
 * operation.  The armed one fails with an I/O error (writes: disk full in
 * turn), and is not carried out; FAULT_FOR_EVER fails all after it as well,
 * FAULT_KILL ends the process there by SIGKILL.  FAULT_FULL counts and fails,
 * from the armed one on, only what needs room.
 *
 * A power cut: with fault_vfs_power(1) syncs are not passed on, and what was
 * written since the last sync of its file is remembered, until
 * fault_vfs_cut takes the last of it back.
 */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_how { FAULT_ONCE, FAULT_FOR_EVER, FAULT_FULL, FAULT_KILL };

/* Becomes the default VFS of this process. */
void fault_vfs_install(void);
/* The n-th operation from now fails; 0: none. */
void fault_vfs_arm(uint64_t n, enum fault_how how);
/* Whether the armed operation came. */
bool fault_vfs_fired(void);
/* Syncs carried out since the last arming. */
uint64_t fault_vfs_syncs(void);

void fault_vfs_power(bool on);
/* Unsynced writes so far; those from the keep-th on never reached the disk,
 * of the one before torn bytes are missing.  Every file must be closed. */
size_t fault_vfs_unsynced(void);
void fault_vfs_cut(size_t keep, size_t torn);

#endif
