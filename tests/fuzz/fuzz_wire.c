/*
 * fuzz_wire.c - every decoder that reads bytes of strangers on the wire: the
 * first byte picks it.  What is accepted must encode to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "seal.h"
#include "wire.h"

#define BUF_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

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
client(struct str s)
{
	struct wire_frame f;

	if (wire_get_client(s, &f, NULL) == ERR_OK)
		same(&f, s, 1);
}

static void
server(struct str s)
{
	struct wire_frame f;

	if (wire_get_server(s, &f, NULL) == ERR_OK)
		same(&f, s, 0);
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

/* Nothing made without the keys opens. */
static void
opening(struct str s)
{
	static struct seal_reader reader;
	static int made;
	struct str frame[2] = { str_sub(s, 0, WIRE_HEADER_SIZE),
				str_sub(s, WIRE_HEADER_SIZE, s.n) };
	struct wire_header h;
	struct buf clear;
	struct str body;

	if (!made) {
		struct keys own, srv;
		struct keys_server pub = { .sign_count = 1 };

		seal_keys_generate(&own, 0);
		seal_keys_generate(&srv, 1);
		memcpy(pub.seal, srv.seal.pub, KEYS_SIZE);
		memcpy(pub.sign[0], srv.sign[0].pub, KEYS_SIZE);
		must(seal_reader_init(&reader, &own, &pub) == ERR_OK);
		made = 1;
	}
	if (wire_get_header(frame[0], &h, NULL) == ERR_OK)
		reader.seal_keyid = h.seal_keyid; /* so that the box is tried */
	buf_init(&clear, SEALED_MAX);
	must(seal_open(&reader, S("EX-1"), frame, &h, &clear, &body, NULL) !=
	     ERR_OK);
	buf_free(&clear);
}

static void
words(struct str s)
{
	struct wire_filter f;
	struct keys_server srv;
	struct keys k;
	uint8_t a[KEYS_SIZE], b[KEYS_SIZE];

	if (wire_get_filter(s, &f, NULL) == ERR_OK)
		(void)wire_filter_has(&f, WIRE_FILTER_COUNTRY, S("AE"));
	(void)wire_consumer_ok(s);
	(void)wire_stream_ok(s);
	if (keys_capub_get(s, a, b, NULL) == ERR_OK ||
	    keys_casrv_get(s, &srv, NULL) == ERR_OK ||
	    keys_get(s, &k, NULL) == ERR_OK)
		return;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str s;

	if (n == 0)
		return 0;
	s = (struct str){ (const char *)p + 1, n - 1 };
	switch (p[0] % 5) {
	case 0:
		client(s);
		break;
	case 1:
		server(s);
		break;
	case 2:
		header(s);
		break;
	case 3:
		opening(s);
		break;
	default:
		words(s);
		break;
	}
	return 0;
}
