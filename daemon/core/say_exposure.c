/*
 * say_exposure.c - the operators' command `exposure`, in turns.
 */
#include <stdlib.h>

#include "exposures.h"
#include "say.h"

struct say_turns {
	struct core *c;
	struct say_request to; /* its words borrowed */
	struct exposures *x;
	struct buf out;
};

static int
words(const struct say_request *q, struct exposures_ask *ask)
{
	for (size_t i = 1; i < q->words; i += 2) {
		struct str value;

		if (i + 1 == q->words)
			return 2;
		value = q->word[i + 1];
		if (str_eq(q->word[i], S("--exporter")) && str_is_id(value))
			ask->exporter_id = value;
		else if (str_eq(q->word[i], S("--obligor")) &&
			 str_is_id(value))
			ask->obligor_id = value;
		else if (str_eq(q->word[i], S("--country")) && value.n == 2)
			ask->country = value;
		else if (!str_eq(q->word[i], S("--as-of")) ||
			 date_get(value, &ask->as_of) != ERR_OK)
			return 2;
	}
	return 0;
}

/* An id that the book does not have is a mistake, not an empty answer. */
static enum err
exists(struct store *s, const struct exposures_ask *ask)
{
	struct exporter exporter;
	struct obligor obligor;
	struct arena a;
	enum err err = arena_init(&a, 1u << 20);

	if (err != ERR_OK)
		return err;
	if (ask->exporter_id.n > 0)
		err = store_exporter(s, ask->exporter_id, &a, &exporter);
	if (err == ERR_OK && ask->obligor_id.n > 0)
		err = store_obligor(s, ask->obligor_id, &a, &obligor);
	arena_fini(&a);
	return err;
}

static enum err
spill(void *self, struct buf *out)
{
	return say_spill(self, out, SAY_SPILL_MIN);
}

static int
told(struct core *c, enum err e, struct buf *err)
{
	if (e == ERR_OK)
		return 0;
	buf_printf(err, "creditalarm: exposure: %s\n",
		   e == ERR_ABSENT  ? "no such exporter or obligor" :
		   e == ERR_REFUSED ? "the book changed meanwhile; ask again" :
				      core_why(c, e));
	return 1;
}

int
say_turns_begin(struct core *c, const struct say_request *q,
		struct instant now, struct buf *err, struct say_turns **out)
{
	struct say_turns *t = calloc(1, sizeof(*t));
	struct exposures_ask ask = { .as_of = date_shanghai(now.wall_ms),
				     .json = q->json,
				     .spill = spill };
	enum err e = ERR_LIMIT;

	if (t != NULL && words(q, &ask) != 0) {
		buf_put(err, S("creditalarm: usage: exposure [--exporter ID] "
			       "[--obligor ID] [--country CC] "
			       "[--as-of DATE]\n"));
		free(t);
		return 2;
	}
	if (t != NULL) {
		t->c = c;
		t->to = *q;
		ask.self = &t->to;
		buf_init(&t->out, SAY_ANSWER_MAX / 2);
		e = exists(c->store, &ask);
	}
	if (e == ERR_OK)
		e = exposures_begin(c->store, &ask, &t->out, &t->x);
	if (e == ERR_OK)
		*out = t;
	else
		say_turns_end(t);
	return told(c, e, err);
}

bool
say_turns_step(struct say_turns *t, struct buf *out, struct buf *err,
	       int *status)
{
	enum err e = exposures_step(t->x);

	if (e == ERR_AGAIN)
		return true;
	*status = told(t->c, e, err);
	buf_free(out);
	*out = t->out;
	buf_init(&t->out, 1);
	return false;
}

void
say_turns_end(struct say_turns *t)
{
	if (t == NULL)
		return;
	exposures_end(t->x);
	buf_free(&t->out);
	free(t);
}

int
say_exposure(struct core *c, const struct say_request *q, struct instant now,
	     struct buf *out, struct buf *err)
{
	struct say_turns *t = NULL;
	int status = say_turns_begin(c, q, now, err, &t);

	while (t != NULL && say_turns_step(t, out, err, &status))
		continue;
	say_turns_end(t);
	return status;
}
