/* One program to run, as the service sent it. */
#ifndef PODLINE_STAGE_H
#define PODLINE_STAGE_H

#include <stdint.h>
#include <sys/resource.h>

#include "service.h"

#define RECORDS_MAX 512 /* of each kind; the service's own maxima are far below */

struct stage {
    int streams[STREAMS];
    struct head head;
    char *argv[RECORDS_MAX + 1];
    char *paths[RECORDS_MAX];
    char *envp[RECORDS_MAX + 1];
    struct { int resource; struct rlimit limit; } limits[RECORDS_MAX];
    int64_t peak_max_kib;
    char *wanted[RECORDS_MAX];
    char *task;
    uint32_t task_bytes;
    int starts_ahead;
    int args, path_count, variables, limit_count, merged, uncounted_memory, collects, lists;
    int wanted_count;
};

/* Writes the files into the working folder. Returns the body, which the stage's strings point into. */
char *receive_stage(struct stage *stage);

#endif
