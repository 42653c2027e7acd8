// Connects to the machine's host by vsock, which belongs to no network namespace.
// outcome: success
// stdout: held
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
    int open = 0;
    for (int kind = 1; kind < 6; kind++) {
        int caller = socket(AF_VSOCK, kind, 0);
        struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 22};
        open += caller >= 0 || !connect(caller, (struct sockaddr *)&host, sizeof host);
    }
    puts(open ? "ESCAPED" : "held");
}
