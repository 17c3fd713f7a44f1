/*
 * zctx.h - the one ZeroMQ context of a process.  Floor 2 (alerts).
 *
 * libzmq 4.3.4 dies on a second context at exit, and a context does not
 * survive a fork: so there is one, made at its first use in each process and
 * ended with its last user.  Safe from several threads.
 */
#ifndef ZCTX_H
#define ZCTX_H

/* NULL when there is no room for one. */
void *zctx_get(void);
/* Ends the context with its last user; waits for lingering sockets. */
void zctx_put(void);

#endif
