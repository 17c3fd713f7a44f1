/*
 * limits_rig.h - texts of any length, for tests of limits.
 */
#ifndef LIMITS_RIG_H
#define LIMITS_RIG_H

#include "arena.h"

extern struct arena limits_arena;
extern struct diag limits_diag;

/* A suite's .init and .fini. */
void limits_up(void);
void limits_down(void);
/* head, then n times item, the number, end. */
struct str limits_many(const char *head, const char *item, size_t n,
		       const char *end);
/* n times c. */
struct str limits_fill(size_t n, char c);
struct str limits_file(const char *path);

#endif
