// Loads programs into the kernel.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_bpf, 0, (char[120]){1}, 120) >= 0;
    open += syscall(SYS_bpf, 5, (char[120]){1}, 120) >= 0;
    puts(open ? "ESCAPED" : "held");
}
