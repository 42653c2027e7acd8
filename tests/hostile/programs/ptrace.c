// Attaches to init as a debugger does, and reads its memory.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += ptrace(PTRACE_ATTACH, 1, 0, 0) >= 0;
    open += ptrace(PTRACE_SEIZE, 1, 0, 0) >= 0;
    open += ptrace(PTRACE_TRACEME, 0, 0, 0) >= 0;
    open += process_vm_readv(1, &(struct iovec){&open, 4}, 1, &(struct iovec){&open, 4}, 1, 0) >= 0;
    open += syscall(SYS_kcmp, 1, getpid(), 0, 0, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
