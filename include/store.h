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

#define STORE_SCHEMA 2 /* another version is refused: ERR_CONFIG */
#define STORE_ROWS_MAX (1u << 20) /* in one answer; over it ERR_LIMIT */

struct store; /* one per core */

/*
 * path ":memory:" for a store that dies with the process.  ERR_REFUSED when
 * another core has it open (PATH.lock), ERR_CONFIG for another schema or
 * somebody else's database, ERR_CORRUPT when the file is damaged.
 */
NODISCARD enum err store_open(const char *path, struct store **out,
			      struct diag *d);
void store_close(struct store *s);
NODISCARD enum err store_begin(struct store *s);
NODISCARD enum err store_commit(struct store *s);
void store_rollback(struct store *s);
bool store_in_transaction(const struct store *s);
/* Moves the write-ahead log into the file once that is worth it (4 MB);
 * between steps, never inside. */
NODISCARD enum err store_checkpoint(struct store *s);

/* ---- book (written by daemon/store/book_import.c) ---- */

NODISCARD enum err store_scheme(struct store *s, struct str scheme_id,
				struct arena *a, struct scheme *out);
NODISCARD enum err store_exporter(struct store *s, struct str exporter_id,
				  struct arena *a, struct exporter *out);
NODISCARD enum err store_obligor(struct store *s, struct str obligor_id,
				 struct arena *a, struct obligor *out);
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
/* Who has a shipment on whom, ascending; an empty str asks for all. */
NODISCARD enum err store_exposed(struct store *s, struct str exporter_id,
				 struct str obligor_id, struct str country,
				 struct arena *a, struct exposed **out,
				 size_t *count);
/* When the exporter was first told of an insolvency of the obligor, and the
 * first proof that it knew; TIME_NONE for never. */
NODISCARD enum err store_knowledge(struct store *s, struct str exporter_id,
				   struct str obligor_id, int64_t *told_ms,
				   int64_t *knew_ms);
/* Obligors added or changed, or followed or shipped to by a row added or
 * changed, since that book version; and the version now. */
NODISCARD enum err store_obligors_since(struct store *s, int64_t version,
					struct arena *a, struct str **out,
					size_t *count);
NODISCARD enum err store_book_version(struct store *s, int64_t *version);
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
/* The JSON the record had last; ERR_ABSENT when it was never seen. */
NODISCARD enum err store_notice_json(struct store *s, struct str source,
				     struct str record, struct arena *a,
				     struct str *json);
NODISCARD enum err store_fact_put(struct store *s, const struct fact *f);
NODISCARD enum err store_fact(struct store *s, struct str fact_id,
			      struct arena *a, struct fact *out);
/* The facts of one obligor and family ("" for all), oldest first. */
NODISCARD enum err store_facts_of(struct store *s, struct str obligor_id,
				  struct str family, struct arena *a,
				  struct fact **out, size_t *count);
/* Every id and name key the notices of a fact gave, for reverse matching. */
NODISCARD enum err store_fact_key_put(struct store *s, struct str fact_id,
				      struct str scheme, struct str value);
/* Facts without an obligor that carry that id, or (scheme "name") that key. */
NODISCARD enum err store_facts_unmatched(struct store *s, struct str scheme,
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
/* Pairs (notice subject, obligor) a reviewer rejected are never asked again. */
NODISCARD enum err store_review_put(struct store *s, struct str fact_id,
				    struct str obligor_id, int score,
				    int64_t now_ms);

/* Facts that wait for a reviewer. */
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

#endif
