// Changes its root folder, and tries to escape from it.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += chroot("/") >= 0;
    open += chroot(".") >= 0;
    open += chroot("/proc/self/root") >= 0;
    open += syscall(SYS_pivot_root, ".", ".") >= 0;
    puts(open ? "ESCAPED" : "held");
}
