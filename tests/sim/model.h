/*
 * model.h - what the rules owe, worked out once more: slow, simple, and
 * without a line of the daemon's.
 *
 * The simulator tells it the inputs that were committed, in their order
 * (records of accepted documents, book changes, states, days); it answers
 * with the revisions that every exporter's stream must hold.  A small world:
 * one currency, one scheme, obligors found by their id alone, two families.
 */
#ifndef MODEL_H
#define MODEL_H

#include "alert.h"

#define M_EXPORTERS 3
#define M_OBLIGORS 6
#define M_FEEDS 3 /* 0 and 1 append, 2 is a register that takes back */
#define M_RECORDS 48
#define M_SHIPMENTS 60
#define M_FACTS 256
#define M_ALERTS 512
#define M_OWED 2048 /* in one stream */
#define M_CAP 15000000
#define M_BP 8000

enum m_kind { K_PETITION, K_OPENED, K_LIQUIDATION, K_CLOSED, K_DEFAULT,
	      K_COUNT };
enum m_family { F_INSOLVENCY, F_DEFAULT };

struct m_kind_row {
	const char *name;
	const char *alert_kind;
	enum stage stage;
	enum m_family family;
};
extern const struct m_kind_row m_kinds[K_COUNT];

/* A line of a feed. */
struct m_record {
	char key[16];
	char ref[16];	/* not empty: takes that record of the feed back */
	int obligor;	/* M_OBLIGORS: of nobody in any book */
	enum m_kind kind;
	enum certainty sure;
	int text; /* says nothing material */
};

struct m_shipment {
	int exporter;
	int obligor;
	int64_t amount;
	bool documents; /* D/P: in transit until paid */
	bool paid;
	bool cancelled;
	int32_t etd;
	int32_t shipped; /* DATE_NONE: not yet */
};

struct m_book {
	bool obligor[M_OBLIGORS]; /* in the book */
	bool follows[M_EXPORTERS][M_OBLIGORS];
	bool insured[M_EXPORTERS]; /* has a policy */
	struct m_shipment shipment[M_SHIPMENTS];
	size_t shipments;
};

/* A revision owed: what the entry and its body must say. */
struct m_owed {
	char alert_id[ALERT_ID_SIZE];
	int revision;
	int type;
	enum severity severity;
	enum alert_state state;
	enum fact_status status;
	enum m_kind kind;	/* of the fact */
	const char *alert_kind; /* of the alert: closing a case keeps it */
	int obligor;
	int64_t at; /* wall ms */
	int64_t open, unshipped, insured, uninsured, if_insured, if_uninsured;
};

struct m_note {
	int feed;
	char record[16];
	int fact; /* index; -1: said nothing but "taken back" */
	bool live;
	int obligor;
	enum m_kind kind;
	enum certainty sure;
	bool taken_back; /* its last word */
	unsigned seen;	 /* order of the last word */
};

struct m_fact {
	int obligor;
	enum m_family family;
	int episode; /* 0: nobody's yet */
	enum fact_status status;
	enum m_kind kind;
	unsigned updated;
};

struct m_material {
	enum fact_status status;
	enum m_kind kind;
	int64_t exposed, insured, uninsured, if_insured, if_uninsured;
	bool imminent;
};

struct m_alert {
	int exporter;
	int obligor;
	enum m_family family;
	int episode;
	int revision;
	enum severity severity;
	enum alert_state state;
	int64_t created;
	int64_t knew; /* TIME_NONE */
	const char *alert_kind;
	struct m_material said;
};

struct model {
	struct m_book book;
	struct m_note note[M_FEEDS * M_RECORDS * 2];
	size_t notes;
	struct m_fact fact[M_FACTS];
	size_t facts;
	struct m_alert alert[M_ALERTS];
	size_t alerts;
	struct m_owed owed[M_EXPORTERS][M_OWED];
	size_t owes[M_EXPORTERS];
	unsigned clock; /* of words, for "newest" */
};

void m_exporter_id(int exporter, char out[16]);
void m_obligor_id(int obligor, char out[16]);

/* A record of an accepted document whose content is new. */
void model_record(struct model *m, int feed, const struct m_record *r,
		  int64_t now_ms);
/* The register no longer has that record. */
void model_vanished(struct model *m, int feed, const char *key,
		    int64_t now_ms);
/* The whole book as it is now; changed: obligors the import speaks of. */
void model_book(struct model *m, const struct m_book *b,
		const bool changed[M_OBLIGORS], int64_t now_ms);
/* A STATE that was stored first, on that place of the exporter's stream. */
void model_state(struct model *m, int exporter, uint64_t seq, int state,
		 int64_t now_ms);
/* A day began, or core did. */
void model_day(struct model *m, int64_t now_ms);
/* The alert behind an id is one that a snapshot shows. */
bool model_stands(const struct model *m, const char *alert_id);

#endif
