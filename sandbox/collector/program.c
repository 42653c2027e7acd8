#define _GNU_SOURCE
#include "program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "request.h"

#define ENTRIES_MAX 10000 /* as in a jail */

static void receive_part(const struct channel *channel, void *into, size_t bytes) {
    if (!receive(channel, into, bytes))
        end_with_fault("init ended before it had sent the compiled program");
}

/* False if there is no room. */
static int received_file(const struct channel *channel, const char *path, struct entry entry) {
    static char content[65536];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return 0;
    for (uint64_t left = entry.content_bytes; left;) {
        size_t part = left < sizeof content ? left : sizeof content;
        receive_part(channel, content, part);
        if (write(file, content, part) != (ssize_t)part) return 0;
        left -= part;
    }
    return !fchmod(file, entry.kind == EXECUTABLE ? 0555 : 0444) && !close(file);
}

static struct entry next_entry(const struct channel *channel, char path[PATH_MAX]) {
    struct entry entry;
    if (!receive_entry(channel, &entry, path))
        end_with_fault("init ended before it had sent the compiled program");
    return entry;
}

/* Files can have far more bytes than room was needed for: one with holes, and one with many names. */
int receive_program(const struct channel *channel, uint64_t most_bytes) {
    char path[PATH_MAX];
    if (!ask_init(channel, 'C', ""))
        end_with_fault("init did not take the request for the compiled program");
    for (int entries = 0; entries < ENTRIES_MAX; entries++) {
        struct entry entry = next_entry(channel, path);
        if (entry.kind == END) return 1;
        if (entry.content_bytes > most_bytes) return 0;
        most_bytes -= entry.content_bytes;
        if (entry.kind == FOLDER ? mkdir(path, 0) || chmod(path, 0755)
                                 : !received_file(channel, path, entry))
            return 0;
    }
    return 0;
}
