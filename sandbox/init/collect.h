/* Sends what a compile stage made, so that other jails can run it. */
#ifndef PODLINE_COLLECT_H
#define PODLINE_COLLECT_H

#include "stage.h"

/* Writes PROGRAM to the stage's stdout: a sequence of `struct entry`s (see protocol.h). Nothing of
 * the compiler runs any more, and nothing is followed or waited for: links, FIFOs and devices are
 * left out.
 */
void collect(struct stage *stage);

/* Likewise, of the working folder: names and sizes of what is in it, and then the files that the
 * stage asks for. The working folder is where init stands, whatever its path leads to by now.
 */
void list_work(struct stage *stage);
void send_wanted(struct stage *stage);

#endif
