// Uses memory of the kernel, by queues of messages that nobody reads.
// outcome: success | memory_limit
// stdout: begun
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>

int main(void) {
    struct { long type; char text[8192]; } message = {1, ""};
    puts("begun");
    fflush(stdout);
    for (int i = 0; i < 32000; i++) {
        int queue = msgget(IPC_PRIVATE, 0600);
        if (queue < 0) return 0;
        while (!msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT)) continue;
    }
}
