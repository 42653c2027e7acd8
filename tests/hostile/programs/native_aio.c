// Uses up the requests that the whole host has for native AIO.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_io_setup, 60000, &(long){0}) >= 0;
    puts(open ? "ESCAPED" : "held");
}
