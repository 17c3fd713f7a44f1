/*
 * book_parts.c - lists in one text.
 */
#include "book_parts.h"

/* The part at the head of *rest, unescaped into dst, which has room. */
static enum err
part_cut(struct str *rest, char *dst, struct str *out)
{
	size_t i = 0;
	size_t n = 0;

	for (; i < rest->n && rest->p[i] != '|'; i++) {
		if (rest->p[i] == '\\') {
			i++;
			if (i == rest->n ||
			    (rest->p[i] != '|' && rest->p[i] != '\\'))
				return ERR_INPUT;
		}
		dst[n++] = rest->p[i];
	}
	/* A | at the very end opens an empty part. */
	if (n == 0 || i + 1 == rest->n)
		return ERR_INPUT;
	*out = (struct str){ dst, n };
	*rest = str_sub(*rest, i < rest->n ? i + 1 : i, rest->n);
	return ERR_OK;
}

enum err
book_parts(struct str text, struct arena *a, struct str **out, size_t *count)
{
	struct str *part;
	char *dst;
	size_t n = 0;
	size_t max = 0;

	for (size_t i = 0; i < text.n; i++)
		max += text.p[i] == '|';
	max = max >= BOOK_PARTS_MAX ? BOOK_PARTS_MAX : max + 1;
	part = arena_array(a, struct str, max);
	dst = arena_get(a, text.n + 1, 1);
	if (part == NULL || dst == NULL)
		return ERR_LIMIT;
	for (struct str rest = text; rest.n > 0; n++) {
		enum err err = n == max ? ERR_LIMIT :
					  part_cut(&rest, dst, &part[n]);

		if (err != ERR_OK)
			return err;
		dst += part[n].n;
	}
	*out = part;
	*count = n;
	return ERR_OK;
}

void
book_parts_put(struct buf *b, struct str part)
{
	if (b->n > 0)
		buf_byte(b, '|');
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == '|' || part.p[i] == '\\')
			buf_byte(b, '\\');
		buf_byte(b, (uint8_t)part.p[i]);
	}
}
