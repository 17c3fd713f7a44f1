/*
 * world.c - what feeds say, what the network does to it, what the book is.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[M_OBLIGORS + 1] = {
	"Qamar General Trading LLC", "Nordlicht Haustechnik GmbH",
	"Estrela do Sul Comercio", "Baltic Timber Works",
	"Highland Woollens",	    "Caspian Machinery Import",
	"Nobody Anyone Insures",
};
static const char *const uscc[M_EXPORTERS] = { "91440300MADEM0001U",
					       "91440300MADEM0002Y",
					       "91440300MADEM00032" };

static int32_t
today(const struct sim *s)
{
	return date_shanghai(sim_wall(s));
}

/* ---- feeds ---- */

static void
line_put(struct buf *b, const struct m_record *r)
{
	buf_printf(b,
		   "{\"no\":\"%s\",\"kind\":\"%s\",\"id\":\"ARE/%06d\","
		   "\"name\":\"%s\",\"sure\":\"%s\",\"text\":\"t%d\","
		   "\"ts\":\"2026-03-01T00:00:00Z\"",
		   r->key, m_kinds[r->kind].name, r->obligor, names[r->obligor],
		   r->sure == CERTAINTY_OFFICIAL ? "official" :
		   r->sure == CERTAINTY_REPORTED ? "reported" :
						   "inferred",
		   r->text);
	if (r->ref[0] != '\0')
		buf_printf(b, ",\"ref\":\"%s\"", r->ref);
	buf_put(b, S("}\n"));
}

/* What the feed says now, as far as line upto, stands on the net. */
static void
serve(struct sim *s, int feed, size_t upto, bool garbage)
{
	struct feed_world *f = &s->feed[feed];
	struct version *v = &f->version[f->versions];
	struct buf b;

	if (f->versions == SIM_VERSIONS_MAX)
		return;
	f->versions++;
	v->garbage = garbage;
	v->lines = upto;
	memcpy(v->line, f->line, sizeof(v->line));
	buf_init(&b, 1u << 20);
	for (size_t i = 0; i < upto; i++)
		line_put(&b, &f->line[i]);
	if (garbage) {
		buf_clear(&b);
		buf_put(&b, S("<html><title>Busy</title>\n<p>later\n"));
	}
	must(b.err == ERR_OK);
	net_sim_serve(s->rig.net, str_of(f->url), buf_str(&b));
	sim_trace(s, "serve %s version %zu lines %zu%s", f->name,
		  f->versions - 1, upto, garbage ? " garbage" : "");
	buf_free(&b);
}

static void
spoil(struct sim *s, int feed)
{
	struct feed_world *f = &s->feed[feed];
	struct str url = str_of(f->url);
	char etag[32];

	switch (dice_below(&s->dice, 9)) {
	case 0:
		net_sim_status(s->rig.net, url,
			       dice_chance(&s->dice, 50) ? 500 : 404);
		break;
	case 1:
		net_sim_stall(s->rig.net, url);
		break;
	case 2:
		net_sim_delay(s->rig.net, url,
			      dice_below(&s->dice, 40000));
		break;
	case 3:
		net_sim_break(s->rig.net, url, dice_below(&s->dice, 3000));
		break;
	case 4:
		serve(s, feed, f->lines, true);
		return;
	case 5: /* a shorter list: whoever appends takes nothing back */
		if (feed != 2)
			serve(s, feed, dice_below(&s->dice,
						  (unsigned)f->lines + 1),
			      false);
		break;
	case 6:
		if (feed == 2) /* the guard */
			serve(s, feed, 0, true);
		break;
	default:
		(void)snprintf(etag, sizeof(etag), "\"%zu\"", f->versions);
		net_sim_etag(s->rig.net, url, str_of(etag));
		return;
	}
	sim_trace(s, "net spoils %s", f->name);
}

static enum certainty
certainty(struct sim *s, int feed)
{
	unsigned n = dice_below(&s->dice, 10);

	if (feed == 2)
		return CERTAINTY_OFFICIAL;
	return n == 0 ? CERTAINTY_OFFICIAL :
	       n <= 2 ? CERTAINTY_INFERRED :
			CERTAINTY_REPORTED;
}

static enum m_kind
kind(struct sim *s)
{
	static const enum m_kind often[] = { K_PETITION, K_OPENED, K_OPENED,
					     K_OPENED,	 K_LIQUIDATION,
					     K_CLOSED,	 K_DEFAULT,
					     K_DEFAULT };

	return often[dice_below(&s->dice, 8)];
}

static struct m_record *
new_line(struct sim *s, int feed)
{
	struct feed_world *f = &s->feed[feed];
	struct m_record *r;

	if (f->lines == M_RECORDS)
		return NULL;
	r = &f->line[f->lines++];
	memset(r, 0, sizeof(*r));
	(void)snprintf(r->key, sizeof(r->key), "%c-%u", f->name[0],
		       f->numbers++);
	r->obligor = (int)dice_below(&s->dice, M_OBLIGORS + 1);
	r->kind = kind(s);
	r->sure = certainty(s, feed);
	return r;
}

static void
take_back(struct sim *s, int feed)
{
	struct feed_world *f = &s->feed[feed];
	const struct m_record *old;
	struct m_record *r;
	size_t i;

	if (f->lines < 2)
		return;
	i = 1 + dice_below(&s->dice, (unsigned)f->lines - 1);
	if (feed == 2) {
		if (f->taken_down)
			return;
		f->taken_down = true;
		memmove(&f->line[i], &f->line[i + 1],
			(f->lines - i - 1) * sizeof(f->line[0]));
		f->lines--;
		return;
	}
	old = &f->line[i];
	if (old->ref[0] != '\0')
		return;
	r = new_line(s, feed);
	if (r == NULL)
		return;
	memcpy(r->ref, old->key, sizeof(r->ref));
	r->obligor = old->obligor;
	r->kind = K_OPENED;
	r->sure = CERTAINTY_REPORTED;
}

static void
amend(struct sim *s, int feed)
{
	struct feed_world *f = &s->feed[feed];
	struct m_record *r;

	if (f->lines < 2)
		return;
	r = &f->line[1 + dice_below(&s->dice, (unsigned)f->lines - 1)];
	r->text++;
	if (r->ref[0] != '\0' || dice_chance(&s->dice, 30))
		return;
	if (dice_chance(&s->dice, 70))
		r->kind = kind(s);
	else
		r->sure = certainty(s, feed);
}

static void
feed_act(struct sim *s)
{
	int feed = (int)dice_below(&s->dice, M_FEEDS);
	unsigned n = 1 + dice_below(&s->dice, 3);

	for (unsigned i = 0; i < n; i++) {
		unsigned what = dice_below(&s->dice, 10);

		if (what < 6)
			(void)new_line(s, feed);
		else if (what < 8)
			amend(s, feed);
		else
			take_back(s, feed);
	}
	serve(s, feed, s->feed[feed].lines, false);
	if (s->swarm.net && dice_chance(&s->dice, 50))
		spoil(s, feed);
}

/* ---- the book ---- */

static void
date_text(int32_t day, char out[16])
{
	struct buf b;

	buf_init(&b, 16);
	if (day != DATE_NONE)
		date_put(&b, day);
	(void)!str_copy(out, 16, buf_str(&b));
	buf_free(&b);
}

static void
shipment_put(const struct sim *s, struct buf *b, size_t i)
{
	const struct m_shipment *h = &s->book.shipment[i];
	char etd[16];
	char shipped[16];

	date_text(h->etd, etd);
	date_text(h->shipped, shipped);
	buf_printf(b, "SHP-%03zu,EXP-%d,OB-%d,%lld.%02lld,USD,%s,%s,%s,%s\n",
		   i, h->exporter, h->obligor, (long long)h->amount / 100,
		   (long long)h->amount % 100, h->documents ? "DP" : "OA",
		   etd, shipped,
		   h->paid		     ? "paid" :
		   h->cancelled		     ? "cancelled" :
		   h->shipped != DATE_NONE ? "shipped" :
					       "ready");
}

/* Imports what differs from the book as the model has it. */
static void
import(struct sim *s)
{
	const struct m_book *old = &s->model.book;
	const struct m_book *b = &s->book;
	struct say_request q = { .words = 2,
				 .word = { S("book"), S("import") } };
	struct buf csv[3];
	struct buf out;

	memset(s->book_changed, 0, sizeof(s->book_changed));
	for (size_t i = 0; i < 3; i++)
		buf_init(&csv[i], 1u << 20);
	buf_put(&csv[0], S("obligor_id,type,name,country,ids\n"));
	buf_put(&csv[1], S("exporter_id,obligor_id,last_order_on\n"));
	buf_put(&csv[2],
		S("shipment_id,exporter_id,obligor_id,amount,currency,"
		  "payment_term,etd,ship_date,status\n"));
	for (int o = 0; o < M_OBLIGORS; o++) {
		if (b->obligor[o] && !old->obligor[o]) {
			buf_printf(&csv[0],
				   "OB-%d,buyer,%s,AE,sinosure:ARE/%06d\n", o,
				   names[o], o);
			s->book_changed[o] = true;
		}
		for (int e = 0; e < M_EXPORTERS; e++)
			if (b->follows[e][o] && !old->follows[e][o]) {
				buf_printf(&csv[1],
					   "EXP-%d,OB-%d,2026-02-01\n", e, o);
				s->book_changed[o] = true;
			}
	}
	for (size_t i = 0; i < b->shipments; i++)
		if (i >= old->shipments ||
		    memcmp(&b->shipment[i], &old->shipment[i],
			   sizeof(b->shipment[i])) != 0) {
			shipment_put(s, &csv[2], i);
			s->book_changed[b->shipment[i].obligor] = true;
		}
	for (size_t i = 0; i < 3; i++)
		q.file[q.files++] = (struct say_file){
			i == 0 ? S("obligors.csv") :
			i == 1 ? S("follows.csv") :
				 S("shipments.csv"),
			scratch_fd(buf_str(&csv[i])), csv[i].n
		};
	s->book_told = *b;
	buf_init(&out, 1u << 20);
	if (!s->core_down &&
	    one_rig_say(&s->rig, &q, &out) != 0 && !s->disk_bad)
		sim_fail(s, "the book was not imported");
	buf_free(&out);
	for (size_t i = 0; i < 3; i++) {
		(void)close(q.file[i].fd);
		buf_free(&csv[i]);
	}
	watch_turn(s, false);
}

static void
add_shipment(struct sim *s)
{
	struct m_book *b = &s->book;
	struct m_shipment *h;
	int o = (int)dice_below(&s->dice, M_OBLIGORS);

	if (b->shipments == M_SHIPMENTS)
		return;
	h = &b->shipment[b->shipments++];
	memset(h, 0, sizeof(*h));
	h->exporter = (int)dice_below(&s->dice, M_EXPORTERS);
	h->obligor = o;
	b->obligor[o] = true;
	h->amount = 100 * (1000 + (int64_t)dice_below(&s->dice, 300000));
	h->documents = dice_chance(&s->dice, 30);
	h->etd = today(s) + (int32_t)dice_below(&s->dice, 20);
	h->shipped = DATE_NONE;
	if (dice_chance(&s->dice, 40))
		h->shipped = today(s) - (int32_t)dice_below(&s->dice, 90) + 1;
}

static void
change_shipment(struct sim *s)
{
	struct m_shipment *h;

	if (s->book.shipments == 0)
		return;
	h = &s->book.shipment[dice_below(&s->dice,
					 (unsigned)s->book.shipments)];
	switch (dice_below(&s->dice, 4)) {
	case 0:
		h->paid = true;
		break;
	case 1:
		h->amount = 100 * (1000 + (int64_t)dice_below(&s->dice,
							      300000));
		break;
	case 2:
		if (h->shipped == DATE_NONE)
			h->shipped = today(s);
		break;
	default:
		h->etd = today(s) + (int32_t)dice_below(&s->dice, 20);
		break;
	}
}

static void
book_act(struct sim *s)
{
	unsigned n = 1 + dice_below(&s->dice, 3);

	for (unsigned i = 0; i < n; i++) {
		unsigned what = dice_below(&s->dice, 10);
		int o = (int)dice_below(&s->dice, M_OBLIGORS);

		if (what < 4) {
			add_shipment(s);
		} else if (what < 8) {
			change_shipment(s);
		} else {
			s->book.obligor[o] = true;
			s->book.follows[dice_below(&s->dice,
						   M_EXPORTERS)][o] = true;
		}
	}
	import(s);
}

static void
first_book(struct sim *s)
{
	struct say_request q = { .words = 2,
				 .word = { S("book"), S("import") } };
	struct buf exporters;
	struct buf policies;
	struct buf out;

	buf_init(&exporters, 65536);
	buf_init(&policies, 65536);
	buf_init(&out, 65536);
	buf_put(&exporters, S("exporter_id,uscc,name\n"));
	buf_put(&policies, S("policy_id,scheme_id,exporter_id,status,"
			     "picked_up_on,issued_on\n"));
	for (int e = 0; e < M_EXPORTERS; e++) {
		buf_printf(&exporters, "EXP-%d,%s,Exporter %d\n", e, uscc[e],
			   e);
		s->book.insured[e] = e < 2;
		if (e < 2)
			buf_printf(&policies,
				   "POL-%d,SIM26,EXP-%d,effective,2025-07-05,"
				   "2025-07-08\n",
				   e, e);
	}
	const struct str schemes =
		S("scheme_id,name_zh,name_en,insured_bp,cap_amount,"
		  "cap_currency,cap_basis,year_from,year_to,pickup_deadline,"
		  "free_reports,knew_at_basis\nSIM26,模拟,Sim,8000,150000.00,"
		  "USD,indemnity,2025-07-01,2027-12-31,2025-07-31,3,"
		  "delivered\n");

	q.file[0] = (struct say_file){ S("schemes.csv"), scratch_fd(schemes),
				       schemes.n };
	q.file[1] = (struct say_file){ S("exporters.csv"),
				       scratch_fd(buf_str(&exporters)),
				       exporters.n };
	q.file[2] = (struct say_file){ S("policies.csv"),
				       scratch_fd(buf_str(&policies)),
				       policies.n };
	q.files = 3;
	s->book_told = s->book;
	if (one_rig_say(&s->rig, &q, &out) != 0)
		sim_fail(s, "the first book was not imported");
	for (size_t i = 0; i < q.files; i++)
		(void)close(q.file[i].fd);
	buf_free(&exporters);
	buf_free(&policies);
	buf_free(&out);
	watch_turn(s, false);
}

/* ---- doors ---- */

void
world_open(struct sim *s)
{
	static const char *const feeds[M_FEEDS][2] = {
		{ "alpha", "https://alpha.example/messages.ndjson" },
		{ "beta", "https://beta.example/messages.ndjson" },
		{ "gamma", "https://gamma.example/register.ndjson" },
	};

	for (int i = 0; i < M_FEEDS; i++) {
		struct feed_world *f = &s->feed[i];

		f->name = feeds[i][0];
		f->url = feeds[i][1];
		f->delivered = -1;
		s->running[i] = -1;
		f->version = calloc(SIM_VERSIONS_MAX, sizeof(*f->version));
		must(f->version != NULL);
	}
}

/* After the daemon stands. */
static void
world_begin(struct sim *s)
{
	first_book(s);
	for (int i = 0; i < 6; i++)
		add_shipment(s);
	if (sim_ok(s))
		import(s);
	for (int i = 0; i < M_FEEDS && sim_ok(s); i++) {
		struct m_record *r = new_line(s, i);

		/* The first line is never touched: about nobody. */
		r->obligor = M_OBLIGORS;
		r->kind = K_OPENED;
		serve(s, i, 1, false);
	}
}

void
world_close(struct sim *s)
{
	for (int i = 0; i < M_FEEDS; i++)
		free(s->feed[i].version);
}

void
world_act(struct sim *s)
{
	if (s->book_version == 0) {
		world_begin(s);
		return;
	}
	if (dice_chance(&s->dice, 35))
		feed_act(s);
	if (s->swarm.book && sim_ok(s) && dice_chance(&s->dice, 12))
		book_act(s);
}

void
world_calm(struct sim *s)
{
	for (int i = 0; i < M_FEEDS; i++)
		serve(s, i, s->feed[i].lines, false);
	if (memcmp(&s->book, &s->model.book, sizeof(s->book)) != 0)
		import(s);
}

bool
world_told(const struct sim *s)
{
	for (int i = 0; i < M_FEEDS; i++) {
		const struct feed_world *f = &s->feed[i];

		for (size_t k = 0; k < f->lines; k++) {
			bool found = false;

			for (size_t a = 0; a < f->accepted_lines; a++)
				found |= memcmp(&f->accepted[a], &f->line[k],
						sizeof(f->line[k])) == 0;
			if (!found)
				return false;
		}
	}
	return true;
}
