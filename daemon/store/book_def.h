/*
 * book_def.h - the words of the book's enumerations, and book.def as a table.
 * Floor 3, private to the store.
 *
 * The words stand in the order of the enums of include/book.h; the store
 * keeps the words themselves.
 */
#ifndef BOOK_DEF_H
#define BOOK_DEF_H

#include "str.h"

#define WORDS_CAP_BASIS "indemnity|loss"
#define WORDS_KNEW_BASIS "delivered|read|acked|none"
#define WORDS_OBLIGOR_TYPE "buyer|bank|guarantor"
#define WORDS_POLICY_STATUS                                                    \
	"listed|pending_confirm|submitted|in_review|effective|received|"       \
	"expired|cancelled"
#define WORDS_SHIPMENT_STATUS                                                  \
	"contracted|ready|shipped|overdue|paid|claimed|resold|cancelled"
#define WORDS_PAYMENT_TERM "LC|DP|DA|OA|PREPAID"
#define WORDS_LIMIT_STATUS "approved|reduced|withdrawn|expired|declined"
#define WORDS_RECEIPT_KIND "payment|resale|recovery"
#define WORDS_COUNTRY_STATUS "open|restricted|off|excluded"

#define BOOK_COLUMNS_MAX 32u

enum book_type {
	BOOK_ID,
	BOOK_REF,
	BOOK_TEXT,
	BOOK_ENUM,
	BOOK_MONEY,
	BOOK_CURRENCY,
	BOOK_RATE,
	BOOK_DATE,
	BOOK_TIME,
	BOOK_INT,
	BOOK_BOOL,
	BOOK_COUNTRY,
	BOOK_USCC,
	BOOK_ALIASES,
	BOOK_IDS,
};

struct book_col {
	const char *name;
	enum book_type type;
	const char *arg;
	int need; /* 1: required */
	const char *dflt;
};

struct book_kind {
	const char *name;
	unsigned keys; /* the first columns */
	int after;     /* feeds other tables too */
	const struct book_col *col;
	unsigned cols;
};

/* In the order of book.def: a kind refers only to kinds before it. */
extern const struct book_kind book_kinds[];
extern const size_t book_kind_count;

/* NULL when there is no such kind. */
const struct book_kind *book_kind_find(struct str name);
/* The place of a column, or -1. */
int book_col_find(const struct book_kind *k, struct str name);

#endif
