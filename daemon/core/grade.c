/*
 * grade.c - a word for what is known, and the ratings that notices carry.
 */
#include "grade.h"

#include "facts.h"

/* What ends deliveries; a strike-off that is proposed is a warning of it. */
static bool
is_grave(const struct kind *k)
{
	struct str family = k->family;

	if (str_eq(family, S("existence")))
		return !str_eq(k->name, S("STRIKE_OFF_PROPOSED"));
	return str_eq(family, S("insolvency")) ||
	       str_eq(family, S("sanctions")) ||
	       str_eq(family, S("default")) || str_eq(family, S("rejection"));
}

static const char *
word_of(const struct kinds *kinds, const struct fact *fact, size_t count)
{
	const char *word = "none";

	for (size_t i = 0; i < count; i++) {
		const struct kind *k = kinds_find(kinds, fact[i].kind);

		if (!facts_is_live(&fact[i]) || k == NULL ||
		    (str_eq(k->alert_kind, S("-")) &&
		     !str_eq(k->family, S("rating"))))
			continue;
		if (is_grave(k) && fact[i].status != FACT_OBSERVED)
			return "stop";
		word = "watch";
	}
	return word;
}

/* Newest first; the oldest falls off the end. */
static void
add(struct grade *g, struct grade_mark new)
{
	size_t i = g->marks;

	while (i > 0 && g->mark[i - 1].at < new.at)
		i--;
	if (i == GRADE_MARKS)
		return;
	if (g->marks < GRADE_MARKS)
		g->marks++;
	for (size_t k = g->marks - 1; k > i; k--)
		g->mark[k] = g->mark[k - 1];
	g->mark[i] = new;
}

/* Kept by a release that took it; ours does not. */
static enum err
add_unread(struct grade *g, const struct fact_source *s, const char *text,
	   struct arena *a)
{
	struct str why = arena_str(a, str_of(text));

	if (why.p == NULL)
		return ERR_LIMIT;
	if (g->unreads < GRADE_UNREAD)
		g->unread[g->unreads] = (struct grade_unread){ s->source,
							       s->record,
							       why };
	g->unreads++;
	return ERR_OK;
}

static enum err
add_source(struct core *c, const struct fact_source *s, struct arena *a,
	   struct grade *g)
{
	struct diag why = { 0 };
	struct notice n;
	struct str json;
	enum err err;

	if (!s->live)
		return ERR_OK;
	err = store_notice(c->store, s->source, s->record, a, &json);
	if (err != ERR_OK)
		return err == ERR_ABSENT ? ERR_OK : err;
	err = notice_get(json, a, &n, &why);
	if (err_class(err) == ERR_REJECT)
		return add_unread(g, s, why.why[0] == '\0' ? err_text(err) :
							     why.why, a);
	if (err != ERR_OK)
		return err;
	if (n.value_new.n > 0)
		add(g, (struct grade_mark){
			   s->source, n.scale, n.value_new, n.value_old,
			   s->published_at == TIME_NONE ? s->seen_at :
							  s->published_at });
	return ERR_OK;
}

enum err
grade_of(struct core *c, const struct fact *fact, size_t count,
	 struct arena *a, struct grade *out)
{
	enum err err = ERR_OK;

	*out = (struct grade){ .word = word_of(&c->kinds, fact, count) };
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		struct fact_source *s = NULL;
		size_t n = 0;

		if (!facts_is_live(&fact[i]))
			continue;
		err = store_fact_sources(c->store, fact[i].fact_id, a, &s, &n);
		for (size_t k = 0; k < n && err == ERR_OK; k++)
			err = add_source(c, &s[k], a, out);
	}
	return err;
}
