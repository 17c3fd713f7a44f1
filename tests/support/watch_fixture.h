/*
 * watch_fixture.h - the watch index of a store, for tests.
 */
#ifndef WATCH_FIXTURE_H
#define WATCH_FIXTURE_H

#include "mwatch.h"

/* A watch with a segment of what the store's book has now; the caller's. */
struct mwatch *watch_fixture(struct store *s);
/* A segment of the book in a memory file; the caller closes it. */
int watch_fixture_segment(struct store *s);

#endif
