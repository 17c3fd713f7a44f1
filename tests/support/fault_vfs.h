/*
 * fault_vfs.h - a disk that fails when told: an SQLite VFS over the default
 * one.  For tests; one per process.
 *
 * Every open, read, write, truncate, sync and delete of a file counts as one
 * operation.  The armed one fails with an I/O error (writes: disk full in
 * turn), and is not carried out; FAULT_FOR_EVER fails all after it as well,
 * FAULT_KILL ends the process there by SIGKILL.
 */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_how { FAULT_ONCE, FAULT_FOR_EVER, FAULT_KILL };

/* Becomes the default VFS of this process. */
void fault_vfs_install(void);
/* The n-th operation from now fails; 0: none. */
void fault_vfs_arm(uint64_t n, enum fault_how how);
/* Whether the armed operation came. */
bool fault_vfs_fired(void);
/* Syncs carried out since the last arming. */
uint64_t fault_vfs_syncs(void);

#endif
