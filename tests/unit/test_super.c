/*
 * test_super.c - the wait before a role starts again.
 */
#include <criterion/criterion.h>

#include "super.h"

Test(super, backoff_doubles_to_its_cap)
{
	static const int64_t want[] = { 100,  200,  400,   800,	  1600, 3200,
					6400, 12800, 25600, 30000, 30000 };
	int64_t wait = 0;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		wait = super_backoff(wait, 5);
		cr_assert_eq(wait, want[i], "start %zu: %lld", i,
			     (long long)wait);
	}
}

Test(super, a_stable_minute_begins_anew)
{
	cr_assert_eq(super_backoff(30000, SUPER_STABLE_MS - 1), 30000);
	cr_assert_eq(super_backoff(30000, SUPER_STABLE_MS), 100);
	cr_assert_eq(super_backoff(0, 0), 100);
}
