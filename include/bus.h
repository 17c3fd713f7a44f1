/*
 * bus.h - the subscribers' side of the house; a port.  Floor 0.
 *
 * Production is a libzmq ROUTER with CURVE and a ZAP allow-list
 * (alerts/push/bus_zmq.c), simulation a plain in-memory pair
 * (alerts/push/bus_mem.c).  A peer is its routing id; user is the CURVE
 * public key that authenticated the connection, as 32 raw bytes, read from
 * the last frame of each message.
 */
#ifndef BUS_H
#define BUS_H

#include "clock.h"

#define BUS_KEY_SIZE 32u
#define BUS_ROUTING_MAX 255u
#define BUS_FRAMES_MAX 2u
#define BUS_KEYS_MAX 200000u

struct bus_peer {
	uint8_t id[BUS_ROUTING_MAX];
	uint8_t id_len;
};

struct bus_message {
	struct bus_peer peer;
	uint8_t user[BUS_KEY_SIZE];
	struct str frame[BUS_FRAMES_MAX]; /* dies at the next recv */
	size_t frame_count; /* more than BUS_FRAMES_MAX: count only */
};

/* Two real implementations: bus_zmq and bus_mem. */
struct bus {
	/* ERR_AGAIN when there is none. */
	NODISCARD enum err (*recv)(void *self, struct bus_message *out);
	/* ERR_AGAIN: this peer's queue is full; ERR_ABSENT: it is gone. */
	NODISCARD enum err (*send)(void *self, const struct bus_peer *peer,
				   const struct str *frames, size_t count);
	/* Replaces the allow-list: count keys of BUS_KEY_SIZE bytes. */
	NODISCARD enum err (*allow)(void *self, const uint8_t *keys,
				    size_t count);
	/* -1 when there is nothing to wait on. */
	int (*fd)(void *self);
	void *self;
};

#endif
