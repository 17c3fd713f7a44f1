/*
 * scratch.h - files and programs of a test, under build/ and gone with it.
 *
 * Tests run at the root of the tree.  What cannot be made is the test's end.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "str.h"

#define SCRATCH_PATH_SIZE 64u

/* A new folder build/NAME.XXXXXX; its name in path. */
void scratch_dir(char path[SCRATCH_PATH_SIZE], const char *name);
/* A new file build/NAME.XXXXXX that holds text. */
void scratch_file(char path[SCRATCH_PATH_SIZE], const char *name,
		  struct str text);
/* A file without a name that holds text, at its beginning; the caller's. */
int scratch_fd(struct str text);
/* The folder and everything in it. */
void scratch_remove(const char *path);
/* Runs a program by its path, words ended by NULL; its exit status, or -1. */
int scratch_run(const char *const *words);

#endif
