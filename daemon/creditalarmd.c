/*
 * creditalarmd.c - the daemon's command line (contract section 1).
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boot.h"
#include "log.h"
#include "super.h"

#define EXIT_USAGE 2
#define EXIT_CONFIG 78

struct args {
	const char *role; /* -r: a child of the supervisor */
	int check;	  /* -n */
	int print;	  /* -C */
	struct super_options super;
};

static int
usage(void)
{
	(void)fputs(
	    "usage: creditalarmd -c FILE [-k FILE] [-n | -C] [-1] [--once] "
	    "[--as-of TIME]\n"
	    "  -n  check the configuration and leave (0, or 78 with every "
	    "error)\n"
	    "  -C  print the effective configuration\n"
	    "  -k  the publisher's keys, instead of push.key_file\n"
	    "  -1  all roles in one process\n"
	    "  --once        poll every feed once, publish, leave\n"
	    "  --as-of TIME  the wall clock starts at TIME (RFC 3339)\n",
	    stderr);
	return EXIT_USAGE;
}

/* An option's value, or NULL when there is none. */
static const char *
value(int argc, char **argv, int *i)
{
	return *i + 1 < argc ? argv[++*i] : NULL;
}

static enum err
role_level(const char *text)
{
	uint64_t level = 0;
	enum err err = str_to_u64(str_of(text), LOG_DEBUG, &level);

	if (err == ERR_OK)
		log_level((enum log_level)level, (enum log_level)level);
	return err;
}

static enum err
take(struct args *a, int argc, char **argv, int *i)
{
	struct str word = str_of(argv[*i]);
	int64_t *as_of = &a->super.as_of_ms;

	if (str_eq(word, S("-n")))
		a->check = 1;
	else if (str_eq(word, S("-C")))
		a->print = 1;
	else if (str_eq(word, S("-1")))
		a->super.one = 1;
	else if (str_eq(word, S("--once")))
		a->super.once = 1;
	else if (str_eq(word, S("-c")))
		a->super.files.conf = value(argc, argv, i);
	else if (str_eq(word, S("-k")))
		a->super.files.key = value(argc, argv, i);
	else if (str_eq(word, S("-r")))
		a->role = value(argc, argv, i);
	else if (str_eq(word, S("--as-of")))
		return time_get(str_of(value(argc, argv, i)), as_of);
	else if (str_eq(word, S("--as-of-ms"))) {
		enum err err = str_to_i64(str_of(value(argc, argv, i)),
					  INT64_MAX, as_of);

		/* 0 is how super says: the machine's own time. */
		if (*as_of == 0)
			*as_of = TIME_NONE;
		return err;
	} else if (str_eq(word, S("--log")))
		return role_level(value(argc, argv, i));
	else
		return ERR_INPUT;
	return ERR_OK;
}

static int
start(const struct args *a)
{
	struct boot boot;
	struct buf text;
	int status = 0;
	enum err err;

	buf_init(&text, 1u << 20);
	err = boot_load(&boot, &a->super.files, &text);
	if (err == ERR_OK && a->check)
		err = boot_check(&boot, &text);
	if (err != ERR_OK) {
		(void)fwrite(text.p, 1, text.n, stderr);
		status = EXIT_CONFIG;
	} else if (a->check) {
		(void)puts("configuration OK");
	} else if (a->print) {
		conf_put(&text, &boot.conf);
		(void)fwrite(text.p, 1, text.n, stdout);
	} else {
		status = super_run(&boot, &a->super);
	}
	buf_free(&text);
	boot_free(&boot);
	return status;
}

int
main(int argc, char **argv)
{
	struct args a = { .super = { .as_of_ms = TIME_NONE } };

	(void)umask(077);
	for (int i = 1; i < argc; i++)
		if (take(&a, argc, argv, &i) != ERR_OK)
			return usage();
	if (a.role != NULL)
		return super_role(a.role, &a.super);
	if (a.super.files.conf == NULL)
		return usage();
	return start(&a);
}
