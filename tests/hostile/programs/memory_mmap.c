// Uses memory without the allocator, and ignores errors.
// outcome: memory_limit
// outcome without cgroups: memory_limit | runtime_error
#include <string.h>
#include <sys/mman.h>

int main(void) {
    for (;;)
        memset(mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);
}
