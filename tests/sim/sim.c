/*
 * sim.c - seeds, steps, and what is said of a failure.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_vfs.h"
#include "log.h"

#define TURNS_MAX 400
#define CALM_STEPS 240
#define CALM_MS 2500

uint64_t
dice_next(struct dice *d)
{
	uint64_t z = d->s += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

unsigned
dice_below(struct dice *d, unsigned n)
{
	return n == 0 ? 0 : (unsigned)(dice_next(d) % n);
}

bool
dice_chance(struct dice *d, unsigned percent)
{
	return dice_below(d, 100) < percent;
}

uint64_t
sim_hash(struct str s)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001B3u;
	return h;
}

int64_t
sim_wall(const struct sim *s)
{
	return s->rig.sim.at.wall_ms;
}

bool
sim_ok(const struct sim *s)
{
	return s->why[0] == '\0';
}

void
sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!sim_ok(s))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
}

void
sim_trace(struct sim *s, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	s->trace = (s->trace ^ sim_hash((struct str){ line, (size_t)n })) *
		   0x100000001B3u;
	if (s->verbose)
		(void)printf("%5u %lld %s\n", s->step,
			     (long long)s->rig.sim.at.wall_ms, line);
}

/* ---- one world ---- */

static void
time_act(struct sim *s)
{
	int64_t ms = 500 + dice_below(&s->dice, 25000);

	if (s->swarm.days && dice_chance(&s->dice, 4))
		ms = 3600000 + (int64_t)dice_below(&s->dice, 3 * DAY_MS);
	house_pass(s, ms);
	if (s->swarm.clock && dice_chance(&s->dice, 4)) {
		int64_t jump = (int64_t)dice_below(&s->dice, 7200001) -
			       3600000;

		sim_trace(s, "the clock is set by %lld ms", (long long)jump);
		s->rig.sim.at.wall_ms += jump;
	}
}

static void
trouble_act(struct sim *s)
{
	if (s->disk_bad && s->step >= s->disk_until) {
		if (s->cut_waits)
			house_cut(s);
		else
			house_heal(s);
	}
	if (s->disk_bad || s->core_down)
		return;
	if (s->swarm.kill && dice_chance(&s->dice, 4))
		house_kill(s, PEER_FETCH + (enum peer)dice_below(&s->dice, 4));
	if (s->swarm.power && dice_chance(&s->dice, 5))
		house_fault(s, true);
	else if (s->swarm.disk && dice_chance(&s->dice, 5))
		house_fault(s, false);
}

static void
calm_down(struct sim *s)
{
	char why[SIM_WHY_SIZE] = "the world was not heard";
	unsigned steps = 0;

	if (s->cut_waits && s->disk_bad)
		house_cut(s);
	house_heal(s);
	/* Its day must have begun for the daemon too. */
	house_turns(s, TURNS_MAX);
	if (sim_ok(s))
		world_calm(s);
	clients_calm(s);
	while (sim_ok(s) && steps++ < CALM_STEPS) {
		house_pass(s, CALM_MS);
		house_turns(s, TURNS_MAX);
		clients_act(s);
		house_turns(s, TURNS_MAX);
		if (world_told(s) &&
		    clients_have_all(s, why, sizeof(why)))
			break;
	}
	if (steps > CALM_STEPS)
		sim_fail(s, "at the quiet end: %s", why);
	watch_day(s);
	if (sim_ok(s))
		watch_end(s);
}

static void
choose_swarm(struct sim *s)
{
	uint64_t r = dice_next(&s->dice);

	s->swarm = (struct swarm){ .net = r & 1,
				   .bus = r & 2,
				   .kill = r & 4,
				   .power = r & 8,
				   .disk = r & 16,
				   .clock = r & 32,
				   .book = r & 64 || r & 128,
				   .days = r & 256 };
}

static void
run(struct sim *s)
{
	s->dice.s = s->seed * 0x2545F4914F6CDD1Du;
	choose_swarm(s);
	world_open(s);
	house_open(s);
	house_turns(s, TURNS_MAX);
	if (sim_ok(s))
		world_act(s);
	if (sim_ok(s))
		clients_open(s);
	for (s->step = 1; s->step <= s->steps && sim_ok(s); s->step++) {
		trouble_act(s);
		if (sim_ok(s))
			world_act(s);
		if (sim_ok(s))
			clients_act(s);
		if (dice_chance(&s->dice, 80)) {
			house_turns(s, TURNS_MAX);
			if (!s->swarm.disk && !s->swarm.power)
				watch_day(s);
		} else {
			house_turns(s, dice_below(&s->dice, 5));
		}
		time_act(s);
	}
	if (sim_ok(s))
		calm_down(s);
}

static bool
one_seed(uint64_t seed, unsigned steps, bool verbose, uint64_t *trace)
{
	struct sim *s = calloc(1, sizeof(*s));
	size_t alerts = 0;
	uint64_t got = 0;
	bool good;

	must(s != NULL);
	s->seed = seed;
	s->steps = steps;
	s->verbose = verbose;
	run(s);
	for (int e = 0; e < M_EXPORTERS; e++)
		alerts += s->keeps[e];
	for (size_t i = 0; i < s->clients; i++)
		got += s->client[i].got;
	good = sim_ok(s);
	(void)printf("%s seed %llu steps %u: %u documents, %u imports, "
		     "%zu entries, %llu heard, %u faults, %u kills, %u cuts, "
		     "trace %016llx\n",
		     good ? "ok" : "FAIL", (unsigned long long)seed, s->step,
		     s->documents, s->imports, alerts,
		     (unsigned long long)got, s->faults, s->crashes, s->cuts,
		     (unsigned long long)s->trace);
	if (!good)
		(void)printf("  step %u: %s\n"
			     "  again: make sim SEED=%llu STEPS=%u SEEDS=1 V=1\n",
			     s->step, s->why, (unsigned long long)seed,
		     s->step < steps ? s->step : steps);
	if (!good && verbose)
		watch_journal(s);
	(void)fflush(stdout);
	*trace = s->trace;
	house_close(s);
	clients_close(s);
	world_close(s);
	free(s);
	return good;
}

/* sim SEED STEPS SEEDS [v]: so many seeds from that one on. */
int
main(int argc, char **argv)
{
	uint64_t v[3] = { 1, 60, 1 };
	uint64_t failed = 0;
	uint64_t trace = 0;
	uint64_t again = 0;
	bool verbose = argc > 4;

	for (int i = 0; i < 3 && i + 1 < argc; i++)
		if (str_to_u64(str_of(argv[i + 1]), INT64_MAX, &v[i]) !=
		    ERR_OK)
			return 2;
	log_level(verbose ? LOG_WARN : 2, verbose ? LOG_WARN : 2);
	fault_vfs_install();
	for (uint64_t i = 0; i < v[2]; i++)
		failed += !one_seed(v[0] + i, (unsigned)v[1], verbose, &trace);
	/* The last one once more: the same seed is the same world. */
	if (!verbose && failed == 0) {
		(void)one_seed(v[0] + v[2] - 1, (unsigned)v[1], false, &again);
		if (again != trace) {
			(void)printf("FAIL seed %llu is not the same twice\n",
				     (unsigned long long)(v[0] + v[2] - 1));
			failed++;
		}
	}
	(void)printf("%llu of %llu seeds failed\n",
		     (unsigned long long)failed, (unsigned long long)v[2]);
	return failed == 0 ? 0 : 1;
}
