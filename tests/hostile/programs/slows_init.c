// Tries to make init slow, by its priority, scheduler, core and limits. It passes the limits also
// at an address of which half is zero.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    struct sched_param idle = {0};
    struct rlimit none = {0, 0};
    struct rlimit *far_none = mmap((void *)(1L << 32), sizeof none, PROT_READ,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    int done = !setpriority(PRIO_PROCESS, 1, 19) + !setpriority(PRIO_PGRP, 1, 19) +
               !setpriority(PRIO_USER, 0, 19) + !setpriority(PRIO_USER, getuid(), 19) +
               !sched_setscheduler(1, SCHED_IDLE, &idle) +
               !sched_setaffinity(1, sizeof first, &first) + !prlimit(1, RLIMIT_CPU, &none, 0) +
               !prlimit(1, RLIMIT_CPU, far_none, 0) + !syscall(SYS_ioprio_set, 1, 1, 3 << 13) +
               !syscall(SYS_ioprio_set, 3, 0, 3 << 13);
    puts(done ? "ESCAPED: init was changed" : "held");
}
