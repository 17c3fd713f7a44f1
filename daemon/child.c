/*
 * child.c - a role's own process: -r NAME.
 *
 * The order is the whole of the sandbox's use: limits (and for publish all
 * locks), the role's init, the locks, and only then the first message.
 */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core.h"
#include "fetch.h"
#include "index_role.h"
#include "log.h"
#include "loop.h"
#include "parse.h"
#include "publish.h"
#include "sandbox.h"
#include "web.h"

#define CONF_ARENA_SIZE (1u << 20)
#define CONF_ERRORS_SIZE 65536u
#define EXIT_CONFIG 78

const struct role_ops *const ROLES[PEER_COUNT] = {
	[PEER_FETCH] = &fetch_role,
	[PEER_PARSE] = &parse_role,
	[PEER_CORE] = &core_role,
	[PEER_PUBLISH] = &publish_role,
	[PEER_WEB] = &web_role,
	[PEER_INDEX] = &index_role,
};

struct clock
child_clock(struct clock_os *os, const struct super_options *o)
{
	if (o->once && o->as_of_ms != TIME_NONE)
		return clock_os_fixed(os, o->as_of_ms);
	return clock_os(os, o->as_of_ms);
}

void
child_fds(int link, int bundle)
{
	int null;

	/* Only stderr, the log, is shared with the outside. */
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(1);
	/* Both out of the way first, in case one is the other's number. */
	link = fcntl(link, F_DUPFD, 10);
	bundle = fcntl(bundle, F_DUPFD, 10);
	if (link < 0 || bundle < 0 || dup2(link, FD_LINK) < 0 ||
	    dup2(bundle, FD_BUNDLE) < 0)
		_exit(1);
	(void)close_range(5, ~0u, 0);
}

int
child_signals(void)
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

/* What the sandbox must know; the text is in a. */
static enum err
box_of(const struct role *r, struct arena *a, struct sandbox *box)
{
	struct buf errors;
	struct conf conf;
	enum err err;

	buf_init(&errors, CONF_ERRORS_SIZE);
	err = conf_get(bundle_find(r->bundle, S("creditalarm.yaml")),
		       S("creditalarm.yaml"), a, &conf, &errors);
	buf_free(&errors); /* the supervisor has shown them */
	if (err != ERR_OK)
		return err;
	box->role = r->ops->peer;
	box->mode = (enum sandbox_mode)conf.sandbox;
	box->state_dir = conf.state_dir;
	return ERR_OK;
}

_Static_assert(SANDBOX_WATCHED_MAX >= CORE_WATCHED_MAX,
	       "every watched directory is let in");

static int
live(struct role *r, struct sandbox *box)
{
	int status;

	if (sandbox_before(box) != ERR_OK)
		return EXIT_CONFIG;
	status = loop_start(r);
	if (status != 0)
		return status;
	if (r->ops == &core_role)
		box->watched_count =
		    core_lock_in(r, box->watched, SANDBOX_WATCHED_MAX);
	if (sandbox_after(box) != ERR_OK) {
		r->ops->fini(r);
		return EXIT_CONFIG;
	}
	return loop_run(r);
}

int
super_role(const char *name, const struct super_options *o)
{
	struct sandbox box = { 0 };
	struct clock_os os;
	struct clock clock = child_clock(&os, o);
	struct bundle bundle;
	struct arena a;
	struct role r = { 0 };
	int status = 1;

	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		if (strcmp(ROLES[p]->name, name) == 0)
			r.ops = ROLES[p];
	if (r.ops == NULL)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	/* A limit on files is a full disk, not an end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* The terminal's ^C is super's to hear. */
	(void)signal(SIGINT, SIG_IGN);
	log_name(name);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0); /* for ps */
	bundle_init(&bundle);
	if (arena_init(&a, CONF_ARENA_SIZE) != ERR_OK ||
	    fcntl(FD_LINK, F_SETFD, FD_CLOEXEC) < 0 ||
	    bundle_read(&bundle, FD_BUNDLE) != ERR_OK ||
	    link_socket(FD_LINK, &r.link[PEER_SUPER]) != ERR_OK)
		return 1;
	(void)close(FD_BUNDLE);
	r.bundle = &bundle;
	r.clock = &clock;
	r.once = o->once;
	r.replay = o->as_of_ms != TIME_NONE;
	if (box_of(&r, &a, &box) == ERR_OK)
		status = live(&r, &box);
	for (int p = 0; p < PEER_COUNT; p++)
		link_free(r.link[p]);
	bundle_free(&bundle);
	arena_fini(&a);
	return status;
}
