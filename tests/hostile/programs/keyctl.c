// Uses the kernel's keys, which belong to no namespace.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += syscall(SYS_keyctl, 0, -3, 1) >= 0;
    open += syscall(SYS_add_key, "user", "key", "x", 1, -3) >= 0;
    open += syscall(SYS_request_key, "user", "key", 0, -3) >= 0;
    puts(open ? "ESCAPED" : "held");
}
