/*
 * prepare.c - dates, identifiers and text that jq does badly.
 *
 * ICU's calendar knows the zones without opening a file.
 */
#include "prepare.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucal.h>

#include "jscan.h"
#include "json.h"

#define ZONE_MAX 64u
#define YEAR_MIN 1900
#define YEAR_MAX 9999

struct when {
	int year, month, day, hour, minute, second;
	bool has_time;
};

/* "date(dd/MM/yyyy, Europe/London)" as name and up to two arguments. */
struct step {
	struct str name;
	struct str arg;
	struct str zone;
};

static struct step
step_of(struct str s)
{
	struct step out = { .name = str_trim(s) };
	struct str rest = out.name;
	size_t comma;

	if (!str_ends(rest, S(")")))
		return out;
	rest.n--;
	out.name = str_trim(str_cut(&rest, '('));
	out.arg = rest;
	if (!str_eq(out.name, S("date")))
		return out;
	comma = str_find(rest, ',');
	out.arg = str_trim(str_sub(rest, 0, comma));
	if (comma < rest.n)
		out.zone = str_trim(str_sub(rest, comma + 1, rest.n));
	return out;
}

static bool
zone_get(struct str zone, UChar out[ZONE_MAX])
{
	UErrorCode status = U_ZERO_ERROR;
	UChar canonical[ZONE_MAX];
	UBool system = 0;

	if (zone.n == 0 || zone.n >= ZONE_MAX)
		return false;
	for (size_t i = 0; i < zone.n; i++)
		out[i] = (UChar)(unsigned char)zone.p[i];
	out[zone.n] = 0;
	(void)ucal_getCanonicalTimeZoneID(out, (int32_t)zone.n, canonical,
					  ZONE_MAX, &system, &status);
	return U_SUCCESS(status) && system;
}

static enum err
zone_ms(const struct when *w, struct str zone, int64_t *ms)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar name[ZONE_MAX];
	UCalendar *cal;

	if (!zone_get(zone, name))
		return ERR_INPUT;
	cal = ucal_open(name, -1, "en", UCAL_GREGORIAN, &status);
	if (U_FAILURE(status))
		return ERR_INPUT;
	ucal_clear(cal);
	ucal_setDateTime(cal, w->year, w->month - 1, w->day, w->hour,
			 w->minute, w->second, &status);
	*ms = (int64_t)ucal_getMillis(cal, &status);
	ucal_close(cal);
	return U_FAILURE(status) ? ERR_INPUT : ERR_OK;
}

enum err
prepare_clock(struct str zone, int64_t ms, int *minute, int64_t *rest_ms)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar name[ZONE_MAX];
	UCalendar *cal;

	if (!zone_get(zone, name))
		return ERR_INPUT;
	cal = ucal_open(name, -1, "en", UCAL_GREGORIAN, &status);
	if (U_FAILURE(status))
		return ERR_INPUT;
	ucal_setMillis(cal, (UDate)ms, &status);
	*minute = ucal_get(cal, UCAL_HOUR_OF_DAY, &status) * 60 +
		  ucal_get(cal, UCAL_MINUTE, &status);
	*rest_ms = ucal_get(cal, UCAL_SECOND, &status) * 1000 +
		   ucal_get(cal, UCAL_MILLISECOND, &status);
	ucal_close(cal);
	return U_FAILURE(status) ? ERR_INPUT : ERR_OK;
}

static bool
when_ok(const struct when *w)
{
	int y = 0;
	int m = 0;
	int d = 0;

	if (w->year < YEAR_MIN || w->year > YEAR_MAX || w->month < 1 ||
	    w->month > 12 || w->day < 1 || w->day > 31 || w->hour > 23 ||
	    w->minute > 59 || w->second > 60)
		return false;
	date_split(date_of(w->year, w->month, w->day), &y, &m, &d);
	return d == w->day && m == w->month;
}

static int64_t
when_ms(const struct when *w)
{
	return (int64_t)date_of(w->year, w->month, w->day) * DAY_MS +
	       (w->hour * 3600 + w->minute * 60 +
		(w->second > 59 ? 59 : w->second)) *
		   1000LL;
}

static void
put_time(struct buf *out, int64_t ms)
{
	buf_byte(out, '"');
	time_put(out, ms);
	buf_byte(out, '"');
}

static void
put_date(struct buf *out, const struct when *w)
{
	buf_byte(out, '"');
	date_put(out, date_of(w->year, w->month, w->day));
	buf_byte(out, '"');
}

/* Up to max digits, at least min; -1 otherwise. */
static int
number(struct str *s, size_t min, size_t max)
{
	size_t n = 0;
	int v = 0;

	while (n < max && n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (s->p[n++] - '0');
	*s = str_sub(*s, n, s->n);
	return n < min ? -1 : v;
}

static int
month_of(struct str *s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	if (s->n < 3)
		return -1;
	for (int i = 0; i < 12; i++)
		if (strncasecmp(s->p, names + 3 * i, 3) == 0) {
			*s = str_sub(*s, 3, s->n);
			return i + 1;
		}
	return -1;
}

static int
century(int yy)
{
	return yy < 70 ? 2000 + yy : 1900 + yy;
}

/* Takes one field of a pattern; false when the text does not fit. */
static bool
pattern_field(struct str *pattern, struct str *s, struct when *w)
{
	static const struct {
		const char *name;
		size_t at;
		size_t digits_min, digits_max;
	} table[] = {
		{ "yyyy", offsetof(struct when, year), 4, 4 },
		{ "yy", offsetof(struct when, year), 2, 2 },
		{ "MM", offsetof(struct when, month), 1, 2 },
		{ "dd", offsetof(struct when, day), 1, 2 },
		{ "HH", offsetof(struct when, hour), 1, 2 },
		{ "mm", offsetof(struct when, minute), 2, 2 },
		{ "ss", offsetof(struct when, second), 2, 2 },
	};

	if (str_starts(*pattern, S("MMM"))) {
		*pattern = str_sub(*pattern, 3, pattern->n);
		w->month = month_of(s);
		return w->month > 0;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct str name = str_of(table[i].name);
		int v;

		if (!str_starts(*pattern, name))
			continue;
		*pattern = str_sub(*pattern, name.n, pattern->n);
		v = number(s, table[i].digits_min, table[i].digits_max);
		if (str_eq(name, S("yy")) && v >= 0)
			v = century(v);
		memcpy((char *)w + table[i].at, &v, sizeof(v));
		w->has_time = w->has_time || table[i].name[0] == 'H';
		return v >= 0;
	}
	if (s->n == 0 || *s->p != *pattern->p)
		return false;
	*s = str_sub(*s, 1, s->n);
	*pattern = str_sub(*pattern, 1, pattern->n);
	return true;
}

static enum err
date_pattern(const struct step *step, struct str in, struct buf *out)
{
	struct when w = { 0 };
	struct str pattern = step->arg;
	int64_t ms = 0;

	while (pattern.n > 0)
		if (!pattern_field(&pattern, &in, &w))
			return ERR_INPUT;
	if (in.n > 0 || !when_ok(&w))
		return ERR_INPUT;
	if (!w.has_time) {
		put_date(out, &w);
		return ERR_OK;
	}
	if (zone_ms(&w, step->zone, &ms) != ERR_OK)
		return ERR_INPUT;
	put_time(out, ms);
	return ERR_OK;
}

/* The zone of RFC 822 in minutes; false when there is none. */
static bool
zone822(struct str s, int *minutes)
{
	static const struct {
		const char *name;
		int hours;
	} table[] = {
		{ "GMT", 0 },  { "UT", 0 },   { "UTC", 0 },  { "Z", 0 },
		{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
		{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
	};
	int sign = s.n > 0 && *s.p == '-' ? -1 : 1;
	int v;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (str_eq(s, str_of(table[i].name))) {
			*minutes = table[i].hours * 60;
			return true;
		}
	if (s.n != 5 || (*s.p != '+' && *s.p != '-'))
		return false;
	s = str_sub(s, 1, 4);
	v = number(&s, 4, 4);
	*minutes = sign * (v / 100 * 60 + v % 100);
	return v >= 0 && v / 100 < 15 && v % 100 < 60;
}

static enum err
date_rfc822(struct str in, struct buf *out)
{
	struct when w = { 0 };
	struct str year;
	int minutes = 0;

	if (str_find(in, ',') < in.n)
		(void)str_cut(&in, ',');
	in = str_trim(in);
	w.day = number(&in, 1, 2);
	in = str_trim(in);
	w.month = month_of(&in);
	in = str_trim(in);
	year = str_cut(&in, ' ');
	if (year.n == 2)
		w.year = century(number(&year, 2, 2));
	else
		w.year = number(&year, 4, 4);
	in = str_trim(in);
	w.hour = number(&in, 1, 2);
	if (in.n == 0 || *in.p != ':')
		return ERR_INPUT;
	in = str_sub(in, 1, in.n);
	w.minute = number(&in, 2, 2);
	if (in.n > 0 && *in.p == ':') {
		in = str_sub(in, 1, in.n);
		w.second = number(&in, 2, 2);
	}
	if (w.day < 0 || w.month < 0 || w.hour < 0 || w.minute < 0 ||
	    w.second < 0 || year.n > 0 || !when_ok(&w) ||
	    !zone822(str_trim(in), &minutes))
		return ERR_INPUT;
	put_time(out, when_ms(&w) - minutes * 60000LL);
	return ERR_OK;
}

static enum err
date_rfc3339(struct str in, struct buf *out)
{
	int64_t ms = 0;
	int32_t day = 0;

	if (date_get(in, &day) == ERR_OK) {
		json_quote(out, in);
		return ERR_OK;
	}
	if (time_get(in, &ms) != ERR_OK)
		return ERR_INPUT;
	put_time(out, ms);
	return ERR_OK;
}

static enum err
do_date(const struct step *step, struct str in, struct buf *out)
{
	in = str_trim(in);
	if (str_eq(step->arg, S("rfc3339")))
		return date_rfc3339(in, out);
	if (str_eq(step->arg, S("rfc822")))
		return date_rfc822(in, out);
	return date_pattern(step, in, out);
}

static enum err
do_json(struct str in, struct buf *out, struct diag *d)
{
	size_t from = out->n;
	struct json *doc = NULL;
	enum err err = jscan_strict(in, out, d);

	if (err == ERR_OK)
		err = json_read(str_sub(buf_str(out), from, out->n), &doc, d);
	json_free(doc);
	return err;
}

static enum err
do_split(struct str sep, struct str in, struct buf *out, struct diag *d)
{
	unsigned count = 0;

	buf_byte(out, '[');
	while (in.n > 0) {
		size_t i = 0;
		struct str item;

		while (i < in.n && !str_starts(str_sub(in, i, in.n), sep))
			i++;
		item = str_trim(str_sub(in, 0, i));
		in = str_sub(in, i + sep.n, in.n);
		if (item.n == 0)
			continue;
		if (++count > PREPARE_SPLIT_MAX)
			return diag_set(d, ERR_LIMIT, 0,
					"split: more than %u parts",
					PREPARE_SPLIT_MAX);
		if (count > 1)
			buf_byte(out, ',');
		json_quote(out, item);
	}
	buf_byte(out, ']');
	return ERR_OK;
}

static enum err
do_id(struct str scheme, struct str in, const struct idschemes *ids,
      struct buf *out, struct diag *d)
{
	char canon[ID_VALUE_MAX];
	enum err err;

	if (ids == NULL || ids->count == 0) {
		json_quote(out, str_trim(in));
		return ERR_OK;
	}
	err = idscheme_canon(ids, scheme, in, canon, d);
	if (err == ERR_OK)
		json_quote(out, str_of(canon));
	return err;
}

static enum err
do_country(struct str in, struct buf *out)
{
	char up[2];

	in = str_trim(in);
	if (in.n != 2)
		return ERR_INPUT;
	for (size_t i = 0; i < 2; i++)
		up[i] = in.p[i] >= 'a' && in.p[i] <= 'z' ?
			    (char)(in.p[i] - 0x20) :
			    in.p[i];
	if (!country_ok((struct str){ up, 2 }))
		return ERR_INPUT;
	json_quote(out, (struct str){ up, 2 });
	return ERR_OK;
}

/* "1,234,567.80" to "1234567.80": a point for decimals, nothing else. */
static enum err
do_amount(struct str in, struct buf *out)
{
	size_t digits = 0;
	bool point = false;

	in = str_trim(in);
	buf_byte(out, '"');
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if ((c == ',' || c == ' ') && !point && digits > 0)
			continue;
		if (c == '.' && !point && digits > 0)
			point = true;
		else if (c < '0' || c > '9')
			return ERR_INPUT;
		else
			digits++;
		buf_byte(out, (uint8_t)c);
	}
	buf_byte(out, '"');
	return digits == 0 || in.p[in.n - 1] == '.' ? ERR_INPUT : ERR_OK;
}

static size_t
html_entity(struct str s, struct buf *text)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "&amp;", "&" },   { "&lt;", "<" },   { "&gt;", ">" },
		{ "&quot;", "\"" }, { "&apos;", "'" }, { "&#39;", "'" },
		{ "&#x27;", "'" },  { "&nbsp;", " " },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct str name = str_of(table[i].name);

		if (str_starts(s, name)) {
			buf_put(text, str_of(table[i].text));
			return name.n;
		}
	}
	buf_byte(text, '&');
	return 1;
}

/* Tags out, the common entities decoded, blanks squeezed. */
static enum err
do_html(struct str in, struct buf *out)
{
	struct buf text;
	bool in_tag = false;
	enum err err;

	buf_init(&text, PREPARE_TEXT_MAX);
	while (in.n > 0) {
		char c = *in.p;
		size_t n = 1;

		if (c == '\t' || c == '\n' || c == '\r' || c == '<')
			c = *in.p == '<' ? '<' : ' ';
		if (in_tag) {
			in_tag = c != '>';
		} else if (c == '<') {
			in_tag = true;
			c = ' ';
		}
		if (!in_tag && c == '&')
			n = html_entity(in, &text);
		else if ((!in_tag && c != '>') || c == ' ')
			if (c != ' ' ||
			    (text.n > 0 && text.p[text.n - 1] != ' '))
				buf_byte(&text, (uint8_t)c);
		in = str_sub(in, n, in.n);
	}
	err = text.err;
	if (err == ERR_OK)
		json_quote(out, str_trim(buf_str(&text)));
	buf_free(&text);
	return err;
}

static bool
pattern_known(const struct step *step, struct diag *d)
{
	UChar name[ZONE_MAX];
	bool time = str_contains(step->arg, S("HH"));

	if (str_eq(step->arg, S("rfc3339")) || str_eq(step->arg, S("rfc822")))
		return step->zone.n == 0;
	if (!str_contains(step->arg, S("yy")) ||
	    !str_contains(step->arg, S("MM")) ||
	    !str_contains(step->arg, S("dd"))) {
		(void)diag_set(d, ERR_CONFIG, 0,
			       "the pattern needs yy(yy), MM(M) and dd");
		return false;
	}
	if (time && !zone_get(step->zone, name)) {
		(void)diag_set(d, ERR_CONFIG, 0,
			       "a pattern with a time needs a zone");
		return false;
	}
	return true;
}

enum err
prepare_check(struct str s, struct diag *d)
{
	struct step step = step_of(s);
	bool plain = step.arg.p == NULL;

	if (plain && (str_eq(step.name, S("json")) ||
		      str_eq(step.name, S("html")) ||
		      str_eq(step.name, S("country")) ||
		      str_eq(step.name, S("amount"))))
		return ERR_OK;
	if (!plain && step.arg.n > 0 &&
	    (str_eq(step.name, S("split")) || str_eq(step.name, S("id"))))
		return ERR_OK;
	if (!plain && str_eq(step.name, S("date")) && pattern_known(&step, d))
		return ERR_OK;
	return diag_set(d, ERR_CONFIG, 0, "'%.*s' is not a step",
			STR_ARG(str_sub(s, 0, 60)));
}

enum err
prepare_do(struct str s, struct str in, const struct idschemes *ids,
	   struct buf *out, struct diag *d)
{
	struct step step = step_of(s);
	enum err err = ERR_INPUT;

	if (str_eq(step.name, S("date")))
		err = do_date(&step, in, out);
	else if (str_eq(step.name, S("json")))
		err = do_json(in, out, d);
	else if (str_eq(step.name, S("html")))
		err = do_html(in, out);
	else if (str_eq(step.name, S("split")))
		err = do_split(step.arg, in, out, d);
	else if (str_eq(step.name, S("id")))
		err = do_id(step.arg, in, ids, out, d);
	else if (str_eq(step.name, S("country")))
		err = do_country(in, out);
	else if (str_eq(step.name, S("amount")))
		err = do_amount(in, out);
	if (err == ERR_OK && out->err != ERR_OK)
		err = out->err;
	if (err != ERR_OK && d->why[0] == 0)
		return diag_set(d, err, 0, "'%.*s' does not fit %.*s",
				STR_ARG(str_sub(in, 0, 60)), STR_ARG(s));
	return err;
}
