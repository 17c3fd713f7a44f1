/*
 * loop.c - the loop every role runs in.
 */
#include "loop.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

#define LOOP_WAIT_MAX_MS 1000

static void
relink(struct role *r, enum peer peer, int fd)
{
	struct link *l = NULL;

	must(peer != PEER_SUPER && peer < PEER_COUNT);
	link_free(r->link[peer]);
	r->link[peer] = NULL;
	if (fd < 0 || link_socket(fd, &l) != ERR_OK)
		return;
	r->link[peer] = l;
	if (r->ops->relink != NULL)
		r->ops->relink(r, peer);
}

static void
close_unused(const struct msg *m, size_t from)
{
	for (size_t i = from; i < MSG_FDS_MAX; i++)
		if (m->fd[i] >= 0)
			(void)close(m->fd[i]);
}

/* What super says: links, pings, stop; anything else is the role's. */
static enum err
obey(struct role *r, const struct msg *m, struct instant now, bool *stop)
{
	struct rd rd = rd_of(m->body);
	uint8_t peer; /* or a level */

	switch (m->type) {
	case MSG_LINK:
		peer = rd_u8(&rd);
		if (rd_end(&rd) != ERR_OK || peer == PEER_SUPER ||
		    peer >= PEER_COUNT)
			return ERR_PEER;
		relink(r, (enum peer)peer, m->fd[0]);
		close_unused(m, 1);
		return ERR_OK;
	case MSG_PING:
		(void)link_send(r->link[PEER_SUPER], MSG_PONG, m->body, NULL,
				0);
		return ERR_OK;
	case MSG_LEVEL:
		peer = rd_u8(&rd);
		if (rd_end(&rd) != ERR_OK || peer > LOG_DEBUG)
			return ERR_PEER;
		log_level((enum log_level)peer, (enum log_level)peer);
		return ERR_OK;
	case MSG_STOP:
		*stop = true;
		return ERR_OK;
	default:
		if (r->ops->told != NULL)
			r->ops->told(r, m, now);
		else
			close_unused(m, 0);
		return ERR_OK;
	}
}

enum err
loop_turn(struct role *r, struct instant now, int64_t *wait_ms, bool *stop)
{
	int64_t wish = LOOP_WAIT_MAX_MS;
	struct msg m;
	enum err err = ERR_OK;

	while (err == ERR_OK && r->link[PEER_SUPER] != NULL) {
		err = link_take(r->link[PEER_SUPER], &m);
		if (err == ERR_OK)
			err = obey(r, &m, now, stop);
	}
	if (err != ERR_OK && err != ERR_AGAIN)
		return err;
	err = r->ops->step(r, now, &wish);
	if (wish < *wait_ms)
		*wait_ms = wish < 0 ? 0 : wish;
	return err;
}

/* Fills pfd from the links and the role; returns the count. */
static nfds_t
gather(struct role *r, struct pollfd *pfd, size_t max)
{
	int extra[ROLE_EXTRA_FDS_MAX];
	size_t n = 0;
	size_t count;

	for (size_t p = 0; p < PEER_COUNT; p++) {
		if (r->link[p] == NULL || !link_up(r->link[p]))
			continue;
		pfd[n].fd = link_fd(r->link[p]);
		pfd[n].events = POLLIN;
		if (link_pending(r->link[p]))
			pfd[n].events |= POLLOUT;
		n++;
	}
	count = r->ops->fds == NULL ?
		    0 :
		    r->ops->fds(r, extra, ROLE_EXTRA_FDS_MAX);
	for (size_t i = 0; i < count && n < max; i++, n++)
		pfd[n] = (struct pollfd){ .fd = extra[i], .events = POLLIN };
	return (nfds_t)n;
}

/* Moves bytes; a link to another role that breaks is dropped until super
 * gives a new one, super's own link breaking ends the process. */
static enum err
move_bytes(struct role *r)
{
	for (size_t p = 0; p < PEER_COUNT; p++) {
		struct link *l = r->link[p];

		if (l == NULL)
			continue;
		if (link_flush(l) == ERR_OK && link_fill(l) == ERR_OK)
			continue;
		if (p == PEER_SUPER)
			return ERR_PEER;
		link_free(l);
		r->link[p] = NULL;
	}
	return ERR_OK;
}

int
loop_start(struct role *r)
{
	enum err err = r->ops->init(r, clock_now(r->clock));

	if (err == ERR_OK)
		return 0;
	log_op(LOG_ERR, "role.init", "err=\"%s\"", err_text(err));
	return err == ERR_CONFIG ? 78 : 1;
}

int
loop_run(struct role *r)
{
	struct pollfd pfd[PEER_COUNT + ROLE_EXTRA_FDS_MAX];
	bool stop = false;
	int64_t wait_ms = 0;
	enum err err = ERR_OK;

	(void)link_send(r->link[PEER_SUPER], MSG_READY, STR_NONE, NULL, 0);
	while (err == ERR_OK && !stop) {
		nfds_t n;

		if (move_bytes(r) != ERR_OK)
			break;
		n = gather(r, pfd, sizeof(pfd) / sizeof(pfd[0]));
		(void)poll(pfd, n, (int)wait_ms);
		if (move_bytes(r) != ERR_OK)
			break;
		wait_ms = LOOP_WAIT_MAX_MS;
		err = loop_turn(r, clock_now(r->clock), &wait_ms, &stop);
	}
	if (err == ERR_OK)
		(void)move_bytes(r);
	else
		log_op(LOG_ERR, "role.failed", "err=\"%s\"", err_text(err));
	r->ops->fini(r);
	return err == ERR_OK ? 0 : err == ERR_CONFIG ? 78 : 1;
}
