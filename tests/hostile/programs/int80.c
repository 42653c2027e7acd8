// Makes system calls by the numbers of 32-bit programs. The kernel kills it for that.
// outcome: runtime_error
// stdout: begun
#include <stdio.h>

int main(void) {
    long result;
    puts("begun");
    fflush(stdout);
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(310), "b"(0x10000000) : "memory"); /* unshare */
    puts("ESCAPED");
}
