/* The compiled program, which every run reads and none can change: it is in the channel. */
#ifndef PODLINE_PROGRAM_H
#define PODLINE_PROGRAM_H

#include <stdint.h>

#include "channel.h"

/* TOO_LARGE: it has more bytes or files than a program can have. */
enum received { RECEIVED, TOO_LARGE, INIT_ENDED };

/* Has init send what the compile stage made, and writes it into the working folder. Ends the pod if
 * init fails.
 */
enum received receive_program(const struct channel *channel, uint64_t most_bytes);

#endif
