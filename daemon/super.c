/*
 * super.c - processes, links, the control listener.
 */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"
#include "fetch.h"
#include "log.h"
#include "loop.h"
#include "one.h"
#include "parse.h"
#include "publish.h"
#include "role.h"

#define FD_LINK 3
#define FD_BUNDLE 4

static const struct role_ops *const ROLES[PEER_COUNT] = {
	[PEER_FETCH] = &fetch_role,
	[PEER_PARSE] = &parse_role,
	[PEER_CORE] = &core_role,
	[PEER_PUBLISH] = &publish_role,
};

static const enum peer PAIRS[][2] = { { PEER_FETCH, PEER_CORE },
				      { PEER_FETCH, PEER_PARSE },
				      { PEER_PARSE, PEER_CORE },
				      { PEER_CORE, PEER_PUBLISH } };
#define PAIR_COUNT (sizeof(PAIRS) / sizeof(PAIRS[0]))

struct child {
	pid_t pid; /* 0: not running */
	int pidfd;
	struct link *link;
	struct bundle bundle;
	int64_t start_at; /* mono; when to start it again */
	int64_t pinged_at;
	int64_t ponged_at;
	unsigned restarts;
	bool ready;
};

struct super {
	struct boot *boot;
	const struct super_options *o;
	struct clock_os os;
	struct clock clock;
	struct child child[PEER_COUNT];
	int listener;
	int signals;
	bool stopping;
	bool done; /* --once: core has nothing left */
	bool told_ready;
};

/* ---- control listener ---- */

static int
listen_control(const struct conf *conf)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char dir[sizeof(at.sun_path)];
	char *slash;
	int fd;

	if (str_copy(at.sun_path, sizeof(at.sun_path), conf->control_socket) !=
	    ERR_OK)
		return -1;
	memcpy(dir, at.sun_path, sizeof(dir));
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0750);
	}
	(void)unlink(at.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)umask(0117);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 16) < 0) {
		(void)close(fd);
		fd = -1;
	}
	(void)umask(077);
	return fd;
}

/* The next operator, with who it is; -1 when there is none. */
static int
accept_control(int listener, struct ucred *who)
{
	socklen_t n = sizeof(*who);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &n) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
pass_control(int listener, struct link *core)
{
	struct ucred who = { 0 };
	struct buf b;
	int fd;

	while ((fd = accept_control(listener, &who)) >= 0) {
		buf_init(&b, 16);
		buf_be32(&b, who.uid);
		buf_be32(&b, who.gid);
		(void)link_send(core, MSG_CONTROL, buf_str(&b), &fd, 1);
		buf_free(&b);
	}
}

/* ---- processes ---- */

static void
exec_role(struct super *s, enum peer p, int link, int bundle)
{
	char as_of[32];
	char level[16];
	const char *argv[] = { "creditalarmd", "-r",	NULL, "--log", level,
			 "--as-of-ms",	 as_of, NULL, NULL };
	const char *env[] = { "TZ=UTC0", "HOME=", "PATH=/usr/bin:/bin", NULL };

	argv[2] = ROLES[p]->name;
	if (s->o->once)
		argv[7] = "--once";
	(void)snprintf(level, sizeof(level), "%" PRId64,
		       s->boot->conf.log_level);
	(void)snprintf(as_of, sizeof(as_of), "%" PRId64,
		       s->o->as_of_ms == TIME_NONE ? 0 : s->o->as_of_ms);
	if (s->o->as_of_ms != TIME_NONE && !s->o->once)
		/* Where the wall clock is now, not where it began. */
		(void)snprintf(as_of, sizeof(as_of), "%" PRId64,
			       clock_now(&s->clock).wall_ms);
	/* Both out of the way first, in case one is the other's number. */
	link = fcntl(link, F_DUPFD, 10);
	bundle = fcntl(bundle, F_DUPFD, 10);
	if (link < 0 || bundle < 0 || dup2(link, FD_LINK) < 0 ||
	    dup2(bundle, FD_BUNDLE) < 0)
		_exit(1);
	(void)close_range(5, ~0u, 0);
	/* execve takes non-const words; it does not change them. */
	(void)execve("/proc/self/exe", (char *const *)(uintptr_t)argv,
		     (char *const *)(uintptr_t)env);
	_exit(127);
}

static enum err
spawn(struct super *s, enum peer p)
{
	struct child *c = &s->child[p];
	sigset_t none;
	int pair[2] = { -1, -1 };
	int bundle = -1;
	pid_t pid;

	if (bundle_fd(&c->bundle, &bundle) != ERR_OK)
		return ERR_IO;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		(void)close(bundle);
		return ERR_IO;
	}
	pid = fork();
	if (pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		exec_role(s, p, pair[1], bundle);
	}
	(void)close(pair[1]);
	(void)close(bundle);
	if (pid < 0 || link_socket(pair[0], &c->link) != ERR_OK)
		return ERR_IO;
	c->pid = pid;
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	c->ready = false;
	c->pinged_at = 0;
	c->ponged_at = clock_now(&s->clock).mono_ms;
	log_op(LOG_INFO, "super.start", "role=%s pid=%d", ROLES[p]->name,
	       (int)pid);
	return ERR_OK;
}

static bool
give_end(struct child *c, enum peer other, int fd)
{
	struct buf b;
	bool sent;

	buf_init(&b, 16);
	buf_byte(&b, (uint8_t)other);
	sent = link_send(c->link, MSG_LINK, buf_str(&b), &fd, 1);
	buf_free(&b);
	return sent;
}

/* New links between p and each of its neighbours that runs. */
static void
join(struct super *s, enum peer p)
{
	for (size_t i = 0; i < PAIR_COUNT; i++) {
		enum peer a = PAIRS[i][0];
		enum peer b = PAIRS[i][1];
		int pair[2];

		if ((a != p && b != p) || s->child[a].pid == 0 ||
		    s->child[b].pid == 0)
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) <
		    0)
			continue;
		(void)give_end(&s->child[a], b, pair[0]);
		(void)give_end(&s->child[b], a, pair[1]);
	}
}

static void
reap(struct super *s, enum peer p)
{
	struct child *c = &s->child[p];
	int status = 0;

	if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	if (!s->stopping)
		log_op(LOG_ERR, "super.died", "role=%s pid=%d status=%d",
		       ROLES[p]->name, (int)c->pid, status);
	c->pid = 0;
	(void)close(c->pidfd);
	c->pidfd = -1;
	link_free(c->link);
	c->link = NULL;
	c->restarts++;
	c->start_at = clock_now(&s->clock).mono_ms + SUPER_RESTART_MS;
	/* A wrong configuration does not get better by trying again. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 78)
		s->stopping = true;
}

static void
start_due(struct super *s, struct instant now)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		struct child *c = &s->child[p];

		if (c->pid != 0 || now.mono_ms < c->start_at)
			continue;
		if (spawn(s, (enum peer)p) == ERR_OK)
			join(s, (enum peer)p);
		else
			c->start_at = now.mono_ms + SUPER_RESTART_MS;
	}
}

static void
hear(struct super *s, enum peer p, struct instant now)
{
	struct child *c = &s->child[p];
	struct msg m;

	if (c->link == NULL || link_flush(c->link) != ERR_OK ||
	    link_fill(c->link) != ERR_OK)
		return;
	while (link_take(c->link, &m) == ERR_OK) {
		struct rd r = rd_of(m.body);

		if (m.type == MSG_READY)
			c->ready = true;
		else if (m.type == MSG_PONG)
			c->ponged_at = now.mono_ms;
		else if (m.type == MSG_DONE && p == PEER_FETCH)
			(void)link_send(s->child[PEER_CORE].link, MSG_DONE,
					STR_NONE, NULL, 0);
		else if (m.type == MSG_DONE && p == PEER_CORE)
			s->done = true;
		else if (m.type == MSG_BROKEN && p == PEER_CORE) {
			uint8_t bad = rd_u8(&r);

			if (bad > PEER_SUPER && bad < PEER_COUNT &&
			    s->child[bad].pid != 0)
				(void)kill(s->child[bad].pid, SIGKILL);
		}
	}
	(void)link_flush(c->link);
}

static void
ping(struct super *s, struct instant now)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		struct child *c = &s->child[p];
		struct buf b;

		if (c->pid == 0 || now.mono_ms - c->pinged_at < SUPER_PING_MS)
			continue;
		c->pinged_at = now.mono_ms;
		buf_init(&b, 16);
		buf_be64(&b, (uint64_t)now.mono_ms);
		(void)link_send(c->link, MSG_PING, buf_str(&b), NULL, 0);
		(void)link_flush(c->link);
		buf_free(&b);
	}
}

static bool
all_ready(const struct super *s)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		if (!s->child[p].ready)
			return false;
	return true;
}

static void
wait_for(struct super *s, int timeout_ms)
{
	struct pollfd pfd[2 + 2 * PEER_COUNT];
	nfds_t n = 0;

	pfd[n++] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	pfd[n++] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		struct child *c = &s->child[p];

		if (c->pid == 0)
			continue;
		pfd[n++] = (struct pollfd){ .fd = c->pidfd, .events = POLLIN };
		pfd[n] = (struct pollfd){ .fd = link_fd(c->link),
					  .events = POLLIN };
		if (link_pending(c->link))
			pfd[n].events |= POLLOUT;
		n++;
	}
	(void)poll(pfd, n, timeout_ms);
}

static void
take_signals(struct super *s)
{
	struct signalfd_siginfo got;

	while (read(s->signals, &got, sizeof(got)) == (ssize_t)sizeof(got))
		if (got.ssi_signo == SIGTERM || got.ssi_signo == SIGINT)
			s->stopping = true;
}

static bool
any_alive(const struct super *s)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		if (s->child[p].pid != 0)
			return true;
	return false;
}

static void
stop_all(struct super *s)
{
	int64_t until = clock_now(&s->clock).mono_ms + SUPER_STOP_MS;

	s->stopping = true;
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		if (s->child[p].pid != 0) {
			(void)link_send(s->child[p].link, MSG_STOP, STR_NONE,
					NULL, 0);
			(void)link_flush(s->child[p].link);
		}
	while (any_alive(s)) {
		if (clock_now(&s->clock).mono_ms > until)
			for (int p = PEER_FETCH; p < PEER_COUNT; p++)
				if (s->child[p].pid != 0)
					(void)kill(s->child[p].pid, SIGKILL);
		wait_for(s, 50);
		for (int p = PEER_FETCH; p < PEER_COUNT; p++)
			reap(s, (enum peer)p);
	}
}

static int
signals_open(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
clock_open(struct super *s)
{
	if (s->o->once && s->o->as_of_ms != TIME_NONE)
		s->clock = clock_os_fixed(&s->os, s->o->as_of_ms);
	else
		s->clock = clock_os(&s->os, s->o->as_of_ms);
}

static int
run_processes(struct super *s)
{
	while (!s->stopping && !s->done) {
		struct instant now = clock_now(&s->clock);

		start_due(s, now);
		wait_for(s, 200);
		take_signals(s);
		now = clock_now(&s->clock);
		for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
			hear(s, (enum peer)p, now);
			reap(s, (enum peer)p);
		}
		if (s->child[PEER_CORE].link != NULL) {
			pass_control(s->listener, s->child[PEER_CORE].link);
			(void)link_flush(s->child[PEER_CORE].link);
		}
		ping(s, now);
		if (!s->told_ready && all_ready(s)) {
			log_op(LOG_NOTICE, "super.ready", "roles=4");
			s->told_ready = true;
		}
	}
	stop_all(s);
	return 0;
}

/* ---- all roles on one thread (-1) ---- */

static int
run_one(struct super *s)
{
	struct one *o = calloc(1, sizeof(*o));
	enum err err;

	if (o == NULL)
		return 1;
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		one_role(o, ROLES[p], &s->child[p].bundle, &s->clock);
		o->role[p].once = s->o->once;
		o->role[p].replay = s->o->as_of_ms != TIME_NONE;
	}
	err = one_start(o, clock_now(&s->clock));
	log_name("super");
	if (err == ERR_OK)
		log_op(LOG_NOTICE, "super.ready", "roles=4 threads=1");
	while (err == ERR_OK && !s->stopping && !s->done) {
		int64_t wait_ms = 20;
		struct msg m;

		err = one_turn(o, clock_now(&s->clock), &wait_ms);
		log_name("super");
		pass_control(s->listener, o->end[PEER_CORE]);
		while (link_take(o->end[PEER_FETCH], &m) == ERR_OK)
			if (m.type == MSG_DONE)
				(void)link_send(o->end[PEER_CORE], MSG_DONE,
						STR_NONE, NULL, 0);
		while (link_take(o->end[PEER_CORE], &m) == ERR_OK)
			s->done = s->done || m.type == MSG_DONE;
		wait_for(s, (int)wait_ms);
		take_signals(s);
	}
	if (err != ERR_OK)
		log_op(LOG_ERR, "super.failed", "err=\"%s\"", err_text(err));
	one_stop(o);
	free(o);
	return err == ERR_OK ? 0 : err == ERR_CONFIG ? 78 : 1;
}

int
super_run(struct boot *boot, const struct super_options *o)
{
	struct super s = { .boot = boot, .o = o };
	int status;

	log_name("super");
	log_level((enum log_level)boot->conf.log_level,
		  (enum log_level)boot->conf.log_level);
	clock_open(&s);
	s.signals = signals_open();
	s.listener = listen_control(&boot->conf);
	if (s.signals < 0 || s.listener < 0) {
		log_op(LOG_ERR, "super.listen", "path=%.*s why=\"%s\"",
		       STR_ARG(boot->conf.control_socket), strerror(errno));
		return 74;
	}
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		boot_bundle(boot, (enum peer)p, &s.child[p].bundle);
		s.child[p].pidfd = -1;
	}
	status = o->one ? run_one(&s) : run_processes(&s);
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		bundle_free(&s.child[p].bundle);
	(void)close(s.listener);
	(void)close(s.signals);
	return status;
}

/* ---- a role's own process ---- */

int
super_role(const char *name, const struct super_options *o)
{
	struct super s = { .o = o };
	struct bundle bundle;
	struct role r = { 0 };
	int status;

	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		if (strcmp(ROLES[p]->name, name) == 0)
			r.ops = ROLES[p];
	if (r.ops == NULL)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	/* The terminal's ^C is super's to hear. */
	(void)signal(SIGINT, SIG_IGN);
	log_name(name);
	clock_open(&s);
	bundle_init(&bundle);
	if (fcntl(FD_LINK, F_SETFD, FD_CLOEXEC) < 0 ||
	    bundle_read(&bundle, FD_BUNDLE) != ERR_OK ||
	    link_socket(FD_LINK, &r.link[PEER_SUPER]) != ERR_OK)
		return 1;
	(void)close(FD_BUNDLE);
	r.bundle = &bundle;
	r.clock = &s.clock;
	r.once = o->once;
	r.replay = o->as_of_ms != TIME_NONE;
	status = loop_run(&r);
	for (int p = 0; p < PEER_COUNT; p++)
		link_free(r.link[p]);
	bundle_free(&bundle);
	return status;
}
