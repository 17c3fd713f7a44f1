/*
 * wire_words.c - the words inside frames: streams, consumers, filters, errors.
 */
#include "wire.h"

static bool
is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

bool
wire_consumer_ok(struct str s)
{
	if (s.n > WIRE_CONSUMER_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' &&
		    s.p[i] != '-')
			return false;
	return true;
}

bool
wire_stream_ok(struct str s)
{
	if (str_eq(s, S("*")))
		return true;
	if (str_starts(s, S("@")))
		s = str_sub(s, 1, s.n);
	return str_is_id(s);
}

bool
wire_routing_ok(struct str id)
{
	return id.n >= WIRE_ROUTING_MIN && id.n <= WIRE_ROUTING_MAX &&
	       id.p[0] != '\0';
}

const char *
wire_code_text(uint16_t code)
{
	switch ((int)code) {
	case WIRE_E_ROUTING:
		return "routing id must be 16 to 64 random bytes";
	case WIRE_E_HELLO_FIRST:
		return "HELLO first";
	case WIRE_E_MALFORMED:
		return "malformed frame";
	case WIRE_E_VERSION:
		return "unknown version";
	case WIRE_E_EPOCH:
		return "wrong epoch";
	case WIRE_E_BEYOND:
		return "beyond what was sent";
	case WIRE_E_FILTER:
		return "bad filter";
	case WIRE_E_CONSUMER:
		return "bad consumer";
	case WIRE_E_TAKEN:
		return "taken over by a newer session";
	case WIRE_E_REVOKED:
		return "key revoked";
	case WIRE_E_ENTITLED:
		return "not entitled to that stream";
	case WIRE_E_REQUESTS:
		return "too many requests";
	case WIRE_E_INTERNAL:
		return "internal error";
	case WIRE_E_DOWN:
		return "going down";
	case WIRE_E_STORE:
		return "store degraded";
	default:
		return "";
	}
}

/* ---- filters ---- */

static bool
is_word(struct str s)
{
	if (s.n == 0 || s.n > WIRE_FILTER_VALUE_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return true;
}

static bool
word_is(struct str s, struct str lower)
{
	if (s.n != lower.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != lower.p[i])
			return false;
	}
	return true;
}

static uint8_t
severity_of(struct str word)
{
	if (word_is(word, S("info")))
		return 1;
	if (word_is(word, S("medium")))
		return 2;
	if (word_is(word, S("high")))
		return 3;
	return word_is(word, S("critical")) ? 4 : 0;
}

static enum err
filter_severity(struct str values, struct wire_filter *f, struct diag *d)
{
	uint8_t min = 4;

	if (f->severity_min != 0)
		return diag_set(d, ERR_INPUT, 0, "a filter key twice");
	while (values.n > 0) {
		uint8_t v = severity_of(str_cut(&values, ','));

		if (v == 0)
			return diag_set(d, ERR_INPUT, 0, "unknown severity");
		min = v < min ? v : min;
	}
	f->severity_min = min;
	return ERR_OK;
}

static enum err
filter_values(struct str values, struct str *slot, struct diag *d)
{
	struct str rest = values;
	size_t count = 0;

	if (slot->n > 0)
		return diag_set(d, ERR_INPUT, 0, "a filter key twice");
	while (rest.n > 0) {
		if (!is_word(str_cut(&rest, ',')))
			return diag_set(d, ERR_INPUT, 0, "bad filter value");
		if (++count > WIRE_FILTER_VALUES_MAX)
			return diag_set(d, ERR_LIMIT, 0,
					"too many filter values");
	}
	*slot = values;
	return ERR_OK;
}

static enum err
filter_one(struct str item, struct wire_filter *f, struct diag *d)
{
	static const struct str names[WIRE_FILTER_KEYS] = {
		{ "class", 5 },
		{ "kind", 4 },
		{ "country", 7 },
		{ "exporter", 8 },
	};
	struct str values = item;
	struct str key = str_cut(&values, '=');

	if (values.n == 0 || str_ends(values, S(",")))
		return diag_set(d, ERR_INPUT, 0, "empty filter value");
	if (str_eq(key, S("severity")))
		return filter_severity(values, f, d);
	for (size_t k = 0; k < WIRE_FILTER_KEYS; k++)
		if (str_eq(key, names[k]))
			return filter_values(values, &f->values[k], d);
	return diag_set(d, ERR_INPUT, 0, "unknown filter key");
}

enum err
wire_get_filter(struct str s, struct wire_filter *out, struct diag *d)
{
	struct wire_filter f = { .severity_min = 0 };

	if (s.n > WIRE_FILTER_MAX)
		return diag_set(d, ERR_LIMIT, 0, "filter is too long");
	if (str_ends(s, S(";")))
		return diag_set(d, ERR_INPUT, 0, "filter ends with ;");
	while (s.n > 0) {
		enum err err = filter_one(str_cut(&s, ';'), &f, d);

		if (err != ERR_OK)
			return err;
	}
	*out = f;
	return ERR_OK;
}

bool
wire_filter_has(const struct wire_filter *f, enum wire_filter_key key,
		struct str value)
{
	struct str rest = f->values[key];

	if (rest.n == 0)
		return true;
	while (rest.n > 0)
		if (str_eq(str_cut(&rest, ','), value))
			return true;
	return false;
}
