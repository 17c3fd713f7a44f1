/*
 * boot.c - configuration, tables, definitions and keys into bundles.
 */
#include "boot.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "define.h"
#include "duty.h"
#include "hash.h"
#include "keys.h"
#include "tables.h"
#include "texts.h"
#include "web.h"
#include "yamlr.h"

#define BOOT_ARENA_SIZE (32u << 20)
#define BOOT_FILE_MAX (16u << 20)
#define BOOT_PATH_MAX 512u

/* One file into the bundle under name; absent is an error unless optional. */
static enum err
add_file(struct boot *b, const char *path, struct str name,
	 struct buf *errors)
{
	struct buf text;
	enum err err;

	buf_init(&text, BOOT_FILE_MAX);
	err = buf_read_file(&text, path);
	if (err != ERR_OK) {
		buf_printf(errors, "%s:0: cannot be read\n", path);
		err = ERR_CONFIG;
	} else {
		bundle_add(&b->all, name, buf_str(&text));
		err = b->all.bytes.err;
	}
	buf_wipe(&text);
	return err;
}

static int
wanted(const struct dirent *e)
{
	struct str name = str_of(e->d_name);

	return str_ends(name, S(".yaml")) || str_ends(name, S(".jq")) ||
	       str_ends(name, S(".tsv"));
}

/* Every .yaml .jq .tsv of a directory, in name order, as prefix/NAME. */
static enum err
add_dir(struct boot *b, struct str dir, const char *prefix, int required,
	struct buf *errors)
{
	struct dirent **e = NULL;
	char path[BOOT_PATH_MAX];
	enum err err = ERR_OK;
	int n;

	(void)snprintf(path, sizeof(path), "%.*s", STR_ARG(dir));
	n = scandir(path, &e, wanted, alphasort);
	if (n < 0 && required) {
		buf_printf(errors, "%s:0: cannot be read\n", path);
		return ERR_CONFIG;
	}
	for (int i = 0; i < n; i++) {
		char name[BUNDLE_NAME_MAX + 1];
		int len = snprintf(name, sizeof(name), "%s%s", prefix,
				   e[i]->d_name);

		(void)snprintf(path, sizeof(path), "%.*s/%s", STR_ARG(dir),
			       e[i]->d_name);
		/* Beside the tables lies the configuration itself. */
		if (prefix[0] == '\0' &&
		    !str_ends(str_of(e[i]->d_name), S(".tsv")))
			len = (int)sizeof(name);
		if (err == ERR_OK && len < (int)sizeof(name))
			err = add_file(b, path, str_of(name), errors);
		free(e[i]);
	}
	free(e);
	return err;
}

/*
 * The key of a source as credential/FEED: a path, or a name beside the
 * publisher's key, which is where a service manager puts its copies.
 */
static enum err
add_credential(struct boot *b, const struct feed *f, struct buf *errors)
{
	char path[BOOT_PATH_MAX];
	struct str dir = b->conf.push_key_file;
	struct str file = f->credential.file;
	struct stat st;
	struct buf text;
	struct str key;
	bool good = true;

	while (dir.n > 0 && dir.p[dir.n - 1] != '/')
		dir.n--;
	(void)snprintf(path, sizeof(path), "%.*s%.*s",
		       *file.p == '/' ? 0 : (int)dir.n, dir.p, STR_ARG(file));
	buf_init(&text, FEED_CREDENTIAL_MAX + 2);
	good = stat(path, &st) == 0 && (st.st_mode & 077) == 0 &&
	       buf_read_file(&text, path) == ERR_OK;
	key = str_trim(buf_str(&text));
	good = good && key.n > 0 && key.n <= FEED_CREDENTIAL_MAX;
	for (size_t i = 0; good && i < key.n; i++)
		good = (unsigned char)key.p[i] >= 0x20 && key.p[i] != 0x7F;
	if (good) {
		char name[BUNDLE_NAME_MAX + 1];

		(void)snprintf(name, sizeof(name), "credential/%.*s",
			       STR_ARG(f->name));
		bundle_add(&b->all, str_of(name), key);
	} else {
		buf_printf(errors,
			   "%.*s:0: credential: %s is not one line of up to %u "
			   "characters with mode 0600\n",
			   STR_ARG(f->file), path, FEED_CREDENTIAL_MAX);
	}
	buf_wipe(&text);
	return good ? b->all.bytes.err : ERR_CONFIG;
}

/* The path as the file system has it, as far as it is there; "" too long. */
static void
path_of(struct str s, char out[PATH_MAX])
{
	char given[BOOT_PATH_MAX];

	out[0] = '\0';
	if (str_copy(given, sizeof(given), s) != ERR_OK)
		return;
	if (realpath(given, out) == NULL)
		must(str_copy(out, PATH_MAX, str_of(given)) == ERR_OK);
}

/* The one, or a folder in it at any depth. */
static bool
is_within(struct str dir, struct str other)
{
	while (dir.n > 0 && str_ends(dir, S("/")))
		dir.n--;
	return str_starts(other, dir) &&
	       (other.n == dir.n || other.p[dir.n] == '/');
}

/* Where the configuration has that key; 0: nowhere. */
static unsigned
line_of_book(const struct boot *b)
{
	const struct yamlr *n = NULL;
	struct yamlr *root = NULL;
	unsigned line = 0;
	struct diag d = { 0 };
	struct arena a;

	if (arena_init(&a, BOOT_ARENA_SIZE) != ERR_OK)
		return 0;
	if (yamlr_get(bundle_find(&b->all, S("creditalarm.yaml")), &a, &root,
		      &d) == ERR_OK)
		n = yamlr_find(root, S("book"));
	if (n != NULL)
		n = yamlr_find(n, S("directory"));
	if (n != NULL)
		line = n->line;
	arena_fini(&a);
	return line;
}

/* Files of the book and files of a feed would be taken for each other. */
static enum err
book_is_apart(const struct boot *b, const struct boot_files *files,
	      const struct feeds *feeds, struct buf *errors)
{
	char book[PATH_MAX];
	char other[PATH_MAX];
	enum err err = ERR_OK;

	path_of(b->conf.book_directory, book);
	for (size_t i = 0; book[0] != '\0' && i < feeds->count; i++) {
		const struct feed *f = &feeds->feed[i];
		bool above;
		bool below;

		if (f->mode != MODE_DROP || !f->enabled)
			continue;
		path_of(f->directory, other);
		above = is_within(str_of(book), str_of(other));
		below = is_within(str_of(other), str_of(book));
		if (!above && !below)
			continue;
		buf_printf(errors, "%s:%u: book.directory: %s feed %.*s\n",
			   files->conf, line_of_book(b),
			   above && below ? "is the directory of" :
			   above	  ? "lies above the directory of" :
					    "lies below the directory of",
			   STR_ARG(f->name));
		err = ERR_CONFIG;
	}
	return err;
}

/*
 * What definitions name: ca_file is a path, its text goes in as ca/<path>;
 * and the keys of the sources.
 */
static enum err
add_named(struct boot *b, const struct boot_files *f, struct buf *errors)
{
	struct feeds feeds = { 0 };
	enum err err = feeds_define(&b->all, &b->arena, &feeds, errors);

	if (err == ERR_OK)
		err = book_is_apart(b, f, &feeds, errors);

	for (size_t i = 0; err == ERR_OK && i < feeds.count; i++) {
		char path[BOOT_PATH_MAX];
		char name[BUNDLE_NAME_MAX + 1];
		struct str ca = feeds.feed[i].ca_file;
		int len;

		if (feeds.feed[i].credential.as != CREDENTIAL_NONE &&
		    feeds.feed[i].enabled)
			err = add_credential(b, &feeds.feed[i], errors);
		if (err != ERR_OK || ca.n == 0)
			continue;
		len = snprintf(name, sizeof(name), "ca/%.*s", STR_ARG(ca));
		if (len >= (int)sizeof(name) ||
		    str_copy(path, sizeof(path), ca) != ERR_OK) {
			buf_printf(errors, "%.*s:0: ca_file: too long\n",
				   STR_ARG(feeds.feed[i].file));
			return ERR_CONFIG;
		}
		if (bundle_find(&b->all, str_of(name)).p == NULL)
			err = add_file(b, path, str_of(name), errors);
	}
	return err;
}

/*
 * The publisher's keys; and for core, which never sees them, a key of its own
 * derived from them, with which it makes tokens of registration numbers.
 */
static enum err
add_keys(struct boot *b, struct buf *errors)
{
	char path[BOOT_PATH_MAX];
	struct stat st;
	uint8_t token[HASH_SIZE];
	struct buf seed;
	struct buf hex;
	enum err err;

	(void)snprintf(path, sizeof(path), "%.*s",
		       STR_ARG(b->conf.push_key_file));
	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
		buf_printf(errors,
			   "%s:0: is readable by others; its mode must be "
			   "0600\n",
			   path);
		return ERR_CONFIG;
	}
	err = add_file(b, path, S("key/server"), errors);
	if (err != ERR_OK)
		return err;
	buf_init(&seed, BOOT_FILE_MAX);
	buf_put(&seed, S("credit-alarm token key/1\n"));
	buf_put(&seed, bundle_find(&b->all, S("key/server")));
	hash_256(buf_str(&seed), token);
	buf_wipe(&seed);
	buf_init(&hex, 2 * HASH_SIZE);
	buf_hex(&hex, token, sizeof(token));
	bundle_add(&b->all, S("key/token"), buf_str(&hex));
	buf_wipe(&hex);
	explicit_bzero(token, sizeof(token));
	return b->all.bytes.err;
}

static void
complain(struct buf *errors, const char *file, const struct diag *d)
{
	buf_printf(errors, "%s:%u: %s\n", file, d->line,
		   d->why[0] == '\0' ? "is missing or wrong" : d->why);
}

/* The tables that only core reads. */
static enum err
check_words(const struct boot *b, const struct kinds *kinds,
	    struct buf *errors)
{
	struct diag d = { 0 };
	struct texts texts;
	struct duties duties;
	struct arena a;
	enum err err = arena_init(&a, BOOT_ARENA_SIZE);
	enum err worst = err;

	if (err != ERR_OK)
		return err;
	err = texts_get(bundle_find(&b->all, S("texts.tsv")), kinds, &a,
			&texts, &d);
	if (err != ERR_OK) {
		complain(errors, "texts.tsv", &d);
		worst = err;
	}
	d = (struct diag){ 0 };
	err = duties_get(bundle_find(&b->all, S("duties.tsv")), &a, &duties,
			 &d);
	if (err != ERR_OK) {
		complain(errors, "duties.tsv", &d);
		worst = err;
	}
	arena_fini(&a);
	return worst;
}

/* What publish and web make of theirs; a key is never in the message. */
static enum err
check_ends(const struct boot *b, struct buf *errors)
{
	struct sockaddr_storage at;
	struct diag d = { 0 };
	struct keys keys = { 0 };
	enum err worst = ERR_OK;
	enum err err = keys_get(bundle_find(&b->all, S("key/server")), &keys,
				&d);

	if (err == ERR_OK && keys.sign_count == 0)
		err = diag_set(&d, ERR_CONFIG, 0, "no signing key");
	if (err != ERR_OK) {
		complain(errors, "push.key_file", &d);
		worst = ERR_CONFIG;
	}
	keys_wipe(&keys);
	if (b->conf.web_endpoint.n > 0 &&
	    web_address(b->conf.web_endpoint, &at) != ERR_OK) {
		buf_printf(errors, "creditalarm.yaml:0: web.endpoint: is not "
				   "ADDRESS:PORT\n");
		worst = ERR_CONFIG;
	}
	return worst;
}

enum err
boot_check(const struct boot *b, struct buf *errors)
{
	struct tables t;
	enum err worst = tables_init(&t, &b->all, TABLES_MAPS_ALL, errors);
	enum err err;

	if (worst == ERR_OK) {
		err = check_words(b, &t.kinds, errors);
		worst = err == ERR_OK ? worst : ERR_CONFIG;
	}
	err = check_ends(b, errors);
	if (err != ERR_OK)
		worst = err;
	tables_fini(&t);
	return worst;
}

enum err
boot_load(struct boot *b, const struct boot_files *f, struct buf *errors)
{
	char dir[BOOT_PATH_MAX];
	enum err err;

	*b = (struct boot){ 0 };
	bundle_init(&b->all);
	err = arena_init(&b->arena, BOOT_ARENA_SIZE);
	if (err == ERR_OK)
		err = add_file(b, f->conf, S("creditalarm.yaml"), errors);
	if (err == ERR_OK)
		err = conf_get(bundle_find(&b->all, S("creditalarm.yaml")),
			       str_of(f->conf), &b->arena, &b->conf, errors);
	if (err == ERR_OK && f->key != NULL)
		b->conf.push_key_file = str_of(f->key);
	if (err == ERR_OK)
		err = add_dir(b, b->conf.tables_dir, "", 1, errors);
	(void)snprintf(dir, sizeof(dir), "%.*s/vocab",
		       STR_ARG(b->conf.tables_dir));
	if (err == ERR_OK)
		err = add_dir(b, str_of(dir), "vocab/", 0, errors);
	if (err == ERR_OK)
		err = add_dir(b, b->conf.feeds_dir, "feeds.d/", 1, errors);
	(void)snprintf(dir, sizeof(dir), "%.*s/unverified",
		       STR_ARG(b->conf.feeds_dir));
	if (err == ERR_OK)
		err = add_dir(b, str_of(dir), "feeds.d/unverified/", 0, errors);
	if (err == ERR_OK)
		err = add_named(b, f, errors);
	if (err == ERR_OK)
		err = add_keys(b, errors);
	return err;
}

enum err
boot_again(const struct boot *now, const struct boot_files *f,
	   struct boot *fresh, struct buf *errors)
{
	enum err err = boot_load(fresh, f, errors);

	if (err == ERR_OK)
		err = boot_check(fresh, errors);
	if (err == ERR_OK)
		err = conf_kept(&now->conf, &fresh->conf, str_of(f->conf),
				errors);
	return err;
}

void
boot_free(struct boot *b)
{
	bundle_free(&b->all);
	arena_fini(&b->arena);
}

static bool
may_know(enum peer role, struct str name)
{
	if (str_eq(name, S("creditalarm.yaml")))
		return true;
	if (str_starts(name, S("key/server")))
		return role == PEER_PUBLISH;
	if (str_starts(name, S("key/token")))
		return role == PEER_CORE;
	if (str_starts(name, S("ca/")) || str_starts(name, S("credential/")))
		return role == PEER_FETCH;
	return role != PEER_PUBLISH && role != PEER_WEB && role != PEER_INDEX;
}

void
boot_bundle(const struct boot *b, enum peer role, struct bundle *out)
{
	struct str name = STR_NONE;
	struct str text = STR_NONE;

	bundle_init(out);
	for (size_t i = 0; bundle_at(&b->all, i, &name, &text) == ERR_OK; i++)
		if (may_know(role, name))
			bundle_add(out, name, text);
}
