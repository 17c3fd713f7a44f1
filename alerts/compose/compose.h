/*
 * compose.h - the words and the bytes of one revision of an alert.  Floor 2.
 *
 * Pure: everything said is in compose_in.  The result is a CloudEvent in
 * JSON structured mode, at the level an exporter gets (full), lowered by what
 * each source allows to be said about it: a source that is not "full" shows
 * only its class, and when no live source lets the reason be told, the fact,
 * the match and the severity reasons are left out and the text says so.
 *
 * Limits of the texts hold by construction: headlines are chosen from longer
 * to shorter, sentences are dropped from the least important, names are cut.
 *
 * Ownership: borrows everything; strs of the result live in the arena.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "alert.h"
#include "cover.h"
#include "feed.h"
#include "texts.h"

#define COMPOSE_KEY_SIZE 32u
#define COMPOSE_TITLE_ZH_MAX 24u /* characters, as all below */
#define COMPOSE_TITLE_EN_MAX 60u
#define COMPOSE_BODY_ZH_MAX 240u
#define COMPOSE_BODY_EN_MAX 600u
#define COMPOSE_SHORT_ZH_MAX 60u
#define COMPOSE_SHORT_EN_MAX 160u
#define COMPOSE_NAME_MAX 60u /* of an obligor inside a sentence */
#define COMPOSE_ACTIONS_FIRST 3u
#define COMPOSE_ACTIONS_MAX 16u

enum compose_mode { COMPOSE_LIVE, COMPOSE_REPLAY };

/* Why an alert is over. */
enum compose_end {
	END_NOT,
	END_FACT,     /* the fact itself is */
	END_EXPOSURE, /* nothing is open or ordered any more */
	END_UNLINKED, /* nothing of the exporter's is linked to the obligor */
	END_OBLIGOR_GONE,
	END_EXPORTER_GONE,
};

struct compose_in {
	const struct texts *texts;
	const struct feeds *feeds;
	const struct kind *kind;
	const struct fact *fact;
	const struct fact_source *source;
	size_t source_count;
	const struct exporter *exporter;
	const struct obligor *obligor;
	const struct alert *alert; /* all but the titles */
	const struct cover_row *cover;
	const char *const *reason; /* severity reasons */
	size_t reason_count;
	int historic;
	int suspected;	  /* whose the fact is waits for a reviewer */
	int recognised;	  /* the last revision suspected this fact */
	enum compose_end end;
	struct str told_token; /* of who has no uscc any more; else empty */
	int reports_left;      /* -1: no policy */
	int32_t duty_deadline; /* DATE_NONE: no duty */
	struct str duty_profile;
	struct str instance;
	struct str tel;
	struct str alt_tel;
	const uint8_t *token_key; /* COMPOSE_KEY_SIZE bytes */
	enum compose_mode mode;
	int64_t now_ms;
};

struct compose_text {
	struct str title;
	struct str body;
	struct str brief;
};

struct compose_out {
	struct str event; /* at most ALERT_BODY_MAX bytes */
	struct compose_text text[LANG_COUNT];
};

/* ERR_LIMIT when the event or the arena is full. */
NODISCARD enum err compose_alert(const struct compose_in *in, struct arena *a,
				 struct compose_out *out);

/* A word for programs. */
const char *compose_end_text(enum compose_end end);

/* Keyed BLAKE2b-128, in hex: a name for an exporter that tells nothing. */
void compose_token(const uint8_t key[COMPOSE_KEY_SIZE], struct str s,
		   char out[2 * HASH_ID_SIZE + 1]);

#endif
