/*
 * split_priv.h - what the containers share with split.c.  Floor 2.
 */
#ifndef SPLIT_PRIV_H
#define SPLIT_PRIV_H

#include "split.h"

/* The common part; err and guard stick, so a dead splitter stays dead. */
struct split_common {
	const struct feed *feed;
	const struct split_sink *sink;
	const char *guard;
	enum err err;
	struct diag why;
};

/* Marks the document as refused; the first refusal stands. */
enum err split_refuse(struct split_common *c, const char *guard,
		      enum err err, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

struct split_xml;
NODISCARD enum err split_xml_new(struct split_common *c,
				 struct split_xml **out);
NODISCARD enum err split_xml_push(struct split_xml *x, struct str bytes);
NODISCARD enum err split_xml_end(struct split_xml *x);
void split_xml_free(struct split_xml *x);

struct split_ndjson;
NODISCARD enum err split_ndjson_new(struct split_common *c,
				    struct split_ndjson **out);
NODISCARD enum err split_ndjson_push(struct split_ndjson *n,
				     struct str bytes);
NODISCARD enum err split_ndjson_end(struct split_ndjson *n);
void split_ndjson_free(struct split_ndjson *n);

#endif
