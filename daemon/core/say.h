/*
 * say.h - what an operator asks of the running daemon.  Floor 4.
 *
 * One request is the words of a command line, whether JSON is wanted, and
 * the contents of files it names; the answer is text for stdout and stderr
 * and an exit status (contract section 1).  `creditalarm` carries it over the
 * control socket; tests call say() directly.
 */
#ifndef SAY_H
#define SAY_H

#include "core.h"

#define SAY_WORDS_MAX 64u
#define SAY_FILES_MAX 64u
#define SAY_REQUEST_MAX (512u << 20)
#define SAY_ANSWER_MAX (64u << 20)

struct say_file {
	struct str name;
	struct str bytes;
};

struct say_request {
	struct str word[SAY_WORDS_MAX];
	size_t words;
	struct say_file file[SAY_FILES_MAX];
	size_t files;
	int json;
	uint32_t uid;
};

/* Exit status; texts are appended to out and err. */
int say(struct core *c, const struct say_request *q, struct instant now,
	struct buf *out, struct buf *err);

/* The commands, one each; word[0] is the command itself. */
int say_status(struct core *c, const struct say_request *q, struct instant now,
	       struct buf *out, struct buf *err);
int say_feed(struct core *c, const struct say_request *q, struct instant now,
	     struct buf *out, struct buf *err);
int say_book(struct core *c, const struct say_request *q, struct instant now,
	     struct buf *out, struct buf *err);
int say_alert(struct core *c, const struct say_request *q, struct instant now,
	      struct buf *out, struct buf *err);
int say_exposure(struct core *c, const struct say_request *q,
		 struct instant now, struct buf *out, struct buf *err);
int say_lookup(struct core *c, const struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err);
int say_subscriber(struct core *c, const struct say_request *q,
		   struct instant now, struct buf *out, struct buf *err);

/* Requests and answers on the wire: see control.c. */
void say_put(struct buf *b, const struct say_request *q);
void say_answer(struct buf *b, struct str out, struct str err, int status);
NODISCARD enum err say_get(struct str s, struct say_request *q);

#endif
