// Locks all of its memory, so that the host can't use it otherwise.
// outcome: success
// stdout: held
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(void) {
    void *block = malloc(1 << 24);
    puts(mlock(block, 1 << 24) && mlockall(MCL_CURRENT | MCL_FUTURE) ? "held" : "ESCAPED");
}
