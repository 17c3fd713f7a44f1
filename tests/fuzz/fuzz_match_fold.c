/*
 * Any bytes as a name: folding, keys and a query against nothing must end,
 * stay inside their bounds and agree with themselves.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mkey.h"
#include "mphon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mname a, b;
	struct str s = { (const char *)data, size };

	mtab_get();
	for (int v = 0; v < MV_COUNT; v++) {
		struct mkeys x, y;

		mfold_name(s, (enum mview)v, &a);
		mfold_name(s, (enum mview)v, &b);
		mkey_name(&a, &x);
		mkey_name(&b, &y);
		must(a.n <= MFOLD_TOKENS_MAX && a.text_n <= MFOLD_TEXT_MAX);
		must(memcmp(&x, &y, sizeof(x)) == 0);
		for (unsigned i = 0; i < a.n; i++) {
			const struct mtok *t = &a.tok[i];
			uint64_t key[MKEY_VARIANTS_MAX];

			must(t->off + t->n <= a.text_n);
			must((size_t)t->raw + t->raw_n <= size);
			must(mkey_variants(mfold_text(&a, t), key) <=
			     MKEY_VARIANTS_MAX);
		}
	}
	return 0;
}
