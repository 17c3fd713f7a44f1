/*
 * sandbox_fs.h - which files a role may still open: Landlock.  Floor 4.
 *
 * For sandbox.c only.
 */
#ifndef SANDBOX_FS_H
#define SANDBOX_FS_H

#include "sandbox.h"

/* Closes the lock on the calling thread; 0 or -errno. */
int sandbox_fs(const struct sandbox *s);

#endif
