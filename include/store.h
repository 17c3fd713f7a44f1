/*
 * store.h - what is remembered; a port.  Floor 0.
 *
 * SQLite on a file in production; the same code on ":memory:" and on a
 * fault-injecting VFS in tests; PostgreSQL later, behind the same words.
 * Nothing above daemon/store knows SQL.
 *
 * Decisions are transactions: store_begin, changes, store_commit.  A change
 * outside one is a bug.  What commit returned ERR_OK for survives a power
 * cut; anything else did not happen: after ERR_STORE the commit refuses too,
 * and has rolled back.  Reads outside a transaction see the last commit.
 * Every call may fail with ERR_STORE (retry later) or ERR_CORRUPT (stop).
 * *out is untouched on failure; strs and arrays read land in the arena given.
 */
#ifndef STORE_H
#define STORE_H

#include "alert.h"
#include "book.h"
#include "json.h"

#define STORE_SCHEMA 4 /* an older store is upgraded, a newer one refused */
#define STORE_ROWS_MAX (1u << 20) /* in one answer; over it ERR_LIMIT */

struct store; /* one per core */

/*
 * path ":memory:" for a store that dies with the process.  ERR_REFUSED when
 * another core has it open (PATH.lock), ERR_CONFIG for a newer schema or
 * somebody else's database, ERR_CORRUPT when the file is damaged.  A store of
 * an older schema n is upgraded and the file as it was kept as
 * PATH.schema-<n>; without room for that, it stays untouched.
 */
NODISCARD enum err store_open(const char *path, struct store **out,
			      struct diag *d);
void store_close(struct store *s);
/* What the last ERR_STORE was about, for people, with what to do; as err_text
 * when there is no more to say. */
const char *store_why(const struct store *s);
/* The same in a word or two; NULL when there is no more to say. */
const char *store_trouble(const struct store *s);
NODISCARD enum err store_begin(struct store *s);
NODISCARD enum err store_commit(struct store *s);
void store_rollback(struct store *s);
bool store_in_transaction(const struct store *s);
/* Moves the write-ahead log into the file once that is worth it (4 MB);
 * between steps, never inside. */
NODISCARD enum err store_checkpoint(struct store *s);
/* Empties the log, whatever it takes: before a large transaction and, when
 * that was not committed, after it, for what it wrote would keep its room on
 * the disk.  Not being able to is no error. */
void store_shrink(struct store *s);

/* ---- a copy, while the store is in use ---- */

struct store_backup;

/* A piece of a file that belongs to the store: a feed's diff state. */
struct store_part {
	struct str feed;
	int64_t gen;
	int64_t at; /* of the file; pieces ascend from 0 */
	struct str bytes;
};

/*
 * Into a regular file of length 0, open for reading and writing; fd and s
 * are borrowed until store_backup_end, which comes before store_close.  Each
 * step is short, outside of transactions, until *done; what is committed
 * between steps is in the copy.  Then parts are added, and with
 * store_backup_finish the copy is whole and on its disk.
 */
NODISCARD enum err store_backup_begin(struct store *s, int fd,
				      struct store_backup **out,
				      struct diag *d);
NODISCARD enum err store_backup_step(struct store_backup *b, bool *done,
				     struct diag *d);
NODISCARD enum err store_backup_add(struct store_backup *b,
				    const struct store_part *p,
				    struct diag *d);
NODISCARD enum err store_backup_finish(struct store_backup *b,
				       struct diag *d);
void store_backup_end(struct store_backup *b);

/* What a copy is, and what a store became by it. */
struct store_copy_of {
	int64_t schema;
	int64_t bytes;
	uint64_t epoch;
	int64_t open_alerts;
	struct stream_head {
		struct str stream;
		uint64_t head;
	} *stream;
	size_t streams;
};

/*
 * Looks at a copy, all of it: ERR_INPUT when it is somebody else's, of a
 * newer schema, or damaged; ERR_IO when it cannot be read.
 */
NODISCARD enum err store_examine(const char *path, struct arena *a,
				 struct store_copy_of *out, struct diag *d);

#define STORE_KEPT_SIZE 64u

struct store_restored {
	struct store_copy_of now;
	char kept[STORE_KEPT_SIZE]; /* the store it replaced; "": there was none */
};

/*
 * Puts a copy in the place of DIR/store.db, in an epoch above every one known
 * (the copy's, the replaced store's, DIR/epoch) and not below `epoch`; the
 * diff states of the feeds with it.  What it replaces stays beside it.  The
 * daemon must be down: ERR_REFUSED.  Dies it in the middle, DIR holds the one
 * store or the other, each with its own diff states.
 */
NODISCARD enum err store_restore(const char *path, const char *dir,
				 uint64_t epoch, int64_t now_ms,
				 struct arena *a, struct store_restored *out,
				 struct diag *d);

/*
 * The folder of the diff states of the store in dir: DIR/diff-EPOCH when a
 * restore made that epoch, else DIR/diff.  One change of store.db changes both.
 */
NODISCARD enum err store_diff_dir(struct store *s, const char *dir, char *out,
				  size_t size);

/* ---- book (written by daemon/store/book_import.c) ---- */

NODISCARD enum err store_scheme(struct store *s, struct str scheme_id,
				struct arena *a, struct scheme *out);
NODISCARD enum err store_exporter(struct store *s, struct str exporter_id,
				  struct arena *a, struct exporter *out);
NODISCARD enum err store_obligor(struct store *s, struct str obligor_id,
				 struct arena *a, struct obligor *out);
/* Whether the book has it. */
NODISCARD enum err store_has_obligor(struct store *s, struct str obligor_id,
				     bool *out);
NODISCARD enum err store_policies(struct store *s, struct str exporter_id,
				  struct arena *a, struct policy **out,
				  size_t *count);
/* Shipments of the exporter whose risk is on the obligor: its buyer, or under
 * an L/C its bank. */
NODISCARD enum err store_shipments(struct store *s, struct str exporter_id,
				   struct str obligor_id, struct arena *a,
				   struct shipment **out, size_t *count);
/* Exporters that follow the obligor or have a shipment on it, ascending. */
NODISCARD enum err store_exporters_of(struct store *s, struct str obligor_id,
				      struct arena *a, struct str **out,
				      size_t *count);
/* DATE_NONE when there is no such follow or no date in it. */
NODISCARD enum err store_last_order(struct store *s, struct str exporter_id,
				    struct str obligor_id, int32_t *day);
/* Obligors carrying that id (canonical), ascending. */
NODISCARD enum err store_obligors_by_id(struct store *s, struct str scheme,
					struct str value, struct arena *a,
					struct str **out, size_t *count);
/* Obligors one of whose names has that key (fold_name), ascending. */
NODISCARD enum err store_obligors_by_name(struct store *s, struct str key,
					  struct arena *a, struct str **out,
					  size_t *count);
/* The exporter's limits on the obligor: by policy, newest first. */
NODISCARD enum err store_limits(struct store *s, struct str exporter_id,
				struct str obligor_id, struct arena *a,
				struct limit **out, size_t *count);
/* What the exporter received from the obligor, or for one of its shipments
 * on it, by id. */
NODISCARD enum err store_receipts(struct store *s, struct str exporter_id,
				  struct str obligor_id, struct arena *a,
				  struct receipt **out, size_t *count);
/* The cover policy of a country, newest first. */
NODISCARD enum err store_country_cover(struct store *s, struct str country,
				       struct arena *a,
				       struct country_cover **out,
				       size_t *count);
/*
 * The rates of the newest day, not after `day`, on which `from` can be had in
 * `to`: directly, inversely or over one other currency.  *count 0: no day.
 */
NODISCARD enum err store_fx(struct store *s, struct str from, struct str to,
			    int32_t day, struct arena *a,
			    struct fx_rate **out, size_t *count);
/* A rate from a feed; replaces that of the pair and day. */
NODISCARD enum err store_fx_put(struct store *s, const struct fx_rate *row);
/* Only if it still is the rate given; *found says so. */
NODISCARD enum err store_fx_remove(struct store *s, const struct fx_rate *row,
				   bool *found);

struct exposed {
	struct str exporter_id;
	struct str obligor_id;
};
/* Which of them; an empty str asks for all. */
struct exposed_of {
	struct str exporter_id;
	struct str obligor_id;
	struct str after; /* exporters behind this id */
};
/* Who has a shipment on whom, ascending. */
NODISCARD enum err store_exposed(struct store *s, const struct exposed_of *of,
				 struct arena *a, struct exposed **out,
				 size_t *count);
/* The same, one by one, however many; strs die with the call, whose error
 * ends it.  Others may be read meanwhile, but not walked. */
NODISCARD enum err
store_exposed_each(struct store *s, const struct exposed_of *of,
		   enum err (*each)(void *ctx, const struct exposed *e),
		   void *ctx);
/* When the exporter was first told of an insolvency of the obligor, and the
 * first proof that it knew; TIME_NONE for never. */
NODISCARD enum err store_knowledge(struct store *s, struct str exporter_id,
				   struct str obligor_id, int64_t *told_ms,
				   int64_t *knew_ms);
/*
 * Obligors that a kept fact may be about and that were added or changed, or
 * followed or shipped to by a row added or changed, since that book version:
 * with a fact of theirs, or an id or name that a fact of nobody has.  A book
 * changes by the million; facts are few.
 */
NODISCARD enum err store_obligors_concerned(struct store *s, int64_t version,
					    struct arena *a, struct str **out,
					    size_t *count);
/* Obligors whose id an import since that version gave to another company. */
NODISCARD enum err store_obligors_replaced(struct store *s, int64_t version,
					   struct arena *a, struct str **out,
					   size_t *count);
/* Those that had left before it and are back, with a fact, an alert or a
 * reviewer's no. */
NODISCARD enum err store_obligors_back(struct store *s, int64_t version,
				       struct arena *a, struct str **out,
				       size_t *count);
/* Both are told once: not of this one again. */
NODISCARD enum err store_obligor_is_back(struct store *s,
					 struct str obligor_id);
/*
 * What is kept of the id's facts, questions and answers becomes that of
 * former, which no book has: as if it had gone at that version.  Its alerts
 * follow one by one.
 */
NODISCARD enum err store_obligor_former(struct store *s,
					struct str obligor_id,
					struct str former, int64_t version);
/* The version now. */
NODISCARD enum err store_book_version(struct store *s, int64_t *version);

/* ---- what the watch index is made of ---- */

struct watch_row {
	int64_t rid; /* of the row; ascending */
	struct str obligor_id;
	struct str name;
	struct str aliases; /* parts by '|' with \| and \\ */
	struct str country;
	struct str ids; /* scheme:value|... canonical */
	struct str address;
};

/* Obligors behind a row, at most max, by rid. */
NODISCARD enum err store_watch_rows(struct store *s, int64_t after, size_t max,
				    struct arena *a, struct watch_row **out,
				    size_t *count);
/* Those added or changed since a book version, but for the first `skip`. */
NODISCARD enum err store_watch_changed(struct store *s, int64_t since,
				       size_t skip, size_t max,
				       struct arena *a,
				       struct watch_row **out, size_t *count);
/* Obligors removed since that book version and not come back. */
NODISCARD enum err store_watch_gone(struct store *s, int64_t since,
				    struct arena *a, struct str **out,
				    size_t *count);
/* Of those, who has a fact. */
NODISCARD enum err store_facts_gone(struct store *s, int64_t since,
				    struct arena *a, struct str **out,
				    size_t *count);
/* No index older than that version will ask for removals again. */
NODISCARD enum err store_watch_built(struct store *s, int64_t version);
/* The book version up to which facts were tried by name on new obligors. */
NODISCARD enum err store_named(struct store *s, int64_t *version);
NODISCARD enum err store_named_put(struct store *s, int64_t version);
/* One member per kind, and "version". */
NODISCARD enum err store_book_counts(struct store *s, struct jsonw *w);

/* ---- feeds ---- */

struct feed_state {
	struct str feed;
	struct str etag;
	struct str last_modified;
	struct str body_hash;
	struct str cursor;
	int64_t last_try_ms; /* TIME_NONE: never */
	int64_t last_good_ms;
	int http;
	int64_t records; /* in the last accepted document */
	int64_t notices;
	int64_t changed;
	int64_t rejects;
	int64_t unknown;
	int64_t diff_gen; /* the file diff/<feed>.<gen>; 0: none yet */
	int64_t refused_at; /* TIME_NONE: the last document was accepted */
	struct str guard;
	struct str detail;
	int failures; /* in a row */
	int64_t retry_at; /* its server wants no try before; TIME_NONE */
	/* How it is watched since parse died on it: daemon/core/watch.c. */
	int careful;
	int quarantined;
	struct str suspect_hash;
	struct str bad_hash;
};

/* ERR_ABSENT before the first store_feed_put. */
NODISCARD enum err store_feed(struct store *s, struct str feed,
			      struct arena *a, struct feed_state *out);
NODISCARD enum err store_feed_put(struct store *s,
				  const struct feed_state *f);

/* ---- notices and facts ---- */

enum notice_seen { NOTICE_FIRST, NOTICE_SAME, NOTICE_CHANGED };

/* content: hash_id of the material fields; the same content is the same
 * notice, however often it is fetched. */
NODISCARD enum err store_notice_put(struct store *s, const struct notice *n,
				    struct str content, struct str json,
				    int64_t now_ms, enum notice_seen *seen);
NODISCARD enum err store_fact_put(struct store *s, const struct fact *f);
NODISCARD enum err store_fact(struct store *s, struct str fact_id,
			      struct arena *a, struct fact *out);
/* The facts of one obligor and family ("" for all), in the order they came,
 * whatever the clock said. */
NODISCARD enum err store_facts_of(struct store *s, struct str obligor_id,
				  struct str family, struct arena *a,
				  struct fact **out, size_t *count);
/* Every id and name key the notices of a fact gave, for reverse matching. */
NODISCARD enum err store_fact_key_put(struct store *s, struct str fact_id,
				      struct str scheme, struct str value);
/* Whose a fact was, and is not any more: who was told of them may have to
 * hear of it still. */
NODISCARD enum err store_fact_was_put(struct store *s, struct str fact_id,
				      struct str obligor_id);
NODISCARD enum err store_fact_was(struct store *s, struct str fact_id,
				  struct arena *a, struct str **out,
				  size_t *count);
/* Facts without an obligor of the book that carry that id, or (scheme
 * "name") that key. */
NODISCARD enum err store_facts_unmatched(struct store *s, struct str scheme,
					 struct str value, struct arena *a,
					 struct fact **out, size_t *count);
/* Facts of obligors of the book that carry that id. */
NODISCARD enum err store_facts_matched(struct store *s, struct str scheme,
				       struct str value, struct arena *a,
				       struct fact **out, size_t *count);
NODISCARD enum err store_fact_source_put(struct store *s,
					 const struct fact_source *f);
NODISCARD enum err store_fact_sources(struct store *s, struct str fact_id,
				      struct arena *a,
				      struct fact_source **out,
				      size_t *count);
/* The fact that the notice (source, record) belongs to. */
NODISCARD enum err store_fact_by_record(struct store *s, struct str source,
					struct str record, struct arena *a,
					struct fact *out);
/* A name of a fact that nobody of the book has. */
struct fact_name {
	int64_t rid; /* ascending */
	struct str fact_id;
	struct str key;	 /* fold_name of one of its names */
	struct str name; /* the fact's own */
};
/* Names of live facts without an obligor of the book, behind a row, at most
 * max. */
NODISCARD enum err store_fact_names(struct store *s, int64_t after, size_t max,
				    struct arena *a, struct fact_name **out,
				    size_t *count);
/* The last notice of the record, as it came; ERR_ABSENT: it never did. */
NODISCARD enum err store_notice(struct store *s, struct str source,
				struct str record, struct arena *a,
				struct str *json);
/* A question for a reviewer: is the fact this obligor's? */
struct review {
	struct str fact_id;
	struct str obligor_id;
	int score;
	int64_t at;
	struct str why; /* lines */
};
/* Asked again it says the latest, but when it was asked first. */
NODISCARD enum err store_review_put(struct store *s, const struct review *r);
NODISCARD enum err store_review(struct store *s, struct str fact_id,
				struct str obligor_id, struct arena *a,
				struct review *out);
/* All that wait, the oldest first. */
NODISCARD enum err store_reviews(struct store *s, struct arena *a,
				 struct review **out, size_t *count);
/* Those of one fact. */
NODISCARD enum err store_reviews_of(struct store *s, struct str fact_id,
				    struct arena *a, struct review **out,
				    size_t *count);
/* The question, or with no obligor all of the fact. */
NODISCARD enum err store_review_drop(struct store *s, struct str fact_id,
				     struct str obligor_id);
/* Those about obligors that left the book, at most max. */
NODISCARD enum err store_reviews_gone(struct store *s, size_t max,
				      struct arena *a, struct review **out,
				      size_t *count);
/* Pairs (name key, obligor) a reviewer rejected are never asked again. */
NODISCARD enum err store_reject_put(struct store *s, struct str key,
				    struct str obligor_id, struct str why,
				    int64_t now_ms);
NODISCARD enum err store_rejected(struct store *s, struct str key,
				  struct arena *a, struct str **obligor_id,
				  size_t *count);

/* Questions that wait for a reviewer. */
NODISCARD enum err store_review_count(struct store *s, int64_t *count);

/* ---- alerts ---- */

NODISCARD enum err store_alert_put(struct store *s, const struct alert *a);
NODISCARD enum err store_alert_by_key(struct store *s, struct str dedup_key,
				      struct arena *a, struct alert *out);
NODISCARD enum err store_alert_by_id(struct store *s, struct str alert_id,
				     struct arena *a, struct alert *out);
/* Alerts of one obligor ("" for all) not CLOSED, DISCARDED; by created_at. */
NODISCARD enum err store_alerts(struct store *s, struct str obligor_id,
				struct arena *a, struct alert **out,
				size_t *count);

/* Every alert there ever was of an obligor. */
NODISCARD enum err store_alerts_ever(struct store *s, struct str obligor_id,
				     struct arena *a, struct alert **out,
				     size_t *count);
/* The alert is that of former, which no book has; its keys stay. */
NODISCARD enum err store_alert_former(struct store *s, const struct alert *was,
				      struct str former);
/* The last episode of a family that was told of companies that had the id
 * before (ids ID#...); 0 none. */
NODISCARD enum err store_episode_former(struct store *s,
					struct str obligor_id,
					struct str family, int *out);

/* Obligors with an alert that may still move, ascending. */
NODISCARD enum err store_alert_obligors(struct store *s, struct arena *a,
					struct str **out, size_t *count);
/* Obligors behind an id that left the book though alerts of theirs stand,
 * ascending, at most max. */
NODISCARD enum err store_alerts_gone(struct store *s, struct str after,
				     size_t max, struct arena *a,
				     struct str **out, size_t *count);

/* How many there are, for operators. */
struct alert_counts {
	int64_t open[SEVERITY_CRITICAL + 1]; /* by severity, as the next */
	int64_t unacked;
	/* Of those: losses to be reported that nobody said were. */
	int64_t duties;	     /* their day has not passed */
	int64_t duties_soon; /* of these, due on that day at the latest */
	int64_t duties_missed;
};
NODISCARD enum err store_alert_counts(struct store *s, int32_t today,
				      int32_t soon, struct alert_counts *out);

struct revision {
	struct str alert_id;
	int revision;
	int64_t at;
	enum alert_state state;
	enum severity severity;
	struct str why;
	struct str stream; /* the exporter's */
	uint64_t seq;
};
NODISCARD enum err store_revision_put(struct store *s,
				      const struct revision *r);
NODISCARD enum err store_revisions(struct store *s, struct str alert_id,
				   struct arena *a, struct revision **out,
				   size_t *count);

/* The revision of an alert that stands at a place of a stream. */
NODISCARD enum err store_revision_at(struct store *s, struct str stream,
				     uint64_t seq, struct arena *a,
				     struct revision *out);

/* A free credit report reserved by A_ORDER_REPORT, consumed by its result:
 * one per alert, however often it is said. */
NODISCARD enum err store_report_reserve(struct store *s, struct str policy_id,
					struct str alert_id, int64_t now_ms);
/* Reserved or consumed under the policy, besides the book's reports_used. */
NODISCARD enum err store_reports_used(struct store *s, struct str policy_id,
				      int *count);

/* ---- streams: the log that subscribers read ---- */

struct entry {
	struct str stream;
	uint64_t epoch; /* set by store_entry_append, as seq */
	uint64_t seq;
	uint8_t type; /* 1 first 2 later 3 retraction 4 drill */
	uint8_t severity;
	uint64_t time_us;
	struct str alert_id;
	int revision;
	struct str body; /* the clear CloudEvent */
	int key_id;	 /* -1 until signed */
	struct str signature; /* 64 bytes once signed */
};

NODISCARD enum err store_epoch(struct store *s, uint64_t *epoch);
/* Appends with the stream's next seq (from 1, gapless). */
NODISCARD enum err store_entry_append(struct store *s, struct entry *e);
/* At most max entries with seq >= from, ascending. */
NODISCARD enum err store_entries(struct store *s, struct str stream,
				 uint64_t from, size_t max, struct arena *a,
				 struct entry **out, size_t *count);
/* Entries of all streams that nobody signed yet, at most max. */
NODISCARD enum err store_entries_unsigned(struct store *s, size_t max,
					  struct arena *a, struct entry **out,
					  size_t *count);
NODISCARD enum err store_entry_sign(struct store *s, struct str stream,
				    uint64_t seq, int key_id,
				    struct str signature);
/* Last entry of every alert in the stream not resolved, closed, retracted,
 * with from <= seq <= upto, ascending, at most max. */
NODISCARD enum err store_snapshot(struct store *s, struct str stream,
				  uint64_t from, uint64_t upto, size_t max,
				  struct arena *a, struct entry **out,
				  size_t *count);
/* 0 and 0 for a stream without entries; oldest is the oldest still kept. */
NODISCARD enum err store_stream_range(struct store *s, struct str stream,
				      uint64_t *oldest, uint64_t *head);

struct consumer {
	struct str key;	 /* hex of the CURVE public key */
	struct str stream;
	struct str name;
	uint64_t epoch;
	uint64_t cursor; /* largest seq acknowledged */
	uint64_t sent;	 /* largest seq ever handed over */
	int64_t seen_ms;
};
NODISCARD enum err store_consumer(struct store *s, struct str key,
				  struct str stream, struct str name,
				  struct arena *a, struct consumer *out);
NODISCARD enum err store_consumer_put(struct store *s,
				      const struct consumer *c);
NODISCARD enum err store_consumer_count(struct store *s, struct str key,
					struct str stream, int *count);

enum subscriber_owner { OWNER_EXPORTER, OWNER_GATEWAY };

/* How much there is, for operators. */
struct store_usage {
	int64_t bytes;
	int64_t streams;
	int64_t consumers;
	int64_t max_lag; /* entries the slowest consumer has not acknowledged */
};
NODISCARD enum err store_usage(struct store *s, struct store_usage *out);

/* Refusals (NACK) of subscribers are counted by the hour, for a day. */
NODISCARD enum err store_nacks_add(struct store *s, int64_t now_ms,
				   uint64_t count);
/* Of the last 24 hours, and what of the hour before them is left. */
NODISCARD enum err store_nacks(struct store *s, int64_t now_ms,
			       int64_t *count);

struct subscriber {
	struct str subscriber_id;
	enum subscriber_owner owner;
	struct str stream; /* the exporter's id, or @gateway */
	struct str curve_key; /* 64 hex digits */
	struct str seal_key;  /* 64 hex digits */
	int64_t expires_at;   /* TIME_NONE: never */
	int64_t revoked_at;   /* TIME_NONE: not */
};
NODISCARD enum err store_subscriber_put(struct store *s,
					const struct subscriber *sub);
NODISCARD enum err store_subscribers(struct store *s, struct arena *a,
				     struct subscriber **out, size_t *count);

/* Evidence: what a subscriber told about one entry; the first stands. */
struct evidence {
	struct str key;
	struct str stream;
	uint64_t epoch;
	uint64_t seq;
	int state; /* 1..8, contract section 6 */
	uint64_t at_us; /* the sender's claim; decides nothing */
	struct str actor;
	struct str code;
	int64_t stored_at; /* the daemon's clock */
};
/* *first is 1 when it was new. */
NODISCARD enum err store_evidence_put(struct store *s,
				      const struct evidence *e, int *first);

/* ---- journal: every input to decide, every decision, append-only ---- */

NODISCARD enum err store_journal(struct store *s, int64_t now_ms,
				 struct str what, struct str detail);
/* Lines ever written. */
NODISCARD enum err store_journal_lines(struct store *s, int64_t *lines);

#endif
