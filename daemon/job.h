/*
 * job.h - what the index role is to build; it runs only for that.  Floor 4.
 *
 * Core has one job at a time.  Super keeps it, with its two descriptors, from
 * core's MSG_INDEX until the role that gets it runs, and tells core how it
 * ended.
 */
#ifndef JOB_H
#define JOB_H

#include "role.h"

#define JOB_BODY_SIZE 16u /* of MSG_INDEX */

struct job {
	bool wanted; /* a role is to start for it */
	bool running;
	bool good; /* the role said that it is done */
	int fd[2]; /* owned while wanted */
	char body[JOB_BODY_SIZE];
};

/* Takes the descriptors of MSG_INDEX, unless there is a job already. */
void job_take(struct job *j, struct msg *m);
/* The role runs: it hears what it is for. */
void job_give(struct job *j, struct link *role);
/* The role left: core (or NULL) hears how it ended. */
void job_end(struct job *j, struct link *core);
/* Nobody waits for it any more. */
void job_drop(struct job *j);

#endif
