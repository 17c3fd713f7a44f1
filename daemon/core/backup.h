/*
 * backup.h - a copy of everything core keeps, made while it decides.
 * Floor 4.
 *
 * The operator's command opens the file and hands over the descriptor: core
 * itself may write nowhere but in its own folder.  One step copies a little,
 * between core's other work, so nobody waits for it.
 */
#ifndef BACKUP_H
#define BACKUP_H

#include "core.h"

#define BACKUP_PART_SIZE 262144u /* of a diff state, at one step */

struct backup;

/*
 * Takes fd, whatever comes back: an empty regular file, open for reading and
 * writing.  ERR_INPUT when it is not.
 */
NODISCARD enum err backup_begin(struct core *c, int fd, struct backup **out,
				struct diag *d);
/* ERR_AGAIN until the copy is whole and on its disk. */
NODISCARD enum err backup_step(struct backup *b, struct diag *d);
/* Before the store is closed. */
void backup_end(struct backup *b);

#endif
