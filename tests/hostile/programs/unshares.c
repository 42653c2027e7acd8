// Makes namespaces of its own, in which it would be root.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += unshare(CLONE_NEWUSER) >= 0;
    open += unshare(CLONE_NEWNS) >= 0;
    open += unshare(CLONE_NEWNET) >= 0;
    open += unshare(CLONE_NEWPID) >= 0;
    open += unshare(CLONE_NEWUSER | CLONE_NEWNS) >= 0;
    open += syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | 17, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_clone, 0x80 | 17, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_clone3, (long[11]){CLONE_NEWUSER, 0, 0, 0, 17}, 88) >= 0;
    puts(open ? "ESCAPED" : "held");
}
