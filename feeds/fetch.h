/*
 * fetch.h - the role that holds sockets.  Floor 2 (feeds).
 *
 * Due feeds are asked for at core; core answers with a document number and
 * the validators; the body goes to parse as it comes, the verdict to core in
 * every case.  A document that will not be used is ended with "forget it".
 * Backpressure: while parse's link is full no body is read.
 *
 * A stream is a transfer that stays.  Its whole lines are cut into slices and
 * each slice is a document like any other; core has the place in the stream
 * (the cursor) with what came of it, so after any loss the stream is asked
 * for again from there.
 */
#ifndef FETCH_H
#define FETCH_H

#include "net.h"
#include "role.h"

#define FETCH_PARALLEL_MAX 16u /* polls at one time */
#define FETCH_STREAMS_MAX 16u  /* connections that stay, besides */
#define FETCH_VALIDATOR_MAX 1024u /* bytes of an ETag or Last-Modified */
#define FETCH_SLICE_MS 1000   /* least time between two slices of a stream */
#define FETCH_BEAT_MS 20000   /* a stream without records says it lives */
#define FETCH_SHY_MS 60000    /* least wait after 401, 403 and 429 */

extern const struct role_ops fetch_role;

/*
 * The network for the next init of this role: what a simulation calls before
 * each start.  Without it a role makes its own over libcurl.
 */
void fetch_port(struct role *r, struct net net);

#endif
