#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int control;

void meet_service_at(int socket) {
    control = socket;
    fcntl(control, F_SETFD, FD_CLOEXEC);
}

void say(struct report report) {
    if (send(control, &report, sizeof report, MSG_NOSIGNAL) != sizeof report) _exit(1);
}

void fail(enum step step) {
    say((struct report){.kind = FAILED, .step = step, .status = errno});
    _exit(1);
}

void receive_bytes(char *into, size_t bytes) {
    while (bytes) {
        ssize_t got = read(control, into, bytes);
        if (got == 0) _exit(0);
        if (got < 0 && errno != EINTR) fail(RECEIVE);
        if (got > 0) into += got, bytes -= got;
    }
}

struct head receive_head(int streams[STREAMS]) {
    struct head head;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * STREAMS)];
    } ancillary = {0};
    struct iovec part = {&head, sizeof head};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    if (got == 0) _exit(0);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    errno = EPROTO;
    if (got != sizeof head || !rights || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int) * STREAMS) || head.body_bytes > BODY_MAX)
        fail(RECEIVE);
    memcpy(streams, CMSG_DATA(rights), sizeof(int) * STREAMS);
    return head;
}

int asked_to_kill(void) {
    char request;
    if (recv(control, &request, 1, 0) != 1) _exit(0);
    return 1;
}
