/*
 * index_role.h - the one-shot role that builds the watch index.  Floor 4.
 */
#ifndef INDEX_ROLE_H
#define INDEX_ROLE_H

#include "role.h"

extern const struct role_ops index_role;

#endif
