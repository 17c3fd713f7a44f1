/*
 * fold.h - the exact key of a name, and NFKC for identifiers.  Floor 0.
 *
 * The key is NFKC_Casefold, then every run of blanks, punctuation and symbols
 * is one blank, none at the ends.  Two names with one key are written alike;
 * that they are one company is for alerts/match to say.
 */
#ifndef FOLD_H
#define FOLD_H

#include "buf.h"

#define FOLD_NAME_MAX 1024u /* bytes of a name, and of its key */

/* ERR_INPUT on bad UTF-8, ERR_LIMIT over FOLD_NAME_MAX. Appends to b. */
NODISCARD enum err fold_name(struct buf *b, struct str name);
/* NFKC; appends to b. */
NODISCARD enum err fold_nfkc(struct buf *b, struct str s);
/* NFC: ERR_INPUT on bad UTF-8. */
NODISCARD enum err fold_nfc(struct buf *b, struct str s);

#endif
