/*
 * foldtool.c - shows how names fold: names on stdin, tokens on stdout.
 */
#include <stdio.h>
#include <string.h>

#include "mfold.h"

int
main(void)
{
	static char line[4096];

	mtab_get();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = 0;
		for (int v = 0; v < MV_COUNT; v++) {
			static const char *const view[MV_COUNT] = {
				"", "   pinyin", "   Hong Kong", "   Taiwan"
			};
			struct mname m;

			mfold_name(str_of(line), (enum mview)v, &m);
			if (!mfold_has_view(&m, (enum mview)v, 0))
				continue;
			printf("%s =>", v == 0 ? line : view[v]);
			for (unsigned i = 0; i < m.n; i++)
				printf(" %.*s%s%.*s", STR_ARG(mfold_text(&m, &m.tok[i])),
				       m.tok[i].kind == MK_NUMBER ? "/num" :
				       m.tok[i].concept != 0 ? "/" : "",
				       STR_ARG(m.tok[i].concept == 0 ? STR_NONE : mtab_concept(m.tok[i].concept)->name));
			printf("  {");
			for (unsigned i = 0; i < m.forms; i++)
				printf(" %s", mtab_class_text(mtab_legal(m.form[i].legal)->class));
			printf(" }%s%s\n", m.bad ? " BAD" : "", m.cut ? " CUT" : "");
		}
	}
	return 0;
}
