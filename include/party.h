/*
 * party.h - whether two descriptions of a company can be of one.  Floor 0.
 *
 * For what the same id of the book stands for on two days, and the same fact
 * for two buyers.  Only what is written alike counts: hard ids in canonical
 * form, names by their key (fold.h).  How near two names are is for
 * alerts/match to say.
 */
#ifndef PARTY_H
#define PARTY_H

#include "book.h"
#include "idscheme.h"

/* What the two have in common. */
struct party_kin {
	int id;	  /* a hard id */
	int name; /* a name or alias */
	int ids;  /* nothing, but both have hard ids */
};

/* A name without a key is like no other. */
struct party_kin party_kin(const struct idschemes *t, const struct obligor *x,
			   const struct obligor *y);

#endif
