/*
 * serve.h - core's side of push: what publish may ask, and what it is told.
 * Floor 2 (alerts).
 *
 * Publish holds sockets and keys but neither files nor the database; all it
 * knows of subscribers, cursors and entries it asks here.  The order is
 * strict: an entry is committed, then signed, then its signature is
 * committed, and only then told; so every replay carries the same header and
 * signature, and whatever dies between two of these steps is taken up again
 * from the store.
 *
 * serve_take runs inside a transaction of the caller and sends nothing: what
 * it has to say waits until serve_committed, so nobody hears of what may yet
 * be rolled back.  Not thread-safe.  Allocates with named maxima.
 */
#ifndef SERVE_H
#define SERVE_H

#include "conf.h"
#include "role.h"
#include "store.h"

#define SERVE_CONSUMERS_MAX 16	   /* of one key and stream */
#define SERVE_STREAMS_MAX 200000u
#define SERVE_READ_MAX 64u	   /* entries in one answer */
#define SERVE_READ_BYTES 262144u   /* bodies in one answer; at least one */
#define SERVE_SIGN_MAX 64u	   /* entries on their way to be signed */
#define SERVE_OUT_MAX (64u << 20)  /* bytes of answers waiting for the link */
#define SERVE_READS_MAX (4u << 20) /* bytes of questions waiting likewise */
#define SERVE_KEYS_CHUNK 1000u	   /* keys in one MSG_PUSH_KEYS */

/*
 * sid is publish's number of a session, new with each HELLO; tag numbers its
 * READs; both come back in answers, and an answer that fits no longer is
 * dropped.  key is 32 raw bytes, code an error of wire.h or 0.
 */
/* clang-format off */
enum push_msg {
	/* core -> publish */
	MSG_PUSH_KEYS = MSG_PUSH_FIRST,
			/* u8 first, u8 last, u32 count, count x (curve key,
			   sealing key, i64 expires_ms, blob stream): the whole
			   allow-list in one or more frames */
	MSG_PUSH_SIGN,	/* blob stream, u64 epoch, u64 seq, u8 type,
			   u8 severity, u64 time_us, blob body */
	MSG_PUSH_OPENED,/* u64 sid, u16 code, blob stream, u64 epoch,
			   u64 oldest, u64 head, u8 gone, u64 after,
			   u64 old: entries up to it may have been sent to
			   the consumer, u64 key_sent: likewise to the key */
	MSG_PUSH_ENTRIES,/* u64 sid, u64 tag, u8 last, u64 upto, u32 count,
			   count x (u64 epoch, u64 seq, u8 type, u8 severity,
			   u16 keyid, u64 time_us, signature, blob body).
			   epoch: the entry's, older than the log's when it
			   was restored; it is under the signature.  All there is
			   up to seq upto; last: nothing more was asked for */
	MSG_PUSH_HEAD,	/* blob stream, u64 epoch, u64 oldest, u64 head: what
			   can be read; said at every hello too */
	MSG_PUSH_STATED,/* u64 sid, u64 epoch, u64 seq, u8 state, u16 code */
	MSG_PUSH_AGAIN,	/* u8 degraded: what is unanswered was lost, ask
			   again */
	/* publish -> core */
	MSG_PUSH_OPEN,	/* u64 sid, key, blob stream (empty: own),
			   blob consumer, u64 epoch, u64 after_seq */
	MSG_PUSH_READ,	/* u64 sid, u64 tag, u8 snapshot, blob stream,
			   u64 from, u64 upto, u32 max */
	MSG_PUSH_SIGNED,/* blob stream, u64 seq, u16 keyid, signature */
	MSG_PUSH_CURSOR,/* key, blob stream, blob consumer, u64 epoch,
			   u64 cursor, u64 sent */
	MSG_PUSH_STATE,	/* u64 sid, key, blob stream, u64 epoch, u64 seq,
			   u8 state, u64 at_us, blob actor, blob code */
	MSG_PUSH_TALLY,	/* u32 sessions now, u32 entries refused (NACK) since
			   the last one; when there is something to say, at
			   most once a second */
};
/* clang-format on */

/* What MSG_PUSH_OPENED says behind its sid. */
struct opened {
	uint16_t code;
	struct str stream;
	uint64_t epoch;
	uint64_t oldest;
	uint64_t head;
	uint8_t gone;
	uint64_t after;
	uint64_t old;
	uint64_t key_sent;
};

struct serve;

/* Hands a STATE on to decide, inside the transaction that stores it; first
 * is 0 for a repeat. */
typedef enum err (*serve_state_fn)(void *ctx, const struct evidence *e,
				   int first, struct instant now);

/* Borrows store and conf. */
NODISCARD enum err serve_new(struct store *store, const struct conf *conf,
			     serve_state_fn on_state, void *ctx,
			     struct serve **out);
void serve_free(struct serve *s);

/* The link is new: tells the keys and asks for signatures anew.  What fails
 * here and below is taken up again by the next notify. */
NODISCARD enum err serve_hello(struct serve *s, struct instant now,
			       struct link *publish);
/* Subscribers were added or revoked, and that is committed. */
NODISCARD enum err serve_subscribers(struct serve *s, struct instant now,
				     struct link *publish);
/*
 * One message of publish, in a transaction.  ERR_PEER: it broke the
 * protocol.  ERR_OK: commit and call serve_committed; anything else: roll
 * back and call serve_rolled_back.
 */
NODISCARD enum err serve_take(struct serve *s, const struct msg *m,
			      struct instant now);
/* Sends what waited for the commit; only fatal errors come back. */
NODISCARD enum err serve_committed(struct serve *s, struct instant now,
				   struct link *publish);
void serve_rolled_back(struct serve *s);
/* The store failed elsewhere: sessions are told so, once each. */
void serve_degraded(struct serve *s, struct link *publish);
/* Any other commit: there may be new entries.  Also harmless without one. */
NODISCARD enum err serve_notify(struct serve *s, struct instant now,
				struct link *publish);
/* As publish last said; 0 while there is none. */
uint32_t serve_sessions(const struct serve *s, const struct link *publish);
/* True when every entry is signed and told and no question is open. */
bool serve_idle(const struct serve *s);

#endif
