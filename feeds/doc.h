/*
 * doc.h - one document on its way from bytes to notices.  Floor 2.
 *
 * Split, diff, map, guards.  Notices go to the sink as they are found; only
 * doc_end says whether the document stands, so whoever takes them must be
 * able to throw them away.  The same code serves the parse role and
 * `feed parse`.
 */
#ifndef DOC_H
#define DOC_H

#include "diff.h"
#include "map.h"
#include "msg.h"

/*
 * What a map may cost, beside the budget of one record: one call of doc_push,
 * doc_part or doc_end, for parse answers nobody meanwhile and super kills who
 * is silent (watchdog); and the document, for other feeds wait behind it.
 * More is refused by guard budget.
 */
#define DOC_CALL_MS_MAX 8000
#define DOC_CPU_MS_MAX 1800000

/* What a document needs of its feed, made once and shared. */
struct doc_conf {
	const struct feed *feed;
	int64_t call_ms; /* 0: DOC_CALL_MS_MAX; CPU time, as below */
	int64_t cpu_ms; /* 0: DOC_CPU_MS_MAX */
	struct map *map; /* NULL: it did not load; every document is refused */
	uint64_t seed;	 /* of what turns a record into notices */
};

struct doc_sink {
	void *self;
	enum err (*notice)(void *self, const struct notice *n);
	/* record is the key, or empty when it has none. */
	void (*reject)(void *self, unsigned line, struct str record,
		       const char *why);
};

struct doc_input {
	struct str file; /* $file; must outlive the document */
	int64_t fetched_at;
	int old_fd; /* -1: no state */
	int first; /* the feed's first document: the baseline */
};

struct doc_result {
	enum doc_verdict verdict;
	uint32_t records; /* rejected ones too */
	struct diff_counts diff;
	struct map_counts map;
	uint32_t rejects; /* records, and objects a map gave */
	uint64_t cursor;  /* the highest of an accepted record; 0: none */
	char guard[24];
	char detail[DIAG_WHY_SIZE]; /* refused: why; else the first reject */
};

struct doc;

/* conf, sink and what in points at must outlive it. */
NODISCARD enum err doc_new(const struct doc_conf *conf,
			   const struct doc_input *in,
			   const struct doc_sink *sink, struct doc **out);
/*
 * The file at hand is whole and the next begins: the url with the next number,
 * known to the map as file, which must outlive the document.
 */
void doc_part(struct doc *d, struct str file);
/* Once it is refused, further bytes are ignored. */
void doc_push(struct doc *d, struct str bytes);
/* new_fd -1: nobody wants the new state.  Writes it only when accepted. */
void doc_end(struct doc *d, int new_fd, struct doc_result *out);
void doc_free(struct doc *d);

#endif
