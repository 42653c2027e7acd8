// Has a child that is its sibling: one of init's own children, which succeeds.
// outcome: runtime_error
// stdout: the sibling ends well
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    if (syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0) == 0) {
        puts("the sibling ends well");
        return 0;
    }
    usleep(200000);
    return 3;
}
