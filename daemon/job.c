/*
 * job.c - one build of the watch index, between core and the index role.
 */
#include "job.h"

#include <string.h>
#include <unistd.h>

void
job_take(struct job *j, struct msg *m)
{
	if (j->wanted || j->running || m->body.n != JOB_BODY_SIZE)
		return;
	j->wanted = true;
	memcpy(j->body, m->body.p, JOB_BODY_SIZE);
	for (size_t i = 0; i < 2; i++) {
		j->fd[i] = m->fd[i];
		m->fd[i] = -1;
	}
}

void
job_give(struct job *j, struct link *role)
{
	struct str body = { j->body, JOB_BODY_SIZE };

	j->wanted = false;
	j->running = true;
	(void)link_send(role, MSG_INDEX, body, j->fd, 2);
	(void)link_flush(role);
}

void
job_end(struct job *j, struct link *core)
{
	char good = j->good ? 1 : 0;

	if (j->running && core != NULL) {
		(void)link_send(core, MSG_INDEX_END, (struct str){ &good, 1 },
				NULL, 0);
		(void)link_flush(core);
	}
	j->running = false;
	j->good = false;
}

void
job_drop(struct job *j)
{
	for (size_t i = 0; j->wanted && i < 2; i++)
		if (j->fd[i] >= 0)
			(void)close(j->fd[i]);
	*j = (struct job){ 0 };
}
