/*
 * notice.c - a notice as a line of JSON, and back.
 */
#include "notice.h"

#include "idscheme.h"
#include "json.h"

static void
put_names(struct jsonw *w, const struct notice *n)
{
	jsonw_arr(w, "names");
	for (size_t i = 0; i < n->name_count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "text", n->names[i].text);
		jsonw_str(w, "type", n->names[i].type);
		jsonw_str_or_null(w, "lang", n->names[i].lang);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_arr(w, "ids");
	for (size_t i = 0; i < n->id_count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "scheme", n->ids[i].scheme);
		jsonw_str(w, "value", n->ids[i].value);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void
put_where(struct jsonw *w, const struct notice *n)
{
	jsonw_str_or_null(w, "country", n->country);
	jsonw_arr(w, "countries");
	for (size_t i = 0; i < n->country_count; i++)
		jsonw_str(w, NULL, n->countries[i]);
	jsonw_end_arr(w);
	jsonw_str_or_null(w, "jurisdiction", n->jurisdiction);
	jsonw_str_or_null(w, "place", n->place);
	jsonw_str_or_null(w, "port", n->port);
	jsonw_str_or_null(w, "address", n->address);
	if (n->natural_person < 0)
		jsonw_null(w, "natural_person");
	else
		jsonw_bool(w, "natural_person", n->natural_person == 1);
}

static void
put_what(struct jsonw *w, const struct notice *n)
{
	jsonw_date(w, "occurred_on", n->occurred_on);
	jsonw_date(w, "effective_on", n->effective_on);
	jsonw_date(w, "deadline_on", n->deadline_on);
	jsonw_time(w, "published_at", n->published_at);
	jsonw_time(w, "recorded_at", n->recorded_at);
	jsonw_str_or_null(w, "case_no", n->case_no);
	jsonw_str_or_null(w, "amount", n->amount);
	jsonw_str_or_null(w, "currency", n->currency);
	jsonw_str_or_null(w, "value_old", n->value_old);
	jsonw_str_or_null(w, "value_new", n->value_new);
	jsonw_str_or_null(w, "scale", n->scale);
	jsonw_arr(w, "rates");
	for (size_t i = 0; i < n->rate_count; i++) {
		jsonw_obj(w, NULL);
		jsonw_str(w, "base", n->rates[i].base);
		jsonw_str(w, "quote", n->rates[i].quote);
		jsonw_str(w, "value", n->rates[i].value);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

void
notice_put(struct buf *b, const struct notice *n)
{
	struct jsonw w = jsonw_of(b);

	jsonw_obj(&w, NULL);
	jsonw_str(&w, "source", n->source);
	jsonw_str(&w, "record", n->record);
	jsonw_str(&w, "action", str_of(action_text(n->action)));
	jsonw_str(&w, "subject", str_of(subject_text(n->subject)));
	jsonw_str(&w, "kind", n->kind);
	jsonw_str_or_null(&w, "stage", n->stage);
	jsonw_str_or_null(&w, "native", n->native);
	jsonw_str_or_null(&w, "native_text", n->native_text);
	put_names(&w, n);
	put_where(&w, n);
	put_what(&w, n);
	jsonw_str(&w, "certainty", str_of(certainty_text(n->certainty)));
	jsonw_str_or_null(&w, "url", n->url);
	jsonw_str(&w, "redistribution",
		  str_of(redistribution_text(n->redistribution)));
	jsonw_end_obj(&w);
}

/* A reading in progress: the first wrong field stands in d. */
struct get {
	const struct json *obj;
	struct arena *a;
	struct diag *d;
	enum err err;
};

static void
wrong(struct get *g, const char *key, const char *why)
{
	if (g->err == ERR_OK)
		g->err = diag_set(g->d, ERR_INPUT, 0, "%s: %s", key, why);
}

static struct str
keep(struct get *g, struct str s)
{
	struct str copy = s.n == 0 ? STR_NONE : arena_str(g->a, s);

	if (s.n > 0 && copy.p == NULL && g->err == ERR_OK)
		g->err = diag_set(g->d, ERR_LIMIT, 0,
				  "the notice is too large");
	return copy;
}

static struct str
text(struct get *g, const char *key)
{
	const struct json *v = json_get(g->obj, key);

	if (json_absent(v))
		return STR_NONE;
	if (json_str(v).p == NULL)
		wrong(g, key, "is not a string");
	return keep(g, json_str(v));
}

static int32_t
day(struct get *g, const char *key)
{
	struct str s = text(g, key);
	int32_t v = DATE_NONE;

	if (s.n > 0 && date_get(s, &v) != ERR_OK)
		wrong(g, key, "is not a date YYYY-MM-DD");
	return v;
}

static int64_t
moment(struct get *g, const char *key)
{
	struct str s = text(g, key);
	int64_t v = TIME_NONE;

	if (s.n > 0 && time_get(s, &v) != ERR_OK)
		wrong(g, key, "is not a time with a zone");
	return v;
}

/* An array's length within max, or 0 after recording what is wrong. */
static size_t
length(struct get *g, const char *key, size_t max)
{
	const struct json *v = json_get(g->obj, key);

	if (json_absent(v))
		return 0;
	if (json_arr(g->obj, key) == NULL) {
		wrong(g, key, "is not a list");
		return 0;
	}
	if (json_len(v) > max) {
		if (g->err == ERR_OK)
			g->err = diag_set(g->d, ERR_LIMIT, 0,
					  "%s: more than %zu", key, max);
		return 0;
	}
	return json_len(v);
}

static void *
room(struct get *g, size_t count, size_t size)
{
	void *p = arena_get(g->a, count == 0 ? 1 : count, size);

	if (p == NULL && g->err == ERR_OK)
		g->err = diag_set(g->d, ERR_LIMIT, 0,
				  "the notice is too large");
	return p;
}

static void
get_names(struct get *g, struct notice *n)
{
	size_t count = length(g, "names", NOTICE_NAMES_MAX);
	const struct json *arr = json_get(g->obj, "names");

	n->names = room(g, count, sizeof(*n->names));
	for (size_t i = 0; g->err == ERR_OK && i < count; i++) {
		const struct json *v = json_at(arr, i);

		n->names[i].text = keep(g, json_get_str(v, "text"));
		n->names[i].type = keep(g, json_get_str(v, "type"));
		n->names[i].lang = keep(g, json_get_str(v, "lang"));
		n->name_count++;
	}
}

static void
get_ids(struct get *g, struct notice *n)
{
	size_t count = length(g, "ids", NOTICE_IDS_MAX);
	const struct json *arr = json_get(g->obj, "ids");

	n->ids = room(g, count, sizeof(*n->ids));
	for (size_t i = 0; g->err == ERR_OK && i < count; i++) {
		const struct json *v = json_at(arr, i);

		n->ids[i].scheme = keep(g, json_get_str(v, "scheme"));
		n->ids[i].value = keep(g, json_get_str(v, "value"));
		n->id_count++;
	}
}

static void
get_lists(struct get *g, struct notice *n)
{
	size_t count = length(g, "countries", NOTICE_COUNTRIES_MAX);
	const struct json *arr = json_get(g->obj, "countries");

	n->countries = room(g, count, sizeof(*n->countries));
	for (size_t i = 0; g->err == ERR_OK && i < count; i++)
		n->countries[n->country_count++] =
		    keep(g, json_str(json_at(arr, i)));
	count = length(g, "rates", NOTICE_RATES_MAX);
	arr = json_get(g->obj, "rates");
	n->rates = room(g, count, sizeof(*n->rates));
	for (size_t i = 0; g->err == ERR_OK && i < count; i++) {
		const struct json *v = json_at(arr, i);

		n->rates[i].base = keep(g, json_get_str(v, "base"));
		n->rates[i].quote = keep(g, json_get_str(v, "quote"));
		n->rates[i].value = keep(g, json_get_str(v, "value"));
		n->rate_count++;
	}
}

static void
get_words(struct get *g, struct notice *n)
{
	if (action_get(text(g, "action"), &n->action) != ERR_OK)
		wrong(g, "action", "is not NEW AMEND CANCEL PURGE");
	if (subject_get(text(g, "subject"), &n->subject) != ERR_OK)
		wrong(g, "subject", "is not buyer bank country rate market");
	if (certainty_get(text(g, "certainty"), &n->certainty) != ERR_OK)
		wrong(g, "certainty", "is not official reported inferred");
	if (redistribution_get(text(g, "redistribution"),
			       &n->redistribution) != ERR_OK)
		wrong(g, "redistribution",
		      "is not full summary action_only internal");
}

static void
get_plain(struct get *g, struct notice *n)
{
	n->source = text(g, "source");
	n->record = text(g, "record");
	n->kind = text(g, "kind");
	n->stage = text(g, "stage");
	n->native = text(g, "native");
	n->native_text = text(g, "native_text");
	n->country = text(g, "country");
	n->jurisdiction = text(g, "jurisdiction");
	n->place = text(g, "place");
	n->port = text(g, "port");
	n->address = text(g, "address");
	n->natural_person = json_get_bool(g->obj, "natural_person");
	n->occurred_on = day(g, "occurred_on");
	n->effective_on = day(g, "effective_on");
	n->deadline_on = day(g, "deadline_on");
	n->published_at = moment(g, "published_at");
	n->recorded_at = moment(g, "recorded_at");
	n->case_no = text(g, "case_no");
	n->amount = text(g, "amount");
	n->currency = text(g, "currency");
	n->value_old = text(g, "value_old");
	n->value_new = text(g, "value_new");
	n->scale = text(g, "scale");
	n->url = text(g, "url");
}

enum err
notice_get(struct str json, struct arena *a, struct notice *out,
	   struct diag *d)
{
	struct json *doc = NULL;
	struct notice n = { 0 };
	struct get g = { .a = a, .d = d };

	if (json.n > NOTICE_JSON_MAX)
		return diag_set(d, ERR_LIMIT, 0, "more than %u bytes",
				NOTICE_JSON_MAX);
	g.err = json_read(json, &doc, d);
	if (g.err != ERR_OK)
		return g.err;
	g.obj = doc;
	get_plain(&g, &n);
	get_words(&g, &n);
	get_names(&g, &n);
	get_ids(&g, &n);
	get_lists(&g, &n);
	json_free(doc);
	if (g.err == ERR_OK)
		g.err = notice_check(&n, d);
	if (g.err == ERR_OK)
		*out = n;
	return g.err;
}

struct field {
	const char *key;
	struct str value;
	size_t max;
	int required;
};

static enum err
check_fields(const struct notice *n, struct diag *d)
{
	const struct field field[] = {
		{ "source", n->source, 64, 1 },
		{ "record", n->record, NOTICE_FIELD_MAX, 1 },
		{ "kind", n->kind, 64, 1 },
		{ "stage", n->stage, 64, 0 },
		{ "native", n->native, NOTICE_FIELD_MAX, 0 },
		{ "native_text", n->native_text, NOTICE_TEXT_MAX, 0 },
		{ "jurisdiction", n->jurisdiction, 64, 0 },
		{ "place", n->place, NOTICE_FIELD_MAX, 0 },
		{ "port", n->port, NOTICE_FIELD_MAX, 0 },
		{ "address", n->address, NOTICE_FIELD_MAX, 0 },
		{ "case_no", n->case_no, NOTICE_FIELD_MAX, 0 },
		{ "value_old", n->value_old, NOTICE_FIELD_MAX, 0 },
		{ "value_new", n->value_new, NOTICE_FIELD_MAX, 0 },
		{ "scale", n->scale, 64, 0 },
		{ "url", n->url, NOTICE_FIELD_MAX, 0 },
	};

	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		if (field[i].required && field[i].value.n == 0)
			return diag_set(d, ERR_INPUT, 0, "%s: is required",
					field[i].key);
		if (field[i].value.n > field[i].max)
			return diag_set(d, ERR_LIMIT, 0,
					"%s: more than %zu bytes",
					field[i].key, field[i].max);
		if (!str_utf8(field[i].value))
			return diag_set(d, ERR_INPUT, 0, "%s: is not UTF-8",
					field[i].key);
	}
	return ERR_OK;
}

static enum err
check_names(const struct notice *n, struct diag *d)
{
	if (n->name_count > NOTICE_NAMES_MAX || n->id_count > NOTICE_IDS_MAX ||
	    n->country_count > NOTICE_COUNTRIES_MAX ||
	    n->rate_count > NOTICE_RATES_MAX)
		return diag_set(d, ERR_LIMIT, 0,
				"too many names, ids, countries or rates");
	for (size_t i = 0; i < n->name_count; i++) {
		struct str t = n->names[i].text;
		struct str type = n->names[i].type;

		if (t.n == 0 || t.n > NOTICE_FIELD_MAX || !str_utf8(t))
			return diag_set(d, ERR_INPUT, 0,
					"names: an empty, long or ill-formed "
					"name");
		if (!str_eq(type, S("legal")) && !str_eq(type, S("alias")) &&
		    !str_eq(type, S("former")) && !str_eq(type, S("translit")))
			return diag_set(d, ERR_INPUT, 0,
					"names: type is not legal alias "
					"former translit");
	}
	for (size_t i = 0; i < n->id_count; i++)
		if (n->ids[i].scheme.n == 0 || n->ids[i].value.n == 0 ||
		    n->ids[i].value.n >= ID_VALUE_MAX ||
		    !str_utf8(n->ids[i].value))
			return diag_set(d, ERR_INPUT, 0,
					"ids: an empty, long or ill-formed id");
	return ERR_OK;
}

static bool
is_currency_word(struct str s)
{
	bool ok = s.n == 3;

	for (size_t i = 0; ok && i < s.n; i++)
		ok = s.p[i] >= 'A' && s.p[i] <= 'Z';
	return ok;
}

static enum err
check_rates(const struct notice *n, struct diag *d)
{
	for (size_t i = 0; i < n->rate_count; i++) {
		const struct notice_rate *r = &n->rates[i];
		struct rate rate;

		if (!is_currency_word(r->base) || !is_currency_word(r->quote))
			return diag_set(d, ERR_INPUT, 0,
					"rates: a currency is not three "
					"capital letters");
		if (rate_get(r->value, &rate) != ERR_OK)
			return diag_set(d, ERR_INPUT, 0,
					"rates: '%.*s' is not a rate like 7.8",
					STR_ARG(str_sub(r->value, 0, 20)));
	}
	return ERR_OK;
}

enum err
notice_check(const struct notice *n, struct diag *d)
{
	enum err err = check_fields(n, d);
	int64_t minor = 0;

	if (err == ERR_OK)
		err = check_names(n, d);
	if (err == ERR_OK)
		err = check_rates(n, d);
	if (err != ERR_OK)
		return err;
	if (n->country.n > 0 && !country_ok(n->country))
		return diag_set(d, ERR_INPUT, 0,
				"country: '%.*s' is not ISO 3166",
				STR_ARG(str_sub(n->country, 0, 20)));
	for (size_t i = 0; i < n->country_count; i++)
		if (!country_ok(n->countries[i]))
			return diag_set(d, ERR_INPUT, 0,
					"countries: one is not ISO 3166");
	if (n->amount.n > 0)
		return money_get(n->amount, n->currency, &minor, d);
	return ERR_OK;
}
