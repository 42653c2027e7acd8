// A chain of processes, each of which starts the next one and ends: there is never one to kill.
// outcome: success
// stdout: the first one ends
#include <stdio.h>
#include <unistd.h>

int main(void) {
    puts("the first one ends");
    fflush(stdout);
    if (fork()) return 0;
    for (;;)
        if (fork() > 0) _exit(0);
}
