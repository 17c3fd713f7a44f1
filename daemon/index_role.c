/*
 * index_role.c - the role that builds one segment and leaves.
 *
 * It is told once what to build, with a snapshot to read and a file to write
 * (MSG_INDEX), builds, says MSG_DONE and is asked to leave.  It opens
 * nothing; a failure is its exit status, and core's old segment serves on.
 */
#include "index_role.h"

#include <unistd.h>

#include "log.h"
#include "msnap.h"

static enum err
init(struct role *r, struct instant now)
{
	(void)r;
	(void)now;
	return ERR_OK;
}

static enum err
step(struct role *r, struct instant now, int64_t *wait_ms)
{
	(void)r;
	(void)now;
	(void)wait_ms;
	return ERR_OK;
}

static void
told(struct role *r, const struct msg *m, struct instant now)
{
	struct rd rd = rd_of(m->body);
	uint64_t epoch = rd_be64(&rd);
	uint64_t version = rd_be64(&rd);
	struct msnap_stats st = { 0 };
	struct diag d = { 0 };
	enum err err = ERR_PEER;

	(void)now;
	if (m->type == MSG_INDEX && rd_end(&rd) == ERR_OK && m->fd[0] >= 0 &&
	    m->fd[1] >= 0)
		err = msnap_build(m->fd[0], m->fd[1], epoch, version, &st, &d);
	for (size_t i = 0; i < MSG_FDS_MAX; i++)
		if (m->fd[i] >= 0)
			(void)close(m->fd[i]);
	if (err == ERR_OK)
		log_op(LOG_INFO, "index.written",
		       "obligors=%llu names=%llu bytes=%llu",
		       (unsigned long long)st.obligors,
		       (unsigned long long)st.names,
		       (unsigned long long)st.bytes);
	else
		log_op(LOG_ERR, "index.write", "err=\"%s\" why=\"%s\"",
		       err_text(err), d.why);
	/* Without MSG_DONE super knows: nothing came of it. */
	if (err == ERR_OK)
		(void)link_send(r->link[PEER_SUPER], MSG_DONE, STR_NONE, NULL,
				0);
	else
		(void)link_send(r->link[PEER_SUPER], MSG_BROKEN, STR_NONE,
				NULL, 0);
}

static void
fini(struct role *r)
{
	(void)r;
}

const struct role_ops index_role = {
	.name = "index",
	.peer = PEER_INDEX,
	.init = init,
	.step = step,
	.told = told,
	.fini = fini,
};
