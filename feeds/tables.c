/*
 * tables.c - loads what the roles of this folder need from the bundle.
 */
#include "tables.h"

#include "define.h"

static enum err
table_wrong(struct buf *errors, struct str file, const struct diag *d)
{
	buf_printf(errors, "%.*s:%u: %.*s: %s\n", STR_ARG(file),
		   d->line == 0 ? 1 : d->line, STR_ARG(file), d->why);
	return ERR_CONFIG;
}

static enum err
shared_tables(struct tables *t, const struct bundle *b, struct buf *errors)
{
	struct str kinds = bundle_find(b, S("kinds.tsv"));
	struct str ids = bundle_find(b, S("idschemes.tsv"));
	struct diag d = { 0 };
	enum err err = ERR_OK;

	if (kinds.p != NULL &&
	    kinds_get(kinds, &t->arena, &t->kinds, &d) != ERR_OK)
		err = table_wrong(errors, S("kinds.tsv"), &d);
	d = (struct diag){ 0 };
	if (ids.p != NULL &&
	    idschemes_get(ids, &t->arena, &t->ids, &d) != ERR_OK)
		err = table_wrong(errors, S("idschemes.tsv"), &d);
	t->map_tables = (struct map_tables){ &t->kinds, &t->ids };
	return err;
}

/* Anything that changes what a record becomes makes every record new. */
static uint64_t
seed_of(const struct feed *f, struct str program, struct str vocab)
{
	uint64_t seed = diff_seed(program, vocab, 0);

	for (size_t i = 0; i < f->prepare_count; i++)
		seed = diff_seed(f->prepare[i].field, f->prepare[i].step,
				 seed);
	return seed;
}

enum err
tables_map(struct tables *t, const struct bundle *b, size_t i,
	   struct buf *errors)
{
	const struct feed *f = &t->feeds.feed[i];
	struct str program = bundle_find(b, f->map);
	struct str vocab = bundle_find(b, f->vocab);
	struct diag d = { 0 };
	enum err err;

	if (t->doc[i].map != NULL)
		return ERR_OK;
	err = map_new(f, program, vocab, &t->map_tables, &t->doc[i].map, &d);
	if (err != ERR_OK)
		buf_printf(errors, "%.*s:%u: map: %s\n",
			   STR_ARG(f->map),
			   d.line == 0 ? 1 : d.line, d.why);
	return err;
}

enum err
tables_init(struct tables *t, const struct bundle *b, enum tables_load load,
	    struct buf *errors)
{
	enum err err;
	enum err worst;

	*t = (struct tables){ 0 };
	worst = arena_init(&t->arena, TABLES_ARENA_SIZE);
	if (worst != ERR_OK)
		return worst;
	worst = shared_tables(t, b, errors);
	err = feeds_define(b, &t->arena, &t->feeds, errors);
	if (err != ERR_OK)
		worst = err;
	t->doc = arena_array(&t->arena, struct doc_conf, t->feeds.count + 1);
	if (t->doc == NULL)
		return ERR_CONFIG;
	for (size_t i = 0; i < t->feeds.count; i++) {
		const struct feed *f = &t->feeds.feed[i];

		t->doc[i].feed = f;
		t->doc[i].seed = seed_of(f, bundle_find(b, f->map),
					 bundle_find(b, f->vocab));
		if (load == TABLES_MAPS_NONE ||
		    (load == TABLES_MAPS_ENABLED && !f->enabled))
			continue;
		err = tables_map(t, b, i, errors);
		if (err != ERR_OK)
			worst = err;
	}
	return worst;
}

void
tables_fini(struct tables *t)
{
	for (size_t i = 0; t->doc != NULL && i < t->feeds.count; i++)
		map_free(t->doc[i].map);
	arena_fini(&t->arena);
	*t = (struct tables){ 0 };
}

int
tables_find(const struct tables *t, struct str name)
{
	for (size_t i = 0; i < t->feeds.count; i++)
		if (str_eq(t->feeds.feed[i].name, name))
			return (int)i;
	return -1;
}
