/* Files that the program created, as lines of the collector's log. collected.py reads them. */
#ifndef PODLINE_ARTIFACTS_H
#define PODLINE_ARTIFACTS_H

#include <stdint.h>

#include "channel.h"

struct wish {
    uint64_t files, bytes; /* the most that are kept */
    const uint32_t *patterns;
};

/* Nothing of the program runs any more. The contents count as what `log_left` bytes the log takes. */
void keep_artifacts(const struct channel *channel, const struct wish *wish, uint64_t *log_left);

/* The kernel ended all of main, and nobody else can read what the program wrote. */
void lose_artifacts(void);

#endif
