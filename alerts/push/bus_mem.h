/*
 * bus_mem.h - the bus of the simulation: queues in memory.  Floor 2 (alerts).
 *
 * The same promises as bus_zmq without sockets: an allow-list asked when a
 * client connects, bounded queues (ERR_AGAIN for a peer that does not read),
 * ERR_ABSENT for one that left, and the newer of two clients with one
 * routing id has it.  One thread.
 */
#ifndef BUS_MEM_H
#define BUS_MEM_H

#include "bus.h"

#define BUS_MEM_CLIENTS_MAX 256u
#define BUS_MEM_HWM 1000u

struct bus_mem;
struct bus_mem_client;

struct bus_mem *bus_mem_new(void);
/* Frees its clients too. */
void bus_mem_free(struct bus_mem *m);
struct bus bus_mem_port(struct bus_mem *m);

/* A client's end; NULL when there are too many.  The bus owns it. */
struct bus_mem_client *bus_mem_client(struct bus_mem *m,
				      const uint8_t user[BUS_KEY_SIZE],
				      struct str routing);
/* True when the allow-list did not know its key when it first sent. */
bool bus_mem_refused(const struct bus_mem_client *c);
/* ERR_AGAIN when the queue is full; silently nothing when refused. */
NODISCARD enum err bus_mem_send(struct bus_mem_client *c,
				const struct str *frames, size_t count);
/* ERR_AGAIN when there is nothing; frames die at the next recv. */
NODISCARD enum err bus_mem_recv(struct bus_mem_client *c,
				struct str frames[BUS_FRAMES_MAX],
				size_t *count);
/* The client leaves; the pointer is dead. */
void bus_mem_close(struct bus_mem_client *c);

#endif
