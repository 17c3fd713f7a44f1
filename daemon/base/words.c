/*
 * words.c - the words of our enums, as they stand in JSON.
 */
#include "alert.h"
#include "feed.h"

#define COUNT_OF(t) (sizeof(t) / sizeof((t)[0]))

static const char *const ACTIONS[] = { "NEW", "AMEND", "CANCEL", "PURGE" };
static const char *const SUBJECTS[] = { "buyer", "bank", "country", "rate",
					"market" };
static const char *const CERTAINTIES[] = { "inferred", "reported",
					   "official" };
static const char *const REDISTRIBUTIONS[] = { "full", "summary",
					       "action_only", "internal" };
static const char *const SEVERITIES[] = { "", "INFO", "MEDIUM", "HIGH",
					  "CRITICAL" };
static const char *const FACT_STATES[] = { "observed",	   "reported",
					   "corroborated", "confirmed",
					   "refuted",	   "ended" };
static const char *const ALERT_STATES[] = { "REVIEW",	"OPEN",
					    "ACKED",	"SNOOZED",
					    "ACTIONED", "RESOLVED",
					    "CLOSED",	"RETRACTED",
					    "DISCARDED" };

static const char *const MODES[] = { "append", "snapshot", "cursor",
				     "window", "stream",   "drop" };

static int
find(const char *const *words, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (s.n > 0 && str_eq(s, str_of(words[i])))
			return (int)i;
	return -1;
}

const char *
action_text(enum action a)
{
	return ACTIONS[a];
}

const char *
subject_text(enum subject s)
{
	return SUBJECTS[s];
}

const char *
certainty_text(enum certainty c)
{
	return CERTAINTIES[c];
}

const char *
redistribution_text(enum redistribution r)
{
	return REDISTRIBUTIONS[r];
}

const char *
severity_text(enum severity s)
{
	return SEVERITIES[s];
}

const char *
fact_status_text(enum fact_status s)
{
	return FACT_STATES[s];
}

const char *
alert_state_text(enum alert_state s)
{
	return ALERT_STATES[s];
}

const char *
feed_mode_text(enum feed_mode m)
{
	return MODES[m];
}

/* NOLINTBEGIN(bugprone-macro-parentheses): the tag of an enum takes none. */
#define WORD_GET(name, type, table)                                            \
	enum err name(struct str s, enum type *out)                            \
	{                                                                      \
		int i = find(table, COUNT_OF(table), s);                       \
                                                                               \
		if (i < 0)                                                     \
			return ERR_INPUT;                                      \
		*out = (enum type)i;                                           \
		return ERR_OK;                                                 \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

WORD_GET(action_get, action, ACTIONS)
WORD_GET(subject_get, subject, SUBJECTS)
WORD_GET(certainty_get, certainty, CERTAINTIES)
WORD_GET(redistribution_get, redistribution, REDISTRIBUTIONS)
WORD_GET(severity_get, severity, SEVERITIES)
