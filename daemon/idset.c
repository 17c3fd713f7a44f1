/*
 * idset.c - open addressing, doubled when five in eight slots are taken.
 */
#include "idset.h"

#include <stdlib.h>

#include "mtab.h"

#define SLOTS_MIN 1024u

/* Where h stands, or would. */
static uint64_t *
place(uint64_t *slot, uint64_t slots, uint64_t h)
{
	uint64_t at = (h * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (slots - 1);

	while (slot[at] != 0 && slot[at] != h)
		at = (at + 1) & (slots - 1);
	return &slot[at];
}

static void
grow(struct idset *s)
{
	uint64_t slots = s->slots == 0 ? SLOTS_MIN : 2 * s->slots;
	uint64_t *slot = calloc(slots, sizeof(*slot));

	if (slot == NULL) {
		s->full = true;
		return;
	}
	for (uint64_t i = 0; i < s->slots; i++)
		if (s->slot[i] != 0)
			*place(slot, slots, s->slot[i]) = s->slot[i];
	free(s->slot);
	s->slot = slot;
	s->slots = slots;
}

bool
idset_put(struct idset *s, struct str id)
{
	uint64_t h = mtab_hash_bytes(id.p, id.n);
	uint64_t *at;

	if (!s->full && 8 * s->n >= 5 * s->slots)
		grow(s);
	if (s->full)
		return false;
	h = h == 0 ? 1 : h;
	at = place(s->slot, s->slots, h);
	if (*at == h)
		return true;
	*at = h;
	s->n++;
	return false;
}

bool
idset_full(const struct idset *s)
{
	return s->full;
}

void
idset_free(struct idset *s)
{
	free(s->slot);
	*s = (struct idset){ 0 };
}
