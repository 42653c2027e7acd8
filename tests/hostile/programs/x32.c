// Makes system calls by the numbers of the x32 ABI, which filters often forget.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(0x40000000 + SYS_unshare, 0x10000000) >= 0;
    open += syscall(0x40000000 + 521, 0, 0, 0, 0) >= 0;
    open += syscall(0x40000000 + SYS_keyctl, 0, -3, 1) >= 0;
    open += syscall(0x40000000 + SYS_getpid) >= 0;
    puts(open ? "ESCAPED" : "held");
}
