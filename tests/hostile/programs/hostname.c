// Renames the host.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int open = 0;
    open += sethostname("escaped", 7) >= 0;
    open += setdomainname("escaped", 7) >= 0;
    puts(open ? "ESCAPED" : "held");
}
