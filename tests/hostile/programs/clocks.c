// Sets the clock of the whole host.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += settimeofday(&(struct timeval){0}, 0) >= 0;
    open += clock_settime(CLOCK_REALTIME, &(struct timespec){0}) >= 0;
    open += adjtimex(&(struct timex){.modes = ADJ_OFFSET}) >= 0;
    open += clock_adjtime(CLOCK_REALTIME, &(struct timex){.modes = ADJ_OFFSET}) >= 0;
    puts(open ? "ESCAPED" : "held");
}
