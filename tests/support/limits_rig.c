/*
 * limits_rig.c - texts of any length, for tests of limits.
 */
#include "limits_rig.h"

#include <criterion/criterion.h>
#include <string.h>

#include "buf.h"

struct arena limits_arena;
struct diag limits_diag;

void
limits_up(void)
{
	cr_assert_eq(arena_init(&limits_arena, 64u << 20), ERR_OK);
	limits_diag = (struct diag){ 0 };
}

void
limits_down(void)
{
	arena_fini(&limits_arena);
}


/* head, then item n times with sep between and the number after each. */
struct str
limits_many(const char *head, const char *item, size_t n, const char *end)
{
	struct buf b;
	struct str s;

	buf_init(&b, 64u << 20);
	buf_put(&b, str_of(head));
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%zu%s", item, i, end);
	cr_assert_eq(b.err, ERR_OK);
	s = arena_str(&limits_arena, buf_str(&b));
	buf_free(&b);
	return s;
}

struct str
limits_fill(size_t n, char c)
{
	char *p = arena_get(&limits_arena, n + 1, 1);

	cr_assert_not_null(p);
	memset(p, c, n);
	return (struct str){ p, n };
}

struct str
limits_file(const char *path)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1u << 20);
	cr_assert_eq(buf_read_file(&b, path), ERR_OK);
	s = arena_str(&limits_arena, buf_str(&b));
	buf_free(&b);
	return s;
}
