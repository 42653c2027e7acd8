// Every process forks for as long as it can, and then keeps its core busy.
// outcome: time_limit
// limits: wall_seconds=0.7
#include <unistd.h>

int main(void) {
    for (;;) fork();
}
