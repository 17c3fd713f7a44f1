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
/* Of them from watched directories, and as many from fetch: a flood of the
 * ones leaves room for the others. */
#define CORE_KIND_DOCS_MAX (CORE_DOCS_MAX / 2)
/* fetch ends a poll by the definition's timeout, and parse a document by
 * itself; who has not so long after that is started anew. */
#define CORE_FETCH_LATE_MS 600000
#define CORE_PARSE_LATE_MS 14400000
#define CORE_BATCH_MAX 1000u  /* notices in one decision transaction */
#define CORE_CONTROLS_MAX 16u /* operators' connections at one time */
#define CORE_ARENA_SIZE (8u << 20)
#define CORE_BUSY_S 3600 /* longest import */
#define CORE_VERSION "0.1.0"
#define CORE_DEATHS_MAX 3  /* of parse on one file; then it is refused */
#define CORE_HELD_MS 10000 /* longest that deciding keeps other work waiting */
#define CORE_RETRY_MS 1000 /* after a failed store */
#define CORE_CAREFUL_LINES 2000u /* of a stream, after parse died */
#define CORE_WATCHED_MAX (FEED_DROPS_MAX + 1u) /* directories */

/* One poll, from the moment core allowed it. */
struct doc {
	uint64_t id; /* 0: free */
	size_t feed;
	int64_t begun_ms;  /* mono */
	int64_t since_ms;  /* mono; fetch, then parse, is to end it since */
	uint64_t bytes;
	int64_t retry_ms; /* its server wants peace for so long; or 0 */
	struct staging stage;
	int fresh; /* the new diff state, ours; -1 once handed on */
	int64_t diff_gen;
	int polled; /* fetch said how the transfer ended */
	int ended;  /* parse said how the document ended */
	int opened; /* parse was told of it */
	int own;    /* of a watched directory: fetch has no part in it */
	int begun;  /* parse has it in hand */
	int deaths; /* of parse, with this file in hand, before */
	int clear;  /* nothing refused waits in the directory */
	int late;   /* parse did not end it; super was told */
	enum poll_verdict poll_verdict;
	enum doc_verdict doc_verdict;
	uint32_t http;
	uint32_t records, changed, vanished, notices, rejects, unknown;
	char etag[512];
	char last_modified[128];
	char body_hash[64];
	char cursor[24];
	int weighed; /* parse has bytes whose hash is body_hash */
	char guard[64];
	char detail[DIAG_WHY_SIZE];
};

/* How a poll ended; the words are in metrics.c. */
enum fetched { FETCHED_NEW, FETCHED_UNCHANGED, FETCHED_FAILED,
	       FETCHED_REFUSED, FETCHED_QUARANTINED, FETCHED_COUNT };

/* Of one feed since core began; for /metrics. */
struct feed_count {
	uint64_t fetched[FETCHED_COUNT];
	uint64_t bytes, records, notices, rejects, unknown;
	uint64_t polls;
	int64_t poll_ms; /* of all of them together */
};

#define LATENCY_BOUNDS 8u /* metrics.c has them */

struct latency {
	uint64_t bucket[LATENCY_BOUNDS]; /* the last has no bound */
	uint64_t count;
	int64_t sum_ms;
};

/* Parse died with a document of a feed in hand; all 0: it did not. */
struct ward {
	int careful;	       /* documents to be weighed first */
	int quarantined;       /* the last document was that one */
	char suspect_hash[64]; /* of a stream: it died on this line once */
	char bad_hash[64];     /* it died on this one again; "" none */
};

/* The wall clock may be set; what this core saw itself is timed otherwise. */
struct feed_watch {
	struct feed_count count;
	int64_t since_ms; /* mono; core first knew of it */
	int64_t good_ms;  /* mono; it was last good, at good_wall_ms */
	int64_t good_wall_ms; /* TIME_NONE: not in this core's time */
	int stale;	      /* said so already */
	int64_t next_ms;  /* wall time of the next try; TIME_NONE */
	struct ward ward;
};

struct counters {
	uint64_t polls, polls_failed, docs_accepted, docs_refused,
	    docs_unchanged, notices, notices_rejected, commits, store_errors,
	    controls, books_taken, books_rejected;
	int64_t book_ms; /* core was busy with the last of them */
};

struct control; /* control.c */
struct drops;	/* drops.c */
struct bookd;	/* bookd.c */

/* A process, as super says. */
struct core_role {
	uint32_t pid; /* 0: does not run */
	uint32_t restarts;
};

struct core {
	struct role *role;
	struct arena boot; /* configuration and tables; until fini */
	struct conf conf;
	struct kinds kinds;
	struct idschemes schemes;
	struct feeds feeds;
	struct feed_watch watch[FEED_MAX];
	struct store *store;
	struct diffs diffs;
	struct drops *drops;
	struct bookd *bookd;
	struct index index;
	struct decide *decide;
	struct serve *serve;
	struct doc doc[CORE_DOCS_MAX];
	uint64_t doc_next;
	size_t doc_turn; /* whose notices are decided next */
	struct control *control;
	struct counters count;
	struct latency stored; /* a document let go to what came of it */
	struct latency told;   /* an alert stored to open to subscribers */
	int64_t started_ms;	/* wall */
	int64_t started_mono_ms;
	uint8_t token_key[COMPOSE_KEY_SIZE];
	int64_t tick_next_ms;	/* wall */
	uint64_t asked;		/* questions the tick knows of */
	int64_t watch_ms;	/* mono */
	int64_t checkpoint_ms;	/* mono */
	int64_t metrics_ms;	/* mono; next time the web role is told */
	int64_t retry_ms;	/* mono; the store failed, not before this */
	int degraded;
	const char *trouble; /* of the store, in a word; NULL: who knows */
	int locked_in; /* the sandbox stands */
	struct core_role roles[PEER_COUNT];
	int fetch_done; /* --once: fetch polled everything */
	int done_said;
};

extern const struct role_ops core_role;

/* As err_text; of the store it says what is the matter and what to do. */
const char *core_why(const struct core *c, enum err err);
/* Publishes what was committed; call after every commit. */
void core_told(struct core *c, struct instant now);
/* Notes a failed store: stop telling, keep beating, try again. */
void core_degrade(struct core *c, struct instant now, enum err err,
		  const char *what);
void core_recover(struct core *c);
/* The peer broke the rules: super restarts it. */
void core_cut_off(struct core *c, enum peer peer);

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
/* What core itself found in a watched directory. */
struct docs_own {
	size_t feed;
	enum poll_verdict verdict;
	struct str file; /* with POLL_NEW: its name, and in body its bytes */
	int body;	 /* taken; -1: the file is refused, why says it */
	const char *why;
	int deaths;
	int clear;
};
/* The document's number; 0 when there is no room now. */
uint64_t docs_own(struct core *c, const struct docs_own *o,
		  struct instant now);
/* There is room for one of a watched directory, or for one of fetch. */
bool docs_room(const struct core *c, bool own);
/* Nobody waits for ever: a role that does not end a document is broken. */
void docs_hasten(struct core *c, struct instant now);
/* core heard nobody for so long: that is not theirs. */
void docs_held(struct core *c, int64_t ms);
/* Something is there that only the store keeps from being decided. */
bool docs_owed(const struct core *c);
/* Nothing more will come of it, from fetch or parse. */
bool docs_over(const struct doc *d);
/* It came whole and parse liked it. */
bool docs_accepted(const struct doc *d);

/* feedstate.c */
/* What is stored of a feed; all unknown before its first poll. */
NODISCARD enum err feedstate_get(struct core *c, struct str name,
				 struct arena *a, struct feed_state *out);
/* fetch is new: it learns of every feed how its last poll went. */
void feedstate_tell(struct core *c);
/* A sign of health. */
bool feedstate_good(const struct core *c, const struct doc *d);
/* What a finished document leaves behind. */
void feedstate_after(const struct core *c, const struct doc *d,
		     struct instant now, struct feed_state *f);

/* watch.c */
/* How long ago the feed was good, never negative; TIME_NONE for never. */
int64_t watch_age(const struct core *c, size_t i,
		      const struct feed_state *f, struct instant now);
/* Staleness: a warning when a feed goes silent. */
void watch_feeds(struct core *c, struct instant now);
/* ok never stale refused failing disabled quarantined */
const char *watch_word(const struct core *c, size_t i,
		       const struct feed_state *f, struct instant now);
/* Parse died: the documents in its hands are suspected, or one convicted. */
void watch_blame(struct core *c);
/* A suspect is being polled: no other may be. */
bool watch_busy(const struct core *c);
/* go_flags for the next document of that feed. */
uint8_t watch_flags(const struct core *c, size_t feed,
		    const struct feed_state *f);
/* What is remembered of an earlier core: a quarantine outlives it. */
NODISCARD enum err watch_load(struct core *c, struct instant now);
/* The ward of its feed once the document is decided. */
struct ward watch_after(const struct core *c, const struct doc *d);
void watch_keep(const struct ward *w, struct feed_state *f);
/* The operator wants the feed polled: a quarantine is over. */
NODISCARD enum err watch_forgive(struct core *c, size_t feed);

/* drops.c: feeds of mode drop */
NODISCARD enum err drops_init(struct core *c, struct instant now);
void drops_fini(struct core *c);
/* Looks at what is due; false when only a new start helps (inbox.h). */
bool drops_step(struct core *c, struct instant now, int64_t *wait_ms);
/* A document of docs_own is decided, refused or failed. */
void drops_ended(struct core *c, const struct doc *d, struct instant now);
void drops_hurry(struct core *c, size_t feed, struct instant now);
/* Every directory was looked at and nothing waits in it. */
bool drops_idle(const struct core *c, struct instant now);

/* say_rows.c: the import and what follows from it are one transaction. */
struct book_file;
struct book_options;
struct book_report;
NODISCARD enum err core_import(struct core *c, const struct book_file *file,
			       size_t files, const struct book_options *o,
			       struct instant now, struct book_report *report);

/* bookd.c: files of the book renamed into book.directory */
NODISCARD enum err bookd_init(struct core *c, struct instant now);
void bookd_fini(struct core *c);
/* busy: there is something to decide; then it waits, but not for ever. */
bool bookd_step(struct core *c, struct instant now, bool busy,
		int64_t *wait_ms);
bool bookd_idle(const struct core *c);

/* The directories that the role watches; it is being locked in with them. */
size_t core_lock_in(struct role *r, struct str *dir, size_t max);

/* control.c */
/* The next step may take long; super is not to take that for a hang. */
void core_busy(struct core *c);
NODISCARD enum err control_init(struct core *c);
void control_fini(struct core *c);
/* Takes the connection. */
void control_accept(struct core *c, int fd, uint32_t uid, uint32_t gid);
size_t control_fds(const struct core *c, int *fds, size_t max);
/* Serves what is whole; true when something was served. */
bool control_step(struct core *c, struct instant now);

#endif
