/* What a pod's container used, according to its control group or else /proc. */
#ifndef PODLINE_USAGE_H
#define PODLINE_USAGE_H

#include <stdint.h>

/* Call once. Without it, nothing is measured, as in a jail, where the service measures. */
void open_usage(void);

/* Begins a stage: counts from here. False if memory can't be measured. */
int begin_usage(int64_t memory_bytes);

/* Of all processes; `reaped_us` is what init reaped. */
int64_t cpu_used_us(int64_t reaped_us);
/* Without cached files, which the kernel drops when it needs room. */
int64_t memory_used_bytes(void);
/* From the second stage on, since the kernel's peak may be that of the first one. */
int peak_must_be_seen(void);
/* The kernel's peak, or the largest of all looks; 0 if unknown. */
int64_t memory_peak_kib(void);
/* Whether the kernel killed one of the processes for memory. */
int out_of_memory(void);

#endif
