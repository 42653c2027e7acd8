// Reads the kernel's log and clears it.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += klogctl(3, (char[64]){0}, 64) >= 0;
    open += klogctl(5, 0, 0) >= 0;
    open += klogctl(9, 0, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
