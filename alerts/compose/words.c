/*
 * words.c - headline, body and short text of an alert in one language.
 */
#include "compose_priv.h"

#define SENTENCES_MAX 16u
#define SENTENCE_MAX 2048u /* bytes */
#define ARGS_MAX 12u

/* A text being put together; the arguments live in the arena. */
struct para {
	const struct compose_in *in;
	struct arena *a;
	enum lang lang;
	struct text_arg arg[ARGS_MAX];
	size_t arg_count;
	struct {
		struct str text;
		int keep; /* the least is dropped first */
	} sentence[SENTENCES_MAX];
	size_t count;
	enum err err;
};

bool
compose_is_withheld(const struct compose_in *in)
{
	size_t live = 0;

	for (size_t i = 0; i < in->source_count; i++) {
		if (!in->source[i].live)
			continue;
		if (in->source[i].redistribution != REDIST_ACTION_ONLY)
			return false;
		live++;
	}
	return live > 0;
}

bool
compose_is_insolvency(const struct compose_in *in)
{
	return str_eq(in->kind->family, S("insolvency"));
}

bool
compose_is_stop(const struct compose_in *in)
{
	if (in->alert->state == ALERT_RETRACTED ||
	    in->alert->state == ALERT_RESOLVED)
		return false;
	return in->alert->severity >= SEVERITY_HIGH ||
	       (compose_is_insolvency(in) &&
		in->alert->severity >= SEVERITY_MEDIUM);
}

static bool
is_reprint(const struct fact_source *x, const struct fact_source *y)
{
	return str_eq(x->source, y->source) ||
	       (x->url.n > 0 && str_eq(x->url, y->url));
}

size_t
compose_live_sources(const struct compose_in *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->source_count; i++) {
		size_t k = 0;

		if (!in->source[i].live)
			continue;
		while (k < i && (!in->source[k].live ||
				 !is_reprint(&in->source[k], &in->source[i])))
			k++;
		n += k == i;
	}
	return n;
}

struct str
compose_clip(struct arena *a, struct str s, size_t max)
{
	struct str cut = s;
	struct str out;
	struct buf b;

	if (str_chars(s) <= max)
		return s;
	while (str_chars(cut) >= max || (cut.n < s.n &&
					 ((uint8_t)s.p[cut.n] & 0xC0) == 0x80))
		cut.n--;
	buf_init(&b, s.n + 8);
	buf_put(&b, cut);
	buf_put(&b, S("…"));
	out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

static void
set(struct para *p, const char *name, struct str value)
{
	struct str kept = arena_str(p->a, value);

	must(p->arg_count < ARGS_MAX);
	if (kept.p == NULL) {
		p->err = ERR_LIMIT;
		return;
	}
	p->arg[p->arg_count++] = (struct text_arg){ name, kept };
}

static void
set_count(struct para *p, const char *name, size_t n)
{
	struct buf b;

	buf_init(&b, 32);
	buf_printf(&b, "%zu", n);
	set(p, name, buf_str(&b));
	buf_free(&b);
}

static void
set_money(struct para *p, const char *name, int64_t minor)
{
	struct buf b;

	buf_init(&b, 128);
	compose_amount(&b, p->in->texts, p->lang, minor,
		       p->in->cover->currency);
	set(p, name, buf_str(&b));
	buf_free(&b);
}

static struct str
say(struct para *p, const char *code)
{
	struct str out = STR_NONE;
	struct buf b;

	buf_init(&b, SENTENCE_MAX);
	texts_put(&b, texts_find(p->in->texts, str_of(code), p->lang), p->arg,
		  p->arg_count);
	if (b.err == ERR_OK)
		out = arena_str(p->a, buf_str(&b));
	buf_free(&b);
	if (out.p == NULL)
		p->err = ERR_LIMIT;
	return out;
}

static void
add(struct para *p, const char *code, int keep)
{
	must(p->count < SENTENCES_MAX);
	p->sentence[p->count].text = say(p, code);
	p->sentence[p->count++].keep = keep;
}

static struct str
role_word(const struct para *p)
{
	static const char *const role[] = { "buyer", "bank", "guarantor" };

	return texts_word(p->in->texts, "role",
			  str_of(role[p->in->obligor->type]), p->lang,
			  STR_NONE);
}

/* Chinese headlines and sentences say 阿联酋; English ones UAE buyer, (AE). */
static struct str
country_word(const struct para *p)
{
	struct str c = p->in->obligor->country;

	return texts_word(p->in->texts, "country", c, p->lang, c);
}

/* Who says so, without naming: the best class among the sources shown. */
static struct str
class_word(const struct para *p)
{
	static const char *const best[] = { "court",   "gazette", "registry",
					    "insurer", "bureau",  "press" };
	const struct compose_in *in = p->in;
	struct str other = texts_word(in->texts, "class", S("other"), p->lang,
				      STR_NONE);

	for (size_t k = 0; k < sizeof(best) / sizeof(best[0]); k++)
		for (size_t i = 0; i < in->source_count; i++) {
			const struct fact_source *s = &in->source[i];

			if (s->live && s->redistribution <= REDIST_SUMMARY &&
			    str_eq(s->source_class, str_of(best[k])) &&
			    (in->fact->status != FACT_CONFIRMED ||
			     s->certainty == CERTAINTY_OFFICIAL))
				return texts_word(in->texts, "class",
						  s->source_class, p->lang,
						  other);
		}
	return other;
}

static struct str
kind_title(const struct para *p)
{
	return p->lang == LANG_ZH ? p->in->kind->title_zh :
				    p->in->kind->title_en;
}

static void
upper_first(struct str s)
{
	char *p = (char *)(uintptr_t)s.p;

	if (s.n > 0 && p[0] >= 'a' && p[0] <= 'z')
		p[0] = (char)(p[0] - 'a' + 'A');
}

static struct str
title(struct para *p)
{
	const struct compose_in *in = p->in;
	size_t max = p->lang == LANG_ZH ? COMPOSE_TITLE_ZH_MAX :
					  COMPOSE_TITLE_EN_MAX;
	bool sure = in->fact->status == FACT_CONFIRMED;
	const char *code[3] = { sure ? "title.confirmed.stop" :
				       "title.reported.stop",
				sure ? "title.confirmed" : "title.reported",
				sure ? "title.short.confirmed" :
				       "title.short.reported" };
	size_t i = compose_is_stop(in) ? 0 : 1;
	struct str s;

	/* The shortest form must not tell what the longer ones withhold. */
	if (in->alert->state == ALERT_RETRACTED)
		code[1] = code[2] = "title.retracted";
	else if (in->alert->state == ALERT_RESOLVED)
		code[1] = code[2] = "title.resolved";
	else if (in->suspected) {
		bool no = compose_is_withheld(in);

		code[0] = no ? "title.suspected.withheld" :
			       "title.suspected.hold";
		code[1] = no ? code[0] : "title.suspected";
		code[2] = "title.suspected.withheld";
	} else if (compose_is_withheld(in)) {
		code[0] = "title.withheld.stop";
		code[1] = code[2] = "title.withheld";
	}
	for (; i < 2; i++) {
		s = say(p, code[i]);
		if (str_chars(s) <= max)
			return s;
	}
	return compose_clip(p->a, say(p, code[2]), max);
}

static void
add_head(struct para *p)
{
	const struct compose_in *in = p->in;

	if (in->alert->state == ALERT_RETRACTED)
		add(p, "head.retracted", 100);
	else if (in->alert->state == ALERT_RESOLVED)
		add(p, in->end == END_FACT     ? "head.resolved" :
		       in->end == END_EXPOSURE ? "head.closed" :
						 "head.unlinked",
		    100);
	else if (in->suspected)
		add(p, compose_is_withheld(in) ? "head.suspected.withheld" :
						 "head.suspected",
		    100);
	else if (compose_is_withheld(in))
		add(p, "head.withheld", 100);
	else if (in->fact->status == FACT_CONFIRMED)
		add(p, "head.confirmed", 100);
	else if (in->fact->status == FACT_CORROBORATED)
		add(p, "head.corroborated", 100);
	else if (in->fact->status == FACT_OBSERVED)
		add(p, "head.observed", 100);
	else
		add(p, "head.reported", 100);
}

static void
add_money(struct para *p)
{
	const struct compose_in *in = p->in;
	const struct cover_row *c = in->cover;

	if (c->unshipped > 0) {
		struct buf b;

		set_count(p, "k", c->orders);
		set_money(p, "amount", c->unshipped);
		if (c->next_etd != DATE_NONE) {
			buf_init(&b, 64);
			compose_day(&b, in->texts, p->lang, c->next_etd,
				    date_shanghai(in->now_ms));
			set(p, "date", buf_str(&b));
			buf_free(&b);
			add(p, "body.orders", 90);
			p->arg_count--;
		} else {
			add(p, "body.orders.nodate", 90);
		}
		p->arg_count -= 2;
	}
	if (c->open > 0) {
		set_money(p, "amount", c->open);
		set_money(p, "insured", c->insured);
		set_money(p, "uninsured", c->uninsured);
		add(p, c->insured > 0 ? "body.open" : "body.open.uncovered",
		    80);
		p->arg_count -= 3;
	}
	if (c->unshipped > 0 && c->if_uninsured > 0) {
		set_money(p, "amount", c->if_uninsured);
		add(p, "body.if_shipped", 95);
		p->arg_count--;
	}
	if (c->insured > 0)
		add(p, "body.runoff", 30);
	if (c->unshipped == 0 && c->open == 0)
		add(p, "body.nothing", 60);
	if ((c->reasons & COVER_W) != 0 && c->shipments > 0)
		add(p, "body.no_policy", 50);
	if (c->scope == SCOPE_REVIEW)
		add(p, "body.review", 40);
	if ((c->reasons & COVER_F) != 0)
		add(p, "body.no_rate", 45);
}

static void
add_todo(struct para *p)
{
	const struct compose_in *in = p->in;

	if (in->suspected) {
		add(p, "body.hold", 98);
	} else if (compose_is_stop(in)) {
		if (in->fact->status == FACT_CONFIRMED ||
		    in->reports_left < 0) {
			add(p, "body.stop", 98);
		} else if (in->reports_left == 0) {
			add(p, "body.stop_report_paid", 98);
		} else {
			set_count(p, "n", (size_t)in->reports_left);
			add(p, "body.stop_report", 98);
			p->arg_count--;
		}
	}
	if (in->duty_deadline != DATE_NONE) {
		struct buf b;

		buf_init(&b, 32);
		date_put(&b, in->duty_deadline);
		set(p, "date", buf_str(&b));
		buf_free(&b);
		add(p, "body.duty", 97);
		p->arg_count--;
	}
}

/* The sentences that fit, in order. */
static struct str
fit(struct para *p, size_t max)
{
	struct str out = STR_NONE;
	struct buf b;

	buf_init(&b, (size_t)SENTENCES_MAX * SENTENCE_MAX);
	for (;;) {
		size_t least = 0;

		buf_clear(&b);
		for (size_t i = 0; i < p->count; i++) {
			if (i > 0 && p->lang == LANG_EN)
				buf_byte(&b, ' ');
			buf_put(&b, p->sentence[i].text);
			if (p->sentence[i].keep < p->sentence[least].keep)
				least = i;
		}
		if (p->count == 1 || str_chars(buf_str(&b)) <= max)
			break;
		p->count--;
		for (size_t i = least; i < p->count; i++)
			p->sentence[i] = p->sentence[i + 1];
	}
	if (b.err == ERR_OK)
		out = arena_str(p->a, buf_str(&b));
	buf_free(&b);
	if (out.p == NULL) {
		p->err = ERR_LIMIT;
		return out;
	}
	return compose_clip(p->a, out, max);
}

static struct str
brief(struct para *p)
{
	const struct compose_in *in = p->in;
	bool sure = in->fact->status == FACT_CONFIRMED;

	p->count = 0;
	if (in->alert->state == ALERT_RETRACTED)
		add(p, "short.retracted", 100);
	else if (in->alert->state == ALERT_RESOLVED)
		add(p, "short.resolved", 100);
	else if (in->suspected)
		add(p, compose_is_withheld(in) ? "short.suspected.withheld" :
						 "short.suspected",
		    100);
	else if (compose_is_withheld(in))
		add(p, "short.withheld", 100);
	else
		add(p, sure ? "short.confirmed" : "short.reported", 100);
	if (compose_is_stop(in) && in->cover->unshipped > 0 &&
	    in->cover->if_uninsured > 0) {
		set_money(p, "amount", in->cover->if_uninsured);
		add(p, in->suspected ? "short.hold" : "short.stop", 90);
		p->arg_count--;
	}
	return fit(p, p->lang == LANG_ZH ? COMPOSE_SHORT_ZH_MAX :
					   COMPOSE_SHORT_EN_MAX);
}

static void
set_common(struct para *p)
{
	const struct compose_in *in = p->in;
	struct str mark;

	mark = texts_word(in->texts, "title.mark",
			  str_of(severity_text(in->alert->severity)), p->lang,
			  STR_NONE);
	set(p, "mark", mark);
	set(p, "role", role_word(p));
	set(p, "title", kind_title(p));
	set(p, "phrase",
	    texts_word(in->texts, "kind", in->kind->name, p->lang,
		       kind_title(p)));
	set(p, "class", class_word(p));
	set(p, "country", country_word(p));
}

enum err
compose_words(const struct compose_in *in, enum lang l, struct arena *a,
	      struct compose_text *out)
{
	struct para p = { .in = in, .a = a, .lang = l };
	struct str name = in->obligor->name;

	set_common(&p);
	out->title = title(&p);
	/* In a sentence English says the code: "(AE)", never "(UAE buyer)". */
	if (l == LANG_EN) {
		upper_first(out->title);
		p.arg_count--;
		set(&p, "country", in->obligor->country);
	}
	set(&p, "name", compose_clip(a, name, COMPOSE_NAME_MAX));
	set_count(&p, "n", compose_live_sources(in));
	add_head(&p);
	p.arg_count--;
	if (in->alert->state != ALERT_RETRACTED &&
	    in->alert->state != ALERT_RESOLVED) {
		if (in->recognised)
			add(&p, "body.recognised", 99);
		if (in->historic)
			add(&p, "body.historic", 35);
		add_money(&p);
		add_todo(&p);
		add(&p, "body.prevails", 96);
	}
	add(&p, "body.secret", 94);
	out->body = fit(&p, l == LANG_ZH ? COMPOSE_BODY_ZH_MAX :
					   COMPOSE_BODY_EN_MAX);
	p.arg_count--;
	set(&p, "name", compose_clip(a, name, l == LANG_ZH ? 20 : 50));
	out->brief = brief(&p);
	if (l == LANG_EN)
		upper_first(out->brief);
	return p.err;
}
