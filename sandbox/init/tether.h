/* Runs a command that ends with the process that started it, however that ends, and that has a
 * session keyring of its own.
 */
#ifndef PODLINE_TETHER_H
#define PODLINE_TETHER_H

#include <sys/types.h>

/* Becomes the command. Returns an exit code if it can't, or if `parent` is gone already. */
int become_tethered(pid_t parent, char **command);

#endif
