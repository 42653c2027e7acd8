// Takes init's descriptors: the socket to the daemon is one of them.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 3, 0) >= 0;
    open += syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, getpid(), 0), 1, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
