/*
 * book_who.c - whether an id still stands for whom it stood for.
 */
#include "book_who.h"

#include <stdio.h>

#include "book_report.h"
#include "party.h"
#include "store_shape.h"

/* An id, and who has it. */
struct shared {
	struct str scheme;
	struct str value;
	struct str who;
};

/* clang-format off */
#define SHARED(B, S)							\
	B(S, STR, e.scheme, scheme, NULL)				\
	B(S, STR, e.value, value, NULL)					\
	B(S, STR, substr(group_concat(o.obligor_id), 1, 200), who, NULL)
/* clang-format on */

B_SHAPE(shared_shape, SHARED, struct shared);

static bool
is_kind(const struct book_row *row, const char *name)
{
	return str_eq(str_of(row->kind->name), str_of(name));
}

static struct str
value_of(const struct book_row *row, const char *column)
{
	return row->value[book_col_find(row->kind, str_of(column))].s;
}

/* ---- exporters ---- */

static enum err
refuse(const struct book_row *row, const char *why)
{
	row->lookup->complain(row->lookup->self, "uscc", why);
	return ERR_INPUT;
}

/* Whether something was ever told in the stream, and who may read it. */
static enum err
look_at_stream(struct book_who *who, struct str id, bool *told, bool *read)
{
	struct query q = query_of(
	    who->s, "SELECT 1 FROM subscriber WHERE stream = ?1"
		    " AND revoked_at IS NULL"
		    " AND (expires_at IS NULL OR expires_at > ?2)");
	int64_t readers = 0;
	uint64_t oldest = 0;
	uint64_t head = 0;
	enum err err;

	query_str(&q, id);
	query_i64(&q, who->now.wall_ms);
	err = query_int(&q, 0, &readers);
	if (err == ERR_OK)
		err = store_stream_range(who->s, id, &oldest, &head);
	*told = head > 0;
	*read = readers > 0;
	return err;
}

static enum err
forced(struct book_who *who, struct str id, struct str was, struct str is)
{
	char line[DIAG_WHY_SIZE];

	(void)snprintf(line, sizeof(line),
		       "rule=forced exporter=%.*s was=%.*s is=%.*s",
		       STR_ARG(id), STR_ARG(was), STR_ARG(is));
	book_report_warn(who->out,
			 "exporters %.*s: another uscc than before, as forced",
			 STR_ARG(id));
	return store_journal(who->s, who->now.wall_ms, S("book.identity"),
			     str_of(line));
}

/* was is empty when the book does not have the id: then only what was told
 * says who it was. */
static enum err
check_exporter(struct book_who *who, const struct book_row *row,
	       struct str was)
{
	struct str id = value_of(row, "exporter_id");
	struct str uscc = value_of(row, "uscc");
	bool other = was.n > 0;
	bool told = false;
	bool read = false;
	enum err err = look_at_stream(who, id, &told, &read);

	if (err == ERR_OK && told && !other && who->opt->told_other != NULL)
		err = who->opt->told_other(who->opt->told_self, id, uscc,
					   &other);
	if (err != ERR_OK)
		return err;
	if (other && told)
		return refuse(row, "another company than the alerts of this "
				   "exporter_id were for: give it an id of "
				   "its own (force does not help)");
	if (other && read)
		return refuse(row, "another company than before, and a "
				   "subscriber of that one reads this "
				   "exporter_id: revoke it, or give the new "
				   "one an id of its own");
	if (was.n == 0 && read && !told && who->opt->force == 0)
		return refuse(row, "this exporter_id left the book and "
				   "somebody still subscribes to it: revoke "
				   "that, or force if it is the same company");
	if (other && who->opt->force == 0)
		return refuse(row, "another uscc than before: another company "
				   "needs an exporter_id of its own, a "
				   "correction needs force");
	return other ? forced(who, id, was, uscc) : ERR_OK;
}

static enum err
change_exporter(struct book_who *who, const struct book_row *row)
{
	struct exporter was;
	enum err err = store_exporter(who->s, value_of(row, "exporter_id"),
				      row->a, &was);

	if (err != ERR_OK || str_eq(was.uscc, value_of(row, "uscc")))
		return err;
	return check_exporter(who, row, was.uscc);
}

/* ---- obligors ---- */

/* As if it had gone and a new one come, which decide_book sees by both. */
static enum err
compare_obligor(struct book_who *who, const struct book_row *row,
		int64_t version)
{
	struct str id = value_of(row, "obligor_id");
	struct party_kin kin;
	struct obligor is;
	struct query q;
	enum err err = store_obligor(who->s, id, row->a, &is);

	if (err != ERR_OK)
		return err;
	kin = party_kin(who->opt->schemes, &who->before, &is);
	if (!kin.ids || kin.name)
		return ERR_OK;
	q = query_change(who->s,
			 "INSERT OR REPLACE INTO obligor_gone (obligor_id,"
			 " version) VALUES (?, ?)");
	query_str(&q, id);
	query_i64(&q, version);
	err = query_run(&q);
	who->out->others++;
	book_report_warn(who->out,
			 "obligors %.*s: another company than before, no hard "
			 "id and no name in common: what was told of that one "
			 "is closed",
			 STR_ARG(id));
	return err;
}

static enum err
tell_shared(void *ctx, const void *row)
{
	struct book_who *who = ctx;
	const struct shared *s = row;
	const struct idscheme *scheme =
	    idschemes_find(who->opt->schemes, s->scheme);

	if (scheme == NULL || !scheme->hard)
		return ERR_OK;
	book_report_warn(who->out,
			 "obligors %.*s have %.*s:%.*s in common: what is said "
			 "under it a reviewer must say whose it is",
			 STR_ARG(s->who), STR_ARG(s->scheme),
			 STR_ARG(s->value));
	return ERR_OK;
}

enum err
book_who_shared(struct book_who *who, int64_t version)
{
	/* The inner part walks an index alone. */
	struct query q = query_of(
	    who->s, "SELECT 0" SHARED(B_COL, -) " FROM obligor_extid e"
		    " JOIN obligors o ON o.rid = e.obligor"
		    " WHERE (e.scheme, e.value) IN (SELECT scheme, value"
		    " FROM obligor_extid GROUP BY scheme, value"
		    " HAVING count(*) > 1) GROUP BY e.scheme, e.value"
		    " HAVING max(o.changed) = ? AND min(o.rid) < max(o.rid)"
		    " ORDER BY e.scheme, e.value");

	query_i64(&q, version);
	return query_each(&q, &shared_shape, tell_shared, who);
}

/* ---- doors ---- */

enum err
book_who_changing(struct book_who *who, const struct book_row *row)
{
	if (is_kind(row, "exporters"))
		return change_exporter(who, row);
	if (!is_kind(row, "obligors"))
		return ERR_OK;
	who->had = true;
	return store_obligor(who->s, value_of(row, "obligor_id"), row->a,
			     &who->before);
}

enum err
book_who_written(struct book_who *who, const struct book_row *row,
		 enum book_change change, int64_t version)
{
	bool had = who->had;

	who->had = false;
	if (change == CHANGE_ADDED && is_kind(row, "exporters"))
		return check_exporter(who, row, STR_NONE);
	return change == CHANGE_CHANGED && had ?
		       compare_obligor(who, row, version) :
		       ERR_OK;
}
