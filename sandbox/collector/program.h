/* The compiled program, which every run reads and none can change: it is in the channel. */
#ifndef PODLINE_PROGRAM_H
#define PODLINE_PROGRAM_H

#include <stdint.h>

#include "channel.h"

/* Has init send what the compile stage made, and writes it into the working folder. False if it has
 * more bytes or files than a program can have. Ends the pod if init fails.
 */
int receive_program(const struct channel *channel, uint64_t most_bytes);

#endif
