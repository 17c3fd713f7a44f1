/*
 * bus_zmq.h - the bus of production: a libzmq ROUTER with CURVE.  Floor 2.
 *
 * Only keys of the allow-list get through the handshake.  The ZAP handler is
 * bound before the ROUTER and answers inside recv, on the caller's thread;
 * the ROUTER has a ZAP domain and enforces it, so that a handler that is not
 * there admits nobody.  bus_zmq_open proves it: a throw-away key must be
 * refused, or there is no bus.
 *
 * Who sent a message is the User-Id of its last frame (libzmq 4.3.4 loses it
 * on the first).  One bus per process, as ZAP has one address per context.
 */
#ifndef BUS_ZMQ_H
#define BUS_ZMQ_H

#include "bus.h"
#include "str.h"

#define BUS_ZMQ_HWM 1000 /* messages waiting for one slow peer */
#define BUS_ZMQ_IN_MAX 4096 /* bytes of a frame a peer may send, with... */
#define BUS_ZMQ_CURVE 33 /* ...what CURVE puts around it */
#define BUS_ZMQ_ENDPOINT_SIZE 256u
#define BUS_ZMQ_PROBE_MS 5000

struct bus_zmq;

struct bus_zmq_conf {
	struct str endpoint;
	struct str domain; /* "push"; empty is refused by the self-test */
	const uint8_t *curve_pub;
	const uint8_t *curve_sec;
};

/*
 * ERR_CONFIG: the endpoint cannot be bound; ERR_REFUSED: the self-test found
 * the door open; ERR_NET: it could not tell.  Call it after the last fork.
 */
NODISCARD enum err bus_zmq_open(const struct bus_zmq_conf *conf,
				struct bus_zmq **out, struct diag *d);
void bus_zmq_close(struct bus_zmq *z);
struct bus bus_zmq_port(struct bus_zmq *z);
/* Where it is bound, with the port that "*" or 0 got. */
const char *bus_zmq_endpoint(const struct bus_zmq *z);

#endif
