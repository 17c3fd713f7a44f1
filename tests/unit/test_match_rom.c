/*
 * Scripts read by the neighbours of a letter, and Han as it is spelled in
 * Hong Kong and Taiwan.  Expectations: ICU's BGN rules for Georgian and
 * Armenian and its letters for Hindi; names of districts and firms as their
 * governments and they themselves write them for the rest.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>
#include <unistd.h>

#include "mbuild.h"
#include "mdelta.h"
#include "mfold.h"
#include "mid.h"
#include "mquery.h"
#include "mrom.h"

#define COUNT(x) (sizeof(x) / sizeof((x)[0]))
#define HK MFOLD_COUNTRY('H', 'K')
#define TW MFOLD_COUNTRY('T', 'W')
#define JP MFOLD_COUNTRY('J', 'P')

struct pair {
	const char *name;
	const char *latin;
};

/* The tokens of the name in the view, with a blank between. */
static const char *
read_in(const char *name, enum mview view)
{
	static struct mname m;
	static char out[2048];
	size_t n = 0;

	mtab_get();
	mfold_name(str_of(name), view, &m);
	out[0] = 0;
	for (unsigned i = 0; i < m.n; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s",
				      i == 0 ? "" : " ",
				      STR_ARG(mfold_text(&m, &m.tok[i])));
	return out;
}

static void
check(const struct pair *p, size_t n, enum mview view)
{
	for (size_t i = 0; i < n; i++)
		cr_assert_str_eq(read_in(p[i].name, view), p[i].latin, "%s",
				 p[i].name);
}

/* What ICU's rule makes of the name, letters a to z only. */
static const char *
icu(const char *rule, const char *name)
{
	static char out[256];
	UErrorCode err = U_ZERO_ERROR;
	UChar id[64], text[256];
	char utf8[1024];
	int32_t n = 0, limit, k = 0;
	UTransliterator *t;

	u_uastrcpy(id, rule);
	t = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &err);
	cr_assert(U_SUCCESS(err), "%s", rule);
	u_strFromUTF8(text, COUNT(text), &n, name, -1, &err);
	limit = n;
	utrans_transUChars(t, text, &n, COUNT(text), 0, &limit, &err);
	utrans_close(t);
	u_strToUTF8(utf8, sizeof(utf8), &n, text, n, &err);
	cr_assert(U_SUCCESS(err));
	for (int32_t i = 0; i < n; i++)
		if (utf8[i] >= 'a' && utf8[i] <= 'z')
			out[k++] = utf8[i];
	out[k] = 0;
	return out;
}

Test(match_rom, georgian_as_icu_has_it)
{
	static const char *const name[] = {
		"ლიბერთი", "მაგთიკომი", "სილქნეტი", "ბორჯომი", "თეგეტა",
		"ნატახტარი", "ყაზბეგი", "ბაგრატიონი", "რუსთავი", "ზარაფხანა",
		"კრედო", "ტერაბანკი", "საქსტატი", "ვისოლი", "ჭიათურა",
		"ძველი", "წყალტუბო", "ღვინო", "შავი", "ხელვაჩაური",
	};

	for (size_t i = 0; i < COUNT(name); i++)
		cr_assert_str_eq(read_in(name[i], MV_MAIN),
				 icu("Georgian-Latin/BGN; Lower", name[i]),
				 "%s", name[i]);
}

Test(match_rom, armenian_as_icu_has_it)
{
	static const char *const name[] = {
		"Ամերիաբանկ", "Արդշինբանկ", "Կոնվերս", "Ինեկոբանկ",
		"Յունիբանկ",  "Էվոկաբանկ",  "Արարատբանկ", "Արցախբանկ",
		"Վիվասել",    "Ուկրաինա",  "Գրանդ",	 "Զանգեզուր",
		"Նաիրիտ",     "Արմենալ",    "Հայաստան",	 "Երևան",
		"Ոսկե",	      "Ջերմուկ",    "Շուստով",	 "Ճանապարհ",
		"Նոյ",	      "Մետաղ",    "Ղարաբաղ",	 "Ցեմենտ",
	};

	for (size_t i = 0; i < COUNT(name); i++)
		cr_assert_str_eq(read_in(name[i], MV_MAIN),
				 icu("Armenian-Latin/BGN; Lower", name[i]),
				 "%s", name[i]);
}

/* Consonants only: ICU says every short a; sh is s, ch is c with it. */
static const char *
bones(const char *s, char *out)
{
	size_t k = 0;

	for (; *s != 0; s++) {
		if (strchr("aeiou", *s) != NULL)
			continue;
		out[k++] = *s;
		if ((*s == 's' || *s == 'c') && s[1] == 'h')
			s++;
	}
	out[k] = 0;
	return out;
}

Test(match_rom, hindi_without_the_silent_a)
{
	static const struct pair firm[] = {
		{ "टाटा", "tata" },	     { "रिलायंस", "rilayans" },
		{ "महिंद्रा", "mahindra" }, { "गोदरेज", "godrej" },
		{ "बजाज", "bajaj" },	     { "डाबर", "dabar" },
		{ "विप्रो", "vipro" },	     { "अदानी", "adani" },
		{ "मारुति", "maruti" },	     { "सुजुकी", "sujuki" },
		{ "बिड़ला", "birla" },	     { "किर्लोस्कर", "kirloskar" },
		{ "अमूल", "amul" },	     { "पतंजलि", "patanjali" },
		{ "जिंदल", "jindal" },	     { "भारती", "bharti" },
		{ "कोटक", "kotak" },	     { "मुथूट", "muthut" },
		{ "अशोक", "ashok" },	     { "चन्द्र", "chandra" },
		{ "सूर्य", "surya" },
	};
	char a[64], b[64];

	check(firm, COUNT(firm), MV_MAIN);
	for (size_t i = 0; i < COUNT(firm); i++)
		cr_assert_str_eq(
		    bones(read_in(firm[i].name, MV_MAIN), a),
		    bones(icu("Devanagari-Latin; Latin-ASCII; Lower",
			      firm[i].name),
			  b),
		    "%s", firm[i].name);
}

Test(match_rom, thai_by_syllables)
{
	static const struct pair firm[] = {
		{ "กรุงไทย", "krung thai" }, /* Krungthai */
		{ "กสิกรไทย", "kasikorn thai" }, { "บุญรอด", "bunrot" },
		{ "สิงห์", "sing" },		 { "แสนสิริ", "saensiri" },
		{ "ศุภาลัย", "supalai" },	 { "ปริญสิริ", "prinsiri" },
		{ "ราชบุรี", "ratburi" },	 { "ขอนแก่น", "konkaen" },
		{ "บางจาก", "bangchak" },	 { "ดุสิตธานี", "dusitthani" },
		{ "เจริญโภคภัณฑ์", "charoenpokpan" },
		{ "นครหลวง", "nakornluang" },	 { "สยาม", "sayam" },
		{ "เดลต้า", "delta" },		 { "ทรู", "thru" },
		{ "ออลล์", "oll" },		 { "พฤกษา", "prueksa" },
		{ "จันทร์เพ็ญ", "chanpen" },	 { "ธรรม", "tham" },
		{ "เกียรติ", "kiart" },		 { "สามารถ", "samart" },
		{ "ชาติ", "chat" },		 { "ซีพี", "cp" },
		{ "เอสซีจี", "scg" },		 { "ปตท", "ptt" },
	};

	check(firm, COUNT(firm), MV_MAIN);
}

Test(match_rom, letters_read_aloud)
{
	static const struct pair name[] = {
		{ "თიბისი", "tbc" },	   { "ვითიბი", "vtb" },
		{ "აიდიეს", "ids" },	   { "ჯიპისი", "gpc" },
		/* Two of them are a word. */
		{ "დიდი", "didi" },	   { "エスビー", "sb" },
		{ "에스비케이", "sbk" },
	};
	uint32_t didi[] = { 0x10D3, 0x10D8, 0x10D3, 0x10D8 };
	char out[8];
	size_t len = 9;

	check(name, COUNT(name), MV_MAIN);
	cr_assert_eq(mletter_word(didi, 4, out, sizeof(out)), 2u);
	cr_assert_eq(mletter_word(didi, 3, out, sizeof(out)), 0u);
	cr_assert_eq(mletter_word(didi, 4, out, 1), 0u);
	cr_assert_eq(mletter_word(didi, 0, out, 1), 0u);
	cr_assert_eq(mletter_at(didi, 0, &len), 0);
	cr_assert_eq(len, 0u);
}

Test(match_rom, hong_kong)
{
	static const struct pair name[] = {
		{ "荃灣", "tsuen wan" },   { "觀塘", "kwun tong" },
		{ "屯門", "tuen mun" },	   { "元朗", "yuen long" },
		{ "上環", "sheung wan" },  { "柴灣", "chai wan" },
		{ "旺角", "wong kok" },	   { "沙田", "sha tin" },
		{ "石硤尾", "shek hap mei" },
		{ "長江", "cheung kong" }, { "恒隆", "hang lung" },
		{ "永隆", "wing lung" },   { "周大福", "chow tai fook" },
		{ "創興", "chong hing" },  { "永亨", "wing hang" },
		{ "六福", "luk fook" },	   { "裕元", "yue yuen" },
		{ "永泰", "wing tai" },	   { "俊和", "chun wo" },
	};

	check(name, COUNT(name), MV_HONGKONG);
}

Test(match_rom, taiwan)
{
	static const struct pair name[] = {
		{ "高雄", "kao hsiung" }, { "新竹", "hsin chu" },
		{ "桃園", "tao yuan" },	  { "花蓮", "hua lien" },
		{ "裕隆", "yu lung" },	  { "東和", "tung ho" },
		{ "正新", "cheng hsin" }, { "南亞", "nan ya" },
		/* no legal form "ta", no "and" */
		{ "大同", "ta tung" },	  { "國泰", "kuo tai" },
	};

	check(name, COUNT(name), MV_TAIWAN);
}

static bool
has(const char *name, enum mview view, uint16_t country)
{
	static struct mname m;

	mtab_get();
	mfold_name(str_of(name), MV_MAIN, &m);
	return mfold_has_view(&m, view, country);
}

Test(match_rom, views_by_country)
{
	cr_assert(has("永亨有限公司", MV_HONGKONG, HK));
	cr_assert_not(has("永亨有限公司", MV_TAIWAN, HK));
	cr_assert(has("永亨有限公司", MV_TAIWAN, TW));
	cr_assert_not(has("永亨有限公司", MV_HONGKONG, TW));
	/* Where nothing is known, traditional letters are a sign. */
	cr_assert_not(has("永亨有限公司", MV_HONGKONG, 0));
	cr_assert(has("永興實業有限公司", MV_HONGKONG, 0));
	cr_assert(has("永興實業有限公司", MV_TAIWAN, 0));
	cr_assert_not(has("永興實業有限公司", MV_HONGKONG,
			  MFOLD_COUNTRY('C', 'N')));
	/* Never of Japanese, Korean or Latin names. */
	cr_assert_not(has("株式会社豊田", MV_HONGKONG, HK));
	cr_assert_not(has("ハトヤ貿易", MV_TAIWAN, TW));
	cr_assert_not(has("永興實業", MV_HONGKONG, JP));
	cr_assert_not(has("Wing Hing", MV_HONGKONG, HK));
	cr_assert(has("Wing Hing", MV_MAIN, HK));
}

/* Whatever stands before and behind what: inside the bounds, and the same. */
Test(match_rom, hostile)
{
	static const uint32_t odd[] = { 0xE40, 0xE4C, 0xE31, 0xE47, 0xE23,
					0xE23, 0xE27, 0xE2D, 0xE2B, 0xE24,
					0xE30, 0xE17, 0xE44, 0xE22, 0x94D,
					0x93C, 0x902, 0x91E, 0x93F, 0x582,
					0x578, 0x565, 0x10D8 };
	uint32_t cp[96], seed = 1;
	char out[64];

	mtab_get();
	for (unsigned round = 0; round < 20000; round++) {
		size_t n = round % 97;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525u + 1013904223u;
			cp[i] = odd[(seed >> 16) % COUNT(odd)];
		}
		for (size_t size = 0; size <= sizeof(out); size += 16) {
			cr_assert_leq(mrom_thai(cp, n, out, size), size);
			cr_assert_leq(mrom_hindi(cp, n, out, size), size);
			cr_assert_leq(mrom_armenian(cp, n, out, size), size);
			cr_assert_leq(mletter_word(cp, n, out, size), size);
		}
	}
}

static struct mqscratch *scratch;
static struct mseg seg;
static struct mresult result;

static struct str
first(const struct mdelta *delta, const char *name, const char *country)
{
	struct mask ask = { .names = 1 };
	struct mlimits limits = MQUERY_LIMITS;

	ask.name[0] = str_of(name);
	ask.country = str_of(country);
	mquery_run(&seg, delta, scratch, &ask, &limits, &result);
	return result.n == 0 ? STR_NONE : result.answer[0].obligor_id;
}

static struct mbuild_obligor
obligor(const char *id, const char *name, const char *country)
{
	return (struct mbuild_obligor){ .obligor_id = str_of(id),
					.name = str_of(name),
					.country = str_of(country) };
}

Test(match_rom, both_ways)
{
	const struct mbuild_obligor book[] = {
		obligor("H1", "新鴻基地產發展有限公司", "HK"),
		obligor("H2", "Wing Lung Trading Limited", "HK"),
		obligor("T1", "東和鋼鐵企業股份有限公司", "TW"),
		obligor("T2", "Kasikornbank PCL", "TH"),
	};
	char path[64];
	struct diag d = { 0 };
	struct mbuild_stats st;
	struct mbuild *b = NULL;
	struct mdelta *delta = mdelta_new();

	mid_get();
	snprintf(path, sizeof(path), "build/match-rom-%ld.idx",
		 (long)getpid());
	cr_assert_eq(mbuild_new(path, 1, &b, &d), ERR_OK, "%s", d.why);
	for (size_t i = 0; i < COUNT(book); i++)
		cr_assert_eq(mbuild_add(b, &book[i], &d), ERR_OK);
	/* Others, so that the book is not compared whole. */
	for (unsigned i = 0; i < 1000; i++) {
		char id[16], name[64];
		struct mbuild_obligor o;

		snprintf(id, sizeof(id), "X%u", i);
		snprintf(name, sizeof(name), "Q%c%cr%clo Anlagenbau GmbH",
			 'a' + (int)(i % 26), 'a' + (int)(i / 26 % 26),
			 'a' + (int)(i % 7));
		o = obligor(id, name, "DE");
		cr_assert_eq(mbuild_add(b, &o, &d), ERR_OK);
	}
	cr_assert_eq(mbuild_end(b, &st, &d), ERR_OK, "%s", d.why);
	mbuild_free(b);
	cr_assert_eq(mseg_open(path, &seg, &d), ERR_OK, "%s", d.why);
	scratch = mquery_scratch_new();
	cr_assert_not_null(scratch);
	cr_assert_not_null(delta);

	cr_assert(str_eq(first(NULL, "Sun Hung Kai Properties Ltd", "HK"),
			 S("H1")));
	cr_assert(str_eq(first(NULL, "永隆貿易有限公司", "HK"), S("H2")));
	cr_assert(str_eq(first(NULL, "Tung Ho Steel Enterprise Corp", "TW"),
			 S("T1")));
	cr_assert(str_eq(first(NULL, "ธนาคารกสิกรไทย จำกัด (มหาชน)", "TH"),
			 S("T2")));
	{
		struct mbuild_obligor o =
		    obligor("D1", "周大福珠寶集團有限公司", "HK");

		cr_assert_eq(mdelta_put(delta, &o, &d), ERR_OK);
	}
	cr_assert(str_eq(first(delta, "Chow Tai Fook Jewellery Group", "HK"),
			 S("D1")));
	mdelta_free(delta);
	mquery_scratch_free(scratch);
	mseg_close(&seg);
	unlink(path);
}
