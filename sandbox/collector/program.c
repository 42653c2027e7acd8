#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "protocol.h"

#define ENTRIES_MAX 10000 /* as in a jail */
#define MILLISECONDS_TO_SEND 20000 /* between two pieces */

static void ask(const struct channel *channel) {
    struct __attribute__((packed)) {
        char stage;
        struct head head;
        char tag;
        uint32_t length;
        char end;
    } request = {STAGE, {.body_bytes = 6}, 'C', 0, 0};
    if (write(channel->control, &request, sizeof request) != sizeof request)
        end_with_fault("init did not take the request for the compiled program");
}

/* Returns how much came. */
static size_t receive_some(const struct channel *channel, char *into, size_t bytes) {
    struct report report;
    struct pollfd sources[] = {{channel->output[0], POLLIN, 0}, {channel->status, POLLIN, 0}};
    if (poll(sources, 2, MILLISECONDS_TO_SEND) <= 0)
        end_with_fault("init took too long to send the compiled program");
    ssize_t got = read(channel->output[0], into, bytes);
    if (got > 0) return got;
    if (!sources[1].revents) return 0;
    if (read(channel->status, &report, sizeof report) == sizeof report)
        end_with_report_of_fault(&report);
    end_with_fault("init ended before it had sent the compiled program");
}

static void receive(const struct channel *channel, void *into, size_t bytes) {
    for (size_t got = 0; got < bytes;) got += receive_some(channel, (char *)into + got, bytes - got);
}

/* False if there is no room. */
static int received_file(const struct channel *channel, const char *path, struct entry entry) {
    static char content[65536];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return 0;
    for (uint64_t left = entry.content_bytes; left;) {
        size_t part = left < sizeof content ? left : sizeof content;
        part = receive_some(channel, content, part);
        if (write(file, content, part) != (ssize_t)part) return 0;
        left -= part;
    }
    return !fchmod(file, entry.kind == EXECUTABLE ? 0555 : 0444) && !close(file);
}

/* Files can have far more bytes than room was needed for: one with holes, and one with many names. */
int receive_program(const struct channel *channel, uint64_t most_bytes) {
    char path[PATH_MAX];
    struct entry entry;
    ask(channel);
    for (int entries = 0; entries < ENTRIES_MAX; entries++) {
        receive(channel, &entry, sizeof entry);
        if (entry.kind == END) return 1;
        if (entry.content_bytes > most_bytes) return 0;
        most_bytes -= entry.content_bytes;
        if (entry.path_bytes >= sizeof path) end_with_fault("init sent a path that is too long");
        receive(channel, path, entry.path_bytes);
        path[entry.path_bytes] = '\0';
        if (entry.kind == FOLDER ? mkdir(path, 0) || chmod(path, 0755)
                                 : !received_file(channel, path, entry))
            return 0;
    }
    return 0;
}
