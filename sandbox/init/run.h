/* A stage from its start to its end. */
#ifndef PODLINE_RUN_H
#define PODLINE_RUN_H

#include "stage.h"

/* Call once, before the first stage. */
void hear_of_children(void);

/* Runs the program to its end and reports how it ended. None of its processes is left then. */
void run_stage(struct stage *stage);

#endif
