// Handles the kernel's own page faults, and so makes it wait where it should not.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_userfaultfd, 0) >= 0;
    open += syscall(SYS_userfaultfd, 1) >= 0;
    puts(open ? "ESCAPED" : "held");
}
