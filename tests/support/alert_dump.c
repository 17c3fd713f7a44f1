/*
 * alert_dump.c - see alert_dump.h.
 */
#include "alert_dump.h"

#include <stdio.h>
#include <sys/stat.h>

void
alert_dump(const char *name, struct str stream, int seq, struct str body)
{
	char path[256];
	FILE *file;
	int n;

	(void)mkdir("build", 0777);
	(void)mkdir("build/alerts", 0777);
	n = snprintf(path, sizeof(path), "build/alerts/%s-%.*s-%d.json", name,
		     STR_ARG(stream), seq);
	must(n > 0 && (size_t)n < sizeof(path));
	file = fopen(path, "we");
	must(file != NULL);
	must(fwrite(body.p, 1, body.n, file) == body.n);
	must(fclose(file) == 0);
}
