/*
 * house.c - the daemon on one thread, its disk, its deaths and its clock.
 */
#include "sim.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "fault_vfs.h"

/* ---- keys and nonces from the seed: the same seed, the same bytes ---- */

static struct dice noise;

static const char *
noise_name(void)
{
	return "sim";
}

static uint32_t
noise_next(void)
{
	return (uint32_t)dice_next(&noise);
}

static void
noise_fill(void *const p, const size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)dice_next(&noise);
}

static randombytes_implementation noise_port = {
	.implementation_name = noise_name,
	.random = noise_next,
	.buf = noise_fill,
};

/* Of diff states; power cuts of ours concern the store alone, and a real disk
 * takes most of the time. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- the network, with an ear in it ---- */

static enum err
ear_start(void *self, const struct net_request *q, struct instant now)
{
	struct sim *s = self;

	for (int f = 0; f < M_FEEDS; f++)
		if (str_eq(q->url, str_of(s->feed[f].url))) {
			s->running[f] = (int)s->feed[f].versions - 1;
			s->running_id[f] = q->id;
		}
	return s->net.start(s->net.self, q, now);
}

static void
ear_cancel(void *self, uint64_t id)
{
	struct sim *s = self;

	s->net.cancel(s->net.self, id);
}

static void
ear_hold(void *self, uint64_t id, bool on)
{
	struct sim *s = self;

	s->net.hold(s->net.self, id, on);
}

static enum err
ear_next(void *self, struct instant now, struct net_event *out)
{
	struct sim *s = self;
	enum err err = s->net.next(s->net.self, now, out);

	for (int f = 0; err == ERR_OK && f < M_FEEDS; f++)
		if (s->running_id[f] == out->id && out->type == NET_DONE &&
		    out->status == 200)
			s->feed[f].delivered = s->running[f];
	return err;
}

static size_t
ear_fds(void *self, int *fds, size_t max, int64_t *wait_ms)
{
	struct sim *s = self;

	return s->net.fds(s->net.self, fds, max, wait_ms);
}

/* ---- up and down ---- */

void
house_open(struct sim *s)
{
	struct one_rig *r = &s->rig;

	noise = (struct dice){ s->seed ^ 0x5EED5EED5EEDu };
	(void)randombytes_set_implementation(&noise_port);
	fault_vfs_arm(0, FAULT_ONCE);
	fault_vfs_power(true);
	one_rig_init(r, "sim", "instance: sim\nlog:\n  level: 3\n");
	if (!one_rig_dir(r, "etc", "", NULL, NULL) ||
	    !one_rig_dir(r, "tests/sim/feeds.d", "feeds.d/", NULL, NULL))
		sim_fail(s, "tables cannot be read");
	s->net = r->net_port;
	r->net_port = (struct net){ .start = ear_start,
				    .cancel = ear_cancel,
				    .hold = ear_hold,
				    .next = ear_next,
				    .fds = ear_fds,
				    .self = s };
	/* 2026-03-02 08:00 in Shanghai, and a bit. */
	r->sim.at.wall_ms = 1772409600000 + dice_below(&s->dice, 86400000);
	if (sim_ok(s) && one_rig_start(r) != ERR_OK)
		sim_fail(s, "the daemon does not start");
	if (sim_ok(s) && !watch_open(s))
		sim_fail(s, "the store cannot be read");
}

void
house_close(struct sim *s)
{
	watch_close(s);
	fault_vfs_arm(0, FAULT_ONCE);
	one_rig_fini(&s->rig);
	fault_vfs_power(false);
}

/* kill -9: nothing of it touches the disk any more. */
static void
kill_role(struct sim *s, enum peer p)
{
	if (p == PEER_CORE) {
		watch_close(s);
		fault_vfs_arm(1, FAULT_FOR_EVER);
	}
	if (s->rig.one.alive[p] && one_kill(&s->rig.one, p) != ERR_OK)
		sim_fail(s, "kill");
	if (p == PEER_CORE) {
		fault_vfs_arm(0, FAULT_ONCE);
		s->core_down = true;
		s->tick_next = 0;
	}
}

/* What the dead left behind is what counts; then it is started again. */
static void
core_again(struct sim *s, bool after_cut)
{
	if (!watch_open(s)) {
		sim_fail(s, "the store cannot be opened after a crash");
		return;
	}
	watch_turn(s, after_cut);
	if (s->disk_bad)
		fault_vfs_arm(1, FAULT_FOR_EVER);
	if (sim_ok(s) && one_rig_restart(&s->rig, PEER_CORE) == ERR_OK)
		s->core_down = false;
	else if (sim_ok(s) && !s->disk_bad)
		sim_fail(s, "core does not start again");
}

void
house_kill(struct sim *s, enum peer p)
{
	sim_trace(s, "kill %d", (int)p);
	s->crashes++;
	kill_role(s, p);
	if (p == PEER_CORE)
		core_again(s, true);
	else if (one_rig_restart(&s->rig, p) != ERR_OK)
		sim_fail(s, "role %d does not start again", (int)p);
}

void
house_cut(struct sim *s)
{
	char shm[SCRATCH_PATH_SIZE + 32];
	size_t unsynced;
	size_t keep;
	size_t torn;

	s->cuts++;
	s->cut_waits = false;
	s->disk_bad = false;
	for (int p = PEER_PUBLISH; p >= PEER_FETCH; p--)
		kill_role(s, (enum peer)p);
	unsynced = fault_vfs_unsynced();
	keep = dice_below(&s->dice, (unsigned)unsynced + 1);
	torn = dice_chance(&s->dice, 50) ? dice_below(&s->dice, 4096) : 0;
	sim_trace(s, "power cut: %zu of %zu writes, torn %zu", keep, unsynced,
		  torn);
	fault_vfs_cut(keep, torn);
	(void)snprintf(shm, sizeof(shm), "%s/store.db-shm", s->rig.dir);
	(void)unlink(shm);
	core_again(s, true);
	for (int p = PEER_FETCH; p <= PEER_PUBLISH && sim_ok(s); p++)
		if (p != PEER_CORE &&
		    one_rig_restart(&s->rig, (enum peer)p) != ERR_OK)
			sim_fail(s, "role %d does not start again", p);
}

void
house_fault(struct sim *s, bool cut)
{
	uint64_t n = 1 + dice_below(&s->dice, 40);
	unsigned how = dice_below(&s->dice, 3);

	s->faults++;
	sim_trace(s, "disk: operation %llu fails, how %u, cut %d",
		  (unsigned long long)n, how, (int)cut);
	s->cut_waits = cut;
	s->disk_bad = true;
	s->disk_until = s->step + 1 + dice_below(&s->dice, cut ? 3 : 8);
	fault_vfs_arm(n, cut	    ? FAULT_FOR_EVER :
			 how == 0 ? FAULT_ONCE :
			 how == 1 ? FAULT_FULL :
				    FAULT_FOR_EVER);
}

void
house_heal(struct sim *s)
{
	if (s->disk_bad)
		sim_trace(s, "disk: good again");
	fault_vfs_arm(0, FAULT_ONCE);
	s->disk_bad = false;
}

static void
turn(struct sim *s)
{
	int64_t wait_ms = 1000;
	enum err err = one_turn(&s->rig.one, s->rig.sim.at, &wait_ms);

	if (err != ERR_OK && !s->disk_bad) {
		sim_fail(s, "a role failed: %s", err_text(err));
		return;
	}
	watch_turn(s, false);
	if (err != ERR_OK && sim_ok(s)) {
		sim_trace(s, "core gave up: %s", err_text(err));
		kill_role(s, PEER_CORE);
		core_again(s, true);
	}
	if (s->cut_waits && fault_vfs_fired() && sim_ok(s))
		house_cut(s);
	if (sim_ok(s))
		clients_read(s);
}

void
house_turns(struct sim *s, unsigned max)
{
	if (s->core_down && sim_ok(s))
		core_again(s, true);
	for (unsigned i = 0;
	     i < max && sim_ok(s) && (i < 2 || !one_rig_quiet(&s->rig)); i++)
		turn(s);
}

void
house_pass(struct sim *s, int64_t ms)
{
	s->rig.sim.at.mono_ms += ms;
	s->rig.sim.at.wall_ms += ms;
}
