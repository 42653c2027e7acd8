// Watches what the whole host opens.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_fanotify_init, 0, 0) >= 0;
    open += syscall(SYS_fanotify_mark, 0, 1, 1, -100, "/usr") >= 0;
    puts(open ? "ESCAPED" : "held");
}
