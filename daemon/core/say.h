/*
 * say.h - what an operator asks of the running daemon.  Floor 4.
 *
 * One request is the words of a command line, whether JSON is wanted, and
 * the files it names, opened; the answer is text for stdout and stderr and an
 * exit status (contract section 1).  `creditalarm` carries it over the
 * control socket; tests call say() directly.
 *
 * Files travel as descriptors, so no book is ever whole in anybody's memory;
 * so does a file to take an answer that may be large.  Only regular files
 * are taken: a pipe could keep core waiting.
 */
#ifndef SAY_H
#define SAY_H

#include "core.h"

#define SAY_WORDS_MAX 64u
#define SAY_FILES_MAX 64u
#define SAY_FDS_MAX (SAY_FILES_MAX + 1)
#define SAY_REQUEST_MAX (1u << 20)
#define SAY_ANSWER_MAX (64u << 20)
#define SAY_SPILL_MIN (1u << 20) /* an answer this long goes to its file */
#define SAY_PHASE_MAX 32u /* bytes of the word beside a progress bar */

struct say_file {
	struct str name;
	int fd; /* regular, for reading */
	size_t size;
};

struct say_request {
	struct str word[SAY_WORDS_MAX];
	size_t words;
	struct say_file file[SAY_FILES_MAX];
	size_t files;
	int json;
	uint32_t uid; /* who asks, as the kernel says */
	uint32_t gid;
	int spills; /* out_fd is one */
	int out_fd; /* regular, for writing */
	/* NULL: nobody looks on. */
	void (*progress)(void *self, const char *phase, uint64_t done,
			 uint64_t all);
	void *self;
};

/* Exit status; texts are appended to out and err. */
int say(struct core *c, const struct say_request *q, struct instant now,
	struct buf *out, struct buf *err);

/* Moves a long out to the request's file, if it has one; ERR_IO. */
NODISCARD enum err say_spill(const struct say_request *q, struct buf *out,
			     size_t min);

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
/*
 * The same in turns, for it may be long: begin ends with a status, or 0 and
 * *out; then step until it is false, which leaves the answer in out.  What q
 * borrows lives until the end.
 */
struct say_turns;
int say_turns_begin(struct core *c, const struct say_request *q,
		    struct instant now, struct buf *err,
		    struct say_turns **out);
bool say_turns_step(struct say_turns *t, struct buf *out, struct buf *err,
		    int *status);
void say_turns_end(struct say_turns *t);
int say_lookup(struct core *c, const struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err);
int say_review(struct core *c, const struct say_request *q,
	       struct instant now, struct buf *out, struct buf *err);
int say_subscriber(struct core *c, const struct say_request *q,
		   struct instant now, struct buf *out, struct buf *err);

/* Requests and answers on the wire: see control.c; the descriptors are for
 * the caller to send and to fill in. */
void say_put(struct buf *b, const struct say_request *q);
void say_answer(struct buf *b, struct str out, struct str err, int status);
NODISCARD enum err say_get(struct str s, struct say_request *q);

#endif
