/* How a collector that was started ahead gets its input: once, over stdin. handover.py sends it. */
#ifndef PODLINE_HANDOVER_H
#define PODLINE_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#define HANDOVER_MAX (8u << 20) /* twice the largest input */

/* Precedes the input. */
struct handover {
    uint64_t bytes;
    uint64_t sum; /* zlib's crc32(): two senders at once must not pass for one */
};

/* Waits for as long as it takes, and says in the log that it has all of it. Ends the pod if stdin ends
 * before, as it does when the sender is killed, or if init ends.
 */
const char *wait_for_input(int status, size_t *bytes);

#endif
