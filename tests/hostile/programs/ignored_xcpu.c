// Ignores the signal for used-up CPU time, and continues.
// outcome: time_limit
// limits: cpu_seconds=1
#include <signal.h>

int main(void) {
    signal(SIGXCPU, SIG_IGN);
    for (;;) continue;
}
