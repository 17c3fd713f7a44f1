/*
 * numbers.c - amounts, days and reasons as people say them.
 */
#include "compose_priv.h"

static void
put_wan(struct buf *b, int64_t units)
{
	int64_t rest = units % 10000 / 100;

	buf_printf(b, "%lld", (long long)(units / 10000));
	if (rest % 10 != 0)
		buf_printf(b, ".%02lld", (long long)rest);
	else if (rest != 0)
		buf_printf(b, ".%lld", (long long)(rest / 10));
	buf_put(b, S(" 万"));
}

void
compose_amount(struct buf *b, const struct texts *t, enum lang l,
	       int64_t minor, struct str ccy)
{
	struct str word = texts_word(t, "ccy", ccy, l, ccy);
	int decimals = ccy_decimals(ccy);
	int64_t unit = 1;
	struct buf shown;
	struct str s;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	if (l == LANG_ZH && minor % unit == 0 && minor / unit % 100 == 0 &&
	    minor / unit >= 10000) {
		put_wan(b, minor / unit);
		buf_put(b, word);
		return;
	}
	buf_init(&shown, 64);
	money_show(&shown, minor, ccy);
	s = buf_str(&shown);
	if (minor % unit == 0)
		s = str_sub(s, 0, str_find(s, '.'));
	if (l == LANG_EN)
		buf_printf(b, "%.*s %.*s", STR_ARG(word), STR_ARG(s));
	else
		buf_printf(b, "%.*s %.*s", STR_ARG(s), STR_ARG(word));
	buf_free(&shown);
}

void
compose_day(struct buf *b, const struct texts *t, enum lang l, int32_t day,
	    int32_t today)
{
	static const char *const name[] = { "y", "m", "d" };
	char text[3][16];
	struct text_arg arg[4];
	int v[3];
	int this_year;
	int ignored[2];

	date_split(day, &v[0], &v[1], &v[2]);
	date_split(today, &this_year, &ignored[0], &ignored[1]);
	for (size_t i = 0; i < 3; i++) {
		struct buf n;

		buf_init(&n, 16);
		buf_printf(&n, "%d", v[i]);
		must(str_copy(text[i], sizeof(text[i]), buf_str(&n)) ==
		     ERR_OK);
		buf_free(&n);
		arg[i] = (struct text_arg){ name[i], str_of(text[i]) };
	}
	arg[3] = (struct text_arg){
		"month", texts_word(t, "month", str_of(text[1]), l, STR_NONE)
	};
	texts_put(b,
		  texts_find(t, v[0] == this_year ? S("date.day") :
						    S("date.year"),
			     l),
		  arg, 4);
}

void
compose_reasons(struct buf *b, const struct texts *t, enum lang l,
		unsigned reasons)
{
	bool first = true;

	for (unsigned i = 0; i < COVER_REASONS; i++) {
		const char letter = cover_reason_letter(i);

		if ((reasons & 1u << i) == 0)
			continue;
		if (!first)
			buf_put(b, texts_find(t, S("list.and"), l));
		first = false;
		buf_put(b, texts_word(t, "reason", (struct str){ &letter, 1 },
				      l, STR_NONE));
	}
}
