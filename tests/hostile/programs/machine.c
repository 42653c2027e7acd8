// Asks for the machine's ports, for segments of its own, and for pages on other nodes.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += ioperm(0, 1, 1) >= 0;
    open += iopl(3) >= 0;
    open += syscall(SYS_modify_ldt, 1, (int[4]){0}, 16) >= 0;
    open += syscall(SYS_move_pages, 1, 0, 0, 0, 0, 0) >= 0;
    open += syscall(SYS_migrate_pages, 1, 0, 0, 0) >= 0;
    open += syscall(SYS_mbind, 0, 0, 0, 0, 0, 0) >= 0;
    puts(open ? "ESCAPED" : "held");
}
