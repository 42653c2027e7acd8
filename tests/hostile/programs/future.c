// Makes system calls whose numbers the kernel does not have yet.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(457, (long[4]){24, -1}, (char[512]){0}, 512, 0) >= 0;
    open += syscall(470, 0, 0, 0, 0) >= 0;
    open += syscall(500, 0) >= 0;
    open += syscall(600, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
