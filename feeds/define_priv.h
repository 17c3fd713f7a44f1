/*
 * define_priv.h - what the files that read a definition share.  Floor 2,
 * private to feeds/define*.c.
 */
#ifndef DEFINE_PRIV_H
#define DEFINE_PRIV_H

#include "define.h"
#include "yamlr.h"

/* One file being read. */
struct def {
	const struct bundle *bundle;
	struct arena *a;
	struct buf *errors;
	struct str file;
	struct feed *f;
	const struct yamlr *root;
	unsigned wrong;
};

/* An error of that key; the definition is not taken. */
void define_complain(struct def *d, unsigned line, struct str key,
		     const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Where a key stands; 1 when it is not there. */
unsigned define_line(const struct def *d, const char *key);
void define_require(struct def *d, const char *key);
/* Copies of scalars outlive the YAML tree; an empty value stays empty. */
struct str define_keep(struct def *d, const struct yamlr *n, struct str s);

/* define_check.c */
void define_check_where(struct def *d);
void define_check_what(struct def *d);

/* define_ways.c: how the server is come to */
void define_headers(struct def *d, const struct yamlr *n);
void define_window(struct def *d, const struct yamlr *n);
void define_credential(struct def *d, const struct yamlr *n);
void define_check_ways(struct def *d);

#endif
