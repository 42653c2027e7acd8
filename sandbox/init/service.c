#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES 65536 /* the default capacity of a pipe */

int control;
static int status, in_pod;
static int output[STREAMS] = {NONE, NONE, NONE}; /* a pod's stdout and stderr */

/* Receives the next message from `socket`, with that many descriptors. Exits if the service is gone. */
static int receive_descriptors(int socket, struct iovec content, int descriptors[], int count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * STREAMS)];
    } ancillary = {0};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1,
                             .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    if (got == 0) _exit(0);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (got != (ssize_t)content.iov_len || !rights || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int) * count))
        return 0;
    memcpy(descriptors, CMSG_DATA(rights), sizeof(int) * count);
    return 1;
}

void meet_service_at(int supply) {
    char request;
    if (!receive_descriptors(supply, (struct iovec){&request, 1}, &control, 1)) _exit(1);
    status = control;
    close(supply);
}

/* The collector has opened the other end already, or is gone, so this never waits. */
static int open_fifo(const char *name, int mode) {
    int fifo = open(name, mode | O_NONBLOCK | O_CLOEXEC);
    if (fifo < 0 || fcntl(fifo, F_SETFL, 0)) _exit(1);
    return fifo;
}

void meet_service_in(const char *channel) {
    if (chdir(channel)) _exit(1);
    in_pod = 1;
    output[STDOUT_FILENO] = open_fifo("stdout", O_WRONLY);
    output[STDERR_FILENO] = open_fifo("stderr", O_WRONLY);
    status = open_fifo("status", O_WRONLY);
    control = open_fifo("control", O_RDONLY);
}

/* Pid 1 gets no SIGPIPE, since it has no handler for it. */
void say(struct report report) {
    if (write(status, &report, sizeof report) != sizeof report) _exit(1);
}

void fail(enum step step) {
    say((struct report){.kind = FAILED, .step = step, .status = errno});
    _exit(1);
}

void receive_bytes(void *into, size_t bytes) {
    for (char *at = into; bytes;) {
        ssize_t got = read(control, at, bytes);
        if (got == 0) _exit(0);
        if (got < 0 && errno != EINTR) fail(RECEIVE);
        if (got > 0) at += got, bytes -= got;
    }
}

/* Duplicates would share flags, an owner and more with those of the last stage, which may have
 * changed the size, too. */
static void open_output_anew(int streams[STREAMS]) {
    for (int stream = 0; stream < STREAMS; stream++) {
        char path[32];
        streams[stream] = output[stream];
        if (output[stream] == NONE) continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", output[stream]);
        streams[stream] = open_fifo(path, O_WRONLY);
        fcntl(streams[stream], F_SETPIPE_SZ, PIPE_BYTES);
    }
}

static void wait_for_stage(void) {
    char request;
    do receive_bytes(&request, 1);
    while (request == KILL);
    errno = EPROTO;
    if (request != STAGE) fail(RECEIVE);
}

struct head receive_head(int streams[STREAMS]) {
    struct head head;
    int complete = 1;
    if (in_pod) {
        wait_for_stage();
        receive_bytes(&head, sizeof head);
        open_output_anew(streams);
    } else {
        complete = receive_descriptors(control, (struct iovec){&head, sizeof head}, streams, STREAMS);
    }
    errno = EPROTO;
    if (!complete || head.body_bytes > BODY_MAX) fail(RECEIVE);
    return head;
}

int asked_to_kill(void) {
    char request;
    if (read(control, &request, 1) != 1) _exit(0);
    return 1;
}
