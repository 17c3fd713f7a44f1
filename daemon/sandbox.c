/*
 * sandbox.c - limits and system call filters; files are in sandbox_fs.c.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sandbox_fs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Memory of the roles that read other people's bytes. */
#define PARSE_AS_MAX (2ull << 30)
#define FETCH_AS_MAX (4ull << 30) /* each resolver thread reserves 136 MiB */
#define PARSE_FILES_MAX 256
#define FETCH_FILES_MAX 1024 /* select's own limit */

/* ---- system calls ---- */

/* What every role's loop, memory and clocks need. */
static const int common[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek),
	SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(dup),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(shutdown),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(membarrier),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo),
	SCMP_SYS(getrusage), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Descriptors of documents come over the link; the map's budget is a timer. */
static const int parse_only[] = {
	SCMP_SYS(ftruncate),	SCMP_SYS(fsync),	 SCMP_SYS(fdatasync),
	SCMP_SYS(timer_create), SCMP_SYS(timer_settime), SCMP_SYS(timer_delete),
	SCMP_SYS(timer_gettime),
};

/* It writes one file that it was handed, and syncs it. */
static const int index_only[] = { SCMP_SYS(fsync) };

/* Sockets are in the rules below; files are opened for reading only. */
static const int fetch_only[] = {
	SCMP_SYS(newfstatat),  SCMP_SYS(access),      SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),  SCMP_SYS(readlink),    SCMP_SYS(readlinkat),
	SCMP_SYS(connect),     SCMP_SYS(bind),	      SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt),  SCMP_SYS(setsockopt),
	SCMP_SYS(sendmmsg),    SCMP_SYS(recvmmsg),    SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),       SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),
};

/* SQLite and the diff states; Landlock says in which directory. */
static const int core_only[] = {
	SCMP_SYS(openat),    SCMP_SYS(newfstatat), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getcwd),	   SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),  SCMP_SYS(linkat),	   SCMP_SYS(ftruncate),
	SCMP_SYS(renameat),  SCMP_SYS(renameat2),
	SCMP_SYS(fallocate), SCMP_SYS(fsync),	   SCMP_SYS(fdatasync),
	SCMP_SYS(fchmod),    SCMP_SYS(fchown),	   SCMP_SYS(flock),
	SCMP_SYS(memfd_create), SCMP_SYS(getsockopt), SCMP_SYS(fstatfs),
};

/* Watched directories are listed. */
static const int core_watches[] = { SCMP_SYS(getdents64) };

/* libmicrohttpd, with the socket it listened on at start. */
static const int web_only[] = {
	SCMP_SYS(accept),      SCMP_SYS(accept4),    SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(sendfile),
};

/* libzmq sets each thread's scheduling, libsodium locks keys in memory. */
static const int publish_only[] = {
	SCMP_SYS(bind),		SCMP_SYS(listen),      SCMP_SYS(accept),
	SCMP_SYS(accept4),	SCMP_SYS(connect),     SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),	SCMP_SYS(getsockopt),  SCMP_SYS(setsockopt),
	SCMP_SYS(eventfd2),	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),	SCMP_SYS(epoll_pwait), SCMP_SYS(mlock),
	SCMP_SYS(munlock),	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_setparam), SCMP_SYS(sched_get_priority_max),
	SCMP_SYS(sched_get_priority_min), SCMP_SYS(seccomp),
};

/* Once it listens, publish only accepts. */
static const int publish_no_more[] = {
	SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(clone),
};

/* What nobody in this house needs, the supervisor included. */
static const int nobody[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(add_key), SCMP_SYS(keyctl),
	SCMP_SYS(request_key), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(personality),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(fanotify_init), SCMP_SYS(syslog), SCMP_SYS(vhangup),
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid),
	SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
};

/* Not F_SETOWN and F_SETSIG, which send signals to whom they please. */
static const int fcntl_does[] = {
	F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
	F_GETLK, F_SETLK, F_SETLKW, F_ADD_SEALS, F_GET_SEALS,
};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Adds each call with the action; rc keeps the first error. */
static void
each(scmp_filter_ctx f, uint32_t action, const int *call, size_t n, int *rc)
{
	for (size_t i = 0; *rc == 0 && i < n; i++)
		*rc = seccomp_rule_add(f, action, call[i], 0);
}

/* Allows call when the comparison holds. */
static void
when(scmp_filter_ctx f, int call, struct scmp_arg_cmp cmp, int *rc)
{
	if (*rc == 0)
		*rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &cmp);
}

#define ALL_BITS(arg, mask, value)                                             \
	((struct scmp_arg_cmp){ (arg), SCMP_CMP_MASKED_EQ, (mask), (value) })
#define EQUALS(arg, value)                                                     \
	((struct scmp_arg_cmp){ (arg), SCMP_CMP_EQ, (value), 0 })

/* Calls every role may make, with arguments that do no harm. */
static void
common_rules(scmp_filter_ctx f, int *rc)
{
	struct scmp_arg_cmp asks[] = { EQUALS(0, 0), EQUALS(2, 0) };

	each(f, SCMP_ACT_ALLOW, common, LEN(common), rc);
	for (size_t i = 0; i < LEN(fcntl_does); i++)
		when(f, SCMP_SYS(fcntl),
		     EQUALS(1, (scmp_datum_t)fcntl_does[i]), rc);
	/* Memory is never executable. */
	when(f, SCMP_SYS(mmap), ALL_BITS(2, PROT_EXEC, 0), rc);
	when(f, SCMP_SYS(mprotect), ALL_BITS(2, PROT_EXEC, 0), rc);
	/* The C library's fstat. */
	when(f, SCMP_SYS(newfstatat),
	     ALL_BITS(3, AT_EMPTY_PATH, AT_EMPTY_PATH), rc);
	when(f, SCMP_SYS(ioctl), EQUALS(1, FIONREAD), rc);
	when(f, SCMP_SYS(ioctl), EQUALS(1, FIONBIO), rc);
	when(f, SCMP_SYS(prctl), EQUALS(0, PR_SET_NAME), rc);
	when(f, SCMP_SYS(prctl), EQUALS(0, PR_SET_NO_NEW_PRIVS), rc);
	/* A role may end itself, nobody else. */
	when(f, SCMP_SYS(tgkill), EQUALS(0, (scmp_datum_t)getpid()), rc);
	/* Its own limits may be read. */
	if (*rc == 0)
		*rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
					     SCMP_SYS(prlimit64), LEN(asks),
					     asks);
}

/* Sockets of the internet, netlink to list addresses, and threads. */
static void
net_rules(scmp_filter_ctx f, int *rc)
{
	when(f, SCMP_SYS(socket), EQUALS(0, AF_INET), rc);
	when(f, SCMP_SYS(socket), EQUALS(0, AF_INET6), rc);
	when(f, SCMP_SYS(socket), EQUALS(0, AF_NETLINK), rc);
	when(f, SCMP_SYS(clone), ALL_BITS(0, CLONE_THREAD, CLONE_THREAD), rc);
}

static void
role_rules(scmp_filter_ctx f, const struct sandbox *s, int *rc)
{
	common_rules(f, rc);
	switch (s->role) {
	case PEER_PARSE:
		each(f, SCMP_ACT_ALLOW, parse_only, LEN(parse_only), rc);
		break;
	case PEER_FETCH:
		each(f, SCMP_ACT_ALLOW, fetch_only, LEN(fetch_only), rc);
		net_rules(f, rc);
		when(f, SCMP_SYS(socketpair), EQUALS(0, AF_UNIX), rc);
		when(f, SCMP_SYS(openat),
		     ALL_BITS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY), rc);
		break;
	case PEER_CORE:
		each(f, SCMP_ACT_ALLOW, core_only, LEN(core_only), rc);
		if (s->watched_count > 0)
			each(f, SCMP_ACT_ALLOW, core_watches,
			     LEN(core_watches), rc);
		break;
	case PEER_PUBLISH:
		each(f, SCMP_ACT_ALLOW, publish_only, LEN(publish_only), rc);
		net_rules(f, rc);
		break;
	case PEER_WEB:
		each(f, SCMP_ACT_ALLOW, web_only, LEN(web_only), rc);
		break;
	case PEER_INDEX:
		each(f, SCMP_ACT_ALLOW, index_only, LEN(index_only), rc);
		break;
	case PEER_SUPER:
	case PEER_COUNT:
	default:
		must(s->role > PEER_SUPER && s->role < PEER_COUNT);
	}
}

static scmp_filter_ctx
filter_new(uint32_t otherwise, int *rc)
{
	scmp_filter_ctx f = seccomp_init(otherwise);

	*rc = f == NULL ? -ENOMEM : 0;
	if (*rc == 0)
		*rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (*rc == 0)
		*rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
				       SCMP_ACT_KILL_PROCESS);
	if (*rc == 0)
		*rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return f;
}

static int
filter_load(scmp_filter_ctx f, int rc)
{
	if (rc == 0)
		rc = seccomp_load(f);
	if (f != NULL)
		seccomp_release(f);
	return rc;
}

static int
filter_role(const struct sandbox *s)
{
	int rc = 0;
	scmp_filter_ctx f = filter_new(SCMP_ACT_ERRNO(EPERM), &rc);

	if (rc == 0)
		role_rules(f, s, &rc);
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
				      SCMP_SYS(clone3), 0);
	return filter_load(f, rc);
}

/* Takes these away, leaves the rest as it is. */
static int
filter_deny(const int *call, size_t n)
{
	int rc = 0;
	scmp_filter_ctx f = filter_new(SCMP_ACT_ALLOW, &rc);

	each(f, SCMP_ACT_ERRNO(EPERM), call, n, &rc);
	return filter_load(f, rc);
}

/* ---- limits ---- */

/* Lowers a limit to n; a lower one stands. */
static int
limit(__rlimit_resource_t what, rlim_t n)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return -errno;
	if (r.rlim_max < n)
		return 0;
	r.rlim_cur = n;
	r.rlim_max = n;
	return setrlimit(what, &r) < 0 ? -errno : 0;
}

static int
limits(enum peer role)
{
	int rc = limit(RLIMIT_CORE, 0);

	if (rc == 0 && role == PEER_PARSE)
		rc = limit(RLIMIT_AS, PARSE_AS_MAX);
	if (rc == 0 && role == PEER_PARSE)
		rc = limit(RLIMIT_NOFILE, PARSE_FILES_MAX);
	if (rc == 0 && role == PEER_FETCH)
		rc = limit(RLIMIT_AS, FETCH_AS_MAX);
	if (rc == 0 && role == PEER_FETCH)
		rc = limit(RLIMIT_NOFILE, FETCH_FILES_MAX);
	if (rc == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
		rc = -errno;
	return rc;
}

/* ---- doors ---- */

bool
sandbox_built(void)
{
	return !SANITIZED;
}

/* A lock that did not close: an error, or a warning when so wished. */
static enum err
verdict(enum sandbox_mode mode, const char *lock, int rc)
{
	if (rc == 0)
		return ERR_OK;
	log_op(mode == SANDBOX_REQUIRED ? LOG_ERR : LOG_WARN, "sandbox.open",
	       "lock=%s why=\"%s\"%s", lock, strerror(-rc),
	       mode == SANDBOX_REQUIRED ?
		   " hint=\"sandbox: best_effort runs without it\"" :
		   "");
	return mode == SANDBOX_REQUIRED ? ERR_CONFIG : ERR_OK;
}

/* Files first: the filter takes away the calls that close that lock. */
static enum err
lock_in(const struct sandbox *s)
{
	enum err err = verdict(s->mode, "landlock",
			       sandbox_fs(s));

	if (err == ERR_OK)
		err = verdict(s->mode, "seccomp", filter_role(s));
	return err;
}

enum err
sandbox_super(enum sandbox_mode mode)
{
	enum err err;

	if (SANITIZED)
		return ERR_OK;
	err = verdict(mode, "limits", limits(PEER_SUPER));
	if (err == ERR_OK)
		err = verdict(mode, "seccomp",
			      filter_deny(nobody, LEN(nobody)));
	return err;
}

enum err
sandbox_before(const struct sandbox *s)
{
	enum err err;

	if (SANITIZED)
		return ERR_OK;
	tzset(); /* or the first use of the time zone opens a file */
	err = verdict(s->mode, "limits", limits(s->role));
	if (err == ERR_OK && s->role == PEER_PUBLISH)
		err = lock_in(s);
	return err;
}

enum err
sandbox_after(const struct sandbox *s)
{
	if (SANITIZED)
		return ERR_OK;
	if (s->role == PEER_PUBLISH)
		return verdict(s->mode, "seccomp",
			       filter_deny(publish_no_more,
					   LEN(publish_no_more)));
	return lock_in(s);
}
