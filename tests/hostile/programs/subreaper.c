// Adopts its orphans and leaves them behind, all of them busy.
// outcome: success
// stdout: left
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < 5; i++)
        if (fork() == 0) {
            if (fork() == 0)
                for (;;) setsid();
            _exit(0);
        }
    puts("left");
}
