// Makes the compiler wait for input.
// outcome: success
// stdout: there was none
#include "/dev/stdin"
#include <stdio.h>

int main(void) {
    puts("there was none");
}
