/* A program that is started before anybody knows what it is to do. */
#ifndef PODLINE_AHEAD_H
#define PODLINE_AHEAD_H

#include <sys/types.h>

#include "stage.h"

/* Returns once the program waits for its task. */
void start_ahead(struct stage *stage);

/* Gives that program the task of this stage, and its limits. */
pid_t hand_over(struct stage *stage);

/* Fails if it ended before it had read its task: then this says nothing about the task. */
void expect_task_taken(void);

#endif
