// Fills a file in memory, which belongs to no process's address space.
// outcome: memory_limit
// outcome without cgroups: runtime_error
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    static char block[1 << 20];
    int file = memfd_create("file", 0);
    if (file < 0) exit(1);
    for (int i = 0; i < 512; i++)
        if (write(file, block, sizeof block) < 0) exit(1);
    puts("ESCAPED: 512 MiB in a file without a name");
}
