/*
 * decide_world.h - a small book, its store and the decider, for tests.
 *
 * Three exporters (A has an order on OB-AE-1 and three policy years, B and C
 * follow it), four obligors, three sources: bureau, press, registry.  The
 * clock begins on 2022-12-27 and moves by dw_at alone.
 */
#ifndef DECIDE_WORLD_H
#define DECIDE_WORLD_H

#include <criterion/criterion.h>

#include "decide_priv.h"

struct decide_world {
	struct arena arena;
	struct store *store;
	struct kinds kinds;
	struct idschemes schemes;
	struct feeds feeds;
	struct feed feed[3];
	struct conf conf;
	struct buf kinds_tsv;
	struct buf schemes_tsv;
	struct buf texts_tsv;
	struct buf duties_tsv;
	struct decide *decide;
	struct mwatch *watch;
	size_t room; /* of the decider */
	struct instant now;
};

extern struct decide_world dw;
extern const uint8_t dw_key[COMPOSE_KEY_SIZE];

/* A suite's .init and .fini. */
void dw_setup(void);
void dw_teardown(void);
void dw_book(const char *csv);
/* The same, as the whole of its kind ("": not so). */
void dw_replace(const char *kind, const char *csv);
/* Imports and decides on what it changed. */
void dw_rebook(const char *csv);
/* The same, as the whole of its kind. */
void dw_swap(const char *kind, const char *csv);
void dw_at(const char *time);
/* decide_tick; when the next one is due. */
int64_t dw_tick(void);
/* The decider anew, as after a change of dw.conf. */
void dw_load(void);
/* A notice of an opened insolvency of OB-AE-1. */
struct notice dw_notice(struct str source, struct str record);
/* It, of the bureau: A has an order, B and C follow, and they are told. */
struct notice dw_told(void);
/* A court's notice of Fjellhavn Rederi by name alone. */
struct notice dw_named(struct str record, struct notice_name *name);
void dw_give(const struct notice *n);
/* Of Fjellhavn, whose goods leave: EXP-A is told of a suspected match. */
void dw_suspect(const struct notice *n);
/* How many entries the stream has; the last one in *e. */
size_t dw_stream(const char *exporter, struct entry *e);
struct alert dw_alert_of(const char *exporter);
bool dw_has(struct str s, const char *needle);
/* A subscriber's STATE. */
void dw_state(const char *exporter, uint64_t seq, int what, struct str code);
int64_t dw_questions(void);

extern const char dw_follows[]; /* the files dw_setup imported */
extern const char dw_obligors[];
#define DW_FJELLHAVN                                                           \
	"obligor_id,type,name,country\nOB-NO-1,buyer,Fjellhavn Rederi AS,NO\n"

#endif
