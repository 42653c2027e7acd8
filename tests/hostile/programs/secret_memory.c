// Asks for memory that even the kernel can't read or move.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(447, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
