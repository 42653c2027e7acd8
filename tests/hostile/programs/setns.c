// Enters the namespaces of other processes.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += setns(openat(AT_FDCWD, "/proc/1/ns/mnt", O_RDONLY), 0) >= 0;
    open += setns(openat(AT_FDCWD, "/proc/self/ns/user", O_RDONLY), 0) >= 0;
    open += setns(syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS) >= 0;
    puts(open ? "ESCAPED" : "held");
}
