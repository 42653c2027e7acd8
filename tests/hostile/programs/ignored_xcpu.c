// Ignores the signal that says that the CPU time is used up, and goes on.
// outcome: time_limit
// limits: cpu_seconds=1
#include <signal.h>

int main(void) {
    signal(SIGXCPU, SIG_IGN);
    for (;;) continue;
}
