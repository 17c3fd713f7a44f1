/*
 * sim.h - the simulator: one seed, one world, every invariant.
 *
 * The whole daemon on one thread (one_rig.h) with a world around it that the
 * seed alone decides: what feeds say and how the network breaks, how the book
 * changes, when the disk fails, fills up or loses power, which role dies, how
 * clocks jump, and subscribers who lose, repeat, swap, dawdle and vanish.
 * The reference model (model.h) says what is owed; after every turn the
 * store must hold exactly that, and no subscriber may have more.
 */
#ifndef SIM_H
#define SIM_H

#include <sqlite3.h>

#include "model.h"
#include "one_rig.h"

#define SIM_CLIENTS_MAX 8
#define SIM_VERSIONS_MAX 400
#define SIM_WHY_SIZE 1024

/* ---- dice ---- */

struct dice {
	uint64_t s;
};
uint64_t dice_next(struct dice *d);
/* 0 .. n-1 */
unsigned dice_below(struct dice *d, unsigned n);
bool dice_chance(struct dice *d, unsigned percent);

/* ---- the world outside ---- */

/* A document as it was served once. */
struct version {
	struct m_record line[M_RECORDS];
	size_t lines;
	bool garbage;
};

struct feed_world {
	const char *name;
	const char *url;
	struct m_record line[M_RECORDS]; /* what it says now */
	size_t lines;
	unsigned numbers; /* keys given so far */
	bool taken_down;  /* a record left and that was not accepted yet */
	struct version *version; /* all that were served */
	size_t versions;
	int delivered; /* the last one handed over whole; -1: none */
	int64_t gen;   /* of the last accepted document */
	struct m_record accepted[2 * M_RECORDS];
	size_t accepted_lines;
};

/* What this seed plays with: each is off in some worlds. */
struct swarm {
	bool net, bus, kill, power, disk, clock, book, days;
};

/* ---- subscribers ---- */

enum client_mode {
	CLIENT_OWN,    /* keeps its cursor */
	CLIENT_STORED, /* relies on the daemon's */
	CLIENT_SNAP,   /* asks for a snapshot each time */
	CLIENT_FILTER, /* severity=HIGH */
	CLIENT_SPY,    /* wants somebody else's stream */
};

struct client_state {
	uint64_t seq;
	int state;
	bool done;
};

struct pocket; /* a frame held back, client.c */

struct client {
	int exporter;
	enum client_mode mode;
	bool lossy; /* its connection loses, repeats and swaps */
	bool slow;
	char consumer[16];
	struct keys keys;
	struct seal_reader reader;
	struct bus_mem_client *end;
	unsigned sockets;
	bool fresh; /* a socket that was never welcome */
	bool welcome;
	bool snapping;
	uint64_t epoch;
	uint64_t expect;  /* the next of a clean session */
	uint64_t highest; /* heard of in this session */
	uint64_t contig;  /* everything up to it is here, or was skipped */
	uint64_t hash[M_OWED + 1]; /* 0: not had */
	bool skipped[M_OWED + 1];
	bool in_snap[M_OWED + 1];
	bool nacked[M_OWED + 1];
	int64_t heard_ms;
	int64_t hello_ms;
	int64_t ping_ms;
	int behind; /* BEATs that were ahead of it */
	unsigned credit_due;
	struct client_state state[256];
	size_t states;
	struct pocket *held;
	bool repeated; /* the bus gave this frame twice */
	uint64_t got;
};

struct entry_kept {
	uint64_t hash; /* of the body */
	char alert_id[ALERT_ID_SIZE];
	int severity;
};

struct sim {
	uint64_t seed;
	unsigned steps;
	unsigned step;
	bool verbose;
	uint64_t trace;
	struct dice dice;
	struct swarm swarm;
	struct one_rig rig;
	struct net net; /* the rig's, with our ear in it */
	int running[M_FEEDS]; /* version on its way, by feed; -1 */
	uint64_t running_id[M_FEEDS];
	struct feed_world feed[M_FEEDS];
	struct m_book book;	 /* as it should be */
	struct m_book book_told; /* as of the import on its way */
	bool book_changed[M_OBLIGORS];
	int64_t book_version;
	struct model model;
	sqlite3 *db; /* our own eyes on the store; NULL while it is down */
	int64_t data_version;
	int64_t entry_rid;
	int64_t evidence_rid;
	int64_t tick_next;
	int32_t day; /* the last that began for the daemon */
	struct entry_kept kept[M_EXPORTERS][M_OWED + 1];
	size_t keeps[M_EXPORTERS];
	bool disk_bad;
	unsigned disk_until; /* step */
	bool cut_waits;	     /* power goes when the armed fault came */
	bool core_down;
	struct client client[SIM_CLIENTS_MAX];
	size_t clients;
	char why[SIM_WHY_SIZE];
	unsigned crashes, cuts, faults, imports, documents;
};

/* The first failure stands. */
void sim_fail(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool sim_ok(const struct sim *s);
/* Goes into the trace hash, and is printed when verbose. */
void sim_trace(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
uint64_t sim_hash(struct str s);
int64_t sim_wall(const struct sim *s);

/* house.c: the daemon, its disk and its clock */
void house_open(struct sim *s);
void house_close(struct sim *s);
/* Turns until nothing moves, or so many. */
void house_turns(struct sim *s, unsigned max);
void house_pass(struct sim *s, int64_t ms);
void house_kill(struct sim *s, enum peer p);
void house_cut(struct sim *s);
void house_fault(struct sim *s, bool cut);
void house_heal(struct sim *s);

/* watch.c: what was committed against what is owed */
bool watch_open(struct sim *s);
void watch_close(struct sim *s);
void watch_turn(struct sim *s, bool after_cut);
bool watch_has_evidence(struct sim *s, const struct client *c, uint64_t seq,
			int state);
/* Every day is looked at, once nothing keeps the daemon from it. */
void watch_day(struct sim *s);
void watch_end(struct sim *s);
void watch_journal(struct sim *s);

/* world.c: feeds, book, network */
void world_open(struct sim *s);
void world_close(struct sim *s);
void world_act(struct sim *s);
void world_calm(struct sim *s);
/* Everything that is said was heard. */
bool world_told(const struct sim *s);

/* client.c */
void clients_open(struct sim *s);
void clients_close(struct sim *s);
/* What waits for them. */
void clients_read(struct sim *s);
/* Once a step: say what is due, be slow, vanish. */
void clients_act(struct sim *s);
void clients_calm(struct sim *s);
bool clients_have_all(struct sim *s, char *why, size_t size);

#endif
