#define _GNU_SOURCE
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"

#define PIPE_BYTES 65536 /* the default capacity of a pipe */

struct record {
    char tag;
    uint32_t length;
    char *content;
};

static char *next_record(char *at, char *end, struct record *record) {
    const size_t prefix = 1 + sizeof record->length;
    errno = EPROTO;
    if ((size_t)(end - at) < prefix + 1) fail(RECEIVE);
    record->tag = *at;
    memcpy(&record->length, at + 1, sizeof record->length);
    record->content = at + prefix;
    if (record->length > (size_t)(end - record->content) - 1) fail(RECEIVE);
    if (record->content[record->length] != '\0') fail(RECEIVE);
    return record->content + record->length + 1;
}

static void make_folders_of(char *path) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST) fail(WRITE_FILES);
        *slash = '/';
    }
}

/* No program runs, and the folder is empty at first, so no link can be in the way. */
static void write_file(struct record record) {
    char *path = record.content, *content = path + strlen(path) + 1;
    char *end = record.content + record.length;
    errno = EPROTO;
    if (content > end) fail(WRITE_FILES);
    make_folders_of(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) fail(WRITE_FILES);
    while (content < end) {
        ssize_t written = write(file, content, end - content);
        if (written < 0) fail(WRITE_FILES);
        content += written;
    }
    close(file);
}

static int filled_pipe(const char *content, size_t length) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) fail(RECEIVE);
    if (length > PIPE_BYTES) fcntl(ends[1], F_SETPIPE_SZ, length);
    int complete = write(ends[1], content, length) == (ssize_t)length;
    close(ends[1]);
    if (complete && fcntl(ends[0], F_SETFL, 0) == 0) return ends[0];
    close(ends[0]);
    return NONE;
}

static int filled_file(const char *content, size_t length) {
    int file = memfd_create("stdin", MFD_CLOEXEC);
    if (file < 0 || write(file, content, length) != (ssize_t)length || lseek(file, 0, SEEK_SET))
        fail(RECEIVE);
    return file;
}

/* A file if the pipe is too small: a user with many pipes gets small ones (pipe(7)). */
static int filled_stdin(const char *content, size_t length) {
    int filled = filled_pipe(content, length);
    return filled == NONE ? filled_file(content, length) : filled;
}

static void take_record(struct stage *stage, struct record record) {
    uint64_t limit[3];
    errno = E2BIG;
    switch (record.tag) {
    case 'F':
        write_file(record);
        return;
    case 'A':
        if (stage->args == RECORDS_MAX) fail(RECEIVE);
        stage->argv[stage->args++] = record.content;
        return;
    case 'X':
        if (stage->path_count == RECORDS_MAX) fail(RECEIVE);
        stage->paths[stage->path_count++] = record.content;
        return;
    case 'I':
        if (stage->streams[STDIN_FILENO] != NONE) fail(RECEIVE);
        stage->streams[STDIN_FILENO] = filled_stdin(record.content, record.length);
        return;
    case 'E':
        if (stage->variables == RECORDS_MAX) fail(RECEIVE);
        stage->envp[stage->variables++] = record.content;
        return;
    case 'R':
        if (record.length != sizeof limit || stage->limit_count == RECORDS_MAX) fail(RECEIVE);
        memcpy(limit, record.content, sizeof limit);
        stage->limits[stage->limit_count].resource = (int)limit[0];
        stage->limits[stage->limit_count++].limit = (struct rlimit){limit[1], limit[2]};
        return;
    case 'M':
        stage->merged = 1;
        return;
    case 'P':
        if (record.length != sizeof stage->peak_max_kib) fail(RECEIVE);
        memcpy(&stage->peak_max_kib, record.content, sizeof stage->peak_max_kib);
        return;
    case 'B':
        empty_box();
        return;
    case 'L':
        if (symlink(record.content, PROGRAM)) fail(WRITE_FILES);
        return;
    case 'C':
        stage->collects = 1;
        return;
    case 'W':
        stage->lists = 1;
        return;
    case 'G':
        if (stage->wanted_count == RECORDS_MAX) fail(RECEIVE);
        stage->wanted[stage->wanted_count++] = record.content;
        return;
    case 'U':
        stage->uncounted_memory = 1;
        return;
    default:
        errno = EPROTO;
        fail(RECEIVE);
    }
}

char *receive_stage(struct stage *stage) {
    memset(stage, 0, sizeof *stage);
    stage->head = receive_head(stage->streams);
    char *body = malloc(stage->head.body_bytes);
    if (!body) fail(RECEIVE);
    receive_bytes(body, stage->head.body_bytes);
    struct record record;
    for (char *at = body, *end = body + stage->head.body_bytes; at < end;) {
        at = next_record(at, end, &record);
        take_record(stage, record);
    }
    errno = EPROTO;
    if (stage->collects || stage->lists || stage->wanted_count) return body;
    if (!stage->args || stage->streams[STDIN_FILENO] == NONE) fail(RECEIVE);
    return body;
}
