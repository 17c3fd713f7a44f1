/*
 * sandbox.h - what a role may still do once it runs.  Floor 4.
 *
 * Five locks: no new privileges, not dumpable, resource limits, Landlock for
 * files, seccomp for system calls.  A role goes through two doors, and there
 * is no third way in:
 *
 *	sandbox_before	before init: limits for all; for publish everything,
 *			because libzmq starts threads in init and Landlock
 *			binds only the calling thread and those it starts.
 *	sandbox_after	after init, before the first message: everything for
 *			fetch, parse, core and web, whose init opens files (maps
 *			compile, the CA store, the database) and starts no
 *			thread; publish loses socket, connect and clone.
 *
 * The filters are set with TSYNC, so a thread that exists already is under
 * them too.  What is not allowed answers EPERM; clone3 answers ENOSYS, so
 * that the C library starts threads with clone, whose flags can be checked.
 * Builds with sanitizers run without a sandbox and say so.
 *
 * Landlock up to ABI 2 is used, the one of Linux 5.19; older kernels do with
 * ABI 1, under which no file moves from one directory to another: a watched
 * directory cannot be read there.  It does not cover sockets and signals:
 * seccomp does.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "err.h"
#include "msg.h"

#define SANDBOX_ABI_MAX 2
#define SANDBOX_WATCHED_MAX 65u /* directories */

/* The words of the key `sandbox`, in the order of config.def. */
enum sandbox_mode {
	SANDBOX_REQUIRED,    /* a lock that cannot be closed is an error */
	SANDBOX_BEST_EFFORT, /* it is a warning */
};

struct sandbox {
	enum peer role;
	enum sandbox_mode mode;
	struct str state_dir; /* core's; others leave it empty */
	/* Core's too: files are renamed into these, read and moved on. */
	struct str watched[SANDBOX_WATCHED_MAX];
	size_t watched_count;
};

/* Landlock's ABI on this kernel, as it is; 0 when there is none. */
int sandbox_abi(void);
/* False in builds with sanitizers. */
bool sandbox_built(void);
/*
 * The supervisor's own: it must start roles and their filters only add to
 * its, so it loses what nobody here needs (other processes' memory, mounts,
 * modules, clocks, keys), not sockets and files.
 */
NODISCARD enum err sandbox_super(enum sandbox_mode mode);
NODISCARD enum err sandbox_before(const struct sandbox *s);
NODISCARD enum err sandbox_after(const struct sandbox *s);

#endif
