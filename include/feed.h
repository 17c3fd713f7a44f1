/*
 * feed.h - a source is data: one feed definition.  Floor 0.
 *
 * Keys, defaults and meaning are contract section 7.  feeds/define.c reads a
 * definition; fetch uses where and when, parse uses container and map, core
 * uses what may be said of the source.
 */
#ifndef FEED_H
#define FEED_H

#include "arena.h"
#include "notice.h"

#define FEED_MAX 1024u /* feeds in one daemon */
#define FEED_URLS_MAX 64u
#define FEED_URL_MAX 1900u /* bytes of one, or of a proxy */
#define FEED_AGENT_MAX 255u
#define FEED_KEYS_MAX 8u
#define FEED_PREPARE_MAX 64u
#define FEED_COLUMNS_MAX 256u
#define FEED_NULLS_MAX 16u
#define FEED_JOIN_MAX 8u
#define FEED_HEADERS_MAX 16u
#define FEED_HEADER_SIZE 512u /* "Name: value" and a NUL */
#define FEED_CREDENTIAL_MAX 1024u /* bytes of a key */
#define FEED_DROPS_MAX 64u	   /* watched directories in one daemon */
#define FEED_DIRECTORY_MAX 400u /* bytes of one's path */

enum feed_container {
	CONTAINER_XML,
	CONTAINER_RSS,
	CONTAINER_ATOM,
	CONTAINER_JSON,
	CONTAINER_NDJSON,
	CONTAINER_CSV,
	CONTAINER_TSV,
};
enum feed_mode {
	MODE_APPEND,
	MODE_SNAPSHOT,
	MODE_CURSOR,
	MODE_WINDOW,
	MODE_STREAM,
	MODE_DROP,
};
enum feed_on_absent { ABSENT_KEEP, ABSENT_CANCEL };
enum feed_baseline { BASELINE_SILENT, BASELINE_BAD_STATES };

struct feed_prepare {
	struct str field; /* dotted path in the record */
	struct str step;  /* date(rfc822) html json split(;) id(lei) ... */
};

struct feed_columns {
	struct str *name;
	size_t count;
};

struct feed_csv {
	char delimiter;
	char quote;
	unsigned header; /* the row with the names; 0: none, see columns */
	struct feed_columns columns;
	struct str *null; /* tokens that mean nothing, blanks trimmed */
	size_t null_count;
};

/* The rows of a further url, by record_key, as an array in the record. */
struct feed_join {
	struct str name;
	struct feed_columns columns;
};

/* Where a stream stands, and how it is asked to go on from there. */
struct feed_cursor {
	struct str field;     /* dotted path to a whole number in the record */
	struct str parameter; /* of the url's query */
};

/* The secret is in a file; here is only where, and how it is used. */
enum feed_credential_as {
	CREDENTIAL_NONE,
	CREDENTIAL_USER,     /* Basic: the user; the password is empty */
	CREDENTIAL_PASSWORD, /* Basic: "user:password" */
	CREDENTIAL_HEADER,   /* the value of a header */
};
struct feed_credential {
	struct str file;
	struct str header;
	enum feed_credential_as as;
};

/* Hours in which it may be polled; zone empty: always. */
struct feed_window {
	struct str zone;
	int from_min; /* of the day; to_min may be of the next */
	int to_min;
};

struct feed_guards {
	struct str root; /* local name of the document element */
	struct str header; /* names that must be there, by comma */
	int64_t min_records;
	int max_shrink_pct; /* -1: no guard, as below */
	int max_growth_pct;
	int max_reject_pct;
	int64_t stale_after_ms;
	int stale_given; /* by the definition; see mode drop */
};

struct feed {
	struct str name;
	struct str title;
	struct str *urls; /* of a stream: the one */
	size_t url_count;
	struct str directory; /* mode drop; urls otherwise */
	enum feed_container container;
	struct str record; /* element path or JSON pointer */
	struct str *record_key;
	size_t record_key_count;
	struct str encoding;
	struct feed_csv csv;
	struct feed_join *join;
	size_t join_count;
	enum feed_mode mode;
	enum feed_on_absent on_absent;
	enum feed_baseline baseline;
	struct feed_cursor cursor; /* mode stream */
	int64_t idle_ms;	   /* mode stream: silence that reconnects */
	int64_t quiet_after_ms;	   /* mode stream: heartbeats and no record */
	int64_t interval_ms;
	int64_t min_gap_ms;
	int64_t timeout_ms;
	struct str user_agent;
	struct str ca_file;
	struct str *headers; /* "Name: value" */
	size_t header_count;
	struct feed_credential credential;
	struct str proxy; /* http://HOST:PORT, or empty */
	struct feed_window window;
	int allow_private;
	int cond_etag;
	int cond_last_modified;
	int cond_body_hash;
	int64_t wire_max;
	int64_t decoded_max;
	int64_t text_max;
	struct feed_guards guards;
	enum certainty certainty;
	int name_accept;
	enum redistribution redistribution;
	struct str source_class; /* registry court gazette bureau insurer press */
	struct str licence;
	struct str attribution;
	struct feed_prepare *prepare;
	size_t prepare_count;
	struct str map;	  /* name of the .jq, relative to the definition */
	struct str vocab; /* name of the .tsv, or empty */
	struct str file;  /* the definition's own path, for messages */
	int enabled;
	int verified; /* 0 in etc/feeds.d/unverified/ */
};

struct feeds {
	struct feed *feed;
	size_t count;
};

const char *feed_mode_text(enum feed_mode m);
const struct feed *feeds_find(const struct feeds *f, struct str name);

#endif
