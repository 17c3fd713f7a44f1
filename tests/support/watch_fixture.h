/*
 * watch_fixture.h - the watch index of a store, for tests.
 */
#ifndef WATCH_FIXTURE_H
#define WATCH_FIXTURE_H

#include "idscheme.h"
#include "mwatch.h"

/* An obligors file into the store; replace: a kind, or NULL. */
void watch_fixture_import(struct store *s, const struct idschemes *schemes,
			  const char *csv, const char *replace);
/* A watch with a segment of what the store's book has now; the caller's. */
struct mwatch *watch_fixture(struct store *s);
/* A segment of the book in a memory file; the caller closes it. */
int watch_fixture_segment(struct store *s);

#endif
