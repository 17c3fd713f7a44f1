/*
 * msieve.c - a delta of its own.
 */
#include "msieve.h"

#include "mdelta.h"
#include "mparts.h"
#include "mwatch_priv.h"

static struct mdelta *
delta_of(const struct msieve *v)
{
	return (struct mdelta *)(uintptr_t)v;
}

enum err
msieve_new(struct store *s, int64_t since, struct msieve **out)
{
	struct mdelta *d = mdelta_new();
	bool full = false;
	enum err err = d == NULL ? ERR_LIMIT :
				   mwatch_fill(d, s, since, &full);

	if (err == ERR_OK && full)
		err = ERR_LIMIT;
	if (err != ERR_OK) {
		mdelta_free(d);
		return err;
	}
	*out = (struct msieve *)(void *)d;
	return ERR_OK;
}

void
msieve_free(struct msieve *v)
{
	mdelta_free(delta_of(v));
}

static bool
may_be(const struct msieve *v, struct str name)
{
	/* The country is not known here: wherever it may be. */
	static const uint16_t home[MV_COUNT] = {
		[MV_HONGKONG] = MFOLD_COUNTRY('H', 'K'),
		[MV_TAIWAN] = MFOLD_COUNTRY('T', 'W'),
	};

	UNSET struct mname m;
	uint32_t row;

	for (unsigned view = 0; view < MV_COUNT; view++) {
		if (view > 0 &&
		    !mfold_has_view(&m, (enum mview)view, home[view]))
			continue;
		mfold_name(name, (enum mview)view, &m);
		if (mdelta_find(delta_of(v), &m, &row, 1) > 0)
			return true;
	}
	return false;
}

bool
msieve_may(const struct msieve *v, struct str name)
{
	struct str part[MPARTS_MAX];
	unsigned n;

	if (v == NULL || may_be(v, name))
		return true;
	n = mparts(name, part);
	for (unsigned i = 0; i < n; i++)
		if (may_be(v, part[i]))
			return true;
	return false;
}

bool
msieve_has(const struct msieve *v, struct str obligor_id)
{
	return v == NULL || mdelta_hides(delta_of(v), obligor_id);
}
