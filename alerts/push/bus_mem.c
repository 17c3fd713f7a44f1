/*
 * bus_mem.c - see bus_mem.h.
 */
#include "bus_mem.h"

#include <stdlib.h>
#include <string.h>

#define SEND_FRAMES_MAX 8u /* a test may send more than publish accepts */

struct packet {
	struct packet *next;
	struct bus_mem_client *from; /* in the bus's inbox */
	size_t count;
	size_t n[SEND_FRAMES_MAX];
	char bytes[]; /* the frames, one behind the other */
};

struct queue {
	struct packet *head;
	struct packet **tail;
	size_t count;
};

struct bus_mem_client {
	struct bus_mem *bus;
	struct bus_peer peer;
	uint8_t user[BUS_KEY_SIZE];
	int admitted; /* -1: has not knocked yet */
	struct queue in;
	uint64_t serial;     /* newer is larger */
	size_t sent;         /* of its packets waiting in the bus */
	struct packet *last; /* owned: what recv lent */
};

struct bus_mem {
	struct bus_mem_client *client[BUS_MEM_CLIENTS_MAX]; /* owned */
	struct queue in;
	struct packet *last; /* owned: what recv lent */
	uint8_t *keys;       /* owned */
	size_t key_count;
	uint64_t serial;
};

static void
queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
}

static struct packet *
queue_take(struct queue *q)
{
	struct packet *p = q->head;

	if (p == NULL)
		return NULL;
	q->head = p->next;
	if (q->head == NULL)
		q->tail = &q->head;
	q->count--;
	return p;
}

static void
queue_free(struct queue *q)
{
	struct packet *p;

	while ((p = queue_take(q)) != NULL)
		free(p);
}

static enum err
queue_add(struct queue *q, struct bus_mem_client *from,
	  const struct str *frames, size_t count)
{
	struct packet *p;
	size_t n = 0;

	must(count >= 1 && count <= SEND_FRAMES_MAX);
	for (size_t i = 0; i < count; i++)
		n += frames[i].n;
	p = calloc(1, sizeof(*p) + n);
	if (p == NULL)
		return ERR_AGAIN;
	p->from = from;
	p->count = count;
	n = 0;
	for (size_t i = 0; i < count; i++) {
		p->n[i] = frames[i].n;
		if (frames[i].n > 0)
			memcpy(p->bytes + n, frames[i].p, frames[i].n);
		n += frames[i].n;
	}
	*q->tail = p;
	q->tail = &p->next;
	q->count++;
	return ERR_OK;
}

static void
packet_frames(const struct packet *p, struct str frame[BUS_FRAMES_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < p->count && i < BUS_FRAMES_MAX; i++) {
		frame[i] = (struct str){ p->bytes + at, p->n[i] };
		at += p->n[i];
	}
}

struct bus_mem *
bus_mem_new(void)
{
	struct bus_mem *m = calloc(1, sizeof(*m));

	if (m != NULL)
		queue_init(&m->in);
	return m;
}

void
bus_mem_free(struct bus_mem *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < BUS_MEM_CLIENTS_MAX; i++)
		if (m->client[i] != NULL)
			bus_mem_close(m->client[i]);
	queue_free(&m->in);
	free(m->last);
	free(m->keys);
	free(m);
}

static bool
allowed(const struct bus_mem *m, const uint8_t *user)
{
	for (size_t i = 0; i < m->key_count; i++)
		if (memcmp(m->keys + i * BUS_KEY_SIZE, user, BUS_KEY_SIZE) == 0)
			return true;
	return false;
}

static enum err
port_recv(void *self, struct bus_message *out)
{
	struct bus_mem *m = self;
	struct packet *p = queue_take(&m->in);

	if (p == NULL)
		return ERR_AGAIN;
	free(m->last);
	m->last = p;
	p->from->sent--;
	out->peer = p->from->peer;
	memcpy(out->user, p->from->user, BUS_KEY_SIZE);
	out->frame_count = p->count;
	packet_frames(p, out->frame);
	return ERR_OK;
}

/* The newest admitted client with that routing id has it. */
static struct bus_mem_client *
holder(struct bus_mem *m, const struct bus_peer *peer)
{
	struct bus_mem_client *newest = NULL;

	for (size_t i = 0; i < BUS_MEM_CLIENTS_MAX; i++) {
		struct bus_mem_client *c = m->client[i];

		if (c != NULL && c->admitted == 1 &&
		    c->peer.id_len == peer->id_len &&
		    memcmp(c->peer.id, peer->id, peer->id_len) == 0 &&
		    (newest == NULL || c->serial > newest->serial))
			newest = c;
	}
	return newest;
}

static enum err
port_send(void *self, const struct bus_peer *peer, const struct str *frames,
	  size_t count)
{
	struct bus_mem_client *c = holder(self, peer);

	must(count >= 1 && count <= BUS_FRAMES_MAX);
	if (c == NULL)
		return ERR_ABSENT;
	if (c->in.count >= BUS_MEM_HWM)
		return ERR_AGAIN;
	return queue_add(&c->in, NULL, frames, count);
}

static enum err
port_allow(void *self, const uint8_t *keys, size_t count)
{
	struct bus_mem *m = self;
	uint8_t *copy = NULL;

	if (count > BUS_KEYS_MAX)
		return ERR_LIMIT;
	if (count > 0) {
		copy = malloc(count * BUS_KEY_SIZE);
		if (copy == NULL)
			return ERR_LIMIT;
		memcpy(copy, keys, count * BUS_KEY_SIZE);
	}
	free(m->keys);
	m->keys = copy;
	m->key_count = count;
	return ERR_OK;
}

static int
port_fd(void *self)
{
	(void)self;
	return -1;
}

struct bus
bus_mem_port(struct bus_mem *m)
{
	return (struct bus){ port_recv, port_send, port_allow, port_fd, m };
}

/* ---- the client's end ---- */

struct bus_mem_client *
bus_mem_client(struct bus_mem *m, const uint8_t user[BUS_KEY_SIZE],
	       struct str routing)
{
	struct bus_mem_client *c;
	size_t i = 0;

	must(routing.n >= 1 && routing.n <= BUS_ROUTING_MAX);
	while (i < BUS_MEM_CLIENTS_MAX && m->client[i] != NULL)
		i++;
	c = i < BUS_MEM_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (c == NULL)
		return NULL;
	c->bus = m;
	c->admitted = -1;
	c->serial = ++m->serial;
	c->peer.id_len = (uint8_t)routing.n;
	memcpy(c->peer.id, routing.p, routing.n);
	memcpy(c->user, user, BUS_KEY_SIZE);
	queue_init(&c->in);
	m->client[i] = c;
	return c;
}

bool
bus_mem_refused(const struct bus_mem_client *c)
{
	return c->admitted == 0;
}

enum err
bus_mem_send(struct bus_mem_client *c, const struct str *frames, size_t count)
{
	enum err err;

	if (c->admitted < 0)
		c->admitted = allowed(c->bus, c->user);
	if (c->admitted == 0)
		return ERR_OK;
	if (c->sent >= BUS_MEM_HWM)
		return ERR_AGAIN;
	err = queue_add(&c->bus->in, c, frames, count);
	if (err == ERR_OK)
		c->sent++;
	return err;
}

enum err
bus_mem_recv(struct bus_mem_client *c, struct str frames[BUS_FRAMES_MAX],
	     size_t *count)
{
	struct packet *p = queue_take(&c->in);

	if (p == NULL)
		return ERR_AGAIN;
	free(c->last);
	c->last = p;
	packet_frames(p, frames);
	*count = p->count;
	return ERR_OK;
}

/* Its packets that the bus did not read yet go with it. */
static void
forget_packets(struct bus_mem *m, const struct bus_mem_client *c)
{
	struct packet **at = &m->in.head;

	while (*at != NULL) {
		struct packet *p = *at;

		if (p->from != c) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		m->in.count--;
		free(p);
	}
	m->in.tail = at;
}

void
bus_mem_close(struct bus_mem_client *c)
{
	struct bus_mem *m = c->bus;

	forget_packets(m, c);
	for (size_t i = 0; i < BUS_MEM_CLIENTS_MAX; i++)
		if (m->client[i] == c)
			m->client[i] = NULL;
	queue_free(&c->in);
	free(c->last);
	free(c);
}
