/*
 * keys.c - Z85, base64url, key lines and ZPL key files.
 */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal.h"

static const char z85_digit[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				".-:+=^!/*?&<>()[]{}@%$#";
static const char b64_digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789-_";

#define B64_SIZE 43u /* of 32 bytes, without padding */

/* ---- Z85 (ZeroMQ RFC 32) ---- */

void
keys_z85_put(struct buf *b, const uint8_t key[KEYS_SIZE])
{
	for (size_t i = 0; i < KEYS_SIZE; i += 4) {
		uint32_t v = (uint32_t)key[i] << 24 |
			     (uint32_t)key[i + 1] << 16 |
			     (uint32_t)key[i + 2] << 8 | key[i + 3];
		char out[5];

		for (size_t j = 5; j-- > 0; v /= 85)
			out[j] = z85_digit[v % 85];
		buf_put(b, (struct str){ out, sizeof(out) });
	}
}

enum err
keys_z85_get(struct str s, uint8_t key[KEYS_SIZE])
{
	struct str digits = { z85_digit, sizeof(z85_digit) - 1 };

	if (s.n != KEYS_Z85_SIZE)
		return ERR_INPUT;
	for (size_t i = 0; i < KEYS_SIZE / 4; i++) {
		uint64_t v = 0;

		for (size_t j = 0; j < 5; j++) {
			size_t at = str_find(digits, s.p[5 * i + j]);

			if (at == digits.n)
				return ERR_INPUT;
			v = v * 85 + at;
		}
		if (v > UINT32_MAX)
			return ERR_INPUT;
		for (size_t j = 0; j < 4; j++)
			key[4 * i + j] = (uint8_t)(v >> (24 - 8 * j));
	}
	return ERR_OK;
}

/* ---- base64url ---- */

static void
b64_put(struct buf *b, const uint8_t key[KEYS_SIZE])
{
	for (size_t bit = 0; bit < 8 * KEYS_SIZE; bit += 6) {
		size_t at = bit / 8;
		unsigned two = (unsigned)key[at] << 8 |
			       (at + 1 < KEYS_SIZE ? key[at + 1] : 0u);

		buf_byte(b, (uint8_t)b64_digit[two >> (10 - bit % 8) & 63]);
	}
}

static enum err
b64_get(struct str s, uint8_t key[KEYS_SIZE])
{
	struct str digits = { b64_digit, sizeof(b64_digit) - 1 };
	unsigned held = 0; /* bits not yet written, the low `bits` of it */
	unsigned bits = 0;
	size_t n = 0;

	if (s.n != B64_SIZE)
		return ERR_INPUT;
	for (size_t i = 0; i < s.n; i++) {
		size_t v = str_find(digits, s.p[i]);

		if (v == digits.n)
			return ERR_INPUT;
		held = held << 6 | (unsigned)v;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		key[n++] = (uint8_t)(held >> bits);
		held &= (1u << bits) - 1;
	}
	return held == 0 && n == KEYS_SIZE ? ERR_OK : ERR_INPUT;
}

/* ---- lines ---- */

void
keys_capub_put(struct buf *b, const struct keys *k)
{
	buf_put(b, S("capub1."));
	b64_put(b, k->curve.pub);
	buf_byte(b, '.');
	b64_put(b, k->seal.pub);
}

enum err
keys_capub_get(struct str line, uint8_t curve[KEYS_SIZE],
	       uint8_t seal[KEYS_SIZE], struct diag *d)
{
	struct str rest = str_trim(line);

	if (!str_eq(str_cut(&rest, '.'), S("capub1")))
		return diag_set(d, ERR_INPUT, 0, "not a capub1 line");
	if (b64_get(str_cut(&rest, '.'), curve) != ERR_OK ||
	    b64_get(rest, seal) != ERR_OK)
		return diag_set(d, ERR_INPUT, 0,
				"capub1.<curve>.<sealing>, 43 characters each");
	return ERR_OK;
}

void
keys_casrv_put(struct buf *b, const struct keys *k)
{
	buf_put(b, S("casrv1."));
	b64_put(b, k->curve.pub);
	buf_byte(b, '.');
	b64_put(b, k->seal.pub);
	for (size_t i = 0; i < k->sign_count; i++) {
		buf_byte(b, '.');
		b64_put(b, k->sign[i].pub);
	}
}

enum err
keys_casrv_get(struct str line, struct keys_server *out, struct diag *d)
{
	struct str rest = str_trim(line);
	struct keys_server k = { .sign_count = 0 };

	if (!str_eq(str_cut(&rest, '.'), S("casrv1")))
		return diag_set(d, ERR_INPUT, 0, "not a casrv1 line");
	if (b64_get(str_cut(&rest, '.'), k.curve) != ERR_OK ||
	    b64_get(str_cut(&rest, '.'), k.seal) != ERR_OK)
		return diag_set(d, ERR_INPUT, 0, "bad curve or sealing key");
	if (str_ends(rest, S(".")))
		return diag_set(d, ERR_INPUT, 0, "ends with a point");
	do {
		if (k.sign_count == KEYS_SIGN_MAX)
			return diag_set(d, ERR_LIMIT, 0,
					"too many signing keys");
		if (b64_get(str_cut(&rest, '.'), k.sign[k.sign_count++]) !=
		    ERR_OK)
			return diag_set(d, ERR_INPUT, 0, "bad signing key");
	} while (rest.n > 0);
	*out = k;
	return ERR_OK;
}

/* ---- files ---- */

void
keys_wipe(struct keys *k)
{
	explicit_bzero(k, sizeof(*k));
}

static void
section_put(struct buf *b, const char *name, const char *prefix,
	    const struct keys_pair *pair)
{
	buf_printf(b, "%s\n    %spublic-key = \"", name, prefix);
	keys_z85_put(b, pair->pub);
	buf_printf(b, "\"\n    %ssecret-key = \"", prefix);
	keys_z85_put(b, pair->sec);
	buf_put(b, S("\"\n"));
}

void
keys_put(struct buf *b, const struct keys *k)
{
	static const char *const sign[KEYS_SIGN_MAX] = { "sign", "sign2" };

	buf_put(b, S("#   Credit alarm key file (ZPL).  SECRET: keep mode "
		     "0600.\n"));
	must(k->sign_count <= KEYS_SIGN_MAX);
	section_put(b, "curve", "", &k->curve);
	section_put(b, "seal", "seal-", &k->seal);
	for (size_t i = 0; i < k->sign_count; i++)
		section_put(b, sign[i], "sign-", &k->sign[i]);
}

/* Which halves were there, a bit for each. */
struct reader {
	struct keys k;
	unsigned seen[2 + KEYS_SIGN_MAX];
	int section; /* -1: none of ours */
};

static struct keys_pair *
reader_pair(struct reader *r)
{
	switch (r->section) {
	case 0:
		return &r->k.curve;
	case 1:
		return &r->k.seal;
	default:
		return &r->k.sign[r->section - 2];
	}
}

static void
section_get(struct reader *r, struct str name)
{
	static const struct str names[] = {
		{ "curve", 5 },
		{ "seal", 4 },
		{ "sign", 4 },
		{ "sign2", 5 },
	};

	r->section = -1;
	for (int i = 0; i < 2 + (int)KEYS_SIGN_MAX; i++)
		if (str_eq(name, names[i]))
			r->section = i;
}

static enum err
value_get(struct reader *r, struct str line, unsigned n, struct diag *d)
{
	static const struct str prefix[] = {
		{ "", 0 },
		{ "seal-", 5 },
		{ "sign-", 5 },
		{ "sign-", 5 },
	};
	struct str value = line;
	struct str name = str_trim(str_cut(&value, '='));
	struct keys_pair *pair;
	unsigned half;

	if (r->section < 0)
		return ERR_OK; /* another section, as `metadata` */
	if (!str_starts(name, prefix[r->section]))
		return diag_set(d, ERR_INPUT, n, "unknown key");
	name = str_sub(name, prefix[r->section].n, name.n);
	half = str_eq(name, S("public-key"))   ? 1
	       : str_eq(name, S("secret-key")) ? 2
					       : 0;
	if (half == 0)
		return diag_set(d, ERR_INPUT, n, "unknown key");
	if ((r->seen[r->section] & half) != 0)
		return diag_set(d, ERR_INPUT, n, "key given twice");
	r->seen[r->section] |= half;
	value = str_trim(value);
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = str_sub(value, 1, value.n - 2);
	pair = reader_pair(r);
	if (keys_z85_get(value, half == 1 ? pair->pub : pair->sec) != ERR_OK)
		return diag_set(d, ERR_INPUT, n, "not 40 characters of Z85");
	return ERR_OK;
}

static enum err
reader_end(struct reader *r, struct diag *d)
{
	if (r->seen[0] != 3 || r->seen[1] != 3)
		return diag_set(d, ERR_INPUT, 0,
				"curve and seal keys are required");
	for (size_t i = 0; i < KEYS_SIGN_MAX; i++) {
		if (r->seen[2 + i] == 0)
			break;
		if (r->seen[2 + i] != 3)
			return diag_set(d, ERR_INPUT, 0, "half a signing key");
		r->k.sign_count++;
	}
	if (r->seen[3] != 0 && r->seen[2] == 0)
		return diag_set(d, ERR_INPUT, 0, "sign2 without sign");
	return seal_keys_check(&r->k, d);
}

enum err
keys_get(struct str zpl, struct keys *out, struct diag *d)
{
	struct reader r = { .section = -1 };
	enum err err = ERR_OK;
	unsigned n = 0;

	while (zpl.n > 0 && err == ERR_OK) {
		struct str raw = str_cut(&zpl, '\n');
		struct str line = str_trim(raw);

		n++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (str_find(line, '=') < line.n)
			err = value_get(&r, line, n, d);
		else
			section_get(&r, line);
	}
	if (err == ERR_OK)
		err = reader_end(&r, d);
	if (err == ERR_OK)
		*out = r.k;
	explicit_bzero(&r, sizeof(r));
	return err;
}

enum err
keys_file_read(const char *path, struct buf *out, struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err err;

	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = diag_set(d, ERR_IO, 0, "%s: not a file", path);
	else if ((st.st_mode & 077) != 0)
		err = diag_set(d, ERR_CONFIG, 0,
			       "%s: a key file must have mode 0600", path);
	else
		err = buf_read_fd(out, fd);
	(void)close(fd);
	if (err == ERR_LIMIT)
		return diag_set(d, err, 0, "%s: too long", path);
	return err;
}

enum err
keys_file_write(const char *path, struct str zpl, struct diag *d)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return diag_set(d, ERR_IO, 0, "%s: %s", path, strerror(errno));
	good = fchmod(fd, 0600) == 0 && buf_write_fd(zpl, fd) == ERR_OK &&
	       fsync(fd) == 0;
	if (close(fd) != 0 || !good) {
		(void)unlink(path);
		return diag_set(d, ERR_IO, 0, "%s: cannot write", path);
	}
	return ERR_OK;
}
