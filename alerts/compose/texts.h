/*
 * texts.h - the sentences of an alert, from a table.  Floor 2.
 *
 * etc/texts.tsv: code, zh-CN, en.  {name} in a sentence is replaced by the
 * argument of that name.  An insurer edits the table; a code this program
 * needs and the table lacks is an error at load, not at the first alert.
 */
#ifndef TEXTS_H
#define TEXTS_H

#include "arena.h"
#include "buf.h"
#include "kinds.h"

#define TEXTS_MAX 2048u
#define TEXTS_ROW_MAX 4096u /* bytes of a line */

enum lang { LANG_ZH, LANG_EN };
#define LANG_COUNT 2u

struct text_row {
	struct str code;
	struct str text[LANG_COUNT];
};

struct texts {
	struct text_row *row; /* sorted by code */
	size_t count;
};

struct text_arg {
	const char *name;
	struct str value;
};

/*
 * Reads the table and checks that every code of ours is there, and
 * "kind.NAME" for every kind that rings.  ERR_CONFIG with the line in d.
 */
NODISCARD enum err texts_get(struct str tsv, const struct kinds *kinds,
			     struct arena *a, struct texts *out,
			     struct diag *d);
/* STR_NONE when there is no such code. */
struct str texts_find(const struct texts *t, struct str code, enum lang l);
/* "prefix.name", or dflt when there is no such code. */
struct str texts_word(const struct texts *t, const char *prefix,
		      struct str name, enum lang l, struct str dflt);
/* Appends the sentence; an argument it does not know stays as it is. */
void texts_put(struct buf *b, struct str sentence, const struct text_arg *arg,
	       size_t count);

#endif
