/*
 * cmd_key.c - creditalarm key: makes key files, prints public lines.
 *
 *	key generate -o FILE		a subscriber's; prints capub1...
 *	key generate --server -o FILE	the publisher's; prints casrv1...
 *	key server [--key FILE]		casrv1... of the configured one
 */
#include "cmd_key.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "keys.h"
#include "seal.h"

#define EXIT_USAGE 2
#define EXIT_OUT 74
#define EXIT_CONF 78
#define CONF_SIZE_MAX (1u << 20)

enum err
key_server_line(struct str zpl_text, struct buf *out)
{
	struct keys k;

	if (keys_get(zpl_text, &k, NULL) != ERR_OK)
		return ERR_CONFIG;
	if (k.sign_count == 0) {
		keys_wipe(&k);
		return ERR_CONFIG;
	}
	keys_casrv_put(out, &k);
	keys_wipe(&k);
	return out->err;
}

static int
usage(void)
{
	(void)fputs("usage: creditalarm key generate [--server] -o FILE\n"
		    "       creditalarm [-c FILE] key server [--key FILE]\n",
		    stderr);
	return EXIT_USAGE;
}

static int
generate(const char *path, size_t sign_count)
{
	struct keys k;
	struct buf text, line;
	struct diag d = { 0 };
	enum err err;

	buf_init(&text, KEYS_FILE_MAX);
	buf_init(&line, KEYS_LINE_MAX);
	seal_keys_generate(&k, sign_count);
	keys_put(&text, &k);
	if (sign_count > 0)
		keys_casrv_put(&line, &k);
	else
		keys_capub_put(&line, &k);
	keys_wipe(&k);
	err = text.err != ERR_OK ? text.err
				 : keys_file_write(path, buf_str(&text), &d);
	if (err == ERR_OK)
		(void)printf("%.*s\n", STR_ARG(buf_str(&line)));
	else
		(void)fprintf(stderr, "creditalarm: %s\n", d.why);
	buf_wipe(&text);
	buf_free(&line);
	return err == ERR_OK ? 0 : EXIT_OUT;
}

static int
generate_words(int argc, char **argv)
{
	const char *path = NULL;
	size_t sign_count = 0;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--server") == 0)
			sign_count = 1;
		else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			path = argv[++i];
		else
			return usage();
	}
	return path == NULL ? usage() : generate(path, sign_count);
}

static int
print_server(const char *path)
{
	struct buf text, line;
	struct diag d = { 0 };
	enum err err;

	buf_init(&text, KEYS_FILE_MAX);
	buf_init(&line, KEYS_LINE_MAX);
	err = keys_file_read(path, &text, &d);
	if (err == ERR_OK) {
		err = key_server_line(buf_str(&text), &line);
		if (err != ERR_OK)
			(void)diag_set(&d, err, 0,
				       "%s: not a publisher's "
				       "key file",
				       path);
	}
	if (err == ERR_OK)
		(void)printf("%.*s\n", STR_ARG(buf_str(&line)));
	else
		(void)fprintf(stderr, "creditalarm: %s\n", d.why);
	buf_wipe(&text);
	buf_free(&line);
	if (err == ERR_OK)
		return 0;
	return err == ERR_IO ? EXIT_OUT : EXIT_CONF;
}

/* The key file that the configuration names. */
static int
configured(const char *conf_path)
{
	char path[BUNDLE_NAME_MAX + 1];
	struct arena a;
	struct conf conf;
	struct buf text, errors;
	enum err err = arena_init(&a, CONF_SIZE_MAX);
	int status = EXIT_CONF;

	if (err != ERR_OK)
		return EXIT_OUT;
	buf_init(&text, CONF_SIZE_MAX);
	buf_init(&errors, CONF_SIZE_MAX);
	err = buf_read_file(&text, conf_path);
	if (err != ERR_OK)
		buf_printf(&errors, "%s: cannot read\n", conf_path);
	else
		err = conf_get(buf_str(&text), str_of(conf_path), &a, &conf,
			       &errors);
	if (err == ERR_OK)
		err = str_copy(path, sizeof(path), conf.push_key_file);
	if (err == ERR_OK)
		status = print_server(path);
	else
		(void)fprintf(stderr, "%.*s", STR_ARG(buf_str(&errors)));
	buf_free(&text);
	buf_free(&errors);
	arena_fini(&a);
	return status;
}

int
cmd_key(const struct cmd_globals *g, int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "generate") == 0)
		return generate_words(argc, argv);
	if (argc < 2 || strcmp(argv[1], "server") != 0)
		return usage();
	if (argc == 4 && strcmp(argv[2], "--key") == 0)
		return print_server(argv[3]);
	if (argc != 2)
		return usage();
	return configured(g->conf == NULL ? CONF_DEFAULT : g->conf);
}
