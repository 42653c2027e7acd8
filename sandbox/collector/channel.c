#define _GNU_SOURCE
#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "protocol.h"

/* The containers have different users, and programs may open /dev/stdout. */
static const struct { const char *name; mode_t mode; } fifos[] = {
    {"stdout", 0666}, {"stderr", 0666}, {"status", 0622}, {"control", 0644},
};

static void make_fifos(void) {
    for (unsigned i = 0; i < sizeof fifos / sizeof *fifos; i++)
        if (mkfifo(fifos[i].name, 0) || chmod(fifos[i].name, fifos[i].mode))
            end_with_fault("the channel could not be made");
}

static void remove_fifos(void) {
    for (unsigned i = 0; i < sizeof fifos / sizeof *fifos; i++)
        if (unlink(fifos[i].name)) end_with_fault("the channel could not be closed");
}

static int open_end(const char *name, int mode) {
    int end = open(name, mode | O_NONBLOCK | O_CLOEXEC);
    if (end < 0) end_with_fault("the channel could not be opened");
    return end;
}

static int copied(const char *source, const char *name) {
    struct stat size;
    int from = open(source, O_RDONLY | O_CLOEXEC);
    int to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    return from >= 0 && to >= 0 && !fstat(from, &size) &&
           sendfile(to, from, NULL, size.st_size) == size.st_size && !fchmod(to, 0555) &&
           !close(to) && !close(from);
}

static void put_line_files(void) {
    if (mkdir("line", 0) || chmod("line", 0755) ||
        !copied("/podline/line/line.so", "line/line.so") ||
        !copied("/podline/line/line.rb", "line/line.rb") ||
        !copied("/podline/line/sitecustomize.py", "line/sitecustomize.py"))
        end_with_fault("the files for printing by line could not be handed over");
}

/* It gets its name once it is complete and nobody has it open for writing (ETXTBSY). */
static void put_init(const char *source) {
    if (!copied(source, "init.part") || rename("init.part", "init"))
        end_with_fault("init could not be handed over");
}

static void wait_until_ready(int status) {
    struct report report;
    struct pollfd source = {status, POLLIN, 0};
    poll(&source, 1, -1);
    if (read(status, &report, sizeof report) != sizeof report)
        end_with_fault("main ended before init was ready");
    if (report.kind != READY) end_with_report_of_fault(&report);
}

struct channel open_channel(const char *folder, const char *init) {
    if (chdir(folder)) end_with_fault("there is no channel");
    make_fifos();
    /* A FIFO can't be opened for writing only while nobody reads (fifo(7)). */
    int held = open_end("control", O_RDWR);
    struct channel channel = {
        .output = {open_end("stdout", O_RDONLY), open_end("stderr", O_RDONLY)},
        .status = open_end("status", O_RDONLY),
        .control = open_end("control", O_WRONLY),
    };
    put_line_files();
    put_init(init);
    wait_until_ready(channel.status);
    remove_fifos();
    close(held);
    return channel;
}
