/*
 * err.h - what can go wrong, and whose fault it is.  Floor 0.
 *
 * Every fallible function returns enum err.  The class of a code is its
 * policy, and only the owner of a stage (a role's step) acts on the class:
 * hostile input is rejected and counted, the world is retried, a corrupt
 * state stops the role.  A programmer's mistake is none of these: see must().
 */
#ifndef ERR_H
#define ERR_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* clang-format off */
/*	code          class       text */
#define ERR_TABLE(X)							\
	X(ERR_OK,      ERR_NONE,   "ok")				\
	X(ERR_INPUT,   ERR_REJECT, "input is malformed")		\
	X(ERR_LIMIT,   ERR_REJECT, "input exceeds a limit")		\
	X(ERR_ABSENT,  ERR_REJECT, "no such thing")			\
	X(ERR_REFUSED, ERR_REJECT, "refused by a rule")			\
	X(ERR_NET,     ERR_RETRY,  "network failure")			\
	X(ERR_STORE,   ERR_RETRY,  "storage failure")			\
	X(ERR_IO,      ERR_RETRY,  "input or output failure")		\
	X(ERR_AGAIN,   ERR_RETRY,  "not ready yet")			\
	X(ERR_CONFIG,  ERR_FATAL,  "configuration is wrong")		\
	X(ERR_CORRUPT, ERR_FATAL,  "stored state is corrupt")		\
	X(ERR_PEER,    ERR_FATAL,  "another role broke the protocol")
/* clang-format on */

#define ERR_ENUM(code, class, text) code,
enum err { ERR_TABLE(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

enum err_class {
	ERR_NONE,   /* nothing failed */
	ERR_REJECT, /* drop the input, count it, go on */
	ERR_RETRY,  /* keep the work, back off, try again */
	ERR_FATAL,  /* stop this role; the supervisor decides */
};

enum err_class err_class(enum err err);

/* A static sentence fragment, never NULL. */
const char *err_text(enum err err);

#define DIAG_WHY_SIZE 192u

/* Where and why an input was rejected; the first rejection stands. */
struct diag {
	unsigned line; /* 1-based; 0 when the input has no lines */
	char why[DIAG_WHY_SIZE];
};

/* Records the reason unless one stands already; returns err for `return`. */
enum err diag_set(struct diag *d, enum err err, unsigned line,
		  const char *fmt, ...) PRINTF_LIKE(4, 5);

/* A promise of ours, checked in every build; breaking it aborts. */
#define must(expr)                                                             \
	((expr) ? (void)0 : must_fail(#expr, __FILE__, __LINE__, __func__))
_Noreturn void must_fail(const char *expr, const char *file, int line,
			 const char *func);

#endif
