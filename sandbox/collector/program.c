#define _GNU_SOURCE
#include "program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "request.h"

#define ENTRIES_MAX 10000 /* as in a jail */

/* TOO_LARGE if there is no room. */
static enum received receive_file(const struct channel *channel, const char *path, struct entry entry) {
    static char content[65536];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return TOO_LARGE;
    for (uint64_t left = entry.content_bytes; left;) {
        size_t part = left < sizeof content ? left : sizeof content;
        if (!receive(channel, content, part)) return INIT_ENDED;
        if (write(file, content, part) != (ssize_t)part) return TOO_LARGE;
        left -= part;
    }
    int complete = !fchmod(file, entry.kind == EXECUTABLE ? 0555 : 0444) && !close(file);
    return complete ? RECEIVED : TOO_LARGE;
}

static enum received make_folder(const char *path) {
    return mkdir(path, 0) || chmod(path, 0755) ? TOO_LARGE : RECEIVED;
}

/* Files can have far more bytes than room was needed for: one with holes, and one with many names. */
enum received receive_program(const struct channel *channel, uint64_t most_bytes) {
    char path[PATH_MAX];
    struct entry entry;
    if (!ask_init(channel, 'C', "")) return INIT_ENDED;
    for (int entries = 0; entries < ENTRIES_MAX; entries++) {
        if (!receive_entry(channel, &entry, path)) return INIT_ENDED;
        if (entry.kind == END) return RECEIVED;
        if (entry.content_bytes > most_bytes) return TOO_LARGE;
        most_bytes -= entry.content_bytes;
        enum received received = entry.kind == FOLDER ? make_folder(path)
                                                      : receive_file(channel, path, entry);
        if (received != RECEIVED) return received;
    }
    return TOO_LARGE;
}
