/*
 * store_shape.h - reading rows of book.def's tables into structs.  Floor 3,
 * private to the store.
 */
#ifndef STORE_SHAPE_H
#define STORE_SHAPE_H

/* B(S, TYPE, column, member, words): columns and members differ here. */
#define B_COL(S, type, col, member, words) ", " #col
#define B_FIELD(S, type, col, member, words)                                   \
	{ FIELD_##type, 0, offsetof(S, member), words },
#define B_SHAPE(var, FIELDS, S)                                                \
	static const struct field var##_field[] = { FIELDS(B_FIELD, S) };      \
	static const struct shape var = {                                      \
		var##_field,                                                   \
		(int)(sizeof(var##_field) / sizeof(var##_field[0])), sizeof(S) \
	}

#endif
