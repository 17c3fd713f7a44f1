/*
 * Folding of names.  Expectations are spelled out by hand from the
 * conventions of each script, not printed by the folder.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mfold.h"
#include "mphon.h"

static struct mname m;

static void
fold(const char *name, enum mview view)
{
	mtab_get();
	mfold_name(str_of(name), view, &m);
}

static const char *
tokens(const char *name)
{
	static char out[2048];
	size_t n = 0;

	fold(name, MV_MAIN);
	out[0] = 0;
	for (unsigned i = 0; i < m.n; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s",
				      i == 0 ? "" : " ",
				      STR_ARG(mfold_text(&m, &m.tok[i])));
	return out;
}

static bool
has_class(enum mlegal_class c)
{
	return (m.classes >> c & 1) != 0;
}

Test(match_fold, latin)
{
	cr_assert_str_eq(tokens("Société Générale S.A."), "societe generale");
	cr_assert(has_class(ML_JSC));
	cr_assert_str_eq(tokens("MÜLLER & SÖHNE GmbH"), "muller sohne");
	cr_assert(has_class(ML_LLC));
	cr_assert_str_eq(tokens("A.B.C. Company"), "abc");
	cr_assert_str_eq(tokens("O'Neill"), "oneill");
	cr_assert_str_eq(tokens("ＦＵＬＬ　ＷＩＤＴＨ"), "full width");
}

Test(match_fold, numbers)
{
	cr_assert_str_eq(tokens("Brigade Forty-Four"), "brigade 44");
	cr_assert_str_eq(tokens("Brigade 044"), "brigade 44");
	cr_assert_str_eq(tokens("Fonix Fund XII L.P."), "fonix fund 12");
	cr_assert_str_eq(tokens("1st Ruritania"), "1 ruritania");
}

Test(match_fold, legal_forms_in_place)
{
	cr_assert_str_eq(tokens("PT Contoh Tbk"), "contoh");
	cr_assert_str_eq(tokens("OOO Romashka"), "romashka");
	cr_assert(has_class(ML_LLC));
	/* Only at an edge is AG a form. */
	cr_assert_str_eq(tokens("Foo AG Bar"), "foo ag bar");
	/* A name of forms only keeps them. */
	fold("Limited Company", MV_MAIN);
	cr_assert_gt(m.n, 0u);
}

Test(match_fold, cyrillic)
{
	cr_assert_str_eq(tokens("ООО «Щука»"), "shchuka");
	cr_assert_str_eq(tokens("ЗАО «Жигули-Юг»"), "zhiguli yug");
	cr_assert_str_eq(tokens("Київ"), "kiyiv");
}

Test(match_fold, homoglyphs)
{
	/* The first letter of the second is Cyrillic. */
	cr_assert_str_eq(tokens("compact"), "compact");
	cr_assert_str_eq(tokens("\xD1\x81ompact"), "compact");
}

Test(match_fold, japanese)
{
	cr_assert_str_eq(tokens("株式会社デンソー"), "denso");
	cr_assert(has_class(ML_JSC));
	cr_assert_str_eq(tokens("東京建設株式会社"), "tokyo kensetsu");
	cr_assert_str_eq(tokens("カブシキガイシャハトヤ"), "hatoya");
	cr_assert_str_eq(tokens("（株）ハトヤ"), "hatoya");
}

Test(match_fold, chinese_and_its_two_views)
{
	fold("深圳市光明贸易有限公司", MV_MAIN);
	cr_assert_not(m.two_views);
	cr_assert_eq(m.n, 3u);
	cr_assert_eq(m.tok[0].kind, MK_PLACE);
	cr_assert_str_eq(tokens("深圳市光明贸易有限公司"),
			 "shenzhenshi guangming maoyi");
	fold("田中", MV_MAIN);
	cr_assert(m.two_views);
	cr_assert_str_eq(tokens("田中"), "tanaka");
	fold("田中", MV_PINYIN);
	cr_assert(str_eq(mfold_text(&m, &m.tok[0]), S("tianzhong")));
}

Test(match_fold, korean)
{
	cr_assert_str_eq(tokens("한강전자 주식회사"), "hangang jeonja");
	cr_assert(has_class(ML_JSC));
	cr_assert_str_eq(tokens("에스비케이"), "sbk");
}

Test(match_fold, concepts_across_languages)
{
	static const char *const plant[] = { "plant", "завод", "工場", "usine" };
	uint16_t first = 0;

	for (size_t i = 0; i < 4; i++) {
		fold(plant[i], MV_MAIN);
		cr_assert_eq(m.n, 1u, "%s", plant[i]);
		cr_assert_neq(m.tok[0].concept, 0, "%s", plant[i]);
		if (i == 0)
			first = m.tok[0].concept;
		cr_assert_eq(m.tok[0].concept, first, "%s", plant[i]);
	}
}

Test(match_fold, hostile)
{
	size_t n = 10u << 20;
	char *big = malloc(n);

	cr_assert_not_null(big);
	memset(big, 'a', n);
	mtab_get();
	mfold_name((struct str){ big, n }, MV_MAIN, &m);
	cr_assert(m.cut);
	for (size_t i = 0; i + 1 < n; i += 2)
		memcpy(big + i, "a ", 2);
	mfold_name((struct str){ big, n }, MV_MAIN, &m);
	cr_assert(m.cut);
	cr_assert_leq(m.n, MFOLD_TOKENS_MAX);
	/* a tower of combining marks */
	memcpy(big, "Zorro", 5);
	for (size_t i = 5; i + 2 <= n; i += 2)
		memcpy(big + i, "\xCC\x81", 2);
	mfold_name((struct str){ big, n }, MV_MAIN, &m);
	cr_assert(str_eq(mfold_text(&m, &m.tok[0]), S("zorro")));
	memset(big, 0xFF, n);
	mfold_name((struct str){ big, n }, MV_MAIN, &m);
	cr_assert(m.bad);
	cr_assert_eq(m.n, 0u);
	free(big);
	/* bidirectional marks and zero-width letters fold away */
	cr_assert_str_eq(tokens("\xE2\x80\xAE"
				"Zo\xE2\x80\x8Brro"),
			 "zorro");
	fold("Zor\xC3", MV_MAIN);
	cr_assert(m.bad);
}

/* head, then n times item; whether it was cut. */
static bool
cut_at(const char *head, const char *item, size_t n)
{
	char name[8 * MFOLD_BYTES_MAX];
	size_t len = (size_t)snprintf(name, sizeof(name), "%s", head);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s",
					item);
	cr_assert_lt(len, sizeof(name));
	fold(name, MV_MAIN);
	return m.cut;
}

Test(match_fold, limits)
{
	cr_assert_not(cut_at("Zorro", " ", MFOLD_CHARS_MAX - 5));
	cr_assert(cut_at("Zorro", " ", MFOLD_CHARS_MAX - 4));
	/* Ideographic spaces: three bytes each, so bytes come first. */
	cr_assert_not(cut_at("Zorr", "\xE3\x80\x80", 340)); /* 1,024 */
	cr_assert(cut_at("Zorro", "\xE3\x80\x80", 340));
	cr_assert_eq(MFOLD_BYTES_MAX, 4 + 3 * 340);
	cr_assert_not(cut_at("", "zorro ", MFOLD_TOKENS_MAX));
	cr_assert_eq(m.n, MFOLD_TOKENS_MAX);
	cr_assert(cut_at("", "zorro ", MFOLD_TOKENS_MAX + 1));
	cr_assert_eq(m.n, MFOLD_TOKENS_MAX);
	/* Legal forms are no tokens, but words. */
	cr_assert_not(cut_at("zorro", " gmbh", MFOLD_FORMS_MAX));
	cr_assert_eq(m.forms, MFOLD_FORMS_MAX);
	cr_assert_not(cut_at("zorro", " gmbh", MFOLD_FORMS_MAX + 1));
	cr_assert_eq(m.forms, MFOLD_FORMS_MAX);
	cr_assert_not(cut_at("zorro", " gmbh", MFOLD_WORDS_MAX - 1));
	cr_assert(cut_at("zorro", " gmbh", MFOLD_WORDS_MAX));
	(void)cut_at("", "z", MFOLD_TOKEN_LEN_MAX);
	cr_assert_eq(m.tok[0].n, MFOLD_TOKEN_LEN_MAX);
	(void)cut_at("", "z", MFOLD_TOKEN_LEN_MAX + 1);
	cr_assert_eq(m.tok[0].n, MFOLD_TOKEN_LEN_MAX);
}

static float
sim(const char *a, const char *b)
{
	char x[MPHON_MAX], y[MPHON_MAX];

	mphon_get();
	return mphon_sim(
	    (struct str){ x, mphon_soft(str_of(a), x, sizeof(x)) },
	    (struct str){ y, mphon_soft(str_of(b), y, sizeof(y)) }, false, 0);
}

Test(match_fold, sound)
{
	cr_assert_gt(sim("furutekku", "fulltech"), 0.7f);
	cr_assert_gt(sim("kompyuta", "computer"), 0.6f);
	cr_assert_float_eq(sim("zorro", "zorro"), 1, 1e-6f);
	cr_assert_lt(sim("zorro", "banana"), 0.5f);
}

/* The consonants of a name as kana can tell them apart. */
static const char *
loose(const char *name)
{
	static char out[MPHON_MAX + 1];
	char glued[256], soft[MPHON_MAX];
	size_t n = 0;

	fold(name, MV_MAIN);
	for (unsigned i = 0; i < m.n; i++) {
		struct str t = mfold_text(&m, &m.tok[i]);

		memcpy(glued + n, t.p, t.n);
		n += t.n;
	}
	n = mphon_soft((struct str){ glued, n }, soft, sizeof(soft));
	n = mphon_loose((struct str){ soft, n }, out, MPHON_MAX);
	out[n] = 0;
	return out;
}

Test(match_fold, kana_and_latin_have_the_same_consonants)
{
	static const char *const pair[][2] = {
		{ "ブロッサムビッドコー", "Blossom Bidco" },
		{ "ソケッツ", "Sockets" },
		{ "プラッツ", "Platz" },
		{ "チームスピリット", "TeamSpirit" },
		{ "シリウスビジョン", "SiriusVision" },
		{ "ゲンズ", "Gens" },
		{ "ナローピーク", "Narrow Peak" },
		{ "エルピーダメモリ", "Elpida Memory" },
		{ "レナウン", "Renown" },
		{ "スカイマーク", "Skymark" },
	};
	char kana[MPHON_MAX + 1];

	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		snprintf(kana, sizeof(kana), "%s", loose(pair[i][0]));
		cr_assert_str_eq(kana, loose(pair[i][1]), "%s", pair[i][0]);
	}
	/* But not those of any name. */
	snprintf(kana, sizeof(kana), "%s", loose("ソケッツ"));
	cr_assert_str_neq(kana, loose("Sackville"));
}

Test(match_fold, what_arabic_writes_together_with_a_word)
{
	static const char *const name[][2] = {
		{ "سعد والمقاولات", "construction" },
		{ "سعد والخدمات", "service" },
		{ "سعد للنقل", "transport" },
		{ "سعد والتأمين", "insurance" },
		{ "سعد بالتجارة", "trading" },
		{ "سعد وتجارة", "trading" },
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		fold(name[i][0], MV_MAIN);
		cr_assert_eq(m.n, 2u, "%s", name[i][0]);
		cr_assert_eq(m.tok[0].concept, 0);
		cr_assert(str_eq(mtab_concept(m.tok[1].concept)->name,
				 str_of(name[i][1])),
			  "%s", name[i][0]);
	}
	/* Not of other scripts, nor of two letters, nor of a name. */
	fold("Saad Wtijara", MV_MAIN);
	cr_assert_eq(m.tok[1].concept, 0);
	fold("سعد والراجحي", MV_MAIN);
	cr_assert_eq(m.tok[1].concept, 0);
}

/* Letters of full width go the long way, and end at the same. */
Test(match_fold, the_short_way_for_plain_letters_ends_where_the_long_one_does)
{
	static const char *const name[] = {
		"Zenda Steel Works Ltd", "A.B.C. Ruritania", "M0tor E1mar 10 Cyber1st",
		"Zendaxxxxxxxxxxyyyyyyyyyyzzzzzzzzzzwwwww Ltd",
		"Zendaxxxxxxxxxxyyyyyyyyyyzzzzzzzzzzwwwwwv Ltd",
		"eight888 sixteen1 01234567 x", "Rassendyll & Sons (Strelsau) IV",
	};
	char wide[512], plain[2048];

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		size_t n = 0;
		uint32_t classes;

		for (const char *p = name[i]; *p != 0; p++)
			if ((*p | 32) >= 'a' && (*p | 32) <= 'z') {
				unsigned cp = 0xFEE0u + (unsigned)*p;

				wide[n++] = (char)(0xE0 | cp >> 12);
				wide[n++] = (char)(0x80 | (cp >> 6 & 63));
				wide[n++] = (char)(0x80 | (cp & 63));
			} else {
				wide[n++] = *p;
			}
		wide[n] = 0;
		(void)snprintf(plain, sizeof(plain), "%s", tokens(name[i]));
		classes = m.classes;
		if (strchr(name[i], '0') == NULL) /* only plain ones are repaired */
			cr_assert_str_eq(tokens(wide), plain, "%s", name[i]);
		cr_assert_eq(m.classes, classes, "%s", name[i]);
	}
	cr_assert_str_eq(tokens("M0tor E1mar 10 Cyber1st"),
			 "motor elmar 10 cyber 1");
}

Test(match_fold, hash_of_every_length)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";

	for (size_t n = 0; n < sizeof(text); n++) {
		uint64_t h = UINT64_C(0xCBF29CE484222325) ^ n, w = 0;
		unsigned shift = 0;

		for (size_t i = 0; i < n; i++, shift += 8) {
			if (shift == 64) {
				h = mtab_mix(h, w);
				w = 0;
				shift = 0;
			}
			w |= (uint64_t)(uint8_t)text[i] << shift;
		}
		if (shift == 64) {
			h = mtab_mix(h, w);
			w = 0;
		}
		cr_assert_eq(mtab_hash_bytes(text, n), mtab_mix(h, w + 1), "%zu",
			     n);
	}
}
