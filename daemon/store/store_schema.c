/*
 * store_schema.c - the text of an empty store: tables, then indices.
 *
 * Tables have a rowid (rid), so that rows lie in the order they came and a
 * commit touches few pages; ids are unique indices beside it.  The book's
 * columns come from book.def, the others from the lists of schema.h.
 */
#include "book_def.h"
#include "schema.h"

#define DDL_COL(S, type, name, max) ", " #name " " DDL_##type
#define DDL_KEY "TEXT NOT NULL"
#define DDL_STR "TEXT NOT NULL"
#define DDL_LATER "TEXT NOT NULL DEFAULT ''"
#define DDL_LATERINT "INTEGER NOT NULL DEFAULT 0"
#define DDL_BLOB "BLOB"
#define DDL_KEYINT "INTEGER NOT NULL"
#define DDL_INT "INTEGER NOT NULL"
#define DDL_I64 "INTEGER NOT NULL"
#define DDL_U64 "INTEGER NOT NULL"
#define DDL_U8 "INTEGER NOT NULL"
#define DDL_ENUM "INTEGER NOT NULL"
#define DDL_DATE "INTEGER"
#define DDL_TIME "INTEGER"
#define TABLE(name, FIELDS, more)                                              \
	"CREATE TABLE " name " (rid INTEGER PRIMARY KEY" FIELDS(DDL_COL, -)    \
	more ") STRICT"

/* A row of the book: seen is the import that last carried it, changed the one
 * that last changed it. */
#define BOOK_KIND(kind, keys, after)                                           \
	"CREATE TABLE " #kind " (rid INTEGER PRIMARY KEY, seen INTEGER "       \
	"NOT NULL, changed INTEGER NOT NULL"
#define BOOK_COL(kind, name, type, arg, need, dflt)                            \
	", " #name " " BOOK_DDL_##type
#define BOOK_END(kind, keys, more) more ", UNIQUE (" keys ")) STRICT",
#define BOOK_DDL_ID "TEXT"
#define BOOK_DDL_REF "TEXT"
#define BOOK_DDL_TEXT "TEXT"
#define BOOK_DDL_ENUM "TEXT"
#define BOOK_DDL_MONEY "INTEGER"
#define BOOK_DDL_CURRENCY "TEXT"
#define BOOK_DDL_RATE "TEXT"
#define BOOK_DDL_DATE "INTEGER"
#define BOOK_DDL_TIME "INTEGER"
#define BOOK_DDL_INT "INTEGER"
#define BOOK_DDL_BOOL "INTEGER"
#define BOOK_DDL_COUNTRY "TEXT"
#define BOOK_DDL_USCC "TEXT"
#define BOOK_DDL_ALIASES "TEXT"
#define BOOK_DDL_IDS "TEXT"

/* clang-format off */
const char *const store_schema[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
	" STRICT",
	"INSERT INTO meta VALUES ('epoch', 1), ('book_version', 0),"
	" ('named', 0)",
#include "book.def"
	"CREATE TABLE obligor_name (rid INTEGER PRIMARY KEY,"
	" obligor INTEGER NOT NULL REFERENCES obligors(rid) ON DELETE CASCADE,"
	" key TEXT NOT NULL) STRICT",
	"CREATE TABLE obligor_extid (rid INTEGER PRIMARY KEY,"
	" obligor INTEGER NOT NULL REFERENCES obligors(rid) ON DELETE CASCADE,"
	" scheme TEXT NOT NULL, value TEXT NOT NULL) STRICT",
	"CREATE TABLE obligor_gone (rid INTEGER PRIMARY KEY,"
	" obligor_id TEXT NOT NULL, version INTEGER NOT NULL,"
	" UNIQUE (obligor_id)) STRICT",
	TABLE("feed", FEED_FIELDS, ", UNIQUE (feed)"),
	"CREATE TABLE notice (rid INTEGER PRIMARY KEY, source TEXT NOT NULL,"
	" record TEXT NOT NULL, content TEXT NOT NULL, json TEXT NOT NULL,"
	" seen_at INTEGER NOT NULL) STRICT",
	TABLE("fact", FACT_FIELDS, ", UNIQUE (fact_id)"),
	"CREATE TABLE fact_key (rid INTEGER PRIMARY KEY,"
	" fact_id TEXT NOT NULL, scheme TEXT NOT NULL, value TEXT NOT NULL,"
	" UNIQUE (scheme, value, fact_id)) STRICT",
	TABLE("fact_source", SOURCE_FIELDS, ", UNIQUE (source, record)"),
	"CREATE TABLE review (rid INTEGER PRIMARY KEY, fact_id TEXT NOT NULL,"
	" obligor_id TEXT NOT NULL, score INTEGER NOT NULL,"
	" at INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '',"
	" UNIQUE (fact_id, obligor_id)) STRICT",
	"CREATE TABLE rejected (rid INTEGER PRIMARY KEY, key TEXT NOT NULL,"
	" obligor_id TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL,"
	" UNIQUE (key, obligor_id)) STRICT",
	TABLE("alert", ALERT_FIELDS, ", UNIQUE (alert_id), UNIQUE (dedup_key)"),
	TABLE("revision", REVISION_FIELDS, ", UNIQUE (alert_id, revision)"),
	"CREATE TABLE report (rid INTEGER PRIMARY KEY,"
	" policy_id TEXT NOT NULL, alert_id TEXT NOT NULL,"
	" at INTEGER NOT NULL, UNIQUE (policy_id, alert_id)) STRICT",
	"CREATE TABLE stream (rid INTEGER PRIMARY KEY, stream TEXT NOT NULL,"
	" head INTEGER NOT NULL, UNIQUE (stream)) STRICT",
	TABLE("entry", ENTRY_FIELDS, ", UNIQUE (stream, seq)"),
	TABLE("consumer", CONSUMER_FIELDS, ", UNIQUE (key, stream, name)"),
	TABLE("subscriber", SUBSCRIBER_FIELDS, ", UNIQUE (subscriber_id)"),
	TABLE("evidence", EVIDENCE_FIELDS,
	    ", UNIQUE (key, stream, epoch, seq, state)"),
	"CREATE TABLE nack (rid INTEGER PRIMARY KEY, hour INTEGER NOT NULL,"
	" count INTEGER NOT NULL, UNIQUE (hour)) STRICT",
	"CREATE TABLE journal (rid INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	" what TEXT NOT NULL, detail TEXT NOT NULL) STRICT",

	"CREATE INDEX policies_exporter ON policies (exporter_id)",
	"CREATE INDEX follows_obligor ON follows (obligor_id)",
	"CREATE INDEX shipments_risk ON shipments (risk_id, exporter_id)",
	"CREATE INDEX shipments_exporter ON shipments (exporter_id, risk_id)",
	"CREATE INDEX receipts_from ON receipts (exporter_id, obligor_id)",
	"CREATE INDEX receipts_shipment ON receipts (shipment_id)"
	" WHERE shipment_id IS NOT NULL",
	"CREATE INDEX fx_day ON fx (as_of)",
	"CREATE INDEX obligors_changed ON obligors (changed)",
	"CREATE INDEX obligor_name_key ON obligor_name (key)",
	"CREATE INDEX obligor_name_of ON obligor_name (obligor)",
	"CREATE INDEX obligor_extid_value ON obligor_extid (scheme, value)",
	"CREATE INDEX obligor_extid_of ON obligor_extid (obligor)",
	"CREATE INDEX notice_record ON notice (source, record)",
	"CREATE INDEX fact_obligor ON fact (obligor_id, family)",
	"CREATE INDEX fact_source_fact ON fact_source (fact_id)",
	"CREATE INDEX alert_obligor ON alert (obligor_id)",
	"CREATE INDEX revision_seq ON revision (stream, seq)",
	"CREATE INDEX entry_alert ON entry (stream, alert_id, seq)",
	"CREATE INDEX entry_unsigned ON entry (rid) WHERE key_id < 0",
	/* The version that the import at hand makes. */
	"CREATE TRIGGER obligor_removed AFTER DELETE ON obligors BEGIN"
	" INSERT OR REPLACE INTO obligor_gone (obligor_id, version)"
	" SELECT OLD.obligor_id, value + 1 FROM meta"
	" WHERE name = 'book_version'; END",
	NULL,
};
/* clang-format on */
