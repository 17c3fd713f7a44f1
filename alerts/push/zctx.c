/*
 * zctx.c - see zctx.h.
 */
#include "zctx.h"

#include <pthread.h>
#include <unistd.h>
#include <zmq.h>

#include "err.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *context; /* owned */
static unsigned users;
static pid_t owner;

void *
zctx_get(void)
{
	void *c;

	(void)pthread_mutex_lock(&lock);
	if (context != NULL && owner != getpid()) {
		/* A forked child: the parent's threads are not here. */
		context = NULL;
		users = 0;
	}
	if (context == NULL)
		context = zmq_ctx_new();
	owner = getpid();
	c = context;
	if (c != NULL)
		users++;
	(void)pthread_mutex_unlock(&lock);
	return c;
}

void
zctx_put(void)
{
	void *last = NULL;

	(void)pthread_mutex_lock(&lock);
	if (context != NULL && owner == getpid()) {
		must(users > 0);
		if (--users == 0) {
			last = context;
			context = NULL;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	if (last != NULL)
		(void)zmq_ctx_term(last);
}
