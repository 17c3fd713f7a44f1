/*
 * model.c - see model.h.
 */
#include "model.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

const struct m_kind_row m_kinds[K_COUNT] = {
	{ "INSOLVENCY_PETITION", "BUYER_INSOLVENCY", STAGE_PETITION,
	  F_INSOLVENCY },
	{ "INSOLVENCY_OPENED", "BUYER_INSOLVENCY", STAGE_OPENED,
	  F_INSOLVENCY },
	{ "LIQUIDATION", "BUYER_INSOLVENCY", STAGE_LIQUIDATION, F_INSOLVENCY },
	{ "PROCEEDING_CLOSED", NULL, STAGE_DISCHARGED, F_INSOLVENCY },
	{ "PROTRACTED_DEFAULT", "BUYER_DEFAULT", STAGE_NONE, F_DEFAULT },
};

static const char *const families[] = { "insolvency", "default" };

void
m_exporter_id(int exporter, char out[16])
{
	(void)snprintf(out, 16, "EXP-%d", exporter);
}

void
m_obligor_id(int obligor, char out[16])
{
	(void)snprintf(out, 16, "OB-%d", obligor);
}

static int32_t
day_of(int64_t ms)
{
	return (int32_t)((ms + SHANGHAI_OFFSET_MS) / DAY_MS);
}

/* docs/WIRE.md: BLAKE2b-128 of four words, written over as a UUID 8. */
static void
id_of(const struct m_alert *a, char out[ALERT_ID_SIZE])
{
	char e[16];
	char o[16];
	char text[128];
	unsigned char h[16];
	int n;

	m_exporter_id(a->exporter, e);
	m_obligor_id(a->obligor, o);
	n = snprintf(text, sizeof(text), "%s\x1F%s\x1F%s\x1F%d", e, o,
		     families[a->family], a->episode);
	(void)crypto_generichash(h, sizeof(h), (unsigned char *)text,
				 (unsigned long long)n, NULL, 0);
	h[6] = (unsigned char)((h[6] & 0x0F) | 0x80);
	h[8] = (unsigned char)((h[8] & 0x3F) | 0x80);
	for (size_t i = 0, k = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[k++] = '-';
		(void)snprintf(out + k, 3, "%02x", h[i]);
		k += 2;
	}
}

/* ---- facts ---- */

/* From the notices behind it: nobody else's word counts. */
static void
settle(struct model *m, int fact)
{
	struct m_fact *f = &m->fact[fact];
	const struct m_note *best = NULL;
	bool official = false;
	bool closed = false;
	bool reported[M_FEEDS] = { false };
	int reporters = 0;
	int live = 0;

	for (size_t i = 0; i < m->notes; i++) {
		const struct m_note *n = &m->note[i];

		if (n->fact != fact || !n->live)
			continue;
		live++;
		closed |= m_kinds[n->kind].stage == STAGE_DISCHARGED;
		official |= n->sure == CERTAINTY_OFFICIAL;
		if (n->sure == CERTAINTY_REPORTED && !reported[n->feed]) {
			reported[n->feed] = true;
			reporters++;
		}
		if (best == NULL ||
		    m_kinds[n->kind].stage > m_kinds[best->kind].stage ||
		    (m_kinds[n->kind].stage == m_kinds[best->kind].stage &&
		     n->seen > best->seen))
			best = n;
	}
	f->status = live == 0	   ? FACT_REFUTED :
		    closed	   ? FACT_ENDED :
		    official	   ? FACT_CONFIRMED :
		    reporters >= 2 ? FACT_CORROBORATED :
		    reporters == 1 ? FACT_REPORTED :
				     FACT_OBSERVED;
	if (best != NULL)
		f->kind = best->kind;
	f->updated = ++m->clock;
}

static bool
is_live(const struct m_fact *f)
{
	return f->status != FACT_REFUTED && f->status != FACT_ENDED;
}

/* The episode a fact joins: the running one, or the next. */
static int
episode_for(const struct model *m, int self)
{
	const struct m_fact *f = &m->fact[self];
	int last = 0;

	for (size_t i = 0; i < m->facts; i++)
		if (m->fact[i].obligor == f->obligor &&
		    m->fact[i].family == f->family &&
		    m->fact[i].episode > last)
			last = m->fact[i].episode;
	for (size_t i = 0; i < m->facts; i++)
		if ((int)i != self && m->fact[i].obligor == f->obligor &&
		    m->fact[i].family == f->family && last > 0 &&
		    m->fact[i].episode == last && is_live(&m->fact[i]))
			return last;
	return last + 1;
}

static bool
known(const struct model *m, int obligor)
{
	return obligor < M_OBLIGORS && m->book.obligor[obligor];
}

/* ---- money ---- */

struct m_cover {
	int64_t open, unshipped, insured, if_insured;
	bool imminent;
	bool in_transit;
	bool any;
};

static int64_t
indemnity(int64_t loss)
{
	int64_t share = loss * M_BP / 10000;

	return share < M_CAP ? share : M_CAP;
}

static struct m_cover
cover(const struct model *m, const struct m_alert *a, bool told, int64_t knew,
      int32_t today)
{
	struct m_cover c = { 0 };
	int64_t covered = 0;
	int64_t covered_all = 0;

	for (size_t i = 0; i < m->book.shipments; i++) {
		const struct m_shipment *s = &m->book.shipment[i];
		bool left = s->shipped != DATE_NONE && s->shipped <= today;
		bool knowing = told && (!left || (knew != TIME_NONE &&
						  s->shipped > day_of(knew)));

		if (s->exporter != a->exporter || s->obligor != a->obligor ||
		    s->paid || s->cancelled)
			continue;
		c.any = true;
		if (left) {
			c.open += s->amount;
			c.in_transit |= s->documents &&
					today - s->shipped <= 60;
		} else {
			c.unshipped += s->amount;
			c.imminent |= s->etd <= today + 7;
		}
		if (!m->book.insured[a->exporter] || knowing)
			continue;
		covered += left ? s->amount : 0;
		covered_all += s->amount;
	}
	c.insured = indemnity(covered);
	c.if_insured = indemnity(covered_all);
	return c;
}

/* ---- severity: domain table ---- */

static enum severity
severity_of(const struct model *m, const struct m_fact *f,
	    const struct m_alert *a, const struct m_cover *c)
{
	bool reported = f->status == FACT_REPORTED ||
			f->status == FACT_CORROBORATED ||
			f->status == FACT_CONFIRMED;
	bool sure = f->status == FACT_CORROBORATED ||
		    f->status == FACT_CONFIRMED;
	bool exposed = c->open + c->unshipped > 0;

	if (f->family == F_DEFAULT)
		return SEVERITY_HIGH;
	if ((reported || m_kinds[f->kind].stage >= STAGE_OPENED) &&
	    (c->imminent || c->in_transit))
		return SEVERITY_CRITICAL;
	if (sure && exposed)
		return SEVERITY_CRITICAL;
	if (reported && exposed)
		return SEVERITY_HIGH;
	/* Every follow of this world has a last order of this year. */
	if (!exposed && m->book.follows[a->exporter][a->obligor])
		return SEVERITY_MEDIUM;
	return SEVERITY_INFO;
}

/* ---- alerts ---- */

static struct m_alert *
alert_of(struct model *m, int exporter, const struct m_fact *f)
{
	struct m_alert *a;

	for (size_t i = 0; i < m->alerts; i++) {
		a = &m->alert[i];
		if (a->exporter == exporter && a->obligor == f->obligor &&
		    a->family == f->family && a->episode == f->episode)
			return a;
	}
	must(m->alerts < M_ALERTS);
	a = &m->alert[m->alerts]; /* there once it is owed */
	*a = (struct m_alert){ .exporter = exporter,
			       .obligor = f->obligor,
			       .family = f->family,
			       .episode = f->episode,
			       .knew = TIME_NONE };
	return a;
}

/* What is known of an insolvency counts for the other families too. */
static void
knowledge(const struct model *m, const struct m_fact *f,
	  const struct m_alert *a, int64_t now, bool *told, int64_t *knew)
{
	*told = f->status != FACT_REFUTED;
	*knew = a->knew;
	if (f->family == F_INSOLVENCY)
		return;
	*told = false;
	*knew = TIME_NONE;
	for (size_t i = 0; i < m->alerts; i++) {
		const struct m_alert *o = &m->alert[i];

		if (o->family != F_INSOLVENCY || o->exporter != a->exporter ||
		    o->obligor != a->obligor || o->state == ALERT_RETRACTED)
			continue;
		*told |= day_of(o->created) <= day_of(now);
		if (o->knew != TIME_NONE &&
		    (*knew == TIME_NONE || o->knew < *knew))
			*knew = o->knew;
	}
}

static bool
moved(int64_t old, int64_t now)
{
	int64_t gap = now > old ? now - old : old - now;

	return gap >= 1000000 && gap >= old / 10;
}

static bool
is_material(const struct m_material *x, const struct m_material *y)
{
	return x->status != y->status || x->kind != y->kind ||
	       (y->imminent && !x->imminent) ||
	       moved(x->insured, y->insured) ||
	       moved(x->uninsured, y->uninsured) ||
	       moved(x->if_insured, y->if_insured) ||
	       moved(x->if_uninsured, y->if_uninsured);
}

static void
owe(struct model *m, struct m_alert *a, const struct m_fact *f,
    const struct m_cover *c, int64_t now)
{
	struct m_owed *o;

	must(m->owes[a->exporter] < M_OWED);
	o = &m->owed[a->exporter][m->owes[a->exporter]++];
	if (a == &m->alert[m->alerts]) {
		m->alerts++;
		a->created = now;
	}
	a->revision++;
	if (a->state != ALERT_RETRACTED && a->state != ALERT_RESOLVED)
		a->alert_kind = m_kinds[f->kind].alert_kind;
	*o = (struct m_owed){ .revision = a->revision,
			      .type = a->state == ALERT_RETRACTED ? 3 :
				      a->revision == 1		  ? 1 :
								    2,
			      .severity = a->severity,
			      .state = a->state,
			      .status = f->status,
			      .kind = f->kind,
			      .alert_kind = a->alert_kind,
			      .obligor = a->obligor,
			      .at = now,
			      .open = c->open,
			      .unshipped = c->unshipped,
			      .insured = c->insured,
			      .uninsured = c->open - c->insured,
			      .if_insured = c->if_insured,
			      .if_uninsured =
				  c->open + c->unshipped - c->if_insured };
	id_of(a, o->alert_id);
}

/* One exporter's alert on the episode this fact leads. */
static void
weigh(struct model *m, const struct m_fact *f, int exporter, int64_t now)
{
	struct m_alert *a = alert_of(m, exporter, f);
	bool exists = a->revision > 0;
	struct m_material said = { .status = f->status, .kind = f->kind };
	enum severity severity;
	struct m_cover c;
	bool told;
	int64_t knew;
	bool worse;
	bool back;

	knowledge(m, f, a, now, &told, &knew);
	c = cover(m, a, told, knew, day_of(now));
	said.exposed = c.open + c.unshipped;
	said.insured = c.insured;
	said.uninsured = c.open - c.insured;
	said.if_insured = c.if_insured;
	said.if_uninsured = said.exposed - c.if_insured;
	said.imminent = c.imminent;
	severity = severity_of(m, f, a, &c);
	if (exists && severity < a->severity)
		severity = a->severity;
	if (exists && a->state == ALERT_RETRACTED)
		return;
	if (f->status == FACT_REFUTED) {
		if (!exists)
			return;
		a->state = ALERT_RETRACTED;
	} else if (f->status == FACT_ENDED ||
		   (exists && a->said.exposed > 0 && said.exposed == 0)) {
		if (!exists || a->state == ALERT_RESOLVED)
			return;
		a->state = ALERT_RESOLVED;
	} else {
		worse = !exists || said.status > a->said.status ||
			m_kinds[said.kind].stage >
				m_kinds[a->said.kind].stage ||
			severity > a->severity ||
			(said.imminent && !a->said.imminent);
		/* Closed with nothing at stake: any new stake opens it. */
		back = exists && a->state == ALERT_RESOLVED &&
		       a->said.exposed == 0 && said.exposed > 0;
		if (exists && severity == a->severity && !back &&
		    !is_material(&a->said, &said))
			return;
		if (worse || a->state == ALERT_RESOLVED)
			a->state = ALERT_OPEN;
		a->severity = severity;
	}
	a->said = said;
	owe(m, a, f, &c, now);
}

static int
rank(const struct m_fact *f)
{
	return f->status == FACT_REFUTED  ? 0 :
	       f->status == FACT_ENDED	  ? 1 :
	       f->status == FACT_OBSERVED ? 2 :
					    3;
}

static bool
leads(const struct m_fact *x, const struct m_fact *y)
{
	enum stage xs = m_kinds[x->kind].stage;
	enum stage ys = m_kinds[y->kind].stage;

	if (x->episode != y->episode)
		return x->episode > y->episode;
	if (rank(x) != rank(y))
		return rank(x) > rank(y);
	if (xs != ys)
		return xs > ys;
	if (x->status != y->status)
		return x->status > y->status;
	return x->updated > y->updated;
}

/* Rings for everybody concerned; episode 0: the newest. */
static void
ring(struct model *m, int obligor, enum m_family family, int episode,
     int64_t now)
{
	const struct m_fact *lead = NULL;

	for (size_t i = 0; i < m->facts; i++) {
		const struct m_fact *f = &m->fact[i];

		if (f->obligor == obligor && f->family == family &&
		    f->episode > 0 &&
		    (episode == 0 || f->episode == episode) &&
		    (lead == NULL || leads(f, lead)))
			lead = f;
	}
	for (int e = 0; lead != NULL && e < M_EXPORTERS; e++) {
		bool concerned = m->book.follows[e][obligor];

		for (size_t i = 0; i < m->book.shipments; i++)
			concerned |= m->book.shipment[i].exporter == e &&
				     m->book.shipment[i].obligor == obligor;
		if (concerned)
			weigh(m, lead, e, now);
	}
}

static void
ring_fact(struct model *m, int fact, int64_t now)
{
	const struct m_fact *f = &m->fact[fact];

	if (f->episode > 0)
		ring(m, f->obligor, f->family, f->episode, now);
}

/* ---- inputs ---- */

static struct m_note *
note_of(struct model *m, int feed, const char *record)
{
	struct m_note *n;

	for (size_t i = 0; i < m->notes; i++)
		if (m->note[i].feed == feed &&
		    strcmp(m->note[i].record, record) == 0)
			return &m->note[i];
	must(m->notes < sizeof(m->note) / sizeof(m->note[0]));
	n = &m->note[m->notes++];
	*n = (struct m_note){ .feed = feed, .fact = -1, .obligor = -1 };
	(void)snprintf(n->record, sizeof(n->record), "%s", record);
	return n;
}

void
model_vanished(struct model *m, int feed, const char *key, int64_t now)
{
	struct m_note *n = note_of(m, feed, key);

	if (n->taken_back)
		return;
	n->taken_back = true;
	n->live = false;
	n->seen = ++m->clock;
	if (n->fact < 0)
		return;
	settle(m, n->fact);
	ring_fact(m, n->fact, now);
}

/* The live fact of the same thing, newest first, or a new one. */
static int
fact_for(struct model *m, const struct m_note *n)
{
	enum m_family family = m_kinds[n->kind].family;

	for (size_t i = m->facts; i-- > 0;)
		if (m->fact[i].obligor == n->obligor &&
		    m->fact[i].family == family && is_live(&m->fact[i]))
			return (int)i;
	must(m->facts < M_FACTS);
	m->fact[m->facts] = (struct m_fact){ .obligor = n->obligor,
					     .family = family,
					     .status = FACT_REFUTED };
	return (int)m->facts++;
}

void
model_record(struct model *m, int feed, const struct m_record *r,
	     int64_t now)
{
	struct m_note *n;
	bool same;
	int before;

	if (r->ref[0] != '\0') {
		model_vanished(m, feed, r->ref, now);
		return;
	}
	n = note_of(m, feed, r->key);
	same = n->seen > 0 && !n->taken_back && n->kind == r->kind &&
	       n->sure == r->sure && n->obligor == r->obligor;
	if (same)
		return; /* whatever else it says is not material */
	before = n->fact;
	n->obligor = r->obligor;
	n->kind = r->kind;
	n->sure = r->sure;
	n->taken_back = false;
	n->live = true;
	if (before < 0 || m->fact[before].family != m_kinds[r->kind].family)
		n->fact = fact_for(m, n);
	else
		before = -1; /* it stays where it was */
	n->seen = ++m->clock;
	if (known(m, r->obligor) &&
	    (m->fact[n->fact].episode == 0 ||
	     m->fact[n->fact].status == FACT_REFUTED))
		m->fact[n->fact].episode = episode_for(m, n->fact);
	settle(m, n->fact);
	ring_fact(m, n->fact, now);
	if (before >= 0) {
		settle(m, before);
		ring_fact(m, before, now);
	}
}

/* Families in the order of their oldest facts. */
static void
ring_families(struct model *m, int o, int64_t now)
{
	for (size_t i = 0; i < m->facts; i++) {
		bool first = m->fact[i].obligor == o;

		for (size_t k = 0; k < i; k++)
			first &= m->fact[k].obligor != o ||
				 m->fact[k].family != m->fact[i].family;
		if (first)
			ring(m, o, m->fact[i].family, 0, now);
	}
}

static void
again(struct model *m, int64_t now)
{
	for (int o = 0; o < M_OBLIGORS; o++) {
		bool any = false;

		for (size_t i = 0; i < m->alerts; i++)
			any |= m->alert[i].obligor == o &&
			       m->alert[i].state != ALERT_RETRACTED;
		if (any)
			ring_families(m, o, now);
	}
}

void
model_book(struct model *m, const struct m_book *b,
	   const bool changed[M_OBLIGORS], int64_t now)
{
	m->book = *b;
	for (int o = 0; o < M_OBLIGORS; o++) {
		if (!changed[o] || !b->obligor[o])
			continue;
		for (size_t i = 0; i < m->facts; i++)
			if (m->fact[i].obligor == o &&
			    m->fact[i].episode == 0)
				m->fact[i].episode = episode_for(m, (int)i);
		ring_families(m, o, now);
	}
	again(m, now);
}

void
model_day(struct model *m, int64_t now)
{
	again(m, now);
}

static struct m_alert *
alert_by_id(struct model *m, const char *id)
{
	for (size_t i = 0; i < m->alerts; i++) {
		char own[ALERT_ID_SIZE];

		id_of(&m->alert[i], own);
		if (strcmp(own, id) == 0)
			return &m->alert[i];
	}
	return NULL;
}

bool
model_stands(const struct model *m, const char *alert_id)
{
	union {
		const struct model *in;
		struct model *out;
	} u = { m };
	const struct m_alert *a = alert_by_id(u.out, alert_id);

	return a != NULL && a->state != ALERT_RESOLVED &&
	       a->state != ALERT_RETRACTED;
}

void
model_state(struct model *m, int exporter, uint64_t seq, int state,
	    int64_t now)
{
	const struct m_owed *o = &m->owed[exporter][seq - 1];
	struct m_alert *a;

	must(seq >= 1 && seq <= m->owes[exporter]);
	a = alert_by_id(m, o->alert_id);
	must(a != NULL);
	if (a->knew == TIME_NONE && state >= 3 && state <= 6)
		a->knew = now;
	if ((state != 5 && state != 6) || o->revision != a->revision ||
	    a->state == ALERT_RESOLVED || a->state == ALERT_RETRACTED)
		return;
	if (state == 6)
		a->state = ALERT_ACTIONED;
	else if (a->state != ALERT_ACTIONED)
		a->state = ALERT_ACKED;
}
