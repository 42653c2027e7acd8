// Its work is done by processes that end before the daemon looks at them.
// outcome: time_limit
// limits: cpu_seconds=0.4
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    for (;;) {
        if (fork() == 0) {
            for (volatile int i = 0; i < 1000000; i++) continue;
            _exit(0);
        }
        wait(0);
    }
}
