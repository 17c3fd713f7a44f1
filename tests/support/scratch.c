/*
 * scratch.c - scratch files without a shell.
 */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void
name_put(char path[SCRATCH_PATH_SIZE], const char *name)
{
	int n = snprintf(path, SCRATCH_PATH_SIZE, "build/%s.XXXXXX", name);

	must(n > 0 && n < (int)SCRATCH_PATH_SIZE);
}

void
scratch_dir(char path[SCRATCH_PATH_SIZE], const char *name)
{
	name_put(path, name);
	must(mkdtemp(path) != NULL);
}

static void
write_all(int fd, struct str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		must(n > 0);
		text = str_sub(text, (size_t)n, text.n);
	}
}

void
scratch_file(char path[SCRATCH_PATH_SIZE], const char *name, struct str text)
{
	int fd;

	name_put(path, name);
	fd = mkstemp(path);
	must(fd >= 0);
	write_all(fd, text);
	(void)close(fd);
}

int
scratch_fd(struct str text)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	must(fd >= 0);
	write_all(fd, text);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
scratch_remove(const char *path)
{
	must(str_starts(str_of(path), S("build/")));
	(void)nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int
scratch_run(const char *const *words)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		/* execv takes non-const words; it does not change them. */
		(void)execv(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
