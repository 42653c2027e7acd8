// Makes system calls past the filter of system calls.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_io_uring_setup, 8, (char[120]){0}) >= 0;
    open += syscall(SYS_io_uring_enter, 0, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_io_uring_register, -1, 0, 0, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
