/*
 * actions.c - what to do, most urgent first.
 */
#include "compose_priv.h"

struct list {
	const struct compose_in *in;
	struct arena *a;
	struct compose_action *out;
	size_t count;
	enum err err;
};

/* text: the code of its sentence; arg may be empty. */
static struct compose_action *
add_text(struct list *l, const char *code, const char *channel,
	 const char *text, const struct text_arg arg[LANG_COUNT])
{
	static const char *const role[] = { "buyer", "bank", "guarantor" };
	struct compose_action *act;

	must(l->count < COMPOSE_ACTIONS_MAX);
	act = &l->out[l->count++];
	*act = (struct compose_action){ .code = code,
					.channel = channel,
					.due_on = DATE_NONE,
					.reports = -1 };
	for (size_t i = 0; i < LANG_COUNT; i++) {
		enum lang lang = (enum lang)i;
		struct text_arg args[2] = {
			{ "role",
			  texts_word(l->in->texts, "role",
				     str_of(role[l->in->obligor->type]), lang,
				     STR_NONE) },
			arg[i],
		};
		struct buf b;

		buf_init(&b, TEXTS_ROW_MAX);
		texts_put(&b,
			  texts_word(l->in->texts, "action", str_of(text),
				     lang, STR_NONE),
			  args, arg[i].name == NULL ? 1 : 2);
		act->text[i] = arena_str(l->a, buf_str(&b));
		if (b.err != ERR_OK || act->text[i].p == NULL)
			l->err = ERR_LIMIT;
		buf_free(&b);
	}
	return act;
}

static void
add(struct list *l, const char *code, const char *channel)
{
	static const struct text_arg none[LANG_COUNT];

	(void)add_text(l, code, channel, code, none);
}

static void
add_stop(struct list *l)
{
	static const struct text_arg none[LANG_COUNT];
	bool bank = l->in->obligor->type == OBLIGOR_BANK;

	(void)add_text(l, "A_STOP_SHIPMENT", "consult",
		       l->in->suspected ? "A_STOP_SHIPMENT.suspected" :
		       bank		? "A_STOP_SHIPMENT.bank" :
					  "A_STOP_SHIPMENT",
		       none);
}

static void
add_value(struct list *l, const char *code, const char *channel,
	  const char *name, struct str value)
{
	const struct text_arg arg[LANG_COUNT] = { { name, value },
						  { name, value } };

	(void)add_text(l, code, channel, code, arg);
}

static void
add_report_loss(struct list *l)
{
	struct text_arg arg[LANG_COUNT];
	struct compose_action *act;
	struct buf b;

	if (l->in->duty_deadline == DATE_NONE)
		return;
	buf_init(&b, 32);
	date_put(&b, l->in->duty_deadline);
	arg[0] = (struct text_arg){ "deadline", buf_str(&b) };
	arg[1] = arg[0];
	act = add_text(l, "A_REPORT_LOSS", "claim", "A_REPORT_LOSS", arg);
	act->due_on = l->in->duty_deadline;
	buf_free(&b);
}

static void
add_order_report(struct list *l)
{
	static const struct text_arg none[LANG_COUNT];
	struct compose_action *act;
	struct buf b;

	if (l->in->reports_left <= 0) {
		act = add_text(l, "A_ORDER_REPORT", "credit_info",
			       "A_ORDER_REPORT.paid", none);
	} else {
		struct text_arg arg[LANG_COUNT];

		buf_init(&b, 32);
		buf_printf(&b, "%d", l->in->reports_left);
		arg[0] = (struct text_arg){ "n", buf_str(&b) };
		arg[1] = arg[0];
		act = add_text(l, "A_ORDER_REPORT", "credit_info",
			       "A_ORDER_REPORT", arg);
		buf_free(&b);
	}
	act->reports = l->in->reports_left < 0 ? 0 : l->in->reports_left;
}

static void
add_contact(struct list *l)
{
	static const struct text_arg none[LANG_COUNT];

	if (l->in->tel.n > 0)
		add_value(l, "A_CONTACT_MANAGER", "consult", "tel",
			  l->in->tel);
	else
		(void)add_text(l, "A_CONTACT_MANAGER", "consult",
			       "A_CONTACT_MANAGER.notel", none);
}

static void
add_check_cover(struct list *l)
{
	unsigned reasons = l->in->cover->reasons &
			   ~(unsigned)(COVER_K | COVER_F);
	struct text_arg arg[LANG_COUNT];
	struct buf b[LANG_COUNT];

	if (reasons == 0 || l->in->cover->shipments == 0)
		return;
	for (size_t i = 0; i < LANG_COUNT; i++) {
		buf_init(&b[i], 1024);
		compose_reasons(&b[i], l->in->texts, (enum lang)i, reasons);
		arg[i] = (struct text_arg){ "reason", buf_str(&b[i]) };
	}
	(void)add_text(l, "A_CHECK_COVER", "underwrite", "A_CHECK_COVER", arg);
	for (size_t i = 0; i < LANG_COUNT; i++)
		buf_free(&b[i]);
}

static void
add_all(struct list *l)
{
	const struct compose_in *in = l->in;
	const struct cover_row *c = in->cover;
	bool loud = in->alert->severity >= SEVERITY_HIGH;

	if (compose_is_stop(in))
		add_stop(l);
	if (c->in_transit) {
		add(l, "A_HOLD_DOCS", "claim");
		add(l, "A_SECURE_TITLE", "claim");
	}
	add_report_loss(l);
	if (loud && str_eq(in->alert->kind, S("BUYER_REJECTION")))
		add(l, "A_RESELL", "claim");
	if (loud && c->overdue > 0 && !compose_is_insolvency(in))
		add(l, "A_CALL_BUYER", "consult");
	if (in->fact->status != FACT_CONFIRMED &&
	    in->alert->severity >= SEVERITY_MEDIUM)
		add_order_report(l);
	if (loud) {
		add_contact(l);
		add(l, "A_REPORT_RISK", "claim");
	}
	/* Not in the estate of who may be another. */
	if (compose_is_insolvency(in) && c->open > 0 && !in->suspected)
		add(l, "A_FILE_PROOF_OF_DEBT", "claim");
	if (loud && c->open > 0)
		add(l, "A_NO_RESCHEDULE", "claim");
	add_check_cover(l);
	if (c->break_even > 0 && c->open >= c->break_even)
		add(l, "A_CONSIDER_COMPREHENSIVE", "underwrite");
	if (loud && in->obligor->type == OBLIGOR_BANK)
		add(l, "A_CONFIRM_LC", "consult");
}

enum err
compose_actions(const struct compose_in *in, struct arena *a,
		struct compose_action *out, size_t *count)
{
	struct list l = { .in = in, .a = a, .out = out };

	if (in->alert->state == ALERT_RETRACTED)
		add(&l, "A_IGNORE_RETRACTED", "consult");
	else if (in->alert->state == ALERT_RESOLVED)
		add_contact(&l);
	else
		add_all(&l);
	if (l.count == 0)
		add(&l, "A_NONE", "consult");
	*count = l.count;
	return l.err;
}
