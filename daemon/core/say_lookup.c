/*
 * say_lookup.c - `lookup NAME`: who of the book that is, how surely and why,
 * how it stands and what is known of it, and what its exporters were told.
 */
#include "grade.h"
#include "match.h"
#include "say.h"

#define LOOKUP_ARENA_SIZE (32u << 20)
#define LOOKUP_IDS_MAX 16u

struct lookup {
	struct core *c;
	struct arena *a;
	struct notice_name name;
	struct notice_id id[LOOKUP_IDS_MAX];
	struct notice n;
	struct match m;
	bool json;
	struct buf *out;
	size_t shown;
};

static int
words(const struct say_request *q, struct lookup *l)
{
	l->name.type = S("legal");
	l->n = (struct notice){ .certainty = CERTAINTY_OFFICIAL,
				.ids = l->id,
				.names = &l->name };
	for (size_t i = 1; i < q->words; i++) {
		struct str word = q->word[i];

		if (str_eq(word, S("--country")) && i + 1 < q->words) {
			l->n.country = q->word[++i];
			if (!country_ok(l->n.country))
				return 2;
		} else if (str_eq(word, S("--id")) && i + 1 < q->words &&
			   l->n.id_count < LOOKUP_IDS_MAX) {
			struct str value = q->word[++i];
			struct notice_id *id = &l->id[l->n.id_count++];

			id->scheme = str_cut(&value, ':');
			id->value = value;
		} else if (l->n.name_count == 0 &&
			   !str_starts(word, S("--"))) {
			l->name.text = word;
			l->n.name_count = 1;
		} else {
			return 2;
		}
	}
	return l->n.name_count + l->n.id_count > 0 ? 0 : 2;
}

/* ---- facts and alerts of one ---- */

static void
fact_json(struct jsonw *w, const struct fact *f)
{
	jsonw_str(w, "fact_id", f->fact_id);
	jsonw_str(w, "kind", f->kind);
	jsonw_str(w, "stage", str_of(stage_text(f->stage)));
	jsonw_str(w, "status", str_of(fact_status_text(f->status)));
	jsonw_str_or_null(w, "name", f->name);
	jsonw_str_or_null(w, "country", f->country);
	jsonw_date(w, "occurred_on", f->occurred_on);
	jsonw_time(w, "first_seen_at", f->first_seen_at);
}

static void
fact_line(const struct lookup *l, const char *before, const struct fact *f)
{
	buf_printf(l->out, "%s%.*s, %s", before, STR_ARG(f->kind),
		   fact_status_text(f->status));
	if (f->occurred_on != DATE_NONE) {
		buf_put(l->out, S(", "));
		date_put(l->out, f->occurred_on);
	}
	buf_printf(l->out, ": %.*s\n", STR_ARG(f->name));
}

static bool
is_open(const struct alert *a)
{
	return a->state != ALERT_RESOLVED && a->state != ALERT_RETRACTED;
}

struct known {
	struct obligor o;
	struct fact *fact;
	size_t facts;
	struct alert *alert;
	size_t alerts;
	struct grade grade;
};

static void
grade_json(struct jsonw *w, const struct grade *g)
{
	jsonw_str(w, "grade", str_of(g->word));
	jsonw_arr(w, "ratings");
	for (size_t i = 0; i < g->marks; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "source", g->mark[i].source);
		jsonw_str_or_null(w, "scale", g->mark[i].scale);
		jsonw_str(w, "value", g->mark[i].value);
		jsonw_str_or_null(w, "before", g->mark[i].before);
		jsonw_time(w, "at", g->mark[i].at);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	if (g->unreads == 0)
		return;
	jsonw_int(w, "unreadable", (int64_t)g->unreads);
	jsonw_arr(w, "unread");
	for (size_t i = 0; i < g->unreads && i < GRADE_UNREAD; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "source", g->unread[i].source);
		jsonw_str(w, "record", g->unread[i].record);
		jsonw_str(w, "why", g->unread[i].why);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
grade_lines(struct buf *out, const struct grade *g)
{
	buf_printf(out, "  grade: %s\n", g->word);
	for (size_t i = 0; i < g->marks; i++) {
		const struct grade_mark *m = &g->mark[i];

		buf_printf(out, "  rating: %.*s %.*s %.*s", STR_ARG(m->source),
			   STR_ARG(m->scale), STR_ARG(m->value));
		if (m->before.n > 0)
			buf_printf(out, " (was %.*s)", STR_ARG(m->before));
		buf_byte(out, '\n');
	}
	for (size_t i = 0; i < g->unreads && i < GRADE_UNREAD; i++)
		buf_printf(out, "  cannot be read: %.*s %.*s: %.*s\n",
			   STR_ARG(g->unread[i].source),
			   STR_ARG(g->unread[i].record),
			   STR_ARG(g->unread[i].why));
	if (g->unreads > GRADE_UNREAD)
		buf_printf(out, "  cannot be read: %zu more\n",
			   g->unreads - GRADE_UNREAD);
}

static void
known_json(const struct lookup *l, const struct match_candidate *m,
	   const char *verdict, const struct known *k)
{
	struct jsonw w = jsonw_of(l->out);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "row", S("match"));
	jsonw_str(&w, "obligor_id", k->o.obligor_id);
	jsonw_str(&w, "name", k->o.name);
	jsonw_str(&w, "country", k->o.country);
	jsonw_int(&w, "score", m->score);
	jsonw_str(&w, "verdict", str_of(verdict));
	jsonw_str(&w, "method", l->m.method);
	jsonw_lines(&w, "why", m->why);
	grade_json(&w, &k->grade);
	jsonw_arr(&w, "facts");
	for (size_t i = 0; i < k->facts; i++) {
		jsonw_obj(&w, NULL);
		fact_json(&w, &k->fact[i]);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_arr(&w, "alerts");
	for (size_t i = 0; i < k->alerts; i++) {
		if (!is_open(&k->alert[i]))
			continue;
		jsonw_obj(&w, NULL);
		jsonw_str(&w, "alert_id", k->alert[i].alert_id);
		jsonw_str(&w, "exporter_id", k->alert[i].exporter_id);
		jsonw_str(&w, "kind", k->alert[i].kind);
		jsonw_str(&w, "severity",
			  str_of(severity_text(k->alert[i].severity)));
		jsonw_str(&w, "state",
			  str_of(alert_state_text(k->alert[i].state)));
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	buf_byte(l->out, '\n');
}

static void
known_text(const struct lookup *l, const struct match_candidate *m,
	   const char *verdict, const struct known *k)
{
	struct str why = m->why;

	buf_printf(l->out, "%d %s %.*s %.*s (%.*s)\n", m->score, verdict,
		   STR_ARG(k->o.obligor_id), STR_ARG(k->o.name),
		   STR_ARG(k->o.country));
	while (why.n > 0) {
		struct str line = str_cut(&why, '\n');

		buf_printf(l->out, "    %.*s\n", STR_ARG(line));
	}
	grade_lines(l->out, &k->grade);
	for (size_t i = 0; i < k->facts; i++)
		fact_line(l, "  fact: ", &k->fact[i]);
	for (size_t i = 0; i < k->alerts; i++)
		if (is_open(&k->alert[i]))
			buf_printf(l->out, "  alert: %s %s %.*s to %.*s\n",
				   severity_text(k->alert[i].severity),
				   alert_state_text(k->alert[i].state),
				   STR_ARG(k->alert[i].kind),
				   STR_ARG(k->alert[i].exporter_id));
}

static enum err
show(struct lookup *l, size_t i)
{
	const struct match_candidate *m = &l->m.candidate[i];
	const char *verdict = i == 0 && l->m.verdict == MATCH_ACCEPT ?
				  "accept" :
				  "review";
	struct store *s = l->c->store;
	struct known k = { 0 };
	enum err err = store_obligor(s, m->obligor_id, l->a, &k.o);

	if (err == ERR_OK)
		err = store_facts_of(s, m->obligor_id, STR_NONE, l->a,
				     &k.fact, &k.facts);
	if (err == ERR_OK)
		err = store_alerts(s, m->obligor_id, l->a, &k.alert,
				   &k.alerts);
	if (err == ERR_OK)
		err = grade_of(l->c, k.fact, k.facts, l->a, &k.grade);
	if (err != ERR_OK)
		return err;
	l->shown++;
	if (l->json)
		known_json(l, m, verdict, &k);
	else
		known_text(l, m, verdict, &k);
	return ERR_OK;
}

/* What was said of somebody of that id or very name whom nobody insures. */
static enum err
strangers(struct lookup *l, const struct match_key *key)
{
	struct fact *fact = NULL;
	size_t n = 0;
	enum err err = store_facts_unmatched(l->c->store, key->scheme,
					     key->value, l->a, &fact, &n);

	for (size_t i = 0; err == ERR_OK && i < n; i++) {
		struct jsonw w = jsonw_of(l->out);

		l->shown++;
		if (!l->json) {
			fact_line(l, "not in the book: ", &fact[i]);
			continue;
		}
		jsonw_obj(&w, NULL);
		jsonw_str(&w, "row", S("fact"));
		fact_json(&w, &fact[i]);
		jsonw_end_obj(&w);
		buf_byte(l->out, '\n');
	}
	return err;
}

static enum err
look(struct lookup *l)
{
	const struct matcher by = { l->c->store, &l->c->schemes, &l->c->conf,
				    l->c->index.watch };
	enum err err = match_notice(&by, &l->n, true, l->a, &l->m);

	for (size_t i = 0; err == ERR_OK && i < l->m.candidate_count; i++)
		err = show(l, i);
	for (size_t i = 0; err == ERR_OK && i < l->m.key_count; i++)
		err = strangers(l, &l->m.key[i]);
	return err;
}

int
say_lookup(struct core *c, const struct say_request *q, struct instant now,
	   struct buf *out, struct buf *err)
{
	struct lookup l = { .c = c, .json = q->json, .out = out };
	struct arena a;
	enum err e;

	(void)now;
	if (words(q, &l) != 0) {
		buf_put(err, S("creditalarm: usage: lookup NAME [--country CC] "
			       "[--id SCHEME:VALUE]...\n"));
		return 2;
	}
	if (arena_init(&a, LOOKUP_ARENA_SIZE) != ERR_OK)
		return 1;
	l.a = &a;
	e = look(&l);
	if (e != ERR_OK)
		buf_printf(err, "creditalarm: lookup: %s\n", core_why(c, e));
	else if (l.shown == 0)
		buf_put(err, S("creditalarm: nobody\n"));
	arena_fini(&a);
	return e == ERR_OK && l.shown > 0 ? 0 : 1;
}
