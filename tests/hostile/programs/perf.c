// Watches the processor, and so other programs on it.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_perf_event_open, (char[128]){0}, 0, -1, -1, 0) >= 0;
    open += syscall(SYS_perf_event_open, (char[128]){0}, -1, 0, -1, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
