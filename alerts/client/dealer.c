/*
 * dealer.c - see dealer.h.
 */
#include "dealer.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "seal.h"
#include "wire.h"
#include "zctx.h"

#define ROUTING_SIZE 24u
#define RECONNECT_MS 1000
#define RECONNECT_MS_MAX 60000
#define HANDSHAKE_MS 5000
#define HWM 2000

struct dealer {
	void *socket; /* owned */
	zmq_msg_t part[DEALER_FRAMES_MAX];
	size_t part_count;
};

static bool
set_int(void *socket, int option, int v)
{
	return zmq_setsockopt(socket, option, &v, sizeof(v)) == 0;
}

static bool
options(void *socket, const uint8_t *server, const struct keys_pair *own)
{
	uint8_t id[ROUTING_SIZE];
	int64_t max = SEALED_MAX + 4096;

	seal_random(id, sizeof(id));
	if (id[0] == 0)
		id[0] = 1;
	return zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, sizeof(id)) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, KEYS_SIZE) ==
		   0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->pub,
			      KEYS_SIZE) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->sec,
			      KEYS_SIZE) == 0 &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) == 0 &&
	       set_int(socket, ZMQ_IMMEDIATE, 1) &&
	       set_int(socket, ZMQ_LINGER, DEALER_LINGER_MS) &&
	       set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
	       set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS_MAX) &&
	       set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
	       set_int(socket, ZMQ_SNDHWM, HWM) &&
	       set_int(socket, ZMQ_RCVHWM, HWM);
}

enum err
dealer_open(const char *endpoint, const uint8_t server[KEYS_SIZE],
	    const struct keys_pair *own, struct dealer **out)
{
	struct dealer *d = calloc(1, sizeof(*d));
	void *ctx = d == NULL ? NULL : zctx_get();

	if (ctx == NULL) {
		free(d);
		return ERR_LIMIT;
	}
	d->socket = zmq_socket(ctx, ZMQ_DEALER);
	if (d->socket == NULL || !options(d->socket, server, own) ||
	    zmq_connect(d->socket, endpoint) != 0) {
		dealer_close(d);
		return ERR_INPUT;
	}
	*out = d;
	return ERR_OK;
}

static void
parts_close(struct dealer *d)
{
	for (size_t i = 0; i < d->part_count; i++)
		(void)zmq_msg_close(&d->part[i]);
	d->part_count = 0;
}

void
dealer_close(struct dealer *d)
{
	if (d == NULL)
		return;
	parts_close(d);
	if (d->socket != NULL)
		(void)zmq_close(d->socket);
	zctx_put();
	free(d);
}

enum err
dealer_send(struct dealer *d, struct str frame)
{
	return zmq_send(d->socket, frame.p, frame.n, ZMQ_DONTWAIT) < 0
		   ? ERR_AGAIN
		   : ERR_OK;
}

enum err
dealer_recv(struct dealer *d, struct str frame[DEALER_FRAMES_MAX],
	    size_t *count)
{
	int more = 1;

	parts_close(d);
	for (*count = 0; more != 0; ++*count) {
		zmq_msg_t m;

		(void)zmq_msg_init(&m);
		if (zmq_msg_recv(&m, d->socket, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&m);
			return ERR_AGAIN;
		}
		more = zmq_msg_more(&m);
		if (d->part_count < DEALER_FRAMES_MAX)
			d->part[d->part_count++] = m;
		else
			(void)zmq_msg_close(&m);
	}
	for (size_t i = 0; i < d->part_count; i++)
		frame[i] = (struct str){ zmq_msg_data(&d->part[i]),
					 zmq_msg_size(&d->part[i]) };
	return ERR_OK;
}

void
dealer_wait(struct dealer *d, int64_t ms)
{
	zmq_pollitem_t p = { d->socket, 0, ZMQ_POLLIN, 0 };

	(void)zmq_poll(&p, 1, ms < 0 ? 0 : (long)ms);
}

int
dealer_fd(const struct dealer *d)
{
	int fd = -1;
	size_t n = sizeof(fd);

	return zmq_getsockopt(d->socket, ZMQ_FD, &fd, &n) == 0 ? fd : -1;
}
