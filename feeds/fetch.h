/*
 * fetch.h - the role that holds sockets.  Floor 2 (feeds).
 *
 * Due feeds are asked for at core; core answers with a document number and
 * the validators; the body goes to parse as it comes, the verdict to core in
 * every case.  A document that will not be used is ended with "forget it".
 * Backpressure: while parse's link is full no body is read.
 */
#ifndef FETCH_H
#define FETCH_H

#include "net.h"
#include "role.h"

#define FETCH_PARALLEL_MAX 16u /* transfers at one time */
#define FETCH_VALIDATOR_MAX 1024u /* bytes of an ETag or Last-Modified */

extern const struct role_ops fetch_role;

/*
 * The network for the next init of this role: what a simulation calls before
 * each start.  Without it a role makes its own over libcurl.
 */
void fetch_port(struct role *r, struct net net);

#endif
