/* What a pod's container used, by its control group, or else by /proc. */
#ifndef PODLINE_USAGE_H
#define PODLINE_USAGE_H

#include <stdint.h>

/* Once. Without it nothing is measured, as in a jail, where the service does that. */
void open_usage(void);

/* A stage begins: what follows is counted from here. False if memory can't be measured. */
int begin_usage(int64_t memory_bytes);

/* Of all processes; `reaped_us` is what init reaped. */
int64_t cpu_used_us(int64_t reaped_us);
/* Without cached files, which the kernel gives up whenever it needs room. */
int64_t memory_used_bytes(void);
/* From the second stage on: the kernel's mark may be that of the first one. */
int peak_must_be_seen(void);
/* By the kernel's mark, or the largest of the looks that were taken. 0 where it is not known. */
int64_t memory_peak_kib(void);
/* The kernel killed one of the processes for memory. */
int out_of_memory(void);

#endif
