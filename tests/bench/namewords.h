/*
 * namewords.h - words of names for namegen: chance, counting, and what a word
 * is made of.
 */
#ifndef NAMEWORDS_H
#define NAMEWORDS_H

#include "str.h"

#define WORDS_MAX 262144u /* of a group, a power of two */

struct word {
	char *p;
	uint32_t df;
	uint32_t alone; /* names of which it is all but the legal form */
};

/* The chance of a run begins with it. */
extern uint64_t namewords_state;

uint64_t draw(void);
size_t below(size_t n);
double uniform(void);
/* The word's place in a table of WORDS_MAX, entered when it is new. */
struct word *word_of(struct word *slot, const char *p, size_t n);
/* The next blank-separated word at *s, or false. */
bool next_word(const char **s, struct str *out);
bool is_cjk(const char *p);
bool has_cjk(struct str w);
bool is_letter(char c);
/* A legal form, which stays as it is. */
bool is_form(struct str w);
/* Words of a name but for legal forms. */
unsigned telling(const char *s);
/* Length of the legal form or the like at s, which stays as it is. */
size_t kept(const char *s, size_t n);

#endif
