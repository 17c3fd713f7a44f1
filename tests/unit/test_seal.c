/*
 * test_seal.c - signatures and seals against an ALERT another program made,
 * key lines and key files.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"
#include "seal.h"
#include "wire_vectors.h"
#include "scratch.h"

#define VECTOR_MAX 1024

static struct str
vector(const char *name, uint8_t *p)
{
	for (size_t i = 0; i < sizeof(wire_vectors) / sizeof(*wire_vectors);
	     i++) {
		struct str hex = str_of(wire_vectors[i].hex);

		if (strcmp(wire_vectors[i].name, name) != 0)
			continue;
		cr_assert(hex.n / 2 <= VECTOR_MAX);
		cr_assert_eq(str_to_bytes(hex, p, hex.n / 2), ERR_OK);
		return (struct str){ (char *)p, hex.n / 2 };
	}
	cr_assert_fail("no vector %s", name);
	return STR_NONE;
}

/* The subscriber and the publisher of the vectors: secrets of equal bytes. */
struct world {
	struct keys sub;
	struct keys srv;
	struct keys_server announced;
	struct seal_reader reader;
};

static void
fix_box(struct keys_pair *pair, uint8_t fill, const uint8_t *pub)
{
	memset(pair->sec, fill, KEYS_SIZE);
	memcpy(pair->pub, pub, KEYS_SIZE);
}

static void
world_init(struct world *w)
{
	uint8_t curve[KEYS_SIZE], seal[KEYS_SIZE];

	memset(w, 0, sizeof(*w));
	cr_assert_eq(keys_casrv_get(str_of(wire_casrv1), &w->announced, NULL),
		     ERR_OK);
	cr_assert_eq(keys_capub_get(str_of(wire_capub1), curve, seal, NULL),
		     ERR_OK);
	fix_box(&w->srv.curve, 1, w->announced.curve);
	fix_box(&w->srv.seal, 2, w->announced.seal);
	fix_box(&w->srv.sign[0], 3, w->announced.sign[0]);
	w->srv.sign_count = 1;
	fix_box(&w->sub.curve, 4, curve);
	fix_box(&w->sub.seal, 5, seal);
	/* The public keys another program derived are ours. */
	cr_assert_eq(seal_keys_check(&w->srv, NULL), ERR_OK);
	cr_assert_eq(seal_keys_check(&w->sub, NULL), ERR_OK);
	cr_assert_eq(seal_reader_init(&w->reader, &w->sub, &w->announced),
		     ERR_OK);
}

static enum err
open_frames(const struct world *w, const struct str frame[2],
	    struct str stream)
{
	struct wire_header h;
	struct buf clear;
	struct str body;
	enum err err;

	buf_init(&clear, SEALED_MAX);
	err = seal_open(&w->reader, stream, frame, &h, &clear, &body, NULL);
	buf_free(&clear);
	return err;
}

Test(seal, the_recorded_alert_opens)
{
	uint8_t hp[VECTOR_MAX], sp[VECTOR_MAX], bp[VECTOR_MAX];
	struct str frame[2] = { vector("ALERT header", hp),
				vector("ALERT sealed", sp) };
	struct world w;
	struct wire_header h;
	struct buf clear;
	struct str body;
	struct diag d = { 0 };

	world_init(&w);
	buf_init(&clear, SEALED_MAX);
	cr_assert_eq(seal_open(&w.reader, S("EX-SZ-001"), frame, &h, &clear,
			       &body, &d),
		     ERR_OK, "%s", d.why);
	cr_assert(str_eq(body, vector("ALERT body", bp)));
	cr_assert_eq(h.seq, 42);
	buf_free(&clear);
}

Test(seal, our_signature_is_theirs)
{
	uint8_t hp[VECTOR_MAX], bp[VECTOR_MAX], gp[VECTOR_MAX];
	uint8_t sig[SEAL_SIGNATURE_SIZE];
	struct world w;
	struct wire_header h;

	world_init(&w);
	cr_assert_eq(wire_get_header(vector("ALERT header", hp), &h, NULL),
		     ERR_OK);
	cr_assert_eq(seal_sign_keyid(w.srv.sign[0].pub), h.sign_keyid);
	cr_assert_eq(seal_seal_keyid(w.sub.seal.pub), h.seal_keyid);
	seal_sign(S("EX-SZ-001"), &h, vector("ALERT body", bp),
		  &w.srv.sign[0], sig);
	cr_assert(str_eq((struct str){ (char *)sig, sizeof(sig) },
			 vector("ALERT signature", gp)));
	/* Flags and seal_keyid are outside: every replay has one signature. */
	h.flags = WIRE_SNAPSHOT;
	h.seal_keyid = 7;
	cr_assert_eq(seal_verify(S("EX-SZ-001"), &h, vector("ALERT body", bp),
				 w.srv.sign[0].pub, sig),
		     ERR_OK);
	h.seq++;
	cr_assert_eq(seal_verify(S("EX-SZ-001"), &h, vector("ALERT body", bp),
				 w.srv.sign[0].pub, sig),
		     ERR_REFUSED);
}

Test(seal, no_flipped_byte_is_accepted)
{
	uint8_t p[2][VECTOR_MAX];
	struct str frame[2] = { vector("ALERT header", p[0]),
				vector("ALERT sealed", p[1]) };
	struct world w;

	world_init(&w);
	for (int f = 0; f < 2; f++)
		for (size_t i = 0; i < frame[f].n; i++) {
			p[f][i] ^= 0xFF;
			cr_assert_neq(open_frames(&w, frame, S("EX-SZ-001")),
				      ERR_OK, "frame %d byte %zu", f, i);
			p[f][i] ^= 0xFF;
		}
	cr_assert_eq(open_frames(&w, frame, S("EX-SZ-001")), ERR_OK);
}

/* Every bit but the two flags, which belong to the delivery. */
Test(seal, no_flipped_bit_is_accepted)
{
	uint8_t p[2][VECTOR_MAX];
	struct str frame[2] = { vector("ALERT header", p[0]),
				vector("ALERT sealed", p[1]) };
	struct world w;

	world_init(&w);
	for (int f = 0; f < 2; f++)
		for (size_t bit = 0; bit < 8 * frame[f].n; bit++) {
			uint8_t mask = (uint8_t)(1 << bit % 8);
			bool flag = f == 0 && bit / 8 == 3 && mask < 4;

			p[f][bit / 8] ^= mask;
			cr_assert_eq(open_frames(&w, frame, S("EX-SZ-001")) ==
					 ERR_OK,
				     flag, "frame %d bit %zu", f, bit);
			p[f][bit / 8] ^= mask;
		}
}

Test(seal, lengths_streams_and_keys_count)
{
	uint8_t p[2][VECTOR_MAX];
	struct str frame[2] = { vector("ALERT header", p[0]),
				vector("ALERT sealed", p[1]) };
	size_t whole = frame[1].n;
	struct world w;
	struct keys other;

	world_init(&w);
	for (size_t n = 0; n < whole; n++) {
		frame[1].n = n;
		cr_assert_neq(open_frames(&w, frame, S("EX-SZ-001")), ERR_OK);
	}
	frame[1].n = whole;
	cr_assert_eq(open_frames(&w, frame, S("EX-SZ-002")), ERR_REFUSED,
		     "another stream's entry");
	seal_keys_generate(&other, 0);
	cr_assert_eq(seal_reader_init(&w.reader, &other, &w.announced),
		     ERR_OK);
	cr_assert_eq(open_frames(&w, frame, S("EX-SZ-001")), ERR_REFUSED);
	w.reader.seal_keyid = seal_seal_keyid(w.sub.seal.pub);
	cr_assert_eq(open_frames(&w, frame, S("EX-SZ-001")), ERR_REFUSED,
		     "the right id on the wrong key");
}

Test(seal, two_seals_differ_and_open_to_the_same)
{
	struct world w;
	struct seal_shared shared;
	struct buf a, b, clear;
	struct wire_header h = { .type = 2, .severity = 3, .epoch = 1,
				 .seq = 7, .time_us = 9, .body_len = 5 };
	uint8_t sig[SEAL_SIGNATURE_SIZE];
	struct str sigs = { (char *)sig, sizeof(sig) };
	struct str body;
	struct str frame[2];
	struct buf head;

	world_init(&w);
	h.sign_keyid = seal_sign_keyid(w.srv.sign[0].pub);
	h.seal_keyid = w.reader.seal_keyid;
	buf_init(&a, SEALED_MAX);
	buf_init(&b, SEALED_MAX);
	buf_init(&clear, SEALED_MAX);
	buf_init(&head, 64);
	seal_sign(S("@gw"), &h, S("hello"), &w.srv.sign[0], sig);
	cr_assert_eq(seal_share(w.sub.seal.pub, w.srv.seal.sec, &shared),
		     ERR_OK);
	seal_close(&a, &shared, sigs, S("hello"));
	seal_close(&b, &shared, sigs, S("hello"));
	cr_assert(!str_eq(buf_str(&a), buf_str(&b)));
	wire_put_header(&head, &h);
	frame[0] = buf_str(&head);
	frame[1] = buf_str(&a);
	cr_assert_eq(seal_open(&w.reader, S("@gw"), frame, &h, &clear, &body,
			       NULL),
		     ERR_OK);
	cr_assert(str_eq(body, S("hello")));
	buf_free(&a);
	buf_free(&b);
	buf_free(&clear);
	buf_free(&head);
}

Test(seal, bodies_of_the_largest_size)
{
	struct world w;
	struct seal_shared shared;
	struct buf b, body;
	uint8_t sig[SEAL_SIGNATURE_SIZE] = { 0 };

	world_init(&w);
	buf_init(&b, SEALED_MAX);
	buf_init(&body, WIRE_BODY_MAX);
	while (body.n < WIRE_BODY_MAX)
		buf_byte(&body, 'x');
	cr_assert_eq(seal_share(w.sub.seal.pub, w.srv.seal.sec, &shared),
		     ERR_OK);
	seal_close(&b, &shared, (struct str){ (char *)sig, sizeof(sig) },
		   buf_str(&body));
	cr_assert_eq(b.err, ERR_OK);
	cr_assert_eq(b.n, SEALED_MAX);
	buf_free(&b);
	buf_free(&body);
}

/* ---- keys ---- */

Test(keys, lines_round_trip)
{
	struct world w;
	struct buf b;

	world_init(&w);
	buf_init(&b, KEYS_LINE_MAX);
	keys_capub_put(&b, &w.sub);
	cr_assert(str_eq(buf_str(&b), str_of(wire_capub1)));
	buf_clear(&b);
	keys_casrv_put(&b, &w.srv);
	cr_assert(str_eq(buf_str(&b), str_of(wire_casrv1)));
	buf_free(&b);
}

Test(keys, bad_lines)
{
	uint8_t a[KEYS_SIZE], b[KEYS_SIZE];
	struct keys_server s;
	char line[KEYS_LINE_MAX];
	size_t n = strlen(wire_capub1);

	cr_assert_neq(keys_capub_get(str_of(wire_casrv1), a, b, NULL), ERR_OK);
	cr_assert_neq(keys_casrv_get(str_of(wire_capub1), &s, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		cr_assert_neq(keys_capub_get((struct str){ wire_capub1, i }, a,
					     b, NULL),
			      ERR_OK);
	memcpy(line, wire_capub1, n + 1);
	line[n - 1] = '*';
	cr_assert_neq(keys_capub_get(str_of(line), a, b, NULL), ERR_OK);
	/* 43 characters hold 258 bits: the last two must be zero. */
	line[n - 1] = '_';
	cr_assert_neq(keys_capub_get(str_of(line), a, b, NULL), ERR_OK);
	(void)snprintf(line, sizeof(line), "%s.", wire_casrv1);
	cr_assert_neq(keys_casrv_get(str_of(line), &s, NULL), ERR_OK);
	(void)snprintf(line, sizeof(line), "%s%s", wire_casrv1,
		       strrchr(wire_casrv1, '.'));
	cr_assert_eq(keys_casrv_get(str_of(line), &s, NULL), ERR_OK);
	cr_assert_eq(s.sign_count, 2);
	(void)snprintf(line, sizeof(line), "%s%s%s", wire_casrv1,
		       strrchr(wire_casrv1, '.'), strrchr(wire_casrv1, '.'));
	cr_assert_eq(keys_casrv_get(str_of(line), &s, NULL), ERR_LIMIT);
}

Test(keys, z85_as_the_rfc_has_it)
{
	/* The key of ZeroMQ's own manual, zmq_curve(7). */
	uint8_t key[KEYS_SIZE];
	struct buf b;
	struct str z = S("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
	static const uint8_t head[] = { 0xBB, 0x88, 0x47, 0x1D };

	cr_assert_eq(keys_z85_get(z, key), ERR_OK);
	cr_assert_eq(memcmp(key, head, sizeof(head)), 0);
	buf_init(&b, 64);
	keys_z85_put(&b, key);
	cr_assert(str_eq(buf_str(&b), z));
	buf_free(&b);
	cr_assert_neq(keys_z85_get(S("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI"),
				   key),
		      ERR_OK);
	cr_assert_neq(keys_z85_get(
			  S("#####w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"), key),
		      ERR_OK, "above 2^32");
}

Test(keys, files)
{
	char dir[SCRATCH_PATH_SIZE];
	char path[2 * SCRATCH_PATH_SIZE];
	struct keys k, back;
	struct buf text, read;
	struct diag d = { 0 };

	scratch_dir(dir, "keys");
	(void)snprintf(path, sizeof(path), "%s/k", dir);
	seal_keys_generate(&k, 2);
	buf_init(&text, KEYS_FILE_MAX);
	buf_init(&read, KEYS_FILE_MAX);
	keys_put(&text, &k);
	cr_assert_eq(keys_file_write(path, buf_str(&text), NULL), ERR_OK);
	cr_assert_eq(keys_file_write(path, buf_str(&text), NULL), ERR_IO,
		     "never over another key");
	cr_assert_eq(keys_file_read(path, &read, NULL), ERR_OK);
	cr_assert_eq(keys_get(buf_str(&read), &back, &d), ERR_OK, "%s", d.why);
	cr_assert_eq(memcmp(&k, &back, sizeof(k)), 0);
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		cr_assert_eq(chmod(path, 0600 | bit), 0);
		buf_clear(&read);
		cr_assert_eq(keys_file_read(path, &read, NULL), ERR_CONFIG);
		cr_assert_eq(read.n, 0);
	}
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(keys_file_read(path, &read, NULL), ERR_IO);
	cr_assert_eq(rmdir(dir), 0);
	buf_wipe(&text);
	buf_wipe(&read);
}

static enum err
edited(const char *from, const char *to)
{
	struct keys k;
	struct buf text, out;
	struct str s;
	const char *at;
	enum err err;

	seal_keys_generate(&k, 1);
	buf_init(&text, KEYS_FILE_MAX);
	buf_init(&out, KEYS_FILE_MAX);
	keys_put(&text, &k);
	buf_byte(&text, 0);
	s = buf_str(&text);
	at = strstr(s.p, from);
	cr_assert_not_null(at);
	buf_put(&out, (struct str){ s.p, (size_t)(at - s.p) });
	buf_put(&out, str_of(to));
	buf_put(&out, str_of(at + strlen(from)));
	err = keys_get(buf_str(&out), &k, NULL);
	buf_wipe(&text);
	buf_wipe(&out);
	return err;
}

Test(keys, damaged_files)
{
	cr_assert_eq(edited("curve\n", "curve\n"), ERR_OK);
	cr_assert_eq(edited("curve\n", "metadata\n    name = \"x\"\ncurve\n"),
		     ERR_OK);
	cr_assert_eq(edited("curve\n", "curve\n  colour = \"red\"\n"),
		     ERR_INPUT);
	cr_assert_eq(edited("seal-secret-key = \"", "seal-secret-key = \"x"),
		     ERR_INPUT);
	cr_assert_eq(edited("seal\n", "lost\n"), ERR_INPUT);
	cr_assert_eq(edited("sign\n", "sign2\n"), ERR_INPUT);
	cr_assert_eq(edited("curve\n    public", "curve\n    secret"),
		     ERR_INPUT);
}
