/*
 * jscan.h - one value out of JSON text without building a tree.  Floor 2.
 *
 * The scanner finds brackets and strings and nothing else: it is for records
 * that are only compared.  A record that is mapped goes through jscan_strict
 * and a strict reader afterwards.  Never reads outside the slice, whatever
 * is in it; nothing here recurses.
 */
#ifndef JSCAN_H
#define JSCAN_H

#include "buf.h"

#define JSCAN_DEPTH_MAX 64u

/*
 * The text of the scalar at a dotted path ("event.timepoint"), appended to b:
 * a string unescaped, a number as it is written.  An array stands for its
 * first element, an element with attributes for its "#text".  ERR_ABSENT when
 * there is none, or it is null or empty; ERR_INPUT when the text is no JSON.
 */
NODISCARD enum err jscan_text(struct str json, struct str path,
			      struct buf *b);

/*
 * Appends json to b with every number written as a string, checking the
 * number's grammar; blanks between tokens are dropped.  ERR_INPUT with a
 * reason.  The rest of the grammar is for the strict reader behind it.
 */
NODISCARD enum err jscan_strict(struct str json, struct buf *b,
				struct diag *d);

#endif
