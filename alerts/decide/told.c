/*
 * told.c - who an alert is about, and for whom, when the book has them no
 * more: as its last revision said it.
 */
#include "decide_priv.h"

#define TOLD_LIST_MAX 131072u /* bytes of the reasons of a match */

static enum err
last_words(struct decide *d, const struct alert *a, struct json **out)
{
	struct revision *rev = NULL;
	struct entry *e = NULL;
	struct diag why = { 0 };
	size_t count = 0;
	enum err err = store_revisions(d->in.store, a->alert_id, &d->arena,
				       &rev, &count);

	if (err != ERR_OK || count == 0)
		return err != ERR_OK ? err : ERR_ABSENT;
	rev += count - 1;
	err = store_entries(d->in.store, rev->stream, rev->seq, 1, &d->arena,
			    &e, &count);
	if (err != ERR_OK)
		return err;
	if (count == 0 || e->seq != rev->seq ||
	    json_read(e->body, out, &why) != ERR_OK)
		return ERR_ABSENT;
	return ERR_OK;
}

/* The member, in the arena; of what is not said what stands in for it. */
static enum err
take(struct decide *d, const struct json *from, const char *key,
     struct str other, struct str *out)
{
	struct str s = json_get_str(from, key);

	*out = arena_str(&d->arena, s.n > 0 ? s : other);
	return out->p == NULL ? ERR_LIMIT : ERR_OK;
}

static enum err
take_ids(struct decide *d, const struct json *ids, struct obligor *o)
{
	size_t n = json_len(ids);
	enum err err = ERR_OK;

	o->ids = arena_array(&d->arena, struct notice_id, n + 1);
	if (o->ids == NULL)
		return ERR_LIMIT;
	for (; err == ERR_OK && o->id_count < n; o->id_count++) {
		const struct json *id = json_at(ids, o->id_count);

		err = take(d, id, "scheme", STR_NONE,
			   &o->ids[o->id_count].scheme);
		if (err == ERR_OK)
			err = take(d, id, "value", STR_NONE,
				   &o->ids[o->id_count].value);
	}
	return err;
}

enum err
decide_told_obligor(struct decide *d, const struct alert *a,
		    struct obligor *out)
{
	struct obligor o = { .country = a->country };
	const struct json *said;
	struct json *doc = NULL;
	struct str type;
	enum err err = last_words(d, a, &doc);

	if (err != ERR_OK && err != ERR_ABSENT)
		return err;
	said = json_obj(json_obj(doc, "data"), "obligor");
	type = json_get_str(said, "type");
	o.type = str_eq(type, S("bank"))      ? OBLIGOR_BANK :
		 str_eq(type, S("guarantor")) ? OBLIGOR_GUARANTOR :
						OBLIGOR_BUYER;
	err = take(d, said, "id", a->obligor_id, &o.obligor_id);
	if (err == ERR_OK)
		err = take(d, said, "name", a->obligor_id, &o.name);
	if (err == ERR_OK)
		err = take(d, said, "jurisdiction", a->country,
			   &o.jurisdiction);
	if (err == ERR_OK)
		err = take_ids(d, json_arr(said, "ids"), &o);
	json_free(doc);
	if (err == ERR_OK)
		*out = o;
	return err;
}

enum err
decide_told_exporter(struct decide *d, const struct alert *a,
		     struct exporter *out, struct str *token)
{
	struct exporter e = { .exporter_id = a->exporter_id };
	struct json *doc = NULL;
	const struct json *said;
	struct str was = STR_NONE;
	enum err err = last_words(d, a, &doc);

	if (err != ERR_OK)
		return err;
	said = json_obj(json_obj(doc, "data"), "exporter");
	err = take(d, said, "name", a->exporter_id, &e.name);
	if (err == ERR_OK)
		err = take(d, said, "uscc_token", STR_NONE, &was);
	json_free(doc);
	if (err != ERR_OK)
		return err;
	*out = e;
	*token = was;
	return ERR_OK;
}

enum err
decide_told_other(struct decide *d, struct str exporter_id, struct str uscc,
		  bool *out)
{
	size_t mark = arena_mark(&d->arena);
	char token[2 * HASH_ID_SIZE + 1];
	struct entry *e = NULL;
	struct json *doc = NULL;
	struct diag why = { 0 };
	uint64_t oldest = 0;
	uint64_t head = 0;
	size_t count = 0;
	enum err err = store_stream_range(d->in.store, exporter_id, &oldest,
					  &head);

	if (err == ERR_OK)
		err = store_entries(d->in.store, exporter_id, head, 1,
				    &d->arena, &e, &count);
	if (err != ERR_OK)
		return err;
	compose_token(d->in.token_key, uscc, token);
	/* What cannot be read was not told to this one. */
	*out = count == 0 || json_read(e->body, &doc, &why) != ERR_OK ||
	       !str_eq(json_get_str(json_obj(json_obj(doc, "data"),
					     "exporter"),
				    "uscc_token"),
		       str_of(token));
	json_free(doc);
	arena_rewind(&d->arena, mark);
	return ERR_OK;
}

/* The strings of an array as one, in the arena. */
static enum err
take_list(struct decide *d, const struct json *from, uint8_t between,
	  struct str *out)
{
	struct buf b;

	buf_init(&b, TOLD_LIST_MAX);
	for (size_t i = 0; i < json_len(from); i++) {
		if (i > 0)
			buf_byte(&b, between);
		buf_put(&b, json_str(json_at(from, i)));
	}
	*out = arena_str(&d->arena, buf_str(&b));
	buf_free(&b);
	return out->p == NULL ? ERR_LIMIT : ERR_OK;
}

enum err
decide_told_match(struct decide *d, const struct alert *a, struct fact *fact)
{
	const struct json *said;
	struct json *doc = NULL;
	enum err err = last_words(d, a, &doc);

	if (err != ERR_OK)
		return err == ERR_ABSENT ? ERR_OK : err;
	said = json_obj(json_obj(doc, "data"), "match");
	if (said != NULL) {
		fact->match_score = (int)json_get_int(said, "score", 0);
		err = take(d, said, "method", fact->match_method,
			   &fact->match_method);
		if (err == ERR_OK)
			err = take_list(d, json_arr(said, "keys"), ' ',
					&fact->match_keys);
		if (err == ERR_OK)
			err = take_list(d, json_arr(said, "why"), '\n',
					&fact->match_why);
	}
	json_free(doc);
	return err;
}
