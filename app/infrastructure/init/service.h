/* The way to the service, and what is said over it. */
#ifndef PODLINE_SERVICE_H
#define PODLINE_SERVICE_H

#include <stddef.h>

#include "protocol.h"

#define STREAMS 3

/* In a jail the service is at the other end of an inherited stream socket. */
void meet_service_at(int socket);

/* Readable when the service asks for the end of a stage, or is gone. */
extern int control;

void say(struct report report);
/* Say where it failed and what errno is, and exit. */
void fail(enum step step);

/* The next stage's head and streams. Exits if the service is gone. */
struct head receive_head(int streams[STREAMS]);
void receive_bytes(char *into, size_t bytes);

/* True if the service asked for the end of the stage. Exits if it is gone. */
int asked_to_kill(void);

#endif
