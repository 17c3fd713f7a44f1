/*
 * book_check.c - the types of book.def and the rules within one row.
 */
#include "book_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "book_parts.h"
#include "clock.h"
#include "money.h"

static void fault(struct book_row *row, unsigned col, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
fault(struct book_row *row, unsigned col, const char *fmt, ...)
{
	char why[DIAG_WHY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	row->faults++;
	row->lookup->complain(row->lookup->self, row->kind->col[col].name,
			      why);
}

/* What of a value is shown in a message. */
static struct str
shown(struct str s)
{
	size_t n = s.n < 40 ? s.n : 40;

	/* Not within a character. */
	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return str_sub(s, 0, n);
}

static void
set_int(struct book_row *row, unsigned col, int64_t v)
{
	row->value[col] = (struct book_value){ VALUE_INT, v, STR_NONE };
}

static void
set_text(struct book_row *row, unsigned col, struct str s)
{
	row->value[col] = (struct book_value){ VALUE_TEXT, 0, s };
}

/* The text in NFC, without control characters; false: told. */
static bool
clean_text(struct book_row *row, unsigned col, struct str in, struct str *out)
{
	bool ascii = true;
	struct buf nfc;
	enum err err;

	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c < 0x20 || c == 0x7F) {
			fault(row, col, "control character 0x%02x", c);
			return false;
		}
		ascii = ascii && c < 0x80;
	}
	if (in.n > BOOK_TEXT_MAX) {
		fault(row, col, "longer than %u bytes", BOOK_TEXT_MAX);
		return false;
	}
	*out = in;
	if (ascii)
		return true;
	buf_init(&nfc, 4u * BOOK_TEXT_MAX);
	err = fold_nfc(&nfc, in);
	if (err == ERR_OK)
		err = nfc.err;
	if (err == ERR_OK) {
		*out = arena_str(row->a, buf_str(&nfc));
		if (out->p == NULL)
			err = ERR_LIMIT;
	}
	buf_free(&nfc);
	if (err == ERR_LIMIT)
		fault(row, col, "too long");
	else if (err != ERR_OK)
		fault(row, col, "not well-formed UTF-8");
	return err == ERR_OK;
}

static void
check_text(struct book_row *row, unsigned col, struct str in)
{
	struct str text;

	if (clean_text(row, col, in, &text))
		set_text(row, col, text);
}

static void
check_id(struct book_row *row, unsigned col, struct str in)
{
	if (str_is_id(in))
		set_text(row, col, in);
	else
		fault(row, col, "'%.*s' is not an id ([A-Za-z0-9_-], 1 to 64)",
		      STR_ARG(shown(in)));
}

static enum err
check_ref(struct book_row *row, unsigned col, struct str in)
{
	const char *kind = row->kind->col[col].arg;
	enum err err;

	check_id(row, col, in);
	if (row->value[col].is != VALUE_TEXT)
		return ERR_OK;
	err = row->lookup->find(row->lookup->self, kind, in);
	if (err != ERR_ABSENT)
		return err;
	fault(row, col, "no '%.*s' in %s", STR_ARG(in), kind);
	return ERR_OK;
}

static void
check_enum(struct book_row *row, unsigned col, struct str in)
{
	const char *words = row->kind->col[col].arg;

	for (struct str rest = str_of(words); rest.n > 0;)
		if (str_eq(str_cut(&rest, '|'), in)) {
			set_text(row, col, in);
			return;
		}
	fault(row, col, "'%.*s' is none of %s", STR_ARG(shown(in)), words);
}

static void
check_date(struct book_row *row, unsigned col, struct str in)
{
	int32_t day;

	if (date_get(in, &day) == ERR_OK)
		set_int(row, col, day);
	else
		fault(row, col, "'%.*s' is not a date like 2022-12-30",
		      STR_ARG(shown(in)));
}

static void
check_time(struct book_row *row, unsigned col, struct str in)
{
	int64_t ms;

	if (time_get(in, &ms) == ERR_OK)
		set_int(row, col, ms);
	else
		fault(row, col, "'%.*s' is not a time like "
				"2022-12-27T01:12:00Z",
		      STR_ARG(shown(in)));
}

static void
check_int(struct book_row *row, unsigned col, struct str in)
{
	const char *arg = row->kind->col[col].arg;
	uint64_t max = 1;
	uint64_t v;

	if (row->kind->col[col].type == BOOK_INT)
		must(str_to_u64(str_of(arg), INT32_MAX, &max) == ERR_OK);
	if (str_to_u64(in, max, &v) == ERR_OK)
		set_int(row, col, (int64_t)v);
	else if (max == 1)
		fault(row, col, "'%.*s' is not 0 or 1", STR_ARG(shown(in)));
	else
		fault(row, col, "'%.*s' is not a number of at most %" PRIu64,
		      STR_ARG(shown(in)), max);
}

static void
check_currency(struct book_row *row, unsigned col, struct str in)
{
	if (ccy_decimals(in) >= 0)
		set_text(row, col, in);
	else
		fault(row, col, "'%.*s' is not a currency of ISO 4217",
		      STR_ARG(shown(in)));
}

static void
check_country(struct book_row *row, unsigned col, struct str in)
{
	if (country_ok(in))
		set_text(row, col, in);
	else
		fault(row, col, "'%.*s' is not a country of ISO 3166-1",
		      STR_ARG(shown(in)));
}

static void
check_uscc(struct book_row *row, unsigned col, struct str in)
{
	if (uscc_ok(in))
		set_text(row, col, in);
	else
		fault(row, col, "'%.*s' is not a unified social credit code "
				"(18 characters, check digit of GB 32100)",
		      STR_ARG(shown(in)));
}

static void
check_rate(struct book_row *row, unsigned col, struct str in)
{
	struct rate rate;

	if (rate_get(in, &rate) == ERR_OK)
		set_text(row, col, in);
	else
		fault(row, col, "'%.*s' is not a rate like 7.8",
		      STR_ARG(shown(in)));
}

/* One scheme:value, canonical, onto the list. */
static void
check_list_id(struct book_row *row, unsigned col, struct str part,
	      struct buf *list)
{
	char canon[ID_VALUE_MAX];
	struct diag d = { 0 };
	struct str value = part;
	struct str scheme = str_cut(&value, ':');
	enum err err =
	    idscheme_canon(row->schemes, scheme, value, canon, &d);

	if (err == ERR_OK)
		buf_printf(list, "%s%.*s:%s", list->n > 0 ? "|" : "",
			   STR_ARG(scheme), canon);
	else
		fault(row, col, "'%.*s': %s", STR_ARG(shown(part)),
		      err == ERR_ABSENT ? "no such id scheme" :
		      d.why[0] != '\0'	? d.why :
					  "not an id of its scheme");
}

/* A list's parts, each through its own check, joined again. */
static void
check_list(struct book_row *row, unsigned col, struct str in)
{
	struct str *part = NULL;
	size_t count = 0;
	struct str text;
	struct buf list;
	enum err err = book_parts(in, row->a, &part, &count);

	if (err != ERR_OK) {
		fault(row, col,
		      err == ERR_LIMIT ? "more than 64 parts" :
					 "an empty part, or a \\ before "
					 "neither | nor \\");
		return;
	}
	buf_init(&list, BOOK_PARTS_MAX * 2 * BOOK_TEXT_MAX);
	for (size_t i = 0; i < count; i++) {
		if (row->kind->col[col].type == BOOK_IDS)
			check_list_id(row, col, part[i], &list);
		else if (clean_text(row, col, part[i], &text))
			book_parts_put(&list, text);
	}
	text = arena_str(row->a, buf_str(&list));
	if (list.err != ERR_OK || text.p == NULL)
		fault(row, col, "too long");
	else
		set_text(row, col, text);
	buf_free(&list);
}

/* The currency of a money column; empty when that was faulty itself. */
static enum err
money_currency(struct book_row *row, const struct book_col *c,
	       struct str *ccy)
{
	int col = book_col_find(row->kind, str_of(c->arg));

	*ccy = STR_NONE;
	if (col >= 0) {
		*ccy = row->value[col].s;
		return ERR_OK;
	}
	if (ccy_decimals(str_of(c->arg)) >= 0) {
		*ccy = str_of(c->arg);
		return ERR_OK;
	}
	col = book_col_find(row->kind, S("scheme_id"));
	must(col >= 0);
	if (row->value[col].is != VALUE_TEXT)
		return ERR_OK;
	return row->lookup->scheme_ccy(row->lookup->self, row->value[col].s,
				       ccy);
}

static enum err
check_money(struct book_row *row, unsigned col, struct str in)
{
	struct diag d = { 0 };
	struct str ccy;
	int64_t minor;
	enum err err = money_currency(row, &row->kind->col[col], &ccy);

	/* No currency to judge by: its own column has been told of. */
	if (err == ERR_ABSENT || (err == ERR_OK && ccy.n == 0))
		return ERR_OK;
	if (err != ERR_OK)
		return err;
	if (money_get(in, ccy, &minor, &d) == ERR_OK)
		set_int(row, col, minor);
	else
		fault(row, col, "%s", d.why);
	return ERR_OK;
}

static enum err
check_field(struct book_row *row, unsigned col, struct str in)
{
	switch (row->kind->col[col].type) {
	case BOOK_ID:
		check_id(row, col, in);
		break;
	case BOOK_REF:
		return check_ref(row, col, in);
	case BOOK_TEXT:
		check_text(row, col, in);
		break;
	case BOOK_ENUM:
		check_enum(row, col, in);
		break;
	case BOOK_MONEY:
		return check_money(row, col, in);
	case BOOK_CURRENCY:
		check_currency(row, col, in);
		break;
	case BOOK_RATE:
		check_rate(row, col, in);
		break;
	case BOOK_DATE:
		check_date(row, col, in);
		break;
	case BOOK_TIME:
		check_time(row, col, in);
		break;
	case BOOK_INT:
	case BOOK_BOOL:
		check_int(row, col, in);
		break;
	case BOOK_COUNTRY:
		check_country(row, col, in);
		break;
	case BOOK_USCC:
		check_uscc(row, col, in);
		break;
	case BOOK_ALIASES:
	case BOOK_IDS:
		check_list(row, col, in);
		break;
	}
	return ERR_OK;
}

/* from must not be after to, when both are known. */
static void
check_order(struct book_row *row, const char *from, const char *to)
{
	int f = book_col_find(row->kind, str_of(from));
	int t = book_col_find(row->kind, str_of(to));

	if (f < 0 || t < 0 || row->value[f].is != VALUE_INT ||
	    row->value[t].is != VALUE_INT)
		return;
	if (row->value[f].i > row->value[t].i)
		fault(row, (unsigned)t, "is before %s", from);
}

/* Under a letter of credit the risk is the bank's: it must be named. */
static void
check_lc(struct book_row *row)
{
	int term = book_col_find(row->kind, S("payment_term"));
	int bank = book_col_find(row->kind, S("bank_id"));

	if (term >= 0 && bank >= 0 && str_eq(row->raw[term], S("LC")) &&
	    row->raw[bank].n == 0)
		fault(row, (unsigned)bank, "is required under an LC");
}

/* Money last: its currency may stand behind it. */
static enum err
check_pass(struct book_row *row, bool money)
{
	for (unsigned i = 0; i < row->kind->cols; i++) {
		const struct book_col *c = &row->kind->col[i];
		struct str in = row->raw[i];
		enum err err;

		if ((c->type == BOOK_MONEY) != money)
			continue;
		if (in.n == 0)
			in = str_of(c->dflt);
		if (in.n == 0) {
			if (c->need != 0)
				fault(row, i, "is required");
			continue;
		}
		err = check_field(row, i, in);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err
book_check(struct book_row *row)
{
	enum err err;

	row->faults = 0;
	for (unsigned i = 0; i < row->kind->cols; i++)
		row->value[i] = (struct book_value){ VALUE_NONE, 0, STR_NONE };
	err = check_pass(row, false);
	if (err == ERR_OK)
		err = check_pass(row, true);
	if (err != ERR_OK)
		return err;
	check_order(row, "year_from", "year_to");
	check_order(row, "cover_from", "cover_to");
	check_order(row, "effective_from", "effective_to");
	check_lc(row);
	return row->faults == 0 ? ERR_OK : ERR_INPUT;
}
