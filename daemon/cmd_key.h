/*
 * cmd_key.h - the publisher's public line out of its key file.  Floor 4.
 */
#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "buf.h"

/* casrv1... of the text of a key file; ERR_CONFIG when it is not one. */
NODISCARD enum err key_server_line(struct str zpl_text, struct buf *out);

#endif
