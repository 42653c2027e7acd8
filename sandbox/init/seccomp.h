/* The filter of system calls that every program has. What it allows is in policy.h. */
#ifndef PODLINE_SECCOMP_H
#define PODLINE_SECCOMP_H

/* Applies it to this process, its children and what it becomes. Returns 0, or -1 with errno. */
int filter_system_calls(int all_memory_is_counted);

#endif
