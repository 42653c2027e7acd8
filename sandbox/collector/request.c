#define _GNU_SOURCE
#include "request.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ending.h"

#define MILLISECONDS_TO_SEND 20000 /* between two pieces */

/* Init has taken everything before, and this fits into the FIFO at once. */
int ask_init(const struct channel *channel, char tag, const char *content) {
    struct __attribute__((packed)) {
        char stage;
        struct head head;
        char tag;
        uint32_t length;
        char content[PATH_MAX];
    } request = {.stage = STAGE, .tag = tag, .length = strlen(content)};
    size_t bytes = offsetof(typeof(request), content) + request.length + 1;
    if (request.length >= sizeof request.content) end_with_fault("a request is too long");
    request.head.body_bytes = bytes - offsetof(typeof(request), tag);
    memcpy(request.content, content, request.length + 1);
    ssize_t sent = write(channel->control, &request, bytes);
    if (sent < 0 && errno == EPIPE) return 0;
    if (sent != (ssize_t)bytes) end_with_fault("init did not take a request");
    return 1;
}

/* Returns how much came, or -1. */
static ssize_t receive_some(const struct channel *channel, char *into, size_t bytes) {
    struct report report;
    struct pollfd sources[] = {{channel->output[0], POLLIN, 0}, {channel->status, POLLIN, 0}};
    if (poll(sources, 2, MILLISECONDS_TO_SEND) <= 0)
        end_with_fault("init took too long to send files");
    ssize_t got = read(channel->output[0], into, bytes);
    if (got > 0) return got;
    if (!sources[1].revents) return 0;
    if (read(channel->status, &report, sizeof report) == sizeof report)
        end_with_report_of_fault(&report);
    return -1;
}

int receive(const struct channel *channel, void *into, size_t bytes) {
    for (size_t received = 0; received < bytes;) {
        ssize_t got = receive_some(channel, (char *)into + received, bytes - received);
        if (got < 0) return 0;
        received += got;
    }
    return 1;
}

int receive_entry(const struct channel *channel, struct entry *entry, char path[PATH_MAX]) {
    if (!receive(channel, entry, sizeof *entry)) return 0;
    if (entry->path_bytes >= PATH_MAX) end_with_fault("init sent a path that is too long");
    path[entry->path_bytes] = '\0';
    return receive(channel, path, entry->path_bytes);
}
