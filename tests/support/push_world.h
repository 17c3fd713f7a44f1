/*
 * push_world.h - publish and core's side of it on one thread, around the
 * real store in memory, with subscribers on a bus in memory or on libzmq.
 */
#ifndef PUSH_WORLD_H
#define PUSH_WORLD_H

#include "bus_mem.h"
#include "publish.h"
#include "seal.h"
#include "serve.h"

#define WORLD_STREAM "EX-SZ-001"

struct world {
	struct store *store;
	struct serve *serve;
	struct conf conf;
	struct arena arena;
	struct role role;
	struct bundle bundle;
	struct clock_sim sim;
	struct clock clock;
	struct link *core; /* core's end; role.link[PEER_CORE] is the other */
	struct bus_mem *mem; /* NULL with libzmq */
	struct keys server;
	struct keys_server announced;
	struct instant now;
	int fail_commit; /* the next so many commits are rolled back */
	int deaf;	 /* core hears nothing */
	int states;	 /* STATEs handed to decide; first ones only */
	struct evidence last_state;
};

/* yaml: lines of creditalarm.yaml; mem: 1 a bus in memory, 0 libzmq. */
void world_init(struct world *w, const char *yaml, int mem);
void world_fini(struct world *w);
/* Turns until nothing moves. */
void world_run(struct world *w);
/* Time goes by in steps of at most 100 ms. */
void world_pass(struct world *w, int64_t ms);
/* As kill -9 of publish, or of core's side of the link. */
void world_restart_publish(struct world *w);
void world_restart_core(struct world *w);

/* A subscriber of the stream; its keys in *k. */
void world_subscribe(struct world *w, const char *stream, struct keys *k,
		     int64_t expires_at);
void world_revoke(struct world *w, const struct keys *k);
/* One committed entry of a new alert; returns its seq.  state: of the alert. */
uint64_t world_alert(struct world *w, const char *stream, int severity,
		     enum alert_state state, const char *body);

/* ---- a subscriber in memory ---- */

struct sub {
	struct world *w;
	struct keys keys;
	struct seal_reader reader;
	struct bus_mem_client *c;
};

/* What a subscriber heard: a control frame or an opened ALERT. */
struct heard {
	struct wire_frame frame; /* letter 0: an ALERT */
	struct wire_header header;
	char text[256]; /* of an ERROR, the stream of a WELCOME, or a body */
	char signature[SEAL_SIGNATURE_SIZE];
};

/* The usual one: a bus in memory, credit for ten, one subscriber connected. */
void world_with_sub(struct world *w, struct sub *s);
void sub_init(struct sub *s, struct world *w, const char *stream);
/* A socket with that routing id (16 bytes made of it). */
void sub_connect(struct sub *s, char routing);
void sub_say(struct sub *s, const struct wire_frame *f);
void sub_raw(struct sub *s, struct str frame);
void sub_hello(struct sub *s, uint64_t after, uint32_t credit,
	       const char *consumer, const char *filter);
void sub_ack(struct sub *s, uint64_t seq, uint32_t credit);
/* Turns the world, then takes the next frame; false when there is none. */
bool sub_hear(struct sub *s, struct heard *h);
/* The next frame must be ... (BEATs are passed over by all but want_beat) */
struct heard want(struct sub *s, enum wire_letter letter, int line);
struct heard want_alert(struct sub *s, uint64_t seq, int line);
void want_error(struct sub *s, uint16_t code, int line);
void want_nothing(struct sub *s, int line);
#define WANT(s, letter) want((s), (letter), __LINE__)
#define WANT_ALERT(s, seq) want_alert((s), (seq), __LINE__)
#define WANT_ERROR(s, code) want_error((s), (code), __LINE__)
#define WANT_NOTHING(s) want_nothing((s), __LINE__)

#endif
