/*
 * grade.h - how an obligor stands, in a word, by what is known of it.  Floor 4.
 *
 * "stop": insolvent, dissolved, sanctioned, in default or refusing goods, said
 * by more than an inference; "watch": anything else against it, a strike-off
 * that is only proposed too; "none": nothing is known against it, which is not to say that all is well.  Beside the word
 * the ratings its notices carry, as their sources write them, newest first:
 * scales are never compared.  What a stricter release cannot read any more is
 * named, and the rest stands.
 */
#ifndef GRADE_H
#define GRADE_H

#include "core.h"

#define GRADE_MARKS 8u
#define GRADE_UNREAD 8u

struct grade {
	const char *word;
	struct grade_mark {
		struct str source;
		struct str scale;
		struct str value;
		struct str before;
		int64_t at; /* published, else seen */
	} mark[GRADE_MARKS];
	size_t marks;
	struct grade_unread {
		struct str source;
		struct str record;
		struct str why;
	} unread[GRADE_UNREAD];
	size_t unreads; /* in all; the first GRADE_UNREAD are named */
};

/* Of the facts of one obligor; strs live in a. */
NODISCARD enum err grade_of(struct core *c, const struct fact *fact,
			    size_t count, struct arena *a, struct grade *out);

#endif
