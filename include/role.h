/*
 * role.h - a role is a state machine fed by messages.  Floor 0.
 *
 * The loop (daemon/loop.c in a process of its own, daemon/one.c for all roles
 * on one thread) samples the clock, moves frames between links and sockets,
 * and calls step.  step drains what is in its links, never blocks, and is
 * deterministic given its state, its inbox and now.
 */
#ifndef ROLE_H
#define ROLE_H

#include "bundle.h"
#include "clock.h"
#include "msg.h"

#define ROLE_BATCH_MAX 256u /* messages taken in one step */
#define ROLE_EXTRA_FDS_MAX 64u

struct link; /* one end of a channel between two roles */

struct msg {
	uint8_t type;
	struct str body; /* dies at the next link_take */
	int fd[MSG_FDS_MAX]; /* the receiver's; -1 when absent */
};

/*
 * The next message, or ERR_AGAIN; a NULL link never has one.  ERR_PEER: the
 * other end broke the rules or left.
 */
NODISCARD enum err link_take(struct link *l, struct msg *out);
/*
 * Queues a frame.  The descriptors are taken (closed here, sent or not).
 * False when the link is down (or NULL) or its outbox full: see link_room.
 */
bool link_send(struct link *l, uint8_t type, struct str body, const int *fds,
	       size_t fd_count);
/* Two ends in one process, for -1 and for tests; both the caller's. */
NODISCARD enum err link_pair(struct link **a, struct link **b);
/* An end over a socket, which it takes. */
NODISCARD enum err link_socket(int fd, struct link **out);
void link_free(struct link *l);
/* Moves bytes between a socket link and the kernel; no-op in memory.  After
 * ERR_PEER the link is down for good. */
enum err link_flush(struct link *l);
enum err link_fill(struct link *l);
/* -1 for a link in memory. */
int link_fd(const struct link *l);
/* Bytes wait to be flushed. */
bool link_pending(const struct link *l);
/* Bytes that may still be queued; 0 when the link is down. */
size_t link_room(const struct link *l);
bool link_up(const struct link *l);
/* Bytes queued here, or taken by nobody yet at the other end in memory. */
size_t link_waiting(const struct link *l);

struct role {
	const struct role_ops *ops;
	void *state; /* the role's own */
	struct link *link[PEER_COUNT]; /* NULL where there is none */
	const struct bundle *bundle;
	const struct clock *clock;
	int once; /* poll every feed once, then say MSG_DONE */
	int alone;  /* all roles on this thread: nobody builds an index aside */
	int replay; /* --as-of: everything published says mode replay */
};

struct role_ops {
	const char *name;
	enum peer peer;
	NODISCARD enum err (*init)(struct role *r, struct instant now);
	/* Sets *wait_ms to the time until something is due by itself. */
	NODISCARD enum err (*step)(struct role *r, struct instant now,
				   int64_t *wait_ms);
	/* The link to that peer was lost or is new: forget what was in it. */
	void (*relink)(struct role *r, enum peer peer);
	/*
	 * Optional: a frame from super that the loop does not handle itself
	 * (MSG_CONTROL, MSG_DONE).  Descriptors in it are the role's.
	 */
	void (*told)(struct role *r, const struct msg *m, struct instant now);
	/* Descriptors to wake on (POLLIN) besides links; returns the count. */
	size_t (*fds)(struct role *r, int *fds, size_t max);
	void (*fini)(struct role *r);
};

#endif
