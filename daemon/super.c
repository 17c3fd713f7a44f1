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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "job.h"
#include "listener.h"
#include "log.h"
#include "notify.h"
#include "one.h"
#include "sandbox.h"
#include "say.h"

static const enum peer PAIRS[][2] = { { PEER_FETCH, PEER_CORE },
				      { PEER_FETCH, PEER_PARSE },
				      { PEER_PARSE, PEER_CORE },
				      { PEER_CORE, PEER_PUBLISH },
				      { PEER_CORE, PEER_WEB } };
#define PAIR_COUNT (sizeof(PAIRS) / sizeof(PAIRS[0]))

struct child {
	pid_t pid; /* 0: not running */
	int pidfd;
	struct link *link;
	struct bundle bundle;
	int64_t started_at; /* mono, as all below */
	int64_t start_at;   /* when to start it again */
	int64_t backoff_ms; /* waited before the last start; 0 first */
	int64_t leave_by;   /* asked to leave; 0 not */
	int64_t pinged_at;
	int64_t ponged_at;
	int64_t busy_until; /* it said that it will not answer */
	uint32_t starts; /* that succeeded */
	bool ready;
	bool killed; /* by watch; not to be said twice */
};

struct super {
	struct boot *boot;
	const struct super_options *o;
	struct clock_os os;
	struct clock clock;
	struct child child[PEER_COUNT];
	struct job job;
	int listener;
	int signals;
	bool stopping;
	int status; /* what we leave with */
	bool done; /* --once: core has nothing left */
	bool told_ready;
	bool served; /* was ready once */
	bool reload; /* asked by SIGHUP */
	unsigned generation; /* of the configuration; 0 at start */
	bool roles_changed;  /* core is to be told who runs */
	char unwell[DIAG_WHY_SIZE]; /* why core is degraded; "": it is not */
	int64_t turned_at;   /* mono; our own last turn */
	int64_t alive_every; /* ms; 0: nobody watches us */
	int64_t alive_at;
};

/* Every role but web and index, which run only when they are wanted. */
static bool
wanted(const struct super *s, int p)
{
	if (p == PEER_INDEX)
		return s->job.wanted;
	return p != PEER_WEB || s->boot->conf.web_endpoint.n > 0;
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
	child_fds(link, bundle);
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
	c->starts++;
	s->roles_changed = true;
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	c->ready = false;
	c->killed = false;
	c->leave_by = 0;
	c->busy_until = 0;
	c->pinged_at = 0;
	c->started_at = clock_now(&s->clock).mono_ms;
	c->ponged_at = c->started_at;
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

int64_t
super_backoff(int64_t last_ms, int64_t lived_ms)
{
	if (last_ms == 0 || lived_ms >= SUPER_STABLE_MS)
		return SUPER_RESTART_MS;
	return 2 * last_ms > SUPER_RESTART_MAX_MS ? SUPER_RESTART_MAX_MS :
						    2 * last_ms;
}

/* When a role that left starts again. */
static void
plan_start(struct child *c, enum peer p, int status, int64_t now_ms)
{
	if (c->leave_by != 0) {
		c->start_at = now_ms; /* it left because we asked */
		return;
	}
	c->backoff_ms = super_backoff(c->backoff_ms, now_ms - c->started_at);
	c->start_at = now_ms + c->backoff_ms;
	log_op(LOG_ERR, "super.died",
	       "role=%s pid=%d status=%d again_ms=%" PRId64, ROLES[p]->name,
	       (int)c->pid, status, c->backoff_ms);
}

/* Core is gone, or all of us are: nobody waits for an index. */
static void
drop_job(struct super *s)
{
	struct child *c = &s->child[PEER_INDEX];

	job_drop(&s->job);
	if (c->pid != 0)
		(void)kill(c->pid, SIGKILL);
}

static void
reap(struct super *s, enum peer p)
{
	struct child *c = &s->child[p];
	int status = 0;

	if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	if (p == PEER_INDEX && status != 0 && !s->stopping)
		log_op(LOG_ERR, "super.died", "role=index pid=%d status=%d",
		       (int)c->pid, status);
	else if (p != PEER_INDEX && !s->stopping)
		plan_start(c, p, status, clock_now(&s->clock).mono_ms);
	c->pid = 0;
	s->roles_changed = true;
	if (p == PEER_CORE)
		s->unwell[0] = '\0'; /* its successor says it anew */
	c->ready = false;
	(void)close(c->pidfd);
	c->pidfd = -1;
	link_free(c->link);
	c->link = NULL;
	if (p == PEER_INDEX)
		job_end(&s->job, s->child[PEER_CORE].link);
	if (p == PEER_CORE)
		drop_job(s); /* its successor knows nothing of it */
	/*
	 * A wrong configuration does not get better by trying again; but one
	 * that once served, or passed a reload's checks, is no reason to leave.
	 */
	if (!s->served && WIFEXITED(status) && WEXITSTATUS(status) == 78) {
		s->stopping = true;
		s->status = 78;
	}
}

static void
start_due(struct super *s, struct instant now)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		struct child *c = &s->child[p];

		if (c->pid != 0 || !wanted(s, p) ||
		    now.mono_ms < c->start_at)
			continue;
		if (spawn(s, (enum peer)p) != ERR_OK)
			c->start_at = now.mono_ms + SUPER_RESTART_MS;
		else if (p == PEER_INDEX)
			job_give(&s->job, c->link);
		else
			join(s, (enum peer)p);
	}
}

/* ---- reload ---- */

static bool
same_bundle(enum peer p, const struct bundle *a, const struct bundle *b)
{
	struct str key = S("key/server");

	/* Of the configuration these use only what needs a restart. */
	if (p == PEER_PUBLISH || p == PEER_WEB || p == PEER_INDEX)
		return str_eq(bundle_find(a, key), bundle_find(b, key));
	return str_eq(buf_str(&a->bytes), buf_str(&b->bytes));
}

static void
ask_to_leave(struct super *s, struct child *c)
{
	c->ready = false;
	if (c->pid == 0)
		return; /* the next start takes the new bundle */
	c->leave_by = clock_now(&s->clock).mono_ms + SUPER_STOP_MS;
	(void)link_send(c->link, MSG_STOP, STR_NONE, NULL, 0);
	(void)link_flush(c->link);
}

/* The new bundle for p; the role starts again when it differs. */
static void
renew(struct super *s, enum peer p)
{
	struct child *c = &s->child[p];
	struct bundle old = c->bundle;

	boot_bundle(s->boot, p, &c->bundle);
	if (!same_bundle(p, &old, &c->bundle))
		ask_to_leave(s, c);
	bundle_free(&old);
}

/* Also to those who need no new start. */
static void
set_level(struct super *s)
{
	enum log_level level = (enum log_level)s->boot->conf.log_level;
	struct buf b;

	log_level(level, level);
	buf_init(&b, 8);
	buf_byte(&b, (uint8_t)level);
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		(void)link_send(s->child[p].link, MSG_LEVEL, buf_str(&b), NULL,
				0);
	buf_free(&b);
}

static void
log_lines(struct str rest)
{
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		log_op(LOG_ERR, "super.reload", "%.*s", STR_ARG(line));
	}
}

/*
 * Reads and checks everything afresh.  Any error: the old configuration
 * stands untouched and every error is in errors.  Else the roles that know
 * something else now leave and start again with it, without back-off: polls
 * in hand are asked again, staged documents are polled again, sessions stay
 * with publish (which only a new key restarts).
 */
static enum err
reload(struct super *s, struct buf *errors)
{
	struct boot fresh;
	enum err err = ERR_CONFIG;

	if (s->o->one) {
		buf_put(errors, S("all roles run in one process (-1): "
				  "stop and start it\n"));
		return err;
	}
	notify_reloading();
	err = boot_again(s->boot, &s->o->files, &fresh, errors);
	if (err != ERR_OK) {
		boot_free(&fresh);
		log_lines(buf_str(errors));
		notify_ready("reload refused: the old configuration stands");
		return err;
	}
	boot_free(s->boot);
	*s->boot = fresh;
	s->generation++;
	set_level(s);
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		renew(s, (enum peer)p);
	s->told_ready = false;
	return ERR_OK;
}

/* SIGHUP, or with an operator at fd (-1: none) who hears how it went. */
static void
reload_for(struct super *s, int fd)
{
	struct buf errors;
	struct buf answer;
	enum err err;

	buf_init(&errors, SUPER_ERRORS_MAX);
	buf_init(&answer, SUPER_ERRORS_MAX + 64);
	err = reload(s, &errors);
	say_answer(&answer, err == ERR_OK ? S("reloaded\n") : STR_NONE,
		   buf_str(&errors), err == ERR_OK ? 0 : 78);
	if (fd >= 0) {
		/* It fits the socket's buffer; who does not read, loses it. */
		(void)send(fd, answer.p, answer.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)close(fd);
	}
	buf_free(&errors);
	buf_free(&answer);
}

/* ---- what core hears and says ---- */

/* For `status`. */
static void
tell_roles(struct super *s)
{
	struct buf b;
	uint8_t n = 0;

	if (!s->roles_changed || s->child[PEER_CORE].link == NULL)
		return;
	buf_init(&b, 16 + 9 * PEER_COUNT);
	for (int p = PEER_FETCH; p < PEER_INDEX; p++)
		if (s->child[p].starts > 0)
			n++;
	buf_byte(&b, n);
	for (int p = PEER_FETCH; p < PEER_INDEX; p++) {
		const struct child *c = &s->child[p];

		if (c->starts == 0)
			continue;
		buf_byte(&b, (uint8_t)p);
		buf_be32(&b, (uint32_t)c->pid);
		buf_be32(&b, c->starts - 1);
	}
	s->roles_changed = !link_send(s->child[PEER_CORE].link, MSG_ROLES,
				      buf_str(&b), NULL, 0);
	buf_free(&b);
}

static void
say_status_line(const struct super *s)
{
	char status[64 + DIAG_WHY_SIZE];

	if (s->unwell[0] == '\0')
		(void)snprintf(status, sizeof(status),
			       "configuration generation %u", s->generation);
	else
		(void)snprintf(status, sizeof(status), "degraded: %s",
			       s->unwell);
	notify_status(status);
}


static void
core_says(struct super *s, struct msg *m, struct instant now)
{
	struct child *core = &s->child[PEER_CORE];
	struct rd r = rd_of(m->body);
	uint32_t seconds;
	uint8_t bad;

	if (m->type == MSG_DONE) {
		s->done = true;
	} else if (m->type == MSG_BROKEN) {
		bad = rd_u8(&r);
		if (bad > PEER_SUPER && bad < PEER_COUNT &&
		    s->child[bad].pid != 0)
			(void)kill(s->child[bad].pid, SIGKILL);
	} else if (m->type == MSG_BUSY) {
		seconds = rd_be32(&r);
		if (seconds > CORE_BUSY_S)
			seconds = CORE_BUSY_S;
		core->busy_until = now.mono_ms + (int64_t)seconds * 1000;
	} else if (m->type == MSG_INDEX) {
		job_take(&s->job, m);
	} else if (m->type == MSG_HEALTH) {
		/* Longer than we keep: the word before it still says it. */
		if (str_copy(s->unwell, sizeof(s->unwell), rd_blob(&r)) !=
		    ERR_OK)
			(void)snprintf(s->unwell, sizeof(s->unwell), "core");
		say_status_line(s);
	} else if (m->type == MSG_RELOAD && m->fd[0] >= 0) {
		reload_for(s, fcntl(m->fd[0], F_DUPFD_CLOEXEC, 3));
	}
}

static void
role_says(struct super *s, enum peer p, struct msg *m, struct instant now)
{
	struct child *c = &s->child[p];

	if (m->type == MSG_READY) {
		c->ready = c->leave_by == 0;
		c->ponged_at = now.mono_ms;
	} else if (m->type == MSG_PONG) {
		c->ponged_at = now.mono_ms;
		c->busy_until = 0;
	} else if (m->type == MSG_DONE && p == PEER_FETCH) {
		(void)link_send(s->child[PEER_CORE].link, MSG_DONE, STR_NONE,
				NULL, 0);
	} else if (p == PEER_INDEX) {
		/* Done or not, it is of no more use. */
		s->job.good = m->type == MSG_DONE;
		ask_to_leave(s, c);
	} else if (p == PEER_CORE) {
		core_says(s, m, now);
	}
	for (size_t i = 0; i < MSG_FDS_MAX; i++)
		if (m->fd[i] >= 0)
			(void)close(m->fd[i]);
}

static void
hear(struct super *s, enum peer p, struct instant now)
{
	struct child *c = &s->child[p];
	struct msg m;

	if (c->link == NULL || link_flush(c->link) != ERR_OK ||
	    link_fill(c->link) != ERR_OK)
		return;
	while (link_take(c->link, &m) == ERR_OK)
		role_says(s, p, &m, now);
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

/* It runs and answers, or is still reading its tables and the store. */
static bool
answers(const struct super *s, const struct child *c, struct instant now)
{
	int64_t limit = s->boot->conf.watchdog;

	if (c->pid == 0)
		return false;
	if (c == &s->child[PEER_INDEX])
		return now.mono_ms - c->started_at < SUPER_BUILD_MS;
	if (!c->ready && c->leave_by == 0)
		return now.mono_ms - c->started_at < SUPER_INIT_MS;
	return now.mono_ms - c->ponged_at < limit ||
	       now.mono_ms < c->busy_until;
}

/* Kills who is silent or does not leave; starts are start_due's. */
static void
watch(struct super *s, struct instant now)
{
	/* We slept ourselves (suspended, stopped): nobody could be heard. */
	bool slept = now.mono_ms - s->turned_at > SUPER_SLEPT_MS;
	bool good = true;

	s->turned_at = now.mono_ms;
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		struct child *c = &s->child[p];
		bool late = c->leave_by != 0 && now.mono_ms > c->leave_by;

		if (slept)
			c->ponged_at = now.mono_ms;
		if (c->pid != 0 && !c->killed &&
		    (late || !answers(s, c, now))) {
			c->killed = true;
			log_op(LOG_ERR, "super.silent", "role=%s pid=%d",
			       ROLES[p]->name, (int)c->pid);
			(void)kill(c->pid, SIGKILL);
		}
		if (p != PEER_PARSE && p != PEER_WEB && p != PEER_INDEX)
			good = good && answers(s, c, now);
	}
	if (s->alive_every > 0 && good && now.mono_ms >= s->alive_at) {
		s->alive_at = now.mono_ms + s->alive_every;
		notify_alive();
	}
}

static void
tell_ready(struct super *s)
{
	char status[64];

	for (int p = PEER_FETCH; p < PEER_INDEX; p++)
		if (wanted(s, p) && !s->child[p].ready)
			return;
	if (s->told_ready)
		return;
	s->told_ready = true;
	s->served = true;
	log_op(LOG_NOTICE, s->generation == 0 ? "super.ready" :
						"super.reloaded",
	       "roles=%d generation=%u", wanted(s, PEER_WEB) ? 5 : 4,
	       s->generation);
	(void)snprintf(status, sizeof(status), "configuration generation %u",
		       s->generation);
	notify_ready(status);
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
		else if (got.ssi_signo == SIGHUP)
			s->reload = true;
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
	notify_stopping();
	drop_job(s);
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

static void
turn(struct super *s)
{
	struct instant now = clock_now(&s->clock);

	start_due(s, now);
	wait_for(s, 200);
	take_signals(s);
	now = clock_now(&s->clock);
	if (s->reload) {
		s->reload = false;
		reload_for(s, -1);
	}
	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		hear(s, (enum peer)p, now);
		reap(s, (enum peer)p);
	}
	if (s->child[PEER_CORE].link != NULL &&
	    s->child[PEER_CORE].leave_by == 0) {
		listener_pass(s->listener, s->child[PEER_CORE].link);
		(void)link_flush(s->child[PEER_CORE].link);
	}
	ping(s, now);
	tell_roles(s);
	watch(s, now);
	tell_ready(s);
}

static int
run_processes(struct super *s)
{
	s->turned_at = clock_now(&s->clock).mono_ms;
	s->alive_every = notify_watchdog_ms() / 3;
	while (!s->stopping && !s->done)
		turn(s);
	stop_all(s);
	return s->status;
}

/* ---- all roles on one thread (-1) ---- */

static int
run_one(struct super *s)
{
	struct one *o = calloc(1, sizeof(*o));
	enum err err;

	if (o == NULL)
		return 1;
	for (int p = PEER_FETCH; p < PEER_WEB; p++) {
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
		listener_pass(s->listener, o->end[PEER_CORE]);
		while (link_take(o->end[PEER_FETCH], &m) == ERR_OK)
			if (m.type == MSG_DONE)
				(void)link_send(o->end[PEER_CORE], MSG_DONE,
						STR_NONE, NULL, 0);
		while (link_take(o->end[PEER_CORE], &m) == ERR_OK)
			role_says(s, PEER_CORE, &m, clock_now(&s->clock));
		wait_for(s, (int)wait_ms);
		take_signals(s);
		if (s->reload)
			log_op(LOG_WARN, "super.reload", "why=\"not with -1\"");
		s->reload = false;
	}
	if (err != ERR_OK)
		log_op(LOG_ERR, "super.failed", "err=\"%s\"", err_text(err));
	one_stop(o);
	free(o);
	return err == ERR_OK ? 0 : err == ERR_CONFIG ? 78 : 1;
}

static enum err
lock_in(struct super *s)
{
	enum sandbox_mode mode = (enum sandbox_mode)s->boot->conf.sandbox;

	log_op(LOG_NOTICE, "super.sandbox",
	       "mode=%s seccomp=%s landlock_abi=%d",
	       mode == SANDBOX_REQUIRED ? "required" : "best_effort",
	       sandbox_built() ? "yes" : "no, sanitizer build",
	       sandbox_built() ? sandbox_abi() : 0);
	return sandbox_super(mode);
}

int
super_run(struct boot *boot, const struct super_options *o)
{
	struct super s = { .boot = boot, .o = o };
	int status;

	log_name("super");
	log_level((enum log_level)boot->conf.log_level,
		  (enum log_level)boot->conf.log_level);
	s.clock = child_clock(&s.os, o);
	s.signals = child_signals();
	s.listener = listener_open(&boot->conf);
	if (s.signals < 0 || s.listener < 0) {
		log_op(LOG_ERR, "super.listen", "path=%.*s why=\"%s\"",
		       STR_ARG(boot->conf.control_socket), strerror(errno));
		return 74;
	}
	if (!o->one && lock_in(&s) != ERR_OK)
		return 78;
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
