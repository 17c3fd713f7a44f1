/*
 * mtab.c - tables compiled into the program, hashed for look-up once.
 */
#include "mtab.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mbig.h"
#include "mfold.h"
#include "mphon.h"

#define POOL_SIZE (512u * 1024u)
#define PHRASE_SLOTS 32768u
#define PHRASE_SEEN 17u /* log of bits */
#define RUN_SLOTS 524288u
#define RUN_SEEN 21u
#define RUN_MAX 24u
#define AHEAD 16u /* forms whose places are asked for before they are put */
#define HAN_LINES_MAX 1024u

/* The file etc/match/NAME as mtab_NAME .. mtab_NAME_end. */
#define EMBED(name)                                                            \
	__asm__(".section .rodata\n"                                           \
		".global mtab_file_" #name "\n"                                     \
		".hidden mtab_file_" #name "\n"                                     \
		".balign 16\n"                                                 \
		"mtab_file_" #name ":\n"                                            \
		".incbin \"etc/match/" #name ".tsv\"\n"                        \
		".byte 0\n"                                                    \
		".global mtab_file_" #name "_end\n"                                 \
		".hidden mtab_file_" #name "_end\n"                                 \
		"mtab_file_" #name "_end:\n"                                        \
		".byte 0\n"                                                    \
		".previous\n");                                                \
	extern const char mtab_file_##name[];                                       \
	extern const char mtab_file_##name##_end[]

EMBED(translit);
EMBED(legal);
EMBED(concept);
EMBED(reading);
EMBED(kana);
EMBED(han);

#define FILE_OF(name)                                                          \
	{                                                                      \
		mtab_file_##name,                                              \
		    (size_t)(mtab_file_##name##_end - mtab_file_##name) - 1    \
	}

struct words {
	struct mword *slot;
	size_t mask;
	size_t count;
	/* A bit of each key: most that is looked for is not there. */
	uint64_t *seen;
	unsigned shift; /* of a key, to the number of its bit */
};

static struct {
	uint64_t hash;
	size_t pool_n;
	struct mlegal legal[MTAB_LEGALS_MAX];
	unsigned legals;
	struct mconcept concept[MTAB_CONCEPTS_MAX];
	unsigned concepts;
	struct words phrase;
	struct words run;
	uint16_t han[MSP_COUNT][0x10000]; /* offset of the line */
	uint8_t traditional[0x10000 / 8];
	struct str line[HAN_LINES_MAX];
	unsigned lines;
} tab;

uint8_t mtab_script_of[0x10000];
uint32_t mtab_latin_of[0x10000];
char mtab_pool[POOL_SIZE];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const class_word[ML_COUNT] = {
	"none", "co",	"inc", "llc", "jsc",   "lp",	"sole",
	"coop", "assn", "fnd", "state", "trust", "br", "sc",
	"status",
};

static const char *const class_text[ML_COUNT] = {
	"no legal form",     "company",
	"corporation",	     "limited liability company",
	"joint stock company", "partnership",
	"sole trader",	     "cooperative",
	"association",	     "foundation or institution",
	"state enterprise",  "trust or investment corporation",
	"branch",	     "commercial company",
	"insolvency status",
};

static void
words_init(struct words *w, size_t size, unsigned seen)
{
	w->slot = mbig_zero(size * sizeof(*w->slot));
	w->seen = calloc((size_t)1 << (seen - 6), sizeof(*w->seen));
	must(w->slot != NULL && w->seen != NULL);
	w->mask = size - 1;
	w->count = 0;
	w->shift = 64 - seen;
}

static size_t
words_at(const struct words *w, uint64_t key)
{
	return (size_t)(key >> 7) & w->mask;
}

static struct mword *
words_slot(const struct words *w, uint64_t key)
{
	size_t at = words_at(w, key);

	while (w->slot[at].key != 0 && w->slot[at].key != key)
		at = (at + 1) & w->mask;
	return &w->slot[at];
}

/* The entry of key, made when absent. */
static struct mword *
words_put(struct words *w, uint64_t key)
{
	struct mword *s;

	if (w->count * 2 > w->mask) {
		struct words big = *w;

		big.mask = w->mask * 2 + 1;
		big.slot = mbig_zero((big.mask + 1) * sizeof(*big.slot));
		must(big.slot != NULL);
		for (size_t i = 0; i <= w->mask; i++)
			if (w->slot[i].key != 0)
				*words_slot(&big, w->slot[i].key) = w->slot[i];
		free(w->slot);
		*w = big;
	}
	s = words_slot(w, key);
	if (s->key == 0) {
		uint64_t bit = key >> w->shift;

		s->key = key;
		w->seen[bit / 64] |= UINT64_C(1) << bit % 64;
		w->count++;
	}
	return s;
}

static const struct mword *
words_find(const struct words *w, uint64_t key)
{
	uint64_t bit = key >> w->shift;
	const struct mword *s;

	if ((w->seen[bit / 64] >> bit % 64 & 1) == 0)
		return NULL;
	s = words_slot(w, key);
	return s->key == key ? s : NULL;
}

/* Next line of *rest that is no comment; false at the end. */
static bool
next_line(struct str *rest, struct str *line)
{
	while (rest->n > 0) {
		*line = str_cut(rest, '\n');
		if (line->n > 0 && line->p[0] != '#')
			return true;
	}
	return false;
}

static uint32_t
from_hex(struct str s)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint32_t c = (uint8_t)s.p[i];

		v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	must(v < 0x10000);
	return v;
}

static void
load_scripts(void)
{
	static const struct {
		uint16_t from, to;
		enum mscript script;
	} block[] = {
		{ '0', '9', MS_DIGIT },	       { 'A', 'Z', MS_LATIN },
		{ 'a', 'z', MS_LATIN },	       { 0xAA, 0xAA, MS_LATIN },
		{ 0xBA, 0xBA, MS_LATIN },      { 0xC0, 0xD6, MS_LATIN },
		{ 0xD8, 0xF6, MS_LATIN },      { 0xF8, 0x2AF, MS_LATIN },
		{ 0x300, 0x36F, MS_IGNORE },   { 0x370, 0x3FF, MS_GREEK },
		{ 0x400, 0x482, MS_CYRL },     { 0x483, 0x489, MS_IGNORE },
		{ 0x48A, 0x52F, MS_CYRL },     { 0x531, 0x556, MS_ARMN },
		{ 0x561, 0x587, MS_ARMN },     { 0x591, 0x5C7, MS_IGNORE },
		{ 0x5D0, 0x5F2, MS_HEBR },     { 0x610, 0x61A, MS_IGNORE },
		{ 0x620, 0x63F, MS_ARAB },     { 0x640, 0x640, MS_IGNORE },
		{ 0x641, 0x64A, MS_ARAB },     { 0x64B, 0x65F, MS_IGNORE },
		{ 0x660, 0x669, MS_DIGIT },    { 0x66E, 0x66F, MS_ARAB },
		{ 0x670, 0x670, MS_IGNORE },   { 0x671, 0x6D3, MS_ARAB },
		{ 0x6D5, 0x6D5, MS_ARAB },     { 0x6D6, 0x6ED, MS_IGNORE },
		{ 0x6EE, 0x6EF, MS_ARAB },     { 0x6F0, 0x6F9, MS_DIGIT },
		{ 0x6FA, 0x6FF, MS_ARAB },     { 0x750, 0x77F, MS_ARAB },
		{ 0x900, 0x903, MS_DEVA },     { 0x904, 0x963, MS_DEVA },
		{ 0x966, 0x96F, MS_DIGIT },    { 0xE01, 0xE3A, MS_THAI },
		{ 0xE40, 0xE4E, MS_THAI },     { 0xE50, 0xE59, MS_DIGIT },
		{ 0x10A0, 0x10FF, MS_GEOR },   { 0x1100, 0x11FF, MS_HANG },
		{ 0x1C90, 0x1CBF, MS_GEOR },   { 0x1DC0, 0x1DFF, MS_IGNORE },
		{ 0x1E00, 0x1EFF, MS_LATIN },  { 0x1F00, 0x1FFF, MS_GREEK },
		{ 0x200B, 0x200F, MS_IGNORE }, { 0x2019, 0x2019, MS_JOIN },
		{ 0x2018, 0x2018, MS_JOIN },   { 0x202A, 0x202E, MS_IGNORE },
		{ 0x2060, 0x206F, MS_IGNORE }, { 0x2160, 0x217F, MS_LATIN },
		{ 0x2460, 0x249B, MS_DIGIT },  { 0x3005, 0x3007, MS_HAN },
		{ 0x3041, 0x3096, MS_KANA },   { 0x3099, 0x309A, MS_IGNORE },
		{ 0x309D, 0x309F, MS_KANA },   { 0x30A1, 0x30FA, MS_KANA },
		{ 0x30FC, 0x30FF, MS_KANA },   { 0x3131, 0x318E, MS_HANG },
		{ 0x3400, 0x4DBF, MS_HAN },    { 0x4E00, 0x9FFF, MS_HAN },
		{ 0xA960, 0xA97F, MS_HANG },   { 0xAC00, 0xD7A3, MS_HANG },
		{ 0xF900, 0xFAFF, MS_HAN },    { 0xFB00, 0xFB06, MS_LATIN },
		{ 0xFB13, 0xFB17, MS_ARMN },   { 0xFB1D, 0xFB4F, MS_HEBR },
		{ 0xFB50, 0xFDFF, MS_ARAB },   { 0xFE00, 0xFE0F, MS_IGNORE },
		{ 0xFE20, 0xFE2F, MS_IGNORE }, { 0xFE70, 0xFEFC, MS_ARAB },
		{ 0xFEFF, 0xFEFF, MS_IGNORE }, { 0xFF10, 0xFF19, MS_DIGIT },
		{ 0xFF21, 0xFF3A, MS_LATIN },  { 0xFF41, 0xFF5A, MS_LATIN },
		{ 0xFF66, 0xFF9D, MS_KANA },   { 0xFF9E, 0xFF9F, MS_IGNORE },
		{ '\'', '\'', MS_JOIN },       { '`', '`', MS_JOIN },
		{ 0xB4, 0xB4, MS_JOIN },       { 0x2BB, 0x2BD, MS_JOIN },
		{ 0xAD, 0xAD, MS_IGNORE },     { 0x180B, 0x180E, MS_IGNORE },
	};

	memset(mtab_script_of, MS_SEP, sizeof(mtab_script_of));
	/* The first block that has a code point says. */
	for (size_t i = sizeof(block) / sizeof(block[0]); i-- > 0;)
		memset(mtab_script_of + block[i].from, (int)block[i].script,
		       (size_t)(block[i].to - block[i].from) + 1);
}

static void
load_translit(void)
{
	struct str rest = FILE_OF(translit);
	struct str line;

	tab.pool_n = 1; /* offset 0 is the empty text */
	load_scripts();
	for (int c = 'a'; c <= 'z'; c++) {
		mtab_latin_of[c] = (uint32_t)tab.pool_n | 1u << 24;
		mtab_latin_of[c - 32] = (uint32_t)tab.pool_n | 1u << 24;
		mtab_pool[tab.pool_n] = (char)c;
		tab.pool_n += 2;
	}
	for (int c = '0'; c <= '9'; c++) {
		mtab_latin_of[c] = (uint32_t)tab.pool_n | 1u << 24;
		mtab_pool[tab.pool_n] = (char)c;
		tab.pool_n += 2;
	}
	while (next_line(&rest, &line)) {
		uint32_t cp = from_hex(str_cut(&line, '\t'));

		must(tab.pool_n + line.n + 1 < POOL_SIZE);
		mtab_latin_of[cp] = (uint32_t)tab.pool_n |
				    (uint32_t)line.n << 24;
		memcpy(mtab_pool + tab.pool_n, line.p, line.n);
		tab.pool_n += line.n + 1;
	}
}

/* An unspaced form: every prefix is an entry, the last a whole one. */
struct run_form {
	uint64_t key[RUN_MAX + 1];
	size_t n; /* 0: not unspaced, or too long */
};

/* Asks for the places where it will be put. */
static void
read_form(struct str form, struct run_form *out)
{
	uint32_t cp[RUN_MAX + 1];
	uint64_t h = 1;

	out->n = mfold_run(form, cp, RUN_MAX + 1);
	if (out->n > RUN_MAX)
		out->n = 0;
	for (size_t i = 0; i < out->n; i++) {
		h = out->key[i] = mtab_mix(h, cp[i]);
		__builtin_prefetch(&tab.run.slot[words_at(&tab.run, h)]);
	}
}

static struct mword *
put_read(const struct run_form *form)
{
	struct mword *w = NULL;

	for (size_t i = 0; i < form->n; i++)
		w = words_put(&tab.run, form->key[i]);
	if (w != NULL)
		w->chars = (uint8_t)form->n;
	return w;
}

static struct mword *
put_form(struct str form)
{
	struct run_form run = { .n = 0 };

	read_form(form, &run);
	return put_read(&run);
}

static struct mword *
put_phrase(struct str form)
{
	uint64_t part[MTAB_PHRASE_MAX];
	size_t n = mfold_words(form, part, MTAB_PHRASE_MAX);
	struct mword *w = NULL;
	uint64_t h = 2;

	for (size_t i = 0; i < n; i++) {
		h = mtab_mix(h, part[i]);
		w = words_put(&tab.phrase, h);
	}
	if (w != NULL)
		w->chars = (uint8_t)n;
	return w;
}

static enum mlegal_class
class_of(struct str s)
{
	for (unsigned i = 0; i < ML_COUNT; i++)
		if (str_eq(s, str_of(class_word[i])))
			return (enum mlegal_class)i;
	must(false); /* a class of etc/match/legal.tsv that is none */
	return ML_NONE;
}

static enum mlegal_where
where_of(struct str s)
{
	if (str_eq(s, S("edge")))
		return MW_EDGE;
	if (str_eq(s, S("start")))
		return MW_START;
	return str_eq(s, S("end")) ? MW_END : MW_ANY;
}

static void
load_legal(void)
{
	struct str rest = FILE_OF(legal);
	struct str line;

	tab.legals = 1;
	while (next_line(&rest, &line)) {
		struct mlegal *l = &tab.legal[tab.legals];

		must(tab.legals < MTAB_LEGALS_MAX);
		l->class = class_of(str_cut(&line, '\t'));
		l->countries = str_cut(&line, '\t');
		l->where = where_of(str_cut(&line, '\t'));
		while (line.n > 0) {
			struct str form = str_cut(&line, '|');
			struct mword *w = put_form(form);

			if (w == NULL)
				w = put_phrase(form);
			if (w == NULL || (w->whole && w->legal != 0))
				continue;
			w->whole = 1;
			w->legal = (uint8_t)tab.legals;
		}
		tab.legals++;
	}
}

static void
set_concept(struct mword *w, unsigned id)
{
	if (w == NULL || w->concept != 0)
		return;
	w->whole = 1;
	w->concept = (uint16_t)id;
}

/* A place in Han is also met as "city of": its form and U+5E02. */
static void
put_city(struct str form, unsigned id)
{
	char text[64];

	if (form.n > sizeof(text) - 3)
		return;
	memcpy(text, form.p, form.n);
	memcpy(text + form.n, "\xE5\xB8\x82", 3);
	set_concept(put_form((struct str){ text, form.n + 3 }), id);
}

static void
load_concept_forms(struct str forms, unsigned id)
{
	while (forms.n > 0) {
		struct str form = str_trim(str_cut(&forms, '|'));
		struct mword *w = put_form(form);

		if (w != NULL && tab.concept[id].kind == MC_PLACE)
			put_city(form, id);
		if (w == NULL)
			w = put_phrase(form);
		set_concept(w, id);
	}
}

static unsigned
concept_id(struct str name)
{
	for (unsigned i = 1; i < tab.concepts; i++)
		if (str_eq(tab.concept[i].name, name))
			return i;
	must(tab.concepts < MTAB_CONCEPTS_MAX);
	tab.concept[tab.concepts].name = name;
	return tab.concepts++;
}

/*
 * A line about concepts named before: which mean nearly the same (k), what
 * they say when they are left over (d, m), or where places lie (a: name).
 */
static void
load_about(char kind, struct str name, struct str names, uint8_t kin)
{
	unsigned known = tab.concepts;

	while (names.n > 0) {
		struct mconcept *c =
		    &tab.concept[concept_id(str_cut(&names, '|'))];

		must(tab.concepts == known); /* a name that is none */
		if (kind == 'k')
			c->kin = kin;
		else if (kind == 'a')
			c->at = name;
		else
			c->left = kind == 'd' ? MCL_DROPPED : MCL_MEMBER;
	}
}

static void
load_concept(void)
{
	struct str rest = FILE_OF(concept);
	struct str line;
	uint8_t kin = 0;

	tab.concepts = 1;
	while (next_line(&rest, &line)) {
		struct str name = str_cut(&line, '\t');
		struct str kind = str_cut(&line, '\t');
		unsigned id;

		must(kind.n == 1);
		if (kind.p[0] == 'k')
			must(++kin != 0);
		if (memchr("kdma", kind.p[0], 4) != NULL) {
			load_about(kind.p[0], name, line, kin);
			continue;
		}
		id = concept_id(name);
		tab.concept[id].kind = kind.p[0] == 'p' ? MC_PLACE :
				       kind.p[0] == 'n' ? MC_NUMBER :
				       kind.p[0] == 's' ? MC_FUNCTION :
							  MC_GENERAL;
		load_concept_forms(line, id);
	}
	rest = (struct str)FILE_OF(kana);
	while (next_line(&rest, &line)) {
		struct str name = str_cut(&line, '\t');

		load_concept_forms(line, concept_id(name));
	}
}

/* Kana and cost of a form, as the line has them behind it. */
static void
put_reading(const struct run_form *form, struct str line)
{
	struct str kana = str_cut(&line, '\t');
	uint64_t cost = 0;
	struct mword *w = put_read(form);

	must(str_to_u64(line, 255, &cost) == ERR_OK);
	if (w == NULL)
		return;
	w->whole = 1;
	w->reading = (uint32_t)(kana.p - mtab_file_reading);
	w->cost = (uint8_t)cost;
}

static void
load_reading(void)
{
	struct str rest = FILE_OF(reading);
	struct run_form form[AHEAD] = { { .n = 0 } };
	struct str line[AHEAD];
	unsigned n;

	do {
		for (n = 0; n < AHEAD && next_line(&rest, &line[n]); n++)
			read_form(str_cut(&line[n], '\t'), &form[n]);
		for (unsigned i = 0; i < n; i++)
			put_reading(&form[i], line[i]);
	} while (n == AHEAD);
}

/* A syllable and its characters, or the traditional ones. */
static void
load_han_line(struct str line)
{
	char kind = line.p[0];
	uint32_t cp[64];

	must(tab.lines < HAN_LINES_MAX);
	(void)str_cut(&line, '\t');
	tab.line[tab.lines] = str_cut(&line, '\t');
	/* All of the table is of three bytes a character. */
	while (line.n > 0) {
		size_t part = line.n < 180 ? line.n : 180;
		size_t n = mfold_run(str_sub(line, 0, part), cp, 64);

		must(n > 0);
		for (size_t i = 0; i < n; i++)
			if (kind == 't')
				tab.traditional[cp[i] / 8] |=
				    (uint8_t)(1u << cp[i] % 8);
			else
				tab.han[kind == 'w' ? MSP_TAIWAN :
						      MSP_HONGKONG][cp[i]] =
				    (uint16_t)tab.lines;
		line = str_sub(line, part, line.n);
	}
	tab.lines++;
}

static void
load_han(void)
{
	struct str rest = FILE_OF(han);
	struct str line;

	tab.lines = 1; /* 0 is the empty syllable */
	while (next_line(&rest, &line))
		load_han_line(line);
}

struct str
mtab_han(uint32_t cp, enum mspelling s)
{
	return cp < 0x10000 ? tab.line[tab.han[s][cp]] : STR_NONE;
}

bool
mtab_is_traditional(uint32_t cp)
{
	return cp < 0x10000 && (tab.traditional[cp / 8] >> cp % 8 & 1) != 0;
}

static uint64_t
hash_all(void)
{
	const struct str file[] = {
		FILE_OF(translit), FILE_OF(legal), FILE_OF(concept),
		FILE_OF(reading),  FILE_OF(kana),  FILE_OF(han),
	};
	uint64_t h = MTAB_VERSION;

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++)
		h = mtab_mix(h, mtab_hash_bytes(file[i].p, file[i].n));
	return h;
}

static void
load(void)
{
	words_init(&tab.phrase, PHRASE_SLOTS, PHRASE_SEEN);
	words_init(&tab.run, RUN_SLOTS, RUN_SEEN);
	load_translit();
	load_han();
	load_legal();
	load_concept();
	load_reading();
	tab.hash = hash_all();
}

void
mtab_get(void)
{
	mphon_get();
	must(pthread_once(&once, load) == 0);
}

uint64_t
mtab_hash(void)
{
	return tab.hash;
}

const struct mlegal *
mtab_legal(unsigned id)
{
	must(id < tab.legals);
	return &tab.legal[id];
}

const struct mconcept *
mtab_concept(unsigned id)
{
	must(id < tab.concepts);
	return &tab.concept[id];
}

unsigned
mtab_concepts(void)
{
	return tab.concepts;
}

unsigned
mtab_legals(void)
{
	return tab.legals;
}

const char *
mtab_class_text(enum mlegal_class c)
{
	return class_text[c];
}

const struct mword *
mtab_phrase(uint64_t key)
{
	return words_find(&tab.phrase, key);
}

const struct mword *
mtab_run(uint64_t key)
{
	return words_find(&tab.run, key);
}

struct str
mtab_reading(const struct mword *w)
{
	const char *p = mtab_file_reading + w->reading;
	const char *end;

	if (w->reading == 0)
		return STR_NONE;
	end = memchr(p, '\t', 256);
	return (struct str){ p, end == NULL ? 0 : (size_t)(end - p) };
}
