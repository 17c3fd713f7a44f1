/*
 * notice.h - what a feed says, in our words.  Floor 0.
 *
 * A notice is still somebody else's claim: well-formed, bounded and in our
 * vocabulary, but only alerts/facts decides what is true.  It crosses from
 * parse to core as the JSON line that `creditalarm feed parse` prints.
 *
 * Ownership: every str of a notice lives in the arena it was read into.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include "arena.h"
#include "clock.h"

/* Limits; each has a test at max and max + 1. */
#define NOTICE_JSON_MAX 262144u /* bytes of one encoded notice */
#define NOTICE_NAMES_MAX 64u
#define NOTICE_IDS_MAX 64u
#define NOTICE_COUNTRIES_MAX 64u
#define NOTICE_RATES_MAX 512u
#define NOTICE_TEXT_MAX 16384u /* bytes of native_text */
#define NOTICE_FIELD_MAX 2048u /* bytes of any other string */

enum action { ACTION_NEW, ACTION_AMEND, ACTION_CANCEL, ACTION_PURGE };
enum subject {
	SUBJECT_BUYER,
	SUBJECT_BANK,
	SUBJECT_COUNTRY,
	SUBJECT_RATE,
	SUBJECT_MARKET,
};
enum certainty { CERTAINTY_INFERRED, CERTAINTY_REPORTED, CERTAINTY_OFFICIAL };
enum redistribution {
	REDIST_FULL,
	REDIST_SUMMARY,
	REDIST_ACTION_ONLY,
	REDIST_INTERNAL,
};

struct notice_name {
	struct str text; /* UTF-8 */
	struct str type; /* legal alias former translit */
	struct str lang; /* empty: not said */
};

struct notice_id {
	struct str scheme;
	struct str value; /* canonical form of etc/idschemes.tsv */
};

struct notice_rate {
	struct str base;
	struct str quote;
	struct str value; /* decimal text: 1 base = value quote */
};

struct notice {
	struct str source; /* the feed's name */
	struct str record; /* unique and stable within source */
	enum action action;
	enum subject subject;
	struct str kind;  /* a row of etc/kinds.tsv, or UNKNOWN */
	struct str stage; /* empty: the kind's own */
	struct str native; /* the source's own code */
	struct str native_text;
	struct notice_name *names;
	size_t name_count;
	struct notice_id *ids;
	size_t id_count;
	struct str country; /* ISO 3166-1 alpha-2, or empty */
	struct str *countries;
	size_t country_count;
	struct str jurisdiction;
	struct str place;
	struct str port;
	struct str address;
	int natural_person; /* 0, 1, or -1 unknown */
	int32_t occurred_on;  /* DATE_NONE when unknown, as all below */
	int32_t effective_on;
	int32_t deadline_on;
	int64_t published_at; /* TIME_NONE when unknown */
	int64_t recorded_at;
	struct str case_no;
	struct str amount; /* decimal text in currency */
	struct str currency;
	struct str value_old;
	struct str value_new;
	struct str scale;
	struct notice_rate *rates;
	size_t rate_count;
	enum certainty certainty;
	struct str url;
	enum redistribution redistribution;
};

const char *action_text(enum action a);
const char *subject_text(enum subject s);
const char *certainty_text(enum certainty c);
const char *redistribution_text(enum redistribution r);
NODISCARD enum err action_get(struct str s, enum action *out);
NODISCARD enum err subject_get(struct str s, enum subject *out);
NODISCARD enum err certainty_get(struct str s, enum certainty *out);
NODISCARD enum err redistribution_get(struct str s, enum redistribution *out);

/* One JSON object, every key present, in the order of contract section 3. */
void notice_put(struct buf *b, const struct notice *n);

/*
 * Reads and checks one; everything lands in a.  ERR_INPUT or ERR_LIMIT with
 * the field's name in d.
 */
NODISCARD enum err notice_get(struct str json, struct arena *a,
			      struct notice *out, struct diag *d);

/*
 * The checks both ends share: required fields, limits, known words, UTF-8,
 * dates within 1900..9999, country and currency codes.
 */
NODISCARD enum err notice_check(const struct notice *n, struct diag *d);

#endif
