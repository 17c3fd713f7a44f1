/*
 * core.h - the role that decides.  Floor 4.
 *
 * core holds the store and nothing else of the outside world.  Documents
 * come in staged (docs.c), accepted ones are decided in transactions
 * (core_decide), what was decided goes to subscribers through alerts/push
 * (serve.h), and operators ask through the control socket (control.c).
 */
#ifndef CORE_H
#define CORE_H

#include "conf.h"
#include "decide.h"
#include "diffs.h"
#include "feed.h"
#include "idscheme.h"
#include "index.h"
#include "kinds.h"
#include "role.h"
#include "serve.h"
#include "staging.h"
#include "store.h"

#define CORE_DOCS_MAX 64u     /* documents on their way at one time */
#define CORE_BATCH_MAX 1000u  /* notices in one decision transaction */
#define CORE_CONTROLS_MAX 16u /* operators' connections at one time */
#define CORE_ARENA_SIZE (8u << 20)
#define CORE_BUSY_S 3600 /* longest import */
#define CORE_VERSION "0.1.0"
#define CORE_RETRY_MS 1000 /* after a failed store */

/* One poll, from the moment core allowed it. */
struct doc {
	uint64_t id; /* 0: free */
	size_t feed;
	struct staging stage;
	int fresh; /* the new diff state, ours; -1 once handed on */
	int64_t diff_gen;
	int polled; /* fetch said how the transfer ended */
	int ended;  /* parse said how the document ended */
	int opened; /* parse was told of it */
	enum poll_verdict poll_verdict;
	enum doc_verdict doc_verdict;
	uint32_t http;
	uint32_t records, changed, vanished, notices, rejects, unknown;
	char etag[512];
	char last_modified[128];
	char body_hash[64];
	char guard[64];
	char detail[DIAG_WHY_SIZE];
};

struct feed_watch {
	int64_t since_ms; /* wall time core first knew of it */
	int stale;	  /* said so already */
};

struct counters {
	uint64_t polls, polls_failed, docs_accepted, docs_refused,
	    docs_unchanged, notices, notices_rejected, commits, store_errors,
	    controls;
};

struct control; /* control.c */

struct core {
	struct role *role;
	struct arena boot; /* configuration and tables; until fini */
	struct conf conf;
	struct kinds kinds;
	struct idschemes schemes;
	struct feeds feeds;
	struct feed_watch watch[FEED_MAX];
	struct store *store;
	int lock; /* descriptor of the state directory's lock, -1 in memory */
	struct diffs diffs;
	struct index index;
	struct decide *decide;
	struct serve *serve;
	struct doc doc[CORE_DOCS_MAX];
	uint64_t doc_next;
	struct control *control;
	struct counters count;
	int64_t started_ms;	/* wall */
	uint8_t token_key[COMPOSE_KEY_SIZE];
	int64_t tick_next_ms;	/* wall */
	int64_t watch_ms;	/* mono */
	int64_t checkpoint_ms;	/* mono */
	int64_t metrics_ms;	/* mono; next time the web role is told */
	int64_t retry_ms;	/* mono; the store failed, not before this */
	int degraded;
	int fetch_done; /* --once: fetch polled everything */
	int done_said;
};

extern const struct role_ops core_role;

/* Publishes what was committed; call after every commit. */
void core_told(struct core *c, struct instant now);
/* Notes a failed store: stop telling, keep beating, try again. */
void core_degrade(struct core *c, struct instant now, enum err err,
		  const char *what);
void core_recover(struct core *c);

/* docs.c */
void docs_init(struct core *c, struct instant now);
void docs_fini(struct core *c);
NODISCARD enum err docs_from_fetch(struct core *c, const struct msg *m,
				   struct instant now);
NODISCARD enum err docs_from_parse(struct core *c, const struct msg *m,
				   struct instant now);
/* A role died: what was in its hands is forgotten. */
void docs_lost(struct core *c, enum peer peer, struct instant now);
/* Decides at most one batch; true when there is more to do now. */
bool docs_release(struct core *c, struct instant now);
bool docs_idle(const struct core *c);
void docs_feed_states(struct core *c);
/* Staleness: a warning when a feed goes silent. */
void docs_watch(struct core *c, struct instant now);
/* ok never stale refused failing disabled */
const char *docs_feed_word(const struct core *c, size_t i,
			   const struct feed_state *f, struct instant now);

/* control.c */
NODISCARD enum err control_init(struct core *c);
void control_fini(struct core *c);
/* Takes the connection. */
void control_accept(struct core *c, int fd, uint32_t uid);
size_t control_fds(const struct core *c, int *fds, size_t max);
/* Serves what is whole; true when something was served. */
bool control_step(struct core *c, struct instant now);

#endif
