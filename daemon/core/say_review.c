/*
 * say_review.c - `review`: the questions that wait for a reviewer, and what
 * is said to them.
 *
 * The id of a question is the fact's and the obligor's: it needs no table,
 * and says what was answered after the question is gone.  People never come
 * here: notices of natural persons are taken by ids alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "exposure.h"
#include "log.h"
#include "say.h"

#define REVIEW_ARENA_SIZE (256u << 20)
#define REVIEW_BUSY_ROWS 50u /* more of them take a while to weigh */
#define REVIEW_CCYS 8u
#define REVIEW_NAMES 16u

/* What the exporters who would be told have at stake. */
struct stake {
	size_t exporters;
	struct {
		char ccy[CCY_SIZE];
		int64_t minor; /* open and not shipped */
	} sum[REVIEW_CCYS];
	size_t sums;
	bool partial; /* sums that do not fit are left out */
};

struct row {
	const struct review *r;
	struct stake stake;
	int64_t weight; /* whole units of the largest sum */
};

struct lister {
	struct core *c;
	struct arena *a;
	struct exposure *e;
	int32_t today;
	bool json;
	struct buf *out;
};

/* ---- what it is worth ---- */

static void
add_sum(struct stake *s, const struct cover_row *r)
{
	int64_t all = 0;
	size_t i = 0;

	if (__builtin_add_overflow(r->open, r->unshipped, &all)) {
		s->partial = true;
		return;
	}
	if (all == 0)
		return;
	while (i < s->sums && !str_eq(str_of(s->sum[i].ccy), r->currency))
		i++;
	if (i == REVIEW_CCYS) {
		s->partial = true;
		return;
	}
	if (i == s->sums) {
		if (str_copy(s->sum[i].ccy, CCY_SIZE, r->currency) != ERR_OK)
			return;
		s->sum[s->sums++].minor = 0;
	}
	if (__builtin_add_overflow(s->sum[i].minor, all, &s->sum[i].minor))
		s->partial = true;
}

static enum err
add_exporter(struct lister *l, const struct obligor *o, struct str exporter,
	     struct stake *s)
{
	const struct knowledge none = { TIME_NONE, TIME_NONE };
	struct cover_row *rows = NULL;
	size_t count = 0;
	enum err err = exposure_of(l->e, l->c->store, l->a, exporter,
				   l->today);

	if (err == ERR_OK)
		err = exposure_on(l->e, o, &none, &rows, &count);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		add_sum(s, &rows[i]);
	if (err != ERR_LIMIT)
		return err;
	s->partial = true;
	return ERR_OK;
}

static int64_t
whole_units(struct str ccy, int64_t minor)
{
	for (int i = ccy_decimals(ccy); i > 0; i--)
		minor /= 10;
	return minor;
}

static enum err
weigh(struct lister *l, struct row *row)
{
	struct stake *s = &row->stake;
	struct str *exporter = NULL;
	struct obligor o;
	enum err err = store_obligor(l->c->store, row->r->obligor_id, l->a,
				     &o);

	if (err == ERR_OK)
		err = store_exporters_of(l->c->store, o.obligor_id, l->a,
					 &exporter, &s->exporters);
	for (size_t i = 0; err == ERR_OK && i < s->exporters; i++) {
		size_t mark = arena_mark(l->a);

		err = add_exporter(l, &o, exporter[i], s);
		arena_rewind(l->a, mark);
	}
	for (size_t i = 0; err == ERR_OK && i < s->sums; i++) {
		int64_t units = whole_units(str_of(s->sum[i].ccy),
					    s->sum[i].minor);

		row->weight = units > row->weight ? units : row->weight;
	}
	return err;
}

/* Most money first, then the surer, then the older. */
static int
row_cmp(const void *x, const void *y)
{
	const struct row *a = x;
	const struct row *b = y;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (a->r->score != b->r->score)
		return a->r->score > b->r->score ? -1 : 1;
	return a->r < b->r ? -1 : a->r > b->r;
}

/* ---- telling ---- */

struct asked {
	struct str id;
	struct fact fact;
	struct fact_source *source;
	size_t sources;
	struct str name[REVIEW_NAMES];
	size_t names;
	struct obligor o;
};

static void
add_name(struct asked *q, struct str name)
{
	for (size_t i = 0; i < q->names; i++)
		if (str_eq(q->name[i], name))
			return;
	if (q->names < REVIEW_NAMES && name.n > 0)
		q->name[q->names++] = name;
}

static enum err
add_names(struct lister *l, struct asked *q)
{
	for (size_t i = 0; i < q->sources; i++) {
		struct diag why = { 0 };
		struct notice n;
		struct str json;
		enum err err;

		err = store_notice(l->c->store, q->source[i].source,
					q->source[i].record, l->a, &json);
		if (err == ERR_OK)
			err = notice_get(json, l->a, &n, &why);
		/* Gone, or kept by a laxer release: the others name it. */
		if (err != ERR_OK && err_class(err) != ERR_REJECT)
			return err;
		for (size_t k = 0; err == ERR_OK && k < n.name_count; k++)
			add_name(q, n.names[k].text);
	}
	return ERR_OK;
}

static void
row_json(const struct lister *l, const struct row *row, const struct asked *q)
{
	const struct stake *s = &row->stake;
	struct jsonw w = jsonw_of(l->out);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "id", q->id);
	jsonw_str(&w, "fact_id", q->fact.fact_id);
	jsonw_str(&w, "kind", q->fact.kind);
	jsonw_str(&w, "status", str_of(fact_status_text(q->fact.status)));
	jsonw_arr(&w, "sources");
	for (size_t i = 0; i < q->sources; i++)
		jsonw_str(&w, NULL, q->source[i].source);
	jsonw_end_arr(&w);
	jsonw_arr(&w, "names");
	for (size_t i = 0; i < q->names; i++)
		jsonw_str(&w, NULL, q->name[i]);
	jsonw_end_arr(&w);
	jsonw_str_or_null(&w, "country", q->fact.country);
	jsonw_date(&w, "occurred_on", q->fact.occurred_on);
	jsonw_time(&w, "first_seen_at", q->fact.first_seen_at);
	jsonw_obj(&w, "obligor");
	jsonw_str(&w, "obligor_id", q->o.obligor_id);
	jsonw_str(&w, "name", q->o.name);
	jsonw_str(&w, "country", q->o.country);
	jsonw_end_obj(&w);
	jsonw_int(&w, "score", row->r->score);
	jsonw_lines(&w, "why", row->r->why);
	jsonw_time(&w, "asked_at", row->r->at);
	jsonw_int(&w, "exporters", (int64_t)s->exporters);
	jsonw_arr(&w, "at_stake");
	for (size_t i = 0; i < s->sums; i++) {
		struct str ccy = str_of(s->sum[i].ccy);

		jsonw_obj(&w, NULL);
		jsonw_str(&w, "currency", ccy);
		jsonw_money(&w, "amount", s->sum[i].minor, ccy);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_bool(&w, "partial", s->partial);
	jsonw_end_obj(&w);
	buf_byte(l->out, '\n');
}

static void
row_text(const struct lister *l, const struct row *row, const struct asked *q)
{
	const struct stake *s = &row->stake;
	struct str why = row->r->why;

	buf_printf(l->out, "%.*s  score %d, exporters %zu", STR_ARG(q->id),
		   row->r->score, s->exporters);
	for (size_t i = 0; i < s->sums; i++) {
		buf_printf(l->out, ", %s ", s->sum[i].ccy);
		money_show(l->out, s->sum[i].minor, str_of(s->sum[i].ccy));
	}
	buf_printf(l->out, "%s\n    %.*s, %s", s->partial ? ", and more" : "",
		   STR_ARG(q->fact.kind), fact_status_text(q->fact.status));
	if (q->fact.occurred_on != DATE_NONE) {
		buf_put(l->out, S(", since "));
		date_put(l->out, q->fact.occurred_on);
	}
	for (size_t i = 0; i < q->sources; i++)
		buf_printf(l->out, "%s%.*s", i == 0 ? ", said by " : " ",
			   STR_ARG(q->source[i].source));
	buf_put(l->out, S("\n    is "));
	for (size_t i = 0; i < q->names; i++)
		buf_printf(l->out, "%s%.*s", i > 0 ? " = " : "",
			   STR_ARG(q->name[i]));
	buf_printf(l->out, " (%.*s)\n    %.*s %.*s (%.*s)?\n",
		   STR_ARG(q->fact.country), STR_ARG(q->o.obligor_id),
		   STR_ARG(q->o.name), STR_ARG(q->o.country));
	while (why.n > 0) {
		struct str line = str_cut(&why, '\n');

		buf_printf(l->out, "        %.*s\n", STR_ARG(line));
	}
}

static enum err
tell(struct lister *l, const struct row *row)
{
	struct store *s = l->c->store;
	struct asked *q = arena_new(l->a, struct asked);
	struct buf id;
	enum err err;

	if (q == NULL)
		return ERR_LIMIT;
	buf_init(&id, 2 * STR_ID_MAX + 1);
	buf_printf(&id, "%.*s-%.*s", STR_ARG(row->r->fact_id),
		   STR_ARG(row->r->obligor_id));
	q->id = buf_str(&id);
	err = store_fact(s, row->r->fact_id, l->a, &q->fact);
	if (err == ERR_OK)
		err = store_fact_sources(s, row->r->fact_id, l->a, &q->source,
					 &q->sources);
	if (err == ERR_OK)
		err = store_obligor(s, row->r->obligor_id, l->a, &q->o);
	if (err == ERR_OK)
		err = add_names(l, q);
	if (err == ERR_OK && l->json)
		row_json(l, row, q);
	else if (err == ERR_OK)
		row_text(l, row, q);
	buf_free(&id);
	return err;
}

static enum err
list_all(struct lister *l)
{
	struct review *r = NULL;
	struct row *row;
	size_t count = 0;
	enum err err = store_reviews(l->c->store, l->a, &r, &count);

	if (err != ERR_OK)
		return err;
	if (count > REVIEW_BUSY_ROWS)
		core_busy(l->c);
	row = arena_array(l->a, struct row, count + 1);
	l->e = arena_new(l->a, struct exposure);
	if (row == NULL || l->e == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		size_t mark = arena_mark(l->a);

		row[i].r = &r[i];
		err = weigh(l, &row[i]);
		arena_rewind(l->a, mark);
	}
	if (err != ERR_OK)
		return err;
	qsort(row, count, sizeof(row[0]), row_cmp);
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		size_t mark = arena_mark(l->a);

		err = tell(l, &row[i]);
		arena_rewind(l->a, mark);
	}
	return err;
}

static int
review_list(struct core *c, const struct say_request *q, struct instant now,
	    struct buf *out, struct buf *err)
{
	struct lister l = { .c = c,
			    .json = q->json,
			    .today = date_shanghai(now.wall_ms),
			    .out = out };
	struct arena a;
	enum err e;

	if (arena_init(&a, REVIEW_ARENA_SIZE) != ERR_OK)
		return 1;
	l.a = &a;
	e = list_all(&l);
	arena_fini(&a);
	if (e == ERR_OK)
		return 0;
	buf_printf(err, "creditalarm: review list: %s\n", core_why(c, e));
	return 1;
}

/* ---- answers ---- */

/* One line that a journal can keep. */
static bool
is_reason(struct str why)
{
	for (size_t i = 0; i < why.n; i++)
		if ((unsigned char)why.p[i] < ' ' || why.p[i] == 0x7F)
			return false;
	return why.n > 0 && why.n <= REVIEW_WHY_MAX && str_utf8(why);
}

static enum err
commit_answer(struct core *c, const struct review_answer *answer,
	      struct instant now, enum review_done *done)
{
	enum err err = store_begin(c->store);

	if (err != ERR_OK)
		return err;
	err = decide_review(c->decide, answer, now, done);
	if (err == ERR_OK)
		return store_commit(c->store);
	store_rollback(c->store);
	return err;
}

static const char *
refusal(enum review_done done)
{
	switch (done) {
	case REVIEW_DONE:
	case REVIEW_SAME:
		return NULL;
	case REVIEW_ACCEPTED:
		return "was accepted already";
	case REVIEW_REJECTED:
		return "was rejected already";
	case REVIEW_ELSEWHERE:
		return "the fact is another obligor's";
	}
	return NULL;
}

static void
answer_put(const struct say_request *q, bool same, uint64_t told,
	   struct buf *out)
{
	bool accept = str_eq(q->word[1], S("accept"));
	struct jsonw w = jsonw_of(out);

	if (!q->json) {
		buf_printf(out, "%s%s", accept ? "accepted" : "rejected",
			   same ? " already" : "");
		if (accept && !same)
			buf_printf(out, ": alerts %llu",
				   (unsigned long long)told);
		buf_byte(out, '\n');
		return;
	}
	jsonw_obj(&w, NULL);
	jsonw_str(&w, "id", q->word[2]);
	jsonw_str(&w, "answer", q->word[1]);
	jsonw_str(&w, "state", same ? S("already") : S("done"));
	jsonw_int(&w, "alerts", (int64_t)told);
	jsonw_end_obj(&w);
	buf_byte(out, '\n');
}

/* Who answers, by name when operators have names; false: may not. */
static bool
may_answer(const struct core *c, const struct say_request *q, char *who,
	   size_t size)
{
	const struct operators *all = &c->conf.operators;
	const struct operator *o = operators_find(all, q->uid, q->gid);
	struct str name = o == NULL ? STR_NONE : o->name;

	(void)snprintf(who, size, "%.*s%suid:%u", STR_ARG(name),
		       o == NULL ? "" : "/", q->uid);
	return all->count == 0 ||
	       (o != NULL && (o->roles & OPERATOR_REVIEWER) != 0);
}

/* Whoever tried what is not theirs is remembered. */
static int
refuse(struct core *c, const struct say_request *q, const char *who,
       struct instant now, struct buf *err)
{
	struct str rest = q->word[2];
	bool named = str_is_id(str_cut(&rest, '-')) && str_is_id(rest);
	struct buf b;
	enum err e = store_begin(c->store);

	buf_init(&b, 1024);
	buf_printf(&b, "rule=not-a-reviewer who=%s answer=%.*s id=%.*s", who,
		   STR_ARG(q->word[1]),
		   STR_ARG(named ? q->word[2] : STR_NONE));
	if (e == ERR_OK) {
		e = store_journal(c->store, now.wall_ms, S("review.refused"),
				  buf_str(&b));
		if (e == ERR_OK)
			e = store_commit(c->store);
		else
			store_rollback(c->store);
	}
	buf_free(&b);
	log_op(LOG_WARN, "review.refused", "who=%s journal=\"%s\"", who,
	       err_text(e));
	buf_printf(err, "creditalarm: review: %s is not a reviewer\n", who);
	return 1;
}

static uint64_t
alerts_made(const struct core *c)
{
	const struct decide_counts *n = decide_counts(c->decide);

	return n->first + n->later;
}

static int
review_answer(struct core *c, const struct say_request *q, struct instant now,
	      struct buf *out, struct buf *err)
{
	char who[STR_ID_MAX + 32];
	struct str rest = q->word[2];
	struct review_answer answer = { .fact_id = str_cut(&rest, '-') };
	enum review_done done = REVIEW_DONE;
	uint64_t before = alerts_made(c);
	const char *no;
	enum err e = ERR_ABSENT;

	if (!may_answer(c, q, who, sizeof(who)))
		return refuse(c, q, who, now, err);
	answer.who = str_of(who);
	answer.obligor_id = rest;
	answer.accept = q->words == 3;
	if (!answer.accept)
		answer.why = q->word[4];
	if (str_is_id(answer.fact_id) && str_is_id(answer.obligor_id))
		e = commit_answer(c, &answer, now, &done);
	no = e == ERR_OK     ? refusal(done) :
	     e == ERR_ABSENT ? "no such question" :
			       core_why(c, e);
	if (no != NULL) {
		buf_printf(err, "creditalarm: review: %s\n", no);
		return 1;
	}
	if (done == REVIEW_DONE)
		core_told(c, now);
	answer_put(q, done == REVIEW_SAME, alerts_made(c) - before, out);
	return 0;
}

int
say_review(struct core *c, const struct say_request *q, struct instant now,
	   struct buf *out, struct buf *err)
{
	if (q->words == 2 && str_eq(q->word[1], S("list")))
		return review_list(c, q, now, out, err);
	if ((q->words == 3 && str_eq(q->word[1], S("accept"))) ||
	    (q->words == 5 && str_eq(q->word[1], S("reject")) &&
	     str_eq(q->word[3], S("--why")) && is_reason(q->word[4])))
		return review_answer(c, q, now, out, err);
	buf_put(err, S("creditalarm: usage: review list | accept ID | "
		       "reject ID --why TEXT\n"));
	return 2;
}
