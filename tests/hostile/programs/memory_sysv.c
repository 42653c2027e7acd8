// Uses shared memory of the System V kind, which stays when no process uses it.
// outcome: memory_limit
// outcome without cgroups: runtime_error
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>

int main(void) {
    for (int i = 0; i < 512; i++) {
        int id = shmget(IPC_PRIVATE, 1 << 20, 0600);
        if (id < 0) exit(1);
        void *at = shmat(id, 0, 0);
        if (at == (void *)-1) exit(1);
        memset(at, 1, 1 << 20);
        shmdt(at);
    }
    puts("ESCAPED: 512 MiB of shared memory");
}
