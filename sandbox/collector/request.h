/* What the collector asks init for once nothing of a program runs: files, which come over stdout. */
#ifndef PODLINE_REQUEST_H
#define PODLINE_REQUEST_H

#include <limits.h>
#include <stddef.h>

#include "channel.h"
#include "protocol.h"

/* All return 0 if init is gone, and end the pod if it fails or takes too long. */

/* Sends a stage that is one record. */
int ask_init(const struct channel *channel, char tag, const char *content);

int receive(const struct channel *channel, void *into, size_t bytes);

/* The entry's path is empty after END. */
int receive_entry(const struct channel *channel, struct entry *entry, char path[PATH_MAX]);

#endif
