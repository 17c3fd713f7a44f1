/*
 * conf.h - the configuration, parsed once and then constant.  Floor 0.
 *
 * One table, config.def, is the schema (but for `operators:`): field, type, default, range, reload
 * class and prose; creditalarmd -n, -C and the manual come from it.
 */
#ifndef CONF_H
#define CONF_H

#include "arena.h"
#include "buf.h"
#include "operators.h"

#define CONF_ERRORS_MAX 100u

#define CONF_TYPE_TEXT struct str
#define CONF_TYPE_DURATION int64_t
#define CONF_TYPE_SIZE int64_t
#define CONF_TYPE_COUNT int64_t
#define CONF_TYPE_YESNO int
#define CONF_TYPE_WORD int /* which of the words, from 0 */

struct conf {
#define CONF(field, type, key, dflt, min, max, reload, prose)                  \
	CONF_TYPE_##type field;
#include "config.def"
#undef CONF
	struct operators operators; /* taken on reload */
};

/*
 * Reads text into *out (strs in a).  Every error is appended to errors as
 * "FILE:LINE: KEY: reason\n"; ERR_CONFIG when there was any.
 */
NODISCARD enum err conf_get(struct str text, struct str file,
			    struct arena *a, struct conf *out,
			    struct buf *errors);
/*
 * A running daemon keeps what is marked RESTART: each such key that differs
 * is an error, "FILE: KEY: reason\n"; ERR_CONFIG when there was any.
 */
NODISCARD enum err conf_kept(const struct conf *now, const struct conf *next,
			     struct str file, struct buf *errors);
/* The effective values as YAML, each with its prose. */
void conf_put(struct buf *b, const struct conf *c);

#endif
