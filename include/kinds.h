/*
 * kinds.h - the table of notice kinds, etc/kinds.tsv.  Floor 0.
 *
 * Columns: kind subject stage family alert_kind peril title_zh title_en.
 * alert_kind "-" means: keep the fact, ring for nobody.  family groups kinds
 * into one episode of one alert (all insolvency kinds are one family).
 */
#ifndef KINDS_H
#define KINDS_H

#include "arena.h"

#define KINDS_MAX 256u

/* How far an insolvency has gone; `opened` and above stop shipments. */
enum stage {
	STAGE_NONE,
	STAGE_PETITION,
	STAGE_PROVISIONAL,
	STAGE_OPENED,
	STAGE_REORGANISATION,
	STAGE_ORDER,
	STAGE_LIQUIDATION,
	STAGE_DISSOLVED,
	STAGE_DISCHARGED, /* over: no longer adverse */
};

struct kind {
	struct str name;
	struct str subject; /* buyer bank country rate market any */
	enum stage stage;
	struct str family;     /* "-" when it never makes an episode */
	struct str alert_kind; /* "-" when it rings for nobody */
	struct str peril;      /* "-" when it is none of the policy */
	struct str title_zh;
	struct str title_en;
};

struct kinds {
	struct kind *row;
	size_t count;
};

const char *stage_text(enum stage s);
NODISCARD enum err stage_get(struct str s, enum stage *out);

/* Reads the table; ERR_CONFIG with line and column in d. */
NODISCARD enum err kinds_get(struct str tsv, struct arena *a,
			     struct kinds *out, struct diag *d);
/* NULL when there is no such kind. */
const struct kind *kinds_find(const struct kinds *k, struct str name);

#endif
