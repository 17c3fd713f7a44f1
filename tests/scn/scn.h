/*
 * scn.h - runs one scenario file: requirements in simulated time.
 *
 * All roles on one thread; the network is scripted (SERVE, STALL), the bus is
 * in memory, the store is a file in a directory of its own, and time moves
 * only by PASS.  A scenario says what a source serves and sees only what
 * leaves the bus, or what an operator would read.
 */
#ifndef SCN_H
#define SCN_H

#include "one_rig.h"

#define SCN_PEOPLE_MAX 16u
#define SCN_ALERTS_MAX 256u
#define SCN_VARS_MAX 32u

struct scn_alert {
	struct wire_header header;
	struct buf body;
};

/* A subscriber who acknowledges what verifies. */
struct scn_person {
	char name[64];
	char exporter[65];
	struct keys keys;
	struct seal_reader reader;
	struct bus_mem_client *client;
	uint64_t epoch;
	int welcome;
	int beats;
	struct scn_alert alert[SCN_ALERTS_MAX];
	size_t got;  /* alerts received */
	size_t seen; /* of those, expected already */
};

struct scn_var {
	char name[64];
	char value[256];
};

struct scn {
	const char *file;
	unsigned line;
	struct buf text; /* the file */
	struct one_rig rig;
	struct scn_person person[SCN_PEOPLE_MAX];
	size_t people;
	struct scn_var var[SCN_VARS_MAX];
	size_t vars;
	uint64_t uid; /* of whoever says */
};

/* 0 when every line held; the first that did not is told on stderr. */
int scn_run(const char *path);

#endif
