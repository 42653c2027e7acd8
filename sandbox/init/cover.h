/* Runs a command that sees another folder in place of one of the host's. */
#ifndef PODLINE_COVER_H
#define PODLINE_COVER_H

/* Becomes the command, in a mount namespace of its own. Returns an exit code if it can't. If no
 * namespace may be created, the command sees the host's folder.
 */
int become_covered(const char *folder, const char *over, char **command);

#endif
