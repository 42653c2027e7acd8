// Makes the largest possible file, and maps as much of it as it may.
// outcome: success
// stdout: held
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    int file = open("huge", O_RDWR | O_CREAT, 0600);
    if (ftruncate(file, 0x7ffffffffffff000)) perror("ftruncate");
    mmap(0, 1L << 46, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    puts(fallocate(file, 0, 0, 1L << 40) ? "held" : "ESCAPED: a tebibyte");
}
