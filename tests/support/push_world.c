/*
 * push_world.c - see push_world.h.
 */
#include "push_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TURNS_MAX 60
#define BODY_MAX 70000

static enum err
on_state(void *ctx, const struct evidence *e, int first, struct instant now)
{
	struct world *w = ctx;

	(void)now;
	if (first)
		w->states++;
	w->last_state = *e;
	w->last_state.code = arena_str(&w->arena, e->code);
	return ERR_OK;
}

static void
link_up_both(struct world *w)
{
	link_free(w->core);
	link_free(w->role.link[PEER_CORE]);
	w->role.link[PEER_CORE] = NULL;
	cr_assert_eq(link_pair(&w->core, &w->role.link[PEER_CORE]), ERR_OK);
}

static void
bundle_fill(struct world *w, const char *yaml)
{
	struct buf b;

	seal_keys_generate(&w->server, 1);
	buf_init(&b, KEYS_FILE_MAX);
	keys_put(&b, &w->server);
	bundle_init(&w->bundle);
	bundle_add(&w->bundle, S("creditalarm.yaml"), str_of(yaml));
	bundle_add(&w->bundle, S("key/server"), buf_str(&b));
	buf_clear(&b);
	keys_casrv_put(&b, &w->server);
	cr_assert_eq(keys_casrv_get(buf_str(&b), &w->announced, NULL), ERR_OK);
	buf_wipe(&b);
}

void
world_init(struct world *w, const char *yaml, int mem)
{
	struct diag d = { 0 };
	struct buf errors;

	memset(w, 0, sizeof(*w));
	w->now = (struct instant){ 1000000, 1672103523214 };
	w->sim.at = w->now;
	w->clock = clock_sim(&w->sim);
	bundle_fill(w, yaml);
	cr_assert_eq(arena_init(&w->arena, 1u << 22), ERR_OK);
	buf_init(&errors, 65536);
	cr_assert_eq(conf_get(str_of(yaml), S("t.yaml"), &w->arena, &w->conf,
			      &errors),
		     ERR_OK, "%.*s", STR_ARG(buf_str(&errors)));
	buf_free(&errors);
	cr_assert_eq(store_open(":memory:", &w->store, &d), ERR_OK, "%s",
		     d.why);
	cr_assert_eq(serve_new(w->store, &w->conf, on_state, w, &w->serve),
		     ERR_OK);
	w->role = (struct role){ .ops = &publish_role,
				 .bundle = &w->bundle,
				 .clock = &w->clock };
	if (mem) {
		w->mem = bus_mem_new();
		publish_port(&w->role, bus_mem_port(w->mem));
	}
	link_up_both(w);
	cr_assert_eq(publish_role.init(&w->role, w->now), ERR_OK);
	publish_role.relink(&w->role, PEER_CORE);
	cr_assert_eq(serve_hello(w->serve, w->now, w->core), ERR_OK);
	world_run(w);
}

void
world_fini(struct world *w)
{
	publish_role.fini(&w->role);
	link_free(w->core);
	link_free(w->role.link[PEER_CORE]);
	serve_free(w->serve);
	store_close(w->store);
	bus_mem_free(w->mem);
	bundle_free(&w->bundle);
	arena_fini(&w->arena);
}

/* What core does with one message of publish. */
static void
core_take(struct world *w, const struct msg *m)
{
	enum err err = store_begin(w->store);

	cr_assert_eq(err, ERR_OK);
	err = serve_take(w->serve, m, w->now);
	cr_assert_neq(err, ERR_PEER, "type %d", m->type);
	if (err == ERR_OK && w->fail_commit > 0) {
		w->fail_commit--;
		err = ERR_STORE;
	}
	if (err == ERR_OK)
		err = store_commit(w->store);
	if (err == ERR_OK) {
		cr_assert_eq(serve_committed(w->serve, w->now, w->core),
			     ERR_OK);
		return;
	}
	store_rollback(w->store);
	serve_rolled_back(w->serve);
}

void
world_run(struct world *w)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		int64_t wait_ms = 1000;
		struct msg m;

		w->sim.at = w->now;
		cr_assert_eq(publish_role.step(&w->role, w->now, &wait_ms),
			     ERR_OK);
		while (!w->deaf && link_take(w->core, &m) == ERR_OK)
			core_take(w, &m);
		if (!w->deaf)
			cr_assert_eq(serve_notify(w->serve, w->now, w->core),
				     ERR_OK);
	}
}

void
world_pass(struct world *w, int64_t ms)
{
	while (ms > 0) {
		int64_t step = ms < 100 ? ms : 100;

		w->now.mono_ms += step;
		w->now.wall_ms += step;
		ms -= step;
		world_run(w);
	}
}

void
world_restart_publish(struct world *w)
{
	publish_role.fini(&w->role);
	link_up_both(w);
	cr_assert_eq(publish_role.init(&w->role, w->now), ERR_OK);
	publish_role.relink(&w->role, PEER_CORE);
	cr_assert_eq(serve_hello(w->serve, w->now, w->core), ERR_OK);
	world_run(w);
}

void
world_restart_core(struct world *w)
{
	serve_free(w->serve);
	link_up_both(w);
	cr_assert_eq(serve_new(w->store, &w->conf, on_state, w, &w->serve),
		     ERR_OK);
	publish_role.relink(&w->role, PEER_CORE);
	cr_assert_eq(serve_hello(w->serve, w->now, w->core), ERR_OK);
	world_run(w);
}

static void
subscriber_put(struct world *w, const char *stream, const struct keys *k,
	       int64_t expires_at, int64_t revoked_at)
{
	struct buf curve, seal;
	struct subscriber sub = { .owner = OWNER_EXPORTER,
				  .stream = str_of(stream),
				  .expires_at = expires_at,
				  .revoked_at = revoked_at };

	buf_init(&curve, 64);
	buf_init(&seal, 64);
	buf_hex(&curve, k->curve.pub, KEYS_SIZE);
	buf_hex(&seal, k->seal.pub, KEYS_SIZE);
	sub.curve_key = buf_str(&curve);
	sub.seal_key = buf_str(&seal);
	sub.subscriber_id = str_sub(buf_str(&curve), 0, 32);
	cr_assert_eq(store_begin(w->store), ERR_OK);
	cr_assert_eq(store_subscriber_put(w->store, &sub), ERR_OK);
	cr_assert_eq(store_commit(w->store), ERR_OK);
	buf_free(&curve);
	buf_free(&seal);
	cr_assert_eq(serve_subscribers(w->serve, w->now, w->core), ERR_OK);
	world_run(w);
}

void
world_subscribe(struct world *w, const char *stream, struct keys *k,
		int64_t expires_at)
{
	seal_keys_generate(k, 0);
	subscriber_put(w, stream, k, expires_at, TIME_NONE);
}

void
world_revoke(struct world *w, const struct keys *k)
{
	subscriber_put(w, WORLD_STREAM, k, TIME_NONE, w->now.wall_ms);
}

uint64_t
world_alert(struct world *w, const char *stream, int severity,
	    enum alert_state state, const char *body)
{
	static unsigned serial;
	char id[64];
	struct alert a = { 0 };
	struct entry e = { .stream = str_of(stream),
			   .type = WIRE_FIRST,
			   .severity = (uint8_t)severity,
			   .time_us = (uint64_t)w->now.wall_ms * 1000,
			   .revision = 1,
			   .body = str_of(body),
			   .key_id = -1 };

	(void)snprintf(id, sizeof(id), "alert-%u", ++serial);
	a.alert_id = a.dedup_key = e.alert_id = str_of(id);
	a.exporter_id = str_of(stream);
	a.severity = (enum severity)severity;
	a.state = state;
	a.revision = 1;
	a.knew_at = a.acked_at = TIME_NONE;
	cr_assert_eq(store_begin(w->store), ERR_OK);
	cr_assert_eq(store_alert_put(w->store, &a), ERR_OK);
	cr_assert_eq(store_entry_append(w->store, &e), ERR_OK);
	cr_assert_eq(store_commit(w->store), ERR_OK);
	if (!w->deaf)
		cr_assert_eq(serve_notify(w->serve, w->now, w->core), ERR_OK);
	return e.seq;
}

/* ---- a subscriber in memory ---- */

void
sub_init(struct sub *s, struct world *w, const char *stream)
{
	*s = (struct sub){ .w = w };
	world_subscribe(w, stream, &s->keys, TIME_NONE);
	cr_assert_eq(seal_reader_init(&s->reader, &s->keys, &w->announced),
		     ERR_OK);
}

void
sub_connect(struct sub *s, char routing)
{
	char id[WIRE_ROUTING_MIN];

	memset(id, routing, sizeof(id));
	s->c = bus_mem_client(s->w->mem, s->keys.curve.pub,
			      (struct str){ id, sizeof(id) });
	cr_assert_not_null(s->c);
}

void
sub_raw(struct sub *s, struct str frame)
{
	cr_assert_eq(bus_mem_send(s->c, &frame, 1), ERR_OK);
}

void
sub_say(struct sub *s, const struct wire_frame *f)
{
	struct buf b;

	buf_init(&b, WIRE_CLIENT_FRAME_MAX);
	wire_put(&b, f);
	cr_assert_eq(b.err, ERR_OK);
	sub_raw(s, buf_str(&b));
	buf_free(&b);
}

void
sub_hello(struct sub *s, uint64_t after, uint32_t credit,
	  const char *consumer, const char *filter)
{
	const struct wire_frame f = {
		.letter = WIRE_HELLO,
		.u.hello = { .version = 1,
			     .credit = credit,
			     .after_seq = after,
			     .consumer = str_of(consumer),
			     .filter = str_of(filter) },
	};

	sub_say(s, &f);
}

void
sub_ack(struct sub *s, uint64_t seq, uint32_t credit)
{
	const struct wire_frame f = {
		.letter = WIRE_ACK,
		.u.ack = { .epoch = 1, .cum_seq = seq, .add_credit = credit },
	};

	sub_say(s, &f);
}

static void
open_alert(struct sub *s, const struct str frame[2], struct heard *h)
{
	struct buf clear;
	struct str body = STR_NONE;
	struct diag d = { 0 };

	buf_init(&clear, BODY_MAX);
	cr_assert_eq(seal_open(&s->reader, S(WORLD_STREAM), frame, &h->header,
			       &clear, &body, &d),
		     ERR_OK, "%s", d.why);
	memcpy(h->signature, clear.p, SEAL_SIGNATURE_SIZE);
	(void)snprintf(h->text, sizeof(h->text), "%.*s", STR_ARG(body));
	buf_free(&clear);
}

bool
sub_hear(struct sub *s, struct heard *h)
{
	struct str frame[BUS_FRAMES_MAX];
	size_t n = 0;

	world_run(s->w);
	memset(h, 0, sizeof(*h));
	if (bus_mem_recv(s->c, frame, &n) != ERR_OK)
		return false;
	if (n == 2) {
		open_alert(s, frame, h);
		return true;
	}
	cr_assert_eq(n, 1);
	cr_assert_eq(wire_get_server(frame[0], &h->frame, NULL), ERR_OK);
	if (h->frame.letter == WIRE_ERROR)
		(void)snprintf(h->text, sizeof(h->text), "%.*s",
			       STR_ARG(h->frame.u.error.text));
	if (h->frame.letter == WIRE_WELCOME)
		(void)snprintf(h->text, sizeof(h->text), "%.*s",
			       STR_ARG(h->frame.u.welcome.stream));
	return true;
}

static bool
hear_no_beat(struct sub *s, struct heard *h, enum wire_letter keep)
{
	bool got = sub_hear(s, h);

	while (got && h->frame.letter == WIRE_BEAT && keep != WIRE_BEAT)
		got = sub_hear(s, h);
	return got;
}

struct heard
want(struct sub *s, enum wire_letter letter, int line)
{
	struct heard h;

	cr_assert(hear_no_beat(s, &h, letter), "line %d: nothing, not %c",
		  line, (int)letter);
	cr_assert_eq(h.frame.letter, letter, "line %d: %c (%d), not %c: %s",
		     line, (int)h.frame.letter, (int)h.frame.u.error.code,
		     (int)letter, h.text);
	return h;
}

struct heard
want_alert(struct sub *s, uint64_t seq, int line)
{
	struct heard h;

	cr_assert(hear_no_beat(s, &h, WIRE_HELLO), "line %d: nothing", line);
	cr_assert_eq((int)h.frame.letter, 0, "line %d: %c, not an ALERT", line,
		     (int)h.frame.letter);
	cr_assert_eq(h.header.seq, seq, "line %d: seq %llu", line,
		     (unsigned long long)h.header.seq);
	return h;
}

void
want_error(struct sub *s, uint16_t code, int line)
{
	struct heard h = want(s, WIRE_ERROR, line);

	cr_assert_eq(h.frame.u.error.code, code, "line %d: %u %s", line,
		     h.frame.u.error.code, h.text);
}

void
want_nothing(struct sub *s, int line)
{
	struct heard h;

	cr_assert(!hear_no_beat(s, &h, WIRE_HELLO), "line %d: %c", line,
		  (int)h.frame.letter);
}

void
world_with_sub(struct world *w, struct sub *s)
{
	world_init(w, "push:\n  heartbeat: 1s\n  credit_max: 10\n", 1);
	sub_init(s, w, WORLD_STREAM);
	sub_connect(s, 'a');
}
