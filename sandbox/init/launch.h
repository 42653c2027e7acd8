/* From init to the program: what happens between fork and execve. */
#ifndef PODLINE_LAUNCH_H
#define PODLINE_LAUNCH_H

#include <sys/types.h>

#include "stage.h"

/* Returns its pid once it runs. If it can't be started, reports that and exits. */
pid_t start_program(struct stage *stage);

#endif
