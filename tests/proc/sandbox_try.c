/*
 * sandbox_try.c - what a locked-in role is refused, from two threads.
 *
 * For each role a child process starts a helper thread, goes through the two
 * doors of daemon/sandbox.h exactly as daemon/child.c does, and then the main
 * and the helper thread try what the role may not.  The helper is started as
 * threads of that role are: publish's between the doors (libzmq), fetch's
 * behind them (libcurl's resolver).  The others have none; theirs is
 * started before the doors, to show that the filter reaches it.  A line each:
 *
 *	ROLE THREAD WHAT RESULT
 *
 * RESULT is "done" or the error's name.  Judging is the Python test's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

static const char *role;
static const char *state; /* core's directory; holds "inside" */
static const char *watched; /* core's too; holds "in" and work/ */
static pid_t victim;
static sem_t locked;

static void
say(const char *who, const char *what, long rc)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %s %s %s\n", role, who, what,
			 rc >= 0 ? "done" : strerrorname_np(errno));

	if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(3);
}

static long
dial(int family)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un un = { .sun_family = AF_UNIX,
				  .sun_path = "/run/nobody" };
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (family == AF_UNIX)
		return connect(fd, (struct sockaddr *)&un, sizeof(un));
	return connect(fd, (struct sockaddr *)&at, sizeof(at));
}

static long
open_at(const char *dir, const char *name, int flags)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags, 0600);
}

static long
list_of(const char *dir)
{
	char entries[4096];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -1 :
			syscall(SYS_getdents64, fd, entries, sizeof(entries));
}

static long
move(const char *from, const char *old, const char *to, const char *fresh)
{
	char a[512];
	char b[512];

	(void)snprintf(a, sizeof(a), "%s/%s", from, old);
	(void)snprintf(b, sizeof(b), "%s/%s", to, fresh);
	return rename(a, b) < 0 ? renameat(AT_FDCWD, a, AT_FDCWD, b) : 0;
}

static long
mkdir_in(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return mkdir(path, 0700);
}

static void
try_all(const char *who)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };

	say(who, "read-passwd", open("/etc/passwd", O_RDONLY));
	say(who, "read-resolv", open("/etc/hosts", O_RDONLY));
	say(who, "create", open("build/calarm.sandbox", O_WRONLY | O_CREAT,
				0600));
	say(who, "read-state", open_at(state, "inside", O_RDONLY));
	say(who, "write-state", open_at(state, "made", O_WRONLY | O_CREAT));
	say(who, "list-watched", list_of(watched));
	say(who, "take-watched", move(watched, "in", watched, "work/in"));
	say(who, "steal-watched", move(watched, "work/in", state, "in"));
	say(who, "folder-watched", mkdir_in(watched, "new"));
	say(who, "connect-inet", dial(AF_INET));
	say(who, "connect-unix", dial(AF_UNIX));
	say(who, "kill", kill(victim, 0));
	say(who, "kill-all", kill(-1, 0));
	say(who, "tgkill", syscall(SYS_tgkill, victim, victim, 0));
	say(who, "sigqueue",
	    syscall(SYS_rt_sigqueueinfo, victim, SIGTERM, &info));
	say(who, "sigio", fcntl(STDOUT_FILENO, F_SETOWN, victim));
	say(who, "ptrace", ptrace(PTRACE_ATTACH, victim, NULL, NULL));
	say(who, "pidfd_open", syscall(SYS_pidfd_open, victim, 0));
	say(who, "pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0));
	say(who, "fork", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	say(who, "clone3", syscall(SYS_clone3, NULL, 0));
	say(who, "execve", execl("/bin/true", "true", (char *)NULL));
	say(who, "io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	say(who, "exec-memory",
	    (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void *
helper(void *arg)
{
	(void)arg;
	(void)sem_wait(&locked);
	try_all("helper");
	return NULL;
}

static int
child(enum peer peer)
{
	struct sandbox box = { .role = peer, .mode = SANDBOX_REQUIRED };
	pthread_t thread;
	bool early = peer != PEER_FETCH && peer != PEER_PUBLISH;

	box.state_dir = str_of(state);
	box.watched[0] = str_of(watched);
	box.watched_count = 1;
	(void)sem_init(&locked, 0, 0);
	if (early && pthread_create(&thread, NULL, helper, NULL) != 0)
		return 4;
	if (sandbox_before(&box) != ERR_OK)
		return 5;
	if (peer == PEER_PUBLISH &&
	    pthread_create(&thread, NULL, helper, NULL) != 0)
		return 6;
	if (sandbox_after(&box) != ERR_OK)
		return 7;
	if (peer == PEER_FETCH &&
	    pthread_create(&thread, NULL, helper, NULL) != 0)
		return 8;
	try_all("main");
	(void)sem_post(&locked);
	(void)pthread_join(thread, NULL);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum peer peer;
	} roles[] = { { "fetch", PEER_FETCH },
		      { "parse", PEER_PARSE },
		      { "core", PEER_CORE },
		      { "publish", PEER_PUBLISH },
		      { "web", PEER_WEB },
		      { "index", PEER_INDEX } };
	int bad = 0;

	if (argc != 3)
		return 2;
	state = argv[1];
	watched = argv[2];
	printf("landlock_abi %d\nbuilt %d\n", sandbox_abi(), sandbox_built());
	(void)fflush(stdout);
	victim = fork();
	if (victim == 0)
		for (;;)
			(void)pause();
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		int status = 0;
		pid_t pid;

		role = roles[i].name;
		pid = fork();
		if (pid == 0)
			_exit(child(roles[i].peer));
		(void)waitpid(pid, &status, 0);
		if (status != 0)
			printf("%s exit %d\n", role, status);
		(void)fflush(stdout);
		bad += status != 0;
	}
	if (kill(victim, SIGKILL) == 0)
		(void)waitpid(victim, NULL, 0);
	return bad != 0;
}
