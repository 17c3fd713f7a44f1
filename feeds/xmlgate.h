/*
 * xmlgate.h - counts what an XML parser is about to swallow.  Floor 2.
 *
 * libxml2 calls nobody before a tag is complete and takes quadratic time over
 * attributes, so bytes pass this gate first: tag bytes, attributes, depth and
 * the length of comments, CDATA and instructions are capped and a DOCTYPE is
 * refused.  It finds the same boundaries as a parser on well-formed input and
 * says nothing about well-formedness.
 */
#ifndef XMLGATE_H
#define XMLGATE_H

#include "buf.h"

#define XMLGATE_SECTION_MAX (1u << 20) /* comment, CDATA, instruction */

struct xmlgate {
	int state;
	char quote;
	char last;
	char before_last;
	bool seen; /* the first byte that is no blank */
	bool closing;
	unsigned depth;
	unsigned attributes;
	unsigned line;
	size_t n; /* bytes of the construct at hand */
	char bang[8];
};

void xmlgate_init(struct xmlgate *g);
/* ERR_LIMIT or ERR_REFUSED with the reason and line. */
NODISCARD enum err xmlgate_push(struct xmlgate *g, struct str bytes,
				struct diag *d);

#endif
