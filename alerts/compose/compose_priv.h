/*
 * compose_priv.h - between the files of the composer.  Floor 2, private.
 */
#ifndef COMPOSE_PRIV_H
#define COMPOSE_PRIV_H

#include "compose.h"
#include "json.h"

struct compose_action {
	const char *code;
	const char *channel; /* underwrite claim credit_info consult */
	struct str text[LANG_COUNT];
	int32_t due_on; /* DATE_NONE */
	int reports;	/* free reports left, -1: not said */
};

/* What every file asks about an alert. */
bool compose_is_withheld(const struct compose_in *in);
bool compose_is_insolvency(const struct compose_in *in);
/* The exporter should stop shipping. */
bool compose_is_stop(const struct compose_in *in);
/* Live sources that are not reprints of each other. */
size_t compose_live_sources(const struct compose_in *in);

/* 20 万美元 / USD 200,000 */
void compose_amount(struct buf *b, const struct texts *t, enum lang l,
		    int64_t minor, struct str ccy);
/* 12 月 30 日 / 30 Dec, with the year when it is not that of today. */
void compose_day(struct buf *b, const struct texts *t, enum lang l,
		 int32_t day, int32_t today);
/* The reasons in words. */
void compose_reasons(struct buf *b, const struct texts *t, enum lang l,
		     unsigned reasons);
/* At most max characters of s, the last "…" when cut; in the arena. */
struct str compose_clip(struct arena *a, struct str s, size_t max);

NODISCARD enum err compose_words(const struct compose_in *in, enum lang l,
				 struct arena *a, struct compose_text *out);
/* Most urgent first. */
NODISCARD enum err compose_actions(const struct compose_in *in,
				   struct arena *a,
				   struct compose_action *out, size_t *count);
/* The members of "data"; file event.c writes the envelope around it. */
void compose_data(struct jsonw *w, const struct compose_in *in,
		  const struct compose_out *out,
		  const struct compose_action *action, size_t count);

#endif
