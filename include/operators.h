/*
 * operators.h - who may answer a question over the control socket.  Floor 0.
 *
 * In the configuration, under `operators:`, one line each:
 *
 *	wang: uid:1004 reviewer
 *	desk: gid:120 viewer reviewer
 *
 * The kernel says who knocks; the first line with that user wins, else the
 * first with that (primary) group.  Without any line everybody whom the
 * socket's mode lets in may answer.  Every other command is for everybody whom
 * it lets in: who may write the book is trusted with more than an answer.
 */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "arena.h"
#include "buf.h"

#define OPERATORS_MAX 256u

enum operator_role {
	OPERATOR_VIEWER = 1,
	OPERATOR_REVIEWER = 2,
	OPERATOR_APPROVER = 4,
};

struct operator {
	struct str name; /* as an id: [A-Za-z0-9_-]{1,64} */
	bool group;
	uint32_t id;
	unsigned roles;
};

struct operators {
	struct operator *row;
	size_t count;
};

/* Appends a line; ERR_CONFIG with the reason.  Strs must live as long. */
NODISCARD enum err operators_add(struct operators *o, struct str name,
				 struct str text, struct arena *a,
				 struct diag *d);
/* NULL: nobody of them. */
const struct operator *operators_find(const struct operators *o, uint32_t uid,
				      uint32_t gid);
/* `operators:` as it is read; nothing when there is none. */
void operators_put(struct buf *b, const struct operators *o);

#endif
