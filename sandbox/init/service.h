/* The connection to the service. */
#ifndef PODLINE_SERVICE_H
#define PODLINE_SERVICE_H

#include <stddef.h>

#include "protocol.h"

#define STREAMS 3
#define NONE (-1)

/* In a jail the service sends a stream socket over this one, and over that each stage's streams.
 */
void meet_service_at(int supply);

/* In a pod, the service is the collector, at the other end of FIFOs in this folder. */
void meet_service_in(const char *channel);

/* Becomes readable when the service asks for the end of a stage, or is gone. */
extern int control;

void say(struct report report);
/* Reports where it failed, with errno, and exits. */
void fail(enum step step);

/* Receives the next stage's head and streams; in a pod, stdin is NONE. Exits if the service is gone. */
struct head receive_head(int streams[STREAMS]);
void receive_bytes(void *into, size_t bytes);

/* True if the service asked for the end of the stage. Exits if the service is gone. */
int asked_to_kill(void);

#endif
