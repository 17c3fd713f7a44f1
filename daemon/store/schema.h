/*
 * schema.h - the columns of every table, once.  Floor 3, private to the store.
 *
 * A list X(S, TYPE, name, max) per struct of include/ gives the table's
 * columns (store_schema.c), the SELECT and INSERT texts and the description
 * by which a row is bound and read (store_query.c).  Columns carry the names
 * of the struct's members.  KEY is a text column that an update leaves alone,
 * LATER or LATERINT one that a later schema added;
 * max is the largest value of an ENUM, 0 elsewhere.  The book's tables come
 * from book.def instead.
 *
 * A change here is a new STORE_SCHEMA.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stddef.h>

#include "store.h"

/* clang-format off */
#define FEED_FIELDS(X, S)						\
	X(S, KEY, feed, 0)		X(S, STR, etag, 0)		\
	X(S, STR, last_modified, 0)	X(S, STR, body_hash, 0)		\
	X(S, STR, cursor, 0)		X(S, TIME, last_try_ms, 0)	\
	X(S, TIME, last_good_ms, 0)	X(S, INT, http, 0)		\
	X(S, I64, records, 0)		X(S, I64, notices, 0)		\
	X(S, I64, changed, 0)		X(S, I64, rejects, 0)		\
	X(S, I64, unknown, 0)		X(S, I64, diff_gen, 0)		\
	X(S, TIME, refused_at, 0)	X(S, STR, guard, 0)		\
	X(S, STR, detail, 0)		X(S, INT, failures, 0)		\
	X(S, TIME, retry_at, 0)		X(S, LATERINT, careful, 0)	\
	X(S, LATERINT, quarantined, 0)	X(S, LATER, suspect_hash, 0)	\
	X(S, LATER, bad_hash, 0)

#define FACT_FIELDS(X, S)						\
	X(S, KEY, fact_id, 0)		X(S, STR, obligor_id, 0)	\
	X(S, STR, family, 0)		X(S, STR, kind, 0)		\
	X(S, ENUM, stage, STAGE_DISCHARGED)				\
	X(S, ENUM, status, FACT_ENDED)					\
	X(S, ENUM, subject, SUBJECT_MARKET)				\
	X(S, STR, country, 0)		X(S, STR, jurisdiction, 0)	\
	X(S, STR, name, 0)		X(S, INT, natural_person, 0)	\
	X(S, DATE, occurred_on, 0)	X(S, DATE, effective_on, 0)	\
	X(S, TIME, published_at, 0)	X(S, TIME, recorded_at, 0)	\
	X(S, TIME, first_seen_at, 0)	X(S, TIME, updated_at, 0)	\
	X(S, STR, match_method, 0)	X(S, INT, match_score, 0)	\
	X(S, STR, match_keys, 0)	X(S, INT, episode, 0)		\
	X(S, LATER, match_why, 0)

#define SOURCE_FIELDS(X, S)						\
	X(S, STR, fact_id, 0)		X(S, KEY, source, 0)		\
	X(S, KEY, record, 0)						\
	X(S, ENUM, action, ACTION_PURGE)				\
	X(S, ENUM, certainty, CERTAINTY_OFFICIAL)			\
	X(S, ENUM, redistribution, REDIST_INTERNAL)			\
	X(S, STR, source_class, 0)	X(S, STR, kind, 0)		\
	X(S, ENUM, stage, STAGE_DISCHARGED)				\
	X(S, STR, native, 0)		X(S, STR, url, 0)		\
	X(S, TIME, published_at, 0)	X(S, TIME, seen_at, 0)		\
	X(S, STR, content, 0)		X(S, INT, live, 0)

#define REVIEW_FIELDS(X, S)						\
	X(S, KEY, fact_id, 0)		X(S, KEY, obligor_id, 0)	\
	X(S, INT, score, 0)		X(S, I64, at, 0)		\
	X(S, STR, why, 0)

#define ALERT_FIELDS(X, S)						\
	X(S, KEY, alert_id, 0)		X(S, KEY, dedup_key, 0)		\
	X(S, STR, exporter_id, 0)	X(S, STR, obligor_id, 0)	\
	X(S, STR, country, 0)		X(S, STR, family, 0)		\
	X(S, INT, episode, 0)		X(S, STR, kind, 0)		\
	X(S, STR, kind_class, 0)					\
	X(S, ENUM, severity, SEVERITY_CRITICAL)				\
	X(S, ENUM, state, ALERT_DISCARDED)				\
	X(S, INT, revision, 0)		X(S, STR, fact_id, 0)		\
	X(S, STR, policy_id, 0)		X(S, TIME, created_at, 0)	\
	X(S, TIME, updated_at, 0)	X(S, TIME, knew_at, 0)		\
	X(S, TIME, acked_at, 0)		X(S, STR, title_zh, 0)		\
	X(S, STR, title_en, 0)		X(S, STR, material, 0)		\
	X(S, DATE, duty_on, 0)		X(S, TIME, duty_met_at, 0)

#define REVISION_FIELDS(X, S)						\
	X(S, KEY, alert_id, 0)		X(S, KEYINT, revision, 0)	\
	X(S, TIME, at, 0)						\
	X(S, ENUM, state, ALERT_DISCARDED)				\
	X(S, ENUM, severity, SEVERITY_CRITICAL)				\
	X(S, STR, why, 0)		X(S, STR, stream, 0)		\
	X(S, U64, seq, 0)

#define ENTRY_FIELDS(X, S)						\
	X(S, KEY, stream, 0)		X(S, U64, epoch, 0)		\
	X(S, U64, seq, 0)		X(S, U8, type, 0)		\
	X(S, U8, severity, 0)		X(S, U64, time_us, 0)		\
	X(S, STR, alert_id, 0)		X(S, INT, revision, 0)		\
	X(S, BLOB, body, 0)		X(S, INT, key_id, 0)		\
	X(S, BLOB, signature, 0)

#define CONSUMER_FIELDS(X, S)						\
	X(S, KEY, key, 0)		X(S, KEY, stream, 0)		\
	X(S, KEY, name, 0)		X(S, U64, epoch, 0)		\
	X(S, U64, cursor, 0)		X(S, U64, sent, 0)		\
	X(S, TIME, seen_ms, 0)

#define SUBSCRIBER_FIELDS(X, S)						\
	X(S, KEY, subscriber_id, 0)					\
	X(S, ENUM, owner, OWNER_GATEWAY)				\
	X(S, STR, stream, 0)		X(S, STR, curve_key, 0)		\
	X(S, STR, seal_key, 0)		X(S, TIME, expires_at, 0)	\
	X(S, TIME, revoked_at, 0)

#define EVIDENCE_FIELDS(X, S)						\
	X(S, KEY, key, 0)		X(S, KEY, stream, 0)		\
	X(S, U64, epoch, 0)		X(S, U64, seq, 0)		\
	X(S, INT, state, 0)		X(S, U64, at_us, 0)		\
	X(S, STR, actor, 0)		X(S, STR, code, 0)		\
	X(S, TIME, stored_at, 0)
/* clang-format on */

/* Whether the obligor of a row is in the book. */
#define IN_BOOK(table)                                                         \
	" EXISTS (SELECT 1 FROM obligors WHERE obligors.obligor_id = " table   \
	".obligor_id)"

/* Whether there is a fact or an alert of the id of a row g, or a reviewer's no
 * (few: looked at once). */
#define SPOKEN_OF                                                              \
	" (EXISTS (SELECT 1 FROM alert WHERE alert.obligor_id ="               \
	" g.obligor_id) OR EXISTS (SELECT 1 FROM fact WHERE"                   \
	" fact.obligor_id = g.obligor_id)"                                     \
	" OR g.obligor_id IN (SELECT obligor_id FROM rejected))"

/* The pieces of SQL text a list expands to. */
#define SQL_COL(S, type, name, max) ", " #name
#define SQL_MARK(S, type, name, max) ", ?"
#define SQL_SET(S, type, name, max) SQL_SET_##type(#name)
#define SQL_SET_KEY(name) ""
#define SQL_SET_KEYINT(name) ""
#define SQL_SET_STR(name) ", " name "=excluded." name
#define SQL_SET_LATER SQL_SET_STR
#define SQL_SET_LATERINT SQL_SET_STR
#define SQL_SET_BLOB SQL_SET_STR
#define SQL_SET_INT SQL_SET_STR
#define SQL_SET_I64 SQL_SET_STR
#define SQL_SET_U64 SQL_SET_STR
#define SQL_SET_U8 SQL_SET_STR
#define SQL_SET_DATE SQL_SET_STR
#define SQL_SET_TIME SQL_SET_STR
#define SQL_SET_ENUM SQL_SET_STR

#define SQL_SELECT(table, FIELDS)                                              \
	"SELECT " table ".rid" FIELDS(SQL_COL, -) " FROM " table " "
#define SQL_INSERT(table, FIELDS)                                              \
	"INSERT INTO " table " (rid" FIELDS(SQL_COL, -) ") VALUES (NULL"       \
	FIELDS(SQL_MARK, -) ")"
/* first: one column that is no key, to begin the list of assignments. */
#define SQL_UPSERT(table, FIELDS, keys, first)                                 \
	SQL_INSERT(table, FIELDS)                                              \
	" ON CONFLICT (" keys ") DO UPDATE SET " first "=excluded." first      \
	FIELDS(SQL_SET, -)

/* Statements that make an empty store, in order; NULL ends the list. */
extern const char *const store_schema[];

#endif
