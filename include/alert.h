/*
 * alert.h - facts and alerts as core keeps them.  Floor 0.
 *
 * Three state machines that never merge: a fact is what is true of an
 * obligor, an alert is what one exporter must know and do about it, a
 * delivery is whether one subscriber got one revision (include/store.h).
 */
#ifndef ALERT_H
#define ALERT_H

#include "book.h"
#include "hash.h"
#include "kinds.h"
#include "notice.h"

#define ALERT_BODY_MAX 65536u /* bytes of a CloudEvent, contract section 6 */
#define ALERT_ID_SIZE 37u
#define DEDUP_KEY_SIZE (2 * HASH_ID_SIZE + 1)

enum severity {
	SEVERITY_INFO = 1,
	SEVERITY_MEDIUM = 2,
	SEVERITY_HIGH = 3,
	SEVERITY_CRITICAL = 4,
};

enum fact_status {
	FACT_OBSERVED,
	FACT_REPORTED,
	FACT_CORROBORATED,
	FACT_CONFIRMED,
	FACT_REFUTED,
	FACT_ENDED,
};

enum alert_state {
	ALERT_REVIEW, /* waits for a reviewer; not sent */
	ALERT_OPEN,
	ALERT_ACKED,
	ALERT_SNOOZED,
	ALERT_ACTIONED,
	ALERT_RESOLVED,
	ALERT_CLOSED,
	ALERT_RETRACTED,
	ALERT_DISCARDED,
};

const char *severity_text(enum severity s);
const char *fact_status_text(enum fact_status s);
const char *alert_state_text(enum alert_state s);
NODISCARD enum err severity_get(struct str s, enum severity *out);

/* What is true of one party, merged from the notices that say so. */
struct fact {
	struct str fact_id; /* hash_id of the first notice's source 0x1F record */
	struct str obligor_id; /* empty: nobody of the book (yet) */
	struct str family;
	struct str kind;
	enum stage stage;
	enum fact_status status;
	enum subject subject;
	struct str country;
	struct str jurisdiction;
	struct str name; /* the first name the notices gave */
	int natural_person; /* 0 1, -1 unknown */
	int32_t occurred_on;
	int32_t effective_on;
	int64_t published_at;
	int64_t recorded_at;
	int64_t first_seen_at;
	int64_t updated_at;
	struct str match_method; /* id name "" */
	int match_score;	 /* 0..1000 */
	struct str match_keys;	 /* "sinosure:ABC lei:..." */
	struct str match_why;	 /* lines, for people */
	int episode; /* counts families of one obligor that ended and came back */
};

/* One notice behind a fact. */
struct fact_source {
	struct str fact_id;
	struct str source;
	struct str record;
	enum action action;
	enum certainty certainty;
	enum redistribution redistribution;
	struct str source_class; /* registry court gazette bureau insurer press */
	struct str kind;
	enum stage stage; /* the notice's own, else its kind's */
	struct str native;
	struct str url;
	int64_t published_at;
	int64_t seen_at;
	struct str content; /* hash_id of the notice's material fields */
	int live; /* 0 once cancelled */
};

struct alert {
	struct str alert_id;
	struct str dedup_key;
	struct str exporter_id;
	struct str obligor_id;
	struct str country;
	struct str family;
	int episode;
	struct str kind;       /* BUYER_INSOLVENCY ... */
	struct str kind_class; /* buyer bank country exposure ... */
	enum severity severity;
	enum alert_state state;
	int revision;
	struct str fact_id;
	struct str policy_id;
	int64_t created_at;
	int64_t updated_at;
	int64_t knew_at;  /* TIME_NONE until first proven */
	int64_t acked_at;
	struct str title_zh;
	struct str title_en;
	/* What the last revision said, to tell whether the next is material. */
	struct str material;
	int32_t duty_on;     /* last day of the duty told of; DATE_NONE */
	int64_t duty_met_at; /* the loss was reported; TIME_NONE */
};

#endif
