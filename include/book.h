/*
 * book.h - the insurer's book: who is insured, on whom, for how much.
 * Floor 0.  The columns are contract section 2; rows are read from the store
 * into an arena.  Empty means unknown, never zero.
 */
#ifndef BOOK_H
#define BOOK_H

#include "arena.h"
#include "clock.h"
#include "money.h"
#include "notice.h"

enum cap_basis { CAP_INDEMNITY, CAP_LOSS };
enum knew_basis { KNEW_DELIVERED, KNEW_READ, KNEW_ACKED, KNEW_NONE };
enum obligor_type { OBLIGOR_BUYER, OBLIGOR_BANK, OBLIGOR_GUARANTOR };
enum policy_status {
	POLICY_LISTED,
	POLICY_PENDING_CONFIRM,
	POLICY_SUBMITTED,
	POLICY_IN_REVIEW,
	POLICY_EFFECTIVE,
	POLICY_RECEIVED,
	POLICY_EXPIRED,
	POLICY_CANCELLED,
};
enum shipment_status {
	SHIPMENT_CONTRACTED,
	SHIPMENT_READY,
	SHIPMENT_SHIPPED,
	SHIPMENT_OVERDUE,
	SHIPMENT_PAID,
	SHIPMENT_CLAIMED,
	SHIPMENT_RESOLD,
	SHIPMENT_CANCELLED,
};
enum payment_term { TERM_LC, TERM_DP, TERM_DA, TERM_OA, TERM_PREPAID };

struct scheme {
	struct str scheme_id;
	struct str name_zh;
	struct str name_en;
	int insured_bp;
	int64_t cap_minor;
	struct str cap_currency;
	enum cap_basis cap_basis;
	int32_t year_from;
	int32_t year_to;
	int32_t pickup_deadline;
	int max_credit_days;
	struct str duty_profile;
	int free_reports;
	int64_t annual_cap_minor; /* -1: none */
	enum knew_basis knew_at_basis;
};

struct exporter {
	struct str exporter_id;
	struct str uscc;
	struct str name;
	struct str lang; /* zh-CN or en; empty: zh-CN */
	struct str branch;
	struct str contact_ref;
};

struct policy {
	struct str policy_id;
	struct str scheme_id;
	struct str exporter_id;
	enum policy_status status;
	int32_t picked_up_on;
	int32_t issued_on;
	int32_t cover_from;
	int32_t cover_to;
	int reports_used;
	int data_authorised;
	int declaration; /* 1: every shipment must be declared */
	int64_t dcl_minor; /* -1: unknown */
	int64_t paid_to_date_minor;
};

struct obligor {
	struct str obligor_id;
	enum obligor_type type;
	struct str name;
	struct str *aliases;
	size_t alias_count;
	struct str country;
	struct str jurisdiction;
	struct notice_id *ids; /* canonical */
	size_t id_count;
	struct str address;
	int natural_person;
};

struct shipment {
	struct str shipment_id;
	struct str exporter_id;
	struct str obligor_id;
	struct str bank_id; /* the obligor under an L/C */
	struct str invoice_ref;
	int64_t amount_minor;
	struct str currency;
	enum payment_term payment_term;
	int32_t contract_date;
	int32_t etd;
	int32_t ship_date;
	int32_t due_date;
	int64_t paid_minor;
	enum shipment_status status;
	int own_contract;
	int own_customs;
	int declared;
	int disputed;
	int affiliate;
	int32_t docs_released_on;
};

enum limit_status {
	LIMIT_APPROVED,
	LIMIT_REDUCED,
	LIMIT_WITHDRAWN,
	LIMIT_EXPIRED,
	LIMIT_DECLINED,
};

struct limit {
	struct str policy_id;
	struct str obligor_id;
	int32_t effective_from;
	int32_t effective_to;
	int64_t amount_minor;
	struct str currency;
	int payment_term; /* 0: any; else enum payment_term + 1 */
	enum limit_status status;
};

enum receipt_kind {
	RECEIPT_UNSAID, /* counts as a payment */
	RECEIPT_PAYMENT,
	RECEIPT_RESALE,
	RECEIPT_RECOVERY,
};

struct receipt {
	struct str receipt_id;
	int64_t amount_minor;
	struct str currency;
	int32_t received_on;
	struct str shipment_id; /* empty: the oldest due */
	enum receipt_kind kind;
};

enum country_status {
	COUNTRY_OPEN,
	COUNTRY_RESTRICTED,
	COUNTRY_OFF,
	COUNTRY_EXCLUDED,
};

struct country_cover {
	int32_t effective_from;
	int32_t effective_to;
	enum country_status status;
};

struct fx_rate {
	struct str base; /* 1 base = rate quote */
	struct str quote;
	struct str rate;
	int32_t as_of;
};

#endif
