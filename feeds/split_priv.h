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

struct split_json;
NODISCARD enum err split_json_new(struct split_common *c,
				  struct split_json **out);
NODISCARD enum err split_json_push(struct split_json *j, struct str bytes);
NODISCARD enum err split_json_end(struct split_json *j);
void split_json_free(struct split_json *j);

struct split_csv;
/* part: which url's columns, where the file has no header. */
NODISCARD enum err split_csv_new(struct split_common *c, unsigned part,
				 struct split_csv **out);
NODISCARD enum err split_csv_push(struct split_csv *s, struct str bytes);
NODISCARD enum err split_csv_end(struct split_csv *s);
void split_csv_free(struct split_csv *s);

#endif
