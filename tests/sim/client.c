/*
 * client.c - subscribers as docs/WIRE.md lets anybody write them.
 *
 * Each keeps what it got and holds the daemon to the contract: order, no
 * holes, one content per place, redeliveries marked, nothing before it was
 * committed, nothing of anybody else.  Some lose, repeat and swap frames, so
 * that only what the contract promises then is asked.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HB_MS 5000
#define CREDIT 16

struct pocket {
	size_t n;
	struct buf frame[BUS_FRAMES_MAX];
};

static uint64_t
least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

static void
tell(struct sim *s, struct client *c, const struct wire_frame *f)
{
	unsigned times = 1;
	struct buf b;
	struct str one;

	if (c->lossy && dice_chance(&s->dice, 6))
		times = dice_below(&s->dice, 2) * 2;
	buf_init(&b, WIRE_CLIENT_FRAME_MAX);
	wire_put(&b, f);
	one = buf_str(&b);
	for (unsigned i = 0; i < times; i++)
		(void)!bus_mem_send(c->end, &one, 1);
	buf_free(&b);
}

static void
ack(struct sim *s, struct client *c)
{
	struct wire_frame f = { .letter = WIRE_ACK };
	uint64_t sent = c->lossy ? c->highest : c->expect - 1;

	f.u.ack.epoch = c->epoch;
	f.u.ack.cum_seq = c->snapping ? 0 : least(c->contig, sent);
	f.u.ack.add_credit = c->credit_due;
	c->credit_due = 0;
	tell(s, c, &f);
}

static void
hello(struct sim *s, struct client *c)
{
	struct wire_frame f = { .letter = WIRE_HELLO };
	char other[16];

	f.u.hello = (struct wire_hello){ .version = WIRE_VERSION,
					 .credit = c->mode == CLIENT_SNAP ?
						       0 :
						       CREDIT,
					 .epoch = c->epoch,
					 .after_seq = c->contig,
					 .consumer = str_of(c->consumer) };
	if (c->mode == CLIENT_STORED || c->mode == CLIENT_SNAP)
		f.u.hello.after_seq = WIRE_CURSOR;
	if (c->mode == CLIENT_FILTER)
		f.u.hello.filter = S("severity=HIGH");
	m_exporter_id((c->exporter + 1) % M_EXPORTERS, other);
	if (c->mode == CLIENT_SPY)
		f.u.hello.stream = str_of(other);
	c->welcome = false;
	c->snapping = false;
	c->behind = 0;
	c->credit_due = 0;
	c->hello_ms = s->rig.sim.at.mono_ms;
	tell(s, c, &f);
}

static void
pocket_drop(struct client *c)
{
	if (c->held == NULL)
		return;
	for (size_t i = 0; i < c->held->n; i++)
		buf_free(&c->held->frame[i]);
	free(c->held);
	c->held = NULL;
}

/* A new socket: what was on the way is lost. */
static void
reconnect(struct sim *s, struct client *c)
{
	uint8_t routing[16] = { 1 };

	pocket_drop(c);
	if (c->end != NULL)
		bus_mem_close(c->end);
	routing[1] = (uint8_t)(c - s->client);
	routing[2] = (uint8_t)(c->sockets >> 8);
	routing[3] = (uint8_t)c->sockets++;
	c->end = bus_mem_client(s->rig.bus, c->keys.curve.pub,
				(struct str){ (const char *)routing,
					      sizeof(routing) });
	must(c->end != NULL);
	c->heard_ms = s->rig.sim.at.mono_ms;
	c->fresh = true;
	hello(s, c);
}

/* ---- what it hears ---- */

static void
move_on(struct client *c)
{
	while (c->contig < M_OWED && (c->hash[c->contig + 1] != 0 ||
				      c->skipped[c->contig + 1]))
		c->contig++;
}

static void
plan_states(struct sim *s, struct client *c, uint64_t seq)
{
	if (!dice_chance(&s->dice, 40))
		return;
	for (int state = 3; state <= 6; state++)
		if ((state == 3 || dice_chance(&s->dice, 50)) &&
		    c->states < sizeof(c->state) / sizeof(c->state[0]))
			c->state[c->states++] =
			    (struct client_state){ seq, state, false };
}

/* In a clean session every number comes in its turn. */
static void
check_turn(struct sim *s, struct client *c, const struct wire_header *h)
{
	bool snapshot = (h->flags & WIRE_SNAPSHOT) != 0;
	uint64_t seq = h->seq;

	if (c->lossy || snapshot || (seq < c->expect && c->nacked[seq]))
		return;
	if (c->snapping)
		sim_fail(s, "client %td: %llu amid a snapshot",
			 c - s->client, (unsigned long long)seq);
	if (seq != c->expect)
		sim_fail(s, "client %td: %llu where %llu was due",
			 c - s->client, (unsigned long long)seq,
			 (unsigned long long)c->expect);
	c->expect = seq + 1;
}

static void
take_alert(struct sim *s, struct client *c, const struct wire_header *h,
	   struct str body)
{
	uint64_t hash = sim_hash(body) | 1;
	uint64_t seq = h->seq;
	bool snapshot = (h->flags & WIRE_SNAPSHOT) != 0;
	bool marked = snapshot || (h->flags & WIRE_REDELIVERED) != 0;

	sim_trace(s, "client %td got %llu flags %u", c - s->client,
		  (unsigned long long)seq, h->flags);
	if (seq > s->keeps[c->exporter] ||
	    s->kept[c->exporter][seq].hash != hash) {
		sim_fail(s, "client %td was told %llu, which is not committed",
			 c - s->client, (unsigned long long)seq);
		return;
	}
	if (c->hash[seq] != 0 && c->hash[seq] != hash)
		sim_fail(s, "client %td: two contents of %llu", c - s->client,
			 (unsigned long long)seq);
	if (c->hash[seq] != 0 && !marked && !c->lossy)
		sim_fail(s, "client %td: %llu again, and not marked",
			 c - s->client, (unsigned long long)seq);
	check_turn(s, c, h);
	c->credit_due++;
	if (seq > c->highest)
		c->highest = seq;
	if (snapshot)
		c->in_snap[seq] = true;
	/* A hole: what is behind it is asked for again, in order. */
	if (!snapshot && seq > c->contig + 1)
		return;
	if (!snapshot && !c->lossy && !c->nacked[seq] &&
	    dice_chance(&s->dice, 4)) {
		struct wire_frame f = { .letter = WIRE_NACK };

		c->nacked[seq] = true;
		c->credit_due--;
		f.u.nack = (struct wire_nack_frame){ c->epoch, seq,
						     WIRE_NACK_AGAIN, 1000 };
		tell(s, c, &f);
		return;
	}
	if (c->hash[seq] == 0) {
		c->hash[seq] = hash;
		c->got++;
		plan_states(s, c, seq);
	}
	if (!snapshot)
		move_on(c);
}

static void
hear_alert(struct sim *s, struct client *c, const struct str frame[2])
{
	struct wire_header h;
	struct diag d = { 0 };
	struct buf clear;
	struct str body;
	char stream[16];

	m_exporter_id(c->exporter, stream);
	buf_init(&clear, SEALED_MAX);
	if (seal_open(&c->reader, str_of(stream), frame, &h, &clear, &body,
		      &d) != ERR_OK)
		sim_fail(s, "client %td cannot open an alert: %s",
			 c - s->client, d.why);
	else if (c->mode == CLIENT_SPY)
		sim_fail(s, "a spy was told %llu", (unsigned long long)h.seq);
	else if (h.epoch != 1)
		sim_fail(s, "epoch %llu", (unsigned long long)h.epoch);
	else if (c->welcome)
		take_alert(s, c, &h, body);
	else if (!c->lossy && c->fresh) /* else it was on its way */
		sim_fail(s, "client %td: an alert before WELCOME",
			 c - s->client);
	buf_free(&clear);
}

static void
hear_welcome(struct sim *s, struct client *c, const struct wire_welcome *w)
{
	struct wire_frame f = { .letter = WIRE_SNAP };

	c->welcome = true;
	c->fresh = false;
	c->epoch = w->epoch;
	c->expect = w->after_seq + 1;
	c->highest = w->after_seq;
	if (c->mode == CLIENT_SPY)
		sim_fail(s, "a spy is welcome");
	if (w->after_seq == WIRE_CURSOR)
		sim_fail(s, "client %td is GONE", c - s->client);
	/* Lost for ever: the daemon believes it was acknowledged. */
	if (w->after_seq > c->contig)
		sim_fail(s, "client %td had %llu, the daemon goes on at %llu",
			 c - s->client, (unsigned long long)c->contig,
			 (unsigned long long)w->after_seq);
	if (w->head_seq > s->keeps[c->exporter])
		sim_fail(s, "head %llu is not committed",
			 (unsigned long long)w->head_seq);
	if (c->mode == CLIENT_SNAP && sim_ok(s)) {
		memset(c->in_snap, 0, sizeof(c->in_snap));
		c->snapping = true;
		f.u.snap.epoch = c->epoch;
		tell(s, c, &f);
		c->credit_due = CREDIT;
		ack(s, c);
	}
}

/* The last word of every standing alert was in it. */
static void
hear_snapend(struct sim *s, struct client *c, const struct wire_snapend *z)
{
	const struct entry_kept *k = s->kept[c->exporter];

	if (!c->snapping)
		return;
	c->snapping = false;
	for (uint64_t i = 1; i <= z->as_of_seq && !c->lossy; i++) {
		bool last = true;

		for (uint64_t n = i + 1; n <= s->keeps[c->exporter]; n++)
			last &= strcmp(k[n].alert_id, k[i].alert_id) != 0;
		if (last && model_stands(&s->model, k[i].alert_id) &&
		    !c->in_snap[i])
			sim_fail(s, "client %td: %llu is missing in a snapshot"
				    " as of %llu",
				 c - s->client, (unsigned long long)i,
				 (unsigned long long)z->as_of_seq);
	}
	c->expect = z->as_of_seq + 1;
	c->highest = z->as_of_seq;
	for (uint64_t i = 1; i <= z->as_of_seq && i <= M_OWED; i++)
		c->skipped[i] = true;
	move_on(c);
}

static void
hear_skip(struct sim *s, struct client *c, const struct wire_skip *j)
{
	if (!c->welcome)
		return;
	if (!c->lossy && j->first_seq != c->expect)
		sim_fail(s, "client %td: SKIP from %llu where %llu was due",
			 c - s->client, (unsigned long long)j->first_seq,
			 (unsigned long long)c->expect);
	c->expect = j->last_seq + 1;
	if (j->last_seq > c->highest)
		c->highest = j->last_seq;
	for (uint64_t i = j->first_seq; i <= j->last_seq && i <= M_OWED; i++) {
		if (c->mode != CLIENT_FILTER ||
		    s->kept[c->exporter][i].severity >= SEVERITY_HIGH)
			sim_fail(s, "client %td: %llu was skipped",
				 c - s->client, (unsigned long long)i);
		c->skipped[i] = true;
	}
	move_on(c);
}

static void
hear_error(struct sim *s, struct client *c, const struct wire_error *e)
{
	switch (e->code) {
	case WIRE_E_HELLO_FIRST:
		c->welcome = false;
		c->hello_ms = 0;
		return;
	case WIRE_E_DOWN: /* what is killed here says goodbye first */
		c->welcome = false;
		return;
	case WIRE_E_REQUESTS:
	case WIRE_E_STORE:
		return;
	case WIRE_E_BEYOND:
	case WIRE_E_TAKEN:
		if (c->lossy)
			return;
		break;
	case WIRE_E_ENTITLED:
		if (c->mode == CLIENT_SPY)
			return;
		break;
	default:
		break;
	}
	sim_fail(s, "client %td: ERROR %u %.*s", c - s->client, e->code,
		 STR_ARG(e->text));
}

static void
hear_stateok(struct sim *s, struct client *c, const struct wire_stateok *r)
{
	for (size_t i = 0; i < c->states; i++) {
		struct client_state *t = &c->state[i];

		if (t->seq != r->seq || t->state != (int)r->state || t->done)
			continue;
		t->done = true;
		if (s->db != NULL &&
		    !watch_has_evidence(s, c, t->seq, t->state))
			sim_fail(s, "client %td: STATEOK for %llu, state %d, "
				    "which is not stored",
				 c - s->client, (unsigned long long)t->seq,
				 t->state);
	}
}

static void
hear_control(struct sim *s, struct client *c, struct str frame)
{
	struct wire_frame f = { .letter = WIRE_BYE };
	struct diag d = { 0 };

	if (wire_get_server(frame, &f, &d) != ERR_OK) {
		sim_fail(s, "client %td got nonsense: %s", c - s->client,
			 d.why);
		return;
	}
	switch ((int)f.letter) {
	case WIRE_WELCOME:
		hear_welcome(s, c, &f.u.welcome);
		break;
	case WIRE_BEAT:
		if (f.u.beat.head_seq > s->keeps[c->exporter])
			sim_fail(s, "BEAT with head %llu, not committed",
				 (unsigned long long)f.u.beat.head_seq);
		c->behind = f.u.beat.head_seq > c->contig && c->welcome &&
					    !c->snapping ?
				c->behind + 1 :
				0;
		break;
	case WIRE_SKIP:
		hear_skip(s, c, &f.u.skip);
		break;
	case WIRE_SNAPEND:
		hear_snapend(s, c, &f.u.snapend);
		break;
	case WIRE_STATEOK:
		hear_stateok(s, c, &f.u.stateok);
		break;
	case WIRE_ERROR:
		hear_error(s, c, &f.u.error);
		break;
	case WIRE_GONE:
		if (c->mode != CLIENT_SPY)
			sim_fail(s, "client %td is GONE", c - s->client);
		break;
	default:
		break;
	}
}

static void
hear(struct sim *s, struct client *c, const struct str *frame, size_t n)
{
	c->heard_ms = s->rig.sim.at.mono_ms;
	if (n == 2) {
		c->behind = 0;
		hear_alert(s, c, frame);
	} else {
		hear_control(s, c, frame[0]);
	}
}

static void
hold(struct client *c, const struct str *frame, size_t n)
{
	c->held = calloc(1, sizeof(*c->held));
	must(c->held != NULL);
	c->held->n = n;
	for (size_t i = 0; i < n; i++) {
		buf_init(&c->held->frame[i], SEALED_MAX);
		buf_put(&c->held->frame[i], frame[i]);
	}
}

static void
release(struct sim *s, struct client *c)
{
	struct pocket *p = c->held;
	struct str frame[BUS_FRAMES_MAX];

	if (p == NULL)
		return;
	c->held = NULL;
	for (size_t i = 0; i < p->n; i++)
		frame[i] = buf_str(&p->frame[i]);
	hear(s, c, frame, p->n);
	for (size_t i = 0; i < p->n; i++)
		buf_free(&p->frame[i]);
	free(p);
}

static void
read_one(struct sim *s, struct client *c)
{
	struct str frame[BUS_FRAMES_MAX];
	size_t n = 0;

	while (sim_ok(s) && bus_mem_recv(c->end, frame, &n) == ERR_OK) {
		unsigned luck = c->lossy ? dice_below(&s->dice, 100) : 100;

		if (luck < 5)
			continue; /* lost */
		if (luck < 10 && c->held == NULL) {
			hold(c, frame, n); /* the next one overtakes it */
			continue;
		}
		hear(s, c, frame, n);
		if (luck < 15)
			hear(s, c, frame, n);
		release(s, c);
	}
}

void
clients_read(struct sim *s)
{
	for (size_t i = 0; i < s->clients && sim_ok(s); i++)
		if (!s->client[i].slow && s->client[i].end != NULL)
			read_one(s, &s->client[i]);
}

/* ---- what it does ---- */

static void
say_states(struct sim *s, struct client *c)
{
	unsigned said = 0;

	for (size_t i = 0; i < c->states && said < 8; i++) {
		struct wire_frame f = { .letter = WIRE_STATE };

		if (c->state[i].done)
			continue;
		said++;
		f.u.state = (struct wire_state_frame){
			.epoch = c->epoch,
			.seq = c->state[i].seq,
			.state = (uint8_t)c->state[i].state,
			.at_us = (uint64_t)sim_wall(s) * 1000,
			.actor = S("clerk"),
			.code = c->state[i].state == WIRE_ACTED ?
				    S("A_STOP_SHIPMENT") :
				    STR_NONE,
		};
		tell(s, c, &f);
	}
}

static void
client_act(struct sim *s, struct client *c)
{
	int64_t now = s->rig.sim.at.mono_ms;
	struct wire_frame ping = { .letter = WIRE_PING };

	if (now - c->heard_ms > 3 * HB_MS ||
	    (s->swarm.bus &&
	     dice_chance(&s->dice, s->disk_bad ? 25 : 3))) {
		reconnect(s, c);
		return;
	}
	if (!c->welcome) {
		if (now - c->hello_ms > HB_MS)
			hello(s, c);
		return;
	}
	if (c->behind >= 2) {
		/* With credit left in a clean session nothing may be missing,
		 * but a disk that fails may hold it up. */
		hello(s, c);
		return;
	}
	if (c->mode == CLIENT_SPY)
		return;
	tell(s, c, &ping);
	if (c->credit_due > CREDIT / 2 || dice_chance(&s->dice, 60))
		ack(s, c);
	say_states(s, c);
}

void
clients_act(struct sim *s)
{
	for (size_t i = 0; i < s->clients && sim_ok(s); i++) {
		struct client *c = &s->client[i];

		if (s->swarm.bus && c->mode != CLIENT_SPY &&
		    dice_chance(&s->dice, 5))
			c->slow = !c->slow;
		if (!c->slow)
			client_act(s, c);
	}
}

static void
client_add(struct sim *s, int exporter, enum client_mode mode)
{
	struct client *c = &s->client[s->clients];
	char e[16];

	m_exporter_id(exporter, e);
	*c = (struct client){ .exporter = exporter,
			      .mode = mode,
			      .lossy = s->swarm.bus && mode != CLIENT_SPY &&
				       dice_chance(&s->dice, 40) };
	(void)snprintf(c->consumer, sizeof(c->consumer), "c%zu", s->clients);
	if (one_rig_subscriber(&s->rig, str_of(e), &c->keys, &c->reader) !=
	    0) {
		sim_fail(s, "no subscriber");
		return;
	}
	s->clients++;
	house_turns(s, 10);
	reconnect(s, c);
}

void
clients_open(struct sim *s)
{
	for (int e = 0; e < M_EXPORTERS && sim_ok(s); e++)
		client_add(s, e, e == 2 ? CLIENT_STORED : CLIENT_OWN);
	client_add(s, 0, CLIENT_STORED);
	client_add(s, 1, CLIENT_SNAP);
	client_add(s, 0, CLIENT_FILTER);
	client_add(s, 1, CLIENT_SPY);
}

void
clients_close(struct sim *s)
{
	for (size_t i = 0; i < s->clients; i++)
		pocket_drop(&s->client[i]);
}

/* From here on nothing is lost: they begin anew on clean connections. */
void
clients_calm(struct sim *s)
{
	s->swarm.bus = false;
	for (size_t i = 0; i < s->clients && sim_ok(s); i++) {
		struct client *c = &s->client[i];

		c->slow = false;
		c->lossy = false;
		reconnect(s, c);
	}
}

bool
clients_have_all(struct sim *s, char *why, size_t size)
{
	for (size_t i = 0; i < s->clients; i++) {
		const struct client *c = &s->client[i];
		uint64_t head = s->keeps[c->exporter];

		if (c->mode == CLIENT_SPY)
			continue;
		if (c->contig < head) {
			(void)snprintf(why, size, "client %zu has %llu of %llu",
				       i, (unsigned long long)c->contig,
				       (unsigned long long)head);
			return false;
		}
		for (uint64_t k = 1; k <= head; k++)
			if (c->hash[k] == 0 && c->mode != CLIENT_SNAP &&
			    c->mode != CLIENT_FILTER) {
				(void)snprintf(why, size,
					       "client %zu never got %llu", i,
					       (unsigned long long)k);
				return false;
			}
		for (size_t k = 0; k < c->states; k++)
			if (!c->state[k].done) {
				(void)snprintf(why, size,
					       "client %zu: state %d of %llu "
					       "was never taken",
					       i, c->state[k].state,
					       (unsigned long long)
						   c->state[k].seq);
				return false;
			}
	}
	return true;
}
