// Writes without end, one byte at a time.
// outcome: output_limit
// limits: output_kib=16
#include <unistd.h>

int main(void) {
    while (write(1, "x", 1) == 1) continue;
}
