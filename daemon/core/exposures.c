/*
 * exposures.c - every exposure that was asked for, printed.
 */
#include "exposures.h"

#include <stdlib.h>

#include "exposure.h"

struct total {
	struct str currency;
	size_t last_exporter;
	bool too_large;
	int64_t exporters;
	int64_t open;
	int64_t unshipped;
	int64_t insured;
	int64_t uninsured;
	int64_t if_insured;
	int64_t if_uninsured;
};

struct printer {
	const struct exposures_ask *ask;
	struct buf *out;
	struct str exporter_id;
	size_t exporter; /* the how manieth, from 1 */
	bool incomplete; /* a row could not be told */
	struct obligor obligor;
	struct knowledge k;
	struct total total[EXPOSURES_TOTALS_MAX];
	size_t totals;
};

/* ---- rows ---- */

static void
put_policy(struct jsonw *w, const struct cover_row *r)
{
	if (r->policy == NULL) {
		jsonw_null(w, "policy_id");
		jsonw_null(w, "scheme_id");
	} else {
		jsonw_str(w, "policy_id", r->policy->policy_id);
		jsonw_str(w, "scheme_id", r->scheme->scheme_id);
	}
	jsonw_str(w, "select_rule", S("by_ship_date"));
	jsonw_str(w, "currency", r->currency);
	if (r->scheme == NULL) {
		jsonw_null(w, "insured_bp");
		jsonw_null(w, "cap");
		jsonw_null(w, "cap_basis");
	} else {
		jsonw_int(w, "insured_bp", r->scheme->insured_bp);
		jsonw_money(w, "cap", r->scheme->cap_minor, r->currency);
		jsonw_str(w, "cap_basis",
			  r->scheme->cap_basis == CAP_LOSS ? S("loss") :
							     S("indemnity"));
	}
}

static void
put_if_shipped(struct jsonw *w, int64_t insured, int64_t uninsured,
	       struct str ccy)
{
	jsonw_obj(w, "if_shipped");
	jsonw_money(w, "insured", insured, ccy);
	jsonw_money(w, "uninsured", uninsured, ccy);
	jsonw_end_obj(w);
}

static void
put_money(struct jsonw *w, const struct cover_row *r)
{
	struct str ccy = r->currency;

	jsonw_int(w, "shipments", (int64_t)r->shipments);
	jsonw_money(w, "open", r->open, ccy);
	jsonw_money(w, "overdue", r->overdue, ccy);
	jsonw_int(w, "max_dpd", r->max_dpd);
	jsonw_money(w, "unshipped", r->unshipped, ccy);
	jsonw_date(w, "next_etd", r->next_etd);
	jsonw_money(w, "insured", r->insured, ccy);
	jsonw_money(w, "uninsured", r->uninsured, ccy);
	put_if_shipped(w, r->if_insured, r->if_uninsured, ccy);
	if (r->scheme != NULL && r->scheme->insured_bp > 0)
		jsonw_money(w, "break_even", r->break_even, ccy);
	else
		jsonw_null(w, "break_even");
}

static void
put_fx(struct jsonw *w, const struct cover_row *r, int32_t as_of)
{
	jsonw_arr(w, "fx");
	for (size_t i = 0; i < r->fx_count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "base", r->fx[i].base);
		jsonw_str(w, "quote", r->fx[i].quote);
		jsonw_str(w, "rate", r->fx[i].rate);
		jsonw_date(w, "as_of", r->fx[i].as_of);
		jsonw_bool(w, "stale", cover_fx_stale(&r->fx[i], as_of));
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
put_why(struct jsonw *w, const struct cover_row *r, int32_t as_of)
{
	jsonw_arr(w, "reasons");
	for (unsigned i = 0; i < COVER_REASONS; i++) {
		const char letter = cover_reason_letter(i);

		if ((r->reasons & 1u << i) != 0)
			jsonw_str(w, NULL, (struct str){ &letter, 1 });
	}
	jsonw_end_arr(w);
	jsonw_str(w, "scope_check", str_of(cover_scope_text(r->scope)));
	jsonw_str(w, "quality", str_of(cover_quality_text(r->quality)));
	put_fx(w, r, as_of);
}

static struct str
type_word(enum obligor_type t)
{
	switch (t) {
	case OBLIGOR_BUYER:
		return S("buyer");
	case OBLIGOR_BANK:
		return S("bank");
	case OBLIGOR_GUARANTOR:
		return S("guarantor");
	}
	return S("buyer");
}

static void
put_who(struct printer *p, struct jsonw *w)
{
	jsonw_obj(w, NULL);
	jsonw_str(w, "row", S("exposure"));
	jsonw_date(w, "as_of", p->ask->as_of);
	jsonw_str(w, "exporter_id", p->exporter_id);
	jsonw_str(w, "obligor_id", p->obligor.obligor_id);
	jsonw_str(w, "obligor_type", type_word(p->obligor.type));
	jsonw_str(w, "obligor_name", p->obligor.name);
	jsonw_str(w, "country", p->obligor.country);
}

/* Who it is, and that the figures do not fit. */
static void
put_too_large(struct printer *p)
{
	static const char *const unknown[] = {
		"policy_id", "scheme_id",  "select_rule", "currency",
		"insured_bp", "cap",	   "cap_basis",	  "shipments",
		"open",	     "overdue",	   "max_dpd",	  "unshipped",
		"next_etd",  "insured",	   "uninsured",	  "if_shipped",
		"break_even",
	};
	struct jsonw w = jsonw_of(p->out);

	p->incomplete = true;
	if (!p->ask->json) {
		buf_printf(p->out, "%-16.*s %-16.*s figures too large\n",
			   STR_ARG(p->exporter_id),
			   STR_ARG(p->obligor.obligor_id));
		return;
	}
	put_who(p, &w);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		jsonw_null(&w, unknown[i]);
	jsonw_arr(&w, "reasons");
	jsonw_end_arr(&w);
	jsonw_null(&w, "scope_check");
	jsonw_str(&w, "quality", S("too_large"));
	jsonw_arr(&w, "fx");
	jsonw_end_arr(&w);
	jsonw_null(&w, "knew_at");
	jsonw_end_obj(&w);
	buf_byte(p->out, '\n');
}

static void
put_json(struct printer *p, const struct cover_row *r)
{
	struct jsonw w = jsonw_of(p->out);
	int32_t as_of = p->ask->as_of;
	bool knew = p->k.knew_ms != TIME_NONE &&
		    date_shanghai(p->k.knew_ms) <= as_of;

	put_who(p, &w);
	put_policy(&w, r);
	put_money(&w, r);
	put_why(&w, r, as_of);
	jsonw_time(&w, "knew_at", knew ? p->k.knew_ms : TIME_NONE);
	jsonw_end_obj(&w);
	buf_byte(p->out, '\n');
}

/* Right-aligned in 16 columns. */
static void
show(struct buf *out, int64_t minor, struct str ccy)
{
	struct buf b;

	buf_init(&b, 64);
	money_show(&b, minor, ccy);
	buf_printf(out, " %16.*s", STR_ARG(buf_str(&b)));
	buf_free(&b);
}

static void
put_head(struct buf *out)
{
	buf_printf(out, "%-16s %-16s %-16s %-3s %16s %16s %16s %16s %16s %s\n",
		   "exporter", "obligor", "policy", "", "open", "insured",
		   "uninsured", "not shipped", "of it insured", "why not");
}

static void
put_text(struct printer *p, const struct cover_row *r)
{
	struct str policy = r->policy == NULL ? S("none") :
						r->policy->policy_id;

	buf_printf(p->out, "%-16.*s %-16.*s %-16.*s %-3.*s",
		   STR_ARG(p->exporter_id), STR_ARG(p->obligor.obligor_id),
		   STR_ARG(policy), STR_ARG(r->currency));
	show(p->out, r->open, r->currency);
	show(p->out, r->insured, r->currency);
	show(p->out, r->uninsured, r->currency);
	show(p->out, r->unshipped, r->currency);
	show(p->out,
	     r->if_insured > r->insured ? r->if_insured - r->insured : 0,
	     r->currency);
	buf_byte(p->out, ' ');
	for (unsigned i = 0; i < COVER_REASONS; i++)
		if ((r->reasons & 1u << i) != 0)
			buf_byte(p->out, (uint8_t)cover_reason_letter(i));
	if (r->policy == NULL)
		buf_put(p->out, S(" no policy year loaded for this date"));
	if (r->scope == SCOPE_REVIEW)
		buf_put(p->out, S(" scope to be reviewed"));
	if (r->two_policies)
		buf_put(p->out, S(" two policies for a day"));
	buf_byte(p->out, '\n');
}

/* ---- recoveries ---- */

static void
recovery_json(struct printer *p, const struct cover_recovery *r)
{
	struct jsonw w = jsonw_of(p->out);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "row", S("recovery"));
	jsonw_date(&w, "as_of", p->ask->as_of);
	jsonw_str(&w, "exporter_id", p->exporter_id);
	jsonw_str(&w, "obligor_id", p->obligor.obligor_id);
	jsonw_str(&w, "currency", r->currency);
	jsonw_money(&w, "recovered", r->recovered, r->currency);
	jsonw_money(&w, "insurer", r->insurer, r->currency);
	jsonw_money(&w, "exporter", r->exporter, r->currency);
	jsonw_end_obj(&w);
	buf_byte(p->out, '\n');
}

static void
recovery_text(struct printer *p, const struct cover_recovery *r)
{
	buf_printf(p->out, "%-16.*s %-16.*s %-16s %-3.*s",
		   STR_ARG(p->exporter_id), STR_ARG(p->obligor.obligor_id),
		   "recovered", STR_ARG(r->currency));
	show(p->out, r->recovered, r->currency);
	buf_put(p->out, S(" of it the insurer's"));
	show(p->out, r->insurer, r->currency);
	buf_put(p->out, S(" the exporter's"));
	show(p->out, r->exporter, r->currency);
	buf_byte(p->out, '\n');
}

static enum err
put_recoveries(struct printer *p, struct exposure *e,
	       const struct cover_row *rows, size_t row_count)
{
	struct cover_recovery *r = NULL;
	size_t count = 0;
	enum err err;

	err = cover_recoveries(&e->in, rows, row_count, e->arena, &r, &count);
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (p->ask->json)
			recovery_json(p, &r[i]);
		else
			recovery_text(p, &r[i]);
	}
	return err;
}

/* ---- totals ---- */

static struct total *
total_of(struct printer *p, struct str currency)
{
	size_t i = 0;

	/* Kept in order of currency. */
	while (i < p->totals && str_cmp(p->total[i].currency, currency) < 0)
		i++;
	if (i < p->totals && str_eq(p->total[i].currency, currency))
		return &p->total[i];
	if (p->totals == EXPOSURES_TOTALS_MAX)
		return NULL;
	for (size_t k = p->totals++; k > i; k--)
		p->total[k] = p->total[k - 1];
	p->total[i] = (struct total){ 0 };
	return &p->total[i];
}

/* Keeps what it must of the row: its arena goes. */
static enum err
count_total(struct printer *p, const struct cover_row *r, struct arena *keep)
{
	struct total *t = total_of(p, r->currency);

	if (t == NULL)
		return ERR_LIMIT;
	if (t->currency.n == 0)
		t->currency = arena_str(keep, r->currency);
	if (t->currency.p == NULL)
		return ERR_LIMIT;
	if (t->last_exporter != p->exporter) {
		t->last_exporter = p->exporter;
		t->exporters++;
	}
	t->too_large =
	    t->too_large ||
	    __builtin_add_overflow(t->open, r->open, &t->open) ||
	    __builtin_add_overflow(t->unshipped, r->unshipped,
				   &t->unshipped) ||
	    __builtin_add_overflow(t->insured, r->insured, &t->insured) ||
	    __builtin_add_overflow(t->uninsured, r->uninsured,
				   &t->uninsured) ||
	    __builtin_add_overflow(t->if_insured, r->if_insured,
				   &t->if_insured) ||
	    __builtin_add_overflow(t->if_uninsured, r->if_uninsured,
				   &t->if_uninsured);
	return ERR_OK;
}

static void
total_money(const struct total *t, struct jsonw *w)
{
	if (t->too_large) {
		jsonw_null(w, "open");
		jsonw_null(w, "unshipped");
		jsonw_null(w, "insured");
		jsonw_null(w, "uninsured");
		jsonw_null(w, "if_shipped");
		return;
	}
	jsonw_money(w, "open", t->open, t->currency);
	jsonw_money(w, "unshipped", t->unshipped, t->currency);
	jsonw_money(w, "insured", t->insured, t->currency);
	jsonw_money(w, "uninsured", t->uninsured, t->currency);
	put_if_shipped(w, t->if_insured, t->if_uninsured, t->currency);
}

static void
total_json(struct printer *p, const struct total *t)
{
	struct jsonw w = jsonw_of(p->out);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "row", S("total"));
	jsonw_date(&w, "as_of", p->ask->as_of);
	jsonw_str_or_null(&w, "obligor_id", p->ask->obligor_id);
	jsonw_str_or_null(&w, "country", p->ask->country);
	jsonw_int(&w, "exporters", t->exporters);
	jsonw_str(&w, "currency", t->currency);
	total_money(t, &w);
	if (t->too_large || p->incomplete)
		jsonw_str(&w, "quality",
			  t->too_large ? S("too_large") : S("incomplete"));
	jsonw_end_obj(&w);
	buf_byte(p->out, '\n');
}

static void
total_text(struct printer *p, const struct total *t)
{
	buf_printf(p->out, "%-16s %-5lld %-27s %-3.*s", "total",
		   (long long)t->exporters, "exporters", STR_ARG(t->currency));
	if (t->too_large) {
		buf_put(p->out, S(" figures too large\n"));
		return;
	}
	show(p->out, t->open, t->currency);
	show(p->out, t->insured, t->currency);
	show(p->out, t->uninsured, t->currency);
	show(p->out, t->unshipped, t->currency);
	show(p->out,
	     t->if_insured > t->insured ? t->if_insured - t->insured : 0,
	     t->currency);
	buf_put(p->out, p->incomplete ? S(" incomplete\n") : S("\n"));
}

static bool
wants_totals(const struct exposures_ask *ask)
{
	return ask->obligor_id.n > 0 || ask->country.n > 0;
}

static void
put_totals(struct printer *p)
{
	for (size_t i = 0; i < p->totals; i++) {
		if (p->ask->json)
			total_json(p, &p->total[i]);
		else
			total_text(p, &p->total[i]);
	}
}

/* ---- all of it ---- */

static enum err
put_pair(struct printer *p, struct exposure *e, struct str obligor_id,
	 struct arena *keep)
{
	struct cover_row *rows = NULL;
	size_t count = 0;
	enum err err;

	err = store_obligor(e->store, obligor_id, e->arena, &p->obligor);
	if (err == ERR_OK)
		err = exposure_knowledge(e, obligor_id, &p->k);
	if (err == ERR_OK)
		err = exposure_on(e, &p->obligor, &p->k, &rows, &count);
	/* This one's figures: no reason to keep back the others'. */
	if (err == ERR_LIMIT) {
		put_too_large(p);
		return ERR_OK;
	}
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (p->ask->json)
			put_json(p, &rows[i]);
		else
			put_text(p, &rows[i]);
		if (wants_totals(p->ask))
			err = count_total(p, &rows[i], keep);
	}
	return err != ERR_OK ? err : put_recoveries(p, e, rows, count);
}

/* An exporter's pairs, gathered until the next exporter comes and there are
 * enough for a turn. */
struct exposures {
	struct store *s;	  /* borrowed */
	struct exposures_ask ask; /* its strs borrowed */
	struct printer p;
	struct arena keep;  /* until the end */
	struct arena names; /* of the pairs at hand */
	struct arena a;	    /* of the exporter at hand */
	struct exposure *e; /* its, in a; NULL: none is at hand */
	struct exposed *pair; /* owned */
	size_t count;
	size_t room;
	size_t at;
	size_t work; /* pairs computed in this turn, told or not */
	char last[STR_ID_MAX + 1]; /* exporter that was gathered */
	bool all;		   /* of them were */
	int64_t version;	   /* of the book */
};

static enum err
gather_pair(void *ctx, const struct exposed *next)
{
	struct exposures *x = ctx;
	struct exposed *last = x->count == 0 ? NULL : &x->pair[x->count - 1];
	bool same = last != NULL && str_eq(last->exporter_id,
					   next->exporter_id);
	struct exposed *more;

	if (!same && x->count >= EXPOSURES_TURN)
		return ERR_AGAIN;
	if (x->count == x->room) {
		if (x->count >= STORE_ROWS_MAX)
			return ERR_LIMIT;
		more = reallocarray(x->pair, x->room * 2 + 64, sizeof(*more));
		if (more == NULL)
			return ERR_STORE;
		x->pair = more;
		x->room = x->room * 2 + 64;
	}
	x->pair[x->count] = (struct exposed){
		same ? x->pair[x->count - 1].exporter_id :
		       arena_str(&x->names, next->exporter_id),
		arena_str(&x->names, next->obligor_id)
	};
	return x->pair[x->count++].obligor_id.p == NULL ? ERR_LIMIT : ERR_OK;
}

static enum err
gather(struct exposures *x)
{
	const struct exposed_of of = { x->ask.exporter_id, x->ask.obligor_id,
				       str_of(x->last) };
	enum err err;

	x->count = 0;
	x->at = 0;
	err = store_exposed_each(x->s, &of, gather_pair, x);
	x->all = err == ERR_OK;
	if (err == ERR_AGAIN)
		err = ERR_OK;
	if (err == ERR_OK && x->count > 0)
		err = str_copy(x->last, sizeof(x->last),
			       x->pair[x->count - 1].exporter_id);
	return err;
}

static enum err
begin_exporter(struct exposures *x, struct str exporter_id)
{
	x->p.exporter++;
	x->p.exporter_id = exporter_id;
	x->e = arena_new(&x->a, struct exposure);
	return x->e == NULL ? ERR_LIMIT :
			      exposure_of(x->e, x->s, &x->a, exporter_id,
					  x->ask.as_of);
}

static enum err
end_exporter(struct exposures *x)
{
	enum err err = ERR_OK;

	x->e = NULL;
	arena_rewind(&x->a, 0);
	if (x->ask.spill != NULL)
		err = x->ask.spill(x->ask.self, x->p.out);
	return err == ERR_OK ? x->p.out->err : err;
}

/* Of another country than was asked for.  To ask for the obligors of the
 * country would look at all of them, every turn. */
static enum err
is_elsewhere(struct exposures *x, struct str obligor_id, bool *out)
{
	size_t mark = arena_mark(&x->a);
	struct obligor o;
	enum err err = ERR_OK;

	*out = false;
	if (x->ask.country.n == 0)
		return ERR_OK;
	err = store_obligor(x->s, obligor_id, &x->a, &o);
	if (err == ERR_OK)
		*out = !str_eq(o.country, x->ask.country);
	arena_rewind(&x->a, mark);
	return err;
}

static enum err
tell_pair(struct exposures *x, const struct exposed *pair)
{
	enum err err = ERR_OK;
	size_t before;

	if (x->e == NULL)
		err = begin_exporter(x, pair->exporter_id);
	if (err != ERR_OK)
		return err;
	/* A filter must not change the figures. */
	before = x->e->skipped;
	if (wants_totals(&x->ask))
		err = exposure_skip_to(x->e, pair->obligor_id);
	/* Itself is among them, or all have been before. */
	if (x->e->skipped > before)
		x->work += x->e->skipped - before - 1;
	if (err == ERR_OK)
		err = put_pair(&x->p, x->e, pair->obligor_id, &x->keep);
	return err;
}

/* The pair at hand; obligors of an exporter come ascending. */
static enum err
next_pair(struct exposures *x)
{
	const struct exposed *pair = &x->pair[x->at++];
	bool elsewhere = false;
	enum err err = is_elsewhere(x, pair->obligor_id, &elsewhere);

	x->work++;
	if (err == ERR_OK && !elsewhere)
		err = tell_pair(x, pair);
	if (err == ERR_OK && x->e != NULL &&
	    (x->at == x->count ||
	     !str_eq(pair->exporter_id, pair[1].exporter_id)))
		err = end_exporter(x);
	return err;
}

enum err
exposures_begin(struct store *s, const struct exposures_ask *ask,
		struct buf *out, struct exposures **to)
{
	struct exposures *x = calloc(1, sizeof(*x));
	enum err err;

	if (x == NULL)
		return ERR_LIMIT;
	x->s = s;
	x->ask = *ask;
	x->p = (struct printer){ .ask = &x->ask, .out = out };
	err = arena_init(&x->keep, EXPOSURES_KEEP_SIZE);
	if (err == ERR_OK)
		err = arena_init(&x->names, EXPOSURES_ARENA_SIZE);
	if (err == ERR_OK)
		err = arena_init(&x->a, EXPOSURES_ARENA_SIZE);
	if (err == ERR_OK)
		err = store_book_version(s, &x->version);
	if (err == ERR_OK && !ask->json)
		put_head(out);
	if (err == ERR_OK)
		*to = x;
	else
		exposures_end(x);
	return err;
}

enum err
exposures_step(struct exposures *x)
{
	int64_t version = 0;
	enum err err = store_book_version(x->s, &version);

	if (err == ERR_OK && version != x->version)
		err = ERR_REFUSED;
	if (err == ERR_OK && x->at == x->count && !x->all) {
		arena_rewind(&x->names, 0);
		err = gather(x);
	}
	x->work = 0;
	while (err == ERR_OK && x->at < x->count && x->work < EXPOSURES_TURN)
		err = next_pair(x);
	if (err == ERR_OK && (x->at < x->count || !x->all))
		return ERR_AGAIN;
	if (err == ERR_OK)
		put_totals(&x->p);
	return err == ERR_OK ? x->p.out->err : err;
}

void
exposures_end(struct exposures *x)
{
	if (x == NULL)
		return;
	arena_fini(&x->keep);
	arena_fini(&x->names);
	arena_fini(&x->a);
	free(x->pair);
	free(x);
}

enum err
exposures_put(struct store *s, const struct exposures_ask *ask,
	      struct buf *out)
{
	struct exposures *x = NULL;
	enum err err = exposures_begin(s, ask, out, &x);

	if (err != ERR_OK)
		return err;
	do
		err = exposures_step(x);
	while (err == ERR_AGAIN);
	exposures_end(x);
	return err;
}
