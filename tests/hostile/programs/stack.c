// Calls itself without end: the end of the stack is a signal, not a limit.
// outcome: runtime_error
volatile int depth;

int down(volatile int *from) {
    int here[64] = {depth++};
    return down(here) + *from + here[1];
}

int main(void) {
    return down(&depth);
}
