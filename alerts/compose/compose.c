/*
 * compose.c - the CloudEvent around an alert.
 */
#include "compose_priv.h"

static void
put_event(struct jsonw *w, const struct compose_in *in,
	  const struct compose_out *out, const struct compose_action *action,
	  size_t count)
{
	struct buf b;

	buf_init(&b, 256);
	jsonw_obj(w, NULL);
	jsonw_str(w, "specversion", S("1.0"));
	buf_printf(&b, "%.*s/%d", STR_ARG(in->alert->alert_id),
		   in->alert->revision);
	jsonw_str(w, "id", buf_str(&b));
	buf_clear(&b);
	buf_printf(&b, "urn:creditalarm:%.*s", STR_ARG(in->instance));
	jsonw_str(w, "source", buf_str(&b));
	jsonw_str(w, "type", S("creditalarm.alert.v1"));
	jsonw_str(w, "subject", in->alert->exporter_id);
	jsonw_time(w, "time", in->alert->updated_at);
	jsonw_str(w, "datacontenttype", S("application/json"));
	jsonw_str(w, "dataschema", S("urn:creditalarm:schema:alert:1"));
	jsonw_obj(w, "data");
	compose_data(w, in, out, action, count);
	jsonw_end_obj(w);
	jsonw_end_obj(w);
	if (b.err != ERR_OK)
		w->b->err = b.err;
	buf_free(&b);
}

const char *
compose_end_text(enum compose_end end)
{
	static const char *const text[] = {
		[END_FACT] = "fact-ended",
		[END_EXPOSURE] = "no-exposure",
		[END_UNLINKED] = "unlinked",
		[END_OBLIGOR_GONE] = "obligor-gone",
		[END_EXPORTER_GONE] = "exporter-gone",
	};

	must(end > END_NOT && end <= END_EXPORTER_GONE);
	return text[end];
}

enum err
compose_alert(const struct compose_in *in, struct arena *a,
	      struct compose_out *out)
{
	struct compose_action action[COMPOSE_ACTIONS_MAX];
	struct compose_out made = { 0 };
	struct jsonw w;
	struct buf b;
	size_t count = 0;
	enum err err;

	buf_init(&b, ALERT_BODY_MAX);
	err = compose_actions(in, a, action, &count);
	for (size_t i = 0; i < LANG_COUNT && err == ERR_OK; i++)
		err = compose_words(in, (enum lang)i, a, &made.text[i]);
	if (err == ERR_OK) {
		w = jsonw_of(&b);
		put_event(&w, in, &made, action, count);
		err = b.err;
	}
	if (err == ERR_OK) {
		made.event = arena_str(a, buf_str(&b));
		if (made.event.p == NULL)
			err = ERR_LIMIT;
	}
	buf_free(&b);
	if (err == ERR_OK)
		*out = made;
	return err;
}
