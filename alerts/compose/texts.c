/*
 * texts.c - reads etc/texts.tsv and fills its sentences.
 */
#include "texts.h"

#include <stdlib.h>

/* Every code the composer names; kinds, countries and currencies come on
 * top of these. */
static const char *const NEEDED[] = {
	"title.retracted",
	"title.resolved",
	"title.withheld",
	"title.withheld.stop",
	"title.suspected",
	"title.suspected.hold",
	"title.suspected.withheld",
	"title.reported",
	"title.reported.stop",
	"title.confirmed",
	"title.confirmed.stop",
	"title.short.reported",
	"title.short.confirmed",
	"title.mark.CRITICAL",
	"title.mark.HIGH",
	"title.mark.MEDIUM",
	"title.mark.INFO",
	"head.observed",
	"head.reported",
	"head.corroborated",
	"head.confirmed",
	"head.withheld",
	"head.suspected",
	"head.suspected.withheld",
	"head.retracted",
	"head.resolved",
	"head.closed",
	"head.unlinked",
	"body.historic",
	"body.recognised",
	"body.orders",
	"body.orders.nodate",
	"body.if_shipped",
	"body.open",
	"body.open.uncovered",
	"body.runoff",
	"body.nothing",
	"body.no_policy",
	"body.review",
	"body.no_rate",
	"body.stop_report",
	"body.stop_report_paid",
	"body.stop",
	"body.hold",
	"body.duty",
	"body.prevails",
	"body.secret",
	"short.retracted",
	"short.resolved",
	"short.withheld",
	"short.suspected",
	"short.suspected.withheld",
	"short.stop",
	"short.hold",
	"short.reported",
	"short.confirmed",
	"role.buyer",
	"role.bank",
	"role.guarantor",
	"class.registry",
	"class.court",
	"class.gazette",
	"class.bureau",
	"class.insurer",
	"class.press",
	"class.other",
	"date.day",
	"date.year",
	"list.and",
	"month.1",
	"month.2",
	"month.3",
	"month.4",
	"month.5",
	"month.6",
	"month.7",
	"month.8",
	"month.9",
	"month.10",
	"month.11",
	"month.12",
	"reason.W",
	"reason.C",
	"reason.T",
	"reason.S",
	"reason.L",
	"reason.K",
	"reason.D",
	"reason.A",
	"reason.X",
	"reason.F",
	"action.A_STOP_SHIPMENT",
	"action.A_STOP_SHIPMENT.bank",
	"action.A_STOP_SHIPMENT.suspected",
	"action.A_HOLD_DOCS",
	"action.A_SECURE_TITLE",
	"action.A_REPORT_LOSS",
	"action.A_REPORT_RISK",
	"action.A_ORDER_REPORT",
	"action.A_ORDER_REPORT.paid",
	"action.A_CONTACT_MANAGER",
	"action.A_CONTACT_MANAGER.notel",
	"action.A_CALL_BUYER",
	"action.A_NO_RESCHEDULE",
	"action.A_FILE_PROOF_OF_DEBT",
	"action.A_RESELL",
	"action.A_CHANGE_TERMS",
	"action.A_CONFIRM_LC",
	"action.A_CHECK_COVER",
	"action.A_CONSIDER_COMPREHENSIVE",
	"action.A_IGNORE_RETRACTED",
	"action.A_NONE",
};

static int
row_cmp(const void *x, const void *y)
{
	const struct text_row *a = x;
	const struct text_row *b = y;

	return str_cmp(a->code, b->code);
}

static enum err
row_get(struct str line, unsigned no, struct arena *a, struct text_row *r,
	struct diag *d)
{
	struct str rest = line;
	struct str cell[3];

	if (line.n > TEXTS_ROW_MAX)
		return diag_set(d, ERR_CONFIG, no, "longer than %u bytes",
				TEXTS_ROW_MAX);
	if (!str_utf8(line))
		return diag_set(d, ERR_CONFIG, no, "not UTF-8");
	for (size_t i = 0; i < 3; i++) {
		cell[i] = arena_str(a, str_cut(&rest, '\t'));
		if (cell[i].p == NULL)
			return ERR_LIMIT;
		if (cell[i].n == 0)
			return diag_set(d, ERR_CONFIG, no,
					"a text has code, zh and en");
	}
	if (rest.n > 0)
		return diag_set(d, ERR_CONFIG, no, "more than 3 columns");
	*r = (struct text_row){ cell[0], { cell[1], cell[2] } };
	return ERR_OK;
}

static enum err
check_needed(const struct texts *t, const struct kinds *kinds, struct diag *d)
{
	for (size_t i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++)
		if (texts_find(t, str_of(NEEDED[i]), LANG_ZH).n == 0)
			return diag_set(d, ERR_CONFIG, 0, "no text '%s'",
					NEEDED[i]);
	for (size_t i = 0; i < kinds->count; i++) {
		const struct kind *k = &kinds->row[i];

		if (!str_eq(k->alert_kind, S("-")) &&
		    texts_word(t, "kind", k->name, LANG_ZH, STR_NONE).n == 0)
			return diag_set(d, ERR_CONFIG, 0,
					"no text 'kind.%.*s'",
					STR_ARG(k->name));
	}
	return ERR_OK;
}

enum err
texts_get(struct str tsv, const struct kinds *kinds, struct arena *a,
	  struct texts *out, struct diag *d)
{
	struct texts t = { arena_array(a, struct text_row, TEXTS_MAX), 0 };
	unsigned no = 0;
	enum err err;

	if (t.row == NULL)
		return ERR_LIMIT;
	for (struct str rest = tsv; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');

		no++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (t.count == TEXTS_MAX)
			return diag_set(d, ERR_CONFIG, no,
					"more than %u texts", TEXTS_MAX);
		err = row_get(line, no, a, &t.row[t.count], d);
		if (err != ERR_OK)
			return err;
		t.count++;
	}
	qsort(t.row, t.count, sizeof(t.row[0]), row_cmp);
	for (size_t i = 1; i < t.count; i++)
		if (str_eq(t.row[i].code, t.row[i - 1].code))
			return diag_set(d, ERR_CONFIG, 0,
					"text '%.*s' given twice",
					STR_ARG(t.row[i].code));
	err = check_needed(&t, kinds, d);
	if (err == ERR_OK)
		*out = t;
	return err;
}

struct str
texts_find(const struct texts *t, struct str code, enum lang l)
{
	const struct text_row key = { .code = code };
	const struct text_row *hit;

	if (t->count == 0)
		return STR_NONE;
	hit = bsearch(&key, t->row, t->count, sizeof(t->row[0]), row_cmp);
	return hit == NULL ? STR_NONE : hit->text[l];
}

struct str
texts_word(const struct texts *t, const char *prefix, struct str name,
	   enum lang l, struct str dflt)
{
	struct buf code;
	struct str hit;

	buf_init(&code, 256);
	buf_printf(&code, "%s.%.*s", prefix, STR_ARG(name));
	hit = code.err != ERR_OK ? STR_NONE :
				   texts_find(t, buf_str(&code), l);
	buf_free(&code);
	return hit.n == 0 ? dflt : hit;
}

static bool
put_arg(struct buf *b, struct str name, const struct text_arg *arg,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(str_of(arg[i].name), name)) {
			buf_put(b, arg[i].value);
			return true;
		}
	return false;
}

void
texts_put(struct buf *b, struct str sentence, const struct text_arg *arg,
	  size_t count)
{
	struct str rest = sentence;

	while (rest.n > 0) {
		size_t open = str_find(rest, '{');
		struct str name;

		buf_put(b, str_sub(rest, 0, open));
		rest = str_sub(rest, open, rest.n);
		if (rest.n == 0)
			return;
		name = str_sub(rest, 1, str_find(rest, '}') - 1);
		if (name.n + 2 > rest.n || !put_arg(b, name, arg, count)) {
			buf_byte(b, '{');
			rest = str_sub(rest, 1, rest.n);
			continue;
		}
		rest = str_sub(rest, name.n + 2, rest.n);
	}
}
