/*
 * idscheme.c - canonical identifiers and their check digits.
 */
#include "idscheme.h"

#include "fold.h"

#define COLUMNS 4u

enum err
idschemes_get(struct str tsv, struct arena *a, struct idschemes *out,
	      struct diag *d)
{
	struct idschemes t = { arena_array(a, struct idscheme, IDSCHEMES_MAX),
			       0 };
	unsigned no = 0;

	if (t.row == NULL)
		return ERR_LIMIT;
	for (struct str rest = tsv; rest.n > 0;) {
		struct str line = str_cut(&rest, '\n');
		struct str cell[COLUMNS];

		no++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		for (size_t i = 0; i < COLUMNS; i++)
			cell[i] = arena_str(a, str_cut(&line, '\t'));
		if (cell[COLUMNS - 1].n == 0 || line.n > 0 ||
		    (!str_eq(cell[1], S("0")) && !str_eq(cell[1], S("1"))))
			return diag_set(d, ERR_CONFIG, no,
					"a scheme has %u columns: scheme, "
					"hard 0/1, pattern, check",
					COLUMNS);
		if (t.count == IDSCHEMES_MAX ||
		    idschemes_find(&t, cell[0]) != NULL)
			return diag_set(d, ERR_CONFIG, no,
					"scheme given twice, or more than %u",
					IDSCHEMES_MAX);
		t.row[t.count++] = (struct idscheme){
			cell[0], str_eq(cell[1], S("1")), cell[2], cell[3]
		};
	}
	*out = t;
	return ERR_OK;
}

const struct idscheme *
idschemes_find(const struct idschemes *t, struct str scheme)
{
	for (size_t i = 0; i < t->count; i++)
		if (str_eq(t->row[i].name, scheme))
			return &t->row[i];
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
in_class(char class, char c)
{
	if (class == '9')
		return is_digit(c);
	if (class == 'A')
		return is_upper(c);
	return is_digit(c) || is_upper(c);
}

/* ISO 7064 mod 97-10 over digits and letters (A=10). */
static bool
mod97_ok(struct str s)
{
	unsigned v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (is_digit(s.p[i]))
			v = (v * 10 + (unsigned)(s.p[i] - '0')) % 97;
		else
			v = (v * 100 + (unsigned)(s.p[i] - 'A') + 10) % 97;
	}
	return v == 1;
}

static bool
luhn_ok(struct str s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned v = (unsigned)(s.p[s.n - 1 - i] - '0');

		if (i % 2 == 1)
			v = v * 2 > 9 ? v * 2 - 9 : v * 2;
		sum += v;
	}
	return sum % 10 == 0;
}

/* Upper case, without blanks, dots, hyphens and slashes. */
static enum err
squeeze(struct str value, struct buf *out)
{
	struct buf nfkc;
	enum err err;

	buf_init(&nfkc, FOLD_NAME_MAX * 4);
	err = fold_nfkc(&nfkc, value);
	for (size_t i = 0; err == ERR_OK && i < nfkc.n; i++) {
		char c = nfkc.p[i];

		if (c == ' ' || c == '.' || c == '-' || c == '/' || c == '\t')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		buf_byte(out, (uint8_t)c);
	}
	buf_free(&nfkc);
	return err == ERR_OK ? out->err : err;
}

/* Pads with zeros to the scheme's length when its pattern begins with 0p. */
static void
pad(struct buf *b, struct str *pattern)
{
	uint64_t want = 0;
	struct str digits;
	char zeros[ID_VALUE_MAX];
	size_t n = b->n;

	if (!str_starts(*pattern, S("0p")))
		return;
	*pattern = str_sub(*pattern, 2, pattern->n);
	digits = str_sub(*pattern, 1, pattern->n);
	if (str_to_u64(digits, ID_VALUE_MAX - 1, &want) != ERR_OK ||
	    n >= want || n == 0 || !is_digit(b->p[0]))
		return;
	for (size_t i = 0; i < n; i++)
		zeros[i] = b->p[i];
	buf_clear(b);
	for (size_t i = n; i < want; i++)
		buf_byte(b, '0');
	buf_put(b, (struct str){ zeros, n });
}

/* One class with its count against the front of *s. */
static bool
eat(struct str part, struct str *s)
{
	char class = part.p[0];
	uint64_t n = 0;
	bool rest = class == 'R';

	if (str_to_u64(str_sub(part, 1, part.n), ID_VALUE_MAX - 1, &n) != ERR_OK)
		return false;
	if (rest) {
		if (s->n == 0 || s->n > n)
			return false;
		n = s->n;
	}
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!in_class(class, s->p[i]))
			return false;
	*s = str_sub(*s, n, s->n);
	return true;
}

static bool
pattern_ok(struct str pattern, struct str s)
{
	while (pattern.n > 0) {
		struct str part = str_cut(&pattern, ' ');

		if (part.n == 0 || !eat(part, &s))
			return false;
	}
	return s.n == 0;
}

static bool
check_ok(struct str check, struct str s)
{
	if (str_eq(check, S("mod97")))
		return mod97_ok(s);
	if (str_eq(check, S("luhn")))
		return luhn_ok(s);
	if (str_eq(check, S("bic")))
		return country_ok(str_sub(s, 4, 2));
	return true;
}

enum err
idscheme_canon(const struct idschemes *t, struct str scheme, struct str value,
	       char dst[ID_VALUE_MAX], struct diag *d)
{
	const struct idscheme *row = idschemes_find(t, scheme);
	struct str pattern;
	struct buf b;
	enum err err;

	if (row == NULL)
		return diag_set(d, ERR_ABSENT, 0, "'%.*s' is no id scheme",
				STR_ARG(str_sub(scheme, 0, 40)));
	buf_init(&b, ID_VALUE_MAX - 1);
	pattern = row->pattern;
	err = squeeze(value, &b);
	if (err == ERR_OK)
		pad(&b, &pattern);
	if (err == ERR_OK && str_eq(row->check, S("bic")) && b.n == 8)
		buf_put(&b, S("XXX"));
	if (err != ERR_OK || b.err != ERR_OK ||
	    !pattern_ok(pattern, buf_str(&b)))
		err = diag_set(d, ERR_INPUT, 0, "'%.*s' is not a %.*s",
			       STR_ARG(str_sub(value, 0, 40)), STR_ARG(scheme));
	else if (!check_ok(row->check, buf_str(&b)))
		err = diag_set(d, ERR_INPUT, 0,
			       "'%.*s': the check digit of %.*s is wrong",
			       STR_ARG(str_sub(value, 0, 40)), STR_ARG(scheme));
	else
		err = str_copy(dst, ID_VALUE_MAX, buf_str(&b));
	buf_free(&b);
	return err;
}

bool
uscc_ok(struct str s)
{
	/* GB 32100: no I O S V Z; weights are powers of 3 modulo 31. */
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	struct str abc = S("0123456789ABCDEFGHJKLMNPQRTUWXY");
	unsigned sum = 0;
	unsigned weight = 1;

	if (s.n != 18)
		return false;
	for (size_t i = 0; i < 17; i++) {
		size_t v = str_find(abc, s.p[i]);

		if (v == abc.n)
			return false;
		sum += (unsigned)v * weight;
		weight = weight * 3 % 31;
	}
	return s.p[17] == alphabet[(31 - sum % 31) % 31];
}

bool
country_ok(struct str s)
{
	/* ISO 3166-1 alpha-2, officially assigned, and XK (user-assigned). */
	static const char list[] =
	    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG "
	    "BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI "
	    "CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
	    "ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ "
	    "GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT "
	    "JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
	    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU "
	    "MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG "
	    "PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
	    "SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK "
	    "TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU "
	    "WF WS XK YE YT ZA ZM ZW ";

	if (s.n != 2)
		return false;
	for (size_t i = 0; i + 2 < sizeof(list); i += 3)
		if (list[i] == s.p[0] && list[i + 1] == s.p[1])
			return true;
	return false;
}
