/*
 * nfc.h - Unicode normal form C of a text of any length.  Floor 2.
 *
 * fold.h does names; this does whole notices.  Text without a code point
 * from U+0300 on is in NFC already and is only copied.
 */
#ifndef NFC_H
#define NFC_H

#include "buf.h"

#define NFC_MAX (4u << 20) /* bytes */

/* Appends to b.  ERR_INPUT on bad UTF-8, ERR_LIMIT over NFC_MAX. */
NODISCARD enum err nfc_put(struct buf *b, struct str s);

#endif
