/*
 * Frames and descriptors between roles, over a socket and in memory.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "role.h"

static struct link *a;
static struct link *b;

static void
open_ends(bool socket_ends)
{
	int pair[2];

	if (!socket_ends) {
		cr_assert_eq(link_pair(&a, &b), ERR_OK);
		return;
	}
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(link_socket(pair[0], &a), ERR_OK);
	cr_assert_eq(link_socket(pair[1], &b), ERR_OK);
}

static void
move(void)
{
	cr_assert_eq(link_flush(a), ERR_OK);
	cr_assert_eq(link_fill(b), ERR_OK);
}

Test(link, frames_arrive_whole_and_in_order)
{
	for (int form = 0; form < 2; form++) {
		struct msg m;

		open_ends(form == 1);
		for (uint8_t i = 1; i <= 100; i++) {
			char body[300];

			memset(body, i, sizeof(body));
			cr_assert(link_send(a, i, (struct str){ body, i * 3u },
					    NULL, 0));
		}
		move();
		for (uint8_t i = 1; i <= 100; i++) {
			cr_assert_eq(link_take(b, &m), ERR_OK);
			cr_assert_eq(m.type, i);
			cr_assert_eq(m.body.n, i * 3u);
			cr_assert_eq((uint8_t)m.body.p[0], i);
			cr_assert_eq(m.fd[0], -1);
		}
		cr_assert_eq(link_take(b, &m), ERR_AGAIN);
		link_free(a);
		link_free(b);
	}
}

Test(link, a_descriptor_comes_with_its_frame)
{
	for (int form = 0; form < 2; form++) {
		struct msg m;
		int pipes[3][2];
		char byte = 0;

		open_ends(form == 1);
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(pipe(pipes[i]), 0);
			cr_assert(link_send(a, 9, S("no fd here"), NULL, 0));
			cr_assert(link_send(a, (uint8_t)(i + 1), S("x"),
					    &pipes[i][0], 1));
			cr_assert_eq(write(pipes[i][1], &"abc"[i], 1), 1);
		}
		move();
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(link_take(b, &m), ERR_OK);
			cr_assert_eq(m.fd[0], -1);
			cr_assert_eq(link_take(b, &m), ERR_OK);
			cr_assert_geq(m.fd[0], 0);
			cr_assert_eq(read(m.fd[0], &byte, 1), 1);
			cr_assert_eq(byte, "abc"[i], "the right one");
			(void)close(m.fd[0]);
			(void)close(pipes[i][1]);
		}
		link_free(a);
		link_free(b);
	}
}

Test(link, a_frame_too_long_is_a_broken_peer)
{
	const uint8_t evil[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 1, 0 };
	struct msg m;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(link_socket(pair[1], &b), ERR_OK);
	cr_assert_eq(write(pair[0], evil, sizeof(evil)), sizeof(evil));
	cr_assert_eq(link_fill(b), ERR_OK);
	cr_assert_eq(link_take(b, &m), ERR_PEER);
	link_free(b);
	(void)close(pair[0]);
}

Test(link, a_promised_descriptor_must_be_there)
{
	const uint8_t evil[6] = { 0, 0, 0, 0, 1, 1 };
	struct msg m;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(link_socket(pair[1], &b), ERR_OK);
	cr_assert_eq(write(pair[0], evil, sizeof(evil)), sizeof(evil));
	cr_assert_eq(link_fill(b), ERR_OK);
	cr_assert_eq(link_take(b, &m), ERR_PEER);
	link_free(b);
	(void)close(pair[0]);
}

Test(link, a_slow_peer_is_bounded)
{
	static char body[MSG_MAX];

	for (int form = 0; form < 2; form++) {
		int sent = 0;

		open_ends(form == 1);
		while (link_send(a, 1, (struct str){ body, sizeof(body) }, NULL,
				 0))
			cr_assert_lt(sent++, 100);
		cr_assert_gt(sent, 10);
		cr_assert_eq(link_room(a), 0);
		link_free(a);
		link_free(b);
	}
}

/* Half of it goes, and as much comes again: never more than fits. */
Test(link, a_peer_that_catches_up_by_halves)
{
	static char body[MSG_MAX];
	struct msg m;

	for (int form = 0; form < 2; form++) {
		open_ends(form == 1);
		for (int round = 0; round < 64; round++) {
			while (link_send(a, 1,
					 (struct str){ body, sizeof(body) },
					 NULL, 0))
				;
			cr_assert_eq(link_room(a), 0);
			for (int taken = 0; taken < 1 + round % 7;) {
				cr_assert_eq(link_flush(a), ERR_OK);
				cr_assert_eq(link_fill(b), ERR_OK);
				if (link_take(b, &m) == ERR_OK)
					taken++;
			}
		}
		link_free(a);
		link_free(b);
	}
}

Test(link, no_link_says_nothing)
{
	struct msg m;

	cr_assert_eq(link_take(NULL, &m), ERR_AGAIN);
	cr_assert(!link_send(NULL, 1, S("x"), NULL, 0));
	cr_assert_eq(link_room(NULL), 0);
}

Test(link, the_end_of_a_peer_is_seen)
{
	struct msg m;

	open_ends(true);
	link_free(a);
	cr_assert_eq(link_fill(b), ERR_PEER);
	cr_assert_eq(link_take(b, &m), ERR_PEER);
	cr_assert(!link_up(b));
	link_free(b);
}
