/*
 * one_rig.c - see one_rig.h.
 */
#include "one_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fetch.h"
#include "parse.h"
#include "publish.h"

void
one_rig_init(struct one_rig *r, const char *name, const char *yaml)
{
	struct buf conf;
	struct buf zpl;

	scratch_dir(r->dir, name);
	bundle_init(&r->all);
	buf_init(&conf, 65536);
	buf_printf(&conf, "state_dir: %s\n%s", r->dir, yaml);
	must(conf.err == ERR_OK);
	bundle_add(&r->all, S("creditalarm.yaml"), buf_str(&conf));
	buf_free(&conf);
	bundle_add(&r->all, S("key/token"),
		   S("000102030405060708090a0b0c0d0e0f"
		     "101112131415161718191a1b1c1d1e1f"));
	seal_keys_generate(&r->server, 1);
	buf_init(&zpl, KEYS_FILE_MAX);
	keys_put(&zpl, &r->server);
	bundle_add(&r->all, S("key/server"), buf_str(&zpl));
	buf_wipe(&zpl);
	r->net = net_sim_new();
	r->net_port = net_sim_port(r->net);
	r->bus = bus_mem_new();
	r->clock = clock_sim(&r->sim);
	r->sim.at.mono_ms = 1000;
}

void
one_rig_fini(struct one_rig *r)
{
	if (r->started)
		one_stop(&r->one);
	bus_mem_free(r->bus);
	net_sim_free(r->net);
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		bundle_free(&r->bundle[p]);
	bundle_free(&r->all);
	scratch_remove(r->dir);
}

static bool
add_file(struct one_rig *r, const char *path, const char *name,
	 one_rig_edit edit, void *ctx)
{
	struct buf b;
	bool read;

	buf_init(&b, 16u << 20);
	read = buf_read_file(&b, path) == ERR_OK;
	if (read && edit != NULL)
		edit(ctx, &b, name);
	if (read)
		bundle_add(&r->all, str_of(name), buf_str(&b));
	else
		(void)fprintf(stderr, "%s cannot be read\n", path);
	buf_free(&b);
	return read;
}

bool
one_rig_file(struct one_rig *r, const char *path, const char *name)
{
	return add_file(r, path, name, NULL, NULL);
}

bool
one_rig_dir(struct one_rig *r, const char *dir, const char *prefix,
	    one_rig_edit edit, void *ctx)
{
	struct dirent **e = NULL;
	int n = scandir(dir, &e, NULL, alphasort);
	bool good = n >= 0;

	for (int i = 0; i < n; i++) {
		char path[512];
		char name[300];
		struct str f = str_of(e[i]->d_name);

		(void)snprintf(path, sizeof(path), "%s/%s", dir, e[i]->d_name);
		(void)snprintf(name, sizeof(name), "%s%s", prefix,
			       e[i]->d_name);
		if (good && (str_ends(f, S(".yaml")) || str_ends(f, S(".jq")) ||
			     str_ends(f, S(".tsv"))))
			good = add_file(r, path, name, edit, ctx);
		free(e[i]);
	}
	free(e);
	return good;
}

static void
ports(struct one_rig *r, enum peer p)
{
	if (p == PEER_FETCH)
		fetch_port(&r->one.role[p], r->net_port);
	if (p == PEER_PUBLISH)
		publish_port(&r->one.role[p], bus_mem_port(r->bus));
}

enum err
one_rig_start(struct one_rig *r)
{
	const struct role_ops *ops[] = { &fetch_role, &parse_role, &core_role,
					 &publish_role };

	for (size_t i = 0; i < 4; i++) {
		enum peer p = ops[i]->peer;
		struct str name;
		struct str text;

		bundle_init(&r->bundle[p]);
		for (size_t k = 0;
		     bundle_at(&r->all, k, &name, &text) == ERR_OK; k++)
			bundle_add(&r->bundle[p], name, text);
		one_role(&r->one, ops[i], &r->bundle[p], &r->clock);
		ports(r, p);
	}
	r->started = true;
	return one_start(&r->one, r->sim.at);
}

enum err
one_rig_restart(struct one_rig *r, enum peer p)
{
	ports(r, p);
	return one_restart(&r->one, p, r->sim.at);
}

bool
one_rig_quiet(const struct one_rig *r)
{
	for (int p = PEER_FETCH; p < PEER_COUNT; p++)
		for (int q = PEER_FETCH; q < PEER_COUNT; q++)
			if (r->one.role[p].link[q] != NULL &&
			    link_waiting(r->one.role[p].link[q]) > 0)
				return false;
	return true;
}

int
one_rig_say(struct one_rig *r, struct say_request *q, struct buf *out)
{
	struct core *c = r->one.role[PEER_CORE].state;
	struct buf err;
	int status;

	buf_init(&err, 1u << 20);
	status = say(c, q, r->sim.at, out, &err);
	if (status != 0)
		(void)fwrite(err.p, 1, err.n, stderr);
	buf_free(&err);
	return status;
}

int
one_rig_subscriber(struct one_rig *r, struct str exporter, struct keys *k,
		   struct seal_reader *reader)
{
	struct say_request q = { .words = 6 };
	struct keys_server server = { .sign_count = 1 };
	struct buf line;
	struct buf out;
	int status;

	seal_keys_generate(k, 0);
	memcpy(server.curve, r->server.curve.pub, KEYS_SIZE);
	memcpy(server.seal, r->server.seal.pub, KEYS_SIZE);
	memcpy(server.sign[0], r->server.sign[0].pub, KEYS_SIZE);
	if (seal_reader_init(reader, k, &server) != ERR_OK)
		return 1;
	buf_init(&line, KEYS_LINE_MAX);
	keys_capub_put(&line, k);
	q.word[0] = S("subscriber");
	q.word[1] = S("add");
	q.word[2] = S("--exporter");
	q.word[3] = exporter;
	q.word[4] = S("--key");
	q.word[5] = buf_str(&line);
	buf_init(&out, 4096);
	status = one_rig_say(r, &q, &out);
	buf_free(&out);
	buf_free(&line);
	return status;
}
