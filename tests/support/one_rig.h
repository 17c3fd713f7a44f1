/*
 * one_rig.h - the whole daemon on one thread, its outside simulated.
 *
 * For scenarios and the simulator: the network is scripted, the bus is in
 * memory, the store is a file in a folder of its own, time moves only when
 * rig.sim.at is moved.  Keys are made on the spot.
 */
#ifndef ONE_RIG_H
#define ONE_RIG_H

#include "bus_mem.h"
#include "net_sim.h"
#include "one.h"
#include "say.h"
#include "scratch.h"
#include "seal.h"

struct one_rig {
	char dir[SCRATCH_PATH_SIZE]; /* the state directory */
	struct clock_sim sim;
	struct clock clock;
	struct bundle all;
	struct bundle bundle[PEER_COUNT];
	struct keys server;
	struct net_sim *net;
	struct net net_port; /* net's; a test may put itself between */
	struct bus_mem *bus;
	struct one one;
	bool started;
};

/* Changes a file's text before it goes into the bundle; may be NULL. */
typedef void (*one_rig_edit)(void *ctx, struct buf *b, const char *name);

/* A folder under build/ and a configuration with the lines given. */
void one_rig_init(struct one_rig *r, const char *name, const char *yaml);
void one_rig_fini(struct one_rig *r);
/* False: not readable. */
bool one_rig_file(struct one_rig *r, const char *path, const char *name);
/* The .yaml, .jq and .tsv files of a folder, named prefix and file name. */
bool one_rig_dir(struct one_rig *r, const char *dir, const char *prefix,
		 one_rig_edit edit, void *ctx);
/* After the last file. */
NODISCARD enum err one_rig_start(struct one_rig *r);
/* A role that was killed is started again, over the same ports. */
NODISCARD enum err one_rig_restart(struct one_rig *r, enum peer p);
/* Nothing is on its way between the roles. */
bool one_rig_quiet(const struct one_rig *r);

/* As an operator; the answer is appended to out, faults go to stderr. */
int one_rig_say(struct one_rig *r, struct say_request *q, struct buf *out);
/* Makes keys, tells the daemon, and what opens their alerts. */
int one_rig_subscriber(struct one_rig *r, struct str exporter, struct keys *k,
		       struct seal_reader *reader);

#endif
