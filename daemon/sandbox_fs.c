/*
 * sandbox_fs.c - Landlock by its three system calls; there is no library.
 *
 * A rule holds an inode, not a name.  A file that is replaced while fetch
 * runs (resolv.conf, by a network manager) is out of its reach until fetch
 * starts again, unless it lives in a directory of its own: then the
 * directory is granted.
 */
#include "sandbox_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_KEEP                                                                \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE |                             \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Everything ABI 1 knows: what is handled and not granted is denied. */
#define FS_ABI_1                                                               \
	(FS_KEEP | LANDLOCK_ACCESS_FS_EXECUTE |                                \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR |        \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |          \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |        \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
/* What a rule on a file, not a directory, may say. */
#define FS_FILE                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
	 LANDLOCK_ACCESS_FS_EXECUTE)

/* The resolver's files and the certificates of the machine. */
static const char *const fetch_reads[] = {
	"/etc/resolv.conf",  "/etc/hosts",    "/etc/nsswitch.conf",
	"/etc/gai.conf",     "/etc/host.conf", "/etc/ssl/certs",
	"/etc/ssl/openssl.cnf", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
};

int
sandbox_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* Grants what lies at path; what is not there needs no grant. */
static int
grant(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat st;
	int rc = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(rule.parent_fd, &st) < 0)
		rc = -errno;
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_FILE;
	if (rc == 0 && syscall(SYS_landlock_add_rule, ruleset,
			       LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		rc = -errno;
	(void)close(rule.parent_fd);
	return rc;
}

/*
 * A file in /etc by itself; one that /etc only points to (as resolv.conf to
 * /run/systemd/resolve/) with its directory, because its keeper replaces it.
 */
static int
grant_read(int ruleset, const char *path)
{
	char real[PATH_MAX];
	char *slash;

	if (realpath(path, real) == NULL)
		return errno == ENOENT ? 0 : -errno;
	slash = strrchr(real, '/');
	if (str_starts(str_of(real), S("/run/")) &&
	    slash > real + sizeof("/run"))
		*slash = '\0';
	return grant(ruleset, real, FS_READ);
}

static int
grant_dir(int ruleset, struct str path, uint64_t access)
{
	char dir[PATH_MAX];

	if (str_copy(dir, sizeof(dir), path) != ERR_OK)
		return -ENAMETOOLONG;
	return grant(ruleset, dir, access);
}

static int
grant_role(int ruleset, const struct sandbox *s)
{
	int rc = 0;

	if (s->role == PEER_FETCH)
		for (size_t i = 0; rc == 0 && i < sizeof(fetch_reads) /
						      sizeof(*fetch_reads);
		     i++)
			rc = grant_read(ruleset, fetch_reads[i]);
	if (s->role != PEER_CORE)
		return rc;
	/* SQLite names temporary files by random numbers. */
	rc = grant(ruleset, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
	/* A document without an old diff state gets nothing to read. */
	if (rc == 0)
		rc = grant(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE);
	/* In a watched directory files move from folder to folder. */
	for (size_t i = 0; rc == 0 && i < s->watched_count; i++)
		rc = grant_dir(ruleset, s->watched[i],
			       FS_KEEP | (sandbox_abi() < SANDBOX_ABI_MAX ?
					      0 :
					      LANDLOCK_ACCESS_FS_REFER));
	if (rc != 0 || str_eq(s->state_dir, S(":memory:")))
		return rc;
	return grant_dir(ruleset, s->state_dir, FS_KEEP);
}

int
sandbox_fs(const struct sandbox *s)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = FS_ABI_1 };
	int abi = sandbox_abi();
	int ruleset;
	int rc;

	if (abi == 0)
		return -EOPNOTSUPP;
	if (abi >= SANDBOX_ABI_MAX)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
			       sizeof(attr), 0);
	if (ruleset < 0)
		return -errno;
	rc = grant_role(ruleset, s);
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		rc = -errno;
	(void)close(ruleset);
	return rc;
}
