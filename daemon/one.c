/*
 * one.c - all roles on one thread.
 */
#include "one.h"

#include "log.h"
#include "loop.h"

static const enum peer PAIRS[][2] = { { PEER_FETCH, PEER_CORE },
				      { PEER_FETCH, PEER_PARSE },
				      { PEER_PARSE, PEER_CORE },
				      { PEER_CORE, PEER_PUBLISH } };
#define PAIR_COUNT (sizeof(PAIRS) / sizeof(PAIRS[0]))

void
one_role(struct one *o, const struct role_ops *ops,
	 const struct bundle *bundle, const struct clock *clock)
{
	struct role *r = &o->role[ops->peer];

	must(ops->peer != PEER_SUPER);
	r->ops = ops;
	r->bundle = bundle;
	r->clock = clock;
	r->alone = 1;
}

static enum err
join(struct one *o, enum peer a, enum peer b)
{
	link_free(o->role[a].link[b]);
	link_free(o->role[b].link[a]);
	o->role[a].link[b] = NULL;
	o->role[b].link[a] = NULL;
	return link_pair(&o->role[a].link[b], &o->role[b].link[a]);
}

static enum err
start_role(struct one *o, enum peer p, struct instant now)
{
	struct role *r = &o->role[p];
	enum err err;

	log_name(r->ops->name);
	link_free(r->link[PEER_SUPER]);
	link_free(o->end[p]);
	r->link[PEER_SUPER] = NULL;
	o->end[p] = NULL;
	err = link_pair(&o->end[p], &r->link[PEER_SUPER]);
	if (err == ERR_OK)
		err = r->ops->init(r, now);
	if (err == ERR_OK)
		o->alive[p] = true;
	return err;
}

static void
told_of(struct one *o, enum peer p, enum peer other)
{
	if (o->alive[p] && o->role[p].ops->relink != NULL)
		o->role[p].ops->relink(&o->role[p], other);
}

enum err
one_start(struct one *o, struct instant now)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < PAIR_COUNT; i++)
		err = join(o, PAIRS[i][0], PAIRS[i][1]);
	for (int p = PEER_FETCH; err == ERR_OK && p < PEER_COUNT; p++)
		if (o->role[p].ops != NULL)
			err = start_role(o, (enum peer)p, now);
	for (size_t i = 0; err == ERR_OK && i < PAIR_COUNT; i++) {
		told_of(o, PAIRS[i][0], PAIRS[i][1]);
		told_of(o, PAIRS[i][1], PAIRS[i][0]);
	}
	return err;
}

enum err
one_turn(struct one *o, struct instant now, int64_t *wait_ms)
{
	bool stop = false;

	for (int p = PEER_FETCH; p < PEER_COUNT; p++) {
		enum err err;

		if (!o->alive[p])
			continue;
		log_name(o->role[p].ops->name);
		err = loop_turn(&o->role[p], now, wait_ms, &stop);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err
one_kill(struct one *o, enum peer peer)
{
	enum err err = ERR_OK;

	if (o->alive[peer])
		o->role[peer].ops->fini(&o->role[peer]);
	o->alive[peer] = false;
	o->role[peer].state = NULL;
	for (size_t i = 0; err == ERR_OK && i < PAIR_COUNT; i++)
		if (PAIRS[i][0] == peer || PAIRS[i][1] == peer)
			err = join(o, PAIRS[i][0], PAIRS[i][1]);
	return err;
}

enum err
one_restart(struct one *o, enum peer peer, struct instant now)
{
	enum err err = start_role(o, peer, now);

	for (size_t i = 0; err == ERR_OK && i < PAIR_COUNT; i++)
		if (PAIRS[i][0] == peer || PAIRS[i][1] == peer) {
			told_of(o, PAIRS[i][0], PAIRS[i][1]);
			told_of(o, PAIRS[i][1], PAIRS[i][0]);
		}
	return err;
}

void
one_stop(struct one *o)
{
	for (int p = PEER_COUNT - 1; p >= PEER_FETCH; p--) {
		if (o->alive[p])
			o->role[p].ops->fini(&o->role[p]);
		o->alive[p] = false;
	}
	for (int p = 0; p < PEER_COUNT; p++) {
		for (int q = 0; q < PEER_COUNT; q++) {
			link_free(o->role[p].link[q]);
			o->role[p].link[q] = NULL;
		}
		link_free(o->end[p]);
		o->end[p] = NULL;
	}
}
