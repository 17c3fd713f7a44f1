/*
 * sandbox_fs.h - which files a role may still open: Landlock.  Floor 4.
 *
 * For sandbox.c only.
 */
#ifndef SANDBOX_FS_H
#define SANDBOX_FS_H

#include "msg.h"
#include "str.h"

/* Closes the lock on the calling thread; 0 or -errno. */
int sandbox_fs(enum peer role, struct str state_dir);

#endif
