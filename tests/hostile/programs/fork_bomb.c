// Every process forks for as long as it can, and then keeps its core busy. A fork that is refused
// takes memory first, which the kernel frees a while later: with many, that can reach the limit.
// outcome: time_limit | memory_limit
// limits: wall_seconds=0.7
#include <unistd.h>

int main(void) {
    for (;;) fork();
}
