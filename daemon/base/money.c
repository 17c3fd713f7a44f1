/*
 * money.c - decimal strings to minor units and back; exact products.
 */
#include "money.h"

__extension__ typedef __int128 wide;

/* ISO 4217 list one, active codes of trade; two decimals unless named. */
static const char CCY_TWO[] =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD "
    "BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN "
    "ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES "
    "WST XCD YER ZAR ZMW ZWL CNH ";
static const char CCY_ZERO[] =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
static const char CCY_THREE[] = "BHD IQD JOD KWD LYD OMR TND ";

static bool
ccy_in(const char *list, struct str s)
{
	/* Asked for every amount of a book: four bytes a code, no words. */
	for (const char *p = list; *p != '\0'; p += 4)
		if (p[0] == s.p[0] && p[1] == s.p[1] && p[2] == s.p[2])
			return true;
	return false;
}

int
ccy_decimals(struct str s)
{
	if (s.n != 3)
		return -1;
	if (ccy_in(CCY_TWO, s))
		return 2;
	if (ccy_in(CCY_ZERO, s))
		return 0;
	return ccy_in(CCY_THREE, s) ? 3 : -1;
}

enum err
money_get(struct str s, struct str ccy, int64_t *minor, struct diag *d)
{
	int decimals = ccy_decimals(ccy);
	struct str frac = s;
	struct str whole = str_cut(&frac, '.');
	uint64_t v = 0;
	uint64_t f = 0;

	if (decimals < 0)
		return diag_set(d, ERR_INPUT, 0, "'%.*s' is not a currency",
				STR_ARG(ccy));
	if (whole.n > MONEY_DIGITS_MAX)
		return diag_set(d, ERR_LIMIT, 0, "more than %u digits",
				MONEY_DIGITS_MAX);
	if (whole.n == 0 || (whole.n > 1 && whole.p[0] == '0') ||
	    (whole.n < s.n && frac.n == 0) ||
	    str_to_u64(whole, 999999999999999u, &v) != ERR_OK)
		return diag_set(d, ERR_INPUT, 0,
				"'%.*s' is not an amount like 1234.50",
				STR_ARG(str_sub(s, 0, 40)));
	if (frac.n > (size_t)decimals)
		return diag_set(d, ERR_INPUT, 0, "%.*s has %d decimals",
				STR_ARG(ccy), decimals);
	if (frac.n > 0 && str_to_u64(frac, 999, &f) != ERR_OK)
		return diag_set(d, ERR_INPUT, 0,
				"'%.*s' is not an amount like 1234.50",
				STR_ARG(str_sub(s, 0, 40)));
	for (int i = 0; i < decimals; i++)
		v *= 10;
	for (int i = (int)frac.n; i < decimals; i++)
		f *= 10;
	*minor = (int64_t)(v + f);
	return ERR_OK;
}

int64_t
pow10_of(int n)
{
	int64_t v = 1;

	must(n <= 18);
	while (n-- > 0)
		v *= 10;
	return v;
}

void
money_put(struct buf *b, int64_t minor, struct str ccy)
{
	int decimals = ccy_decimals(ccy);
	int64_t unit = pow10_of(decimals < 0 ? 0 : decimals);

	must(minor >= 0);
	must(decimals >= 0);
	buf_printf(b, "%lld", (long long)(minor / unit));
	if (decimals > 0)
		buf_printf(b, ".%0*lld", decimals, (long long)(minor % unit));
}

void
money_show(struct buf *b, int64_t minor, struct str ccy)
{
	char text[64];
	struct buf plain;
	size_t point;

	buf_init(&plain, sizeof(text));
	money_put(&plain, minor, ccy);
	point = str_find(buf_str(&plain), '.');
	for (size_t i = 0; i < plain.n; i++) {
		if (i > 0 && i < point && (point - i) % 3 == 0)
			buf_byte(b, ',');
		buf_byte(b, (uint8_t)plain.p[i]);
	}
	buf_free(&plain);
}

int64_t
money_bp(int64_t minor, int bp)
{
	must(minor >= 0);
	must(bp >= 0 && bp <= 10000);
	return (int64_t)((wide)minor * bp / 10000);
}

enum err
rate_get(struct str s, struct rate *r)
{
	struct str frac = s;
	struct str whole = str_cut(&frac, '.');
	uint64_t v = 0;
	uint64_t f = 0;
	int64_t m;

	if (whole.n == 0 || whole.n > 9 || frac.n > 9 ||
	    (whole.n < s.n && frac.n == 0) ||
	    str_to_u64(whole, 999999999, &v) != ERR_OK ||
	    (frac.n > 0 && str_to_u64(frac, 999999999, &f) != ERR_OK))
		return ERR_INPUT;
	m = (int64_t)v * pow10_of((int)frac.n) + (int64_t)f;
	if (m == 0)
		return ERR_INPUT;
	*r = (struct rate){ m, (int)frac.n };
	return ERR_OK;
}

/* num / den rounded half to even; both positive. */
static wide
div_half_even(wide num, wide den)
{
	wide q = num / den;
	wide r = num % den;

	if (2 * r > den || (2 * r == den && (q & 1) != 0))
		q++;
	return q;
}

enum err
money_convert(int64_t minor, struct str from, struct str to, struct rate r,
	      enum rate_dir dir, int64_t *out)
{
	int df = ccy_decimals(from);
	int dt = ccy_decimals(to);
	wide num = minor;
	wide den = 1;
	wide q;

	must(minor >= 0 && r.mantissa > 0);
	must(df >= 0 && dt >= 0);
	if (dir == RATE_MULTIPLY) {
		num *= r.mantissa;
		den *= pow10_of(r.scale);
	} else {
		num *= pow10_of(r.scale);
		den *= r.mantissa;
	}
	if (dt >= df)
		num *= pow10_of(dt - df);
	else
		den *= pow10_of(df - dt);
	q = div_half_even(num, den);
	if (q > INT64_MAX)
		return ERR_LIMIT;
	*out = (int64_t)q;
	return ERR_OK;
}
