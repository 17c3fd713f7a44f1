/*
 * fuzz_wire.c - every decoder that reads bytes of strangers on the wire, and
 * keys as people hand them over.  What is accepted must encode to the same.
 */
#include <string.h>

#include "fuzz.h"
#include "keys.h"
#include "seal.h"
#include "wire.h"

#define BUF_MAX (1u << 20)

static void
same(const struct wire_frame *f, struct str s, int exact)
{
	struct buf b;

	buf_init(&b, BUF_MAX);
	wire_put(&b, f);
	must(b.err == ERR_OK);
	must(exact ? str_eq(buf_str(&b), s) : str_starts(s, buf_str(&b)));
	buf_free(&b);
}

static void
header(struct str s)
{
	struct wire_header h;
	struct buf b;

	if (wire_get_header(s, &h, NULL) != ERR_OK)
		return;
	buf_init(&b, WIRE_HEADER_SIZE);
	wire_put_header(&b, &h);
	must(str_eq(buf_str(&b), s));
	buf_free(&b);
}

static void
filter(struct str s)
{
	struct wire_filter f;
	struct diag d = { 0 };

	if (wire_get_filter(s, &f, &d) == ERR_OK)
		(void)wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("AE"));
	else
		must(d.why[0] != '\0');
	(void)wire_consumer_ok(s);
	(void)wire_stream_ok(s);
	(void)wire_routing_ok(s);
}

void
fuzz_wire(struct str in)
{
	struct wire_frame f;

	switch (fuzz_byte(&in) % 4) {
	case 0:
		if (wire_get_client(in, &f, NULL) == ERR_OK)
			same(&f, in, 1);
		break;
	case 1:
		if (wire_get_server(in, &f, NULL) == ERR_OK)
			same(&f, in, 0);
		break;
	case 2:
		header(in);
		break;
	default:
		filter(in);
		break;
	}
}

/* ---- sealed bodies ---- */

static struct keys own;
static struct keys server;
static struct seal_reader reader;

static void
reader_make(void)
{
	struct keys_server pub = { .sign_count = 1 };
	static bool made;

	if (made)
		return;
	seal_keys_generate(&own, 0);
	seal_keys_generate(&server, 1);
	memcpy(pub.seal, server.seal.pub, KEYS_SIZE);
	memcpy(pub.sign[0], server.sign[0].pub, KEYS_SIZE);
	must(seal_reader_init(&reader, &own, &pub) == ERR_OK);
	made = true;
}

static enum err
open_it(const struct seal_reader *r, const struct str frame[2], struct buf *clear,
	struct str *body)
{
	struct wire_header h;

	buf_init(clear, SEALED_MAX);
	return seal_open(r, S("EX-1"), frame, &h, clear, body, NULL);
}

/* Nothing made without the keys opens. */
static void
forged(struct str in)
{
	struct str frame[2] = { str_sub(in, 0, WIRE_HEADER_SIZE),
				str_sub(in, WIRE_HEADER_SIZE, in.n) };
	struct seal_reader r = reader;
	struct wire_header h;
	struct buf clear;
	struct str body;

	if (wire_get_header(frame[0], &h, NULL) == ERR_OK)
		r.seal_keyid = h.seal_keyid; /* so that the box is tried */
	must(open_it(&r, frame, &clear, &body) != ERR_OK);
	buf_free(&clear);
}

/* What the server sealed opens as it is, and with no byte changed. */
static void
sealed(struct str in, uint8_t at, uint8_t flip)
{
	struct wire_header h = { .type = WIRE_FIRST,
				 .severity = 4,
				 .seq = 1,
				 .epoch = 1,
				 .time_us = 1 };
	uint8_t signature[SEAL_SIGNATURE_SIZE];
	struct seal_shared shared;
	struct buf frame[2];
	struct str two[2];
	struct buf clear;
	struct str body;

	if (in.n == 0)
		return; /* a body has a byte at least */
	in = str_sub(in, 0, WIRE_BODY_MAX);
	h.body_len = (uint32_t)in.n;
	h.sign_keyid = seal_sign_keyid(server.sign[0].pub);
	h.seal_keyid = seal_seal_keyid(own.seal.pub);
	seal_sign(S("EX-1"), &h, in, &server.sign[0], signature);
	must(seal_share(own.seal.pub, server.seal.sec, &shared) == ERR_OK);
	buf_init(&frame[0], WIRE_HEADER_SIZE);
	buf_init(&frame[1], SEALED_MAX);
	wire_put_header(&frame[0], &h);
	seal_close(&frame[1], &shared,
		   (struct str){ (const char *)signature, sizeof(signature) },
		   in);
	two[0] = buf_str(&frame[0]);
	two[1] = buf_str(&frame[1]);
	must(open_it(&reader, two, &clear, &body) == ERR_OK);
	must(str_eq(body, in));
	buf_free(&clear);
	if (flip != 0) {
		struct buf *b = &frame[at & 1];

		b->p[at / 2 % b->n] ^= (char)flip;
		/* flags (byte 3) say how it was sent; all else is signed. */
		if (open_it(&reader, two, &clear, &body) == ERR_OK)
			must(b == &frame[0] && at / 2 % b->n == 3);
		buf_free(&clear);
	}
	buf_free(&frame[0]);
	buf_free(&frame[1]);
}

void
fuzz_seal(struct str in)
{
	uint8_t way = fuzz_byte(&in);

	reader_make();
	if (way & 1) {
		uint8_t at = fuzz_byte(&in);
		uint8_t flip = fuzz_byte(&in);

		sealed(in, at, flip);
	} else {
		forged(in);
	}
}

/* ---- keys ---- */

void
fuzz_keys(struct str in)
{
	struct keys k;
	struct keys again;
	struct diag d = { 0 };
	struct buf b;

	if (keys_get(in, &k, &d) != ERR_OK) {
		must(d.why[0] != '\0');
		return;
	}
	buf_init(&b, KEYS_FILE_MAX);
	keys_put(&b, &k);
	must(b.err == ERR_OK);
	must(keys_get(buf_str(&b), &again, &d) == ERR_OK);
	must(again.sign_count == k.sign_count);
	must(memcmp(&again.curve, &k.curve, sizeof(k.curve)) == 0);
	must(memcmp(&again.seal, &k.seal, sizeof(k.seal)) == 0);
	buf_wipe(&b);
	keys_wipe(&k);
	keys_wipe(&again);
}

void
fuzz_keyline(struct str in)
{
	uint8_t curve[KEYS_SIZE];
	uint8_t seal[KEYS_SIZE];
	struct keys_server srv;
	struct diag d = { 0 };
	struct keys k = { 0 };
	struct buf b;

	buf_init(&b, KEYS_LINE_MAX + 1);
	if (keys_capub_get(in, curve, seal, &d) == ERR_OK) {
		memcpy(k.curve.pub, curve, KEYS_SIZE);
		memcpy(k.seal.pub, seal, KEYS_SIZE);
		keys_capub_put(&b, &k);
		/* One line for one pair of keys. */
		must(str_eq(str_trim(buf_str(&b)), str_trim(in)));
	} else {
		must(d.why[0] != '\0');
	}
	buf_clear(&b);
	if (keys_casrv_get(in, &srv, &d) == ERR_OK) {
		memcpy(k.curve.pub, srv.curve, KEYS_SIZE);
		memcpy(k.seal.pub, srv.seal, KEYS_SIZE);
		k.sign_count = srv.sign_count;
		for (size_t i = 0; i < srv.sign_count; i++)
			memcpy(k.sign[i].pub, srv.sign[i], KEYS_SIZE);
		keys_casrv_put(&b, &k);
		must(str_eq(str_trim(buf_str(&b)), str_trim(in)));
	}
	buf_free(&b);
}
